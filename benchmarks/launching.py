"""What the rows about launches share: one machine, one job, and each contender's own copy of the scripts there.

Job: the lab's parts; for each round an order that says what is to be started and where.
In: a Lab. Out: a Desk.

All contenders start the same build by the same scripts, Tristan's release: the project's branch is unchanged and its
script is `true`. Who is not Tristan has them in a directory that is named as a release is, in a root of its own, and is
handed the request that Tristan would send.
"""

import fcntl
import os
import time

from benchmarks import peers, scripts
from benchmarks.lab import MACHINE_PYTHON
from benchmarks.row import FLOOR, PEER, TRISTAN, Contender, Missing, worker
from controller import service, settings
from controller.state import State

CONFIGURATION = """
git_servers:
  main: {{address: "http://127.0.0.1:{port}"}}
build_profiles:
  job: {{isolation: host, language: python, compile_to_execute: "true"}}
projects:
  job: {{repository: group/job, build_profile: job}}
"""

CHANGED = os.path.join("cache", "dependency_lib", "python", "pip.conf")
"""The file that changes where one does: a configuration of the operator's that is pushed with the scripts."""

LONGEST_BUILD = 60
"""Seconds."""


class Desk(object):
    """:param lab: labs.Lab. :param port_of: function (sshd) -> port to call instead of its own.

    .operator: labs.Operator. .master: labs.Master. .commit: text, what is built.
    """

    def __init__(self, lab, port_of=lambda sshd: sshd.port):
        self._lab = lab
        self._sshd = lab.sshd()
        self._port = port_of(self._sshd)
        self.commit = lab.repositories.create("group/job").commit({"README": "a job\n"})
        self._git = lab.git_over_http()
        text = CONFIGURATION.format(port=self._git.port)
        self.operator = lab.operator(text, {"builder-1": (self._sshd, self._port)})
        self.master = lab.master(self._sshd, self._port)
        self._controller = service.Controller(
            settings.load(self.operator.configuration), State(lab.path("desk"))
        )
        self._roots = {None: self._sshd.root}
        self._scripts = lab.path("scripts")
        scripts.write(self.operator, self._scripts)
        self._write_known_hosts()

    def contenders(self, floor, tristan, peer_workers):
        """:param floor: `warm` or `cold`, how floor_launch.py connects. :param tristan: name of a worker.
        :param peer_workers: {peer: (name of its environment, name of a worker, its words)}.
        """
        hand = "by hand, a job by hand"
        found = [
            self._contender("by hand", FLOOR, worker("floor_launch.py", floor, "startup")),
            self._contender(hand, FLOOR, worker("floor_launch.py", floor, "hand")),
            Contender("Tristan", TRISTAN, worker(tristan), self.operator.environment()),
        ]
        return found + [self._peer(name, *way) for name, way in peer_workers.items()]

    def _contender(self, name, role, command):
        self._roots[name] = root = os.path.join(self._sshd.directory, "root-%d" % len(self._roots))
        scripts.make_root(root)
        return Contender(name, role, command, self.operator.environment())

    def _peer(self, name, environment, *words):
        try:
            python = os.path.join(self._lab.venv(environment), "bin", "python")
        except peers.Unavailable as error:
            return Missing(name, str(error))
        return self._contender(name, PEER, worker(*words, python=python))

    def order(self, contender):
        """What a contender is to know for one round; dict."""
        self.wait_until_idle()
        build = {"project": "job", "branch": "main", "commit": self.commit}
        return build if contender.role == TRISTAN else self._order_by_hand(contender, build)

    def _order_by_hand(self, contender, build):
        root = self._roots[contender.name]
        request = scripts.request(self._controller, "job", "main", "1")
        return dict(
            build,
            build_id=request["build_id"],
            request=self._written(request),
            scripts=self._scripts,
            root=root,
            python=MACHINE_PYTHON,
            target=os.path.join(root, *scripts.PLACE[-1]),
            ssh=self.master.words,
            cold=self.master.cold,
            host=self._sshd.host,
            port=self._port,
            username=self._sshd.username,
            key=self._sshd.client_key,
            repository="http://127.0.0.1:%d/group/job.git" % self._git.port,
        )

    def _written(self, request):
        """The directory that holds the request as a file, as one would write it to send it along."""
        directory = self._lab.path("request")
        os.makedirs(directory, exist_ok=True)
        scripts.write_request(os.path.join(directory, "request.json"), request)
        return directory

    def change_a_file(self, number):
        """The next push finds one file changed: the operator's own, and the copy that goes by hand."""
        for directory in (self.operator.home, self._scripts):
            path = os.path.join(directory, CHANGED)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="ascii") as target:
                target.write("[global]\ntimeout = %d.%d\n" % (number, time.monotonic_ns()))

    def _write_known_hosts(self):
        """The machine's key for those who look where OpenSSH does."""
        os.mkdir(os.path.join(self.operator.home, ".ssh"), 0o700)
        key = self._sshd.known_hosts_line.split(" ", 1)[1]
        known = os.path.join(self.operator.home, ".ssh", "known_hosts")
        with open(known, "w", encoding="ascii") as target:
            target.write("[%s]:%d %s\n" % (self._sshd.host, self._port, key))

    def wait_until_idle(self):
        """Builds that went on behind an earlier round have ended: what is timed next has the processors to itself."""
        end = time.monotonic() + LONGEST_BUILD
        while time.monotonic() < end and any(held(root) for root in self._roots.values()):
            time.sleep(0.05)


def held(root):
    """Whether an executor below a root has a build."""
    run = os.path.join(root, "1", "run")
    found = os.listdir(run) if os.path.isdir(run) else []
    return any(is_locked(os.path.join(run, name, "lock")) for name in found)


def is_locked(path):
    try:
        with open(path, "rb") as opened:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
