"""``Export``: a desk's tickets as files. It reads into an archive and writes what changed there into the folder of the export."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

from attrs import asdict, evolve, field, frozen

from helpdesk_bridge import __version__
from helpdesk_bridge.archive.archive import ENTRIES, Archive, Run
from helpdesk_bridge.archive.documents import NO_MONTH
from helpdesk_bridge.archive.outcome import Interrupted, WrongFolder
from helpdesk_bridge.archive.reading import LAST, Progress, Reading, origin_of
from helpdesk_bridge.archive.rows import StoredFile
from helpdesk_bridge.archive.scope import Scope
from helpdesk_bridge.errors import Invalid
from helpdesk_bridge.export.formats import FORMATS, Format
from helpdesk_bridge.export.manifest import Kind, Manifest, Part
from helpdesk_bridge.export.people import People
from helpdesk_bridge.export.pseudonyms.key import pseudonym_key
from helpdesk_bridge.export.pseudonyms.known import known_in
from helpdesk_bridge.export.pseudonyms.records import Pseudonymiser
from helpdesk_bridge.export.pseudonyms.words import Pseudonyms
from helpdesk_bridge.export.records import ExportedFile, conversation
from helpdesk_bridge.export.tables import TABLES, Table, schema_digest
from helpdesk_bridge.export.target import Target
from helpdesk_bridge.model.records import Message
from helpdesk_bridge.ports import Helpdesk

RECORDS: Final = "records"
CONVERSATION: Final = "conversation"
HIVE: Final = "ticket_month"
"""The name by which DuckDB and pandas know the folder of a month as a column."""
_NO_MONTH: Final = "__HIVE_DEFAULT_PARTITION__"
_OF_TICKETS: Final = ("tickets", "messages", "files")
_CONVERSATIONS: Final = Table("conversations", dict, (), by_month=True)


def _quiet(_: str, __: int, ___: int | None) -> None:
    pass


@frozen(kw_only=True)
class ExportOptions:
    """How an export is made.

    ``format`` is parquet, jsonl, sqlite or csv; ``form`` is ``records``, or ``conversation`` (jsonl alone), in which
    ``notes`` keeps internal notes. ``files`` fetches the bytes of files. ``pseudonymise`` replaces persons, by the key of
    ``pseudonym_key`` (``env:NAME``, ``file:PATH``) or one in a file beside the export. ``archive`` is the folder of what
    was read, beside the export if it is None. ``since`` and ``again`` are those of ``Reading``.
    """

    format: str = "parquet"
    form: str = RECORDS
    notes: bool = False
    files: bool = False
    pseudonymise: bool = False
    pseudonym_key: str | None = None
    archive: Path | None = None
    scope: Scope = field(factory=Scope)
    since: datetime | Literal["last"] | None = None
    again: bool = False
    workers: int = 4

    def __attrs_post_init__(self) -> None:
        if self.format not in FORMATS:
            raise Invalid(f"format is one of {', '.join(FORMATS)}", field="format")
        if self.form not in (RECORDS, CONVERSATION):
            raise Invalid(f"form is {RECORDS} or {CONVERSATION}", field="form")
        if self.form == CONVERSATION and not FORMATS[self.format].exact:
            raise Invalid("conversations are JSON lines: choose the format jsonl", field="format")
        if self.notes and self.form != CONVERSATION:
            raise Invalid(
                "notes are chosen for conversations; records have them, marked by their visibility", field="notes"
            )
        if self.files and (self.pseudonymise or self.form == CONVERSATION):
            why = (
                "files hold persons that no pseudonym covers"
                if self.pseudonymise
                else "a conversation only names files"
            )
            raise Invalid(f"no files here: {why}", field="files")
        if self.pseudonym_key is not None and not self.pseudonymise:
            raise Invalid("a key of pseudonyms is for a pseudonymised export", field="pseudonym_key")


class Export:
    """An export of ``desk`` into the folder ``to``. ``run`` makes it, or brings it up to date."""

    def __init__(
        self,
        desk: Helpdesk,
        to: str | Path,
        options: ExportOptions | None = None,
        *,
        stop: threading.Event | None = None,
        progress: Progress = _quiet,
    ) -> None:
        self._desk = desk
        self._to = Path(to)
        self._options = options or ExportOptions()
        self._format: Format = FORMATS[self._options.format]
        self._stop = stop or threading.Event()
        self._progress = progress

    @property
    def archive_folder(self) -> Path:
        """Where what was read is kept: the desk's records as they are."""
        return self._options.archive or self._to.with_name(f"{self._to.name}.archive")

    def run(self) -> Manifest:
        """Read what is new, write what changed, and return the manifest.

        Raises the desk's errors, ``Invalid`` for options that exclude each other, and ``ArchiveError``.
        """
        self._format.check()
        folders = (self._to.resolve(), self.archive_folder.resolve())
        if folders[0] == folders[1] or any(one in other.parents for one, other in (folders, folders[::-1])):
            raise WrongFolder("the archive and the export are folders of their own: neither holds the other")
        pseudonyms = None
        if self._options.pseudonymise:
            pseudonyms = Pseudonyms(pseudonym_key(self._to, self._options.pseudonym_key))
        target = Target(self._to, self._kind(pseudonyms))
        try:
            archive = Archive.make(self.archive_folder, origin_of(self._desk), self._options.scope.digest())
            try:
                run = self._begun(archive, target.manifest) or self._read(archive)
                return _Writing(
                    self._options, self._format, archive, target, pseudonyms, self._stop, self._progress
                ).run(run)
            finally:
                archive.close()
        finally:
            target.release()

    def _kind(self, pseudonyms: Pseudonyms | None) -> Kind:
        options, desk = self._options, self._desk
        return Kind(
            vendor=desk.vendor,
            account=desk.account if pseudonyms is None else pseudonyms.word(desk.account),
            format=options.format,
            form=options.form,
            notes=options.notes,
            pseudonyms=None if pseudonyms is None else pseudonyms.check,
            files=options.files,
            scope=options.scope.document(),
        )

    def _begun(self, archive: Archive, manifest: Manifest) -> Run | None:
        """Return the run whose files were being written when the process ended: nothing has to be read again for it."""
        last = next(reversed(archive.runs()), None)
        if last is None or last.finished_at is None or manifest.written or manifest.run.get("number") != last.number:
            return None
        wanted = "again" if self._options.again else "all"
        return last if self._options.since == LAST or (self._options.since is None and last.mode == wanted) else None

    def _read(self, archive: Archive) -> Run:
        options = self._options
        return Reading(
            desk=self._desk,
            archive=archive,
            scope=options.scope,
            since=options.since,
            files=options.files,
            again=options.again,
            workers=options.workers,
            stop=self._stop,
            progress=self._progress,
        ).run()


@frozen
class _Group:
    """Files that are written in one pass: the path of each table, and what tells the state of their records."""

    paths: Mapping[str, str]
    tables: tuple[Table, ...]
    state: str
    records: Callable[[], Iterator[tuple[str, Any]]]


@frozen(eq=False)
class _Writing:
    """Writes the files of an export from an archive: those whose records changed since they were written."""

    options: ExportOptions
    format: Format
    archive: Archive
    target: Target
    pseudonyms: Pseudonyms | None
    stop: threading.Event
    progress: Progress
    _state: dict[str, Any] = field(factory=dict, init=False)

    def run(self, run: Run) -> Manifest:
        """Write, and return the manifest."""
        self._state["people"] = People(self.archive)
        known = None
        if self.pseudonyms is not None:
            known = known_in(self.archive)
            self._state["pseudonymiser"] = Pseudonymiser(known, self.pseudonyms)
        salt = f"{schema_digest()}.{__version__}.{'' if known is None else known.digest()}"
        groups = list(self._groups())
        before = self.target.manifest
        manifest = evolve(before, complete=False, written=False, **self._facts(run))
        manifest.write(self.target.folder)
        parts: dict[str, Part] = before.parts()
        wanted: dict[str, Part] = {}
        for number, group in enumerate(groups, start=1):
            if self.stop.is_set():
                raise Interrupted("stopped; what was read and written is kept, and the same command continues")
            state = f"{group.state}.{salt}"
            paths = dict.fromkeys(group.paths.values())
            if not all(self._fresh(parts.get(path), state) for path in paths):
                for part in self._written(group, state):
                    parts[part.path] = part
                manifest = evolve(manifest, files=tuple(sorted(parts.values(), key=lambda one: one.path)))
                manifest.write(self.target.folder)
            wanted |= {path: parts[path] for path in paths}
            self.progress("files written", number, len(groups))
        for path in parts.keys() - wanted.keys():
            self.target.remove(path)
        linked = self._linked()
        manifest = evolve(
            manifest,
            complete=run.complete,
            written=True,
            problems=run.problems,
            files=tuple(sorted(wanted.values(), key=lambda one: one.path)),
            counts=self.archive.counts(),
            attachments=linked,
            pseudonyms={} if known is None else self._replaced(wanted.values(), known.names, len(known.common)),
        )
        manifest.write(self.target.folder)
        return manifest

    def _fresh(self, part: Part | None, state: str) -> bool:
        return part is not None and part.state == state and (self.target.folder / part.path).is_file()

    def _facts(self, run: Run) -> dict[str, Any]:
        runs, origin = self.archive.runs(), self.archive.origin
        spent = {"calls": run.calls, "units": run.units, "refused": run.refused}
        every = {name: sum(getattr(one, name) for one in runs) for name in spent}
        return {
            "desk": {"title": origin.title} | ({} if self.pseudonyms else {"name": origin.desk}),
            "library": __version__,
            "schema": schema_digest(),
            "tables": {table.name: table.schema() for table in TABLES.values()},
            "run": {
                "number": run.number,
                "mode": run.mode,
                "since": _text(run.since),
                "started_at": _text(run.started_at),
                "finished_at": _text(run.finished_at),
                "watermark": _text(run.watermark),
            },
            "spent": {"this_run": spent, "all_runs": every},
        }

    # -- what is written into which file ---------------------------------------------------------------------------

    def _groups(self) -> Iterator[_Group]:
        months = self.archive.months() or {NO_MONTH: "0"}  # an empty table is a file too
        if self.options.form == CONVERSATION:
            for month, state in months.items():
                yield self._group((_CONVERSATIONS,), state, lambda month=month: self._conversations(month), month=month)  # type: ignore[misc]
            return
        if self.format.one_file:
            tables = tuple(TABLES.values())
            paths = dict.fromkeys(TABLES, f"helpdesk{self.format.suffix}")
            yield _Group(paths, tables, self._whole_state(), self._everything)
            return
        of_tickets = tuple(TABLES[name] for name in _OF_TICKETS)
        if self.format.by_month:
            for month, state in months.items():
                yield self._group(of_tickets, state, lambda month=month: self._tickets(month), month=month)  # type: ignore[misc]
            for number in self.archive.event_runs():
                yield self._group((TABLES["events"],), "1", lambda number=number: self._events(number), run=number)  # type: ignore[misc]
        else:
            yield self._group(of_tickets, self._tickets_state(), lambda: self._tickets(None))
            yield self._group((TABLES["events"],), self.archive.state("events"), lambda: self._events(None))
        yield self._group((TABLES["contacts"],), self.archive.state("contacts"), self._contacts)
        for kind in ENTRIES:
            entries = self.archive.entries(kind)
            yield self._group((TABLES[kind],), _digest_of(entries), lambda kind=kind: self._entries(kind))  # type: ignore[misc]
        yield self._group((TABLES["tombstones"],), self.archive.state("tombstones"), self._tombstones)

    def _group(
        self,
        tables: tuple[Table, ...],
        state: str,
        records: Callable[[], Iterator[tuple[str, Any]]],
        *,
        month: str | None = None,
        run: int | None = None,
    ) -> _Group:
        return _Group({table.name: self._path(table.name, month, run) for table in tables}, tables, state, records)

    def _path(self, table: str, month: str | None, run: int | None) -> str:
        suffix = self.format.suffix
        if month is not None:
            return f"{table}/{HIVE}={_NO_MONTH if month == NO_MONTH else month}/{table}{suffix}"
        if run is not None:
            return f"{table}/{table}-{run:06d}{suffix}"
        return f"{table}/{table}{suffix}" if self.format.by_month else f"{table}{suffix}"

    def _tickets_state(self) -> str:
        return ",".join(f"{month}:{state}" for month, state in self.archive.months().items())

    def _whole_state(self) -> str:
        entries = (_digest_of(self.archive.entries(kind)) for kind in ENTRIES)
        others = (self.archive.state(table) for table in ("contacts", "events", "tombstones"))
        return "/".join((_digest_of((self._tickets_state(),)), *others, *entries))

    def _written(self, group: _Group, state: str) -> Sequence[Part]:
        for counter in self._counters().values():
            counter.clear()
        records = ((table, self._shown(record)) for table, record in group.records())
        return self.target.write(group.paths, self.format, group.tables, state, records, self._counted)

    def _counters(self) -> dict[str, Counter[str]]:
        pseudonymiser: Pseudonymiser | None = self._state.get("pseudonymiser")
        return {} if pseudonymiser is None else {"columns": pseudonymiser.columns, "texts": pseudonymiser.texts}

    def _counted(self) -> Mapping[str, Mapping[str, int]]:
        return {name: dict(counter) for name, counter in self._counters().items()}

    def _shown(self, record: Any) -> Any:
        pseudonymiser: Pseudonymiser | None = self._state.get("pseudonymiser")
        return record if pseudonymiser is None or isinstance(record, dict) else pseudonymiser.record(record)

    # -- records ---------------------------------------------------------------------------------------------------

    def _everything(self) -> Iterator[tuple[str, Any]]:
        yield from self._tickets(None)
        yield from self._contacts()
        for kind in ENTRIES:
            yield from self._entries(kind)
        yield from self._events(None)
        yield from self._tombstones()

    def _tickets(self, month: str | None) -> Iterator[tuple[str, Any]]:
        people: People = self._state["people"]
        for one in self.archive.ticket_ids(month):
            if self.stop.is_set():
                raise Interrupted("stopped; what was read and written is kept, and the same command continues")
            ticket = self.archive.ticket(one)
            if ticket is None:
                continue
            thread = self.archive.thread(one)
            yield "tickets", people.ticket(ticket, thread)
            for message in thread:
                yield "messages", people.message(message)
            for file in self.archive.files(one):
                yield "files", self._file(file)

    def _file(self, stored: StoredFile) -> ExportedFile:
        sha = stored.sha if self.options.files else None
        sha = sha if sha is not None and self.archive.blobs.has(sha) else None
        return ExportedFile(
            ticket_id=stored.ticket_id,
            message_id=stored.message_id,
            position=stored.position,
            filename=stored.file.filename,
            content_type=stored.file.content_type,
            size=stored.size if stored.size is not None else stored.file.size,
            inline=stored.file.inline,
            content_id=stored.file.content_id,
            sha256=sha,
            path=None if sha is None else self.target.link(self.archive.blobs.path(sha), sha),
            problem=stored.problem if self.options.files else None,
        )

    def _linked(self) -> dict[str, int]:
        """Remove the bytes that nothing names any more, and count the others."""
        if not self.options.files:
            return {}
        rows = self.archive.file.rows("SELECT sha, problem FROM files")
        self.target.unlink_others(frozenset(sha for sha, _ in rows if sha is not None))
        here = sum(sha is not None for sha, _ in rows)
        return {"named": len(rows), "here": here, "failed": sum(problem is not None for _, problem in rows)}

    def _conversations(self, month: str) -> Iterator[tuple[str, Any]]:
        people: People = self._state["people"]
        for one in self.archive.ticket_ids(month):
            ticket = self.archive.ticket(one)
            if ticket is None or ticket.spam or ticket.deleted:
                continue
            thread: tuple[Message, ...] = self.archive.thread(one)
            shown = self._shown(people.ticket(ticket, thread))
            said = [self._shown(people.message(message)) for message in thread]
            yield "conversations", conversation(shown, said, notes=self.options.notes)

    def _contacts(self) -> Iterator[tuple[str, Any]]:
        return (("contacts", contact) for contact in self.archive.contacts())

    def _entries(self, kind: str) -> Iterator[tuple[str, Any]]:
        return ((kind, entry) for entry in self.archive.entries(kind))

    def _events(self, run: int | None) -> Iterator[tuple[str, Any]]:
        return (("events", event) for event in self.archive.events(run))

    def _tombstones(self) -> Iterator[tuple[str, Any]]:
        return (("tombstones", tombstone) for tombstone in self.archive.tombstones())

    @staticmethod
    def _replaced(parts: Any, names: int, common: int) -> dict[str, Any]:
        found: dict[str, Counter[str]] = {"columns": Counter(), "texts": Counter()}
        for part in parts:
            for where, counts in part.replaced.items():
                found[where].update(counts)
        counted = {where: dict(sorted(counts.items())) for where, counts in found.items()}
        return {"names_known": names, "words_left": common, "replaced": counted}


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _digest_of(values: tuple[Any, ...]) -> str:
    from helpdesk_bridge.text.plain import digest

    return digest(*(repr(asdict(one)) if hasattr(one, "__attrs_attrs__") else str(one) for one in values))


__all__ = ["CONVERSATION", "RECORDS", "Export", "ExportOptions"]
