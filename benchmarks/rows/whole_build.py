"""A whole build of a branch that has not changed, in a container, watched to its end."""

from benchmarks import buildbot, builds, peers
from benchmarks import row as rows

BUILDBOT = "Buildbot, local worker"


class WholeBuild(rows.Row):
    name = "whole_build"
    title = "whole warm build: branch unchanged, Docker step `true`, watched to its end"
    order = 40
    figures = {"seconds": rows.SECONDS, "git": rows.SECONDS}
    goals = (
        rows.ratio(builds.FLOOR, 1.25, 1.05),
        rows.faster(BUILDBOT, 1),
    )

    def contenders(self, lab):
        self._builds = builds.Builds(lab, builds.small, lambda sshd: self.port(lab, sshd))
        self._commit = self._builds.head()
        found = [self._builds.by_hand("whole_build.sh"), self._builds.tristan()]
        return found + self.peers(lab)

    def port(self, lab, sshd):
        """Which one is called for the machine."""
        return sshd.port

    def peers(self, lab):
        return [self._buildbot(lab)]

    def before(self, contender, number):
        return {"ref": "heads/main", "commit": self._commit}

    def _buildbot(self, lab):
        run = lab.engine.command + ["run", "--rm", "--init", "--log-driver", "none"]
        run += ["--network", "bridge", "--cap-drop", "ALL", self._builds.image, "/bin/true"]
        steps = [buildbot.git_step(self._builds.address), buildbot.command_step(run)]
        try:
            master = lab.stopped(buildbot.Buildbot(lab, ", ".join(steps)))
        except peers.Unavailable as problem:
            return rows.Missing(BUILDBOT, str(problem))
        words = [master.url, "1", "1"] + [str(pid) for pid in master.pids]
        return rows.Contender(BUILDBOT, rows.PEER, rows.worker("buildbot_builds.py", *words))


ROWS = [WholeBuild()]
