"""One operator a test file; the builds of a file share the machine, as builds do."""

from __future__ import absolute_import, print_function, unicode_literals

import pytest

from tests.end_to_end.operator import Operator


@pytest.fixture(scope="module")
def operator(engine, python_image, nodejs_image, executor_python):
    """An Operator whose machine is enrolled."""
    found = Operator(
        engine, python=executor_python, python_image=python_image, nodejs_image=nodejs_image
    )
    try:
        found.enroll()
        yield found
    finally:
        found.stop()
