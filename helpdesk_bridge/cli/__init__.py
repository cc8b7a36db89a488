"""The ``helpdesk-bridge`` command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command; the process ends with the exit codes of ``helpdesk_bridge.cli.exit_codes``."""
    try:
        from helpdesk_bridge.cli.app import run
    except ImportError as error:
        sys.stderr.write(f"helpdesk-bridge needs {error.name}; install this package's extra cli\n")
        sys.exit(2)
    sys.exit(run(sys.argv[1:]))
