"""The files of ca_file: certificates in PEM, and nothing else of them leaves this host."""

from __future__ import absolute_import, print_function, unicode_literals

import pytest

from tests.controller.settings.authority import CERTIFICATE

TEXT = "machines: {b: {ca_file: ca.pem}}\n"


def test_the_certificates_alone_are_taken(written):
    around = "# Test authority\n%s\n\nanother\n%s" % (CERTIFICATE, CERTIFICATE)
    written.directory.join("ca.pem").write_binary(around.replace("\n", "\r\n").encode("ascii"))
    machine = written.load(TEXT).machines["b"]
    assert machine.ca == CERTIFICATE * 2
    assert machine.ca_file == str(written.directory.join("ca.pem"))


@pytest.mark.parametrize(
    "content, message",
    [
        (None, "can't be read: No such file"),
        ("", "holds no certificate in PEM"),
        ("\0\xff", "holds no certificate in PEM"),
        ("-----BEGIN CERTIFICATE-----\n\n-----END CERTIFICATE-----\n", "holds no certificate"),
        (CERTIFICATE.replace("BEGIN CERT", "BEGIN PUBLIC CERT"), "holds no certificate"),
        (CERTIFICATE.replace("MIIBijCC", "MIIBizCC"), "holds a broken certificate"),
        (CERTIFICATE.replace("\n4bdB", "\n4bd"), "holds a broken certificate"),
        (CERTIFICATE.replace("4bdB+6Dz0ymRzQhuDSE=\n", ""), "holds a broken certificate"),
        (CERTIFICATE + "-----BEGIN EC PRIVATE KEY-----\n", "holds a private key"),
        (CERTIFICATE * 2000, "is larger than 1048576 bytes"),
    ],
)
def test_what_is_none_is_a_fault(written, content, message):
    if content is not None:
        written.directory.join("ca.pem").write_binary(content.encode("latin-1"))
    ((key, said),) = written.faults(TEXT)
    assert key == "machines.b.ca_file"
    assert message in said
    assert "MII" not in said


@pytest.mark.parametrize("section", ["docker_registries", "build_profiles"])
def test_the_files_of_other_sections_are_read_too(written, section):
    rest = {"docker_registries": "address: 'h:1'", "build_profiles": "image: x"}[section]
    text = "machines: {b: {}}\n%s: {x: {%s, ca_file: ca.pem}}\n" % (section, rest)
    ((key, _),) = written.faults(text)
    assert key == section + ".x.ca_file"
    written.directory.join("ca.pem").write(CERTIFICATE)
    assert getattr(written.load(text), section)["x"].ca_file.endswith("/ca.pem")
