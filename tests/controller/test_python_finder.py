"""The Pythons of a real machine: hidden, broken, old, several."""

from __future__ import absolute_import, print_function, unicode_literals

import glob
import os

import pytest

from controller import errors, python_finder, transport
from tests.controller.examined import known_hosts, machine_of
from tests.lab import interpreters

USUAL = [
    path
    for pattern in ("/usr/bin/python*", "/usr/local/bin/python*", "/bin/python*")
    for path in glob.glob(pattern)
    if os.path.isfile(path) and not os.path.islink(path)
]
HIDDEN = ["mount --bind /dev/null %s" % path for path in USUAL] + [
    "mount -t tmpfs none /opt",
    "mkdir -p /opt/empty/bin",
]
"""No Python where a machine has one, and an /opt of the test's own."""


def put(version, path):
    """Shell lines that put a Python of this host where the machine may look."""
    return [
        "mkdir -p %s" % os.path.dirname(path),
        "ln -s %s %s" % (interpreters.find(version), path),
    ]


def fake(path, text):
    """Shell lines that put a program there which is no Python."""
    body = "printf '%s\\n' '#!/bin/sh' \"{0}\" > {1}; chmod 755 {1}".format(text, path)
    return ["mkdir -p %s" % os.path.dirname(path), body]


@pytest.fixture
def on_machine(make_sshd):
    """Function (lines run before sshd, python of the machine) -> Python found there."""

    def find(lines=(), python=None):
        sshd = make_sshd(pre_exec=list(lines))
        machine = machine_of(sshd, python=python)
        connection = transport.connect(machine, known_hosts(sshd), ssh_config_path="/dev/null")
        try:
            found = python_finder.find(connection, machine)
            start = "%s -E -S -B -c 'import sys; print(sys.version_info[0])'" % found.path
            assert connection.run(start).stdout.splitlines()[-1] == b"%d" % found.version[0]
            return found
        finally:
            connection.close()

    return find


def test_an_ordinary_machine(on_machine):
    found = on_machine()
    assert os.path.isabs(found.path)
    assert found.version >= (3, 6)
    assert all(isinstance(part, int) for part in found.version) and len(found.version) == 3


def test_the_newest_of_several_wins(on_machine):
    lines = put("2.7", "/opt/a/bin/python2.7") + put("3.8", "/opt/b/bin/python3.8")
    lines += put("3.13", "/opt/c/bin/python3.13") + put("3.6", "/opt/d/bin/python3.6")
    found = on_machine(HIDDEN + lines)
    assert found.version[:2] == (3, 13)


def test_a_newer_one_off_the_path_wins_over_the_path(on_machine):
    lines = ["mount -t tmpfs none /opt"] + put("3.13", "/opt/rh/python313/root/usr/bin/python3.13")
    found = on_machine(lines)
    assert found.version[:2] == (3, 13)


def test_only_2_7(on_machine):
    found = on_machine(HIDDEN + put("2.7", "/opt/a/bin/python"))
    assert found.version[:2] == (2, 7)


def test_3_6_wins_over_2_7(on_machine):
    lines = put("2.7", "/opt/a/bin/python") + put("3.6", "/opt/a/bin/platform-python")
    assert on_machine(HIDDEN + lines).version[:2] == (3, 6)


def test_a_broken_one_is_passed_over(on_machine):
    lines = fake("/opt/a/bin/python3.13", "exit 1") + fake("/opt/b/bin/python3.12", "kill -11 $$")
    lines += fake("/opt/c/bin/python3.11", "echo something else")
    lines += ["mkdir -p /opt/d/bin/python3.10", "touch /opt/d/bin/python3.9"]
    assert on_machine(HIDDEN + lines + put("3.8", "/opt/e/bin/python3")).version[:2] == (3, 8)


def test_one_with_a_missing_module_is_passed_over(on_machine):
    """A Python without fcntl or hashlib starts, but can't run the executor."""
    lines = put("3.13", "/opt/a/lib/python") + fake("/opt/a/bin/python3.13", WITHOUT_HASHLIB)
    assert on_machine(HIDDEN + lines + put("3.8", "/opt/e/bin/python3")).version[:2] == (3, 8)
    with pytest.raises(errors.NoPython) as caught:
        on_machine(HIDDEN + lines)
    assert "/opt/a/bin/python3.13 is 3.13" in caught.value.message
    assert "lacks a standard module" in caught.value.message


WITHOUT_HASHLIB = (
    "exec /opt/a/lib/python -E -S -c "
    "'import sys; sys.modules[sys.argv[1]] = None; exec(sys.argv[2])' hashlib \\\"\\$5\\\""
)
"""A real Python that can't import one module; $5 is the program it is given."""


def test_pyenv_in_the_home(on_machine):
    lines = ['cd "$(getent passwd builder | cut -d: -f6)"', "mkdir -p .pyenv/versions/x/bin"]
    lines += ["ln -s %s .pyenv/versions/x/bin/python3.8" % interpreters.find("3.8")]
    assert on_machine(HIDDEN + lines).version[:2] == (3, 8)


def test_no_python_at_all(on_machine):
    with pytest.raises(errors.NoPython) as caught:
        on_machine(HIDDEN)
    assert "builder-1 has no Python" in caught.value.message
    assert "machines.builder-1.python" in caught.value.remedy
    assert caught.value.exit_code == 3


def test_what_was_tried_is_named(on_machine):
    old = "echo 3.5.2 /opt/a/bin/python3; exit 3"
    lines = fake("/opt/a/bin/python3", old) + fake("/opt/b/bin/python2", "exit 1")
    with pytest.raises(errors.NoPython) as caught:
        on_machine(HIDDEN + lines)
    assert "/opt/a/bin/python3 is 3.5.2" in caught.value.message
    assert "/opt/b/bin/python2 does not start" in caught.value.message


def test_the_one_that_tristan_yml_names(on_machine):
    wanted = interpreters.find("2.7")
    assert on_machine(python=wanted).path == wanted


def test_the_one_that_tristan_yml_names_is_no_python(on_machine):
    for path, word in (("/bin/sh", "/bin/sh does not start"), ("/no/such", "no such program")):
        with pytest.raises(errors.NoPython) as caught:
            on_machine(python=path)
        assert word in caught.value.message
        assert "machines.builder-1.python" in caught.value.message


def test_a_login_that_prints_at_its_start(on_machine):
    """A start file that talks is common; its words are no Python."""
    lines = ['cd "$(getent passwd builder | cut -d: -f6)"', "echo 'echo good morning' > .bashrc"]
    assert on_machine(lines).version >= (3, 6)


def test_the_command_fits_any_login_shell():
    """csh takes no line end in a quoted word, and reads `!` even there."""
    script = python_finder.TRY % python_finder.trial() + python_finder.search()
    assert "\n" not in script and "!" not in script


def test_nothing_is_believed_but_the_whole_form():
    output = b"good /x\n3.9 /x\ngood /y\n3.8.1 /real/python3\ngood /z\nbad /w\n\xff\n"
    good, bad = python_finder.parse(output)
    assert good == [python_finder.Python("/real/python3", (3, 8, 1))]
    assert bad == [("/w", "")]
