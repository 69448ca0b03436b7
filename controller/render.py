"""Renders templates/ with every value shell-quoted unless the template says `| raw`.

Job: turn a template and values into a script.
In: a template's name, values by name. Out: text with LF line ends.

Quoting is not a filter one has to remember: it is what `{{ value }}` does. A list becomes quoted
words;
`{{ value | raw }}` is the one way around it, and visible in review. An unknown name is an error.
"""

from __future__ import absolute_import, print_function, unicode_literals

import os

import jinja2
import six
from six.moves import shlex_quote

from controller import errors, release

TEMPLATES = os.path.join(release.INSTALLED_ROOT, "templates")


class Raw(six.text_type):
    """Text that a template lets through unquoted."""


def quoted(value):
    """The text that stands for a value in a script.

    :param value: text, bytes (UTF-8), integer, or a list of them.
    """
    if isinstance(value, (Raw, jinja2.Undefined)):
        return value  # an Undefined raises when it is printed
    if isinstance(value, (list, tuple)):
        return Raw(" ".join(quoted(item) for item in value))
    if isinstance(value, bool) or not isinstance(value, (six.text_type, bytes, six.integer_types)):
        raise errors.TristanError("a template got %r, which has no place in a script" % (value,))
    text = six.ensure_text(value) if isinstance(value, bytes) else six.text_type(value)
    if "\0" in text:
        raise errors.Refused("a value for a script holds a NUL byte")
    return Raw(shlex_quote(text))


def raw(value):
    return Raw(value)


def environment(directory=TEMPLATES):
    """:param directory: where the templates are. :returns: jinja2.Environment"""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(directory),
        undefined=jinja2.StrictUndefined,
        finalize=quoted,
        keep_trailing_newline=True,
        autoescape=False,  # HTML's rules are not a shell's
    )
    made.filters["raw"] = raw
    return made


def render(name, directory=TEMPLATES, **values):
    """The template `name` with `values`; LF line ends, however the template was checked out."""
    try:
        text = environment(directory).get_template(name).render(**values)
    except jinja2.UndefinedError as error:
        raise errors.TristanError("the template %s lacks a value: %s" % (name, error))
    return text.replace("\r\n", "\n")
