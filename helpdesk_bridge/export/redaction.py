"""Redaction: an archive that can be handed on. It has the structure, the sizes and the shapes of another, and nobody's data.

People, addresses, phones and ids become pseudonyms under a key that is thrown away; texts become their shapes; files become
as many zero bytes. The words of the account stay, so that a mapping can be tried: groups, tags, statuses, the names and
options of fields. The vendors' own documents, events and tombstones are left out.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from io import BytesIO, RawIOBase
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from attrs import evolve, frozen

from helpdesk_bridge.archive.archive import ENTRIES, Archive, Run
from helpdesk_bridge.archive.file import Origin
from helpdesk_bridge.archive.outcome import Interrupted, WrongFolder
from helpdesk_bridge.export.pseudonyms.known import Known, known_in
from helpdesk_bridge.export.pseudonyms.records import Pseudonymiser
from helpdesk_bridge.export.pseudonyms.shapes import shape, shape_of_body, shape_of_number
from helpdesk_bridge.export.pseudonyms.words import Pseudonyms
from helpdesk_bridge.model.fields import Kind
from helpdesk_bridge.model.records import Contact, FieldDefinition, Message, Ticket
from helpdesk_bridge.model.refs import is_opening_id, opening_id
from helpdesk_bridge.model.values import Attachment, Body, Rating
from helpdesk_bridge.text.plain import fold

DESK: Final = "redacted"
SCOPE: Final = "scope"
_KEY_BYTES: Final = 32
_AT_ONCE: Final = 200
_TOLD: Final = 8


class Redactor(Pseudonymiser):
    """Returns records of which structure and shapes are left; ``options`` are the words of fields that have a choice."""

    def __init__(self, known: Known, pseudonyms: Pseudonyms, options: frozenset[str]) -> None:
        super().__init__(known, pseudonyms)
        self._options = options
        self._kinds = {
            **self._kinds,
            Kind.TEXT: shape,
            Kind.CUSTOM_FIELDS: self._fields,
            Kind.BODY: self._body,
            Kind.RATING: self._without_comment,
        }
        self._named = {**self._named, (Contact, "external_id"): shape}

    def record(self, record: Any) -> Any:
        """Return a record of any table."""
        made = super().record(record)
        # What a vendor's document has besides is told by key: an odd key may be somebody's word.
        return evolve(made, left_behind={}) if isinstance(made, (Ticket, Message, Contact)) else made

    def id(self, value: str) -> str:
        """Return the pseudonym of an id."""
        return self._id(value)

    def _id(self, value: str) -> str:
        if is_opening_id(value):
            ticket_id = value[: -len(opening_id(""))]
            return opening_id(super()._id(ticket_id))
        return super()._id(value)

    def _body(self, body: Body) -> Body:
        return shape_of_body(body, self._make.id)

    def _fields(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {self._texts.text(name): self._custom(value) for name, value in values.items()}

    def _custom(self, value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(self._custom(one) for one in value)
        if isinstance(value, str):
            return self._texts.text(value) if fold(value) in self._options else shape(value)
        if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
            return shape_of_number(value)
        return value

    def _file(self, file: Attachment) -> Attachment:
        content_id = None if file.content_id is None else self._make.id(file.content_id)
        return evolve(super()._file(file), content_id=content_id)

    @staticmethod
    def _without_comment(rating: Rating) -> Rating:
        return evolve(rating, comment=None if rating.comment is None else shape(rating.comment))


class _Zeros(RawIOBase):
    """As many zero bytes as a file has, behind a few that keep different files different."""

    def __init__(self, first: bytes, size: int) -> None:
        super().__init__()
        self._first, self._left = BytesIO(first[:size]), max(0, size - len(first))

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes."""
        first = self._first.read(size)
        if first:
            return first
        count = self._left if size < 0 else min(size, self._left)
        self._left -= count
        return bytes(count)


@frozen(eq=False)
class Redaction:
    """Writes the redacted archive ``target`` of the archive in ``source``. ``progress`` is called with each ticket's count."""

    source: Path
    target: Path
    stop: threading.Event
    progress: Callable[[int, int], None] | None = None

    def run(self) -> dict[str, int]:
        """Write it; return how many records of each kind it has.

        Raises ``WrongFolder`` for a source that is half done and for a folder that holds anything, having written nothing;
        ``Interrupted`` if it was stopped: what is there then says itself that it is half done.
        """
        old = Archive.read(self.source)
        try:
            last = next((run for run in reversed(old.runs()) if run.finished_at is not None), None)
            if last is None:
                raise WrongFolder(f"the archive {self.source} is half done: run migrate extract to its end first")
            if self.target.exists() and any(self.target.iterdir() if self.target.is_dir() else (self.target,)):
                raise WrongFolder(f"{self.target} is not empty; name a new folder for the redacted archive")
            return self._written(old, last)
        finally:
            old.close()

    def _written(self, old: Archive, last: Run) -> dict[str, int]:
        pseudonyms = Pseudonyms(secrets.token_bytes(_KEY_BYTES))
        definitions = old.entries("custom_fields")
        options = frozenset(fold(option) for one in definitions for option in cast("FieldDefinition", one).options)
        redactor = Redactor(known_in(old), pseudonyms, options)
        before = old.origin
        origin = Origin(vendor=before.vendor, account=pseudonyms.word(before.account), title=before.title, desk=DESK)
        new = Archive.make(self.target, origin, str(old.file.fact(SCOPE) or ""))
        try:
            now = last.started_at
            run = new.begin("all", None, now)
            for kind in ENTRIES:
                new.put_entries(kind, [redactor.record(one) for one in old.entries(kind)])
            self._contacts(old, new, redactor, run, now)
            self._tickets(old, new, redactor, run, now)
            problems = ["the archive that it was made from was not complete"]
            new.mark(run, last.watermark)
            new.finish(run, problems if last.problems else (), last.finished_at or now, whole=True)
            return new.counts()
        finally:
            new.close()

    def _contacts(self, old: Archive, new: Archive, redactor: Redactor, run: Run, now: datetime) -> None:
        batch: list[Contact] = []
        for contact in old.contacts():
            self._check_stop()
            batch.append(redactor.record(contact))
            if len(batch) == _AT_ONCE:
                new.put_contacts(batch, run, now)
                batch = []
        new.put_contacts(batch, run, now)

    def _tickets(self, old: Archive, new: Archive, redactor: Redactor, run: Run, now: datetime) -> None:
        ids = old.ticket_ids()
        unread = {ticket_id for ticket_id, _ in old.problems()}
        for number, ticket_id in enumerate(ids, 1):
            self._check_stop()
            ticket = old.ticket(ticket_id)
            if ticket is None:
                continue
            made, thread = redactor.record(ticket), [redactor.record(one) for one in old.thread(ticket_id)]
            problem = "its thread was not whole in the archive that this one was made from"
            with new.file.transaction():
                new.put_tickets([made], run, now)
                new.put_thread(made, thread, run, now, problem if ticket_id in unread else None)
                self._files(old, new, redactor, ticket_id, made.id, run)
            if self.progress is not None:
                self.progress(number, len(ids))

    @staticmethod
    def _files(old: Archive, new: Archive, redactor: Redactor, ticket_id: str, new_id: str, run: Run) -> None:
        contents = {(redactor.id(one.message_id), one.position): one for one in old.files(ticket_id)}
        for file in new.files(new_id):
            before = contents[file.message_id, file.position]
            sha = size = None
            if before.sha is not None and before.size is not None:
                first = bytes.fromhex(redactor.id(before.sha))[:_TOLD]
                sha, size = new.blobs.keep(cast("BinaryIO", _Zeros(first, before.size)))
            problem = None if before.problem is None else "its bytes could not be had"
            new.put_file(evolve(file, sha=sha, size=size, problem=problem), run)

    def _check_stop(self) -> None:
        if self.stop.is_set():
            raise Interrupted("stopped; remove the folder and run again")


__all__ = ["Redaction", "Redactor"]
