"""Two hundred builds without a container on ten machines, from one process."""

import os

from benchmarks import buildbot, builds, peers, scripts
from benchmarks import lab as labs
from benchmarks import row as rows
from controller import service, settings
from controller.state import State

MACHINES, BRANCHES = 10, 20
ALL = MACHINES * BRANCHES
ANSIBLE_BRANCHES, BUILDBOT_BUILDS = 2, 10
"""Of these few the peers' figures are scaled to all: each of their builds takes as long as it does among many."""

FLOOR = "by hand"
JOB_BY_HAND = "by hand, a job by hand"
ANSIBLE = "Ansible, 10 forks (of %d builds)" % (ANSIBLE_BRANCHES * MACHINES)
BUILDBOT = "Buildbot, 10 workers (of %d builds)" % BUILDBOT_BUILDS


class ManyBuilds(rows.Row):
    name = "many_builds"
    title = "200 detached builds of unchanged branches on 10 machines, host isolation, until all have ended"
    order = 100
    figures = {"seconds": rows.SECONDS, "launched": rows.SECONDS, "builds_a_minute": ""}
    goals = (rows.ratio(FLOOR, 1.5, 1.1), rows.faster(BUILDBOT, 5))
    warm_up = 1

    def contenders(self, lab):
        self._lab = lab
        self._machines = [lab.sshd() for _ in range(MACHINES)]
        self._serve(lab)
        tristan = self._tristan(lab)  # whose settings the requests of the floor are made by
        floors = [self._by_scripts(lab), self._by_hand()]
        return floors + [tristan, self._ansible(lab), self._buildbot(lab)]

    def before(self, contender, number):
        """The files that tell what was built by hand are not there yet; each build has a request of its own."""
        order = {"commit": self._commit}
        if contender.name == FLOOR:
            order["launches"] = [self._launch(*pair) for pair in self._pairs]
        if contender.name in self._places:
            place, branches, further = self._places[contender.name]
            names = ["%s-%d" % (place, branch + 1) for branch in range(branches)]
            built = [
                os.path.join(one.home, name, "built") for one in self._machines for name in names
            ]
            for path in built:
                if os.path.exists(path):
                    os.remove(path)
            order.update(further, built=built)
        return order

    def _serve(self, lab):
        repository = lab.repositories.create("group/shop")
        builds.small(repository)
        for branch in range(BRANCHES):
            name = "refs/heads/main:refs/heads/branch-%d" % (branch + 1)
            repository.git(["push", "--quiet", "origin", name])
        self._commit = repository.git(["rev-parse", "HEAD"]).strip()
        self._server = lab.git_over_http()
        self._address = self._server.address("group/shop")
        self._places = {}
        self._words = []
        for number, machine in enumerate(self._machines):
            self._words.append(lab.path("words-%d" % number))
            with open(self._words[-1], "w") as target:
                target.write(" ".join(lab.master(machine).words))

    def _by_scripts(self, lab):
        """The same startup.py, brought there before, started by a shell loop."""
        self._pairs = [
            (machine, branch + 1) for branch in range(BRANCHES) for machine in range(MACHINES)
        ]
        for machine in self._machines:
            scripts.write(self._operator, scripts.make_root(self._root(machine)))
        known = settings.load(self._operator.configuration)
        self._controller = service.Controller(known, State(lab.path("desk")))
        os.mkdir(lab.path("launches"))
        return rows.Contender(FLOOR, rows.FLOOR, rows.worker("many_launches.py"))

    def _root(self, machine):
        return os.path.join(machine.directory, "root-by-hand")

    def _launch(self, machine, branch):
        """A line of many_launches.sh, and the request that it names. :returns: list of three texts."""
        executor_id, branch_name = str(branch), "branch-%d" % branch
        wanted = scripts.request(
            self._controller, builds.PLAIN, branch_name, executor_id, "builder-%d" % machine
        )
        path = self._lab.path("launches", "%d-%d.json" % (machine, branch))
        scripts.write_request(path, wanted)
        command = scripts.command(self._root(self._machines[machine]), executor_id)
        return [self._words[machine], path, command]

    def _by_hand(self):
        arguments = ["by-hand", self._address, str(BRANCHES)] + self._words
        self._places[JOB_BY_HAND] = ("by-hand", BRANCHES, {"arguments": arguments})
        return rows.Contender(JOB_BY_HAND, rows.FLOOR, rows.worker("many_by_hand.py"))

    def _tristan(self, lab):
        text = builds.CONFIGURATION.format(port=self._server.port, image="none")
        named = {"builder-%d" % number: one for number, one in enumerate(self._machines)}
        self._operator = lab.operator(text, named, executors=BRANCHES)
        words = [builds.PLAIN, str(MACHINES), str(BRANCHES)]
        command = rows.worker("tristan_many.py", *words)
        return rows.Contender("Tristan", rows.TRISTAN, command, self._operator.environment())

    def _ansible(self, lab):
        try:
            python = os.path.join(lab.venv("ansible"), "bin", "python")
        except peers.Unavailable as problem:
            return rows.Missing(ANSIBLE, str(problem))
        directory = lab.path("ansible")
        os.mkdir(directory)
        known = os.path.join(directory, "known_hosts")
        with open(known, "w") as target:
            for one in self._machines:
                target.write("[127.0.0.1]:%d %s\n" % (one.port, key_of(one)))
        hosts = {"builder-%d" % number: host(one) for number, one in enumerate(self._machines)}
        further = {"directory": directory, "known_hosts": known, "hosts": hosts}
        further.update(place="ansible", address=self._address)
        self._places[ANSIBLE] = ("ansible", ANSIBLE_BRANCHES, further)
        words = [str(ANSIBLE_BRANCHES), str(BRANCHES)]
        return rows.Contender(
            ANSIBLE, rows.PEER, rows.worker("ansible_many.py", *words, python=python)
        )

    def _buildbot(self, lab):
        steps = [buildbot.git_step(self._address), buildbot.command_step(["true"])]
        try:
            master = lab.stopped(buildbot.Buildbot(lab, ", ".join(steps), workers=MACHINES))
        except peers.Unavailable as problem:
            return rows.Missing(BUILDBOT, str(problem))
        words = [master.url, str(BUILDBOT_BUILDS), str(ALL)] + [str(pid) for pid in master.pids]
        return rows.Contender(BUILDBOT, rows.PEER, rows.worker("buildbot_builds.py", *words))


def key_of(sshd):
    return sshd.known_hosts_line.split(" ", 1)[1]


def host(sshd):
    """Ansible's variables of a machine."""
    return {
        "ansible_host": sshd.host,
        "ansible_port": sshd.port,
        "ansible_user": sshd.username,
        "ansible_ssh_private_key_file": sshd.client_key,
        "ansible_python_interpreter": labs.MACHINE_PYTHON,
    }


ROWS = [ManyBuilds()]
