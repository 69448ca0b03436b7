"""A project's own scripts and Dockerfile: templates, rendered with what is the same from build to build.

In: Settings and a project. Out: the texts by file name, as a request carries them; or the faults of
    the templates by their key paths in tristan.yml.
"""

from __future__ import absolute_import, print_function, unicode_literals

import collections

import six

from business_hyper_fusion import grammar
from controller import errors, render

FILES = collections.OrderedDict(
    [
        ("compile_to_execute", "compile_to_execute.sh"),
        ("package_to_docker", "package_to_docker.sh"),
        ("dockerfile", "Dockerfile"),
    ]
)
"""Key in tristan.yml: file name in a request."""


def scripts(settings, project):
    """:return: dict of file name to script; a file that the project leaves to its pack is left out.

    :raise errors.SettingsError: a template is wrong; every one of the project's that is, is listed.
    """
    found, faults = rendered(settings, project)
    if faults:
        raise errors.SettingsError(
            "project %s has a template that can't be rendered" % project.name,
            faults,
            "docs/templates.md explains what a template may hold",
        )
    if FILES["compile_to_execute"] not in found:
        default = render.render("compile_to_execute.sh.j2")
        found[FILES["compile_to_execute"]] = default
    return found


def rendered(settings, project):
    """:return: (dict of file name to script, list of (key path, message))."""
    found, faults = {}, []
    seen = facts(settings, project)
    for key, name in FILES.items():
        source = getattr(project, key)
        if not source:
            continue
        try:
            found[name] = script(key, source, seen)
        except grammar.Refused as refused:
            faults.append((key_path(settings, project, key), six.text_type(refused)))
    return found, faults


def script(key, source, seen):
    """One template as a request carries it; bytes that are not UTF-8 are no template.

    :param seen: dict, what the template sees.
    :return: text, or for such bytes a dict with a character for each byte.
    """
    if not isinstance(source, six.text_type):
        return {"encoding": "latin-1", "text": source.decode("latin-1")}
    text = render.render_text(source, seen, in_line=key == "dockerfile")
    grammar.check_script(text)
    return text


def facts(settings, project):
    """:return: dict of what every template of a project sees."""
    registry = settings.docker_registries.get(project.docker_registry)
    known = dict((key, getattr(project, key)) for key in _OF_PROJECT)
    if registry is not None:
        address = {"address": registry.address, "namespace": registry.namespace}
        registry = render.Facts("registry", address)
    return {
        "project": render.Facts("project", known),
        "profile": render.Facts("profile", {"name": project.build_profile}),
        "image": project.image,
        "registry": registry,
        "environment": render.Facts("environment", project.environment),
        "values": render.Facts("values", _as_lists(project.values)),
    }


_OF_PROJECT = ("name", "language", "module_path", "description")


def key_path(settings, project, key):
    """:return: text, where tristan.yml has a template: the project's own, or its profile's."""
    profile = settings.build_profiles[project.build_profile]
    if getattr(profile, key) == getattr(project, key):
        return "build_profiles.%s.%s" % (profile.name, key)
    return "projects.%s.%s" % (project.name, key)


def _as_lists(values):
    """`values.modules + ["x"]` is what people write; the sandbox lets no template change a list."""
    return dict(
        (name, list(value) if isinstance(value, tuple) else value) for name, value in values.items()
    )
