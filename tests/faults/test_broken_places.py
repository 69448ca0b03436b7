"""The real command line where its surroundings are broken: files, environment, streams, options. Never a traceback."""

from __future__ import absolute_import, print_function, unicode_literals

import io
import os
import socket
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller import errors
from controller.transport import known_hosts, ssh_config
from tests.controller.cli import ecma48
from tests.controller.examined import machine_of
from tests.faults import rows, table
from tests.faults.desk import SOME, refused

NOISE = bytes(bytearray(range(256))) * 4


def place(name, data=NOISE):
    return lambda desk: desk.put(name, data)


def directory(name):
    return lambda desk: os.makedirs(os.path.join(desk.directory, name))


def link(name, target):
    def make(desk):
        path = os.path.join(desk.directory, name)
        if not os.path.isdir(os.path.dirname(path)):
            os.makedirs(os.path.dirname(path))
        os.symlink(target, path)

    return make


def variable(name, value):
    return lambda desk: desk.variables.update({name: value})


def nothing(desk):
    """All is as it should be, but that no machine answers."""


def change(old, new):
    return lambda desk: desk.change(old, new)


BUILD = ["build", "shop", "--branch", "main"]
PLACES = {
    "nobody answers": (nothing, BUILD, 3),
    "no file of that name": (nothing, ["--config", "/nowhere/x.yml", "status"], 2),
    "a directory for tristan.yml": (nothing, ["--config", "/etc", "status"], 2),
    "a device for tristan.yml": (nothing, ["--config", "/dev/null", "status"], 2),
    "a key that is none": (place("key"), BUILD, 3),
    "a key that is a directory": (directory("key"), BUILD, 3),
    "a key that is a loop of links": (link("key", "key"), BUILD, 3),
    "known_hosts that is noise": (place("state/tristan/known_hosts"), BUILD, 3),
    "known_hosts that is a directory": (directory("state/tristan/known_hosts"), BUILD, 3),
    "ssh_config that is noise": (place(".ssh/config"), BUILD, (2, 3)),
    "ssh_config with a port that is none": (
        place(".ssh/config", "Host *\n Port \u00b2\n".encode("utf-8")),
        BUILD,
        (2, 3),
    ),
    "ssh_config that includes itself": (
        place(".ssh/config", b"Include ~/.ssh/config\n"),
        BUILD,
        (2, 3),
    ),
    "ssh_config that jumps in a circle": (
        place(".ssh/config", b"Host *\n ProxyJump 127.0.0.1\n"),
        BUILD,
        (2, 3),
    ),
    "ssh_config with an unclosed quote": (
        place(".ssh/config", b'Host "a\n Port 1\n'),
        BUILD,
        (2, 3),
    ),
    "the state is a file": (place("state", b""), BUILD, 3),
    "the state's parts are files": (place("state/tristan/builds", b""), BUILD, 3),
    "facts that are noise": (place("state/tristan/machines/builder-1.json"), BUILD, 3),
    "a home that is not there": (variable("HOME", "/nowhere"), BUILD, 3),
    "no home": (variable("HOME", ""), BUILD, 3),
    "a locale of C": (
        variable("LC_ALL", "C"),
        ["build", "shop", "--branch", "gr\u00fc..\u00df"],
        2,
    ),
    "a locale that is none": (variable("LC_ALL", "xx_XX.UTF-9"), BUILD, 3),
    "columns that are none": (variable("COLUMNS", "many"), ["status"], 3),
    "a terminal that is none": (variable("TERM", "\x1b[2J"), ["status"], 3),
    "a proxy that is none": (variable("https_proxy", "::::"), ["project", "list"], 2),
    "a certificate that is none": (
        lambda desk: (desk.put("ca.pem"), desk.change("port: 1", "port: 1, ca_file: ca.pem")),
        BUILD,
        2,
    ),
    "a certificate that is not there": (
        change("port: 1", "port: 1, ca_file: nowhere.pem"),
        BUILD,
        2,
    ),
    "a script that is not there": (
        change("language: python,", "language: python, compile_to_execute: {file: no},"),
        BUILD,
        2,
    ),
    "a script that is a directory": (
        change("language: python,", "language: python, compile_to_execute: {file: /etc},"),
        BUILD,
        2,
    ),
    "a template that is none": (
        change("language: python,", 'language: python, compile_to_execute: "{{ x",'),
        BUILD,
        2,
    ),
    "a template that evaluates": (
        change(
            "language: python,", "language: python, dockerfile: \"{{ ''.__class__.__mro__ }}\","
        ),
        BUILD,
        2,
    ),
    "a password that is not there": (
        change("port: 1", "port: 1, password: {env: NOWHERE}"),
        BUILD,
        3,
    ),
    "a password of a command that fails": (
        change("port: 1", "port: 1, password: {command: [sh, -c, 'exit 7']}"),
        BUILD,
        3,
    ),
    "no directory to send": (nothing, ["build", "shop", "--from", "/nowhere"], 2),
    "a file to send from": (nothing, ["build", "shop", "--from", "/etc/passwd"], 2),
    "a time that is none": (nothing, BUILD + ["--timeout", "nan"], (2, 3)),
    "a time before now": (nothing, BUILD + ["--timeout", "-1"], 2),
    "a number that is none": (nothing, ["status", "--limit", "\u00b2"], 2),
    "a huge number": (nothing, ["logs", "x", "--offset", "9" * 400], (2, 3)),
    "a time to keep that is none": (nothing, ["gc", "--older-than", "1y\x1b[2J"], 2),
    "a word that is none": (nothing, ["biuld"], 2),
    "an option that is none": (nothing, ["status", "--\x1b]0;x\x07"], 2),
    "no such machine": (nothing, ["doctor", "builder-\u202e2"], 2),
    "no such shell": (nothing, ["completion", "cmd.exe"], 2),
    "nowhere to write": (nothing, ["init", "/nowhere/tristan.yml"], 2),
    "what is there already": (nothing, ["init"], 2),
    "bytes that are no text": (nothing, ["build", b"\xff\xfe", "--branch", b"\xff"], 2),
    "a fingerprint that is none": (
        nothing,
        ["enroll", "builder-1", "--fingerprint", "x\x1b[2J"],
        2,
    ),
}


@rows.hostile(9)
@pytest.mark.parametrize("what", sorted(PLACES)[SOME])
def test_what_is_broken_is_told_in_one_line(desk, what):
    break_it, words, codes = PLACES[what]
    break_it(desk)
    refused(desk, words, codes=codes if isinstance(codes, tuple) else (codes,))


@rows.hostile(9)
@pytest.mark.parametrize(
    "closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-", ">/dev/full", "2>/dev/full"]
)
def test_closed_and_full_streams_are_no_tracebacks(desk, closed):
    command = 'exec "$0" -m controller --config "$1" config check ' + closed
    environment = dict(os.environ, HOME=desk.directory, PYTHONPATH=os.getcwd(), LC_ALL="C.UTF-8")
    child = subprocess.Popen(
        ["sh", "-c", command, sys.executable, desk.configuration],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, err = child.communicate()
    assert b"Traceback" not in out + err and b"internal error" not in out + err, err
    assert child.returncode in (0, 3, 120, 141), (child.returncode, err)


BANNERS = [
    b"",
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
    b"SSH-2.0-\x1b[2J\r\n",
    NOISE,
    b"x" * 100000,
    b"SSH-1.0-old\r\n",
]


@rows.hostile(11)
@pytest.mark.parametrize("number", range(len(BANNERS)))
def test_what_is_no_ssh_is_told_and_shown_harmlessly(desk, number):
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(5)
    child = subprocess.Popen(
        [sys.executable, "-c", SPEAKER, str(listener.fileno())],
        stdin=subprocess.PIPE,
        pass_fds=[listener.fileno()],
    )
    try:
        child.stdin.write(BANNERS[number])
        child.stdin.close()
        desk.change("port: 1,", "port: %d," % listener.getsockname()[1])
        refused(desk, BUILD, codes=(3,))
    finally:
        child.kill()
        child.wait()
        listener.close()


SPEAKER = """
import socket, sys
said = sys.stdin.buffer.read()
listener = socket.socket(fileno=int(sys.argv[1]))
while True:
    connection, _ = listener.accept()
    try:
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(2)
        while connection.recv(65536):
            pass
    except OSError:
        pass
    connection.close()
"""

FUZZED = {"deadline": None, "suppress_health_check": list(HealthCheck)}
_words = st.sampled_from(
    "Host Match exec all Include Port ProxyJump ProxyCommand IdentityFile User HostName HostKeyAlias "
    "UserKnownHostsFile "
    "CanonicalizeHostname yes no none 22 70000 * !* builder-1 127.0.0.1 %h %r %% %l %C ~ ~/x [::1]:22 a@b:c \" ' = # , "
    "ssh-ed25519 @revoked @cert-authority |1|x|y AAAA AAAAC3NzaC1lZDI1NTE5AAAAIA== [builder-1]:22".split()
)
_lines = st.lists(st.lists(_words | st.text(max_size=4), max_size=5).map(" ".join), max_size=8).map(
    "\n".join
)


@rows.hostile(9)
@settings(max_examples=table.Injections.count(100, 1500), **FUZZED)
@given(text=_lines)
def test_any_ssh_config_is_understood_or_a_fault(tmp_path, text):
    path = str(tmp_path / "config")
    with io.open(path, "wb") as target:
        target.write(text.replace("exec", "exe").encode("utf-8", "replace"))
    try:
        ssh_config.resolve(machine_of(None, host="builder-1", port=None, username=None), path)
    except errors.SettingsError as error:
        assert error.message and error.remedy


@rows.hostile(9)
@settings(max_examples=table.Injections.count(100, 1500), **FUZZED)
@given(text=_lines, noise=st.binary(max_size=20))
def test_any_known_hosts_knows_keys_or_none(tmp_path, text, noise):
    path = str(tmp_path / "known_hosts")
    with io.open(path, "wb") as target:
        target.write(text.encode("utf-8", "replace") + b"\n" + noise)
    found = known_hosts.pins("builder-1", 22, path, [path])
    assert found.verdict(b"none of them") in ("unknown", "changed")
    assert all(not ecma48.harm(entry.place.encode("utf-8")) for entry in found.deciding)
