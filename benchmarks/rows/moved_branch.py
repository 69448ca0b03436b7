"""A build of a branch that has moved by one commit, in a repository of some thousand commits."""

from benchmarks import builds
from benchmarks import row as rows


class MovedBranch(rows.Row):
    name = "moved_branch"
    title = "branch moved by one commit, 6,000 commits: git fetch + checkout, Docker step `true`"
    order = 50
    figures = {"seconds": rows.SECONDS, "git": rows.SECONDS}
    goals = (
        rows.ratio(builds.FLOOR, 1.3, 1.1),
        rows.ratio(builds.FLOOR, 1.3, 1.1, "git alone", "git"),
    )
    _moved = None

    def contenders(self, lab):
        self._builds = builds.Builds(lab, builds.thousands)
        return [self._builds.by_hand("whole_build.sh"), self._builds.tristan()]

    def before(self, contender, number):
        """The branch moves once a round: by one commit for each contender."""
        if number != self._moved:
            self._moved = number
            path = "src/%02d/file-%03d.txt" % (number % 20, number)
            self._commit = self._builds.repository.commit({path: "round %d\n" % number})
        return {"ref": "heads/main", "commit": self._commit}


ROWS = [MovedBranch()]
