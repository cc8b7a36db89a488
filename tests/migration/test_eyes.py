"""What customers could not read they cannot read afterwards, and every line says who wrote it."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from migration.faulty_desk import FILE, Kill, Rows, destination, dump, message, person, source, ticket
from tiers import spread

from helpdesk_bridge.adapter import Fidelity, FieldFidelity, MessageClass, Opening
from helpdesk_bridge.datasets.dataset import Dataset
from helpdesk_bridge.errors import Invalid, NotFound
from helpdesk_bridge.migration import ExitCode, Migration, NeverPossible, Options, Threads
from helpdesk_bridge.migration.journal.states import Kind, State
from helpdesk_bridge.migration.plan.thread_layout import (
    BEGINS_INTERNAL,
    Bundle,
    composed,
    later_bundles,
    opening_bundle,
)
from helpdesk_bridge.model.drafts import MessageDraft
from helpdesk_bridge.model.records import Message
from helpdesk_bridge.model.values import Actor, Body, MessageKind, Visibility
from helpdesk_bridge.testing.fake import FakeHelpdesk

ONE = Options(workers=1, yes=True)
WAYS = list(Threads)
AT = datetime(2025, 3, 1, 9, tzinfo=UTC)

people = st.sampled_from(
    [
        Actor.contact(id="1", name="Ann", email="ann@client.example"),
        Actor.agent(id="2", name="Eve", email="e@d.example"),
    ]
)


@st.composite
def threads(draw):
    seen = draw(st.lists(st.sampled_from(list(Visibility)), min_size=1, max_size=8))
    kinds = st.sampled_from(list(MessageKind))
    return [
        Message(
            id=str(number),
            ticket_id="7",
            author=draw(people),
            visibility=visibility,
            kind=draw(kinds),
            body=Body(html=f"<p>{visibility.value}-{number}</p>") if draw(st.booleans()) else Body(text=f"{visibility.value}-{number}"),
            opening=number == 0,
            created_at=AT + timedelta(minutes=number),
        )
        for number, visibility in enumerate(seen)
    ]  # fmt: skip


def written(thread, way):
    """Return the bundles of a thread as a first run writes them, the opening first."""
    first = opening_bundle(thread, way)
    return [first, *later_bundles([one for one in thread if one not in first.sources], way)]


@given(threads(), st.sampled_from(WAYS))
def test_no_internal_text_stands_in_a_public_message_and_none_is_lost(thread, way):
    bundles = written(thread, way)
    assert sorted(one.id for bundle in bundles for one in bundle.sources) == sorted(one.id for one in thread)
    made = [composed(bundle, bundle.sources) for bundle in bundles]
    assert [one.opening for one in made] == [True, *[False] * (len(made) - 1)]
    assert isinstance(made[0], Opening)
    for bundle, one in zip(bundles, made, strict=True):
        if one.visibility is Visibility.PUBLIC:
            assert "internal-" not in one.body.text
        for text in (part.body.text for part in bundle.sources):
            assert text in one.body.text
    begins = thread[0].visibility is Visibility.INTERNAL
    assert (BEGINS_INTERNAL in made[0].body.text) is begins
    if way is not Threads.MESSAGES:
        assert len(made) <= 2


@given(threads())
def test_a_bundle_refuses_an_internal_message_in_an_opening(thread):
    if any(one.visibility is Visibility.INTERNAL for one in thread):
        with pytest.raises(ValueError, match="internal"):
            Bundle(tuple(thread), opening=True)


def test_an_opening_cannot_be_made_internal():
    public = Opening(id="1", ticket_id="7", author=Actor.contact(), visibility=Visibility.PUBLIC, kind=MessageKind.REPLY, body=Body(text=""))  # fmt: skip
    for make in (
        lambda: evolve(public, visibility=Visibility.INTERNAL),
        lambda: Opening.of(Message(**{**plain(public), "visibility": Visibility.INTERNAL})),
    ):
        with pytest.raises(Invalid) as refused:
            make()
        assert refused.value.field == "opening"


def plain(one):
    return {name: getattr(one, name) for name in ("id", "ticket_id", "author", "visibility", "kind", "body")}


# -- migrations ----------------------------------------------------------------------------------------------------


def note(author, minutes, text, **values):
    return message(author, minutes, text, private=True, kind="note", **values)


def helpdesk():
    """Tickets that begin with notes, hold notes everywhere, or hold nothing else. SECRET is for agents' eyes."""
    people = (
        person("ann", "ann@client.example"),
        person("eve", "eve@desk.example", role="agent"),
        person("gil", "gil@desk.example", role="agent", name="Gil Gone"),
    )
    tickets = (
        ticket("t1", "ann", note("eve", 0, "SECRET-1 she rang"), message("ann", 1, "I rang"), note("gil", 2, "SECRET-2", files=(FILE,)), message("gil", 3, "We look")),
        ticket("t2", "ann", note("gil", 10, "SECRET-3 made by an agent")),
        ticket("t3", "ann", message("ann", 20, "It broke"), note("eve", 21, "SECRET-4"), message("eve", 22, "Sent"), note("eve", 23, "SECRET-5"), status="closed"),
        ticket("t4", "ann", message("ann", 30, "Only this")),
        ticket("t5", "ann", message("gil", 40, "We wrote first"), message("ann", 41, "Thanks")),
    )  # fmt: skip
    return Dataset(people=people, tickets=tickets)


def migrate(old, new, path, way=Threads.MESSAGES):
    with Migration(old, new, path, options=evolve(ONE, threads=way)) as migration:
        return migration.migrate()


def threads_at(new):
    return {one.subject.rpartition(" ")[2]: list(new.fake.messages.list(one.id)) for one in new.fake.all_tickets()}


@pytest.mark.parametrize("way", WAYS)
def test_tickets_that_begin_with_a_note_or_hold_some_show_customers_none_of_it(tmp_path, way):
    new = destination()
    summary = migrate(source(helpdesk()), new, tmp_path / "journal", way)
    assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
    assert summary.as_json()["messages"] == {"planned": 12, "migrated": 12, "skipped": 0, "failed": 0, "in_doubt": 0}
    found = threads_at(new)
    for thread in found.values():
        public = [one for one in thread if one.visibility is Visibility.PUBLIC]
        assert public[0] is thread[0]
        assert not any("SECRET" in one.body.text or one.body.text.count(FILE.filename) for one in public)
        assert not any(one.attachments for one in public)
    every = "\n".join(one.body.text for thread in found.values() for one in thread)
    assert [every.count(f"SECRET-{number}") for number in range(1, 6)] == [1] * 5
    lengths = {name: len(thread) for name, thread in found.items()}
    if way is Threads.MESSAGES:
        assert lengths == {"t1": 5, "t2": 2, "t3": 4, "t4": 1, "t5": 2}
        assert [one.kind for one in found["t1"]][:2] == [MessageKind.REPLY, MessageKind.NOTE]
    elif way is Threads.NOTE:
        assert lengths == {"t1": 2, "t2": 2, "t3": 2, "t4": 1, "t5": 2}
    else:
        assert lengths == {"t1": 2, "t2": 2, "t3": 2, "t4": 1, "t5": 1}
        assert all(one in found["t1"][0].body.text for one in (BEGINS_INTERNAL, "I rang", "We look"))
    assert found["t2"][0].body.text == BEGINS_INTERNAL
    assert ("ticket.opening", 2) in {(one.field, one.records) for one in summary.changed}


@pytest.mark.parametrize("way", [Threads.NOTE, Threads.DESCRIPTION])
def test_header_lines_name_people_as_the_lists_know_them(tmp_path, way):
    """A thread tells agents and customers by id alone at some vendors."""
    old, new = source(helpdesk()), destination()
    migrate(Anonymous(old), new, tmp_path / "journal", way)
    for thread in threads_at(new).values():
        for one in thread:
            lines = [line for line in one.body.text.splitlines() if line.startswith("[Imported] ")]
            assert not any(line.startswith("[Imported] <>") for line in lines)
    every = "\n".join(one.body.text for thread in threads_at(new).values() for one in thread)
    assert "[Imported] Gil Gone <gil@desk.example> · agent · 2025-03-01T09:02:00Z · internal · note" in every
    assert "[Imported] Ann <ann@client.example> · customer" in every


def test_an_author_who_left_the_lists_is_named_by_the_id(tmp_path):
    data = helpdesk()
    data = evolve(data, people=(*data.people, person("zoe", "zoe@client.example")))  # an empty list would be questioned
    old, new = Anonymous(source(data), gone=("gil@desk.example", "ann@client.example")), destination()
    migrate(old, new, tmp_path / "journal", Threads.NOTE)
    (_, told) = threads_at(new)["t1"]
    gil, ann = (old.ids[one] for one in ("gil@desk.example", "ann@client.example"))
    assert f"[Imported] agent {gil} <> · agent" in told.body.text
    assert f"[Imported] customer {ann} <> · customer" in told.body.text


class Anonymous:
    """A desk whose threads name people by id alone; ``gone`` ones no list has any more."""

    def __init__(self, inner, gone=()):
        self._inner, self._gone, self.ids = inner, gone, {}

    def __getattr__(self, name):
        return getattr(self._inner, name)

    @property
    def messages(self):
        return Part(self._inner.messages, list=lambda *one, **options: Rows(self._thread(*one, **options)))

    def _thread(self, ticket_id, **options):
        for one in self._inner.messages.list(ticket_id, **options):
            self.ids[one.author.email] = one.author.id
            yield evolve(one, author=Actor(one.author.kind, id=one.author.id))

    @property
    def agents(self):
        return Part(self._inner.agents, list=lambda: self._left(self._inner.agents.list()))

    @property
    def contacts(self):
        return Part(
            self._inner.contacts, list=lambda query=None: self._left(self._inner.contacts.list(query)), get=self._get
        )

    def _get(self, contact_id):
        contact = self._inner.contacts.get(contact_id)
        if contact.emails and contact.emails[0] in self._gone:
            raise NotFound("there is no such contact any more")
        return contact

    def _left(self, people):
        return Rows(one for one in people if one.email not in self._gone)


class Part:
    def __init__(self, inner, **parts):
        self.__dict__.update(parts)
        self._inner = inner

    def __getattr__(self, name):
        return getattr(self._inner, name)


@pytest.mark.parametrize("way", WAYS)
def test_later_runs_show_customers_no_new_note(tmp_path, way):
    old, new, path = source(helpdesk()), destination(), tmp_path / "journal"
    migrate(old, new, path, way)
    for one in old.all_tickets():
        old.clock.advance(60)
        old.messages.note(one.id, MessageDraft(body="SECRET-9"))
        old.messages.reply(one.id, MessageDraft(body="Seen"))
    summary = migrate(old, new, path, way)
    assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
    for thread in threads_at(new).values():
        assert not any("SECRET" in one.body.text for one in thread if one.visibility is Visibility.PUBLIC)
        assert sum("SECRET-9" in one.body.text for one in thread) == 1


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("operation", ["ticket", "message"])
def test_an_answer_that_is_lost_doubles_nothing_of_a_ticket_that_begins_with_a_note(tmp_path, way, operation):
    new = destination()
    new.faults.lost.add((operation, 1))
    summary = migrate(source(helpdesk()), new, tmp_path / "journal", way)
    assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
    every = "\n".join(one.body.text for thread in threads_at(new).values() for one in thread)
    assert [every.count(f"SECRET-{number}") for number in range(1, 6)] == [1] * 5
    assert len(new.fake.all_tickets()) == 5


def random_helpdesk(shapes):
    """Return tickets whose threads are letters: C by the customer, A by an agent, F by an agent and of the vendor's, S secret."""
    people = helpdesk().people
    tickets = []
    for number, shape in enumerate(shapes):
        thread = []
        for place, letter in enumerate(shape):
            text = f"{'SECRET' if letter == 'S' else 'open'}-{number}-{place}."
            write = note if letter == "S" else message
            author = {"C": "ann", "A": "eve", "S": "gil", "F": None}[letter]
            thread.append(write(author, 100 * number + place, text, **({"kind": "automatic"} if letter == "F" else {})))
        tickets.append(ticket(f"r{number}", "ann", *thread))
    return Dataset(people=people, tickets=tuple(tickets))


@pytest.mark.slow
@settings(max_examples=25)
@given(
    shapes=st.lists(st.text("CASF", min_size=1, max_size=6), min_size=1, max_size=4),
    first=st.sampled_from(WAYS),
    then=st.sampled_from(WAYS),
    more=st.lists(st.sampled_from(["note", "reply"]), max_size=3),
)
def test_any_helpdesk_that_is_migrated_and_goes_on_shows_customers_no_internal_text(
    tmp_path_factory, shapes, first, then, more
):
    old, new = source(random_helpdesk(shapes)), destination()
    path = tmp_path_factory.mktemp("random") / "journal"
    migrate(old, new, path, first)
    texts = [part.body.text for one in old.all_tickets() for part in old.messages.list(one.id)]
    for one in old.all_tickets():
        for number, what in enumerate(more):
            old.clock.advance(60)
            texts.append(f"{'SECRET' if what == 'note' else 'open'}-{one.id}-later-{number}.")
            getattr(old.messages, what)(one.id, MessageDraft(body=texts[-1]))
    summary = migrate(old, new, path, then)
    assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
    parts = [part for thread in threads_at(new).values() for part in thread]
    assert not any("SECRET" in one.body.text for one in parts if one.visibility is Visibility.PUBLIC)
    every = "\n".join(one.body.text for one in parts)
    assert {one: every.count(one) for one in texts} == dict.fromkeys(texts, 1)


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    kept = {}
    for way in WAYS:
        new = destination()
        kept[way] = migrate(source(helpdesk()), new, tmp_path_factory.mktemp(way.value) / "journal", way), dump(new)
    return kept


@pytest.mark.parametrize(("step", "way"), spread(product([3, 5, 6, 7, 8, 9, 10, 12, 15, 18], WAYS), quick=5, slow=2))
def test_a_run_that_is_killed_shows_customers_nothing_more_and_doubles_nothing(tmp_path, way, step, unbroken):
    old, new, path = source(helpdesk()), destination(), tmp_path / "journal"
    new.faults.kill_at = step
    with suppress(Kill):
        migrate(old, new, path, way)
    new.faults.kill_at = None
    summary = migrate(old, new, path, way)
    whole, wanted = unbroken[way]
    assert dump(new) == wanted
    assert (summary.differences, summary.counts) == ((), whole.counts)


@pytest.mark.parametrize("way", WAYS)
def test_a_migration_whose_journal_is_lost_finds_tickets_that_begin_with_a_note(tmp_path, way, unbroken):
    old, new, path = source(helpdesk()), destination(), tmp_path / "journal"
    with Migration(old, new, path, options=evolve(ONE, threads=way)) as migration:
        migration.migrate()
    path.rename(tmp_path / "lost")
    with Migration(old, new, path, options=evolve(ONE, threads=way)) as migration:
        summary = migration.migrate()
    assert dump(new) == unbroken[way][1]
    assert summary.differences == ()


def refusing(*_):
    raise Invalid("this cannot be looked for")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("decision", ["found", "again"])
def test_a_ticket_in_doubt_that_is_decided_gets_every_message_once(tmp_path, way, decision, unbroken):
    """What was sent with the ticket stands with it; in the description that is more than the first message."""
    old, new, path = source(helpdesk()), destination(), tmp_path / "journal"
    new.faults.lost.add(("ticket", 1))
    find, new.importer.find = new.importer.find, refusing
    with Migration(old, new, path, options=evolve(ONE, threads=way)) as migration:
        migration.run()
        (doubtful,) = [one.key.id for one in migration.journal.by_state(Kind.TICKET, State.IN_DOUBT)]
        new.importer.find = find
        (there,) = [one.id for one in new.fake.all_tickets() if one.subject == old.tickets.get(doubtful).subject]
        if decision == "again":
            new.fake.removal.ticket(there)
        migration.decide_in_doubt(doubtful, "again" if decision == "again" else f"found:{there}")
        summary = migration.migrate()
    assert dump(new) == unbroken[way][1]
    assert summary.differences == ()


def test_a_note_that_became_public_at_the_destination_is_a_difference(tmp_path):
    fidelity = FakeHelpdesk().importer.fidelity
    told = FieldFidelity(Fidelity.HEADER_LINE, "as if")
    fidelity = evolve(fidelity, messages={kind: {**kept, "kind": told} for kind, kept in fidelity.messages.items()})
    new = destination(fidelity=fidelity)
    with Migration(source(helpdesk()), new, tmp_path / "journal", options=ONE) as migration:
        assert migration.migrate().differences == ()
        inner = new.importer._inner
        store = inner._importer._desk.store
        secret = threads_at(new)["t2"][1]
        with store.database.write() as connection:
            connection.execute("DELETE FROM messages WHERE id = ?", (secret.id,))
            store.messages.add(evolve(secret, visibility=Visibility.PUBLIC))
        assert {(one.record, one.field) for one in migration.verify()} == {("message", "visibility")}


def test_an_opening_of_ours_that_was_overwritten_is_a_difference(tmp_path):
    new = destination()
    with Migration(source(helpdesk()), new, tmp_path / "journal", options=ONE) as migration:
        assert migration.migrate().differences == ()
        store = new.importer._inner._importer._desk.store
        opening = threads_at(new)["t2"][0]
        with store.database.write() as connection:
            connection.execute("DELETE FROM messages WHERE id = ?", (opening.id,))
            store.messages.add(evolve(opening, body=Body(text="Something else")))
        assert {(one.record, one.field) for one in migration.verify()} == {("message", "body")}


@pytest.mark.parametrize("how", [None, Fidelity.HEADER_LINE, Fidelity.CHANGED, Fidelity.LOST])
def test_a_destination_that_cannot_keep_notes_internal_is_refused(tmp_path, how):
    fidelity = FakeHelpdesk().importer.fidelity
    note = {**fidelity.messages[MessageClass.NOTE], "visibility": how and FieldFidelity(how)}
    if how is None:
        del note["visibility"]
    new = destination(fidelity=evolve(fidelity, messages={**fidelity.messages, MessageClass.NOTE: note}))
    with pytest.raises(NeverPossible, match="shows internal notes to customers") as refused:
        Migration(source(helpdesk()), new, tmp_path / "journal")
    assert refused.value.exit_code is ExitCode.USAGE


# -- the plan ------------------------------------------------------------------------------------------------------


class Counted:
    """A destination that charges a unit a write, and forecasts a second a unit."""

    def __init__(self, inner, cost):
        self._inner, self.importer = inner, Part(inner.importer, cost=cost)

    def __getattr__(self, name):
        return getattr(self._inner, name)


@pytest.mark.parametrize("way", WAYS)
def test_the_forecast_of_a_plan_that_read_everything_counts_every_note(tmp_path, way):
    from helpdesk_bridge.adapter import ImportCost

    new = Counted(destination(), ImportCost(contact=0, ticket=0, message=1, finish=0))
    with Migration(source(helpdesk()), new, tmp_path / "journal", options=evolve(ONE, threads=way)) as migration:
        plan = migration.plan(full=True)
        none = migration.plan(sampled=0)
    reading = 1 + 1 + 5  # both lists and the threads, to be verified
    notes = {Threads.MESSAGES: 7 + 2, Threads.NOTE: 4, Threads.DESCRIPTION: 3}
    assert plan.forecasts[way].destination_units == reading + notes[way]
    assert ("ticket.opening", 2) in {(one.field, one.records) for one in plan.fidelity}
    # Without a look at any thread, a note for each ticket that may need one.
    assert none.forecasts[Threads.DESCRIPTION].destination_units == none.forecasts[Threads.NOTE].destination_units


@pytest.mark.parametrize(
    ("way", "told"),
    [
        (Threads.MESSAGES, {}),
        (Threads.NOTE, {"one private note holds it with other messages": 7}),
        (Threads.DESCRIPTION, {"the opening holds it": 4, "one private note holds it with other messages": 3}),
    ],
)
def test_the_plan_says_what_becomes_of_messages_that_are_written_together(tmp_path, way, told):
    """A local desk keeps everything of a message that is written by itself."""
    with Migration(source(helpdesk()), destination(), tmp_path / "journal", options=evolve(ONE, threads=way)) as one:
        plan = one.plan(full=True)
        summary = one.migrate()
    for changes in (plan.fidelity, summary.changed):
        found = {change.why.partition(";")[0]: change.records for change in changes if change.field == "message.author"}
        assert found == {place: records + (2 if "note" in place else 0) for place, records in told.items()}
        assert all(change.change == "kept as header line" for change in changes if change.field == "message.author")
