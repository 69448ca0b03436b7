"""Git on the host: argument lists and the one environment it runs in. Runs nothing.

Git reads no configuration, hook, attribute or template here that a repository or a build could have written:
the bare mirror's own configuration, which no build can reach, is all there is. Works from git 1.8.3 on.
"""

from __future__ import absolute_import, print_function

import os

from business_hyper_fusion import access, compat, files
from business_hyper_fusion.grammar.git import parse_repository

ALLOWED_PROTOCOLS = "ssh:http:https:git"
"""The same list as the grammar's; git checks it again (from 2.3.10 on), also for redirects."""

SAFE = (
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.attributesFile", "/dev/null"),
    ("credential.helper", ""),
    ("gc.auto", "0"),
    # From git 2.29 on: else each fetch starts a process that finds out that there is nothing to do.
    ("maintenance.auto", "false"),
    ("protocol.ext.allow", "never"),
    ("protocol.file.allow", "never"),
    ("submodule.recurse", "false"),
)


def command(*words, **options):
    """:param settings: pairs of name and value besides the safe ones.
    :returns: ``git`` with its settings and ``words``.
    """
    settings = []
    for name, value in SAFE + tuple(options.get("settings", ())):
        settings += ["-c", "%s=%s" % (name, value)]
    return ["git"] + settings + list(words)


def init(mirror):
    return command("init", "--quiet", "--bare", mirror)


def fetch(mirror, address, refspecs):
    """--prune: what was deleted on the server must not stand in the way of what took its place."""
    words = ("--git-dir", mirror, "fetch", "--no-tags", "--force", "--prune", "--", address)
    return command(*(words + tuple(refspecs)))


def check(mirror):
    """Exit status 0 when every object is there, and whole."""
    return command("--git-dir", mirror, "fsck", "--full")


def prune(mirror):
    """Drop the objects that no ref needs, and what a git that was killed has left half."""
    return command("--git-dir", mirror, "prune", "--expire=now")


def list_remote(address, refs):
    return command("ls-remote", "--", address, *refs)


def describe(mirror, name):
    """A commit's full hash, and in the next line what people call it.

    ``name`` is a full ref name or a hash: neither can be an option.
    """
    words = ("--git-dir", mirror, "log", "--no-walk", "--format=%H%n%h %s", name + "^{commit}")
    return command(*(words + ("--",)))


def reachable(mirror, commit, ref):
    """Exit status 0 when ``commit`` is ``ref`` or one of its ancestors."""
    return command("--git-dir", mirror, "merge-base", "--is-ancestor", commit, ref)


def check_out(mirror, source, commit, settings=()):
    """Make ``source`` the commit's tree, whatever was changed there; which index is the environment's to say."""
    words = ("--git-dir", mirror, "--work-tree", source, "read-tree", "--reset", "-u", commit)
    return command(*words, settings=settings)


def remove_untracked(mirror, source):
    """What an earlier build left must not become part of this one."""
    return command("--git-dir", mirror, "--work-tree", source, "clean", "-ffdxq")


def links(mirror, commit):
    """The commit's submodules, and all directories, one ``<mode> <type> <hash>\\t<path>\\0`` each."""
    return command("--git-dir", mirror, "ls-tree", "-r", "-d", "-z", "--full-tree", commit)


def links_alone(mirror, commit):
    """The commit's submodules, one ``160000 commit <hash>\\t<path>`` a line, a line end within a path as NUL.

    A line ``failed`` when git did. Filtered on the way: directories alone can be more than what is kept of an output.
    """
    swapped = "{ \"$@\" || printf 'failed\\000'; } | tr '\\000\\012' '\\012\\000'"
    filtered = swapped + " | { grep -a -e '^160000 ' -e '^failed$' || :; }"
    return ["sh", "-c", filtered, "sh"] + links(mirror, commit)


def file_content(mirror, commit, path):
    """Fails when the commit has no such file."""
    return command("--git-dir", mirror, "cat-file", "blob", "%s:%s" % (commit, path))


def settings_in(path, pattern):
    """Names and values in a file of git's configuration format, as ``name\\nvalue\\0``; no file that it includes."""
    return command("config", "--file", path, "--no-includes", "--null", "--get-regexp", pattern)


def environment(work):
    """:returns: git's whole environment: no configuration but the mirror's, credentials by script.

    Proxy and certificate variables of the login are kept where the request has none: they belong to the machine,
    not to a build.
    """
    host = work.host_environment()
    kept = (
        "PATH",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "GIT_SSL_CAINFO",
        "SSH_AUTH_SOCK",
        "TRISTAN_ATTEMPT",
        "USER",
        "LOGNAME",
    )
    proxies = [name for name in host if name.lower().endswith("_proxy")]
    if work.request["proxy"]["address"]:
        proxies = []
    values = dict((name, host[name]) for name in list(kept) + proxies if name in host)
    compat.make_directories(work.business.empty_home)
    values.update(
        HOME=work.business.empty_home,
        XDG_CONFIG_HOME=work.business.empty_home,
        GIT_CONFIG_NOSYSTEM="1",
        GIT_CONFIG_GLOBAL="/dev/null",
        GIT_ATTR_NOSYSTEM="1",
        # Where no repository is named there is none, wherever this runs.
        GIT_CEILING_DIRECTORIES=os.path.dirname(work.business.empty_home),
        GIT_LITERAL_PATHSPECS="1",
        GIT_TEMPLATE_DIR=work.business.empty_home,
        GIT_TERMINAL_PROMPT="0",
        GIT_ALLOW_PROTOCOL=ALLOWED_PROTOCOLS,
        LC_ALL="C",
    )
    values.update(access.git_variables(work))
    values.update(_credentials(work))
    return values


def _credentials(work):
    """The variables that the askpass and ssh scripts of the release read; secrets stay in their files."""
    scripts = os.path.join(work.release, "business_hyper_fusion", "git_access")
    address, host = work.request["repository"]["address"], work.request["repository"]["host"]
    values = {
        "GIT_ASKPASS": os.path.join(scripts, "askpass.sh"),
        "GIT_SSH": os.path.join(scripts, "ssh.sh"),
        "GIT_SSH_VARIANT": "ssh",
        "TRISTAN_GIT_HOST": host,
        "TRISTAN_GIT_SCHEME": parse_repository(address)[0],
    }
    server = work.git_server()
    if not server:
        return values
    values["TRISTAN_GIT_USERNAME"] = server.get("username") or ""
    for slot in ("git_password", "git_key"):
        if work.secret(slot):
            values["TRISTAN_" + slot.upper() + "_FILE"] = work.secret(slot)
    if server.get("host_key"):
        values["TRISTAN_GIT_KNOWN_HOSTS"] = _write_known_hosts(work, server["host_key"])
    return values


def _write_known_hosts(work, host_key):
    """Pin the server's key under a name of ours, so that port and spelling of the address don't matter."""
    path = work.scratch("known_hosts")
    lines = [
        "tristan-git-server %s" % " ".join(_key_words(line))
        for line in host_key.splitlines()
        if line.strip()
    ]
    files.publish(path, compat.to_bytes("\n".join(lines) + "\n"), 0o600)
    return path


def _key_words(line):
    """Type and key of a line, be it a bare public key or one of known_hosts with its host in front."""
    words = line.split()
    types = ("ssh-", "ecdsa-", "sk-")
    return words[:2] if words[0].startswith(types) else words[1:3]
