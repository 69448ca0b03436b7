"""The project's image: built, pushed to a real registry, checked, and gone from the machine."""

from __future__ import absolute_import, print_function

import base64
import json
import os
import subprocess
import threading
import uuid

import pytest

from business_hyper_fusion import compat
from tests.executor import publishing
from tests.executor.machine import phase
from tests.executor.publishing import PASSWORD, REPOSITORY, SCRATCH, image_request, publish
from tests.lab import process


def test_image_is_pushed_checked_and_removed_here(docker_machine, shop, address, make_registry):
    shop.commit({"Dockerfile": SCRATCH})
    registry = make_registry("robot", PASSWORD)
    where = publish(registry.address, "robot")
    request = image_request(docker_machine, address, where, None, isolation="docker")
    status = docker_machine.run(request, {"registry_password": PASSWORD})
    log = docker_machine.log(request)
    assert status["state"] == "success", log
    (tag,) = registry.tags(REPOSITORY)
    made = status["app_image"]
    assert made["image"] == where["image"] and made["image"].endswith(":" + tag)
    assert made["digest"] == registry.digest(REPOSITORY, tag)
    assert made["id"] == registry.manifest(REPOSITORY, tag)["config"]["digest"]
    assert registry.configuration(REPOSITORY, tag)["config"]["Labels"] == {
        "tag": "shop-main",
        "tristan.build_id": request["build_id"],
        "tristan.image": "app",
        "tristan.root": docker_machine.root,
    }
    assert publishing.last_lines(docker_machine, request, 4) == [
        "image:  " + made["image"],
        "id:     " + made["id"],
        "digest: %s/%s@%s" % (registry.address, REPOSITORY, made["digest"]),
        "==> success",
    ]
    assert phase(status, "publish")["wall_seconds"] > 0
    assert phase(status, "publish")["cpu_seconds"] is None
    assert publishing.left_images(docker_machine, request) == []
    assert publishing.left_files(docker_machine, request) == []


def test_wrong_password_is_tried_once(docker_machine, address, make_registry):
    registry = make_registry("robot", PASSWORD)
    request = image_request(docker_machine, address, publish(registry.address, "robot"))
    status = docker_machine.run(request, {"registry_password": "wrong one"})
    assert (status["state"], status["cause"]) == ("error", "registry_denied")
    assert publishing.left_files(docker_machine, request) == []
    log = docker_machine.log(request)
    assert "refuses the login of robot" in log
    assert publishing.ANOTHER_TRY not in log and "==> publish: building" not in log


@pytest.mark.once
def test_pushed_image_starts_and_answers(docker_machine, address, registry, engine, small_base):
    dockerfile = 'FROM %s\nCOPY shop.py /srv/\nCMD ["httpd", "-f", "-p", "8000", "-h", "/srv"]\n'
    where = publish(registry.address)
    request = image_request(docker_machine, address, where, dockerfile % small_base)
    made = docker_machine.run(request)["app_image"]
    name = "%s/%s@%s" % (registry.address, REPOSITORY, made["digest"])
    container = engine.run(["run", "--detach", "--publish", "127.0.0.1::8000", name]).strip()
    try:
        port = engine.run(["port", container, "8000/tcp"]).strip()
        url = "http://%s/shop.py" % port
        assert "answer = 42" in docker_machine.wait_until(lambda: fetched(url))
    finally:
        engine.run(["rm", "--force", container])
        engine.run(["rmi", name])


def fetched(url):
    """:returns: text of a page, or "" while nobody answers."""
    try:
        return process.output(["curl", "--silent", "--fail", "--noproxy", "*", url])
    except process.LabError:
        return ""


class Observer(threading.Thread):
    """Looks again and again at what any user could see of each process: arguments and environment."""

    def __init__(self, needles):
        threading.Thread.__init__(self)
        self._needles = needles
        self._over = threading.Event()
        self.seen = []
        self.rounds = 0

    def run(self):
        while not self._over.is_set():
            self.rounds += 1
            for pid in os.listdir("/proc"):
                for name in ("cmdline", "environ") if pid.isdigit() else ():
                    self._look("/proc/%s/%s" % (pid, name))

    def _look(self, path):
        try:
            with open(path, "rb") as file:
                content = file.read()
        except (IOError, OSError):
            return
        self.seen += [(path, content) for needle in self._needles if needle in content]

    def stop(self):
        self._over.set()
        self.join()


@pytest.mark.once
def test_password_is_seen_nowhere(docker_machine, address, make_registry, small_base):
    # Of this test's own: what makes the others' registries for other test runs has theirs among its arguments.
    password = PASSWORD + uuid.uuid4().hex
    registry = make_registry("robot", password)
    where = publish(registry.address, "robot")
    dockerfile = "FROM %s\nCOPY shop.py /\nRUN env; sleep 1\n" % small_base
    request = image_request(docker_machine, address, where, dockerfile)
    login = base64.b64encode(compat.to_bytes("robot:" + password))
    needles = [compat.to_bytes(password), login, base64.b64encode(compat.to_bytes(password))]
    observer = Observer(needles)
    observer.start()
    try:
        docker_machine.launch(request, {"registry_password": password})
        docker_machine.wait_for_log(request, "==> publish: building")
        registry.stall()
        rounds = observer.rounds
        docker_machine.wait_until(lambda: observer.rounds > rounds + 5)
        registry.resume()
        status = docker_machine.wait(request)
    finally:
        registry.resume()
        observer.stop()
    assert status["state"] == "success", docker_machine.log(request)
    assert observer.seen == []
    found = subprocess.Popen(
        ["grep", "-rlaF", "-e", password, "-e", compat.to_native(login), docker_machine.root],
        stdout=subprocess.PIPE,
    )
    assert found.communicate()[0] == b""
    shown = json.dumps(registry.configuration(REPOSITORY, status["app_image"]["digest"]))
    assert "sleep 1" in shown
    assert not [needle for needle in needles if compat.to_native(needle) in shown]


@pytest.mark.once
def test_limits_network_and_proxy_reach_the_steps(docker_machine, address, registry, small_base):
    docker_machine.engine = ["env", "DOCKER_BUILDKIT=0"] + docker_machine.engine
    dockerfile = """FROM %s
RUN cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null || true
RUN cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu.max 2>/dev/null || true
RUN echo "interfaces $(ls /sys/class/net)"; echo "proxy $https_proxy without $NO_PROXY"
"""
    request = image_request(
        docker_machine,
        address,
        publish(registry.address),
        dockerfile % small_base,
        limits=docker_machine.limits(memory="96m", cpus="0.5"),
        proxy={"address": "http://127.0.0.1:3128", "no_proxy": "example.com"},
    )
    status = docker_machine.run(request)
    lines = docker_machine.log(request).splitlines()
    assert str(96 << 20) in lines
    assert any(line.split()[:1] == ["50000"] for line in lines)
    assert "interfaces lo" in lines
    assert "proxy http://127.0.0.1:3128 without example.com,localhost,127.0.0.1" in lines
    made = registry.configuration(REPOSITORY, status["app_image"]["digest"])
    assert "3128" not in json.dumps(made)


@pytest.mark.once
def test_two_builds_in_stages_at_once_push_their_own_and_leave_nothing(
    docker_machine, address, registry, small_base
):
    dockerfile = (
        "FROM %s AS one\nRUN echo made >/made\nRUN sleep 1\n"
        "FROM %s\nCOPY --from=one /made /made\nRUN cat /made\n" % (small_base, small_base)
    )
    requests = [
        image_request(
            docker_machine,
            address,
            publish(registry.address, tag="build-" + executor),
            dockerfile,
            executor_id=executor,
        )
        for executor in ("1", "2")
    ]
    for request in requests:
        docker_machine.launch(request)
    statuses = [docker_machine.wait(request) for request in requests]
    assert [status["state"] for status in statuses] == ["success", "success"]
    assert registry.tags(REPOSITORY) == ["build-1", "build-2"]
    digests = [status["app_image"]["digest"] for status in statuses]
    assert digests == [registry.digest(REPOSITORY, tag) for tag in ("build-1", "build-2")]
    assert [publishing.left_images(docker_machine, request) for request in requests] == [[], []]


@pytest.mark.once
def test_context_of_a_hostile_build(docker_machine, address, registry, small_base, engine, tmpdir):
    secret = tmpdir.join("secret")
    secret.write("of the host")
    script = """
ln -s %s stolen; ln -s %s directory; ln -s none dangling; ln -s Dockerfile loop; ln -s loop Dockerfile
mkfifo pipe; echo x >closed; chmod 0 closed
""" % (secret, tmpdir)
    request = image_request(
        docker_machine,
        address,
        publish(registry.address),
        "FROM %s\nCOPY . /all/\n" % small_base,
        scripts={"compile_to_execute.sh": script},
    )
    status = docker_machine.run(request)
    assert status["state"] == "success", docker_machine.log(request)
    name = "%s/%s@%s" % (registry.address, REPOSITORY, status["app_image"]["digest"])
    look = "ls -l /all; cat /all/stolen /all/directory/secret || echo nothing"
    try:
        shown = engine.run(["run", "--rm", name, "sh", "-c", look])
    finally:
        engine.run(["rmi", name])
    assert "nothing" in shown and "of the host" not in shown and "pipe" not in shown
    assert "stolen -> " in shown and "closed" in shown


@pytest.mark.once
def test_link_copied_by_name_leads_nowhere(docker_machine, address, registry, small_base, tmpdir):
    secret = tmpdir.join("secret")
    secret.write("of the host")
    request = image_request(
        docker_machine,
        address,
        publish(registry.address),
        "FROM %s\nCOPY stolen /stolen\nRUN cat /stolen\n" % small_base,
        scripts={"compile_to_execute.sh": "ln -s %s stolen" % secret},
    )
    status = docker_machine.run(request)
    assert (status["state"], status["cause"]) == ("failed", "image_build_failed")
    assert "of the host" not in docker_machine.log(request)
