"""Which machines may run a build: their labels, their isolation, the operator's choice.

In: Settings, a project and its profile. Out: machines, or errors.UsageError that says why not.
"""

from __future__ import absolute_import, print_function, unicode_literals

from business_hyper_fusion import grammar
from controller import errors


def candidates(settings, project, profile, name):
    """The machines that may run it, in the file's order; `name` narrows them to one."""
    if name is not None:
        only = chosen(settings.machines, name, "machine")
        reason = objection(only, project, profile)
        if reason:
            raise errors.UsageError("--machine %s: %s" % (name, reason))
        return [only]
    reasons = [(machine, objection(machine, project, profile)) for machine in machines_of(settings)]
    fit = [machine for machine, reason in reasons if not reason]
    if not fit:
        why = "; ".join("%s: %s" % (machine.name, reason) for machine, reason in reasons)
        raise errors.UsageError(
            "no machine fits project %s" % project.name, remedy=why or "add a machine"
        )
    return fit


def machines_of(settings):
    return list(settings.machines.values())


def objection(machine, project, profile):
    """Why a machine may not run a project; "" when it may."""
    missing = sorted(set(project.labels) - set(machine.labels))
    if missing:
        return "it lacks the label %s" % ", ".join(missing)
    if profile.isolation not in machine.isolation:
        return "it does not allow isolation %s" % profile.isolation
    return ""


def chosen(items, name, what):
    """The item of that name, or an error that lists what there is."""
    if name in items:
        return items[name]
    known = ", ".join(items) or "none"
    raise errors.UsageError(
        "there is no %s %s in the settings" % (what, grammar.shown(name)),
        remedy="known: %s" % known,
    )
