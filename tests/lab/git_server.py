"""Git repositories of the lab, served over ssh by an `Sshd` and over http by `git http-backend`.

In: names and contents of files to commit. Out: addresses, keys and passwords a build can clone
with.
"""

from __future__ import absolute_import, print_function, unicode_literals

import hashlib
import io
import os
import socket
import sys

from tests.lab import process
from tests.lab.sshd import Sshd

IDENTITY = {
    "GIT_AUTHOR_NAME": "Lab",
    "GIT_AUTHOR_EMAIL": "lab@example.invalid",
    "GIT_COMMITTER_NAME": "Lab",
    "GIT_COMMITTER_EMAIL": "lab@example.invalid",
    "GIT_CONFIG_NOSYSTEM": "1",
    "HOME": "/nonexistent",
}


class Repository(object):
    """A bare repository and a work tree that feeds it.

    .path of the bare one, .work of the work tree
    """

    def __init__(self, path, work):
        self.path = path
        self.work = work
        self._git_plain(["init", "-q", "--bare", path])
        self._git_plain(["init", "-q", work])
        self.git(["checkout", "-q", "-b", "main"])
        self.git(["remote", "add", "origin", path])
        self._git_plain(["--git-dir", path, "symbolic-ref", "HEAD", "refs/heads/main"])

    def git(self, arguments):
        """Run git in the work tree.

        :returns: str, what it printed
        """
        return self._git_plain(["-C", self.work] + list(arguments))

    def commit(self, files, message="Change", branch="main"):
        """Write files, commit them and push the branch; a new branch starts at the present commit.

        :param files: dict of path -> text or bytes; None removes the file
        :returns: str, the commit's full hash
        """
        self._check_out(branch)
        for path, content in files.items():
            self._put(path, content)
        self.git(["add", "--all", "--force"])
        self.git(["commit", "-q", "--allow-empty", "--message", message])
        self.git(
            ["push", "-q", "--force", "origin", "refs/heads/{0}:refs/heads/{0}".format(branch)]
        )
        return self.git(["rev-parse", "HEAD"]).strip()

    def commit_tree(self, directory, message="Import", branch="main"):
        """Commit all files below a directory, with their run bits.

        :returns: str, the commit's full hash
        """
        self._check_out(branch)
        process.output(["cp", "-R", os.path.join(directory, "."), self.work])
        return self.commit({}, message, branch)

    def link(self, path, commit, branch="main"):
        """Have a submodule's commit stand at a path from the next commit on, whatever .gitmodules says."""
        self._check_out(branch)
        full = os.path.join(self.work, path)
        if not os.path.isdir(full):
            os.makedirs(full)
        self.git(["update-index", "--add", "--cacheinfo", "160000", commit, path])

    def pointer(self, content, served=True):
        """Keep a large file's content beside the repository, as Git LFS does.

        :param content: bytes
        :param served: bool, False for content that the server has lost
        :returns: str, the pointer to commit in its place
        """
        oid = hashlib.sha256(content).hexdigest()
        objects = os.path.join(self.path, "lfs-objects")
        if served:
            if not os.path.isdir(objects):
                os.makedirs(objects)
            with io.open(os.path.join(objects, oid), "wb") as target:
                target.write(content)
        form = "version https://git-lfs.github.com/spec/v1\noid sha256:{0}\nsize {1}\n"
        return form.format(oid, len(content))

    def unlink(self, path):
        """Take a submodule away from the next commit on."""
        self.git(["update-index", "--force-remove", path])
        os.rmdir(os.path.join(self.work, path))

    def tag(self, name):
        """Tag the present commit (annotated) and push the tag."""
        self.git(["tag", "--annotate", "--force", "--message", name, "--", name])
        self.git(["push", "-q", "--force", "origin", "refs/tags/{0}:refs/tags/{0}".format(name)])

    def _check_out(self, branch):
        # names such as $(id) or a;b are wanted here; only git's own grammar limits them
        if self._git_plain(["-C", self.work, "branch", "--list"]).strip():
            known = self.git(
                ["for-each-ref", "--format=%(refname)", "refs/heads/" + branch]
            ).strip()
            self.git(["checkout", "-q"] + ([branch, "--"] if known else ["-b", branch]))
        elif branch != "main":
            self.git(["checkout", "-q", "-b", branch])

    def _put(self, path, content):
        full = os.path.join(self.work, path)
        if content is None:
            os.remove(full)
            return
        if not os.path.isdir(os.path.dirname(full)):
            os.makedirs(os.path.dirname(full))
        data = content if isinstance(content, bytes) else content.encode("utf-8")
        with io.open(full, "wb") as target:
            target.write(data)
        if data.startswith(b"#!"):
            os.chmod(full, 0o755)

    def _git_plain(self, arguments):
        return process.output(
            ["git", "-c", "safe.directory=*"] + list(arguments), environment=IDENTITY
        )


class Repositories(object):
    """A directory of bare repositories, made on demand.

    .configuration (path of a file with settings of git's, which need not be there, for whoever serves them)
    """

    def __init__(self):
        self.directory = process.directory("git")
        self.base = os.path.join(self.directory, "srv")
        self.configuration = os.path.join(self.directory, "gitconfig")
        os.mkdir(self.base)

    def send_through(self, script):
        """Have every server send its packs through a shell text, from stdin to stdout, from now on."""
        hook = os.path.join(self.directory, "send.sh")
        with io.open(hook, "w") as target:
            target.write('#!/bin/sh\n"$@" | {{ {0}; }}\n'.format(script))
        os.chmod(hook, 0o755)
        # without a word of its own that it is still there
        settings = "[uploadpack]\n\tpackObjectsHook = {0}\n\tkeepAlive = 0\n".format(hook)
        with io.open(self.configuration, "w") as target:
            target.write(settings)

    def create(self, name):
        """:param name: str such as "group/shop"
        :returns: Repository, empty
        """
        work = os.path.join(self.directory, "work", name)
        os.makedirs(work)
        bare = os.path.join(self.base, name + ".git")
        os.makedirs(bare)
        return Repository(bare, work)

    def remove(self):
        process.remove(self.directory)


class GitOverSsh(object):
    """Serves the repositories over ssh; the login is the lab's `builder` with the sshd's client
    key.

    .sshd with .port .client_key .known_hosts_line
    """

    def __init__(self, repositories, options=None):
        self._base = repositories.base
        self.sshd = Sshd(options=options, docker_group=False)
        # the repositories are not owned by the login
        with io.open(os.path.join(self.sshd.home, ".gitconfig"), "w") as configuration:
            settings = "[safe]\n\tdirectory = *\n[include]\n\tpath = {0}\n"
            configuration.write(settings.format(repositories.configuration))

    def address(self, name):
        """:returns: str, "ssh://builder@127.0.0.1:port/.../name.git" """
        return "ssh://{0}@{1}:{2}{3}/{4}.git".format(
            self.sshd.username, self.sshd.host, self.sshd.port, self._base, name
        )

    def stop(self):
        self.sshd.stop()


class GitOverHttp(object):
    """Serves the repositories over http or https, with Git LFS, as a process of its own.

    :param username: str; with `password`, both must be given by the client (basic authentication)
    :param certificate: path of a file with key and certificate, for https

    .port .pid (SIGSTOP it for a server that stalls) .log (path; see git_http.py)
    """

    host = "127.0.0.1"

    def __init__(self, repositories, username="", password="", certificate=""):
        self.scheme = "https" if certificate else "http"
        self.directory = process.directory("http")
        self.port = process.free_port()
        self.username = username
        self.password = password
        self.log = os.path.join(self.directory, "http.log")
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lfs_server.py")
        environment = {
            "LAB_GIT_LOGIN": "{0}:{1}".format(username, password) if username else "",
            "LAB_GIT_CERTIFICATE": certificate,
            "GIT_CONFIG_GLOBAL": repositories.configuration,
        }
        command = [sys.executable, "-B", script, repositories.base, str(self.port)]
        self._child = process.Child(command, self.log, environment)
        self._child.wait_for(self._answers, 60, "the git http server")

    @property
    def pid(self):
        """int, the server's pid"""
        return self._child.pid

    def address(self, name):
        """:returns: str, "http://127.0.0.1:port/name.git", without a login"""
        return "{0}://{1}:{2}/{3}.git".format(self.scheme, self.host, self.port, name)

    def requests(self):
        """:returns: list of str, all its log's lines so far"""
        with io.open(self.log, encoding="utf-8") as log:
            return log.read().splitlines()

    def sent(self):
        """:returns: int, bytes of objects and refs that it has answered with so far"""
        lines = [line.split() for line in self.requests()]
        return sum(int(words[1]) for words in lines if words[:1] == ["sent"])

    def stop(self):
        self._child.stop()
        process.remove(self.directory)

    def _answers(self):
        try:
            socket.create_connection((self.host, self.port), 2).close()
            return True
        except (IOError, OSError):
            return False
