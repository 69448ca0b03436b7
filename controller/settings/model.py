"""The settings as the rest of the controller reads them.

In:  the plain values of tristan.yml, with no fault left.
Out: `Settings`, of namedtuples; dicts keep the file's order.
"""

from __future__ import absolute_import, print_function, unicode_literals

from collections import namedtuple

from controller.secrets import SecretReference
from controller.settings import defaults, engines, repositories
from controller.settings.references import entries
from controller.settings.scripts import absolute

Settings = namedtuple(
    "Settings",
    "path update_time machines git_servers docker_registries build_profiles projects",
)
"""`path`: text; `update_time`: float, seconds since the epoch; the others: dict by name."""

Machine = namedtuple(
    "Machine",
    "name host port username key_file password executors labels root python engine isolation "
    "description",
)
"""`port`, `username`, `key_file`, `password`, `python`: None when tristan.yml does not say.

`password`: SecretReference; `executors`: int; `labels`, `isolation`: tuple of text;
`engine`: engines.Engine.
"""

GitServer = namedtuple(
    "GitServer", "name kind address username password key_file host_key default description"
)
"""`address`: text without "/" at its end; `username`: text, "" for none; `default`: bool.

`password`: SecretReference or None; `key_file`: absolute path or None; `host_key`: "" for none.
"""

DockerRegistry = namedtuple(
    "DockerRegistry", "name address namespace username password description"
)
"""`password`: SecretReference or None; the others: text, "" for none."""

BuildProfile = namedtuple(
    "BuildProfile",
    "name image language isolation network environment artifacts compile_to_execute "
    "package_to_docker dockerfile docker_registry labels limits description",
)
"""`compile_to_execute`, `package_to_docker`, `dockerfile`: the text, "" for the pack's own; the
first two are bytes when they are not UTF-8.

`docker_registry`: name or None; `environment`: dict; `artifacts`, `labels`: tuple of text;
`limits`: defaults.Limits; `language`: "" when projects say it.
"""

Project = namedtuple(
    "Project",
    "name repository git_server description language module_path build_profile artifacts labels",
)
"""`repository`: full address; `git_server`, `build_profile`: names (the first may be None).

`artifacts`: tuple of text, the profile's when the project has none; `labels`: the project's and
the profile's, what a machine must have.
"""

Limits = defaults.Limits
Engine = engines.Engine


def build(data, path, update_time, places):
    """Make the settings.

    :param data: dict, checked.
    :param path: text, of tristan.yml.
    :param update_time: float, seconds since the epoch.
    :param places: (directory of tristan.yml, scripts as scripts.read gives them).
    """
    directory, scripts = places
    data = dict((section, defaults.ordered(entries(data, section))) for section in _SECTIONS)
    return Settings(
        path=path,
        update_time=update_time,
        machines=_each(data["machines"], _machine, directory),
        git_servers=_each(data["git_servers"], _git_server, (directory, data["git_servers"])),
        docker_registries=_each(data["docker_registries"], _docker_registry, directory),
        build_profiles=_each(data["build_profiles"], _build_profile, scripts),
        projects=_each(data["projects"], _project, data),
    )


_SECTIONS = ("machines", "git_servers", "docker_registries", "build_profiles", "projects")


def _each(section, make, context):
    return defaults.ordered((name, make(name, entry, context)) for name, entry in section.items())


def _machine(name, entry, directory):
    return Machine(
        name=name,
        host=entry.get("host", name),
        port=int(entry["port"]) if "port" in entry else None,
        username=entry.get("username"),
        key_file=_path(entry, "key_file", directory),
        password=_secret(entry, directory),
        executors=int(entry.get("executors", defaults.EXECUTORS)),
        labels=tuple(entry.get("labels", ())),
        root=entry.get("root", defaults.ROOT),
        python=entry.get("python"),
        engine=engines.parse(entry.get("engine", defaults.ENGINE)),
        isolation=tuple(entry.get("isolation", [defaults.ISOLATION])),
        description=_description(entry),
    )


def _git_server(name, entry, context):
    directory, servers = context
    address = repositories.server_address(entry)
    return GitServer(
        name=name,
        kind=entry.get("kind", "plain"),
        address=address,
        username=entry.get("username") or repositories.user_of(address),
        password=_secret(entry, directory),
        key_file=_path(entry, "key_file", directory),
        host_key=entry.get("host_key", "").strip(),
        default=repositories.default_server(servers) == name,
        description=_description(entry),
    )


def _docker_registry(name, entry, directory):
    return DockerRegistry(
        name=name,
        address=entry["address"],
        namespace=entry.get("namespace", ""),
        username=entry.get("username", ""),
        password=_secret(entry, directory),
        description=_description(entry),
    )


def _build_profile(name, entry, scripts):
    return BuildProfile(
        name=name,
        image=entry.get("image", ""),
        language=entry.get("language", ""),
        isolation=entry.get("isolation", defaults.ISOLATION),
        network=entry.get("network", defaults.NETWORK),
        environment=defaults.ordered(entry.get("environment", {}).items()),
        artifacts=tuple(entry.get("artifacts", ())),
        compile_to_execute=scripts.get((name, "compile_to_execute"), ""),
        package_to_docker=scripts.get((name, "package_to_docker"), ""),
        dockerfile=scripts.get((name, "dockerfile"), ""),
        docker_registry=entry.get("docker_registry"),
        labels=tuple(entry.get("labels", ())),
        limits=defaults.limits(entry.get("limits", {})),
        description=_description(entry),
    )


def _project(name, entry, data):
    profile = data["build_profiles"][entry["build_profile"]]
    repository, git_server = repositories.resolve(entry, data["git_servers"])
    return Project(
        name=name,
        repository=repository,
        git_server=git_server,
        description=_description(entry),
        language=entry.get("language") or profile["language"],
        module_path=entry.get("module_path", ""),
        build_profile=entry["build_profile"],
        artifacts=tuple(entry.get("artifacts") or profile.get("artifacts", ())),
        labels=tuple(defaults.labels(entry, profile)),
    )


def _path(entry, key, directory):
    return absolute(entry[key], directory) if key in entry else None


def _secret(entry, directory):
    """The reference under `password`, its file made absolute; None when there is none."""
    if "password" not in entry:
        return None
    ((kind, value),) = entry["password"].items()
    if kind == "file":
        value = absolute(value, directory)
    return SecretReference(kind, tuple(value) if kind == "command" else value)


def _description(entry):
    return entry.get("description", "").strip()
