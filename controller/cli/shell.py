"""``tristan shell BUILD [COMMAND...]``: look around in what a build ran in."""

from __future__ import absolute_import, print_function, unicode_literals

import os

import click
import six

from controller.cli import keyboard


@click.command(
    "shell",
    short_help="Open a shell in what a build ran in.",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.option(
    "--with-secrets",
    is_flag=True,
    help="Put the project's secrets there, for as long as the shell lasts.",
)
@click.argument("build")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def shell(session, build, command, with_secrets):
    """Open a shell on the machine of BUILD: the same image, mounts, user and environment, in the source as a failed
    build left it. Or run COMMAND there; its exit status is this command's own.

    A failed build's source is kept for the project's `keep_failed` time. That of another build of a
    branch is there until the next one; the executor is taken meanwhile.
    """
    if command[:1] == ("--",):
        command = command[1:]
    words = [six.ensure_text(word) for word in command]
    if not keyboard.is_terminal():
        with session.controller.shell(build, words, with_secrets) as terminal:
            return keyboard.talk(terminal)
    term = six.ensure_text(os.environ.get("TERM") or "xterm")
    with session.controller.shell(build, words, with_secrets, keyboard.size(), term) as terminal:
        with keyboard.raw() as window:
            return keyboard.talk(terminal, window)
