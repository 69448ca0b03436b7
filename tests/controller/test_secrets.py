"""Secrets: printed as a mask, read from three kinds of places, clear when they can't be."""

from __future__ import absolute_import, print_function, unicode_literals

import copy
import os
import pickle
import sys
import time

import pytest

from controller import errors, secrets
from controller.secrets import Secret, SecretReference


def unavailable(reference):
    with pytest.raises(errors.SecretUnavailable) as caught:
        reference.resolve()
    return caught.value


def test_a_secret_prints_as_a_mask():
    secret = Secret("hunter2")
    for text in (repr(secret), "%s" % secret, "{}".format(secret), "{!r:>20}".format(secret)):
        assert "hunter2" not in text
    assert "%s" % secret == secrets.MASK
    assert secret.reveal() == "hunter2"


@pytest.mark.parametrize("write", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_secret_is_not_written_anywhere(write):
    with pytest.raises(TypeError):
        write(Secret("hunter2"))


def test_from_the_environment(monkeypatch):
    monkeypatch.setenv(str("A_SECRET"), str("hunter2"))
    assert SecretReference("env", "A_SECRET").resolve().reveal() == "hunter2"


def test_a_variable_that_is_not_set(monkeypatch):
    monkeypatch.delenv(str("A_SECRET"), raising=False)
    found = unavailable(SecretReference("env", "A_SECRET"))
    assert found.message == "the environment variable A_SECRET is not set"
    assert found.remedy and found.exit_code == 3


def test_an_empty_one(monkeypatch):
    monkeypatch.setenv(str("A_SECRET"), str(""))
    assert "gives an empty secret" in unavailable(SecretReference("env", "A_SECRET")).message


@pytest.mark.parametrize(
    "content, text",
    [
        (b"hunter2", "hunter2"),
        (b"hunter2\n", "hunter2"),
        (b"hunter2\r\n", "hunter2"),
        (b" two words \n\n", " two words \n"),
        ("\u5bc6\u7801\n".encode("utf-8"), "\u5bc6\u7801"),
    ],
)
def test_from_a_file_without_its_line_end(tmpdir, content, text):
    path = tmpdir.join("secret")
    path.write_binary(content)
    path.chmod(0o600)
    assert SecretReference("file", str(path)).resolve().reveal() == text


@pytest.mark.parametrize(
    "content, mode, message",
    [
        (None, None, "can't be read: No such file"),
        (b"hunter2", 0o644, "everyone on this host can read"),
        (b"\n", 0o600, "empty secret"),
        (b"hunter2\xff", 0o600, "gives no UTF-8 text"),
        (b"hunter2\0", 0o600, "gives no UTF-8 text"),
        (b"hunter2" * 10000, 0o600, "more than 65536 bytes"),
    ],
)
def test_files_that_are_refused(tmpdir, content, mode, message):
    path = tmpdir.join("secret")
    if content is not None:
        path.write_binary(content)
        path.chmod(mode)
    found = unavailable(SecretReference("file", str(path)))
    assert message in found.message and str(path) in found.message
    assert "hunter2" not in found.message + found.remedy


def test_a_directory_and_a_device_are_no_secret_files(tmpdir):
    assert "directory" in unavailable(SecretReference("file", str(tmpdir))).message
    assert "not a regular file" in unavailable(SecretReference("file", "/dev/null")).message


def test_a_key_file_keeps_its_line_ends(tmpdir):
    path = tmpdir.join("key")
    path.write_binary(b"-----BEGIN\nx\n-----END\n")
    path.chmod(0o600)
    assert secrets.read_key_file(str(path)).reveal() == "-----BEGIN\nx\n-----END\n"
    path.chmod(0o604)
    with pytest.raises(errors.SecretUnavailable):
        secrets.read_key_file(str(path))


def test_from_a_command_without_a_shell():
    assert SecretReference("command", ("echo", "$(id); `id`")).resolve().reveal() == "$(id); `id`"


@pytest.mark.parametrize(
    "words, message",
    [
        (("/nowhere/pass", "x"), "the command /nowhere/pass x can't be run: not found"),
        (("false",), "the command false ended with status 1"),
        (("true",), "the command true gives an empty secret"),
        (("head", "-c", "70000", "/dev/zero"), "more than 65536 bytes"),
        (("yes",), "more than 65536 bytes"),
    ],
)
def test_commands_that_give_none(words, message):
    assert message in unavailable(SecretReference("command", words)).message


def test_a_command_that_hangs_is_ended(monkeypatch):
    monkeypatch.setattr(secrets, "COMMAND_SECONDS", 0.3)
    began = time.time()
    program = "import subprocess, sys, time; subprocess.call(['sleep', '100'])"
    found = unavailable(SecretReference("command", (sys.executable, "-c", program)))
    assert "gave no secret within" in found.message
    assert time.time() - began < 90


def test_an_open_file_is_not_left_behind(tmpdir):
    path = tmpdir.join("secret")
    path.write("hunter2")
    path.chmod(0o600)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        SecretReference("file", str(path)).resolve()
        SecretReference("command", ("echo", "x")).resolve()
    assert len(os.listdir("/proc/self/fd")) <= before
