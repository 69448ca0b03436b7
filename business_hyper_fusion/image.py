"""Phase ``image``: ``build_<image>``, made from ``<image>`` by one recipe when it is missing or out of date.

Out of date means: the base image or the recipe changed, which the image's own labels tell.
"""

from __future__ import absolute_import, print_function

import contextlib
import hashlib
import os

from business_hyper_fusion import asking, clocks, compat, engine, files, lock, names, outcome


@contextlib.contextmanager
def asked_ahead(work):
    """A BuildImage that the engine is asked for while something else is done; None where builds have no container."""
    if not work.in_docker:
        yield None
        return
    image = BuildImage(work)
    image.ask_ahead()
    try:
        yield image
    finally:
        image.forget_asking()


def run(work, image):
    """:param image: as asked_ahead gave it.
    :returns: {"build_image": its name, "build_image_id", "id": of the base image}; it is there, and up to date.

    :raises outcome.Ended: ``no_engine``, ``engine_denied``, ``engine_unavailable``, ``image_unavailable``,
        ``image_changed``, ``image_failed``.
    """
    if work.request["image"]["id"]:
        image.pin(work.request["image"]["id"])
    image.use()
    if not image.up_to_date():
        image.make()
    work.base_digests = image.base_digests
    return image.ids()


def lock_of(business, name):
    """:returns: path of the lock that whoever makes or removes a build image holds."""
    return os.path.join(business.images, names.component(name) + ".lock")


def mark_of(business, name):
    """:returns: path of a build image's mark: its time is the last use, and builds that use it share its lock."""
    return os.path.join(business.images, names.component(name) + ".used")


def replaced(business):
    """:returns: directory of files named after the ids of base images that a pulled one took the name of."""
    return os.path.join(business.images, "replaced")


class BuildImage(object):
    """The image that one request builds in."""

    def __init__(self, work):
        self._work = work
        self._base = work.request["image"]["name"]
        self._recipe = work.request["image"]["recipe"]
        self._pinned = ""
        self._ids = {}
        self._asked = None
        self.name = names.build_image(self._base, os.getuid())
        self.base_digests = []

    def pin(self, wanted):
        """Use the base image of that id and no other, also where the name has moved on to another one.

        What is made of it then has a name of its own, and once that is there the base itself need not be.
        """
        named = self._inspect([self._base])
        if not named and not self._inspect([wanted]):
            named = [self._base_image()]
        if named and named[0].get("Id") == wanted:
            return
        self._pinned = wanted
        self.name = names.build_image(wanted, os.getuid())
        present = self._inspect([wanted])
        if not present and not self.up_to_date():
            raise self._changed()
        self.base_digests = present[0].get("RepoDigests") or [] if present else []

    def _changed(self):
        message = (
            "image %s is another one than the build to repeat had (%s, which is not on this machine any more); "
            "pull that one by its digest, or build the commit anew"
        )
        return outcome.error("image_changed", message % (self._base, self._pinned))

    def ids(self):
        """:returns: what the status says of the images; to be asked once the build image is up to date."""
        return dict(self._ids, build_image=self.name)

    def ask_ahead(self):
        """Ask for what up_to_date() wants to know, nearly always; its answer is waited for there.

        From here on the image is kept from who would remove it; if somebody just does, it is asked for later.
        """
        work = self._work
        if work.request["image"]["id"]:
            return
        try:
            compat.make_directories(work.business.images)
            if lock.acquire(mark_of(work.business, self.name), shared=True) is not None:
                self._asked = asking.images_ahead(work, [self.name, self._base])
        except (IOError, OSError, outcome.Ended):
            pass  # What it is about the phase itself will tell.

    def forget_asking(self):
        """End the question, if nobody took its answer."""
        if self._asked:
            self._asked.forget()
        self._asked = None

    def use(self):
        """Mark the image as used now, and keep off who would remove it for as long as this process lives."""
        work = self._work
        compat.make_directories(work.business.images)
        mark = mark_of(work.business, self.name)
        waiting = "==> image: waiting for the removal of %s" % self.name
        lock.acquire_in_turn(mark, work.control, lambda: work.log.say(waiting), shared=True)
        clocks.mark_use(mark, work.request)

    def up_to_date(self):
        """One call to the engine when all is well, which is nearly always."""
        if self._asked:
            asked, self._asked = self._asked, None
            found = asked.images()
        else:
            found = self._inspect([self.name] if self._pinned else [self.name, self._base])
        if len(found) != (1 if self._pinned else 2):
            return False
        labels = (found[0].get("Config") or {}).get("Labels") or {}
        wanted = self._labels(self._pinned or str(found[1].get("Id")))
        self._ids = {"id": wanted["tristan.base"], "build_image_id": str(found[0].get("Id"))}
        if not self._pinned:
            self.base_digests = found[1].get("RepoDigests") or []
        return all(labels.get(key) == wanted[key] for key in ("tristan.base", "tristan.recipe"))

    def make(self):
        """Pull the base when it is missing, build; of two builds that want the image at once one makes it."""
        compat.make_directories(self._work.business.images)
        held = self._lock()
        try:
            if not self.up_to_date():
                self._build(self._pinned or str(self._base_image().get("Id")))
                self.up_to_date()
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
            self._pull_again()
            if self.up_to_date():
                return False
            self._build(str(self._base_image().get("Id")))
            return True
        finally:
            os.close(held)

    def _pull_again(self):
        """An image without a digest was made on this machine, and one that is named by its digest can't change."""
        before = self._inspect([self._base])
        if before and (not before[0].get("RepoDigests") or "@" in self._base):
            return
        pulled = self._run(engine.pull(self._work.engine, self._base), capture=True)
        if pulled.exit_status != 0:
            message = "image %s can't be pulled: %s"
            raise outcome.error("image_unavailable", message % (self._base, pulled.last_line()))
        now = [image.get("Id") for image in self._inspect([self._base])]
        for image in before:
            if image.get("Id") not in now:
                self._note_replaced(str(image.get("Id")))

    def _note_replaced(self, image_id):
        """The base that lost its name: a build may have to be repeated with it for a while, then gc removes it."""
        directory = replaced(self._work.business)
        compat.make_directories(directory)
        name = image_id.rpartition(":")[2]
        files.publish(os.path.join(directory, name), compat.to_bytes(self._base + "\n"))

    def _lock(self):
        waiting = "==> image: waiting for another build that makes %s" % self.name
        work = self._work
        path = lock_of(work.business, self.name)
        return lock.acquire_in_turn(path, work.control, lambda: work.log.say(waiting))

    def _base_image(self):
        """:returns: what the engine tells of the base image, pulled when it is not there."""
        found = self._inspect([self._base])
        if not found:
            asking.check(self._work)
            self._work.log.say("==> image: pulling %s" % self._base)
            pulled = self._run(engine.pull(self._work.engine, self._base))
            found = self._inspect([self._base])
            if pulled.exit_status != 0 or not found:
                message = "image %s is not on the machine and can't be pulled; the engine's words are in the log"
                raise outcome.error("image_unavailable", message % self._base)
        return found[0]

    def _build(self, base_id):
        self._work.log.say("==> image: making %s from %s" % (self.name, self._base))
        outdated = self._inspect([self.name])
        uid_and_gid = {"TRISTAN_UID": os.getuid(), "TRISTAN_GID": os.getgid()}
        kind = self._work.request["engine"]["kind"]
        labels = self._labels(base_id)
        words = engine.build_image(self._work.engine, self.name, labels, uid_and_gid, kind)
        with self._named_base(base_id) as recipe:
            built = self._run(words, stdin=compat.to_bytes(recipe), capture=True)
        if built.exit_status != 0:
            self._work.log.write(built.output)
            message = "%s could not be made from %s; the engine's words are in the log"
            raise outcome.error("image_failed", message % (self.name, self._base))
        self._remove_outdated(outdated)

    @contextlib.contextmanager
    def _named_base(self, base_id):
        """:returns: the recipe; for a pinned base from a name of its own, as BuildKit takes no id for a base."""
        if not self._pinned:
            yield self._recipe
            return
        name = "tristan_base:" + base_id.partition(":")[2]
        recipe = self._recipe.replace("FROM %s\n" % self._base, "FROM %s\n" % name, 1)
        tagged = self._run(engine.tag(self._work.engine, base_id, name), capture=True)
        if recipe == self._recipe or tagged.exit_status != 0:
            raise self._changed()
        try:
            yield recipe
        finally:
            self._run(engine.remove_image(self._work.engine, name), capture=True)

    def _remove_outdated(self, outdated):
        """What had the name before and lost it. Where another build still runs in it, the engine refuses."""
        current = [image.get("Id") for image in self._inspect([self.name])]
        for image in outdated:
            if image.get("Id") not in current:
                words = engine.remove_image(self._work.engine, str(image.get("Id")))
                self._run(words, capture=True)

    def _labels(self, base_id):
        return {
            "tristan.image": "build",
            "tristan.base": base_id,
            "tristan.recipe": hashlib.sha256(compat.to_bytes(self._recipe)).hexdigest(),
            "tristan.root": self._work.business.root,
        }

    def _inspect(self, images):
        return asking.images(self._work, images)

    def _run(self, words, **options):
        return asking.run(self._work, words, **options)
