"""Phase ``image``: ``build_<image>``, made from ``<image>`` by one recipe when it is missing or out of date.

Out of date means: the base image or the recipe changed, which the image's own labels tell.
"""

from __future__ import absolute_import, print_function

import hashlib
import json
import os

from business_hyper_fusion import compat, engine, lock, names, outcome


def run(work):
    """:returns: the build image's name; it is there, and up to date.

    :raises outcome.Ended: ``no_engine``, ``engine_denied``, ``engine_unavailable``, ``image_unavailable``,
        ``image_failed``.
    """
    image = BuildImage(work)
    image.use()
    if not image.up_to_date():
        image.make()
    return image.name


def lock_of(business, name):
    """:returns: path of the lock that whoever makes or removes a build image holds."""
    return os.path.join(business.images, names.component(name) + ".lock")


def mark_of(business, name):
    """:returns: path of a build image's mark: its time is the last use, and builds that use it share its lock."""
    return os.path.join(business.images, names.component(name) + ".used")


class BuildImage(object):
    """The image that one request builds in."""

    def __init__(self, work):
        self._work = work
        self._base = work.request["image"]["name"]
        self._recipe = work.request["image"]["recipe"]
        self.name = names.build_image(self._base, os.getuid())

    def use(self):
        """Mark the image as used now, and keep off who would remove it for as long as this process lives."""
        work = self._work
        compat.make_directories(work.business.images)
        mark = mark_of(work.business, self.name)
        waiting = "==> image: waiting for the removal of %s" % self.name
        lock.acquire_in_turn(mark, work.control, lambda: work.log.say(waiting), shared=True)
        os.utime(mark, None)

    def up_to_date(self):
        """One call to the engine when all is well, which is nearly always."""
        both = self._inspect([self.name, self._base])
        if len(both) != 2:
            return False
        labels = (both[0].get("Config") or {}).get("Labels") or {}
        wanted = self._labels(both[1])
        return all(labels.get(key) == wanted[key] for key in ("tristan.base", "tristan.recipe"))

    def make(self):
        """Pull the base when it is missing, build; of two builds that want the image at once one makes it."""
        compat.make_directories(self._work.business.images)
        held = self._lock()
        try:
            if not self.up_to_date():
                self._build(self._base_image())
        finally:
            os.close(held)

    def renew(self):
        """For who looks after a machine: the base as its registry has it now, the image made anew where that or
        the recipe changed. What runs in the image as it was goes on there.

        :returns: True when it was made anew; None when it is not on the machine, and so is not missed.
        """
        if not self._inspect([self.name]):
            return None
        compat.make_directories(self._work.business.images)
        held = self._lock()
        try:
            before = self._inspect([self._base])
            self._pull_again(before)
            if self.up_to_date():
                return False
            self._build(self._base_image())
            self._remove_nameless(before)
            return True
        finally:
            os.close(held)

    def _pull_again(self, before):
        """An image without a digest was made on this machine, and one that is named by its digest can't change."""
        if before and (not before[0].get("RepoDigests") or "@" in self._base):
            return
        pulled = self._run(engine.pull(self._work.engine, self._base), capture=True)
        if pulled.exit_status != 0:
            message = "image %s can't be pulled: %s"
            raise outcome.error("image_unavailable", message % (self._base, pulled.last_line()))

    def _remove_nameless(self, bases):
        """A base whose name the pulled one has now; where something else needs it, the engine refuses."""
        for base in self._inspect([str(base.get("Id")) for base in bases]):
            if not base.get("RepoTags"):
                words = engine.remove_image(self._work.engine, str(base.get("Id")))
                self._run(words, capture=True)

    def _lock(self):
        waiting = "==> image: waiting for another build that makes %s" % self.name
        work = self._work
        path = lock_of(work.business, self.name)
        return lock.acquire_in_turn(path, work.control, lambda: work.log.say(waiting))

    def _base_image(self):
        """:returns: what the engine tells of the base image, pulled when it is not there."""
        found = self._inspect([self._base])
        if not found:
            self._check_engine()
            self._work.log.say("==> image: pulling %s" % self._base)
            pulled = self._run(engine.pull(self._work.engine, self._base))
            found = self._inspect([self._base])
            if pulled.exit_status != 0 or not found:
                message = "image %s is not on the machine and can't be pulled; the engine's words are in the log"
                raise outcome.error("image_unavailable", message % self._base)
        return found[0]

    def _build(self, base):
        self._work.log.say("==> image: making %s from %s" % (self.name, self._base))
        outdated = self._inspect([self.name])
        uid_and_gid = {"TRISTAN_UID": os.getuid(), "TRISTAN_GID": os.getgid()}
        words = engine.build_image(self._work.engine, self.name, self._labels(base), uid_and_gid)
        built = self._run(words, stdin=compat.to_bytes(self._recipe), capture=True)
        if built.exit_status != 0:
            self._work.log.write(built.output)
            message = "%s could not be made from %s; the engine's words are in the log"
            raise outcome.error("image_failed", message % (self.name, self._base))
        self._remove_outdated(outdated)

    def _remove_outdated(self, outdated):
        """What had the name before and lost it. Where another build still runs in it, the engine refuses."""
        current = [image.get("Id") for image in self._inspect([self.name])]
        for image in outdated:
            if image.get("Id") not in current:
                words = engine.remove_image(self._work.engine, str(image.get("Id")))
                self._run(words, capture=True)

    def _labels(self, base):
        return {
            "tristan.image": "build",
            "tristan.base": str(base.get("Id")),
            "tristan.recipe": hashlib.sha256(compat.to_bytes(self._recipe)).hexdigest(),
            "tristan.root": self._work.business.root,
        }

    def _check_engine(self):
        """:raises outcome.Ended: when it is the engine that is missing, and not the image."""
        answer = self._run(engine.version(self._work.engine), capture=True)
        if answer.exit_status != 0:
            environment = self._work.host_environment()
            raise engine.unavailable(self._work.engine, environment, answer.last_line())

    def _inspect(self, images):
        """:returns: list of dict, one for each image that is there."""
        answer = self._run(engine.image_inspect(self._work.engine, images), capture=True)
        found = []
        for line in answer.text().splitlines():
            try:
                found.append(compat.native(json.loads(line)))
            except ValueError:
                continue  # The engine's complaint about a missing image shares the stream.
        return found

    def _run(self, words, **options):
        try:
            return self._work.runner.run(self._work.engine_command(words, **options))
        except outcome.Ended as ended:
            if ended.cause == "not_started":
                message = "%s is not installed on the machine; `tristan doctor` checks it"
                raise outcome.error("no_engine", message % words[0])
            raise
