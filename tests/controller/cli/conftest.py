"""The command line in this process, its output captured as bytes."""

from __future__ import absolute_import, print_function, unicode_literals

import collections

import pytest

from controller.cli import main
from controller.cli.session import Session
from tests.controller.cli import fake

Result = collections.namedtuple("Result", "code out err")


@pytest.fixture(autouse=True)
def unicode_locale(monkeypatch):
    monkeypatch.setenv(str("LC_ALL"), str("C.UTF-8"))
    monkeypatch.delenv(str("NO_COLOR"), raising=False)


@pytest.fixture
def tristan(capfd):
    """Function: run ``tristan WORDS...`` against a fake controller, or the one that is given, or
    one of the given settings. :returns: Result with texts."""

    def run(*words, **given):
        controller = given.get("controller") or fake.Controller()
        session = Session(controller=controller, settings=given.get("settings") or fake.Settings())
        capfd.readouterr()
        code = main(list(words), session)
        out, err = capfd.readouterr()
        return Result(code, out, err)

    return run
