"""The filebeat.yml of a machine: which files of its builds are shipped, and how.

Job: turn a machine's place into patterns of real files, none of which is ever replaced by rename.
In: a settings Machine. Out: text.
"""

from __future__ import absolute_import, print_function, unicode_literals

import json
import re

from controller import errors, remote_command, render
from controller.plan import BUSINESS_ID

TEMPLATE = "filebeat.yml.j2"

ATTEMPT = "%s/run/%s/builds/%s/%s/"
"""Of an executor, a build and a try at it."""


def configuration(machine):
    """:param machine: settings Machine. :returns: text of its filebeat.yml."""
    business = remote_command.business_directory(machine.root, BUSINESS_ID)
    if "%{" in business or "${" in business:
        raise errors.UsageError(
            "in the root of %s Filebeat would see a variable" % machine.name,
            remedy="give the machine a root without %{ and ${",
        )
    below = ATTEMPT % (for_glob(business), "*", "*", "*")
    keys = ("%{executor_id}", "%{build_id}", "%{attempt|integer}")
    return render.render(
        TEMPLATE,
        machine=machine.name,
        name_in_yaml=for_yaml(machine.name),
        root=business,
        id_events=for_yaml("tristan-%s-events" % machine.name),
        id_log=for_yaml("tristan-%s-log" % machine.name),
        events=for_yaml(below + "events.jsonl"),
        log=for_yaml(below + "log"),
        tokenizer=for_yaml(ATTEMPT % ((business,) + keys) + "log"),
    )


def for_yaml(text):
    """A text as YAML reads it, whatever it holds: JSON's strings are YAML's."""
    return json.dumps(text)


def for_glob(path):
    """A path that a pattern of Go's filepath.Glob takes literally."""
    return re.sub(r"([*?\[\\])", r"\\\1", path)
