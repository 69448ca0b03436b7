"""What is written down of a project: said by the operator, by GitLab, by the only profile that fits."""

from __future__ import absolute_import, print_function, unicode_literals

import io

import pytest

from controller import errors, propose_project, settings
from tests.lab import answering
from tests.lab.gitlab_api import TOKEN, Api

SHOP = {
    "description": "The shop",
    "default_branch": "trunk",
    "languages": {"TypeScript": 60, "Python": 40},
}
TEXT = """\
machines: {{builder-1: }}
git_servers:
  lab: {{kind: gitlab, address: "{url}/sub", token: {{env: GITLAB_TOKEN}}, default: true}}
  plain: {{address: "https://git.example.com"}}
build_profiles:
{profiles}
"""
PYTHON = "  wheel: {language: python, image: python}\n"
NODE = "  app: {language: nodejs, image: node}\n"
ANY = "  any: {image: debian}\n"


@pytest.fixture
def propose(tmpdir, monkeypatch):
    """Function: build profiles and what is wanted -> Proposal; `.server` is the GitLab."""
    monkeypatch.setenv(str("GITLAB_TOKEN"), str(TOKEN))
    path = str(tmpdir.join("tristan.yml"))
    with answering.Server(Api({"group/shop": SHOP}, prefix="/sub")) as server:

        def run(profiles, **wanted):
            with io.open(path, "w", encoding="utf-8") as opened:
                opened.write(TEXT.format(url=server.url, profiles=profiles))
            made = dict.fromkeys(propose_project.Wanted._fields)
            made.update(wanted)
            return propose_project.propose(settings.load(path), propose_project.Wanted(**made))

        run.server = server
        yield run


def test_gitlab_says_the_description_the_language_and_the_branch(propose):
    found = propose(ANY, repository="group/shop")
    assert found.name == "shop"
    assert found.entry == [
        ("repository", "group/shop"),
        ("build_profile", "any"),
        ("language", "nodejs"),
        ("description", "The shop"),
    ]
    assert found.default_branch == "trunk"


def test_what_the_operator_says_goes_before_it(propose):
    found = propose(ANY, repository="group/shop", name="web", language="python", description="Ours")
    assert found.name == "web"
    assert found.entry[2:] == [("language", "python"), ("description", "Ours")]


def test_a_profile_s_language_is_not_repeated(propose):
    found = propose(PYTHON, repository="group/shop")
    assert [key for key, _ in found.entry] == ["repository", "build_profile", "description"]
    with pytest.raises(errors.UsageError) as caught:
        propose(PYTHON, repository="group/shop", language="php")
    assert "wheel is for python" in caught.value.message


@pytest.mark.parametrize(
    "profiles, chosen",
    [(PYTHON + NODE, "app"), (PYTHON + NODE + ANY, "app"), (PYTHON + ANY, "any")],
)
def test_the_profile_that_fits_is_taken(propose, profiles, chosen):
    assert dict(propose(profiles, repository="group/shop").entry)["build_profile"] == chosen


def test_of_several_profiles_one_must_be_named(propose):
    profiles = NODE + NODE.replace("app", "other")
    with pytest.raises(errors.UsageError) as caught:
        propose(profiles, repository="group/shop")
    assert "--build-profile; there is app, other" in caught.value.remedy
    found = propose(profiles, repository="group/shop", build_profile="other")
    assert dict(found.entry)["build_profile"] == "other"


def test_a_full_address_on_the_gitlab_stays_one(propose):
    address = propose.server.url + "/sub/group/shop.git"
    found = propose(NODE, repository=address)
    assert found.entry[0] == ("repository", address)
    assert dict(found.entry)["description"] == "The shop"
    assert found.name == "shop"


def test_a_plain_git_server_is_not_asked(propose):
    found = propose(PYTHON, repository="Group/Tool.git", git_server="plain")
    assert found == (
        "tool",
        [("repository", "Group/Tool.git"), ("git_server", "plain"), ("build_profile", "wheel")],
        "",
    )
    with pytest.raises(errors.UsageError) as caught:
        propose(ANY, repository="group/tool", git_server="plain")
    assert "--language" in caught.value.remedy
    found = propose(PYTHON, repository="https://elsewhere.example.com/group/tool")
    assert found.entry[0] == ("repository", "https://elsewhere.example.com/group/tool")
    assert propose.server.requests == []


def test_a_repository_that_is_not_there_is_an_error(propose):
    with pytest.raises(errors.GitServerError) as caught:
        propose(PYTHON, repository="group/nope")
    assert "group%2Fnope: answer 404" in caught.value.message


@pytest.mark.parametrize(
    "wanted, says",
    [
        ({"repository": "--upload-pack=x"}, "--repository"),
        ({"repository": "ext::sh -c id"}, "--repository"),
        ({"repository": "group/shop", "git_server": "nope"}, "there is no git server"),
        ({"repository": "group/shop", "build_profile": "nope"}, "there is no build profile"),
        ({"repository": "https://h/a/B\u00fc"}, "no name can be made"),
        (
            {"repository": "https://git.example.com/x", "git_server": "lab"},
            "is not on git server lab",
        ),
    ],
)
def test_what_can_not_be(propose, wanted, says):
    with pytest.raises(errors.UsageError) as caught:
        propose(PYTHON, **wanted)
    assert says in caught.value.message
