"""The real parts that rows run on, all the benchmark's own: machines, git servers, an engine, an operator's home.

In: nothing; Out: a Lab, which stops and removes at its end what it started.
"""

import contextlib
import os
import subprocess
import sys

from benchmarks import peers
from tests.lab import engine, git_server, process
from tests.lab.sshd import Sshd

MACHINE_PYTHON = "/usr/bin/python3"

MACHINE = """  {name}:
    host: 127.0.0.1
    port: {port}
    username: {sshd.username}
    key_file: {sshd.client_key}
    root: {sshd.root}
    python: {python}
    executors: {executors}
    isolation: [docker, host]
    engine: {{kind: docker, command: [{engine}]}}
"""


class Lab(contextlib.ExitStack):
    """Use it as a context manager; a row has one of its own.

    :param with_peers: whether what Tristan is compared with is installed and measured.
    """

    def __init__(self, with_peers=True):
        super().__init__()
        self._with_peers = with_peers
        self.directory = process.directory("bench")
        self.callback(process.remove, self.directory)
        self._engine = self._repositories = None

    def path(self, *names):
        """Absolute path below the lab's directory."""
        return os.path.join(self.directory, *names)

    def venv(self, peer):
        """Path of a peer's environment. :raises peers.Unavailable: there is none."""
        if not self._with_peers:
            raise peers.Unavailable("peers were left out")
        return peers.venv(peer)

    @property
    def engine(self):
        """tests.lab.engine.Engine; that of ./dev bench."""
        if self._engine is None:
            self._engine = engine.find_or_start()
            self.callback(self._engine.stop)
        return self._engine

    def sshd(self, **parameters):
        """A machine: tests.lab.sshd.Sshd, with room for many connections unless it is said otherwise."""
        options = {"MaxSessions": 100, "MaxStartups": "100:30:200", "LogLevel": "ERROR"}
        options.update(parameters.pop("options", {}))
        parameters.setdefault("docker_socket", self.engine.socket)
        return self.stopped(Sshd(options=options, **parameters))

    @property
    def repositories(self):
        """tests.lab.git_server.Repositories: bare ones, to be served."""
        if self._repositories is None:
            self._repositories = git_server.Repositories()
            self.callback(self._repositories.remove)
        return self._repositories

    def git_over_http(self):
        """A server of the repositories, without a login. :returns: tests.lab.git_server.GitOverHttp."""
        return self.stopped(git_server.GitOverHttp(self.repositories))

    def stopped(self, part):
        """:returns: the part, whose stop() is called at the lab's end."""
        self.callback(part.stop)
        return part

    def operator(self, configuration, machines, executors=2):
        """An operator with these machines, enrolled. :param configuration: text of tristan.yml but for `machines:`.
        :param machines: {name: Sshd, or (Sshd, port to call instead of its own)}.
        """
        return Operator(self, configuration, machines, executors)

    def master(self, sshd, port=None):
        """A kept connection of OpenSSH's own to a machine. :returns: Master."""
        return self.stopped(Master(self, sshd, port or sshd.port))


class Operator(object):
    """A home, a tristan.yml and the command `tristan`.

    .home .configuration: paths. .state: path of Tristan's own directory.
    """

    def __init__(self, lab, configuration, machines, executors):
        self.home = lab.path("operator-%d" % len(os.listdir(lab.directory)))
        os.mkdir(self.home)
        self.configuration = os.path.join(self.home, "tristan.yml")
        self.state = os.path.join(self.home, "xdg_state_home", "tristan")
        text = "machines:\n"
        for name, machine in machines.items():
            sshd, port = machine if isinstance(machine, tuple) else (machine, machine.port)
            words = ", ".join(lab.engine.command)
            text += MACHINE.format(
                name=name,
                sshd=sshd,
                port=port,
                python=MACHINE_PYTHON,
                executors=executors,
                engine=words,
            )
        with open(self.configuration, "w", encoding="utf-8") as target:
            target.write(text + configuration)
        for name, machine in machines.items():
            sshd = machine[0] if isinstance(machine, tuple) else machine
            self.run("enroll", name, "--fingerprint", sshd.fingerprint)

    def environment(self):
        """dict of str: an environment with none of the user's own configuration, to be put over this process's."""
        return {
            "HOME": self.home,
            "LC_ALL": "C.UTF-8",
            "SSH_AUTH_SOCK": "",
            "TRISTAN_CONFIG": self.configuration,
            "XDG_CACHE_HOME": os.path.join(self.home, "xdg_cache_home"),
            "XDG_CONFIG_HOME": os.path.join(self.home, "xdg_config_home"),
            "XDG_STATE_HOME": os.path.join(self.home, "xdg_state_home"),
        }

    def command(self, *words):
        """list of str: `tristan`, as it is installed beside this Python."""
        return [os.path.join(os.path.dirname(sys.executable), "tristan")] + list(words)

    def run(self, *words):
        """:returns: text, what the command printed. :raises process.LabError: it failed."""
        made = subprocess.run(
            self.command(*words),
            env=dict(os.environ, **self.environment()),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        if made.returncode:
            raise process.LabError(made.stderr.decode("utf-8", "replace"))
        return made.stdout.decode("utf-8")


class Master(object):
    """OpenSSH's ControlMaster. .words: list of str, `ssh` to the machine through it. .cold: the same without it.
    .options: list of str, for scp and rsync as well.
    """

    def __init__(self, lab, sshd, port):
        known = lab.path("known_hosts-%d" % port)
        with open(known, "w", encoding="utf-8") as target:
            line = sshd.known_hosts_line.split(" ", 1)[1]
            target.write("[127.0.0.1]:%d %s\n" % (port, line))
        self._socket = lab.path("master-%d" % port)
        plain = ["-F", "none", "-o", "UserKnownHostsFile=" + known, "-o", "Port=%d" % port]
        plain += ["-o", "IdentitiesOnly=yes", "-o", "IdentityFile=" + sshd.client_key]
        self.options = plain + ["-o", "ControlPath=" + self._socket]
        self._target = "%s@%s" % (sshd.username, sshd.host)
        self.cold = ["ssh"] + plain + ["-o", "KexAlgorithms=curve25519-sha256", self._target]
        self.words = ["ssh"] + self.options + [self._target]
        command = ["ssh", "-M", "-N"] + self.options + [self._target]
        self._child = process.Child(command, lab.path("master-%d.log" % port))
        self._child.wait_for(lambda: os.path.exists(self._socket), 60, "a ControlMaster")

    def stop(self):
        self._child.stop()
