"""Recovery of a lost journal: the search for what an earlier migration of the same pair wrote.

The journal says that the search is unfinished until it is: a run that was killed, or stopped for a decision, searches
again before it writes anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from attrs import asdict, define, evolve, field, frozen

from helpdesk_bridge.adapter import Importer, Marked, Page
from helpdesk_bridge.adapter.header_line import split_marker
from helpdesk_bridge.errors import HelpdeskError
from helpdesk_bridge.migration.completeness import MARKERS, ScanProof, keep
from helpdesk_bridge.migration.cost import PAGE, pages
from helpdesk_bridge.migration.desk import MigrationDesk
from helpdesk_bridge.migration.journal.database.owned import CLAIMED, MARKER_KEY, SEARCH
from helpdesk_bridge.migration.journal.expected import second
from helpdesk_bridge.migration.journal.journal import Journal
from helpdesk_bridge.migration.journal.spool import Spool
from helpdesk_bridge.migration.journal.states import DECIDED_AGAIN, Key, Kind, Record, State
from helpdesk_bridge.migration.marker import MOST_CANARIES, MarkerKey, canary_source, is_marker
from helpdesk_bridge.migration.outage import Outage
from helpdesk_bridge.migration.outcome import DecisionNeeded, WrongJournal
from helpdesk_bridge.migration.scope.beyond import BEYOND_TICKETS
from helpdesk_bridge.model.queries import ContactQuery, TicketQuery
from helpdesk_bridge.model.records import Ticket

RECOVERED: Final = "recovered_key"
FOREIGN: Final = "foreign_markers"
IGNORE: Final = "ignore"
MARKER: Final = "marker of a source ticket"
CREATED: Final = "second in which a source ticket was created"
_SAVED_TOGETHER: Final = 500
_MOST_OF_A_SECOND: Final = 50
"""A source that was imported itself may hold thousands of tickets of one second, by which none of them is known."""


@frozen(kw_only=True)
class SearchResult:
    """What is known of the search. ``done`` says that it is over, ``spared`` that the user said there is nothing.

    ``there``: tickets at the destination when it began (None if no list says); ``found``: source tickets whose
    marker is at one of them; ``foreign``: tickets with a marker that this journal's key made for no ticket of the
    source; ``unlisted``: whether lists do not show where markers are written.
    """

    done: bool = False
    spared: bool = False
    there: int | None = None
    calls: int = 0
    found: int = 0
    foreign: int = 0
    unlisted: bool = False

    @classmethod
    def of(cls, journal: Journal) -> SearchResult:
        """Return what a journal says; a new one says that nothing was searched yet."""
        return cls(**journal.facts.recall(SEARCH, {}))

    def keep(self, journal: Journal) -> None:
        """Write it down."""
        journal.facts.remember(**{SEARCH: asdict(self)})


@define(slots=False)
class _SearchHits:
    """What one pass found, by the source's ticket ids; ``unlisted`` as in ``SearchResult``.

    ``alike`` carry no marker and were created in the second of a source ticket: an agent may have removed it.
    """

    tickets: dict[str, list[str]]
    alike: dict[str, list[str]]
    foreign: int = 0
    calls: int = 0
    there: int | None = None
    unlisted: bool = False
    seen: set[str] = field(factory=set)


@define(eq=False)
class Search:
    """The search of one migration; ``tell`` gets a line for people. It reads and never writes at the destination."""

    destination: MigrationDesk
    importer: Importer
    journal: Journal
    spool: Spool
    outage: Outage
    key: MarkerKey
    none_before: bool
    tell: Callable[[str], None] | None
    no_contacts: bool = field(default=False, init=False)
    """Whether the destination turned out to have no contacts either."""
    _ran: bool = field(default=False, init=False)

    def result(self, most: int | None = None) -> SearchResult:
        """Search unless that is done, and return what is known; a search of over ``most`` calls is only counted.

        A search that an earlier process finished is repeated if the destination's tickets are more or fewer now and
        nothing has been written: a colleague may have run in between.
        """
        journal = self.journal
        known = SearchResult.of(journal)
        if not known.done and self.none_before and not journal.facts.recall(CLAIMED, False):
            known = SearchResult(done=True, spared=True)
            known.keep(journal)
        if known.done and (known.spared or self._ran or not journal.untouched()):
            return known
        first = self._believed(self.first_page())
        if known.done and first.total is not None and first.total == known.there:
            return known
        calls = self.cost(first)
        unlisted = any(not item.listed for item in first.items)
        SearchResult(there=first.total, calls=calls, unlisted=unlisted).keep(journal)
        if most is not None and calls > most:
            return SearchResult.of(journal)
        if calls > 1 and self.tell is not None:
            self.tell(f"{self.destination.label}: reading the markers of {first.total} tickets, {calls} calls")
        result = self.run(first)
        self._ran = True
        return result

    def _believed(self, first: Page[Marked]) -> Page[Marked]:
        """Return the first page, read again if it is empty and the destination holds tickets.

        A destination without contacts has no tickets: the load asks for them anyway, so that nothing is spent on it. A
        page that stays empty is put to a decision: believed, it would write everything twice. A local desk lists the
        tickets that carry a marker, and no others.
        """
        if first.items or first.next is not None or self.destination.defines:
            return first
        self.no_contacts = self.outage.patiently(self._lacks_contacts)
        if self.no_contacts:
            keep(self.journal, [ScanProof(scan=MARKERS, told=first.total, rows=0)])
            return first
        tickets = self.destination.desk.tickets.list(TicketQuery(limit=1), resolve=False)
        if not self.outage.patiently(lambda: tickets.page(size=1)).items:
            keep(self.journal, [ScanProof(scan=MARKERS, told=first.total, rows=0)])
            return first
        again = self.first_page()
        empty = not again.items and again.next is None
        evidence = "the list of tickets at the destination came empty twice, and there are tickets" if empty else ""
        keep(
            self.journal, [ScanProof(scan=MARKERS, told=first.total, rows=0, again=len(again.items), evidence=evidence)]
        )
        return again

    def _lacks_contacts(self) -> bool:
        contacts = self.destination.desk.contacts.list(ContactQuery(include={"blocked", "deleted", "custom_fields"}))
        count = contacts.count()
        return not contacts.page(size=1).items if count is None else count == 0

    def first_page(self) -> Page[Marked]:
        """Return the first page, one call: whether there is anything, and how much."""
        return self._page(None)

    def cost(self, first: Page[Marked]) -> int:
        """Return how many calls reading all markers takes, the first page among them."""
        if first.next is None:
            return 1
        size = self.destination.desk.capabilities.page_size or PAGE
        return 1 if first.total is None else pages(first.total, size)

    def run(self, first: Page[Marked]) -> SearchResult:
        """Read all markers, and write down which tickets carry those of source tickets; they are compared later."""
        hits = _SearchHits({}, {}, there=first.total, calls=1)
        if first.items or first.next is not None:
            self._index()
            looks = [self._look(first, hits)]
            if first.total is not None and looks[0] < first.total:
                looks.append(self._look(self._page(None), hits))  # what is there may be left out by one answer
                hits.calls += 1
            keep(
                self.journal,
                [ScanProof(scan=MARKERS, told=first.total, rows=looks[0], again=looks[1] if looks[1:] else None)],
            )
        self._save(hits)
        searched = SearchResult(
            done=True,
            there=hits.there,
            calls=hits.calls,
            found=len(hits.tickets),
            foreign=hits.foreign,
            unlisted=hits.unlisted,
        )
        searched.keep(self.journal)
        return searched

    def _look(self, first: Page[Marked], hits: _SearchHits) -> int:
        """Look at each ticket that no look has had before; return how many tickets there were in all looks."""
        for page in self._pages(first, hits):
            self._look_at(page, hits)
        return len(hits.seen)

    def _pages(self, first: Page[Marked], hits: _SearchHits) -> Iterator[Page[Marked]]:
        page, seen = first, hits.seen
        while True:
            fresh = tuple(item for item in page.items if item.ticket_id not in seen)
            seen.update(item.ticket_id for item in fresh)
            yield evolve(page, items=fresh)
            if page.next is None:
                return
            page = self._page(page.next)
            hits.calls += 1

    def _page(self, cursor: str | None) -> Page[Marked]:
        return self.outage.patiently(partial(self.importer.marked, cursor))

    def _index(self) -> None:
        """Put the markers of all source tickets where they can be looked up; those that are left out have one too."""
        for kind in (MARKER, CREATED):
            self.spool.forget(kind)
        for ref in self.spool.each(BEYOND_TICKETS, str):
            self.spool.put(MARKER, self.key.of("ticket", ref), "")
        for number in range(1, MOST_CANARIES + 1):
            self.spool.put(MARKER, self.key.of("ticket", canary_source(number)), "")
        for ticket in self.spool.each(Kind.TICKET.value, Ticket):
            self.spool.put(MARKER, self.key.of("ticket", ticket.ref), ticket.id)
            if (moment := second(ticket.created_at)) is not None:
                others = self.spool.get(CREATED, moment, tuple) or ()
                if len(others) < _MOST_OF_A_SECOND:
                    self.spool.put(CREATED, moment, (*others, ticket.id))

    def _look_at(self, page: Page[Marked], hits: _SearchHits) -> None:
        for item in page.items:
            hits.unlisted = hits.unlisted or not item.listed
            marker, of_this_second = item.marker, self._created_with(item)
            if marker is None and not item.opening_listed and of_this_second:
                marker = self._in_opening(item.ticket_id)
                hits.calls += 1
            if not is_marker(marker):
                for source_id in of_this_second if item.by_api is not False else ():
                    hits.alike.setdefault(source_id, []).append(item.ticket_id)
                continue
            ours = self.spool.get(MARKER, str(marker), str)
            if ours:
                hits.tickets.setdefault(ours, []).append(item.ticket_id)
            elif ours is None and item.by_api is not False and self.journal.marked(str(marker)) is None:
                hits.foreign += 1

    def _created_with(self, one: Marked) -> tuple[str, ...]:
        """Return the source tickets of the second in which a ticket was created: an import gave it that time."""
        moment = second(one.created_at)
        return () if moment is None else self.spool.get(CREATED, moment, tuple) or ()

    def _in_opening(self, ticket_id: str) -> str | None:
        try:
            ticket = self.outage.of_record(partial(self.destination.desk.tickets.get, ticket_id))
        except HelpdeskError:
            return None  # gone meanwhile, or not ours to read
        return None if ticket.description is None else split_marker(ticket.description)[0]

    def _save(self, hits: _SearchHits) -> None:
        self.journal.forget_candidates()
        rows: list[Record] = []
        for source_id, ids in {**hits.alike, **hits.tickets}.items():
            ticket = self.spool.get(Kind.TICKET.value, source_id, Ticket)
            if ticket is None or ticket.spam or ticket.deleted:
                continue
            key = Key(Kind.TICKET, source_id)
            record = self.journal.get(key) or Record(key=key)
            if record.state is State.SKIPPED or record.reason == DECIDED_AGAIN:
                continue  # the user decided about it
            if record.destination or (record.attempts and not self.journal.untouched()):
                continue  # this journal knows what became of it
            # What failed here may have been written by another since.
            state = record.state if record.state.final and record.state is not State.FAILED else State.INTENT
            marker = self.key.of("ticket", ticket.ref) if source_id in hits.tickets else None
            rows.append(evolve(record, state=state, marker=marker, candidates=tuple(sorted(ids))))
        for start in range(0, len(rows), _SAVED_TOGETHER):
            self.journal.save(*rows[start : start + _SAVED_TOGETHER])


def ignored(journal: Journal) -> bool:
    """Whether the user decided that markers of another key are none of this migration's business."""
    decision: Any = journal.facts.recall(FOREIGN)
    return bool(decision == IGNORE)


def refuse_foreign(searched: SearchResult, journal: Journal, label: str) -> None:
    """Raise ``DecisionNeeded`` while the user has not said whose the markers of another key are."""
    if searched.foreign == 0 or ignored(journal):
        return
    count = searched.foreign
    carriers = f"1 ticket at {label} carries a marker" if count == 1 else f"{count} tickets at {label} carry markers"
    raise DecisionNeeded(
        f"{carriers} of another key: an earlier migration with other credentials may have written there. Give those "
        "credentials (--recover-key from=env:NAME, to=env:NAME), or decide that these tickets are not part of this "
        "migration",
        others=[f"--foreign-markers {IGNORE}"],
    )


def settle_key(journal: Journal, key: MarkerKey, *, recovered: bool) -> None:
    """Let a journal that has written nothing yet sign with today's credentials, or with those that are recovered.

    It may have been begun with credentials that a desk then refused: nobody could make that key again.
    """
    if key == journal.facts.marker_key:
        if recovered:
            journal.facts.remember(**{RECOVERED: True})
    elif journal.untouched():
        if recovered or not journal.facts.recall(RECOVERED, False):
            journal.forget_candidates()
            journal.facts.remember(**{MARKER_KEY: key.text(), SEARCH: {}, RECOVERED: recovered})
    elif recovered:
        raise WrongJournal(
            "this journal has written with a key of its own; give --recover-key with a new journal instead"
        )
