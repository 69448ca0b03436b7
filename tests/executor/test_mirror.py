"""Mirrors outside of a build, as `refresh` fetches into them."""

from __future__ import absolute_import, print_function, unicode_literals

import os

import pytest

from business_hyper_fusion import compat, outcome
from business_hyper_fusion.control import Control
from business_hyper_fusion.errand import Errand, Place
from business_hyper_fusion.source import Source
from tests.lab import process


@pytest.fixture
def fetch(machine, tmpdir):
    """Function (address) -> commit of main."""
    place = Place(str(tmpdir.join("place")))
    place.prepare({})

    def run(address):
        request = compat.native(machine.request(str(address)))
        control = Control(place, {"soft_seconds": 60, "hard_seconds": 60})
        return Source(Errand(machine.release, request, place, {}, control)).fetch()

    return run


def test_fetches_without_a_source(fetch, machine, address, shop):
    assert fetch(address) == shop.git(["rev-parse", "HEAD"]).strip()
    assert (
        len([name for name in os.listdir(machine.business.mirrors) if name.endswith(".git")]) == 1
    )
    assert not os.path.exists(machine.business.run)


def test_a_repository_around_it_does_not_count(fetch, address, tmpdir, monkeypatch):
    """A login's home can be a repository; its configuration would send git elsewhere."""
    home = tmpdir.mkdir("home")
    process.output(["git", "init", "-q", str(home)])
    gone = address.replace("shop", "gone")
    words = ["git", "-C", str(home), "config", "url.%s.insteadOf" % address, gone]
    process.output(words)
    monkeypatch.chdir(str(home))
    with pytest.raises(outcome.Ended) as caught:
        fetch(gone)
    assert caught.value.cause == "repository_unavailable"
