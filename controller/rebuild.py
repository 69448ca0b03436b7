"""Plans a build that repeats a past one: the same commit, release, scripts, environment, limits and base image.

In: Settings, what past.ask gave, a Moment. Out: a Plan for the machine of then, or errors.UsageError that says what is
missing. Pure: nothing is asked or sent.

Secrets are not kept anywhere, so they are resolved anew, and only for the server and the registry that the settings
name for them today: the request comes from a machine.
"""

from __future__ import absolute_import, print_function, unicode_literals

from business_hyper_fusion import names
from controller import errors
from controller import plan as plans
from controller.candidates import chosen, objection
from controller.settings import repositories


class Repetition(plans.Plan):
    """:param release: hash of the release to launch against, "" for the controller's own."""

    moves_tags = False  # what is old must not become `latest` again

    def __init__(self, document, machines, secrets, release):
        super(Repetition, self).__init__(document, machines, secrets)
        self.release = release

    def request(self, machine, executor_id, release):
        """The whole document; proxy and certificates stay those of then."""
        return plans.placed(self.document, machine, executor_id, release)


def plan(settings, past, moment, machine=None, current_scripts=False):
    """:param past: {"request", "status"}. :param machine: name of another machine to build on.
    :param current_scripts: whether this controller's release takes the place of the recorded one.
    """
    request, status = past["request"], past["status"]
    project = chosen(settings.projects, request["project"]["name"], "project")
    document = dict(
        request,
        build_id=plans.build_id(moment),
        attempt=1,
        requested_at=plans.iso_time(moment.seconds),
        requested_by=moment.requested_by,
        ref=ref(request, status),
        image=dict(request["image"], id=status["image"]["id"]),
    )
    document["publish"] = publish(document, moment)
    where = place(settings, request, project, machine or request["machine"])
    release = "" if current_scripts else request["release"]
    made = Repetition(document, [where], secrets(settings, request, project), release)
    plans.check_whole(made)
    return made


def ref(request, status):
    """The ref of then at the commit of then."""
    found = request["ref"]
    if found["kind"] in ("tree", "commit"):
        return found
    if not status["commit"]:
        raise errors.UsageError(
            "the build %s ended before its commit was known" % request["build_id"],
            remedy="build it anew: `tristan build %s`" % request["project"]["name"],
        )
    return dict(found, commit=status["commit"])


def publish(document, moment):
    """The repository of then; the tag is the new build's own."""
    if document["publish"] is None:
        return None
    repository = document["publish"]["image"].rpartition(":")[0]
    tag = names.app_tag(document["build_id"], moment.seconds, document["attempt"])
    return dict(document["publish"], image="%s:%s" % (repository, tag))


def place(settings, request, project, name):
    """The machine to build on."""
    machine = chosen(settings.machines, name, "machine")
    profile = settings.build_profiles[project.build_profile]
    reason = objection(machine, project, profile._replace(isolation=request["isolation"]))
    if reason:
        raise errors.UsageError("machine %s: %s" % (name, reason), remedy="choose one by --machine")
    return machine


def secrets(settings, request, project):
    """{slot: reference} for the server, the registry and the names of then, with the values of today."""
    server, registry = request["repository"]["git_server"], request["publish"]
    if server:
        check_server(chosen(settings.git_servers, server, "git server"), request)
    if registry:
        found = chosen(settings.docker_registries, registry["registry"], "docker registry")
        if found.address != registry["address"]:
            raise moved("docker registry", found.name, found.address, registry["address"])
    then = project._replace(
        repository=request["repository"]["address"],
        git_server=server or None,
        docker_registry=registry["registry"] if registry else None,
    )
    return plans.secrets(settings, request, then)


def check_server(server, request):
    """An account goes to the server it is for, and nowhere else."""
    address = request["repository"]["address"]
    if repositories.place(address) != repositories.place(server.address + "/x"):
        raise moved("git server", server.name, server.address, address)


def moved(kind, name, now, then):
    return errors.UsageError(
        "the %s %s is %s in the settings, and was %s" % (kind, name, now, then),
        remedy="build it anew with `tristan build`",
    )
