"""The importer keeps every field of a record exactly as it was."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import attrs
import pytest
from attrs import evolve
from hypothesis import example, given, settings
from hypothesis import strategies as st
from local.local_strategies import BASE, actors, contacts, emails, messages, refs, text, tickets

from helpdesk_bridge import open_desk
from helpdesk_bridge.errors import Conflict, Invalid, NotFound
from helpdesk_bridge.model.addresses import email_key
from helpdesk_bridge.model.drafts import ContactDraft
from helpdesk_bridge.model.queries import ContactQuery, How, Match, TicketQuery
from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.model.values import Actor, ActorKind, Body, IdKind, MessageKind, Ref, Status, Upload, Visibility
from helpdesk_bridge.text.decoding import mended
from helpdesk_bridge.text.plain import fold

MARKER = "0123456789abcdef"
# Ids that somebody has here, with whatever else another desk may tell of whoever has them there.
known_actors = st.builds(
    Actor,
    st.sampled_from(list(ActorKind)),
    st.sampled_from(["1", "2", "3"]),
    st.none() | st.sampled_from(["Ann", "ann", "a"]) | text,
    st.none() | st.just("") | emails,
)


def _opening(**over):
    given = {
        "id": "x",
        "ticket_id": "x",
        "author": Actor.contact(email="ann@example.com"),
        "visibility": Visibility.PUBLIC,
        "kind": MessageKind.REPLY,
        "body": Body(text="hello"),
        "created_at": BASE,
        "opening": True,
    }
    return Message(**{**given, **over})


def _old(**over):
    return Ticket(**{"id": "9", "ref": "", "subject": "Old", "created_at": BASE, "updated_at": BASE, **over})


def _same_person(there, here):
    """Whatever was told is as it was; what was not may have been filled in."""
    if there is None or here is None:
        return there is here
    told = {name: one for name, one in attrs.asdict(there).items() if one is not None and name != "id"}
    return all(getattr(here, name) == one for name, one in told.items())


def _same_ref(there, here):
    if there is None or here is None:
        return there is here
    return there.name == here.name if there.name else there.id == here.id or here.id is None


def public(message):
    return attrs.evolve(message, visibility=Visibility.PUBLIC)


@settings(max_examples=30, deadline=None)
@given(tickets(), messages(opening=True))
def test_an_internal_message_opens_no_ticket(old, opening):
    internal = attrs.evolve(opening, visibility=Visibility.INTERNAL)
    with open_desk({"vendor": "local", "path": ":memory:"}) as desk:
        with pytest.raises(Invalid) as refused:
            desk.importer.ticket(old, internal, (), MARKER)
        assert refused.value.field == "opening"
        assert not list(desk.tickets.list(TicketQuery(include={"spam", "deleted", "merged"})))


@settings(max_examples=80, deadline=None)
@given(tickets(), messages(opening=True).map(public), st.lists(messages(), max_size=3))
def test_every_field_of_a_ticket_and_its_thread_comes_back(old, opening, later):
    with open_desk({"vendor": "local", "path": ":memory:"}) as desk:
        importer = desk.importer
        made = importer.ticket(old, opening, (), MARKER)
        ids = [made.message_ids[0]]
        for message in later:
            ids += importer.message(made.ticket_id, message, ())
        importer.finish(made.ticket_id, old)
        got = desk._adapter.tickets.get(made.ticket_id)
        kept = importer.fidelity.ticket
        people, refs = {"requester", "assignee"}, {"group", "company"}
        computed = {"description", "message_count", "attachments", "number", "status_label", "priority_label"}
        assert set(kept) - people - refs - computed
        for name in set(kept) - people - refs - computed:
            assert getattr(got, name) == getattr(old, name), name
        for name in ("number", "status_label", "priority_label"):
            assert getattr(old, name) in (None, getattr(got, name)), name
        assert all(_same_person(getattr(old, name), getattr(got, name)) for name in people)
        assert all(_same_ref(getattr(old, name), getattr(got, name)) for name in refs)
        assert got.description == opening.body
        assert got.message_count == len(ids) == 1 + len(later)
        thread = {message.id: message for message in desk.messages.list(made.ticket_id, resolve=False)}
        assert set(thread) == set(ids)
        for message_id, message in zip(ids, [opening, *later], strict=True):
            for name in ("visibility", "kind", "body", "opening", "to", "cc", "created_at"):
                assert getattr(thread[message_id], name) == getattr(message, name), name
            assert _same_person(message.author, thread[message_id].author)
        assert [message.sequence for message in desk.messages.list(made.ticket_id)] == list(range(len(ids)))
        assert importer.find("ticket", MARKER, BASE, old) == (made.ticket_id,)


@settings(max_examples=150, deadline=None)
@given(st.lists(actors | known_actors, min_size=1, max_size=4), st.lists(refs, max_size=2))
def test_every_id_that_an_imported_record_keeps_is_one_of_this_desk(people, groups):
    with open_desk({"vendor": "local", "path": ":memory:"}) as desk:
        for name, email in (("Ann", "ann@x.io"), (None, "bob@x.io"), ("a", None)):
            desk.vendor_api.add_agent(name=name, email=email)
        desk.contacts.create(ContactDraft(name="Ann", emails=["ann@x.io"]))
        desk.contacts.create(ContactDraft(name="Bob", phones=["+4917012345"]))
        desk.vendor_api.add_group("a")
        for told in people:
            old = _old(requester=told, assignee=told, group=(groups or [None])[0], company=(groups or [None])[-1])
            made = desk.importer.ticket(old, _opening(author=told), (), MARKER)
            got = desk._adapter.tickets.get(made.ticket_id)
            (opening,) = desk.messages.list(made.ticket_id, resolve=False)
            agents = {one.id: one for one in desk.agents.list()}
            contacts_here = {one.id: one for one in desk.contacts.list()}
            for here in (got.requester, got.assignee, opening.author):
                assert _same_person(told, here)
                ids = {ActorKind.AGENT: {*agents}, ActorKind.CONTACT: {*contacts_here}, ActorKind.SYSTEM: set()}
                assert here.id is None or here.id in ids.get(told.kind, {*agents, *contacts_here})
                if here.id is not None and told.kind is ActorKind.AGENT:
                    named = agents[here.id]
                    if told.email:
                        assert named.email is None or email_key(named.email) == email_key(told.email)
                    elif told.name is not None:
                        assert fold(named.name or "") == fold(told.name)
            assert got.group is None or got.group.id in {None, *(one.id for one in desk.groups.list())}
            assert got.company is None or got.company.id in {None, *(one.id for one in desk.companies.list())}


def test_an_agent_of_another_desk_is_not_taken_for_the_one_who_has_the_id_here(desk):
    ours = desk.vendor_api.add_agent(name="Ann", email="ann@desk.example")
    for told in (
        Actor.agent(id=ours.id, name=""),
        Actor.agent(id=ours.id, name="Zoe"),
        Actor.agent(id=ours.id, name="Ann", email="zoe@elsewhere.example"),
    ):
        made = desk.importer.ticket(_old(assignee=told), _opening(author=told), (), MARKER)
        got = desk.tickets.get(made.ticket_id)
        assert got.assignee.id != ours.id
        assert got.assignee.email == told.email
        (opening,) = desk.messages.list(made.ticket_id)
        assert opening.author == got.assignee
    assert list(desk.tickets.list(TicketQuery(assignee=Actor.agent(id=ours.id)))) == []
    for told in (Actor.agent(id=ours.id), Actor.agent(id=ours.id, name="ANN"), Actor.agent(email="ann@desk.example")):
        made = desk.importer.ticket(_old(assignee=told), _opening(author=told), (), MARKER)
        assert desk.tickets.get(made.ticket_id).assignee.id == ours.id


def test_an_old_ticket_does_not_become_the_next_new_persons(desk):
    told = [
        Actor.contact(id="1", name="Zoe"),
        Actor(ActorKind.UNKNOWN, id="1", name="Zoe"),
        Actor(ActorKind.SYSTEM, id="1"),
        Actor.agent(id="1"),
    ]
    for actor in told:
        old = _old(requester=actor, assignee=actor, group=Ref("1"), company=Ref("1"))
        desk.importer.ticket(old, _opening(author=actor), (), MARKER)
    contact = desk.contacts.create(ContactDraft(name="Ann", emails=["ann@example.com"]))
    agent = desk.vendor_api.add_agent(name="Bob", email="bob@desk.example")
    group, company = desk.vendor_api.add_group("Sales"), desk.vendor_api.add_company("Acme")
    assert {contact.id, agent.id, group.id, company.id} == {"1"}
    for query in (
        TicketQuery(requester=contact.id),
        TicketQuery(assignee=Actor.agent(id=agent.id)),
        TicketQuery(groups=Ref(group.id)),
    ):
        assert list(desk.tickets.list(query)) == []
    assert {ticket.company for ticket in desk.tickets.list()} == {Ref()}
    for ticket in desk.tickets.list():
        assert "ann@example.com" not in str(ticket)
        assert "bob@desk.example" not in str([ticket, *desk.messages.list(ticket.id)])


def test_a_removed_contact_keeps_its_old_tickets(desk):
    (contact_id,) = desk.importer.contact(Contact(id="7", ref="", name="Ann", deleted=True), MARKER)
    made = desk.importer.ticket(_old(requester=Actor.contact(id=contact_id)), _opening(), (), MARKER)
    assert desk._adapter.tickets.get(made.ticket_id).requester == Actor.contact(id=contact_id, name="Ann")


@settings(max_examples=100, deadline=None)
@given(contacts())
def test_every_field_of_a_contact_comes_back(old):
    with open_desk({"vendor": "local", "path": ":memory:"}) as desk:
        (contact_id,) = desk.importer.contact(old, MARKER)
        got = desk.contacts.get(contact_id)
        for name in set(desk.importer.fidelity.contact) - {"company"}:
            assert getattr(got, name) == getattr(old, name), name
        assert _same_ref(old.company, got.company)
        assert desk.importer.find("contact", MARKER, BASE, old) == (contact_id,)
        listed = list(desk.contacts.list(ContactQuery(include={"blocked", "deleted"})))
        assert listed == [got]


def test_the_importer_declares_every_field_of_the_model():
    with open_desk({"vendor": "local", "path": ":memory:"}) as desk:
        fidelity = desk.importer.fidelity
    answer = {"id", "ref", "raw", "not_loaded", "left_behind", "id_kind"}
    assert set(fidelity.ticket) == {one.name for one in attrs.fields(Ticket)} - answer
    assert set(fidelity.contact) == {one.name for one in attrs.fields(Contact)} - answer


def test_times_around_the_change_of_clocks_are_instants(desk):
    berlin = ZoneInfo("Europe/Berlin")
    twice = datetime(2025, 10, 26, 2, 30, tzinfo=berlin)
    moments = [twice, twice.replace(fold=1), datetime(2026, 3, 29, 2, 30, tzinfo=berlin)]
    for moment in moments:
        desk.importer.ticket(_old(created_at=moment, updated_at=moment), _opening(created_at=moment), (), MARKER)
    got = [ticket.created_at for ticket in desk.tickets.list()]
    assert got == sorted(moment.astimezone(UTC) for moment in moments)
    assert [one.isoformat() for one in got] == [
        "2025-10-26T00:30:00+00:00",
        "2025-10-26T01:30:00+00:00",
        "2026-03-29T01:30:00+00:00",
    ]
    between = TicketQuery(created=(twice, twice.replace(fold=1)))
    assert [ticket.created_at for ticket in desk.tickets.list(between)] == [got[0]]


def test_a_time_without_a_zone_is_refused_and_nothing_is_written(desk):
    with pytest.raises(Invalid) as refused:
        desk.importer.ticket(_old(due_at=datetime(2026, 1, 1)), _opening(), (), MARKER)  # noqa: DTZ001 - the point
    assert "time zone" in str(refused.value)
    assert desk.vendor_api.counts() == {"tickets": 0, "contacts": 0, "messages": 0}


def test_exact_duplicates_stay_two_messages_in_their_order(desk):
    made = desk.importer.ticket(_old(), _opening(), (), MARKER)
    same = _opening(opening=False, body=Body(text="again"))
    first, second = (desk.importer.message(made.ticket_id, same, ())[0] for _ in range(2))
    thread = list(desk.messages.list(made.ticket_id))
    assert [message.id for message in thread] == [made.message_ids[0], first, second]
    assert [message.sequence for message in thread] == [0, 1, 2]
    assert desk.importer.tail(made.ticket_id, 2) == tuple(thread[1:])
    assert desk.importer.tail(made.ticket_id, 99) == tuple(thread)


def test_an_opening_that_is_younger_than_its_answers_still_comes_first(desk):
    made = desk.importer.ticket(_old(), _opening(created_at=BASE.replace(year=2027)), (), MARKER)
    untimed = desk.importer.message(made.ticket_id, _opening(opening=False, created_at=None), ())[0]
    older = desk.importer.message(made.ticket_id, _opening(opening=False), ())[0]
    thread = [message.id for message in desk.messages.list(made.ticket_id)]
    assert thread[0] == made.message_ids[0]
    assert set(thread[1:]) == {untimed, older}


def test_people_are_found_by_email_and_agents_are_added(desk):
    (contact_id,) = desk.importer.contact(Contact(id="77", ref="", name="Ann", emails=("Ann@Example.com",)), MARKER)
    agent = Actor.agent(name="Bob", email="bob@desk.example")
    old = _old(requester=Actor.contact(email="ann@example.COM"), assignee=agent, group=Ref(None, "Sales"))
    made = desk.importer.ticket(old, _opening(author=agent), (), MARKER)
    got = desk.tickets.get(made.ticket_id)
    assert got.requester == Actor.contact(id=contact_id, name="Ann", email="ann@example.COM")
    assert got.assignee == evolve(agent, id=desk.agents.list()[0].id)
    assert desk.groups.list()[0].name == "Sales"
    assert got.group == Ref(desk.groups.list()[0].id, "Sales")
    (opening,) = desk.messages.list(made.ticket_id)
    assert opening.author.id == got.assignee.id


def test_system_and_unknown_authors_stay_what_they_are(desk):
    made = desk.importer.ticket(_old(), _opening(author=Actor(ActorKind.SYSTEM)), (), MARKER)
    desk.importer.message(made.ticket_id, _opening(author=Actor(ActorKind.UNKNOWN, name="?")), ())
    assert [message.author for message in desk.messages.list(made.ticket_id)] == [
        Actor(ActorKind.SYSTEM),
        Actor(ActorKind.UNKNOWN, name="?"),
    ]
    assert [message.opening for message in desk.messages.list(made.ticket_id)] == [True, False]


def test_a_taken_email_is_a_conflict_and_writes_nothing(desk):
    desk.importer.contact(Contact(id="1", ref="", emails=("ann@example.com",)), MARKER)
    with pytest.raises(Conflict):
        desk.importer.contact(Contact(id="2", ref="", emails=("ANN@example.com",)), "f" * 16)
    assert desk.vendor_api.counts()["contacts"] == 1
    assert desk.importer.find("contact", "f" * 16, BASE, Contact(id="2", ref="")) == ()


def test_files_come_back_byte_for_byte_inline_ones_too(desk):
    content = bytes(range(256)) * 3000
    inline = evolve(Upload.from_bytes("logo.png", b"png", "image/png"), inline=True, content_id="logo@1")
    made = desk.importer.ticket(
        _old(),
        _opening(body=Body(html='<p>see <img src="cid:logo@1"></p>')),
        (Upload.from_bytes("ünïcode \ud800.bin", content), inline),
        MARKER,
    )
    got = desk.tickets.get(made.ticket_id)
    (opening,) = desk.messages.list(made.ticket_id)
    assert got.attachments == opening.attachments
    first, second = opening.attachments
    assert (first.filename, first.size, first.inline) == ("ünïcode \ufffd.bin", len(content), False)
    assert (second.content_id, second.inline, second.content_type) == ("logo@1", True, "image/png")
    assert opening.body.html == '<p>see <img src="cid:logo@1"></p>'
    with desk.attachments.open(first) as stream:
        assert stream.read() == content


def test_a_message_for_a_ticket_that_is_not_there(desk):
    with pytest.raises(NotFound):
        desk.importer.message("404", _opening(), (Upload.from_bytes("a", b"a"),))
    with pytest.raises(NotFound):
        desk.importer.tail("404", 3)
    assert desk.vendor_api.counts()["messages"] == 0


def test_import_sends_nothing_and_has_no_hazards(desk):
    made = desk.importer.ticket(_old(), _opening(), (), MARKER)
    desk.importer.message(made.ticket_id, _opening(), ())
    desk.importer.finish(made.ticket_id, _old(status=Status.SOLVED))
    assert desk.vendor_api.outbox == ()
    assert desk.importer.hazards == ()
    assert desk.importer.settle == 0.0


def test_finish_puts_the_final_state_back_after_somebody_changed_it(desk):
    old = _old(status=Status.CLOSED, closed_at=BASE, number="A-17", id="x")
    made = desk.importer.ticket(old, _opening(), (), MARKER)
    from helpdesk_bridge import TicketChange

    desk.tickets.update(made.ticket_id, TicketChange(status=Status.OPEN, tags=("late",)))
    desk.importer.finish(made.ticket_id, old)
    got = desk.tickets.get(made.ticket_id)
    assert (got.status, got.closed_at, got.tags, got.number) == (Status.CLOSED, BASE, (), "A-17")
    assert got.updated_at == old.updated_at


def test_imported_messages_are_native_here(desk):
    made = desk.importer.ticket(_old(), evolve(_opening(), id_kind=IdKind.SYNTHETIC), (), MARKER)
    assert [message.id_kind for message in desk.messages.list(made.ticket_id)] == [IdKind.NATIVE]


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=6))
@example("half \ud83d")
@example("a\x00b")
def test_what_no_text_can_hold_is_valid_when_it_is_read_and_found_by_what_is_read(words):
    with open_desk({"vendor": "local", "path": ":memory:"}) as desk:
        old = Ticket(id="old", ref="", subject=words, channel=words, tags=(words,), custom_fields={"x": words})
        desk.importer.ticket(old, _opening(body=Body(text=words)), (), "m")
        valid = mended(words)
        (got,) = desk.tickets.list(
            TicketQuery(subject=Match(valid, How.EXACT), custom_fields={"x": valid} if valid else None)
        )
        assert (got.subject, got.tags, got.custom_fields["x"]) == (valid, (valid,), valid)
        assert next(iter(desk.messages.list(got.id))).body.text == valid
        assert bool(desk.mended) == (valid != words)


def test_bytes_in_the_file_that_are_no_text_take_no_listing_along(tmp_path):
    path = tmp_path / "desk.db"
    with open_desk({"vendor": "local", "path": str(path)}) as desk:
        for subject in ("one", "two"):
            desk.importer.ticket(Ticket(id=subject, ref="", subject=subject), _opening(), (), subject)
    with sqlite3.connect(path) as other:
        other.execute("UPDATE tickets SET document = replace(document, 'one', CAST(x'6f6eff' AS TEXT))")
    other.close()
    with open_desk({"vendor": "local", "path": str(path)}) as desk:
        assert sorted(one.subject for one in desk.tickets.list()) == ["on\ufffd", "two"]
        assert dict(desk.mended) == {"bytes that are not UTF-8": 1}
