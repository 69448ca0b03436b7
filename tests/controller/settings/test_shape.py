"""What a user reads when a value of tristan.yml does not fit."""

from __future__ import absolute_import, print_function, unicode_literals

import pytest

M = "machines: {b: {}}\n"
R = "build_profiles: {p: {image: x, %s}}\n"

CASES = [
    ("projects: {}\n", "machines", "is missing"),
    ("machines: {}\n", "machines", "must not be empty"),
    ("machines:\n", "machines", "is empty; write a value or remove the line"),
    ("machines: [b]\n", "machines", "must be a mapping (key: value), not a list"),
    ("machines: {b: 1}\n", "machines.b", "must be a mapping (key: value), not a number"),
    ("machines: {b: {}}\nmachine: {}\n", "machine", "did you mean machines?"),
    ("machines: {b: {hots: x}}\n", "machines.b.hots", "is no known key; did you mean host?"),
    (
        "machines: {b: {zzz: x}}\n",
        "machines.b.zzz",
        "known are: ca_file, description, disk, engine",
    ),
    ("machines: {B: {}}\n", "machines.B", "1 to 63 characters"),
    ("machines: {'a/../b': {}}\n", "machines.a/../b", "1 to 63 characters"),
    ("machines: {b: {host: }}\n", "machines.b.host", "is empty; write a value or remove"),
    ("machines: {b: {host: 1}}\n", "machines.b.host", "must be text; put it in quotes"),
    ("machines: {b: {host: -oProxyCommand=x}}\n", "machines.b.host", "must not begin with '-'"),
    ("machines: {b: {port: '22'}}\n", "machines.b.port", "a whole number, not text"),
    ("machines: {b: {port: 22.5}}\n", "machines.b.port", "a whole number, not a number"),
    ("machines: {b: {port: 0}}\n", "machines.b.port", "must be at least 1"),
    ("machines: {b: {port: 65536}}\n", "machines.b.port", "must be at most 65535"),
    ("machines: {b: {username: -l}}\n", "machines.b.username", "must not begin with '-'"),
    ("machines: {b: {executors: 0}}\n", "machines.b.executors", "must be at least 1"),
    ("machines: {b: {executors: true}}\n", "machines.b.executors", "not true or false"),
    ("machines: {b: {root: /etc}}\n", "machines.b.root", "not a system directory"),
    ("machines: {b: {root: data}}\n", "machines.b.root", "must be an absolute path"),
    ("machines: {b: {python: python3}}\n", "machines.b.python", "must be absolute"),
    ("machines: {b: {engine: lxc}}\n", "machines.b.engine", "must be docker or podman"),
    ("machines: {b: {engine: {kind: docker}}}\n", "machines.b.engine.command", "is missing"),
    ("machines: {b: {engine: 1}}\n", "machines.b.engine", "a command such as `sudo docker`"),
    ("machines: {b: {isolation: host}}\n", "machines.b.isolation", "must be a list of what"),
    ("machines: {b: {isolation: []}}\n", "machines.b.isolation", "must not be empty"),
    ("machines: {b: {isolation: [none]}}\n", "machines.b.isolation[0]", "must be one of docker, h"),
    ("machines: {b: {labels: [a, a]}}\n", "machines.b.labels", "must not name anything twice"),
    ("machines: {b: {labels: linux}}\n", "machines.b.labels", "must be a list of words"),
    ("machines: {b: {labels: [1]}}\n", "machines.b.labels[0]", "must be text; put it in quotes"),
    ("machines: {b: {password: {}}}\n", "machines.b.password", "say where it is: {env: NAME}"),
    ("machines: {b: {password: {en: X}}}\n", "machines.b.password.en", "did you mean env?"),
    (
        "machines: {b: {password: {command: pass show b}}}\n",
        "machines.b.password.command",
        "must be a list of words",
    ),
    (
        "machines: {b: {password: {env: A, file: b}}}\n",
        "machines.b.password",
        "must be one of env, file, command, not several",
    ),
    ("machines: {b: {proxy: 'https://p:1'}}\n", "machines.b.proxy", "must look like http://host"),
    ("machines: {b: {proxy: 'http://p/x'}}\n", "machines.b.proxy", "must look like http://host"),
    ("machines: {b: {proxy: 'http://p:0'}}\n", "machines.b.proxy", "a port must be"),
    ("machines: {b: {proxy: 'http://u:w@p:1'}}\n", "machines.b.proxy", "without user and password"),
    (
        "machines: {b: {jump_hosts: gate}}\n",
        "machines.b.jump_hosts",
        "must be a list of hosts to go",
    ),
    ("machines: {b: {jump_hosts: []}}\n", "machines.b.jump_hosts", ""),
    ("machines: {b: {jump_hosts: ['a b']}}\n", "machines.b.jump_hosts[0]", "a host"),
    ("machines: {b: {jump_hosts: ['-x@h']}}\n", "machines.b.jump_hosts[0]", "user"),
    ("machines: {b: {jump_hosts: ['a,b']}}\n", "machines.b.jump_hosts[0]", "a host"),
    ("machines: {b: {jump_hosts: ['h:0']}}\n", "machines.b.jump_hosts[0]", "a port must be"),
    (
        "machines: {b: {jump_hosts: ['ssh://h']}}\n",
        "machines.b.jump_hosts[0]",
        "must look like host",
    ),
    ("machines: {b: {no_proxy: localhost}}\n", "machines.b.no_proxy", "must be a list of hosts"),
    (
        "machines: {b: {no_proxy: ['a,b']}}\n",
        "machines.b.no_proxy[0]",
        "must be one host, domain or",
    ),
    (
        M + "docker_registries: {r: {address: 'h:1', moving_tags: [newest]}}\n",
        "docker_registries.r.moving_tags[0]",
        "must be one of latest, branch",
    ),
    (M + R % "cache: machine", "build_profiles.p.cache", "must be one of project, language"),
    (M + R % "keep_failed: 31d", "build_profiles.p.keep_failed", "a time to keep must"),
    (M + R % "keep_failed: 4 hours", "build_profiles.p.keep_failed", "must look like 4h, 2d or 0"),
    (M + R % "requeue: 4", "build_profiles.p.requeue", "never, or how often at most: 0 to 3"),
    (M + R % "requeue: true", "build_profiles.p.requeue", "never, or how often at most: 0 to 3"),
    (M + R % "requeue: often", "build_profiles.p.requeue", "never, or how often at most: 0 to 3"),
    (M + R % "keep_failed: [1]", "build_profiles.p.keep_failed", "a time such as 4h, 2d or 0"),
    (M + R % "values: {A: x}", "build_profiles.p.values.A", "must be letters a-z, digits and _"),
    (M + R % "values: {a: 1.5}", "build_profiles.p.values.a", "put any other number in quotes"),
    (M + R % "values: {a: [1]}", "build_profiles.p.values.a[0]", "must be text; put it in quotes"),
    (M + R % 'values: {a: "\\0"}', "build_profiles.p.values.a", "must not contain NUL"),
    (M + R % "secrets: {TRISTAN_X: {env: X}}", "build_profiles.p.secrets.TRISTAN_X", "reserved"),
    (M + R % "secrets: {A: hunter2}", "build_profiles.p.secrets.A", "must not be written here"),
    (
        M + "projects: {p: {checkout: {lfs: yes}}}\n",
        "projects.p.checkout.lfs",
        "must be true or false, not text",
    ),
    (M + "git_servers: {g: {}}\n", "git_servers.g.address", "is missing"),
    (M + "git_servers: {g: {address: git@host}}\n", "git_servers.g.address", "must look like"),
    (M + "git_servers: {g: {address: 'file:///x'}}\n", "git_servers.g.address", "must be ssh://"),
    (
        M + "git_servers: {g: {address: 'https://h', default: yes}}\n",
        "git_servers.g.default",
        "must be true or false, not text",
    ),
    (
        M + "git_servers: {g: {address: 'https://h', kind: gitlub}}\n",
        "git_servers.g.kind",
        'must be one of plain, gitlab: "gitlub"',
    ),
    (
        M + "git_servers: {g: {address: 'ssh://g@h', key_file: k, host_key: abc}}\n",
        "git_servers.g.host_key",
        "as ssh-keyscan prints it",
    ),
    (
        M + "docker_registries: {r: {address: 'https://x'}}\n",
        "docker_registries.r.address",
        "no ht",
    ),
    (M + "docker_registries: {r: {address: name}}\n", "docker_registries.r.address", "host:5000"),
    (
        M + "docker_registries: {r: {address: 'h:1', namespace: A/b}}\n",
        "docker_registries.r.namespace",
        "joined by '/'",
    ),
    (
        M + "build_profiles: {p: {image: --privileged}}\n",
        "build_profiles.p.image",
        "begin with '-'",
    ),
    (M + "build_profiles: {p: {image: '-v/:/h'}}\n", "build_profiles.p.image", "begin with '-'"),
    (
        M + "build_profiles: {p: {image: x, network: 1}}\n",
        "build_profiles.p.network",
        "must be text",
    ),
    (
        M + "build_profiles: {p: {image: x, network: 'container:other'}}\n",
        "build_profiles.p.network",
        "must be bridge, none, host or the name",
    ),
    (
        "machines: {m: {engine: {kind: docker, command: [docker], selinux: z}}}\n",
        "machines.m.engine.selinux",
        "shared, private, disable",
    ),
    (
        "machines: {m: {engine: {kind: docker, command: [docker], run_options: [--privileged]}}}\n",
        "machines.m.engine.run_options[0]",
        "--ulimit=nofile=1024:4096",
    ),
    (
        M + "build_profiles: {p: {image: x, environment: {LD_PRELOAD: x}}}\n",
        "build_profiles.p.environment.LD_PRELOAD",
        "dynamic loader",
    ),
    (
        M + "build_profiles: {p: {image: x, environment: {'A=b': x}}}\n",
        "build_profiles.p.environment.A=b",
        "letters, digits and _",
    ),
    (
        M + "build_profiles: {p: {image: x, environment: {A: 1}}}\n",
        "build_profiles.p.environment.A",
        "put it in quotes",
    ),
    (
        M + "build_profiles: {p: {image: x, artifacts: [../x]}}\n",
        "build_profiles.p.artifacts[0]",
        "must be written without",
    ),
    (
        M + "build_profiles: {p: {image: x, limits: {soft: soon}}}\n",
        "build_profiles.p.limits.soft",
        "must look like 55m",
    ),
    (
        M + "build_profiles: {p: {image: x, limits: {memory: [1]}}}\n",
        "build_profiles.p.limits.memory",
        "must be a size such as 512m",
    ),
    (
        M + "build_profiles: {p: {image: x, limits: {log: 1}}}\n",
        "build_profiles.p.limits.log",
        "a log limit must be",
    ),
    (
        M + "build_profiles: {p: {image: x, compile_to_execute: 1}}\n",
        "build_profiles.p.compile_to_execute",
        "must be the text itself",
    ),
    (
        M + "build_profiles: {p: {image: x, dockerfile: {path: y}}}\n",
        "build_profiles.p.dockerfile.path",
        "is no known key",
    ),
    (M + "projects: {a b: {repository: 'https://h/x'}}\n", 'projects."a b"', "a project name must"),
    (
        M + "projects: {p: {repository: 'ext::sh -c x'}}\n",
        "projects.p.repository",
        "must be ssh://",
    ),
    (M + "projects: {p: {repository: /etc}}\n", "projects.p.repository", "must be ssh://"),
    (M + "projects: {p: {repository: ../x}}\n", "projects.p.repository", "must be ssh://"),
    (M + "projects: {p: {repository: a/../x}}\n", "projects.p.repository", "'..' parts"),
    (
        M + "projects: {p: {module_path: ../x}}\n",
        "projects.p.module_path",
        "must be written without",
    ),
    (M + "projects: {p: {language: ../x}}\n", "projects.p.language", "a language must"),
    (M + 'projects: {p: {description: "a\\nb"}}\n', "projects.p.description", "control characters"),
]


@pytest.mark.parametrize("content, key_path, message", CASES)
def test_each_fault_is_told_by_its_key_in_plain_words(written, content, key_path, message):
    found = dict(written.faults(content))
    assert key_path in found
    assert message in found[key_path]


@pytest.mark.parametrize(
    "password",
    [
        "hunter2",
        "12345678",
        "{env: 'hunter2 hunter2'}",
        "{env: hunter2, file: hunter2}",
        '{file: "hunter2\\n"}',
        "{env: 12345678}",
        "[hunter2]",
    ],
)
def test_a_literal_secret_is_refused_and_not_repeated(written, password):
    found = written.faults("machines: {b: {password: %s}}\n" % password)
    told = repr(found)
    assert "machines.b.password" in told
    assert "hunter2" not in told and "12345678" not in told


def test_a_literal_password_is_answered_with_the_three_ways(written):
    found = dict(written.faults("machines: {b: {password: hunter2}}\n"))
    for way in ("{env: NAME}", "{file: PATH}", "{command: [WORD, ...]}"):
        assert way in found["machines.b.password"]


def test_all_faults_are_told_at_once_in_the_files_order(written):
    found = written.faults(
        """\
        projects:
          shop: {repository: "ext::sh", build_profile: nobody}
        machines:
          b:
            port: x
            hots: y
          b: {}
        extra: 1
        """
    )
    assert [key for key, _ in found] == [
        "projects.shop.repository",
        "projects.shop.build_profile",
        "machines.b.port",
        "machines.b.hots",
        "machines.b",
        "extra",
    ]
