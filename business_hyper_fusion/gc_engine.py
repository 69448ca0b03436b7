"""What a collection finds in the container engine: containers and images of this root, known by their labels.

An image goes by its name and never by force: what runs in it keeps it, whatever was decided here. A project's image
hands its labels down, to containers that somebody runs of it and to images that are made of it: those are not ours.
"""

from __future__ import absolute_import, print_function

import json
import os

from business_hyper_fusion import builds, compat, gc_executors, image, lock, remove, status
from business_hyper_fusion.asking import told
from business_hyper_fusion.engine import JSON_LINE
from business_hyper_fusion.gc_report import Item, days, moment

FORMAT = '{{.ID}} {{.Label "tristan.build_id"}} {{.Label "tristan.attempt"}}'

FORGOTTEN = "left by a build that ended before it was pushed"
NAMELESS = "another image has its name now"

PINNED = "build_sha256:"
"""How the build images begin that are made from exactly one base image, which need not be there any more."""


class Engine(object):
    """:param words: the engine's command; [] for none."""

    def __init__(self, words, root):
        self._words = words
        self._label = "label=tristan.root=" + root

    def is_there(self):
        """Without the program there is nothing it could have made."""
        words = ["sh", "-c", 'command -v -- "$1"', "sh"] + self._words[:1]
        return bool(self._words) and remove.run(compat.words(words))[0] == 0

    def containers(self):
        """:returns: list of (id, build id, attempt), of all that are ours."""
        # An image that was pushed hands its labels down to whatever runs it; only builds' containers have an attempt.
        filters = ["--filter", self._label, "--filter", "label=tristan.attempt"]
        words = ["ps", "--all", "--no-trunc"] + filters + ["--format", FORMAT]
        lines = self._ask(words).splitlines()
        return [tuple((line.split(" ") + ["", ""])[:3]) for line in lines if line.strip()]

    def images(self):
        """:returns: (list of dict, what the engine tells of images that are ours; the same of all images)."""
        mine = set(self._ask(["images", "--quiet", "--no-trunc", "--filter", self._label]).split())
        everything = sorted(set(self._ask(["images", "--quiet", "--no-trunc"]).split()) | mine)
        if not mine:
            return [], []
        words = ["image", "inspect", "--format", JSON_LINE]
        # What was removed in the meantime is a complaint of the engine's, no reason to believe nothing else.
        output = remove.run(compat.words(self._words + words + everything))[1]
        lines = compat.to_native(output).splitlines()
        found = [told(compat.native(json.loads(line))) for line in lines]
        return [one for one in found if one["Id"] in mine], found

    def image(self, image_id):
        """:returns: what the engine tells of an image, or None when it is not there."""
        words = ["image", "inspect", "--format", JSON_LINE, image_id]
        exit_status, output, _ = remove.run(compat.words(self._words + words))
        return json.loads(compat.to_native(output)) if exit_status == 0 else None

    def remove_container(self, container):
        self._ask(["rm", "--force", "--volumes", container])

    def remove_image(self, name):
        self._ask(["image", "rm", name])

    def _ask(self, words):
        """:raises Refused: with the engine's words."""
        exit_status, output, said = remove.run(compat.words(self._words + words))
        if exit_status != 0:
            raise Refused(compat.to_native(said) or "the engine gave no answer")
        return compat.to_native(output)


class Refused(Exception):
    """The engine did not do it: its last words."""


def collect_containers(report, business, engine):
    """Containers of attempts that have ended; the list comes first, so that what runs is in the other one."""
    try:
        found = engine.containers()
    except Refused as refused:
        report.failed("containers", "the engine", str(refused))
        return
    running = gc_executors.running(business)
    for container, build_id, attempt in found:
        item = Item("containers", "%s of build %s" % (container[:12], build_id), [], report.now)
        item.why = "its build has ended"
        if (build_id, attempt) in running:
            report.kept("containers")
        else:
            _remove(report, item, None, lambda one=container: engine.remove_container(one))


def collect_images(report, business, engine):
    """Build images without a base, without a name or without use; projects' images that their build forgot."""
    try:
        mine, everything = engine.images()
    except Refused as refused:
        report.failed("images", "the engine", str(refused))
        return
    if not report.dry_run:
        compat.make_directories(business.images)
    running = [build_id for build_id, _ in gc_executors.running(business)]
    present = set(one["Id"] for one in everything)
    for one in mine:
        labels = (one.get("Config") or {}).get("Labels") or {}
        names, size = one.get("RepoTags") or [], own_size(one, everything)
        if labels.get("tristan.image") == "app":
            going = is_left(business, labels.get("tristan.build_id") or "", names, running)
            _remove_names(report, engine, one, (names if going else [], size, FORGOTTEN))
        elif not names:
            _remove_names(report, engine, one, ([one["Id"]], size, NAMELESS))
        for name in names if labels.get("tristan.image") == "build" else ():
            gone = labels.get("tristan.base") not in present and not name.startswith(PINNED)
            _collect_build_image(report, business, engine, (name, size, gone))


def collect_replaced(report, business, engine):
    """Base images that a refresh pulled others in place of; who gave one a name again, or runs it, keeps it."""
    directory = image.replaced(business)
    for name in sorted(os.listdir(directory)) if os.path.isdir(directory) else ():
        record, image_id = os.path.join(directory, name), "sha256:" + name
        item = report.judged(Item("images", image_id, [], moment(record)))
        found = engine.image(image_id)
        if found is None or found.get("RepoTags"):
            if not report.dry_run:
                compat.remove_file(record)
        elif not item.why:
            report.kept("images")
        else:
            item.why = "a newer image has its name for %s" % days(report.age(item))
            _remove(report, item, found.get("Size"), lambda one=image_id: engine.remove_image(one))


def _remove_names(report, engine, one, going):
    names, size, why = going
    if not names:
        report.kept("images")
    for name in names:
        item = Item("images", name, [], compat.seconds_of(str(one.get("Created") or "")))
        item.why = why
        _remove(report, item, size, lambda name=name: engine.remove_image(name))


def is_left(business, build_id, names, running):
    """Whether a project's image is what its build forgot, and not what somebody pulled again or made of it."""
    attempt = builds.find(business, build_id) if build_id and build_id not in running else None
    document = status.read(attempt) if attempt else None
    own_names = all(name.rpartition(":")[2].startswith(build_id + "_") for name in names)
    return bool(document and names and own_names and not document["app_image"])


def _collect_build_image(report, business, engine, found):
    """Without a base it can't be used, and is made anew should the base come back."""
    name, size, base_is_gone = found
    mark = image.mark_of(business, name)
    item = report.judged(Item("images", name, [], moment(mark) or report.now))
    if base_is_gone:
        item.why = "its base image is gone"
    locks = [image.lock_of(business, name), mark]
    if not item.why:
        _start_its_age(report, mark)
        report.kept("images")
    elif not report.dry_run:
        _remove_locked(
            report,
            item,
            locks,
            lambda: _remove(report, item, size, lambda: engine.remove_image(name)),
        )
    elif any(lock.held(path) for path in locks):
        report.busy(item)
    else:
        report.removed(item, size)


def _remove_locked(report, item, locks, do):
    """Under both of its locks: nobody makes it, and nobody is about to start a container from it."""
    held = [lock.acquire(path) for path in locks]
    try:
        if None in held:
            report.busy(item)
        else:
            do()
    finally:
        for descriptor in held:
            if descriptor is not None:
                os.close(descriptor)


def _start_its_age(report, mark):
    """An image that no build has marked yet grows old from now on."""
    if not report.dry_run:
        with open(mark, "ab"):
            pass


def _remove(report, item, size, do):
    if report.dry_run:
        report.removed(item, size)
        return
    try:
        do()
    except Refused as refused:
        report.failed(item.kind, item.name, str(refused))
    else:
        report.removed(item, size)


def own_size(one, everything):
    """:returns: bytes of an image that no image below it has: of build_<image>, what was added to <image>."""
    layers = _layers(one)
    below = [
        other.get("Size") or 0
        for other in everything
        if other["Id"] != one["Id"] and _layers(other) == layers[: len(_layers(other))]
    ]
    return max((one.get("Size") or 0) - max(below or [0]), 0)


def _layers(one):
    return ((one.get("RootFS") or {}).get("Layers")) or []
