"""What the exit codes of the command mean, and which error ends with which."""

from __future__ import annotations

from typing import Final

from helpdesk_bridge.errors import AuthenticationFailed, ConfigError, HelpdeskError, PermissionDenied

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
DIFFERENCES: Final = 3
CREDENTIALS: Final = 4
STOPPED: Final = 5
IN_USE: Final = 6
DECISION: Final = 7
SECOND_SIGNAL: Final = 130


def exit_code_of(error: BaseException) -> int:
    """Return the exit code of an error: its own where it has one, else by what the caller can do."""
    own = getattr(error, "exit_code", None)
    if isinstance(own, int):
        return own
    if isinstance(error, (ConfigError, AuthenticationFailed, PermissionDenied)):
        return CREDENTIALS
    return FAILED if isinstance(error, HelpdeskError) else USAGE
