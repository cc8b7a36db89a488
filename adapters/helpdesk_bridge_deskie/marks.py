"""Markers: how a ticket that was written is found again.

A marker stands in a custom field of the ticket where the account has one for it, else in the last line of the opening
message. Nothing can look for a marker but a list: text searches may lag behind (and want the account's own encoding).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from attrs import field, frozen

from helpdesk_bridge.adapter import (
    Body,
    FieldDefinition,
    Invalid,
    Order,
    Person,
    TicketDraft,
    digest,
    split_marker,
    squash,
    with_marker,
)
from helpdesk_bridge_deskie.client import DeskieClient, Params
from helpdesk_bridge_deskie.convert import Reader, moment_seconds
from helpdesk_bridge_deskie.people import People
from helpdesk_bridge_deskie.scan import Bounds, CaseScan
from helpdesk_bridge_deskie.vocabulary import Vocabulary
from helpdesk_bridge_deskie.wire import CaseDocument

FIELD_NAME: Final = "Migration marker"
_SKEW: Final = timedelta(minutes=10)
"""How far the vendor's clock may be behind ours."""


@frozen
class Marks:
    """Writes markers and finds them. ``configured`` is the field's name where the configuration has one."""

    client: DeskieClient = field(repr=False)
    reader: Reader = field(repr=False)
    words: Vocabulary = field(repr=False)
    people: People = field(repr=False)
    account: str
    configured: str | None = None

    def place(self) -> FieldDefinition | None:
        """Return the custom field for markers. Raises ``Invalid`` where one is configured and does not exist."""
        found = self.words.field(self.configured or FIELD_NAME)
        if found is None and self.configured is not None:
            raise Invalid(
                "the custom field configured as migration_marker does not exist; an admin has to make it",
                field="custom_fields.migration_marker",
            )
        return found

    def put(self, marker: str, fields: dict[str, Any], body: Body) -> Body:
        """Write a marker into the fields of a new case; return the body, which carries it where there is no field."""
        text = self.text(marker)
        place = self.place()
        if place is not None:
            fields["custom_fields"] = {**fields.get("custom_fields", {}), place.key: text}
            return body
        return with_marker(body, text)

    def text(self, marker: str) -> str:
        """Return the marker as it is written: 16 hex digits, also for an application's own key."""
        is_marker = len(marker) == 16 and all(letter in "0123456789abcdef" for letter in marker)  # noqa: PLR2004
        return marker if is_marker else digest(self.account, marker)

    def created_with(self, marker: str, draft: TicketDraft) -> CaseDocument | None:
        """Return the case that was created from this draft with this marker, None where there is none."""
        whose = self._whose(draft.requester)
        if whose is None:
            return None
        scan = CaseScan(fetch=self.client.cases, params=(*whose, _CHATS), order=Order.CREATED_DESC)
        return next(self._marked(marker, scan, draft.subject), None)

    def written_since(self, marker: str, since: datetime, requester: Person | None, subject: str) -> tuple[str, ...]:
        """Return the ids of cases with this marker that changed since then.

        It is looked for by the update time, because ``created_at`` is the source's.
        """
        whose = (self._whose(requester) if requester is not None else None) or ()
        bounds = Bounds(start=moment_seconds(since - _SKEW))
        scan = CaseScan(fetch=self.client.cases, params=(*whose, _CHATS), order=Order.UPDATED_ASC, bounds=bounds)
        return tuple(dict.fromkeys(str(case.case_id) for case in self._marked(marker, scan, subject)))

    def _whose(self, person: Person) -> Params | None:
        """Return the filter for one customer's cases, None where there is no such customer."""
        found = self.people.known_contact_id(person)
        return None if found is None or not found.isdecimal() else (("user_id", found),)

    def _marked(self, marker: str, scan: CaseScan, subject: str) -> Iterator[CaseDocument]:
        text, place, cursor = self.text(marker), self.place(), None
        while True:
            page = scan.page(cursor)
            for case in page.items:
                if place is not None:
                    if case.custom_fields and str(case.custom_fields.get(place.key, "")).strip() == text:
                        yield case
                elif squash(case.subject or "") == squash(subject) and self._in_opening(case, text):
                    yield case
            if page.next is None:
                return
            cursor = page.next

    def _in_opening(self, case: CaseDocument, text: str) -> bool:
        found = self.client.messages(str(case.case_id), 1, limit=1)
        if not found.items:
            return False
        return split_marker(self.reader.message(found[0], str(case.case_id), 0).body)[0] == text


_CHATS: Final = ("show_active_chats", "true")
