"""The real command line given what is broken or meant to harm: one line that says so, an exit code, no traceback."""

from __future__ import absolute_import, print_function, unicode_literals

import os

import pytest

from tests.faults import rows
from tests.faults.desk import PLAIN, SOME, refused

REFS = {
    "--upload-pack=touch canary": "must not begin with '-'",
    "-x": "must not begin with '-'",
    "../x": "must not contain '..'",
    "a/../x": "must not contain '..'",
    ".x": "may begin with '.'",
    "x.lock": "may end with '.lock'",
    "x.lock/y": "may end with '.lock'",
    "a..b": "must not contain '..'",
    "a b": "must not contain spaces",
    "a\x01b": "must not contain spaces, control characters",
    "a~1": "must not contain spaces",
    "HEAD": "must not be called HEAD",
    "a@{1}": "must not contain '@{'",
    "/a": "must not begin or end with '/'",
    "x" * 300: "at most 250 bytes",
    "\u00fc" * 126: "at most 250 bytes",
}


@rows.hostile(1)
@pytest.mark.parametrize("ref", sorted(REFS)[SOME], ids=lambda ref: ascii(ref[:20]))
def test_a_ref_that_is_none_is_refused_with_its_rule(desk, ref):
    for option in ("--branch", "--tag"):
        refused(desk, ["build", "shop", option, ref], REFS[ref])
    refused(desk, ["build", "shop", "--commit", ref], "a commit must")
    assert sorted(os.listdir(desk.directory)) == ["tristan.yml"], "nothing was written, no canary"


@rows.hostile(1)
@pytest.mark.parametrize(
    "build", ["--", "-x", "../x", "$(touch canary)", "a\x1b[2J", "x" * 300, "\u202e"]
)
def test_a_build_that_is_none_is_not_found(desk, build):
    for words in (
        ["logs"],
        ["status"],
        ["cancel"],
        ["artifacts"],
        ["provenance"],
        ["rebuild"],
        ["notify"],
    ):
        refused(desk, words + (["--", build] if build.startswith("-") else [build]), codes=(2, 3))
    assert not os.path.exists(os.path.join(desk.directory, "canary"))


@rows.hostile(13)
@pytest.mark.parametrize(
    "param, rule",
    [
        ("LD_PRELOAD=/x", "LD_* are reserved"),
        ("LD_LIBRARY_PATH=/x", "LD_* are reserved"),
        ("BASH_ENV=/x", "the shell would run that file"),
        ("IFS=x", "how the shell reads scripts"),
        ("PATH=/x", "which programs run"),
        ("GIT_SSH_COMMAND=x", "GIT_* are reserved"),
        ("DOCKER_HOST=x", "DOCKER_* are reserved"),
        ("TRISTAN_SOURCE=/", "TRISTAN_* are reserved"),
        ("A B=c", "must be letters, digits and _"),
        ("=c", "--param"),
        ("A", "--param"),
        ("A=a\nb", "control characters"),
    ],
)
def test_a_variable_that_is_an_option_is_refused(desk, param, rule):
    refused(desk, ["build", "shop", "--branch", "main", "--param", param], rule)
    name, _, value = param.partition("=")
    if name.strip("=") and value and "\n" not in value:
        desk.change("language: python,", 'language: python, environment: {"%s": x},' % name)
        refused(desk, ["config", "check"], "build_profiles.wheel.environment")


@rows.hostile(13)
@pytest.mark.parametrize(
    "image", ["-v/:/h", "--privileged", "a\\nb", "a b", "Upper", "a:b:c", "$(id)", "a@sha256:1"]
)
def test_an_image_that_is_an_option_is_refused(desk, image):
    desk.change('"python:3.12"', '"%s"' % image)
    for words in (["build", "shop", "--branch", "main"], ["config", "check"]):
        refused(desk, words, "build_profiles.wheel.image")


ADDRESSES = [
    "ext::sh -c touch% canary",
    "file:///etc",
    "ssh://-oProxyCommand=touch canary/x",
    "git@-oProxyCommand=x:y",
    "https://user:hunter2@host/x",
    "https://hunter2@ho st/x",
    "https://host/x%0ahost=evil",
    "https://host/x?private_token=hunter2",
    "user:hunter2@host:x",
    "ftp://hunter2@host/x",
    "/etc",
    "../x",
    "--upload-pack=touch canary",
    "http://[::1/x",
]


@rows.hostile(3)
@pytest.mark.parametrize("address", ADDRESSES[SOME])
def test_an_address_that_git_may_not_be_given_is_refused_and_its_password_never_printed(
    desk, address
):
    for words in ([], ["--debug"]):
        for name in ([], ["web"]):
            refused(
                desk, words + ["project", "add"] + name + ["--repository", address], "--repository"
            )
        desk.change("group/shop", '"%s"' % address)
        refused(desk, words + ["config", "check"], "projects.shop.repository")
        desk.write(PLAIN.format(directory=desk.directory))
    desk.change("https://git.invalid", "https://user:hunter2@git.invalid")
    refused(desk, ["--debug", "config", "check"], "git_servers.main.address")
    assert "canary" not in os.listdir(desk.directory)


@rows.hostile(3)
@pytest.mark.parametrize(
    "whom", ["https://user:hunter2@host/x", "https://ho st/hunter2", "http:///hunter2", "https://"]
)
def test_a_webhook_that_is_none_is_not_printed(desk, whom):
    refused(desk, ["--debug", "build", "shop", "--branch", "main", "--notify", whom], "http")
