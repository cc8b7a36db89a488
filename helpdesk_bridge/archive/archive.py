"""``Archive``: a desk's records in a folder of this machine, as they were read, with what changed and what is gone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from attrs import evolve, frozen

from helpdesk_bridge.archive.blobs import Blobs
from helpdesk_bridge.archive.documents import dump, load, micros, moment_of, month_of, raw_text, state_of
from helpdesk_bridge.archive.file import KEY, ArchiveFile, Origin
from helpdesk_bridge.archive.rows import Event, StoredFile, Tombstone
from helpdesk_bridge.model.addresses import email_key
from helpdesk_bridge.model.records import Agent, Company, Contact, FieldDefinition, Group, Message, Tag, Ticket
from helpdesk_bridge.model.values import Actor, ActorKind, Attachment

ENTRIES: Final[dict[str, type[Agent | Group | Company | Tag | FieldDefinition]]] = {
    "agents": Agent,
    "groups": Group,
    "companies": Company,
    "tags": Tag,
    "custom_fields": FieldDefinition,
}
"""The reference lists, by their facet."""
_REVISION: Final = "revision"


@frozen(kw_only=True)
class Run:
    """One reading of the desk.

    ``mode`` is ``all``, ``again`` (with every thread) or ``changes``; ``since`` is where the changes begin. What changed
    before ``watermark`` is here, if the lists were whole.
    """

    number: int
    mode: str
    since: datetime | None
    started_at: datetime
    finished_at: datetime | None = None
    watermark: datetime | None = None
    calls: int = 0
    units: int = 0
    refused: int = 0
    problems: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether all was read that was to be read."""
        return self.finished_at is not None and not self.problems


@frozen
class ListingState:
    """How far a list was read in this run: the cursor of its next page, and how many records the vendor told of."""

    cursor: str | None = None
    told: int | None = None
    looks: int = 1
    done: bool = False


class Archive:
    """The records of one desk. Made by ``Archive.make`` to be filled, opened by ``Archive.read`` to be read."""

    def __init__(self, file: ArchiveFile) -> None:
        self.file = file
        self.folder = file.folder
        self.blobs = Blobs(file.folder / "files")

    @classmethod
    def make(cls, folder: Path, origin: Origin, scope: str) -> Archive:
        """Open the archive of a desk to fill it, or begin it; see ``ArchiveFile.make``."""
        return cls(ArchiveFile.make(folder, origin, scope))

    @classmethod
    def read(cls, folder: Path) -> Archive:
        """Open an archive that is there. Raises ``WrongFolder`` if there is none."""
        return cls(ArchiveFile.read(folder))

    @property
    def origin(self) -> Origin:
        """Whose records these are."""
        return self.file.origin

    @property
    def key(self) -> str:
        """The random key that an archive keeps, by which references to its files are signed; 64 hex digits."""
        return str(self.file.fact(KEY))

    def close(self) -> None:
        """Close it."""
        self.file.close()

    # -- runs ------------------------------------------------------------------------------------------------------

    def runs(self) -> tuple[Run, ...]:
        """Return all readings, the latest last."""
        sql = (
            "SELECT number, mode, since, started_at, finished_at, watermark, calls, units, refused, problems FROM runs "
            "ORDER BY number"
        )
        return tuple(
            Run(
                number=number, mode=mode, since=moment_of(since), started_at=_known(started),
                finished_at=moment_of(finished), watermark=moment_of(watermark), calls=calls, units=units,
                refused=refused, problems=tuple(json.loads(problems)),
            )
            for number, mode, since, started, finished, watermark, calls, units, refused, problems in self.file.rows(sql)
        )  # fmt: skip

    def begin(self, mode: str, since: datetime | None, now: datetime) -> Run:
        """Return the reading to go on with: the last one, if it did not end and was to read the same, else a new one."""
        last = next(reversed(self.runs()), None)
        if (
            last is not None
            and last.finished_at is None
            and last.mode == mode
            and (since is None or last.since == since)
        ):
            return last
        number = 1 if last is None else last.number + 1
        with self.file.transaction() as connection:
            connection.execute(
                "INSERT INTO runs (number, mode, since, started_at) VALUES (?, ?, ?, ?)",
                (number, mode, micros(since), micros(now)),
            )
            if mode == "again":
                connection.execute("UPDATE tickets SET thread_state = NULL, tried = 0")
        return Run(number=number, mode=mode, since=since, started_at=now)

    def mark(self, run: Run, watermark: datetime | None) -> None:
        """Write down the desk's time at which the list of tickets was begun."""
        with self.file.transaction() as connection:
            connection.execute("UPDATE runs SET watermark = ? WHERE number = ?", (micros(watermark), run.number))

    def spend(self, run: Run, calls: int, units: int, refused: int) -> None:
        """Write down what a reading has cost so far."""
        with self.file.transaction() as connection:
            connection.execute(
                "UPDATE runs SET calls = ?, units = ?, refused = ? WHERE number = ?",
                (calls, units, refused, run.number),
            )

    def finish(self, run: Run, problems: Sequence[str], now: datetime, *, whole: bool) -> None:
        """Write down that a reading ended, and whether its lists were whole: else its watermark is none."""
        with self.file.transaction() as connection:
            connection.execute(
                "UPDATE runs SET finished_at = ?, watermark = CASE WHEN ? THEN watermark END, problems = ? WHERE number = ?",
                (micros(now), whole, json.dumps(list(problems)), run.number),
            )

    # -- lists -----------------------------------------------------------------------------------------------------

    def listing(self, name: str, run: Run) -> ListingState:
        """Return how far a list was read in this run."""
        sql = "SELECT cursor, told, pass, done FROM listings WHERE name = ? AND run = ?"
        row = self.file.one(sql, (name, run.number))
        return ListingState() if row is None else ListingState(row[0], row[1], row[2], bool(row[3]))

    def keep_listing(self, name: str, run: Run, state: ListingState) -> None:
        """Write down how far a list was read; in the transaction of what it brought."""
        with self.file.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO listings (name, run, cursor, told, pass, done) VALUES (?, ?, ?, ?, ?, ?)",
                (name, run.number, state.cursor, state.told, state.looks, state.done),
            )

    def put_entries(self, kind: str, entries: Sequence[Any]) -> None:
        """Put a reference list in the place of the one before; what names a changed entry is written anew."""
        new = [(entry_id(one), dump(one)) for one in entries]
        before = dict(self.file.rows("SELECT id, document FROM entries WHERE kind = ?", (kind,)))
        changed = {one for one, text in new if before.get(one) != text}
        with self.file.transaction() as connection:
            connection.execute("DELETE FROM entries WHERE kind = ?", (kind,))
            connection.executemany(
                "INSERT INTO entries VALUES (?, ?, ?, ?)",
                [(kind, position, one, text) for position, (one, text) in enumerate(new)],
            )
            if kind == "agents" and changed:
                agents = [_agent(one) for one in entries if one.id in changed]
                self._touch(connection, [key for agent in agents for key in person_keys(agent)])
            elif kind in ("groups", "companies") and changed and before:
                connection.execute("UPDATE tickets SET revision = ?", (self._next(connection),))

    def entries(self, kind: str) -> tuple[Any, ...]:
        """Return a reference list."""
        rows = self.file.rows("SELECT document FROM entries WHERE kind = ? ORDER BY position", (kind,))
        return tuple(load(ENTRIES[kind], text) for (text,) in rows)

    def seen_agents(self) -> tuple[Agent, ...]:
        """Return the agents that threads name."""
        return tuple(load(Agent, text) for (text,) in self.file.rows("SELECT document FROM seen_agents ORDER BY id"))

    # -- contacts --------------------------------------------------------------------------------------------------

    def put_contacts(self, contacts: Iterable[Contact], run: Run, now: datetime) -> None:
        """Write contacts that were listed, or got."""
        with self.file.transaction() as connection:
            for contact in contacts:
                self._put_contact(connection, contact, run, now)

    def _put_contact(self, connection: Any, contact: Contact, run: Run, now: datetime) -> None:
        state = state_of(contact)
        before = connection.execute("SELECT state FROM contacts WHERE id = ?", (contact.id,)).fetchone()
        if before is not None and before[0] == state:
            connection.execute("UPDATE contacts SET seen = ? WHERE id = ?", (run.number, contact.id))
            return
        row = (
            contact.id, state, run.number, micros(contact.created_at), self._next(connection), dump(contact),
            raw_text(contact.raw),
        )  # fmt: skip
        connection.execute("INSERT OR REPLACE INTO contacts VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        self._touch(connection, person_keys(contact.actor()))
        connection.execute("DELETE FROM tombstones WHERE kind = 'contact' AND id = ?", (contact.id,))
        at = contact.created_at if before is None else contact.updated_at
        self._tell(connection, run, f"contact.{'created' if before is None else 'updated'}", contact.id, None, at, now)

    def contact(self, contact_id: str) -> Contact | None:
        """Return a contact."""
        row = self.file.one("SELECT document FROM contacts WHERE id = ?", (contact_id,))
        return None if row is None else load(Contact, row[0])

    def contacts(self) -> Iterator[Contact]:
        """Yield all contacts, the oldest first."""
        for (one,) in self.file.rows("SELECT id FROM contacts ORDER BY created, length(id), id"):
            contact = self.contact(one)
            if contact is not None:
                yield contact

    # -- tickets ---------------------------------------------------------------------------------------------------

    def put_tickets(self, tickets: Iterable[Ticket], run: Run, now: datetime) -> None:
        """Write tickets that were listed; those that changed are due to be read."""
        with self.file.transaction() as connection:
            for ticket in tickets:
                self._put_ticket(connection, ticket, run, now)

    def _put_ticket(self, connection: Any, ticket: Ticket, run: Run, now: datetime) -> None:
        state = state_of(ticket)
        before = connection.execute("SELECT state FROM tickets WHERE id = ?", (ticket.id,)).fetchone()
        if before is not None and before[0] == state:
            connection.execute("UPDATE tickets SET seen = ? WHERE id = ?", (run.number, ticket.id))
            return
        values = {
            "state": state, "seen": run.number, "tried": 0, "created": micros(ticket.created_at),
            "updated": micros(ticket.updated_at), "month": month_of(ticket.created_at),
            "revision": self._next(connection), "document": dump(ticket), "raw": raw_text(ticket.raw),
        }  # fmt: skip
        names = ", ".join(values)
        if before is None:
            marks = ", ".join("?" * len(values))
            sql = f"INSERT INTO tickets (id, {names}) VALUES (?, {marks})"  # noqa: S608 - our own names
            connection.execute(sql, (ticket.id, *values.values()))
        else:
            sets = ", ".join(f"{name} = ?" for name in values)
            sql = f"UPDATE tickets SET {sets} WHERE id = ?"  # noqa: S608 - our own names
            connection.execute(sql, (*values.values(), ticket.id))
        self._add_people(connection, ticket.id, (ticket.requester, ticket.assignee))
        connection.execute("DELETE FROM tombstones WHERE kind = 'ticket' AND id = ?", (ticket.id,))
        at = ticket.created_at if before is None else ticket.updated_at
        self._tell(connection, run, f"ticket.{'created' if before is None else 'updated'}", ticket.id, None, at, now)

    def due(self, run: Run) -> tuple[str, ...]:
        """Return the ids of the tickets whose threads are to be read, the newest first; each is tried once a run."""
        sql = "SELECT id FROM tickets WHERE thread_state IS NOT state AND tried < ? ORDER BY created DESC, id"
        return tuple(one for (one,) in self.file.rows(sql, (run.number,)))

    def ticket(self, ticket_id: str) -> Ticket | None:
        """Return a ticket as it was listed."""
        row = self.file.one("SELECT document FROM tickets WHERE id = ?", (ticket_id,))
        return None if row is None else load(Ticket, row[0])

    def put_thread(
        self, ticket: Ticket, messages: Sequence[Message], run: Run, now: datetime, problem: str | None = None
    ) -> None:
        """Write the thread of a ticket. With a ``problem`` it is kept as it came and read again in the next run."""
        texts = [dump(message) for message in messages]
        known = self.file.rows("SELECT id, document FROM messages WHERE ticket_id = ? ORDER BY position", (ticket.id,))
        with self.file.transaction() as connection:
            if [text for _, text in known] != texts:
                self._replace_thread(connection, ticket, messages, texts)
                before = {one for one, _ in known}
                for message in messages:
                    if message.id not in before:
                        moment = message.created_at
                        self._tell(connection, run, "message.created", message.id, ticket.id, moment, now)
                for gone in before - {message.id for message in messages}:
                    self._tell(connection, run, "message.removed", gone, ticket.id, None, now)
            self._put_people(connection, ticket, messages)
            for agent in {
                one.id: one for message in messages if (one := message.author).kind is ActorKind.AGENT
            }.values():
                if agent.id is not None and agent.name is not None:
                    seen = Agent(id=agent.id, name=agent.name, email=agent.email)
                    connection.execute("INSERT OR REPLACE INTO seen_agents VALUES (?, ?)", (seen.id, dump(seen)))
            connection.execute(
                "UPDATE tickets SET thread_state = CASE WHEN ? IS NULL THEN state END, tried = ?, problem = ? WHERE id = ?",
                (problem, run.number, problem, ticket.id),
            )

    def _replace_thread(
        self, connection: Any, ticket: Ticket, messages: Sequence[Message], texts: Sequence[str]
    ) -> None:
        connection.execute("DELETE FROM messages WHERE ticket_id = ?", (ticket.id,))
        connection.executemany(
            "INSERT INTO messages VALUES (?, ?, ?, ?, ?)",
            [
                (ticket.id, position, message.id, text, raw_text(message.raw))
                for position, (message, text) in enumerate(zip(messages, texts, strict=True))
            ],
        )
        sql = "SELECT message_id, position, document, sha, size FROM files WHERE ticket_id = ? AND sha IS NOT NULL"
        kept = {row[:3]: row[3:] for row in connection.execute(sql, (ticket.id,)).fetchall()}
        connection.execute("DELETE FROM files WHERE ticket_id = ?", (ticket.id,))
        for message in messages:
            for position, file in enumerate(message.attachments):
                text = dump(evolve(file, locator=""))
                sha, size = kept.get((message.id, position, text), (None, None))
                connection.execute(
                    "INSERT OR REPLACE INTO files (ticket_id, message_id, position, document, sha, size) VALUES (?, ?, ?, ?, ?, ?)",
                    (ticket.id, message.id, position, text, sha, size),
                )
        self._renew(connection, ticket.id)

    def _put_people(self, connection: Any, ticket: Ticket, messages: Sequence[Message]) -> None:
        connection.execute("DELETE FROM people WHERE ticket_id = ?", (ticket.id,))
        authors = (message.author for message in messages)
        self._add_people(connection, ticket.id, (ticket.requester, ticket.assignee, *authors))

    @staticmethod
    def _add_people(connection: Any, ticket_id: str, actors: Iterable[Actor | None]) -> None:
        keys = {key for actor in actors if actor is not None for key in person_keys(actor)}
        connection.executemany("INSERT OR IGNORE INTO people VALUES (?, ?)", [(key, ticket_id) for key in keys])

    def put_failure(self, ticket_id: str, run: Run, problem: str) -> None:
        """Write down that a thread cannot be read; the next run tries it again."""
        with self.file.transaction() as connection:
            connection.execute(
                "UPDATE tickets SET tried = ?, problem = ? WHERE id = ?", (run.number, problem, ticket_id)
            )

    def thread(self, ticket_id: str) -> tuple[Message, ...]:
        """Return the messages of a ticket, in the order of the desk."""
        sql = "SELECT document FROM messages WHERE ticket_id = ? ORDER BY position"
        return tuple(load(Message, text) for (text,) in self.file.rows(sql, (ticket_id,)))

    def months(self) -> dict[str, str]:
        """Return the months in which tickets were created, each with what tells its present state from others."""
        sql = "SELECT month, count(*), max(revision), sum(revision) FROM tickets GROUP BY month ORDER BY month"
        return {month: f"{count}.{last}.{total}" for month, count, last, total in self.file.rows(sql)}

    def state(self, table: str) -> str:
        """Return what tells the present state of a table from others."""
        if table == "contacts":
            sql = "SELECT count(*), max(revision), sum(revision) FROM contacts"
        elif table in ("events", "tombstones"):
            sql = f"SELECT count(*), max(run), max(seen_at) FROM {table}"  # noqa: S608 - our own names
        else:
            sql = "SELECT count(*), 0, 0 FROM tickets"
        return ".".join(map(str, self.file.rows(sql)[0]))

    def ticket_ids(self, month: str | None = None) -> tuple[str, ...]:
        """Return the ids of the tickets that were created in a month, or of all, the oldest first."""
        where, values = ("WHERE month = ?", (month,)) if month is not None else ("", ())
        sql = f"SELECT id FROM tickets {where} ORDER BY month, created, length(id), id"  # noqa: S608 - constant
        return tuple(one for (one,) in self.file.rows(sql, values))

    def changed_in(self, run: Run) -> tuple[str, ...]:
        """Return the ids of the tickets that a run saw change."""
        sql = "SELECT DISTINCT id FROM events WHERE run = ? AND kind IN ('ticket.created', 'ticket.updated')"
        return tuple(one for (one,) in self.file.rows(sql, (run.number,)))

    def unnamed_contacts(self) -> tuple[str, ...]:
        """Return the ids of the contacts that no ticket names."""
        sql = "SELECT id FROM contacts WHERE 'contact:' || id NOT IN (SELECT person FROM people) ORDER BY id"
        return tuple(one for (one,) in self.file.rows(sql))

    def problems(self) -> list[tuple[str, str]]:
        """Return the tickets whose threads could not be read whole, and why."""
        return self.file.rows("SELECT id, problem FROM tickets WHERE problem IS NOT NULL ORDER BY length(id), id")

    def counts(self) -> dict[str, int]:
        """Return how many records there are of each kind."""
        tables = ("tickets", "messages", "contacts", "tombstones", "events")
        counts = {table: self.file.rows(f"SELECT count(*) FROM {table}")[0][0] for table in tables}  # noqa: S608 - constant
        return counts | dict(self.file.rows("SELECT kind, count(*) FROM entries GROUP BY kind"))

    # -- files -----------------------------------------------------------------------------------------------------

    def files_due(self, run: Run, ticket_id: str | None = None) -> list[StoredFile]:
        """Return the files whose bytes are to be fetched; each is tried once a run."""
        where = "sha IS NULL AND tried < ?" + ("" if ticket_id is None else " AND ticket_id = ?")
        return self._files(where, (run.number, *(() if ticket_id is None else (ticket_id,))))

    def files(self, ticket_id: str) -> list[StoredFile]:
        """Return the files of a ticket's messages."""
        return self._files("ticket_id = ?", (ticket_id,))

    def _files(self, where: str, values: Sequence[Any]) -> list[StoredFile]:
        sql = (
            "SELECT ticket_id, message_id, position, document, sha, size, problem FROM files "  # noqa: S608 - our own words
            f"WHERE {where} ORDER BY ticket_id, message_id, position"
        )
        return [
            StoredFile(
                ticket_id=ticket, message_id=message, position=position, file=load(Attachment, text), sha=sha, size=size,
                problem=problem,
            )
            for ticket, message, position, text, sha, size, problem in self.file.rows(sql, values)
        ]  # fmt: skip

    def put_file(self, file: StoredFile, run: Run) -> None:
        """Write down where the bytes of a file are, or why they cannot be had."""
        with self.file.transaction() as connection:
            connection.execute(
                "UPDATE files SET sha = ?, size = ?, problem = ?, tried = ? WHERE ticket_id = ? AND message_id = ? AND position = ?",
                (file.sha, file.size, file.problem, run.number, file.ticket_id, file.message_id, file.position),
            )
            self._renew(connection, file.ticket_id)

    # -- what is gone ----------------------------------------------------------------------------------------------

    def unseen(self, table: str, run: Run) -> tuple[str, ...]:
        """Return the ids of the tickets, or contacts, that a whole list did not have."""
        sql = f"SELECT id FROM {table} WHERE seen <> ? ORDER BY length(id), id"  # noqa: S608 - our own names
        return tuple(one for (one,) in self.file.rows(sql, (run.number,)))

    def bury(self, kind: str, record_id: str, reason: str, run: Run, now: datetime) -> None:
        """Remove a record that is no longer there, and leave a tombstone."""
        record = self.ticket(record_id) if kind == "ticket" else self.contact(record_id)
        ref = "" if record is None else record.ref
        with self.file.transaction() as connection:
            if kind == "ticket":
                for table in ("messages", "files", "people"):
                    connection.execute(f"DELETE FROM {table} WHERE ticket_id = ?", (record_id,))  # noqa: S608 - our own names
                connection.execute("DELETE FROM tickets WHERE id = ?", (record_id,))
            else:
                connection.execute("DELETE FROM contacts WHERE id = ?", (record_id,))
                self._touch(connection, (f"contact:{record_id}",))
            row = (kind, record_id, ref, reason, micros(now), run.number)
            connection.execute("INSERT OR REPLACE INTO tombstones VALUES (?, ?, ?, ?, ?, ?)", row)
            self._tell(connection, run, f"{kind}.removed", record_id, None, None, now)

    def tombstones(self) -> tuple[Tombstone, ...]:
        """Return what is gone."""
        sql = "SELECT kind, id, ref, reason, seen_at, run FROM tombstones ORDER BY seen_at, kind, id"
        return tuple(
            Tombstone(kind=kind, id=one, ref=ref, reason=reason, seen_at=_known(seen), run=run)
            for kind, one, ref, reason, seen, run in self.file.rows(sql)
        )

    def event_runs(self) -> tuple[int, ...]:
        """Return the runs that saw a change."""
        return tuple(run for (run,) in self.file.rows("SELECT DISTINCT run FROM events ORDER BY run"))

    def events(self, run: int | None = None) -> Iterator[Event]:
        """Yield what runs, or one run, saw change."""
        where, values = ("WHERE run = ?", (run,)) if run is not None else ("", ())
        sql = f"SELECT number, run, kind, id, ticket_id, at, seen_at FROM events {where} ORDER BY number"  # noqa: S608 - constant
        for number, run_number, kind, one, ticket, at, seen in self.file.rows(sql, values):
            yield Event(
                number=number,
                kind=kind,
                id=one,
                ticket_id=ticket,
                at=moment_of(at),
                seen_at=_known(seen),
                run=run_number,
            )

    # -- within a transaction --------------------------------------------------------------------------------------

    def _next(self, connection: Any) -> int:
        number = int(self.file.fact(_REVISION) or 0) + 1
        connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (_REVISION, str(number)))
        return number

    def _renew(self, connection: Any, ticket_id: str) -> None:
        connection.execute("UPDATE tickets SET revision = ? WHERE id = ?", (self._next(connection), ticket_id))

    def _touch(self, connection: Any, people: Iterable[str]) -> None:
        """Let the tickets that name people be written anew."""
        for person in people:
            connection.execute(
                "UPDATE tickets SET revision = ? WHERE id IN (SELECT ticket_id FROM people WHERE person = ?)",
                (self._next(connection), person),
            )

    def _tell(
        self, connection: Any, run: Run, kind: str, one: str, ticket: str | None, at: datetime | None, now: datetime
    ) -> None:
        connection.execute(
            "INSERT INTO events (run, kind, id, ticket_id, at, seen_at) VALUES (?, ?, ?, ?, ?, ?)",
            (run.number, kind, one, ticket, micros(at), micros(now)),
        )


def _known(number: int) -> datetime:
    moment = moment_of(number)
    assert moment is not None  # noqa: S101 - the column is NOT NULL
    return moment


def _agent(agent: Any) -> Actor:
    return Actor.agent(id=agent.id, name=agent.name, email=agent.email)


def entry_id(entry: Any) -> str:
    """Return what tells an entry of a reference list from the others."""
    return str(entry.key if isinstance(entry, FieldDefinition) else entry.id)


def person_keys(actor: Actor) -> tuple[str, ...]:
    """Return the keys by which a ticket names a person."""
    kind = "agent" if actor.kind is ActorKind.AGENT else "contact"
    ids = () if actor.id is None else (f"{kind}:{actor.id}",)
    return ids if actor.email is None else (*ids, f"{kind}:{email_key(actor.email)}")


__all__ = ["ENTRIES", "Archive", "ListingState", "Origin", "Run", "entry_id", "person_keys"]
