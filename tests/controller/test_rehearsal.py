"""What `config check` finds beyond loading: templates that can't be rendered, packs that are not there."""

from __future__ import absolute_import, print_function, unicode_literals

import pytest

from controller import errors, rehearsal
from tests.controller.test_templates import SETTINGS, load

__all__ = ["load"]


def test_a_rehearsal_finds_what_would_stop_any_project(load):
    text = SETTINGS.replace("values.jobs", "values.job") + (
        "  shelf: {repository: a, build_profile: app}\n"
        "  ruby: {repository: a, build_profile: rb}\n"
        "  gem: {repository: a, build_profile: rb, compile_to_execute: rake}\n"
    )
    profiles = "build_profiles:\n  rb: {image: ruby, language: ruby}\n"
    profiles += (
        "  idle: {image: x, dockerfile: \"FROM x\\n{{.X}}\", compile_to_execute: '{{ a }}'}\n"
    )
    loaded = load(text.replace("build_profiles:\n", profiles))
    assert rehearsal.faults(loaded, ["nodejs", "python"]) == [
        (
            "build_profiles.app.compile_to_execute",
            "line 1: values has no job; there is: jobs, modules, target (rendered for shop, shelf)",
        ),
        (
            "projects.page.compile_to_execute",
            "line 1: values has no nothing; it is empty (rendered for page)",
        ),
        (
            "projects.ruby.language",
            "there is no language pack ruby, but for nodejs, python;"
            " or give the project a compile_to_execute",
        ),
        (
            "build_profiles.idle.dockerfile",
            "line 2: unexpected '.'; braces meant for another program go between"
            " {% raw %} and {% endraw %}",
        ),
    ]


def test_a_rehearsal_without_a_fault(load):
    loaded = load(SETTINGS.replace("values.nothing", "1"))
    rehearsal.check(loaded, ["nodejs", "python"])
    with pytest.raises(errors.SettingsError) as caught:
        rehearsal.check(loaded, ["python"])
    assert caught.value.message.endswith("tristan.yml has 1 fault")
