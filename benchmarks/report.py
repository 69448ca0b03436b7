"""What was measured, for programs and for people.

In: measure.Result of each row. Out: a document of plain values, results.json; lines of a table, results.txt.

Contenders took turns, so two of them are compared round by round: a ratio is the median of the rounds' ratios, which a
machine that slows down in between changes little.
"""

import json
import os
import platform
import statistics
import time

from benchmarks import row as rows

UNKNOWN, MISSED, MET, AIM = "unknown", "missed", "met", "aim reached"


def document(results, failures, begun):
    """:param failures: list of (row's name, why). :param begun: seconds since the epoch. :returns: dict."""
    return {
        "began": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(begun)),
        "seconds": round(time.time() - begun, 1),
        "machine": {
            "cpus": os.cpu_count(),
            "kernel": platform.release(),
            "python": platform.python_version(),
        },
        "rows": [described(result) for result in results],
        "failures": [{"row": name, "why": why} for name, why in failures],
    }


def described(result):
    """One row: dict."""
    row = result.row
    return {
        "name": row.name,
        "title": row.title,
        "figures": row.figures,
        "contenders": [contender(result, name) for name in result.samples],
        "missing": [one._asdict() for one in result.missing],
        "goals": [judged(goal, result) for goal in row.goals],
    }


def contender(result, name):
    """One contender of a row: dict."""
    samples = result.samples[name]
    told = {"name": name, "role": result.roles[name], "rounds": len(samples), "figures": {}}
    for figure in list(result.row.figures) + ["cpu"]:
        values = [sample[figure] for sample in samples if figure in sample]
        if values:
            told["figures"][figure] = spread(values)
            told["figures"][figure]["ratio"] = compared(result, figure, name, floor(result))
    return told


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def floor(result):
    """The row's first floor, None when it has none."""
    return next((name for name in result.samples if result.roles[name] == rows.FLOOR), None)


def tristan(result):
    return next((name for name in result.samples if result.roles[name] == rows.TRISTAN), None)


def compared(result, figure, name, other):
    """Median of the rounds' ratios of two contenders, None where there is none."""
    pairs = zip(result.samples.get(name, ()), result.samples.get(other, ()))
    ratios = [
        one[figure] / two[figure] for one, two in pairs if one.get(figure) and two.get(figure)
    ]
    return statistics.median(ratios) if ratios else None


def judged(goal, result):
    """What became of a goal: dict."""
    ours = tristan(result)
    if goal.against is None:
        values = [
            sample[goal.figure] for sample in result.samples.get(ours, ()) if goal.figure in sample
        ]
        value = statistics.median(values) if values else None
    else:
        value = compared(result, goal.figure, ours, goal.against)
    told = dict(goal._asdict(), value=value, outcome=outcome(goal, value))
    return dict(told, unit=result.row.figures.get(goal.figure, "") if goal.against is None else "x")


def outcome(goal, value):
    if value is None:
        return UNKNOWN
    if value > goal.most:
        return MISSED
    return AIM if value <= goal.aim else MET


def write(found, directory):
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, "results.json"), "w") as target:
        json.dump(found, target, indent=1)
        target.write("\n")
    with open(os.path.join(directory, "results.txt"), "w") as target:
        target.write("\n".join(lines(found)) + "\n")


def lines(found):
    """The table: list of text."""
    made = []
    for row in found["rows"]:
        made += ["", "%s: %s" % (row["name"], row["title"])] + table(row)
        made += ["  goal: %s" % line for line in goals(row)]
    made += ["", "%d rows in %.0f s" % (len(found["rows"]), found["seconds"])]
    return made + ["failed: %s: %s" % (one["row"], one["why"]) for one in found["failures"]]


def table(row):
    """A row's contenders, figure by figure."""
    width = max([len(one["name"]) for one in row["contenders"] + row["missing"]] + [9])
    made = []
    for figure, unit in row["figures"].items():
        head = (figure, "median", "min", "max", "CPU s", "x floor")
        made.append("  %-*s %10s %10s %10s %8s %8s" % ((width,) + head))
        for one in row["contenders"]:
            if figure in one["figures"]:
                made.append(
                    "  %-*s %s" % (width, one["name"], columns(one["figures"], figure, unit))
                )
    return made + [
        "  %-*s missing: %s" % (width, one["name"], one["why"]) for one in row["missing"]
    ]


def columns(figures, figure, unit):
    return "%10s %10s %10s %8s %8s" % cells(figures, figure, unit)


def cells(figures, figure, unit):
    """One figure of one contender: median, min, max, CPU seconds, times the floor: tuple of five texts."""
    values = figures[figure]
    shape = tuple(shown(values[key], unit) for key in ("median", "min", "max"))
    cpu = "%.3f" % figures["cpu"]["median"] if "cpu" in figures else ""
    against = "%.2f" % values["ratio"] if values["ratio"] is not None else ""
    return shape + (cpu, against)


def goals(row):
    """What was wanted of Tristan, and what became of it."""
    made = []
    for goal in row["goals"]:
        value = "-" if goal["value"] is None else shown(goal["value"], goal["unit"])
        wanted = tuple(shown(goal[key], goal["unit"]) for key in ("most", "aim"))
        made.append(
            "%s: %s, at most %s, aim %s: %s"
            % ((goal["title"], value) + wanted + (goal["outcome"],))
        )
    return made


def shown(value, unit):
    """A value with its unit, in about three digits."""
    if unit == rows.SECONDS:
        return "%.1f ms" % (value * 1000) if value < 1 else "%.2f s" % value
    if unit == "x":
        return "%.2f x" % value
    return ("%.4g %s" % (value, unit)).strip()
