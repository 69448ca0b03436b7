"""A release's modules as bytecode: used when it is there, so that not every contact compiles them anew.

In: the file that compile_release.py has made of a release, for one Python. Where there is none, or none that this very
Python has written, modules are compiled from sources as ever (docs/decisions/0020-bytecode-beside-the-release.md).

Read in one piece: what a sync takes away under a running build is in its memory.
"""

from __future__ import absolute_import, print_function

import marshal
import os
import sys

PREFIX = ".compiled."


def path_of(release):
    """:param release: directory of a release. :returns: path of its bytecode for this Python, beside it.

    Hidden: with the next sync it goes, whatever it holds.
    """
    releases, name = os.path.split(release)
    return os.path.join(releases, "%s%s.%08x" % (PREFIX, name, sys.hexversion))


def files_of(release):
    """:returns: paths of a release's bytecode for whichever Python."""
    releases, name = os.path.split(release)
    found = [one for one in os.listdir(releases) if one.startswith(PREFIX + name + ".")]
    return [os.path.join(releases, one) for one in sorted(found)]


def read(release):
    """:returns: {module: (whether it is a package, its path in the release, its code, marshalled)}; {} for none."""
    try:
        with open(path_of(release), "rb") as file:
            python, modules = marshal.loads(file.read())
    except (IOError, OSError, EOFError, ValueError, TypeError):
        return {}
    return modules if python == sys.version else {}


def use(release):
    """Let this process import a release's modules from its bytecode."""
    modules = read(release)
    if modules:
        sys.meta_path.insert(0, Finder(release, modules))


class Finder(object):
    """Finds and loads modules, by the ways of Python 3 and of 2.7 (PEP 451, PEP 302)."""

    def __init__(self, release, modules):
        self._release = release
        self._modules = modules

    def _file(self, name):
        return os.path.join(self._release, self._modules[name][1])

    def _run(self, module):
        exec(marshal.loads(self._modules[module.__name__][2]), module.__dict__)

    def find_spec(self, name, path=None, target=None):
        if name not in self._modules:
            return None
        from importlib.machinery import ModuleSpec

        is_package = self._modules[name][0]
        spec = ModuleSpec(name, self, origin=self._file(name), is_package=is_package)
        spec.has_location = True
        if is_package:
            spec.submodule_search_locations.append(os.path.dirname(spec.origin))
        return spec

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        self._run(module)

    def find_module(self, name, path=None):
        return self if name in self._modules else None

    def load_module(self, name):
        module = sys.modules[name] = type(sys)(name)
        module.__file__, module.__loader__ = self._file(name), self
        module.__package__ = name.rpartition(".")[0]
        if self._modules[name][0]:
            module.__package__, module.__path__ = name, [os.path.dirname(module.__file__)]
        try:
            self._run(module)
        except BaseException:
            del sys.modules[name]
            raise
        return module
