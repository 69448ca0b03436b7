"""The part of GitLab's API that tells of repositories, as answers for answering.Server.

In: repositories by path, each a dict of description, default_branch, languages. Out: what GitLab would answer.
Source: GitLab's documentation of its REST API (version 4): projects, pagination, errors.
"""

from __future__ import absolute_import, print_function, unicode_literals

import json

try:
    from urllib.parse import parse_qs, unquote, urlsplit
except ImportError:  # Python 2
    from urllib import unquote

    from urlparse import parse_qs, urlsplit

TOKEN = "glpat-0123456789"


class Api(object):
    """A GitLab with some repositories, which shows them page by page.

    :param paging: "header" for X-Next-Page, "link" for a Link header, as keyset pagination has it
    """

    def __init__(self, repositories, paging="header", page=2, prefix=""):
        self.repositories = repositories
        self.paging = paging
        self.page = page
        self.prefix = prefix
        self.url = ""

    def __call__(self, request):
        if request.headers.get("private-token") != TOKEN:
            return 401, {}, b'{"message":"401 Unauthorized"}'
        parts = urlsplit(request.path)
        api = self.prefix + "/api/v4/projects"
        if parts.path == api:
            return self.listing(parse_qs(parts.query))
        encoded, _, languages = parts.path[len(api) + 1 :].partition("/")
        path = unquote(encoded)
        if "/" not in path or path not in self.repositories:
            return 404, {}, b'{"message":"404 Project Not Found"}'
        one = self.repositories[path]
        return answered(one.get("languages", {}) if languages else described(path, one))

    def listing(self, query):
        assert query["membership"] == ["true"] and query["per_page"] == ["100"]
        search = query.get("search", [""])[0]
        search = search.decode("utf-8") if isinstance(search, bytes) else search
        found = [
            described(path, one)
            for path, one in sorted(self.repositories.items())
            if search in path
        ]
        number = int(query.get("page", ["1"])[0])
        shown = found[(number - 1) * self.page : number * self.page]
        more = len(found) > number * self.page
        return answered(shown, self.next_page(number + 1, search) if more else {"X-Next-Page": ""})

    def next_page(self, number, search):
        if self.paging == "header":
            return {"X-Next-Page": "%d" % number}
        url = "%s/api/v4/projects?membership=true&per_page=100&search=%s&page=%d"
        first = '<%s/api/v4/projects?page=1>; rel="first", ' % self.url
        return {
            "Link": first + '<%s>; rel="next"' % (url % (self.url + self.prefix, search, number))
        }


def described(path, one):
    return {
        "id": 1,
        "path_with_namespace": path,
        "description": one.get("description"),
        "default_branch": one.get("default_branch"),
    }


def answered(document, headers=None):
    return 200, headers or {}, json.dumps(document).encode("utf-8")
