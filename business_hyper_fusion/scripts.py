"""The ref's ``build`` directory: the scripts that a build runs, of the pack, of common and of the request.

``version`` names what is there; the same version, with all that it stands for, and nothing is copied.
"""

from __future__ import absolute_import, print_function

import hashlib
import os
import stat

from business_hyper_fusion import checkout, compat, files, outcome

SHELL = ["/bin/sh"]

PACK_SCRIPT = "build_project.sh"
"""What the default compile_to_execute.sh runs; a profile's own one need not, and needs no pack then."""


def run(work):
    """Bring ``build`` up to date.

    :returns: the scripts' version (hex).
    :raises outcome.Ended: ``no_pack`` when a pack is needed, and the release has none of that language.
    """
    wanted = collect(work)
    version = version_of(wanted)
    directory = work.ref.build
    if _is_there(directory, version, wanted):
        return version
    temporary = directory + ".new"
    checkout.remove_tree(temporary)
    compat.make_directories(temporary)
    for name, data in wanted.items():
        files.publish(os.path.join(temporary, name), data, 0o755)
    files.publish(os.path.join(temporary, "version"), compat.to_bytes(version))
    checkout.remove_tree(directory)
    os.rename(temporary, directory)
    return version


def _is_there(directory, version, wanted):
    """Whether the version is there, and is what it says: with isolation ``host`` builds could write to it."""
    present = dict(wanted, version=compat.to_bytes(version))
    try:
        if set(os.listdir(directory)) != set(present):
            return False
    except OSError:
        return False
    paths = dict((os.path.join(directory, name), data) for name, data in present.items())
    # What is no file is not opened: a pipe would wait for somebody at its other end.
    return all(stat.S_ISREG(os.lstat(path).st_mode) for path in paths) and all(
        _read(path) == data for path, data in paths.items()
    )


def collect(work):
    """:returns: {name: bytes}; the request's scripts stand above the pack's, and those above common's."""
    language = work.request["project"]["language"]
    packages = os.path.join(work.release, "business_hyper_fusion")
    found = {}
    for directory in (os.path.join(packages, "common"), os.path.join(packages, language)):
        for name in os.listdir(directory) if os.path.isdir(directory) else ():
            path = os.path.join(directory, name)
            if not os.path.isdir(path):
                found[name] = _read(path)
    for name, script in work.request["scripts"].items():
        found[name] = script_bytes(script)
    if PACK_SCRIPT not in found and PACK_SCRIPT.encode("ascii") in found["compile_to_execute.sh"]:
        message = "this version of Tristan has no language pack %s; give the build profile a compile_to_execute"
        raise outcome.error("no_pack", message % language)
    return dict((name, unix_lines(data)) for name, data in found.items())


def script_bytes(script):
    """:param script: text, or {"encoding": "latin-1", "text"} of a script that is not UTF-8."""
    return compat.to_latin1(script["text"]) if isinstance(script, dict) else compat.to_bytes(script)


def version_of(scripts):
    """:returns: hex SHA-256 over names and content, in the order of names."""
    digest = hashlib.sha256()
    for name in sorted(scripts):
        content = hashlib.sha256(scripts[name]).hexdigest()
        digest.update(compat.to_bytes("%s\0%s\n" % (name, content)))
    return digest.hexdigest()


def unix_lines(data):
    """Scripts edited on Windows run all the same: CRLF becomes LF, and the last line gets its end."""
    data = data.replace(b"\r\n", b"\n")
    return data if not data or data.endswith(b"\n") else data + b"\n"


def interpreter(path):
    """:returns: argument list that runs a script: by its ``#!`` line, so that run bit and noexec don't matter."""
    with open(path, "rb") as script:
        first = script.readline(256)
    line = first[2:].strip() if first.startswith(b"#!") else b""
    return (compat.to_native(line).split(None, 1) or SHELL) + [path]


def _read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except (IOError, OSError):
        return None
