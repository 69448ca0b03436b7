"""Rules for names, ids, environment and numbers.

In:  text and whole numbers. Out: None, or `Refused`.
"""

from __future__ import absolute_import, print_function

import re

from business_hyper_fusion.grammar.refused import (
    Refused,
    bounded,
    matching,
    printable,
    text_of,
    whole,
)

VALUE_BYTES = 32 * 1024
LINE_BYTES = 1024
SCRIPT_BYTES = 1024 * 1024
WEEK = 7 * 24 * 3600
MONTH = 30 * 24 * 3600

_LANGUAGE = re.compile(r"[a-z][a-z0-9]{0,31}\Z")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}\Z")
_TREE_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}\Z")
_BUILD_ID = re.compile(r"[0-9]{8}T[0-9]{9}-[0-9a-f]{8}\Z")
_EXECUTOR_ID = re.compile(r"[1-9][0-9]{0,3}\Z")
_RELEASE = re.compile(r"[0-9a-f]{64}\Z")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z\Z")
_USERNAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@\\+-]{0,127}\Z")
_HOST = re.compile(r"[A-Za-z0-9_:](?:[A-Za-z0-9_.:%-]{0,251}[A-Za-z0-9_:])?\Z")
_ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}\Z")

_RESERVED = {
    "TRISTAN_": "Tristan sets these itself",
    "LD_": "it changes what the dynamic loader runs",
    "DYLD_": "it changes what the dynamic loader runs",
    "GIT_": "it changes what git runs",
    "DOCKER_": "it changes which engine is used",
    "SSH_": "it changes what ssh runs",
}
_RESERVED_WHOLE = {
    "BASH_ENV": "the shell would run that file",
    "BASHOPTS": "it changes how the shell reads scripts",
    "BASH_XTRACEFD": "it changes where the shell writes",
    "CDPATH": "it changes where cd leads",
    "ENV": "the shell would run that file",
    "GLOBIGNORE": "it changes how the shell reads scripts",
    "HOME": "Tristan sets it to the project's cache",
    "IFS": "it changes how the shell reads scripts",
    "PATH": "it changes which programs run",
    "POSIXLY_CORRECT": "it changes how the shell reads scripts",
    "PROMPT_COMMAND": "the shell would run it",
    "PS4": "the shell would run it while tracing",
    "SHELLOPTS": "it changes how the shell reads scripts",
}


def check_project_name(value):
    """Refuse what is no name of a project in tristan.yml."""
    _check_name(value, "a project name")


def check_machine_name(value):
    """Refuse what is no name of a machine (or server, registry, profile) in tristan.yml."""
    _check_name(value, "a name")


def _check_name(value, what):
    rule = (
        "%s must be 1 to 63 characters of a-z 0-9 . _ - and begin with a letter or a digit" % what
    )
    matching(_NAME, rule, value, what)


def check_build_id(value):
    """Refuse what is no whole build id, e.g. ``20261121T065512123-9c1e4f2a``."""
    rule = "a build id must look like 20261121T065512123-9c1e4f2a"
    matching(_BUILD_ID, rule, value, "a build id")


def check_executor_id(value):
    """Refuse what is no id of an executor or a business: "1" to "9999"."""
    rule = "an executor id must be a number from 1 to 9999, as text"
    matching(_EXECUTOR_ID, rule, value, "an executor id")


def check_release(value):
    """Refuse what is no hash of a release: 64 hexadecimal digits in lower case."""
    rule = "a release must be 64 hexadecimal digits in lower case"
    matching(_RELEASE, rule, value, "a release")


def check_time(value):
    """Refuse what is no UTC time with milliseconds, e.g. ``2026-11-21T06:55:12.123Z``."""
    matching(_TIME, "a time must look like 2026-11-21T06:55:12.123Z", value, "a time")


def check_language(value):
    """Refuse what can't be a language's name; it is its pack's folder as well."""
    rule = "a language must be 1 to 32 letters a-z and digits, and begin with a letter"
    matching(_LANGUAGE, rule, value, "a language")
    if text_of(value, "a language") == "common":
        raise Refused("a language can't be called common: what all packs share is there")


def check_tree_name(value):
    """Refuse what is no name of a pushed tree; it becomes a directory's."""
    rule = "a tree's name must be 1 to 100 characters of a-z 0-9 . _ - and begin with a letter or a digit"
    matching(_TREE_NAME, rule, value, "a tree's name")


def check_host(value):
    """Refuse what is no host name, IPv4 or (unbracketed) IPv6 address."""
    text = bounded(value, "a host", 253)
    if text.startswith("-"):
        raise Refused("a host must not begin with '-'", value)
    rule = "a host must be a host name or an IP address (without port, user or brackets)"
    matching(_HOST, rule, value, "a host")


def check_username(value):
    """Refuse what is no login name."""
    text = bounded(value, "a username", 128)
    if text.startswith("-"):
        raise Refused("a username must not begin with '-'", value)
    rule = "a username may only hold A-Z a-z 0-9 _ . @ + - and a backslash"
    matching(_USERNAME, rule, value, "a username")


def check_line(value):
    """Refuse what is no single printable line of at most 1 KiB."""
    printable(value, "this text", LINE_BYTES)


def check_script(value):
    """Refuse what can't be a script or a recipe: text of at most 1 MiB without NUL."""
    if "\x00" in bounded(value, "a script", SCRIPT_BYTES):
        raise Refused("a script must not contain NUL")


def check_script_form(value):
    """Refuse what is no script as a request carries it.

    Text; or, for a script that is not UTF-8, {"encoding": "latin-1", "text"}: a character for each byte.
    """
    if isinstance(value, dict):
        if sorted(value) != ["encoding", "text"] or value["encoding"] != "latin-1":
            raise Refused('a script must be text, or hold "encoding": "latin-1" and "text"')
        value = value["text"]
        if any(ord(character) > 255 for character in text_of(value, "a script")):
            raise Refused("a script in latin-1 must hold no character above 255")
    check_script(value)


def check_environment_name(value):
    """Refuse a variable that is no name, is Tristan's, or changes what the host runs."""
    text = text_of(value, "an environment name")
    if not _ENVIRONMENT_NAME.match(text):
        raise Refused(
            "an environment name must be letters, digits and _ and not begin with a digit", value
        )
    if text in _RESERVED_WHOLE:
        raise Refused("this environment name is reserved (%s)" % _RESERVED_WHOLE[text], value)
    prefix = text.partition("_")[0] + "_"
    if prefix in _RESERVED and "_" in text:
        raise Refused("names in %s* are reserved (%s)" % (str(prefix), _RESERVED[prefix]), value)


def check_environment_value(value):
    """Refuse a value with control characters (a tab is fine) or over 32 KiB; "" is fine.

    A refused value is not printed: it may be a secret.
    """
    what = "an environment value"
    broken = ""
    try:
        if text_of(value, what):
            printable(value, what, VALUE_BYTES, tabs=True)
    except Refused as refused:
        broken = refused.rule
    if broken:  # raised out here, so that no traceback carries the refusal with the value
        raise Refused(broken)


def check_seconds(value):
    """Refuse what is no time limit in seconds: 1 to a week."""
    whole(value, "a time limit", 1, WEEK)


def check_kept_seconds(value):
    """Refuse what is no time to keep something, in seconds: 0 (not at all) to 30 days."""
    whole(value, "a time to keep", 0, MONTH)


def check_stall_seconds(value):
    """Refuse what is no time without progress, in seconds: 5 to an hour."""
    whole(value, "a time without progress", 5, 3600)


def check_kept_builds(value):
    """Refuse what is no number of builds that are kept: 1 to 10000."""
    whole(value, "a number of builds", 1, 10000)


def check_disk_bytes(value):
    """Refuse what is no part of a disk, in bytes: 0 to 1 PiB."""
    whole(value, "a part of a disk", 0, 1024**5)


def check_attempt(value):
    """Refuse what is no number of an attempt: 1 to 1000."""
    whole(value, "an attempt", 1, 1000)


def check_pids(value):
    """Refuse what is no limit of processes: 16 to 1000000."""
    whole(value, "a limit of processes", 16, 1000000)


def check_log_bytes(value):
    """Refuse what is no size limit of a log, in bytes: 1 KiB to 16 GiB."""
    whole(value, "a log limit", 1024, 16 * 1024**3)


def check_port(value):
    """Refuse what is no TCP port."""
    whole(value, "a port", 1, 65535)
