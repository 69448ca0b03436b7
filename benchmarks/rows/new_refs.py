"""Builds of what has just come to a repository of some thousand commits: a branch one commit on, a new tag."""

from benchmarks import builds
from benchmarks import row as rows


class NewRef(rows.Row):
    """What it is comes once a round, new to each contender."""

    figures = {"seconds": rows.SECONDS, "git": rows.SECONDS}
    goals = (
        rows.ratio(builds.FLOOR, 1.3, 1.1),
        rows.ratio(builds.FLOOR, 1.3, 1.1, "git alone", "git"),
    )
    _round = None

    def contenders(self, lab):
        self._builds = builds.Builds(lab, builds.thousands)
        return [self._builds.by_hand("whole_build.sh"), self._builds.tristan()]

    def before(self, contender, number):
        if number != self._round:
            self._round = number
            self._order = self.come(self._builds, number)
        return self._order

    def come(self, place, number):
        """Have it come. :param place: builds.Builds. :returns: {"ref", "commit"}"""
        raise NotImplementedError


class MovedBranch(NewRef):
    name = "moved_branch"
    title = "branch moved by one commit, 6,000 commits: git fetch + checkout, Docker step `true`"
    order = 50

    def come(self, place, number):
        path = "src/%02d/file-%03d.txt" % (number % 20, number)
        commit = place.repository.commit({path: "round %d\n" % number})
        return {"ref": "heads/main", "commit": commit}


class NewTag(NewRef):
    name = "new_tag"
    title = "a new tag, 6,000 commits: git clone --reference, Docker step `true`"
    order = 51

    def come(self, place, number):
        place.repository.tag("round-%d" % number)
        return {"ref": "tags/round-%d" % number, "commit": place.head()}


ROWS = [MovedBranch(), NewTag()]
