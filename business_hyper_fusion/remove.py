"""Takes Tristan off a machine; the controller sends this as a program.

Job: end what runs (when told to), remove containers and images by their labels, then Tristan's own
    entries below <root>/<business>, and these two directories when nothing else is in them.
In: on stdin one JSON line {"root", "business", "engine": [words], "force"}.
Out: on stdout one JSON line {"answer": "removed", "files", "containers", "images", "left": [texts]};
    {"answer": "busy", "builds": [ids]} when a build runs and `force` is false, with nothing changed;
    or {"answer": "failed", "message"}.

Links are removed, never followed; what is not Tristan's stays and is told in `left`. Self-contained,
standard library, Python 2.7 and 3.6+. Paths are bytes: builds name files as they like.
"""

from __future__ import absolute_import, print_function

import errno
import fcntl
import json
import os
import re
import select
import signal
import stat
import subprocess
import sys
import time

DIRECTORIES = (b"releases", b"cache", b"mirrors", b"images", b"trees", b"upkeep", b"run")
LINKS = (b"startup.py", b"business_hyper_fusion", b"data_data")
RECORD, SYNC_LOCK = b"local_update_time_record", b"sync.lock"
TEMPORARY = re.compile(
    b"^(startup.py|business_hyper_fusion|data_data|" + RECORD + b")[.][0-9]+[.]new$"
)
BUILD_ID = re.compile(r"[0-9]{8}T[0-9]{9}-[0-9a-f]{8}\Z")
LARGEST_DOCUMENT = 8 * 1024 * 1024  # bytes; what is larger is nobody's of ours
LONGEST = 2048  # bytes of a path; builds can nest deeper than the kernel takes paths (4096)
MOST_TOLD = 20  # entries of `left`
POLITE_SECONDS = 20.0  # for a build to end itself, container and all
ENGINE_SECONDS = 120.0


class Busy(Exception):
    """Builds run, or a sync does: ``args[0]`` is a list of build ids, "" where unknown."""


def main():
    question = json.loads(sys.stdin.readline())
    try:
        answer = Removal(question).run()
    except Busy as busy:
        answer = {"answer": "busy", "builds": busy.args[0]}
    except ValueError as refused:
        answer = {"answer": "failed", "message": str(refused)}
    sys.stdout.write(json.dumps(answer, sort_keys=True) + "\n")
    return 0


def elapsed():
    """Seconds of a clock that nobody sets."""
    return os.times()[4]


def to_bytes(text):
    return text if isinstance(text, bytes) else text.encode("utf-8")


def shown(data):
    return data.decode("utf-8", "replace") if isinstance(data, bytes) else data


class Removal(object):
    """One removal. :param question: dict, see above."""

    def __init__(self, question):
        root, business = question["root"], question["business"]
        if not root.startswith("/") or os.path.normpath(root) != root or root.count("/") < 2:
            raise ValueError("%s can't be a root of Tristan's" % root)
        if not re.match("^[0-9]{1,9}$", business):
            raise ValueError("the business id is not a number")
        self.root, self.base = to_bytes(root), to_bytes(root + "/" + business)
        self.engine = Engine([to_bytes(word) for word in question["engine"]], self.root)
        self.force = question["force"] is True
        self.trees = Trees()
        self.locks = []

    def run(self):
        """:returns: the answer."""
        ours = os.path.isdir(self.base) and not os.path.islink(self.base)
        if ours:
            self._take_locks()
        containers, images = self.engine.remove()
        if ours:
            self._remove_entries()
        self._remove_directories()
        left = self.engine.left + self.trees.left
        more = ["and %d more" % (len(left) - MOST_TOLD)] if len(left) > MOST_TOLD else []
        answer = {"answer": "removed", "left": left[:MOST_TOLD] + more}
        answer.update(files=self.trees.files, containers=containers, images=images)
        return answer

    def _take_locks(self):
        """Every executor's lock is held until the end, so nothing begins while it is taken away."""
        executors = [Executor(path) for path in executor_directories(self.base)]
        busy = [executor for executor in executors if not self._lock_idle(executor)]
        if busy and not self.force:
            raise Busy([executor.build_id() for executor in busy])
        for executor in busy:
            executor.end()
        stubborn = [executor for executor in busy if not self._lock(executor.lock, 5.0)]
        if stubborn:
            raise Busy([executor.build_id() for executor in stubborn])
        # A build that has let go of its lock still tidies up the machine, and would make directories anew.
        wait_for(lambda: not any(holders(one.lock) for one in executors), POLITE_SECONDS)
        sync_lock = os.path.join(self.base, SYNC_LOCK)
        if os.path.exists(sync_lock) and not self._lock(sync_lock, POLITE_SECONDS):
            raise Busy([])

    def _lock_idle(self, executor):
        """Whether its lock is ours now; a build that has written its end lets go of it in a moment."""
        deadline = elapsed() + POLITE_SECONDS
        while not self._lock(executor.lock):
            if not executor.has_ended() or elapsed() >= deadline:
                return False
            time.sleep(0.05)
        return True

    def _lock(self, path, seconds=0.0):
        descriptor = acquire(path, seconds)
        if descriptor is None:
            return False
        self.locks.append(descriptor)
        return True

    def _remove_entries(self):
        """The releases first: without them a launch of this moment is answered "lack"."""
        for name in LINKS:
            self._remove(name, stat.S_ISLNK, "is no link of Tristan's")
        for name in DIRECTORIES:
            self._remove(name, stat.S_ISDIR, "is no directory of Tristan's")
        for name in [RECORD] + [name for name in listed(self.base) if TEMPORARY.match(name)]:
            self._remove(name, is_file_or_link, "is no file of Tristan's")
        self._remove(SYNC_LOCK, stat.S_ISREG, "is no file of Tristan's")

    def _remove(self, name, is_ours, otherwise):
        path = os.path.join(self.base, name)
        try:
            mode = os.lstat(path).st_mode
        except OSError:
            return
        if is_ours(mode):
            self.trees.remove(path)
        else:
            self.trees.leave(path, otherwise)

    def _remove_directories(self):
        """Only when empty; else what is in them is told."""
        for directory in (self.base, self.root):
            for name in listed(directory):
                path = os.path.join(directory, name)
                # What is left in a directory of ours was told one by one.
                ours = path == self.base or (directory == self.base and name in DIRECTORIES)
                if not ours and not self.trees.told(path):
                    self.trees.leave(path, "is not Tristan's")
            if os.path.islink(directory):
                self.trees.leave(directory, "is a link, which Tristan doesn't make")
            elif os.path.lexists(directory):
                # An empty root in somebody else's directory, or a disk's own, was made for Tristan and may stay.
                self.trees.remove_empty(directory, told=directory != self.root)


def is_file_or_link(mode):
    return stat.S_ISREG(mode) or stat.S_ISLNK(mode)


def listed(directory):
    """Names in a directory, sorted; none when it can't be read or is a link."""
    try:
        return [] if os.path.islink(directory) else sorted(os.listdir(directory))
    except OSError:
        return []


def executor_directories(base):
    run = os.path.join(base, b"run")
    names = [name for name in listed(run) if name.isdigit()]
    return [os.path.join(run, name) for name in names]


def acquire(path, seconds=0.0):
    """:returns: descriptor that holds the lock, -1 for a lock that nobody can hold, None when busy."""
    try:
        # O_NOFOLLOW: a link would take somebody else's lock.
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return -1
    fcntl.fcntl(descriptor, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    deadline = elapsed() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except (IOError, OSError) as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                return -1
        if elapsed() >= deadline:
            os.close(descriptor)
            return None
        time.sleep(0.05)


class Executor(object):
    """An executor whose lock some build may hold."""

    def __init__(self, path):
        self.path = path
        self.lock = os.path.join(path, b"lock")

    def build_id(self):
        """:returns: str, "" when the request can't be read."""
        build_id = self._read(b"data_data.json").get("build_id")
        return build_id if is_text(build_id) and BUILD_ID.match(build_id) else ""

    def has_ended(self):
        """Whether the build that has, or had, it last has written its end."""
        attempt, _ = self._attempt()
        state = self._read(os.path.join(attempt, b"status")).get("state") if attempt else None
        return is_text(state) and state != "running"

    def end(self):
        """As a cancellation, which cleans up best; what then still lives is killed."""
        attempt, process = self._attempt()
        if attempt is not None and is_alive(process):
            self._cancel(attempt, process["pid"])
            wait_for(lambda: not holders(self.lock), POLITE_SECONDS)
        for _ in range(50):  # something may fork while it is being killed
            living = holders(self.lock) + marked(attempt) + heirs(self.path)
            if not living:
                return
            for pid in living:
                kill(pid, signal.SIGKILL)
            time.sleep(0.05)

    def _cancel(self, attempt, pid):
        marker = os.path.join(attempt, b"cancel")
        try:
            with open(marker + b".new", "wb") as reason:
                reason.write(b"Tristan is being removed from the machine")
            os.rename(marker + b".new", marker)
        except (IOError, OSError):
            pass  # The disk may be full: it then ends by the signal, only without the reason.
        kill(pid, signal.SIGTERM)

    def _attempt(self):
        """:returns: (directory of the current attempt or None, its process's identity)."""
        request, build_id = self._read(b"data_data.json"), self.build_id()
        number = request.get("attempt")
        if not build_id or not isinstance(number, int):
            return None, None
        attempt = os.path.join(b"builds", to_bytes(build_id), to_bytes(str(number)))
        process = self._read(os.path.join(attempt, b"status")).get("process")
        return os.path.join(self.path, attempt), process

    def _read(self, name):
        try:
            with open(os.path.join(self.path, name), "rb") as source:
                data = source.read(LARGEST_DOCUMENT)
            document = json.loads(data.decode("utf-8"), parse_int=whole)
        except (IOError, OSError, ValueError, RuntimeError):  # the last one: nested too deeply
            return {}
        return document if isinstance(document, dict) else {}


def whole(digits):
    """A number of a document; one of millions of digits would take hours."""
    return int(digits[:20])


def is_text(value):
    return isinstance(value, (str, type(b"".decode("ascii"))))


def wait_for(happened, seconds):
    deadline = elapsed() + seconds
    while elapsed() < deadline:
        if happened():
            return True
        time.sleep(0.05)
    return happened()


def is_alive(process):
    """Exactly that process, on this boot: a pid alone may belong to a stranger by now."""
    if not isinstance(process, dict) or not isinstance(process.get("pid"), int):
        return False
    fields = stat_fields(b"%d" % process["pid"])
    boot_id = read_proc(b"/proc/sys/kernel/random/boot_id").strip().decode("ascii")
    if process.get("boot_id") != boot_id or not fields or fields[0] in (b"Z", b"X"):
        return False
    return int(fields[19]) == process.get("start_time")


def stat_fields(name):
    """Fields of /proc/<pid>/stat behind the command's name, which may hold brackets itself."""
    return read_proc(b"/proc/" + name + b"/stat").rpartition(b")")[2].split()


def read_proc(path):
    try:
        with open(path, "rb") as source:
            return source.read()
    except (IOError, OSError):
        return b""


def pids():
    """Other processes, as names in /proc."""
    mine = b"%d" % os.getpid()
    return [name for name in os.listdir(b"/proc") if name.isdigit() and name != mine]


def holders(lock):
    """:returns: pids that have the lock file open: worker and guardian, whoever else died."""
    try:
        wanted = os.stat(lock)
    except OSError:
        return []
    return [int(name) for name in pids() if has_open(b"/proc/" + name + b"/fd", wanted)]


def has_open(directory, wanted):
    for descriptor in listed(directory):
        try:
            found = os.stat(os.path.join(directory, descriptor))
        except OSError:
            continue
        if (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino):
            return True
    return False


def marked(attempt):
    """:returns: pids of an attempt's processes, which carry its name in their environment."""
    if attempt is None:
        return []
    build, number = attempt.split(b"/")[-2:]
    marker = b"TRISTAN_ATTEMPT=" + build + b"." + number
    return [
        int(name)
        for name in pids()
        if marker in read_proc(b"/proc/" + name + b"/environ").split(b"\0")
    ]


def heirs(executor):
    """:returns: pids of what writes the end of a build whose worker and guardian are dead (daemon.py): it would put
    files where they have just been taken away.
    """
    base, number = os.path.realpath(os.path.join(executor, b"../..")), os.path.basename(executor)
    found = []
    for name in pids():
        words = read_proc(b"/proc/" + name + b"/cmdline").split(b"\0")[-4:-1]
        if words[1:] == [b"settle", number] and words[0].startswith(b"/"):
            if os.path.realpath(words[0]).startswith(base + b"/releases/"):
                found.append(int(name))
    return found


def kill(pid, number):
    try:
        os.kill(pid, number)
    except OSError:
        pass


class Trees(object):
    """Removes directories and files. ``files``: how many; ``left``: what could not be, and why."""

    def __init__(self):
        self.files = 0
        self.left = []
        self._told = set()
        self._moved = 0

    def leave(self, path, why):
        self._told.add(path)
        self.left.append("%s: %s" % (shown(path), why))

    def told(self, path):
        return path in self._told

    def remove(self, top):
        """A file, a link or a whole tree; no other file system that is mounted in it."""
        status = os.lstat(top)
        if not stat.S_ISDIR(status.st_mode):
            return self._unlink(top)
        waiting = [(top, False)]
        while waiting:
            path, emptied = waiting.pop()
            if emptied:
                self.remove_empty(path)
                continue
            waiting.append((path, True))
            waiting.extend((below, False) for below in self._empty(path, status.st_dev, top))

    def remove_empty(self, directory, told=True):
        """Leave it when something is in it, which was told, or when that fails, which is `told`."""
        try:
            os.rmdir(directory)
        except OSError as error:
            if told and error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                self.leave(directory, error.strerror)

    def _empty(self, directory, device, top):
        """Remove the files of a directory. :returns: the directories in it."""
        below = []
        try:
            # Package managers leave read-only directories, such as Go's modules.
            os.chmod(directory, stat.S_IRWXU)
            names = os.listdir(directory)
        except OSError as error:
            self.leave(directory, error.strerror)
            return below
        for name in names:
            path = os.path.join(directory, name)
            try:
                status = os.lstat(path)
            except OSError as error:
                self.leave(path, error.strerror)
                continue
            if not stat.S_ISDIR(status.st_mode):
                self._unlink(path)
            elif status.st_dev != device:
                self.leave(path, "another file system is mounted there")
            else:
                below.append(self._shorten(path, top))
        return below

    def _shorten(self, path, top):
        """Directories too deep for a path are moved up; their parent's turn to go comes after."""
        if len(path) < LONGEST:
            return path
        self._moved += 1
        nearer = os.path.join(top, b".removed.%d.%d" % (os.getpid(), self._moved))
        try:
            os.chmod(path, stat.S_IRWXU)  # its entry ".." changes, too
            os.rename(path, nearer)
        except OSError:
            return path
        return nearer

    def _unlink(self, path):
        try:
            os.unlink(path)
            self.files += 1
        except OSError as error:
            self.leave(path, error.strerror)


class Engine(object):
    """What a root has in the container engine. :param words: its command; [] for none."""

    def __init__(self, words, root):
        self.words = words
        self.left = []
        self._label = b"label=tristan.root=" + root

    def remove(self):
        """:returns: (containers removed, images removed)."""
        if not self.words or not self._is_there():
            return 0, 0
        # What runs a project's image has the image's labels, and is no build's: only builds have an attempt.
        containers = self._listed([b"ps", b"--all"], [self._label, b"label=tristan.attempt"])
        if containers is None:
            return 0, 0
        images = self._listed([b"images"], [self._label, b"label=tristan.image=build"]) or []
        removed = self._remove_each([b"rm", b"--force", b"--volumes"], containers)
        return removed, self._remove_each([b"rmi", b"--force"], images)

    def _is_there(self):
        """Without the program there is nothing it could have made."""
        found = run([b"sh", b"-c", b'command -v -- "$1"', b"sh", self.words[0]])
        return found[0] == 0

    def _listed(self, listing, labels):
        """Ids that have all labels; asked for one by one, since engines join several differently."""
        found = None
        for label in labels:
            status, output, said = run(
                self.words + listing + [b"--quiet", b"--no-trunc", b"--filter", label]
            )
            if status != 0:
                self.left.append("containers and images: %s" % shown(said or b"no answer"))
                return None
            ids = set(output.split())
            found = ids if found is None else found & ids
        return sorted(found)

    def _remove_each(self, verb, ids):
        """One by one, as long as that gets on: an image can go once those made from it are gone."""
        waiting, said = list(ids), {}
        while waiting:
            stuck = []
            for one in waiting:
                status, _, said[one] = run(self.words + verb + [one])
                if status != 0:
                    stuck.append(one)
            if len(stuck) == len(waiting):
                break
            waiting = stuck
        self.left.extend(
            "%s: %s" % (shown(one), shown(said[one] or b"no answer")) for one in waiting
        )
        return len(ids) - len(waiting)


def run(words):
    """:returns: (exit status, None when it did not end in time; output; last line of its errors)."""
    with open(os.devnull) as nothing:
        try:
            child = subprocess.Popen(
                words,
                stdin=nothing,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                close_fds=True,
            )
        except OSError as error:
            return 127, b"", to_bytes(error.strerror)
    texts, deadline = {child.stdout: b"", child.stderr: b""}, elapsed() + ENGINE_SECONDS
    waiting = list(texts)
    while waiting and elapsed() < deadline:
        for pipe in select.select(waiting, [], [], max(deadline - elapsed(), 0))[0]:
            data = os.read(pipe.fileno(), 65536)
            texts[pipe] += data
            if not data:
                waiting.remove(pipe)
    if not wait_for(lambda: child.poll() is not None, max(deadline - elapsed(), 0)):
        kill(child.pid, signal.SIGKILL)
    errors = texts[child.stderr].strip().splitlines()
    return child.returncode, texts[child.stdout], errors[-1][:300] if errors else b""


if __name__ == "__main__":
    sys.exit(main())
