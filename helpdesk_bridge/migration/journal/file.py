"""Journal file: how it is made and opened, its lock, and whether it is a copy."""

from __future__ import annotations

import json
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Final, cast
from uuid import uuid4

from sqlalchemy import Connection, Engine, RowMapping, exc, select

from helpdesk_bridge.clock import Clock
from helpdesk_bridge.migration.journal import schema
from helpdesk_bridge.migration.journal.database.owned import CLAIMED, MARKER_KEY, SEARCH, Binding, OwnedJournal, boot
from helpdesk_bridge.migration.journal.integrity import REBUILD, check_rows
from helpdesk_bridge.migration.journal.lock import OwnerLock
from helpdesk_bridge.migration.journal.ownership import LEASE, Place
from helpdesk_bridge.migration.outcome import Interrupted, JournalDamaged, JournalInUse, MigrationError, WrongJournal
from helpdesk_bridge.private_files import companions, make_private_folder, why_not_mine
from helpdesk_bridge.ratelimit.identity import is_alive

_DAMAGE: Final = (
    "malformed",
    "not a database",
    "no such table",
    "no such column",
    "corrupt",
    "unsupported file format",
)


def _locked_by_somebody() -> MigrationError:
    return Interrupted("the journal is locked by another program; close it and run again")


@contextmanager
def translated(locked: Callable[[], MigrationError] = _locked_by_somebody) -> Iterator[None]:
    """Turn errors of SQLite into errors that say what to do; ``locked`` says who keeps others from writing."""
    try:
        yield
    except UnicodeDecodeError:
        # SQLite quotes a damaged schema in its error, and bytes of it may be no text.
        raise JournalDamaged(f"the journal cannot be read; {REBUILD}") from None
    except exc.DatabaseError as error:
        text = str(error.orig).lower()
        if "full" in text or "i/o error" in text:
            raise Interrupted(f"the journal cannot be written ({text}); free some disk space and run again") from None
        if "readonly" in text or "unable to open" in text:
            raise Interrupted(
                f"the journal cannot be written ({text}); give this user write access to its folder and run again"
            ) from None
        if "locked" in text or "busy" in text:
            raise locked() from None
        if any(word in text for word in _DAMAGE):
            raise JournalDamaged(f"the journal cannot be read; {REBUILD}") from None
        raise


def _is_other_and_lives(owner: RowMapping) -> bool:
    """Whether an owner is another process of this host and boot, and has not ended."""
    here = (owner["host"], owner["boot"]) == (socket.gethostname(), boot())
    return here and owner["pid"] != os.getpid() and is_alive(owner["pid"])


class JournalFile(OwnedJournal):
    """One journal file, locked by this process until ``close``."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        binding: Binding,
        *,
        clock: Clock,
        takeover: bool = False,
        moved: bool = False,
    ) -> None:
        super().__init__(clock)
        self.path = Path(path)
        self._before: RowMapping | None = None
        try:
            make_private_folder(self.path.parent)
            schema.check_mine(self.path)
            self._lock = OwnerLock(self.path, takeover=takeover)
        except OSError as error:
            raise Interrupted(f"the journal cannot be opened: {error.strerror}") from None
        try:
            with self.translated():
                if self._holds_nothing():
                    self._make(binding)
                self._open(binding, takeover=takeover, moved=moved)
            self._lock.take_over()
        except OSError as error:
            self.close()
            raise Interrupted(f"the journal cannot be opened: {error.strerror}") from None
        except BaseException:
            self.close()
            raise

    @property
    def address(self) -> Path:
        """The file."""
        return self.path

    @property
    def beside(self) -> Path:
        """The file."""
        return self.path

    def translated(self) -> AbstractContextManager[None]:
        """Turn errors of SQLite into errors that say what to do."""
        return translated(self._locked)

    def _locked(self) -> MigrationError:
        """Return the error of a file that another process locked: an owner, if it lives, that stopped in a transaction."""
        owners = [self._before] if self._before is not None else []
        if owners:
            with suppress(exc.SQLAlchemyError, ValueError), self._reader.connect() as connection:
                owners.insert(0, self._owner(connection))
        stuck = next((one for one in owners if _is_other_and_lives(one)), None)
        if stuck is None:
            return _locked_by_somebody()
        pid, host = stuck["pid"], stuck["host"]
        return JournalInUse(
            f"the journal is locked by process {pid} on {host}, its owner, which is stuck in the middle of a write that "
            f"nobody else can end; let it go on (kill -CONT {pid}) or end it (kill -KILL {pid}), and run again",
            pid=pid,
            host=host,
        )

    # -- making ----------------------------------------------------------------------------------------------------

    def _holds_nothing(self) -> bool:
        """Whether there is no journal yet, or none but the beginning that an earlier version's killed process left."""
        if not self.path.exists() or self.path.stat().st_size == 0:
            return True
        engine = schema.reader(self.path)
        try:
            with engine.connect() as connection:
                return schema.version_in(connection) is None
        finally:
            engine.dispose()

    def _make(self, binding: Binding) -> None:
        """Make the journal aside, whole, and move it to its place: nobody ever sees half of it."""
        prefix = f".{self.path.name[:60]}.new-"
        for left in self.path.parent.glob(f"{prefix}*"):
            if why_not_mine(left) is None:
                left.unlink()
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=prefix)
        os.close(handle)
        aside = Path(name)
        try:
            self._fill(aside, binding)
            # Whatever log lies beside the place is of a journal that is gone, and would be played into this one.
            for companion in companions(self.path):
                companion.unlink(missing_ok=True)
            aside.replace(self.path)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _fill(self, aside: Path, binding: Binding) -> None:
        self.migration, self.generation = uuid4().hex, 0
        facts = {
            "version": schema.VERSION,
            "source": binding.source,
            "destination": binding.destination,
            "created": self._clock.wall().isoformat(),
            MARKER_KEY: json.dumps(binding.key.text()),
            **binding.names,
        }
        engine = schema.writer(aside, aside=True)
        try:
            with engine.begin() as connection:
                schema.metadata.create_all(connection)
                self.put(connection, schema.meta, [{"name": name, "value": value} for name, value in facts.items()])
                self._put_owner(connection, Place.of(aside, self.path).text(), lease=self.lease_clock.now())
        finally:
            engine.dispose()

    # -- opening ---------------------------------------------------------------------------------------------------

    def _open(self, binding: Binding, *, takeover: bool, moved: bool) -> None:
        schema.check_mine(self.path)
        if self.path.stat().st_nlink > 1:
            raise WrongJournal(
                f"{self.path} has a second name (a hard link), under which SQLite would damage it; remove that name"
            )
        self._upgrade()
        self._reader = schema.reader(self.path)
        with self._reader.connect() as connection:
            schema.check_version(connection)
            self.migration = str(connection.exec_driver_sql("SELECT migration FROM meta").scalar())
            check_rows(connection, self.migration)
            known = {row["name"]: row["value"] for row in self._of(connection, select(schema.meta))}
            self._before = self._owner(connection)
        if (known["source"], known["destination"]) != (binding.source, binding.destination):
            raise WrongJournal(
                f"the journal belongs to the migration from {known['source']} to {known['destination']}, not from "
                f"{binding.source} to {binding.destination}; name another file"
            )
        self._writer = schema.writer(self.path)
        with self._writer.begin() as connection:
            schema.keep_private(self.path)
            before = self._owner(connection)
            self._check_place(connection, Place.of_text(before["place"]), moved=moved)
            self.generation = before["generation"] + 1
            lease = self.lease_clock.now() + LEASE
            self._put_owner(connection, self._place.text(), lease=lease)
        self._lease_until, self._owned = lease, True
        self._await_lease(before, takeover=takeover)

    def _upgrade(self) -> None:
        """Bring the tables of an earlier version to this one's."""
        if not schema.EARLIER:
            return
        engine = schema.writer(self.path)
        try:
            with engine.begin() as connection:
                if schema.version_in(connection) in schema.EARLIER:
                    from helpdesk_bridge.migration.journal.database.upgrade import upgrade

                    upgrade(connection)
        finally:
            engine.dispose()

    def _check_place(self, connection: Connection, before: Place, *, moved: bool) -> None:
        self._place = Place.of(self.path, self.path)
        if self._place.is_of(before):
            return
        if not moved:
            raise WrongJournal(
                f"this journal is a copy, or was moved, of {before.path}; if you go on with both, records are written "
                "twice. If the other one is gone or never used again, run this one with --moved; else remove it"
            )
        facts = {CLAIMED: True, SEARCH: {}}
        self.put(connection, schema.meta, [{"name": name, "value": json.dumps(value)} for name, value in facts.items()])

    def _await_lease(self, before: RowMapping, *, takeover: bool) -> None:
        """Wait until the owner before cannot send any more, and note since when.

        One that lives although its lock is free was taken over by a process that ended before it was the owner.
        """
        now = self.lease_clock.now()
        takeover = takeover or _is_other_and_lives(before)
        if before["boot"] != boot():
            # Another boot or another machine: its clock says nothing here, so that all of its lease is waited for.
            self.sent_until = now + LEASE if takeover else now
        else:
            self.sent_until = min(before["lease"], now + LEASE) if takeover else min(before["lease"], now)
        self.lease_clock.wait_until(self.sent_until)

    # -- ownership -------------------------------------------------------------------------------------------------

    def _held(self, connection: Connection) -> tuple[RowMapping, float]:
        return self._owner(connection), self.lease_clock.now()

    def close(self) -> None:
        """Close the file and release the lock."""
        with self.thread_lock:
            super().close()
            for engine in (getattr(self, name, None) for name in ("_writer", "_reader")):
                if engine is not None:
                    cast("Engine", engine).dispose()
            self._lock.release()
