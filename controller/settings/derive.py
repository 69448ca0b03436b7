"""What the machines are told of the settings: git servers and registries, without secrets.

In:  Settings.
Out: the files data_data/git_server.json and data_data/docker_registry.json as bytes; the same
     settings always give the same bytes, so the hash of a release changes only when they do.
"""

from __future__ import absolute_import, print_function, unicode_literals

import json

GIT_SERVER_KEYS = ("kind", "address", "username", "host_key", "default", "description")
DOCKER_REGISTRY_KEYS = ("address", "namespace", "username", "insecure", "description")


def data_files(settings):
    """Derive the files of data_data.

    :param settings: model.Settings.
    :return: list of (path with "/", bytes, update time in seconds since the epoch).
    """
    servers = {"git_servers": _public(settings.git_servers, GIT_SERVER_KEYS)}
    registries = {"docker_registries": _public(settings.docker_registries, DOCKER_REGISTRY_KEYS)}
    return [
        ("data_data/docker_registry.json", _canonical(registries), settings.update_time),
        ("data_data/git_server.json", _canonical(servers), settings.update_time),
    ]


def _public(entries, keys):
    """Only the keys named here leave this host."""
    return dict(
        (name, dict((key, getattr(entry, key)) for key in keys)) for name, entry in entries.items()
    )


def _canonical(document):
    text = json.dumps(document, sort_keys=True, indent=2, separators=(",", ": "))
    return (text + "\n").encode("ascii")
