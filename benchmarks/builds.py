"""What the rows of whole builds share: a repository on a git server, a machine with an image, contenders that build.

In: a lab. Out: Builds.
"""

import os
import subprocess

from benchmarks import row as rows
from business_hyper_fusion import names
from tests.lab import images

PROJECT, PLAIN = "shop", "plain"
"""Projects of CONFIGURATION: in a container, and without one."""
FLOOR, TRISTAN = "by hand, ControlMaster", "Tristan"

CONFIGURATION = """
git_servers:
  main: {{address: "http://127.0.0.1:{port}"}}
build_profiles:
  docker: {{language: python, image: "{image}", compile_to_execute: "true"}}
  host: {{language: python, isolation: host, compile_to_execute: "true"}}
projects:
  shop: {{repository: group/shop, build_profile: docker}}
  plain: {{repository: group/shop, build_profile: host}}
"""


class Builds(object):
    """.repository: tests.lab.git_server.Repository. .address: its url.

    :param fill: callable(Repository), which commits to its branch main and pushes that.
    :param port_of: function (Sshd) -> the port to call instead of its own.
    """

    def __init__(self, lab, fill, port_of=lambda sshd: sshd.port):
        self._lab = lab
        self.repository = lab.repositories.create("group/shop")
        fill(self.repository)
        server = lab.git_over_http()
        self.address = server.address("group/shop")
        self._sshd = lab.sshd()
        self._port = port_of(self._sshd)
        base = images.make(lab.engine, images.PYTHON).name
        text = CONFIGURATION.format(port=server.port, image=base)
        self._operator = lab.operator(text, {"builder-1": (self._sshd, self._port)})
        # The floor builds in the same image, which the first build makes.
        self._operator.run("build", PROJECT, "--branch", "main")
        self.image = names.build_image(base, os.stat(self._sshd.root).st_uid)

    def by_hand(self, script):
        """The floor. :param script: name in benchmarks/workers."""
        place = os.path.join(self._sshd.home, "by-hand")
        path = os.path.join(rows.HERE, "workers", script)
        engine = " ".join(self._lab.engine.command)
        words = [path, self.address, self.image, place, engine]
        words += self._lab.master(self._sshd, self._port).words
        return rows.Contender(FLOOR, rows.FLOOR, rows.worker("by_hand.py", *words))

    def tristan(self):
        command = rows.worker("tristan_builds.py", PROJECT)
        return rows.Contender(TRISTAN, rows.TRISTAN, command, self._operator.environment())

    def head(self):
        """The commit that branch main is at."""
        return self.repository.git(["rev-parse", "HEAD"]).strip()


def small(repository):
    """A few files."""
    files = {"file-%02d.txt" % number: "line\n" * number for number in range(20)}
    repository.commit(files)


def thousands(repository, commits=6000, files=600):
    """Some thousand commits, each of which changes one of some hundred files."""
    subprocess.run(
        ["git", "-C", repository.work, "fast-import", "--quiet", "--force"],
        input=b"".join(history(commits, files)),
        check=True,
    )
    repository.git(["reset", "--quiet", "--hard"])
    repository.git(["push", "--quiet", "origin", "main"])
    # As a server does with what it has had for a while.
    repository.git(["--git-dir", repository.path, "gc", "--quiet"])


def history(commits, files):
    """Chunks of what git fast-import reads."""
    for number in range(commits):
        text = b"".join(b"line %d of commit %d\n" % (line, number) for line in range(40))
        yield b"commit refs/heads/main\n"
        yield b"committer Bench <bench@example.invalid> %d +0000\n" % (1500000000 + 600 * number)
        yield b"data 6\nchange\n"
        place = number % files
        yield b"M 100644 inline src/%02d/file-%03d.txt\n" % (place % 20, place)
        yield b"data %d\n%s\n" % (len(text), text)
