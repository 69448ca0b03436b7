"""What a GitLab tells of its repositories, by its REST API (version 4): which there are, what they are about.

Job: list the repositories that the account sees, describe one of them, guess its language.
In: a settings GitServer of kind gitlab. Out: Repository, or errors.GitServerError.

Answers are followed page by page, by X-Next-Page or by a Link header that stays on the server; the token goes nowhere
else. What is no repository as the grammar has it is left out.
"""

from __future__ import absolute_import, print_function, unicode_literals

import re
from collections import namedtuple

import six
from six.moves.urllib.parse import quote, urlencode

from business_hyper_fusion import grammar
from business_hyper_fusion.grammar.json_text import parse_json
from controller import compat, errors, web

PAGE = 100
MOST_PAGES = 100
DESCRIPTION = 200

LANGUAGES = {
    "java": ("Java", "Kotlin", "Groovy", "Scala"),
    "nodejs": ("JavaScript", "TypeScript", "Vue", "Svelte", "CoffeeScript"),
    "php": ("PHP", "Blade", "Hack"),
    "python": ("Python", "Cython"),
}
"""GitLab's names of what is built by each language."""

Repository = namedtuple("Repository", "path description default_branch")
"""`path`: text, ``group/shop``; `description`: one line of text; `default_branch`: text; both perhaps ""."""

_NEXT = re.compile(r'<([^<>]+)>\s*;[^,]*\brel="?next"?')


class GitLab(object):
    """:param server: settings GitServer."""

    def __init__(self, server):
        self._server = server
        self._api = api_address(server.address) + "/api/v4"
        name = "the git server " + server.name
        self._client = web.Client(name, errors.GitServerError, server.ca_file)
        self._token = None

    def repositories(self, search=""):
        """What the account is a member of.

        :param search: text that is to be in its path. :returns: list of Repository, by path.
        """
        wanted = [("membership", "true"), ("simple", "true"), ("archived", "false")]
        wanted += [("order_by", "path"), ("sort", "asc"), ("per_page", "%d" % PAGE)]
        if search:
            wanted += [("search", compat.ensure_str(search)), ("search_namespaces", "true")]
        found = {}
        for answer in self._pages(self._api + "/projects", wanted):
            for repository in (repository_of(one) for one in listed(answer)):
                if repository is not None:
                    found[repository.path] = repository
        return [found[path] for path in sorted(found)]

    def repository(self, path):
        """:param path: text, ``group/shop``. :returns: Repository, by its present path."""
        found = repository_of(parsed(self._get(self._project(path))))
        if found is None:
            raise self._client.failure("its answer about %s is none" % path)
        return found

    def language(self, path):
        """The language that most of a repository is in, or None when that can't be built."""
        shares = parsed(self._get(self._project(path) + "/languages"))
        sums = dict(
            (name, sum(share(shares.get(one)) for one in members))
            for name, members in LANGUAGES.items()
        )
        most = max(sorted(sums), key=lambda name: sums[name])
        return most if sums[most] else None

    def _project(self, path):
        return self._api + "/projects/" + quote(compat.ensure_str(path), safe=str(""))

    def _pages(self, url, query):
        """Yield the answers of all pages."""
        first = url + "?" + urlencode(query)
        following = first
        for _ in range(MOST_PAGES):
            answer = self._get(following)
            yield answer
            number = answer.headers.get("X-Next-Page", "").strip()
            link = _NEXT.search(answer.headers.get("Link", ""))
            if re.match("[0-9]{1,9}$", number):
                following = first + "&page=" + number
            elif link is not None and link.group(1).startswith(self._api + "/"):
                following = link.group(1)
            else:
                return
        raise self._client.failure(
            "it has more than %d repositories for this account" % (PAGE * MOST_PAGES),
            "search for some of them",
        )

    def _get(self, url):
        answer = self._client.send("GET", url, authorize=self._authorize)
        if answer.status == 200:
            return answer
        name = self._server.name
        remedies = {
            401: "check git_servers.%s.token: a token with the scope read_api" % name,
            403: "the token of git_servers.%s needs the scope read_api" % name,
            404: "is it spelled right, and may the account see it?",
        }
        if 300 <= answer.status < 400:
            remedies[answer.status] = "give git_servers.%s the address that it sends to" % name
        raise self._client.failure(
            "%s: answer %d" % (url.partition("?")[0], answer.status),
            remedies.get(answer.status, ""),
        )

    def _authorize(self, request):
        if self._server.token is not None:
            if self._token is None:
                self._token = self._server.token.resolve()
            request.headers[str("PRIVATE-TOKEN")] = header(self._token.reveal(), self._server.name)
        return request


def api_address(address):
    """Where the API is of a git server: behind the same address, or, over ssh, the same host's https."""
    scheme, _, rest = address.partition("://")
    if scheme in ("http", "https"):
        return address.rstrip("/")
    return "https://" + web.host_of(address)


def header(token, name):
    """A token as a header's value."""
    if not re.match(r"[\x21-\x7e]+\Z", token):
        raise errors.SecretUnavailable(
            "git_servers.%s.token is none: it has spaces or more than ASCII" % name
        )
    return compat.ensure_str(token)


def repository_of(one):
    """A Repository of what the API says, None when it is none."""
    path = one.get("path_with_namespace") if isinstance(one, dict) else None
    if not isinstance(path, six.text_type):
        return None
    try:
        grammar.check_repository("https://host/" + path)
    except grammar.Refused:
        return None
    return Repository(path, one_line(one.get("description")), branch(one.get("default_branch")))


def branch(name):
    try:
        grammar.check_branch(name)
    except grammar.Refused:
        return ""
    return name


def one_line(text):
    """A description as tristan.yml takes it."""
    if not isinstance(text, six.text_type):
        return ""
    text = " ".join(re.sub("[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text).split())
    return text if len(text) <= DESCRIPTION else text[: DESCRIPTION - 3].rstrip() + "..."


def parsed(answer):
    """The JSON object of an answer, {} when it is none."""
    found = read(answer)
    return found if isinstance(found, dict) else {}


def listed(answer):
    found = read(answer)
    return found if isinstance(found, list) else []


def read(answer):
    try:
        return parse_json(answer.body)
    except ValueError:
        return None


def share(value):
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else 0
