"""Capabilities: what a desk can do, one frozen value computed from its settings alone, offline.

The same value drives refusal before sending, the conformance suite, the plan of a migration and the matrix in the docs.
Names are the port's own: ``messages.add_from_contact``, ``agents.list``, ``tickets.create:tags`` (a field of a draft),
``tickets.update:tags``, ``ticket:due_at`` (a field that is read).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import evolve, field, frozen

from helpdesk_bridge.errors import Invalid, Unsupported
from helpdesk_bridge.model.values import FrozenDict, Priority, Status, frozen_dict
from helpdesk_bridge.portable.value import Portable

OPERATIONS: Final = (
    "tickets.list", "tickets.get", "tickets.create", "tickets.update",
    "contacts.list", "contacts.get", "contacts.find", "contacts.create", "contacts.update",
    "messages.list", "messages.reply", "messages.note", "messages.add_from_contact",
    "agents.list", "groups.list", "companies.list", "tags.list", "custom_fields.list", "templates.list",
    "attachments.open", "events", "webhooks", "importer", "removal", "knowledge_base",
)  # fmt: skip


@frozen(kw_only=True)
class FileLimits(Portable):
    """How many files one message takes and how large they may be, in bytes; None is not known to be limited."""

    count: int | None = None
    bytes_each: int | None = None
    bytes_together: int | None = None


def _words() -> Any:
    return field(factory=FrozenDict, converter=frozen_dict, hash=False)


@frozen(kw_only=True)
class Capabilities(Portable):
    """What one desk can do. Defaults are "no"; a limit of None is not known.

    ``contact_needs`` says what a contact must have: ``email``, ``phone`` or ``email or phone``. ``natural_ids`` names the
    kinds of records (``contact``) whose id is a person's e-mail or phone. ``reopens`` is the
    status that a customer's answer gives a ticket, whatever status it had; None leaves it.
    """

    vendor: str
    operations: frozenset[str] = frozenset()
    ticket_fields: frozenset[str] = frozenset()
    contact_fields: frozenset[str] = frozenset()
    message_fields: frozenset[str] = frozenset()
    ticket_create: frozenset[str] = frozenset()
    ticket_update: frozenset[str] = frozenset()
    ticket_clear: frozenset[str] = frozenset()
    contact_create: frozenset[str] = frozenset()
    contact_update: frozenset[str] = frozenset()
    contact_needs: frozenset[str] = frozenset()
    natural_ids: frozenset[str] = frozenset()
    statuses: Mapping[Status, str] = _words()
    open_statuses: bool = False
    reopens: Status | None = None
    priorities: Mapping[Priority, str] = _words()
    complete_lists: frozenset[str] = frozenset()
    idempotency: frozenset[str] = frozenset()
    subject_limit: int | None = None
    body_limit: int | None = None
    files: FileLimits = FileLimits()
    page_size: int | None = None
    notes: Mapping[str, str] = _words()

    def supports(self, name: str) -> bool:
        """Whether the desk can do ``name``. Raises ``Invalid`` for a name that no desk could have."""
        if not isinstance(name, str):
            raise Invalid(f"a capability is named by text, not by a value of type {type(name).__name__}", field="name")
        area, colon, detail = name.partition(":")
        if not colon:
            if name not in OPERATIONS and name not in FACETS:
                raise Invalid(f"{name!r} is no capability; known are {', '.join(OPERATIONS)}", field="name")
            return name in self.operations or f"{name}.list" in self.operations or f"{name}.open" in self.operations
        fields = {
            "ticket": self.ticket_fields,
            "contact": self.contact_fields,
            "message": self.message_fields,
            "tickets.create": self.ticket_create,
            "tickets.update": self.ticket_update,
            "contacts.create": self.contact_create,
            "contacts.update": self.contact_update,
        }.get(area)
        if area == "status":
            return self.open_statuses or any(status.value == detail for status in self.statuses)
        if fields is None:
            raise Invalid(f"{name!r} is no capability: {area!r} has no fields", field="name")
        return detail in fields

    def missing(self, *names: str) -> tuple[str, ...]:
        """Return those of ``names`` that the desk cannot do, so that an application can fail at its start."""
        return tuple(name for name in names if not self.supports(name))

    def require(self, name: str) -> None:
        """Raise ``Unsupported`` if the desk cannot do ``name``."""
        if not self.supports(name):
            reason = self.notes.get(name)
            raise Unsupported(
                f"{self.vendor} cannot do {name}" + (f": {reason}" if reason else ""),
                capability=name,
                vendor=self.vendor,
            )

    def narrowed(self, other: Capabilities) -> Capabilities:
        """Return what both can do: a local desk that refuses what another vendor cannot do."""
        return evolve(
            self,
            operations=self.operations & other.operations,
            ticket_fields=self.ticket_fields & other.ticket_fields,
            contact_fields=self.contact_fields & other.contact_fields,
            message_fields=self.message_fields & other.message_fields,
            ticket_create=self.ticket_create & other.ticket_create,
            ticket_update=self.ticket_update & other.ticket_update,
            ticket_clear=self.ticket_clear & other.ticket_clear,
            contact_create=self.contact_create & other.contact_create,
            contact_update=self.contact_update & other.contact_update,
            contact_needs=self.contact_needs | other.contact_needs,
            statuses=other.statuses or self.statuses,
            open_statuses=self.open_statuses and other.open_statuses,
            reopens=other.reopens,
            priorities=other.priorities or self.priorities,
            idempotency=self.idempotency & other.idempotency,
            subject_limit=other.subject_limit,
            body_limit=other.body_limit,
            files=other.files,
            notes=other.notes,
        )


FACETS: Final = frozenset(
    {"agents", "groups", "companies", "tags", "custom_fields", "templates", "attachments"}
)  # their one operation is list or open
