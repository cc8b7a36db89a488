"""Connections to the PostgreSQL database of journals, and what its errors mean to a migration."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from attrs import define
from sqlalchemy import Connection, Engine, create_engine, exc

from helpdesk_bridge import postgresql
from helpdesk_bridge.errors import ConfigError
from helpdesk_bridge.migration.journal.database.address import DatabaseAddress
from helpdesk_bridge.migration.outcome import Interrupted, MigrationError, WrongJournal

SCHEMA: Final = "helpdesk_bridge"
"""Where the tables are, so that they can share a database with those of other programs."""
MOST_CONNECTIONS: Final = 8
"""Of one process to one database, however many journals it has open."""
CONNECT_SECONDS: Final = 5
ANSWER_SECONDS: Final = 60.0
LOCK_SECONDS: Final = 15
STOPPED_SECONDS: Final = 5
"""A transaction whose process says nothing for so long is ended by the server: it was stopped, or its host is gone."""
_SETTINGS: Final = {
    "lock_timeout": f"{LOCK_SECONDS}s",
    "idle_in_transaction_session_timeout": f"{STOPPED_SECONDS}s",
    "timezone": "UTC",
}


@define
class _Shared:
    engine: Engine
    users: int = 0


_engines: dict[str, _Shared] = {}
_lock = threading.Lock()


def acquire(address: DatabaseAddress) -> Engine:
    """Return the connections of this process to a database, shared by all its journals there; ``release`` them later.

    Raises ``ConfigError`` if the client is not installed or cannot read the URL.
    """
    with _lock:
        shared = _engines.get(address.url)
        if shared is None:
            shared = _engines[address.url] = _Shared(_engine(address.url))
        shared.users += 1
        return shared.engine


def release(address: DatabaseAddress) -> None:
    """Give the connections back; the last journal that has them closes them."""
    with _lock:
        shared = _engines[address.url]
        shared.users -= 1
        if shared.users == 0:
            del _engines[address.url]
            shared.engine.dispose()


@contextmanager
def snapshot(address: DatabaseAddress) -> Iterator[Connection]:
    """Give a connection that reads everything as it is at one moment."""
    engine = acquire(address)
    try:
        with translated(), engine.connect() as connection:
            options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            with (reading := connection.execution_options(**options)).begin():
                # Who prints rows may be read by somebody slow.
                reading.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
                yield reading
    finally:
        release(address)


def _engine(url: str) -> Engine:
    try:
        import psycopg
        from psycopg.conninfo import conninfo_to_dict
    except ImportError:
        raise ConfigError("--journal: postgresql:// needs its client; install this package's extra postgres") from None
    try:
        conninfo_to_dict(url)
    except psycopg.Error:
        raise ConfigError("--journal: this is no URL of a PostgreSQL database") from None

    def connect() -> psycopg.Connection[Any]:
        connection = postgresql.connect(
            url,
            answer_seconds=ANSWER_SECONDS,
            autocommit=True,
            connect_timeout=CONNECT_SECONDS,
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=3,
            tcp_user_timeout=30_000,
            fallback_application_name="helpdesk-bridge",
        )
        for name, value in _SETTINGS.items():
            connection.execute("SELECT set_config(%s, %s, false)", [name, value])
        connection.autocommit = False
        return connection

    engine = create_engine(
        "postgresql+psycopg://",
        creator=connect,
        isolation_level="READ COMMITTED",
        pool_size=2,
        max_overflow=MOST_CONNECTIONS - 2,
        pool_timeout=LOCK_SECONDS,
        pool_pre_ping=True,
        hide_parameters=True,
    )
    return engine.execution_options(schema_translate_map={None: SCHEMA})


_WITHOUT_RIGHT: Final = "42501"
_READ_ONLY: Final = "25006"
_FULL: Final = ("53100", "53200")
_BUSY: Final = ("55P03", "57014", "40001", "40P01", "53300", "25P03")
_NO_SUCH: Final = ("42P01", "42703", "42883", "42804")


@contextmanager
def translated() -> Iterator[None]:
    """Turn errors of PostgreSQL into errors that say what to do; nothing of a URL or a row is in them."""
    try:
        yield
    except exc.TimeoutError:
        raise Interrupted(
            "all connections to the journal's database are in use; run again with fewer workers"
        ) from None
    except exc.DBAPIError as error:
        raise _meaning(error) from None


def _meaning(error: exc.DBAPIError) -> Exception:
    code = getattr(error.orig, "sqlstate", None)
    if code == _WITHOUT_RIGHT:
        return ConfigError(
            f"--journal: this user may not read and write the schema {SCHEMA} of the database; let its owner run "
            f"CREATE SCHEMA {SCHEMA} AUTHORIZATION the user"
        )
    if code == _READ_ONLY:
        return Interrupted("the journal's database only reads; name the server that writes and run again")
    if code in _FULL:
        return Interrupted("the journal's database is full; free some disk space there and run again")
    if code in _BUSY:
        return Interrupted("the journal's database is busy or the journal is locked; run again")
    if code in _NO_SUCH:
        return WrongJournal(
            f"the schema {SCHEMA} of this database holds something else, not journals; nothing was changed"
        )
    if isinstance(error, exc.DataError):
        return MigrationError(f"PostgreSQL cannot keep a text that came from the source (code {code})")
    if isinstance(error, (exc.OperationalError, exc.InterfaceError)):
        return _unreachable(error.orig)
    return MigrationError(f"PostgreSQL refuses a step of the journal (code {code or type(error.orig).__name__})")


def _unreachable(error: BaseException | None) -> Exception:
    refused = postgresql.refusal(error) if isinstance(error, Exception) else None
    if refused == "credentials":
        return ConfigError("--journal: PostgreSQL refuses the credentials of this URL")
    if refused == "unknown":
        return ConfigError("--journal: this PostgreSQL server has no such database or user")
    if refused == "full":
        return Interrupted("the journal's database takes no more connections; run again later, or with fewer programs")
    return Interrupted("the journal's database cannot be reached; run again once it is there")
