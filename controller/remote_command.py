"""The commands Tristan runs on a machine, as text; nothing here runs one.

Job: build each remote command once, quoted once, so that any login shell (sh, csh, fish) hands it
    to `sh` unread.
In: checked values (paths, hashes, ids, words). Out: text for Transport.open or Transport.run.
"""

from __future__ import absolute_import, print_function, unicode_literals

import binascii
import zlib

from six.moves import shlex_quote as quote

PYTHON_OPTIONS = "-E -S -B"
"""No environment, no site-packages, no `.pyc` written: only what was pushed, and 40 ms sooner."""

LACK = """echo '{"answer":"lack"}'"""


def through_sh(script):
    """One command that means the same under every login shell."""
    return "exec sh -c " + quote(script)


def business_directory(root, business_id):
    return "%s/%s" % (root.rstrip("/"), business_id)


def launch(python, business, release, executor_id):
    """startup.py of one release, or the answer "lack" when the machine doesn't hold it.

    :param python: path of the interpreter. :param business: path of the business directory.
    """
    startup = "%s/releases/%s/startup.py" % (business, release)
    return through_sh(
        "if [ -x %s ] && [ -f %s ]; then exec %s %s; fi; %s"
        % (quote(python), quote(startup), interpreter(python, startup), quote(executor_id), LACK)
    )


def verb(python, business, release, name, arguments=()):
    """A verb (builds, cancel, watch) of a release, else of the current one, else "lack".

    :param arguments: plain words.
    """
    words = " ".join(quote(word) for word in [name] + list(arguments))
    package = "business_hyper_fusion"
    choices = ["%s/%s" % (business, package)]
    if release:
        choices.insert(0, "%s/releases/%s/%s" % (business, release, package))
    # By its file: Python runs a directory by its module runpy, which takes 7 ms more.
    programs = [choice + "/__main__.py" for choice in choices]
    attempts = [
        "if [ -x %s ] && [ -f %s ]; then exec %s %s; fi; "
        % (quote(python), quote(program), interpreter(python, program), words)
        for program in programs
    ]
    return through_sh("".join(attempts) + LACK)


def program(python, source):
    """A Python program sent along, packed, for a machine that holds nothing of Tristan yet.

    :param source: bytes of a Python file; base64 keeps line ends and quotes away from strange
    shells.
    """
    packed = binascii.b2a_base64(zlib.compress(source, 9)).decode("ascii").strip()
    text = 'import zlib,binascii;exec(zlib.decompress(binascii.a2b_base64("%s")))' % packed
    return through_sh("exec %s %s -c %s" % (quote(python), PYTHON_OPTIONS, quote(text)))


def interpreter(python, path):
    return "%s %s %s" % (quote(python), PYTHON_OPTIONS, quote(path))
