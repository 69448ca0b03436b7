"""The controller's one error tree.

    TristanError                     exit code
    +-- UsageError                   2  the command line asks for what can't be
    |   +-- SettingsError            2  tristan.yml has faults (all of them listed)
    |   +-- Refused                  2  a value breaks a rule of the grammar
    |   +-- BuildNotFound            2
    +-- InfrastructureError          3  something that is not the project's fault
    |   +-- MachineUnreachable       3  no TCP connection, or no SSH behind it
    |   |   +-- ConnectionLost       3  there was one, and it went
    |   +-- AuthenticationFailed     3
    |   +-- HostKeyUnknown           3
    |   +-- HostKeyChanged           3
    |   +-- SecretUnavailable        3  a reference names nothing that can be read
    |   +-- NoPython                 3
    |   +-- SyncFailed               3  `cause` says why: disk_full, denied, ...
    |   +-- LaunchRefused            3
    |   +-- ProtocolError            3  the machine answered something else
    |   +-- RegistryError            3  a Docker registry refuses, or does not answer
    |   +-- GitServerError           3  so does a git server's API
    |   +-- NotifyFailed             3  so does whoever is to be told of a build
    |   +-- LocalFileError           3  a file on the operator's side can't be written
    +-- StillRunning                 7  the watcher gave up, the build did not
    +-- Busy                         8  every executor has a build

A message says what happened and where; `remedy` says what to do about it.
"""

from __future__ import absolute_import, print_function, unicode_literals

import six

EXIT_BY_STATE = {
    "success": 0,
    "failed": 1,
    "error": 3,
    "timeout": 4,
    "cancelled": 5,
    "lost": 6,
}
"""Exit code of the command line by a build's terminal state; stable, documented in the README."""


@six.python_2_unicode_compatible
class TristanError(Exception):
    """Anything Tristan tells a user instead of a traceback.

    :param message: text, one sentence: what happened and where.
    :param remedy: text, what to do; may be empty.
    :param cause: text slug for programs (``--json``); defaults to the class's own.
    """

    exit_code = 3
    cause = "error"

    def __init__(self, message, remedy="", cause=None):
        super(TristanError, self).__init__(message)
        self.message = message
        self.remedy = remedy
        if cause is not None:
            self.cause = cause

    def __str__(self):
        return self.message


class UsageError(TristanError):
    exit_code = 2
    cause = "usage"


class SettingsError(UsageError):
    """:param faults: list of (key path, message) pairs, in the file's order."""

    cause = "settings"

    def __init__(self, message, faults=(), remedy=""):
        super(SettingsError, self).__init__(message, remedy)
        self.faults = list(faults)


class Refused(UsageError):
    cause = "refused"


class BuildNotFound(UsageError):
    cause = "build_not_found"


class InfrastructureError(TristanError):
    cause = "infrastructure"


class MachineUnreachable(InfrastructureError):
    cause = "unreachable"


class ConnectionLost(MachineUnreachable):
    cause = "connection_lost"


class AuthenticationFailed(InfrastructureError):
    cause = "authentication_failed"


class HostKeyUnknown(InfrastructureError):
    cause = "host_key_unknown"


class HostKeyChanged(InfrastructureError):
    cause = "host_key_changed"


class SecretUnavailable(InfrastructureError):
    cause = "secret_unavailable"


class NoPython(InfrastructureError):
    cause = "no_python"


class SyncFailed(InfrastructureError):
    cause = "sync_failed"


class LaunchRefused(InfrastructureError):
    cause = "launch_refused"


class ProtocolError(InfrastructureError):
    cause = "protocol"


class RegistryError(InfrastructureError):
    cause = "registry"


class GitServerError(InfrastructureError):
    cause = "git_server"


class NotifyFailed(InfrastructureError):
    cause = "notify"


class LocalFileError(InfrastructureError):
    cause = "local_file"


class StillRunning(TristanError):
    exit_code = 7
    cause = "still_running"


class Busy(TristanError):
    exit_code = 8
    cause = "busy"
