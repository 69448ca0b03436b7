"""Draws the growth curves: small multiples, one panel a curve, from zero up. SVG by hand.

In: growth.run's list of dicts. Out: growth.svg.

The line joins the medians, the band lies between the lowest and the highest value at each size.
"""

import os

from benchmarks.plot import text

COLUMNS, WIDTH, HEIGHT = 3, 290, 190
LEFT, RIGHT, TOP, BOTTOM = 14, 16, 58, 34
"""Of a panel, around what is drawn."""

COLOURS = {"flat": "#1a7f37", "linear": "#1f6feb", "worse": "#cf222e"}
STYLE = (
    "text{font:11px sans-serif;fill:#24292f}.title{font-weight:bold}.small{font-size:10px;fill:#57606a}"
    ".axis{stroke:#8a8f98}.band{opacity:.18}.line{fill:none;stroke-width:1.8}"
)


def write(curves, directory):
    """:param curves: list of dict. :param directory: path, which is there."""
    with open(os.path.join(directory, "growth.svg"), "w", encoding="utf-8") as target:
        target.write(svg(curves))


def svg(curves):
    """:returns: text."""
    rows = (len(curves) + COLUMNS - 1) // COLUMNS
    width, height = COLUMNS * WIDTH, rows * HEIGHT
    head = '<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d">\n'
    back = '<style>%s</style>\n<rect width="100%%" height="100%%" fill="#fff"/>\n' % STYLE
    panels = [panel(curve, number) for number, curve in enumerate(curves)]
    return head % (width, height, width, height) + back + "".join(panels) + "</svg>\n"


def panel(curve, number):
    """One curve. :returns: text."""
    x, y = number % COLUMNS * WIDTH, number // COLUMNS * HEIGHT
    points, colour = curve["points"], COLOURS[curve["verdict"]]
    lowest = [place(curve, point["x"], point["min"]) for point in points]
    highest = [place(curve, point["x"], point["max"]) for point in points]
    medians = [place(curve, point["x"], point["median"]) for point in points]
    band = '<polygon class="band" fill="%s" points="%s"/>\n' % (
        colour,
        listed(lowest + highest[::-1]),
    )
    line = '<polyline class="line" stroke="%s" points="%s"/>\n' % (colour, listed(medians))
    dots = "".join(
        '<circle cx="%.1f" cy="%.1f" r="2.4" fill="%s"/>\n' % (one + (colour,)) for one in medians
    )
    return '<g transform="translate(%d %d)">\n%s</g>\n' % (x, y, words(curve) + band + line + dots)


def words(curve):
    """What stands around a curve: its name, verdict, highest value and sizes."""
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    top = "%s at most" % shown(most(curve), curve["unit"])
    sizes = "%g to %g %s" % (curve["points"][0]["x"], curve["points"][-1]["x"], curve["x_unit"])
    return (
        text(LEFT, 18, curve["name"], "title")
        + text(LEFT, 33, "%s: %s" % (curve["verdict"], rise(curve)), "verdict")
        + text(LEFT, 48, top, "small")
        + '<line class="axis" x1="%d" x2="%d" y1="%d" y2="%d"/>\n' % (LEFT, right, bottom, bottom)
        + text(LEFT, bottom + 15, "%s: %s" % (curve["x"], sizes.strip()), "small")
    )


def rise(curve):
    """The medians at both ends."""
    first, last = [shown(curve["points"][end]["median"], curve["unit"]) for end in (0, -1)]
    return "%s to %s" % (first, last)


def shown(value, unit):
    if unit == "s" and value < 1:
        return "%.0f ms" % (value * 1000)
    return "%.3g %s" % (value, unit)


def most(curve):
    return max(point["max"] for point in curve["points"])


def place(curve, x, y):
    """(x, y) in a panel: both axes are linear, that of y begins at zero."""
    first, last = curve["points"][0]["x"], curve["points"][-1]["x"]
    across = (x - first) / (last - first) * (WIDTH - LEFT - RIGHT)
    return LEFT + across, HEIGHT - BOTTOM - y / most(curve) * (HEIGHT - TOP - BOTTOM)


def listed(places):
    return " ".join("%.1f,%.1f" % one for one in places)
