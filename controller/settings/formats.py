"""The formats that schema.json names: each one a rule of the grammar, or of the settings alone.

In:  a value of tristan.yml. Out: None, or `grammar.Refused` with the rule.
"""

from __future__ import absolute_import, print_function, unicode_literals

import re

import jsonschema
import six

from business_hyper_fusion import grammar
from business_hyper_fusion.grammar.refused import bounded, printable
from business_hyper_fusion.grammar.values import VALUE_BYTES
from controller.settings import engines, quantities

_KEY_TYPE = r"(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-[a-z0-9-]+|sk-[a-z0-9@.-]+)"
_HOST_KEY = re.compile(r"(?:\S+\s+)?%s\s+[A-Za-z0-9+/]{16,}={0,2}(?:\s.*)?\Z" % _KEY_TYPE)
_ADDRESS = re.compile(r"[A-Za-z0-9.-]+(?::[0-9]{1,5})?\Z")
_VALUE_NAME = re.compile(r"[a-z_][a-z0-9_]*\Z")
_AUTHORITY = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?\Z")
_JUMP_HOST = re.compile(r"(?:([^@:]+)@)?(\[[0-9A-Fa-f:.]+\]|[^@:\[\]]+)(?::([0-9]{1,5}))?\Z")
_URL = re.compile(r"https?://([^\s/?#]+)(?:[/?#]\S*)?\Z")
_MAIL_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\Z"
)
_PORT_OR_DOT = re.compile(r"[.:]|\Alocalhost\Z")


def check_repository(value):
    """A full address, or a path on a git server, e.g. ``group/shop``."""
    text = bounded(value, "a repository", 2000)
    if ":" in text or text.startswith(("/", "-", ".")):
        grammar.check_repository(value)
    else:
        grammar.check_repository("https://host/" + text)


def check_git_server_address(value):
    """An address without a repository: ``https://git.example.com``, ``ssh://git@host:2222``."""
    text = bounded(value, "the address of a git server", 1000)
    if "://" not in text:
        raise grammar.Refused(
            "the address of a git server must look like https://host, http://host, "
            "ssh://git@host or git://host",
            value,
        )
    try:
        grammar.check_repository(text.rstrip("/") + "/x")
    except grammar.Refused as refused:
        rule = refused.rule.replace("a repository address", "the address of a git server")
        broken = grammar.Refused(rule, value)
    else:
        return
    raise broken


def check_registry_address(value):
    """``host[:port]`` of a registry, told from a plain name as docker tells it."""
    text = bounded(value, "the address of a registry", 253)
    if not _ADDRESS.match(text) or not _PORT_OR_DOT.search(text):
        raise grammar.Refused(
            "the address of a registry must look like registry.example.com or host:5000 "
            "(no https://, no path)",
            value,
        )
    grammar.check_image(text + "/x")


def check_namespace(value):
    """The part between a registry's address and the image's name, e.g. ``team/tools``."""
    bounded(value, "a namespace", 200)
    if not _matches_image("localhost/%s/x" % value) or set(value) & set(":@"):
        raise grammar.Refused(
            "a namespace must be parts of a-z 0-9 . _ - joined by '/', as in team/tools", value
        )


def _matches_image(text):
    try:
        grammar.check_image(text)
    except grammar.Refused:
        return False
    return True


def check_account(value):
    """A login at a git server or a registry, e.g. ``robot$shop``."""
    grammar.check_account(value)
    if value != value.strip():
        raise grammar.Refused("a username must not begin or end with a space", value)


def check_variable(value):
    """The name of an environment variable; not printed, for it may be a misplaced secret."""
    if not re.match(r"[A-Za-z_][A-Za-z0-9_]{0,254}\Z", value):
        raise grammar.Refused("env takes the name of an environment variable, not the secret")


def check_file(value):
    """A path on this host; not printed, for it may be a misplaced secret."""
    try:
        printable(value, "a path", 4096)
    except grammar.Refused as refused:
        broken = refused.rule
    else:
        return
    raise grammar.Refused(broken)


def check_jump_host(value):
    """``[user@]host[:port]``, as behind ``ssh -J``."""
    found = _JUMP_HOST.match(bounded(value, "a jump host", 400))
    if not found:
        raise grammar.Refused("a jump host must look like host, me@host or me@host:2222", value)
    username, host, port = found.groups()
    if username:
        grammar.check_username(username)
    grammar.check_host(host.strip("[]"))
    if port and not 0 < int(port) < 65536:
        raise grammar.Refused("a port must be a number from 1 to 65535", value)


def check_python(value):
    """The absolute path of an interpreter on a machine."""
    printable(value, "the path of a Python", 1024)
    if not value.startswith("/"):
        raise grammar.Refused("the path of a Python must be absolute", value)


def check_word(value):
    """One word of a command; not printed, for it may hold a secret."""
    check_file(value)


def check_description(value):
    """One line, perhaps folded from several."""
    if value.strip():
        grammar.check_line(value.strip())


def check_host_key(value):
    """Public keys of a git server, one a line, as ssh-keyscan prints them."""
    lines = [line for line in value.splitlines() if line.strip()]
    if not lines or not all(_HOST_KEY.match(line.strip()) for line in lines):
        raise grammar.Refused(
            "a host key must look like `ssh-ed25519 AAAA...`, as ssh-keyscan prints it", value
        )


def check_script(value):
    """A script or recipe written into tristan.yml."""
    grammar.check_script(value)


def check_proxy(value):
    """The address of a proxy, ``http://host[:port]``; not printed, for it may hold a password."""
    if "@" in value:
        raise grammar.Refused(
            "a proxy must be without user and password: every process of a build could read them"
        )
    grammar.check_proxy(value)
    port = value.rpartition(":")[2]
    if port.isdigit():
        grammar.check_port(int(port))


def check_no_proxy(value):
    """A host, a domain or a network that is reached without the proxy."""
    if "," in bounded(value, "a host", 253):
        raise grammar.Refused("must be one host, domain or network", value)
    grammar.check_no_proxy(value)


def check_value_name(value):
    """The name of a value in templates: what Jinja2 takes for one."""
    bounded(value, "the name of a value", 63)
    if not _VALUE_NAME.match(value):
        raise grammar.Refused(
            "the name of a value must be letters a-z, digits and _ and not begin with a digit",
            value,
        )


def check_template_text(value):
    """A text for templates: anything a script can hold, line breaks too."""
    if value and "\0" in bounded(value, "a value", VALUE_BYTES):
        raise grammar.Refused("a value must not contain NUL")


def check_webhook(value):
    """A URL to send reports to; not printed, for its path may be a secret."""
    check_file(value)
    found = _URL.match(value)
    if not found or not _AUTHORITY.match(found.group(1).rpartition("@")[2]):
        raise grammar.Refused("a webhook must look like https://host/path or http://host/path")
    if "@" in found.group(1):
        raise grammar.Refused("a webhook must be without user and password")


def check_mail_address(value):
    """A plain address, ``name@example.com``."""
    bounded(value, "a mail address", 254)
    if not _MAIL_ADDRESS.match(value) or value.startswith("-"):
        raise grammar.Refused("a mail address must look like name@example.com", value)


TEXT_FORMATS = {
    "account": check_account,
    "description": check_description,
    "engine": engines.parse,
    "environment-name": grammar.check_environment_name,
    "environment-value": grammar.check_environment_value,
    "file": check_file,
    "git-server-address": check_git_server_address,
    "glob": grammar.check_glob,
    "host": grammar.check_host,
    "host-key": check_host_key,
    "image": grammar.check_image,
    "jump-host": check_jump_host,
    "language": grammar.check_language,
    "mail-address": check_mail_address,
    "module-path": grammar.check_module_path,
    "name": grammar.check_machine_name,
    "namespace": check_namespace,
    "network": grammar.check_network,
    "no-proxy": check_no_proxy,
    "project-name": grammar.check_project_name,
    "proxy": check_proxy,
    "python": check_python,
    "registry-address": check_registry_address,
    "repository": check_repository,
    "root": grammar.check_root,
    "run-option": grammar.check_run_option,
    "script": check_script,
    "template-text": check_template_text,
    "username": grammar.check_username,
    "value-name": check_value_name,
    "variable": check_variable,
    "webhook": check_webhook,
    "word": check_word,
}
QUANTITY_FORMATS = {
    "cpus": quantities.cpus,
    "duration": quantities.seconds,
    "kept-time": quantities.kept_seconds,
    "requeue": quantities.requeue,
    "log-size": quantities.log_bytes,
    "stall-time": quantities.stall_seconds,
    "disk-size": quantities.disk_bytes,
    "memory": quantities.memory,
}


def checker():
    """:return: jsonschema.FormatChecker that knows exactly these formats."""
    made = jsonschema.FormatChecker(formats=())
    for name, check in TEXT_FORMATS.items():
        made.checks(name, raises=grammar.Refused)(_passing(check, (six.text_type,)))
    numbers = (six.text_type, float) + six.integer_types
    for name, check in QUANTITY_FORMATS.items():
        made.checks(name, raises=grammar.Refused)(_passing(check, numbers))
    return made


def _passing(check, types):
    """A check for jsonschema: values of other types are the `type` validator's to refuse."""

    def passes(value):
        if isinstance(value, types) and not isinstance(value, bool):
            check(value)
        return True

    return passes
