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
    if not image.up_to_date():
        image.make()
    return image.name


class BuildImage(object):
    """The image that one request builds in."""

    def __init__(self, work):
        self._work = work
        self._base = work.request["image"]["name"]
        self._recipe = work.request["image"]["recipe"]
        self.name = names.build_image(self._base, os.getuid())

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

    def _lock(self):
        waiting = "==> image: waiting for another build that makes %s" % self.name
        work = self._work
        path = os.path.join(work.business.images, names.component(self.name) + ".lock")
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
