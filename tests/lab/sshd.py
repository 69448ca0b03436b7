"""A real sshd on loopback, with users, keys and a mount namespace of its own.

In: sshd options, shell lines to run in the namespace first. Out: a port, a client key, the host
key's line and fingerprint.
The namespace holds copies of the account files that add the user `builder`, and a root home of
the lab's own,
so no account, key or dotfile of this machine is used or changed.
"""

from __future__ import absolute_import, print_function, unicode_literals

import grp
import io
import os
import signal
import socket
import stat

from tests.lab import engine, process

BUILDER = "builder"
BUILDER_ID = 2301
PASSWORD = "let-me-build"
SSHD = "/usr/sbin/sshd"


class Sshd(object):
    """Starts at once; use it as a context manager or call `stop()`.

    :param options: dict, sshd_config lines that replace the lab's (`{"MaxSessions": 1}`);
        None as value leaves the line out (`{"Subsystem": None}`: no SFTP)
    :param pre_exec: list of str, shell lines run as root in the mount namespace before sshd
        (`mount --bind /dev/null /usr/bin/python3`). Docker does not see what is mounted here.
    :param docker_group: bool, whether `builder` may use the engine's socket
    :param docker_socket: str, the socket whose group that is; the lab engine's by default
    :param shell: str, login shell of `builder`

    .host .port .username .password .client_key (path) .known_hosts_line .fingerprint ("SHA256:...")
    .home (of builder) .root (an empty directory of builder's, fit as machine root) .directory
    .log (path)
    """

    host = "127.0.0.1"
    username = BUILDER
    password = PASSWORD

    def __init__(
        self, options=None, pre_exec=(), docker_group=True, docker_socket=None, shell="/bin/bash"
    ):
        if os.geteuid() != 0:
            raise process.LabError("the lab's sshd needs root: it mounts account files of its own")
        self.directory = process.directory("sshd")
        self.port = process.free_port()
        self.log = self._path("sshd.log")
        self._options = dict(options or {})
        self._pre_exec = list(pre_exec)
        self._make_homes()
        self._write_accounts(shell, docker_group and _group_of(docker_socket))
        self._make_client_key()
        self._make_host_key()
        try:
            self.start()
        except process.LabError:
            process.remove(self.directory)
            raise

    def start(self):
        """Listen (again) on the same port."""
        _write(self._path("sshd_config"), self._configuration())
        _write(self._path("start.sh"), "\n".join(self._start_lines()) + "\n")
        # slave: what the machine mounts later shows up here, what is mounted here stays here
        self._child = process.Child(
            ["unshare", "-m", "--propagation", "slave", "sh", "-e", self._path("start.sh")],
            self.log,
        )
        self._child.wait_for(self._answers, 60, "sshd")

    @property
    def pid(self):
        """int, the listener's pid"""
        return self._child.pid

    @property
    def known_hosts_line(self):
        """str, "[127.0.0.1]:port type key", as known_hosts has it"""
        return "[{0}]:{1} {2}".format(self.host, self.port, self._public_host_key())

    @property
    def fingerprint(self):
        """str, "SHA256:..." of the host key"""
        listing = process.output(["ssh-keygen", "-l", "-f", self._path("host_key.pub")])
        return str(listing.split()[1])

    def sessions(self):
        """:returns: list of int, pids of the sshd processes that serve connections"""
        below = process.children(self.pid)
        return [pid for pid in below if process.command_name(pid).startswith("sshd")]

    def connections(self):
        """:returns: int, how many connections are served now: the listener has a child for each"""
        return len([pid for pid in self.sessions() if process.parent_of(pid) == self.pid])

    def kill_sessions(self):
        """Cut every connection as a network fault would; the listener and the remote commands live.

        :returns: int, how many sshd processes were killed
        """
        return self.signal_sessions(signal.SIGKILL)

    def signal_sessions(self, number):
        """Have what serves connections stop or go on; those of connections that were closed may end meanwhile.

        :returns: int, how many sshd processes there were
        """
        found = self.sessions()
        for pid in reversed(found):
            _signal(pid, number)
        return len(found)

    def stop_listening(self):
        """Stop the listener only: connections and remote commands go on. `start()` brings it
        back."""
        self._child.stop()

    def go_away(self):
        """Stop the listener and cut every connection; remote commands live. `start()` brings it back."""
        # Stopped first: who is let in behind the look at the sessions would stay.
        self._child.signal(signal.SIGSTOP)
        connected = self.sessions()
        self._child.signal(signal.SIGKILL)
        self._child.stop()
        for pid in reversed(connected):
            _signal(pid, signal.SIGKILL)

    def replace_host_key(self):
        """Come back on the same port as another host."""
        self.go_away()
        for name in ("host_key", "host_key.pub"):
            os.remove(self._path(name))
        self._make_host_key()
        self.start()

    def stop(self):
        """End the listener and its connections, remove the directory."""
        self.kill_sessions()
        self._child.stop()
        process.remove(self.directory)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _path(self, name):
        return os.path.join(self.directory, name)

    def _make_homes(self):
        self.home = self._path("home")
        self.root = self._path("root")
        for path in (self.home, self.root):
            os.mkdir(path, 0o755)
            os.chown(path, BUILDER_ID, BUILDER_ID)
        os.mkdir(self._path("root-home"), 0o755)

    def _write_accounts(self, shell, docker_gid):
        passwd, group, shadow = [_read("/etc/" + name) for name in ("passwd", "group", "shadow")]
        passwd += "{0}:x:{1}:{1}::{2}:{3}\n".format(BUILDER, BUILDER_ID, self.home, shell)
        shadow = _with_unlocked_root(shadow)
        shadow += "{0}:{1}:19000:0:99999:7:::\n".format(BUILDER, _hashed(PASSWORD))
        group += "{0}:x:{1}:\n".format(BUILDER, BUILDER_ID)
        if docker_gid:
            group = _joined(group, docker_gid, BUILDER)
        for name, text, mode in (
            ("passwd", passwd, 0o644),
            ("group", group, 0o644),
            ("shadow", shadow, 0o600),
        ):
            _write(self._path(name), text)
            os.chmod(self._path(name), mode)

    def _make_client_key(self):
        self.client_key = self._path("client_key")
        _make_key(self.client_key)
        _write(self._path("authorized_keys"), _read(self.client_key + ".pub"))

    def _make_host_key(self):
        _make_key(self._path("host_key"))

    def _public_host_key(self):
        return str(" ".join(_read(self._path("host_key.pub")).split()[:2]))

    def _configuration(self):
        lines = {
            "Port": self.port,
            "ListenAddress": self.host,
            "HostKey": self._path("host_key"),
            "PidFile": self._path("sshd.pid"),
            "AuthorizedKeysFile": self._path("authorized_keys"),
            "StrictModes": "no",
            "UsePAM": "no",
            "UseDNS": "no",
            "PasswordAuthentication": "yes",
            "KbdInteractiveAuthentication": "no",
            "PermitRootLogin": "yes",
            "PrintMotd": "no",
            "LogLevel": "VERBOSE",
            "Subsystem": "sftp internal-sftp",
        }
        lines.update(self._options)
        pairs = sorted((name, value) for name, value in lines.items() if value is not None)
        return "".join("{0} {1}\n".format(name, value) for name, value in pairs)

    def _start_lines(self):
        lines = ["mkdir -p /run/sshd"]
        for name in ("passwd", "group", "shadow"):
            lines.append("mount --bind {0} /etc/{1}".format(process.quote(self._path(name)), name))
        lines += self._root_home_lines() + self._pre_exec
        command = [SSHD, "-D", "-e", "-f", self._path("sshd_config")]
        return lines + ["exec " + " ".join(process.quote(word) for word in command)]

    def _root_home_lines(self):
        # root's home is closed to `builder`, and the test's Pythons often live in it: the lab's
        # own one is open
        # and shows the Pythons alone.
        home, lab_home = "/root", self._path("root-home")
        lines = []
        pythons = os.path.join(home, ".pyenv")
        if os.path.isdir(pythons):
            inside = process.quote(os.path.join(lab_home, ".pyenv"))
            lines = ["mkdir -p " + inside, "mount --bind {0} {1}".format(pythons, inside)]
        return lines + ["mount --rbind {0} {1}".format(process.quote(lab_home), home)]

    def _answers(self):
        try:
            connection = socket.create_connection((self.host, self.port), 2)
        except (IOError, OSError):
            return False
        try:
            return connection.recv(4) == b"SSH-"
        except (IOError, OSError):
            return False
        finally:
            connection.close()


def _make_key(path):
    process.output(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", path])


def _hashed(password):
    return process.output(["openssl", "passwd", "-6", password]).strip()


def _read(path):
    with io.open(path, encoding="utf-8") as source:
        text = source.read()
    return text if text.endswith("\n") else text + "\n"


def _write(path, text):
    with io.open(path, "w", encoding="utf-8") as target:
        target.write(text)


def _with_unlocked_root(shadow):
    # "!" locks the account even for keys; "*" only means that no password fits
    lines = [
        "root:*:19000:0:99999:7:::" if line.startswith("root:") else line
        for line in shadow.splitlines()
    ]
    return "\n".join(lines) + "\n"


def _group_of(socket_path):
    try:
        status = os.stat(socket_path or engine.socket_of(engine.named()))
    except OSError:
        return None
    return status.st_gid if stat.S_ISSOCK(status.st_mode) else None


def _joined(group_text, gid, user):
    """:returns: str, the group file's text with `user` a member of `gid`"""
    try:
        name = grp.getgrgid(gid).gr_name
    except KeyError:
        return group_text + "lab_engine:x:{0}:{1}\n".format(gid, user)
    lines = group_text.splitlines()
    for number, line in enumerate(lines):
        if line.startswith(name + ":"):
            lines[number] = line + ("" if line.endswith(":") else ",") + user
    return "\n".join(lines) + "\n"


def _signal(pid, number):
    try:
        os.kill(pid, number)
    except OSError:
        pass
