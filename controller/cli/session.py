"""What the commands of one invocation share: where tristan.yml is, and the controller made from it.

Settings, SSH and all else that takes time to import is loaded on first use: ``--help`` needs none.
"""

from __future__ import absolute_import, print_function, unicode_literals

import os

from controller import errors
from controller.cli import output


class Session(object):
    """:param controller: has the methods of service.Controller; made on first use when None.
    :param settings: a settings.Settings; loaded on first use when None.
    """

    def __init__(self, controller=None, settings=None):
        self.config = None
        self.debug = False
        self.json = False
        self.tell = _note
        """callable(text), for notes of the controller's; a watch puts them where its screen has room."""
        self._controller = controller
        self._settings = settings

    @property
    def settings(self):
        if self._settings is None:
            path = find_config(self.config)
            from controller import settings

            self._settings = settings.load(path)
        return self._settings

    @property
    def controller(self):
        if self._controller is None:
            settings = self.settings  # its faults come first, before anything that takes longer
            from controller import service, state

            self._controller = service.Controller(
                settings, state.State(on_note=lambda text: self.tell(text))
            )
        return self._controller

    def machine_names(self, chosen=None):
        """:param chosen: a machine's name, or None for all. :returns: list of names."""
        names = list(self.settings.machines)
        if chosen is None:
            return names
        if chosen not in names:
            known = ", ".join(names) or "none"
            raise errors.UsageError(
                "no machine is named %s in %s" % (chosen, self.settings.path),
                "machines there: " + known,
            )
        return [chosen]

    def close(self):
        """Let go of the connections, also those of a command that failed."""
        close = getattr(self._controller, "close", None)
        if close is not None:
            close()


def _note(text):
    output.say("tristan: " + output.text_of(text))


def candidates(environment=None):
    """:returns: the paths where tristan.yml is looked for, first one first."""
    environment = os.environ if environment is None else environment
    named = environment.get("TRISTAN_CONFIG")
    if named:
        return [named]
    home = environment.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return ["tristan.yml", os.path.join(home, "tristan", "tristan.yml")]


def find_config(chosen=None):
    """:param chosen: the path given with --config, or None. :returns: a path; the file is there.
    :raises UsageError: when there is none, naming the places.
    """
    paths = [chosen] if chosen else candidates()
    for path in paths:
        if os.path.isfile(path):
            return path
    raise errors.UsageError(
        "no configuration file at " + " or ".join(paths),
        "tristan init writes one; --config FILE or TRISTAN_CONFIG names one elsewhere",
    )
