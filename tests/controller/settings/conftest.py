"""A tristan.yml of a test's own: written, loaded, its faults read."""

from __future__ import absolute_import, print_function, unicode_literals

import textwrap

import pytest

from controller import errors, settings


class Written(object):
    """:param directory: py.path of the test, where tristan.yml is written."""

    def __init__(self, directory):
        self.directory = directory
        self.path = directory.join("tristan.yml")

    def load(self, content):
        """:param content: bytes as they are, or text that may be indented."""
        if not isinstance(content, bytes):
            content = textwrap.dedent(content).encode("utf-8")
        self.path.write_binary(content)
        return settings.load(str(self.path))

    def faults(self, content):
        """:return: list of (key path, message); the file must have some."""
        with pytest.raises(errors.SettingsError) as caught:
            self.load(content)
        assert caught.value.faults
        return [tuple(fault) for fault in caught.value.faults]


@pytest.fixture
def written(tmpdir):
    return Written(tmpdir)
