"""Who gets in, in which way, and what is said to who does not."""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import io
import os

import pytest

from controller import errors
from controller.secrets import SecretReference
from controller.transport import keys, login
from tests.lab import process


@pytest.fixture
def log_in(sshd, operator, machine_of):
    """Function (**changes of the machine) -> Transport; the host key is known."""
    operator.know(sshd)

    def connect(**changes):
        return operator.connect(machine_of(sshd, **changes))

    return connect


@pytest.fixture
def allow(sshd):
    """Function (path of a private key) that lets its owner in."""

    def append(path):
        with io.open(path + ".pub", encoding="utf-8") as public:
            text = public.read()
        with io.open(os.path.join(sshd.directory, "authorized_keys"), "a") as opened:
            opened.write(text)

    return append


def refused(log_in, **changes):
    """The error of a login that must fail."""
    with pytest.raises(errors.AuthenticationFailed) as caught:
        log_in(**changes)
    assert caught.value.exit_code == 3
    return caught.value


def says_whoami(connection):
    return connection.run("id -un").stdout == b"builder\n"


def test_a_password(log_in, operator):
    assert says_whoami(log_in(key_file=None, password=operator.secret("let-me-build")))


def test_a_wrong_password(log_in, operator):
    error = refused(log_in, key_file=None, password=operator.secret("guess-7351"))
    assert "tried: the password" in error.message
    assert "guess" not in error.message + error.remedy
    assert "ssh -p" in error.remedy


def test_a_password_with_other_letters(log_in, operator):
    assert refused(log_in, key_file=None, password=operator.secret("p\u00e4ss \u20ac"))


def test_a_password_that_can_not_be_read(log_in):
    with pytest.raises(errors.SecretUnavailable):
        log_in(key_file=None, password=SecretReference("env", "TRISTAN_TEST_NO_SUCH"))


def test_a_password_behind_questions_of_the_machine(make_sshd, operator, machine_of):
    """A server that accepts no method "password" may ask for one all the same."""
    sshd = make_sshd(
        options={
            "PasswordAuthentication": "no",
            "KbdInteractiveAuthentication": "yes",
            "UsePAM": "yes",
        }
    )
    operator.know(sshd)
    machine = machine_of(sshd, key_file=None, password=operator.secret("let-me-build"))
    assert says_whoami(operator.connect(machine))


def test_a_key_and_a_password_are_tried_in_turn(log_in, operator):
    key = operator.key("stranger", "-t", "ed25519")
    assert says_whoami(log_in(key_file=key, password=operator.secret("let-me-build")))


def test_a_password_is_not_read_when_a_key_is_enough(log_in):
    assert says_whoami(log_in(password=SecretReference("env", "TRISTAN_TEST_NO_SUCH")))


@pytest.mark.parametrize("options", [("rsa", "-b", "2048"), ("ecdsa",), ("ed25519",)])
def test_keys_of_each_type(log_in, allow, operator, options):
    key = operator.key("key", "-t", *options)
    allow(key)
    assert says_whoami(log_in(key_file=key))


def test_an_rsa_key_where_only_old_signatures_are_taken(make_sshd, operator, machine_of):
    """An sshd from before rsa-sha2 says so in no way: it refuses."""
    key = operator.key("key", "-t", "rsa")
    sshd = make_sshd(
        options={"PubkeyAcceptedAlgorithms": "ssh-rsa", "PasswordAuthentication": "no"}
    )
    with io.open(os.path.join(sshd.directory, "authorized_keys"), "a") as opened:
        with io.open(key + ".pub") as public:
            opened.write(public.read())
    operator.know(sshd)
    with pytest.raises(errors.AuthenticationFailed) as caught:
        operator.connect(machine_of(sshd, key_file=key))
    assert "PubkeyAcceptedAlgorithms rsa-sha2-256" in caught.value.remedy


def test_an_rsa_key_is_not_shown_to_an_sshd_that_says_it_can_not_take_it(
    operator, machine_of, sshd
):
    """Its list of signatures is told after the key exchange; OpenSSH 7.2 and newer have what is wanted in it."""
    way = collections.namedtuple("Transport", "server_extensions")({"server-sig-algs": b"ssh-rsa"})
    path = operator.key("key", "-t", "rsa")
    one = login.Login(way, machine_of(sshd), None)
    assert one._is_useless("key", keys.load(keys.look(path)))
    assert not one._is_useless("key", keys.load(keys.look(sshd.client_key)))


def test_a_stranger_key(log_in, operator):
    key = operator.key("stranger", "-t", "ed25519")
    error = refused(log_in, key_file=key)
    assert "tried: key %s" % key in error.message


def test_no_key_and_no_password(log_in):
    error = refused(log_in, key_file=None)
    assert "no key and no password" in error.message


def test_a_missing_key_file(log_in):
    with pytest.raises(errors.SecretUnavailable) as caught:
        log_in(key_file="/no/such/key")
    assert "/no/such/key" in caught.value.message


def test_an_encrypted_key_without_its_passphrase(log_in, allow, operator):
    key = operator.key("locked", "-t", "ed25519", "-N", "secret")
    allow(key)
    error = refused(log_in, key_file=key)
    assert "%s needs a passphrase" % key in error.message
    assert "ssh-add" in error.remedy


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_an_encrypted_key_that_the_agent_holds(log_in, allow, operator, kind):
    key = operator.key("open", "-t", kind)
    allow(key)
    operator.agent(key)
    process.output(["ssh-keygen", "-q", "-p", "-P", "", "-N", "secret", "-f", key])
    assert says_whoami(log_in(key_file=key))


@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
def test_the_agents_keys(log_in, allow, operator, kind):
    key = operator.key("held", "-t", kind)
    allow(key)
    operator.agent(operator.key("stranger", "-t", "ed25519"), key)
    os.remove(key)
    assert says_whoami(log_in(key_file=None))


def test_identities_only_keeps_the_agents_other_keys_back(log_in, allow, operator):
    key = operator.key("held", "-t", "ed25519")
    allow(key)
    operator.agent(key)
    operator.write(".ssh/config", "Host *\n  IdentitiesOnly yes\n  IdentityFile ~/none\n")
    assert "no key" in refused(log_in, key_file=None).message
    operator.write(".ssh/config", "Host *\n  IdentitiesOnly yes\n  IdentityFile %s.pub\n" % key)
    assert says_whoami(log_in(key_file=None))


def test_a_key_file_of_tristan_yml_is_the_only_one(log_in, allow, operator):
    key = operator.key("held", "-t", "ed25519")
    allow(key)
    operator.agent(key)
    refused(log_in, key_file=operator.key("stranger", "-t", "ed25519"))


def test_the_usual_key_of_the_operator(log_in, allow, operator):
    allow(operator.key(".ssh/id_ed25519", "-t", "ed25519"))
    assert says_whoami(log_in(key_file=None))


def test_a_dead_agent_is_no_trouble(log_in, monkeypatch):
    monkeypatch.setenv(str("SSH_AUTH_SOCK"), str("/no/such/socket"))
    assert says_whoami(log_in())


@pytest.fixture
def certified(make_sshd, operator):
    """Function (kind of key) -> (sshd that trusts an authority alone, path of a key that it has signed)."""

    def make(kind):
        ca, key = operator.key("ca", "-t", "ed25519"), operator.key("key", "-t", kind)
        process.output(["ssh-keygen", "-q", "-s", ca, "-I", "me", "-n", "builder", key + ".pub"])
        os.chmod(operator.home, 0o755)
        sshd = make_sshd(options={"TrustedUserCAKeys": ca + ".pub", "AuthorizedKeysFile": "none"})
        operator.know(sshd)
        return sshd, key

    return make


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_a_certificate(certified, operator, machine_of, kind):
    sshd, key = certified(kind)
    assert says_whoami(operator.connect(machine_of(sshd, key_file=key)))
    os.remove(key + "-cert.pub")
    with pytest.raises(errors.AuthenticationFailed):
        operator.connect(machine_of(sshd, key_file=key))


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
@pytest.mark.parametrize("explicit", [False, True])
def test_a_certificate_that_the_agent_holds(certified, operator, machine_of, kind, explicit):
    sshd, key = certified(kind)
    operator.agent(key)
    process.output(["ssh-keygen", "-q", "-p", "-P", "", "-N", "secret", "-f", key])
    os.remove(key + "-cert.pub")
    key_file = key if explicit else None
    assert says_whoami(operator.connect(machine_of(sshd, key_file=key_file)))


def test_a_certificate_whose_time_is_over(certified, operator, machine_of):
    sshd, key = certified("ed25519")
    words = ["ssh-keygen", "-q", "-s", os.path.join(operator.home, "ca"), "-I", "me"]
    process.output(words + ["-n", "builder", "-V", "-2d:-1d", key + ".pub"])
    with pytest.raises(errors.AuthenticationFailed) as caught:
        operator.connect(machine_of(sshd, key_file=key))
    assert "certificate" in caught.value.message and "expired" in caught.value.message


def test_a_second_factor_that_is_there(make_sshd, operator, machine_of):
    sshd = make_sshd(options={"AuthenticationMethods": "publickey,password"})
    operator.know(sshd)
    machine = machine_of(sshd, password=operator.secret("let-me-build"))
    assert says_whoami(operator.connect(machine))


def test_a_second_factor_that_is_missing(make_sshd, operator, machine_of):
    sshd = make_sshd(options={"AuthenticationMethods": "publickey,password"})
    operator.know(sshd)
    with pytest.raises(errors.AuthenticationFailed) as caught:
        operator.connect(machine_of(sshd))
    assert "wants password too" in caught.value.message


def test_too_many_keys_for_the_machine(make_sshd, operator, machine_of):
    sshd = make_sshd(options={"MaxAuthTries": 2})
    operator.know(sshd)
    operator.agent(*[operator.key("key%d" % number, "-t", "ed25519") for number in range(4)])
    with pytest.raises(errors.AuthenticationFailed) as caught:
        operator.connect(machine_of(sshd, key_file=None))
    assert "connection ended" in caught.value.message


def test_an_unknown_user(log_in):
    error = refused(log_in, username="nobody-at-all")
    assert "nobody-at-all" in error.message
