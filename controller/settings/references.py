"""What the parts of tristan.yml say about each other: names that exist, values that agree.

In:  the plain values, already checked by shape; parts with faults are passed over.
Out: faults with their key paths.
"""

from __future__ import absolute_import, print_function, unicode_literals

import difflib

import six

from business_hyper_fusion import grammar
from controller.settings import defaults, repositories

SECTIONS = ("machines", "git_servers", "docker_registries", "build_profiles", "projects")


def check(data, faults):
    """Note every disagreement.

    :param data: dict, as document.parse gives it.
    :param faults: Faults, with those of the shape.
    """
    sound = dict((section, sound_entries(data, section, faults)) for section in SECTIONS)
    # Conclusions from all of a section are drawn only when all of it is right.
    whole = [section for section in SECTIONS if (section,) not in faults]
    _check_machines(sound["machines"], faults)
    _check_git_servers(sound["git_servers"], faults)
    for name, registry in sound["docker_registries"].items():
        _check_registry(("docker_registries", name), registry, faults)
    for name, profile in sound["build_profiles"].items():
        _check_profile(("build_profiles", name), profile, sound, faults)
    for name, project in sound["projects"].items():
        key_path = ("projects", name)
        _check_project(key_path, project, sound, faults)
        if "git_servers" in whole:
            _check_repository(key_path, project, sound, faults)
        if "machines" in whole:
            _check_fit(key_path, project, sound, faults)


def entries(data, section):
    """:return: list of (name, dict) of a section; {} for an entry of nothing but its name."""
    found = data.get(section)
    pairs = found.items() if isinstance(found, dict) else ()
    pairs = [(name, {} if entry is None else entry) for name, entry in pairs]
    return [(name, entry) for name, entry in pairs if isinstance(entry, dict)]


def sound_entries(data, section, faults):
    """:return: dict, the entries of a section without the values that have faults of their own."""
    return defaults.ordered(
        (name, without_faults(entry, (section, name), faults))
        for name, entry in entries(data, section)
    )


def without_faults(entry, key_path, faults):
    return defaults.ordered(
        (key, value) for key, value in entry.items() if key_path + (key,) not in faults
    )


def _add(key_path, message, faults):
    """Note a fault unless the key has one: it may be there, and only be wrong."""
    if key_path not in faults:
        faults.add(key_path, message)


def _check_machines(machines, faults):
    seen = {}
    for name, machine in machines.items():
        host = machine.get("host", name).lower()
        root = machine.get("root", defaults.ROOT)
        place = (host, machine.get("port", 22), root)
        way = tuple(machine.get("jump_hosts", ()))
        if (way, place) in seen:
            first = seen[(way, place)]
            faults.add(
                ("machines", name),
                "is the same as machines.%s: host %s, port %d, root %s" % ((first,) + place),
            )
        seen.setdefault((way, place), name)


def _check_git_servers(servers, faults):
    chosen = [name for name in servers if servers[name].get("default") is True]
    for name in chosen[1:]:
        faults.add(("git_servers", name, "default"), "the default is %s already" % chosen[0])
    for name, server in servers.items():
        if "token" in server and server.get("kind", "plain") == "plain":
            faults.add(("git_servers", name, "token"), "is for the API of kind gitlab")
        if "address" not in server:
            continue
        if server["address"].startswith("ssh://"):
            _check_ssh_server(("git_servers", name), server, faults)
        else:
            _check_other_server(("git_servers", name), server, faults)


def _check_ssh_server(key_path, server, faults):
    user, username = repositories.user_of(server["address"]), server.get("username")
    if not user and not username:
        _add(key_path + ("username",), "is missing; git over ssh needs a user: git?", faults)
    elif user and username and user != username:
        faults.add(key_path + ("username",), "the address says %s already" % user)
    elif username:
        _note_refusal(
            key_path + ("username",),
            lambda: grammar.check_repository(repositories.server_address(server) + "/x"),
            faults,
        )
    if "key_file" not in server:
        _add(key_path + ("key_file",), "is missing; git over ssh logs in with a key", faults)
    if "password" in server:
        faults.add(key_path + ("password",), "is for http and https; git over ssh takes key_file")


def _check_other_server(key_path, server, faults):
    for key in ("key_file", "host_key"):
        if key in server:
            faults.add(key_path + (key,), "is for ssh:// addresses only")
    if repositories.user_of(server["address"]):
        faults.add(key_path + ("address",), "must be without a user; write it as username")
    if server["address"].startswith("git://"):
        for key in ("username", "password"):
            if key in server:
                faults.add(key_path + (key,), "is of no use: git:// has no login")
    else:
        check_login(key_path, server, faults)


def check_login(key_path, entry, faults):
    """A username and a password come together."""
    if ("username" in entry) != ("password" in entry):
        missing, given = (
            ("password", "username") if "username" in entry else ("username", "password")
        )
        _add(key_path + (missing,), "is missing; there is a %s" % given, faults)


def _check_registry(key_path, registry, faults):
    check_login(key_path, registry, faults)
    if registry.get("insecure") and "ca_file" in registry:
        faults.add(key_path + ("ca_file",), "is for TLS; the registry is insecure")


def _check_profile(key_path, profile, sound, faults):
    _check_name(key_path + ("docker_registry",), profile, sound["docker_registries"], faults)
    _note_refusal(
        key_path + ("limits",), lambda: defaults.limits(profile.get("limits", {})), faults
    )


def _check_project(key_path, project, sound, faults):
    _check_name(key_path + ("build_profile",), project, sound["build_profiles"], faults)
    _check_name(key_path + ("git_server",), project, sound["git_servers"], faults)
    _check_name(key_path + ("docker_registry",), project, sound["docker_registries"], faults)
    profile = sound["build_profiles"].get(project.get("build_profile"))
    if profile is not None:
        _check_language(key_path + ("language",), project, profile, faults)
        _check_image(key_path + ("image",), project, profile, faults)


def _check_repository(key_path, project, sound, faults):
    servers = sound["git_servers"]
    if "repository" in project and project.get("git_server") in [None] + list(servers):
        _note_refusal(
            key_path + ("repository",), lambda: repositories.resolve(project, servers), faults
        )


def _check_language(key_path, project, profile, faults):
    own, of_profile = project.get("language"), profile.get("language")
    if own is None and of_profile is None:
        _add(key_path, "is missing, here and in its build profile", faults)
    elif own and of_profile and own != of_profile:
        message = "is %s, but build profile %s is for %s"
        _add(key_path, message % (own, project["build_profile"], of_profile), faults)


def _check_image(key_path, project, profile, faults):
    wrong = ("build_profiles", project["build_profile"], "image") in faults
    isolation = profile.get("isolation", defaults.ISOLATION)
    if isolation == "docker" and not wrong and "image" not in project and "image" not in profile:
        message = "is missing, here and in its build profile; isolation docker builds in an image"
        _add(key_path, message, faults)


def _check_fit(key_path, project, sound, faults):
    """Some machine must have the labels and allow the isolation."""
    profile = sound["build_profiles"].get(project.get("build_profile"))
    if profile is None:
        return
    labels = defaults.labels(project, profile)
    isolation = profile.get("isolation", defaults.ISOLATION)
    for machine in sound["machines"].values():
        allowed = machine.get("isolation", [defaults.ISOLATION])
        if isolation in allowed and set(labels) <= set(machine.get("labels", [])):
            return
    wanted = "isolation %s" % isolation
    if labels:
        wanted += " and the labels " + ", ".join(labels)
    faults.add(key_path, "no machine can build it: none has %s" % wanted)


def _check_name(key_path, entry, known, faults):
    """A name under a key, if there is one, must be known."""
    name = entry.get(key_path[-1])
    if name is None or name in known:
        return
    close = difflib.get_close_matches(name, list(known), 1, 0.6)
    hint = "known are: %s" % (", ".join(known) or "none")
    if close:
        hint = "did you mean %s?" % close[0]
    faults.add(key_path, "%s is not defined; %s" % (grammar.shown(name), hint))


def _note_refusal(key_path, call, faults):
    try:
        call()
    except grammar.Refused as refused:
        faults.add(key_path, six.text_type(refused))
