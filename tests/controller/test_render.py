"""Rendering: what a value becomes in a script, run by a real shell; the templates we ship."""

from __future__ import absolute_import, print_function, unicode_literals

import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from business_hyper_fusion import grammar, scripts
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


# An operator's own templates.

FORMS = [
    ("{{ v }}", lambda v, w: [v]),
    ("{{ values.name }} {{ values['name'] }}", lambda v, w: [v, v]),
    ("{{ list }}", lambda v, w: w),
    ("{{ [v, 'a b', 7] + list }}", lambda v, w: [v, "a b", "7"] + w),
    ("{{ [[v], [[v]]] }}", lambda v, w: [v, v]),
    ("{{ list | reverse | list }}", lambda v, w: list(reversed(w))),
    ("{{ values.none | default(v) }}", lambda v, w: [v]),
    ("{{ v ~ '; id' }}", lambda v, w: [v + "; id"]),
    ("{{ (v | raw) ~ ' $(id)' }}", lambda v, w: [v + " $(id)"]),
    ("{{ v | safe }}", lambda v, w: [v]),
    ("--v={{ v }}x", lambda v, w: ["--v=" + v + "x"]),
    ("{% set s = v %}{{ s }}", lambda v, w: [v]),
    ("{% if v == v %}{{ v }}{% else %}no{% endif %}", lambda v, w: [v]),
    ("{% for x in list %}-{{ x }} {% endfor %}", lambda v, w: ["-" + x for x in w]),
    ("{% macro m(context, self) %}-{{ context }} {{ self }}{% endmacro %}{{ m(v, list) }} {{ m(v, v) }}",
     lambda v, w: ["-" + v] + w + ["-" + v, v]),
    ("{% macro m() %}[{{ caller(v) }}]{% endmacro %}{% call(x) m() %}-{{ x }}{% endcall %}",
     lambda v, w: ["[-" + v + "]"]),
    ("{% for x in [[v, [[v, []]]]] recursive %}{{ x[0] }} {{ loop(x[1]) }}{% endfor %}",
     lambda v, w: [v, v]),
    ("{% block b %}{{ v }}{% endblock %} {{ self.b() }}", lambda v, w: [v, v]),
    ("{% autoescape true %}{{ v | raw | replace('x', 'x') }}{% endautoescape %}", lambda v, w: [v]),
]  # fmt: skip

_texts = st.text(
    st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=12
) | st.text("ab '\"\\$`;&|<>(){}[]*?!~#%=-\t\r\n", max_size=12)
SLOW = [HealthCheck.too_slow]


@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
@given(value=_texts, words=st.lists(_texts, min_size=1, max_size=4))
def test_a_value_comes_out_of_a_real_shell_as_the_very_value(value, words):
    """In every form, and after the machine made the script's line ends its own."""
    seen = {"v": value, "list": words, "values": render.Facts("values", {"name": value})}
    script, expected = "", []
    for source, words_of in FORMS:
        script += "printf '%%s\\0' %s\n" % render.render_text(source, seen)
        expected += words_of(value, words)
    program = scripts.unix_lines(script.encode("utf-8"))
    running = subprocess.Popen(["sh"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    out = running.communicate(program)[0]
    assert out.decode("utf-8").split("\0")[:-1] == expected


def test_a_key_goes_before_a_method_of_the_same_name():
    seen = {"values": render.Facts("values", {"items": "a b", "get": "c"})}
    assert render.render_text("{{ values.items }} {{ values.get }}", seen) == "'a b' c"
    seen = {"values": render.Facts("values", {"a": "b"})}
    source = "{% for name, value in values.items() %}{{ name }}={{ value }}{% endfor %}"
    assert render.render_text(source, seen) == "a=b"


def test_what_a_shell_script_is_full_of_is_no_template():
    for script in (
        'list=(a b); echo "${#list[@]} ${#1} ${name%%.*} ${name#*/}" # {x} }}',
        "awk '{print $1}' <<'X'\n{#\n#}\n#%}\nX\r\n\x0c\u2028",
    ):
        assert render.render_text(script, {}) == script
    assert render.render_text("${#list[@]} {{ v }} {#", {"v": 1}) == "${#list[@]} 1 {#"


def test_comments_and_raw():
    source = "a {%# {{ nothing }} #%}b {% raw %}{{.Id}} {%# x #%}{% endraw %}"
    assert render.render_text(source, {}) == "a b {{.Id}} {%# x #%}"


def test_windows_line_ends_become_lf_in_the_template_and_stay_in_a_value():
    assert render.render_text("a\r\n{{ v }}\r\n", {"v": "x\r\ny"}) == "a\n'x\r''\ny'\n"


WRONG = [
    ("a\n{{ vaule }}", "line 2: 'vaule' is undefined"),
    ("\n\n{{ values.targt }}", "line 3: values has no targt; there is: name"),
    ("{{ values['x'] }}", "line 1: values has no x; there is: name"),
    ("{{ [vaule] }}", "line 1: 'vaule' is undefined"),
    ("{% for x in vaule %}{% endfor %}", "line 1: 'vaule' is undefined"),
    ("x\ndocker inspect -f '{{.Id}}'", "line 2: unexpected '.'; braces meant for another program"),
    ("x\nprintf '{%s}'", "line 2: Encountered unknown tag 's'."),
    ("x\nprintf '{%#x}'\n", "line 2: Missing end of comment tag"),
    ("{% if x %}", "line 1: Unexpected end of template."),
    ("\n{{ v | nothing }}", "line 2: "),
    ("\n{{ 1 / 0 }}", "line 2: division by zero"),
    ("\n{{ v + 1 }}", "line 2: "),
    ("\n{{ none }}", "line 2: a template got None"),
    ("\n{{ v == 1 }}", "line 2: a template got False"),
    ("\n{{ list | map('upper') }}", "line 2: a template got a value of type generator"),
    ("\n{{ values.update({'a': 1}) }}", "line 2: values has no update"),
    ("\n{{ list.append(1) }}", "line 2: "),
    ("\n{{ v.__class__ }}", "line 2: access to attribute '__class__'"),
    ("\n{% include 'x' %}", "line 2: another template can't be taken in here"),
    ("{% extends 'x' %}", "line 1: another template can't be taken in here"),
    ("{% macro m() %}\n{{ m() }}{% endmacro %}{{ m() }}", "line 2: maximum recursion depth"),
    ("\n{{ range(10000000) | list }}", "line 2: Range too big"),
    ("{{ " + "(" * 5000 + ")" * 5000 + " }}", "is nested too deeply"),
]


@pytest.mark.parametrize("source, message", WRONG, ids=[message for _, message in WRONG])
def test_a_wrong_template_is_told_by_its_line(source, message):
    seen = {"v": "x", "list": ["a"], "values": render.Facts("values", {"name": "y"})}
    with pytest.raises(grammar.Refused) as caught:
        render.render_text(source, seen)
    assert message in "%s" % caught.value
    assert "\n" not in "%s" % caught.value


def test_a_line_break_has_no_place_in_a_dockerfile():
    """Whatever the quotes, it would end the instruction and begin one of the value's own."""
    with pytest.raises(grammar.Refused) as caught:
        render.render_text("LABEL a={{ v }}\n", {"v": "x\nRUN id"}, in_line=True)
    assert "line break" in "%s" % caught.value
    text = render.render_text("LABEL a={{ v }}\n", {"v": "x y"}, in_line=True)
    assert text == "LABEL a='x y'\n"
