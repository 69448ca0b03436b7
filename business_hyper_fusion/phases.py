"""One attempt from its first phase to its terminal state; the one place where an end is caught and written."""

from __future__ import absolute_import, print_function

from business_hyper_fusion import (
    artifacts,
    build,
    clean,
    compat,
    downloads,
    image,
    outcome,
    package,
    provenance,
    publish,
    reserve,
    resources,
    room,
    scripts,
    source,
    trees,
    workspace,
)
from business_hyper_fusion.log import Log
from business_hyper_fusion.masker import Masker
from business_hyper_fusion.process import Runner
from business_hyper_fusion.work import Work


def run(release, request, status, attempt, secrets, control):
    """Run every phase; the terminal state is in the status when this returns.

    :param secrets: {slot: text}, for masking. :param control: Control, installed.
    """
    masker = Masker(secrets.values())
    try:
        log = Log(attempt.log, request["limits"]["log_bytes"], masker)
    except (IOError, OSError) as problem:
        return status.end(room.of_os_error(problem, "opening the log", attempt.path), None)
    disk = room.Room(attempt.path)
    work = Work(release, request, status, log, Runner(log, control, disk), control)
    phases = Phases(work, disk)
    ended = phases.run()
    if ended:
        ended.message = masker.whole(ended.message)  # it may have a server's words
    _say_end(work, ended, phases.failed_in)
    status.end(ended, log.close())


class Phases(object):
    """The story of an attempt.

    :param disk: room.Room, looked at while commands run.
    """

    def __init__(self, work, disk):
        self._work = work
        self._disk = disk
        self.failed_in = ""

    def run(self):
        """:returns: outcome.Ended, or None for success."""
        ended = self._catching(self._all)
        if ended:
            self._keep(ended)
        lacking = ended is not None and ended.cause in outcome.LACKS
        tidied = self._catching(lambda: self._phase("clean", lambda: self._clean(lacking)))
        return ended or tidied or self._catching(lambda: provenance.write(self._work))

    def _all(self):
        self._phase("sync", self._sync)
        with image.asked_ahead(self._work) as build_image:
            self._phase("source", self._source)
            if self._work.in_docker:
                self._phase("image", lambda: self._image(build_image))
        self._phase("build", self._build)
        self._phase("package", self._package)
        if self._work.request["publish"]:
            self._phase("publish", self._publish)

    def _sync(self):
        """The release arrived before the launch; what is left is this ref's scripts."""
        version = scripts.run(self._work)
        self._work.status.document.update(scripts_version=version, source=self._work.ref.source)

    def _source(self):
        origin = trees if self._work.request["tree"] else source
        self._work.status.document["commit"] = origin.run(self._work)

    def _image(self, build_image):
        self._work.status.document["image"].update(image.run(self._work, build_image))

    def _build(self):
        work = self._work
        inside = (
            " in %s" % work.status.document["image"]["build_image"]
            if work.in_docker
            else " on the host"
        )
        work.log.say("==> build: %s%s" % (work.request["project"]["language"], inside))
        with downloads.held(work):
            build.run(work)

    def _package(self):
        self._work.status.document["artifacts"] = artifacts.run(self._work)
        if self._work.request["publish"]:
            package.run(self._work)

    def _publish(self):
        self._work.status.document["app_image"] = publish.run(self._work)

    def _keep(self, ended):
        """Leave a failed build's source for whom it may concern; that nothing could be kept is no failure."""
        work = self._work
        self.failed_in = work.status.document["phase"]
        try:
            workspace.keep(work, ended)
        except (IOError, OSError) as problem:
            work.log.say("==> the source could not be kept: %s" % problem)

    def _clean(self, lacking):
        clean.run(self._work, lacking)
        workspace.remove_old(self._work)

    def _phase(self, name, do):
        """Run one phase between its two lines in the status, and measure it."""
        work = self._work
        if name != "clean":
            work.control.check()
        work.runner.usages = []
        work.container_use = None
        self._disk.begin()
        cpu_before = resources.own_cpu()
        work.status.begin_phase(name)
        state, exit_status = "error", None
        try:
            do()
            state, exit_status = "success", 0
        except outcome.Ended as ended:
            state, exit_status = ended.state, ended.exit_status
            raise
        finally:
            self._end_phase(name, state, exit_status, resources.own_cpu() - cpu_before)

    def _end_phase(self, name, state, exit_status, own_cpu):
        use = resources.of_commands(self._work.runner.usages, own_cpu)
        self._work.status.end_phase(name, state, exit_status, self._work.container_use or use)

    def _catching(self, do):
        """:returns: how ``do`` ended early, or None."""
        try:
            do()
        except outcome.Ended as ended:
            return self._lack_instead(ended)
        except (IOError, OSError) as problem:
            reserve.give_back(self._work.attempt)
            return room.of_os_error(problem, "the build", self._work.attempt.path)
        except Exception:
            import traceback  # 3 ms, which a build shall not pay that does not need it

            self._tell(traceback.format_exc())
            message = "Tristan itself failed; the traceback is in the log, please report it"
            return outcome.error("internal", message)
        return None

    def _lack_instead(self, ended):
        """A script that fails on a full disk did not fail for a reason of its own."""
        lacked = room.lack(self._work.attempt.path) or self._disk.lacked
        if not lacked or ended.state not in ("failed", "error") or ended.cause in outcome.LACKS:
            return ended
        reserve.give_back(self._work.attempt)
        return outcome.lacking(lacked, ended.exit_status)

    def _tell(self, text):
        try:
            self._work.log.write(compat.to_bytes(text))
        except (IOError, OSError):
            pass


def _say_end(work, ended, failed_in):
    """The log's last words; on a full disk the status has to say it alone.

    :param failed_in: name of the phase that it ended in, "" for success.
    """
    work.log.say("==> %s" % (ended.message if ended else "success"))
    for line in workspace.words(work, failed_in, ended) if failed_in else ():
        work.log.say("==> " + line)
