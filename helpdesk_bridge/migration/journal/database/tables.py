"""Tables of journals in PostgreSQL: made with the first use, and brought to the version of this program."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Connection, MetaData, String, Table, inspect, select

from helpdesk_bridge.migration.journal import schema
from helpdesk_bridge.migration.journal.database.connections import SCHEMA
from helpdesk_bridge.migration.outcome import WrongJournal

_own: Final = MetaData()
REVISION: Final = Table("alembic_version", _own, Column("version_num", String(32), primary_key=True))
"""Alembic's table of which versions a database has; one row."""


def revision_in(connection: Connection) -> str | None:
    """Return the version of the tables in a database; None if there are none. Raises ``WrongJournal`` for others' tables."""
    there = set(inspect(connection).get_table_names(schema=SCHEMA))
    if not there:
        return None
    if REVISION.name not in there or not set(schema.metadata.tables) <= there:
        raise WrongJournal(
            f"the schema {SCHEMA} of this database holds another program's tables, not journals; nothing was changed"
        )
    found: str | None = connection.execute(select(REVISION.c.version_num)).scalar_one_or_none()
    return found


def check(connection: Connection) -> None:
    """Raise ``FileNotFoundError`` for a database without journals, ``WrongJournal`` for those of another version."""
    revision = revision_in(connection)
    if revision is None:
        raise FileNotFoundError(SCHEMA)
    schema.check_known(revision)
