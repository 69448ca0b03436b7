"""Proposes the entry of a project for tristan.yml, as complete as the git server can make it.

Job: find the repository's place, ask a GitLab what it is about, choose the build profile.
In: Settings, what the operator named. Out: a Proposal, or errors.UsageError that says what is to be named too.
"""

from __future__ import absolute_import, print_function, unicode_literals

from collections import namedtuple

from business_hyper_fusion import grammar
from controller import errors
from controller.candidates import chosen
from controller.gitlab import GitLab
from controller.settings import formats, repositories

Wanted = namedtuple("Wanted", "name git_server repository language build_profile description")
"""Texts; None for what the operator left open; `repository` is a path on the git server or a full address."""

Proposal = namedtuple("Proposal", "name entry default_branch")
"""`entry`: list of (key, text), in the order of tristan.yml; `default_branch`: text, "" when it is not known."""


def propose(settings, wanted):
    address, server = resolved(settings, wanted)
    told = Told(server, address)
    profile = choose_profile(settings, wanted, told)
    language = choose_language(profile, wanted, told)
    repository = wanted.repository
    if told.repository and not repositories.is_full(repository):
        repository = told.repository.path
    entry = [("repository", repository)]
    if wanted.git_server and not settings.git_servers[wanted.git_server].default:
        entry.append(("git_server", wanted.git_server))
    entry.append(("build_profile", profile.name))
    if language:
        entry.append(("language", language))
    description = wanted.description or (told.repository.description if told.repository else "")
    if description:
        entry.append(("description", description))
    branch = told.repository.default_branch if told.repository else ""
    return Proposal(wanted.name or name_of(repository), entry, branch)


class Told(object):
    """What the git server tells of a repository, asked for when it is wanted. :param server: GitServer or None.

    `repository`: gitlab.Repository, None where the server has no such API.
    """

    def __init__(self, server, address):
        is_gitlab = server is not None and server.kind == "gitlab"
        self._gitlab = GitLab(server) if is_gitlab else None
        self.repository = self._gitlab.repository(path_on(server, address)) if is_gitlab else None

    def language(self):
        """Text, or None."""
        return self._gitlab.language(self.repository.path) if self._gitlab else None


def git_server(settings, name):
    """The git server of that name; of no name, the default one. :returns: GitServer or None."""
    if name is not None:
        return chosen(settings.git_servers, name, "git server")
    found = [server for server in settings.git_servers.values() if server.default]
    return found[0] if found else None


def resolved(settings, wanted):
    """(address, GitServer or None) of the repository."""
    if wanted.git_server is not None:
        git_server(settings, wanted.git_server)
    project = {"repository": wanted.repository, "git_server": wanted.git_server}
    servers = dict((name, dict(one._asdict())) for name, one in settings.git_servers.items())
    try:
        formats.check_repository(wanted.repository)
        address, name = repositories.resolve(project, servers)
    except grammar.Refused as refused:
        raise errors.UsageError("--repository: %s" % refused)
    return address, settings.git_servers.get(name)


def path_on(server, address):
    """The path of a repository as the server itself has it: without what its address begins with."""
    before = grammar.parse_repository(server.address + "/x")[2][: -len("x")]
    return grammar.parse_repository(address)[2][len(before) :]


def name_of(repository):
    """The project's name when none was given: the last part of the repository's."""
    name = repository.rstrip("/").rpartition("/")[2].rpartition(":")[2].lower()
    name = name[: -len(".git")] if name.endswith(".git") else name
    try:
        grammar.check_project_name(name)
    except grammar.Refused as refused:
        raise errors.UsageError(
            "no name can be made of the repository's: %s" % refused, "give a NAME"
        )
    return name


def choose_profile(settings, wanted, told):
    if wanted.build_profile is not None:
        return chosen(settings.build_profiles, wanted.build_profile, "build profile")
    profiles = list(settings.build_profiles.values())
    if len(profiles) > 1:
        language = wanted.language or told.language()
        own = [profile for profile in profiles if profile.language == language]
        profiles = own or [profile for profile in profiles if not profile.language]
    if len(profiles) == 1:
        return profiles[0]
    known = ", ".join(settings.build_profiles) or "none; add one to build_profiles:"
    raise errors.UsageError(
        "which build profile?", "name it with --build-profile; there is " + known
    )


def choose_language(profile, wanted, told):
    """The language to write down; "" when the profile says it."""
    if profile.language:
        if wanted.language not in (None, profile.language):
            raise errors.UsageError(
                "--language %s: the build profile %s is for %s"
                % (wanted.language, profile.name, profile.language)
            )
        return ""
    language = wanted.language or told.language()
    if not language:
        raise errors.UsageError("which language?", "name it with --language")
    return language
