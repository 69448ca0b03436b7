"""Where a machine is and how to log in there: tristan.yml first, then ~/.ssh/config.

In: a settings Machine, OpenSSH client configuration. Out: a Destination, with the jump hosts before
    it.

Honoured: HostName, Port, User, IdentityFile, CertificateFile, IdentitiesOnly, ProxyJump (several,
each with its own section), ProxyCommand, UserKnownHostsFile, GlobalKnownHostsFile, HostKeyAlias;
Host, Match and Include around them.
"""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import getpass
import glob
import os
import re

from controller import errors
from controller.compat import ensure_str, ensure_text
from controller.transport.library import paramiko

Destination = collections.namedtuple(
    "Destination",
    "label host port username key_files certificate explicit identities_only known_hosts "
    "pin_name pin_port via proxy_command",
)
"""`label`: text for messages; `key_files`: paths to try; `explicit`: whether they are tristan.yml's
and so the only ones; `known_hosts`: paths; `pin_name`, `pin_port`: the name in known_hosts;
`via`: Destinations to go through; `proxy_command`: text for sh, or ""."""

SYSTEM = "/etc/ssh/ssh_config"
USER_KNOWN_HOSTS = "~/.ssh/known_hosts ~/.ssh/known_hosts2"
SYSTEM_KNOWN_HOSTS = "/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2"
DEFAULT_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa")
MOST_JUMPS = 8
MOST_INCLUDES = 16
SECTION = re.compile(r"^\s*(host|match)[\s=]", re.IGNORECASE)
INCLUDE = re.compile(r"^\s*include(?:\s*=\s*|\s+)(.+?)\s*$", re.IGNORECASE)
JUMP = re.compile(r"^(?:ssh://)?(?:(.*)@)?(\[[^\]]+\]|[^\[\]:@]+)(?::(\d+))?/?$")


class Config(paramiko.SSHConfig):
    """Without %l in IdentityFile, for which paramiko would ask the DNS each time, used or not."""

    TOKENS_BY_CONFIG_KEY = dict(
        paramiko.SSHConfig.TOKENS_BY_CONFIG_KEY, identityfile=["~", "%d", "%h", "%r", "%u"]
    )


def resolve(machine, path=None):
    """The Destination of a machine.

    :param path: of a configuration file to read alone, as with `ssh -F`; None for the usual two.
    :raises errors.SettingsError: the configuration can't be understood.
    """
    lines = configuration(path)
    own = [
        ("Port", machine.port),
        ("User", machine.username),
        ("ProxyJump", ",".join(machine.jump_hosts) or None),
    ]
    options = lookup(lines, machine.host, own)
    # who needs no ~/.ssh/config has said here already how to log in
    given = machine if machine.jump_hosts else None
    via = route(lines, options, 0, given)
    destination = described(machine.host, options)._replace(via=via)
    if machine.key_file or machine.password:
        key_files = (machine.key_file,) if machine.key_file else ()
        destination = destination._replace(key_files=key_files, certificate="", explicit=True)
    return destination


def described(alias, options):
    """The Destination that one lookup gives, without what is before it."""
    host, port = options.get("hostname", alias), number(options.get("port", "22"), alias)
    named = options.get("hostkeyalias", "")
    return Destination(
        label=alias,
        host=host,
        port=port,
        username=options.get("user") or local_user(),
        key_files=identities(options),
        certificate=expanded(options.get("certificatefile", "")),
        explicit=False,
        identities_only=options.get("identitiesonly", "").lower() == "yes",
        known_hosts=known_hosts_files(options),
        pin_name=named or host,
        pin_port=None if named else port,
        via=(),
        proxy_command="" if jumps(options) else options.get("proxycommand") or "",
    )


def route(lines, options, depth, given=None):
    """The Destinations to go through; the first one has its own ProxyJump, as in OpenSSH.

    :param given: settings Machine, whose user and key are the jump hosts' too where nothing else is said; or None.
    """
    hops = []
    for text in jumps(options):
        if depth >= MOST_JUMPS:
            raise fault("ProxyJump goes through more than %d hosts, or in a circle" % MOST_JUMPS)
        alias, own = jump(text)
        found = lookup(lines, alias, own)
        before = route(lines, found, depth + 1) if not hops else ()
        hop = described(alias, found)
        if given:
            hop = with_login(hop, found, given)
        hops.extend(before)
        hops.append(hop._replace(proxy_command="" if hops else hop.proxy_command))
    return tuple(hops)


def with_login(hop, options, machine):
    """:param options: of the configuration, for this hop. :returns: Destination."""
    username = options.get("user") or machine.username or hop.username
    own = (machine.key_file,) if machine.key_file else ()
    return hop._replace(username=username, key_files=own + hop.key_files)


def jumps(options):
    value = options.get("proxyjump", "none")
    return [] if value.lower() == "none" else [part.strip() for part in value.split(",")]


def jump(text):
    """(alias, options that the text itself gives) of "user@host:port"."""
    match = JUMP.match(text)
    if not match:
        raise fault("ProxyJump %s is not of the form user@host:port" % text)
    username, host, port = match.groups()
    return host.strip("[]"), [("Port", port), ("User", username)]


def identities(options):
    """Paths of the keys to try: the configured ones, else the usual ones."""
    found = [expanded(path) for path in options.get("identityfile", ()) if path.lower() != "none"]
    if "identityfile" not in options:
        found = [expanded("~/.ssh/" + name) for name in DEFAULT_KEYS]
    return tuple(found)


def known_hosts_files(options):
    both = (
        options.get("userknownhostsfile", USER_KNOWN_HOSTS)
        + " "
        + options.get("globalknownhostsfile", SYSTEM_KNOWN_HOSTS)
    )
    return tuple(expanded(path.strip('"')) for path in both.split() if path.lower() != "none")


def lookup(lines, alias, own):
    """What the configuration says of a host.

    :param own: (keyword, value) pairs that win; a value of None says nothing.
    :returns: dict of text by lower-case keyword; identityfile is a list.
    """
    first = ["Host *"] + ["%s %s" % pair for pair in own if pair[1] is not None] + ["Host *"]
    config = Config()
    try:
        config.parse([ensure_str(line) for line in first + lines])
        found = config.lookup(ensure_str(alias))
    except (paramiko.SSHException, ImportError, ValueError, KeyError) as error:
        raise fault("the SSH configuration can't be understood: %s" % error)
    return dict((key, textual(value)) for key, value in found.items() if value is not None)


def textual(value):
    if isinstance(value, list):
        return [ensure_text(one) for one in value]
    return ensure_text(value)


def configuration(path):
    """Lines of the user's and the system's configuration, what they include put in."""
    paths = [path] if path else [expanded("~/.ssh/config"), SYSTEM]
    lines = []
    for one in paths:
        lines.extend(with_includes(one, os.path.dirname(one), 0))
        lines.append("Host *")  # a section ends with its file
    return lines


def with_includes(path, directory, depth):
    """Lines of a file; paramiko knows no Include.

    :param directory: that relative names in Include start from.
    """
    if depth > MOST_INCLUDES:
        raise fault("Include in %s goes too deep, or in a circle" % path)
    lines, section = [], "Host *"
    for line in lines_of(path):
        match = INCLUDE.match(line)
        if not match:
            section = line if SECTION.match(line) else section
            lines.append(line)
            continue
        for included in included_paths(match.group(1), directory):
            lines.extend(with_includes(included, directory, depth + 1))
            lines.append(section)
    return lines


def included_paths(patterns, directory):
    found = []
    for pattern in patterns.replace('"', " ").split():
        found.extend(sorted(glob.glob(os.path.join(directory, expanded(pattern)))))
    return found


def lines_of(path):
    try:
        with open(path, "rb") as opened:
            return ensure_text(opened.read(), errors="replace").splitlines()
    except EnvironmentError:
        return []


def expanded(path):
    return os.path.expanduser(path) if path else ""


def number(text, alias):
    if not re.match("[0-9]{1,9}$", text) or not 0 < int(text) < 65536:
        raise fault("the port of %s is %s, not a number below 65536" % (alias, text))
    return int(text)


def local_user():
    try:
        return ensure_text(getpass.getuser())
    except (KeyError, ImportError, EnvironmentError):
        raise fault("there is no user name to log in with; set username of the machine")


def fault(message):
    return errors.SettingsError(
        message, remedy="mend ~/.ssh/config; `ssh -G HOST` shows what ssh makes of it"
    )
