"""Journal schema: the tables, and how their SQLite file is opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    URL,
    Boolean,
    Column,
    Connection,
    Engine,
    Float,
    Index,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    create_engine,
    event,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.pool import QueuePool, StaticPool
from sqlalchemy.sql import visitors

from helpdesk_bridge.migration.outcome import JournalDamaged, WrongJournal
from helpdesk_bridge.private_files import OWNER_FILE, companions, tighten, why_not_mine

VERSION: Final = "3"
EARLIER: Final[tuple[str, ...]] = ()
"""Versions whose tables this program brings to its own; each has a module in ``database/versions``, as this one has."""
BUSY_SECONDS: Final = 20.0
metadata = MetaData()
TEXT: Final = String().with_variant(String(collation="C"), "postgresql")
"""Text that both databases compare and sort alike, by its bytes."""


def _table(name: str, *columns: Column[Any], **options: Any) -> Table:
    """Return a table whose rows each name their migration, since a database may hold several, and have a digest."""
    migration = Column("migration", TEXT, primary_key=True)
    return Table(name, metadata, migration, *columns, Column("digest", TEXT, nullable=False), **options)


meta = _table("meta", Column("name", TEXT, primary_key=True), Column("value", TEXT, nullable=False))

owner = _table(
    "owner",
    Column("generation", Integer, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("host", TEXT, nullable=False),
    Column("since", TEXT, nullable=False),
    Column("boot", TEXT, nullable=False),
    Column("lease", Float),
    Column("place", TEXT, nullable=False),
)

record = _table(
    "record",
    Column("kind", TEXT, primary_key=True),
    Column("parent", TEXT, primary_key=True),
    Column("id", TEXT, primary_key=True),
    Column("state", TEXT, nullable=False),
    Column("position", Integer, nullable=False, default=0),
    Column("reason", TEXT),
    Column("marker", TEXT),
    Column("destination", TEXT, nullable=False, default="[]"),
    Column("candidates", TEXT, nullable=False, default="[]"),
    Column("fold", TEXT),
    Column("kind_of_message", TEXT),
    Column("version", TEXT),
    Column("expected", TEXT),
    Column("finished", Boolean, nullable=False, default=False),
    Column("intent_at", TEXT),
    Column("attempts", Integer, nullable=False, default=0),
    sqlite_with_rowid=False,
)
for _columns in (("kind", "state"), ("kind", "fold"), ("marker",), ("kind", "destination")):
    Index(f"record_{_columns[-1]}", record.c.migration, *(record.c[_column] for _column in _columns))

decision = _table(
    "decision",
    Column("field", TEXT, primary_key=True),
    Column("old", TEXT, primary_key=True),
    Column("new", TEXT),
    Column("by", TEXT, nullable=False),
    Column("at", TEXT, nullable=False),
)

spent = _table(
    "spent",
    Column("generation", Integer, primary_key=True),
    Column("side", TEXT, primary_key=True),
    Column("calls", Integer, nullable=False),
    Column("units", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
)

difference = _table(
    "difference",
    Column("number", Integer, primary_key=True),
    Column("ticket", TEXT, nullable=False),
    Column("record", TEXT, nullable=False),
    Column("id", TEXT, nullable=False),
    Column("field", TEXT, nullable=False),
    Column("expected", TEXT),
    Column("found", TEXT),
)


@lru_cache(maxsize=128)
def of_migration(query: Select[*tuple[Any, ...]], migration: str) -> Select[*tuple[Any, ...]]:
    """Return a query for the rows of one migration, the same object for the same query: its text is made once.

    Its tables are those that it names: ``get_final_froms`` compiles the whole query to tell them, each time.
    """
    named = [part for part in visitors.iterate(query) if isinstance(part, (Column, Table))]
    tables = {part.table if isinstance(part, Column) else part for part in named}
    return query.where(*(table.c.migration == migration for table in tables))


def put(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, anew: bool = True) -> int:
    """Write whole rows; those whose key exists are replaced, or with ``anew`` off left as they are. Return how many."""
    if not rows:
        return 0
    statement = _put(table, connection.dialect.name, anew=anew)
    return connection.execute(statement, rows, execution_options=_COUNTED).rowcount


_COUNTED: Final = {"preserve_rowcount": True}
"""PostgreSQL's driver says how many rows were written only where it is asked."""


@cache
def _put(table: Table, dialect: str, *, anew: bool) -> sqlite.Insert | postgresql.Insert:
    statement = sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
    if not anew:
        return statement.on_conflict_do_nothing()
    keys = [column.name for column in table.primary_key.columns]
    rest = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=rest)


def _readable(raw: bytes) -> str:
    """Return damaged text as well: its row's digest tells that it is."""
    return raw.decode("utf-8", "replace")


def writer(path: Path, *, aside: bool = False) -> Engine:
    """Return the one connection that writes: WAL, ``synchronous=FULL``, every transaction IMMEDIATE.

    Without the ``begin`` event the driver starts a transaction at the first write only, and the owner's generation
    would be read outside of it. A file that is made ``aside`` has no log, which a rename would leave behind.
    """
    mode = "DELETE" if aside else "WAL"
    return _engine(path, "BEGIN IMMEDIATE", f"journal_mode={mode}", "synchronous=FULL", "secure_delete=ON")


def reader(path: Path) -> Engine:
    """Return connections that only read: they never wait for the writer and never stand in its way."""
    return _engine(path, "BEGIN", "query_only=ON", poolclass=QueuePool, pool_size=4, max_overflow=64)


def _engine(path: Path, begin: str, *pragmas: str, **options: Any) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        **{"poolclass": StaticPool, **options},
    )

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.text_factory = _readable
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine


def migration_in(connection: Connection) -> str | None:
    """Return the id of the migration in a file; None for one that holds nothing. Raises ``WrongJournal`` for a version."""
    if version_in(connection) is None:
        return None
    check_version(connection)
    return str(connection.exec_driver_sql("SELECT migration FROM meta").scalar())


def version_in(connection: Connection) -> str | None:
    """Return the version of the journal in a database; None if it holds nothing, because its maker was killed.

    Raises ``WrongJournal`` for the database of another program.
    """
    tables = set(connection.exec_driver_sql("SELECT name FROM sqlite_schema WHERE type = 'table'").scalars())
    if not tables:
        return None
    if not {meta.name, owner.name, record.name} <= tables:
        raise WrongJournal("this is a database of another program, not a journal; it was not touched")
    known = connection.exec_driver_sql("SELECT value FROM meta WHERE name = 'version'").scalar()
    rows = connection.exec_driver_sql("SELECT count(*) FROM record").scalar()
    if known is None and rows:
        raise JournalDamaged("the journal is damaged: nothing in it says which version wrote it")
    # Earlier versions made the tables first, and wrote down the migration in a second transaction.
    return None if known is None else str(known)


def check_version(connection: Connection) -> None:
    """Raise ``WrongJournal`` for a journal that another version wrote, or one that holds nothing."""
    known = version_in(connection)
    if known is None:
        raise WrongJournal(
            "the journal holds nothing: the process that made it was stopped before it began; migrate plan or run "
            "with --from and --to begins anew"
        )
    check_known(known)


def check_known(version: str | None) -> None:
    """Raise ``WrongJournal`` for a version that is not this program's."""
    if version in EARLIER:
        raise WrongJournal(
            f"the journal has version {version} and this program writes {VERSION}; migrate plan or run brings it there"
        )
    if version != VERSION:
        raise WrongJournal(
            f"the journal has version {version} and this program reads {VERSION}; continue with the "
            "version of helpdesk-bridge that created it"
        )


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
