"""A person's shell in what a past build ran in, on its machine.

Job: lend the secrets when told to, open the terminal or the pipes of the verb ``shell``.
In: a Contact, a believed status, the command. Out: a transport Terminal, closed at the end, and the secrets with it.
"""

from __future__ import absolute_import, print_function, unicode_literals

import base64
import contextlib
import json

import six

from controller import answer, errors, remote_command

ANSWER_SECONDS = 60.0
NOTHING_LENT = "-"


@contextlib.contextmanager
def opened(contact, status, words, secrets, size, term):
    """:param words: list of texts, the command; empty for an interactive shell.
    :param secrets: {NAME: reference with .resolve()}, put there for as long as this lasts.
    :param size: (columns, rows) of the terminal, None for pipes. :param term: text, its kind.
    :returns: transport.Terminal.
    """
    with lent(contact, status, secrets) as name:
        arguments = [status["build_id"], "%d" % status["attempt"], name, packed(words)]
        terminal = contact.transport().open_terminal(
            command(contact, "shell", arguments), size, term
        )
        try:
            yield terminal
        finally:
            terminal.close()


@contextlib.contextmanager
def lent(contact, status, secrets):
    """The name under which the machine finds the secrets; they go from there when this ends, however it does."""
    if not secrets:
        yield NOTHING_LENT
        return
    question = {"build_id": status["build_id"], "attempt": status["attempt"]}
    question["secrets"] = dict((name, kept.resolve().reveal()) for name, kept in secrets.items())
    channel = contact.transport().open(command(contact, "lend"))
    try:
        channel.send(json.dumps(question).encode("utf-8") + b"\n")
        said = answer.read(channel, ANSWER_SECONDS, "lend on %s" % contact.machine.name)
        if said["answer"] != "lent" or not isinstance(said.get("name"), six.text_type):
            raise errors.BuildNotFound("%s holds no such build any more" % contact.machine.name)
        yield said["name"]
    finally:
        channel.close()


def packed(words):
    """As every login shell hands it on unread."""
    return base64.b64encode(json.dumps(list(words)).encode("ascii")).decode("ascii")


def command(contact, verb, arguments=()):
    release = contact.facts().get("release")
    return remote_command.verb(contact.python(), contact.business, release, verb, arguments)
