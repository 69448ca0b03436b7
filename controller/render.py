"""Renders templates with every value shell-quoted unless the template says `| raw`.

Job: turn a template and values into a script or a recipe.
In: the name of a template in templates/, or the text of an operator's own; values by name.
Out: text with LF line ends.

A text without anything of a template's is not handed to Jinja2, which is imported (jinja.py) for the others only.
"""

from __future__ import absolute_import, print_function, unicode_literals

import io
import os

from controller import release

TEMPLATES = os.path.join(release.INSTALLED_ROOT, "templates")
MARKS = ("{{", "{%")
"""What begins anything of a template's; a text without them is a template of nothing but itself."""


class Facts(dict):
    """Values that a template sees under one name: `values.target`; what is not there is an error.

    :param title: text, that name, for the message.
    """

    def __init__(self, title, pairs):
        super(Facts, self).__init__(pairs)
        self.title = title


def is_plain(text):
    return not any(mark in text for mark in MARKS)


def render(name, directory=TEMPLATES, **values):
    """The template `name` with `values`; LF line ends, however the template was checked out."""
    with io.open(os.path.join(directory, name), encoding="utf-8") as opened:
        source = opened.read()
    if is_plain(source):
        return source
    from controller import jinja

    return jinja.render(name, directory, values)


def render_text(source, values, in_line=False):
    """An operator's own template with its values.

    :param source: text; without {{ and {% it stays as it is, to the letter.
    :param values: dict. :param in_line: whether a value must not hold a line break, as in a Dockerfile.
    :raise grammar.Refused: with the line of the template and what is wrong there.
    """
    if is_plain(source):
        return source
    from controller import jinja

    return jinja.render_text(source, values, in_line)


def check(source):
    """:raise grammar.Refused: the text is no template; with the line and what is wrong there."""
    if not is_plain(source):
        from controller import jinja

        jinja.compiled(source)
