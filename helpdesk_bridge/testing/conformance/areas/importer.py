"""The importer: keeps what its fidelity table declares, puts the rest into a header line, and mails nobody."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from attrs import evolve

from helpdesk_bridge.adapter import Fidelity, FieldFidelity, Importer, Marked, MessageClass, Opening, Step
from helpdesk_bridge.adapter.header_line import HeaderLine, sealing, split_header, split_marker
from helpdesk_bridge.model.addresses import email_key
from helpdesk_bridge.model.fields import CONTACT, TICKET, Kind, travelling
from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.model.values import (
    SYSTEM,
    Actor,
    ActorKind,
    Body,
    MessageKind,
    Phone,
    Priority,
    Ref,
    Status,
    Upload,
    Visibility,
)
from helpdesk_bridge.ports import Helpdesk
from helpdesk_bridge.testing.conformance.areas.attachments import read
from helpdesk_bridge.testing.conformance.areas.ticket_fields import watchers_of
from helpdesk_bridge.testing.conformance.drafts import email_of, now_at, phone_number, seen, values_of
from helpdesk_bridge.testing.conformance.selection import each, needs
from helpdesk_bridge.testing.conformance.vocabulary import Vocabulary
from helpdesk_bridge.text.plain import digest

MARKER: Final = "0123456789abcdef"
LONG_AGO: Final = datetime(2024, 10, 27, 0, 30, 15, tzinfo=UTC)
"""Within the hour that Europe's clocks show twice, and years before any import."""
_EARLIER: Final = timedelta(days=1)
_WORDS: Final = tuple(name for name in travelling(TICKET) if TICKET[name].kind is Kind.WORD)
_BY_ITSELF: Final = frozenset({"requester", "custom_fields"})
_COMPARED: Final = tuple({*travelling(TICKET), "number", "spam"} - _BY_ITSELF)


def importer_of(desk: Helpdesk) -> Importer:
    """Return the desk's importer."""
    importer = desk.importer
    assert importer
    return importer


def imported_ann(desk: Helpdesk) -> Actor:
    """Import a customer and return her as this desk knows her."""
    old = Contact(id="old", ref="old:a/contact/1", name="Ann Lee", emails=(email_of("ann"),))
    (contact_id,) = importer_of(desk).contact(old, "f" * 16)
    return Actor.contact(id=contact_id, name="Ann Lee", email=email_of("ann"))


def old_ticket(requester: Actor, **fields: Any) -> Ticket:
    """Return a ticket of another desk."""
    values: dict[str, Any] = {
        "id": "51230",
        "ref": "old:a/ticket/51230",
        "subject": "The old lamp",
        "status": Status.OPEN,
        "priority": Priority.NORMAL,
        "requester": requester,
        "created_at": LONG_AGO,
        "updated_at": LONG_AGO + timedelta(hours=1),
        **fields,
    }
    return Ticket(**values)


def old_message(author: Actor, **fields: Any) -> Message:
    """Return a message of that ticket."""
    values: dict[str, Any] = {
        "id": "9",
        "ticket_id": "51230",
        "author": author,
        "visibility": Visibility.PUBLIC,
        "kind": MessageKind.REPLY,
        "body": Body(html="<p>It is <b>broken</b>.</p>"),
        "created_at": LONG_AGO,
        **fields,
    }
    return Message(**values)


def opening_of(author: Actor, **fields: Any) -> Opening:
    """Return the opening of that ticket."""
    return Opening.of(old_message(author, **fields))


def _bare(body: Body) -> tuple[HeaderLine | None, str]:
    """Return a body's header line and its text, without the marker. A line without the tail of the seal is none."""
    header, rest = split_header(split_marker(body)[1], digest)
    return header, seen(rest.text)


def _classes(words: Vocabulary, ann: Actor) -> dict[MessageClass, Message]:
    agent = Actor.agent(email=words.agents[-1]) if words.agents else Actor.agent(name="Meg")
    at = LONG_AGO + timedelta(minutes=5)
    return {
        MessageClass.REPLY_BY_CONTACT: old_message(ann, created_at=at),
        MessageClass.REPLY_BY_AGENT: old_message(agent, created_at=at),
        MessageClass.NOTE: old_message(agent, created_at=at, visibility=Visibility.INTERNAL, kind=MessageKind.NOTE),
        MessageClass.AUTOMATIC: old_message(SYSTEM, created_at=at, kind=MessageKind.AUTOMATIC),
        MessageClass.FORWARD: old_message(agent, created_at=at, kind=MessageKind.FORWARD),
    }


LATER: Final = tuple(one for one in MessageClass if not one.name.startswith("OPENING"))


@needs("importer", "tickets.get", "messages.list")
def test_an_imported_ticket_keeps_what_the_importer_says(helpdesk: Helpdesk, vocabulary: Vocabulary) -> None:
    """Every field that is declared native is read back unchanged; every field of the header line is in it."""
    importer = importer_of(helpdesk)
    ann, old = _full_ticket(helpdesk, vocabulary)
    opening = opening_of(ann)
    with sealing(digest):
        made = importer.ticket(old, opening, (), MARKER)
    importer.finish(made.ticket_id, old)
    ticket = helpdesk.tickets.get(made.ticket_id)
    kept = importer.fidelity.ticket
    for name in _COMPARED:
        if kept.get(name, FieldFidelity(Fidelity.LOST)).how is Fidelity.NATIVE and name not in ticket.not_loaded:
            assert values_of(ticket, name) == values_of(old, name), name
    if kept.get("custom_fields", FieldFidelity(Fidelity.LOST)).how is Fidelity.NATIVE:
        for name, value in old.custom_fields.items():
            assert ticket.custom_fields.get(name) == value, name
    assert ticket.requester is not None
    assert ticket.requester.email == ann.email
    (first, *_) = helpdesk.messages.list(made.ticket_id)
    header, words = _bare(first.body)
    assert words == seen(opening.body.text)
    if kept["created_at"].how is Fidelity.HEADER_LINE:
        assert header is not None, "the header line is missing"
        assert header.created_at == LONG_AGO


def _full_ticket(desk: Helpdesk, words: Vocabulary) -> tuple[Actor, Ticket]:
    ann, capabilities = imported_ann(desk), desk.capabilities
    status = Status.CLOSED if Status.CLOSED in capabilities.statuses else next(iter(capabilities.statuses))
    old = old_ticket(
        ann,
        status=status,
        status_label=capabilities.statuses[status],
        priority=Priority.HIGH,
        priority_label=capabilities.priorities.get(Priority.HIGH),
        assignee=Actor.agent(email=words.agents[0]) if words.agents else None,
        group=Ref(None, words.groups[0]) if words.groups else None,
        company=Ref(None, words.companies[0]) if words.companies else None,
        **{name: next(iter(words.words_of(name)), None) for name in _WORDS},
        tags=words.tags,
        custom_fields={name: two[0] for name, two in words.custom_fields.items()},
        cc=("copy@copies.example",),
        closed_at=LONG_AGO + timedelta(hours=1),
        number="51230",
        watchers=watchers_of(words)[:1],
    )
    return ann, old


@needs("importer", "status:{status}")
@each("status", list(Status))
def test_an_imported_ticket_ends_in_its_status(helpdesk: Helpdesk, status: Status) -> None:
    """Later messages may change the status; ``finish`` puts it right."""
    importer = importer_of(helpdesk)
    ann = imported_ann(helpdesk)
    old = old_ticket(ann, status=status, status_label=helpdesk.capabilities.statuses[status])
    made = importer.ticket(old, opening_of(ann), (), MARKER)
    importer.message(made.ticket_id, old_message(ann, created_at=LONG_AGO + timedelta(minutes=1)), ())
    importer.finish(made.ticket_id, old)
    assert helpdesk.tickets.get(made.ticket_id).status is status


@needs("importer", "messages.list")
@pytest.mark.parametrize("kind", LATER, ids=lambda one: one.name.lower())
def test_an_imported_message_keeps_what_the_importer_says(
    helpdesk: Helpdesk, vocabulary: Vocabulary, kind: MessageClass
) -> None:
    """Author, time, visibility, kind and body: native if so declared, otherwise in the header line."""
    importer = importer_of(helpdesk)
    ann = imported_ann(helpdesk)
    old = _classes(vocabulary, ann)[kind]
    with sealing(digest):
        made = importer.ticket(old_ticket(ann), opening_of(ann), (), MARKER)
        assert importer.message(made.ticket_id, old, ()), "the importer returns no id"
    found = list(helpdesk.messages.list(made.ticket_id))[-1]
    header, words = _bare(found.body)
    assert words == seen(old.body.text)
    kept = importer.fidelity.messages[kind]
    for name in ("author", "created_at", "visibility", "kind"):
        how = kept[name].how
        there = found if how is Fidelity.NATIVE and header is None else (header or found)
        if how in (Fidelity.NATIVE, Fidelity.HEADER_LINE):
            assert _told(there, name) == _told(old, name), name


@needs("importer", "fixture:outbox")
def test_the_importer_mails_no_customer(helpdesk: Helpdesk, vocabulary: Vocabulary, outbox: Callable[[], int]) -> None:
    """A contact, a ticket, messages of every class and the final state: customers get no mail."""
    importer = importer_of(helpdesk)
    before = outbox()
    ann = imported_ann(helpdesk)
    closed = Status.CLOSED.nearest(frozenset(helpdesk.capabilities.statuses))
    old = old_ticket(ann, status=closed, status_label=helpdesk.capabilities.statuses[closed])
    made = importer.ticket(old, opening_of(ann), (), MARKER)
    for message in _classes(vocabulary, ann).values():
        importer.message(made.ticket_id, message, ())
        assert outbox() == before, f"importing {MessageClass.of(message).value} mailed a customer"
    importer.finish(made.ticket_id, old)
    assert outbox() == before, "the import mailed a customer"


@needs("importer", "contacts.get")
def test_an_imported_contact_keeps_what_the_importer_says(helpdesk: Helpdesk, vocabulary: Vocabulary) -> None:
    """The same for a contact."""
    importer = importer_of(helpdesk)
    old = Contact(
        id="7",
        ref="old:a/contact/7",
        name="Ann İ. Öz",
        emails=(email_of("ann"),),
        phones=(Phone(phone_number("ann"), phone_number("ann")),),
        company=Ref(None, vocabulary.companies[0]),
        custom_fields={name: two[0] for name, two in vocabulary.contact_fields.items()},
        title="Head of Käse",
        external_id="ext-1",
        blocked=True,
        created_at=LONG_AGO,
        updated_at=LONG_AGO + timedelta(hours=1),
    )
    (contact_id,) = importer.contact(old, MARKER)
    _send(importer.contact_steps(contact_id, old, look=False))
    assert importer.contact_steps(contact_id, old, look=True) == ()
    contact = helpdesk.contacts.get(contact_id)
    kept = importer.fidelity.contact
    for name in frozenset(travelling(CONTACT)) - {"phones", "company", "custom_fields"}:
        if kept.get(name, FieldFidelity(Fidelity.LOST)).how is Fidelity.NATIVE:
            assert getattr(contact, name) == getattr(old, name), name
    if kept["company"].how is Fidelity.NATIVE:
        assert contact.company is not None
        assert contact.company.name == vocabulary.companies[0]
    if kept["phones"].how is Fidelity.NATIVE:
        assert [phone.raw for phone in contact.phones] == [phone_number("ann")]
    if kept["custom_fields"].how is Fidelity.NATIVE:
        assert {name: contact.custom_fields.get(name) for name in old.custom_fields} == old.custom_fields


@needs("importer", "messages.list", "attachments.open")
def test_an_imported_file_keeps_its_bytes(helpdesk: Helpdesk) -> None:
    """Files of the opening and of a later message keep their bytes, each in its message."""
    importer = importer_of(helpdesk)
    ann = imported_ann(helpdesk)
    made = importer.ticket(old_ticket(ann), opening_of(ann), [Upload.from_bytes("a.bin", b"one")], MARKER)
    later = old_message(ann, created_at=LONG_AGO + timedelta(minutes=1))
    importer.message(made.ticket_id, later, [Upload.from_bytes("Ş.bin", b"two"), Upload.from_bytes("c", b"three")])
    opening, *rest = helpdesk.messages.list(made.ticket_id)
    assert [(attachment.filename, read(helpdesk, attachment)) for attachment in opening.attachments] == [
        ("a.bin", b"one")
    ]
    found = [
        (attachment.filename, read(helpdesk, attachment)) for message in rest for attachment in message.attachments
    ]
    assert found == [("Ş.bin", b"two"), ("c", b"three")]


def _send(steps: Sequence[Step]) -> None:
    for step in steps:
        step.send()


@needs("importer", "messages.list", "attachments.open")
@pytest.mark.parametrize("place", ["opening", "later"])
def test_the_steps_of_a_message_are_those_that_are_missing(helpdesk: Helpdesk, place: str) -> None:
    """What one call does not write is written by steps, and a step that was sent is not asked for again."""
    importer, opens = importer_of(helpdesk), place == "opening"
    ann = imported_ann(helpdesk)
    picture = Upload("p.png", "image/png", Upload.from_bytes("p", b"png").open, size=3, inline=True, content_id="c@x")
    files = [picture, *(Upload.from_bytes(f"{number}.bin", bytes([number])) for number in range(24))]
    shown, plain = Body(html='<p>See <img src="cid:c@x"></p>'), Body(html="<p>It is broken.</p>")
    opening = opening_of(ann, body=shown if opens else plain)
    made = importer.ticket(old_ticket(ann), opening, files if opens else (), MARKER)
    old, ids = (opening, made.message_ids) if opens else (old_message(ann, body=shown), ())
    if not opens:
        ids = importer.message(made.ticket_id, old, files)
    while steps := importer.message_steps(made.ticket_id, ids, old, files, look=True):
        left = [step.name for step in steps[1:]]
        steps[0].send()
        again = importer.message_steps(made.ticket_id, ids, old, files, look=True)
        assert [step.name for step in again] == left, "a step that was sent is asked for again, or another is not"
    found = [
        (attachment.filename, read(helpdesk, attachment))
        for message in helpdesk.messages.list(made.ticket_id)
        for attachment in message.attachments
    ]
    assert sorted(found) == sorted([("p.png", b"png"), *((f"{number}.bin", bytes([number])) for number in range(24))])


@needs("importer")
def test_an_imported_ticket_is_found_by_its_marker(helpdesk: Helpdesk) -> None:
    """The marker finds exactly the ticket that carries it; another marker finds nothing."""
    importer = importer_of(helpdesk)
    ann, since = imported_ann(helpdesk), now_at(helpdesk) - _EARLIER
    old = old_ticket(ann)
    assert importer.find("ticket", MARKER, since, old) == ()
    made = importer.ticket(old, opening_of(ann), (), MARKER)
    other = importer.ticket(old_ticket(ann, id="2"), opening_of(ann), (), "e" * 16)
    assert importer.find("ticket", MARKER, since, old) == (made.ticket_id,)
    assert importer.find("ticket", "e" * 16, since, old) == (other.ticket_id,)
    assert importer.find("ticket", f"{MARKER[:-1]}0", since, old) == (), (
        "another marker finds the ticket: markers have to be compared whole"
    )


@needs("importer")
def test_all_markers_are_listed_in_pages(helpdesk: Helpdesk) -> None:
    """Every imported ticket is listed once with its marker, or its opening is said not to be listed."""
    importer = importer_of(helpdesk)
    ann = imported_ann(helpdesk)
    wanted = {}
    for number in range(3):
        marker = f"{number}" * 16
        wanted[importer.ticket(old_ticket(ann, id=str(number)), opening_of(ann), (), marker).ticket_id] = marker
    found: list[Marked] = []
    cursor = None
    while True:
        page = importer.marked(cursor)
        found += page.items
        if (cursor := page.next) is None:
            break
    listed = {one.ticket_id: one for one in found if one.ticket_id in wanted}
    assert set(listed) == set(wanted)
    for ticket_id, one in listed.items():
        assert one.marker == wanted[ticket_id] or (one.marker is None and not one.listed)
        assert one.by_api is not False


@needs("importer")
def test_an_imported_contact_is_found_again(helpdesk: Helpdesk) -> None:
    """A contact is found by its marker, or by its address if the vendor has no place for markers."""
    importer = importer_of(helpdesk)
    since = now_at(helpdesk) - _EARLIER
    old = Contact(id="7", ref="old:a/contact/7", name="Ann", emails=(email_of("ann"),))
    assert importer.find("contact", MARKER, since, old) == ()
    made = importer.contact(old, MARKER)
    assert importer.find("contact", MARKER, since, old) == made


@needs("importer", "messages.list")
def test_the_tail_is_the_end_of_the_thread(helpdesk: Helpdesk) -> None:
    """``tail`` gives the last messages, oldest first, and no more than there are."""
    importer = importer_of(helpdesk)
    ann = imported_ann(helpdesk)
    made = importer.ticket(old_ticket(ann), opening_of(ann), (), MARKER)
    for number in range(1, 4):
        moment = LONG_AGO + timedelta(minutes=number)
        importer.message(made.ticket_id, old_message(ann, body=Body(text=str(number)), created_at=moment), ())
    thread = list(helpdesk.messages.list(made.ticket_id, resolve=False))
    for count in (1, 2, 4, 9):
        tail = importer.tail(made.ticket_id, count)
        assert [one.id for one in tail] == [message.id for message in thread[-count:]]
        assert [_bare(one.body)[1] for one in tail] == [_bare(message.body)[1] for message in thread[-count:]]


@needs("importer", "messages.list")
def test_a_thread_is_imported_in_its_order(helpdesk: Helpdesk, vocabulary: Vocabulary) -> None:
    """Messages of every class are in the order in which they were written, exact duplicates too."""
    importer = importer_of(helpdesk)
    ann = imported_ann(helpdesk)
    made = importer.ticket(old_ticket(ann), opening_of(ann), (), MARKER)
    olds: list[Message] = [*_classes(vocabulary, ann).values()] * 2
    moments = [LONG_AGO + timedelta(minutes=number // 2) for number in range(len(olds))]
    with sealing(digest):
        for number, (old, moment) in enumerate(zip(olds, moments, strict=True)):
            importer.message(made.ticket_id, _renewed(old, number, moment), ())
    _, *later = helpdesk.messages.list(made.ticket_id)
    assert [_bare(message.body)[1] for message in later] == [f"number {number}" for number in range(len(olds))]


@needs("importer")
def test_what_the_importer_says_of_itself_is_complete(helpdesk: Helpdesk) -> None:
    """Hazards can be acknowledged one by one; every class of messages has its fidelity; no cost is negative."""
    importer = importer_of(helpdesk)
    ids = [hazard.id for hazard in importer.hazards]
    assert len(set(ids)) == len(ids)
    assert all(hazard.what and hazard.when and hazard.stop for hazard in importer.hazards)
    assert set(importer.fidelity.messages) == set(MessageClass)
    for name in importer.fidelity.ticket:
        assert hasattr(old_ticket(Actor.contact()), name), f"a ticket has no {name}"
    cost = importer.cost
    assert min(cost.contact, cost.ticket, cost.message, cost.finish, cost.inline, importer.settle) >= 0


def _renewed(old: Message, number: int, moment: datetime) -> Message:
    return evolve(old, body=Body(text=f"number {number}"), created_at=moment)


def _told(where: Message | HeaderLine, name: str) -> Any:
    value = getattr(where, name)
    if name != "author":
        return value
    kind = value.kind
    known = kind in (ActorKind.CONTACT, ActorKind.AGENT)
    return (kind, email_key(value.email or "")) if known else (kind,)
