"""The program ``tristan``: global options, and the commands by name.

A command is a module of this package with a click command of the module's name; it is imported
when it is needed. It returns its exit code, or None for 0. Every error leaves through report.py.
"""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import errno
import importlib

import click
import six

from controller import __version__
from controller.cli import output, report, streams
from controller.cli.session import Session

PROGRAM = "tristan"

COMMANDS = collections.OrderedDict(
    [
        ("init", "Write a commented tristan.yml."),
        ("config", "Check the configuration file."),
        ("project", "Add projects from a git server."),
        ("enroll", "Pin a machine's host key."),
        ("doctor", "Check what machines have and lack."),
        ("machines", "List machines and their free executors."),
        ("preview", "Show what a build would be sent."),
        ("build", "Build a project and show its log."),
        ("status", "List builds, or show one with its phases."),
        ("logs", "Show or follow a build's log."),
        ("shell", "Open a shell in what a build ran in."),
        ("artifacts", "List or fetch the files a build made."),
        ("provenance", "Print where a build's files come from, as in-toto states it."),
        ("rebuild", "Repeat a past build exactly."),
        ("cancel", "Cancel a build."),
        ("notify", "Tell of a build's end again."),
        ("gc", "Remove what machines do not need any more."),
        ("refresh", "Prepare machines for their next builds."),
        ("crontab", "Write crontab lines that refresh the machines."),
        ("systemd", "Write systemd units that refresh the machines."),
        ("filebeat", "Write the filebeat.yml of a machine."),
        ("uninstall", "Take Tristan off a machine."),
        ("completion", "Write a shell's completion script."),
    ]
)
"""In the order in which an operator meets them, with the first sentence of each: `--help` needs to import none."""

if six.PY2:
    # click 7 warns of unicode_literals; all of its own texts and ours are unicode here.
    click.disable_unicode_literals_warning = True


class Commands(click.Group):
    """The commands of this package, imported by name when they are asked for."""

    def list_commands(self, ctx):
        return list(COMMANDS)

    def get_command(self, ctx, cmd_name):
        if cmd_name not in COMMANDS:
            return None
        return getattr(importlib.import_module("controller.cli." + cmd_name), str(cmd_name))

    def format_commands(self, ctx, formatter):
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx):
        try:
            return super(Commands, self).invoke(ctx)
        except KeyboardInterrupt:
            raise report.Interrupted()
        except EnvironmentError as error:
            # click would end with 1, which here means that the project's build failed.
            if error.errno != errno.EPIPE:
                raise
            raise report.PipeClosed()


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config", metavar="FILE", help="The operator's file. Default: ./tristan.yml, then the user's."
)
@click.option("--debug", is_flag=True, help="Show a traceback when something goes wrong.")
@click.version_option(__version__, prog_name=PROGRAM)
@click.pass_context
def program(ctx, config, debug):
    """Build code on machines where nothing is installed for it, over SSH.

    \b
    Start with:  tristan init, tristan enroll MACHINE, tristan doctor,
                 tristan build PROJECT --branch main
    """
    ctx.color = output.colour_wanted()
    ctx.obj.config = config
    ctx.obj.debug = debug


def main(args=None, session=None):
    """Run one command.

    :param args: list of texts; the process's own arguments when None.
    :param session: a Session; tests give one with a controller of their own.
    :returns: the exit code, see ``errors`` and the README.
    """
    streams.ensure()
    session = Session() if session is None else session
    try:
        code = program.main(args=args, prog_name=PROGRAM, obj=session, standalone_mode=False)
        report.flush()
        return code or 0
    except Exception as error:
        return report.report(error, session)
    finally:
        session.close()
