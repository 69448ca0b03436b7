"""Draws the table: one panel a row, a bar a contender, on a logarithmic scale of times the floor. SVG by hand.

In: report.document's dict. Out: results.svg.

A bar ends at the median of the rounds' ratios; the goal and the aim are lines. Rows without a floor are not drawn.
"""

import html
import math
import os

WIDTH, LEFT, RIGHT = 860, 250, 70
BAR, GAP, HEAD = 14, 5, 34
LEAST, MOST = 0.1, 1000.0
"""Times the floor; what lies outside is drawn at the edge."""

COLOURS = {"floor": "#8a8f98", "tristan": "#1f6feb", "peer": "#c9a36a"}
STYLE = (
    "text{font:12px sans-serif;fill:#24292f}.title{font-weight:bold}.value{font-size:11px}"
    ".grid{stroke:#d8dee4}.goal{stroke:#cf222e;stroke-dasharray:4 3}.aim{stroke:#1a7f37;stroke-dasharray:2 2}"
)


def write(found, directory):
    with open(os.path.join(directory, "results.svg"), "w", encoding="utf-8") as target:
        target.write(svg(found))


def svg(found):
    """:returns: text."""
    panels, top = [], 20
    for row in found["rows"]:
        bars = ratios(row)
        if bars:
            panels.append(panel(row, bars, top))
            top += HEAD + len(bars) * (BAR + GAP) + 14
    frame = '<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d">\n'
    head = frame % (WIDTH, top + 20, WIDTH, top + 20)
    back = '<style>%s</style>\n<rect width="100%%" height="100%%" fill="#fff"/>\n' % STYLE
    return head + back + "".join(panels) + legend(top) + "</svg>\n"


def ratios(row):
    """List of (name, role, times the floor), of the row's first figure."""
    figure = next(iter(row["figures"]))
    known = [(one["name"], one["role"], one["figures"].get(figure)) for one in row["contenders"]]
    return [(name, role, told["ratio"]) for name, role, told in known if told and told["ratio"]]


def panel(row, bars, top):
    bottom = top + HEAD + len(bars) * (BAR + GAP) - GAP
    made = [text(12, top + 10, "%s: %s" % (row["name"], row["title"]), "title")]
    made += [line(10.0**power, top + HEAD - 6, bottom, "grid") for power in range(-1, 4)]
    for number, (name, role, value) in enumerate(bars):
        y = top + HEAD + number * (BAR + GAP)
        width = max(place(value) - LEFT, 1)
        box = '<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>\n'
        made.append(box % (LEFT, y, width, BAR, COLOURS[role]))
        made.append(text(LEFT - 8, y + BAR - 3, name, "name", "end"))
        made.append(text(LEFT + width + 5, y + BAR - 3, "%.2f" % value, "value"))
    return "".join(made + marks(row, top + HEAD - 6, bottom))


def marks(row, top, bottom):
    """Lines for the goal and the aim that are measured against the row's first floor."""
    floor = next((one["name"] for one in row["contenders"] if one["role"] == "floor"), None)
    figure = next(iter(row["figures"]))
    found = [goal for goal in row["goals"] if goal["against"] == floor and goal["figure"] == figure]
    return [
        line(goal[key], top, bottom, kind)
        for goal in found[:1]
        for key, kind in (("most", "goal"), ("aim", "aim"))
    ]


def legend(top):
    words = "times the floor, logarithmic (0.1 at the left edge); red: goal, green: aim; median of the rounds"
    return text(12, top + 6, words, "value")


def place(value):
    """x of so many times the floor."""
    share = math.log(min(max(value, LEAST), MOST) / LEAST) / math.log(MOST / LEAST)
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def line(value, top, bottom, kind):
    form = '<line class="%s" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>\n'
    return form % (kind, place(value), place(value), top, bottom)


def text(x, y, words, kind, anchor="start"):
    form = '<text class="%s" x="%.1f" y="%.1f" text-anchor="%s">%s</text>\n'
    return form % (kind, x, y, anchor, html.escape(words))
