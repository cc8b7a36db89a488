"""Moved records: which record of a desk a record of another desk became, as the journals of finished moves say.

Each look-up reads one row and keeps nothing open, so that a desk that uses it can be shared by threads and survives forks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from attrs import field, frozen

from helpdesk_bridge.errors import ConfigError, NotFound, WrongDesk
from helpdesk_bridge.migration.journal.reader import record_row, whose
from helpdesk_bridge.migration.journal.states import Kind, is_opaque, opaque
from helpdesk_bridge.migration.outcome import MigrationError
from helpdesk_bridge.model.refs import RecordRef

T = TypeVar("T")

_KINDS: Final = {"ticket": Kind.TICKET, "contact": Kind.CONTACT}


@frozen
class MovedRecords:
    """The moves that led to the account ``vendor``, ``account``: one journal each, in any order.

    Every method raises ``NotFound`` for a record that was not moved, with the reason that its journal gives;
    ``WrongDesk`` if no journal leads there; ``ConfigError`` for a journal that cannot be read.
    """

    vendor: str
    account: str
    journals: Sequence[Path]
    _ends: list[tuple[Path, str, str]] = field(factory=list, init=False, repr=False)

    @property
    def _here(self) -> str:
        return f"{self.vendor}:{self.account}"

    def __call__(self, ref: RecordRef) -> RecordRef:
        """Return the ref at this desk of a ticket or contact of an earlier desk."""
        at = f"{ref.vendor}:{ref.account}"
        for _ in self.journals:
            journal, target = self._from(at)
            moved_id = _destination(journal, ref)
            vendor, _, account = target.partition(":")
            ref, at = RecordRef(vendor, account, ref.kind, moved_id), target
            if at == self._here:
                return RecordRef(self.vendor, self.account, ref.kind, moved_id)
        raise WrongDesk(f"no journal that `previous` names leads from {at} to {self._here}", vendor=self.vendor)

    def message(self, ticket: RecordRef, message_id: str) -> str:
        """Return the id at this desk of a message of a ticket of the desk before."""
        journal, target = self._from(f"{ticket.vendor}:{ticket.account}")
        if target != self._here:
            raise NotFound("this message was moved more than once; list the ticket's messages to find it")
        row = _read(journal, kind=Kind.MESSAGE.value, parent=ticket.id, id=message_id)
        known_id = _ids(row, "message")[0]
        if is_opaque(known_id):
            raise NotFound("this desk gives its messages no ids of their own; list the ticket's messages to find it")
        return known_id

    def back(self, ref: RecordRef) -> RecordRef:
        """Return the ref at the desk before of a ticket or contact of this desk."""
        for journal, source, target in self._known():
            if target != self._here:
                continue
            row = _read(journal, kind=_KINDS[ref.kind].value, destination=json.dumps([ref.id]))
            if row is not None and not is_opaque(row["id"]):
                vendor, _, account = source.partition(":")
                return RecordRef(vendor, account, ref.kind, str(row["id"]))
        raise NotFound(f"this {ref.kind} was not moved here from an earlier desk")

    def _known(self) -> Sequence[tuple[Path, str, str]]:
        """Return each journal with the accounts that it leads from and to, read once."""
        if not self._ends:
            self._ends[:] = [(path, *_ends(path)) for path in self.journals]
        return self._ends

    def _from(self, account: str) -> tuple[Path, str]:
        for journal, source, target in self._known():
            if source == account:
                return journal, target
        known = ", ".join(source for _, source, _ in self._known())
        raise WrongDesk(
            f"this ref belongs to {account}, and the journals that `previous` names come from {known}",
            vendor=self.vendor,
        )


def _ends(path: Path) -> tuple[str, str]:
    known = _reading(path, lambda: whose(path))
    if not known:
        raise ConfigError(f"previous: the journal {path} holds nothing; name the journal of a migration that ran")
    return known["source"], known["destination"]


def _destination(journal: Path, ref: RecordRef) -> str:
    kind = _KINDS[ref.kind]
    keys = dict.fromkeys((ref.id, opaque(ref.id), opaque(ref.id, natural=True)))
    row = next((row for key in keys if (row := _read(journal, kind=kind.value, parent="", id=key)) is not None), None)
    known_id = _ids(row, ref.kind)[0]
    if is_opaque(known_id):
        raise NotFound(f"the journal keeps no id of this {ref.kind}, only its address; use contacts.find(email=…)")
    return known_id


def _ids(row: Mapping[str, Any] | None, kind: str) -> list[str]:
    if row is None:
        raise NotFound(f"this {kind} is not in the journal of the migration: it was not there when the source was read")
    ids: list[str] = json.loads(row["destination"] or "[]")
    if not ids:
        raise NotFound(f"this {kind} was not migrated: {row['state']}{_because(row['reason'])}")
    return ids


def _because(reason: str | None) -> str:
    return f", {reason}" if reason else ""


def _read(journal: Path, **values: str) -> Mapping[str, Any] | None:
    return _reading(journal, lambda: record_row(journal, **values))


def _reading(path: Path, read: Callable[[], T]) -> T:
    try:
        return read()
    except FileNotFoundError:
        raise ConfigError(f"previous: there is no journal {path}; name the file that migrate --journal wrote") from None
    except MigrationError as error:
        raise ConfigError(f"previous: {path}: {error}") from error
