"""What git's helpers on the host answer, and to whom: the account is for the configured server alone."""

from __future__ import absolute_import, print_function, unicode_literals

import os

import pytest

from business_hyper_fusion import git
from tests.faults import rows
from tests.lab import process

SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(git.__file__)), "git_access")


@rows.hostile(3)
@pytest.mark.once
@pytest.mark.parametrize(
    "words, own",
    [
        (["builder@git.example.com", "git-upload-pack 'x'"], True),
        (["-o", "SendEnv=GIT_PROTOCOL", "builder@Git.Example.com", "git-upload-pack 'x'"], True),
        (["-4", "--", "git.example.com", "git-lfs-authenticate x download"], True),
        (["-p", "2222", "builder@git.example.com", "git-upload-pack 'x'"], False),
        (["builder@git.example.com.evil", "git-upload-pack 'x'"], False),
        (["git.example.com@evil", "git-upload-pack 'x'"], False),
    ],
)
def test_ssh_for_the_configured_host_alone(tmpdir, words, own):
    fake = tmpdir.join("ssh")
    fake.write('#!/bin/sh\nprintf "%s\\n" "$@"; echo "agent=${SSH_AUTH_SOCK:-}"\n')
    fake.chmod(0o755)
    environment = {
        "PATH": "%s:%s" % (tmpdir, os.environ["PATH"]),
        "TRISTAN_GIT_HOST": "git.example.com",
        "TRISTAN_GIT_KEY_FILE": "/key",
        "TRISTAN_GIT_KNOWN_HOSTS": "/known",
        "SSH_AUTH_SOCK": "/agent",
    }
    said = process.output([os.path.join(SCRIPTS, "ssh.sh")] + words, environment=environment)
    lines = said.splitlines()
    assert ("/key" in lines, "agent=/agent" in lines) == (own, own)
    assert ("IdentityFile=/dev/null" in lines, "/dev/null" in lines) == (not own, not own)
    assert "BatchMode=yes" in lines and "StrictHostKeyChecking=yes" in lines
    assert lines[-1 - len(words) : -1] == words


@rows.hostile(3)
@pytest.mark.once
@pytest.mark.parametrize(
    "scheme, prompt, answer",
    [
        ("https", "Username for 'https://git.example.com:8443': ", "robot"),
        ("https", "Password for 'https://robot@Git.example.com:8443': ", "s3cret"),
        ("https", 'Password for "https://robot@git.example.com:8443/group/shop.git"', "s3cret"),
        ("http", "Password for 'http://robot@git.example.com:8443': ", "s3cret"),
        ("https", "Password for 'http://robot@git.example.com:8443': ", None),
        ("ssh", "Password for 'http://robot@git.example.com:8443': ", None),
        ("https", "Password for 'https://robot@git.example.com': ", None),
        ("https", "Password for 'https://git.example.com:8443@evil.example': ", None),
        ("https", "Password for 'https://evil/git.example.com:8443': ", None),
        ("https", "Enter passphrase for key '/root/.ssh/id_rsa': ", None),
    ],
)
def test_askpass_for_the_configured_host_alone(tmpdir, scheme, prompt, answer):
    tmpdir.join("password").write("s3cret")
    environment = {
        "TRISTAN_GIT_HOST": "git.example.com:8443",
        "TRISTAN_GIT_SCHEME": scheme,
        "TRISTAN_GIT_USERNAME": "robot",
        "TRISTAN_GIT_PASSWORD_FILE": str(tmpdir.join("password")),
    }
    try:
        said = process.output(
            [os.path.join(SCRIPTS, "askpass.sh"), prompt], environment=environment
        )
    except process.LabError:
        said = None
    assert said == answer or said.strip() == answer
