"""A build's files on the operator's side: resumed, verified, and never outside of the directory."""

from __future__ import absolute_import, print_function, unicode_literals

import hashlib
import io
import os

import pytest

from controller import artifacts, errors
from controller.part_file import PartFile
from tests.controller import statuses
from tests.controller.local_transport import LocalTransport
from tests.controller.ssh_workshop import SshWorkshop
from tests.controller.workshop import Sink
from tests.faults import rows

MEGABYTE = 1024 * 1024
SCRIPT = "mkdir -p dist/deep; head -c %d /dev/urandom >dist/big; echo small >'dist/deep/a b'; : >dist/none"


class Told(object):
    """Keeps what a fetch says of itself."""

    def __init__(self, at=None, do=None):
        self.progress = []
        self.events = []
        self._at, self._do = at, do

    def on_progress(self, done, total, name):
        self.progress.append((done, total, name))
        if self._do is not None and done >= self._at:
            do, self._do = self._do, None
            do()

    def on_event(self, text):
        self.events.append(text)


def build(workshop, size):
    """:returns: (controller, terminal status) of a build of three files below dist/."""
    controller = workshop.controller(SCRIPT % size)
    launched = controller.build(controller.plan("shop", branch="main"))
    status = controller.watch(launched.build_id, sink=Sink())
    assert status["state"] == "success"
    return controller, status


@pytest.fixture
def built(workshop):
    return build(workshop, 3 * MEGABYTE)


@pytest.fixture
def here(tmpdir):
    """Text, where files are fetched to; it does not exist yet."""
    return "%s" % tmpdir.join("here")


def fetch(controller, status, directory, names=(), force=False, told=None):
    told = told or Told()
    return controller.fetch_artifacts(
        status["build_id"],
        directory,
        names,
        force,
        on_progress=told.on_progress,
        on_event=told.on_event,
    )


def sha256_of(path):
    with io.open(path, "rb") as source:
        return hashlib.sha256(source.read()).hexdigest()


def files_below(directory):
    return sorted(
        os.path.relpath(os.path.join(folder, name), directory)
        for folder, _, names in os.walk(directory)
        for name in names
    )


def test_all_files_arrive_and_nothing_else(built, here):
    controller, status = built
    listed = controller.artifacts(status["build_id"])
    assert [one["name"] for one in listed] == ["dist/big", "dist/deep/a b", "dist/none"]
    told = Told()
    found = fetch(controller, status, here, told=told)
    assert files_below(here) == ["dist/big", "dist/deep/a b", "dist/none"]
    for one, wanted in zip(found, listed):
        assert sha256_of(one["path"]) == one["sha256"] == wanted["sha256"]
        assert one["received"] == one["size"]
    total = sum(one["size"] for one in found)
    assert told.progress[-1] == (total, total, "dist/deep/a b")
    assert [done for done, _, _ in told.progress] == sorted(done for done, _, _ in told.progress)


def test_what_is_there_is_not_fetched_again(built, here):
    controller, status = built
    fetch(controller, status, here)
    assert [one["received"] for one in fetch(controller, status, here)] == [0, 0, 0]


def test_one_channel_serves_all_files(workshop, built, here):
    controller, status = built
    before = len(workshop.commands("builder-1"))
    fetch(controller, status, here)
    assert len(workshop.commands("builder-1")) == before + 2  # one looks the build up


def test_chosen_by_name_and_glob(built, here):
    controller, status = built
    fetch(controller, status, here, ["dist/deep/*", "dist/none"])
    assert files_below(here) == ["dist/deep/a b", "dist/none"]
    with pytest.raises(errors.UsageError) as caught:
        fetch(controller, status, here, ["dist/other"])
    assert "dist/other" in caught.value.message and "dist/big" in caught.value.remedy


def test_a_file_of_other_content_stays_unless_forced(built, here):
    controller, status = built
    fetch(controller, status, here)
    with io.open(os.path.join(here, "dist", "big"), "w") as target:
        target.write("mine")
    with pytest.raises(errors.UsageError) as caught:
        fetch(controller, status, here)
    assert "--force" in caught.value.remedy
    assert os.path.getsize(os.path.join(here, "dist", "big")) == 4
    found = fetch(controller, status, here, force=True)
    assert sha256_of(found[0]["path"]) == found[0]["sha256"]
    assert [one["received"] for one in found[1:]] == [0, 0]


def test_cuts_lose_nothing_and_nothing_comes_twice(workshop, here, monkeypatch):
    monkeypatch.setattr(artifacts, "BACKOFF_FIRST", 0.001)
    monkeypatch.setattr(artifacts, "BACKOFF_MOST", 0.001)
    controller, status = build(workshop, MEGABYTE)
    controller.close()
    controller = workshop.controller()
    cuts = [None, 1000, 300000, 0, 700, 0, 0, 500001]  # the first channel looks the build up
    # Each reconnection is a transport of its own.
    workshop.use("builder-1", LocalTransport(cut_after=cuts[:2]))
    for cut in cuts[2:]:
        workshop.use("builder-1", LocalTransport(cut_after=[cut]))
    told = Told()
    found = fetch(controller, status, here, ["dist/big"], told=told)
    assert sha256_of(found[0]["path"]) == found[0]["sha256"]
    assert found[0]["received"] == MEGABYTE
    assert len(told.events) == len(cuts) - 1


def test_it_is_given_up_in_the_end_and_the_next_try_goes_on(workshop, here, monkeypatch):
    monkeypatch.setattr(artifacts, "BACKOFF_FIRST", 0.001)
    monkeypatch.setattr(artifacts, "BACKOFF_MOST", 0.001)
    controller, status = build(workshop, MEGABYTE)
    controller.close()
    controller = workshop.controller()
    workshop.use("builder-1", LocalTransport(cut_after=[None, 400000]))
    for _ in range(artifacts.TRIES):
        workshop.use("builder-1", errors.MachineUnreachable("no answer"))
    with pytest.raises(errors.MachineUnreachable):
        fetch(controller, status, here, ["dist/big"])
    (part,) = files_below(here)
    assert part == "dist/.big.part"
    came = os.path.getsize(os.path.join(here, part))
    assert 0 < came < MEGABYTE
    found = fetch(controller, status, here, ["dist/big"])
    assert found[0]["received"] == MEGABYTE - came
    assert files_below(here) == ["dist/big"]


@pytest.mark.parametrize("size", [1000, 3 * MEGABYTE, 4 * MEGABYTE])
def test_a_wrong_part_is_thrown_away(built, here, size):
    controller, status = built
    os.makedirs(os.path.join(here, "dist"))
    with io.open(os.path.join(here, "dist", ".big.part"), "wb") as target:
        target.write(b"x" * size)
    found = fetch(controller, status, here, ["dist/big"])
    assert sha256_of(found[0]["path"]) == found[0]["sha256"]
    assert files_below(here) == ["dist/big"]


@rows.hostile(5)
def test_what_was_changed_on_the_machine_is_not_believed(built, here):
    controller, status = built
    with io.open(status["artifacts"][0]["path"], "r+b") as target:
        target.write(b"forged")
    with pytest.raises(errors.ProtocolError) as caught:
        fetch(controller, status, here, ["dist/big"])
    assert "SHA-256" in caught.value.message
    assert "dist/big" not in files_below(here)


def test_what_is_gone_from_the_machine_is_told(built, here):
    controller, status = built
    os.remove(status["artifacts"][0]["path"])
    with pytest.raises(errors.BuildNotFound):
        fetch(controller, status, here, ["dist/big"])


@rows.hostile(5)
@pytest.mark.parametrize(
    "name",
    ["../x", "/etc/passwd", "a/../../x", "a//b", "a/.", ".git/hooks/x", "sub/.GIT/x", "a\nb", ""],
)
def test_names_that_lead_elsewhere_are_refused(name):
    listed = {"name": name, "path": "/x", "size": 1, "sha256": "a" * 64}
    status = statuses.running("20261121T065512123-9c1e4f2a", artifacts=[listed])
    with pytest.raises(errors.ProtocolError):
        artifacts.listed(status)


def test_a_hash_that_is_none_is_refused():
    listed = {"name": "x", "path": "/x", "size": 1, "sha256": "no"}
    status = statuses.running("20261121T065512123-9c1e4f2a", artifacts=[listed])
    with pytest.raises(errors.ProtocolError):
        artifacts.listed(status)


@pytest.mark.parametrize("place", ["dist", "dist/big", "dist/.big.part"])
def test_links_in_the_way_are_refused(built, here, tmpdir, place):
    controller, status = built
    outside = tmpdir.mkdir("outside")
    link = os.path.join(here, place)
    os.makedirs(os.path.dirname(link))
    os.symlink("%s" % (outside if place == "dist" else outside.join("file")), link)
    with pytest.raises(errors.LocalFileError) as caught:
        fetch(controller, status, here, force=True)
    assert place in caught.value.message
    assert not outside.listdir()


def test_the_directory_itself_may_be_a_link(built, here, tmpdir):
    controller, status = built
    os.symlink("%s" % tmpdir.mkdir("disk"), here)
    fetch(controller, status, here)
    assert files_below(here) == ["dist/big", "dist/deep/a b", "dist/none"]


def test_a_file_that_can_t_be_written_is_told(built, here):
    controller, status = built
    with io.open(here, "w"):
        pass
    with pytest.raises(errors.LocalFileError) as caught:
        fetch(controller, status, here)
    assert here in caught.value.message


def test_a_second_tristan_waits_for_its_turn_elsewhere(built, here):
    controller, status = built
    second = []

    def try_too():
        with pytest.raises(errors.LocalFileError) as caught:
            fetch(controller, status, here, ["dist/big"])
        second.append(caught.value.message)

    fetch(controller, status, here, ["dist/big"], told=Told(at=1, do=try_too))
    assert "another tristan" in second[0]


def test_what_another_tristan_fetched_meanwhile_is_not_fetched_again(built, here):
    controller, status = built

    def meanwhile():
        fetch(controller, status, here, ["dist/deep/*"])

    found = fetch(controller, status, here, told=Told(at=1, do=meanwhile))
    assert [one["received"] for one in found] == [3 * MEGABYTE, 0, 0]
    assert files_below(here) == ["dist/big", "dist/deep/a b", "dist/none"]


def test_what_came_meanwhile_with_another_content_stays(built, here):
    controller, status = built
    path = os.path.join(here, "dist/none")

    def meanwhile():
        with io.open(path, "wb") as other:
            other.write(b"of another build")

    with pytest.raises(errors.UsageError) as caught:
        fetch(controller, status, here, told=Told(at=1, do=meanwhile))
    assert "other content" in caught.value.message
    with io.open(path, "rb") as kept:
        assert kept.read() == b"of another build"


def test_directories_that_another_tristan_makes_just_then_are_no_obstacle(here, monkeypatch):
    mkdir = os.mkdir

    def made_meanwhile(path, *mode):
        mkdir(path, *mode)
        mkdir(path, *mode)

    monkeypatch.setattr(os, "mkdir", made_meanwhile)
    place = PartFile(here, "dist/deep/x")
    place.open()
    place.close()
    assert files_below(here) == ["dist/deep/.x.part"]


def test_a_part_that_another_tristan_completes_just_then_is_not_written_any_more(here):
    first, second = [PartFile(here, "x") for _ in range(2)]
    first.open()
    first.write(b"whole")
    lock = second._lock

    def late():
        second._lock = lock
        first.keep()
        first.close()
        lock()

    second._lock = late
    second.open()
    assert second.size == 0
    second.write(b"another")
    second.close()
    with io.open(os.path.join(here, "x"), "rb") as kept:
        assert kept.read() == b"whole"


def test_over_ssh_a_cut_in_mid_transfer_costs_no_byte(
    make_sshd, repositories, git_over_http, here, monkeypatch
):
    monkeypatch.setattr(artifacts, "BACKOFF_FIRST", 0.01)
    repositories.create("group/shop").commit({"README": "shop\n"}, "First")
    sshd = make_sshd()
    workshop = SshWorkshop(sshd, git_over_http.address("group/shop"))
    try:
        controller, status = build(workshop, 24 * MEGABYTE)
        told = Told(at=5 * MEGABYTE, do=lambda: sshd.kill_sessions())
        found = fetch(controller, status, here, ["dist/big"], told=told)
    finally:
        workshop.remove()
    assert "was cut" in told.events[0] or "ended" in told.events[0]
    assert found[0]["received"] == 24 * MEGABYTE
    assert sha256_of(found[0]["path"]) == found[0]["sha256"]
