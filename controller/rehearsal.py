"""What would stop a build of each project, found without one: for `config check`.

In: Settings, the languages there is a pack for. Out: faults by their key paths in tristan.yml.
"""

from __future__ import absolute_import, print_function, unicode_literals

import collections

import six

from business_hyper_fusion import grammar
from controller import errors, plan, render, templates


def faults(settings, languages):
    """:return: list of (key path, message); every template of every project is rendered."""
    found = _template_faults(settings)
    for project in settings.projects.values():
        fault = plan.language_fault(project, languages)
        if fault:
            found.append(("projects.%s.language" % project.name, fault))
    return found + _idle_faults(settings)


def check(settings, languages):
    """:raise errors.SettingsError: with all of them."""
    found = faults(settings, languages)
    if found:
        count = "1 fault" if len(found) == 1 else "%d faults" % len(found)
        raise errors.SettingsError(
            "%s has %s" % (settings.path, count), found, "docs/templates.md explains templates"
        )


def _template_faults(settings):
    """Each fault once, with the projects that meet it."""
    projects = collections.OrderedDict()
    for project in settings.projects.values():
        for fault in templates.rendered(settings, project)[1]:
            projects.setdefault(fault, []).append(project.name)
    return [
        (key_path, "%s (rendered for %s)" % (message, ", ".join(names)))
        for (key_path, message), names in projects.items()
    ]


def _idle_faults(settings):
    """Profiles that no project uses: their templates can be read, if not rendered."""
    used = set(project.build_profile for project in settings.projects.values())
    found = []
    for name, profile in settings.build_profiles.items():
        for key in templates.FILES if name not in used else ():
            source = getattr(profile, key)
            try:
                render.check(source if isinstance(source, six.text_type) else "")
            except grammar.Refused as refused:
                found.append(("build_profiles.%s.%s" % (name, key), six.text_type(refused)))
    return found
