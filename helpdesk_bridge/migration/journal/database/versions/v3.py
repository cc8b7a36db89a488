"""Version 3: the first that PostgreSQL has, and the oldest file that a later version takes over."""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import Boolean, Column, Float, Integer, String

revision = "3"
down_revision = None

_TEXT = String().with_variant(String(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    _table("meta", Column("name", _TEXT, primary_key=True), Column("value", _TEXT, nullable=False))
    _table(
        "owner",
        Column("generation", Integer, nullable=False),
        Column("pid", Integer, nullable=False),
        Column("host", _TEXT, nullable=False),
        Column("since", _TEXT, nullable=False),
        Column("boot", _TEXT, nullable=False),
        Column("lease", Float),
        Column("place", _TEXT, nullable=False),
    )
    _table(
        "record",
        Column("kind", _TEXT, primary_key=True),
        Column("parent", _TEXT, primary_key=True),
        Column("id", _TEXT, primary_key=True),
        Column("state", _TEXT, nullable=False),
        Column("position", Integer, nullable=False),
        Column("reason", _TEXT),
        Column("marker", _TEXT),
        Column("destination", _TEXT, nullable=False),
        Column("candidates", _TEXT, nullable=False),
        Column("fold", _TEXT),
        Column("kind_of_message", _TEXT),
        Column("version", _TEXT),
        Column("expected", _TEXT),
        Column("finished", Boolean, nullable=False),
        Column("intent_at", _TEXT),
        Column("attempts", Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    for columns in (("kind", "state"), ("kind", "fold"), ("marker",), ("kind", "destination")):
        op.create_index(f"record_{columns[-1]}", "record", ["migration", *columns])
    _table(
        "decision",
        Column("field", _TEXT, primary_key=True),
        Column("old", _TEXT, primary_key=True),
        Column("new", _TEXT),
        Column("by", _TEXT, nullable=False),
        Column("at", _TEXT, nullable=False),
    )
    _table(
        "spent",
        Column("generation", Integer, primary_key=True),
        Column("side", _TEXT, primary_key=True),
        Column("calls", Integer, nullable=False),
        Column("units", Integer, nullable=False),
        Column("refused", Integer, nullable=False),
    )
    _table(
        "difference",
        Column("number", Integer, primary_key=True),
        Column("ticket", _TEXT, nullable=False),
        Column("record", _TEXT, nullable=False),
        Column("id", _TEXT, nullable=False),
        Column("field", _TEXT, nullable=False),
        Column("expected", _TEXT),
        Column("found", _TEXT),
    )


def _table(name: str, *columns: Column[Any], **options: Any) -> None:
    whole: tuple[Any, ...] = (
        Column("migration", _TEXT, primary_key=True),
        *columns,
        Column("digest", _TEXT, nullable=False),
    )
    op.create_table(name, *whole, **options)
