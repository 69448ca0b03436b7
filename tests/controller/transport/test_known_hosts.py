"""known_hosts as OpenSSH writes and reads it; ssh-keygen is the judge where it can be."""

from __future__ import absolute_import, print_function, unicode_literals

import base64
import io
import os
import stat
import threading

import pytest

from controller.transport import known_hosts
from tests.lab import process

KEYS = dict((name, ("blob of " + name).encode("ascii")) for name in ("old", "new", "rsa", "other"))


def line(hosts, name, marker="", key_type="ssh-ed25519"):
    encoded = base64.b64encode(KEYS[name]).decode("ascii")
    return " ".join(([marker] if marker else []) + [hosts, key_type, encoded, "comment here"])


@pytest.fixture
def files(tmpdir):
    """Function (own lines, other lines) -> (own path, [other path])."""

    def write(own=(), other=()):
        paths = []
        for name, lines in (("own", own), ("other", other)):
            paths.append(str(tmpdir.join(name)))
            with io.open(paths[-1], "w", encoding="utf-8") as opened:
                opened.write("".join(one + "\n" for one in lines))
        return paths[0], paths[1:]

    return write


def verdict(paths, name, host="build.example.com", port=22):
    return known_hosts.pins(host, port, *paths).verdict(KEYS[name])


def test_known_unknown_changed(files):
    paths = files([line("build.example.com", "old")])
    assert verdict(paths, "old") == "known"
    assert verdict(paths, "new") == "changed"
    assert verdict(paths, "old", "elsewhere.example.com") == "unknown"
    assert verdict(files(), "old") == "unknown"


def test_missing_files_know_nothing(tmpdir):
    missing = str(tmpdir.join("no", "such"))
    assert known_hosts.pins("host", 22, missing, [missing]).verdict(b"x") == "unknown"


@pytest.mark.parametrize(
    "hosts, host, port, found",
    [
        ("build.example.com,10.0.0.7", "10.0.0.7", 22, True),
        ("BUILD.example.com", "Build.Example.com", 22, True),
        ("*.example.com", "build.example.com", 22, True),
        ("*.example.com,!build.example.com", "build.example.com", 22, False),
        ("!build.example.com,*.example.com", "build.example.com", 22, False),
        ("build?.example.com", "build7.example.com", 22, True),
        ("build?.example.com", "build.example.com", 22, False),
        ("[build.example.com]:2222", "build.example.com", 2222, True),
        ("[build.example.com]:2222", "build.example.com", 22, False),
        ("[build.example.com]:2222", "build.example.com", 2223, False),
        ("[*.example.com]:2222", "build.example.com", 2222, True),
        ("[::1]:2222", "::1", 2222, True),
        ("build.example.co", "build.example.com", 22, False),
    ],
)
def test_host_fields(files, hosts, host, port, found):
    answer = verdict(files([line(hosts, "old")]), "old", host, port)
    assert answer == ("known" if found else "unknown")


def test_hashed_by_the_real_ssh_keygen(files):
    lines = [line("[build.example.com]:2222", "old"), line("plain.example.com", "other")]
    own, others = files(lines)
    process.output(["ssh-keygen", "-q", "-H", "-f", own])
    with open(own) as opened:
        assert "example" not in opened.read()
    assert verdict((own, others), "old", port=2222) == "known"
    assert verdict((own, others), "old", port=22) == "unknown"
    assert verdict((own, others), "new", port=2222) == "changed"
    assert verdict((own, others), "other", "plain.example.com") == "known"


def test_several_types_of_one_host(files):
    paths = files([line("host", "old"), line("host", "rsa", key_type="ssh-rsa")])
    pins = known_hosts.pins("host", 22, *paths)
    assert pins.key_types() == ["ssh-ed25519", "ssh-rsa"]
    assert pins.verdict(KEYS["rsa"]) == pins.verdict(KEYS["old"]) == "known"


def test_own_pins_decide_alone(files):
    """A key that the user's ssh took long ago must not stand in for the one that was enrolled."""
    paths = files([line("host", "new")], [line("host", "old")])
    assert verdict(paths, "new", "host") == "known"
    assert verdict(paths, "old", "host") == "changed"


def test_others_decide_where_there_is_no_own_pin(files):
    paths = files([line("elsewhere", "new")], [line("host", "old")])
    assert verdict(paths, "old", "host") == "known"
    assert verdict(paths, "new", "host") == "changed"


def test_a_key_known_of_the_standard_port_is_good_on_another_one(files):
    """As in OpenSSH; it never makes a key look changed."""
    paths = files([], [line("host", "old")])
    assert verdict(paths, "old", "host", 2222) == "known"


@pytest.mark.parametrize("where", [0, 1])
def test_revoked_wherever_it_stands(files, where):
    revoked = [line("*", "old", "@revoked")]
    good = [line("host", "old")]
    paths = files(*((revoked, good) if where == 0 else (good, revoked)))
    assert verdict(paths, "old", "host") == "revoked"
    entry = known_hosts.pins("host", 22, *paths).revocation(KEYS["old"])
    assert entry.place.endswith(":1")


def test_an_authority_is_no_host_key(files):
    paths = files([line("host", "old", "@cert-authority")])
    assert verdict(paths, "old", "host") == "unknown"
    assert known_hosts.pins("host", 22, *paths).authorities


def test_noise_is_left_out(files):
    noise = ["", "# host ssh-ed25519 AAAA", "host", "host ssh-ed25519", "host ssh-ed25519 ===",
             "host ssh-ed25519 x", "|1|broken| ssh-ed25519 AAAA", "\u00fc" * 5000]  # fmt: skip
    paths = files(noise + [line("host", "old")])
    assert verdict(paths, "old", "host") == "known"


def test_fingerprint_as_ssh_keygen_prints_it(tmpdir):
    key = str(tmpdir.join("key"))
    process.output(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key])
    with open(key + ".pub") as opened:
        blob = base64.b64decode(opened.read().split()[1])
    printed = process.output(["ssh-keygen", "-l", "-f", key + ".pub"])
    assert known_hosts.fingerprint(blob) == printed.split()[1]


def test_pin_makes_a_private_file_that_ssh_keygen_understands(tmpdir):
    path = str(tmpdir.join("known_hosts"))
    known_hosts.pin(path, "Build.example.com", 2222, "ssh-ed25519", KEYS["old"])
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    printed = process.output(["ssh-keygen", "-F", "[build.example.com]:2222", "-f", path])
    assert base64.b64encode(KEYS["old"]).decode("ascii") in printed


def test_pin_replaces_what_was_pinned_and_nothing_else(files):
    kept = ["# mine", line("host,other", "old"), line("*", "other", "@revoked"), line("x", "rsa")]
    own, others = files(kept)
    known_hosts.pin(own, "host", 22, "ssh-ed25519", KEYS["new"])
    assert verdict((own, others), "new", "host") == "known"
    assert verdict((own, others), "old", "host") == "changed"
    assert verdict((own, others), "other", "host") == "revoked"
    assert verdict((own, others), "rsa", "x") == "known"
    with open(own) as opened:
        assert opened.readline() == "# mine\n"


def test_pin_keeps_the_other_names_of_a_line(files):
    own, others = files([line("host,other", "old")])
    known_hosts.pin(own, "host", 22, "ssh-ed25519", KEYS["new"])
    assert verdict((own, others), "old", "other") == "known"


def test_pins_at_once_lose_none(tmpdir):
    path = str(tmpdir.join("known_hosts"))
    threads = [
        threading.Thread(
            target=known_hosts.pin, args=(path, "host%d" % number, 22, "t", KEYS["old"])
        )
        for number in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(20):
        assert verdict((path, []), "old", "host%d" % number) == "known"
