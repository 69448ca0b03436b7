"""pip's settings where secrets are among them: a pip.conf, and a netrc for the logins of its addresses.

In: PIP_CONFIG_FILE, where set, in which ${NAME} stands for a secret; TRISTAN_SECRETS, of which PIP_INDEX_URL and the
like are settings; TRISTAN_PRIVATE. Out: pip.conf there; netrc, where an address has a login.

pip hands addresses, as they are, to processes of its own as arguments; a login in netrc it reads from there each time.
Runs in the build image, under its Python: 2.7, or any 3.
"""

from __future__ import print_function

import io
import netrc
import os
import re
import sys

try:
    from configparser import Error, RawConfigParser
    from urllib.parse import unquote
except ImportError:
    from urllib import unquote

    from ConfigParser import Error, RawConfigParser

REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
LOGIN = re.compile(r"(?<=://)([^/?#\s]*)@([^/?#\s@:]+)")

SECRETS, PRIVATE = os.environ["TRISTAN_SECRETS"], os.environ["TRISTAN_PRIVATE"]


def main():
    settings, used = read(os.environ.get("PIP_CONFIG_FILE", ""))
    for name in sorted(os.listdir(SECRETS) if os.path.isdir(SECRETS) else []):
        if name.startswith("PIP_") and name not in used:
            override(settings, name[4:].lower().replace("_", "-"), secret(name))
    logins = {}
    for section in settings.sections():
        for key, value in settings.items(section):
            settings.set(section, key, without_logins(value, logins))
    write("pip.conf", settings.write)
    if logins:
        write_netrc(logins)


def read(path):
    """:returns: (RawConfigParser, names of the secrets that it names), each reference replaced."""
    settings, used = RawConfigParser(), set()
    try:
        settings.read(path)
    except Error as problem:
        fail("%s: %s" % (path, problem))

    def text_of(found):
        text = secret(found.group(1))
        used.add(found.group(1))
        return found.group(0) if text is None else text

    for section in settings.sections():
        for key, value in settings.items(section):
            settings.set(section, key, REFERENCE.sub(text_of, value))
    return settings, used


def override(settings, name, text):
    """As an environment variable would: it stands above the setting in any section."""
    for section in settings.sections():
        for key in settings.options(section):
            if key.lstrip("-").replace("_", "-") == name:
                settings.remove_option(section, key)
    if not settings.has_section("global"):
        settings.add_section("global")
    settings.set("global", name, text)


def secret(name):
    """:returns: the secret's text, or None where there is none of that name."""
    path = os.path.join(SECRETS, name)
    if not os.path.isfile(path):
        return None
    with io.open(path, encoding="utf-8") as source:
        text = source.read().rstrip("\n")
    return text.encode("utf-8") if str is bytes else text


def without_logins(value, logins):
    """The value without user and password in its addresses; these are in `logins` then, by host."""

    def take(found):
        user, _, password = found.group(1).partition(":")
        login, host = (unquote(user), unquote(password)), found.group(2)
        if logins.setdefault(host, login) != login:
            fail("pip's addresses have two logins for %s; they can have one" % host)
        return host

    return LOGIN.sub(take, value)


def write_netrc(logins):
    own = os.environ.get("NETRC") or os.path.expanduser("~/.netrc")
    entries = [
        "machine %s login %s password %s\n" % ((host,) + pair) for host, pair in logins.items()
    ]
    quoted = [
        "machine %s login %s password %s\n" % (host, quote(user), quote(password))
        for host, (user, password) in logins.items()
    ]
    for lines in (quoted, entries):  # How quotes are read depends on the Python.
        write("netrc", lambda target, lines=lines: target.writelines(lines))
        if all(read_back(host) == login for host, login in logins.items()):
            break
    else:
        os.remove(os.path.join(PRIVATE, "netrc"))
        hosts = ", ".join(sorted(logins))
        fail(
            "the login for %s can't be written into a netrc; choose a password of plain characters"
            % hosts
        )
    if os.path.isfile(own):
        with io.open(own, "rb") as source, io.open(os.path.join(PRIVATE, "netrc"), "ab") as target:
            target.write(source.read())


def quote(text):
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"')


def read_back(host):
    try:
        user, _, password = netrc.netrc(os.path.join(PRIVATE, "netrc")).authenticators(host)
        return user, password
    except (netrc.NetrcParseError, TypeError, UnicodeError):
        return None


def write(name, writer):
    options = {} if str is bytes else {"encoding": "utf-8"}
    with open(os.path.join(PRIVATE, name), "w", **options) as target:
        writer(target)


def fail(words):
    print("python: " + words, file=sys.stderr)
    sys.exit(1)


main()
