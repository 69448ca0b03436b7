"""docs/configuration.md is in step with the schema: every key is there, in its section, and no other."""

from __future__ import absolute_import, print_function, unicode_literals

import io
import os
import re

import pytest

from business_hyper_fusion.grammar import values
from controller.settings import defaults, load, shape

PAGE = os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "docs", "configuration.md"
)
TABLES = {
    "machines": "machine",
    "git_servers": "git_server",
    "docker_registries": "docker_registry",
    "build_profiles": "build_profile",
    "projects": "project",
    "limits": "limits",
    "engine": "engine",
    "scripts": "script",
    "checkout": "checkout",
    "notify": "notify",
    "smtp": "smtp",
}


def page():
    with io.open(PAGE, encoding="utf-8") as opened:
        return opened.read()


def section(title):
    """The text below a heading, up to the next one."""
    return re.split(r"^#+ ", page().split("# %s\n" % title, 1)[1], maxsplit=1, flags=re.MULTILINE)[
        0
    ]


@pytest.mark.parametrize("title, definition", sorted(TABLES.items()))
def test_the_table_has_exactly_the_keys_of_the_schema(title, definition):
    documented = re.findall(r"^\| `(\w+)` \|", section(title), re.MULTILINE)
    assert sorted(documented) == sorted(shape.schema()["definitions"][definition]["properties"])


@pytest.mark.parametrize("title, definition", sorted(TABLES.items()))
def test_what_is_needed_is_said_to_be(title, definition):
    for key in shape.schema()["definitions"][definition].get("required", ()):
        assert re.search(r"^\| `%s` \| (needed|path)" % key, section(title), re.MULTILINE)


def test_every_section_and_every_kind_of_secret_is_explained():
    for key in shape.schema()["properties"]:
        assert "\n## %s\n" % key in page()
    for key in shape.schema()["definitions"]["secret"]["properties"]:
        assert "`{%s: " % key in section("Secrets")


def test_every_choice_is_named():
    text = page()
    for definition in shape.schema()["definitions"].values():
        for rule in [definition] + list(definition.get("properties", {}).values()):
            for choice in rule.get("enum", ()):
                assert "`%s`" % choice in text, choice


def test_every_reserved_name_is_listed():
    text = section("environment")
    for name in list(values._RESERVED_WHOLE) + [prefix + "*" for prefix in values._RESERVED]:
        assert "`%s`" % name in text, name


def test_the_defaults_are_the_programs():
    assert "`%s`" % defaults.ROOT in section("machines")
    assert "| `keep_failed` | `%dh` |" % (defaults.KEEP_FAILED // 3600) in section("build_profiles")
    assert "| `requeue` | %d |" % defaults.REQUEUE in section("build_profiles")
    assert "| `lost_after` | `%dm` |" % (defaults.LOST_AFTER // 60) in section("machines")
    assert "| `cache` | `%s` |" % defaults.CACHE in section("build_profiles")
    assert "| `moving_tags` | `[%s]` |" % ", ".join(defaults.MOVING_TAGS) in page()
    assert "| `security` | `%s` |" % defaults.SMTP_SECURITY in section("smtp")
    ports = [defaults.SMTP_PORTS[kind] for kind in ("starttls", "tls", "none")]
    assert "| `port` | %d, with `tls` %d, with `none` %d |" % tuple(ports) in section("smtp")
    assert "| `pids` | %d |" % defaults.PIDS in section("limits")
    assert "| `log` | `%dm` |" % (defaults.LOG_BYTES // 1024**2) in section("limits")
    assert "| `stall` | `%dm` |" % (defaults.STALL_SECONDS // 60) in section("limits")
    assert "| `builds` | %d |" % defaults.BUILDS in section("disk")
    assert "| `history` | `%dg` |" % (defaults.HISTORY_BYTES >> 30) in section("disk")
    assert "| `caches` | `%dg` |" % (defaults.CACHE_BYTES >> 30) in section("disk")
    assert "| `keep_free` | `%dm` |" % (defaults.KEEP_FREE_BYTES >> 20) in section("disk")
    assert defaults.limits({})[:2] == (59 * 60, 3600)


def test_the_example_works(tmpdir):
    text = re.search("```yaml\n(.*?)```", page(), re.DOTALL).group(1)
    path = tmpdir.join("tristan.yml")
    path.write(text)
    assert list(load(str(path)).projects) == ["shop"]
