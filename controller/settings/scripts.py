"""The scripts of build profiles: text in tristan.yml, or files beside it.

In:  the build profiles as tristan.yml has them, and the directory it lies in.
Out: dict of (profile, key) to text with LF line ends; faults for what can't be read.
"""

from __future__ import absolute_import, print_function, unicode_literals

import io
import os

import six

from business_hyper_fusion import grammar
from business_hyper_fusion.grammar.values import SCRIPT_BYTES

KEYS = ("compile_to_execute", "package_to_docker", "dockerfile")


def read(profiles, directory, faults):
    """Read the scripts of all profiles.

    :param profiles: iterable of (name, dict).
    :param directory: text, where relative paths start.
    :param faults: Faults.
    :return: dict of (profile's name, key) to text; a script that is not given is left out.
    """
    found = {}
    for name, profile in profiles:
        for key in KEYS:
            key_path = ("build_profiles", name, key)
            if profile.get(key) is None or key_path in faults:
                continue
            try:
                text = _text(profile[key], directory)
                grammar.check_script(text)
                found[name, key] = text.replace("\r\n", "\n")
            except grammar.Refused as refused:
                faults.add(key_path, six.text_type(refused))
    return found


def _text(value, directory):
    if isinstance(value, six.text_type):
        return value
    path = absolute(value["file"], directory)
    try:
        with io.open(path, "rb") as opened:
            content = opened.read(SCRIPT_BYTES + 1)
    except EnvironmentError as error:
        broken = "file %s can't be read: %s" % (path, error.strerror)
    else:
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError as error:
            line = content[: error.start].count(b"\n") + 1
            broken = "file %s is not UTF-8 in its line %d" % (path, line)
    raise grammar.Refused(broken)


def absolute(path, directory):
    """:return: text, the path with ~ expanded, from the directory of tristan.yml."""
    return os.path.abspath(os.path.join(directory, os.path.expanduser(path)))
