"""The last lines of a watched build: its outcome, how long it took, and where what it made is.

In: the terminal status. Out: lines on stderr, the exit code.
"""

from __future__ import absolute_import, print_function, unicode_literals

from controller import errors
from controller.cli import output

SHORT_COMMIT = 12
MANY_FILES = 10


def exit_code(status):
    """:returns: the exit code of a terminal status; 3 for a state nobody knows."""
    return errors.EXIT_BY_STATE.get(status.get("state"), errors.InfrastructureError.exit_code)


def short_id(build_id):
    """:returns: the build id's random tail, which every command takes for the whole."""
    return output.text_of(build_id).rpartition("-")[2]


def follow_and_cancel(build_id, resume=""):
    """:returns: two lines of text that say how to come back to a build."""
    tail = short_id(build_id)
    follow = "follow it:  tristan logs %s --follow%s" % (tail, resume)
    return follow + "\ncancel it:  tristan cancel " + tail


def write(status):
    """Say how the build ended."""
    output.say(outcome_line(status))
    for line in output.table(details(status)):
        output.say("  " + line)


def outcome_line(status):
    """:returns: e.g. "success  shop branch main in 42s on builder-1"."""
    state = output.text_of(status.get("state"))
    kind = output.kind_of_state(state)
    what = "%s %s" % (output.text_of(status.get("project")), ref_text(status))
    took = output.duration(status.get("wall_seconds"))
    head = output.coloured("%s %s" % (output.symbol(kind), state), kind)
    return "%s  %s in %s on %s" % (head, what, took, output.text_of(status.get("machine")))


def details(status):
    """:returns: rows (label, value) for a terminal status."""
    rows = []
    if status.get("message"):
        rows.append(["why", output.text_of(status["message"])])
    rows.append(["build", output.text_of(status.get("build_id"))])
    rows.append(["commit", output.text_of(status.get("commit"))])
    rows.extend(image_rows(status))
    rows.extend(file_rows(status))
    rows.append(["log", "tristan logs " + short_id(status.get("build_id"))])
    return rows


def image_rows(status):
    """The image that was pushed, and the moving tags it has got."""
    image = status.get("app_image")
    if not isinstance(image, dict):
        return []
    rows = [[name, output.text_of(image.get(name))] for name in ("image", "digest")]
    tags = as_list(image.get("tags"))
    return rows + [["tags", ", ".join(output.text_of(tag) for tag in tags)]] if tags else rows


def file_rows(status):
    """Where the built files are, or, when none were declared, the source they were built in."""
    machine = output.text_of(status.get("machine"))
    artifacts = [one for one in as_list(status.get("artifacts")) if isinstance(one, dict)]
    rows = []
    for index, one in enumerate(artifacts[:MANY_FILES]):
        place = "%s:%s (%s)" % (
            machine,
            output.text_of(one.get("path")),
            output.size(one.get("size")),
        )
        rows.append(["" if index else "files", place])
    if len(artifacts) > MANY_FILES:
        tail = short_id(status.get("build_id"))
        rows.append(["", "and %d more: tristan artifacts %s" % (len(artifacts) - MANY_FILES, tail)])
    if artifacts:
        rows.append(["get", "tristan artifacts %s --get DIR" % short_id(status.get("build_id"))])
    source = status.get("workspace") or status.get("source")
    if not artifacts and source:
        rows.append(["source", "%s:%s" % (machine, output.text_of(source))])
    return rows + shell_rows(status)


def shell_rows(status):
    """How to look at what a failed build left, while it is kept."""
    if not status.get("workspace"):
        return []
    until = output.text_of(status.get("kept_until"))[:19].replace("T", " ")
    shell = "tristan shell %s   (kept until %s UTC)" % (short_id(status.get("build_id")), until)
    return [["shell", shell]]


def ref_text(status):
    """:returns: e.g. "branch main", "commit 1a2b3c"."""
    ref = status.get("ref")
    if not isinstance(ref, dict):
        return output.UNKNOWN
    return "%s %s" % (output.text_of(ref.get("kind")), output.text_of(ref.get("name"))[:60])


def as_list(value):
    return value if isinstance(value, list) else []
