"""Plans a build: settings and choices in, the request document out. Pure: no clock, no disk, no
network.

Job: choose what is built and where it may be built; check every value before anything is sent.
In: Settings, Choices, a Moment (time, random digits, who asks). Out: a Plan.
Raises errors.UsageError or errors.Refused that name the argument or the key.
"""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import time

import six

from business_hyper_fusion import grammar, protocol
from controller import errors, render

BUSINESS_ID = "1"

Choices = collections.namedtuple("Choices", "project branch tag commit machine params")
"""What the operator asked for: texts or None; `params` is a list of (name, value)."""

Moment = collections.namedtuple("Moment", "seconds random requested_by")
"""When and by whom: seconds since the epoch, 8 hex digits, text such as alice@laptop."""


class KeyFile(collections.namedtuple("KeyFile", "path")):
    """A reference to a private key; like settings' other references, read when it is needed."""

    __slots__ = ()

    def resolve(self):
        from controller.secrets import read_key_file

        return read_key_file(self.path)


class Plan(object):
    """A build that can be launched on any of `machines`.

    :param document: the request but for what the machine decides. :param machines: list of Machine.
    :param secrets: {slot: reference with .resolve()}, read only when a launch needs them.
    """

    def __init__(self, document, machines, secrets):
        self.document = document
        self.machines = machines
        self.secrets = secrets
        self.build_id = document["build_id"]
        self.project = document["project"]["name"]
        self.ref = document["ref"]

    def request(self, machine, executor_id, release):
        """The whole request document for one executor.

        :param release: hash of the release it is pinned to.
        """
        engine = {"kind": machine.engine.kind, "command": list(machine.engine.command)}
        return dict(
            self.document,
            machine=machine.name,
            executor_id=executor_id,
            release=release,
            engine=engine,
        )


def plan(settings, choices, moment, languages):
    """:param settings: settings.Settings. :param choices: Choices. :param moment: Moment.
    :param languages: names of the languages that there is a pack for.
    """
    project = chosen(settings.projects, choices.project, "project")
    profile = settings.build_profiles[project.build_profile]
    check_language(project, profile, languages)
    document = {
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
        "ref": ref(choices),
        "isolation": profile.isolation,
        "image": image(profile),
        "scripts": scripts(profile),
        "environment": environment(profile, choices.params),
        "artifacts": list(project.artifacts),
        "limits": limits(profile.limits),
        "network": profile.network,
    }
    machines = candidates(settings, project, profile, choices.machine)
    planned = Plan(document, machines, secrets(settings, project))
    check_whole(planned)
    return planned


def chosen(items, name, what):
    """The item of that name, or an error that lists what there is."""
    if name in items:
        return items[name]
    known = ", ".join(items) or "none"
    raise errors.UsageError(
        "there is no %s %s in the settings" % (what, grammar.shown(name)),
        remedy="known: %s" % known,
    )


def check_language(project, profile, languages):
    """A build by the default script needs the language's pack; a profile's own script does not."""
    if project.language not in languages and not profile.compile_to_execute:
        raise errors.UsageError(
            "projects.%s.language: there is no language pack %s" % (project.name, project.language),
            remedy="there is %s; or give build_profiles.%s a compile_to_execute"
            % (", ".join(languages), profile.name),
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
    raise errors.UsageError("nothing to build is named", remedy="give --branch, --tag or --commit")


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


def image(profile):
    if profile.isolation == "host":
        return {"name": "", "recipe": ""}
    if not profile.image:
        raise errors.UsageError("the build profile %s names no image" % profile.name)
    checked("build_profiles.%s.image" % profile.name, grammar.check_image, profile.image)
    recipe = render.render("build_image.Dockerfile.j2", image=profile.image)
    return {"name": profile.image, "recipe": recipe}


def scripts(profile):
    """The profile's own scripts as they are written (braces are theirs), else the default."""
    compiling = profile.compile_to_execute or render.render("compile_to_execute.sh.j2")
    found = {"compile_to_execute.sh": script_form(compiling)}
    if profile.package_to_docker:
        found["package_to_docker.sh"] = script_form(profile.package_to_docker)
    return found


def script_form(script):
    """As JSON can carry it: text, or for bytes that are not UTF-8 a character for each byte."""
    if isinstance(script, six.text_type):
        return script
    return {"encoding": "latin-1", "text": script.decode("latin-1")}


def environment(profile, params):
    """The profile's variables, and over them the operator's --param ones."""
    values = dict(profile.environment)
    for name, value in params:
        checked("--param", grammar.check_environment_name, name)
        values[name] = checked("--param %s" % name, grammar.check_environment_value, value)
    return values


def limits(chosen_limits):
    """As the request wants them: an open limit on memory or CPUs is "", others have numbers."""
    return {
        "soft_seconds": chosen_limits.soft_seconds,
        "hard_seconds": chosen_limits.hard_seconds,
        "memory": chosen_limits.memory,
        "cpus": chosen_limits.cpus,
        "pids": chosen_limits.pids,
        "log_bytes": chosen_limits.log_bytes,
    }


def candidates(settings, project, profile, name):
    """The machines that may run it, in the file's order; `name` narrows them to one."""
    if name is not None:
        only = chosen(settings.machines, name, "machine")
        reason = objection(only, project, profile)
        if reason:
            raise errors.UsageError("--machine %s: %s" % (name, reason))
        return [only]
    reasons = [(machine, objection(machine, project, profile)) for machine in machines_of(settings)]
    fit = [machine for machine, reason in reasons if not reason]
    if not fit:
        why = "; ".join("%s: %s" % (machine.name, reason) for machine, reason in reasons)
        raise errors.UsageError(
            "no machine fits project %s" % project.name, remedy=why or "add a machine"
        )
    return fit


def machines_of(settings):
    return list(settings.machines.values())


def objection(machine, project, profile):
    """Why a machine may not run a project; "" when it may."""
    missing = sorted(set(project.labels) - set(machine.labels))
    if missing:
        return "it lacks the label %s" % ", ".join(missing)
    if profile.isolation not in machine.isolation:
        return "it does not allow isolation %s" % profile.isolation
    return ""


def secrets(settings, project):
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
