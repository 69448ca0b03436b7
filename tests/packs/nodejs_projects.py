"""Node.js projects of a few lines for each package manager, with lock files that the managers themselves write.

In: an index, an engine, the Node.js image. Out: a project's files.
"""

from __future__ import absolute_import, print_function, unicode_literals

import io
import json
import os

from tests.lab import images, process

BERRY_RC = "yarnPath: {0}\nnodeLinker: node-modules\n".format(images.BERRY)
BUILD = """
const fs = require("fs");
fs.mkdirSync("dist", { recursive: true });
fs.writeFileSync("dist/page.txt", require("greeting")("world") + "\\n");
"""
GREETING = "module.exports = (name) => `Hello, ${name}!`;\n"
LOCKING = {
    "npm": "npm install --package-lock-only",
    "yarn": "yarn install --ignore-scripts",
    "berry": "yarn install --mode=skip-build",
    "pnpm": "pnpm install --lockfile-only",
}
MANAGERS = sorted(LOCKING)


def publish(index):
    """Have the packages that the projects need: greeting to run, shouting to build."""
    index.add_npm("greeting", "1.0.0", {"index.js": GREETING})
    shout = "#!/usr/bin/env node\nconsole.log('HELLO');\n"
    index.add_npm("shouting", "1.0.0", {"shout.js": shout}, bin={"shout": "shout.js"})


def project(manager, **more):
    """:param more: of package.json
    :returns: dict of path -> text, without a lock file
    """
    description = {
        "name": "page",
        "version": "1.0.0",
        "private": True,
        "scripts": {"build": "shout && node build.js", "start": "node start.js"},
        "dependencies": {"greeting": "^1.0.0"},
        "devDependencies": {"shouting": "^1.0.0"},
    }
    files = {
        "package.json": json.dumps(dict(description, **more)),
        "build.js": BUILD,
        "start.js": "console.log('started: ' + require('greeting')(process.argv[2]));\n",
    }
    return dict(files, **{".yarnrc.yml": BERRY_RC}) if manager == "berry" else files


def locked(engine, index, manager, files):
    """:returns: the files, the lock file that the manager makes of them, and its cache where that is in the project"""
    directory = process.directory("lock")
    try:
        for path, text in files.items():
            full = os.path.join(directory, path)
            if not os.path.isdir(os.path.dirname(full)):
                os.makedirs(os.path.dirname(full))
            with io.open(full, "w", encoding="utf-8") as target:
                target.write(text)
        _lock(engine, index, manager, directory)
        name = {"npm": "package-lock.json", "pnpm": "pnpm-lock.yaml"}.get(manager, "yarn.lock")
        cache = os.path.join(".yarn", "cache")
        there = os.path.join(directory, cache)
        names = [name] + [
            os.path.join(cache, found)
            for found in (os.listdir(there) if os.path.isdir(there) else ())
        ]
        for name in names:
            with io.open(os.path.join(directory, name), "rb") as source:
                files = dict(files, **{name: source.read()})
        return files
    finally:
        process.remove(directory)


def _lock(engine, index, manager, directory):
    environment = {
        "HOME": "/tmp",
        "npm_config_registry": index.address,
        "YARN_NPM_REGISTRY_SERVER": index.address,
        "YARN_UNSAFE_HTTP_WHITELIST": "127.0.0.1",
    }
    words = ["run", "--rm", "--network", "host", "--volume", directory + ":/project"]
    for name, value in sorted(environment.items()):
        words += ["--env", "{0}={1}".format(name, value)]
    words += ["--workdir", "/project", images.NODEJS.name, "sh", "-ec", LOCKING[manager]]
    engine.run(words)


def configuration(index):
    """:returns: dict of file name -> text: how the operator tells the managers of the index; NPM_TOKEN is a secret"""
    npmrc = "registry={0}/\n//{1}/:_authToken=${{NPM_TOKEN}}\n//{1}/:always-auth=true\n"
    yarnrc = 'npmRegistryServer: "{0}"\nunsafeHttpWhitelist: ["127.0.0.1"]\nnpmAuthToken: "${{NPM_TOKEN}}"\n'
    return {
        ".npmrc": npmrc.format(index.address, index.host),
        ".yarnrc": 'yarn-offline-mirror "/tristan/cache/project/mirror"\n',
        ".yarnrc.yml": yarnrc.format(index.address) + "npmAlwaysAuth: true\n",
    }
