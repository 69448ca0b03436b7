"""How a refusal looks, and the checks that every text goes through first.

In:  the rule that was broken (a sentence) and the value that broke it.
Out: `Refused` / `RequestRefused`, whose text is plain ASCII without control characters,
     short, and without the credentials an address may carry.
"""

from __future__ import absolute_import, print_function, unicode_literals

import re

from business_hyper_fusion.compat import LONE_SURROGATE, text_type

SHOWN = 80
"""Characters of a refused value that are printed."""

_CONTROL = re.compile("[\x00-\x1f\x7f]")
_CONTROL_BUT_TAB = re.compile("[\x00-\x08\x0a-\x1f\x7f]")


class Refused(ValueError):
    """A value that breaks a rule.

    :param rule: str, the rule as a sentence a user understands.
    :param value: the value, printed safely; left out when it may be a secret.
    """

    def __init__(self, rule, value=None):
        message = rule if value is None else "%s: %s" % (rule, shown(value))
        super(Refused, self).__init__(message)
        self.rule = rule
        self.value = value


class RequestRefused(ValueError):
    """A request document that the executor will not trust.

    :param faults: list of (key path, message) pairs, in the document's documented order.
    """

    def __init__(self, faults):
        super(RequestRefused, self).__init__("; ".join("%s: %s" % fault for fault in faults))
        self.faults = list(faults)


def shown(value):
    """Make any value printable: quoted ASCII, escaped, shortened, credentials masked.

    :return: str.
    """
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, text_type):
        return str("a value of type %s" % type(value).__name__)
    text = _without_credentials(value)
    cut = text[:SHOWN] + ("..." if len(text) > SHOWN else "")
    return str('"%s"' % cut.encode("unicode_escape").decode("ascii"))


def _without_credentials(text):
    """Mask what may be a password or a token: user:password@, https://token@, ?query."""
    scheme, separator, rest = text.rpartition("://")
    user, at, host = rest.rpartition("@")
    if at and (":" in user or not scheme.endswith("ssh") and separator):
        rest = "***@" + host
    if separator and "?" in rest:
        rest = rest.partition("?")[0] + "?***"
    return scheme + separator + rest


def passes(check, value):
    """Whether a check refuses nothing. :return: bool."""
    try:
        check(value)
    except Refused:
        return False
    return True


def text_of(value, what):
    """Return the value as Unicode text.

    On Python 2 a native string is taken for UTF-8; on Python 3 bytes are no text.

    :param what: str, the noun the rules speak of, e.g. "a branch".
    """
    if not isinstance(value, (str, text_type)):
        raise Refused("%s must be text" % what, value)
    try:
        text = value.decode("utf-8") if isinstance(value, bytes) else value
        text.encode("utf-8")
    except UnicodeError:
        raise Refused("%s must be valid UTF-8" % what, value)
    if LONE_SURROGATE.search(text):
        raise Refused("%s must be valid UTF-8" % what, value)
    return text


def bounded(value, what, most):
    """Return the value as text of 1 to `most` bytes of UTF-8."""
    text = text_of(value, what)
    size = len(text.encode("utf-8"))
    if not size:
        raise Refused("%s must not be empty" % what)
    if size > most:
        raise Refused("%s must be at most %d bytes long (this one has %d)" % (what, most, size))
    return text


def printable(value, what, most, tabs=False):
    """Return the value as text of 1 to `most` bytes without control characters."""
    text = bounded(value, what, most)
    if (_CONTROL_BUT_TAB if tabs else _CONTROL).search(text):
        raise Refused(
            "%s must not contain control characters (NUL, line breaks, ...)" % what, value
        )
    return text


def matching(pattern, rule, value, what):
    """Refuse a text that the compiled pattern does not match from end to end."""
    if not pattern.match(text_of(value, what)):
        raise Refused(rule, value)


def one_of(allowed, value, what):
    """Refuse a text that is none of the allowed words."""
    if text_of(value, what) not in allowed:
        raise Refused("%s must be one of: %s" % (what, ", ".join(allowed)), value)


def whole(value, what, least, most):
    """Refuse what is not a whole number between least and most; True is no number."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise Refused("%s must be a whole number from %d to %d" % (what, least, most))


def amount(value, below):
    """Refuse what is no number, whole or not, that is not negative and less than `below`, a whole number beyond 2**62.

    What JSON calls a number is an int, a float, or, on 2.7, a long.
    """
    number = isinstance(value, (int, float, type(below))) and not isinstance(value, bool)
    if not number or not 0 <= value < below:
        raise Refused("must be a number that is not negative")
