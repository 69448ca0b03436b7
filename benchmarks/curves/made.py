"""A past, made from one real build: builds on a machine, entries in a journal, as months of work leave them.

In: a machine's executor, an operator's state directory, the id of a build that has ended. Out: files there.
"""

import os
import shutil
import time

from business_hyper_fusion.clean import KEPT_BUILDS, TOMBSTONE


def ids(count, newest, step):
    """List of build ids, oldest first. :param newest: seconds since the epoch. :param step: seconds between two."""
    times = [newest - step * (count - number) for number in range(count)]
    forms = [time.strftime("%Y%m%dT%H%M%S", time.gmtime(one)) for one in times]
    return ["%s%03d-%08x" % (form, number % 1000, number) for number, form in enumerate(forms)]


def history(executor, sample, count):
    """So many builds before a real one: the newest KEPT_BUILDS whole, of older ones what a build's end leaves.

    :param executor: path of its directory.
    """
    builds = os.path.join(executor, "builds")
    made = ids(count, time.time() - 60, 60)
    for number, build_id in enumerate(made):
        lean = number < count - KEPT_BUILDS
        _copy(os.path.join(builds, sample), os.path.join(builds, build_id), sample, build_id, lean)
    with open(os.path.join(executor, "launched"), "r+") as file:
        launches = file.read()
        file.seek(0)
        file.write("".join("\n" + build_id for build_id in made) + launches)


def _copy(source, target, sample, build_id, lean):
    shutil.copytree(source, target)
    attempt = os.path.join(target, "1")
    for name in os.listdir(attempt):
        path = os.path.join(attempt, name)
        if lean and name not in TOMBSTONE:
            shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
        elif os.path.isfile(path):
            _rename_in(path, path, sample, build_id)
    own = os.stat(source)
    for directory, directories, names in os.walk(target):
        for name in [""] + directories + names:
            os.lchown(os.path.join(directory, name), own.st_uid, own.st_gid)


def journal(state, sample, count):
    """So many entries of builds whose end was accepted. :param state: path of Tristan's directory."""
    for build_id in ids(count, time.time() - 7200, 60):
        for kind in ("builds", "requests", "ends"):
            source = os.path.join(state, kind, sample + ".json")
            _rename_in(source, os.path.join(state, kind, build_id + ".json"), sample, build_id)


def open_entries(state, sample, count):
    """So many entries of builds that were launched of late, and whose end nobody has seen."""
    for build_id in ids(count, time.time(), 0.1):
        for kind in ("builds", "requests"):
            source = os.path.join(state, kind, sample + ".json")
            _rename_in(source, os.path.join(state, kind, build_id + ".json"), sample, build_id)
        open(os.path.join(state, "open", build_id), "w").close()


def _rename_in(source, target, sample, build_id):
    with open(source, "rb") as file:
        data = file.read()
    with open(target, "wb") as file:
        file.write(data.replace(sample.encode("ascii"), build_id.encode("ascii")))
