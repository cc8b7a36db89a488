"""Markers: how this library recognises a ticket that it wrote.

A marker is in a custom field of the ticket if the account has one for it, else in the last line of the opening message.
Only listings find markers: text searches may lag behind (and need the account's own encoding).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from attrs import field, frozen

from helpdesk_bridge.adapter import (
    MARKER_FIELD,
    Body,
    Conflict,
    FieldDefinition,
    Invalid,
    Marked,
    Order,
    Page,
    Person,
    Ticket,
    TicketDraft,
    body_digest,
    body_of,
    split_marker,
    squash,
    with_marker,
)
from helpdesk_bridge_deskie.client.client import DeskieClient, Params
from helpdesk_bridge_deskie.client.ticket_scan import Bounds, CaseScan
from helpdesk_bridge_deskie.port.names import Names
from helpdesk_bridge_deskie.port.people import People
from helpdesk_bridge_deskie.wire.documents import CaseDocument
from helpdesk_bridge_deskie.wire.reading import Reader
from helpdesk_bridge_deskie.wire.writing import moment_seconds

_SKEW: Final = timedelta(minutes=10)
"""How far the vendor's clock may be behind ours."""


@frozen
class _MarkedCase:
    """A case that carries a marker; ``opening`` is the rest of its opening message, if that holds the marker."""

    case: CaseDocument
    opening: Body | None = None


@frozen
class Markers:
    """Writes markers and finds them. ``configured`` is the field's name in the configuration, if set."""

    client: DeskieClient = field(repr=False)
    reader: Reader = field(repr=False)
    names: Names = field(repr=False)
    people: People = field(repr=False)
    configured: str | None = None

    def place(self) -> FieldDefinition | None:
        """Return the custom field for markers. Raises ``Invalid`` if the configured one does not exist."""
        definition = self.names.field(self.configured or MARKER_FIELD)
        if definition is None and self.configured is not None:
            raise Invalid(
                "the custom field configured as migration_marker does not exist; an admin must create it",
                field="custom_fields.migration_marker",
            )
        return definition

    def put(self, marker: str, fields: dict[str, Any], body: Body) -> Body:
        """Write a marker into the fields of a new case; return the body, which carries it if there is no field for it."""
        place = self.place()
        if place is not None:
            fields["custom_fields"] = {**fields.get("custom_fields", {}), place.key: marker}
            return body
        return with_marker(body, marker)

    def created_with(self, markers: Sequence[str], draft: TicketDraft) -> CaseDocument | None:
        """Return the case that was created from this draft with one of these markers, or None.

        Raises ``Conflict`` if a case of this customer carries one in its text but has other content: customers can
        copy the line of one message into another.
        """
        whose = self._requester_filter(draft.requester)
        if whose is None:
            return None
        wanted, others = body_digest(body_of(draft.description)), False
        scan = CaseScan(fetch=self.client.cases, params=(*whose, _CHATS), order=Order.CREATED_DESC)
        for marked in self._marked(markers, scan, lambda case: squash(case.subject or "") == squash(draft.subject)):
            if marked.opening is None or body_digest(marked.opening) == wanted:
                return marked.case
            others = True
        if others:
            raise Conflict(
                "a ticket of this customer carries this idempotency key but says something else; nothing was written: "
                "use another key for another ticket"
            )
        return None

    def written_since(self, marker: str, since: datetime, old: Ticket) -> tuple[str, ...]:
        """Return the ids of cases with this marker that changed since then.

        It is looked for by the update time, because ``created_at`` is the source's. Agents may have changed the
        subject meanwhile; the time of creation they cannot change.
        """
        whose = (self._requester_filter(old.requester) if old.requester is not None else None) or ()

        def may_be(case: CaseDocument) -> bool:
            same_time = old.created_at is not None and case.created_at == old.created_at.replace(microsecond=0)
            return same_time or squash(case.subject or "") == squash(old.subject)

        bounds = Bounds(start=moment_seconds(since - _SKEW))
        scan = CaseScan(fetch=self.client.cases, params=(*whose, _CHATS), order=Order.UPDATED_ASC, bounds=bounds)
        return tuple(dict.fromkeys(str(marked.case.case_id) for marked in self._marked((marker,), scan, may_be)))

    def page(self, cursor: str | None) -> Page[Marked]:
        """Return one page of all cases with the markers that their field shows; no opening is read."""
        place = self.place()
        scan = CaseScan(fetch=self.client.cases, params=(_CHATS, _MERGED))
        cases = scan.page(cursor)
        rows = tuple(
            Marked(
                ticket_id=str(case.case_id),
                marker=None if place is None else _text(case.custom_fields, place.key) or None,
                created_at=case.created_at,
                listed=place is not None,
                opening_listed=False,
            )
            for case in cases.items
            if not case.deleted
        )
        return Page(rows, cases.next, cases.total)

    def _requester_filter(self, person: Person) -> Params | None:
        """Return the filter for one customer's cases, None if the account does not have the customer."""
        contact_id = self.people.known_contact_id(person)
        return None if contact_id is None or not contact_id.isdecimal() else (("user_id", contact_id),)

    def _marked(
        self, markers: Sequence[str], scan: CaseScan, may_be: Callable[[CaseDocument], bool]
    ) -> Iterator[_MarkedCase]:
        place, cursor = self.place(), None
        while True:
            page = scan.page(cursor)
            for case in page.items:
                in_field = "" if place is None else _text(case.custom_fields, place.key)
                if in_field in markers:
                    yield _MarkedCase(case)
                elif not in_field and may_be(case):
                    marker, rest = split_marker(self._opening(case))
                    if marker in markers:
                        yield _MarkedCase(case, rest)
            if page.next is None:
                return
            cursor = page.next

    def _opening(self, case: CaseDocument) -> Body:
        first = self.client.messages(str(case.case_id), 1, limit=1)
        return self.reader.message(first[0], str(case.case_id), 0).body if first.items else Body(text="")


def _text(fields: Mapping[str, Any] | None, key: str) -> str:
    return str(fields.get(key) or "").strip() if fields else ""


_CHATS: Final = ("show_active_chats", "true")
_MERGED: Final = ("show_merged_cases", "true")
