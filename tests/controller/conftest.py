"""Fixtures of the controller's tests."""

from __future__ import absolute_import, print_function, unicode_literals

import pytest

from tests.controller.workshop import Workshop


@pytest.fixture
def workshop(repositories, git_over_http):
    """Machines on this host, and a project `shop` with a branch `main` and a tag `v1`."""
    shop = repositories.create("group/shop")
    shop.commit({"README": "shop\n"}, "First")
    shop.tag("v1")
    made = Workshop(git_over_http.address("group/shop"), shop)
    yield made
    made.remove()
