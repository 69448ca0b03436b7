"""Tells of a build's end: runs a command, posts to a webhook, sends mail.

Job: know who is to be told of which end, and tell one of them.
In: a project's `notify` and what the command line named. Out: nothing, or errors.NotifyFailed that names whom.
"""

from __future__ import absolute_import, print_function, unicode_literals

import shlex

import six

from business_hyper_fusion import grammar
from controller import errors
from controller.notify.document import document

__all__ = ["checked", "due", "document", "label", "parse", "send", "shown", "targets", "unique"]

FORMS = "command:WORDS, mail:ADDRESS[,ADDRESS] or https://..."


def targets(project, texts=()):
    """Everybody who may be told.

    :param project: settings Project, or None when the settings have it no more.
    :param texts: what the command line named, see `parse`. :returns: list of settings Notify.
    """
    found = list(project.notify) if project is not None else []
    for text in texts:
        found.append(parse(text, found))
    return unique(found)


def parse(text, known=()):
    """What --notify and --to name.

    :param text: see FORMS. :param known: the project's own; a webhook of theirs is signed as theirs is.
    :returns: Notify.
    """
    from controller.settings import Notify, formats

    kind, colon, rest = text.partition(":")
    try:
        if kind in ("http", "https"):
            formats.check_webhook(text)
            secrets = [one.secret for one in known if one.target == text]
            return Notify("webhook", text, secrets[0] if secrets else None, "always")
        if kind == "mail" and colon:
            addresses = tuple(address.strip() for address in rest.split(","))
            for address in addresses:
                formats.check_mail_address(address)
            return Notify("mail", addresses, None, "always")
        if kind == "command" and rest.strip():
            return Notify("command", words(rest), None, "always")
    except grammar.Refused as refused:
        # a webhook's path, or its password, may be a secret
        said = kind if kind in ("http", "https") else text
        raise errors.UsageError("%s: %s" % (said, refused), "say whom as %s" % FORMS)
    raise errors.UsageError(
        "%s names nobody who can be told" % (text or "nothing"), "say whom as %s" % FORMS
    )


def checked(texts, settings):
    """:returns: list of the texts, once each names somebody who can be told."""
    for text in texts:
        if parse(text).kind == "mail" and settings.smtp is None:
            raise errors.UsageError(
                "%s: no server is there to send mail" % text, "add smtp: to %s" % settings.path
            )
    return list(texts)


def words(text):
    """The words of a command; quotes keep them together as in a shell, but no shell runs it."""
    try:
        # 2.7's shlex takes bytes only
        return tuple(six.ensure_text(word) for word in shlex.split(six.ensure_str(text)))
    except ValueError:
        raise errors.UsageError("command:%s does not close its quotes" % text)


def unique(found):
    """Each target once, the first one of it."""
    found = list(found)
    labels = [label(target) for target in found]
    return [target for number, target in enumerate(found) if labels.index(labels[number]) == number]


def due(found, state, previous):
    """Who of them is to be told of an end.

    :param state: text, how the build ended. :param previous: text, how the one before it of its ref did, "" when
        there was none; None when a newer one has ended already.
    """
    return [target for target in found if wants(target.on, state, previous)]


def wants(on, state, previous):
    if on == "change":
        # the first build of a ref is news when it does not succeed
        return previous is not None and state != (previous or "success")
    if on == "failure":
        return state not in ("success", "cancelled")
    return on == "always" or state == on


def label(target):
    """Text that tells one target from the others; it may hold secrets."""
    parts = target.target if isinstance(target.target, tuple) else [target.target]
    return "%s %s" % (target.kind, " ".join(parts))


def shown(target):
    """Text that names a target to people: a webhook's path and a command's arguments may be secrets."""
    if target.kind == "command":
        return "the command %s" % target.target[0]
    if target.kind == "mail":
        return "mail to %s" % ", ".join(target.target)
    from controller import web

    return "the webhook at %s" % web.place(target.target)


def send(target, told, delivery, settings):
    """Tells one target.

    :param told: dict, see `document`. :param delivery: text, the same whenever the same is sent again.
    :param settings: Settings.
    :raises errors.NotifyFailed:
    """
    if target.kind == "command":
        from controller.notify import command as way
    elif target.kind == "webhook":
        from controller.notify import webhook as way
    else:
        from controller.notify import mail as way
    try:
        way.send(target, told, delivery, settings)
    except errors.SecretUnavailable as error:
        raise errors.NotifyFailed("%s: %s" % (shown(target), error.message), error.remedy)
