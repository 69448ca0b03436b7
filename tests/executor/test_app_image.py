"""What the engine is told about a project's image, where no engine has to be asked."""

from __future__ import absolute_import, print_function

import collections
import json

import pytest

from business_hyper_fusion import app_image, compat, publish
from business_hyper_fusion.registry import UNAVAILABLE, Answer

Work = collections.namedtuple("Work", "request engine release")


@pytest.fixture
def work(tmpdir):
    where = {"address": "registry.example.com:5000", "registry": "main"}
    return Work({"publish": where}, ["docker"], str(tmpdir))


@pytest.fixture
def home(tmpdir):
    """The user's directory, with a context that the user chose, a plugin, and logins that are nobody else's."""
    user = tmpdir.mkdir("home").mkdir(".docker")
    document = {"currentContext": "rootless", "credsStore": "pass", "auths": {"a": {"auth": "b"}}}
    user.join("config.json").write(json.dumps(document))
    user.mkdir("contexts")
    user.mkdir("cli-plugins")
    return user


def configuration(work, environment):
    content, contexts = app_image.client_configuration(work, environment)
    return json.loads(compat.to_native(content)), contexts


def test_the_engine_that_the_user_chose_is_kept_and_the_logins_are_not(work, home):
    document, contexts = configuration(work, {"HOME": home.dirname})
    assert document == {
        "auths": {"registry.example.com:5000": {}},
        "cliPluginsExtraDirs": [str(home.join("cli-plugins"))],
        "currentContext": "rootless",
    }
    assert contexts == str(home.join("contexts"))


def test_the_users_directory_may_be_elsewhere(work, home, tmpdir):
    environment = {"HOME": str(tmpdir), "DOCKER_CONFIG": str(home)}
    assert configuration(work, environment)[0]["currentContext"] == "rootless"


@pytest.mark.parametrize("text", [None, "{", "[]", '{"currentContext": 7}'])
def test_user_without_a_choice(work, tmpdir, text):
    if text is not None:
        tmpdir.mkdir(".docker").join("config.json").write(text)
    expected = {"auths": {"registry.example.com:5000": {}}}
    assert configuration(work, {"HOME": str(tmpdir)}) == (expected, "")


def test_behind_sudo_it_is_roots_engine(work, home):
    document, contexts = configuration(
        work._replace(engine=["sudo", "docker"]), {"HOME": home.dirname}
    )
    assert (list(document), contexts) == (["auths"], "")


@pytest.mark.parametrize(
    "address, insecure, expected",
    [
        ("127.0.0.1:5000", None, True),
        ("localhost:5000", None, True),
        ("localhost", None, True),
        ("localhost.example.com", None, False),
        ("127.0.0.1.example.com:5000", None, False),
        ("registry.example.com", False, False),
        ("registry.example.com", True, True),
        ("registry.example.com", "yes", False),
    ],
)
def test_where_plain_http_will_do(tmpdir, address, insecure, expected):
    if insecure is not None:
        document = {"docker_registries": {"main": {"insecure": insecure}}}
        path = tmpdir.mkdir("data_data").join("docker_registry.json")
        path.write(json.dumps(document))
    request = {"publish": {"address": address, "registry": "main"}}
    assert app_image.insecure(Work(request, ["podman"], str(tmpdir))) is expected


@pytest.mark.parametrize(
    "reference, short",
    [
        ("docker.io/team/shop@sha256:1", "team/shop@sha256:1"),
        ("docker.io/library/shop@sha256:1", "shop@sha256:1"),
        ("127.0.0.1:5000/team/shop@sha256:1", "127.0.0.1:5000/team/shop@sha256:1"),
    ],
)
def test_names_as_engines_shorten_them(reference, short):
    assert publish.short_name(reference) == short


def test_images_of_steps_are_told_from_what_steps_say():
    written = []
    log = collections.namedtuple("Log", "write")(written.append)
    steps = publish.StepImages(log)
    for data in (
        b"Step 1/2 : RUN x\n ---> 0123",
        b"456789ab\n",
        b" ---> Using cache\n",
        b"x" * 9999,
    ):
        steps.write(data)
    steps.write(b" ---> 0123456789ab\n ---> ba9876543210\n ---> ba9876543210 \n")
    assert steps.ids == ["0123456789ab", "ba9876543210"]
    assert b"".join(written).startswith(b"Step 1/2 : RUN x\n ---> 0123456789ab\n")


ANSWERS, AWAY = Answer(True, True, True), UNAVAILABLE
UNTRUSTED = Answer(True, False, True)


@pytest.mark.parametrize(
    "exit_status, answer, username, cause",
    [
        (publish.LOGIN_FAILED, AWAY, "robot", "registry_unavailable"),
        (publish.LOGIN_FAILED, UNTRUSTED, "robot", "registry_untrusted"),
        (publish.LOGIN_FAILED, ANSWERS, "robot", "registry_denied"),
        (publish.PUSH_FAILED, AWAY, "robot", "registry_unavailable"),
        (publish.PUSH_FAILED, UNTRUSTED, "", "registry_untrusted"),
        (publish.PUSH_FAILED, ANSWERS, "", "registry_denied"),
        (publish.PUSH_FAILED, ANSWERS, "robot", "push_failed"),
        (publish.PUSH_FAILED, Answer(True, True, False), "", "push_failed"),
    ],
)
def test_what_went_wrong_is_told_by_the_step_and_the_registry(
    work, exit_status, answer, username, cause
):
    where = dict(work.request["publish"], username=username, image="registry.example.com:5000/x:1")
    ended = publish.fault_of_registry(
        work._replace(request={"publish": where}), exit_status, answer
    )
    assert (ended.state, ended.cause) == ("error", cause)
    assert "registry.example.com:5000" in ended.message
