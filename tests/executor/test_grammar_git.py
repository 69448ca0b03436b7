"""The rules for what git is given: refs judged beside real git, addresses, what a refusal prints."""

from __future__ import absolute_import, print_function, unicode_literals

import subprocess

import pytest

from business_hyper_fusion import compat, grammar
from tests.executor.test_grammar import refusal
from tests.faults import rows

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


@rows.hostile(2)
@pytest.mark.parametrize("check", [grammar.check_branch, grammar.check_tag])
@pytest.mark.parametrize("name", LEGAL_REFS)
def test_legal_refs_pass(check, name):
    check(name)
    check(compat.to_native(name))


@rows.hostile(1)
@pytest.mark.parametrize(
    "check, noun", [(grammar.check_branch, "branch"), (grammar.check_tag, "tag")]
)
@pytest.mark.parametrize("name, rule", ILLEGAL_REFS)
def test_illegal_refs_are_refused_with_the_rule(check, noun, name, rule):
    # compat.native would mend what is broken
    is_text = isinstance(name, compat.text_type)
    for value in (name, name.encode("utf-8") if compat.PY2 and is_text else name):
        refused = refusal(check, value)
        assert rule in refused.rule
        assert noun in refused.rule


def _git_accepts(name):
    words = ["git", "check-ref-format", "refs/heads/" + name]
    return subprocess.call([word.encode("utf-8") for word in words]) == 0


@pytest.mark.parametrize("name", LEGAL_REFS)
def test_git_accepts_what_passes(name):
    assert _git_accepts(name)


@rows.hostile(1)
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


@rows.hostile(3)
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


@rows.hostile(3)
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
