"""What the PHP pack calls, and with what: Composer, its home, the server that an image has."""

from __future__ import absolute_import, print_function, unicode_literals

import os
import tarfile

import pytest

from tests.packs.bench import SHELLS, TELL, Bench, of_pack

pytestmark = pytest.mark.once

ALWAYS = "<--no-interaction><--no-ansi>"
INSTALL = ALWAYS + "<install><--no-dev><--prefer-dist><--optimize-autoloader><--no-progress>"
LOCKED = {"composer.json": "{}", "composer.lock": "{}"}


@pytest.fixture(params=SHELLS)
def bench(request):
    """The PHP pack's scripts, with tools that tell how they were called."""
    made = Bench("php", request.param)
    made.write({"bin/composer": TELL, "bin/php": TELL})
    yield made
    made.remove()


def test_composer_installs_what_the_lock_file_says(bench):
    bench.source(dict(LOCKED, **{"index.php": ""}))
    status, output = bench.run()
    assert (status, output.splitlines()) == (0, ["composer in source:", INSTALL])


def test_a_module_with_the_repository_s_composer_phar(bench):
    bench.source(dict(("shop/" + name, text) for name, text in LOCKED.items()))
    bench.source({"composer.phar": ""})
    phar = "<PLACE/source/composer.phar>"
    assert bench.run("shop")[1].splitlines() == ["php in shop:", phar + INSTALL]


@pytest.mark.parametrize("listed, runs", [("build Runs", True), ("builder Runs", False)])
def test_the_build_script_runs_where_there_is_one(bench, listed, runs):
    bench.source(LOCKED)
    lists = '#!/bin/sh\ncase "$*" in *--list) echo "  %s";; *) echo "$*";; esac\n' % listed
    bench.write({"bin/composer": lists})
    ran = bench.run()[1].splitlines()[1:]
    assert ran == (["--no-interaction --no-ansi run-script --no-dev build"] if runs else [])


def test_without_composer_json_the_files_are_packaged_as_they_are(bench):
    bench.source({"index.php": "", "js/app.js": "", ".git/config": "", "app.tar.gz": "old"})
    status, output = bench.run()
    assert (status, output) == (
        0,
        "php: no composer.json in the repository: nothing to install, the files are packaged as they are\n",
    )
    with tarfile.open(bench.path("source", "app.tar.gz")) as archive:
        assert set(archive.getnames()) == {"./index.php", "./js", "./js/app.js"}


def test_composer_has_the_operator_s_configuration_and_no_other(bench):
    bench.write({"dependency_lib/auth.json": "{}", "cache/composer/config.json": "left behind"})
    script = '. "$TRISTAN_BUILD/composer.sh"; cd "$COMPOSER_HOME"; ls; cat auth.json; : >made'
    assert bench.run(script=script) == (0, "auth.json\n{}")
    kept = '. "$TRISTAN_BUILD/composer.sh"; echo "$COMPOSER_HOME $COMPOSER_CACHE_DIR"'
    assert bench.run(script=kept, COMPOSER_HOME="/mine")[1] == "/mine PLACE/downloads/composer\n"


LOOK = '. "$TRISTAN_BUILD/composer.sh"; cat "$COMPOSER_HOME/auth.json"; env | grep hidden || true'


def test_the_secret_composer_auth_is_auth_json(bench):
    bench.write({"secrets/COMPOSER_AUTH": '{"a": "hidden"}'})
    assert bench.run(script=LOOK) == (0, '{"a": "hidden"}')
    assert bench.run(script=LOOK, COMPOSER_HOME=bench.path("mine")) == (0, '{"a": "hidden"}')
    bench.write({"own/auth.json": "{}"})
    status, output = bench.run(script=LOOK, COMPOSER_HOME=bench.path("own"))
    assert (
        status == 1 and "PLACE/own/auth.json and a secret COMPOSER_AUTH; put all logins" in output
    )


def test_the_operator_s_auth_json_names_secrets(bench):
    bench.write({"dependency_lib/auth.json": '{"a": "${TOKEN}"}\n', "secrets/TOKEN": 'hi"dden'})
    assert bench.run(script=LOOK) == (0, '{"a": "hi\\"dden"}\n')
    assert os.readlink(bench.path("cache/composer/auth.json")) == bench.path("private/auth.json")


MISSING = {
    "no composer.lock; commit one": {"composer.json": "{}"},
    "neither composer.phar in the repository nor composer in the build image": LOCKED,
    "the build image has no php": dict(LOCKED, **{"composer.phar": ""}),
}


@pytest.mark.parametrize("words", sorted(MISSING))
def test_what_is_missing_is_named(bench, words):
    bench.source(MISSING[words])
    status, output = bench.run(PATH=bench.only("mkdir", "rm"))
    assert status == 1, output
    assert "php: " + words in output


SERVES = {
    "public": ("app/public/index.php", {}, "PLACE/source/app/public"),
    "web": ("app/web/index.php", {}, "PLACE/source/app/web"),
    "all": ("app/index.php", {}, "PLACE/source/app/."),
    "beside": ("public/app/a", {}, "PLACE/source/public"),
    "named": ("app/public/index.php", {"DOCUMENT_ROOT": "/srv", "PORT": "80"}, "/srv"),
}


@pytest.mark.parametrize("apache", [True, False], ids=["apache", "php"])
@pytest.mark.parametrize("case", sorted(SERVES))
def test_the_image_serves_what_is_public(bench, case, apache):
    file, environment, root = SERVES[case]
    bench.source({file: ""})
    bench.source({"startup.sh": of_pack("php", "startup.sh")})
    if apache:
        bench.write({"bin/apache2": TELL + 'echo "$DOCUMENT_ROOT $PORT"\n'})
    output = bench.run(script="sh ./startup.sh -v", **environment)[1].splitlines()
    port = environment.get("PORT", "8080")
    if apache:
        wanted = ["<-f><PLACE/source/apache.conf><-D><FOREGROUND><-v>", root + " " + port]
    else:
        wanted = ["<-S><0.0.0.0:%s><-t><%s><-v>" % (port, root)]
    where = "source" if case == "beside" else "app"
    assert output == [("apache2" if apache else "php") + " in %s:" % where] + wanted
