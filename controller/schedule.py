"""What cron or systemd needs to run ``tristan refresh``: lines and units, in each one's own quoting.

In: the words of the command, the environment that it needs, how often. Out: text to install.
"""

from __future__ import absolute_import, print_function, unicode_literals

import os
import re
import sys

import six
from six.moves import shlex_quote

from controller import errors, render

SERVICE, TIMER = "tristan-refresh.service", "tristan-refresh.timer"
SYSTEM_UNITS, USER_UNITS = "/etc/systemd/system", "~/.config/systemd/user"

MINUTES = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)
HOURS = (1, 2, 3, 4, 6, 8, 12)
DAY = 86400

CARRIED = ("XDG_STATE_HOME",)
"""What of the environment decides where pins and the journal are: cron's and systemd's would be another place."""

_PLAIN = re.compile(r"[A-Za-z0-9/._+:=@,-]+\Z")


def program(invoked, interpreter=sys.executable):
    """The words that run this tristan from anywhere.

    :param invoked: sys.argv[0]. :param interpreter: path of the Python that runs.
    """
    path = os.path.abspath(_text(invoked))
    if os.path.basename(path) == "tristan" and os.access(path, os.X_OK):
        return [path]
    return [_text(interpreter), "-m", "controller"]


def carried(environment):
    """:returns: {name: value} of what a scheduled command needs of this one's environment."""
    return dict((name, _text(environment[name])) for name in CARRIED if environment.get(name))


def crontab(words, config, environment, seconds):
    """Lines for ``crontab -``. :param words: see program. :param config: path of tristan.yml.

    :param environment: {name: value}. :param seconds: between two refreshes.
    """
    prefix = ["%s=%s" % pair for pair in sorted(environment.items())]
    command = (["env"] + prefix if prefix else []) + words + ["--config", config]
    return render.render(
        "crontab.j2",
        config=_printable(config),
        when=cron_time(seconds),
        refresh=for_cron(command + ["refresh", "--quiet"]),
        build=for_cron(command + ["build", "PROJECT", "--branch", "main", "--detach"]),
    )


def cron_time(seconds):
    """:returns: e.g. "*/30 * * * *": only what divides an hour or a day comes round evenly."""
    minutes, hours = seconds // 60, seconds // 3600
    if seconds == DAY:
        return "0 3 * * *"
    if seconds == hours * 3600 and hours in HOURS:
        return "0 * * * *" if hours == 1 else "0 */%d * * *" % hours
    if seconds == minutes * 60 and minutes in MINUTES:
        return "* * * * *" if minutes == 1 else "*/%d * * * *" % minutes
    known = ["%dm" % one for one in MINUTES] + ["%dh" % one for one in HOURS] + ["1d"]
    raise errors.UsageError("cron has no such interval", remedy="one of: %s" % ", ".join(known))


def for_cron(words):
    """A command as a line of a crontab has it: % would end it, so cron takes \\% for it, before the shell does."""
    return " ".join(shlex_quote(_printable(word)) for word in words).replace("%", "\\%")


def service(words, config, environment, login):
    """The service's unit. :param login: who it runs as; None for a unit of the user's own systemd."""
    return render.render(
        "systemd.service.j2",
        place=USER_UNITS if login is None else SYSTEM_UNITS,
        service=SERVICE,
        system=login is not None,
        login=login or "",
        variables=[
            for_systemd("%s=%s" % pair, variables=False) for pair in sorted(environment.items())
        ],
        refresh=exec_start(words + ["--config", config, "refresh", "--quiet"]),
    )


def timer(seconds, user):
    """The timer's unit. :param user: whether it is one of the user's own systemd."""
    control = "systemctl --user" if user else "systemctl"
    enable = "%s daemon-reload && %s enable --now %s" % (control, control, TIMER)
    linger = "loginctl enable-linger && " if user else ""
    return render.render(
        "systemd.timer.j2",
        place=USER_UNITS if user else SYSTEM_UNITS,
        timer=TIMER,
        service=SERVICE,
        seconds=seconds,
        enable=linger + enable,
    )


def exec_start(words):
    """A command line as systemd reads it; a program of a strange name is run by env, where it is but a word."""
    if not _PLAIN.match(words[0]):
        words = ["/usr/bin/env"] + words
    return " ".join(for_systemd(word) for word in words)


def for_systemd(word, variables=True):
    """One word of a unit file: % begins a specifier, $ a variable, the backslash an escape (systemd.service(5)).

    :param variables: False where $ means itself, as in Environment=.
    """
    text = _printable(word).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    if variables:
        text = text.replace("$", "$$")
    return text if _PLAIN.match(text) else '"%s"' % text


def _printable(text):
    text = _text(text)
    if any(letter < " " or letter == "\x7f" for letter in text):
        raise errors.UsageError(
            "a path holds a control character, which no schedule can name", "move tristan.yml"
        )
    return text


def _text(value):
    return six.ensure_text(value) if isinstance(value, bytes) else value
