"""receive.py as a machine runs it: a program of the running Python, fed over pipes."""

from __future__ import absolute_import, print_function

import errno
import hashlib
import json
import os
import shutil
import subprocess
import threading
import time

import pytest

from business_hyper_fusion import receive
from tests.faults import rows
from tests.lab.python import interpreter

RECEIVE = os.path.join(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))),
    "business_hyper_fusion",
    "receive.py",
)
FILES = {
    "startup.py": b"print('started')\n",
    "business_hyper_fusion/__init__.py": b"",
    "business_hyper_fusion/common/do_build_project.sh": b"echo build\n",
    "business_hyper_fusion/python/build_project.sh": b"echo wheel\n",
    "cache/dependency_lib/nodejs/.npmrc": b"registry=https://registry.example.com/\n",
    "data_data/git_server.json": b'{"git_servers": {}}\n',
}
OLD = 3 * 86400


class Machine(object):
    """A root directory and the program that syncs into it."""

    def __init__(self, root):
        self.root = root
        self.base = os.path.join(root, "1")
        self.releases = os.path.join(self.base, "releases")
        self.processes = []

    def start(self):
        command = [interpreter(), "-E", "-S", "-B", RECEIVE]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.processes.append(process)
        return process

    def sync(self, files, **changes):
        """A whole sync as the controller does it. Returns (answers, paths sent)."""
        process = self.start()
        try:
            send(process, dict(request(self.root, files), **changes))
            answers = [read(process)]
            paths = answers[0].get("files", [])
            if answers[0]["answer"] == "lack":
                send_all(process, files, paths)
                answers.append(read(process))
            return answers, paths
        finally:
            finish(process)

    def release(self, files, *parts):
        return os.path.join(self.releases, release_hash(files), *parts)

    def record(self):
        with open(os.path.join(self.base, "local_update_time_record")) as opened:
            return json.load(opened)

    def pin(self, executor, text):
        directory = os.path.join(self.base, "run", executor)
        os.makedirs(directory)
        with open(os.path.join(directory, "data_data.json"), "w") as opened:
            opened.write(text)


@pytest.fixture
def machine(tmpdir):
    made = Machine(str(tmpdir.join("root with space")))
    yield made
    for process in made.processes:
        if process.poll() is None:
            process.kill()
        finish(process)


@pytest.fixture
def small_disk(tmpdir):
    """A tmpfs of 64 KiB."""
    if os.getuid() != 0:
        pytest.skip("mounting needs root")
    path = str(tmpdir.mkdir("small"))
    subprocess.check_call(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", path])
    yield path
    subprocess.check_call(["umount", path])


def repr_beginning(data):
    """:returns: str, by which a test of some bytes is called."""
    return repr(data[:20])


def mode(path):
    return 0o755 if path.endswith(".sh") or path == "startup.py" else 0o644


def entry(path, content):
    digest = hashlib.sha256(content).hexdigest()
    time_text = "2026-11-21T06:55:12Z"
    return {
        "path": path,
        "mode": mode(path),
        "sha256": digest,
        "size": len(content),
        "update_time": time_text,
    }


def manifest_hash(manifest):
    rows = sorted(
        "%s\0%d\0%s\n" % (item["path"], item["mode"], item["sha256"]) for item in manifest
    )
    return hashlib.sha256("".join(rows).encode("utf-8")).hexdigest()


def release_hash(files):
    return manifest_hash([entry(path, files[path]) for path in files])


def request(root, files):
    manifest = [entry(path, files[path]) for path in files]
    document = {
        "protocol": 1,
        "root": root,
        "business": "1",
        "release": manifest_hash(manifest),
        "manifest": manifest,
    }
    return document


def send(process, document):
    process.stdin.write(json.dumps(document).encode("utf-8") + b"\n")
    process.stdin.flush()


def send_file(process, path, content):
    send(process, {"path": path, "size": len(content)})
    process.stdin.write(content)
    process.stdin.flush()


def send_all(process, files, paths):
    try:
        for path in paths:
            send_file(process, path, files[path])
        send(process, {"end": True})
    except (IOError, OSError) as error:
        assert error.errno == errno.EPIPE  # it hung up; what it answered counts


def send_to_the_end(process, content):
    """To whom may have hung up at what was sent before."""
    try:
        process.stdin.write(content)
        process.stdin.close()
    except (IOError, OSError) as error:
        assert error.errno == errno.EPIPE


def read(process):
    line = process.stdout.readline()
    assert line, process.stderr.read().decode("utf-8", "replace")
    return json.loads(line.decode("utf-8"))


def finish(process):
    """Ends the stream and waits; returns the exit status."""
    try:
        process.stdin.close()
    except (IOError, OSError):
        pass  # it had gone before
    process.wait()
    process.stdout.close()
    process.stderr.close()
    return process.returncode


def tree(directory):
    """{relative path: (bytes, mode)} of the files below."""
    found = {}
    for folder, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as opened:
                relative = os.path.relpath(path, directory)
                found[relative] = (opened.read(), os.stat(path).st_mode & 0o777)
    return found


def hidden(machine):
    return [name for name in os.listdir(machine.releases) if name.startswith(".")]


def changed(path, content):
    return dict(FILES, **{path: content})


def test_first_sync_puts_the_release_links_and_record_in_place(machine):
    answers, paths = machine.sync(FILES)
    assert paths == sorted(FILES)
    assert answers[-1] == {"answer": "synced", "release": release_hash(FILES), "sent": len(FILES)}
    assert tree(machine.release(FILES)) == dict((path, (FILES[path], mode(path))) for path in FILES)
    for name in ("startup.py", "business_hyper_fusion", "data_data"):
        link = os.path.join(machine.base, name)
        assert os.readlink(link) == os.path.join("releases", release_hash(FILES), name)
        assert os.path.exists(link)
    record = machine.record()
    assert (record["protocol"], record["release"]) == (1, release_hash(FILES))
    digest = hashlib.sha256(FILES["startup.py"]).hexdigest()
    assert record["files"]["startup.py"] == {
        "update_time": "2026-11-21T06:55:12Z",
        "sha256": digest,
    }
    assert hidden(machine) == []
    assert os.stat(machine.base).st_mode & 0o777 == 0o700


def test_unchanged_sends_nothing_and_leaves_the_record_alone(machine):
    machine.sync(FILES)
    before = os.stat(os.path.join(machine.base, "local_update_time_record"))
    answers, paths = machine.sync(FILES)
    assert (answers, paths) == ([{"answer": "have", "release": release_hash(FILES)}], [])
    after = os.stat(os.path.join(machine.base, "local_update_time_record"))
    assert (after.st_ino, after.st_mtime) == (before.st_ino, before.st_mtime)


def test_only_the_changed_file_travels(machine):
    machine.sync(FILES)
    newer = changed("business_hyper_fusion/python/build_project.sh", b"echo better wheel\n")
    _, paths = machine.sync(newer)
    assert paths == ["business_hyper_fusion/python/build_project.sh"]
    assert tree(machine.release(newer)) == dict((path, (newer[path], mode(path))) for path in newer)
    assert tree(machine.release(FILES)) == dict((path, (FILES[path], mode(path))) for path in FILES)
    assert os.readlink(os.path.join(machine.base, "startup.py")).startswith(
        "releases/" + release_hash(newer)
    )


def test_what_stays_the_same_is_one_file_in_both_releases(machine):
    """It is on the disk already. A damaged one is not handed on."""
    machine.sync(FILES)
    kept, damaged = "startup.py", "business_hyper_fusion/python/build_project.sh"
    with open(os.path.join(machine.release(FILES), damaged), "ab") as opened:
        opened.write(b"damage")
    newer = changed("business_hyper_fusion/receive.py", b"newer\n")
    machine.sync(newer)
    links = [
        os.stat(os.path.join(machine.release(newer), path)).st_nlink for path in (kept, damaged)
    ]
    assert links == [2, 1]
    assert tree(machine.release(newer)) == dict((path, (newer[path], mode(path))) for path in newer)


def test_a_file_with_other_rights_is_a_copy(machine):
    """Rights are a file's, whatever its names."""
    machine.sync(FILES)
    os.chmod(os.path.join(machine.release(FILES), "startup.py"), 0o700)
    newer = changed("business_hyper_fusion/receive.py", b"newer\n")
    machine.sync(newer)
    assert tree(machine.release(newer)) == dict((path, (newer[path], mode(path))) for path in newer)


def test_a_moved_file_does_not_travel(machine):
    machine.sync(FILES)
    moved = dict(FILES)
    moved["business_hyper_fusion/java/build_project.sh"] = moved.pop(
        "business_hyper_fusion/python/build_project.sh"
    )
    answers, paths = machine.sync(moved)
    assert paths == []
    assert answers == [{"answer": "synced", "release": release_hash(moved), "sent": 0}]


def test_going_back_to_an_older_release_only_switches(machine):
    machine.sync(FILES)
    machine.sync(changed("startup.py", b"print('newer')\n"))
    answers, _ = machine.sync(FILES)
    assert [answer["answer"] for answer in answers] == ["have"]
    assert machine.record()["release"] == release_hash(FILES)
    with open(os.path.join(machine.base, "startup.py"), "rb") as opened:
        assert opened.read() == FILES["startup.py"]


@rows.fault(4)
@pytest.mark.parametrize("files_sent", [0, 1, 3])
def test_a_cut_stream_is_never_used_and_the_next_sync_completes(machine, files_sent):
    process = machine.start()
    send(process, request(machine.root, FILES))
    paths = read(process)["files"]
    for path in paths[:files_sent]:
        send_file(process, path, FILES[path])
    send(process, {"path": paths[files_sent], "size": len(FILES[paths[files_sent]])})
    process.stdin.close()
    assert read(process)["cause"] == "cut"
    assert finish(process) == 1
    assert os.listdir(machine.releases) == []
    assert not os.path.lexists(os.path.join(machine.base, "startup.py"))
    assert not os.path.lexists(os.path.join(machine.base, "local_update_time_record"))
    assert machine.sync(FILES)[0][-1]["answer"] == "synced"


def test_a_killed_sync_leaves_a_hidden_directory_which_the_next_one_removes(machine):
    process = machine.start()
    send(process, request(machine.root, FILES))
    path = read(process)["files"][0]
    send_file(process, path, FILES[path])
    process.kill()
    process.wait()
    assert len(hidden(machine)) == 1
    assert os.listdir(machine.releases) == hidden(machine)
    assert machine.sync(FILES)[0][-1]["answer"] == "synced"
    assert hidden(machine) == []


@rows.hostile(9)
@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"protocol": 1}',
        b'{"protocol": 1, "release": 5}',
        b"[" * 100000,
    ],
    ids=repr_beginning,
)
def test_a_damaged_record_is_written_anew(machine, damage):
    machine.sync(FILES)
    with open(os.path.join(machine.base, "local_update_time_record"), "wb") as opened:
        opened.write(damage)
    assert machine.sync(FILES)[0][-1]["answer"] == "have"
    assert machine.record()["release"] == release_hash(FILES)
    assert set(machine.record()["files"]) == set(FILES)


def damage_content(path):
    with open(path, "wb") as opened:
        opened.write(b"echo evil\n")


def damage_by_removal(path):
    os.unlink(path)


def damage_by_link(path):
    os.rename(path, path + ".real")
    os.symlink(path + ".real", path)


def damage_by_addition(path):
    with open(path + ".pyc", "wb") as opened:
        opened.write(b"not in the manifest")


@pytest.mark.parametrize(
    "damage", [damage_content, damage_by_removal, damage_by_link, damage_by_addition]
)
def test_a_damaged_release_is_made_anew(machine, damage):
    machine.sync(FILES)
    damage(machine.release(FILES, "business_hyper_fusion", "python", "build_project.sh"))
    assert machine.sync(FILES)[0][-1]["answer"] == "synced"
    assert tree(machine.release(FILES)) == dict((path, (FILES[path], mode(path))) for path in FILES)
    machine.sync(FILES)
    assert os.listdir(machine.releases) == [release_hash(FILES)]


def test_bytecode_goes_with_each_sync(machine):
    """It is not of the manifest, and nothing here could tell what it does."""
    machine.sync(FILES)
    planted = machine.release(FILES).replace(release_hash(FILES), ".compiled.%s.030b07f0")
    with open(planted % release_hash(FILES), "wb") as opened:
        opened.write(b"planted")
    assert machine.sync(FILES)[0][-1]["answer"] == "have"
    assert os.listdir(machine.releases) == [release_hash(FILES)]


def test_two_syncs_take_turns_and_both_end_complete(machine):
    newer = changed("startup.py", b"print('newer')\n")
    first, second = machine.start(), machine.start()
    send(first, request(machine.root, FILES))
    paths = read(first)["files"]  # the first one holds the lock from here on
    send(second, request(machine.root, newer))
    answers = []
    reader = threading.Thread(target=lambda: answers.append(read(second)))
    reader.start()
    for path in paths:
        send_file(first, path, FILES[path])
    assert answers == []
    send(first, {"end": True})
    assert read(first)["answer"] == "synced"
    reader.join(300)
    assert answers[0] == {"answer": "lack", "files": ["startup.py"]}
    send_file(second, "startup.py", newer["startup.py"])
    send(second, {"end": True})
    assert read(second)["answer"] == "synced"
    for files in (FILES, newer):
        assert tree(machine.release(files)) == dict(
            (path, (files[path], mode(path))) for path in files
        )
    assert machine.record()["release"] == release_hash(newer)


def test_many_syncs_of_two_releases_at_once_never_mix(machine):
    newer = changed("startup.py", b"print('newer')\n")
    wanted = [FILES, newer] * 4
    threads = [threading.Thread(target=machine.sync, args=(files,)) for files in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    for files in (FILES, newer):
        assert tree(machine.release(files)) == dict(
            (path, (files[path], mode(path))) for path in files
        )
    assert sorted(os.listdir(machine.releases)) == sorted(
        [release_hash(FILES), release_hash(newer)]
    )
    current = machine.record()["release"]
    for name in ("startup.py", "business_hyper_fusion", "data_data"):
        assert os.readlink(os.path.join(machine.base, name)) == "releases/%s/%s" % (current, name)


def test_a_full_disk_is_reported_and_frees_what_it_took(small_disk):
    machine = Machine(os.path.join(small_disk, "tristan"))
    large = changed("business_hyper_fusion/large.sh", b"x" * 200000)
    answers, _ = machine.sync(large)
    assert (answers[-1]["answer"], answers[-1]["cause"]) == ("failed", "disk_full")
    assert os.listdir(machine.releases) == []
    assert machine.sync(FILES)[0][-1]["answer"] == "synced"


def test_what_another_sync_made_in_the_meantime_is_no_fault(tmpdir):
    base = str(tmpdir.join("1"))
    releases = os.path.join(base, "releases")
    for _ in range(2):  # the second one as if it had looked before the first was done
        receive.prepare(base, releases)
    assert os.listdir(base) == ["releases"]


def test_a_root_that_is_a_file_is_reported(machine):
    with open(machine.root, "w"):
        pass
    answers, _ = machine.sync(FILES)
    assert (answers[-1]["answer"], answers[-1]["cause"]) == ("failed", "occupied")


def test_a_foreign_directory_in_a_links_place_is_reported_and_kept(machine):
    os.makedirs(os.path.join(machine.base, "data_data", "precious"))
    answers, _ = machine.sync(FILES)
    assert (answers[-1]["answer"], answers[-1]["cause"]) == ("failed", "occupied")
    assert os.path.isdir(os.path.join(machine.base, "data_data", "precious"))
    assert not os.path.lexists(os.path.join(machine.base, "local_update_time_record"))


HOSTILE_PATHS = [
    "../evil.sh",
    "business_hyper_fusion/../../evil.sh",
    "business_hyper_fusion/./evil.sh",
    "/etc/evil.sh",
    "business_hyper_fusion//evil.sh",
    "business_hyper_fusion/",
    "run/1/data_data.json",
    "releases/x",
    "business_hyper_fusion/a\nb.sh",
    "startup.py\n",
    "business_hyper_fusion/a\0b.sh",
    "business_hyper_fusion/\u202eevil.sh",
    "",
    ".",
]


@rows.hostile(5)
@pytest.mark.parametrize("path", HOSTILE_PATHS)
def test_a_path_that_leaves_the_release_is_refused(machine, path):
    manifest = [dict(entry("startup.py", b""), path=path)]
    try:
        name = manifest_hash(manifest)
    except UnicodeError:
        name = "0" * 64
    answers, _ = machine.sync({}, manifest=manifest, release=name)
    assert (answers[-1]["answer"], answers[-1]["cause"]) == ("failed", "corrupt")
    assert "path" in answers[-1]["message"]
    assert not os.path.exists(machine.base)


def hostile_requests():
    one = entry("startup.py", b"")
    below = entry("startup.py/x.sh", b"")
    return [
        {"manifest": [one, one]},
        {"manifest": [one, below], "release": manifest_hash([one, below])},
        {"manifest": [dict(one, mode=0o4755)]},
        {"manifest": [dict(one, size=-1)]},
        {"manifest": [dict(one, size=17 * 1024 * 1024)]},
        {"manifest": [dict(one, size=True)]},
        {"manifest": [dict(one, sha256="../../x")]},
        {"manifest": [dict(one, path=7)]},
        {"manifest": ["startup.py"]},
        {"manifest": {"startup.py": one}},
        {
            "manifest": [
                dict(one, path="business_hyper_fusion/%d" % number) for number in range(5001)
            ]
        },
        {"manifest": None},
        {"release": "0" * 64},
        {"release": "../x"},
        {"release": None},
        {"root": "relative"},
        {"root": "/tmp/../etc"},
        {"root": None},
        {"root": "/tmp/a\0b"},
        {"root": "/tmp/line\n"},
        {"root": json.loads('"/tmp/\\ud800"')},
        {"business": "1\n"},
        {"business": "../1"},
        {"business": 1},
        {"business": ""},
        {"protocol": 2},
    ]


@rows.hostile(5)
@pytest.mark.parametrize("changes", hostile_requests())
def test_a_hostile_request_is_refused_before_anything_is_made(machine, changes):
    process = machine.start()
    send(process, dict(request(machine.root, FILES), **changes))
    assert read(process)["answer"] == "failed"
    assert finish(process) == 1
    assert not os.path.exists(machine.base)


@rows.hostile(5)
def test_too_much_in_all_is_refused(machine):
    manifest = [
        dict(entry("business_hyper_fusion/%d" % number, b""), size=16 * 1024 * 1024)
        for number in range(5)
    ]
    answers, _ = machine.sync({}, manifest=manifest, release=manifest_hash(manifest))
    assert (answers[-1]["answer"], answers[-1]["cause"]) == ("failed", "corrupt")


@rows.hostile(5)
@pytest.mark.parametrize(
    "line",
    [
        b"not json\n",
        b"[]\n",
        b"\xff\n",
        b"\n",
        b"",
        b"[" * 100000 + b"\n",
        b'{"protocol": ' + b"1" * 10000 + b"}\n",
    ],
    ids=repr_beginning,
)
def test_a_broken_first_line_is_an_answer_and_no_traceback(machine, line):
    process = machine.start()
    process.stdin.write(line)
    process.stdin.close()
    assert read(process)["answer"] == "failed"
    assert process.stderr.read() == b""


@pytest.mark.parametrize(
    "path, content",
    [
        ("startup.py", b"print('changed')\n"),
        ("startup.py", b"print('STARTED')\n"),
        ("business_hyper_fusion/stranger.sh", b"echo\n"),
        ("../../evil.sh", b"echo\n"),
        ({"startup.py": 1}, b""),
        (["startup.py"], b""),
        (None, b""),
    ],
)
@rows.hostile(5)
def test_content_that_was_not_asked_for_is_refused_whole(machine, path, content):
    process = machine.start()
    send(process, request(machine.root, FILES))
    read(process)
    send(process, {"path": path, "size": len(content)})
    send_to_the_end(process, content)
    assert read(process)["cause"] == "corrupt"
    finish(process)
    assert os.listdir(machine.releases) == []
    assert not os.path.exists(os.path.join(os.path.dirname(machine.root), "evil.sh"))


@rows.hostile(5)
def test_an_early_end_is_refused(machine):
    process = machine.start()
    send(process, request(machine.root, FILES))
    read(process)
    send(process, {"end": True})
    assert read(process)["cause"] == "corrupt"
    finish(process)
    assert os.listdir(machine.releases) == []


def six_releases(machine):
    """Six synced releases, oldest first, all older than a day but the last one."""
    made = [changed("startup.py", ("print(%d)\n" % number).encode("ascii")) for number in range(6)]
    for files in made:
        machine.sync(files)
    for age, files in enumerate(made[:-1]):
        old = time.time() - OLD + age * 60
        os.utime(machine.release(files), (old, old))
    return made


def test_old_releases_go_but_the_newest_and_the_pinned_stay(machine):
    made = six_releases(machine)
    machine.pin("2", json.dumps({"release": release_hash(made[1])}))
    machine.sync(made[-1])
    kept = [number for number, files in enumerate(made) if os.path.exists(machine.release(files))]
    assert kept == [1, 3, 4, 5]
    assert hidden(machine) == []


def test_a_young_release_is_never_pruned(machine):
    made = six_releases(machine)
    young = time.time() - 3600
    for files in made[:-1]:
        os.utime(machine.release(files), (young, young))
    machine.sync(made[-1])
    assert all(os.path.exists(machine.release(files)) for files in made)


@rows.hostile(9)
@pytest.mark.parametrize("text", ["", "{", "[]", "{}"])
def test_nothing_is_pruned_while_a_request_can_not_be_read(machine, text):
    made = six_releases(machine)
    machine.pin("2", text)
    machine.sync(made[-1])
    assert all(os.path.exists(machine.release(files)) for files in made)


def test_the_switched_links_follow_even_when_a_release_was_deleted(machine):
    machine.sync(FILES)
    shutil.rmtree(machine.releases)
    answers, paths = machine.sync(FILES)
    assert answers[-1]["sent"] == len(paths) == len(FILES)
    assert os.path.exists(os.path.join(machine.base, "startup.py"))
