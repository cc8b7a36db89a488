"""Errors: typed, located, raised before anything is sent if possible, and free of customers' words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from helpdesk_bridge.errors import HelpdeskError, Invalid, NotFound, Unsupported
from helpdesk_bridge.model.drafts import ContactChange, ContactDraft, MessageDraft, TicketChange
from helpdesk_bridge.model.values import Status, Upload
from helpdesk_bridge.ports import Helpdesk
from helpdesk_bridge.testing.conformance.drafts import contact_draft, draft, make, seen, stranger, text
from helpdesk_bridge.testing.conformance.fixtures import nothing_sent
from helpdesk_bridge.testing.conformance.selection import each, needs

_SECRET_WORDS = "Confidential-4711 for ann@customers.example"  # noqa: S105 - a customer's text, which no message may quote


@needs("tickets.create", "tickets.get", "tickets.update", "tickets.update:status")
def test_a_ticket_that_does_not_exist_is_not_found(helpdesk: Helpdesk) -> None:
    """``get`` and ``update`` of an unknown id raise ``NotFound`` that says where."""
    nobody = stranger(make(helpdesk).id)
    status = next(iter(helpdesk.capabilities.statuses))
    tries: dict[str, Callable[[], Any]] = {
        "tickets.get": lambda: helpdesk.tickets.get(nobody),
        "tickets.update": lambda: helpdesk.tickets.update(nobody, TicketChange(status=status)),
    }
    for operation, call in tries.items():
        with pytest.raises(NotFound) as caught:
            call()
        assert (caught.value.desk, caught.value.operation) == (helpdesk.name, operation)
        assert caught.value.vendor
        assert not caught.value.temporary


@needs("contacts.create", "contacts.get", "contacts.update")
def test_a_contact_that_does_not_exist_is_not_found(helpdesk: Helpdesk) -> None:
    """``get`` and ``update`` of an unknown id raise ``NotFound``."""
    nobody = stranger(helpdesk.contacts.create(contact_draft(helpdesk)).id)
    with pytest.raises(NotFound):
        helpdesk.contacts.get(nobody)
    with pytest.raises(NotFound):
        helpdesk.contacts.update(nobody, ContactChange(name="Nobody"))


@needs("tickets.create", "tickets.get", "contacts.get", "messages.list")
@pytest.mark.parametrize(
    "odd", ["../../x", "1?y=2", "a/b", "%2e%2e", "1 OR 1=1", "\u0661", "0x1", "-1", "\x00", "🤖", "1\n"]
)
def test_an_odd_id_reaches_no_other_record(helpdesk: Helpdesk, odd: str) -> None:
    """An id that no record can have gives a typed error, and never reaches another path of the vendor's API."""
    make(helpdesk)
    reads: tuple[Callable[[], Any], ...] = (
        lambda: helpdesk.tickets.get(odd),
        lambda: helpdesk.contacts.get(odd),
        lambda: list(helpdesk.messages.list(odd)),
    )
    for read in reads:
        with pytest.raises((NotFound, Invalid)):
            read()


@needs("tickets.get", "contacts.get", "messages.list", "messages.note")
def test_an_empty_id_is_refused_unsent(helpdesk: Helpdesk, calls: Callable[[], int]) -> None:
    """An empty id would ask for the whole list."""
    with nothing_sent(calls):
        for call in (
            lambda: helpdesk.tickets.get(""),
            lambda: helpdesk.contacts.get(""),
            lambda: list(helpdesk.messages.list("")),
            lambda: helpdesk.messages.note("", text("x")),
        ):
            with pytest.raises(Invalid):
                call()


@needs("tickets.create", "tickets.update", "messages.reply", "messages.note")
def test_an_empty_change_or_message_is_refused_unsent(helpdesk: Helpdesk, calls: Callable[[], int]) -> None:
    """An empty change or message is ``Invalid``."""
    ticket = make(helpdesk)
    with nothing_sent(calls):
        with pytest.raises(Invalid):
            helpdesk.tickets.update(ticket.id, TicketChange())
        for write in (helpdesk.messages.reply, helpdesk.messages.note):
            with pytest.raises(Invalid):
                write(ticket.id, text("  \n "))


@needs("tickets.create")
def test_a_ticket_without_a_requester_is_refused_unsent(helpdesk: Helpdesk, calls: Callable[[], int]) -> None:
    """Every ticket has a requester."""
    with nothing_sent(calls), pytest.raises(Invalid):
        helpdesk.tickets.create(draft(helpdesk, requester=""))


@needs("contacts.create")
def test_a_contact_without_address_is_refused_unsent(helpdesk: Helpdesk, calls: Callable[[], int]) -> None:
    """A contact needs an e-mail or a phone, as the vendor demands."""
    with nothing_sent(calls), pytest.raises((Invalid, Unsupported)):
        helpdesk.contacts.create(ContactDraft(name="Nobody"))


@needs("tickets.create")
def test_what_is_too_long_is_refused_unsent(helpdesk: Helpdesk, calls: Callable[[], int]) -> None:
    """A subject or body over the declared limit is ``Invalid``, with the field and the limit."""
    limits = {"subject": helpdesk.capabilities.subject_limit, "description": helpdesk.capabilities.body_limit}
    for field, limit in limits.items():
        if limit is None:
            continue
        with nothing_sent(calls), pytest.raises(Invalid) as caught:
            helpdesk.tickets.create(draft(helpdesk, **{field: "x" * (limit + 1)}))
        assert (caught.value.field, caught.value.limit) == (field, limit)
        made = make(helpdesk, f"long {field}".replace(" ", "."), **{field: "x" * limit})
        if field == "subject":
            assert helpdesk.tickets.get(made.id).subject == "x" * limit, "a text of exactly the limit is refused"


@needs("tickets.create", "messages.note")
def test_too_many_or_too_large_files_are_refused_unsent(helpdesk: Helpdesk, calls: Callable[[], int]) -> None:
    """Files over the declared limits are ``Invalid``, with the limit."""
    ticket, limits = make(helpdesk), helpdesk.capabilities.files
    tries: list[list[Upload]] = []
    if limits.count is not None:
        tries.append([Upload.from_bytes(f"{number}.txt", b"x") for number in range(limits.count + 1)])
    if limits.bytes_each is not None:
        # Only its size is told: nothing may be read before it is refused.
        tries.append([Upload("big.bin", "application/octet-stream", _unread, size=limits.bytes_each + 1)])
    for files in tries:
        with nothing_sent(calls), pytest.raises(Invalid) as caught:
            helpdesk.messages.note(ticket.id, _with(files))
        assert caught.value.limit is not None


@needs("tickets.create", "tickets.list", "tickets.create:{name}", "listed:{name}", "complete:{name}")
@each("name", ["group", "assignee"])
def test_an_unknown_word_is_refused_and_nothing_is_written(helpdesk: Helpdesk, name: str) -> None:
    """A group or agent that a complete list does not hold is ``Invalid`` before the ticket is written.

    A desk that adds such a word instead lists it afterwards.
    """
    listing, word = {"group": ("groups", "No such group"), "assignee": ("agents", "nobody@nowhere.example")}[name]
    try:
        helpdesk.tickets.create(draft(helpdesk, **{name: word}))
    except Invalid as error:
        assert error.field == name  # noqa: PT017 - adding the word is right too
        assert list(helpdesk.tickets.list()) == [], f"a ticket was written although its {name} was refused"
    else:
        added = getattr(helpdesk, listing).list()
        assert word in {value for one in added for value in (one.name, getattr(one, "email", None))}


@needs("tickets.create", "tickets.get", "tickets.update", "messages.list", "messages.note")
def test_what_is_refused_writes_nothing(helpdesk: Helpdesk) -> None:
    """A change that is refused changes nothing; a message that is refused is not in the thread."""
    ticket = make(helpdesk)
    before = helpdesk.tickets.get(ticket.id)
    absent = [status for status in Status if status not in helpdesk.capabilities.statuses]
    refused: list[Callable[[], Any]] = [
        lambda: helpdesk.tickets.update(ticket.id, TicketChange(subject="Changed", status=absent[0])),
        lambda: helpdesk.tickets.update(ticket.id, TicketChange(subject="Changed", priority="no such priority")),
        lambda: helpdesk.messages.note(ticket.id, text("")),
    ]
    for call in refused:
        with pytest.raises((Invalid, Unsupported)):
            call()
    after = helpdesk.tickets.get(ticket.id)
    assert (after.subject, after.status, after.priority) == (before.subject, before.status, before.priority)
    assert len(list(helpdesk.messages.list(ticket.id))) == 1


@needs("tickets.create", "messages.reply")
def test_no_message_quotes_a_customer(helpdesk: Helpdesk) -> None:
    """Errors go into logs: no error holds a subject, a text or an address that was written."""
    long = _SECRET_WORDS * 2000
    refused: tuple[Callable[[], Any], ...] = (
        lambda: helpdesk.tickets.create(draft(helpdesk, subject=long)),
        lambda: helpdesk.tickets.create(draft(helpdesk, requester=_SECRET_WORDS)),
        lambda: helpdesk.messages.reply(_SECRET_WORDS, text(_SECRET_WORDS)),
        lambda: helpdesk.contacts.find(email=_SECRET_WORDS),
        lambda: helpdesk.contacts.create(ContactDraft(emails=(_SECRET_WORDS,), phones=(_SECRET_WORDS,))),
    )
    for call in refused:
        try:
            call()
        except HelpdeskError as error:
            told = f"{error} {error!r} {error.args}"
            assert "Confidential-4711" not in told


@needs("tickets.create", "tickets.get")
def test_html_of_a_subject_stays_text(helpdesk: Helpdesk) -> None:
    """Markup in a subject stays text."""
    made = make(helpdesk, subject="<b>Bold</b> & more")
    assert seen(helpdesk.tickets.get(made.id).subject) == "<b>Bold</b> & more"


def _with(files: list[Upload]) -> MessageDraft:
    return MessageDraft(body="See the files", attachments=tuple(files))


def _unread() -> Any:
    raise AssertionError("a file that is too large was opened")
