"""Choice of a sample: the tickets on which a migration is most likely to show what it does, and why each was chosen."""

from __future__ import annotations

import heapq
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any, Final

from attrs import asdict, define, field, frozen

from helpdesk_bridge.errors import HelpdeskError
from helpdesk_bridge.migration.journal.facts import JournalFacts
from helpdesk_bridge.migration.journal.states import Key, Kind, State
from helpdesk_bridge.migration.load.context import LoadContext
from helpdesk_bridge.migration.outage import Stopped
from helpdesk_bridge.migration.plan.people import actor_key
from helpdesk_bridge.migration.plan.thread_layout import is_internal
from helpdesk_bridge.model.records import Message, Ticket
from helpdesk_bridge.model.values import Actor, ActorKind
from helpdesk_bridge.text.plain import one_line

SAMPLE: Final = "sample"
"""Under which name the journal keeps the sample."""
THREADS_EACH: Final = 3
"""How many threads are read for each ticket of the sample."""
_LOOKED_AT: Final = 20_000
"""Characters of a body that are looked at for odd ones."""
_LONG_BODY: Final = 20_000
_MANY_MESSAGES: Final = 10
_MANY_FILES: Final = 3
_MANY_CC: Final = 3
_LONG_SUBJECT: Final = 200
_OLDEST: Final = "oldest"
_ORDINARY: Final = "an ordinary ticket, for comparison"
_ODD_CATEGORIES: Final = frozenset({"Cc", "Cf", "Co", "Cn", "Cs", "Mn", "Me", "Zl", "Zp"})
_USUAL: Final = frozenset(
    "\n\r\t\N{SOFT HYPHEN}\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}\N{VARIATION SELECTOR-16}"
)
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
_MISREAD: Final = ("Ã¤", "Ã¶", "Ã¼", "Ã©", "â€", "Ð°", "ï»¿")
"""What UTF-8 becomes that was read as Latin-1."""


@frozen
class Chosen:
    """A ticket of the sample, by its source id, and why it is one."""

    ticket: str
    reasons: tuple[str, ...]


@define
class Choice:
    """A sample: ``tickets`` in the order of choice, ``people`` the journal's ids of the contacts whom they name.

    ``read`` and ``refused`` count the threads that were read for it, and those that the source refused.
    """

    tickets: list[Chosen]
    people: set[str] = field(factory=set)
    read: int = 0
    refused: int = 0

    @property
    def ids(self) -> frozenset[str]:
        """The source ids of the tickets."""
        return frozenset(one.ticket for one in self.tickets)

    def keep(self, facts: JournalFacts) -> None:
        """Write the sample down, so that a run that was stopped goes on with the same."""
        facts.remember(**{SAMPLE: {"tickets": [asdict(one) for one in self.tickets], "people": sorted(self.people)}})

    @classmethod
    def kept(cls, facts: JournalFacts) -> Choice:
        """Return what was written down."""
        known: Mapping[str, Any] = facts.recall(SAMPLE, {"tickets": [], "people": []})
        chosen = [Chosen(one["ticket"], tuple(one["reasons"])) for one in known["tickets"]]
        return cls(chosen, set(known["people"]))


@frozen
class Look:
    """What is known of one ticket: from the lists, and from its ``thread`` if that was read."""

    ticket: Ticket
    requester: Actor | None
    thread: Sequence[Message] | None = None


@frozen
class Trait:
    """A way to be ugly: ``degree`` is 0 for a ticket that is not, ``reason`` says so of one that is."""

    degree: Callable[[Look], float]
    reason: Callable[[Look], str]


def _messages(look: Look) -> int:
    return (look.ticket.message_count or 0) if look.thread is None else len(look.thread)


def _files(look: Look) -> int:
    return len(look.ticket.attachments) if look.thread is None else sum(len(one.attachments) for one in look.thread)


def _inline(look: Look) -> int:
    return sum(file.inline for message in look.thread or () for file in message.attachments)


def odd_characters(text: str) -> list[str]:
    """Return, in the order of their first use, the characters by which texts are often damaged on their way.

    Control, format and combining characters, private and unassigned ones, those outside the basic plane, the replacement
    character, and the beginnings of UTF-8 that was read as Latin-1.
    """
    found: dict[str, None] = {}
    for letter in text[:_LOOKED_AT]:
        if letter.isascii() and letter.isprintable():
            continue
        odd = letter > "\uffff" or letter == _REPLACEMENT or unicodedata.category(letter) in _ODD_CATEGORIES
        if odd and letter not in _USUAL:
            found[f"U+{ord(letter):04X}"] = None
        elif unicodedata.bidirectional(letter) in ("R", "AL"):
            found["right-to-left script"] = None
    if any(one in text for one in _MISREAD):
        found["UTF-8 that was read as Latin-1"] = None
    return list(found)


def _texts(look: Look) -> Iterable[str]:
    yield look.ticket.subject
    for message in look.thread or ():
        yield message.body.html or message.body.text
        yield from (file.filename for file in message.attachments)


def _odd(look: Look) -> list[str]:
    return list(dict.fromkeys(one for text in _texts(look) for one in odd_characters(text)))


def _long_body(look: Look) -> int:
    return max((len(one.body.html or one.body.text) for one in look.thread or ()), default=0)


def _first(look: Look) -> Message | None:
    return look.thread[0] if look.thread else None


def _begins_internal(look: Look) -> bool:
    first = _first(look)
    return first is not None and is_internal(first)


def _by_agent(look: Look) -> bool:
    first = _first(look)
    return first is not None and not is_internal(first) and first.author.kind is ActorKind.AGENT


def _age(look: Look) -> float:
    return 0.0 if look.ticket.created_at is None else 1 / max(1.0, look.ticket.created_at.timestamp())


def _age_words(look: Look) -> str:
    at = look.ticket.created_at
    return "the oldest" if at is None else f"the oldest: {at:%Y-%m-%d}"


def _no_email(look: Look) -> bool:
    return look.requester is None or not look.requester.email


TRAITS: Final[Mapping[str, Trait]] = {
    "long thread": Trait(
        lambda look: max(0, _messages(look) - _MANY_MESSAGES + 1), lambda look: f"a long thread: {_messages(look)} messages"
    ),
    "files": Trait(lambda look: max(0, _files(look) - _MANY_FILES + 1), lambda look: f"many files: {_files(look)}"),
    "merged": Trait(
        lambda look: look.ticket.merged_into is not None, lambda look: f"merged into {look.ticket.merged_into}"
    ),
    "characters": Trait(
        lambda look: len(_odd(look)), lambda look: f"odd characters: {', '.join(_odd(look)[:6])}"
    ),
    "internal opening": Trait(_begins_internal, lambda _: "begins with an internal note"),
    "no e-mail": Trait(_no_email, lambda _: "its customer has no e-mail"),
    _OLDEST: Trait(_age, _age_words),
    "empty subject": Trait(lambda look: not one_line(look.ticket.subject), lambda _: "an empty subject"),
    "images": Trait(_inline, lambda look: f"images inside its texts: {_inline(look)}"),
    "opened by an agent": Trait(_by_agent, lambda _: "opened by an agent"),
    "long text": Trait(
        lambda look: max(0, _long_body(look) - _LONG_BODY + 1), lambda look: f"a long text: {_long_body(look):,} characters"
    ),
    "long subject": Trait(
        lambda look: max(0, len(look.ticket.subject) - _LONG_SUBJECT),
        lambda look: f"a long subject: {len(look.ticket.subject)} characters",
    ),
    "copies": Trait(
        lambda look: max(0, len(look.ticket.cc) - _MANY_CC + 1), lambda look: f"many addresses in copy: {len(look.ticket.cc)}"
    ),
    "empty thread": Trait(lambda look: look.thread is not None and not look.thread, lambda _: "no message at all"),
}  # fmt: skip
"""The ways to be ugly, in the order in which a sample takes the worst of each."""
_OF_LISTS: Final = tuple(
    name for name in TRAITS if name in ("long thread", "files", "merged", "characters", "no e-mail", _OLDEST,
                                        "empty subject", "long subject", "copies")
)  # fmt: skip


@frozen(eq=False)
class Chooser:
    """Chooses ``n`` tickets of those that were listed: what lists tell picks whose threads are read, and those decide."""

    context: LoadContext

    def choose(self, n: int) -> Choice:
        """Return the sample, with those that it had before first; what is at the destination already is not chosen."""
        choice = Choice.kept(self.context.journal.facts)
        lacking = n - len(choice.tickets)
        if lacking > 0:
            looks = [self._read(ticket, choice) for ticket in self._candidates(lacking, choice.ids)]
            for chosen, look in picked([look for look in looks if look is not None], lacking):
                choice.tickets.append(chosen)
                choice.people |= self._people(look)
        return choice

    def _candidates(self, n: int, known: frozenset[str]) -> list[Ticket]:
        """Return the tickets whose threads are read: the worst by each trait that lists tell, and some spread over all."""
        total, most = self.context.spool.count(Kind.TICKET.value), max(1, THREADS_EACH * n)
        worst: dict[str, list[tuple[float, int, Ticket]]] = {name: [] for name in _OF_LISTS}
        spread: list[Ticket] = []
        for place, ticket in enumerate(self._open(known)):
            look = self._look(ticket)
            for name, heap in worst.items():
                if (degree := float(TRAITS[name].degree(look))) > 0:
                    (heapq.heappush if len(heap) < n else heapq.heappushpop)(heap, (degree, -place, ticket))
            if place % max(1, total // most) == 0:
                spread.append(ticket)
        ranked = [sorted(heap, key=lambda row: row[:2], reverse=True) for heap in worst.values()]
        by_rank = (rows[rank][2] for rank in range(n) for rows in ranked if rank < len(rows))
        ugly = {ticket.id: ticket for ticket in islice(_each_once(by_rank), max(1, most - n))}
        return list(islice(_each_once((*ugly.values(), *spread)), most))

    def _open(self, known: frozenset[str]) -> Iterator[Ticket]:
        for ticket in self.context.spool.each(Kind.TICKET.value, Ticket):
            if self.context.stop.is_set():
                raise Stopped
            if not (ticket.spam or ticket.deleted or ticket.id in known or self._is_there(ticket)):
                yield ticket

    def _is_there(self, ticket: Ticket) -> bool:
        record = self.context.journal.get(Key(Kind.TICKET, ticket.id))
        return record is not None and record.state in (State.DONE, State.SKIPPED, State.IN_DOUBT)

    def _look(self, ticket: Ticket, thread: Sequence[Message] | None = None) -> Look:
        return Look(ticket, self.context.mapping.people.filled(ticket.requester), thread)

    def _read(self, ticket: Ticket, choice: Choice) -> Look | None:
        context = self.context
        if context.stop.is_set():
            raise Stopped
        choice.read += 1
        messages = context.source.desk.messages
        try:
            thread = context.source_outage.of_record(
                partial(lambda id_: messages.list(id_, resolve=False).all(), ticket.id)
            )
        except HelpdeskError:
            choice.refused += 1
            return None
        return self._look(ticket, thread)

    def _people(self, look: Look) -> set[str]:
        """Return the journal's ids of the contacts whom a ticket and its thread name: they are written first."""
        context = self.context
        actors = [look.ticket.requester, *(message.author for message in look.thread or ())]
        found = set()
        for actor in actors:
            if actor is None or actor.kind is not ActorKind.CONTACT:
                continue
            if actor.id is not None:
                found.add(context.source.contact_key(actor.id))
            key = actor_key(context.mapping.people.filled(actor) or actor)
            found |= {record.key.id for record in (context.journal.folded(key) if key is not None else ())}
        return found


def _each_once(tickets: Iterable[Ticket]) -> Iterator[Ticket]:
    seen = set()
    for ticket in tickets:
        if ticket.id not in seen:
            seen.add(ticket.id)
            yield ticket


def picked(looks: Sequence[Look], n: int) -> list[tuple[Chosen, Look]]:
    """Return ``n`` of these tickets: of each trait its worst, then of each its second, and ordinary ones for the rest."""
    ranks: dict[str, list[int]] = {}
    for name, trait in TRAITS.items():
        degrees = [(float(trait.degree(look)), place) for place, look in enumerate(looks)]
        ranks[name] = [place for degree, place in sorted(degrees, key=lambda row: (-row[0], row[1])) if degree > 0]
    del ranks[_OLDEST][1:]  # every ticket has an age
    chosen: dict[int, None] = {}
    for rank in range(len(looks)):
        for places in ranks.values():
            if rank < len(places) and len(chosen) < n:
                chosen.setdefault(places[rank])
    for place in range(len(looks)):
        if len(chosen) < n:
            chosen.setdefault(place)
    of = {place: _reasons(looks[place], oldest=place in ranks[_OLDEST]) for place in chosen}
    return [(Chosen(looks[place].ticket.id, reasons), looks[place]) for place, reasons in of.items()]


def _reasons(look: Look, *, oldest: bool) -> tuple[str, ...]:
    meant = (trait for name, trait in TRAITS.items() if name != _OLDEST or oldest)
    return tuple(trait.reason(look) for trait in meant if float(trait.degree(look)) > 0) or (_ORDINARY,)
