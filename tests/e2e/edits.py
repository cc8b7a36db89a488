"""Programs of edits: a random helpdesk is migrated, changed as people change one, migrated again, verified and judged.

The judge reads both sides as a stranger would. What it finds must be carried or announced; a verification that is silent
where the judge is not fails.
"""

from __future__ import annotations

import random
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import import_module

from attrs import evolve
from e2e.judge import judge, tickets_at, truth_of
from e2e.wire import WIRES, LocalFile
from migration.faulty_desk import message, person, ticket
from migration.simulators import SCALES, served, settings_for
from odd_documents import OddRows

from helpdesk_bridge import open_desk
from helpdesk_bridge.datasets.dataset import Dataset, SeedField
from helpdesk_bridge.migration import DecisionNeeded, Migration, Options, Threads
from helpdesk_bridge.model.values import Actor, ActorKind, Body, MessageKind, Visibility
from helpdesk_bridge.testing.simulator.server import SimulatorServer

AGENTS = ("eve@desk.example", "zoe@old.example")
"""The second has no counterpart at the destination."""
CUSTOMERS = ("ann@client.example", "annlee@client.example", "Ann@client.example", "ann.lee@client.example")
ODD = (
    "o'hara+vip@client.example",
    "ann lee@client.example",
    "ayşe@bücher.example",
    "\u212aim@client.example",
    "nobody",
)
"""Addresses that some vendor takes for none: a blank, a domain beyond ASCII, a Kelvin sign, no domain."""
PHONES = ("+905551112233", "+905551112234")
"""Of customers who have no address."""
WORDS = ("broke", "again", "lost", "found", "late", "early", "why", "thanks")


def account(rng, *, tickets, odd=ODD):
    """Return a random account: internal openings, notes everywhere, agents without counterpart, people who are nearly alike.

    ``odd`` are addresses that the source holds besides.
    """
    plain = [one for one in CUSTOMERS if one != "Ann@client.example"]
    customers = (
        *(person(f"c{n}", email) for n, email in enumerate([*plain, *odd])),
        *(person(f"p{n}", None, phone=phone) for n, phone in enumerate(PHONES)),
    )
    people = (*customers, *(person(one.partition("@")[0], one, role="agent") for one in AGENTS))
    made = []
    for number in range(tickets):
        minute = number * 100
        thread = []
        for place in range(rng.randint(1, 4)):
            author = rng.choice([one.key for one in people])
            agent = author in ("eve", "zoe")
            secret = agent and rng.random() < 0.5
            text = f"{'SECRET' if secret else 'said'} {rng.choice(WORDS)} {number}-{place}"
            thread.append(message(author, minute + place, text, private=secret, kind="note" if secret else "reply"))
        values = {"tags": rng.choice([(), ("vip",)]), "custom_fields": rng.choice([{}, {"Order No": f"A-{number}"}])}
        made.append(ticket(f"t{number}", rng.choice(customers).key, *thread, **values))
    return Dataset(
        people=people,
        groups=("Sales",),
        tags=("vip", "other"),
        fields=(SeedField("Order No", "text"),),
        tickets=tuple(made),
    )


def empty():
    return Dataset(
        people=(person("eve", AGENTS[0], role="agent"),),
        groups=("Sales",),
        tags=("vip", "other"),
        fields=(SeedField("Order No", "text"),),
        tickets=(),
    )


@dataclass
class Program:
    """One source with its edits; ``store`` is the local desk's own, for what no port changes."""

    rng: random.Random
    desk: object
    gone: set[str] = field(default_factory=set)
    count: int = 0
    log: list[str] = field(default_factory=list)

    @property
    def store(self):
        return self.desk._adapter.importer._desk.store

    def tickets(self):
        return [one for one in self.desk.tickets.list(include={"custom_fields"}) if one.id not in self.gone]

    def text(self, *, secret=False):
        self.count += 1
        return f"{'SECRET' if secret else 'said'} {self.rng.choice(WORDS)} new-{self.count}"

    def step(self):
        rules = [
            self.note, self.answer, self.subject, self.fields, self.emptied, self.edited, self.hidden, self.delete,
            self.spam, self.customer, self.merged, self.ticket,
        ]  # fmt: skip
        rule = self.rng.choice(rules)
        self.log.append(rule.__name__)
        rule(self.rng.choice(self.tickets()))

    def _said(self, one, author, *, secret):
        self.store.messages.add(self._message(one, author, secret=secret))
        self.desk.tickets.update(one.id, priority=self.rng.choice(["low", "normal", "high"]))

    def _message(self, one, author, *, secret):
        self.count += 1
        kind = ActorKind.AGENT if author in AGENTS else ActorKind.CONTACT
        there = self.desk.contacts.find(email=author) if kind is ActorKind.CONTACT else None
        thread = list(self.desk.messages.list(one.id))
        last = max(known.created_at for known in thread)
        return evolve(
            thread[0],
            id=self.store.messages.new_id(),
            author=Actor(kind, id=there.id if there else None, email=author, name=None),
            visibility=Visibility.INTERNAL if secret else Visibility.PUBLIC,
            kind=MessageKind.NOTE if secret else MessageKind.REPLY,
            body=Body(text=self.text(secret=secret)),
            opening=False,
            created_at=last.replace(microsecond=0) + timedelta(seconds=1),
        )

    def note(self, one):
        self._said(one, self.rng.choice(AGENTS), secret=True)

    def answer(self, one):
        self._said(one, self.rng.choice((*AGENTS, CUSTOMERS[0])), secret=False)

    def subject(self, one):
        self.count += 1
        self.desk.tickets.update(one.id, subject=f"Other subject {self.count}")

    def fields(self, one):
        self.count += 1
        self.desk.tickets.update(
            one.id, tags=("other",), custom_fields={"Order No": f"B-{self.count}"}, assignee=self.rng.choice((AGENTS[0], None)),
            status=self.rng.choice(["open", "pending", "closed"]),
        )  # fmt: skip

    def emptied(self, one):
        self.desk.tickets.update(one.id, tags=(), custom_fields={"Order No": None}, assignee=None)

    def _rewritten(self, one, **values):
        known = self.rng.choice(list(self.desk.messages.list(one.id)))
        self.store.messages.rewrite(evolve(known, **values))
        self.desk.tickets.update(one.id, priority=self.rng.choice(["low", "normal", "high"]))

    def edited(self, one):
        known = self.rng.choice(list(self.desk.messages.list(one.id)))
        secret = known.visibility is Visibility.INTERNAL
        self.store.messages.rewrite(evolve(known, body=Body(text=self.text(secret=secret))))
        self.desk.tickets.update(one.id, priority=self.rng.choice(["low", "normal", "high"]))

    def hidden(self, one):
        """A public message is made internal, and says something else."""
        known = self.rng.choice(list(self.desk.messages.list(one.id)))
        if not known.opening:
            changed = {"visibility": Visibility.INTERNAL, "kind": MessageKind.NOTE}
            self.store.messages.rewrite(evolve(known, body=Body(text=self.text(secret=True)), **changed))
            self.desk.tickets.update(one.id, priority=self.rng.choice(["low", "normal", "high"]))

    def delete(self, one):
        if len(self.tickets()) > 2:
            self.gone.add(one.id)
            self.desk.removal.ticket(one.id)

    def spam(self, one):
        if len(self.tickets()) > 2:
            self.gone.add(one.id)
            self.store.tickets.put(evolve(one, spam=True))

    def customer(self, _one):
        self.count += 1
        known = self.rng.choice(list(self.desk.contacts.list()))
        self.desk.contacts.update(known.id, name=f"Name {self.count}")

    def merged(self, one):
        other = self.rng.choice(self.tickets())
        if other.id != one.id:
            self.store.tickets.put(evolve(one, merged_into=other.id))

    def ticket(self, _one):
        self.count += 1
        self.desk.tickets.create(
            subject=f"New {self.count}", description=self.text(), requester=self.rng.choice(CUSTOMERS)
        )


class CallsProgram(Program):
    """A vendor's account, changed by its own calls alone."""

    def step(self):
        rules = [self.note, self.answer, self.subject, self.fields, self.emptied, self.customer, self.ticket]
        if self.desk.vendor == "deskie":
            rules += [self.asked, self.edited, self.delete, self.spam, self.dropped]
        rule = self.rng.choice(rules)
        self.log.append(rule.__name__)
        rule(self.rng.choice(self.tickets()))

    def note(self, one):
        self.desk.messages.note(one.id, self.text(secret=True))

    def answer(self, one):
        self.desk.messages.reply(one.id, self.text())

    def asked(self, one):
        """The customer says something in the application's own portal."""
        if one.requester.email:
            self.desk.messages.add_from_contact(one.id, self.text(), author=one.requester)

    def fields(self, one):
        self.count += 1
        tags = {"tags": ("other",)} if self.desk.tags else {}
        self.desk.tickets.update(
            one.id, custom_fields={"Order No": f"B-{self.count}"}, assignee=self.rng.choice((AGENTS[0], None)),
            status=self.rng.choice(["open", "pending", "closed"]), **tags,
        )  # fmt: skip

    def emptied(self, one):
        tags = {"tags": ()} if self.desk.tags else {}
        self.desk.tickets.update(one.id, custom_fields={"Order No": None}, assignee=None, **tags)

    def edited(self, one):
        known = self.rng.choice(list(self.desk.messages.list(one.id)))
        secret = known.visibility is Visibility.INTERNAL
        calls = self.desk.vendor_api.messages
        (calls.edit_note if secret else calls.edit)(one.id, known.id, self.text(secret=secret))

    def dropped(self, one):
        known = [message for message in self.desk.messages.list(one.id) if not message.opening]
        if known:
            last = self.rng.choice(known)
            calls = self.desk.vendor_api.messages
            (calls.delete_note if last.visibility is Visibility.INTERNAL else calls.delete)(one.id, last.id)

    def spam(self, one):
        if len(self.tickets()) > 2:
            self.gone.add(one.id)
            self.desk.vendor_api.cases.spam(one.id)


def announced(summary):
    """Return how many messages of each source ticket were announced as not carried."""
    return Counter(row.ticket for row in summary.uncarried if row.record == "message")


def problems_of(program, old, new, summary, known):
    """Return what the judge finds and nobody announced; ``known`` are the words of earlier rounds, by ticket id."""
    verdict = judge(truth_of(old), tickets_at(new))
    problems = [f"leaked: {one}" for one in verdict.leaked] + [f"nameless: {one}" for one in verdict.nameless]
    allowed = sum(announced(summary).values()) + sum(row["record"] == "message" for row in summary.gone)
    gone_notes = sum(row["outcome"] == "marked" for row in summary.gone)
    stale = [one for one in verdict.invented if one in known]
    fresh = [one for one in verdict.invented if one not in known]
    problems += [f"invented: {one}" for one in fresh[gone_notes:]]
    if len(stale) > allowed:
        problems.append(f"{len(stale)} old texts are there, {allowed} were announced: {stale[:2]}")
    if len(verdict.lost) > allowed:
        problems.append(f"{len(verdict.lost)} messages are lost, {allowed} were announced: {verdict.lost[:2]}")
    gone = {row["id"] for row in summary.gone if row["record"] == "ticket"}
    if len(verdict.strangers) > len(gone):
        problems.append(f"strangers: {verdict.strangers}")
    return problems


def played(folder, seed, destination, way, rounds, edits=3, source="local"):
    """Play a program and yield, per round, what it did and what was wrong with it."""
    rng = random.Random(seed)
    odd = () if source == "desk365" else ODD  # a customer of Desk365 is an address
    with _source(folder, source, account(rng, tickets=5, odd=odd)) as (old, old_wire, made_up):
        program = (Program if source == "local" else CallsProgram)(rng, old)
        options = Options(yes=True, workers=1, threads=Threads(way))
        with _destination(folder, destination) as (new, wire):
            known = set()
            for number in range(rounds):
                program.log.append(f"round {number}")
                with Migration(old, new, folder / "journal", options=options) as migration:
                    if number == 0:
                        migration.choose_gone(rng.choice(["keep", "mark"]))
                    try:
                        migration.run()
                    except DecisionNeeded as needed:
                        yield program.log, [f"a decision was asked for: {needed}"]
                        return
                    migration.verify()
                    summary = migration.summary()
                found = problems_of(program, old_wire, wire, summary, known)
                found += [f"difference: {one}" for one in summary.differences]
                told = {one.field for one in summary.changed if one.change == "lost"}
                found += [f"not announced: {name}" for name in made_up if name not in told]
                if not summary.verified and not summary.differences:
                    rows = summary.extent.source.rows if summary.extent and summary.extent.source else ()
                    found.append(f"not verified: {rows}")
                yield program.log, found
                known |= {one for _, words in truth_of(old_wire) for one in words}
                for _ in range(edits):
                    program.step()


@contextmanager
def _source(folder, vendor, dataset):
    """Yield the source, the stranger's way to it, and the keys that no one knows in the documents it sends."""
    if vendor == "local":
        path = folder / "old.db"
        with open_desk({"vendor": "local", "path": str(path)}, name="old") as desk:
            desk.vendor_api.seed(dataset)
            yield desk, LocalFile(path), ()
        return
    create = import_module(f"helpdesk_bridge_{vendor}.simulator").create
    simulator = create(dataset, time_scale=SCALES[vendor])
    odd = OddRows(simulator, lambda kind, row: MADE_UP.get(_area(kind, row)))
    with SimulatorServer(odd) as server:
        settings = {"vendor": vendor, **settings_for(simulator, server.url, SCALES[vendor])}
        wire = WIRES[vendor](settings)
        with open_desk(settings, name="old") as desk:
            yield desk, wire, [f"{area}.{key}" for area, (key, _) in MADE_UP.items()]
        wire.close()


MADE_UP = {
    "ticket": ("zz_weather", {"of": ["day"]}),
    "contact": ("zz_star_sign", "crab"),
    "message": ("zz_mood", 7),
}
"""Keys that no version of an adapter knows, by the area under which they are announced."""


def _area(kind, row):
    rows = {"case": "ticket", "tickets": "ticket", "message": "message", "conversations": "message"}
    return rows.get(kind) or ("contact" if {"user_email", "primary_email"} & row.keys() else None)


class _destination:  # noqa: N801 - used as a function
    def __init__(self, folder, vendor):
        self.folder, self.vendor = folder, vendor

    def __enter__(self):
        if self.vendor == "local":
            path = self.folder / "new.db"
            self.desk = open_desk({"vendor": "local", "path": str(path)}, name="new")
            self.desk.vendor_api.seed(empty())
            self.served = None
            return self.desk, LocalFile(path)
        self.served = served(self.vendor, empty())
        one = self.served.__enter__()
        self.wire = WIRES[self.vendor](one.settings)
        return one.desk, self.wire

    def __exit__(self, *error):
        if self.served is None:
            self.desk.close()
        else:
            self.wire.close()
            self.served.__exit__(*error)
