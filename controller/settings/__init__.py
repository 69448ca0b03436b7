"""The operator's tristan.yml: read, checked as a whole, and handed out as `Settings`.

In:  the path of the file.
Out: `load` gives Settings, or errors.SettingsError with every fault; nothing is half-loaded.
"""

from __future__ import absolute_import, print_function, unicode_literals

import os

import six

from controller import errors
from controller.settings import (
    certificates,
    checked,
    document,
    notices,
    references,
    resolve,
    scripts,
)
from controller.settings.model import (
    BuildProfile,
    Checkout,
    Disk,
    DockerRegistry,
    Engine,
    GitServer,
    Limits,
    Machine,
    Notify,
    Project,
    Settings,
    Smtp,
)

__all__ = [
    "BuildProfile",
    "Checkout",
    "Disk",
    "DockerRegistry",
    "Engine",
    "GitServer",
    "Limits",
    "Machine",
    "Notify",
    "Project",
    "Settings",
    "Smtp",
    "load",
]


def load(path, content=None):
    """Read tristan.yml.

    :param path: text.
    :param content: bytes to take for the file's own, which is not read then.
    :return: Settings.
    :raise errors.SettingsError: with all faults as (key path, message), in the file's order.
    """
    path = six.ensure_text(path)
    directory = os.path.dirname(os.path.abspath(path))
    read = document.read(path) if content is None else document.taken(content)
    texts = {}
    if read.data is not None:
        _check_shape(read.data, read.faults)
        references.check(read.data, read.faults)
        notices.check(read.data, read.faults)
        texts = _texts(read.data, directory, read.faults)
    if read.faults:
        raise _settings_error(path, read.faults)
    return resolve.settings(read.data, path, read.update_time, (directory, texts))


def _check_shape(data, faults):
    """What was found right before is not checked again: importing jsonschema takes longer than all else here."""
    if checked.is_known("shape", data):
        return
    from controller.settings import shape

    shape.check(data, faults)
    if not faults:
        checked.remember("shape", data)


def _texts(data, directory, faults):
    """What stands in the files that tristan.yml names: {(section, name, key): text}."""
    found = {}
    for reader in (scripts, certificates):
        for section in reader.SECTIONS:
            entries = references.entries(data, section)
            found.update(reader.read(section, entries, directory, faults))
    return found


def _settings_error(path, faults):
    count = "1 fault" if len(faults) == 1 else "%d faults" % len(faults)
    return errors.SettingsError(
        "%s has %s" % (path, count),
        faults.listed(),
        "mend it, then: tristan config check; docs/configuration.md explains every key",
    )
