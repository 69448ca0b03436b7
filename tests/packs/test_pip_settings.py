"""pip's settings with secrets in them, for each Python that a build image may have: as pip reads them."""

from __future__ import absolute_import, print_function, unicode_literals

import io
import json
import os
import subprocess

import pytest
from six.moves.urllib.parse import unquote

from tests.lab import interpreters, process
from tests.packs.bench import PACKS

pytestmark = pytest.mark.once

PROGRAM = os.path.join(PACKS, "python", "pip_settings.py")
READ = """import json, netrc, os, sys
try:
    from configparser import RawConfigParser
except ImportError:
    from ConfigParser import RawConfigParser
parser = RawConfigParser()
parser.read(sys.argv[1] + "/pip.conf")
logins = sys.argv[1] + "/netrc"
hosts = netrc.netrc(logins).hosts if os.path.isfile(logins) else {}
found = dict((host, [one[0], one[2]]) for host, one in hosts.items())
print(json.dumps([dict((section, dict(parser.items(section))) for section in parser.sections()), found]))
"""


@pytest.fixture(params=["2.7", "3.6", "3.8", "3.11", "3.13"])
def settle(request, tmpdir):
    """Function (text of pip.conf, dict of secrets) -> (exit status, what is read back, or what was said)."""
    interpreter = interpreters.find(request.param)
    for name in ("secrets", "private", "home"):
        tmpdir.mkdir(name)

    def run(text, secrets, netrc=""):
        tmpdir.join("pip.conf").write(text)
        if netrc:
            tmpdir.join("home", ".netrc").write(netrc)
        for name, secret in secrets.items():
            with io.open(str(tmpdir.join("secrets", name)), "w", encoding="utf-8") as target:
                target.write(secret)
        environment = {
            "TRISTAN_SECRETS": str(tmpdir.join("secrets")),
            "TRISTAN_PRIVATE": str(tmpdir.join("private")),
            "PIP_CONFIG_FILE": str(tmpdir.join("pip.conf")),
            "HOME": str(tmpdir.join("home")),
        }
        child = subprocess.Popen(
            [interpreter, PROGRAM],
            env=dict(
                (process.native(key), process.native(environment[key])) for key in environment
            ),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        said = child.communicate()[1].decode("utf-8")
        if child.returncode:
            return child.returncode, said

        out = process.output([interpreter, "-c", READ, str(tmpdir.join("private"))])
        return [child.returncode] + json.loads(out)

    return run


def test_secrets_named_as_pip_s_variables_stand_above_its_file(settle):
    text = "[global]\nindex-url = http://first/\ntimeout = 5\n[wheel]\nindex_url = http://second/\n"
    secrets = {
        "PIP_INDEX_URL": "http://third/?a=%d",
        "PIP_EXTRA_INDEX_URL": "http://a/ http://b/",
        "OTHER": "x",
    }
    code, found, logins = settle(text, secrets)
    assert (code, logins) == (0, {})
    assert found["global"] == {
        "timeout": "5",
        "index-url": "http://third/?a=%d",
        "extra-index-url": "http://a/ http://b/",
    }
    assert found["wheel"] == {}


def test_pip_conf_names_secrets(settle):
    text = "[global]\nproxy-token = a${PIP_ONE}b${TWO}c${NONE}\n"
    code, found, _ = settle(text, {"PIP_ONE": "1$1\\%(x)s", "TWO": "2"})
    assert (code, found) == (0, {"global": {"proxy-token": "a1$1\\%(x)sb2c${NONE}"}})


def test_logins_go_into_a_netrc(settle):
    text = "[global]\nindex-url = https://robot:${PASSWORD}@one:8443/simple\nfind-links =\n    https://two/\n"
    secrets = {
        "PASSWORD": "p%40ss%2Fword%25",
        "PIP_EXTRA_INDEX_URL": "https://three:t!@&'@three/simple",
    }
    code, found, logins = settle(text, secrets, "machine old login x password y\n")
    assert code == 0, found
    assert found["global"]["index-url"] == "https://one:8443/simple"
    assert found["global"]["extra-index-url"] == "https://three/simple"
    assert logins == {
        "one": ["robot", "p@ss/word%"],
        "three": ["three", "t!@&'"],
        "old": ["x", "y"],
    }


def test_what_a_netrc_can_not_tell_apart_is_refused(settle):
    secrets = {"PIP_INDEX_URL": "https://a:one@h/ https://b:two@h/"}
    code, said = settle("", secrets)
    assert (code, said) == (1, "python: pip's addresses have two logins for h; they can have one\n")


@pytest.mark.parametrize(
    "password", ["with%0Aline", "back%5Cslash", "%22quoted%22", "", "sp%20ace", "p%C3%A4ss"]
)
def test_a_login_is_exact_or_refused(settle, password):
    """How much a netrc can hold differs between Pythons."""
    found = settle("", {"PIP_INDEX_URL": "https://a:%s@h/" % password})
    if found[0] == 0:
        assert found[2] == {"h": ["a", unquote(password)]}
    else:
        assert found[1].startswith("python: the login for h can't be written into a netrc")
        assert len(found[1].splitlines()) == 1


def test_a_file_that_pip_could_not_read_either(settle):
    code, said = settle("no section\n", {"PIP_TIMEOUT": "5"})
    assert code == 1 and said.startswith("python: ") and "Traceback" not in said
