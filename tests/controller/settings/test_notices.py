"""What tristan.yml says about telling people."""

from __future__ import absolute_import, print_function, unicode_literals

import pytest

from controller import settings
from controller.secrets import SecretReference

START = """\
machines: {b: {}}
git_servers: {g: {address: "https://git.example.com"}}
build_profiles: {py: {image: "python:3", language: python}}
projects: {s: {repository: a, build_profile: py, notify: %s}}
"""
SMTP = "smtp: {host: mail.example.com, from: tristan@example.com%s}\n"


def test_each_kind(written):
    found = written.load(
        START % "[{command: [notify-send, done], on: failure},"
        " {webhook: 'https://h/x?y', secret: {env: KEY}}, {webhook: 'http://127.0.0.1:8080'},"
        " {mail: [a@example.com, b@example.com], on: change}]" + SMTP % ""
    )
    assert found.projects["s"].notify == (
        settings.Notify("command", ("notify-send", "done"), None, "failure"),
        settings.Notify("webhook", "https://h/x?y", SecretReference("env", "KEY"), "always"),
        settings.Notify("webhook", "http://127.0.0.1:8080", None, "always"),
        settings.Notify("mail", ("a@example.com", "b@example.com"), None, "change"),
    )


def test_nobody_is_told_by_default(written):
    found = written.load(START % "[]")
    assert found.projects["s"].notify == ()
    assert found.smtp is None


@pytest.mark.parametrize(
    "said, smtp",
    [
        ("", ("starttls", 587)),
        (", security: none", ("none", 25)),
        (", security: tls", ("tls", 465)),
        (", security: tls, port: 2465", ("tls", 2465)),
    ],
)
def test_smtp(written, said, smtp):
    found = written.load(START % "[]" + SMTP % said).smtp
    assert (found.security, found.port) == smtp
    assert (found.host, found.sender) == ("mail.example.com", "tristan@example.com")
    assert (found.username, found.password) == ("", None)


def test_smtp_with_a_login(written):
    said = ", username: robot, password: {file: mail-password}"
    found = written.load(START % "[]" + SMTP % said).smtp
    assert found.username == "robot"
    assert found.password == SecretReference("file", str(written.directory.join("mail-password")))


@pytest.mark.parametrize(
    "entry, key, message",
    [
        ("{}", "", "must have one of command, webhook, mail"),
        ("{on: always}", "", "must have one of command, webhook, mail"),
        ("{command: [x], mail: [a@b]}", "", "not command and mail"),
        ("{command: [x], secret: {env: X}}", ".secret", "signs a webhook; a command has none"),
        ("{webhook: 'ftp://h/x'}", ".webhook", "must look like https://host/path"),
        ("{webhook: 'https://'}", ".webhook", "must look like https://host/path"),
        ("{webhook: 'https://u:hunter2@h/x'}", ".webhook", "must be without user and password"),
        ("{webhook: 'https://h/x', secret: abc}", ".secret", "must not be written here"),
        ("{mail: a@example.com}", ".mail", "must be a list of addresses"),
        ("{mail: []}", ".mail", "must not be empty"),
        ("{mail: ['A <a@b>']}", ".mail[0]", "must look like name@example.com"),
        ('{mail: ["a@b\\nBcc: c@d"]}', ".mail[0]", "must look like name@example.com"),
        ("{command: ls -l}", ".command", "must be a list of words"),
        ("{command: [x], on: never}", ".on", "must be one of always, success, failure, change"),
        ("{slack: x}", ".slack", "is no known key"),
        ("mail", "", "must be {command: [WORD, ...]}, {webhook: URL} or"),
    ],
)
def test_each_disagreement_is_told_by_its_key(written, entry, key, message):
    found = written.faults(START % ("[%s]" % entry) + SMTP % "")
    assert ("projects.s.notify[0]" + key) in [path for path, _ in found]
    assert message in " ".join(said for _, said in found)
    assert "hunter2" not in str(found)


def test_mail_needs_a_server(written):
    ((key, message),) = written.faults(START % "[{mail: [a@example.com]}]")
    assert (key, message.partition(":")[0]) == ("projects.s.notify[0].mail", "needs smtp")


@pytest.mark.parametrize(
    "said, key, message",
    [
        ("smtp: {host: h}\n", "smtp.from", "is missing"),
        ("smtp: {from: a@b}\n", "smtp.host", "is missing"),
        (SMTP % ", username: x", "smtp.password", "is missing; there is a username"),
        (SMTP % ", password: {env: X}", "smtp.username", "is missing; there is a password"),
        (
            SMTP % ", security: none, username: x, password: {env: X}",
            "smtp.security",
            "none would send the password unencrypted",
        ),
        (SMTP % ", security: ssl", "smtp.security", "must be one of none, starttls, tls"),
    ],
)
def test_a_wrong_server_is_told_by_its_key(written, said, key, message):
    found = written.faults(START % "[]" + said)
    assert [path for path, _ in found] == [key]
    assert message in found[0][1]


def test_a_password_may_go_to_this_host_unencrypted(written):
    said = "smtp: {host: 127.0.0.1, from: a@b, security: none, username: x, password: {env: X}}\n"
    assert written.load(START % "[]" + said).smtp.security == "none"
