"""Errors: typed, located, before anything is sent where that is possible, and without a customer's words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from helpdesk_bridge.errors import HelpdeskError, Invalid, NotFound, Unsupported
from helpdesk_bridge.model import ContactChange, ContactDraft, MessageDraft, Status, TicketChange, Upload
from helpdesk_bridge.ports import Helpdesk
from helpdesk_bridge.testing.conformance.fixtures import SuiteFixtures, nothing_sent, skip_without
from helpdesk_bridge.testing.conformance.making import contact_draft, draft, make, seen, stranger, text

_SECRET_WORDS = "Confidential-4711 for ann@customers.example"  # noqa: S105 - a customer's text, which no message may quote


class ErrorTests(SuiteFixtures):
    """What goes wrong, and what the caller learns of it."""

    def test_a_ticket_that_does_not_exist_is_not_found(self, helpdesk: Helpdesk) -> None:
        """``get`` and ``update`` of a stranger's id raise ``NotFound``, told where."""
        skip_without(helpdesk, "tickets.create", "tickets.get", "tickets.update", "tickets.update:status")
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

    def test_a_contact_that_does_not_exist_is_not_found(self, helpdesk: Helpdesk) -> None:
        """``get`` and ``update`` of a stranger's id raise ``NotFound``."""
        skip_without(helpdesk, "contacts.create", "contacts.get", "contacts.update")
        nobody = stranger(helpdesk.contacts.create(contact_draft(helpdesk)).id)
        with pytest.raises(NotFound):
            helpdesk.contacts.get(nobody)
        with pytest.raises(NotFound):
            helpdesk.contacts.update(nobody, ContactChange(name="Nobody"))

    @pytest.mark.parametrize(
        "odd", ["../../x", "1?y=2", "a/b", "%2e%2e", "1 OR 1=1", "\u0661", "0x1", "-1", "\x00", "🤖", "1\n"]
    )
    def test_an_odd_id_reaches_no_other_record(self, helpdesk: Helpdesk, odd: str) -> None:
        """An id that is none is a typed error, and never another path of the vendor's API."""
        skip_without(helpdesk, "tickets.create", "tickets.get", "contacts.get", "messages.list")
        make(helpdesk)
        reads: tuple[Callable[[], Any], ...] = (
            lambda: helpdesk.tickets.get(odd),
            lambda: helpdesk.contacts.get(odd),
            lambda: list(helpdesk.messages.list(odd)),
        )
        for read in reads:
            with pytest.raises((NotFound, Invalid)):
                read()

    def test_an_empty_id_is_refused_unsent(self, helpdesk: Helpdesk, calls: Callable[[], int]) -> None:
        """An empty id would ask for the whole list."""
        skip_without(helpdesk, "tickets.get", "contacts.get", "messages.list", "messages.note")
        with nothing_sent(calls):
            for call in (
                lambda: helpdesk.tickets.get(""),
                lambda: helpdesk.contacts.get(""),
                lambda: list(helpdesk.messages.list("")),
                lambda: helpdesk.messages.note("", text("x")),
            ):
                with pytest.raises(Invalid):
                    call()

    def test_an_empty_change_or_message_is_refused_unsent(self, helpdesk: Helpdesk, calls: Callable[[], int]) -> None:
        """Nothing to say is ``Invalid``."""
        skip_without(helpdesk, "tickets.create", "tickets.update", "messages.reply", "messages.note")
        ticket = make(helpdesk)
        with nothing_sent(calls):
            with pytest.raises(Invalid):
                helpdesk.tickets.update(ticket.id, TicketChange())
            for write in (helpdesk.messages.reply, helpdesk.messages.note):
                with pytest.raises(Invalid):
                    write(ticket.id, text("  \n "))

    def test_a_ticket_without_a_requester_is_refused_unsent(self, helpdesk: Helpdesk, calls: Callable[[], int]) -> None:
        """Every ticket is somebody's."""
        skip_without(helpdesk, "tickets.create")
        with nothing_sent(calls), pytest.raises(Invalid):
            helpdesk.tickets.create(draft(helpdesk, requester=""))

    def test_a_contact_without_address_is_refused_unsent(self, helpdesk: Helpdesk, calls: Callable[[], int]) -> None:
        """A contact needs an e-mail or a phone, as the vendor demands."""
        skip_without(helpdesk, "contacts.create")
        with nothing_sent(calls), pytest.raises((Invalid, Unsupported)):
            helpdesk.contacts.create(ContactDraft(name="Nobody"))

    def test_what_is_too_long_is_refused_unsent(self, helpdesk: Helpdesk, calls: Callable[[], int]) -> None:
        """A subject or body over the declared limit is ``Invalid``, with the field and the limit."""
        skip_without(helpdesk, "tickets.create")
        limits = {"subject": helpdesk.capabilities.subject_limit, "description": helpdesk.capabilities.body_limit}
        for field, limit in limits.items():
            if limit is None:
                continue
            with nothing_sent(calls), pytest.raises(Invalid) as caught:
                helpdesk.tickets.create(draft(helpdesk, **{field: "x" * (limit + 1)}))
            assert (caught.value.field, caught.value.limit) == (field, limit)
            made = make(helpdesk, f"long {field}".replace(" ", "."), **{field: "x" * limit})
            if field == "subject":
                assert helpdesk.tickets.get(made.id).subject == "x" * limit, "the limit itself is allowed"

    def test_too_many_or_too_large_files_are_refused_unsent(self, helpdesk: Helpdesk, calls: Callable[[], int]) -> None:
        """Files over the declared limits are ``Invalid``, with the limit."""
        skip_without(helpdesk, "tickets.create", "messages.note")
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

    @pytest.mark.parametrize(("name", "word"), [("group", "No such group"), ("assignee", "nobody@nowhere.example")])
    def test_an_unknown_word_is_refused_and_nothing_is_written(self, helpdesk: Helpdesk, name: str, word: str) -> None:
        """A group or agent that a complete list does not hold is ``Invalid`` before the ticket is written.

        A desk that adds such a word instead has it in its list afterwards.
        """
        listing = {"group": "groups", "assignee": "agents"}[name]
        skip_without(helpdesk, "tickets.create", "tickets.list", f"tickets.create:{name}", listing)
        if listing not in helpdesk.capabilities.complete_lists:
            pytest.skip(f"the list of {listing} is not declared complete")
        try:
            helpdesk.tickets.create(draft(helpdesk, **{name: word}))
        except Invalid as error:
            assert error.field == name  # noqa: PT017 - adding the word is right too
            assert list(helpdesk.tickets.list()) == [], f"a ticket was written although its {name} was refused"
        else:
            added = getattr(helpdesk, listing).list()
            assert word in {value for one in added for value in (one.name, getattr(one, "email", None))}

    def test_what_is_refused_writes_nothing(self, helpdesk: Helpdesk) -> None:
        """A change that is refused changes nothing; a message that is refused is not in the thread."""
        skip_without(helpdesk, "tickets.create", "tickets.get", "tickets.update", "messages.list", "messages.note")
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

    def test_no_message_quotes_a_customer(self, helpdesk: Helpdesk) -> None:
        """Errors go into logs: none holds a subject, a text or an address that was written."""
        skip_without(helpdesk, "tickets.create", "messages.reply")
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

    def test_html_of_a_subject_stays_text(self, helpdesk: Helpdesk) -> None:
        """Markup in a subject is no markup."""
        skip_without(helpdesk, "tickets.create", "tickets.get")
        made = make(helpdesk, subject="<b>Bold</b> & more")
        assert seen(helpdesk.tickets.get(made.id).subject) == "<b>Bold</b> & more"


def _with(files: list[Upload]) -> MessageDraft:
    return MessageDraft(body="See the files", attachments=tuple(files))


def _unread() -> Any:
    raise AssertionError("a file that is too large was opened")
