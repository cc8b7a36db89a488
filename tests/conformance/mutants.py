"""Adapters that are broken on purpose, each in one way that real adapters were broken in.

Every mutant takes a good adapter and returns it with one thing wrong; ``caught_by`` is the test of the suite that must
fail on it, and whose name says what is wrong.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from io import BytesIO
from itertools import count
from typing import Any

import requests
from attrs import evolve, frozen

from helpdesk_bridge.adapter import Adapter, DeskContext, Fidelity, FieldFidelity, MessageClass
from helpdesk_bridge.config import registry
from helpdesk_bridge.config.settings import from_table
from helpdesk_bridge.desk.connection import open_config
from helpdesk_bridge.desk.desk import Desk
from helpdesk_bridge.errors import BadResponse, InDoubt, Invalid
from helpdesk_bridge.model.drafts import MessageDraft
from helpdesk_bridge.model.queries import TicketQuery
from helpdesk_bridge.model.values import UNSET, Body, Status, Visibility

IN_FILE, IN_PROCESS, SOCKETS = "local in a file", "deskie in process", "deskie over sockets"


class Changed:
    """An object with some of its attributes replaced."""

    def __init__(self, whole: Any, **parts: Any) -> None:
        self.__dict__.update(parts)
        self._whole = whole

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole, name)


Adapter.register(Changed)  # a whole adapter with a part replaced is an adapter

Mutation = Callable[[Any, DeskContext], Any]


@frozen
class Mutant:
    """What is wrong, on which desk, and the test that says so."""

    mutation: Mutation
    caught_by: str
    on: str = IN_FILE


def opener(mutation: Mutation) -> Callable[..., Desk]:
    """Return an ``open_desk`` whose desks have a broken adapter."""

    def open_mutated(table: Mapping[str, Any], *, clock: Any = None) -> Desk:
        config = from_table(table, name="desk")
        good = registry.load(config.vendor.open)
        _mutated.open = lambda settings, context: mutation(good(settings, context), context)
        return open_config(evolve(config, vendor=evolve(config.vendor, open=f"{__name__}:open_current")), clock=clock)

    return open_mutated


_mutated = threading.local()


def open_current(settings: Any, context: DeskContext) -> Any:
    """What the dotted name of a mutant's vendor leads to."""
    return _mutated.open(settings, context)


def tickets(adapter: Any, **parts: Any) -> Changed:
    return Changed(adapter, tickets=Changed(adapter.tickets, **parts))


def messages(adapter: Any, **parts: Any) -> Changed:
    return Changed(adapter, messages=Changed(adapter.messages, **parts))


def importer(adapter: Any, **parts: Any) -> Changed:
    return Changed(adapter, importer=Changed(adapter.importer, **parts))


def each_item(adapter: Any, change: Callable[[Any], Any]) -> Changed:
    """Change every ticket that is read."""
    inner = adapter.tickets

    def page(*args: Any) -> Any:
        found = inner.page(*args)
        return evolve(found, items=tuple(map(change, found.items)))

    return tickets(
        adapter,
        page=page,
        get=lambda ticket_id: change(inner.get(ticket_id)),
        create=lambda *args: change(inner.create(*args)),
        update=lambda *args: change(inner.update(*args)),
    )


def each_message(adapter: Any, change: Callable[[Any], Any]) -> Changed:
    """Change every message that is read."""
    inner = adapter.messages

    def page(ticket_id: str, cursor: str | None) -> Any:
        found = inner.page(ticket_id, cursor)
        return evolve(found, items=tuple(map(change, found.items)))

    return messages(adapter, page=page)


def a_note_goes_out_as_a_reply(adapter: Any, _: DeskContext) -> Any:
    return messages(adapter, note=adapter.messages.reply)


def a_requester_is_looked_up_by_substring(adapter: Any, _: DeskContext) -> Any:
    def create(draft: Any, marker: str | None = None) -> Any:
        native = adapter.contacts.split(_all_contacts()).native
        for contact in adapter.contacts.page(native, None).items:
            if str(draft.requester) in (contact.email or ""):
                return adapter.tickets.create(evolve(draft, requester=contact.email), marker)
        return adapter.tickets.create(draft, marker)

    return tickets(adapter, create=create)


def a_requester_is_looked_up_without_case(adapter: Any, _: DeskContext) -> Any:
    def create(draft: Any, marker: str | None = None) -> Any:
        native = adapter.contacts.split(_all_contacts()).native
        for contact in adapter.contacts.page(native, None).items:
            if str(draft.requester).casefold() == (contact.email or "").casefold():
                return adapter.tickets.create(evolve(draft, requester=contact.email), marker)
        return adapter.tickets.create(draft, marker)

    return tickets(adapter, create=create)


def a_contact_is_found_by_its_folded_address(adapter: Any, _: DeskContext) -> Any:
    def find(*, email: str | None, phone: str | None) -> Any:
        native = adapter.contacts.split(_all_contacts()).native
        folded = (email or "").casefold()
        return [one for one in adapter.contacts.page(native, None).items if (one.email or "").casefold() == folded][:1]

    return Changed(adapter, contacts=Changed(adapter.contacts, find=find))


def _all_contacts() -> Any:
    from helpdesk_bridge.model.queries import ContactQuery

    return ContactQuery()


def the_second_page_is_lost(adapter: Any, _: DeskContext) -> Any:
    def page(native: Any, cursor: str | None, size: int | None = None) -> Any:
        found = adapter.tickets.page(native, cursor, size)
        if cursor is None or found.next is None:
            return found if cursor is None else evolve(found, items=())
        return adapter.tickets.page(native, found.next, size)

    return tickets(adapter, page=page)


def times_are_read_in_the_wrong_zone(adapter: Any, _: DeskContext) -> Any:
    wrong = timedelta(hours=3)
    return each_item(adapter, lambda one: evolve(one, created_at=one.created_at + wrong))


def a_status_is_lost_on_the_way_back(adapter: Any, _: DeskContext) -> Any:
    return each_item(adapter, lambda one: evolve(one, status=Status.OPEN) if one.status is Status.PENDING else one)


def a_create_is_sent_again(adapter: Any, _: DeskContext) -> Any:
    def create(*args: Any) -> Any:
        try:
            return adapter.tickets.create(*args)
        except InDoubt:
            return adapter.tickets.create(*args)

    return tickets(adapter, create=create)


def the_key_follows_a_redirect(adapter: Any, _: DeskContext) -> Any:
    session = adapter.transport._logged.inner
    plain = session.send

    def send(request: Any, *grant: Any) -> Any:
        answer = plain(request, *grant)
        if answer.status in (301, 302, 303, 307, 308):
            requests.get(answer.headers["Location"], auth=session._auth, timeout=5).close()
        return answer

    session.send = send
    return adapter


def the_opening_comes_twice(adapter: Any, _: DeskContext) -> Any:
    def page(ticket_id: str, cursor: str | None) -> Any:
        found = adapter.messages.page(ticket_id, cursor)
        return (
            found
            if cursor is not None
            else evolve(found, items=(evolve(found.items[0], id=f"{ticket_id}:0"), *found.items))
        )

    return messages(adapter, page=page)


def the_bytes_of_files_are_swapped(adapter: Any, _: DeskContext) -> Any:
    def swapped(message: Any) -> Any:
        places = [one.locator for one in reversed(message.attachments)]
        files = [evolve(one, locator=place) for one, place in zip(message.attachments, places, strict=True)]
        return evolve(message, attachments=tuple(files))

    return each_message(adapter, swapped)


def a_group_is_refused_after_sending(adapter: Any, _: DeskContext) -> Any:
    def create(draft: Any, marker: str | None = None) -> Any:
        if draft.group is UNSET:
            return adapter.tickets.create(draft, marker)
        made = adapter.tickets.create(evolve(draft, group=UNSET), marker)
        if draft.group not in [group.name for group in adapter.groups.list()]:
            raise Invalid("no such group at this desk", field="group")
        return made

    return tickets(adapter, create=create)


def a_password_stays_in_raw(adapter: Any, context: DeskContext) -> Any:
    if not context.keep_raw:
        return adapter
    return each_item(adapter, lambda one: evolve(one, raw={"user": {"password": "made-up"}}))


def the_importer_replies(adapter: Any, _: DeskContext) -> Any:
    def message(ticket_id: str, old: Any, files: Any) -> Any:
        if old.visibility is Visibility.INTERNAL:
            return adapter.importer.message(ticket_id, old, files)
        return adapter.messages.reply(ticket_id, MessageDraft(body=old.body, attachments=files)).ids

    return importer(adapter, message=message)


def an_imported_note_becomes_public(adapter: Any, _: DeskContext) -> Any:
    inner = adapter.importer
    return importer(
        adapter,
        message=lambda ticket_id, old, files: inner.message(
            ticket_id, evolve(old, visibility=Visibility.PUBLIC), files
        ),
    )


def _into_the_opening(adapter: Any, ticket_id: str, old: Any, *, instead: bool) -> tuple[str, ...]:
    """Let the customer read a message in the opening, after what stands there or instead of it."""
    store = adapter.importer._desk.store
    opening = store.messages.page(ticket_id).items[0]
    told = Body(text=old.body.text if instead else f"{opening.body.text}\n{old.body.text}")
    with store.database.write() as connection:
        connection.execute("DELETE FROM messages WHERE id = ?", (opening.id,))
        store.messages.add(evolve(opening, body=told))
    return (opening.id,)


def an_imported_note_goes_into_the_opening(adapter: Any, _: DeskContext) -> Any:
    def message(ticket_id: str, old: Any, files: Any) -> Any:
        made = adapter.importer.message(ticket_id, old, files)
        if old.visibility is Visibility.INTERNAL:
            _into_the_opening(adapter, ticket_id, old, instead=False)
        return made

    return importer(adapter, message=message)


def the_note_that_a_ticket_begins_with_becomes_its_opening(adapter: Any, _: DeskContext) -> Any:
    def message(ticket_id: str, old: Any, files: Any) -> Any:
        (opening, *later) = adapter.importer._desk.store.messages.page(ticket_id).items
        if old.visibility is Visibility.INTERNAL and not later and "begins with" in opening.body.text:
            return _into_the_opening(adapter, ticket_id, old, instead=True)
        return adapter.importer.message(ticket_id, old, files)

    return importer(adapter, message=message)


def a_note_that_holds_public_messages_is_public(adapter: Any, _: DeskContext) -> Any:
    def message(ticket_id: str, old: Any, files: Any) -> Any:
        public = "· public ·" in old.body.text
        return adapter.importer.message(ticket_id, evolve(old, visibility=Visibility.PUBLIC) if public else old, files)

    return importer(adapter, message=message)


def a_note_that_holds_internal_messages_is_public(adapter: Any, _: DeskContext) -> Any:
    def message(ticket_id: str, old: Any, files: Any) -> Any:
        joined = "· internal ·" in old.body.text
        return adapter.importer.message(ticket_id, evolve(old, visibility=Visibility.PUBLIC) if joined else old, files)

    return importer(adapter, message=message)


def files_of_notes_go_to_customers(adapter: Any, _: DeskContext) -> Any:
    def message(ticket_id: str, old: Any, files: Any) -> Any:
        made = adapter.importer.message(ticket_id, old, ())
        if not files:
            return made
        bare = evolve(old, body=Body(text="Files"), visibility=Visibility.PUBLIC)
        return (*made, *adapter.importer.message(ticket_id, bare, files))

    return importer(adapter, message=message)


def a_line_of_text_is_all_that_keeps_notes_from_customers(adapter: Any, _: DeskContext) -> Any:
    fidelity = adapter.importer.fidelity
    note = {**fidelity.messages[MessageClass.NOTE], "visibility": FieldFidelity(Fidelity.HEADER_LINE)}
    return importer(adapter, fidelity=evolve(fidelity, messages={**fidelity.messages, MessageClass.NOTE: note}))


def what_is_not_called_a_note_is_public(adapter: Any, _: DeskContext) -> Any:
    store = adapter.importer._desk.store

    def named(message: Any) -> Any:
        with store.database.read() as connection:
            ((document,),) = connection.execute("SELECT document FROM messages WHERE id = ?", (message.id,))
        return message if '"internal"' in document else evolve(message, visibility=Visibility.PUBLIC)

    return each_message(adapter, named)


def a_marker_is_compared_by_its_start(adapter: Any, _: DeskContext) -> Any:
    def find(kind: str, marker: str, since: Any, old: Any) -> Any:
        digits = [f"{marker[:-1]}{digit:x}" for digit in range(16)]
        return tuple(one for guess in digits for one in adapter.importer.find(kind, guess, since, old))

    return importer(adapter, find=find)


def lists_hide_markers(adapter: Any, _: DeskContext) -> Any:
    def marked(cursor: str | None = None) -> Any:
        page = adapter.importer.marked(cursor)
        return evolve(page, items=tuple(evolve(one, marker=None, listed=True) for one in page.items))

    return importer(adapter, marked=marked)


def sockets_stay_open(adapter: Any, _: DeskContext) -> Any:
    return Changed(adapter, close=lambda: None)


def a_thread_runs_on(adapter: Any, _: DeskContext) -> Any:
    def create(*args: Any) -> Any:
        threading.Thread(target=threading.Event().wait, name="poller", daemon=True).start()
        return adapter.tickets.create(*args)

    return tickets(adapter, create=create)


def a_count_holds_everything(adapter: Any, _: DeskContext) -> Any:
    def split(query: TicketQuery) -> Any:
        return evolve(adapter.tickets.split(evolve(query, subject=None)), exact=True)

    return tickets(adapter, split=split)


def a_filter_minds_case(adapter: Any, _: DeskContext) -> Any:
    def split(query: TicketQuery) -> Any:
        found = adapter.tickets.split(query)
        return evolve(found, native=(found.native, query.subject.text if query.subject else ""))

    def page(native: Any, cursor: str | None, size: int | None = None) -> Any:
        found = adapter.tickets.page(native[0], cursor, size)
        return evolve(found, items=tuple(one for one in found.items if native[1] in one.subject))

    return tickets(adapter, split=split, page=page)


def ids_of_messages_change(adapter: Any, _: DeskContext) -> Any:
    numbers = count(1)
    return each_message(adapter, lambda one: evolve(one, id=f"~{next(numbers)}"))


def a_key_error_escapes(adapter: Any, _: DeskContext) -> Any:
    def get(ticket_id: str) -> Any:
        try:
            return adapter.tickets.get(ticket_id)
        except BadResponse:
            return {}[ticket_id]

    return tickets(adapter, get=get)


def tags_are_declared_and_dropped(adapter: Any, _: DeskContext) -> Any:
    def update(ticket_id: str, change: Any) -> Any:
        kept = evolve(change, tags=UNSET)
        return adapter.tickets.update(ticket_id, kept) if kept != type(change)() else adapter.tickets.get(ticket_id)

    return tickets(adapter, update=update)


def a_declared_facet_is_missing(adapter: Any, _: DeskContext) -> Any:
    return Changed(adapter, tags=None)


def a_file_is_cut_off(adapter: Any, _: DeskContext) -> Any:
    @contextlib.contextmanager
    def opened(attachment: Any) -> Any:
        with adapter.attachments.open(attachment) as stream:
            yield BytesIO(stream.read(65_536))

    return Changed(adapter, attachments=Changed(adapter.attachments, open=opened))


_THREAD = "test_a_thread_is_imported_without_an_internal_text_in_public"
_LOST = "test_a_write_whose_outcome_is_unknown_is_in_doubt_and_not_sent_again[tickets.create-response_lost]"
MUTANTS: Mapping[str, Mutant] = {
    one.mutation.__name__: one
    for one in (
        Mutant(a_note_goes_out_as_a_reply, "test_a_note_is_internal"),
        Mutant(a_requester_is_looked_up_by_substring, "test_a_ticket_goes_to_exactly_its_requester"),
        Mutant(a_requester_is_looked_up_without_case, "test_customers_who_look_alike_keep_their_own_tickets"),
        Mutant(a_contact_is_found_by_its_folded_address, "test_people_who_look_alike_are_found_each_alone"),
        Mutant(the_second_page_is_lost, "test_no_ticket_is_lost_between_pages"),
        Mutant(times_are_read_in_the_wrong_zone, "test_times_are_aware_and_in_the_right_zone"),
        Mutant(a_status_is_lost_on_the_way_back, "test_a_status_comes_back_as_it_was_written[pending]"),
        Mutant(a_create_is_sent_again, _LOST, IN_PROCESS),
        Mutant(
            the_key_follows_a_redirect,
            "test_no_credential_goes_to_another_host[tickets.list-foreign_redirect]",
            SOCKETS,
        ),
        Mutant(the_opening_comes_twice, "test_the_opening_message_comes_first_and_once"),
        Mutant(the_bytes_of_files_are_swapped, "test_each_file_has_its_own_bytes"),
        Mutant(
            a_group_is_refused_after_sending,
            "test_an_unknown_word_is_refused_and_nothing_is_written[group]",
            IN_PROCESS,
        ),
        Mutant(a_password_stays_in_raw, "test_raw_holds_no_secret"),
        Mutant(the_importer_replies, "test_the_importer_mails_no_customer"),
        Mutant(an_imported_note_becomes_public, "test_an_imported_internal_message_is_never_public"),
        Mutant(an_imported_note_goes_into_the_opening, "test_an_imported_internal_message_is_never_public"),
        Mutant(files_of_notes_go_to_customers, "test_an_imported_internal_message_is_never_public"),
        Mutant(the_note_that_a_ticket_begins_with_becomes_its_opening, f"{_THREAD}[begins_with_a_note-messages]"),
        Mutant(a_note_that_holds_public_messages_is_public, f"{_THREAD}[has_a_note-note]"),
        Mutant(a_note_that_holds_internal_messages_is_public, f"{_THREAD}[has_a_note-description]"),
        Mutant(
            a_line_of_text_is_all_that_keeps_notes_from_customers, "test_the_importer_says_that_notes_stay_internal"
        ),
        Mutant(what_is_not_called_a_note_is_public, "test_a_note_that_the_vendor_calls_by_an_unknown_word_is_internal"),
        Mutant(a_marker_is_compared_by_its_start, "test_an_imported_ticket_is_found_by_its_marker"),
        Mutant(lists_hide_markers, "test_all_markers_are_listed_in_pages"),
        Mutant(sockets_stay_open, "test_closing_leaves_no_socket_and_no_thread", SOCKETS),
        Mutant(a_thread_runs_on, "test_closing_leaves_no_socket_and_no_thread"),
        Mutant(a_count_holds_everything, "test_count_is_exact_or_none"),
        Mutant(a_filter_minds_case, "test_words_are_found_in_any_case"),
        Mutant(ids_of_messages_change, "test_exact_duplicates_stay_apart"),
        Mutant(
            a_key_error_escapes,
            "test_a_vendor_that_stays_broken_gives_a_typed_error[tickets.get-malformed_json]",
            IN_PROCESS,
        ),
        Mutant(tags_are_declared_and_dropped, "test_a_field_that_is_changed_is_read_back[tags]"),
        Mutant(a_declared_facet_is_missing, "test_a_facet_is_there_exactly_where_it_is_declared[tags]"),
        Mutant(a_file_is_cut_off, "test_the_bytes_of_a_file_come_back[large]"),
    )
}
