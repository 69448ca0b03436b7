"""The base images that tests and the demo build in, made only when missing or outdated.

In: an engine. Out: images such as `tristan-lab/python:bookworm`, with seconds taken and bytes used.
Pulled where a registry answers quickly, else put together from Debian packages, which needs no
registry. What comes from npm is installed on top, by the image's own npm.
"""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import hashlib
import os
import subprocess
import time

from tests.lab import process

Recipe = collections.namedtuple("Recipe", "name pulled packages proof npm")
Recipe.__new__.__defaults__ = ((),)
Image = collections.namedtuple("Image", "name how seconds bytes")

BERRY = "/opt/berry/lib/node_modules/@yarnpkg/cli-dist/bin/yarn.js"

PYTHON = Recipe(
    "tristan-lab/python:bookworm",
    "python:3.11-bookworm",
    ("python3", "python3-pip", "python3-setuptools", "python3-wheel", "python3-venv"),
    "python3 -c 'import setuptools, wheel, venv, pip'",
)
NODEJS = Recipe(
    "tristan-lab/nodejs:bookworm",
    "node:20-bookworm",
    ("nodejs", "npm"),
    "npm --version && yarn --version && pnpm --version && node " + BERRY + " --version",
    (
        ("/usr/local", "yarn@1.22.22 pnpm@9.15.9"),
        # what would take the place of the others lies where only its path finds it
        ("/opt/berry", "@yarnpkg/cli-dist@4.9.4"),
        ("/opt/corepack", "corepack@0.29.4"),
    ),
)
# Maven Central can't be reached from everywhere; with these packages a real Maven builds from Debian's repository
JAVA = Recipe(
    "tristan-lab/java:bookworm",
    "",
    (
        "default-jdk-headless",
        "ca-certificates-java",
        "maven",
        "libmaven-clean-plugin-java",
        "libmaven-resources-plugin-java",
        "libmaven-compiler-plugin-java",
        "libmaven-jar-plugin-java",
        "libmaven-install-plugin-java",
        "libsurefire-java",
        "unzip",
        "wget",
    ),
    "mvn --version && ls /usr/share/maven-repo/org/apache/maven/plugins/maven-jar-plugin",
)
PHP = Recipe(
    "tristan-lab/php:bookworm",
    "",
    (
        "php-cli",
        "php-curl",
        "php-mbstring",
        "php-xml",
        "php-zip",
        "composer",
        "git",
        "unzip",
        "apache2",
        "libapache2-mod-php",
    ),
    "composer --version --no-ansi && apache2 -v",
)
RECIPES = (PYTHON, NODEJS, JAVA, PHP)

PULL_SECONDS = 120
ANSWER_SECONDS = 5
LABEL = "tristan-lab.recipe"
CA_FILES = ("NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE")
PASSED_ON = ("http_proxy", "https_proxy", "no_proxy", "npm_config_registry")


def make(engine, recipe):
    """Have an image in the engine.

    :param engine: tests.lab.engine.Engine
    :param recipe: Recipe
    :returns: Image; .how is "present", "pulled" or "made"
    :raises LabError: it could neither be pulled nor made
    """
    start = time.time()
    if _is_current(engine, recipe):
        how = "present"
    else:
        base = "{0}-base-{1}".format(recipe.name, os.getpid())
        try:
            how = _have_base(engine, recipe, base)
            _finish(engine, recipe, base)
        finally:
            _succeeds(engine, ["rmi", "--force", base], PULL_SECONDS)
    size = int(engine.run(["image", "inspect", "--format", "{{.Size}}", recipe.name]))
    return Image(recipe.name, how, time.time() - start, size)


def _is_current(engine, recipe):
    form = '{{index .Config.Labels "%s"}}' % LABEL
    return engine.has_image(recipe.name) and engine.run(
        ["image", "inspect", "--format", form, recipe.name]
    ).strip() == _hash_of(recipe)


def _hash_of(recipe):
    words = [recipe.name, recipe.pulled] + list(recipe.packages)
    words += [word for prefix_and_tools in recipe.npm for word in prefix_and_tools]
    return hashlib.sha256(" ".join(words).encode("ascii")).hexdigest()


def _have_base(engine, recipe, base):
    if _pulled(engine, recipe, base):
        return "pulled"
    _make_from_packages(engine, recipe, base)
    return "made"


def _finish(engine, recipe, base):
    """Put what npm brings on top, and the label that says which recipe it is."""
    directory = process.directory("image")
    try:
        lines = ["FROM " + base]
        for number, (prefix, tools) in enumerate(recipe.npm):
            _install_by_npm(engine, base, tools, os.path.join(directory, str(number)))
            lines.append("COPY {0}/ {1}/".format(number, prefix))
        with open(os.path.join(directory, "Dockerfile"), "w") as target:
            target.write("\n".join(lines) + "\n")
        label = "{0}={1}".format(LABEL, _hash_of(recipe))
        engine.run(["build", "--force-rm", "--label", label, "--tag", recipe.name, directory])
    finally:
        process.remove(directory)


def _install_by_npm(engine, image, tools, directory):
    """Install npm packages below a directory, in a container with this machine's way to the registry."""
    os.mkdir(directory)
    words = ["run", "--rm", "--network", "host", "--volume", directory + ":/prefix"]
    for name in PASSED_ON:
        for given in (name, name.upper()):
            words += ["--env", given] if given in os.environ else []
    ca_file = next((os.environ[name] for name in CA_FILES if os.environ.get(name)), "")
    if ca_file:
        words += ["--volume", os.path.realpath(ca_file) + ":/ca.pem:ro"]
        words += ["--env", "NODE_EXTRA_CA_CERTS=/ca.pem"]
    install = "npm install --global --no-audit --no-fund --prefix /prefix " + tools
    engine.run(words + [image, "sh", "-ec", install])


def _pulled(engine, recipe, base):
    # `manifest inspect` asks the registry only: no long wait where there is none, or none of this
    # name
    asked = ["manifest", "inspect", recipe.pulled]
    if not recipe.pulled or not _succeeds(engine, asked, ANSWER_SECONDS):
        return False
    if not _succeeds(engine, ["pull", "--quiet", recipe.pulled], PULL_SECONDS):
        return False
    engine.run(["tag", recipe.pulled, base])
    return True


def _succeeds(engine, arguments, seconds):
    words = ["timeout", str(seconds)] + engine.command + arguments
    process_ = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    process_.communicate()
    return process_.returncode == 0


def _make_from_packages(engine, recipe, base):
    words = ["mmdebstrap", "--quiet", "--variant=minbase", "--include=" + ",".join(recipe.packages)]
    maker = subprocess.Popen(words + ["bookworm", "-"], stdout=subprocess.PIPE)
    importer = subprocess.Popen(
        engine.command + ["import", "-", base], stdin=maker.stdout, stdout=subprocess.PIPE
    )
    maker.stdout.close()
    importer.communicate()
    if maker.wait() or importer.returncode:
        raise process.LabError("mmdebstrap could not make " + recipe.name)


def described(image):
    """:returns: str, one line about an Image"""
    form = "{0.name}: {0.how} in {0.seconds:.1f} s, {1} MB"
    return form.format(image, image.bytes // 1000000)
