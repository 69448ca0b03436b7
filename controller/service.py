"""What Tristan does, for any caller: the command line today, a server tomorrow. Prints nothing.

Job: join settings, state, plan, launch and watch into the operations an operator names.
In: Settings, State. Out: plain values and dicts; events go to the callables and sinks given.
"""

from __future__ import absolute_import, print_function, unicode_literals

import os

from controller import accept, answer, errors, finder, parallel
from controller.contact import Contact
from controller.follow_up import FollowUp
from controller.late import Late
from controller.requeue import Requeue


class Controller(object):
    """:param settings: settings.Settings. :param state: state.State.
    :param connect: function(machine) that gives a Transport; tests give their own.
    """

    def __init__(self, settings, state, connect=None):
        self.settings = settings
        self.state = state
        connect = connect or self._connect
        self._contacts = dict(
            (machine.name, Contact(machine, state, connect))
            for machine in settings.machines.values()
        )
        self._collection = None
        journal, note = state.journal, state.on_note
        self._requeue = Requeue(settings, journal, self._contacts, self._make_release, note)
        self._follow_up = FollowUp(settings, journal, self._log_end, note)
        self._acceptance = accept.Acceptance(
            journal, self._follow_up, note, self._requeue, Late(journal, self._end, note)
        )
        self._finder = finder.Finder(self._contacts, journal, self._seen)

    def plan(self, project, **chosen):
        """What would be launched, checked; nothing is sent.

        :param chosen: of branch, tag, commit, machine: texts; params: (name, value) pairs; tree: a tree.Tree;
            notify: texts that name whom to tell of the end, see notify.parse.
        """
        from controller import plan, release, requester

        choices = plan.Choices(project, **chosen)
        return plan.plan(self.settings, choices, requester.moment(), release.languages())

    def plan_again(self, build, notify=(), **chosen):
        """What would be launched to repeat a past build. :param chosen: see rebuild.plan."""
        from controller import notify as notices
        from controller import rebuild, requester

        past = self.past_request(build)[1]
        planned = rebuild.plan(self.settings, past, requester.moment(), **chosen)
        planned.notify = notices.checked(notify, self.settings)
        return planned

    def preview(self, plan):
        """What a launch of a plan would send: preview.Preview."""
        from controller import preview

        return preview.preview(plan, self.settings, self._make_release())

    def compare(self, plan, past):
        """How that differs from a past build's request: preview.Comparison."""
        from controller import preview

        return preview.compare(plan, self._make_release(), past)

    def build(self, plan, wait=False, on_event=None, on_progress=None, watched=False):
        """Launches a plan. :returns: launch.LaunchedBuild.

        :param wait: whether to wait for a free executor instead of raising errors.Busy.
        :param watched: whether watch() comes next, for which the launch's channel is kept then.
        :param on_event: callable(text). :param on_progress: callable(bytes sent, bytes in all,
            path), while the plan's tree is sent.
        """
        from controller.launch import Launcher

        listeners = (on_event or ignore, on_progress or ignore)
        launcher = Launcher(self._contacts, self.state.journal, self._make_release, *listeners)
        launcher.watched = watched
        with self.state.journal.lease(plan.build_id):
            try:
                return launcher.launch(plan, wait)
            except KeyboardInterrupt:
                self.state.journal.abandon(plan.build_id)
                raise

    def build_for(self, slot, plan, **launch):
        """The same, unless this user launched a build of the project for that slot before: that one is given then.

        :param slot: text. :param launch: wait, on_event, on_progress and watched as for build().
        """
        from controller import slots

        kept = slots.Slots(self.state.slots, self.state.journal)
        return kept.once(plan, slot, lambda: self.build(plan, **launch))

    def watch(self, build, sink, offset=0, patience=None):
        """Follows a build to its end, which is accepted then.

        :param build: an id, the beginning of one, or of its last eight characters.
        :param offset: first byte wanted of the log. :param sink: has log, status and note.
        :param patience: seconds without contact before errors.StillRunning.
        :returns: dict, the terminal status.
        """
        status = self._supervision().watch(build, sink, offset, patience)
        self._note_ends([(status["machine"], status)])
        return status

    def read_log(self, build, sink, offset=0, attempt=None):
        """Reads a log as far as it is now. :param attempt: int, None for the latest. :returns: dict, the status."""
        return self._supervision().read(build, sink, offset, attempt)

    def status(self, build=None, machine=None, limit=20, on_note=None):
        """Statuses that the machines hold, newest first.

        :param build: text that names builds, or None for all. :param on_note:
            callable(text), told of machines that can't be reached; when none can, an error is raised.
        """
        names = self._chosen(machine)
        self._requeue.adopt_all(names)
        found, failures = self._finder.builds(build or "", names, limit)
        if failures and len(failures) == len(names):
            raise failures[0][1]
        for name, error in failures:
            (on_note or ignore)("%s: %s" % (name, error.message))
        reached = [name for name in names if name not in dict(failures)]
        self.accept(reached, [status["build_id"] for _, status in found])
        return [status for _, status in found][:limit]

    def accept(self, machines=None, seen=()):
        """Accepts builds that ended while nobody watched, and goes on with what failed then; see accept.py.

        :param machines: names of those to ask, all by default. :param seen: ids of builds that were seen just now.
        """
        from controller import catch_up

        names = self._contacts if machines is None else machines
        catch_up.catch_up(self._acceptance, self._finder.those, names, seen)

    def notify(self, build, texts=()):
        """Tells again of a past build's end. :param texts: whom, see notify.parse; by default all who are told.

        :returns: list of (text that names whom, errors.NotifyFailed or None).
        """
        machine, status = self.find(build)
        if not accept.has_ended(status):
            raise errors.UsageError(
                "the build %s still runs" % status["build_id"], "it is told of when it ends"
            )
        return self._follow_up.tell(machine, status, texts)

    def find(self, build):
        """(machine name, status) of the one build that `build` names."""
        return self._finder.find(build)

    def past_request(self, build):
        """(machine name, {"request", "status", "provenance"}) of a build, as past.ask gives it."""
        from controller import past

        machine, build_id = self._finder.place(build)
        return machine, past.ask(self._contacts[machine], build_id)

    def provenance(self, build):
        """The in-toto statement of what a build made: dict."""
        from controller import past

        machine, build_id = self._finder.place(build)
        return past.provenance(self._contacts[machine], build_id)

    def shell(self, build, words=(), with_secrets=False, size=None, term="xterm"):
        """A context with the transport.Terminal of a shell, or a command, in what a build ran in.

        :param with_secrets: whether the project's secrets of today are put there for as long as it lasts.
        :param size: (columns, rows) of a terminal of kind `term`, None for pipes.
        """
        from controller import shell
        from controller.candidates import chosen

        machine, status = self.find(build)
        secrets = {}
        if with_secrets:
            secrets = chosen(self.settings.projects, status["project"], "project").secrets
        return shell.opened(self._contacts[machine], status, words, secrets, size, term)

    def artifacts(self, build):
        """A build's files: dicts of name, size, sha256."""
        from controller import artifacts

        return [dict(one._asdict()) for one in artifacts.listed(self.find(build)[1])]

    def fetch_artifacts(self, build, directory, names=(), force=False, **told):
        """Fetches a build's files, or those that `names` (names or globs) mean, into a directory.

        :param told: on_progress, on_event; see artifacts.Fetch.
        :returns: list of dict: name, size, sha256, path, received.
        """
        from controller import artifacts

        machine, status = self.find(build)
        wanted = artifacts.chosen(artifacts.listed(status), names)
        return artifacts.Fetch(self._contacts[machine], status, **told).run(
            wanted, directory, force
        )

    def cancel(self, build, reason=""):
        """Asks a build's machine to end it. :returns: its status, "running" until it has ended."""
        machine, build_id = self._finder.place(build)
        self.state.journal.abandon(build_id)
        # Behind that: another attempt may just have been launched, on another machine.
        machine = self._finder.noted(build_id, machine)
        said = self._contacts[machine].ask("cancel", {"build_id": build_id, "reason": reason})
        if said is None or said["answer"] == "absent":
            raise self._finder.missing(build_id)
        return answer.believed_status(said.get("status"), "cancel on %s" % machine)

    def machines(self):
        """What each machine is and does at the moment: list of dict, see overview.row."""
        from controller import overview

        machines = self.settings.machines
        asked = parallel.each(lambda name: self._finder.ask(name, "-", 1), list(machines))
        return [overview.row(machines[name], said, error) for name, said, error in asked]

    def doctor(self, machine):
        """Checks of one machine: list of doctor.Check."""
        from controller import doctor

        return doctor.examine(self._settings_of(machine), self.state)

    def enroll(self, machine, fingerprint=None, confirm=None):
        """Pins a machine's host key, by fingerprint or after `confirm` said yes."""
        from controller import enroll

        return enroll.enroll(self._settings_of(machine), self.state, fingerprint, confirm)

    def uninstall(self, machine, force=False):
        """Removes Tristan from a machine: files, images, containers."""
        from controller import uninstall

        contact = self._contact(machine)
        result = uninstall.uninstall(
            contact.transport(), contact.machine, contact.find_python(), force
        )
        self.state.forget(machine)
        return result

    def gc(self, machine=None, **question):
        """Has machines remove what they do not need any more.

        :param question: fields of gc.Question.
        :returns: list of (machine name, dict as gc.collect gives it or None, error or None).
        """
        from controller import gc

        release, asked = self._make_release(), gc.Question(**question)
        return parallel.each(
            lambda name: gc.collect(self._contacts[name], release, asked), self._chosen(machine)
        )

    def refresh(self, machine=None, collect=True):
        """Prepares machines for their next builds, and accepts what ended there unwatched.

        :param collect: whether they also remove what they do not need any more.
        :returns: list of (machine name, dict as refresh.Refresher gives it or None, error or None).
        """
        from controller import gc, refresh, release, requester

        given = (self.settings, requester.moment(), release.languages(), self._make_release())
        refresher = refresh.Refresher(*given + (gc.Question() if collect else None,))
        found = parallel.each(
            lambda name: refresher.refresh(self._contacts[name]), self._chosen(machine)
        )
        self.accept([name for name, _, error in found if error is None])
        return found

    def close(self):
        for contact in self._contacts.values():
            contact.close()

    def _connect(self, machine):
        from controller import transport

        return transport.connect(machine, self.state.known_hosts)

    def _make_release(self):
        """This installation's release, with the data derived from the settings and the operator's files of now."""
        if self._collection is None:
            from controller import release
            from controller.settings import derive

            data, beside = derive.data_files(self.settings), os.path.dirname(self.settings.path)
            self._collection = release.Collection(data, beside=beside)
        return self._collection.release()

    def _chosen(self, machine):
        return [self._settings_of(machine).name] if machine else list(self.settings.machines)

    def _settings_of(self, name):
        return self._contact(name).machine

    def _contact(self, name):
        if name in self._contacts:
            return self._contacts[name]
        raise errors.UsageError(
            "there is no machine %s in the settings" % name,
            remedy="known: %s" % (", ".join(self.settings.machines) or "none"),
        )

    def _seen(self, found):
        """:param found: list of (machine name, status). :returns: the statuses, their ends accepted."""
        self._note_ends(found)
        return self._acceptance.take(found)

    def _note_ends(self, found):
        for machine, status in found:
            if machine in self._contacts and accept.has_ended(status):
                outlook = self._contacts[machine].outlook
                outlook.ended(status["executor_id"], status["build_id"])

    def _supervision(self):
        from controller.supervision import Supervision

        parts = (self._finder, self._acceptance, self._requeue)
        return Supervision(self._contacts, self.state.journal, *parts)

    def _end(self, machine, build_id, attempt, reason):
        """Has a machine end an attempt."""
        question = {"build_id": build_id, "attempt": attempt, "reason": reason}
        self._contacts[machine].ask("cancel", question)

    def _log_end(self, machine, status):
        from controller import log_end

        return log_end.read(self._contacts[machine], status)


def ignore(*told):
    """For a caller who wants no events."""
