"""Exit codes of the command: the code of any error is chosen here, that of a finished migration by ``Summary.exit_code``."""

from __future__ import annotations

from helpdesk_bridge.errors import AuthenticationFailed, ConfigError, HelpdeskError, PermissionDenied
from helpdesk_bridge.migration.outcome import ExitCode


def exit_code_of(error: BaseException) -> int:
    """Return the exit code of an error: its own if it has one, else by what the caller can do."""
    own = getattr(error, "exit_code", None)
    if isinstance(own, int):
        return own
    if isinstance(error, (ConfigError, AuthenticationFailed, PermissionDenied)):
        return ExitCode.CREDENTIALS
    return ExitCode.FAILED if isinstance(error, HelpdeskError) else ExitCode.USAGE


__all__ = ["ExitCode", "exit_code_of"]
