"""A script of the project's, run to its end: in the build container, or, with isolation ``host``, without one.

do_build_project.sh starts it, clean_build_project.sh always runs after it; container.py plans what it gets. The phases
build and package each run one.
"""

from __future__ import absolute_import, print_function

import json
import os
import time

from business_hyper_fusion import compat, container, engine, files, outcome, reaper, scripts
from business_hyper_fusion.process import Command
from business_hyper_fusion.resources import ContainerMeter

CLEAN_SECONDS = 120

KILLED = 128 + 9
"""Exit status of a shell whose command was killed."""

OOM_SECONDS = 1.0
"""How long an engine may take to notice that a container ran out of memory."""

NOT_STARTED = (125, 126, 127)
"""Exit statuses by which an engine says that it could not start the container; a script can use them too."""


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
            raise running.explain(finished.exit_status)
    finally:
        work.container_use = running.use()
        running.clean()


class HostStep(object):
    """Without a container: for trusted work, where machine and profile both say so."""

    def __init__(self, work, step):
        self._work = work
        self._step = step

    def run(self):
        reaper.adopt_orphans()
        return self._work.runner.run(self._script("do_build_project.sh", []))

    def explain(self, exit_status):
        return _script_failed(self._step, exit_status)

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
        self._cid_file = work.scratch("container_id." + step.name)
        self._environment_file = work.scratch("environment")
        self._meter = ContainerMeter(self._cid_file, self._pid_of)

    def run(self):
        environment = container.environment_file(self._work, self._step)
        files.publish(self._environment_file, environment, 0o600)
        compat.remove_file(self._cid_file)
        options = container.run_options(
            self._work, self._environment_file, self._cid_file, self._step
        )
        command = self._script("do_build_project.sh", options)
        command.stop = self._signal_container
        return self._work.runner.run(command, self._meter)

    def explain(self, exit_status):
        """Why it did not end with 0: the container's own state tells, where there is one."""
        state = self._state()
        if state is None or (exit_status in NOT_STARTED and not _started(state)):
            message = (
                "the engine could not run the %s container (exit %d); its words are in the log"
            )
            return outcome.error(
                "engine_failed", message % (self._step.name, exit_status), exit_status
            )
        if self._ran_out_of_memory(state, exit_status):
            message = "%s ran out of memory; raise limits.memory of the build profile"
            return outcome.failed("oom", message % self._step.title, exit_status)
        return _script_failed(self._step, exit_status)

    def _ran_out_of_memory(self, state, exit_status):
        """The engine hears of it from the kernel on its own way, which may take longer than the container's end."""
        likely = self._work.request["limits"]["memory"] or exit_status == KILLED
        deadline = compat.monotonic() + OOM_SECONDS
        while likely and state and not state.get("OOMKilled") and compat.monotonic() < deadline:
            time.sleep(0.05)
            state = self._state()
        return bool(state and state.get("OOMKilled"))

    def use(self):
        return self._meter.use

    def clean(self):
        _run_clean(self._work, self._step, self._script("clean_build_project.sh", []))
        compat.remove_file(self._environment_file)

    def _script(self, name, arguments):
        path = os.path.join(self._work.ref.build, name)
        environment = self._work.host_environment()
        environment.update(container.script_variables(self._work, self._step))
        return Command(
            scripts.interpreter(path) + arguments, environment, directory=self._work.ref.build
        )

    def _state(self):
        answer = self._ask(engine.state_inspect(self._work.engine, self._name))
        try:
            return json.loads(answer.text()) if answer.exit_status == 0 else None
        except ValueError:
            return None

    def _pid_of(self, container_id):
        state = reaper.ask_engine(engine.state_inspect(self._work.engine, container_id))
        try:
            return int(json.loads(state)["Pid"]) if state else None
        except (ValueError, KeyError, TypeError):
            return None

    def _signal_container(self, number):
        reaper.ask_engine(engine.kill(self._work.engine, self._name, number))

    def _ask(self, words):
        return self._work.runner.unstoppable().run(
            self._work.engine_command(words, capture=True, seconds=30)
        )


def _started(state):
    """Docker fills StartedAt with the year 1 until it has started; both engines put a refusal into Error."""
    return not state.get("Error") and not str(state.get("StartedAt", "0001")).startswith("0001")


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
