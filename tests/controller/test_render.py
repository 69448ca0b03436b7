"""Rendering: what a value becomes in a script, run by a real shell; the templates we ship."""

from __future__ import absolute_import, print_function, unicode_literals

import subprocess

import pytest

from controller import errors, render

HOSTILE = [
    "$(id)",
    "a;b",
    "`id`",
    "it's",
    'a "b"',
    "a\nb",
    "",
    " ",
    "-n",
    "*",
    "\\",
    "\u00fcn\u00efcode",
    "a b",
]


def template(directory, text):
    directory.join("script.sh.j2").write_binary(text.encode("utf-8"))
    return str(directory)


def shell(script):
    return subprocess.check_output(["sh", "-c", script.encode("utf-8")]).decode("utf-8")


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_is_one_word_for_a_real_shell(tmpdir, value):
    script = render.render(
        "script.sh.j2", template(tmpdir, "printf '%s|' {{ value }}"), value=value
    )
    assert shell(script) == value + "|"


def test_a_list_is_its_words(tmpdir):
    directory = template(tmpdir, "printf '%s|' {{ values }}")
    script = render.render("script.sh.j2", directory, values=HOSTILE)
    assert shell(script) == "".join(value + "|" for value in HOSTILE)


def test_a_filter_does_not_lose_the_quoting(tmpdir):
    directory = template(tmpdir, "printf '%s|' {{ value | upper }} {{ 'x y' }} {{ value ~ ' z' }}")
    assert shell(render.render("script.sh.j2", directory, value="$(id)")) == "$(ID)|x y|$(id) z|"


def test_raw_is_the_explicit_way_around(tmpdir):
    directory = template(tmpdir, "printf '%s|' {{ value | raw }}")
    assert shell(render.render("script.sh.j2", directory, value="a b")) == "a|b|"


def test_a_missing_value_is_an_error(tmpdir):
    with pytest.raises(errors.TristanError) as caught:
        render.render("script.sh.j2", template(tmpdir, "echo {{ absent }}"))
    assert "absent" in caught.value.message


@pytest.mark.parametrize("value", [None, 1.5, True, {}])
def test_a_value_without_a_place_in_a_script_is_an_error(tmpdir, value):
    with pytest.raises(errors.TristanError):
        render.render("script.sh.j2", template(tmpdir, "echo {{ value }}"), value=value)


def test_nul_is_refused(tmpdir):
    with pytest.raises(errors.Refused):
        render.render("script.sh.j2", template(tmpdir, "echo {{ value }}"), value="a\0b")


def test_a_template_with_windows_line_ends_gives_a_script_that_runs(tmpdir):
    script = render.render(
        "script.sh.j2", template(tmpdir, "#!/bin/sh\r\necho {{ value }}\r\n"), value=1
    )
    assert script == "#!/bin/sh\necho 1\n"


def test_the_default_compile_script_is_plain_shell():
    script = render.render("compile_to_execute.sh.j2")
    subprocess.check_call(["sh", "-n", "-c", script])
    assert script.startswith("#!/bin/sh\n")
    assert '"$TRISTAN_BUILD/build_project.sh"' in script


@pytest.mark.parametrize(
    "image", ["python:3.12-slim", "registry.example.com:5000/group/app@sha256:" + "0" * 64]
)
def test_the_recipe_starts_from_the_image_as_written(image):
    recipe = render.render("build_image.Dockerfile.j2", image=image)
    assert "\nFROM %s\n" % image in recipe
