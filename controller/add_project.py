"""Writes a project into tristan.yml: as text, so that comments, order and line ends stay.

Job: put an entry below `projects:`, take the result only when every other setting stays what it is.
In: the path of tristan.yml, a name, the entry's keys in order. Out: the entry as text, the file replaced at once.
"""

from __future__ import absolute_import, print_function, unicode_literals

import io
import json
import os
import re

from controller import compat, errors, settings
from controller.settings import defaults

_SECTION = re.compile(r"""(?:projects|"projects"|'projects')[ ]*:(.*)$""")
_NOTHING = re.compile(r"\s*(?:\{\s*\}|~|null|Null|NULL)?\s*(#.*)?$")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._/-]*\Z")
_WORDS = ("true", "false", "null")


def add(path, name, entry):
    """:param entry: list of (key, text). :returns: text, the lines that were added.

    :raises errors.UsageError: it can't be added here. :raises errors.LocalFileError: it can't be written.
    """
    before = settings.load(path)
    if name in before.projects:
        raise errors.UsageError(
            "there is a project %s in %s already" % (name, path), "give another name"
        )
    content = read(path)
    text = content.decode("utf-8")
    added, lines = inserted(text, name, entry)
    check(path, added.encode("utf-8"), name, before, lines)
    replace(os.path.realpath(path), content, added.encode("utf-8"))
    return lines


def inserted(text, name, entry):
    """(text of the whole file, text of the entry). :param text: text with any line ends."""
    end = "\r\n" if "\r\n" in text else "\n"
    lines = [line.rstrip("\r") for line in text.split("\n")]
    if lines[-1] == "":
        lines.pop()
    first = section(lines)
    if first is None:
        added = written(name, entry, "  ")
        lines += [""] * bool(lines) + ["projects:"] + added
    else:
        last = block_end(lines, first)
        added = written(name, entry, indentation(lines[first + 1 : last + 1]))
        spaced = any(not line.strip() for line in lines[first + 1 : last + 1])
        lines[last + 1 : last + 1] = [""] * spaced + added
    return end.join(lines) + end, "\n".join(added)


def section(lines):
    """The index of the line `projects:`, which is brought into the form for a block; None when there is none."""
    for number, line in enumerate(lines):
        found = _SECTION.match(line)
        if found is None:
            continue
        nothing = _NOTHING.match(found.group(1))
        if nothing is None:
            raise errors.UsageError(
                "projects: is written in one line in tristan.yml",
                "write it over several lines, or add the project by hand",
            )
        if found.group(1).strip() and not found.group(1).strip().startswith("#"):
            comment = nothing.group(1)
            lines[number] = "projects:" + ("  " + comment if comment else "")
        return number
    return None


def block_end(lines, first):
    """The index of the last line of the block that line `first` begins."""
    last = first
    for number in range(first + 1, len(lines)):
        line = lines[number]
        if line.startswith(" ") and line.strip():
            last = number
        elif line.strip() and not line.startswith("#"):
            break
    return last


def indentation(block):
    for line in block:
        if line.strip() and not line.strip().startswith("#"):
            return line[: len(line) - len(line.lstrip(" "))]
    return "  "


def written(name, entry, indent):
    """The lines of an entry."""
    lines = ["%s%s:" % (indent, scalar(name))]
    return lines + ["%s%s: %s" % (indent * 2, key, scalar(value)) for key, value in entry]


def scalar(text):
    """Text as YAML: as it is when nothing else could be read there, else as JSON, which is YAML too."""
    if _PLAIN.match(text) and text.lower() not in _WORDS:
        return text
    return json.dumps(text, ensure_ascii=False)


def check(path, content, name, before, lines):
    """Whether the file would be without faults, and say everything else that it says now."""
    try:
        after = settings.load(path, content)
    except errors.SettingsError as error:
        raise errors.UsageError(
            "the project %s would be a fault: %s"
            % (name, "; ".join("%s: %s" % one for one in error.faults)),
            "nothing was written",
        )
    kept = defaults.ordered((key, one) for key, one in after.projects.items() if key != name)
    same = after._replace(projects=kept, update_time=0) == before._replace(update_time=0)
    if not same or name not in after.projects:
        raise errors.UsageError(
            "%s is written in a way that nothing can be added to safely" % path,
            "add this below projects: by hand:\n" + lines,
        )


def read(path):
    with io.open(path, "rb") as opened:
        return opened.read()


def replace(path, content, added):
    """The file with the entry, at once and with its mode; unless somebody else has written it meanwhile."""
    temporary = "%s.%d.new" % (path, os.getpid())
    try:
        try:
            write_like(path, temporary, added)
            if read(path) != content:
                raise errors.UsageError("%s was changed just now" % path, "try again")
            os.rename(temporary, path)
        finally:
            if os.path.lexists(temporary):
                os.unlink(temporary)
    except EnvironmentError as error:
        raise errors.LocalFileError(
            "%s can't be written: %s" % (path, error.strerror), "nothing was changed"
        )


def write_like(path, temporary, content):
    """A new file with the mode, and where it may be with the owner, of another one."""
    like = os.stat(path)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with os.fdopen(os.open(compat.path_bytes(temporary), flags, 0o600), "wb") as target:
        target.write(content)
        target.flush()
        if os.geteuid() == 0:
            os.fchown(target.fileno(), like.st_uid, like.st_gid)
        os.fchmod(target.fileno(), like.st_mode & 0o7777)
        os.fsync(target.fileno())
