"""``tristan build`` and ``logs``: what is asked of the controller, what is shown, how it ends."""

from __future__ import absolute_import, print_function, unicode_literals

import json
import signal

import pytest

from controller.cli import progress, watching
from tests.controller.cli import fake

RUNNING = fake.status(
    "running",
    phases=[fake.phase("sync", "success", wall_seconds=0.1), fake.phase("build", "running")],
)
LOG = b"\x1b]52;c;x\x07raw \xff bytes\n"


def test_build_shows_the_log_and_ends_with_the_outcome(tristan):
    controller = fake.Controller([("status", RUNNING), ("log", LOG), ("note", "again in 1 s")])
    words = ["build", "shop", "--branch", "main", "--machine", "builder-1", "--wait"]
    words += ["--param", "LEVEL=debug", "--param", "EMPTY=", "--param", "A=b=c"]
    result = tristan(*words, controller=controller)
    params = [("LEVEL", "debug"), ("EMPTY", ""), ("A", "b=c")]
    assert controller.calls == [
        ("plan", "shop", "main", None, None, "builder-1", params),
        ("build", True, True),
        ("watch", fake.BUILD_ID, 0),
    ]
    assert result.code == 0
    assert result.err.splitlines() == [
        "Build 20261121T065512123-9c1e4f2a runs on builder-1, executor 1.",
        "==> sync",
        "==> build",
        "tristan: again in 1 s",
        "\u2714 success  shop branch main in 42s on builder-1",
        "  build   20261121T065512123-9c1e4f2a",
        "  commit  1a2b3c4d5e6f1a2b3c4d5e6f1a2b3c4d5e6f1a2b",
        "  files   builder-1:/data/a/dist/shop.whl (2.0 KiB)",
        "  get     tristan artifacts 9c1e4f2a --get DIR",
        "  log     tristan logs 9c1e4f2a",
    ]


def test_in_a_pipe_stdout_is_the_logs_own_bytes(capfdbinary):
    from controller.cli import main
    from controller.cli.session import Session

    controller = fake.Controller(
        [("status", RUNNING), ("log", LOG), ("note", "x"), ("log", b"no end")]
    )
    main(["logs", "9c1e4f2a", "--follow"], Session(controller, fake.Settings()))
    assert capfdbinary.readouterr()[0] == LOG + b"no end"


@pytest.mark.parametrize(
    "state, code",
    [("success", 0), ("failed", 1), ("error", 3), ("timeout", 4), ("cancelled", 5), ("lost", 6)],
)
@pytest.mark.parametrize("words", [["build", "shop"], ["logs", "9c1e4f2a", "--follow"]])
def test_the_exit_code_is_the_outcome(tristan, state, code, words):
    controller = fake.Controller(final=fake.status(state, message="what to do"))
    result = tristan(*words, controller=controller)
    assert result.code == code
    assert " %s  shop" % state in result.err
    assert "what to do" in result.err


def test_without_declared_files_the_source_is_named(tristan):
    controller = fake.Controller(final=fake.status(artifacts=[]))
    err = tristan("build", "shop", controller=controller).err
    assert "  source  builder-1:/data/tristan/1/run/1/git.example.com/group/shop/branches" in err


def test_what_a_failed_build_left_is_named(tristan):
    left = {"workspace": "/data/a/workspace/source", "kept_until": "2026-11-21T10:55:12.123Z"}
    controller = fake.Controller(final=fake.status("failed", artifacts=[], **left))
    for words in (["build", "shop"], ["status", "9c1e4f2a"]):
        result = tristan(*words, controller=controller)
        text = result.err + result.out
        assert "tristan shell 9c1e4f2a   (kept until 2026-11-21 10:55:12 UTC)" in text
        assert "/data/a/workspace/source" in text and "/branches" not in text


def test_of_many_files_some_are_named(tristan):
    many = [{"path": "/a/%d" % number, "size": 1} for number in range(500)]
    err = tristan(
        "build", "shop", controller=fake.Controller(final=fake.status(artifacts=many))
    ).err
    assert "and 490 more: tristan artifacts 9c1e4f2a" in err
    assert len(err.splitlines()) < 20


def test_json_leaves_stdout_to_the_result(tristan):
    controller = fake.Controller([("status", RUNNING), ("log", b"hello\n")])
    result = tristan("build", "shop", "--json", controller=controller)
    assert json.loads(result.out) == fake.status()
    assert "hello\n" in result.err


def test_detach_writes_the_id_and_watches_nothing(tristan):
    controller = fake.Controller()
    result = tristan("build", "shop", "--detach", controller=controller)
    assert (result.code, result.out) == (0, fake.BUILD_ID + "\n")
    assert [call[0] for call in controller.calls] == ["plan", "build"]
    assert controller.calls[-1] == ("build", False, False)
    assert "tristan logs 9c1e4f2a --follow" in result.err
    assert "tristan cancel 9c1e4f2a" in result.err
    document = json.loads(tristan("build", "shop", "--detach", "--json").out)
    assert document["build_id"] == fake.BUILD_ID
    assert document["machine"] == "builder-1"


def test_a_slot_that_has_its_build_is_told_and_gone_on_with(tristan):
    controller = fake.Controller()
    words = ("build", "shop", "--detach", "--slot", "nightly 1")
    result = tristan(*words, controller=controller)
    assert (result.code, result.out) == (0, "20261121T010000000-00000001\n")
    assert "Slot nightly 1 has its build already." in result.err
    assert controller.calls[-1][:2] == ("build_for", "nightly 1")


@pytest.mark.parametrize(
    "words",
    [["--detach", "--timeout", "5"], ["--detach", "--cancel-on-interrupt"],
     ["--param", "NOVALUE"], ["--param", "=x"], ["--timeout", "0"], ["--timeout", "soon"]],
)  # fmt: skip
def test_contradictions_are_refused_before_anything_is_asked(tristan, words):
    controller = fake.Controller()
    result = tristan("build", "shop", *words, controller=controller)
    assert (result.code, controller.calls) == (2, [])
    assert words[0] in result.err


def test_ctrl_c_while_launching_says_where_to_look(tristan):
    controller = fake.Controller()
    controller.raises["build"] = KeyboardInterrupt()
    result = tristan("build", "shop", "--wait", controller=controller)
    assert result.code == 130
    assert "tristan status 9c1e4f2a" in result.err


def test_timeout_ends_the_watching_alone(tristan):
    def let_it_expire():
        assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 600
        signal.setitimer(signal.ITIMER_REAL, 0.001)

    steps = [("status", RUNNING), ("log", b"12345"), ("call", let_it_expire), ("sleep", 60)]
    controller = fake.Controller(steps)
    result = tristan("build", "shop", "--timeout", "600", controller=controller)
    assert result.code == 7
    assert "stopped watching after 600 s" in result.err
    assert "tristan logs 9c1e4f2a --follow --offset 5" in result.err
    assert ("cancel",) not in [call[:1] for call in controller.calls]


def test_logs_shows_what_is_there_and_does_not_wait_for_the_end(tristan):
    controller = fake.Controller([("status", RUNNING), ("log", b"so far\n")])
    result = tristan("logs", "9c1e4f2a", "--offset", "3", controller=controller)
    assert controller.calls == [("read_log", "9c1e4f2a", 3, None)]
    assert result == (0, "so far\n", "")


def test_logs_of_a_failed_build_is_no_failure(tristan):
    controller = fake.Controller([("log", b"so far\n")], final=fake.status("failed"))
    assert tristan("logs", "9c1e4f2a", controller=controller).code == 0


IMAGE = {
    "image": "127.0.0.1:5000/team/shop-main:1_202611210655",
    "id": "sha256:" + "1" * 64,
    "digest": "sha256:" + "2" * 64,
    "tags": ["latest", "main"],
}


def test_the_pushed_image_is_named_with_its_tags(tristan):
    controller = fake.Controller(final=fake.status(app_image=IMAGE))
    result = tristan("build", "shop", "--json", controller=controller)
    assert "  image   %s\n" % IMAGE["image"] in result.err
    assert "  digest  %s\n  tags    latest, main\n" % IMAGE["digest"] in result.err
    assert json.loads(result.out)["app_image"] == IMAGE
    shown = tristan("status", "9c1e4f2a", controller=controller).out
    assert "app image   %s\n" % IMAGE["image"] in shown
    without = fake.Controller(final=fake.status(app_image=dict(IMAGE, tags=[])))
    assert "tags" not in tristan("build", "shop", controller=without).err


def test_whom_to_tell_is_handed_on(tristan):
    controller = fake.Controller()
    words = ["--notify", "mail:a@example.com", "--notify", "https://h/x"]
    tristan("build", "shop", *words, controller=controller)
    assert controller.notify_texts == ["mail:a@example.com", "https://h/x"]


def test_a_timeout_is_over_when_the_build_has_ended(tristan):
    final = fake.status()
    left = []
    look = ("call", lambda: left.append(signal.getitimer(signal.ITIMER_REAL)[0]))
    controller = fake.Controller([("status", RUNNING), look, ("status", final), look])
    assert tristan("build", "shop", "--timeout", "600", controller=controller).code == 0
    assert left[0] > 0 and left[1] == 0


def test_a_timeout_that_comes_just_when_the_build_has_ended_is_none(tristan):
    """The end is shown, and the clock is not stopped yet."""
    ended = ("status", fake.status())
    controller = fake.Controller([ended, ("log", b"12345")])
    late = [watching.WatchExpired()]
    ended[1]["phases"] = Late(ended[1]["phases"], late)
    result = tristan("build", "shop", "--timeout", "600", controller=controller)
    assert (result.code, late) == (0, [])
    assert "still runs" not in result.err
    assert result.out == "12345"


class Late(list):
    """Phases that are being shown when something comes up."""

    def __init__(self, phases, coming):
        super(Late, self).__init__(phases)
        self._coming = coming

    def __iter__(self):
        if self._coming:
            raise self._coming.pop()
        return super(Late, self).__iter__()


def test_who_reads_no_more_of_a_build_that_has_ended_is_not_told_that_it_runs(tristan):
    steps = [("status", fake.status()), ("call", lambda: raised(progress.ReaderGone()))]
    result = tristan("logs", "9c1e4f2a", "--follow", controller=fake.Controller(steps))
    assert (result.code, result.err.count("still runs")) == (141, 0)


def raised(error):
    raise error
