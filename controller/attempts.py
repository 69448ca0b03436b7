"""Which end of an attempt is worth another one, and the plan of it.

In: what the journal kept of a launch, Settings, a status. Out: words of a policy; a Plan. Pure: nothing is asked.

A failing script is the project's answer and never tried again; neither is what a person or a limit ended. What the
machine or the network did to a build is: on another machine first, on the same one where that can help.
"""

from __future__ import absolute_import, print_function, unicode_literals

import time

from controller import errors, newest
from controller import plan as plans
from controller.candidates import chosen, objection
from controller.rebuild import Repetition, publish, secrets

ELSEWHERE, ANYWHERE = "elsewhere", "anywhere"

CAUSES = {
    # the machine's own trouble, which the next minute does not mend
    "denied": ELSEWHERE,
    "disk_full": ELSEWHERE,
    "engine_denied": ELSEWHERE,
    "engine_unavailable": ELSEWHERE,
    "no_engine": ELSEWHERE,
    "no_inodes": ELSEWHERE,
    "operating_system": ELSEWHERE,
    "read_only": ELSEWHERE,
    # what passes
    "engine_failed": ANYWHERE,
    "engine_lost": ANYWHERE,
    "git_stalled": ANYWHERE,
    "not_started": ANYWHERE,
    "registry_unavailable": ANYWHERE,
    "terminated": ANYWHERE,
}
"""Causes of the state `error`; others are answers, such as ref_not_found or registry_denied: asked again, they stay."""

LATE = 3600
"""Seconds after a build's hard limit until which an attempt may follow; later, the end is taken as it is."""


def where(status):
    """ELSEWHERE, ANYWHERE, or None for an end that is the build's."""
    if status["state"] == "lost":
        return ANYWHERE
    return CAUSES.get(status["cause"]) if status["state"] == "error" else None


def is_young(kept):
    """Whether a launch is not so old that nobody expects anything of it any more.

    By this host's own clock: a build id begins with its time.
    """
    document = kept["document"]
    age = LATE + document["limits"]["hard_seconds"]
    return newest.clock(time.time() - age) < document["build_id"][:15]


def keep(plan):
    """What has to be written down of a Plan, so that another process can go on with it: dict. No secrets are in it."""
    return {
        "document": plan.document,
        "machines": plan.allowed or [machine.name for machine in plan.machines],
        "release": plan.release,
        "repeats": isinstance(plan, Repetition),
        "moves_tags": plan.moves_tags,
        "notify": list(plan.notify),
    }


def same(settings, kept, name):
    """The Plan of an attempt whose launch is not known to have happened, for the machine that it was for."""
    return _plan(settings, kept, kept["document"], [name])


def following(settings, kept, entry, status, seconds):
    """The Plan of the next attempt, or None when no machine is left for it.

    :param kept: see keep(). :param entry: the journal's, of the attempt that it takes the place of.
    :param status: that one's last status, None when it is not known. :param seconds: now, since the epoch.
    """
    document = dict(kept["document"], attempt=entry["attempt"] + 1)
    if status and status["commit"] and document["ref"]["kind"] == "branch":
        # the branch may have moved, the build is still of the same commit
        document["ref"] = dict(document["ref"], commit=status["commit"])
    document["publish"] = publish(document, plans.Moment(seconds, "", ""))
    is_silent = status is None
    keeps_place = not is_silent and where(status) == ANYWHERE
    names = candidates(settings, kept, entry["machine"], keeps_place)
    if not names:
        return None
    made = _plan(settings, kept, document, names)
    made.allowed, made.avoid = kept["machines"], entry["machine"]
    cause = "unreachable" if is_silent else status["cause"]
    keys = ("attempt", "machine", "executor_id")
    made.replaced = entry.get("replaced", []) + [
        dict(((key, entry[key]) for key in keys), cause=cause)
    ]
    return made


def candidates(settings, kept, failed, keeps_place):
    """Names of machines for another attempt. A tree that was sent to one machine is on that one only."""
    project = chosen(settings.projects, kept["document"]["project"]["name"], "project")
    profile = settings.build_profiles[project.build_profile]
    isolation = profile._replace(isolation=kept["document"]["isolation"])
    return [
        name
        for name in kept["machines"]
        if name in settings.machines
        and not objection(settings.machines[name], project, isolation)
        and (keeps_place if name == failed else not kept["document"]["tree"])
    ]


def _plan(settings, kept, document, names):
    project = chosen(settings.projects, document["project"]["name"], "project")
    machines = [settings.machines[name] for name in names if name in settings.machines]
    if not machines:
        raise errors.UsageError("the machine %s is not in the settings any more" % names[0])
    found = secrets(settings, document, project)
    if kept["repeats"]:
        made = Repetition(document, machines, found, kept["release"])
    else:
        made = plans.Plan(document, machines, found)
    made.moves_tags, made.notify = kept["moves_tags"], kept["notify"]
    return made
