"""Phase ``publish``: do_build_docker.sh -> build_docker.sh -> clean_build_docker.sh.

The image is built, pushed, and removed here. The three scripts are Tristan's own; the password goes by stdin into a
login of the attempt's own. Registry faults are tried again, without building again. What an engine says is for people:
a script's exit status tells in which step it failed, and the registry itself is asked how it is.
"""

from __future__ import absolute_import, print_function

import os
import re
import time

from business_hyper_fusion import (
    app_image,
    asking,
    checkout,
    compat,
    engine,
    files,
    outcome,
    reaper,
    resources,
    run_mounts,
    scripts,
)
from business_hyper_fusion.process import Command, Runner
from business_hyper_fusion.progress import Push

LOGIN_FAILED, BUILD_FAILED, PUSH_FAILED = 81, 82, 83
"""Exit statuses of do_build_docker.sh."""

PAUSES = (1, 2, 4, 8, 16)
"""Seconds before another try after a fault of the registry."""

TRIED_AGAIN = ("registry_unavailable", "push_failed")

CLEAN_SECONDS = 120

BUILDKIT_FIRST = 23
"""From this version on docker builds with BuildKit where buildx is installed, without being told."""

MOST_STEPS = 1000

_STEP = re.compile(b" ---> ([0-9a-f]{12})\\Z")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")


def run(work):
    """Build and push the image; its local copy is gone afterwards, however it ended.

    :returns: {"image": reference, "id": "sha256:...", "digest": "sha256:..."}
    :raises outcome.Ended: failed ``image_build_failed``, ``unsafe_dockerfile``; error ``registry_denied``,
        ``registry_untrusted``, ``registry_unavailable``, ``push_failed``, ``digest_mismatch``, or one of the engine's;
        cancelled; timeout.
    """
    publishing = Publishing(work)
    try:
        publishing.prepare()
        publishing.build_and_push()
        return publishing.result()
    finally:
        publishing.clean()


class Publishing(object):
    """One image on its way into its registry."""

    def __init__(self, work):
        self._work = work
        self._publish = work.request["publish"]
        self._begun = compat.iso_time()
        self._steps = StepImages(work.log)
        self._runner = Runner(self._steps, work.control)
        self._runner.usages = work.runner.usages
        if work.request["engine"]["kind"] == "docker":
            # The work is the daemon's; what its client used would be no answer.
            work.container_use = resources.UNKNOWN

    def prepare(self):
        """The directories of the scripts, and a client configuration that is nobody else's."""
        run_mounts.check(self._work)
        for directory in (app_image.directory(self._work), app_image.login(self._work)):
            compat.make_directories(directory, 0o700)
        content, contexts = app_image.client_configuration(
            self._work, self._work.host_environment()
        )
        # Docker's name for it, and Podman's, which demands that it is there.
        for name in ("config.json", "auth.json"):
            files.publish(os.path.join(app_image.login(self._work), name), content, 0o600)
        if contexts:
            files.link(contexts, os.path.join(app_image.login(self._work), "contexts"))

    def build_and_push(self):
        options = app_image.build_options(self._work, keeps_own_cache(self._work))
        for pause in PAUSES + (None,):
            command = self._script("do_build_docker.sh", options)
            command.stdin = self._password()
            command.progress = self._steps.push = self._progress()
            finished = self._runner.run(command)
            if finished.exit_status == 0:
                return
            fault = self._explain(finished.exit_status)
            if pause is None or fault.cause not in TRIED_AGAIN:
                raise fault
            self._work.log.say("==> publish: %s; another try in %d s" % (fault.message, pause))
            self._wait(pause)

    def _progress(self):
        seconds = self._work.request["limits"]["stall_seconds"]
        return Push(seconds, self._publish["address"])

    def result(self):
        """:returns: what :func:`run` does; the log's last lines say the same.

        :raises outcome.Ended: ``digest_mismatch`` when the registry got something else than what was built.
        """
        image_id, digest = self._left("id"), self._left("digest")
        repository = self._publish["image"].rpartition(":")[0]
        pushed = short_name(repository) + "@" + digest
        found = asking.images(self._work, [image_id]) if _DIGEST.match(digest) else []
        known = [short_name(name) for image in found for name in image.get("RepoDigests") or ()]
        if pushed not in known:
            message = "the registry reports digest %s, which is not that of the image built here (%s); build it again"
            raise outcome.error("digest_mismatch", message % (digest or "none", known or "none"))
        say = self._work.log.say
        say("==> publish: copy the image to the next stage:")
        say("image:  %s" % self._publish["image"])
        say("id:     %s" % image_id)
        say("digest: %s@%s" % (repository, digest))
        return {"image": self._publish["image"], "id": image_id, "digest": digest}

    def clean(self):
        """Remove the image, what its steps left, the login and the context, also after a cancellation."""
        work = self._work
        # A client that outlived its script would have the engine go on.
        reaper.kill_processes(work.attempt.token)
        runner = work.runner.unstoppable()
        try:
            command = self._script("clean_build_docker.sh", self._left_by_steps(runner))
            command.seconds = CLEAN_SECONDS
            exit_status = runner.run(command).exit_status
        except outcome.Ended as ended:
            work.log.say("==> publish: cleaning up failed: %s" % ended.message)
        else:
            if exit_status != 0:
                line = "==> publish: the local image could not be removed (exit status %d)"
                work.log.say(line % exit_status)
        finally:
            checkout.remove_tree(app_image.login(work))
            checkout.remove_tree(work.attempt.context)

    def _left_by_steps(self, runner):
        """:returns: ids of nameless images that are not older than this phase, newest first."""
        if not self._steps.ids:
            return []
        found = asking.images(self._work, self._steps.ids[::-1], runner)
        return [
            str(image["Id"])
            for image in found
            if not image.get("RepoTags") and str(image.get("Created")) >= self._begun
        ]

    def _explain(self, exit_status):
        """:returns: outcome.Ended for a try that failed.

        :raises outcome.Ended: when it was the engine.
        """
        # It brings http and TLS along, which few builds need.
        from business_hyper_fusion import registry

        asking.check(self._work)
        if exit_status == BUILD_FAILED:
            message = "the image could not be built from its Dockerfile; the log tells why"
            return outcome.failed("image_build_failed", message)
        answer = registry.ask(self._publish["address"])
        return fault_of_registry(self._work, exit_status, answer)

    def _wait(self, seconds):
        deadline = compat.monotonic() + seconds
        while compat.monotonic() < deadline:
            self._work.control.check()
            time.sleep(0.1)

    def _script(self, name, arguments):
        path = os.path.join(self._work.ref.build, name)
        environment = self._work.host_environment()
        environment.update(app_image.script_variables(self._work))
        words = scripts.interpreter(path) + arguments
        return Command(words, environment, directory=self._work.ref.build)

    def _password(self):
        path = self._work.secret("registry_password")
        if not self._publish["username"] or path is None:
            return None
        with open(path, "rb") as file:
            return file.read()

    def _left(self, name):
        """:returns: text of a file that the scripts left, "" where they left none."""
        try:
            with open(os.path.join(app_image.directory(self._work), name), "rb") as file:
                return compat.to_native(file.read(200)).strip()
        except (IOError, OSError):
            return ""


def fault_of_registry(work, exit_status, answer):
    """:param answer: registry.Answer. :returns: outcome.Ended for a login or a push that failed."""
    publish = work.request["publish"]
    address, username = publish["address"], publish["username"]
    account = "username and password of docker_registries.%s" % publish["registry"]
    if not answer.available:
        message = "registry %s does not answer, or with an error of its own" % address
        return outcome.error("registry_unavailable", message)
    if not answer.trusted and not app_image.insecure(work):
        message = "the machine does not know the certificate of registry %s; its CA belongs into /etc/docker/certs.d/%s"
        return outcome.error("registry_untrusted", message % (address, address))
    if exit_status == LOGIN_FAILED:
        message = "registry %s refuses the login of %s; check %s" % (address, username, account)
        return outcome.error("registry_denied", message)
    if answer.wants_login and not username:
        message = "registry %s wants a login; set %s" % (address, account)
        return outcome.error("registry_denied", message)
    return outcome.error(
        "push_failed", "%s could not be pushed; the log tells why" % publish["image"]
    )


class StepImages(object):
    """Stands before the log, lets ``push`` hear what is said, and notes the images that the classic builder says its
    steps left.

    It names only the last one, and forgets those of a build that failed and of stages that were copied from.
    """

    def __init__(self, log):
        self._log = log
        self._begun = b""
        self.ids = []
        self.push = None

    def write(self, data):
        self._log.write(data)
        if self.push is not None:
            self.push.hear(data)
        lines = (self._begun + data).split(b"\n")
        self._begun = lines.pop()[:100]
        for line in lines:
            found = _STEP.match(line)
            if found and len(self.ids) < MOST_STEPS:
                self.ids.append(compat.to_native(found.group(1)))


def keeps_own_cache(work):
    """Whether the engine builds with BuildKit. The other builders' cache is the steps of other builds, which those
    remove when they are done: a build could lose the ground it stands on."""
    if work.request["engine"]["kind"] != "docker":
        return False
    told = None if work.engine[0] == "sudo" else work.host_environment().get("DOCKER_BUILDKIT")
    if told is not None:
        return told.lower() in ("1", "t", "true")
    if asking.run(work, engine.buildx_version(work.engine), capture=True).exit_status != 0:
        return False
    version = asking.run(work, engine.client_version(work.engine), capture=True).text()
    number = version.partition(".")[0]
    return number.isdigit() and int(number) >= BUILDKIT_FIRST


def short_name(reference):
    """:returns: a reference as engines shorten it: without the one registry that needs no naming."""
    for prefix in ("docker.io/", "index.docker.io/", "library/"):
        if reference.startswith(prefix):
            reference = reference[len(prefix) :]
    return reference
