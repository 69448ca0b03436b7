"""A PHP project of a few lines, with a lock file that a real Composer writes.

In: a file server, an engine, the PHP image. Out: the project's files, as dict of path -> text.
"""

from __future__ import absolute_import, print_function, unicode_literals

import hashlib
import io
import json
import os

from tests.lab import images, process
from tests.packs.file_server import zipped

PACKAGES = {
    "lab/greeting": "<?php\nfunction greet($name) { return 'Hello, ' . $name . '!'; }\n",
    "lab/testing": "<?php\nfunction test() {}\n",
}
INDEX = """<?php
require __DIR__ . "/../vendor/autoload.php";
$name = trim($_SERVER["REQUEST_URI"], "/");
echo getenv("SW_AGENT_NAME"), " ", greet($name), " ", tick(), " ", file_get_contents("../built");
"""
TO_INDEX = "RewriteEngine on\nRewriteCond %{REQUEST_FILENAME} !-f\nRewriteRule . index.php\n"


def publish(server):
    """Have the packages that the project needs, at the server's address: greeting to run, testing to develop."""
    packages = {}
    for name, code in PACKAGES.items():
        description = {"name": name, "version": "1.0.0", "autoload": {"files": ["code.php"]}}
        content = zipped({"code.php": code, "composer.json": json.dumps(description)})
        path = "/{0}.zip".format(name)
        server.add(path, content)
        digest = hashlib.sha1(content).hexdigest()
        dist = {"type": "zip", "url": server.address + path, "shasum": digest}
        packages[name] = {"1.0.0": dict(description, dist=dist)}
    server.add("/packages.json", json.dumps({"packages": packages}).encode("ascii"))


def configuration(server):
    """:returns: dict of file name -> text: how the operator tells Composer of the packages"""
    repositories = [{"type": "composer", "url": server.address}, {"packagist.org": False}]
    document = {"repositories": repositories, "config": {"secure-http": False}}
    return {"config.json": json.dumps(document)}


def project():
    """:returns: dict, without a lock file; the clock is a package in the repository itself"""
    description = {
        "name": "lab/shop",
        "repositories": [{"type": "path", "url": "packages/*"}],
        "require": {"lab/greeting": "^1.0", "lab/clock": "*"},
        "require-dev": {"lab/testing": "^1.0"},
        "scripts": {"build": 'php -r \'file_put_contents("built", "built");\''},
    }
    clock = {"name": "lab/clock", "version": "2.0", "autoload": {"files": ["clock.php"]}}
    return {
        "composer.json": json.dumps(description),
        "packages/clock/composer.json": json.dumps(clock),
        "packages/clock/clock.php": "<?php\nfunction tick() { return 'tick'; }\n",
        "public/index.php": INDEX,
        "public/.htaccess": TO_INDEX,
        "public/.env": "secret\n",
        "public/style.css": "a { color: red }\n",
    }


def locked(engine, server, files):
    """:returns: the files and the lock file that Composer makes of them"""
    directory = process.directory("lock")
    try:
        for path, text in dict(files, **configuration(server)).items():
            full = os.path.join(directory, path)
            if not os.path.isdir(os.path.dirname(full)):
                os.makedirs(os.path.dirname(full))
            with io.open(full, "w", encoding="utf-8") as target:
                target.write(text)
        words = ["run", "--rm", "--network", "host", "--volume", directory + ":/project"]
        words += ["--env", "COMPOSER_HOME=/project", "--env", "COMPOSER_ALLOW_SUPERUSER=1"]
        lock = "composer update --quiet --no-install"
        engine.run(words + ["--workdir", "/project", images.PHP.name, "sh", "-ec", lock])
        with io.open(os.path.join(directory, "composer.lock"), encoding="utf-8") as source:
            return dict(files, **{"composer.lock": source.read()})
    finally:
        process.remove(directory)
