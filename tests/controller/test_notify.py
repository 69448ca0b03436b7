"""Who is told of a build's end, and that real receivers hear it: commands, an HTTP server, an SMTP server."""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import email
import email.header
import gc
import io
import json
import os
import time

import pytest

from controller import errors, notify, web
from controller.notify import command
from controller.secrets import SecretReference
from controller.settings import Notify, Smtp
from tests.controller.statuses import ended, phase
from tests.lab import answering, certificates, process, smtp

BUILD = "20261121T065512123-9c1e4f2a"
REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DELIVERY = "0123456789abcdef0123456789abcdef"
Settings = collections.namedtuple("Settings", "path smtp")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(web, "PAUSES", (0.01, 0.02))


@pytest.fixture
def settings(tmpdir):
    return Settings(str(tmpdir.join("tristan.yml")), None)


def told(log_end="last line", previous="success", **changes):
    return notify.document(ended(BUILD, "failed", **changes), previous, log_end)


def secret(monkeypatch, text="k\u00e9y"):
    monkeypatch.setenv(str("TRISTAN_TEST_SECRET"), process.native(text))
    return SecretReference("env", "TRISTAN_TEST_SECRET")


# --- who ---


@pytest.mark.parametrize(
    "on, state, previous, told",
    [
        ("always", "cancelled", "", True),
        ("success", "success", "", True),
        ("success", "failed", "", False),
        ("failure", "failed", "failed", True),
        ("failure", "lost", "", True),
        ("failure", "cancelled", "", False),
        ("failure", "success", "", False),
        ("change", "success", "success", False),
        ("change", "failed", "failed", False),
        ("change", "failed", "success", True),
        ("change", "error", "failed", True),
        ("change", "success", "failed", True),
        ("change", "success", "", False),
        ("change", "failed", "", True),
        ("change", "failed", None, False),
    ],
)
def test_who_wants_to_be_told(on, state, previous, told):
    target = Notify("mail", ("a@example.com",), None, on)
    assert notify.due([target], state, previous) == ([target] if told else [])


def test_what_the_command_line_may_name():
    assert notify.parse("https://h/x?a=b") == Notify("webhook", "https://h/x?a=b", None, "always")
    assert notify.parse("mail:a@example.com, b@example.com").target == (
        "a@example.com",
        "b@example.com",
    )
    assert notify.parse("command:say 'it is' done").target == ("say", "it is", "done")


@pytest.mark.parametrize(
    "text",
    ["", "x", "mail", "mail:", "mail:nobody", "command:", "command: ", "command:'x", "ftp://h/",
     "https://", "https://user:password@h/"],
)  # fmt: skip
def test_what_it_may_not(text):
    with pytest.raises(errors.UsageError) as caught:
        notify.parse(text)
    assert caught.value.exit_code == 2


Project = collections.namedtuple("Project", "notify")


def test_a_webhook_named_again_is_the_project_s_own(monkeypatch):
    own = Notify("webhook", "https://h/x", secret(monkeypatch), "failure")
    mail = Notify("mail", ("a@example.com",), None, "change")
    project = Project((own, mail))
    assert notify.parse("https://h/x", project.notify).secret == own.secret
    assert notify.targets(project, ["https://h/x"]) == [own, mail]
    assert notify.targets(project, ["https://h/y"])[2].secret is None
    assert notify.targets(None, ["https://h/x"])[0].secret is None


def test_names_for_people_leave_out_what_may_be_secret():
    assert (
        notify.shown(Notify("webhook", "https://h/T/B/xyz", None, "")) == "the webhook at https://h"
    )
    assert notify.shown(Notify("command", ("say", "--token", "x"), None, "")) == "the command say"
    assert notify.shown(notify.parse("mail:a@b.example")) == "mail to a@b.example"


# --- what ---


def test_the_document_is_bounded_whatever_a_machine_says():
    artifact = {"name": "n" * 10000, "path": "/p", "size": 1, "sha256": "0" * 64}
    made = told(log_end="x" * 10**6, message="m" * 16000, artifacts=[artifact] * 100000)
    assert len(json.dumps(made)) < 64 * 1024
    assert made["event"] == "build.ended" and made["app_image"] is None
    assert [one["name"] for one in made["phases"]][:2] == ["sync", "source"]


def test_a_log_s_last_lines_hold_nothing_for_terminals_only():
    log = "\x1b]52;c;aGk=\x07" + "\n".join("%d" % number for number in range(100))
    log += "\n\x1b[31mred\x1b[0m\r\nend\x00\x9b2J\n"
    lines = told(log_end=log)["log_end"].split("\n")
    assert lines == ["%d" % number for number in range(72, 100)] + ["red", "end2J"]


@pytest.mark.parametrize(
    "ref, words",
    [
        ({"kind": "branch", "name": "main", "commit": ""}, "--branch main"),
        (
            {"kind": "branch", "name": "a;b", "commit": "0" * 40},
            "--branch 'a;b' --commit " + "0" * 40,
        ),
        ({"kind": "tag", "name": "v1", "commit": ""}, "--tag v1"),
        ({"kind": "commit", "name": "0" * 40, "commit": "0" * 40}, "--commit " + "0" * 40),
        ({"kind": "tree", "name": "x", "commit": ""}, "--from DIR"),
    ],
)
def test_the_command_that_repeats_a_build(ref, words):
    assert told(ref=ref)["repeat"] == "tristan build shop " + words


# --- a command ---


def script(tmpdir, text):
    path = tmpdir.join("hook")
    path.write("#!/bin/sh\n" + text)
    path.chmod(0o755)


def run(settings, *words):
    notify.send(Notify("command", words or ("./hook",), None, "always"), told(), DELIVERY, settings)


def test_a_command_gets_the_document_and_the_most_wanted_of_it(tmpdir, settings, monkeypatch):
    monkeypatch.chdir("/")
    script(tmpdir, 'cat >"$1"; env >"$1.env"; echo "$2" >"$1.word"; pwd >"$1.pwd"\n')
    run(settings, "./hook", "out", "$(id) a b")
    assert json.loads(tmpdir.join("out").read()) == told()
    found = tmpdir.join("out.env").read().split("\n")
    wanted = ["TRISTAN_STATE=failed", "TRISTAN_PREVIOUS_STATE=success", "TRISTAN_BUILD_ID=" + BUILD]
    wanted += ["TRISTAN_REF=main", "TRISTAN_IMAGE=", "TRISTAN_DELIVERY=" + DELIVERY]
    assert set(wanted) <= set(found)
    assert tmpdir.join("out.word").read() == "$(id) a b\n"
    assert tmpdir.join("out.pwd").read().strip() == str(tmpdir)


def test_a_command_that_does_not_read_is_no_failure(tmpdir, settings):
    script(tmpdir, "exit 0\n")
    run(settings)


@pytest.mark.parametrize(
    "text, says",
    [
        ("echo first >&2; echo no such room >&2; exit 3", "ended with status 3: no such room"),
        ("kill -9 $$", "ended with signal 9"),
    ],
)
def test_a_command_that_fails_says_why(tmpdir, settings, text, says):
    script(tmpdir, text + "\n")
    with pytest.raises(errors.NotifyFailed) as caught:
        run(settings)
    assert caught.value.message == "the command ./hook " + says


def test_a_command_that_is_not_there(settings):
    with pytest.raises(errors.NotifyFailed) as caught:
        run(settings, "/nonexistent/tool", "--token=secret")
    assert caught.value.message == "the command /nonexistent/tool can't be run: not found"


def test_a_command_that_hangs_is_ended_with_all_it_started(tmpdir, settings, monkeypatch):
    start = command.start

    def begun(*given):
        running = start(*given)
        process.wait_until(tmpdir.join("child").check, 60, "what it starts")
        return running

    monkeypatch.setattr(command, "SECONDS", 0.3)
    monkeypatch.setattr(command, "start", begun)
    script(tmpdir, "sleep 300 & echo $! >new; mv new child; wait\n")
    with pytest.raises(errors.NotifyFailed) as caught:
        run(settings)
    assert "did not end within" in caught.value.message
    child = int(tmpdir.join("child").read())
    process.wait_until(lambda: not process.alive(child), 60, "the end of the child")


# --- a webhook ---


def post(receiver, monkeypatch=None, path="/hook"):
    reference = secret(monkeypatch) if monkeypatch else None
    target = Notify("webhook", receiver.url + path, reference, "always")
    notify.send(target, told(), DELIVERY, Settings("/x/tristan.yml", None))


@pytest.fixture(scope="module")
def verified():
    """The function that docs/notifications.md gives to receivers."""
    with io.open(os.path.join(REPOSITORY, "docs", "notifications.md"), encoding="utf-8") as page:
        recipe = page.read().split("```python\n")[1].split("```")[0]
    found = {}
    exec(recipe, found)
    return found["verified"]


def test_a_webhook_gets_the_document_signed(monkeypatch, verified):
    with answering.Server([(204, {}, b"")]) as receiver:
        post(receiver, monkeypatch, "/hook?room=1")
    (request,) = receiver.requests
    assert (request.method, request.path) == ("POST", "/hook?room=1")
    assert json.loads(request.body.decode("utf-8")) == told()
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-tristan-event"] == "build.ended"
    assert request.headers["x-tristan-delivery"] == DELIVERY
    key, signature = "k\u00e9y".encode("utf-8"), request.headers["x-tristan-signature"]
    assert verified(key, signature, request.body)
    assert not verified(b"other", signature, request.body)
    assert not verified(key, signature, request.body + b" ")
    assert not verified(key, signature.replace("t=", "t=1"), request.body)
    later = time.time() + 600
    monkeypatch.setattr(time, "time", lambda: later)
    assert not verified(key, signature, request.body)


def test_a_webhook_without_a_secret_is_not_signed():
    with answering.Server([(200, {}, b"thanks")]) as receiver:
        post(receiver)
    assert "x-tristan-signature" not in receiver.requests[0].headers


def test_a_webhook_that_is_down_for_a_moment_gets_the_same_delivery():
    with answering.Server([(503, {}, b""), (500, {}, b""), (200, {}, b"")]) as receiver:
        post(receiver)
    deliveries = [request.headers["x-tristan-delivery"] for request in receiver.requests]
    assert deliveries == [DELIVERY] * 3


@pytest.mark.parametrize(
    "answer, tries",
    [((404, {}, b""), 1), ((302, {"Location": "/other"}, b""), 1), ((503, {}, b""), 3)],
)
def test_a_webhook_that_refuses_is_a_failure(answer, tries):
    with answering.Server([answer]) as receiver:
        with pytest.raises(errors.NotifyFailed) as caught:
            post(receiver, path="/secret")
    assert "it answered %d" % answer[0] in caught.value.message
    assert receiver.address in caught.value.message
    assert "secret" not in caught.value.message
    assert [request.path for request in receiver.requests] == ["/secret"] * tries


def test_a_webhook_that_is_not_there_is_a_failure():
    with pytest.raises(errors.NotifyFailed) as caught:
        notify.send(
            notify.parse("http://127.0.0.1:%d/T/B" % process.free_port()), told(), DELIVERY, None
        )
    assert "connection refused" in caught.value.message
    assert "/T/B" not in caught.value.message


def test_a_secret_that_can_t_be_read_is_a_failure_to_tell(monkeypatch):
    reference = secret(monkeypatch)
    monkeypatch.delenv(str("TRISTAN_TEST_SECRET"))
    with answering.Server([(200, {}, b"")]) as receiver:
        with pytest.raises(errors.NotifyFailed) as caught:
            notify.send(
                Notify("webhook", receiver.url, reference, "always"), told(), DELIVERY, None
            )
    assert "TRISTAN_TEST_SECRET is not set" in caught.value.message
    assert receiver.requests == []


# --- mail ---


def mail(server, monkeypatch=None, addresses=("a@example.com", "b@example.com"), **changes):
    made = {"host": "127.0.0.1", "port": server.port, "username": "", "password": None,
            "sender": "tristan@example.com", "security": "none"}  # fmt: skip
    if monkeypatch is not None:
        made.update(username="robot", password=secret(monkeypatch, "pass word"))
    settings = Settings("tristan.yml", Smtp(**dict(made, **changes)))
    phases = [dict(phase("source"), state="failed", wall_seconds=2.0), phase("build")]
    failed = told(phases=phases, message="no such f\u00eblder", cause="script_failed")
    notify.send(Notify("mail", addresses, None, "always"), failed, DELIVERY, settings)


def text_of(message):
    read = email.message_from_string(message.data.decode("ascii"))
    return read, read.get_payload(decode=True).decode("utf-8")


def test_mail_says_what_a_person_wants_to_know():
    with smtp.Server() as server:
        mail(server)
    (message,) = server.messages
    assert message.sender == "tristan@example.com"
    assert message.recipients == ["a@example.com", "b@example.com"]
    read, text = text_of(message)
    assert read["Subject"] == "[tristan] shop main: failed"
    assert (read["From"], read["To"]) == ("tristan@example.com", "a@example.com, b@example.com")
    assert read["Message-ID"] == "<%s@example.com>" % DELIVERY
    assert read["Date"] and read["Auto-Submitted"] == "auto-generated"
    for part in ("no such f\u00eblder", "script_failed", BUILD, "  last line\n", "before", "  source  failed 2.0 s\n",
                 "tristan logs 9c1e4f2a", "tristan build shop --branch main"):  # fmt: skip
        assert part in text


def test_a_subject_of_more_than_ascii_is_encoded_and_stays_one_line():
    from controller.notify import mail as way

    ref = {"kind": "branch", "name": "gr\u00fcn\r\nBcc: x@example.com", "commit": ""}
    read = email.message_from_string(
        way.message(told(ref=ref), DELIVERY, "t@e.example", ["a@e.example"])
    )
    data, charset = email.header.decode_header(read["Subject"])[0]
    assert data.decode(charset) == "[tristan] shop gr\u00fcn Bcc: x@example.com: failed"
    assert read["Bcc"] is None


@pytest.fixture
def trusted(tmpdir, monkeypatch):
    made = certificates.make(str(tmpdir))
    monkeypatch.setenv(str("SSL_CERT_FILE"), str(made.ca_file))
    return made


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mail_goes_over_tls_and_the_login_too(trusted, monkeypatch, security):
    with smtp.Server(security, trusted, ("robot", "pass word")) as server:
        mail(server, monkeypatch, security=security)
    assert len(server.messages) == 1
    in_clear = (
        server.commands[: server.commands.index("STARTTLS")] if security == "starttls" else []
    )
    assert not [line for line in in_clear if line.startswith(("AUTH", "MAIL"))]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_is_not_trusted_gets_no_mail(tmpdir, monkeypatch, security):
    monkeypatch.delenv(str("SSL_CERT_FILE"), raising=False)
    made = certificates.make(str(tmpdir))
    with smtp.Server(security, made, ("robot", "pass word")) as server:
        with pytest.raises(errors.NotifyFailed) as caught:
            mail(server, monkeypatch, security=security)
    assert "certificate verify failed" in caught.value.message.lower()
    assert not [line for line in server.commands if line.startswith(("AUTH", "MAIL"))]


def test_a_server_without_starttls_gets_no_mail_in_clear(monkeypatch):
    with smtp.Server(login=("robot", "pass word")) as server:
        with pytest.raises(errors.NotifyFailed) as caught:
            mail(server, monkeypatch, security="starttls")
    assert "502" in caught.value.message
    assert not [line for line in server.commands if line.startswith(("AUTH", "MAIL"))]


def test_a_refused_login_a_refused_address_and_a_server_that_is_not_there(monkeypatch):
    with smtp.Server(login=("robot", "other")) as server:
        with pytest.raises(errors.NotifyFailed) as caught:
            mail(server, monkeypatch)
        assert "the login is refused" in caught.value.message
        assert "pass word" not in caught.value.message
    with smtp.Server(refuses=["a@example.com"]) as server:
        with pytest.raises(errors.NotifyFailed) as caught:
            mail(server)
        assert "refused for a@example.com" in caught.value.message
        assert server.messages[0].recipients == ["b@example.com"]
        with pytest.raises(errors.NotifyFailed) as caught:
            mail(server, addresses=["a@example.com"])
        assert "550 no such user here" in caught.value.message
    with pytest.raises(errors.NotifyFailed) as caught:
        mail(server)
    assert "refused" in caught.value.message.lower()


def test_mail_without_a_server_is_a_failure(settings):
    with pytest.raises(errors.NotifyFailed) as caught:
        notify.send(notify.parse("mail:a@example.com"), told(), DELIVERY, settings)
    assert "add smtp:" in caught.value.remedy


def test_a_server_that_says_nothing_is_waited_for_only_so_long(monkeypatch):
    import socket

    from controller.notify import mail as way

    monkeypatch.setattr(way, "TIMEOUT", 0.2)
    silent = socket.socket()
    silent.bind(("127.0.0.1", 0))
    silent.listen(1)
    Silent = collections.namedtuple("Silent", "port")
    with pytest.raises(errors.NotifyFailed) as caught:
        mail(Silent(silent.getsockname()[1]))
    silent.close()
    assert "timed out" in caught.value.message


def test_nothing_is_left_open(tmpdir, settings):
    script(tmpdir, "exit 0\n")
    run(settings)
    gc.collect()  # what other tests left may be closed at any time
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        run(settings)
    assert len(os.listdir("/proc/self/fd")) <= before
