"""Jinja2 as templates are rendered by it: sandboxed, with values that are shell-quoted by themselves.

In: as render.py, for what is more than plain text. Out: text, or errors that name the template's line.

Quoting is not a filter one has to remember: it is what `{{ value }}` does. A list becomes quoted
words; `{{ value | raw }}` is the one way around it, and visible in review. What a macro gives is
script text already, its values quoted inside, and is not quoted again. An unknown name is an error.
Why comments are written {%# ... #%}: docs/decisions/0010-templates-in-scripts.md.
"""

from __future__ import absolute_import, print_function, unicode_literals

import sys

import jinja2
import six
from jinja2 import runtime, sandbox
from six.moves import shlex_quote

from business_hyper_fusion import grammar
from controller import errors
from controller.render import Facts

RAW_HINT = "braces meant for another program go between {% raw %} and {% endraw %}"
_OWN_CODE = (runtime.Macro, runtime.LoopContext, runtime.BlockReference)
_FILE = "<template>"
"""The file name that Jinja gives to a template that is none, in tracebacks."""


class Raw(six.text_type):
    """Text that a template lets through unquoted."""

    def __html__(self):
        """For {% autoescape %}: HTML's escapes would open the quotes."""
        return self


class Environment(sandbox.ImmutableSandboxedEnvironment):
    """Jinja2's sandbox, in which a key of Facts goes before a method of dict."""

    def getattr(self, obj, attribute):
        if isinstance(obj, Facts):
            return self._fact(obj, attribute)
        return super(Environment, self).getattr(obj, attribute)

    def getitem(self, obj, argument):
        if isinstance(obj, Facts) and isinstance(argument, six.string_types):
            return self._fact(obj, argument)
        return super(Environment, self).getitem(obj, argument)

    def _fact(self, facts, name):
        if name in facts:
            return facts[name]
        if name in ("items", "keys", "values", "get"):
            return getattr(facts, name)
        known = "there is: " + ", ".join(sorted(facts)) if facts else "it is empty"
        hint = "%s has no %s; %s" % (facts.title, name, known)
        return self.undefined(hint=hint, name=name)

    def call(*arguments, **named):
        """Calls a function for a template; what a macro gives back is quoted already.

        Without parameters of its own, since a macro's may have any name.
        """
        result = super(Environment, arguments[0]).call(*arguments[1:], **named)
        if isinstance(arguments[2], _OWN_CODE) and isinstance(result, six.text_type):
            return Raw(result)
        return result


def quoted(value):
    """The text that stands for a value in a script.

    :param value: text, bytes (UTF-8), integer, or a list of them.
    """
    if isinstance(value, Raw):
        return value
    if isinstance(value, jinja2.Undefined):
        return six.text_type(value)  # raises: an Undefined can't be printed
    if isinstance(value, (list, tuple)):
        return Raw(" ".join(quoted(item) for item in value))
    if isinstance(value, bool) or not isinstance(value, (six.text_type, bytes, six.integer_types)):
        raise errors.TristanError(
            "a template got %s, which has no place in a script" % _kind(value)
        )
    text = six.ensure_text(value) if isinstance(value, bytes) else six.text_type(value)
    if "\0" in text:
        raise errors.Refused("a value for a script holds a NUL byte")
    # A machine makes CRLF in scripts LF; between two pairs of quotes it stays what it is.
    return Raw(shlex_quote(text).replace("\r\n", "\r''\n"))


def quoted_in_line(value):
    """As `quoted`; in a Dockerfile a line break would end the instruction, whatever the quotes."""
    text = quoted(value)
    if "\n" in text or "\r" in text:
        raise errors.Refused("a value for a Dockerfile holds a line break")
    return text


def _kind(value):
    if value is None or isinstance(value, bool):
        return "%s" % value
    return "a value of type %s" % type(value).__name__


def raw(value):
    return Raw(value)


def environment(directory=None, finalize=quoted):
    """:param directory: where templates are that can be named; None for none."""
    loader = jinja2.DictLoader({}) if directory is None else jinja2.FileSystemLoader(directory)
    made = Environment(
        loader=loader,
        undefined=jinja2.StrictUndefined,
        finalize=finalize,
        keep_trailing_newline=True,
        autoescape=False,  # HTML's rules are not a shell's
        comment_start_string="{%#",  # {# is in every shell script that counts: ${#list[@]}
        comment_end_string="#%}",
    )
    made.filters["raw"] = raw
    return made


def render(name, directory, values):
    """See render.render."""
    try:
        return environment(directory).get_template(name).render(**values)
    except jinja2.UndefinedError as error:
        raise errors.TristanError("the template %s lacks a value: %s" % (name, error))


def render_text(source, values, in_line):
    """See render.render_text."""
    template = compiled(source, quoted_in_line if in_line else quoted)
    try:
        return template.render(values)
    except jinja2.TemplateNotFound:
        line, problem = _line(), "another template can't be taken in here"
    except Exception as error:  # whatever the operator's program does wrong
        line, problem = _line(), _problem(error)
    raise _refused(line, problem)


def compiled(source, finalize=quoted):
    """:return: jinja2.Template of an operator's own text.

    :raise grammar.Refused: with the line of the template and what is wrong there.
    """
    try:
        return environment(finalize=finalize).from_string(source)
    except jinja2.TemplateSyntaxError as error:
        line, problem = error.lineno, "%s; %s" % (error.message, RAW_HINT)
    except RuntimeError:  # Python's recursion limit
        line, problem = None, "is nested too deeply"
    raise _refused(line, problem)


def _refused(line, problem):
    return grammar.Refused(("line %d: " % line if line else "") + " ".join(problem.split()))


def _line():
    """:return: int, the line of the template where the exception came from, or None."""
    found, trace = None, sys.exc_info()[2]
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == _FILE:
            found = trace.tb_lineno
        trace = trace.tb_next
    return found


def _problem(error):
    if isinstance(error, (jinja2.UndefinedError, errors.TristanError)):
        return six.text_type(error)
    return "%s (%s)" % (six.text_type(error), type(error).__name__)
