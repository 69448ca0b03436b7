"""Brings a release to a machine, sending only files whose content it lacks.

Job: the controller's side of business_hyper_fusion/receive.py, which is sent along as the program
    that receives.
In: a transport, the machine's Python, the business directory's place, a Release.
Out: the number of files sent, or errors.SyncFailed with the machine's cause.
"""

from __future__ import absolute_import, print_function, unicode_literals

import json

import six

from business_hyper_fusion import protocol
from controller import answer, errors, remote_command

RECEIVER = "business_hyper_fusion/receive.py"
TIMEOUT = 120.0
"""Seconds for an answer; more than a machine waits for another sync to end."""

REMEDIES = {
    "disk_full": "free space or inodes below the machine's root, then try again",
    "denied": "make the machine's root writable for the SSH user, or set `root` to a place that is",
    "read_only": "the machine's root is mounted read-only; remount it or set another `root`",
    "io_error": "the machine's disk reports errors; look at its kernel log",
    "occupied": "something not Tristan's is in the machine's root; move it or set another `root`",
    "busy": "another sync of this machine hangs; try again in a minute",
    "protocol": "controller and scripts are of different versions; reinstall the controller",
}


def sync(transport, python, root, business_id, release):
    """Makes `release` the machine's current one.

    :param python: path of the machine's Python. :param release: controller.release.Release.
    :returns: int, files sent; 0 when the machine held them all.
    """
    command = remote_command.program(python, release.files[RECEIVER].content)
    channel = transport.open(command)
    try:
        channel.send(line(first_document(root, business_id, release)))
        said = checked(answer.read(channel, TIMEOUT, "sync"), root)
        if said["answer"] == "lack":
            for chunk in stream(release, lacking(release, said)):
                channel.send(chunk)
            channel.send_eof()
            said = checked(answer.read(channel, TIMEOUT, "sync"), root)
        return answer.count(said, "sent")
    finally:
        channel.close()


def first_document(root, business_id, release):
    return {
        "protocol": protocol.PROTOCOL,
        "root": root,
        "business": business_id,
        "release": release.hash,
        "manifest": release.manifest(),
    }


def lacking(release, said):
    """The paths that the machine asks for."""
    paths = said.get("files")
    if not isinstance(paths, list) or not all(is_path(path, release) for path in paths):
        raise errors.ProtocolError("sync: the machine asked for what is no file of the scripts")
    return paths


def is_path(path, release):
    return isinstance(path, six.text_type) and path in release.files


def stream(release, paths):
    """What the machine asked for, as it travels."""
    for path in paths:
        content = release.files[path].content
        yield line({"path": path, "size": len(content)})
        yield content
    yield line({"end": True})


def line(document):
    return json.dumps(document, sort_keys=True).encode("ascii") + b"\n"


def checked(said, root):
    """The answer, unless it tells of a failure."""
    if said["answer"] == "failed":
        what = "the scripts could not be put below %s" % root
        raise answer.failed(said, errors.SyncFailed, what, REMEDIES)
    if said["answer"] not in ("have", "lack", "synced"):
        raise errors.ProtocolError("sync: the machine answered %.80r" % said["answer"])
    return said
