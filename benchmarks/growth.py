"""Growth curves: what an operation costs against what grows, and whether that is flat, linear or worse.

In: a number of rounds. Out: curves as plain values; what could not be measured; files.

Sizes are taken in turn, round after round, so that a machine that slows down slows all of them. A curve is judged by
the medians at its sizes, by a straight line through them (least squares):

flat     between the smallest size and the largest one the line rises by at most FLAT of where it begins, or by no more
         than the values at one size differ (half of max - min, the median of the sizes); or what it rises by is there
         at small sizes already: its exponent, see below, is at most SATURATED
linear   it rises, and what is above the smallest size's value grows with an exponent of at most LINEAR: the slope of
         its logarithm over that of what the size grew by
worse    all else
"""

import importlib
import json
import math
import os
import pkgutil
import statistics
import time

from benchmarks import curves, growth_plot, measure, report
from benchmarks import lab as labs
from controller import errors
from tests.lab import process

FLAT, SATURATED, LINEAR = 0.25, 0.25, 1.25


def run(rounds, names=()):
    """:param rounds: int, for subjects that don't ask for fewer. :param names: of subjects, all by default.

    :returns: (list of dict, see described; list of (subject's name, why it could not be measured)).
    """
    found, failures = [], []
    for subject in subjects():
        if names and subject.name not in names:
            continue
        try:
            with labs.Lab() as lab:
                found += of_subject(subject, lab, rounds)
        except (AssertionError, errors.TristanError, process.LabError) as error:
            failures.append((subject.name, "%s: %s" % (type(error).__name__, error)))
            measure.complain("error: growth with %s: %s" % failures[-1])
    return found, failures


def subjects():
    """List of classes."""
    modules = [one.name for one in pkgutil.iter_modules(curves.__path__)]
    loaded = [importlib.import_module("benchmarks.curves." + name) for name in modules]
    return [one for module in loaded for one in getattr(module, "SUBJECTS", ())]


def of_subject(subject, lab, rounds):
    """All curves of a subject: list of dict."""
    begun = time.monotonic()
    made = subject(lab)
    samples = {(curve.name, size): [] for curve in subject.curves for size in subject.sizes}
    for number in range(subject.warm_up + min(rounds, subject.rounds or rounds)):
        for size in subject.sizes:
            measured = made.measure(size)
            for curve in subject.curves if number >= subject.warm_up else ():
                samples[curve.name, size].append(measured[curve.name])
    measure.complain("growth with %s: %.0f s" % (subject.name, time.monotonic() - begun))
    return [described(subject, curve, samples) for curve in subject.curves]


def described(subject, curve, samples):
    """One curve: name, measured, x, x_unit, unit, points (x, median, min, max), slope (units of y for one of x),
    exponent (None where nothing rises) and verdict.
    """
    points = [dict(report.spread(samples[curve.name, size]), x=size) for size in subject.sizes]
    told = {"name": "%s: %s" % (subject.name, curve.name), "measured": curve.measured}
    told.update(x=subject.x, x_unit=subject.x_unit, unit=curve.unit, points=points)
    told["slope"], begin = line(points)
    told["exponent"] = exponent(points)
    told["verdict"] = verdict(points, told["slope"], begin, told["exponent"])
    return told


def verdict(points, slope, begin, power):
    """:param begin: of the line, at the smallest size. :param power: the exponent."""
    rise = slope * (points[-1]["x"] - points[0]["x"])
    is_saturated = power is not None and power <= SATURATED
    if is_saturated or rise <= max(FLAT * begin, noise(points)):
        return "flat"
    return "linear" if power is None or power <= LINEAR else "worse"


def noise(points):
    return statistics.median((point["max"] - point["min"]) / 2 for point in points)


def line(points):
    """(slope, value at the smallest size) of the straight line through the medians."""
    xs, ys = [point["x"] for point in points], [point["median"] for point in points]
    slope, begin = statistics.linear_regression(xs, ys)
    return slope, begin + slope * xs[0]


def exponent(points):
    """How what is above the smallest size's value grows; None where fewer than two sizes are above it."""
    first, others = points[0], points[1:]
    risen = [(one["x"] - first["x"], one["median"] - first["median"]) for one in others]
    logs = [(math.log(x), math.log(y)) for x, y in risen if y > noise(points)]
    if len(logs) < 2:
        return None
    return statistics.linear_regression(*zip(*logs)).slope


def write(found, directory):
    """growth.json, growth.txt and growth.svg."""
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, "growth.json"), "w", encoding="utf-8") as target:
        json.dump(found, target, indent=1)
        target.write("\n")
    with open(os.path.join(directory, "growth.txt"), "w", encoding="utf-8") as target:
        target.write("\n".join(lines(found)) + "\n")
    growth_plot.write(found, directory)


def lines(found):
    """The table: list of text."""
    made = ["", "growth: medians at each size"]
    for curve in found:
        cells = [
            "%g: %s" % (point["x"], report.shown(point["median"], curve["unit"]))
            for point in curve["points"]
        ]
        made.append("  %-40s %-7s %s" % (curve["name"], curve["verdict"], "   ".join(cells)))
    return made
