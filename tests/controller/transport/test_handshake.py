"""The way to a machine: addresses, host keys, jump hosts; nothing is said to a stranger."""

from __future__ import absolute_import, print_function, unicode_literals

import contextlib
import io
import os
import select
import socket
import struct
import threading
import time

import pytest

from controller import errors
from controller.transport import handshake, ssh
from tests.faults import rows
from tests.lab import process


@contextlib.contextmanager
def server(answer):
    """A TCP server that runs `answer(connection)` for each call. Yields its port."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(5)

    def serve():
        while True:
            try:
                connection = listener.accept()[0]
            except (IOError, OSError):
                return
            try:
                answer(connection)
            except (IOError, OSError):
                pass
            connection.close()

    thread = threading.Thread(target=serve)
    thread.daemon = True
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(10)


def unreachable(operator, machine, timeout=15.0):
    with pytest.raises(errors.MachineUnreachable) as caught:
        operator.connect(machine, timeout)
    assert caught.value.exit_code == 3 and caught.value.remedy
    return caught.value


def test_a_port_where_nobody_listens(sshd, operator, machine_of):
    port = process.free_port()
    error = unreachable(operator, machine_of(sshd, port=port))
    assert "127.0.0.1 port %d: nobody listens there" % port in error.message


def test_a_host_that_does_not_answer(sshd, operator, machine_of):
    """A listener whose queue is full: the kernel drops what comes."""
    full = socket.socket()
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    fillers = []
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(full.getsockname())
        fillers.append(filler)
    assert select.select([full], [], [], 60)[0]  # one is in: there is no room for another
    started = time.time()
    error = unreachable(operator, machine_of(sshd, port=full.getsockname()[1]), timeout=0.5)
    assert "nothing within 0.5 seconds" in error.message
    assert time.time() - started < 60
    for one in fillers + [full]:
        one.close()


def test_a_host_without_an_address(sshd, operator, machine_of):
    error = unreachable(operator, machine_of(sshd, host="no-such-host.invalid"))
    assert "no address is known for the host no-such-host.invalid" in error.message


def test_a_server_that_is_no_ssh_server(sshd, operator, machine_of):
    def answer(connection):
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with server(answer) as port:
        error = unreachable(operator, machine_of(sshd, port=port))
    assert "no SSH server: it says 'HTTP/1.1 400 Bad Request'" in error.message


def test_a_server_that_says_nothing(sshd, operator, machine_of):
    with server(lambda connection: time.sleep(2)) as port:
        error = unreachable(operator, machine_of(sshd, port=port), timeout=0.5)
    assert "no SSH server speaks there" in error.message


@pytest.mark.parametrize(
    "said, word",
    [
        (b"Exceeded MaxStartups\r\n", "too many callers (MaxStartups)"),
        (b"Not allowed at this time\r\n", "PerSourcePenalties"),
        (b"", "no SSH server speaks there"),
    ],
)
def test_a_host_that_always_hangs_up_is_given_up(
    sshd, operator, machine_of, monkeypatch, said, word
):
    monkeypatch.setattr(handshake, "SILENT_SECONDS", 60.0)
    calls = []

    def answer(connection):
        calls.append(time.time())
        if len(calls) == 3:  # on a busy machine three calls may take a second
            monkeypatch.setattr(handshake, "CROWDED_SECONDS", 1.0)
            monkeypatch.setattr(handshake, "SILENT_SECONDS", 1.0)
        connection.sendall(said)

    with server(answer) as port:
        error = unreachable(operator, machine_of(sshd, port=port), timeout=60.0)
    assert word in error.message
    assert 3 <= len(calls) < 40, "called again, and not all the time"


def test_a_server_that_hangs_up_in_mid_exchange(sshd, operator, machine_of):
    def answer(connection):
        connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
        connection.recv(1000)

    with server(answer) as port:
        error = unreachable(operator, machine_of(sshd, port=port))
    assert "key exchange" in error.message


def test_a_server_that_hangs_up_on_some_callers_is_called_again(sshd, operator, machine_of):
    """As sshd does beyond MaxStartups."""
    calls = []

    def answer(connection):
        calls.append(1)
        if len(calls) < 3:
            connection.sendall(b"Exceeded MaxStartups\r\n")
            return
        real = socket.create_connection((sshd.host, sshd.port))
        back = threading.Thread(target=pump, args=(real, connection))
        back.start()
        pump(connection, real)
        back.join(10)

    with server(answer) as port:
        operator.write("known_hosts", sshd.known_hosts_line.replace("%d" % sshd.port, "%d" % port))
        connection = operator.connect(machine_of(sshd, port=port))
        assert connection.run("echo in").stdout == b"in\n"
        connection.close()
    assert len(calls) == 3


def pump(source, target):
    """Bytes from one socket to another until there are no more."""
    try:
        for data in iter(lambda: source.recv(65536), b""):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except (IOError, OSError):
        pass


@pytest.mark.parametrize("cut_calls", [1, 2])
@pytest.mark.parametrize("size", [100, 1000, 1300])
def test_a_call_that_is_cut_on_the_way_in_is_repeated_once(
    sshd, operator, machine_of, monkeypatch, size, cut_calls
):
    """In the key exchange, and while the login is proved."""
    monkeypatch.setattr(ssh, "CUT_PAUSE", (0, 0.1))
    calls = []

    def answer(connection):
        calls.append(1)
        real = socket.create_connection((sshd.host, sshd.port))
        back = threading.Thread(target=pump, args=(real, connection))
        back.start()
        if len(calls) <= cut_calls:
            pump_some(connection, real, size)
        else:
            pump(connection, real)
        for one in (real, connection):
            one.shutdown(socket.SHUT_RDWR)
        back.join(10)

    with server(answer) as port:
        operator.write("known_hosts", sshd.known_hosts_line.replace("%d" % sshd.port, "%d" % port))
        machine = machine_of(sshd, port=port)
        if cut_calls == 1:
            connection = operator.connect(machine)
            assert connection.run("echo in").stdout == b"in\n"
            connection.close()
        else:
            assert not isinstance(unreachable(operator, machine), errors.ConnectionLost)
    assert len(calls) == 2


def pump_some(source, target, size):
    """So many bytes, and no more."""
    while size:
        data = source.recv(size)
        size -= len(data)
        target.sendall(data)
        if not data:
            return


def test_an_old_sshd_is_explained(sshd, operator, machine_of):
    def answer(connection):
        connection.sendall(b"SSH-2.0-OpenSSH_5.3\r\n" + old_offer())
        time.sleep(0.5)

    with server(answer) as port:
        error = unreachable(operator, machine_of(sshd, port=port))
    assert error.cause == "incompatible_sshd"
    assert "too old: OpenSSH_5.3" in error.message
    assert "7.4" in error.remedy


def old_offer():
    """The packet that opens a key exchange, with what no client takes any more (RFC 4253, 7.1)."""
    lists = [b"diffie-hellman-group1-sha1", b"ssh-dss", b"arcfour", b"arcfour", b"hmac-md5",
             b"hmac-md5", b"none", b"none", b"", b""]  # fmt: skip
    payload = b"\x14" + b"\0" * 16
    payload += b"".join(struct.pack(str(">I"), len(one)) + one for one in lists) + b"\0" * 5
    padding = 16 - (len(payload) + 5) % 8
    header = struct.pack(str(">IB"), len(payload) + padding + 1, padding)
    return header + payload + b"\0" * padding


def test_an_sshd_with_sha1_signatures_alone(make_sshd, operator, machine_of):
    """The newest paramiko has no SHA-1 and must say so; older ones connect."""
    rsa = operator.key("host_rsa", "-t", "rsa", "-b", "2048")
    sshd = make_sshd(options={"HostKey": rsa, "HostKeyAlgorithms": "ssh-rsa"})
    operator.know_key(sshd, rsa)
    try:
        connection = operator.connect(machine_of(sshd))
    except errors.MachineUnreachable as error:
        assert error.cause == "incompatible_sshd"
        assert "HostKeyAlgorithms" in error.remedy
    else:
        assert connection.run("echo in").stdout == b"in\n"


def test_an_unknown_host_key(sshd, operator, machine_of):
    with pytest.raises(errors.HostKeyUnknown) as caught:
        operator.connect(machine_of(sshd))
    assert sshd.fingerprint in caught.value.message
    assert "`tristan enroll builder-1`" in caught.value.remedy


@rows.fault(9)
def test_a_changed_host_key_and_nothing_sent(make_sshd, operator, machine_of):
    sshd = make_sshd(options={"LogLevel": "DEBUG2"})
    operator.know(sshd)
    machine = machine_of(sshd, password=operator.secret("let-me-build"))
    operator.connect(machine).close()
    old = sshd.fingerprint
    sshd.replace_host_key()
    open(sshd.log, "w").close()
    with pytest.raises(errors.HostKeyChanged) as caught:
        operator.connect(machine)
    assert old in caught.value.message and sshd.fingerprint in caught.value.message
    assert "`tristan enroll builder-1`" in caught.value.remedy
    assert "userauth" not in calls_in(sshd), "somebody tried to log in"


def test_what_proves_that_nothing_was_sent_would_see_a_login(make_sshd, operator, machine_of):
    sshd = make_sshd(options={"LogLevel": "DEBUG2"})
    operator.know(sshd)
    operator.connect(machine_of(sshd))
    assert "userauth" in calls_in(sshd)


def calls_in(sshd):
    """What an sshd wrote of its callers, once the last one is gone or in."""

    def text():
        with io.open(sshd.log, encoding="utf-8", errors="replace") as opened:
            return opened.read()

    def over():
        return not sshd.connections() or "Accepted" in text()

    process.wait_until(over, 60, "the end of a call")
    return text()


def test_a_revoked_host_key(sshd, operator, machine_of):
    name, rest = sshd.known_hosts_line.split(" ", 1)
    operator.know(sshd)
    operator.write(".ssh/known_hosts", "@revoked * %s\n" % rest)
    with pytest.raises(errors.HostKeyChanged) as caught:
        operator.connect(machine_of(sshd))
    assert caught.value.cause == "host_key_revoked"
    assert ".ssh/known_hosts:1" in caught.value.message


def test_the_users_known_hosts_is_honoured(sshd, operator, machine_of):
    path = operator.write(".ssh/known_hosts", sshd.known_hosts_line + "\n")
    process.output(["ssh-keygen", "-q", "-H", "-f", path])
    assert operator.connect(machine_of(sshd)).alive()


@pytest.mark.parametrize("kind", ["rsa", "ecdsa", "ed25519"])
def test_the_pinned_type_is_asked_for(make_sshd, operator, machine_of, kind):
    """A host with several keys shows the one that is pinned, not its favourite."""
    paths = [operator.key("host_" + one, "-t", one) for one in ("rsa", "ecdsa", "ed25519")]
    sshd = make_sshd(options={"HostKey": "\nHostKey ".join(paths)})
    operator.know_key(sshd, os.path.join(operator.home, "host_" + kind))
    assert operator.connect(machine_of(sshd)).alive()


def test_a_host_that_lost_its_pinned_type_has_changed(make_sshd, operator, machine_of):
    sshd = make_sshd()
    operator.know_key(sshd, operator.key("host_ecdsa", "-t", "ecdsa"))
    with pytest.raises(errors.HostKeyChanged):
        operator.connect(machine_of(sshd))


@pytest.mark.parametrize(
    "option, value, lacking",
    [
        ("HostKeyAlgorithms", "ssh-rsa", "host key with SHA-2 signatures"),
        ("KexAlgorithms", "diffie-hellman-group1-sha1,diffie-hellman-group14-sha1", "key exchange"),
        ("Ciphers", "chacha20-poly1305@openssh.com", "cipher"),
        ("MACs", "umac-128-etm@openssh.com", "message authentication"),
    ],
)
def test_an_sshd_that_offers_only_what_is_not_taken(
    make_sshd, operator, machine_of, option, value, lacking
):
    key = operator.key("host_rsa", "-t", "rsa")
    sshd = make_sshd(options={"HostKey": key, "Ciphers": "aes128-ctr", option: value})
    operator.know_key(sshd, key)
    error = unreachable(operator, machine_of(sshd))
    assert error.cause == "incompatible_sshd"
    assert "(OpenSSH_" in error.message and "no %s in common" % lacking in error.message
    assert option in error.remedy and "sshd_config" in error.remedy


@pytest.mark.parametrize("says_more", [True, False])
def test_an_sshd_that_is_too_old(sshd, operator, machine_of, says_more):
    def answer(connection):
        connection.sendall(b"SSH-2.0-OpenSSH_5.3\r\n")
        if says_more:
            connection.sendall(OLD_KEXINIT)
        connection.recv(1000)

    with server(answer) as port:
        error = unreachable(operator, machine_of(sshd, port=port))
    assert error.cause == "incompatible_sshd"
    assert "is too old: OpenSSH_5.3" in error.message
    assert "needs OpenSSH 7.4 or newer: update it" in error.remedy


def kexinit(*lists):
    """A server's first packet: what it offers. :param lists: texts with commas, as of RFC 4253, 7.1."""
    body = b"\x14" + b"\0" * 16
    for one in lists:
        body += struct.pack(">I", len(one)) + one
    body += b"\0" * 5
    padding = 8 - (len(body) + 5) % 8 + 8
    return struct.pack(">IB", len(body) + padding + 1, padding) + body + b"\0" * padding


OLD_OFFER = [b"diffie-hellman-group1-sha1", b"ssh-rsa,ssh-dss"] + [b"aes128-cbc,3des-cbc"] * 2
OLD_KEXINIT = kexinit(*(OLD_OFFER + [b"hmac-md5,hmac-sha1"] * 2 + [b"none"] * 2 + [b""] * 2))


@pytest.fixture
def certified(make_sshd, operator):
    """Function (kind of key, *options of ssh-keygen -s) -> sshd with a certificate of its host key."""

    def make(kind, *options):
        ca, key = operator.key("ca", "-t", "ed25519"), operator.key("host", "-t", kind)
        words = ["ssh-keygen", "-q", "-s", ca, "-I", "host", key + ".pub"]
        process.output(words[:-1] + list(options) + words[-1:])
        lines = {"HostKey": key, "HostCertificate": key + "-cert.pub"}
        return make_sshd(options=lines)

    return make


def trust(operator, name="ca", marker="@cert-authority", patterns="*"):
    with io.open(os.path.join(operator.home, name + ".pub"), encoding="utf-8") as public:
        key = " ".join(public.read().split()[:2])
    operator.write(".ssh/known_hosts", "%s %s %s\n" % (marker, patterns, key))


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
@pytest.mark.parametrize("patterns", ["*", "127.0.0.?"])
def test_a_host_whose_key_an_authority_signed(certified, operator, machine_of, kind, patterns):
    sshd = certified(kind, "-h", "-n", "build.example.com,127.0.0.1")
    trust(operator, patterns=patterns)
    assert operator.connect(machine_of(sshd)).run("echo in").stdout == b"in\n"


@pytest.mark.parametrize(
    "options, word",
    [
        (("-h", "-n", "other.example.com"), "is for other.example.com"),
        (("-h",), "is for no host by name"),
        (("-n", "127.0.0.1"), "is no host's"),
        (("-h", "-n", "127.0.0.1", "-V", "-2d:-1d"), "has expired on 20"),
        (("-h", "-n", "127.0.0.1", "-V", "+1d:+2d"), "is not valid before 20"),
    ],
)
def test_a_certificate_that_is_not_to_be_believed(certified, operator, machine_of, options, word):
    sshd = certified("ed25519", *options)
    trust(operator)
    with pytest.raises(errors.HostKeyUnknown) as caught:
        operator.connect(machine_of(sshd))
    assert "a @cert-authority is known, but its certificate %s" % word in caught.value.message


def test_a_certificate_of_another_authority(certified, operator, machine_of):
    sshd = certified("ed25519", "-h", "-n", "127.0.0.1")
    operator.key("other", "-t", "ed25519")
    trust(operator, "other")
    with pytest.raises(errors.HostKeyUnknown) as caught:
        operator.connect(machine_of(sshd))
    assert "signed by an authority that is not known" in caught.value.message


def test_a_pinned_key_counts_more_than_an_authority(certified, operator, machine_of):
    sshd = certified("ed25519", "-h", "-n", "127.0.0.1")
    trust(operator)
    operator.know(sshd)  # of the lab's usual host key, which this one does not have
    with pytest.raises(errors.HostKeyChanged):
        operator.connect(machine_of(sshd))


def test_a_host_without_a_certificate(sshd, operator, machine_of):
    rest = sshd.known_hosts_line.split(" ", 1)[1]
    operator.write(".ssh/known_hosts", "@cert-authority * %s\n" % rest)
    with pytest.raises(errors.HostKeyUnknown) as caught:
        operator.connect(machine_of(sshd))
    assert "@cert-authority is known, but its certificate is missing" in caught.value.message


JUMP = """
Host builder-1
    HostName 127.0.0.1
    Port {inner.port}
    User builder
    ProxyJump gate
Host gate
    HostName localhost
    Port {gate.port}
    User builder
    IdentityFile {gate.client_key}
    HostKeyAlias the-gate
"""


@pytest.fixture
def behind_a_gate(make_sshd, operator, machine_of):
    """Function (**options of the gate's sshd) -> (gate, inner sshd, machine)."""

    def make(**options):
        gate, inner = make_sshd(options=options), make_sshd()
        operator.write(".ssh/config", JUMP.format(inner=inner, gate=gate))
        machine = machine_of(inner, host="builder-1", port=None, username=None)
        return gate, inner, machine

    return make


def know_both(operator, gate, inner):
    gate_line = "the-gate " + gate.known_hosts_line.split(" ", 1)[1]
    operator.write("known_hosts", gate_line + "\n" + inner.known_hosts_line + "\n")


def test_through_a_jump_host(operator, behind_a_gate):
    gate, inner, machine = behind_a_gate()
    know_both(operator, gate, inner)
    connection = operator.connect(machine)
    data = os.urandom(1000000)
    assert connection.run("cat", data).stdout == data
    with io.open(gate.log) as log:
        assert "Accepted publickey" in log.read()
    gate.kill_sessions()
    process.wait_until(lambda: not connection.alive(), 60, "the cut of the way")
    with pytest.raises(errors.ConnectionLost):
        connection.run("true")


def at(sshd):
    return "{0.username}@{0.host}:{0.port}".format(sshd)


def test_through_jump_hosts_of_tristan_yml(make_sshd, operator, machine_of):
    """Two of them, and nothing in ~/.ssh; the key and the user are the machine's."""
    first, second, inner = make_sshd(), make_sshd(), make_sshd()
    with io.open(inner.client_key + ".pub") as public:
        text = public.read()
    for gate in (first, second):
        with io.open(os.path.join(gate.directory, "authorized_keys"), "a") as opened:
            opened.write(text)
    operator.know(first, second, inner)
    inner_alone = "{0.host}:{0.port}".format(second)
    machine = machine_of(inner, jump_hosts=(at(first), inner_alone))
    assert operator.connect(machine).run("id -un").stdout == b"builder\n"
    for gate in (first, second):
        with io.open(gate.log) as log:
            assert "Accepted publickey for builder" in log.read()
    operator.know(first, inner)
    with pytest.raises(errors.HostKeyUnknown) as caught:
        operator.connect(machine)
    assert second.fingerprint in caught.value.message


def test_each_host_on_the_way_must_be_known(operator, behind_a_gate):
    gate, inner, machine = behind_a_gate()
    operator.know(inner)
    with pytest.raises(errors.HostKeyUnknown) as caught:
        operator.connect(machine)
    assert gate.fingerprint in caught.value.message
    know_both(operator, gate, inner)
    gate.replace_host_key()
    with pytest.raises(errors.HostKeyChanged) as caught:
        operator.connect(machine)
    assert gate.fingerprint in caught.value.message


def test_a_jump_host_that_forwards_nothing(operator, behind_a_gate):
    gate, inner, machine = behind_a_gate(AllowTcpForwarding="no")
    know_both(operator, gate, inner)
    error = unreachable(operator, machine)
    assert "jump host" in error.message and "AllowTcpForwarding" in error.remedy


def test_a_machine_that_its_jump_host_can_not_reach(operator, behind_a_gate):
    gate, inner, machine = behind_a_gate()
    know_both(operator, gate, inner)
    inner.stop_listening()
    assert "jump host can't reach" in unreachable(operator, machine).message


def test_a_jump_host_that_lets_nobody_in(operator, behind_a_gate):
    gate, inner, machine = behind_a_gate(AllowUsers="somebody-else")
    know_both(operator, gate, inner)
    with pytest.raises(errors.AuthenticationFailed) as caught:
        operator.connect(machine)
    assert "gate" in caught.value.message


FORWARD = """#!/usr/bin/python3
import socket, sys, threading, os
connection = socket.create_connection((sys.argv[1], int(sys.argv[2])))
def back():
    for data in iter(lambda: connection.recv(65536), b""):
        os.write(1, data)
    os._exit(0)
threading.Thread(target=back, daemon=True).start()
for data in iter(lambda: os.read(0, 65536), b""):
    connection.sendall(data)
"""


def test_through_a_proxy_command(sshd, operator, machine_of):
    command = operator.write("forward", FORWARD, 0o755)
    operator.write(".ssh/config", "Host *\n  ProxyCommand %s '%%h' %%p\n" % command)
    operator.know(sshd)
    connection = operator.connect(machine_of(sshd))
    data = os.urandom(1000000)
    assert connection.run("cat", data).stdout == data
    proxies = [pid for pid in process.children(os.getpid()) if command in process.command_line(pid)]
    assert proxies
    connection.close()
    process.wait_until(lambda: not any(map(process.alive, proxies)), 60, "the proxy's end")


def test_a_proxy_command_that_fails(sshd, operator, machine_of):
    operator.write(".ssh/config", "Host *\n  ProxyCommand echo gate: no way >&2; exit 1\n")
    operator.know(sshd)
    error = unreachable(operator, machine_of(sshd))
    assert "gate: no way" in error.message
