"""Plans a build: settings and choices in, the request document out. Pure: no clock, no disk, no
network.

Job: choose what is built and where it may be built; check every value before anything is sent.
In: Settings, Choices, a Moment (time, random digits, who asks). Out: a Plan.
Raises errors.UsageError, errors.SettingsError or errors.Refused that name the argument or the key.
"""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import time

import six

from business_hyper_fusion import grammar, names, protocol
from controller import errors, notify, render, templates
from controller.candidates import candidates, chosen

BUSINESS_ID = "1"

Choices = collections.namedtuple("Choices", "project branch tag commit machine params tree notify")
"""What the operator asked for: texts or None; `params` is a list of (name, value), `tree` a tree.Tree or None,
`notify` a list of texts, see notify.parse."""
Choices.__new__.__defaults__ = (None, None, None, None, (), None, ())

Moment = collections.namedtuple("Moment", "seconds random requested_by")
"""When and by whom: seconds since the epoch, 8 hex digits, text such as alice@laptop."""


class KeyFile(collections.namedtuple("KeyFile", "path")):
    """A reference to a private key; like settings' other references, read when it is needed."""

    __slots__ = ()

    def resolve(self):
        from controller.secrets import read_key_file

        return read_key_file(self.path)

    def described(self):
        return "the file %s" % self.path


class Plan(object):
    """A build that can be launched on any of `machines`.

    :param document: the request but for what the machine decides. :param machines: list of Machine.
    :param secrets: {slot: reference with .resolve()}, read only when a launch needs them.
    :param tree: tree.Tree that has to be on the machine first; None for a ref of the repository.

    `notify`: texts that name who is told of its end besides the project's own. `moves_tags`: whether
    the moving tags follow it, once it is accepted.
    """

    notify = ()
    moves_tags = True
    release = ""
    """Hash of the release it must be launched against; "" for the controller's own."""
    allowed, avoid, replaced = (), "", ()
    """Of an attempt after the first: names of all machines that may run the build; that of the one before, to go to
    last; the attempts before it: dicts of attempt, machine, executor_id and cause."""

    def __init__(self, document, machines, secrets, tree=None):
        self.document = document
        self.machines = machines
        self.secrets = secrets
        self.tree = tree
        self.build_id = document["build_id"]
        self.project = document["project"]["name"]
        self.ref = document["ref"]

    def request(self, machine, executor_id, release):
        """The whole request document for one executor; a profile's proxy goes before the machine's.

        :param release: hash of the release it is pinned to.
        """
        proxy = self.document["proxy"]
        return dict(
            placed(self.document, machine, executor_id, release),
            proxy={
                "address": proxy["address"] or machine.proxy,
                "no_proxy": proxy["no_proxy"] or machine.no_proxy,
            },
            ca=self.document["ca"] or machine.ca,
        )


def placed(document, machine, executor_id, release):
    """The document, with where it is to be built and by which release."""
    return dict(
        document,
        machine=machine.name,
        executor_id=executor_id,
        release=release,
        disk=dict(machine.disk._asdict()),
        engine={
            "kind": machine.engine.kind,
            "command": list(machine.engine.command),
            "selinux": machine.engine.selinux,
            "run_options": list(machine.engine.run_options),
        },
    )


def plan(settings, choices, moment, languages):
    """:param settings: settings.Settings. :param choices: Choices. :param moment: Moment.
    :param languages: names of the languages that there is a pack for.
    """
    project = chosen(settings.projects, choices.project, "project")
    profile = settings.build_profiles[project.build_profile]
    check_language(project, languages)
    document = dict(
        build_part(project, moment),
        ref=ref(choices),
        tree=choices.tree.document() if choices.tree else None,
        isolation=profile.isolation,
        image=image(project, profile),
        scripts=templates.scripts(settings, project),
        environment=environment(project, choices.params),
        limits=limits(profile.limits, project.keep_failed),
        network=profile.network,
        cache={"scope": profile.cache},
        proxy={"address": profile.proxy, "no_proxy": profile.no_proxy},
        ca=profile.ca,
    )
    document["publish"] = publish(settings, project, document, moment)
    machines = candidates(settings, project, profile, choices.machine)
    planned = Plan(document, machines, secrets(settings, document, project), choices.tree)
    check_whole(planned)
    planned.notify = notify.checked(choices.notify, settings)
    return planned


def build_part(project, moment):
    """What a request says of the build itself and of its source."""
    return {
        "protocol": protocol.PROTOCOL,
        "build_id": build_id(moment),
        "attempt": 1,
        "business_id": BUSINESS_ID,
        "requested_at": iso_time(moment.seconds),
        "requested_by": moment.requested_by,
        "project": {
            "name": project.name,
            "language": project.language,
            "module_path": project.module_path,
        },
        "repository": repository(project),
        "checkout": dict(project.checkout._asdict()),
        "artifacts": list(project.artifacts),
    }


def check_language(project, languages):
    fault = language_fault(project, languages)
    if fault:
        raise errors.UsageError("projects.%s.language: %s" % (project.name, fault))


def language_fault(project, languages):
    """A build by the default script needs the language's pack; one by a script of its own does not."""
    if project.language in languages or project.compile_to_execute:
        return ""
    return "there is no language pack %s, but for %s; or give the project a compile_to_execute" % (
        project.language,
        ", ".join(languages),
    )


def checked(argument, check, value):
    """`value`, once the grammar allows it; a refusal names the argument."""
    try:
        check(value)
    except grammar.Refused as refused:
        raise errors.Refused("%s: %s" % (argument, refused))
    return value


def ref(choices):
    """The ref to build: {"kind", "name", "commit"}."""
    if choices.tree is not None:
        if choices.branch is not None or choices.tag is not None or choices.commit:
            raise errors.UsageError("--from can't be combined with --branch, --tag or --commit")
        return {"kind": "tree", "name": choices.tree.name, "commit": ""}
    commit = checked("--commit", grammar.check_commit, choices.commit) if choices.commit else ""
    if choices.tag is not None:
        if choices.branch is not None or commit:
            raise errors.UsageError("--tag can't be combined with --branch or --commit")
        name = checked("--tag", grammar.check_tag, choices.tag)
        return {"kind": "tag", "name": name, "commit": ""}
    if choices.branch is not None:
        name = checked("--branch", grammar.check_branch, choices.branch)
        return {"kind": "branch", "name": name, "commit": commit}
    if commit:
        return {"kind": "commit", "name": commit, "commit": commit}
    raise errors.UsageError(
        "nothing to build is named", remedy="give --branch, --tag, --commit or --from"
    )


def repository(project):
    key = "projects.%s.repository" % project.name
    checked(key, grammar.check_repository, project.repository)
    _, host, path = grammar.parse_repository(project.repository)
    return {
        "address": project.repository,
        "host": six.ensure_text(host),
        "path": six.ensure_text(path),
        "git_server": project.git_server or "",
    }


def image(project, profile):
    """Of any id: only a build that is repeated asks for the one it had."""
    if profile.isolation == "host":
        return {"name": "", "recipe": "", "id": ""}
    key = "projects.%s.image" % project.name
    if not project.image:
        raise errors.UsageError("%s: there is none, nor in its build profile" % key)
    checked(key, grammar.check_image, project.image)
    recipe = render.render("build_image.Dockerfile.j2", image=project.image)
    return {"name": project.image, "recipe": recipe, "id": ""}


def publish(settings, project, document, moment):
    """Where the project's image goes; None for a project that has no registry, and for work that is not committed."""
    if project.docker_registry is None or document["tree"]:
        return None
    registry = settings.docker_registries[project.docker_registry]
    ref_name = document["ref"]["name"]
    repository = six.ensure_text(names.app_repository(project.name, ref_name))
    tag = names.app_tag(document["build_id"], moment.seconds, document["attempt"])
    path = [registry.address, registry.namespace, repository]
    return {
        "registry": registry.name,
        "address": registry.address,
        "username": registry.username,
        "image": "%s:%s" % ("/".join(part for part in path if part), tag),
        "project_tag": repository,
        "base_image": project.base_image,
    }


def environment(project, params):
    """The project's variables, and over them the operator's --param ones."""
    values = dict(project.environment)
    for name, value in params:
        checked("--param", grammar.check_environment_name, name)
        values[name] = checked("--param %s" % name, grammar.check_environment_value, value)
    return values


def limits(chosen_limits, keep_failed):
    """As the request wants them: an open limit on memory or CPUs is "", others have numbers."""
    return {
        "soft_seconds": chosen_limits.soft_seconds,
        "hard_seconds": chosen_limits.hard_seconds,
        "memory": chosen_limits.memory,
        "cpus": chosen_limits.cpus,
        "pids": chosen_limits.pids,
        "log_bytes": chosen_limits.log_bytes,
        "keep_failed_seconds": keep_failed,
        "stall_seconds": chosen_limits.stall_seconds,
    }


def secrets(settings, document, project):
    """{slot: reference} of all that this build of the project can use."""
    found = {} if document["tree"] else git_secrets(settings, project)
    if document["publish"]:
        registry = settings.docker_registries[project.docker_registry]
        if registry.password:
            found["registry_password"] = registry.password
    for name, reference in project.secrets.items():
        found["build:" + name] = reference
    return found


def git_secrets(settings, project):
    """{slot: reference}: of the repository's own git server, what its scheme can use."""
    if not project.git_server:
        return {}
    server = settings.git_servers[project.git_server]
    scheme = grammar.parse_repository(project.repository)[0]
    if scheme == "ssh":
        if server.key_file:
            return {"git_key": KeyFile(server.key_file)}
        return {"git_password": server.password} if server.password else {}
    if scheme in ("http", "https") and server.password:
        return {"git_password": server.password}
    return {}


def check_whole(planned):
    """The machine's own check of the whole document, here, before anything is sent."""
    for machine in planned.machines:
        request = planned.request(machine, "1", "0" * 64)
        try:
            grammar.check_request(request)
        except grammar.RequestRefused as refused:
            raise errors.Refused(six.text_type(refused))


def build_id(moment):
    """Sortable by time, unique without any counter."""
    seconds = time.strftime("%Y%m%dT%H%M%S", time.gmtime(moment.seconds))
    return "%s%03d-%s" % (seconds, moment.seconds % 1 * 1000, moment.random)


def iso_time(seconds):
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return "%s.%03dZ" % (whole, seconds % 1 * 1000)
