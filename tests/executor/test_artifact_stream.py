"""The verb ``artifact``: what it sends, from where, and what it keeps to itself."""

from __future__ import absolute_import, print_function

import json
import os
import subprocess

import pytest

from business_hyper_fusion import compat
from tests.lab import python

CONTENT = b"\0\n{" + os.urandom(700000)


@pytest.fixture
def built(machine, address):
    """(machine, request) of a build whose artifacts are "dist/big" and "dist/s p"."""
    script = "mkdir -p dist; echo small >'dist/s p'; cp \"$BIG\" dist/big"
    path = os.path.join(machine.root, "content")
    with open(path, "wb") as target:
        target.write(CONTENT)
    request = machine.request(address, script, environment={"BIG": path})
    assert machine.run(request)["state"] == "success"
    return machine, request


def ask(machine, *questions):
    """:returns: bytes, what the verb answers."""
    package = os.path.join(machine.release, "business_hyper_fusion")
    child = subprocess.Popen(
        [python.interpreter(), "-E", "-S", "-B", package, "artifact"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    lines = b"".join(compat.to_bytes(json.dumps(question)) + b"\n" for question in questions)
    output = child.communicate(lines)[0]
    assert child.returncode == 0
    return output


def question(request, name="dist/big", offset=0, attempt=1):
    found = {"build_id": request["build_id"], "attempt": attempt, "name": name, "offset": offset}
    return found


def split(output):
    """:returns: (answer, the bytes behind it)"""
    line, _, rest = output.partition(b"\n")
    return json.loads(line.decode("ascii")), rest


@pytest.mark.parametrize(
    "offset, begins",
    [
        (0, 0),
        (1, 1),
        (300000, 300000),
        (len(CONTENT), len(CONTENT)),
        (len(CONTENT) + 1, 0),
        (-1, 0),
    ],
)
def test_from_any_offset(built, offset, begins):
    machine, request = built
    (listed,) = [one for one in machine.status(request)["artifacts"] if one["name"] == "dist/big"]
    answer, data = split(ask(machine, question(request, offset=offset)))
    assert answer.pop("answer") == "artifact"
    assert answer == {"offset": begins, "size": len(CONTENT), "sha256": listed["sha256"]}
    assert data == CONTENT[begins:]


def test_one_question_after_the_other(built):
    machine, request = built
    second = question(request, "dist/s p", 2, attempt=None)
    output = ask(machine, question(request, offset=len(CONTENT) - 3), {}, second)
    answer, rest = split(output)
    assert (answer["answer"], rest[:3]) == ("artifact", CONTENT[-3:])
    answer, rest = split(rest[3:])
    assert answer == {"answer": "absent"}
    assert split(rest)[1] == b"all\n"


def test_what_is_not_listed_is_absent(built):
    machine, request = built
    for changes in (
        {"name": "../status"},
        {"name": "/etc/passwd"},
        {"build_id": "../.."},
        {"attempt": 2},
    ):
        output = ask(machine, dict(question(request), **changes))
        assert json.loads(output.decode("ascii")) == {"answer": "absent"}


@pytest.mark.parametrize("name", ["../../../../data_data.json", "dist/big"])
def test_no_status_and_no_link_leads_out(built, name):
    """With isolation ``host`` a build could have written both."""
    machine, request = built
    attempt = machine.attempt(request)
    status = machine.status(request)
    status["artifacts"][0]["name"] = name
    with open(attempt.status, "w") as target:
        json.dump(status, target)
    os.rename(os.path.join(attempt.artifacts, "dist"), attempt.path + "/elsewhere")
    os.symlink(attempt.path + "/elsewhere", os.path.join(attempt.artifacts, "dist"))
    output = ask(machine, question(request, name))
    assert json.loads(output.decode("ascii")) == {"answer": "absent"}


def test_a_pipe_in_place_of_the_file_blocks_nothing(built):
    machine, request = built
    path = os.path.join(machine.attempt(request).artifacts, "dist", "big")
    os.unlink(path)
    os.mkfifo(path)
    assert json.loads(ask(machine, question(request)).decode("ascii")) == {"answer": "absent"}
