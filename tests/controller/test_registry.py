"""Tags are moved in real registries: plain, with a login, with TLS, with tokens."""

from __future__ import absolute_import, print_function, unicode_literals

import pytest

from controller import errors, registry, web
from controller.secrets import SecretReference
from controller.settings import DockerRegistry
from tests.lab import answering, push
from tests.lab.token_registry import TokenRegistry

NAME = "team/shop"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(web, "PAUSES", (0.01, 0.02))
    monkeypatch.setattr(web, "TIMEOUT", 5.0)


def settings_of(lab, **changes):
    made = {
        "name": "main", "address": lab.address, "namespace": "team", "username": "", "password": None,
        "insecure": False, "ca_file": None, "moving_tags": ("latest", "branch"), "description": "",
    }  # fmt: skip
    return DockerRegistry(**dict(made, **changes))


def login(monkeypatch, password):
    monkeypatch.setenv(str("REGISTRY_PASSWORD"), str(password))
    return SecretReference("env", "REGISTRY_PASSWORD")


def move(lab, digest, tags=("latest", "main"), **changes):
    client = registry.Registry(settings_of(lab, **changes))
    client.move_tags("%s/%s:1" % (lab.address, NAME), digest, list(tags))


@pytest.mark.parametrize(
    "make, media_type",
    [(push.image, push.DOCKER), (push.image, push.OCI), (push.index, push.DOCKER_LIST),
     (push.index, push.OCI_INDEX)],
)  # fmt: skip
def test_tags_move_to_the_very_manifest(make_registry, make, media_type):
    lab = make_registry()
    first = make(lab, NAME, "1", media_type)
    second = make(lab, NAME, "2", media_type)
    for digest in (first, second, second):
        move(lab, digest)
        assert [lab.digest(NAME, tag) for tag in ("latest", "main")] == [digest, digest]
    assert lab.digest(NAME, "1") == first


def test_an_account_is_used_when_the_registry_asks_for_it(make_registry, monkeypatch):
    lab = make_registry("robot", "pass word:1")
    digest = push.image(lab, NAME, "1")
    move(lab, digest, username="robot", password=login(monkeypatch, "pass word:1"))
    assert lab.digest(NAME, "latest") == digest
    for changes in ({}, {"username": "robot", "password": login(monkeypatch, "wrong")}):
        with pytest.raises(errors.RegistryError) as caught:
            move(lab, digest, ["other"], **changes)
        assert "answer 401: UNAUTHORIZED" in caught.value.message
        assert "docker_registries.main" in caught.value.remedy
        assert "wrong" not in caught.value.message
    assert lab.digest(NAME, "other") == ""


def test_a_registry_with_tokens_gets_one_of_its_token_server(monkeypatch):
    with TokenRegistry("robot", "secret") as lab:
        digest = push.image(lab, NAME, "1")
        move(lab, digest, username="robot", password=login(monkeypatch, "secret"))
        assert lab.digest(NAME, "latest") == digest
        assert lab.token_log() == ["repository:team/shop:pull,push"]
        with pytest.raises(errors.RegistryError) as caught:
            move(lab, digest, username="robot", password=login(monkeypatch, "wrong"))
        assert "gives no token (answer 401" in caught.value.message


def test_tls_is_checked_against_the_ca_file(make_registry):
    lab, other = make_registry(tls=True), make_registry(tls=True)
    digest = push.image(lab, NAME, "1")
    move(lab, digest, ca_file=lab.ca_file)
    assert lab.digest(NAME, "latest") == digest
    with pytest.raises(errors.RegistryError) as caught:
        move(lab, digest, ["other"], ca_file=other.ca_file)
    assert "certificate verify failed" in caught.value.message
    assert lab.digest(NAME, "other") == ""


@pytest.mark.parametrize(
    "changes, url",
    [
        ({"address": "127.0.0.1:5000"}, "http://127.0.0.1:5000"),
        ({"address": "127.0.0.1:5000", "ca_file": "/ca"}, "https://127.0.0.1:5000"),
        ({"address": "localhost"}, "http://localhost"),
        ({"address": "127.example.com"}, "https://127.example.com"),
        ({"address": "registry.example.com"}, "https://registry.example.com"),
        ({"address": "host:5000", "insecure": True}, "http://host:5000"),
        ({"address": "docker.io"}, "https://registry-1.docker.io"),
    ],
)
def test_plain_http_is_for_loopback_or_on_request(changes, url):
    made = settings_of(answering.Place("x"), **changes)
    assert registry.base_url(made) == url


def test_an_image_that_is_not_there_is_said_to_be(make_registry):
    lab = make_registry()
    push.image(lab, NAME, "1")
    with pytest.raises(errors.RegistryError) as caught:
        move(lab, "sha256:" + "0" * 64)
    assert "answer 404: MANIFEST_UNKNOWN" in caught.value.message
    assert "new build" in caught.value.remedy


def test_a_registry_that_is_down_for_a_moment_is_asked_again(make_registry, monkeypatch):
    lab = make_registry()
    digest = push.image(lab, NAME, "1")
    lab.stop()
    with pytest.raises(errors.RegistryError) as caught:
        move(lab, digest)
    assert "connection refused" in caught.value.message
    monkeypatch.setattr(web.time, "sleep", lambda _: lab.running() or lab.start())
    move(lab, digest)
    assert lab.digest(NAME, "latest") == digest


def test_no_proxy_stands_before_loopback(make_registry, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(str(name), str("http://127.0.0.1:1"))
    lab = make_registry()
    digest = push.image(lab, NAME, "1")
    move(lab, digest)
    assert lab.digest(NAME, "latest") == digest


DIGEST = push.digest_of(b"{}")


@pytest.mark.parametrize(
    "answers, says",
    [
        ([(200, {}, b"{ }")], "is another one"),
        ([(200, {"Docker-Content-Digest": "sha256:" + "1" * 64}, b"{}")], "is another one"),
        ([(302, {"Location": "http://127.0.0.1:1/"}, b"")], "answer 302"),
        ([(200, {}, b"{}"), (413, {}, b'{"errors": [{"code": "TOOBIG"}]}')], "413: TOOBIG"),
        ([(200, {}, b"{}"), (400, {}, b'{"errors": [{"code": "\x1b[31m"}]}')], "(answer 400)"),
        ([(503, {}, b"")] * 3, "answer 503"),
        ([(401, {"WWW-Authenticate": 'Bearer realm="ftp://evil/"'}, b"")], "wants the login"),
        ([(401, {"WWW-Authenticate": "Bearer"}, b"")], "nowhere"),
        ([(401, {"WWW-Authenticate": "Digest x"}, b"")] * 2, "answer 401"),
    ],
)  # fmt: skip
def test_what_a_registry_may_not_say(answers, says):
    with answering.Server(answers) as lab:
        with pytest.raises(errors.RegistryError) as caught:
            move(lab, DIGEST)
        assert says in caught.value.message
        assert len(lab.requests) == len(answers)


def test_five_hundreds_are_repeated_and_a_token_server_may_be_plain_only_for_a_plain_registry():
    good = (200, {"Content-Type": push.OCI}, b"{}")
    with answering.Server([(500, {}, b""), good, (503, {}, b""), (201, {}, b"")]) as lab:
        move(lab, DIGEST, ["latest"])
        assert [one.method for one in lab.requests] == ["GET", "GET", "PUT", "PUT"]
        assert lab.requests[-1].body == b"{}"
        assert lab.requests[-1].headers["content-type"] == push.OCI


def test_the_login_never_goes_to_a_plain_token_server_of_a_registry_with_tls(
    make_registry, monkeypatch
):
    client = registry.Registry(settings_of(answering.Place("registry.example.com")))
    with answering.Server([]) as realm:
        with pytest.raises(errors.RegistryError) as caught:
            client._log_in('Bearer realm="http://%s/token"' % realm.address, NAME)
        assert "must have its token server behind TLS" in caught.value.remedy
        assert realm.requests == []


@pytest.mark.parametrize("digest", ["", "latest", "sha256:" + "A" * 64, "sha256:../../x"])
def test_what_is_no_digest_is_not_asked_for(digest):
    with answering.Server([]) as lab:
        with pytest.raises(errors.RegistryError):
            move(lab, digest)
        assert lab.requests == []


def test_an_image_of_another_registry_is_refused():
    with pytest.raises(errors.RegistryError):
        registry.repository_of("127.0.0.1:50001/team/shop:1", "127.0.0.1:5000")
