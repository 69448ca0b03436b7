"""A build of a tag that has just been made, in a repository of some thousand commits."""

from benchmarks import builds
from benchmarks import row as rows


class NewTag(rows.Row):
    name = "new_tag"
    title = "a new tag, 6,000 commits: git clone --reference, Docker step `true`"
    order = 51
    figures = {"seconds": rows.SECONDS, "git": rows.SECONDS}
    goals = (
        rows.ratio(builds.FLOOR, 1.3, 1.1),
        rows.ratio(builds.FLOOR, 1.3, 1.1, "git alone", "git"),
    )
    _tagged = None

    def contenders(self, lab):
        self._builds = builds.Builds(lab, builds.thousands)
        self._commit = self._builds.head()
        return [self._builds.by_hand("whole_build.sh"), self._builds.tristan()]

    def before(self, contender, number):
        """One tag a round, new to each contender."""
        tag = "round-%d" % number
        if tag != self._tagged:
            self._tagged = tag
            self._builds.repository.tag(tag)
        return {"ref": "tags/" + tag, "commit": self._commit}


ROWS = [NewTag()]
