"""Migrations of a database, by their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection, Float, cast, func, select

from helpdesk_bridge.migration.journal import schema
from helpdesk_bridge.migration.journal.database.address import DatabaseAddress
from helpdesk_bridge.migration.journal.database.connections import snapshot
from helpdesk_bridge.migration.outcome import WrongJournal

NAME: Final = "name"
"""Under which a journal's table of facts keeps its migration's name."""


def default_name(desks: Mapping[str, str]) -> str:
    """Return the name of a migration that nobody named: its desks."""
    return f"{desks['source_desk']}-to-{desks['destination_desk']}"


def find(connection: Connection, name: str) -> str | None:
    """Return the id of the migration with a name, or None."""
    table = schema.meta.c
    found: str | None = connection.execute(
        select(table.migration).where(table.name == NAME, table.value == name)
    ).scalar_one_or_none()
    return found


def known_names(connection: Connection) -> dict[str, str]:
    """Return the ids of all migrations by their names."""
    table = schema.meta.c
    rows = connection.execute(select(table.value, table.migration).where(table.name == NAME).order_by(table.value))
    return {row.value: row.migration for row in rows}


def owner_of(address: DatabaseAddress) -> tuple[int, str] | None:
    """Return the id and the host of the process that owns a migration now; None if its lease has ended.

    Raises as ``reading`` does.
    """
    table = schema.owner.c
    with snapshot(address) as connection:
        now = cast(func.extract("epoch", func.clock_timestamp()), Float)
        query = select(table.pid, table.host).where(table.migration == chosen(connection, address), table.lease > now)
        row = connection.execute(query).one_or_none()
        return None if row is None else (row.pid, row.host)


def chosen(connection: Connection, address: DatabaseAddress) -> str:
    """Return the id of the migration that an address names, or the only one there is.

    Raises ``FileNotFoundError`` if there is none, ``WrongJournal`` if there are several and none is named.
    """
    known = known_names(connection)
    if address.migration in known:
        return known[address.migration]
    if address.migration or not known:
        raise FileNotFoundError(address.text)
    if len(known) > 1:
        raise WrongJournal(
            f"this database holds {len(known)} migrations ({', '.join(list(known)[:10])}); "
            f"name one: --journal {address.text}#NAME"
        )
    return next(iter(known.values()))
