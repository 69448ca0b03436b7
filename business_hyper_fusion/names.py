"""The one place where names of directories, images and containers are made.

In:  text that passed the grammar (refs, hosts, paths, images, ids).
Out: native str, safe as one path component or as the name an engine accepts.

A name that is already plain stays itself. Any other becomes a readable slug, "__" and 12 hex
digits of the SHA-256 of the whole text; since no plain name holds "__", two texts never share a
name: ``A``/``a``, ``a``/``a/source``, ``a/b``/``a__b``, ``host:5000/image``.
"""

from __future__ import absolute_import, print_function

import re
import time

RESERVED = frozenset(
    "branches build builds cache commits data_data.json events.jsonl launched lock log mirrors releases "
    "run source status tags trees workspaces".split()
)
"""Files and directories of Tristan's own that stand beside those named after hosts and projects."""

SLUG = 40
TAG = 128
_PLURALS = {"branch": "branches", "tag": "tags", "commit": "commits", "tree": "trees"}
_PLAIN = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}\Z")
_PLAIN_IMAGE = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*\Z")
_RUN = re.compile(r"[^A-Za-z0-9]+")


def component(text):
    """Name one path component after any text.

    :return: str, the text itself if it is plain, else slug + "__" + hash; never empty, never
        with "/", ".." or a leading "." or "-"; different texts give different names.
    """
    text = _native(text)
    plain = _PLAIN.match(text) and "__" not in text and text not in RESERVED
    if plain and not text.endswith((".lock", ".")):
        return text
    return _slug(text, SLUG) + "__" + _digest(text)


def project_directory(host, path):
    """Relative directory of a project, e.g. ``git.example.com/group/shop``.

    :param host: text, host with its port, as `grammar.parse_repository` gives it.
    :param path: text, the repository's path there.
    """
    return "/".join(component(part) for part in [host] + path.split("/"))


def ref_directory(kind, name):
    """Relative directory of a ref in its project: branches/main, tags/v1, commits/<hash>, trees/<name>.

    :param kind: "branch", "tag", "commit" or "tree".
    """
    return _PLURALS[kind] + "/" + component(name)


def mirror(address):
    """One path component for the bare mirror of a repository.

    :param address: text that `grammar.check_repository` accepted.
    :return: str, e.g. ``git-example-com-group-shop__1f0c....git``; the hash is the address's, so
        two ways to one repository have a mirror each.
    """
    text = _native(address)
    readable = text.rpartition("://")[2].rpartition("@")[2]
    if readable.endswith(".git"):
        readable = readable[: -len(".git")]
    return _slug(readable, 60) + "__" + _digest(text) + ".git"


def build_image(image, uid):
    """Name of the image made from a base image for one user: ``build_python:3.12-slim-u1000``.

    :param image: text, an image reference, perhaps with registry, tag and digest.
    :param uid: int, the user id the builds run with.
    :return: str, a legal reference.
    """
    text = _native(image)
    name, tag, plain = _split_image(text)
    suffix = "-u%d" % uid
    plain = plain and _PLAIN_IMAGE.match(name) and len(name) <= 64
    plain = plain and len(tag) + len(suffix) <= TAG
    if not plain:
        name = _slug(name, SLUG) + "__" + _digest(text)
    return "build_%s:%s%s" % (name, tag[: TAG - len(suffix)], suffix)


def _split_image(text):
    """Return (name, tag, whether nothing was lost)."""
    name, _, digest = text.partition("@")
    head, colon, tail = name.rpartition(":")
    if colon and "/" not in tail:
        return head, tail, not digest
    return name, digest[7:19] if digest else "latest", not digest


def app_repository(project, ref):
    """Last part of an app image's name: ``shop-main``; the seed's IMAGE_PROJECT_TAG.

    :param project: text, a project's name.
    :param ref: text, the name of a branch, tag, commit or tree.
    :return: str, legal in a repository's name; different pairs give different names.
    """
    project, ref = _native(project), _native(ref)
    text = project + "-" + ref
    # The last "-" has to be the one between: "a-b" of "c" and "a" of "b-c" must not be one name.
    plain = _PLAIN_IMAGE.match(text) and "__" not in text and "-" not in ref
    if plain and len(text) <= 100:
        return text
    return _slug(text, 80) + "__" + _digest(project + "\0" + ref)


def app_tag(build_id, seconds, attempt):
    """Tag of an attempt's app image: ``<build>_<yyyymmddHHMM>``, with ``_2`` behind it for attempt 2.

    :param build_id: str.
    :param seconds: since the epoch; the tag's time is in UTC.
    :param attempt: int.
    """
    moment = time.strftime("%Y%m%d%H%M", time.gmtime(seconds))
    return "%s_%s%s" % (_native(build_id), moment, "_%d" % attempt if attempt > 1 else "")


def moving_tag(ref):
    """Tag that follows a branch in its app repository: ``main``; ``feature-login__<hash>``.

    :param ref: text, the name of a branch.
    :return: str, a legal tag; never an attempt's own one, which has an upper-case T.
    """
    text = _native(ref)
    if _PLAIN.match(text) and "__" not in text:
        return text
    return _slug(text, SLUG) + "__" + _digest(text)


def container(build_id, attempt, step):
    """Name of a container: ``tristan-<build id>-<attempt>-<step>``.

    :param build_id: str.
    :param attempt: int.
    :param step: str, e.g. "build".
    """
    return "tristan-%s-%d-%s" % (_native(build_id).lower(), attempt, _slug(step, SLUG))


def means(wanted, build_id):
    """Whether a user's text means a build: what a listing shows, or the beginning of it.

    :param wanted: text, the beginning of the id or of its last eight digits; "" means any build.
    """
    return build_id.startswith(wanted) or build_id.rpartition("-")[2].startswith(wanted)


def _slug(text, most):
    """Lower-case ASCII with everything else as "-"; "x" when nothing is left."""
    return _RUN.sub("-", _native(text)).lower()[:most].strip("-") or "x"


def _digest(text):
    import hashlib  # 2 ms, and a launch whose names are plain needs none of it

    return hashlib.sha256(_utf8(text)).hexdigest()[:12]


def _utf8(text):
    return text if isinstance(text, bytes) else text.encode("utf-8")


def _native(text):
    """Return str on both Pythons: UTF-8 bytes on 2.7, text on 3."""
    return text if isinstance(text, str) else _utf8(text)
