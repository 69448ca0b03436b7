"""One script of a language pack, run by itself on this machine, with fake tools that tell how they were called.

In: a language, a project's files. Out: exit status and output; the variables are those of a build.
"""

from __future__ import absolute_import, print_function, unicode_literals

import io
import os
import shutil
import subprocess

from tests.lab import process

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PACKS = os.path.join(REPOSITORY, "business_hyper_fusion")
COMMON = os.path.join(PACKS, "common")
TELL = '#!/bin/sh\necho "$(basename "$0") in $(basename "$PWD"):"\nprintf \'<%s>\' "$@"\necho\n'
"""A tool that says its name, where it is, and its arguments."""

NOT_OURS = ("JAVA_HOME", "JAVA_TOOL_OPTIONS", "MAVEN_USER_HOME", "GRADLE_USER_HOME", "WGETRC")


SHELLS = ("debian", "busybox")
"""The kinds of tools that build images have: Debian's (dash and GNU's), and Alpine's, where all is busybox."""


class Bench(object):
    """.place (str, the directory of all); call `remove()`.

    :param shell: str, of SHELLS
    """

    def __init__(self, language, shell="debian"):
        self.language = language
        self.place = process.directory("bench")
        self._programs = "/usr/bin:/bin"
        if shell == "busybox":
            self._programs = self.path("busybox")
            os.mkdir(self._programs)
            process.output(["busybox", "--install", "-s", self._programs])
        for name in ("source", "cache/home", "downloads", "dependency_lib", "secrets", "bin"):
            os.makedirs(self.path(name))
        shutil.copytree(COMMON, self.path("build"))
        pack = os.path.join(PACKS, language)
        for name in os.listdir(pack):
            shutil.copy(os.path.join(pack, name), self.path("build", name))

    def path(self, *names):
        return os.path.join(self.place, *names)

    def write(self, files):
        """:param files: dict of path below .place -> text; without a run bit, but for those in bin/"""
        for name, text in files.items():
            path = self.path(name)
            if not os.path.isdir(os.path.dirname(path)):
                os.makedirs(os.path.dirname(path))
            with io.open(path, "w", encoding="utf-8", newline="") as target:
                target.write(text)
            os.chmod(path, 0o755 if name.startswith("bin/") else 0o644)

    def source(self, files):
        self.write(dict(("source/" + name, text) for name, text in files.items()))

    def read(self, *names):
        with io.open(self.path(*names), encoding="utf-8") as source:
            return source.read()

    def only(self, *tools):
        """:returns: str, a PATH on which only these programs of the machine are"""
        directory = self.path("only")
        os.mkdir(directory)
        for tool in tools:
            os.symlink(self._which(tool), os.path.join(directory, tool))
        return directory

    def _which(self, tool):
        places = [os.path.join(place, tool) for place in self._programs.split(":")]
        return next(place for place in places if os.path.exists(place))

    def run(self, module_path="", script="build_project.sh", **environment):
        """:param script: a file of the pack, or, with a space in it, what sh is to run
        :returns: (int exit status, str output)
        """
        words = ["-euc", script] if " " in script else [self.path("build", script)]
        running = subprocess.Popen(
            [self._which("sh")] + words,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self._environment(module_path, environment),
            cwd=self.path("source"),
        )
        output, _ = running.communicate()
        return running.returncode, output.decode("utf-8").replace(self.place, "PLACE")

    def _environment(self, module_path, more):
        values = dict(
            (name, value)
            for name, value in os.environ.items()
            if name not in NOT_OURS and not name.lower().endswith("_proxy")
        )
        values.update(
            PATH=self.path("bin") + ":" + self._programs,
            HOME=self.path("cache/home"),
            TRISTAN_SOURCE=self.path("source"),
            TRISTAN_BUILD=self.path("build"),
            TRISTAN_CACHE=self.path("cache"),
            TRISTAN_DOWNLOADS=self.path("downloads"),
            TRISTAN_DEPENDENCY_LIB=self.path("dependency_lib"),
            TRISTAN_SECRETS=self.path("secrets"),
            TRISTAN_PRIVATE=self.path("private"),
            TRISTAN_MODULE_PATH=module_path,
            TRISTAN_PROJECT="shop",
        )
        values.update(more)
        return dict((process.native(name), process.native(value)) for name, value in values.items())

    def remove(self):
        process.remove(self.place)


def of_pack(language, name):
    """:returns: str, the text of a pack's file"""
    with io.open(os.path.join(PACKS, language, name), encoding="utf-8") as source:
        return source.read()


def shipped(language, name):
    """:returns: str, the text of a file of the dependency configuration that comes with Tristan"""
    path = os.path.join(REPOSITORY, "cache", "dependency_lib", language, name)
    with io.open(path, encoding="utf-8") as source:
        return source.read()
