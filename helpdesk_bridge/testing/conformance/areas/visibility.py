"""Visibility: internal messages and notes stay hidden from customers, also after an import."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final

import pytest

from helpdesk_bridge.adapter import Fidelity, Importer, MessageClass, Opening
from helpdesk_bridge.errors import Invalid
from helpdesk_bridge.migration.options import Threads
from helpdesk_bridge.migration.plan.thread_layout import composed, later_bundles, opening_bundle
from helpdesk_bridge.model.queries import TicketQuery
from helpdesk_bridge.model.records import Message, Ticket
from helpdesk_bridge.model.values import Actor, Body, MessageKind, Upload, Visibility
from helpdesk_bridge.ports import Helpdesk
from helpdesk_bridge.testing.conformance.areas.importer import (
    LONG_AGO,
    MARKER,
    imported_ann,
    importer_of,
    old_message,
    old_ticket,
    opening_of,
)
from helpdesk_bridge.testing.conformance.drafts import make, seen, text
from helpdesk_bridge.testing.conformance.selection import needs
from helpdesk_bridge.testing.conformance.vocabulary import Vocabulary

HIDDEN: Final = "for agents only"
_FILE: Final = "agents-only.txt"
THREADS: Final = {
    "begins with a note": "SPSP",
    "begins with two notes": "SSPP",
    "is a note": "S",
    "has a note": "PSP",
    "ends with a note": "PPS",
}
"""Threads by what they are: P is a public message, S one that customers could not read."""


def _thread(shape: str, ann: Actor, agent: Actor) -> list[Message]:
    thread = []
    for number, letter in enumerate(shape):
        hidden = letter == "S"
        values: dict[str, Any] = {
            "id": str(number),
            "body": Body(text=f"{HIDDEN} {number}" if hidden else f"for everybody {number}"),
            "created_at": LONG_AGO + timedelta(minutes=number),
            "opening": number == 0,
        }
        if hidden:
            values["visibility"] = Visibility.INTERNAL
            values["kind"] = MessageKind.REPLY if number == 0 else MessageKind.NOTE
        thread.append(old_message(agent if hidden else ann, **values))
    return thread


def _written(importer: Importer, old: Ticket, thread: Sequence[Message], way: Threads) -> str:
    """Write a thread as a migration does; return the ticket's id."""
    first = opening_bundle(thread, way)
    made = importer.ticket(old, Opening.of(composed(first, first.sources)), (), MARKER)
    for bundle in later_bundles([message for message in thread if message not in first.sources], way):
        importer.message(made.ticket_id, composed(bundle, bundle.sources), ())
    return made.ticket_id


def _shown_to_customers(desk: Helpdesk, ticket_id: str) -> str:
    """Return all texts and file names of a ticket that customers can read."""
    ticket = desk.tickets.get(ticket_id)
    public = [message for message in desk.messages.list(ticket_id) if message.visibility is Visibility.PUBLIC]
    texts = [one.body.text for one in public] + [file.filename for one in public for file in one.attachments]
    described = ticket.description.text if ticket.description is not None else ""
    return seen(
        "\n".join([ticket.subject, described, *texts, *(attachment.filename for attachment in ticket.attachments)])
    )


def _agent(words: Vocabulary) -> Actor:
    return Actor.agent(email=words.agents[-1]) if words.agents else Actor.agent(name="Meg")


@needs("importer", "tickets.get", "messages.list")
def test_an_imported_internal_message_is_never_public(helpdesk: Helpdesk, vocabulary: Vocabulary) -> None:
    """Texts and files that customers could not read before the import are nowhere readable after it."""
    importer = importer_of(helpdesk)
    ann = imported_ann(helpdesk)
    made = importer.ticket(old_ticket(ann), opening_of(ann), (), MARKER)
    at = LONG_AGO + timedelta(minutes=5)
    note = old_message(
        _agent(vocabulary), visibility=Visibility.INTERNAL, kind=MessageKind.NOTE, body=Body(text=HIDDEN), created_at=at
    )  # fmt: skip
    importer.message(made.ticket_id, note, [Upload.from_bytes(_FILE, b"for agents only", "text/plain")])
    _, *later = helpdesk.messages.list(made.ticket_id)
    assert later
    assert all(message.visibility is Visibility.INTERNAL for message in later), "an internal note became public"
    shown = _shown_to_customers(helpdesk, made.ticket_id)
    assert HIDDEN not in shown, "an internal text is where customers can read it"
    assert _FILE not in shown, "a file of an internal note is where customers can see it"


@needs("importer", "tickets.list")
@pytest.mark.parametrize("kind", list(MessageKind), ids=lambda one: one.value)
def test_an_internal_message_opens_no_ticket(helpdesk: Helpdesk, kind: MessageKind) -> None:
    """Customers read the opening of a ticket: an internal message is refused as opening, and nothing is written."""
    ann = imported_ann(helpdesk)
    internal: Any = old_message(ann, opening=True, visibility=Visibility.INTERNAL, kind=kind, body=Body(text=HIDDEN))
    with pytest.raises(Invalid) as refused:
        importer_of(helpdesk).ticket(old_ticket(ann), internal, (), MARKER)
    assert refused.value.field == "opening"
    assert not list(helpdesk.tickets.list(TicketQuery(limit=1), resolve=False)), (
        "a ticket was written in spite of the refusal"
    )


@needs("importer", "tickets.get", "messages.list")
@pytest.mark.parametrize("way", list(Threads), ids=lambda one: one.value)
@pytest.mark.parametrize("shape", THREADS.values(), ids=[one.replace(" ", "_") for one in THREADS])
def test_a_thread_is_imported_without_an_internal_text_in_public(
    helpdesk: Helpdesk, vocabulary: Vocabulary, shape: str, way: Threads
) -> None:
    """In every way of writing threads, wherever notes are in them; agents find every text once."""
    ann = imported_ann(helpdesk)
    thread = _thread(shape, ann, _agent(vocabulary))
    ticket_id = _written(importer_of(helpdesk), old_ticket(ann), thread, way)
    assert HIDDEN not in _shown_to_customers(helpdesk, ticket_id), "an internal text is where customers can read it"
    whole = "\n".join(seen(message.body.text) for message in helpdesk.messages.list(ticket_id))
    for one in thread:
        assert whole.count(seen(one.body.text)) == 1, "a message is lost or doubled"


@needs("importer")
def test_the_importer_says_that_notes_stay_internal(helpdesk: Helpdesk) -> None:
    """Notes are kept internal natively: a line of text would not hide them from customers."""
    kept = importer_of(helpdesk).fidelity.messages[MessageClass.NOTE]
    assert kept["visibility"].how is Fidelity.NATIVE, "the importer does not keep notes from customers"


@needs("tickets.create", "messages.note", "messages.list", "fixture:unknown_words")
def test_a_note_that_the_vendor_calls_by_an_unknown_word_is_internal(
    helpdesk: Helpdesk, unknown_words: Callable[[str], None]
) -> None:
    """Only known words make a message public: a word that a vendor adds next year does not."""
    ticket = make(helpdesk)
    helpdesk.messages.note(ticket.id, text(HIDDEN))
    unknown_words(ticket.id)
    opening, *later = helpdesk.messages.list(ticket.id)
    assert opening.visibility is Visibility.PUBLIC
    (note,) = [message for message in later if HIDDEN in seen(message.body.text)]
    assert note.visibility is Visibility.INTERNAL, "a message of unknown visibility is read as public"
