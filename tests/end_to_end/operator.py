"""An operator with a machine, a git server and projects; real parts, all the tests' own.

In: the lab's parts. Out: the command ``tristan`` run as a process of its own, in a home of its own.
"""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import copy
import hashlib
import io
import json
import os
import subprocess
import sys
import time

from tests.lab import git_server, process
from tests.lab.sshd import Sshd

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

CONFIGURATION = """
machines:
  builder-1:
    host: 127.0.0.1
    port: {port}
    username: {username}
    key_file: {key}
    root: {root}
    python: {python}
    executors: {executors}
    engine: {{kind: {engine_kind}, command: [{engine}], run_options: [{run_options}]}}

git_servers:
  main: {{address: "http://127.0.0.1:{git_port}"}}

docker_registries:
  main:
    address: "127.0.0.1:{registry_port}"
    namespace: team
    username: {registry_username}
    password: {{env: REGISTRY_PASSWORD}}

build_profiles:
  served:
    language: python
    image: {python_image}
    docker_registry: main
    values: {{greeting: "it's; $(id)"}}
    compile_to_execute: |
      #!/bin/sh
      printf %s {{{{ values.greeting }}}} > index.html
    package_to_docker: |
      cp index.html "$TRISTAN_CONTEXT"
    dockerfile: |
      FROM {{{{ image }}}}
      ARG IMAGE_PROJECT_TAG
      ENV SW_AGENT_NAME ${{IMAGE_PROJECT_TAG}}
      COPY index.html /srv/
      ENTRYPOINT ["python3", "-m", "http.server", "8080", "--directory", "/srv"]
  wheel:
    language: python
    image: {python_image}
    environment: {{PIP_NO_BUILD_ISOLATION: "0"}}
  page: {{language: nodejs, image: {nodejs_image}}}
  script: &script
    language: python
    image: {python_image}
    compile_to_execute: |
      #!/bin/sh
      eval "$SCRIPT"
  once:
    <<: *script
    requeue: never
  short:
    <<: *script
    limits: {{soft: 12s, hard: 20s}}
  asked:
    <<: *script
    limits: {{soft: 3s, hard: 10m}}
  no_image: {{language: python, image: "127.0.0.1:1/no/such:image"}}

projects:
  shop: {{repository: group/shop, build_profile: wheel}}
  served: {{repository: group/shop, build_profile: served}}
  web: {{repository: group/web, build_profile: page}}
  script: {{repository: group/shop, build_profile: script}}
  once: {{repository: group/shop, build_profile: once}}
  short: {{repository: group/shop, build_profile: short}}
  asked: {{repository: group/shop, build_profile: asked}}
  no_image: {{repository: group/shop, build_profile: no_image}}
  no_repository: {{repository: group/none, build_profile: script}}
"""

MACHINE = """  {name}:
    host: 127.0.0.1
    port: {sshd.port}
    username: {sshd.username}
    key_file: {sshd.client_key}
    root: {sshd.root}
    executors: 2
    engine: {{kind: docker, command: [{engine}]}}
"""

PASSWORD = "registry$ecret;'\""
"""Of the registry's only user, ``robot``."""

HOLD = 'until [ -e "go-$TRISTAN_BUILD_ID" ]; do sleep 0.1; done'
"""A script that lasts until its build is released."""

Result = collections.namedtuple("Result", "code out err")


class Operator(object):
    """.sshd .shop .web (Repository) .engine .configuration (path)

    :param machine: dict of Sshd's own parameters, for a machine with obstacles.
    :param values: for CONFIGURATION: python (the machine's), python_image, nodejs_image.
    """

    def __init__(self, engine, executors=2, machine=None, **values):
        self.engine = engine
        self.home = process.directory("operator")
        self.sshd = Sshd(docker_socket=engine.socket, **(machine or {}))
        self._repositories = git_server.Repositories()
        self._git = git_server.GitOverHttp(self._repositories)
        self.shop = self._repository("shop")
        self.web = self._repository("web")
        self.configuration = os.path.join(self.home, "tristan.yml")
        self.configure(executors=executors, **values)

    def _repository(self, name):
        repository = self._repositories.create("group/" + name)
        repository.commit_tree(os.path.join(REPOSITORY, "demo", name))
        return repository

    def configure(self, **chosen):
        """Write tristan.yml; what is given replaces a value of CONFIGURATION."""
        values = {
            "port": self.sshd.port,
            "username": self.sshd.username,
            "key": self.sshd.client_key,
            "root": self.sshd.root,
            "engine_kind": self.engine.kind,
            "engine": ", ".join(self.engine.command),
            "run_options": ", ".join(self.engine.run_options),
            "git_port": self._git.port,
            "registry_port": 5000,
            "registry_username": "robot",
        }
        self._values = dict(getattr(self, "_values", values), **chosen)
        with io.open(self.configuration, "w", encoding="utf-8") as target:
            target.write(CONFIGURATION.format(**self._values))

    def enroll(self, name="builder-1", sshd=None):
        result = self.run("enroll", name, "--fingerprint", (sshd or self.sshd).fingerprint)
        assert result.code == 0, result

    def add_machine(self, name, sshd, *lines):
        """A machine beside the first, in the file until it is configured anew, and enrolled.

        :param sshd: Sshd. :param lines: texts, further keys of the machine.
        """
        text = MACHINE.format(name=name, sshd=sshd, engine=", ".join(self.engine.command))
        text += "".join("    %s\n" % line for line in lines)
        self.replace("machines:\n", "machines:\n" + text)
        self.enroll(name, sshd)

    def replace(self, old, new):
        """Change the text of tristan.yml, until it is configured anew."""
        with io.open(self.configuration, encoding="utf-8") as source:
            text = source.read()
        assert old in text, old
        with io.open(self.configuration, "w", encoding="utf-8") as target:
            target.write(text.replace(old, new, 1))

    def environment(self):
        """:returns: dict, an environment with none of the user's own configuration."""
        found = dict(os.environ, HOME=self.home, LC_ALL="C.UTF-8", PYTHONDONTWRITEBYTECODE="1")
        for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
            found[name] = os.path.join(self.home, name.lower())
        found["REGISTRY_PASSWORD"] = PASSWORD
        for name in ("SSH_AUTH_SOCK", "NO_COLOR", "TRISTAN_CONFIG"):
            found.pop(name, None)
        if not self._installed():
            found["PYTHONPATH"] = REPOSITORY
        return {process.native(name): process.native(value) for name, value in found.items()}

    def _installed(self):
        return os.path.exists(os.path.join(os.path.dirname(sys.executable), "tristan"))

    def command(self, *words):
        """:returns: list of str: ``tristan`` as it is installed, else from this checkout."""
        program = [sys.executable, "-m", "controller"]
        if self._installed():
            program = [os.path.join(os.path.dirname(sys.executable), "tristan")]
        program += ["--config", self.configuration]
        return [process.native(word) for word in program + list(words)]

    def start(self, *words):
        """:returns: subprocess.Popen with pipes."""
        return subprocess.Popen(
            self.command(*words),
            env=self.environment(),
            cwd=self.home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, *words):
        """:returns: Result with texts, once the command has ended."""
        child = self.start(*words)
        out, err = child.communicate()
        return Result(child.returncode, out.decode("utf-8"), err.decode("utf-8"))

    def on_terminal(self, *words):
        """:returns: pexpect's child on a terminal of 100 columns."""
        import pexpect  # not everywhere where an Operator is wanted

        command = self.command(*words)
        return pexpect.spawn(
            command[0],
            command[1:],
            env=dict(self.environment(), TERM=str("xterm")),
            cwd=self.home,
            dimensions=(24, 100),
            timeout=60,
        )

    def json(self, *words):
        """:returns: what the command says with --json."""
        result = self.run(*(words + ("--json",)))
        return json.loads(result.out)

    def script(self, text, *words, **given):
        """Start a build of a shell text. :returns: Popen."""
        project = given.get("project", "script")
        return self.start("build", project, "--branch", "main", "--param", "SCRIPT=" + text, *words)

    def detached(self, text, **given):
        """:returns: the id of a build of a shell text that runs now."""
        child = self.script(text, "--detach", **given)
        out, err = child.communicate()
        assert child.returncode == 0, err
        return out.decode("ascii").strip()

    def in_phase(self, build_id, phase):
        """:returns: the status of a build that has come to that phase, or has ended."""
        status = self.json("status", build_id)
        while status["phase"] != phase and status["state"] == "running":
            time.sleep(0.2)
            status = self.json("status", build_id)
        return status

    def release(self, build_id):
        """Let a script go on behind HOLD."""
        sources = []

        def checked_out():
            sources.append(self.json("status", build_id)["source"])
            return sources[-1]

        process.wait_until(checked_out, 60, "the source of " + build_id)
        io.open(os.path.join(sources[-1], "go-" + build_id), "w").close()

    def allow_little_room(self):
        """Builds begin on a disk of any size, until `configure` is called."""
        with io.open(self.configuration, encoding="utf-8") as source:
            text = source.read()
        with io.open(self.configuration, "w", encoding="utf-8") as target:
            entry = "  builder-1:\n"
            target.write(text.replace(entry, entry + "    disk: {keep_free: 0}\n"))

    def log(self, status):
        """:returns: bytes, the log as it lies on the machine, once its hash is the status's."""
        path = os.path.join(self.attempt(status), "log")
        with io.open(path, "rb") as source:
            content = source.read()
        assert hashlib.sha256(content).hexdigest() == status["log"]["sha256"]
        return content

    def attempt(self, status):
        """:returns: path of an attempt's directory on the machine."""
        parts = (status["executor_id"], "builds", status["build_id"], str(status["attempt"]))
        return os.path.join(self.sshd.root, "1", "run", *parts)

    def containers(self):
        """:returns: list of str, ids of all containers of this machine's root."""
        label = "label=tristan.root=" + self.sshd.root
        return self.engine.run(["ps", "--all", "--quiet", "--filter", label]).split()

    def stop(self):
        self.sshd.stop()
        self._git.stop()
        self._repositories.remove()
        process.remove(self.home)


def colleague(operator, changed):
    """A second operator of the same machine, with an own home, pins and journal; enrolled.

    :param changed: function (text of tristan.yml) -> text, what the colleague's own says.
    """
    other = copy.copy(operator)
    other.home = process.directory("colleague")
    other.configuration = os.path.join(other.home, "tristan.yml")
    with io.open(operator.configuration, encoding="utf-8") as source:
        text = source.read()
    assert changed(text) != text
    with io.open(other.configuration, "w", encoding="utf-8") as target:
        target.write(changed(text))
    other.enroll()
    return other
