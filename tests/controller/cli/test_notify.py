"""``tristan notify``: who is told, what is said when somebody could not be."""

from __future__ import absolute_import, print_function, unicode_literals

import json

from controller import errors
from tests.controller.cli import fake


def test_everybody_is_told_again(tristan):
    controller = fake.Controller()
    result = tristan("notify", "9c1e4f2a", controller=controller)
    assert controller.calls == [("notify", "9c1e4f2a", [])]
    assert result == (0, "\u2714 mail to a@example.com\n", "")


def test_those_that_are_named_are_told(tristan):
    controller = fake.Controller()
    words = ["--to", "https://h/x", "--to", "command:say done"]
    tristan("notify", "9c1e4f2a", *words, controller=controller)
    assert controller.calls == [("notify", "9c1e4f2a", ["https://h/x", "command:say done"])]


def test_who_could_not_be_told_is_named(tristan):
    controller = fake.Controller()
    failure = errors.NotifyFailed("the webhook at https://h: it answered 500", "is it up?")
    controller.told = controller.told + [("the webhook at https://h", failure)]
    result = tristan("notify", "9c1e4f2a", controller=controller)
    assert result.code == 3
    assert result.out.splitlines()[1] == "\u2718 the webhook at https://h: it answered 500"
    assert "is it up?" in result.err
    result = tristan("notify", "9c1e4f2a", "--json", controller=controller)
    assert result.code == 3
    assert json.loads(result.out) == [
        {"to": "mail to a@example.com", "told": True, "error": "", "remedy": ""},
        {
            "to": "the webhook at https://h",
            "told": False,
            "error": failure.message,
            "remedy": "is it up?",
        },
    ]


def test_nobody_to_tell_is_wrong_usage(tristan):
    controller = fake.Controller()
    controller.told = []
    result = tristan("notify", "9c1e4f2a", controller=controller)
    assert result.code == 2
    assert "--to" in result.err
