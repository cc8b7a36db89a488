"""The ``helpdesk-bridge`` command."""

from __future__ import annotations

import sys
from typing import Final

EXTRAS: Final = {
    "alembic": "cli", "click": "cli", "jinja2": "cli", "rich": "cli", "sqlalchemy": "cli", "werkzeug": "cli", "hypothesis": "testing",
    "pyarrow": "parquet", "pytest": "testing", "responses": "testing", "redis": "redis", "psycopg": "postgres",
    "keyring": "keyring", "opentelemetry": "otel", "mcp": "mcp",
}  # fmt: skip
"""What brings a library that the command needs."""


def main() -> None:
    """Run the command; the process ends with the exit codes of ``helpdesk_bridge.cli.exit_codes``."""
    from helpdesk_bridge.cli.streams import ready

    ready()
    try:
        from helpdesk_bridge.cli.app import run
    except ModuleNotFoundError as error:
        lacking = what_lacks(error)
        if lacking is None:
            raise
        sys.stderr.write(f"helpdesk-bridge: {lacking}\n")
        sys.exit(2)
    sys.exit(run(sys.argv[1:]))


def what_lacks(error: ModuleNotFoundError) -> str | None:
    """Return which library is not installed and what brings it; None if it is none of ours to install."""
    library = (error.name or "").partition(".")[0]
    extra = EXTRAS.get(library)
    return None if extra is None else f"{library} is not installed; install this package's extra {extra}"
