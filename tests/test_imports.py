"""Imports go one way, downward, and the executor's side imports nothing above it."""

from __future__ import absolute_import, print_function, unicode_literals

import ast
import io
import os
import subprocess
import sys

import pytest

from tests.lab import process

pytestmark = pytest.mark.once

REPOSITORY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
EXECUTOR = "business_hyper_fusion"
# 2.7's names for what has another one in the standard library of 3
OLD_STANDARD_NAMES = {"__builtin__", "ConfigParser", "Queue", "httplib", "urllib2", "urlparse"}

# What the controller may know of the executor's side: what both sides must agree on.
SHARED = {EXECUTOR + "." + name for name in ("grammar", "masker", "names", "protocol")}

# Who may import whom: only the same height or below. What is not named is between service and
# transport.
HEIGHTS = {
    "controller": 0,
    "controller.errors": 0,
    "controller.local_file": 0,
    "controller.compat": 0,
    "controller.secrets": 1,
    "controller.settings": 1,
    "controller.transport": 2,
    "controller.service": 4,
    "controller.cli": 5,
    "controller.__main__": 6,
}
BETWEEN = 3

# A library is imported where its matter is dealt with, and nowhere else.
HOMES = {
    "paramiko": ["controller.transport"],
    "jinja2": ["controller.jinja"],
    "yaml": ["controller.settings"],
    "jsonschema": ["controller.settings"],
    "click": ["controller.cli"],
    "requests": ["controller.web"],
}


def modules(top):
    """:returns: dict of module name -> path, of a package's or a module's files"""
    found = {}
    for directory, _, names in os.walk(os.path.join(REPOSITORY, top)):
        for name in names:
            if name.endswith(".py"):
                path = os.path.join(directory, name)
                dotted = os.path.relpath(path, REPOSITORY)[: -len(".py")].replace(os.sep, ".")
                found[dotted[: -len(".__init__")] if name == "__init__.py" else dotted] = path
    return found


def imports(module, path, known=(), nodes=ast.walk):
    """:param known: names of modules; `from a import b` names a.b where that is one
    :param nodes: function from a tree to the nodes to look at; all of them by default
    :returns: set of str, absolute names of all that the module imports
    """
    with io.open(path, encoding="utf-8") as source:
        tree = ast.parse(source.read(), path)
    package = module if path.endswith("__init__.py") else module.rpartition(".")[0]
    found = set()
    for node in nodes(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            for alias in node.names:
                full = base + "." + alias.name
                found.add(full if full in known else base)
    return found


def run_at_import(tree):
    """Yield the nodes outside functions: what a function imports when called makes no cycle."""
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, ast.FunctionDef):
            yield node
            for below_it in run_at_import(node):
                yield below_it


def _absolute(node, package):
    if not node.level:
        return node.module
    parts = package.split(".")
    base = parts[: len(parts) - node.level + 1]
    return ".".join(base + ([node.module] if node.module else []))


def below(name, top):
    return name == top or name.startswith(top + ".")


def height(name):
    """:returns: int, the layer of a controller module"""
    while name not in HEIGHTS:
        name = name.rpartition(".")[0]
        if name == "controller":
            return BETWEEN
    return HEIGHTS[name]


CONTROLLER_MODULES = modules("controller")
EXECUTOR_MODULES = modules(EXECUTOR)
EXECUTOR_MODULES["startup"] = os.path.join(REPOSITORY, "startup.py")
ALL = dict(CONTROLLER_MODULES, **EXECUTOR_MODULES)


def pairs(which):
    """:returns: list of (importing module, imported name)"""
    return [
        (module, name)
        for module, path in sorted(which.items())
        for name in sorted(imports(module, path, ALL))
    ]


def test_the_check_sees_modules_and_relative_imports():
    assert "controller.errors" in CONTROLLER_MODULES and len(EXECUTOR_MODULES) > 10
    tree = ast.parse("from . import errors\nfrom .transport import connect")
    names = [_absolute(node, "controller") for node in tree.body]
    assert names == ["controller", "controller.transport"]
    assert height("controller.cli.build") > height("controller.plan") > height("controller.errors")


def test_the_executor_imports_the_standard_library_and_itself_alone():
    standard = set(sys.stdlib_module_names) | OLD_STANDARD_NAMES
    strangers = [
        (module, name)
        for module, name in pairs(EXECUTOR_MODULES)
        if not below(name, EXECUTOR) and name.split(".")[0] not in standard
    ]
    assert strangers == []


def test_receive_is_one_self_contained_file():
    names = imports(EXECUTOR + ".receive", EXECUTOR_MODULES[EXECUTOR + ".receive"])
    assert not [name for name in names if below(name, EXECUTOR)]


def test_the_controller_knows_of_the_executor_only_what_both_agree_on():
    strangers = [
        (module, name)
        for module, name in pairs(CONTROLLER_MODULES)
        if below(name, EXECUTOR) and not any(below(name, shared) for shared in SHARED)
    ]
    assert strangers == []


def test_the_controller_imports_downward():
    upward = [
        (module, name)
        for module, name in pairs(CONTROLLER_MODULES)
        if below(name, "controller") and height(name) > height(module)
    ]
    assert upward == []


def test_no_cycles():
    remaining = {
        module: imports(module, path, ALL, run_at_import) & set(ALL) for module, path in ALL.items()
    }
    while True:
        free = [module for module, needs in remaining.items() if not needs & set(remaining)]
        if not free:
            break
        for module in free:
            del remaining[module]
    assert sorted(remaining) == []


@pytest.mark.parametrize("library", sorted(HOMES))
def test_a_library_is_imported_in_its_home_alone(library):
    elsewhere = [
        module
        for module, name in pairs(CONTROLLER_MODULES)
        if below(name, library) and not any(below(module, home) for home in HOMES[library])
    ]
    assert elsewhere == []


def imported(program, libraries):
    """:returns: which of the libraries are loaded when a program in a process of its own has ended."""
    program += (
        "\nimport sys\nsys.stderr.write(','.join(sorted(set(%r) & set(sys.modules))))" % libraries
    )
    running = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=process.merged_environment({"PYTHONPATH": REPOSITORY}),
    )
    out, err = running.communicate()
    assert running.returncode == 0, err
    return out, err.decode("ascii")


def test_tristan_help_imports_no_heavy_library():
    """`--help` and completion must answer at once."""
    heavy = ["paramiko", "jinja2", "yaml", "jsonschema", "cryptography", "requests"]
    heavy += ["controller.cli.build", "controller.settings"]
    out, found = imported("from controller.cli import main\nmain(['--help'])", heavy)
    assert b"build" in out
    assert found == ""


def test_a_configuration_that_was_found_right_needs_no_schema():
    path = os.path.join(REPOSITORY, "templates", "tristan.yml")
    program = "from controller import settings\nassert settings.load(%r).projects" % path
    imported(program, [])
    assert imported(program, ["jsonschema", "referencing", "jinja2", "paramiko"])[1] == ""


def test_planning_a_build_without_templates_needs_no_jinja():
    program = (
        "from controller import render\n"
        "assert render.render('compile_to_execute.sh.j2') and render.render_text('echo', {}) == 'echo'"
    )
    assert imported(program, ["jinja2"])[1] == ""


def test_connecting_imports_nothing_that_only_match_exec_needs():
    """A third of the time that importing paramiko takes."""
    program = "from controller.transport.library import paramiko\nassert paramiko.SSHConfig"
    assert imported(program, ["invoke", "asyncio", "unittest"])[1] == ""


def test_differences_between_python_2_and_3_are_settled_in_one_place_a_side():
    # receive is sent as one file and so can import no compat
    allowed = {EXECUTOR + ".compat", EXECUTOR + ".receive", "controller.compat"}
    sprinkled = []
    for module in sorted(set(ALL) - allowed):
        with io.open(ALL[module], encoding="utf-8") as source:
            if "version_info[0]" in source.read():
                sprinkled.append(module)
    assert sprinkled == []
