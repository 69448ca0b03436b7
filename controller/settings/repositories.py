"""Where a project's repository is: the address for git, and the git server whose account is used.

In:  a project and the git servers, as tristan.yml has them.
Out: (full address, name of the git server or None), or `grammar.Refused`.
"""

from __future__ import absolute_import, print_function, unicode_literals

from business_hyper_fusion import grammar

_DEFAULT_PORTS = {"ssh": ":22", "http": ":80", "https": ":443", "git": ":9418"}


def is_full(repository):
    """Whether a repository is an address of its own, not a path on a git server."""
    return ":" in repository


def default_server(servers):
    """:return: the name of the default git server, or None; the only server there is, is it."""
    chosen = [name for name, server in servers.items() if server.get("default") is True]
    if chosen:
        return chosen[0]
    only = list(servers.items())
    if len(only) == 1 and only[0][1].get("default") is not False:
        return only[0][0]
    return None


def resolve(project, servers):
    """Find the address and the git server of a project.

    :param project: dict with "repository", perhaps "git_server".
    :param servers: dict of name to dict with "address", perhaps "kind", "username", "default".
    :return: (text, text or None).
    """
    repository, named = project["repository"], project.get("git_server")
    if is_full(repository):
        name = named or _server_of(repository, servers)
        _check_full(repository, name, servers)
        return _with_plain_host(repository), name
    name = named or default_server(servers)
    if name is None:
        raise grammar.Refused(
            "needs a git server: name one with git_server, or give one `default: true`"
        )
    address = _joined(servers[name], repository)
    grammar.check_repository(address)
    return address, name


def place(address):
    """:return: (scheme, host with its port unless that is the scheme's own)."""
    scheme, host, _ = grammar.parse_repository(address)
    port = _DEFAULT_PORTS[scheme]
    return scheme, host[: -len(port)] if host.endswith(port) else host


def server_place(server):
    """:return: `place` of a git server's address."""
    return place(server["address"].rstrip("/") + "/x")


def user_of(address):
    """:return: text, the user before the host, "" when there is none."""
    return address.rpartition("://")[2].partition("/")[0].rpartition("@")[0]


def server_address(server):
    """:return: text, the git server's address without "/" at its end, over ssh with its user."""
    scheme, _, rest = server["address"].rstrip("/").partition("://")
    username = server.get("username")
    if scheme == "ssh" and username and not user_of(server["address"]):
        rest = username + "@" + rest
    return _with_plain_host(scheme + "://" + rest)


def _with_plain_host(address):
    """The host in lower case: the machine's askpass compares hosts to the letter."""
    scheme, separator, rest = address.rpartition("://")
    authority, slash, path = rest.partition("/")
    if separator:
        user, at, host = authority.rpartition("@")
        authority = user + at + host.lower()
    return scheme + separator + authority + slash + path


def _server_of(repository, servers):
    """The git server with the same protocol and host, the default one first."""
    first = default_server(servers)
    for name in sorted(servers, key=lambda name: name != first):
        if server_place(servers[name]) == place(repository):
            return name
    return None


def _check_full(repository, name, servers):
    scheme, host = place(repository)
    if name is not None and server_place(servers[name]) != (scheme, host):
        raise grammar.Refused(
            "is not on git server %s, which is %s://%s"
            % ((name,) + tuple(server_place(servers[name])))
        )
    if scheme != "ssh":
        return
    if name is None:
        raise grammar.Refused(
            "is reached over ssh, which takes a key: add ssh://%s to git_servers" % host
        )
    if "://" in repository and not user_of(repository):
        raise grammar.Refused("needs a user before the host, as in ssh://git@%s/..." % host)


def _joined(server, path):
    path = path.strip("/")
    if server.get("kind") == "gitlab" and not path.endswith(".git"):
        path += ".git"  # what GitLab would redirect to
    return server_address(server) + "/" + path
