"""Reading a desk into an archive: its lists, then the threads of what changed, one ticket a transaction.

A run that was killed goes on at the page and the ticket where it was. The next run costs the lists, and the threads of
the tickets that the lists show to have changed.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeVar

from attrs import evolve, field, fields_dict, frozen

from helpdesk_bridge.archive.archive import ENTRIES, Archive, ListingState, Run, entry_id
from helpdesk_bridge.archive.file import Origin
from helpdesk_bridge.archive.outcome import Interrupted
from helpdesk_bridge.archive.rows import StoredFile
from helpdesk_bridge.archive.scope import Scope
from helpdesk_bridge.archive.threads import OF_ONE_RECORD, Thread, read_thread, unread_rows
from helpdesk_bridge.errors import HelpdeskError, NotFound, Unsupported
from helpdesk_bridge.model.paging import Page
from helpdesk_bridge.model.queries import ContactQuery, Order, Period, TicketQuery
from helpdesk_bridge.model.records import Contact, Ticket
from helpdesk_bridge.model.values import ActorKind
from helpdesk_bridge.ports import Helpdesk, Listing

T = TypeVar("T")
R = TypeVar("R", Ticket, Contact)

LAST: Final = "last"
_ALL_CONTACTS: Final = ContactQuery(include=frozenset({"blocked", "deleted", "custom_fields"}))
_RESOLUTION: Final = timedelta(seconds=1)
"""The coarsest step in which a vendor tells times."""
_LOOKS: Final = 2
_PAGE: Final = 100

Progress = Callable[[str, int, int | None], None]


def origin_of(desk: Helpdesk) -> Origin:
    """Return what names a desk's account."""
    return Origin(vendor=desk.vendor, account=desk.account, title=desk.title, desk=desk.name)


def _quiet(_: str, __: int, ___: int | None) -> None:
    pass


@frozen(kw_only=True, eq=False)
class Reading:
    """One reading of ``desk`` into ``archive``.

    ``since`` is None for whole lists, a time, or ``"last"`` for what changed since the reading before: the lists are
    then shorter, and what is gone is not looked for. ``files`` fetches the bytes of files too, ``again`` reads every
    thread anew. ``stop`` ends it after the calls in flight.
    """

    desk: Helpdesk
    archive: Archive
    scope: Scope
    since: datetime | Literal["last"] | None = None
    files: bool = False
    again: bool = False
    workers: int = 4
    stop: threading.Event = field(factory=threading.Event)
    progress: Progress = _quiet

    def run(self) -> Run:
        """Read, and return what the reading was. Raises the desk's errors, and ``Interrupted``; both can be resumed."""
        if self.desk.capabilities.missing("tickets.list", "messages.list"):
            raise Unsupported(f"{self.desk.title} cannot list its tickets and threads", vendor=self.desk.vendor)
        self.archive.blobs.clean()
        since = self._begin()
        mode = "changes" if since is not None else "again" if self.again else "all"
        run = self.archive.begin(mode, since, self._now())
        meter, found = _Meter(self.desk, self.archive, run), _Found()
        try:
            if self.scope.everything:
                self._contacts(run, found, meter)
            self._tickets(run, found, meter)
            self._threads(run, meter)
            if not self.scope.everything:
                self._named_contacts(run, found, meter)
            if self.files:
                self._files(run, meter)
            self._entries(found)  # last: a desk may know its agents from its threads alone, as this archive does
        finally:
            meter.write()
        problems = (*found.short, *found.unread, *self._thread_problems())
        self.archive.finish(run, problems, self._now(), whole=not found.short)
        return self.archive.runs()[-1]

    def _begin(self) -> datetime | None:
        if self.since != LAST:
            return self.since
        marks = [run.watermark for run in self.archive.runs() if run.watermark is not None]
        if not marks:
            return None  # nothing was read whole yet
        policy = self.desk.rate_limit
        # What was written shortly before the reading may have shown after it.
        return marks[-1] - _RESOLUTION - timedelta(seconds=0 if policy is None else policy.settle_seconds)

    def _now(self) -> datetime:
        return self.desk.clock.wall()

    def _began(self) -> float:
        stack: Any = getattr(self.desk, "transport", None)
        return 0.0 if stack is None else stack.vendor_time.real_now()

    def _reached(self, began: float) -> datetime | None:
        """Return the desk's time at a moment of ours; None if its vendor does not tell the time."""
        stack: Any = getattr(self.desk, "transport", None)
        return self._now() if stack is None else stack.vendor_time.at(began)

    def _check(self) -> None:
        if self.stop.is_set():
            raise Interrupted("stopped; what was read is kept, and the same command continues")

    # -- lists -----------------------------------------------------------------------------------------------------

    def _entries(self, found: _Found) -> None:
        for kind in ENTRIES:
            self._check()
            facet: Any = getattr(self.desk, kind)
            if not facet:
                continue
            try:
                entries = tuple(facet.list())
            except OF_ONE_RECORD as error:
                found.unread.append(f"{kind}: {type(error).__name__}: {error.message}")
                continue
            if kind not in self.desk.capabilities.complete_lists:
                seen = self.archive.seen_agents() if kind == "agents" else ()
                entries = _with_known(_with_known(seen, self.archive.entries(kind)), entries)
            self.archive.put_entries(kind, entries)

    def _contacts(self, run: Run, found: _Found, meter: _Meter) -> None:
        if self.desk.capabilities.missing("contacts.list"):
            return
        query = _ALL_CONTACTS
        if run.since is not None:
            shorter = evolve(query, updated=Period(run.since, None), order=Order.UPDATED_ASC)
            # Where the desk compares times itself, the whole list costs the same and says more.
            query = query if "updated" in self.desk.contacts.explain(shorter).client_side else shorter
        narrowed = query.updated is not None
        self._listed(
            "contacts", run, self.desk.contacts.list(query), self._put_contacts(run), found, meter, narrowed=narrowed
        )
        if not narrowed and run.mode != "changes":
            self._bury(run, "contact", self.desk.contacts.get, found, meter)

    def _put_contacts(self, run: Run) -> Callable[[tuple[Contact, ...]], None]:
        return lambda items: self.archive.put_contacts(items, run, self._now())

    def _tickets(self, run: Run, found: _Found, meter: _Meter) -> None:
        query = self._ticket_query(run)
        self._listed(
            "tickets", run, self.desk.tickets.list(query, resolve=False),
            lambda items: self.archive.put_tickets(items, run, self._now()), found, meter, narrowed=run.mode == "changes",
        )  # fmt: skip
        if run.mode != "changes":
            self._bury(run, "ticket", self.desk.tickets.get, found, meter)

    def _ticket_query(self, run: Run) -> TicketQuery:
        if run.since is None:
            return self.scope.query
        query = self.scope.changed(Period(run.since, None))
        return query if query.limit is not None else evolve(query, order=Order.UPDATED_ASC)

    def _listed(
        self,
        name: str,
        run: Run,
        listing: Listing[R],
        put: Callable[[tuple[R, ...]], None],
        found: _Found,
        meter: _Meter,
        *,
        narrowed: bool,
    ) -> None:
        """Read a list page by page, each with its cursor in one transaction; again if it is short or suddenly empty."""
        state = self.archive.listing(name, run)
        kind = name.removesuffix("s")
        while not state.done:
            page = self._page(name, run, listing, put, state, meter)
            if page.next is not None:
                continue
            state = self.archive.listing(name, run)
            came = self._came(name, run) + unread_rows(self.desk, kind)
            short = state.told is not None and came < state.told
            # A proxy's empty answer looks like an empty account.
            doubtful = short or (came == 0 and not narrowed and self.archive.counts()[name] > 0)
            if doubtful and state.looks < _LOOKS:
                state = ListingState(looks=state.looks + 1)
                self.archive.keep_listing(name, run, state)
                continue
            state = evolve(state, done=True)
            self.archive.keep_listing(name, run, state)
        came = self._came(name, run)
        left_out = unread_rows(self.desk, kind)
        if left_out:
            found.unread.append(f"{name}: {left_out} rows of the list cannot be read")
        if state.told is not None and came + left_out < state.told:
            found.short.append(f"{name}: {came} of {state.told} came, twice")

    def _page(
        self,
        name: str,
        run: Run,
        listing: Listing[R],
        put: Callable[[tuple[R, ...]], None],
        state: ListingState,
        meter: _Meter,
    ) -> Page[R]:
        self._check()
        before = self.archive.listing(name, run)
        began = self._began()
        page = self._cut(name, run, listing.page(before.cursor))
        told = page.total if before.cursor is None else before.told
        with self.archive.file.transaction():
            put(page.items)
            self.archive.keep_listing(name, run, evolve(before, cursor=page.next, told=told, looks=state.looks))
            if name == "tickets" and before.cursor is None:
                self.archive.mark(run, self._reached(began))
            meter.write()
        self.progress(name, self._came(name, run), told)
        return page

    def _cut(self, name: str, run: Run, page: Page[R]) -> Page[R]:
        """Return a page without what is beyond the scope's limit, which pages know nothing of."""
        limit = self.scope.query.limit if name == "tickets" else None
        if limit is None:
            return page
        items = page.items[: limit - self._came(name, run)]
        total = None if page.total is None else min(limit, page.total)
        reached = self._came(name, run) + len(items) >= limit
        return Page(items, None if reached else page.next, total)

    def _came(self, name: str, run: Run) -> int:
        row = self.archive.file.one(f"SELECT count(*) FROM {name} WHERE seen = ?", (run.number,))  # noqa: S608 - our own names
        return 0 if row is None else int(row[0])

    def _bury(self, run: Run, kind: str, get: Callable[[str], Ticket | Contact], found: _Found, meter: _Meter) -> None:
        """Leave tombstones of what a whole list did not have; unless the list is proven whole, each is asked for."""
        name = f"{kind}s"
        state = self.archive.listing(name, run)
        came = self._came(name, run)
        whole = state.told is not None and came > 0 and state.told <= came
        limited = kind == "ticket" and self.scope.query.limit is not None
        for one in self.archive.unseen(name, run):
            self._check()
            there: Ticket | Contact | None = None
            if not limited and not (whole and self.scope.everything):
                try:
                    there = get(one)
                except NotFound:
                    there = None
                except OF_ONE_RECORD as error:
                    found.short.append(f"{kind}s: one that the list left out cannot be read: {error.message}")
                    continue
            if there is None:
                reason = "left scope" if limited else "deleted"
                self.archive.bury(kind, one, reason, run, self._now())
            elif kind == "ticket" and not self.scope.everything:
                self.archive.bury(kind, one, "left scope", run, self._now())
            else:
                found.short.append(f"{name}: the list left one out that is still there")
                if isinstance(there, Contact):
                    self.archive.put_contacts([there], run, self._now())
            meter.write()

    def _named_contacts(self, run: Run, found: _Found, meter: _Meter) -> None:
        """Read the contacts that the tickets of a scope name: one by one, or all if that is cheaper."""
        if self.desk.capabilities.missing("contacts.list", "contacts.get"):
            return
        for one in self.archive.unnamed_contacts():
            self.archive.bury("contact", one, "left scope", run, self._now())
        wanted = self._wanted(run)
        if not wanted:
            return
        listing = self.desk.contacts.list(_ALL_CONTACTS)
        size = self.desk.capabilities.page_size or _PAGE
        total = listing.count() if len(wanted) > 1 else None
        if total is not None and math.ceil(total / size) < len(wanted):
            for contacts in self._pages(listing):
                self.archive.put_contacts([one for one in contacts if one.id in wanted], run, self._now())
                meter.write()
            return
        for one in wanted:
            self._check()
            try:
                self.archive.put_contacts([self.desk.contacts.get(one)], run, self._now())
            except NotFound:
                continue
            except OF_ONE_RECORD as error:
                found.unread.append(f"contacts: one cannot be read: {error.message}")
            meter.write()

    def _pages(self, listing: Listing[Contact]) -> Iterator[tuple[Contact, ...]]:
        cursor: str | None = None
        while True:
            self._check()
            page = listing.page(cursor)
            yield page.items
            if page.next is None:
                return
            cursor = page.next

    def _wanted(self, run: Run) -> frozenset[str]:
        """Return the ids of contacts that tickets name and that are not here, or whose tickets changed."""
        changed, found = frozenset(self.archive.changed_in(run)), set[str]()
        for one in self.archive.ticket_ids():
            ticket = self.archive.ticket(one)
            who = None if ticket is None else ticket.requester
            if who is None or who.id is None or who.kind is not ActorKind.CONTACT:
                continue
            if one in changed or self.archive.contact(who.id) is None:
                found.add(who.id)
        return frozenset(found)

    # -- threads and files -----------------------------------------------------------------------------------------

    def _threads(self, run: Run, meter: _Meter) -> None:
        due = self.archive.due(run)
        wanted = (ticket for one in due if (ticket := self.archive.ticket(one)) is not None)
        for number, (ticket, thread) in enumerate(self._each(wanted, lambda one: read_thread(self.desk, one)), start=1):
            with self.archive.file.transaction():
                self._put_thread(ticket, thread, run)
                meter.write()
            if self.files and not thread.gone:
                self._fetch(self._located(ticket, thread, run), run, meter)
            self.progress("threads", number, len(due))

    def _put_thread(self, ticket: Ticket, thread: Thread, run: Run) -> None:
        if thread.gone:
            self.archive.bury("ticket", ticket.id, "deleted", run, self._now())
        elif thread.failed:
            self.archive.put_failure(ticket.id, run, thread.problem or "")
        else:
            self.archive.put_thread(ticket, thread.messages, run, self._now(), thread.problem)

    def _thread_problems(self) -> Iterable[str]:
        found = self.archive.problems()
        return () if not found else (f"threads: {len(found)} could not be read whole",)

    def _located(self, ticket: Ticket, thread: Thread, run: Run) -> list[StoredFile]:
        """Return the files to be fetched as the thread just named them: with the way to them, which spares a call."""
        known = {message.id: message.attachments for message in thread.messages}
        return [
            evolve(file, file=known[file.message_id][file.position]) if file.message_id in known else file
            for file in self.archive.files_due(run, ticket.id)
        ]

    def _files(self, run: Run, meter: _Meter) -> None:
        self._fetch(self.archive.files_due(run), run, meter)

    def _fetch(self, files: Iterable[StoredFile], run: Run, meter: _Meter) -> None:
        for _, done in self._each(files, self._stored):
            with self.archive.file.transaction():
                self.archive.put_file(done, run)
                meter.write()

    def _stored(self, file: StoredFile) -> StoredFile:
        facet = self.desk.attachments
        if not facet:
            return evolve(file, problem="this desk does not hand out files")
        try:
            # A ref opens what an earlier run did not fetch: the archive keeps no places of files.
            with facet.open(file.file if file.file.locator else file.file.ref, ticket=file.ticket_id) as stream:
                sha, size = self.archive.blobs.keep(stream)
        except (NotFound, *OF_ONE_RECORD) as error:
            return evolve(file, problem=f"{type(error).__name__}: {error.message}")
        return evolve(file, sha=sha, size=size, problem=None)

    def _each(self, items: Iterable[T], work: Callable[[T], Any]) -> Iterator[tuple[T, Any]]:
        """Yield each item with what ``work`` makes of it on one of several threads, in the order of the items."""
        waiting: deque[tuple[T, Future[Any]]] = deque()
        with ThreadPoolExecutor(self.workers, thread_name_prefix="archive") as pool:
            try:
                for item in items:
                    self._check()
                    waiting.append((item, pool.submit(work, item)))
                    if len(waiting) >= self.workers:
                        first, future = waiting.popleft()
                        yield first, future.result()
                while waiting:
                    first, future = waiting.popleft()
                    yield first, future.result()
            finally:
                for _, future in waiting:
                    future.cancel()


def _with_known(known: tuple[Any, ...], now: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the entries of a list that shows what a desk happened to see: those of earlier lists stay, and what they told."""
    merged = {entry_id(one): one for one in known}
    for one in now:
        before = merged.get(entry_id(one))
        missing = () if before is None else [name for name in fields_dict(type(one)) if getattr(one, name) is None]
        merged[entry_id(one)] = evolve(one, **{name: getattr(before, name) for name in missing})
    return tuple(merged[name] for name in sorted(merged))


@frozen
class _Found:
    """What came short, so that the watermark stays, and what cannot be read."""

    short: list[str] = field(factory=list)
    unread: list[str] = field(factory=list)


class _Meter:
    """What a reading costs, written down with everything that it brings, so that a killed run is counted too."""

    def __init__(self, desk: Helpdesk, archive: Archive, run: Run) -> None:
        self._stack: Any = getattr(desk, "transport", None)
        self._archive, self._run = archive, run
        self._before = self._now()

    def _now(self) -> tuple[int, int, int]:
        if self._stack is None:
            return 0, 0, 0
        stats = self._stack.stats
        return stats.calls, stats.units, stats.refused

    def write(self) -> None:
        """Write down what was spent so far."""
        spent = (now - before for now, before in zip(self._now(), self._before, strict=True))
        run = self._run
        calls, units, refused = (
            known + new for known, new in zip((run.calls, run.units, run.refused), spent, strict=True)
        )
        self._archive.spend(run, calls, units, refused)


__all__ = ["LAST", "HelpdeskError", "Progress", "Reading", "origin_of"]
