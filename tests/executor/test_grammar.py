"""Each rule of the grammar: what it refuses, in which words, and that nasty legal values pass."""

from __future__ import absolute_import, print_function, unicode_literals

import subprocess

import pytest

from business_hyper_fusion import compat, grammar

LEGAL_REFS = [
    "main",
    "feature/Login",
    "$(id)",
    "a;b",
    "`id`",
    "it's",
    '"quoted"',
    "a&b|c>d",
    "%0a",
    "a{b}",
    "@a",
    "a@b",
    "f\u00fcr",
    "\u5206\u652f",
    "\U0001f600",
    "a-b",
    "x" * 250,
    "a.lock.b",
    "refs/heads/x",
]
ILLEGAL_REFS = [
    ("--upload-pack=touch x", "must not begin with '-'"),
    ("-x", "must not begin with '-'"),
    ("../x", "must not contain '..'"),
    ("a..b", "must not contain '..'"),
    ("x.lock", "may end with '.lock'"),
    ("x.lock/y", "may end with '.lock'"),
    ("a\x00b", "control characters"),
    ("a\nb", "control characters"),
    ("main\n", "control characters"),
    ("a b", "spaces"),
    ("a~b", "any of ~"),
    ("a^b", "any of ~"),
    ("a:b", "any of ~"),
    ("a?b", "any of ~"),
    ("a*b", "any of ~"),
    ("a[b", "any of ~"),
    ("a\\b", "any of ~"),
    ("a\x7fb", "control characters"),
    ("/a", "must not begin or end with '/'"),
    ("a/", "must not begin or end with '/'"),
    ("a//b", "contain '//'"),
    (".a", "may begin with '.'"),
    ("a/.b", "may begin with '.'"),
    ("a.", "must not end with '.'"),
    ("a@{b", "must not contain '@{'"),
    ("@", "HEAD or @"),
    ("HEAD", "HEAD or @"),
    ("", "must not be empty"),
    ("x" * 300, "at most 250 bytes long (this one has 300)"),
    ("\u00fc" * 126, "at most 250 bytes long (this one has 252)"),
    ("a\ud800b", "valid UTF-8"),
    (None, "must be text"),
    (7, "must be text"),
]
OURS_ALONE = ("--upload-pack=touch x", "-x", "@", "HEAD")
"""What git's plain format check lets pass and Tristan does not; also what is too long for a ref."""


def refusal(check, value):
    with pytest.raises(grammar.Refused) as caught:
        check(value)
    return caught.value


@pytest.mark.parametrize("check", [grammar.check_branch, grammar.check_tag])
@pytest.mark.parametrize("name", LEGAL_REFS)
def test_legal_refs_pass(check, name):
    check(name)
    check(compat.to_native(name))


@pytest.mark.parametrize(
    "check, noun", [(grammar.check_branch, "branch"), (grammar.check_tag, "tag")]
)
@pytest.mark.parametrize("name, rule", ILLEGAL_REFS)
def test_illegal_refs_are_refused_with_the_rule(check, noun, name, rule):
    for value in (name, compat.native(name)):
        refused = refusal(check, value)
        assert rule in refused.rule
        assert noun in refused.rule


def _git_accepts(name):
    words = ["git", "check-ref-format", "refs/heads/" + name]
    return subprocess.call([word.encode("utf-8") for word in words]) == 0


@pytest.mark.parametrize("name", LEGAL_REFS)
def test_git_accepts_what_passes(name):
    assert _git_accepts(name)


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, rule in ILLEGAL_REFS
        if rule != "must be text"
        and "UTF-8" not in rule
        and "at most" not in rule
        and "\x00" not in name
        and name not in OURS_ALONE
    ],
)
def test_git_refuses_what_is_refused(name):
    assert not _git_accepts(name)


def test_every_pair_of_ascii_characters_is_judged_as_git_judges_it():
    """Names of a character between two letters, first and last: all 128 but NUL."""
    for code in range(1, 128):
        for pattern in ("a%sb", "%sa", "a%s", "a/%sb", "a%s/b"):
            name = pattern % chr(code)
            if not name.startswith("-"):
                assert _passes(grammar.check_branch, name) == _git_accepts(name), repr(name)


def _passes(check, value):
    try:
        check(value)
    except grammar.Refused:
        return False
    return True


@pytest.mark.parametrize("value", ["0123456", "a" * 40, "ABCDEF0"])
def test_commits(value):
    grammar.check_commit(value)


@pytest.mark.parametrize("value", ["012345", "a" * 41, "main", "0123456\n", "", "-1234567", None])
def test_no_commits(value):
    assert "commit" in refusal(grammar.check_commit, value).rule


@pytest.mark.parametrize(
    "address, parsed",
    [
        ("ssh://git@git.example.com/group/shop.git", ("ssh", "git.example.com", "group/shop")),
        ("ssh://git@Git.Example.com:2222/g/s/", ("ssh", "git.example.com:2222", "g/s")),
        ("git@git.example.com:group/shop.git", ("ssh", "git.example.com", "group/shop")),
        ("git@git.example.com:/srv/git/shop.git", ("ssh", "git.example.com", "srv/git/shop")),
        ("https://git.example.com/group/shop", ("https", "git.example.com", "group/shop")),
        ("https://robot@git.example.com/shop.git", ("https", "git.example.com", "shop")),
        ("http://127.0.0.1:8080/a//b.git/", ("http", "127.0.0.1:8080", "a/b")),
        ("git://host/x", ("git", "host", "x")),
        ("ssh://git@[::1]:22/x", ("ssh", "[::1]:22", "x")),
        ("git@host:with space/$(id)/a;b.git", ("ssh", "host", "with space/$(id)/a;b")),
        ("git@host:f\u00fcr/x", ("ssh", "host", "f\u00fcr/x")),
        ("https://host/it's%20me", ("https", "host", "it's%20me")),
    ],
)
def test_repositories_are_taken_apart(address, parsed):
    grammar.check_repository(address)
    assert grammar.parse_repository(address) == parsed
    native = grammar.parse_repository(compat.to_native(address))
    assert list(native) == compat.native(list(parsed))


@pytest.mark.parametrize(
    "address, rule",
    [
        ("ext::sh -c touch% /tmp/x", "must be ssh://"),
        ("file:///etc/passwd", "must be ssh://"),
        ("/srv/git/shop.git", "must be ssh://"),
        ("../shop", "must be ssh://"),
        ("shop", "must be ssh://"),
        ("host:path", "must be ssh://"),
        ("ftp://host/x", "must be ssh://"),
        ("SSH://host/x", "must be ssh://"),
        ("-x@host:path", "must not begin with '-'"),
        ("ssh://-oProxyCommand=touch/x", "host in a repository address must not begin with '-'"),
        ("ssh://-oProxyCommand=x@host/y", "must not begin with '-'"),
        ("git@-oProxyCommand=x:y", "must not begin with '-'"),
        ("git@host:-oProxyCommand=x", "must not begin with '-' or ':'"),
        ("git@host::x", "must not begin with '-' or ':'"),
        ("https://user:password@host/x", "must not carry a password"),
        ("ssh://user:password@host/x", "must not carry a password"),
        ("https://user:pass/word@host/x", "must not carry a password"),
        ("user:password@host:x", "must not carry a password"),
        ("https://host/x%0ahost=evil", "encoded control"),
        ("https://host/x%0D", "encoded control"),
        ("https://host/x%00", "encoded control"),
        ("https://host/a\nb", "control characters"),
        ("https://host/../x", "'..' parts"),
        ("git@host:../x", "'..' parts"),
        ("https://host/", "must have a path"),
        ("https://host", "must have a path"),
        ("https://host/.git", "must have a path"),
        ("git@host:", "must have a path"),
        ("https:///x", "must name a host"),
        ("https://ho%73t/x", "must name a host"),
        ("https://host:0/x", "port"),
        ("https://host:65536/x", "port"),
        ("https://host:port/x", "port"),
        ("https://host/x?private_token=abc", "query"),
        ("https://" + "h" * 3000, "at most 2000 bytes"),
        ("", "must not be empty"),
        (None, "must be text"),
    ],
)
def test_other_repositories_are_refused_with_the_rule(address, rule):
    assert rule in refusal(grammar.check_repository, address).rule


@pytest.mark.parametrize(
    "address",
    [
        "https://user:s3cret@host/x",
        "https://s3cret@ho st/x",
        "ssh://user:s3cret@host/x",
        "https://user:s3/cret@host/x",
        "user:s3cret@host:x",
        "ftp://s3cret@host/x",
        "https://host/x?token=s3cret",
    ],
)
def test_a_refusal_does_not_print_credentials(address):
    refused = refusal(grammar.check_repository, address)
    assert "s3" not in str(refused)
    assert "cret" not in str(refused)


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
            ["java", "nodejs", "php", "python"],
            ["../python", "ruby", "", None],
        ),
        (grammar.check_memory, ["512m", "2g", "1024"], ["0", "-1g", "2 g", "2G", "", "2g\n"]),
        (grammar.check_cpus, ["1", "0.5", "64"], ["0", "0.0", "-1", "one", "", "1\n"]),
        (grammar.check_seconds, [1, 3600, 604800], [0, -1, 604801, True, "60", 1.5, None]),
        (grammar.check_pids, [16, 4096], [15, 1000001, "4096"]),
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
        (grammar.check_network, ["bridge", "none", "host"], ["container:x", ""]),
        (grammar.check_isolation, ["docker", "host"], ["none", ""]),
        (grammar.check_engine_kind, ["docker", "podman"], ["sudo docker", ""]),
    ],
)
def test_the_smaller_rules(check, good, bad):
    for value in good:
        check(value)
    for value in bad:
        refusal(check, value)
