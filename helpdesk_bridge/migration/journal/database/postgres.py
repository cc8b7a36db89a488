"""Journal in PostgreSQL: one of many migrations in a database, owned by a lease of the database's clock."""

from __future__ import annotations

import json
import threading
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Final
from uuid import uuid4

from attrs import asdict, frozen
from sqlalchemy import Connection, Float, RowMapping, cast, func, select, text

from helpdesk_bridge.clock import Clock, SystemClock, pause
from helpdesk_bridge.migration.journal import schema
from helpdesk_bridge.migration.journal.database import connections
from helpdesk_bridge.migration.journal.database.address import DatabaseAddress, beside
from helpdesk_bridge.migration.journal.database.migrations import NAME, default_name, find
from helpdesk_bridge.migration.journal.database.owned import CLAIMED, MARKER_KEY, SEARCH, Binding, OwnedJournal
from helpdesk_bridge.migration.journal.database.upgrade import prepare
from helpdesk_bridge.migration.journal.integrity import check_rows
from helpdesk_bridge.migration.journal.ownership import LEASE
from helpdesk_bridge.migration.outcome import JournalInUse, MigrationError, WrongJournal

RENEWALS: Final = 3
"""So often within a lease an owner renews it, so that one that only waits keeps its journal."""
_LOOK: Final = 0.2
"""Real seconds between looks whether an owner still renews its lease."""

_CLOCK: Final = select(cast(func.extract("epoch", func.clock_timestamp()), Float))
_WHICH: Final = text(
    "SELECT system_identifier::text AS system, "
    "(SELECT oid::text FROM pg_database WHERE datname = current_database()) AS database FROM pg_control_system()"
)


@frozen
class DatabasePlace:
    """Which database a journal is in. A copy of it, restored elsewhere, is another one; a standby that takes over is not."""

    system: str
    database: str

    @classmethod
    def of(cls, connection: Connection) -> DatabasePlace:
        """Return the place of a connection."""
        row = connection.execute(_WHICH).one()
        return cls(row.system, row.database)


class PostgresJournal(OwnedJournal):
    """One migration of a database. Its lease is renewed while this process lives, and ends with it.

    With an injected clock, that one stands for the database's, and nothing renews the lease.
    """

    def __init__(
        self,
        address: DatabaseAddress,
        binding: Binding,
        *,
        clock: Clock,
        takeover: bool = False,
        moved: bool = False,
    ) -> None:
        super().__init__(clock)
        self._address = address
        self._writer = connections.acquire(address)
        self._reader = self._writer.execution_options(isolation_level="AUTOCOMMIT")
        self._closed = threading.Event()
        try:
            with self.translated():
                self._find_or_make(binding)
                self._open(binding, takeover=takeover, moved=moved)
        except BaseException:
            self.close()
            raise
        if isinstance(clock, SystemClock):
            threading.Thread(target=self._renew, name="journal-lease", daemon=True).start()

    @property
    def address(self) -> DatabaseAddress:
        """The database and the name of the migration."""
        return self._address

    @property
    def beside(self) -> Path:
        """A path of this host's own: another one that takes over reads anew what it lacks."""
        return beside(self._address)

    def translated(self) -> AbstractContextManager[None]:
        """Turn errors of PostgreSQL into errors that say what to do."""
        return connections.translated()

    # -- making ----------------------------------------------------------------------------------------------------

    def _find_or_make(self, binding: Binding) -> None:
        """Find the migration by its name, or begin it; of several processes at once one begins it."""
        name = self._address.migration or default_name(binding.names)
        self._address = self._address.named(name)
        prepare(self._writer)
        with self._writer.begin() as connection:
            found = find(connection, name)
            if found is not None:
                self.migration = found
                return
            connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"helpdesk_bridge {name}"))))
            found = find(connection, name)
            if found is not None:
                self.migration = found
                return
            self.migration, self.generation = uuid4().hex, 0
            facts = {
                "version": schema.VERSION,
                "source": binding.source,
                "destination": binding.destination,
                "created": self._clock.wall().isoformat(),
                MARKER_KEY: json.dumps(binding.key.text()),
                **binding.names,
                NAME: name,
            }
            self.put(connection, schema.meta, [{"name": name, "value": value} for name, value in facts.items()])
            place = json.dumps(asdict(DatabasePlace.of(connection)))
            self._put_owner(connection, place, lease=self._moment(connection))

    # -- opening ---------------------------------------------------------------------------------------------------

    def _open(self, binding: Binding, *, takeover: bool, moved: bool) -> None:
        with self._reader.connect() as connection:
            known = {row["name"]: row["value"] for row in self._of(connection, select(schema.meta))}
            schema.check_known(known.get("version"))
            if (known["source"], known["destination"]) != (binding.source, binding.destination):
                raise WrongJournal(
                    f"the journal belongs to the migration from {known['source']} to {known['destination']}, not from "
                    f"{binding.source} to {binding.destination}; name another one: {self._address.text}#NAME"
                )
            check_rows(connection, self.migration)
        if not takeover:
            self._await_owner()
        with self._writer.begin() as connection:
            before, moment = self._held(connection)
            here = self.lease_clock.now()
            if before["lease"] > moment and not takeover:
                raise _in_use(before)
            place = DatabasePlace.of(connection)
            if DatabasePlace(**json.loads(before["place"])) != place:
                self._claim(connection, moved=moved)
            self.generation = before["generation"] + 1
            self._put_owner(connection, json.dumps(asdict(place)), lease=moment + LEASE)
        self._owned = True
        # Its own last lease, by the clock of this host: until then the owner before may have sent.
        self.sent_until = here + min(before["lease"] - moment, LEASE)
        self._lease_until = here + LEASE
        self.lease_clock.wait_until(self.sent_until)

    def _await_owner(self) -> None:
        """Return once the lease has ended. Raises ``JournalInUse`` if its owner renews it, and so is there."""
        first: RowMapping | None = None
        while True:
            with self._writer.begin() as connection:
                before = self._owner(connection)
                moment = self._moment(connection)
            if before["lease"] <= moment:
                return
            first = first or before
            renewed = (before["generation"], before["lease"]) != (first["generation"], first["lease"])
            if renewed or not isinstance(self._clock, SystemClock):
                raise _in_use(before)
            pause(min(before["lease"] - moment, _LOOK))

    def _claim(self, connection: Connection, *, moved: bool) -> None:
        if not moved:
            raise WrongJournal(
                "this database is a copy of the one in which the migration was begun, or was moved; if you go on with "
                "both, records are written twice. If the other one is gone or never used again, run this one with "
                "--moved"
            )
        facts = {CLAIMED: True, SEARCH: {}}
        self.put(connection, schema.meta, [{"name": name, "value": json.dumps(value)} for name, value in facts.items()])

    # -- ownership -------------------------------------------------------------------------------------------------

    def _held(self, connection: Connection) -> tuple[RowMapping, float]:
        query = schema.of_migration(select(schema.owner), self.migration).with_for_update()
        held = connection.execute(query).mappings().one_or_none()
        if held is None:
            raise WrongJournal("the migration was removed from this database")
        return held, self._moment(connection)

    def _moment(self, connection: Connection) -> float:
        """Return the database's time, in seconds."""
        if not isinstance(self._clock, SystemClock):
            return self.lease_clock.now()
        return float(connection.execute(_CLOCK).scalar_one())

    def _renew(self) -> None:
        while not self._closed.wait(LEASE / RENEWALS):
            with suppress(MigrationError, OSError):  # whoever writes next meets the same, and says it
                self._renew_lease()

    def _renew_lease(self) -> None:
        with self.thread_lock, self.translated():
            if self._closed.is_set():
                return
            began = self.lease_clock.now()
            with self._writer.begin() as connection:
                held, moment = self._held(connection)
                if held["generation"] != self.generation:
                    return
                now = self.lease_clock.now()
                self.put(connection, schema.owner, [{**held, "lease": moment + (now - began) + LEASE}])
            self._lease_until = now + LEASE

    def close(self) -> None:
        """End the lease and give the connections back."""
        with self.thread_lock:
            if self._closed.is_set():
                return
            self._closed.set()
            try:
                super().close()
            finally:
                connections.release(self._address)


def _in_use(owner: RowMapping) -> JournalInUse:
    return JournalInUse(
        f"the journal is in use by process {owner['pid']} on {owner['host']}; wait until it ends, or stop it, and run again",
        pid=owner["pid"],
        host=owner["host"],
    )
