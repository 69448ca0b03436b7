"""remove.py as a machine runs it: a program of the running Python, on real builds and the real engine."""

from __future__ import absolute_import, print_function

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from business_hyper_fusion import compat, remove
from tests.faults import rows
from tests.lab import process
from tests.lab.python import interpreter

REMOVE = os.path.join(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))),
    "business_hyper_fusion",
    "remove.py",
)
NO_ENGINE = ["/nowhere/docker"]


def run(root, force=False, engine=NO_ENGINE, before=()):
    """:returns: the answer. :param before: words in front of the command, such as a change of user."""
    with open(REMOVE) as source:
        program = source.read()
    question = {"root": root, "business": "1", "engine": list(engine), "force": force}
    child = subprocess.Popen(
        list(before) + [interpreter(), "-E", "-S", "-B", "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd="/",  # where nothing of Tristan can be imported from
    )
    output, errors = child.communicate(json.dumps(question).encode("ascii") + b"\n")
    assert (child.returncode, errors) == (0, b"")
    return json.loads(output.decode("ascii"))


def put(*path):
    """Write a file below directories that are made. :returns: its path."""
    full = os.path.join(*path)
    if not os.path.isdir(os.path.dirname(full)):
        os.makedirs(os.path.dirname(full))
    with open(full, "w") as target:
        target.write("content\n")
    return full


def installed(root):
    """What a machine holds after a sync and a build. :returns: number of files and links."""
    put(root, "1", "releases", "a" * 64, "startup.py")
    put(root, "1", "cache", "dependency_lib", "python", "pip.conf")
    put(root, "1", "mirrors", "git.example.com-shop__0123.git", "HEAD")
    put(root, "1", "images", "build_python.lock")
    put(root, "1", "run", "1", "lock")
    put(root, "1", "local_update_time_record")
    put(root, "1", "sync.lock")
    for name in ("startup.py", "business_hyper_fusion", "data_data"):
        os.symlink("releases/%s/%s" % ("a" * 64, name), os.path.join(root, "1", name))
    return 10


@pytest.fixture
def root(tmpdir):
    return str(tmpdir.join("data", "tristan"))


def test_everything_of_tristans_goes_and_the_empty_root_too(root, tmpdir):
    count = installed(root)
    answer = run(root)
    assert answer == {"answer": "removed", "files": count, "containers": 0, "images": 0, "left": []}
    assert os.listdir(str(tmpdir.join("data"))) == []


def test_a_machine_without_tristan(root):
    answer = run(root)
    assert (answer["answer"], answer["files"], answer["left"]) == ("removed", 0, [])


def test_a_second_time_there_is_nothing_to_do(root):
    installed(root)
    run(root)
    assert run(root)["files"] == 0


def test_foreign_files_stay_and_are_told(root):
    installed(root)
    kept = [
        put(root, "notes.txt"),
        put(root, "1", "photos", "one.jpg"),
        put(root, "2", "startup.py"),
    ]
    answer = run(root)
    assert all(os.path.exists(path) for path in kept)
    told = [os.path.join(root, name) for name in ("1/photos", "2", "notes.txt")]
    assert answer["left"] == ["%s: is not Tristan's" % path for path in told]
    assert sorted(os.listdir(root)) == ["1", "2", "notes.txt"]
    assert os.listdir(os.path.join(root, "1")) == ["photos"]


def test_foreign_things_in_tristans_places_stay(root, tmpdir):
    """A link instead of a directory, a directory instead of a link."""
    precious = put(str(tmpdir), "precious", "file")
    os.makedirs(os.path.join(root, "1"))
    os.symlink(os.path.dirname(precious), os.path.join(root, "1", "cache"))
    kept = put(root, "1", "data_data", "file")
    left = run(root)["left"]
    assert os.path.exists(precious) and os.path.exists(kept)
    assert os.path.islink(os.path.join(root, "1", "cache"))
    assert left == [
        "%s/1/data_data: is no link of Tristan's" % root,
        "%s/1/cache: is no directory of Tristan's" % root,
    ]


@rows.hostile(4)
def test_links_are_removed_and_never_followed(root, tmpdir):
    precious = put(str(tmpdir), "precious", "file")
    os.chmod(os.path.dirname(precious), 0o500)
    source = os.path.join(root, "1", "run", "1", "git.example.com", "shop", "source")
    os.makedirs(source)
    os.symlink(os.path.dirname(precious), os.path.join(source, "directory"))
    os.symlink(precious, os.path.join(source, "file"))
    os.link(precious, os.path.join(source, "hard"))
    assert run(root)["files"] == 3
    with open(precious) as kept:
        assert kept.read() == "content\n"
    assert os.stat(os.path.dirname(precious)).st_mode & 0o777 == 0o500
    assert not os.path.exists(root)


def test_a_business_that_is_a_link_is_left(root, tmpdir):
    precious = put(str(tmpdir), "precious", "run", "file")
    os.makedirs(root)
    os.symlink(str(tmpdir.join("precious")), os.path.join(root, "1"))
    assert run(root)["left"] == ["%s/1: is a link, which Tristan doesn't make" % root]
    assert os.path.exists(precious)


def test_a_root_that_is_a_link_loses_what_is_tristans(root, tmpdir):
    count = installed(str(tmpdir.join("disk")))
    os.makedirs(os.path.dirname(root))
    os.symlink(str(tmpdir.join("disk")), root)
    answer = run(root)
    assert (answer["files"], os.listdir(root)) == (count, [])
    assert answer["left"] == ["%s: is a link, which Tristan doesn't make" % root]


def test_names_that_are_no_text_and_directories_without_rights(root):
    below = os.path.join(root, "1", "run", "1", "shop", "cache").encode("ascii")
    os.makedirs(below)
    with open(os.path.join(below, b"\xff\xfe\n"), "w"):
        pass
    sealed = os.path.join(below, b"go", b"pkg")
    os.makedirs(sealed)
    with open(os.path.join(sealed, b"module"), "w"):
        pass
    os.chmod(sealed, 0o500)
    os.chmod(os.path.dirname(sealed), 0)
    answer = run(root, before=as_somebody_else(root))
    assert (answer["files"], answer["left"]) == (2, [])
    assert not os.path.exists(root)


def as_somebody_else(root):
    """Root ignores rights; as root, hand the tree to another user and become that one.

    :returns: words in front of a command.
    """
    if os.getuid() != 0:
        return []
    owner = "2301"
    process.output(["chown", "-R", owner + ":" + owner, os.path.dirname(root)])
    become = ["setpriv", "--reuid", owner, "--regid", owner, "--clear-groups"]
    # Only to start: the Pythons of the tests and the test's directory may lie where nobody else looks.
    return become + ["--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"]


@rows.hostile(4)
def test_deeper_than_a_path_can_be(root):
    """A build can make 100 directories of 100 letters each; the kernel takes paths of 4096 bytes."""
    top = os.path.join(root, "1", "run")
    os.makedirs(top)
    name = "d" * 100
    script = (
        'cd "$1"; i=0; while [ $i -lt 100 ]; do mkdir %s && cd -P %s; : > file; i=$((i+1)); done'
    )
    process.output(["bash", "-ec", script % (name, name), "bash", top])
    answer = run(root)
    assert (answer["files"], answer["left"]) == (100, [])
    assert not os.path.exists(root)


@pytest.mark.skipif(os.getuid() != 0, reason="mounting needs root")
def test_another_file_system_in_the_tree_is_left():
    top = process.directory("mounted")
    place = os.path.join(top, "tristan", "1", "run", "1", "mounted")
    os.makedirs(place)
    process.output(["mount", "-t", "tmpfs", "tmpfs", place])
    try:
        precious = put(place, "precious")
        answer = run(os.path.join(top, "tristan"))
        assert os.path.exists(precious)
        assert answer["left"] == ["%s: another file system is mounted there" % place]
    finally:
        process.output(["umount", place])
        process.remove(top)


@pytest.mark.parametrize("wrong", ["/", "/data", "data/tristan", "/data/../etc", "/data/tristan/"])
def test_a_root_that_can_not_be_one_is_refused(wrong):
    assert run(wrong)["answer"] == "failed"


def test_a_lock_that_is_held_is_busy_and_changes_nothing(root):
    installed(root)
    with open(os.path.join(root, "1", "run", "1", "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before = sorted(os.walk(root))
        assert run(root) == {"answer": "busy", "builds": [""]}
        assert sorted(os.walk(root)) == before
    assert run(root)["answer"] == "removed"


def test_a_lock_of_a_build_that_has_ended_is_waited_for(root):
    installed(root)
    executor, build_id = os.path.join(root, "1", "run", "1"), "20261121T065512123-9c1e4f2a"
    attempt = os.path.join(executor, "builds", build_id, "1")
    os.makedirs(attempt)
    with open(os.path.join(executor, "data_data.json"), "w") as target:
        json.dump({"build_id": build_id, "attempt": 1}, target)
    with open(os.path.join(attempt, "status"), "w") as target:
        json.dump({"state": "success"}, target)
    held = open(os.path.join(executor, "lock"), "w")
    compat.close_on_exec(held.fileno())
    fcntl.flock(held, fcntl.LOCK_EX)
    letting_go = threading.Timer(0.5, held.close)
    letting_go.start()
    assert run(root)["answer"] == "removed"
    letting_go.join()


def held_by_a_child(path):
    """:returns: Popen of a process that holds a lock and does not care for SIGTERM."""
    program = (
        "import fcntl, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "lock = open(sys.argv[1], 'r+')\n"
        "fcntl.flock(lock, fcntl.LOCK_EX)\n"
        "sys.stdout.write('held\\n')\n"
        "sys.stdout.flush()\n"
        "time.sleep(300)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", program, path], stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"held\n"
    return child


def test_force_kills_who_holds_the_lock(root):
    installed(root)
    child = held_by_a_child(os.path.join(root, "1", "run", "1", "lock"))
    assert run(root, force=True)["left"] == []
    assert child.wait() == -signal.SIGKILL
    assert not os.path.exists(root)


def test_a_sync_under_way_is_busy(root, monkeypatch):
    installed(root)
    monkeypatch.setattr(remove, "POLITE_SECONDS", 0.2)
    question = {"root": root, "business": "1", "engine": NO_ENGINE, "force": True}
    with open(os.path.join(root, "1", "sync.lock"), "r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(remove.Busy):
            remove.Removal(question).run()
    assert os.path.exists(os.path.join(root, "1", "run"))


def test_a_stranger_with_the_builds_pid_is_not_signalled(root):
    """The status names a pid that somebody else has by now."""
    installed(root)
    build_id = "20261121T065512123-9c1e4f2a"
    stranger = subprocess.Popen(["sleep", "300"])
    held = held_by_a_child(os.path.join(root, "1", "run", "1", "lock"))
    try:
        attempt = os.path.join(root, "1", "run", "1", "builds", build_id, "1")
        os.makedirs(attempt)
        with open(os.path.join(root, "1", "run", "1", "data_data.json"), "w") as target:
            json.dump({"build_id": build_id, "attempt": 1}, target)
        with open(os.path.join(attempt, "status"), "w") as target:
            identity = {"pid": stranger.pid, "start_time": 1, "boot_id": "another"}
            json.dump({"process": identity}, target)
        assert run(root) == {"answer": "busy", "builds": [build_id]}
        assert run(root, force=True)["answer"] == "removed"
        assert stranger.poll() is None
    finally:
        for child in (stranger, held):
            if child.poll() is None:
                child.kill()
            child.wait()


FORGED = {
    "nothing": b"",
    "cut": b"{",
    "not UTF-8": b"\xff",
    "a list": b"[]",
    "deep": b"[" * 100000,
    "a long number": b'{"attempt": ' + b"9" * 1000000 + b"}",
    "a line end": b'{"build_id": "20261121T065512123-9c1e4f2a\\n"}',
}


@rows.hostile(9)
@pytest.mark.parametrize("what", sorted(FORGED))
def test_forged_requests_and_statuses_are_in_nobodys_way(root, what):
    installed(root)
    build_id = "20261121T065512123-9c1e4f2a"
    attempt = os.path.join(root, "1", "run", "1", "builds", build_id, "1")
    request = put(root, "1", "run", "1", "data_data.json")
    for path in (request, put(attempt, "status")):
        with open(path, "wb") as target:
            target.write(FORGED[what])
        held = held_by_a_child(os.path.join(root, "1", "run", "1", "lock"))
        try:
            assert run(root)["answer"] == "busy"
        finally:
            held.kill()
            held.wait()
        with open(request, "w") as target:
            json.dump({"build_id": build_id, "attempt": 1}, target)
    assert run(root)["answer"] == "removed"


def running_build(machine, address, **changes):
    """:returns: request of a build that has written "begun"."""
    request = machine.request(address, "echo begun; sleep 300", **changes)
    assert machine.launch(request)["answer"] == "started"
    machine.wait_for_log(request, "begun")
    return request


def test_a_running_build_is_in_the_way(machine, address):
    request = running_build(machine, address)
    assert run(machine.root) == {"answer": "busy", "builds": [request["build_id"]]}
    assert machine.status(request)["state"] == "running"
    assert os.path.exists(machine.release)
    machine.ask("cancel", {"build_id": request["build_id"], "reason": ""})
    machine.wait(request)
    machine.wait_until(lambda: run(machine.root)["answer"] == "removed")


def test_who_still_tidies_up_behind_a_build_is_waited_for(machine, address, tmpdir):
    tidying = str(tmpdir.join("tidying"))
    launch = os.path.join(machine.release, "business_hyper_fusion", "launch.py")
    with open(launch) as source:
        text = source.read()
    late = "open(%r, 'w').close(); time.sleep(1); compat.make_directories(self._executor.path)"
    with open(launch, "w") as target:
        target.write(text.replace("os.nice(IDLE)", late % tidying))
    request = machine.request(address, "true")
    worker = machine.run(request)["process"]["pid"]
    machine.wait_until(lambda: os.path.exists(tidying))
    assert run(machine.root)["left"] == []
    machine.wait_until(lambda: not process.alive(worker))
    assert not os.path.exists(machine.root)


def test_force_ends_a_build_and_all_its_processes(machine, address):
    request = running_build(machine, address)
    process_id = machine.status(request)["process"]["pid"]
    marker = machine.attempt(request).token.encode("ascii")
    begun = time.time()
    assert run(machine.root, force=True)["left"] == []
    assert time.time() - begun < remove.POLITE_SECONDS, "it was not ended politely"
    assert not process.alive(process_id)
    assert carrying(marker) == []
    assert not os.path.exists(machine.root)


def test_a_builds_reason_to_end_is_there_with_its_marker(root, monkeypatch):
    """A build that looks in between would end without it."""
    attempt = os.path.dirname(put(root, "1", "run", "1", "builds", "b", "1", "status"))
    marker = os.path.join(attempt, "cancel").encode("ascii")

    def open_and_look(path, mode):
        opened = open(path, mode)
        assert not os.path.exists(marker)
        return opened

    worker = subprocess.Popen(["sleep", "600"])
    monkeypatch.setattr(remove, "open", open_and_look, raising=False)
    try:
        remove.Executor(root.encode("ascii"))._cancel(attempt.encode("ascii"), worker.pid)
        assert worker.wait() == -signal.SIGTERM
    finally:
        if worker.poll() is None:
            worker.kill()
    with open(marker) as reason:
        assert reason.read() == "Tristan is being removed from the machine"


def test_force_ends_a_build_that_was_stopped(machine, address, monkeypatch):
    """A worker that can't answer is killed, and its guardian with it."""
    request = running_build(machine, address)
    worker = machine.status(request)["process"]["pid"]
    marker = machine.attempt(request).token.encode("ascii")
    os.kill(worker, signal.SIGSTOP)
    monkeypatch.setattr(remove, "POLITE_SECONDS", 0.5)
    question = {"root": machine.root, "business": "1", "engine": NO_ENGINE, "force": True}
    assert remove.Removal(question).run()["left"] == []
    process.wait_until(lambda: not process.alive(worker), 60, "the worker's end")
    assert carrying(marker) == []
    assert not os.path.exists(machine.root)


def test_force_ends_who_would_write_the_end_of_a_build(machine, address, monkeypatch):
    """The heir wakes by the deaths of worker and guardian, and would make files where all is being removed."""
    request = running_build(machine, address)
    executor = os.path.join(machine.root, "1", "run", "1").encode("ascii")
    # It is a fork of the guardian first.
    machine.wait_until(lambda: remove.heirs(executor))
    (heir,) = remove.heirs(executor)
    os.kill(heir, signal.SIGSTOP)
    os.kill(machine.status(request)["process"]["pid"], signal.SIGSTOP)
    monkeypatch.setattr(remove, "POLITE_SECONDS", 0.5)
    question = {"root": machine.root, "business": "1", "engine": NO_ENGINE, "force": True}
    assert remove.Removal(question).run()["left"] == []
    process.wait_until(lambda: not process.alive(heir), 60, "the heir's end")
    assert not os.path.exists(machine.root)


def carrying(marker):
    """:returns: pids of processes whose environment names an attempt."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/%s/environ" % name, "rb") as environment:
                    if marker in environment.read():
                        found.append(int(name))
            except (IOError, OSError):
                continue
    return found


def test_force_ends_a_build_in_a_container_and_removes_its_image(docker_machine, address):
    machine = docker_machine
    # A name of its own: what is built from the common one belongs to the root that built it first.
    shared, machine.image = machine.image, "tristan-lab/removed:%d" % os.getpid()
    process.output(machine.engine + ["tag", shared, machine.image])
    running_build(machine, address, isolation="docker")
    answer = run(machine.root, force=True, engine=machine.engine)
    process.output(machine.engine + ["rmi", machine.image])
    assert answer["left"] == []
    assert answer["images"] == 1
    label = "label=tristan.root=" + machine.root
    for listing in (["ps", "--all", "--quiet"], ["images", "--quiet"]):
        assert process.output(machine.engine + listing + ["--filter", label]) == ""
    assert not os.path.exists(machine.root)


def labelled(engine, image, name, root, attempt="1"):
    """Make a container as a build has it; with attempt "", as one of a pushed image. :returns: its id."""
    words = ["create", "--name", name, "--label", "tristan.root=" + root]
    words += ["--label", "tristan.attempt=" + attempt] if attempt else []
    return engine.run(words + [image, "sleep", "300"]).strip()


def test_containers_of_this_root_alone_go_running_or_not(engine, python_image, root):
    suffix = str(os.getpid())
    own = labelled(engine, python_image, "lab-own-" + suffix, root)
    other = labelled(engine, python_image, "lab-other-" + suffix, root + "2")
    deployed = labelled(engine, python_image, "lab-deployed-" + suffix, root, attempt="")
    try:
        engine.run(["start", own])
        answer = run(root, engine=engine.command)
        assert (answer["containers"], answer["left"]) == (1, [])
        present = engine.run(["ps", "--all", "--quiet", "--no-trunc"]).split()
        assert own not in present and other in present and deployed in present
    finally:
        engine.run(["rm", "--force", other, deployed])


def make_image(engine, base, name, labels):
    words = ["build", "--quiet", "--tag", name]
    for label in labels:
        words += ["--label", label]
    engine.run(words + ["-"], ("FROM %s\n" % base).encode("ascii"))


def test_images_with_both_labels_alone_go(engine, python_image, root):
    suffix = str(os.getpid())
    names = ["lab-%s-%s" % (word, suffix) for word in ("built", "child", "other", "plain")]
    ours = ["tristan.image=build", "tristan.root=" + root]
    make_image(engine, python_image, names[0], ours)
    make_image(engine, names[0], names[1], ours + ["made=later"])
    make_image(engine, python_image, names[2], ["tristan.image=build", "tristan.root=/elsewhere"])
    make_image(engine, python_image, names[3], ["tristan.root=" + root])
    try:
        answer = run(root, engine=engine.command)
        assert (answer["images"], answer["left"]) == (2, [])
        assert [engine.has_image(name) for name in names] == [False, False, True, True]
        assert engine.has_image(python_image)
    finally:
        engine.run(["rmi", "--force"] + names[2:])


def test_an_engine_that_is_down_is_told_and_the_files_go(root):
    count = installed(root)
    answer = run(root, engine=["docker", "-H", "unix:///nowhere.sock"])
    assert answer["files"] == count
    (left,) = answer["left"]
    assert left.startswith("containers and images: ")
    assert not os.path.exists(root)
