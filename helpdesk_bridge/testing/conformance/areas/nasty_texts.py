"""Nasty texts in every text field: kept or refused, never a crash, never cut, never markup."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest

from helpdesk_bridge.errors import Conflict, Invalid
from helpdesk_bridge.model.drafts import ContactChange, MessageDraft, TicketChange
from helpdesk_bridge.model.fields import CONTACT, TICKET, Field, Kind, filters
from helpdesk_bridge.model.queries import ContactQuery, How, Match, TicketQuery
from helpdesk_bridge.ports import Helpdesk
from helpdesk_bridge.testing.conformance.drafts import contact_draft, make, seen, text
from helpdesk_bridge.testing.conformance.selection import needs
from helpdesk_bridge.testing.conformance.vocabulary import Vocabulary
from helpdesk_bridge.testing.nasty import NASTY, UNFIT

EVERY = {**NASTY, **UNFIT}
each = pytest.mark.parametrize("nasty", EVERY, ids=[name.replace(" ", "-") for name in EVERY])


def _cut(words: str, limit: int | None) -> str:
    return words[:limit] if limit is not None else words


def _written(write: Callable[[str, MessageDraft], Any], ticket_id: str, words: str) -> Any:
    return write(ticket_id, text(words))


def _kept_or_refused(write: Callable[[], Any], back: Callable[[Any], str | None], words: str) -> None:
    """Prove that a text is read back as its reader sees it, or was refused as ``Invalid``, as invalid text must be."""
    try:
        made = write()
    except Invalid:
        return
    assert words not in UNFIT.values(), "a text with NUL or an unpaired surrogate was taken"
    assert seen(back(made)) == seen(words)


@needs("tickets.create", "tickets.get")
@each
def test_a_nasty_subject_is_kept_or_refused(helpdesk: Helpdesk, nasty: str) -> None:
    """Subjects of tickets, at creating and at changing."""
    words = _cut(EVERY[nasty], helpdesk.capabilities.subject_limit)
    _kept_or_refused(lambda: make(helpdesk, subject=words), lambda made: helpdesk.tickets.get(made.id).subject, words)
    if "subject" in helpdesk.capabilities.ticket_update:
        other = make(helpdesk, "bob")
        _kept_or_refused(
            lambda: helpdesk.tickets.update(other.id, TicketChange(subject=words)),
            lambda made: helpdesk.tickets.get(made.id).subject,
            words,
        )


@needs("tickets.create", "messages.list", "messages.reply", "messages.note")
@each
def test_a_nasty_body_is_kept_or_refused(helpdesk: Helpdesk, nasty: str) -> None:
    """Descriptions, replies and notes."""
    words = _cut(EVERY[nasty], helpdesk.capabilities.body_limit)

    def last(ticket_id: str) -> str:
        return list(helpdesk.messages.list(ticket_id))[-1].body.text

    _kept_or_refused(lambda: make(helpdesk, description=words), lambda made: last(made.id), words)
    ticket = make(helpdesk, "bob")
    for write in (helpdesk.messages.reply, helpdesk.messages.note):
        _kept_or_refused(partial(_written, write, ticket.id, words), lambda _: last(ticket.id), words)


@needs("contacts.create", "contacts.get", "contacts.create:name")
@each
def test_a_nasty_name_is_kept_or_refused(helpdesk: Helpdesk, nasty: str) -> None:
    """Names of contacts, at creating and at changing."""
    words = _cut(EVERY[nasty], 200)
    _kept_or_refused(
        lambda: helpdesk.contacts.create(contact_draft(helpdesk, name=words)),
        lambda made: helpdesk.contacts.get(made.id).name,
        words,
    )
    if "name" in helpdesk.capabilities.contact_update:
        other = helpdesk.contacts.create(contact_draft(helpdesk, "bob"))
        _kept_or_refused(
            lambda: helpdesk.contacts.update(other.id, ContactChange(name=words)),
            lambda made: helpdesk.contacts.get(made.id).name,
            words,
        )


@needs("tickets.create", "tickets.get", "tickets.create:custom_fields")
@each
def test_a_nasty_custom_field_is_kept_or_refused(helpdesk: Helpdesk, vocabulary: Vocabulary, nasty: str) -> None:
    """Values of text fields."""
    name = next((one for one, two in vocabulary.custom_fields.items() if two[0] == "A-77"), None)
    if name is None:
        pytest.skip("the fixture `vocabulary` knows no text field with the value 'A-77'")
    words = EVERY[nasty]
    _kept_or_refused(
        lambda: make(helpdesk, custom_fields={name: words}),
        lambda made: str(helpdesk.tickets.get(made.id).custom_fields.get(name)),
        words,
    )


def _worded(table: Mapping[str, Field]) -> list[str]:
    return [name for name, field in filters(table).items() if field.kind not in (Kind.TIME, Kind.CUSTOM_FIELDS)]


@needs("tickets.create", "tickets.list", "contacts.list", "contacts.find")
@each
def test_a_nasty_word_in_a_query_finds_nothing_and_breaks_nothing(helpdesk: Helpdesk, nasty: str) -> None:
    """Every filter takes any text, compares it and never executes it."""
    make(helpdesk)
    words = EVERY[nasty]
    asked: list[dict[str, Any]] = [{name: words} for name in _worded(TICKET)] + [{"custom_fields": {words: words}}]
    for asking in asked:
        try:
            assert list(helpdesk.tickets.list(TicketQuery(**asking))) == [], asking
        except Invalid:
            assert words in UNFIT.values(), "a valid text was refused"
        else:
            assert words not in UNFIT.values(), "a text with NUL or an unpaired surrogate was taken"
    people: list[dict[str, Any]] = [{name: words} for name in _worded(CONTACT)]
    for asking in people:
        try:
            assert list(helpdesk.contacts.list(ContactQuery(**asking))) == []
        except Invalid:
            assert words in UNFIT.values()
    if words not in UNFIT.values():
        assert list(helpdesk.tickets.list(TicketQuery(subject=Match(words, How.EXACT)))) == []
    try:
        assert helpdesk.contacts.find(email=words) is None
    except Invalid:
        assert helpdesk.capabilities.contact_fields


@needs("contacts.create", "contacts.get", "contacts.create:emails")
@each
def test_a_nasty_address_is_refused_or_kept_exactly(helpdesk: Helpdesk, nasty: str) -> None:
    """A text that is not an address creates no contact that cannot be found again."""
    try:
        made = helpdesk.contacts.create(contact_draft(helpdesk, emails=(EVERY[nasty],)))
    except (Invalid, Conflict):
        return
    assert helpdesk.contacts.get(made.id).emails == made.emails
