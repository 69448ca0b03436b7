"""Each rule of the grammar: what it refuses, in which words, and that nasty legal values pass."""

from __future__ import absolute_import, print_function, unicode_literals

import pytest

from business_hyper_fusion import grammar
from tests.faults import rows


def refusal(check, value):
    with pytest.raises(grammar.Refused) as caught:
        check(value)
    return caught.value


def test_a_refusal_is_one_short_line_of_ascii():
    text = str(refusal(grammar.check_branch, "a\x1b]0;evil\x07\n\u202e" + "\u5206" * 70))
    assert "\x1b" not in text and "\n" not in text
    assert all(32 <= ord(character) < 127 for character in text)
    assert '"a\\x1b]0;evil\\x07\\n\\u202e\\u5206' in text
    assert len(text) < 700


@pytest.mark.parametrize(
    "name", ["NAME", "_x", "a1", "PATHS", "GITHUB", "LD", "HTTP_PROXY", "HOMES"]
)
def test_environment_names(name):
    grammar.check_environment_name(name)


@rows.hostile(13)
@pytest.mark.parametrize(
    "name, rule",
    [
        ("LD_PRELOAD", "dynamic loader"),
        ("DYLD_INSERT_LIBRARIES", "dynamic loader"),
        ("A=b", "letters, digits and _"),
        ("1A", "not begin with a digit"),
        ("", "letters, digits and _"),
        ("A\n", "letters, digits and _"),
        ("\u00c4", "letters, digits and _"),
        ("TRISTAN_X", "reserved"),
        ("GIT_SSH_COMMAND", "what git runs"),
        ("DOCKER_HOST", "which engine"),
        ("BASH_ENV", "would run that file"),
        ("ENV", "would run that file"),
        ("IFS", "reserved"),
        ("PATH", "which programs run"),
        ("HOME", "reserved"),
        ("SHELLOPTS", "reserved"),
        ("PS4", "reserved"),
        (None, "must be text"),
    ],
)
def test_other_environment_names_are_refused(name, rule):
    assert rule in refusal(grammar.check_environment_name, name).rule


@pytest.mark.parametrize(
    "value", ["", "x", "a b", "$(id)", "`id`;'\"\\", "a\tb", "\u00fc", "x" * 32768]
)
def test_environment_values(value):
    grammar.check_environment_value(value)


@rows.hostile(13)
@pytest.mark.parametrize("value", ["s3cret\n", "s3cret\x00", "s3cret\r", "s3\x1bcret", "x" * 32769])
def test_other_environment_values_are_refused_without_being_printed(value):
    assert "s3" not in str(refusal(grammar.check_environment_value, value))


@pytest.mark.parametrize(
    "image",
    [
        "python",
        "python:3.12-slim",
        "library/node:20",
        "host:5000/a/b:1",
        "Registry.example.com/a_b/c__d:V1",
        "localhost/x",
        "python@sha256:" + "a" * 64,
        "python:3@sha256:" + "a" * 64,
    ],
)
def test_images(image):
    grammar.check_image(image)


@rows.hostile(13)
@pytest.mark.parametrize(
    "image",
    [
        "-v/:/h",
        "--privileged",
        "Python",
        "a b",
        "a:",
        "a:b:c",
        "/a",
        "a/",
        "a//b",
        "a\n",
        "",
        "$(id)",
    ]
    + ["a@sha256:abc", "a..b", "a:-x", "x" * 256, None, "https://host/a"],
)
def test_other_images_are_refused(image):
    assert "image" in refusal(grammar.check_image, image).rule


@pytest.mark.parametrize("root", ["/data/tristan", "/var/lib/tristan", "/home/a b/$(id)", "/t"])
def test_roots(root):
    grammar.check_root(root)


@pytest.mark.parametrize(
    "root, rule",
    [
        ("data", "absolute"),
        ("~/tristan", "absolute"),
        ("/data/", "without"),
        ("/data/../etc", "without"),
        ("//data", "without"),
        ("/data/./x", "without"),
        ("/data,x", "comma"),
        ("/data:x", "colon"),
        ("/da'ta", "quote"),
        ('/da"ta', "quote"),
        ("/da\\ta", "backslash"),
        ("/d\u00e4ta", "ASCII"),
        ("/data\n", "control"),
        ("/", "system directory"),
        ("/etc", "system directory"),
        ("/usr", "system directory"),
        ("/proc/x", "system directory"),
        ("/" + "x" * 200, "at most 200 bytes"),
    ],
)
def test_other_roots_are_refused(root, rule):
    assert rule in refusal(grammar.check_root, root).rule


@pytest.mark.parametrize(
    "path", ["", "a", "a/b", "with space/$(id)", "...", "\u00fc", ".github", "a/-b"]
)
def test_module_paths(path):
    grammar.check_module_path(path)


@pytest.mark.parametrize("check", [grammar.check_module_path, grammar.check_glob])
@pytest.mark.parametrize(
    "path",
    ["/a", "../a", "a/..", "a/../b", "./a", "a//b", "a/", "-a", "a\n", ".git/config", ".GIT", "."],
)
def test_paths_out_of_the_source_are_refused(check, path):
    refusal(check, path)


@pytest.mark.parametrize("glob", ["dist/*.whl", "**/*.jar", "a b/[a-z]?.tar.gz"])
def test_globs(glob):
    grammar.check_glob(glob)


@pytest.mark.parametrize("words", [["docker"], ["sudo", "docker"], ["docker", "-H", "unix:///a b"]])
def test_engine_words(words):
    grammar.check_engine_words(words)


@pytest.mark.parametrize("words", [[], "docker", [""], ["-x"], ["a\n"], [1], ["a"] * 17, None])
def test_other_engine_words_are_refused(words):
    assert "engine" in refusal(grammar.check_engine_words, words).rule


@pytest.mark.parametrize(
    "check, good, bad",
    [
        (
            grammar.check_project_name,
            ["shop", "a.b_c-1", "x" * 63],
            ["Shop", "-a", "", "x" * 64, "a\n"],
        ),
        (grammar.check_machine_name, ["builder-1"], ["a/b", "..", "a b"]),
        (
            grammar.check_build_id,
            ["20261121T065512123-9c1e4f2a"],
            ["20261121T065512123-9C1E4F2A", ""],
        ),
        (grammar.check_executor_id, ["1", "9999"], ["0", "01", "10000", 1, "1\n", "../1"]),
        (grammar.check_release, ["0" * 64], ["0" * 63, "A" * 64, "0" * 64 + "\n"]),
        (
            grammar.check_time,
            ["2026-11-21T06:55:12.123Z"],
            ["2026-11-21", "2026-11-21T06:55:12.123Z\n"],
        ),
        (
            grammar.check_language,
            ["java", "nodejs", "php", "python", "rust", "cpp17"],
            ["Java", "c++", "common", "../x", "", "a" * 33, "1c"],
        ),
        (grammar.check_memory, ["512m", "2g", "1024"], ["0", "-1g", "2 g", "2G", "", "2g\n"]),
        (grammar.check_cpus, ["1", "0.5", "64"], ["0", "0.0", "-1", "one", "", "1\n"]),
        (grammar.check_seconds, [1, 3600, 604800], [0, -1, 604801, True, "60", 1.5, None]),
        (grammar.check_pids, [16, 4096], [15, 1000001, "4096"]),
        (grammar.check_stall_seconds, [5, 3600], [0, 4, 3601]),
        (grammar.check_kept_builds, [1, 10000], [0, 10001]),
        (grammar.check_disk_bytes, [0, 2**50], [-1, 2**51]),
        (grammar.check_log_bytes, [1024, 64 * 1024 * 1024], [0, 2**35]),
        (grammar.check_port, [1, 22, 65535], [0, 65536, "22", True]),
        (grammar.check_attempt, [1, 2], [0, 1001, "1"]),
        (
            grammar.check_host,
            ["10.0.0.1", "host", "fe80::1%eth0", "::1", "a.b-c.d"],
            ["-oX=y", "a b", ""],
        ),
        (grammar.check_host, ["h"], ["user@host", "[::1]", "a\n", "h;id", "x" * 254]),
        (
            grammar.check_username,
            ["build", "a.b@corp", "CORP\\bob"],
            ["-l", "a b", "", "a\n", "x;y"],
        ),
        (
            grammar.check_network,
            ["bridge", "none", "host", "builds", "team_1.net"],
            ["container:x", "ns:/proc/1/ns/net", "-x", "a b", "", "n" * 65, "none\n"],
        ),
        (grammar.check_selinux, ["shared", "private", "disable"], ["", "z", "label=disable"]),
        (
            grammar.check_run_option,
            [
                "--ulimit=nofile=1024:4096",
                "--ulimit=core=-1",
                "--shm-size=256m",
                "--cpuset-cpus=0-1,3",
                "--cgroup-parent=/builds.slice",
                "--add-host=mirror.example.com:10.0.0.1",
                "--add-host=six:fe80::1",
                "--dns=10.0.0.53",
                "--dns-search=example.com",
                "--runtime=runsc",
                "--userns=keep-id",
            ],
            [
                "--privileged",
                "--privileged=true",
                "-v/:/h",
                "--volume=/:/h",
                "--mount=type=bind,source=/,target=/h",
                "--device=/dev/sda",
                "--cap-add=ALL",
                "--security-opt=seccomp=unconfined",
                "--pid=host",
                "--ipc=host",
                "--uts=host",
                "--userns=host",
                "--cgroupns=host",
                "--network=host",
                "--user=0",
                "--env-file=/etc/shadow",
                "--gpus=all",
                "--runtime=/tmp/evil",
                "--cgroup-parent=../x",
                "--ulimit",
                "--ulimit=nofile=1 --privileged",
                "--dns=10.0.0.53\n",
                "nofile=1",
                "--",
                "",
                None,
            ],
        ),
        (grammar.check_isolation, ["docker", "host"], ["none", ""]),
        (grammar.check_engine_kind, ["docker", "podman"], ["sudo docker", ""]),
    ],
)
def test_the_smaller_rules(check, good, bad):
    for value in good:
        check(value)
    for value in bad:
        refusal(check, value)
