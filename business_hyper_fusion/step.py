"""A script of the project's, run to its end: in the build container, or, with isolation ``host``, without one.

do_build_project.sh starts it, clean_build_project.sh always runs after it; container.py plans what it gets. The phases
build and package each run one.
"""

from __future__ import absolute_import, print_function

import os
import time

from business_hyper_fusion import (
    compat,
    container,
    engine,
    engine_socket,
    files,
    lifeline,
    outcome,
    prctl,
    reaper,
    scripts,
)
from business_hyper_fusion.process import Command
from business_hyper_fusion.resources import ContainerMeter

CLEAN_SECONDS = 120

KILLED = 128 + 9
"""Exit status of a shell whose command was killed."""

BROKEN_OFF = 125
"""Exit status by which an engine says that it failed itself; a script can use it, too."""

NOT_STARTED = (BROKEN_OFF, 126, 127)
"""Exit statuses by which an engine says that it could not start the container; a script can use them, too."""

ENGINE_BACK_SECONDS = 30.0
"""How long an engine that broke off is waited for, so that nothing of the build is left in it."""


def run(work, step):
    """Run a script; what its container used is in ``work.container_use`` afterwards, however it ended.

    :param step: container.Step.
    :raises outcome.Ended: failed ``script_failed`` or ``oom``; error; cancelled; timeout.
    """
    work.step = step
    running = DockerStep(work, step) if work.in_docker else HostStep(work, step)
    try:
        finished = running.run()
        if finished.exit_status != 0:
            raise running.explain(finished)
    finally:
        work.container_use = running.use()
        running.clean()


class HostStep(object):
    """Without a container: for trusted work, where machine and profile both say so."""

    def __init__(self, work, step):
        self._work = work
        self._step = step

    def run(self):
        prctl.adopt_orphans()
        return self._work.runner.run(self._script("do_build_project.sh", []))

    def explain(self, finished):
        return _script_failed(self._step, finished.exit_status)

    def use(self):
        return None

    def clean(self):
        _run_clean(self._work, self._step, self._script("clean_build_project.sh", []))
        killed = reaper.kill_processes(self._work.attempt.token, below=os.getpid())
        if killed:
            line = "==> %s: %d processes that were left running are killed"
            self._work.log.say(line % (self._step.name, killed))

    def _script(self, name, arguments):
        path = os.path.join(self._work.ref.build, name)
        environment = self._work.host_environment()
        environment.update(container.host_variables(self._work, self._step))
        words = scripts.interpreter(path) + arguments
        return Command(words, environment, directory=self._work.ref.source)


class DockerStep(object):
    """In ``build_<image>``, with the mounts, the user and the limits that container.py plans."""

    def __init__(self, work, step):
        self._work = work
        self._step = step
        self._name = container.name(work, step)
        self._cid_file = work.attempt.container_id(step.name)
        self._environment_file = work.attempt.environment
        self._meter = ContainerMeter(self._cid_file, self._script_runs)
        self._lifeline = None
        self._broken_off = False
        self._is_cut = False

    def run(self):
        environment = container.environment_file(self._work, self._step)
        files.publish(self._environment_file, environment, 0o600)
        compat.remove_file(self._cid_file)
        options = container.run_options(
            self._work, self._environment_file, self._cid_file, self._step
        )
        self._lifeline = lifeline.Lifeline(self._work.scratch("lifeline." + self._step.name))
        options += container.attended_options(self._work, self._lifeline.directory)
        command = self._script("do_build_project.sh", options)
        command.stop = self._signal_container
        command.lifeline = self._lifeline
        self._is_cut = True
        try:
            finished = self._work.runner.run(command, self._meter)
            self._is_cut = finished.killed
            return finished
        finally:
            self._lifeline.close()

    def explain(self, finished):
        """Why it did not end with 0: what was said on the lifeline tells the engine's failures from the script's."""
        exit_status = finished.exit_status
        self._broken_off = self._is_lost(finished)
        if self._broken_off:
            message = "the engine, or its client, was ended while %s ran; build it again"
            return outcome.error("engine_lost", message % self._step.title, exit_status)
        if not self._lifeline.began and exit_status in NOT_STARTED:
            message = "the engine could not run the %s container (exit %d); the log has its words"
            message %= (self._step.name, exit_status)
            return outcome.error("engine_failed", message, exit_status)
        if self._ran_out_of_memory(exit_status):
            message = "%s ran out of memory; raise limits.memory of the build profile"
            return outcome.failed("oom", message % self._step.title, exit_status)
        return _script_failed(self._step, exit_status)

    def _is_lost(self, finished):
        """Whether the client's end is not the script's own: one that is told to stop ends its containers politely."""
        said = self._lifeline
        broken_off = said.began and said.exit_status is None and finished.exit_status == BROKEN_OFF
        return finished.killed or broken_off or not self._engine_answers()

    def _engine_answers(self):
        return reaper.ask_engine(engine.version(self._work.engine)) is not None

    def _ran_out_of_memory(self, exit_status):
        """Kernels before 4.13 don't count; what is killed under a limit was most likely too large."""
        if self._lifeline.oom_kills is None:
            return bool(self._work.request["limits"]["memory"]) and exit_status == KILLED
        return self._lifeline.oom_kills > 0

    def use(self):
        return self._meter.use

    def clean(self):
        seconds = self._coming_seconds()
        if self._broken_off:
            self._wait_for_engine(seconds)
        elif seconds:
            self._remove_containers(seconds)
        cleaning = self._script("clean_build_project.sh", [])
        if self._is_gone():
            cleaning.environment["TRISTAN_GONE"] = "yes"
        _run_clean(self._work, self._step, cleaning)
        compat.remove_file(self._environment_file)

    def _is_gone(self):
        """Whether there is nothing to remove, as nearly always: a client of the engine takes long to find that out."""
        environment = self._work.host_environment()
        return engine_socket.says_gone(self._work.engine, environment, self._name)

    def _coming_seconds(self):
        """For what the engine may still be making; a client that came to its own end knows."""
        attempt = self._work.attempt
        return reaper.coming_seconds(attempt, self._step.name) if self._is_cut else 0.0

    def _remove_containers(self, seconds):
        attempt, command = self._work.attempt, self._work.engine
        return reaper.remove_containers(command, attempt.build_id, attempt.number, seconds)

    def _wait_for_engine(self, seconds):
        """One that was killed is mostly started again at once. Its containers end without it, by their lifeline."""
        deadline = compat.monotonic() + ENGINE_BACK_SECONDS
        while self._remove_containers(seconds) is None:
            if compat.monotonic() >= deadline:
                self._work.log.say("==> %s: the engine does not answer any more" % self._step.name)
                return
            time.sleep(0.5)

    def _script(self, name, arguments):
        path = os.path.join(self._work.ref.build, name)
        environment = self._work.host_environment()
        environment.update(container.script_variables(self._work, self._step))
        return Command(
            scripts.interpreter(path) + arguments, environment, directory=self._work.ref.build
        )

    def _script_runs(self):
        """A container that is just being started or removed has not all of its groups."""
        self._lifeline.listen()
        return self._lifeline.began and self._lifeline.exit_status is None

    def _signal_container(self, number):
        reaper.ask_engine(engine.kill(self._work.engine, self._name, number))


def _script_failed(step, exit_status):
    message = "%s ended with exit status %d; the log tells why" % (step.title, exit_status)
    return outcome.failed("script_failed", message, exit_status)


def _run_clean(work, step, command):
    """What must be tidied is tidied also when the build was cancelled or ran out of time."""
    command.seconds = CLEAN_SECONDS
    try:
        finished = work.runner.unstoppable().run(command)
    except outcome.Ended as ended:
        work.log.say("==> %s: cleaning up failed: %s" % (step.name, ended.message))
        return
    if finished.exit_status != 0:
        line = "==> %s: clean_build_project.sh ended with exit status %d"
        work.log.say(line % (step.name, finished.exit_status))
