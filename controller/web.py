"""HTTP requests of the controller's own: to registries, to git servers' APIs, to webhooks.

Job: bound each request in time and size, repeat what may pass, translate requests' errors, once.
In: a method and a URL. Out: an Answer, or an error of the class that the caller named.

Redirects are never followed: a login, a token or a signature goes where the operator said it goes. ~/.netrc is not read
either. Proxies and CA bundles of the environment count, but no proxy stands between this host and itself.
"""

from __future__ import absolute_import, print_function, unicode_literals

import random
import re
import threading
import time
from collections import namedtuple

import requests

from controller import __version__, compat

TIMEOUT = 10.0
"""Seconds for the connection, and for each wait for bytes."""

WHOLE_TIMEOUT = 40.0
"""Seconds for a whole answer: a server that drips is as one that is silent."""

PAUSES = (0.5, 2.0)
"""Seconds before each repetition, with jitter."""

MOST_BYTES = 8 * 1024 * 1024

PASSING = frozenset([429, 500, 502, 503, 504])
"""Answers that another try may not get."""

FAILURES = (EnvironmentError, ValueError, requests.exceptions.BaseHTTPError)
"""What requests raises: its own errors are EnvironmentErrors, an address that is none is a ValueError."""

Answer = namedtuple("Answer", "status headers body")
"""`status`: int; `headers`: case-insensitive dict of text; `body`: bytes."""


class Client(object):
    """:param name: text that names the other side in messages. :param error: class of the error tree.
    :param ca_file: path of the certificates to trust; None for those that the system trusts.
    """

    def __init__(self, name, error, ca_file=None):
        self._name = name
        self._error = error
        self._ca_file = ca_file
        self._session = requests.Session()

    def send(self, method, url, headers=None, body=None, authorize=None):
        """One request, repeated while that may help.

        :param authorize: function(request) that puts more headers on it and returns it; called for each try.
        :returns: Answer, whatever its status.
        """
        options = self._options(url, headers, body, authorize)
        for pause in PAUSES:
            answer, problem = self._try(method, url, options)
            if problem is None and answer.status not in PASSING:
                return answer
            time.sleep(pause * random.uniform(0.5, 1.0))
        answer, problem = self._try(method, url, options)
        if problem is not None:
            raise self.failure(
                "no answer from %s: %s" % (place(url), reason(problem)),
                "is it up, and can this host reach it?",
            )
        return answer

    def failure(self, message, remedy=""):
        """The caller's error, about the other side."""
        return self._error("%s: %s" % (self._name, message), remedy)

    def _try(self, method, url, options):
        """(Answer, None) or (None, exception)."""
        try:
            return within(WHOLE_TIMEOUT, self._ask, method, url, options), None
        except requests.exceptions.SSLError as error:
            raise self.failure(
                "no TLS with %s: %s" % (place(url), reason(error)),
                "is the address right, and is its certificate trusted here (ca_file)?",
            )
        except FAILURES as error:
            return None, error

    def _ask(self, method, url, options):
        answer = self._session.request(method, url, **options)
        try:
            return Answer(answer.status_code, answer.headers, read(answer))
        finally:
            answer.close()

    def _options(self, url, headers, body, authorize):
        headers = dict({"User-Agent": "tristan/" + __version__}, **(headers or {}))
        options = {
            # 2.7's httplib takes a text's body for text too
            "headers": dict((name, compat.ensure_str(value)) for name, value in headers.items()),
            "data": body,
            "auth": authorize or unchanged,  # without one, requests would read ~/.netrc
            "timeout": TIMEOUT,
            "allow_redirects": False,
            "stream": True,
        }
        if self._ca_file:
            options["verify"] = self._ca_file
        if is_loopback(host_of(url)):
            options["proxies"] = {"http": None, "https": None, "all": None}
        return options


def within(seconds, function, *arguments):
    """What a function gives, for which there is only so much time.

    In a thread: no timeout of a socket bounds the search for a host's address, or an answer that drips.
    """
    outcome = []

    def run():
        try:
            outcome.append((function(*arguments), None))
        except BaseException as error:
            outcome.append((None, error))

    thread = threading.Thread(target=run)
    thread.daemon = True
    thread.start()
    thread.join(seconds)
    if not outcome:
        raise requests.exceptions.Timeout()
    result, error = outcome[0]
    if error is not None:
        raise error
    return result


def read(answer):
    """The body, bounded."""
    body = b""
    for chunk in answer.iter_content(64 * 1024):
        body += chunk
        if len(body) > MOST_BYTES:
            raise requests.exceptions.ContentDecodingError("more than %d bytes" % MOST_BYTES)
    return body


def unchanged(request):
    """The authorization of a request that needs none."""
    return request


def reason(error):
    """The system's own words, out of the library's wrapping."""
    if isinstance(error, requests.exceptions.Timeout):
        return "it takes too long"
    if isinstance(error, requests.exceptions.ContentDecodingError):
        return "it can't be read"
    text = compat.ensure_text(repr(error), errors="replace")
    said = re.search(r"\[Errno -?[0-9]+\] ([A-Za-z ,]+)|\[SSL: ([A-Z_0-9]+)\]", text)
    if said is None:
        return "the connection was cut"
    return (said.group(1) or said.group(2).replace("_", " ")).strip().lower()


def place(url):
    """Scheme, host and port of a URL: what a message may say, since the rest may be a secret."""
    scheme, _, rest = url.partition("://")
    return scheme + "://" + re.split("[/?#]", rest)[0].rpartition("@")[2]


def host_of(url):
    """:returns: text in lower case, without the port."""
    authority = place(url).partition("://")[2].lower()
    if authority.startswith("["):
        return authority[1:].partition("]")[0]
    return authority.partition(":")[0]


def is_loopback(host):
    return host in ("localhost", "::1") or re.match(r"127(\.[0-9]+){3}\Z", host) is not None
