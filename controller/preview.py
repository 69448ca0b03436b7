"""What a launch would send, and how it differs from what a past build ran. Pure: nothing is sent.

In: a Plan, Settings, the Release; for a comparison the request of the past build.
Out: a Preview with everything readable as text, or a Comparison.
"""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import difflib
import json

import six

from controller import templates

Preview = collections.namedtuple("Preview", "request machines secrets texts")
"""`request`: dict, the document for the first of `machines` (names); `secrets`: list of (slot, text that says
where it is read); `texts`: list of Text."""

Text = collections.namedtuple("Text", "name content origin")
"""A file of the build: its name, its text, and where that comes from."""

Comparison = collections.namedtuple("Comparison", "request keys texts")
"""`request`: what would be sent; `keys`: list of (key path, past value, value now) as text, "" for none;
`texts`: list of (file name, lines of a unified diff)."""

RECIPE = "build_image.Dockerfile"
CERTIFICATES = "ca.pem"
PACKAGES = "business_hyper_fusion"
PASSING = ("build_id", "attempt", "executor_id", "requested_at", "requested_by")
"""Keys that differ from build to build, whatever is built."""

EXECUTOR = "1"
"""Stands for the executor, which is chosen at the launch."""


def preview(plan, settings, release):
    """:param release: release.Release. :return: Preview."""
    request = plan.request(plan.machines[0], EXECUTOR, release.hash)
    return Preview(
        request=request,
        machines=[machine.name for machine in plan.machines],
        secrets=[(slot, kept.described()) for slot, kept in sorted(plan.secrets.items())],
        texts=_texts(request, settings, release),
    )


def _texts(request, settings, release):
    """What travels in the request itself, and what of the language's pack runs by default."""
    project = settings.projects[request["project"]["name"]]
    found = []
    for key, name in templates.FILES.items():
        own = getattr(project, key)
        if name in request["scripts"]:
            origin = templates.key_path(settings, project, key) if own else "the default"
            found.append(Text(name, text_of(request["scripts"][name]), origin))
        if not own and (key == "compile_to_execute" or request["publish"]):
            found += _of_pack(key, request["project"]["language"], release)
    if request["image"]["recipe"]:
        origin = "makes the image that is built in"
        found.append(Text(RECIPE, request["image"]["recipe"], origin))
    return found


PACK_FILES = {
    "compile_to_execute": ("build_project.sh", "the pack's"),
    "package_to_docker": (
        "package_to_docker.sh",
        "the pack's, unless the repository has a Dockerfile",
    ),
    "dockerfile": ("Dockerfile", "the pack's, unless the repository has one"),
}
"""By key of tristan.yml: what a pack has for it, and when that is used."""


def _of_pack(key, language, release):
    """:return: list of a Text or none; a pack's file goes before the one that all packs share."""
    name, origin = PACK_FILES[key]
    for folder in (language, "common"):
        path = "/".join((PACKAGES, folder, name))
        if path in release.files:
            content = release.files[path].content.decode("utf-8", "replace")
            return [Text(name, content, "%s: %s" % (origin, path))]
    return []


def compare(plan, release, past):
    """What a launch would send that a past build was not sent, and the other way round.

    :param past: dict, a request. :return: Comparison; on the same machine, when the plan allows it.
    """
    machines = [one for one in plan.machines if one.name == past["machine"]] or plan.machines
    request = plan.request(machines[0], EXECUTOR, release.hash)
    before, now = _keys(past), _keys(request)
    keys = [
        (key, before.get(key, ""), now.get(key, ""))
        for key in sorted(set(before) | set(now))
        if before.get(key) != now.get(key)
    ]
    return Comparison(request, keys, _differences(texts_of(past), texts_of(request)))


def texts_of(request):
    """:return: dict of file name to text, of all that has more than a line."""
    found = dict((name, text_of(form)) for name, form in request["scripts"].items())
    found[RECIPE] = request["image"]["recipe"]
    found[CERTIFICATES] = request["ca"]
    return dict((name, text) for name, text in found.items() if text)


def text_of(form):
    """:param form: a script as a request carries it. :return: text."""
    return form["text"] if isinstance(form, dict) else form


def _differences(before, now):
    found = []
    for name in sorted(set(before) | set(now)):
        if before.get(name, "") != now.get(name, ""):
            lines = difflib.unified_diff(
                before.get(name, "").split("\n"),
                now.get(name, "").split("\n"),
                "past/" + name,
                "now/" + name,
                lineterm="",
            )
            found.append((name, list(lines)))
    return found


def _keys(request):
    """{key path: value as text} of what decides a build, without its long texts."""
    known = dict((key, value) for key, value in request.items() if key not in PASSING)
    del known["scripts"], known["ca"]
    known["image"] = dict(known["image"], recipe="")
    if known["publish"]:
        # The tag has the build's id and time in it.
        image = known["publish"]["image"].rpartition(":")[0]
        known["publish"] = dict(known["publish"], image=image)
    return dict(_flat(known, ""))


def _flat(value, key_path):
    if not isinstance(value, dict):
        yield key_path, _written(value)
        return
    for key in value:
        for pair in _flat(value[key], "%s.%s" % (key_path, key) if key_path else key):
            yield pair


def _written(value):
    if isinstance(value, six.string_types):
        return six.ensure_text(value)
    return "" if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)
