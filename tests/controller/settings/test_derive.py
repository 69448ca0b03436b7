"""What leaves for the machines: the public part of the settings, always in the same bytes."""

from __future__ import absolute_import, print_function, unicode_literals

import io
import json
import os

from controller import settings
from controller.settings import derive
from tests.controller.settings.test_model import loaded

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(settings.__path__[0])))


def derived(found):
    return dict((path, content) for path, content, _ in derive.data_files(found))


def test_the_documents(written):
    files = derived(loaded(written))
    servers = json.loads(files["data_data/git_server.json"].decode("ascii"))["git_servers"]
    assert servers["main"] == {
        "kind": "gitlab",
        "address": "https://git.example.com",
        "username": "robot",
        "host_key": "",
        "default": True,
        "description": "where our code is",
    }
    registries = json.loads(files["data_data/docker_registry.json"].decode("ascii"))
    assert registries == {
        "docker_registries": {
            "main": {
                "address": "registry.example.com:5000",
                "namespace": "team/tools",
                "username": "robot$shop",
                "insecure": False,
                "description": "our images",
            },
            "plain": {
                "address": "localhost:5000",
                "namespace": "",
                "username": "",
                "insecure": True,
                "description": "",
            },
        }
    }


def test_no_secret_and_no_place_of_one_leaves(written):
    everything = b"".join(derived(loaded(written)).values())
    for word in (b"password", b"git-password", b"REGISTRY", b"key_file", b"/keys"):
        assert word not in everything


def test_the_same_settings_give_the_same_bytes_and_carry_the_files_time(written):
    found = loaded(written)
    again = found._replace(git_servers=dict(reversed(list(found.git_servers.items()))))
    assert derive.data_files(again) == derive.data_files(found)
    assert [time for _, _, time in derive.data_files(found)] == [found.update_time] * 2


def test_the_examples_in_data_data_are_what_is_derived_from_the_starting_file():
    found = settings.load(os.path.join(ROOT, "data_data", "example.yml"))
    for path, content, _ in derive.data_files(found):
        with io.open(os.path.join(ROOT, path), "rb") as opened:
            assert opened.read() == content
