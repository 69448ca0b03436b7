"""GitLab's API, spoken by a local server: pages, refusals, TLS, answers that are none."""

from __future__ import absolute_import, print_function, unicode_literals

import pytest

from controller import errors, gitlab, web
from controller.secrets import SecretReference
from controller.settings import GitServer
from tests.lab import answering, certificates
from tests.lab.gitlab_api import TOKEN, Api, answered, described


@pytest.fixture(autouse=True)
def token(monkeypatch):
    monkeypatch.setattr(web, "PAUSES", (0.01, 0.02))
    monkeypatch.setenv(str("GITLAB_TOKEN"), str(TOKEN))


def git_server(address, **changes):
    made = dict.fromkeys(GitServer._fields)
    made.update(name="main", kind="gitlab", address=address, default=True)
    made["token"] = SecretReference("env", "GITLAB_TOKEN")
    return GitServer(**dict(made, **changes))


GROUP = {
    "group/shop": {
        "description": "The shop,\r\n  s\u00fc\u00df \x1b[31m",
        "default_branch": "main",
        "languages": {"JavaScript": 30.5, "TypeScript": 20, "Python": 45.5, "Shell": 4},
    },
    "group/shelf": {},
    "group/sub/deep": {"languages": {"Shell": 100}},
    "other/tool": {"description": "x" * 500, "default_branch": "--upload-pack=x"},
    "../evil": {},
}
PATHS = ["group/shelf", "group/shop", "group/sub/deep", "other/tool"]


@pytest.mark.parametrize("paging", ["header", "link"])
@pytest.mark.parametrize("prefix", ["", "/sub/gitlab"])
def test_all_pages_are_read(paging, prefix):
    api = Api(GROUP, paging, prefix=prefix)
    with answering.Server(api) as server:
        api.url = server.url
        found = gitlab.GitLab(git_server(server.url + prefix)).repositories()
    assert [one.path for one in found] == PATHS
    assert len(server.requests) == 3
    assert found[1].description == "The shop, s\u00fc\u00df [31m"
    assert found[1].default_branch == "main"
    assert (len(found[3].description), found[3].default_branch) == (200, "")


def test_a_search_is_the_server_s():
    with answering.Server(Api(GROUP)) as server:
        found = gitlab.GitLab(git_server(server.url)).repositories("sh\u00f6p/&x=")
        assert found == []
        found = gitlab.GitLab(git_server(server.url)).repositories("sh")
    assert [one.path for one in found] == ["group/shelf", "group/shop"]


def test_a_link_to_another_host_gets_no_token():
    with answering.Server(Api({})) as thief:
        link = {"Link": '<%s/api/v4/projects?page=2>; rel="next"' % thief.url}
        with answering.Server([answered([described("group/shop", {})], link)]) as server:
            found = gitlab.GitLab(git_server(server.url)).repositories()
        assert [one.path for one in found] == ["group/shop"]
        assert thief.requests == []


def test_pages_without_end_are_an_error():
    with answering.Server([answered([], {"X-Next-Page": "2"})]) as server:
        with pytest.raises(errors.GitServerError) as caught:
            gitlab.GitLab(git_server(server.url)).repositories()
        assert len(server.requests) == gitlab.MOST_PAGES
    assert "search" in caught.value.remedy


def test_one_repository_and_its_language():
    with answering.Server(Api(GROUP)) as server:
        api = gitlab.GitLab(git_server(server.url))
        assert api.repository("group/sub/deep").path == "group/sub/deep"
        assert api.language("group/shop") == "nodejs"
        assert api.language("group/sub/deep") is None
    assert server.requests[0].path == "/api/v4/projects/group%2Fsub%2Fdeep"


@pytest.mark.parametrize(
    "answer, says, remedy",
    [
        ((404, {}, b""), "projects/group%2Fshop: answer 404", "may the account see it"),
        ((401, {}, b""), "answer 401", "git_servers.main.token"),
        ((403, {}, b""), "answer 403", "read_api"),
        ((302, {"Location": "https://elsewhere/"}, b""), "answer 302", "the address"),
        ((500, {}, b""), "answer 500", ""),
        ((200, {}, b"[1]"), "is none", ""),
        ((200, {}, b"\xff"), "is none", ""),
        ((200, {}, b'{"path_with_namespace": "../x"}'), "is none", ""),
        ((200, {}, b'{"path_with_namespace": 7}'), "is none", ""),
    ],
)
def test_what_is_no_answer(answer, says, remedy):
    with answering.Server([answer]) as server:
        with pytest.raises(errors.GitServerError) as caught:
            gitlab.GitLab(git_server(server.url)).repository("group/shop")
    assert caught.value.message.startswith("the git server main: ")
    assert says in caught.value.message and remedy in caught.value.remedy
    assert TOKEN not in caught.value.message


def test_odd_languages_are_no_crash():
    odd = {"Python": "much", "Java": True, "PHP": None, "Vue": 1}
    with answering.Server([answered(odd), answered([])]) as server:
        assert gitlab.GitLab(git_server(server.url)).language("a/b") == "nodejs"
        assert gitlab.GitLab(git_server(server.url)).language("a/b") is None


def test_a_server_without_a_token_is_asked_without_one():
    with answering.Server([answered([])]) as server:
        assert gitlab.GitLab(git_server(server.url, token=None)).repositories() == []
    assert "private-token" not in server.requests[0].headers


def test_a_token_that_is_none_is_not_sent(monkeypatch):
    monkeypatch.setenv(str("GITLAB_TOKEN"), str("two words"))
    with answering.Server([answered([])]) as server:
        with pytest.raises(errors.SecretUnavailable) as caught:
            gitlab.GitLab(git_server(server.url)).repositories()
        assert server.requests == []
    assert "two words" not in caught.value.message


def test_tls_is_checked(tmpdir):
    made = certificates.make(str(tmpdir))
    with answering.Server(Api(GROUP), (made.certificate, made.key)) as server:
        api = gitlab.GitLab(git_server(server.url))
        with pytest.raises(errors.GitServerError) as caught:
            api.repositories()
        assert "certificate verify failed" in caught.value.message
        assert server.requests == []
        trusting = gitlab.GitLab(git_server(server.url, ca_file=made.ca_file))
        assert len(trusting.repositories()) == 4


@pytest.mark.parametrize(
    "address, api",
    [
        ("https://gitlab.example.com", "https://gitlab.example.com"),
        ("http://h:8080/sub/", "http://h:8080/sub"),
        ("ssh://git@gitlab.example.com:2222", "https://gitlab.example.com"),
    ],
)
def test_where_the_api_is(address, api):
    assert gitlab.api_address(address) == api
