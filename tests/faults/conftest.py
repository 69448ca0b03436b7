"""The operator of tests/end_to_end, for the tests of rows that need one."""

from __future__ import absolute_import, print_function, unicode_literals

import pytest

from tests.end_to_end.conftest import operator  # noqa: F401
from tests.faults.desk import Desk


@pytest.fixture
def desk(tmp_path):
    """A Desk."""
    return Desk(str(tmp_path))
