"""Rules for what is handed to git: refs, commits, addresses of repositories.

In:  text. Out: None, the parsed address, or `Refused`.

The ref rules are those of ``git check-ref-format``, plus: no leading "-" (git would take it for
an option), no "HEAD" or "@" (they are not names of branches), and at most 250 bytes.
"""

from __future__ import absolute_import, print_function

import re

from business_hyper_fusion.grammar.refused import Refused, bounded, printable

REF_BYTES = 250
ADDRESS_BYTES = 2000
SCHEMES = ("ssh", "http", "https", "git")

_REF_CHARACTERS = re.compile("[\x00-\x20\x7f~^:?*\\[\\\\]")
_COMMIT = re.compile(r"[0-9a-fA-F]{7,40}\Z")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)\Z", re.DOTALL)
_SCP = re.compile(r"([^/:\[\]]*)@(\[[^\]/]*\]|[^/:\[\]]*):(.*)\Z", re.DOTALL)
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,63}\Z")
_HOST = re.compile(
    r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}[A-Za-z0-9_])?|\[[0-9A-Fa-f:.]{2,45}\])\Z"
)
_ENCODED_CONTROL = re.compile(r"%(?:[01][0-9a-f]|7f)", re.IGNORECASE)

_ALLOWED = (
    "a repository address must be ssh://user@host/path, user@host:path, "
    "https://host/path, http://host/path or git://host/path"
)


def check_branch(value):
    """Refuse what is no branch name (the short one, without refs/heads/)."""
    _check_ref(value, "a branch")


def check_tag(value):
    """Refuse what is no tag name (the short one, without refs/tags/)."""
    _check_ref(value, "a tag")


def _check_ref(value, what):
    text = bounded(value, what, REF_BYTES)
    if text.startswith("-"):
        raise Refused("%s must not begin with '-'" % what, value)
    if text in ("HEAD", "@"):
        raise Refused("%s must not be called HEAD or @" % what, value)
    _check_ref_characters(text, what)
    for part in text.split("/"):
        _check_ref_part(part, what, value)
    if text.endswith("."):
        raise Refused("%s must not end with '.'" % what, value)


def _check_ref_characters(text, what):
    if _REF_CHARACTERS.search(text):
        raise Refused(
            "%s must not contain spaces, control characters or any of ~ ^ : ? * [ \\" % what, text
        )
    for forbidden in ("..", "@{"):
        if forbidden in text:
            raise Refused("%s must not contain '%s'" % (what, str(forbidden)), text)


def _check_ref_part(part, what, value):
    if not part:
        raise Refused("%s must not begin or end with '/' or contain '//'" % what, value)
    if part.startswith("."):
        raise Refused("no part of %s may begin with '.'" % what, value)
    if part.endswith(".lock"):
        raise Refused("no part of %s may end with '.lock'" % what, value)


def check_commit(value):
    """Refuse what is no commit hash of 7 to 40 hexadecimal digits."""
    if not _COMMIT.match(bounded(value, "a commit", REF_BYTES)):
        raise Refused("a commit must be 7 to 40 hexadecimal digits", value)


def check_repository(value):
    """Refuse an address git may not be given; see `parse_repository`."""
    parse_repository(value)


def parse_repository(value):
    """Take a repository's address apart.

    :param value: text, ``scheme://[user@]host[:port]/path`` or ``user@host:path``.
    :return: (scheme, host with port, path without slashes around it and without ``.git``), the
        path of the type that the address has on 2.7,
        e.g. ``("ssh", "git.example.com:2222", "group/shop")``; the host in lower case.
    :raise Refused: the protocol is not allowed, a part could be taken for an option, or the
        address carries a password.
    """
    text = printable(value, "a repository address", ADDRESS_BYTES)
    if _ENCODED_CONTROL.search(text):
        raise Refused("a repository address must not contain encoded control characters", value)
    with_scheme = _SCHEME.match(text)
    if with_scheme:
        scheme, host, path = _parse_url(with_scheme.group(1), with_scheme.group(2), value)
    else:
        scheme, host, path = _parse_scp(text, value)
    return scheme, host, path.encode("utf-8") if isinstance(value, bytes) else path


def _parse_url(scheme, rest, value):
    if scheme not in SCHEMES:
        raise Refused(_ALLOWED, value)
    authority, _, path = rest.partition("/")
    user, at, host_and_port = authority.rpartition("@")
    if at:
        _check_user(user, value)
    elif "@" in path and ":" in authority:
        # https://user:pass/word@host: git may read the password as a port; nobody means that
        raise Refused("a repository address must not carry a password", value)
    if scheme.startswith("http") and ("?" in path or "#" in path):
        raise Refused("a repository address must not have a query (?) or a fragment (#)", value)
    host, port = _split_port(host_and_port, value)
    return str(scheme), _checked_host(host, value) + port, _checked_path(path, value)


def _parse_scp(text, value):
    parts = _SCP.match(text)
    if not parts:
        if "@" in text and ":" in text.rpartition("@")[0]:
            raise Refused("a repository address must not carry a password", value)
        raise Refused(_ALLOWED, value)
    user, host, path = parts.groups()
    _check_user(user, value)
    if path.startswith(("-", ":")):
        raise Refused("the path of a repository must not begin with '-' or ':'", value)
    return "ssh", _checked_host(host, value), _checked_path(path, value)


def _check_user(user, value):
    if ":" in user:
        raise Refused(
            "a repository address must not carry a password (name it in git_servers, by reference)",
            value,
        )
    if user.startswith("-"):
        raise Refused("the user in a repository address must not begin with '-'", value)
    if not _USER.match(user):
        raise Refused("the user in a repository address may only hold A-Z a-z 0-9 _ . + -", value)


def _split_port(host_and_port, value):
    """Return (host, ":port" or "")."""
    host, colon, port = host_and_port.rpartition(":")
    if not colon or host_and_port.endswith("]"):
        return host_and_port, ""
    if not re.match(r"[0-9]{1,5}\Z", port) or not 1 <= int(port) <= 65535:
        raise Refused("the port in a repository address must be 1 to 65535", value)
    return host, ":%d" % int(port)


def _checked_host(host, value):
    if host.startswith("-"):
        raise Refused("the host in a repository address must not begin with '-'", value)
    if not _HOST.match(host):
        raise Refused("a repository address must name a host (ASCII letters, digits, . -)", value)
    return str(host.lower())


def _checked_path(path, value):
    """Return the path without the slashes around it and without .git."""
    parts = [part for part in path.split("/") if part]
    if any(part in (".", "..") for part in parts):
        raise Refused("the path of a repository must not contain '.' or '..' parts", value)
    if parts and parts[-1].endswith(".git"):
        parts[-1] = parts[-1][: -len(".git")]
    if not parts or not parts[-1]:
        raise Refused("a repository address must have a path after the host", value)
    return "/".join(parts)
