"""The lab's sshd is a real one: logins, options, mounts of its own, cuts."""

from __future__ import absolute_import, print_function, unicode_literals

import io
import os
import subprocess

from tests.lab import process


def ssh_words(sshd, username="builder"):
    """:returns: list of str, an ssh command line that trusts only the lab's host key"""
    known_hosts = os.path.join(sshd.directory, "test_known_hosts")
    with io.open(known_hosts, "w") as target:
        target.write(sshd.known_hosts_line + "\n")
    options = ["UserKnownHostsFile=" + known_hosts, "StrictHostKeyChecking=yes", "BatchMode=yes"]
    words = ["ssh", "-F", "none", "-i", sshd.client_key, "-p", str(sshd.port)]
    for option in options:
        words += ["-o", option]
    return words + ["{0}@{1}".format(username, sshd.host)]


def test_builder_logs_in_and_may_use_the_engine(sshd, engine):
    info = " ".join(engine.command + ["info", "--format", "'{{.ServerVersion}}'"])
    command = "id -u; {0}; echo ~".format(info)
    printed = process.output(ssh_words(sshd) + [command])
    uid, version, home = printed.split()
    assert (uid, home) == ("2301", sshd.home)
    assert version[0].isdigit()


def test_root_logs_in_with_a_home_of_the_lab(sshd):
    assert process.output(ssh_words(sshd, "root") + ["ls -A /root"]).split() in ([], [".pyenv"])


def test_no_account_is_made_on_this_machine(sshd):
    with io.open("/etc/passwd", encoding="utf-8") as accounts:
        assert "builder:x:2301" not in accounts.read()


def test_mounts_before_sshd_stay_in_its_namespace(make_sshd):
    sshd = make_sshd(pre_exec=["mount --bind /dev/null /usr/bin/git"])
    kind = process.output(ssh_words(sshd) + ["stat -c %F /usr/bin/git"]).strip()
    assert kind == "character special file"
    assert os.path.isfile("/usr/bin/git")


def test_a_replaced_host_key_is_refused_by_a_client_that_pinned_the_old_one(sshd):
    words, fingerprint = ssh_words(sshd), sshd.fingerprint
    sshd.replace_host_key()
    assert sshd.fingerprint != fingerprint
    refused = subprocess.Popen(words + ["true"], stderr=subprocess.PIPE)
    assert b"REMOTE HOST IDENTIFICATION HAS CHANGED" in refused.communicate()[1]


def test_kill_sessions_cuts_the_connection_and_leaves_the_listener(sshd):
    client = subprocess.Popen(ssh_words(sshd) + ["echo here; sleep 60"], stdout=subprocess.PIPE)
    assert client.stdout.readline() == b"here\n"
    assert sshd.kill_sessions() >= 1
    assert client.wait() == 255
    assert process.output(ssh_words(sshd) + ["echo back"]) == "back\n"


def test_stop_leaves_no_process_and_no_directory(make_sshd):
    sshd = make_sshd()
    pid = sshd.pid
    sshd.stop()
    assert not process.alive(pid)
    assert not os.path.exists(sshd.directory)
