"""What is believed of a machine's answers."""

from __future__ import absolute_import, print_function, unicode_literals

import pytest

from controller import answer, errors
from tests.controller import statuses
from tests.controller.local_transport import LocalTransport

BUILD = "20261121T065512123-9c1e4f2a"


def ask(script, timeout=60):
    channel = LocalTransport().open(script)
    try:
        return answer.read(channel, timeout, "asking")
    finally:
        channel.close()


def test_answer_behind_noise():
    found = ask("""echo 'Welcome {to} the machine'; echo '{"answer": "have"}'""")
    assert found == {"answer": "have"}


@pytest.mark.parametrize(
    "script", ["true", "echo '[1]'", "echo '{\"other\": 1}'", "printf '\\377{'"]
)
def test_no_answer_is_an_error_with_what_was_said(script):
    with pytest.raises(errors.ProtocolError) as raised:
        ask("echo the reason >&2; " + script)
    assert "the reason" in raised.value.message


def test_silence_counts_as_a_lost_connection():
    with pytest.raises(errors.ConnectionLost):
        ask("cat", 0.1)


def test_whole_statuses_are_believed_and_others_left_out():
    good = statuses.running(BUILD)
    said = {
        "builds": [good, {}, None, dict(good, state="done"), dict(good, extra=1)],
        "executors": {
            "1": {"busy": True, "build_id": BUILD},
            "2": {"busy": "yes", "build_id": None},
            "3": [],
        },
        "load": [1.0, 2, 3.5],
        "processors": 2,
    }
    believed = answer.believed_builds(said)
    assert believed["builds"] == [good]
    assert list(believed["executors"]) == ["1"]
    assert believed["load"] == [1.0, 2, 3.5]
    assert believed["processors"] == 2


@pytest.mark.parametrize(
    "said", [{}, {"builds": 1, "executors": [], "load": "x", "processors": True}]
)
def test_an_answer_of_another_shape_is_empty(said):
    empty = {"builds": [], "executors": {}, "load": None, "processors": None, "absent": None}
    assert answer.believed_builds(said) == empty


def test_a_status_that_is_none_is_named():
    with pytest.raises(errors.ProtocolError) as raised:
        answer.believed_status({"state": "done"}, "cancel on builder-1")
    assert "cancel on builder-1" in raised.value.message
