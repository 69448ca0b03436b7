"""What is pushed: which files, in which form, under which name."""

from __future__ import absolute_import, print_function, unicode_literals

import json
import os
import shutil

import pytest

from business_hyper_fusion import receive
from controller import errors, release
from tests.lab import process


@pytest.fixture
def root(tmpdir):
    """A small installation."""
    path = str(tmpdir.join("installed"))
    write(path, "startup.py", b"print(1)\n")
    write(path, "business_hyper_fusion/receive.py", b"\n")
    write(path, "business_hyper_fusion/python/build_project.sh", b"echo\n")
    write(path, "cache/dependency_lib/nodejs/.npmrc", b"registry=x\n")
    return path


def write(root, path, content):
    full = os.path.join(root, path)
    if not os.path.isdir(os.path.dirname(full)):
        os.makedirs(os.path.dirname(full))
    with open(full, "wb") as opened:
        opened.write(content)
    return full


def test_this_installation_is_collected_and_accepted_by_the_receiver():
    found = release.collect([("data_data/git_server.json", b"{}", 0)])
    assert {"startup.py", "business_hyper_fusion/receive.py"} < set(found.files)
    assert not [path for path in found.files if path.startswith(("controller", "tests"))]
    entries = receive.check_manifest(found.hash, json.loads(json.dumps(found.manifest())))
    assert set(entries) == set(found.files)


def test_modes_are_by_rule_and_not_from_the_disk(root):
    os.chmod(os.path.join(root, "business_hyper_fusion/python/build_project.sh"), 0o600)
    os.chmod(os.path.join(root, "startup.py"), 0o600)
    os.chmod(os.path.join(root, "business_hyper_fusion/receive.py"), 0o777)
    modes = dict((entry["path"], entry["mode"]) for entry in release.collect(root=root).manifest())
    assert modes == {
        "startup.py": 0o755,
        "business_hyper_fusion/receive.py": 0o644,
        "business_hyper_fusion/python/build_project.sh": 0o755,
        "cache/dependency_lib/nodejs/.npmrc": 0o644,
    }


def test_the_hash_is_of_content_and_not_of_times_or_litter(root):
    before = release.collect(root=root).hash
    os.utime(os.path.join(root, "startup.py"), (1, 1))
    write(root, "business_hyper_fusion/__pycache__/receive.cpython-311.pyc", b"x")
    write(root, "business_hyper_fusion/receive.pyc", b"x")
    write(root, "business_hyper_fusion/.receive.py.swp", b"x")
    write(root, "business_hyper_fusion/receive.py~", b"x")
    assert release.collect(root=root).hash == before
    write(root, "startup.py", b"print(2)\n")
    assert release.collect(root=root).hash != before


def test_every_collection_looks_at_the_disk_again(root):
    before = release.collect(root=root)
    write(root, "business_hyper_fusion/new.py", b"")
    assert set(release.collect(root=root).files) - set(before.files) == {
        "business_hyper_fusion/new.py"
    }


def test_windows_line_ends_become_unix_ones_in_texts_only(root):
    write(root, "business_hyper_fusion/python/build_project.sh", b"echo \xff\r\n")
    write(root, "cache/dependency_lib/java/truststore.jks", b"\0\r\n")
    files = release.collect(root=root).files
    assert files["business_hyper_fusion/python/build_project.sh"].content == b"echo \xff\n"
    assert files["cache/dependency_lib/java/truststore.jks"].content == b"\0\r\n"


def test_update_times_are_told(root):
    os.utime(os.path.join(root, "startup.py"), (1000000000, 1000000000))
    data = [("data_data/git_server.json", b"{}", 1500000000.7)]
    times = dict(
        (entry["path"], entry["update_time"]) for entry in release.collect(data, root).manifest()
    )
    assert times["startup.py"] == "2001-09-09T01:46:40Z"
    assert times["data_data/git_server.json"] == "2017-07-14T02:40:00Z"


def test_a_name_that_no_machine_takes_is_refused_with_its_remedy(root):
    write(root, "cache/dependency_lib/java/my settings.xml", b"")
    with pytest.raises(errors.UsageError) as caught:
        release.collect(root=root)
    assert "my settings.xml" in caught.value.message


def test_a_copy_of_the_installation_has_the_same_hash(tmpdir, root):
    copy = str(tmpdir.join("elsewhere"))
    shutil.copytree(root, copy)
    assert release.collect(root=copy).hash == release.collect(root=root).hash


def test_languages_are_those_with_a_pack():
    assert release.languages() == ["java", "nodejs", "php", "python"]


def test_the_operator_s_dependency_configuration_takes_the_installed_one_s_place(tmpdir):
    own = tmpdir.join("cache", "dependency_lib", "python", "pip.conf")
    own.write("[global]\nindex-url = https://pypi.example.com/simple\n", ensure=True)
    tmpdir.join("cache", "dependency_lib", "java", "settings.xml").write("<x/>\n", ensure=True)
    tmpdir.join("notes.txt").write("not pushed")
    plain, overlaid = release.collect(), release.collect(beside=str(tmpdir))
    changed = [
        path
        for path in overlaid.files
        if path not in plain.files or overlaid.files[path].sha256 != plain.files[path].sha256
    ]
    assert sorted(changed) == [
        "cache/dependency_lib/java/settings.xml",
        "cache/dependency_lib/python/pip.conf",
    ]
    assert overlaid.hash != plain.hash


def test_a_dangling_link_is_named(tmpdir):
    tmpdir.join("cache", "dependency_lib", "python").ensure(dir=True)
    os.symlink("/nowhere", str(tmpdir.join("cache", "dependency_lib", "python", "pip.conf")))
    with pytest.raises(errors.UsageError) as caught:
        release.collect(beside=str(tmpdir))
    assert "pip.conf is to be pushed and can't be read" in caught.value.message


@pytest.fixture
def collection(root, tmpdir):
    """Of a small installation and of an operator who has a file beside tristan.yml."""
    write(str(tmpdir.join("own")), "cache/dependency_lib/python/pip.conf", b"[global]\n")
    return release.Collection([("data_data/x.json", b"{}", 0)], root, str(tmpdir.join("own")))


def wait_for_a_tick(tmpdir):
    """Of the file system's clock: what is written behind it has another time than what was written before."""

    def now():
        tmpdir.join("tick").write("")
        return os.stat(str(tmpdir.join("tick"))).st_mtime

    before = now()
    process.wait_until(lambda: now() != before, 60, "a tick")


def test_a_collection_is_made_anew_when_an_operator_s_file_changes(collection, root, tmpdir):
    own, path = str(tmpdir.join("own")), "cache/dependency_lib/python/pip.conf"
    made = [collection.release()]
    assert collection.release() is made[0]
    wait_for_a_tick(tmpdir)
    write(own, path, b"[glObal]\n")  # of the same size
    made.append(collection.release())
    assert made[1].files[path].content == b"[glObal]\n"
    write(own, "cache/dependency_lib/php/config.json", b"{}")
    made.append(collection.release())
    os.remove(os.path.join(own, path))
    made.append(collection.release())
    assert path not in made[3].files
    assert len(set(one.hash for one in made)) == 4
    assert collection.release() is made[3]
    assert made[3].hash == release.collect([("data_data/x.json", b"{}", 0)], root, own).hash


def test_a_collection_keeps_to_the_installation_as_it_was(collection, root, tmpdir):
    """An upgrade below a running process is not for it: its own code is of the version before."""
    made = collection.release()
    write(root, "business_hyper_fusion/receive.py", b"newer\n")
    write(str(tmpdir.join("own")), "cache/dependency_lib/php/config.json", b"{}")
    assert collection.release().hash != made.hash
    kept = collection.release().files["business_hyper_fusion/receive.py"]
    assert kept.content == b"\n"
