"""The generator of helpdesks that look like real ones; the same arguments give the same dataset."""

# The remainders below say which ticket in so many is odd; names would only repeat it.
# ruff: noqa: PLR2004
from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from attrs import evolve

from helpdesk_bridge.datasets.dataset import Dataset, SeedField, SeedTicket
from helpdesk_bridge.datasets.people import COMPANIES, People, agents, make_people
from helpdesk_bridge.datasets.phrases import LANGUAGES
from helpdesk_bridge.datasets.threads import Parties, ThreadWriter

if TYPE_CHECKING:
    from typing import Any

    from helpdesk_bridge.datasets.dataset import SeedPerson, SeedPriority, SeedStatus
    from helpdesk_bridge.datasets.phrases import Language

GROUPS: Final = ("Support", "Billing", '"Sales" Department', "Доставка", "Müşteri Hizmetleri")
TAGS: Final = ("vip", "billing", "bug", "follow up", "déjà vu", "возврат", "acil", "a,b")
TYPES: Final = ("Question", "Problem", "Incident", "Customer's Request")
CATEGORIES: Final = {
    "Billing": ("Invoice", "Refund"),
    "Delivery": ("Late", "Damaged"),
    "Hardware\\Printers": ("Paper", "Toner"),
    "Ödeme 💳": ("Kart", "Havale"),
}
FIELDS: Final = (
    SeedField("Order No", "text"),
    SeedField("Product", "select", ("Robot", "Drone", "Ersatzteil für Größe L")),
    SeedField("Refund wanted", "checkbox"),
    SeedField("Quantity", "integer"),
    SeedField("Amount", "decimal"),
    SeedField("Delivery date", "date"),
    SeedField("Migration marker", "text"),
    SeedField("Customer No", "text", level="contact"),
)
STATUSES: Final[tuple[SeedStatus, ...]] = (
    "open", "closed", "pending", "solved", "closed", "new", "on_hold", "closed", "open", "solved",
)  # fmt: skip
PRIORITIES: Final[tuple[SeedPriority, ...]] = ("normal", "low", "normal", "high", "normal", "urgent")
CHANNELS: Final = ("email", "email", "web", "email", "chat", "email", "phone")
_LENGTHS: Final = (3, 5, 1, 8, 4, 2, 6, 3, 12, 5, 1, 4, 9, 2, 7, 5, 3, 10, 4, 6)
"""Messages a thread, going round; five on average."""

_STARTS: Final = datetime(2024, 9, 2, 6, 0, tzinfo=UTC)
_SPAN: Final = timedelta(days=540)
_CLOCKS_BACK: Final = datetime(2025, 10, 26, 0, 30, tzinfo=UTC)
"""Half an hour before Central Europe's clocks go back: the local hour that follows comes twice."""
_CLOCKS_FORWARD: Final = datetime(2025, 3, 30, 0, 45, tzinfo=UTC)
_LONG_THREAD: Final = 150
_LONG_FROM: Final = 320
_NO_LONG_BELOW: Final = 100


def generate(tickets: int = 320, seed: int = 1) -> Dataset:
    """Return a dataset with this many tickets; the same ``tickets`` and ``seed`` give the same dataset.

    From 60 tickets on every kind of oddity appears at least once; from 100 on one thread is long, from 320 on it has 150
    messages. With 0 tickets the dataset has agents, groups, tags and fields, and no contacts.
    """
    if tickets < 0:
        raise ValueError("the number of tickets cannot be negative")
    chance = random.Random(f"{tickets}/{seed}")  # noqa: S311 - repeatable chance, no secret
    staff = agents(_STARTS)
    common = Dataset(people=staff, groups=GROUPS, tags=TAGS, fields=FIELDS, ticket_types=TYPES, categories=CATEGORIES)
    if tickets == 0:
        return common
    people = make_people(tickets, chance, staff, _STARTS)
    maker = _TicketMaker(tickets, chance, people)
    made = tuple(maker.make(index) for index in range(tickets))
    return evolve(common, people=people.all, companies=COMPANIES, tickets=made)


class _TicketMaker:
    def __init__(self, total: int, chance: random.Random, people: People) -> None:
        self._total = total
        self._chance = chance
        self._people = people
        self._writer = ThreadWriter(chance)
        self._opened: list[datetime] = []
        self._mergeable: SeedTicket | None = None

    def make(self, index: int) -> SeedTicket:
        """Make the ticket of this index; indexes come in order."""
        spam, deleted = index % 29 == 11, index % 31 == 13
        target = self._mergeable if index % 23 == 17 else None
        requester = self._people.by_key[target.requester] if target else self._requester(index, spam=spam)
        ticket = self._written(index, requester, spam=spam)
        ticket = evolve(ticket, spam=spam, deleted=deleted)
        if target is not None:
            return evolve(ticket, status="closed", merged_into=target.key)
        if not (spam or deleted):
            self._mergeable = ticket
        return ticket

    def _written(self, index: int, requester: SeedPerson, *, spam: bool) -> SeedTicket:
        chance = self._chance
        assignee = None if index % 9 == 2 or spam else self._assignee(index)
        language = LANGUAGES[index % len(LANGUAGES)]
        channel = "phone" if requester.email is None else CHANNELS[index % len(CHANNELS)]
        order = f"A-{10_000 + index * 7}"
        parties = Parties(index, language, order, requester, assignee, self._people.agents, channel)
        messages = self._writer.write(parties, self._opens(index), self._length(index))
        category = chance.choice((None, *CATEGORIES))
        status = STATUSES[index % len(STATUSES)]
        return SeedTicket(
            key=f"t{index + 1}",
            subject=self._subject(index, language, order),
            requester=requester.key,
            assignee=assignee.key if assignee else None,
            group=None if index % 11 == 4 else chance.choice(GROUPS),
            status=status,
            priority=PRIORITIES[index % len(PRIORITIES)],
            created_at=messages[0].created_at,
            updated_at=messages[-1].created_at + timedelta(seconds=chance.choice((0, 0, 1, 3600, 86_400))),
            channel=channel,
            type=chance.choice((None, *TYPES)),
            category=category,
            subcategory=chance.choice((None, *CATEGORIES[category])) if category else None,
            tags=tuple(sorted(chance.sample(TAGS, chance.choice((0, 0, 1, 2, 3))))),
            custom_fields=self._custom_fields(index, order),
            cc=self._copied(index, requester),
            messages=messages,
            rating=self._rating(index, status),
            watchers=self._watchers(index, assignee),
        )

    def _watchers(self, index: int, assignee: SeedPerson | None) -> tuple[str, ...]:
        """Let every eighth ticket be watched by one or two agents who are still there and have not got it."""
        if index % 8 != 3:
            return ()
        others = [agent.key for agent in self._people.agents if not agent.deleted and agent is not assignee]
        first = index % len(others)
        return tuple(others[first : first + 1 + index % 2])

    def _requester(self, index: int, *, spam: bool) -> SeedPerson:
        people = self._people
        if spam:
            return people.blocked
        if index % 18 == 9:
            return people.phone_only[index // 18 % len(people.phone_only)]
        if index % 25 in {4, 14}:
            return people.twins[index % 25 // 10]
        return self._chance.choice(people.usual)

    def _assignee(self, index: int) -> SeedPerson:
        """Give every twenty-first ticket to an agent who has left since."""
        left = index % 21 == 15
        return self._chance.choice([agent for agent in self._people.agents if agent.deleted == left])

    def _opens(self, index: int) -> datetime:
        """Spread openings over the span in order, with some in the same second and two beside the clock changes."""
        if index % 10 == 1 and self._opened:
            moment = self._opened[-1]
        elif index % 60 == 20:
            moment = _CLOCKS_BACK
        elif index % 60 == 40:
            moment = _CLOCKS_FORWARD
        else:
            step = int(_SPAN.total_seconds()) // self._total
            moment = _STARTS + timedelta(seconds=index * step + self._chance.randrange(max(step, 1)))
        self._opened.append(moment)
        return moment

    def _length(self, index: int) -> int:
        if index == _NO_LONG_BELOW * 2 // 5 + 2 and self._total >= _NO_LONG_BELOW:
            return min(_LONG_THREAD, _LONG_THREAD * self._total // _LONG_FROM)
        return _LENGTHS[index % len(_LENGTHS)]

    def _subject(self, index: int, language: Language, order: str) -> str:
        if index % 37 == 7:
            return ""
        if index % 37 == 19:
            return f'=HYPERLINK("x";"{order}") — 🤖 "quoted", it\'s <b>bold</b> & more'
        if index % 37 == 28:
            return f"Fwd: Re: AW: {order} " + "very " * 24 + "long subject"
        subject = self._chance.choice(language.subjects).format(ref=order)
        return f"Re: {subject}" if index % 8 == 6 else subject

    def _custom_fields(self, index: int, order: str) -> dict[str, Any]:
        if index % 6 == 5:
            return {}
        chance = self._chance
        values: dict[str, Any] = {"Order No": order, "Refund wanted": chance.random() < 0.5}
        if index % 2 == 0:
            values |= {"Product": chance.choice(FIELDS[1].options), "Quantity": chance.randrange(1, 500)}
        if index % 3 == 0:
            day = _STARTS + timedelta(days=chance.randrange(700))
            values |= {"Delivery date": day.date().isoformat(), "Amount": chance.randrange(100, 99_999) / 100}
        return values

    def _copied(self, index: int, requester: SeedPerson) -> tuple[str, ...]:
        if index % 7 != 3:
            return ()
        others = [person for person in self._people.usual if person.key != requester.key and not person.deleted]
        return tuple(person.key for person in self._chance.sample(others, min(2, len(others))))

    def _rating(self, index: int, status: SeedStatus) -> tuple[int, str | None] | None:
        if status not in {"solved", "closed"} or index % 3:
            return None
        return self._chance.choice(((1, "Great help, thanks! ⭐"), (0, None), (-1, 'Took "3 weeks"'), (1, None)))
