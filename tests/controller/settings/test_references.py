"""What the parts of tristan.yml say about each other."""

from __future__ import absolute_import, print_function, unicode_literals

import pytest

from tests.controller.settings.authority import CERTIFICATE

M = "machines: {b: {}}\n"
P = "build_profiles: {py: {image: 'python:3', language: python}}\n"
G = "git_servers: {g: {address: 'https://git.example.com'}}\n"
SSH = "git_servers: {g: {address: 'ssh://git@git.example.com', key_file: k}}\n"

CASES = [
    (
        "machines: {a: {host: X}, b: {host: x, port: 22}}\n",
        "machines.b",
        "is the same as machines.a: host x, port 22, root /data/tristan",
    ),
    ("machines: {a: {host: b}, b: {}}\n", "machines.b", "is the same as machines.a"),
    (
        M + "git_servers: {a: {address: 'https://a', default: true},"
        " b: {address: 'https://b', default: true}}\n",
        "git_servers.b.default",
        "the default is a already",
    ),
    (
        M + "git_servers: {g: {address: 'ssh://git@h'}}\n",
        "git_servers.g.key_file",
        "is missing; git over ssh logs in with a key",
    ),
    (
        M + "git_servers: {g: {address: 'ssh://h', key_file: k}}\n",
        "git_servers.g.username",
        "is missing; git over ssh needs a user",
    ),
    (
        M + "git_servers: {g: {address: 'ssh://git@h', username: x, key_file: k}}\n",
        "git_servers.g.username",
        "the address says git already",
    ),
    (
        M + "git_servers: {g: {address: 'ssh://h', username: 'a$b', key_file: k}}\n",
        "git_servers.g.username",
        "may only hold",
    ),
    (
        M + "git_servers: {g: {address: 'ssh://git@h', key_file: k, password: {env: X}}}\n",
        "git_servers.g.password",
        "is for http and https",
    ),
    (
        M + "git_servers: {g: {address: 'https://h', key_file: k}}\n",
        "git_servers.g.key_file",
        "is for ssh:// addresses only",
    ),
    (
        M + "git_servers: {g: {address: 'https://robot@h'}}\n",
        "git_servers.g.address",
        "must be without a user",
    ),
    (
        M + "git_servers: {g: {address: 'https://h', username: robot}}\n",
        "git_servers.g.password",
        "is missing; there is a username",
    ),
    (
        M + "git_servers: {g: {address: 'https://h', password: {env: X}}}\n",
        "git_servers.g.username",
        "is missing; there is a password",
    ),
    (
        M + "git_servers: {g: {address: 'git://h', username: x}}\n",
        "git_servers.g.username",
        "git:// has no login",
    ),
    (
        M + "docker_registries: {r: {address: 'h:1', username: x}}\n",
        "docker_registries.r.password",
        "is missing",
    ),
    (
        M + "docker_registries: {r: {address: 'h:1', insecure: true, ca_file: ca.pem}}\n",
        "docker_registries.r.ca_file",
        "is for TLS; the registry is insecure",
    ),
    (
        M + "git_servers: {g: {address: 'https://h', token: {env: X}}}\n",
        "git_servers.g.token",
        "is for the API of kind gitlab",
    ),
    (
        M + "build_profiles: {p: {language: php}}\n" + G + "projects: {s: {repository: a,"
        " build_profile: p}}\n",
        "projects.s.image",
        "is missing, here and in its build profile; isolation docker builds in an image",
    ),
    (
        M + P + G + "projects: {s: {repository: a, build_profile: py, docker_registry: r}}\n",
        "projects.s.docker_registry",
        '"r" is not defined; known are: none',
    ),
    (
        M + "build_profiles: {p: {image: x, docker_registry: mian}}\n"
        "docker_registries: {main: {address: 'h:1'}}\n",
        "build_profiles.p.docker_registry",
        '"mian" is not defined; did you mean main?',
    ),
    (
        M + "build_profiles: {p: {image: x, docker_registry: r}}\n",
        "build_profiles.p.docker_registry",
        "known are: none",
    ),
    (
        M + "build_profiles: {p: {image: x, limits: {soft: 1h, hard: 1h}}}\n",
        "build_profiles.p.limits",
        "soft (3600 s) must be less than hard (3600 s)",
    ),
    (
        M + "build_profiles: {p: {image: x, limits: {soft: 7d}}}\n",
        "build_profiles.p.limits",
        "a time limit must be",
    ),
    (
        M + P + G + "projects: {s: {repository: a, build_profile: pi}}\n",
        "projects.s.build_profile",
        '"pi" is not defined; ',
    ),
    (
        M + P + G + "projects: {s: {repository: a, build_profile: py, git_server: gg}}\n",
        "projects.s.git_server",
        '"gg" is not defined; ',
    ),
    (
        M + P + "projects: {s: {repository: a, build_profile: py}}\n",
        "projects.s.repository",
        "needs a git server",
    ),
    (
        M + P + "git_servers: {a: {address: 'https://a'}, b: {address: 'https://b'}}\n"
        "projects: {s: {repository: a, build_profile: py}}\n",
        "projects.s.repository",
        "needs a git server",
    ),
    (
        M + P + "git_servers: {a: {address: 'https://a', default: false}}\n"
        "projects: {s: {repository: a, build_profile: py}}\n",
        "projects.s.repository",
        "needs a git server",
    ),
    (
        M + P + G + "projects: {s: {repository: 'https://h/a', build_profile: py,"
        " git_server: g}}\n",
        "projects.s.repository",
        "is not on git server g, which is https://git.example.com",
    ),
    (
        M + P + "projects: {s: {repository: 'git@h:a', build_profile: py}}\n",
        "projects.s.repository",
        "is reached over ssh, which takes a key",
    ),
    (
        M + P + SSH + "projects: {s: {repository: 'ssh://git.example.com/a', build_profile: py}}\n",
        "projects.s.repository",
        "needs a user before the host",
    ),
    (
        M + P + G + "projects: {s: {repository: a, build_profile: py, language: php}}\n",
        "projects.s.language",
        "is php, but build profile py is for python",
    ),
    (
        M + "build_profiles: {p: {image: x}}\n" + G + "projects: {s: {repository: a,"
        " build_profile: p}}\n",
        "projects.s.language",
        "is missing, here and in its build profile",
    ),
    (
        M + P + G + "projects: {s: {repository: a, build_profile: py, labels: [fast]}}\n",
        "projects.s",
        "no machine can build it: none has isolation docker and the labels fast",
    ),
    (
        M + "build_profiles: {p: {isolation: host, language: php}}\n" + G + "projects: {s:"
        " {repository: a, build_profile: p}}\n",
        "projects.s",
        "no machine can build it: none has isolation host",
    ),
]


@pytest.mark.parametrize("content, key_path, message", CASES)
def test_each_disagreement_is_told_by_its_key(written, content, key_path, message):
    written.directory.join("ca.pem").write(CERTIFICATE)
    found = written.faults(content)
    assert [fault[0] for fault in found] == [key_path]
    assert message in found[0][1]


def test_a_wrong_value_is_not_also_called_missing(written):
    found = written.faults(
        "machines: {b: {}}\n"
        "build_profiles: {p: {image: -x, language: php}}\n"
        "projects: {s: {repository: 'https://h/a', build_profile: p}}\n"
        "git_servers: {g: {address: 'https://h', username: x, password: y}}\n"
    )
    assert sorted(key for key, _ in found) == ["build_profiles.p.image", "git_servers.g.password"]


def test_a_wrong_part_hides_no_disagreement_elsewhere(written):
    found = written.faults(
        M + "build_profiles: {p: {imgae: x, docker_registry: r}}\n"
        "projects: {s: {repository: a, build_profile: q, zzz: 1}}\n"
    )
    assert sorted(key for key, _ in found) == [
        "build_profiles.p.docker_registry",
        "build_profiles.p.imgae",
        "projects.s.build_profile",
        "projects.s.repository",
        "projects.s.zzz",
    ]


def test_nothing_is_concluded_from_machines_that_have_faults(written):
    found = written.faults(
        "machines: {b: {labels: fast}}\n"
        + P
        + G
        + "projects: {s: {repository: a, build_profile: py, labels: [fast]}}\n"
    )
    assert [key for key, _ in found] == ["machines.b.labels"]
