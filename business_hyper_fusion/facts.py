"""What a machine has and lacks, told without judging; the controller's doctor sends this as a program.

Job: look at Python, git, the engine, the root's file system, the clock, the kernel, the login.
In: on stdin one JSON line {"root", "engine": {"kind", "command": [words]}}.
Out: on stdout one JSON line {"answer": "facts", ...}; what can't be known is null.

Changes nothing. Self-contained (nothing of Tristan need be on the machine), standard library,
Python 2.7 and 3.6+. A command that hangs costs SECONDS and is told as such.
"""

from __future__ import absolute_import, print_function

import errno
import glob
import grp
import json
import os
import pwd
import select
import signal
import socket
import stat
import subprocess
import sys
import time

SECONDS = 15.0  # for each command that is run
READ_ONLY, NO_EXEC = 1, 8  # ST_RDONLY, ST_NOEXEC of statvfs(3); 2.7 has no names for them
SEARCH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
UNITS = ("/usr/lib/systemd", "/usr/local/lib/systemd", "/run/systemd", "/etc/systemd")
LINGER = "/var/lib/systemd/linger"


def main():
    begun = elapsed()
    question = json.loads(sys.stdin.readline())
    found = collect(native(question["root"]), question["engine"])
    # Last of all, so that the controller can take the time of the way back off.
    found.update(answer="facts", seconds=elapsed() - begun, clock=time.time())
    sys.stdout.write(json.dumps(found, sort_keys=True) + "\n")
    return 0


def collect(root, engine):
    """:returns: dict of everything but the clock."""
    words = [native(word) for word in engine["command"]]
    user = login()
    return {
        "python": {"version": list(sys.version_info[:3]), "path": sys.executable},
        "git": git(),
        "engine": ask_engine(native(engine["kind"]), words),
        "user": user,
        "root": place(root),
        "tmp": place("/tmp"),
        "home": place(os.path.expanduser("~")),
        "kernel": os.uname()[2],
        "cgroup": cgroup_version(),
        "locale": locale(),
        "logout": logout(user["name"]),
    }


def native(text):
    """JSON's text as ``str``."""
    return text if isinstance(text, str) else text.encode("utf-8")


def elapsed():
    """Seconds of a clock that nobody sets; times(2), which 2.7 has, too."""
    return os.times()[4]


def shown(data):
    """Bytes or str for JSON, whatever they hold."""
    return data.decode("utf-8", "replace") if isinstance(data, bytes) else data


def git():
    """:returns: dict; ``lfs``: version of git-lfs, None without it."""
    path = which("git", os.environ.get("PATH", ""))
    if path is None:
        return {"state": "missing", "path": None, "version": None, "lfs": None}
    ended = run([path, "--version"])
    words = ended["output"].split()  # git version 2.39.5 (Apple ...)
    state = "ok" if ended["status"] == 0 and len(words) > 2 else "broken"
    version = words[2] if state == "ok" else None
    return {"state": state, "path": shown(path), "version": version, "lfs": lfs(path)}


def lfs(path):
    ended = run([path, "lfs", "version"])  # git-lfs/3.3.0 (GitHub; linux amd64; go 1.19.8)
    words = ended["output"].split()
    return words[0].rpartition("/")[2] if ended["status"] == 0 and words else None


def ask_engine(kind, words):
    """:returns: {"state": "ok" | "missing" | "denied" | "down" | "timeout", "version", "said"}.

    ``said``: the engine's last words. ``socket_group``: who may use the socket, where that is known.
    """
    told = {"kind": kind, "version": None, "said": "", "socket": None, "socket_group": None}
    program = missing_program(kind, words)
    if program is not None:
        return dict(told, state="missing", said="%s is not installed" % program)
    ended = run(words + asking(kind))
    if ended["status"] == 0 and ended["output"]:
        return dict(told, state="ok", version=ended["output"].splitlines()[-1])
    told.update(said=ended["said"], socket=socket_path(kind, words))
    told["socket_group"] = group_of(told["socket"])
    if ended["status"] is None:
        return dict(told, state="timeout")
    return dict(told, state="denied" if is_denied(words, told["socket"]) else "down")


def asking(kind):
    """The words that make an engine tell its version, and prove that it works.

    Docker's client alone knows its own version only; Podman has no server, its ``info`` opens the storage.
    """
    if kind == "podman":
        return ["info", "--format", "{{.Version.Version}}"]
    return ["version", "--format", "{{.Server.Version}}"]


def missing_program(kind, words):
    """The first word, and the engine behind sudo, must be there."""
    behind = [word for word in words[1:] if os.path.basename(word) == kind]
    for word in words[:1] + (behind if is_sudo(words) else []):
        if which(word, os.environ.get("PATH", "") + ":" + SEARCH) is None:
            return word
    return None


def is_denied(words, path):
    """Asked of the kernel or of sudo; a message would be in any language."""
    if is_sudo(words):
        # -n: asks nobody; -l COMMAND: may I?
        return run(words[:1] + ["-n", "-l"] + words[1:])["status"] != 0
    return connect(path) in (errno.EACCES, errno.EPERM)


def is_sudo(words):
    return os.path.basename(words[0]) == "sudo"


def socket_path(kind, words):
    """The unix socket that the command talks to, or None; sudo and Podman don't talk to one as us."""
    if kind != "docker" or is_sudo(words):
        return None
    address = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    for option in ("-H", "--host"):
        if option in words[:-1]:
            address = words[words.index(option) + 1]
    return address[len("unix://") :] if address.startswith("unix://") else None


def group_of(path):
    """Name of the group that a socket belongs to, or None."""
    try:
        status = os.stat(path)
        return group_name(status.st_gid) if stat.S_ISSOCK(status.st_mode) else None
    except (TypeError, OSError):
        return None


def connect(path):
    """:returns: errno of connecting to a unix socket; None when that works, or without a path."""
    if path is None:
        return None
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        client.settimeout(5)
        client.connect(path)
    except socket.error as error:
        return error.errno
    finally:
        client.close()
    return None


def login():
    uid = os.getuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    groups = sorted(set(group_name(gid) for gid in os.getgroups() + [os.getgid()]))
    return {"name": shown(name), "uid": uid, "gid": os.getgid(), "groups": groups}


def group_name(gid):
    try:
        return shown(grp.getgrgid(gid).gr_name)
    except KeyError:
        return str(gid)


def place(path):
    """Of a directory that may not be there yet: its nearest parent that is, and what that allows."""
    there = nearest(path)
    found = {"path": shown(path), "nearest": shown(there), "exists": there == path}
    found.update(directory=os.path.isdir(there), writable=os.access(there, os.W_OK | os.X_OK))
    try:
        status = os.statvfs(there)
    except OSError:
        return dict(found, read_only=None, no_exec=None, bytes=None, inodes=None, inodes_total=None)
    found.update(read_only=bool(status.f_flag & READ_ONLY), no_exec=bool(status.f_flag & NO_EXEC))
    found.update(bytes=status.f_bavail * status.f_frsize, inodes=status.f_favail)
    return dict(found, inodes_total=status.f_files)


def nearest(path):
    while not os.path.lexists(path) and path != os.path.dirname(path):
        path = os.path.dirname(path)
    return path


def cgroup_version():
    if os.path.exists("/sys/fs/cgroup/cgroup.controllers"):
        return 2
    return 1 if glob.glob("/sys/fs/cgroup/*/tasks") else None


def locale():
    """The login's own; Python 3.7 and up put another one into their ``os.environ`` (PEP 538)."""
    try:
        with open("/proc/self/environ", "rb") as source:
            lines = source.read().split(b"\0")
    except (IOError, OSError):
        return None
    given = dict(line.split(b"=", 1) for line in lines if b"=" in line)
    names = (b"LC_ALL", b"LC_CTYPE", b"LANG")
    return next((shown(given[name]) for name in names if given.get(name)), "C")


def logout(user):
    """Whether systemd-logind ends what a login has started when that login ends; logind.conf(5)."""
    settings = logind_settings(UNITS)
    kills = settings.get("KillUserProcesses", "no").lower() in ("1", "y", "yes", "t", "true", "on")
    excluded = settings.get("KillExcludeUsers", "root").split()
    only = settings.get("KillOnlyUsers", "").split()
    return {
        "kills": kills and user not in excluded and (not only or user in only),
        "linger": os.path.exists(os.path.join(LINGER, user)),
    }


def logind_settings(units):
    """:param units: systemd's directories, the ones that count more last. :returns: dict of texts.

    Of files with one name the last counts; drop-ins are read by name, after the main file.
    """
    files = {}
    for directory in units:
        for path in glob.glob(os.path.join(directory, "logind.conf.d", "*.conf")):
            files[os.path.basename(path)] = path
    mains = [os.path.join(directory, "logind.conf") for directory in units]
    settings = {}
    for path in [main for main in mains if os.path.exists(main)][-1:]:
        read_settings(path, settings)
    for name in sorted(files):
        read_settings(files[name], settings)
    return settings


def read_settings(path, settings):
    """Put a file's [Login] lines over what was read before."""
    try:
        with open(path, "rb") as source:
            lines = source.read().decode("utf-8", "replace").splitlines()
    except (IOError, OSError):
        return
    section = ""
    for line in lines:
        line = line.strip()
        if line.startswith("["):
            section = line
        elif section == "[Login]" and "=" in line and line[0] not in "#;":
            name, _, value = line.partition("=")
            settings[name.strip()] = value.strip()


def which(name, search):
    """:returns: path of a program, or None. A name with a slash is the path."""
    if "/" in name:
        return name if is_program(name) else None
    paths = [os.path.join(directory, name) for directory in search.split(":") if directory]
    return next((path for path in paths if is_program(path)), None)


def is_program(path):
    return os.path.isfile(path) and os.access(path, os.X_OK)


def run(words):
    """:returns: {"status": int, None when it did not end in time; "output", "said": last line}."""
    try:
        child = start(words)
    except OSError as error:
        return {"status": 127, "output": "", "said": error.strerror}
    output, errors, deadline = b"", b"", elapsed() + SECONDS
    waiting = [child.stdout, child.stderr]
    while waiting and elapsed() < deadline:
        for pipe in select.select(waiting, [], [], max(deadline - elapsed(), 0))[0]:
            data = os.read(pipe.fileno(), 65536)
            if not data:
                waiting.remove(pipe)
            elif pipe is child.stdout:
                output += data
            else:
                errors += data
    status = ended(child, deadline)
    lines = (output + b"\n" + errors).decode("utf-8", "replace").strip().splitlines()
    text = output.decode("utf-8", "replace").strip()
    return {"status": status, "output": text, "said": lines[-1].strip()[:300] if lines else ""}


def start(words):
    environment = dict(os.environ, LC_ALL="C")
    with open(os.devnull) as nothing:
        return subprocess.Popen(
            words,
            stdin=nothing,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            close_fds=True,
            env=environment,
            preexec_fn=os.setsid,  # so that its own children end with it
        )


def ended(child, deadline):
    """Exit status, or None after killing it; what runs as another user (sudo) is left to itself."""
    while child.poll() is None and elapsed() < deadline:
        time.sleep(0.01)
    if child.returncode is None:
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except OSError:
            pass
    return child.returncode


if __name__ == "__main__":
    sys.exit(main())
