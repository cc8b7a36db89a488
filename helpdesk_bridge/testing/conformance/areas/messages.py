"""Messages: the opening first, visibility, order and authors."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from helpdesk_bridge.errors import Invalid, NotFound
from helpdesk_bridge.model.drafts import MessageDraft
from helpdesk_bridge.model.values import ActorKind, Body, IdKind, MessageKind, Visibility
from helpdesk_bridge.ports import Helpdesk
from helpdesk_bridge.testing.conformance.areas.tickets import SKEW
from helpdesk_bridge.testing.conformance.drafts import customer, draft, is_customer, make, now_at, seen, stranger, text
from helpdesk_bridge.testing.conformance.selection import each, needs

LONG_THREAD = 104
"""More than any vendor gives in one page (100)."""


@needs("tickets.create", "messages.list", "messages.note")
def test_the_opening_message_comes_first_and_once(helpdesk: Helpdesk) -> None:
    """A thread begins with the opening message, a public reply that is in it once."""
    ticket = make(helpdesk, description="It all began here.")
    (opening,) = helpdesk.messages.list(ticket.id)
    assert opening.opening
    assert (opening.visibility, opening.kind) == (Visibility.PUBLIC, MessageKind.REPLY)
    assert seen(opening.body.text) == "It all began here."
    helpdesk.messages.note(ticket.id, text("Later"))
    thread = list(helpdesk.messages.list(ticket.id))
    assert [message.opening for message in thread] == [True, False]
    assert [seen(message.body.text) for message in thread] == ["It all began here.", "Later"]


@needs("tickets.create", "tickets.get", "messages.list", "ticket:description")
def test_the_opening_is_the_description_of_the_ticket(helpdesk: Helpdesk) -> None:
    """``Ticket.description`` is the body of the opening message, for reading."""
    ticket = helpdesk.tickets.get(make(helpdesk, description="Two\nlines").id)
    (opening,) = helpdesk.messages.list(ticket.id)
    assert ticket.description is not None
    assert ticket.description.text == opening.body.text


@needs("tickets.create", "messages.list")
def test_an_opening_by_a_customer_is_the_requesters(helpdesk: Helpdesk) -> None:
    """An opening by a customer is by the requester."""
    (opening,) = helpdesk.messages.list(make(helpdesk, "ann").id)
    assert opening.author.kind in (ActorKind.CONTACT, ActorKind.AGENT)
    if opening.author.kind is ActorKind.CONTACT:
        assert is_customer(opening.author, helpdesk, "ann")


@needs("tickets.create", "messages.list", "messages.note")
def test_a_note_is_internal(helpdesk: Helpdesk) -> None:
    """The customer never sees a note."""
    ticket = make(helpdesk)
    helpdesk.messages.note(ticket.id, text("Do not tell."))
    note = list(helpdesk.messages.list(ticket.id))[-1]
    assert note.visibility is Visibility.INTERNAL, "a note can be read by the customer"
    assert note.kind is MessageKind.NOTE
    assert note.author.kind is ActorKind.AGENT


@needs("tickets.create", "messages.list", "messages.reply")
def test_a_reply_is_public_and_an_agents(helpdesk: Helpdesk) -> None:
    """A reply is public, and written by an agent."""
    ticket = make(helpdesk)
    helpdesk.messages.reply(ticket.id, text("It is on its way."))
    reply = list(helpdesk.messages.list(ticket.id))[-1]
    assert (reply.visibility, reply.kind) == (Visibility.PUBLIC, MessageKind.REPLY)
    assert reply.author.kind is ActorKind.AGENT
    assert seen(reply.body.text) == "It is on its way."


@needs("tickets.create", "messages.reply", "messages.note", "fixture:outbox")
def test_a_reply_reaches_the_customer_and_a_note_does_not(helpdesk: Helpdesk, outbox: Callable[[], int]) -> None:
    """A reply goes out to the customer; a note does not."""
    ticket = make(helpdesk)
    before = outbox()
    helpdesk.messages.note(ticket.id, text("Do not tell."))
    assert outbox() == before, "a note was mailed to the customer"
    helpdesk.messages.reply(ticket.id, text("It is on its way."))
    assert outbox() == before + 1, "a reply did not reach the customer, or more than once"


@needs("tickets.create", "messages.list", "messages.reply", "message:cc")
def test_the_copies_of_a_reply_are_told(helpdesk: Helpdesk) -> None:
    """A reply lists the recipients of copies."""
    ticket = make(helpdesk)
    helpdesk.messages.reply(ticket.id, MessageDraft(body="For you both", cc=("copy@copies.example",)))
    assert list(helpdesk.messages.list(ticket.id))[-1].cc == ("copy@copies.example",)


@needs("tickets.create", "messages.list", "messages.reply", "messages.note")
def test_messages_come_oldest_first(helpdesk: Helpdesk) -> None:
    """A thread is in the order in which it was written, with times that never go back."""
    ticket = make(helpdesk, description="0")
    for number in range(1, 7):
        write = helpdesk.messages.note if number % 2 else helpdesk.messages.reply
        write(ticket.id, text(str(number)))
    thread = list(helpdesk.messages.list(ticket.id))
    assert [seen(message.body.text) for message in thread] == [str(number) for number in range(7)]
    moments = [message.created_at for message in thread if message.created_at is not None]
    assert moments == sorted(moments)
    assert all(abs(moment - now_at(helpdesk)) < SKEW for moment in moments), (
        "a message's time is far from now: a wrong time zone?"
    )
    if "sequence" in helpdesk.capabilities.message_fields:
        assert [message.sequence for message in thread] == list(range(7))


@needs("tickets.create", "messages.list", "messages.note")
def test_a_long_thread_is_read_whole(helpdesk: Helpdesk) -> None:
    """A thread of several pages is read whole, each message once."""
    ticket = make(helpdesk, description="0")
    for number in range(1, LONG_THREAD):
        helpdesk.messages.note(ticket.id, text(str(number)))
    thread = list(helpdesk.messages.list(ticket.id))
    assert [seen(message.body.text) for message in thread] == [str(number) for number in range(LONG_THREAD)]
    assert len({message.id for message in thread}) == LONG_THREAD


@needs("tickets.create", "messages.list", "messages.note")
def test_exact_duplicates_stay_apart(helpdesk: Helpdesk) -> None:
    """Two equal messages are two messages, with different ids that stay the same."""
    ticket = make(helpdesk)
    for _ in range(3):
        helpdesk.messages.note(ticket.id, text("Any news?"))
    first = [message.id for message in helpdesk.messages.list(ticket.id)]
    assert len(set(first)) == 4, "messages that are alike share an id"  # noqa: PLR2004 - and the opening
    assert [message.id for message in helpdesk.messages.list(ticket.id)] == first, "ids change between reads"


@needs("tickets.create", "messages.list", "messages.reply", "messages.note")
def test_the_answer_to_a_write_names_the_message(helpdesk: Helpdesk) -> None:
    """If ids are the vendor's own, the ids that ``note`` and ``reply`` return are those of the thread."""
    ticket = make(helpdesk)
    for write in (helpdesk.messages.reply, helpdesk.messages.note):
        sent = write(ticket.id, text("Here"))
        last = list(helpdesk.messages.list(ticket.id))[-1]
        if sent.ids and last.id_kind is IdKind.NATIVE:
            assert last.id in sent.ids
        if sent.message is not None:
            assert (sent.message.id, sent.message.visibility) == (last.id, last.visibility)


@needs("tickets.create", "tickets.get", "messages.list", "messages.note", "ticket:message_count")
def test_the_count_of_messages_holds_the_opening(helpdesk: Helpdesk) -> None:
    """``message_count`` is the length of the thread."""
    ticket = helpdesk.tickets.get(make(helpdesk).id)
    if "message_count" in ticket.not_loaded:
        pytest.skip("this account does not send it")
    assert ticket.message_count == 1
    helpdesk.messages.note(ticket.id, text("One"))
    helpdesk.messages.note(ticket.id, text("Two"))
    assert helpdesk.tickets.get(ticket.id).message_count == len(list(helpdesk.messages.list(ticket.id)))


@needs("tickets.create", "messages.list", "messages.note")
def test_line_breaks_of_plain_text_survive(helpdesk: Helpdesk) -> None:
    """A plain text keeps its lines, and nothing in it becomes markup."""
    ticket = make(helpdesk, description="One\nTwo\n<b>Three</b> & four")
    helpdesk.messages.note(ticket.id, text("One\nTwo\n<b>Three</b> & four"))
    for message in helpdesk.messages.list(ticket.id):
        lines = [line.strip() for line in message.body.text.splitlines() if line.strip()]
        assert lines == ["One", "Two", "<b>Three</b> & four"]


@needs("tickets.create", "messages.list", "messages.note")
def test_html_is_read_as_its_reader_sees_it(helpdesk: Helpdesk) -> None:
    """An HTML body comes back with the same text."""
    body = Body(html="<p>Dear <b>Ann</b>,</p><p>1 &lt; 2 &amp; 3 — ok?</p>")
    ticket = make(helpdesk)
    helpdesk.messages.note(ticket.id, MessageDraft(body=body))
    assert seen(list(helpdesk.messages.list(ticket.id))[-1].body.text) == seen(body.text)


@needs("tickets.create", "messages.list", "messages.add_from_contact")
def test_what_a_customer_wrote_elsewhere_is_theirs(helpdesk: Helpdesk, outbox: Callable[[], int] | None) -> None:
    """``add_from_contact`` records a public message of exactly that customer, and mails nobody."""
    make(helpdesk, "joann")
    ticket = make(helpdesk, "ann")
    before = outbox() if outbox is not None else 0
    helpdesk.messages.add_from_contact(ticket.id, text("From the portal"), customer(helpdesk, "ann"))
    last = list(helpdesk.messages.list(ticket.id))[-1]
    assert (last.visibility, last.author.kind) == (Visibility.PUBLIC, ActorKind.CONTACT)
    assert is_customer(last.author, helpdesk, "ann"), "the message is recorded as another person's"
    assert seen(last.body.text) == "From the portal"
    if outbox is not None:
        assert outbox() == before, "the customer was mailed their own words"


@needs("tickets.create", "messages.list", "{operation}", "key:{operation}")
@each("operation", ["messages.reply", "messages.note", "messages.add_from_contact"])
def test_an_idempotency_key_writes_a_message_once(helpdesk: Helpdesk, operation: str) -> None:
    """If keys are declared for messages, the same key writes one message."""
    ticket = helpdesk.tickets.create(draft(helpdesk))
    more = (customer(helpdesk),) if operation.endswith("contact") else ()
    for _ in range(2):
        write = getattr(helpdesk.messages, operation.partition(".")[2])
        write(ticket.id, text("Once"), *more, idempotency_key="key-1")
    assert len(list(helpdesk.messages.list(ticket.id))) == 2, "the same key wrote twice"  # noqa: PLR2004 - and the opening


@needs("tickets.create", "messages.list", "messages.reply", "messages.note")
def test_a_thread_that_does_not_exist_is_not_found(helpdesk: Helpdesk) -> None:
    """Reading or answering a ticket that does not exist raises ``NotFound``."""
    nobody = stranger(make(helpdesk).id)
    with pytest.raises(NotFound):
        list(helpdesk.messages.list(nobody))
    with pytest.raises(NotFound):
        helpdesk.messages.reply(nobody, text("Hello?"))
    with pytest.raises(NotFound):
        helpdesk.messages.note(nobody, text("Hello?"))


@needs("tickets.create", "messages.list", "messages.note")
def test_one_message_is_returned_by_its_id_and_a_filter_leaves_notes_out(helpdesk: Helpdesk) -> None:
    """``messages.get`` finds a message of its own ticket alone; ``visibility`` leaves the other messages out."""
    ticket, other = make(helpdesk), make(helpdesk, "eve")
    helpdesk.messages.note(ticket.id, text("For us alone"))
    thread = list(helpdesk.messages.list(ticket.id))
    assert [helpdesk.messages.get(ticket.id, message.id) for message in thread] == thread
    for wrong in (other.id, ticket.ref):
        with pytest.raises(NotFound):
            helpdesk.messages.get(wrong, thread[-1].id if wrong == other.id else "nonsense")
    for eyes in Visibility:
        seen_by = list(helpdesk.messages.list(ticket.id, visibility=eyes))
        assert seen_by == [message for message in thread if message.visibility is eyes]
        assert seen_by == list(helpdesk.messages.list(ticket.id, visibility=eyes.value))
    with pytest.raises(Invalid):
        helpdesk.messages.list(ticket.id, visibility="everybody")
