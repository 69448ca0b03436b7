"""Brings a tree of the operator to a machine, sending only files whose content it lacks.

Job: the controller's side of business_hyper_fusion/receive_tree.py.
In: an open channel to the verb ``tree``, a Tree. Out: whether the machine holds it; errors.SyncFailed with the cause.
"""

from __future__ import absolute_import, print_function, unicode_literals

import json
import tarfile

import six

from controller import answer, errors

TIMEOUT = 300.0
"""Seconds for an answer; a machine hashes and writes what it got."""

REMEDIES = {
    "disk_full": "free space on the machine below its root; `tristan gc` helps",
    "changed": "nothing was built; start the build again",
    "refused": "rename the file, or let git ignore it",
}


def push(channel, tree, on_progress):
    """:param on_progress: callable(bytes sent, bytes in all, path of the file).

    :returns: False when the machine lacks the scripts, and so can't take a tree; else True.
    """
    document = {"sha256": tree.sha256, "entries": tree.entries}
    channel.send(json.dumps(document).encode("utf-8") + b"\n")
    said = checked(answer.read(channel, TIMEOUT, "sending the tree"))
    if said["answer"] == "wanted":
        send(channel, tree, said.get("files"), on_progress)
        channel.send_eof()
        said = checked(answer.read(channel, TIMEOUT, "sending the tree"))
    return said["answer"] == "held"


def send(channel, tree, wanted, on_progress):
    """The wanted files as a tar stream, each named by its hash."""
    wanted = wanted if isinstance(wanted, list) else ()
    files = tree.files(set(one for one in wanted if isinstance(one, six.text_type)))
    progress = Progress(channel, sum(size for _, size in files.values()), on_progress)
    with tarfile.open(fileobj=progress, mode="w|", format=tarfile.GNU_FORMAT) as archive:
        for digest, (path, size) in sorted(files.items(), key=lambda item: item[1]):
            progress.path = path
            member = tarfile.TarInfo(str(digest))
            member.size = size
            try:
                with tree.content(path) as content:
                    archive.addfile(member, content)
            except EnvironmentError as error:
                raise errors.UsageError(
                    "--from: %s changed while it was being sent: %s" % (path, error),
                    remedy=REMEDIES["changed"],
                )


class Progress(object):
    """The end of the tar stream: hands on, and says how far it is."""

    def __init__(self, channel, total, on_progress):
        self._channel = channel
        self._total = total
        self._on_progress = on_progress
        self._sent = 0
        self.path = ""

    def write(self, data):
        self._channel.send(data)
        self._sent += len(data)
        self._on_progress(min(self._sent, self._total), self._total, self.path)


def checked(said):
    """The answer, unless it tells of a failure."""
    if said["answer"] == "failed":
        what = "the tree could not be put on the machine"
        raise answer.failed(said, errors.SyncFailed, what, REMEDIES)
    if said["answer"] not in ("wanted", "held", "lack"):
        raise errors.ProtocolError("sending the tree: the machine answered %.80r" % said["answer"])
    return said
