"""The table as Markdown, for docs/performance.md.

In: report.document's dict. Out: results.md.
"""

import os

from benchmarks import report

HEAD = "| {name} | median | min | max | CPU s | × floor |\n| --- | --: | --: | --: | --: | --: |"
GOALS = "| row | goal | measured | at most | aim | |\n| --- | --- | --: | --: | --: | --- |"


def write(found, directory):
    with open(os.path.join(directory, "results.md"), "w", encoding="utf-8") as target:
        target.write("\n".join(lines(found)) + "\n")


def lines(found):
    """List of text: what became of the goals, then a table a row."""
    made = [GOALS]
    for row in found["rows"]:
        made += ["| %s | %s |" % (row["name"], " | ".join(judged(goal))) for goal in row["goals"]]
    for row in found["rows"]:
        made += ["", "### %s: %s" % (row["name"], row["title"])]
        made += [line for figure in row["figures"] for line in table(row, figure)]
        made += ["", *("%s is missing: %s." % (one["name"], one["why"]) for one in row["missing"])]
    return made


def judged(goal):
    """One goal's cells: list of text."""
    value = "" if goal["value"] is None else report.shown(goal["value"], goal["unit"])
    bounds = [report.shown(goal[key], goal["unit"]) for key in ("most", "aim")]
    return [goal["title"], value, *bounds, goal["outcome"]]


def table(row, figure):
    """One figure's contenders; nothing when nobody has it."""
    measured = [one for one in row["contenders"] if figure in one["figures"]]
    made = ["", HEAD.format(name=figure)] if measured else []
    for one in measured:
        cells = report.cells(one["figures"], figure, row["figures"][figure])
        made.append("| %s | %s |" % (one["name"], " | ".join(cells)))
    return made
