"""Secrets in configuration files: exactly the secret's text for whoever reads the format, and no copy that stays."""

from __future__ import absolute_import, print_function, unicode_literals

import json
import os
import signal
from xml.etree import ElementTree

import pytest
import yaml

from tests.packs.bench import SHELLS, Bench

pytestmark = pytest.mark.once

HOSTILE = {
    "plain": "s3cret-t0ken",
    "signs": "a&b<c>d;e#f%g$h!i@j:k=l,m{n}[o]|p`q~r^s*t?u",
    "quotes": "it's \"quoted\" 'twice''",
    "backslashes": "\\ \\n \\\\ \\u0041 end\\",
    "of_awk": "&\\&\\\\& $0 $(id) `id`",
    "spaces": "a  b\tc",
    "unicode": "p\u00e4ssw\u00f6rd \u5bc6\u7801 \U0001d11e",
    "lines": '-----BEGIN KEY-----\nabc\\\n"x"\n-----END KEY-----',
    "reference": "$NAME $ { NAME } {NAME}",
    "long": "0123456789abcdef" * 2000,
}
FORMATS = {
    "npmrc": ("//h/:_authToken=${SECRET}\n//h/:_p='x${SECRET}'\n//h/:_q=\"${SECRET}\"\n",),
    "yaml": (
        "a: ${SECRET}\nb: \"x${SECRET}\"\n'c d': '${SECRET}''s'\nl:\n  - ${SECRET} # words\nf: {a: \"${SECRET}\"}\n",
    ),
    "json": ('{"a": "${SECRET}", "b": ["x${SECRET}y"]}\n',),
    "xml": ('<a b="${env.SECRET}"><c>x${env.SECRET}y</c>${SECRET}</a>\n',),
}
SOURCE = '. "$TRISTAN_BUILD/private.sh"; '


@pytest.fixture(params=SHELLS)
def bench(request):
    made = Bench("nodejs", request.param)
    yield made
    made.remove()


def rendered(bench, form, text, settings=""):
    """:returns: (exit status, output, what was made of a file of a format)"""
    bench.write({"dependency_lib/file": text})
    script = (
        SOURCE
        + 'private_file %s "$TRISTAN_DEPENDENCY_LIB/file" made %s; printf %%s "$private_path"'
    )
    status, output = bench.run(script=script % (form, settings))
    made = (
        bench.read("private", "made") if status == 0 and output.endswith("/private/made") else None
    )
    return status, output, made


def understood(form, made):
    """:returns: list of str, what a program that knows the format reads"""
    if form == "npmrc":  # of quoted values npm makes what JSON does
        return [json.loads(line.partition("=")[2]) for line in made.splitlines()]
    if form == "yaml":
        found = yaml.safe_load(made)
        return [found["a"], found["b"], found["c d"], found["l"][0], found["f"]["a"]]
    if form == "json":
        found = json.loads(made)
        return [found["a"], found["b"][0]]
    found = ElementTree.fromstring(made.encode("utf-8"))
    return [found.get("b"), found.find("c").text, found.find("c").tail]


WANTED = {
    "npmrc": ["{0}", "x{0}", "{0}"],
    "yaml": ["{0}", "x{0}", "{0}'s", "{0}", "{0}"],
    "json": ["{0}", "x{0}y"],
    "xml": ["{0}", "x{0}y", "${{SECRET}}"],
}


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_the_reader_of_a_format_finds_exactly_the_secret(bench, form):
    for name, secret in sorted(HOSTILE.items()):
        bench.write({"secrets/SECRET": secret})
        status, output, made = rendered(bench, form, FORMATS[form][0])
        assert status == 0, output
        wanted = [text.format(secret) for text in WANTED[form]]
        if form == "xml":  # in an attribute each white space is a blank
            wanted[0] = wanted[0].replace("\n", " ").replace("\t", " ")
        assert understood(form, made) == wanted, name
        assert os.stat(bench.path("private", "made")).st_mode & 0o777 == 0o600
        assert os.stat(bench.path("private")).st_mode & 0o777 == 0o700


def test_what_names_no_secret_stays_as_it_is(bench):
    bench.write({"secrets/SECRET": "s"})
    for text in ("# ${SECRET}\n; ${SECRET}\na=${OTHER}\r\nb=\\${x\nc", "", "x"):
        status, output, made = rendered(bench, "npmrc", text)
        assert (status, made) == (0, None) and output.endswith("dependency_lib/file")
        assert not os.path.exists(bench.path("private", "made"))


def test_comments_and_the_rest_of_a_line_stay(bench):
    bench.write({"secrets/SECRET": "s;s"})
    text = "# mine\nregistry=https://h/\n//h/:_a = x\\;${SECRET} ; why\n_b=${SECRET?}\n_c=${OTHER}${SECRET}\n"
    assert rendered(bench, "npmrc", text)[2].splitlines() == [
        "# mine",
        "registry=https://h/",
        '//h/:_a ="x;s;s"',
        '_b="s;s"',
        '_c="${OTHER}s;s"',
    ]
    text = "# mine\nk: 1\na: ${SECRET} # why\nb: ${SECRET:-other}\n"
    assert rendered(bench, "yaml", text)[2] == '# mine\nk: 1\na: "s;s" # why\nb: "s;s"\n'


@pytest.mark.parametrize("form, text", [("npmrc", "_a=${SECRET}"), ("xml", "<a>${env.SECRET}</a>")])
def test_what_a_tool_would_replace_again_is_refused(bench, form, text):
    bench.write({"secrets/SECRET": "x${HOME}y"})
    status, output, _ = rendered(bench, form, text)
    assert status == 1
    assert (
        "the secret SECRET holds ${, which the tool itself would replace; choose another one"
        in output
    )
    assert "HOME" not in output


@pytest.mark.parametrize(
    "form, text, settings, key",
    [
        ("npmrc", "registry=https://robot:${SECRET}@h/\n", "", "registry"),
        ("npmrc", "a=b\n", "SECRET=otp", "otp"),
        ("yarn_npmrc", "_auth=${SECRET}\n", "", "_auth"),
    ],
)
def test_what_npm_hands_to_every_script_takes_no_secret(bench, form, text, settings, key):
    bench.write({"secrets/SECRET": "hidden"})
    status, output, _ = rendered(bench, form, text, settings)
    assert status == 1
    assert (
        "tristan: %s of .npmrc would take a secret into every script's environment" % key in output
    )
    assert "hidden" not in output


def test_what_xml_can_not_hold_is_refused(bench):
    bench.write({"secrets/SECRET": "x\x1by"})
    status, output, _ = rendered(bench, "xml", "<a>${env.SECRET}</a>")
    assert status == 1 and "the secret SECRET holds a control character" in output


def test_settings_are_added(bench):
    bench.write({"secrets/ONE": "\u00e9 \\ ${x}\n\U0001d11e", "secrets/TWO": " b"})
    status, output, made = rendered(bench, "properties", "a=${ONE}\n", "ONE=key TWO=two NONE=none")
    assert status == 0, output
    assert made == "a=${ONE}\nkey=\\u00e9 \\\\ ${x}\\n\\ud834\\udd1e\ntwo=\\ b\n"
    bench.write({"secrets/ONE": 'a"b'})
    assert rendered(bench, "npmrc", "a=b\n", "ONE=_auth")[2] == 'a=b\n_auth="a\\"b"\n'
    assert (
        rendered(bench, "yaml", "a: b\n", "ONE=npmAuthToken")[2] == 'a: b\nnpmAuthToken: "a\\"b"\n'
    )


REPLACE = SOURCE + 'private_replace npmrc "$PWD/.npmrc"; cat .npmrc; ls -A; '


@pytest.mark.parametrize("end, code", [("true", 0), ("exit 7", 7), ("kill -TERM $$; :", 143)])
def test_a_project_s_own_file_is_back_afterwards(bench, end, code):
    bench.write({"secrets/SECRET": "hidden"})
    bench.source({".npmrc": "_a=${SECRET}\n"})
    status, output = bench.run(script=REPLACE + end)
    assert status == code
    assert output == '_a="hidden"\n.npmrc\n.npmrc.tristan-original\n'
    assert os.listdir(bench.path("source")) == [".npmrc"]
    assert bench.read("source", ".npmrc") == "_a=${SECRET}\n"


def test_a_project_s_own_file_is_back_after_a_kill(bench):
    bench.write({"secrets/SECRET": "hidden"})
    bench.source({".npmrc": "_a=${SECRET}\n"})
    status, _ = bench.run(script=REPLACE + "kill -KILL $$")
    assert status == -signal.SIGKILL
    assert os.path.islink(bench.path("source", ".npmrc"))
    status, output = bench.run(script=REPLACE)
    assert (status, output.splitlines()[0]) == (0, '_a="hidden"')
    assert bench.read("source", ".npmrc") == "_a=${SECRET}\n"


def test_a_project_s_own_file_without_secrets_is_left_alone(bench):
    bench.source({".npmrc": "_a=${SECRET}\n"})
    assert bench.run(script=REPLACE)[1] == "_a=${SECRET}\n.npmrc\n"
