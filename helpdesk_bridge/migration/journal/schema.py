"""Journal schema: the tables, and how their SQLite file is opened."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    Column,
    Engine,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    event,
)
from sqlalchemy.pool import QueuePool, StaticPool

from helpdesk_bridge.migration.outcome import WrongJournal
from helpdesk_bridge.private_files import OWNER_FILE, companions, tighten, why_not_mine

VERSION: Final = "2"
BUSY_SECONDS: Final = 20.0
metadata = MetaData()

meta = Table("meta", metadata, Column("name", String, primary_key=True), Column("value", String, nullable=False))

owner = Table(
    "owner",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("generation", Integer, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("host", String, nullable=False),
    Column("since", String, nullable=False),
)

record = Table(
    "record",
    metadata,
    Column("kind", String, primary_key=True),
    Column("parent", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("position", Integer, nullable=False, default=0),
    Column("reason", String),
    Column("marker", String),
    Column("destination", String, nullable=False, default="[]"),
    Column("candidates", String, nullable=False, default="[]"),
    Column("fold", String),
    Column("kind_of_message", String),
    Column("version", String),
    Column("expected", String),
    Column("finished", Boolean, nullable=False, default=False),
    Column("intent_at", String),
    Column("attempts", Integer, nullable=False, default=0),
    sqlite_with_rowid=False,
)
Index("record_state", record.c.kind, record.c.state)
Index("record_fold", record.c.kind, record.c.fold)
Index("record_marker", record.c.marker)
Index("record_destination", record.c.kind, record.c.destination)

decision = Table(
    "decision",
    metadata,
    Column("field", String, primary_key=True),
    Column("old", String, primary_key=True),
    Column("new", String),
    Column("by", String, nullable=False),
    Column("at", String, nullable=False),
)

acknowledgement = Table(
    "acknowledgement",
    metadata,
    Column("hazard", String, primary_key=True),
    Column("by", String, nullable=False),
    Column("at", String, nullable=False),
)

spent = Table(
    "spent",
    metadata,
    Column("generation", Integer, primary_key=True),
    Column("side", String, primary_key=True),
    Column("calls", Integer, nullable=False),
    Column("units", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
)

difference = Table(
    "difference",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("ticket", String, nullable=False),
    Column("record", String, nullable=False),
    Column("id", String, nullable=False),
    Column("field", String, nullable=False),
    Column("expected", String),
    Column("found", String),
)


def writer(path: Path) -> Engine:
    """Return the one connection that writes: WAL, ``synchronous=FULL``, every transaction IMMEDIATE.

    Without the ``begin`` event the driver starts a transaction at the first write only, and the owner's generation
    would be read outside of it.
    """
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=StaticPool,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def reader(path: Path) -> Engine:
    """Return connections that only read: they never wait for the writer and never stand in its way."""
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=QueuePool,
        pool_size=4,
        max_overflow=64,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA query_only=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def create_private(path: Path) -> None:
    """Create the file if it does not exist, readable by its owner only. Raises ``WrongJournal`` as ``check_mine`` does.

    One that is there is not opened: closing it would drop the locks that SQLite holds on it in this process (POSIX).
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW, OWNER_FILE))
    except FileExistsError:
        check_mine(path)


def check_mine(path: Path) -> None:
    """Raise ``WrongJournal`` for a journal that is a link or belongs to another user, or has such a companion."""
    for file in (path, *companions(path)):
        reason = why_not_mine(file)
        if reason is not None:
            raise WrongJournal(f"{file} {reason}; it was not touched")


def keep_private(path: Path) -> None:
    """Remove the access of other users from an existing journal, and log it."""
    for file in (path, *companions(path)):
        tighten(file, OWNER_FILE, "the journal")
