"""Making of a journal's tables, and their upgrade to this program's version: by Alembic, every row sealed anew."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, MetaData, Table, bindparam, func, insert, inspect, select, update
from sqlalchemy.schema import CreateSchema

from helpdesk_bridge.migration.journal import schema
from helpdesk_bridge.migration.journal.database.connections import SCHEMA
from helpdesk_bridge.migration.journal.database.tables import REVISION, revision_in
from helpdesk_bridge.migration.journal.integrity import check_row, sealed

VERSIONS: Final = Path(__file__).with_name("versions")
_BATCH: Final = 1000


def prepare(engine: Engine) -> None:
    """Make the tables if there are none; of several processes at once one makes them. Raises ``WrongJournal``."""
    with engine.begin() as connection:
        revision = revision_in(connection)
        if revision is None:
            connection.execute(select(func.pg_advisory_xact_lock(func.hashtext("helpdesk_bridge tables"))))
            revision = revision_in(connection)
        if revision is None:
            if not inspect(connection).has_schema(SCHEMA):
                connection.execute(CreateSchema(SCHEMA))
            schema.metadata.create_all(connection)
            REVISION.create(connection)
            connection.execute(insert(REVISION).values(version_num=schema.VERSION))
            return
        if revision in schema.EARLIER:
            connection.execute(select(func.pg_advisory_xact_lock(func.hashtext("helpdesk_bridge tables"))))
            if revision_in(connection) == revision:
                upgrade(connection)
            return
    schema.check_known(revision)


def upgrade(connection: Connection) -> None:
    """Bring the tables that a connection sees to ``schema.VERSION``, within its transaction.

    What each row says is checked by the version that wrote it first. Raises ``JournalDamaged``. A database without tables
    gets those of the version.
    """
    place = SCHEMA if connection.dialect.name == "postgresql" else None
    if place is not None:
        connection.exec_driver_sql(f"SET LOCAL search_path TO {place}")
    before = MetaData(schema=place)
    before.reflect(connection)
    known = {table.name: table for table in before.tables.values()}
    for table in known.values():
        # A version adds a column at the end of its table, so that this order is the one of the digest.
        if "digest" in table.columns:
            for row in connection.execute(select(table)).mappings():
                check_row(dict(row), table)
    _run(connection, _revision(connection, known), place)
    if known:
        version = update(schema.meta).where(schema.meta.c.name == "version").values(value=schema.VERSION)
        connection.execute(version)
    for table in schema.metadata.sorted_tables:
        _seal(connection, table)


def _revision(connection: Connection, known: Mapping[str, Table]) -> str | None:
    """Return the version of the tables, which a file keeps among its facts."""
    if REVISION.name in known:
        query = select(REVISION.c.version_num)
    elif schema.meta.name in known:
        query = select(schema.meta.c.value).where(schema.meta.c.name == "version")
    else:
        return None
    found: str | None = connection.execute(query).scalar_one_or_none()
    return found


def _run(connection: Connection, revision: str | None, place: str | None) -> None:
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(VERSIONS), version_locations=[str(VERSIONS)])
    if revision is not None:
        REVISION.create(connection, checkfirst=True)
        if connection.execute(select(REVISION)).first() is None:
            connection.execute(REVISION.insert().values(version_num=revision))

    def steps(at: Any, _context: Any) -> Any:
        return scripts._upgrade_revs(schema.VERSION, at)  # noqa: SLF001 - as Alembic's own command does

    with EnvironmentContext(Config(), scripts, fn=steps) as environment:
        environment.configure(connection=connection, version_table_schema=place, transactional_ddl=True)
        environment.run_migrations()


def _seal(connection: Connection, table: Table) -> None:
    """Write the digest of every row anew: of the columns that it has now."""
    keys = list(table.primary_key.columns)
    one = update(table).where(*(column == bindparam(f"key_{column.name}") for column in keys))
    one = one.values(digest=bindparam("sealed"))
    rows = [dict(row) for row in connection.execute(select(table)).mappings()]
    values = [
        {**{f"key_{column.name}": row[column.name] for column in keys},
         "sealed": sealed(table, row["migration"], row)["digest"]}
        for row in rows
    ]  # fmt: skip
    for start in range(0, len(values), _BATCH):
        connection.execute(one, values[start : start + _BATCH])
