"""An operator who has a canary in every slot for a secret that tristan.yml has, and the servers that want them.

In: an engine, images by language. Out: an Operator of tests/end_to_end whose machine, git servers, registry, package
indexes, mail server and webhook are real, and all that he was shown.
"""

from __future__ import absolute_import, print_function, unicode_literals

import io
import os

import yaml

from tests.end_to_end.operator import Operator
from tests.faults.canary import Canaries, unpacked
from tests.lab import answering, git_server, process, sshd
from tests.lab.registry import Registry
from tests.lab.smtp import Server as MailServer

NAMES = (
    "NPM_TOKEN",
    "npm_other",
    "YARN_NPM_AUTH_IDENT",
    "PIP_TOKEN",
    "MAVEN_PASSWORD",
    "MVNW_TOKEN",
    "GRADLE_TOKEN",
    "ORG_GRADLE_PROJECT_password",
    "OTHER",
)
"""Secrets of a build; those besides that a language's test wants are its own."""

KEYS = ("client_key", "host_key")

SHOWN = """#!/bin/sh
set -eu
for file in "$TRISTAN_SECRETS"/*; do
    cat "$file"; echo
    busybox base64 "$file"
    busybox od -An -v -tx1 "$file" | busybox tr -d ' \\n'; echo
done
"""
"""What a careless script prints."""


class Vault(Operator):
    """Call `stop()`. .canaries .shown (list of text) .reports (list of Request) .registry .mail"""

    def __init__(self, engine, python, images):
        self._python, self._images = python, images
        self.canaries = Canaries(process.directory("vault"))
        self._more = {}
        self._closed, usual = None, sshd.PASSWORD
        sshd.PASSWORD = self.canaries.text("machine")
        try:
            Operator.__init__(self, engine)
        finally:
            sshd.PASSWORD = usual

    def configure(self, **chosen):
        """Write tristan.yml with a canary wherever it takes a secret."""
        if self._closed is None:
            self._open()
        self.write(self.document())

    def write(self, document):
        with io.open(self.configuration, "w", encoding="utf-8") as target:
            target.write(yaml.safe_dump(document, default_flow_style=False))

    def add(self, secrets):
        """:param secrets: dict of name -> text with a canary in it, for the build profiles"""
        self._more.update(secrets)
        self.configure()

    def _open(self):
        self.shown, self.reports = [], []
        canaries = self.canaries
        self.registry = Registry("robot", canaries.text("registry"))
        self.mail = MailServer(login=("robot", canaries.text("smtp"))).__enter__()
        self._hook = answering.Server(self._take).__enter__()
        self._closed = git_server.GitOverHttp(self._repositories, "robot", canaries.text("git"))
        self._ssh = git_server.GitOverSsh(self._repositories)

    def _take(self, request):
        self.reports.append(request)
        return 200, {}, b""

    def document(self):
        """:returns: dict, what tristan.yml says"""
        keep = self.canaries.reference
        return {
            "machines": {"builder-1": self._machine("password"), "builder-2": self._machine("key")},
            "git_servers": {"main": self._git_http(), "other": self._git_ssh()},
            "docker_registries": {
                "main": {
                    "address": self.registry.address,
                    "namespace": "team",
                    "username": "robot",
                    "password": keep("registry"),
                }
            },
            "build_profiles": dict(self._profiles()),
            "projects": dict(self._projects()),
            "smtp": self._smtp(),
        }

    def _machine(self, how):
        found = {
            "host": "127.0.0.1",
            "port": self.sshd.port,
            "username": self.sshd.username,
            "root": os.path.join(self.sshd.root, how),
            "python": self._python,
            "engine": {"kind": "docker", "command": list(self.engine.command)},
            "labels": [how],
        }
        if how == "key":
            return dict(found, key_file=self.canaries.keep_key("machine_key", self.sshd.client_key))
        return dict(found, password=self.canaries.reference("machine"))

    def _git_http(self):
        return {
            "address": "http://127.0.0.1:%d" % self._closed.port,
            "kind": "gitlab",
            "username": "robot",
            "password": self.canaries.reference("git"),
            "token": self.canaries.reference("gitlab_token"),
            "default": True,
        }

    def _git_ssh(self):
        server = self._ssh.sshd
        return {
            "address": "ssh://%s@127.0.0.1:%d" % (server.username, server.port),
            "key_file": self.canaries.keep_key("git_key", server.client_key),
            "host_key": server.known_hosts_line,
        }

    def _smtp(self):
        return {
            "host": "127.0.0.1",
            "port": self.mail.port,
            "security": "none",
            "from": "tristan@example.com",
            "username": "robot",
            "password": self.canaries.reference("smtp"),
        }

    def _profiles(self):
        secrets = dict((name, self.canaries.reference(name)) for name in NAMES)
        for name, text in self._more.items():
            secrets[name] = self.canaries.reference(name, text)
        for language, image in self._images.items():
            profile = {"language": language, "image": image, "secrets": secrets}
            yield language, dict(profile, network="host", labels=["password"])
        script = {"compile_to_execute": SHOWN + 'eval "$SCRIPT"\n', "docker_registry": "main"}
        package = {"package_to_docker": 'echo here >"$TRISTAN_CONTEXT/here"\n'}
        dockerfile = {"dockerfile": "FROM scratch\nCOPY here /here\n"}
        profile = {"language": "python", "image": self._images["python"]}
        profile["secrets"] = secrets
        yield "script", dict(dict(dict(script, **package), **dockerfile), **profile)

    def _projects(self):
        notify = [
            {"webhook": self._hook.url, "secret": self.canaries.reference("webhook")},
            {"mail": ["team@example.com"]},
            {"command": ["sh", "-c", "cat >>%s/told" % self.home]},
        ]
        for language in self._images:
            yield language, {"repository": "group/" + language, "build_profile": language}
        script = {"repository": "group/shop", "build_profile": "script", "notify": notify}
        yield "script", dict(script, labels=["password"])
        base = self._ssh.address("group/shop")
        yield "over_ssh", dict(script, repository=base, labels=["key"], notify=[])

    def enroll(self, name="builder-1"):
        assert self.run("enroll", name, "--fingerprint", self.sshd.fingerprint).code == 0

    def attempt(self, status):
        """Its machines have a root each."""
        usual = os.path.relpath(Operator.attempt(self, status), self.sshd.root)
        how = "password" if status["machine"] == "builder-1" else "key"
        return os.path.join(self.sshd.root, how, usual)

    def run(self, *words):
        """As ever, and what was said is kept."""
        result = Operator.run(self, *words)
        self.shown += [result.out, result.err]
        return result

    def settings(self, language, files):
        """Have dependency configuration: dict of file name -> text."""
        directory = os.path.join(self.home, "cache", "dependency_lib", language)
        if not os.path.isdir(directory):
            os.makedirs(directory)
        for name, text in files.items():
            with io.open(os.path.join(directory, name), "w", encoding="utf-8") as target:
                target.write(text)

    def repository(self, name, files):
        self._repositories.create("group/" + name).commit(files)

    def pull(self, image):
        """Have an image of the registry's, with a login that stays among the secrets."""
        engine = self.engine.command + ["--config", self.canaries.directory]
        login = ["login", "--username", "robot", "--password-stdin", self.registry.address]
        process.output(engine + login, stdin=self.canaries.text("registry").encode("utf-8"))
        process.output(engine + ["pull", "--quiet", image])

    def blobs(self):
        """:returns: bytes, all that the registry holds"""
        found = []
        for directory, _, names in os.walk(os.path.join(self.registry.directory, "data")):
            found += [unpacked(os.path.join(directory, name)) for name in names]
        return b"\n".join(found)

    def stop(self):
        self._closed.stop()
        self._ssh.stop()
        self._hook.__exit__()
        self.mail.__exit__()
        self.registry.remove()
        Operator.stop(self)
        process.remove(self.canaries.directory)

    def own_places(self):
        """:returns: list of paths where secrets are by right: the operator's, and the servers'"""
        servers = [self.sshd, self._ssh.sshd]
        keys = [os.path.join(server.directory, name) for server in servers for name in KEYS]
        return keys + [self.canaries.directory]
