"""Makes the settings: defaults filled in, a project's own values put over its profile's.

In:  the plain values of tristan.yml, with no fault left, and the texts of the files it names.
Out: `model.Settings`.
"""

from __future__ import absolute_import, print_function, unicode_literals

from collections import namedtuple

import six

from controller.secrets import SecretReference
from controller.settings import defaults, engines, model, quantities, repositories
from controller.settings.references import entries
from controller.settings.scripts import absolute

Source = namedtuple("Source", "data directory texts")
"""`data`: dict of section to dict; `directory`: of tristan.yml; `texts`: {(section, name, key): text}."""

SECTIONS = ("machines", "git_servers", "docker_registries", "build_profiles", "projects")


def settings(data, path, update_time, places):
    """Make the settings.

    :param data: dict, checked.
    :param path: text, of tristan.yml.
    :param update_time: float, seconds since the epoch.
    :param places: (directory of tristan.yml, texts of the files as scripts.read and
        certificates.read give them).
    """
    sections = dict((section, defaults.ordered(entries(data, section))) for section in SECTIONS)
    source = Source(sections, *places)
    return model.Settings(
        path=path,
        update_time=update_time,
        machines=_each("machines", _machine, source),
        git_servers=_each("git_servers", _git_server, source),
        docker_registries=_each("docker_registries", _docker_registry, source),
        build_profiles=_each("build_profiles", _build_profile, source),
        projects=_each("projects", _project, source),
        smtp=_smtp(data.get("smtp"), source),
    )


def _each(section, make, source):
    return defaults.ordered(
        (name, make(name, entry, source)) for name, entry in source.data[section].items()
    )


def _machine(name, entry, source):
    return model.Machine(
        name=name,
        host=entry.get("host", name),
        port=int(entry["port"]) if "port" in entry else None,
        username=entry.get("username"),
        key_file=_path(entry, "key_file", source),
        password=_secret(entry, "password", source),
        jump_hosts=tuple(entry.get("jump_hosts", ())),
        executors=int(entry.get("executors", defaults.EXECUTORS)),
        labels=tuple(entry.get("labels", ())),
        root=entry.get("root", defaults.ROOT),
        python=entry.get("python"),
        engine=engines.parse(entry.get("engine", defaults.ENGINE)),
        lost_after=quantities.seconds(entry.get("lost_after", defaults.LOST_AFTER)),
        disk=defaults.disk(entry.get("disk", {})),
        isolation=tuple(entry.get("isolation", [defaults.ISOLATION])),
        proxy=_proxy(entry),
        no_proxy=",".join(entry.get("no_proxy", ())),
        ca_file=_path(entry, "ca_file", source),
        ca=source.texts.get(("machines", name, "ca_file"), ""),
        description=_description(entry),
    )


def _git_server(name, entry, source):
    servers = source.data["git_servers"]
    address = repositories.server_address(entry)
    password = _secret(entry, "password", source)
    return model.GitServer(
        name=name,
        kind=entry.get("kind", "plain"),
        address=address,
        username=entry.get("username") or repositories.user_of(address),
        password=password,
        key_file=_path(entry, "key_file", source),
        host_key=entry.get("host_key", "").strip(),
        token=_secret(entry, "token", source) or password,
        ca_file=_path(entry, "ca_file", source),
        default=repositories.default_server(servers) == name,
        description=_description(entry),
    )


def _docker_registry(name, entry, source):
    return model.DockerRegistry(
        name=name,
        address=entry["address"],
        namespace=entry.get("namespace", ""),
        username=entry.get("username", ""),
        password=_secret(entry, "password", source),
        insecure=entry.get("insecure", False),
        ca_file=_path(entry, "ca_file", source),
        moving_tags=tuple(entry.get("moving_tags", defaults.MOVING_TAGS)),
        description=_description(entry),
    )


def _build_profile(name, entry, source):
    def text(key):
        return source.texts.get(("build_profiles", name, key), "")

    return model.BuildProfile(
        name=name,
        image=entry.get("image", ""),
        language=entry.get("language", ""),
        isolation=entry.get("isolation", defaults.ISOLATION),
        network=entry.get("network", defaults.NETWORK),
        environment=_merged([entry], "environment"),
        values=_values([entry]),
        secrets=_secrets([entry], source),
        cache=entry.get("cache", defaults.CACHE),
        proxy=_proxy(entry),
        no_proxy=",".join(entry.get("no_proxy", ())),
        ca_file=_path(entry, "ca_file", source),
        ca=text("ca_file"),
        artifacts=tuple(entry.get("artifacts", ())),
        compile_to_execute=text("compile_to_execute"),
        package_to_docker=text("package_to_docker"),
        dockerfile=text("dockerfile"),
        base_image=entry.get("base_image", ""),
        docker_registry=entry.get("docker_registry"),
        labels=tuple(entry.get("labels", ())),
        limits=defaults.limits(entry.get("limits", {})),
        keep_failed=defaults.keep_failed([entry]),
        requeue=defaults.requeue([entry]),
        description=_description(entry),
    )


def _project(name, entry, source):
    profile_name = entry["build_profile"]
    profile = source.data["build_profiles"][profile_name]
    repository, git_server = repositories.resolve(entry, source.data["git_servers"])

    def text(key):
        of_profile = source.texts.get(("build_profiles", profile_name, key), "")
        return source.texts.get(("projects", name, key), of_profile)

    return model.Project(
        name=name,
        repository=repository,
        git_server=git_server,
        description=_description(entry),
        language=entry.get("language") or profile["language"],
        module_path=entry.get("module_path", ""),
        build_profile=profile_name,
        artifacts=tuple(entry.get("artifacts") or profile.get("artifacts", ())),
        labels=tuple(defaults.labels(entry, profile)),
        image=entry.get("image", profile.get("image", "")),
        compile_to_execute=text("compile_to_execute"),
        package_to_docker=text("package_to_docker"),
        dockerfile=text("dockerfile"),
        base_image=entry.get("base_image", profile.get("base_image", "")),
        docker_registry=entry.get("docker_registry", profile.get("docker_registry")),
        environment=_merged([profile, entry], "environment"),
        values=_values([profile, entry]),
        secrets=_secrets([profile, entry], source),
        keep_failed=defaults.keep_failed([entry, profile]),
        requeue=defaults.requeue([entry, profile]),
        checkout=_checkout(entry.get("checkout", {})),
        notify=tuple(_notify(one, source) for one in entry.get("notify", ())),
    )


def _checkout(entry):
    return model.Checkout(*(entry.get(key, False) for key in model.Checkout._fields))


def _notify(entry, source):
    (kind,) = set(entry) & set(("command", "webhook", "mail"))
    target = entry[kind]
    return model.Notify(
        kind=kind,
        target=target if kind == "webhook" else tuple(target),
        secret=_secret(entry, "secret", source),
        on=entry.get("on", defaults.NOTIFY_ON),
    )


def _smtp(entry, source):
    if entry is None:
        return None
    security = entry.get("security", defaults.SMTP_SECURITY)
    return model.Smtp(
        host=entry["host"],
        port=int(entry.get("port", defaults.SMTP_PORTS[security])),
        username=entry.get("username", ""),
        password=_secret(entry, "password", source),
        sender=entry["from"],
        security=security,
    )


def _merged(owners, key):
    """What several entries say under a key, the later ones over the earlier ones."""
    return defaults.ordered(pair for entry in owners for pair in entry.get(key, {}).items())


def _values(owners):
    """A whole number may be written as 2.0; a list is kept from being changed by a template."""
    return defaults.ordered(
        (name, tuple(value) if isinstance(value, list) else _whole(value))
        for name, value in _merged(owners, "values").items()
    )


def _whole(value):
    return value if isinstance(value, six.text_type) else int(value)


def _secrets(owners, source):
    return defaults.ordered(
        (name, _reference(said, source)) for name, said in _merged(owners, "secrets").items()
    )


def _secret(entry, key, source):
    """The reference under a key; None when there is none."""
    return _reference(entry[key], source) if key in entry else None


def _reference(said, source):
    """A reference, its file made absolute."""
    ((kind, value),) = said.items()
    if kind == "file":
        value = absolute(value, source.directory)
    return SecretReference(kind, tuple(value) if kind == "command" else value)


def _path(entry, key, source):
    return absolute(entry[key], source.directory) if key in entry else None


def _proxy(entry):
    """With its port, which not every tool guesses alike."""
    address = entry.get("proxy", "")
    return address + ":80" if address.count(":") == 1 else address


def _description(entry):
    return entry.get("description", "").strip()
