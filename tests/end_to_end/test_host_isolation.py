"""Builds without a container, of private repositories, through a real sshd that gives one session
at a time.
"""

from __future__ import absolute_import, print_function, unicode_literals

import io
import os
import threading

import pytest

from controller import service, settings
from controller.state import State
from tests.controller.workshop import Sink
from tests.faults import rows
from tests.lab import git_server, process
from tests.lab.python import interpreter

pytestmark = pytest.mark.end_to_end

CONFIGURATION = """
machines:
  builder-1:
    host: {sshd.host}
    port: {sshd.port}
    username: {sshd.username}
    key_file: {sshd.client_key}
    root: {sshd.root}
    python: {python}
    executors: 2
    isolation: [host]
git_servers:
  by_key:
    address: ssh://{git.sshd.username}@{git.sshd.host}:{git.sshd.port}
    key_file: {git.sshd.client_key}
    host_key: {host_key}
  by_password:
    address: http://{http.host}:{http.port}
    username: {http.username}
    password: {{file: {password_file}}}
build_profiles:
  script:
    isolation: host
    language: python
    compile_to_execute: |
      cat README
      for file in $(env | sed -n 's/=.*//p'); do echo "$file"; done | sort
      eval "${{SCRIPT:-true}}"
projects:
  by_key: {{repository: "{ssh_address}", git_server: by_key, build_profile: script}}
  by_password: {{repository: group/shop, git_server: by_password, build_profile: script}}
"""


@pytest.fixture
def site(make_sshd, repositories, monkeypatch):
    """A controller with its machine, and what must be stopped after it."""
    repositories.create("group/shop").commit({"README": "hello from the repository\n"}, "First")
    directory = process.directory("site")
    git = git_server.GitOverSsh(repositories)
    http = git_server.GitOverHttp(repositories, "robot", "let me in")
    monkeypatch.setenv(str("HOME"), str(directory))
    monkeypatch.delenv(str("SSH_AUTH_SOCK"), raising=False)
    yield Site(directory, make_sshd(options={"MaxSessions": 1}), git, http)
    git.stop()
    http.stop()
    process.remove(directory)


class Site(object):
    """.sshd .controller() .directory"""

    def __init__(self, directory, sshd, git, http):
        self.directory = directory
        self.sshd = sshd
        self._write("password", "let me in\n")
        text = CONFIGURATION.format(
            sshd=sshd,
            git=git,
            http=http,
            python=interpreter(),
            host_key=" ".join(git.sshd.known_hosts_line.split()[-2:]),
            password_file=os.path.join(directory, "password"),
            ssh_address=git.address("group/shop"),
        )
        self._settings = self._write("tristan.yml", text)
        state = State(os.path.join(directory, "state"))
        with io.open(state.known_hosts, "w") as opened:
            opened.write(sshd.known_hosts_line + "\n")

    def _write(self, name, text):
        path = os.path.join(self.directory, name)
        with io.open(path, "w", encoding="utf-8") as opened:
            opened.write(text)
        os.chmod(path, 0o600)
        return path

    def controller(self):
        state = State(os.path.join(self.directory, "state"))
        return service.Controller(settings.load(self._settings), state)


@pytest.mark.parametrize("project", ["by_key", "by_password"])
def test_a_private_repository_is_built_and_its_secret_reaches_nobody(site, project):
    controller = site.controller()
    launched = controller.build(controller.plan(project, branch="main"))
    sink = Sink()
    status = controller.watch(launched.build_id, sink=sink)
    assert status["state"] == "success", (status, sink.data)
    assert b"hello from the repository" in sink.data
    assert b"let me in" not in sink.data and b"PASSWORD" not in sink.data
    for folder, _, names in os.walk(site.sshd.root):
        for name in names:
            with open(os.path.join(folder, name), "rb") as opened:
                content = opened.read()
            assert b"let me in" not in content and b"PRIVATE KEY-----" not in content, name
    controller.close()


def test_with_one_session_a_watched_build_can_be_cancelled(site):
    controller = site.controller()
    plan = controller.plan("by_key", branch="main", params=[("SCRIPT", "echo begun; sleep 300")])
    launched = controller.build(plan)
    begun, ended = threading.Event(), []

    class Beginning(Sink):
        def log(self, data, offset):
            Sink.log(self, data, offset)
            if b"begun" in self.data:
                begun.set()

    watcher = threading.Thread(
        target=lambda: ended.append(controller.watch(launched.build_id, sink=Beginning()))
    )
    watcher.start()
    assert begun.wait(60)
    controller.cancel(launched.build_id, "enough")
    watcher.join(60)
    assert ended[0]["state"] == "cancelled"
    controller.close()


@rows.fault(5)
def test_a_connection_that_is_cut_again_and_again_loses_nothing(site):
    controller = site.controller()
    go = os.path.join(site.directory, "go")  # made when there were cuts enough
    script = (
        "i=0; until [ $i -ge 40 ] && [ -e %s ]; do i=$((i+1)); echo line $i; sleep 0.1; done" % go
    )
    launched = controller.build(
        controller.plan("by_key", branch="main", params=[("SCRIPT", script)])
    )

    class Cutting(Sink):
        def log(self, data, offset):
            Sink.log(self, data, offset)
            if len(self.notes) >= 2:
                io.open(go, "a").close()
            if len(self.offsets) % 6 == 3:
                site.sshd.kill_sessions()

    sink = Cutting()
    status = controller.watch(launched.build_id, sink=sink)
    assert status["state"] == "success"
    assert len(sink.notes) >= 2
    assert status["log"]["bytes"] == len(sink.data)  # its hash was compared, too
    controller.close()
