"""The model: tickets, contacts and threads as dictionaries. Of the library it uses nothing but the values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final, TypeAlias

from helpdesk_bridge.model.capabilities import Capabilities
from helpdesk_bridge.model.values import Add, Priority, Remove, Status, Visibility
from helpdesk_bridge.testing.machine.snapshots import CUSTOM, address, custom, folded, visible_text

Row: TypeAlias = dict[str, Any]
"""A ticket or contact: the ``fields`` that were written, the time ``since`` it exists, its requester and its thread."""

_AFTER_ANY_WRITE: Final = frozenset({"updated_at", "closed_at", "solved_at", "first_response_at", "message_count"})
_OF_THE_OPENING: Final = frozenset({"requester", "description", "files"})
_AFTER_A_MESSAGE: Final = frozenset({"status", "status_label"})
"""A vendor opens a ticket again, or sets it to pending, when a message comes."""


class Model:
    """Tickets and contacts by the machine's own names; ids belong to the desks."""

    def __init__(self, capabilities: Capabilities) -> None:
        self.tickets: dict[str, Row] = {}
        self.contacts: dict[str, Row] = {}
        self._capabilities = capabilities

    # ---- contacts

    def contact_at(self, where: str) -> str | None:
        """Return the name of the contact with this e-mail or phone."""
        wanted = address(where)
        held = ("emails", "phones")
        return next(
            (
                name
                for name, row in self.contacts.items()
                if any(wanted in row["fields"].get(part, ()) for part in held)
            ),
            None,
        )

    def add_contact(self, where: str, now: datetime, fields: Mapping[str, Any] | None = None) -> str:
        """Add a contact, known by its e-mail or phone, and return its name."""
        name = f"contact {len(self.contacts) + 1}"
        known = {"emails": (address(where),)} if "@" in where else {"phones": (address(where),)}
        flags = {"blocked": False, "deleted": False}
        row: Row = {
            "fields": {**flags, **known, **contact_fields(fields or {})},
            "since": now,
            "past": {address(where)},
        }
        self.contacts[name] = row
        return name

    def address_of(self, contact: str) -> str:
        """Return the address by which tickets name a contact: its e-mail, else its phone."""
        fields = self.contacts[contact]["fields"]
        held: tuple[str, ...] = fields.get("emails") or fields.get("phones") or ("",)
        return held[0]

    def change_contact(self, contact: str, change: Mapping[str, Any]) -> None:
        """Write what a change names."""
        row = self.contacts[contact]
        row["fields"] |= contact_fields(change)
        row["past"].add(self.address_of(contact))

    def tickets_of(self, contact: str) -> Iterator[tuple[str, Row]]:
        """Yield the tickets of a requester."""
        yield from ((name, row) for name, row in self.tickets.items() if row["requester"] == contact)

    # ---- tickets

    def add_ticket(self, contact: str, draft: Mapping[str, Any], now: datetime) -> str:
        """Add a ticket with its opening message and return its name."""
        name = f"ticket {len(self.tickets) + 1}"
        files = tuple(draft.get("files", ()))
        opening = self.new_message(draft["description"], Visibility.PUBLIC, author=contact, files=files, now=now)
        fields = self.written_fields(draft)
        self.tickets[name] = {
            "fields": {**fields, "description": opening["text"]},
            "requester": contact,
            "again": None,
            "thread": [opening],
            "since": now,
        }
        return name

    def written_fields(self, values: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the fields that a draft or a change writes, in the form of snapshots."""
        found: dict[str, Any] = {}
        for name, value in values.items():
            if name == "subject":
                found[name] = visible_text(value)
            elif name in ("status", "priority"):
                found |= self._with_label(name, value)
            elif name in ("tags", "cc", "watchers"):
                found[name] = _changed_words((before or {}).get(name, frozenset()), value)
            elif name == "assignee":
                found[name] = None if value is None else folded(value)
            elif name == "custom_fields":
                found |= {f"{CUSTOM}{field}": None for field in value} | custom(value)
            elif name not in _OF_THE_OPENING:
                found[name] = value
        return found

    def _with_label(self, name: str, value: Status | Priority | str) -> dict[str, Any]:
        words: Mapping[Any, str] = getattr(self._capabilities, {"status": "statuses", "priority": "priorities"}[name])
        member = next((one for one, label in words.items() if value is one or value == label), value)
        return {name: member, f"{name}_label": folded(words.get(member))}

    def change_ticket(self, ticket: str, change: Mapping[str, Any]) -> None:
        """Write what a change names."""
        row = self.tickets[ticket]
        row["fields"] |= self.written_fields(change, row["fields"])

    # ---- threads

    @staticmethod
    def new_message(
        body: str | tuple[str, str],
        visibility: Visibility,
        *,
        author: str | None,
        now: datetime,
        files: tuple[tuple[str, bytes], ...] = (),
        cc: tuple[str, ...] = (),
    ) -> Row:
        """Return a message; ``author`` is a contact, or None for the agent whom the desk writes as."""
        return {
            "text": visible_text(body if isinstance(body, str) else body[1]),
            "visibility": visibility,
            "author": author,
            "files": files,
            "cc": frozenset(map(folded, cc)),
            "since": now,
            "ids": {},
        }

    def add_message(self, ticket: str, message: Row) -> None:
        """Add a message. The status that follows is the desk's own."""
        row = self.tickets[ticket]
        row["thread"].append(message)
        for name in _AFTER_A_MESSAGE:
            row["fields"].pop(name, None)


def contact_fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that a draft or a change of a contact writes, in the form of snapshots."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if name == "name":
            found[name] = visible_text(value)
        elif name in ("emails", "phones"):
            found[name] = tuple(map(address, value))
        elif name == "custom_fields":
            found |= {f"{CUSTOM}{field}": None for field in value} | custom(value)
        else:
            found[name] = value
    return found


def _changed_words(now: frozenset[str], change: Any) -> frozenset[str]:
    if isinstance(change, Add):
        return now | frozenset(map(folded, change.values))
    if isinstance(change, Remove):
        return now - frozenset(map(folded, change.values))
    return frozenset(map(folded, change or ()))


def fields_moved_by_a_write() -> frozenset[str]:
    """Return the fields that any write to a ticket may move, and that the desk then chooses again."""
    return _AFTER_ANY_WRITE


def fields_moved_by_a_message() -> frozenset[str]:
    """Return the fields that a message may move."""
    return _AFTER_ANY_WRITE | _AFTER_A_MESSAGE
