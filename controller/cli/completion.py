"""``tristan completion SHELL``: the script that makes a shell complete tristan's words."""

from __future__ import absolute_import, print_function, unicode_literals

import click

VARIABLE = "_TRISTAN_COMPLETE"


@click.command("completion", short_help="Write a shell's completion script.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell):
    """Write the completion script of SHELL to stdout.

    \b
    bash:  tristan completion bash > ~/.local/share/bash-completion/completions/tristan
    zsh:   tristan completion zsh > "${fpath[1]}/_tristan"
    fish:  tristan completion fish > ~/.config/fish/completions/tristan.fish
    """
    click.echo(_script(shell))


def _script(shell):
    """:returns: text; click makes it, and answers the shell's questions in the variable's name."""
    from controller.cli.main import PROGRAM, program

    if not hasattr(click.Parameter, "shell_complete"):
        from click._bashcomplete import get_completion_script  # click 7.1, on Python 2.7

        return get_completion_script(PROGRAM, VARIABLE, shell)
    from click.shell_completion import get_completion_class

    return get_completion_class(shell)(program, {}, PROGRAM, VARIABLE).source()
