"""Rules for refusals: wrong ids and drafts that a desk does not take. Both desks refuse alike, and nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

import attrs
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from helpdesk_bridge.errors import HelpdeskError, Invalid, NotFound, Unsupported, WrongDesk
from helpdesk_bridge.model.drafts import ContactChange, ContactDraft, MessageDraft, TicketChange, TicketDraft
from helpdesk_bridge.model.fields import TICKET, Kind, Write
from helpdesk_bridge.model.refs import format_ref
from helpdesk_bridge.model.values import Status
from helpdesk_bridge.testing.conformance.drafts import by_email, stranger
from helpdesk_bridge.testing.machine.compared_desk import ComparedDesk
from helpdesk_bridge.testing.machine.inputs import EMAILS, PHONES
from helpdesk_bridge.testing.machine.lockstep import CONTACTS, TICKETS, Lockstep, of_machine

Refusal: TypeAlias = tuple[str, Callable[[ComparedDesk], Any], type[HelpdeskError]]

WRONG: Final = {
    "a stranger's id": NotFound,
    "an empty id": Invalid,
    "a ref of another account": WrongDesk,
    "a ref of another kind": WrongDesk,
}
_OF_TICKETS: Final = ("tickets.get", "tickets.update", "messages.list", "messages.reply", "messages.note")
_OF_CONTACTS: Final = ("contacts.get", "contacts.update")
_VALUES: Final[dict[str, Any]] = {
    "tags": ("x",),
    "cc": ("cc@copies.example",),
    "watchers": ("agent@x.example",),
    "custom_fields": {"x": "y"},
    "assignee": "agent@agents.example",
    "status": Status.OPEN,
}
_LISTS: Final = (Kind.WORDS, Kind.ADDRESSES)
_NEVER_NONE: Final = frozenset(
    name for name, field in TICKET.items() if Write.CLEAR not in field.write or field.kind in _LISTS
)
_NOT_TO_CHOOSE: Final = ("subject", "description", "requester", "attachments")


class RefusalRules(Lockstep):
    """Errors."""

    @precondition(lambda self: bool(self.model.tickets))
    @rule(ticket=TICKETS, wrong=st.sampled_from(sorted(WRONG)), operation=st.sampled_from(_OF_TICKETS))
    def use_a_wrong_ticket_id(self, ticket: str, wrong: str, operation: str) -> None:
        """Name a ticket that is not there."""
        self._use(ticket, "contact", wrong, operation)

    @precondition(lambda self: self.can("contacts.get") and bool(self.model.contacts))
    @rule(contact=CONTACTS, wrong=st.sampled_from(sorted(WRONG)), operation=st.sampled_from(_OF_CONTACTS))
    def use_a_wrong_contact_id(self, contact: str, wrong: str, operation: str) -> None:
        """Name a contact who is not there."""
        self._use(contact, "ticket", wrong, operation)

    def _use(self, name: str, other_kind: str, wrong: str, operation: str) -> None:
        if not self.can(operation):
            return
        self.settle()
        change = self._a_change(operation)
        if operation.endswith("update") and change is None:
            return

        def call(compared: ComparedDesk) -> Any:
            record_id = _wrong_id(compared, compared.ids[name], name.partition(" ")[0], other_kind, wrong)
            return _called(compared, operation, record_id, change)

        self.act(operation, call, refused=WRONG[wrong])

    def _a_change(self, operation: str) -> Any:
        if operation == "contacts.update":
            return ContactChange(name="Nobody") if self.can("contacts.update:name") else None
        status = next(iter(self.capabilities.statuses), None)
        return TicketChange(status=status) if status is not None and self.can("tickets.update:status") else None

    @rule(what=of_machine(lambda machine: st.sampled_from(sorted(machine.refusals()))))
    def try_what_is_refused(self, what: str) -> None:
        """Write what the desk does not take."""
        self.settle()
        operation, call, error = self.refusals()[what]
        self.act(operation, call, refused=error)

    def refusals(self) -> dict[str, Refusal]:
        """Return what this desk refuses, by a few words for it."""
        found = {**self._drafts_refused(), **self._contacts_refused()}
        ticket = next(
            (name for name in self.model.tickets if all(name in compared.ids for compared in self.compared_desks)), None
        )
        return {**found, **self._changes_refused(ticket)} if ticket is not None else found

    def _drafts_refused(self) -> dict[str, Refusal]:
        capabilities = self.capabilities
        tries: dict[str, tuple[dict[str, Any], type[HelpdeskError]]] = {"no requester": ({"requester": ""}, Invalid)}
        for field in attrs.fields(TicketDraft):
            if field.name not in capabilities.ticket_create and field.name not in _NOT_TO_CHOOSE:
                tries[f"a ticket with {field.name}"] = ({field.name: _VALUES.get(field.name, "x")}, Unsupported)
        if "status" in capabilities.ticket_create:
            for status in set(Status) - set(capabilities.statuses):
                tries[f"a ticket of status {status.value}"] = ({"status": status}, Unsupported)
        for name, limit in (("subject", capabilities.subject_limit), ("description", capabilities.body_limit)):
            if limit is not None:
                tries[f"a {name} that is too long"] = ({name: "x" * (limit + 1)}, Invalid)
        made = {what: self._creating(fields, error) for what, (fields, error) in tries.items()}
        if "tickets.create" not in capabilities.idempotency:
            made["a key for a ticket"] = self._creating({}, Unsupported, key="order")
        return made

    def _creating(self, fields: dict[str, Any], error: type[HelpdeskError], key: str | None = None) -> Refusal:
        where = (EMAILS if by_email(self.capabilities) else PHONES)[0]
        values: dict[str, Any] = {"subject": "Refused", "description": "Refused", "requester": where, **fields}
        return (
            "tickets.create",
            lambda compared: compared.chaos.tickets.create(TicketDraft(**values), idempotency_key=key),
            error,
        )

    def _contacts_refused(self) -> dict[str, Refusal]:
        found: dict[str, Refusal] = {}
        if self.can("contacts.create") and "name" in self.capabilities.contact_create:
            nobody = ContactDraft(name="Nobody")
            found["a contact without an address"] = (
                "contacts.create",
                lambda compared: compared.chaos.contacts.create(nobody),
                Invalid,
            )
        if self.can("contacts.find"):
            found["find nobody"] = ("contacts.find", lambda compared: compared.chaos.contacts.find(), Invalid)
            both = {"email": EMAILS[0], "phone": PHONES[0]}
            found["find by both"] = ("contacts.find", lambda compared: compared.chaos.contacts.find(**both), Invalid)
        return found

    def _changes_refused(self, ticket: str) -> dict[str, Refusal]:
        capabilities = self.capabilities
        tries: dict[str, tuple[TicketChange, type[HelpdeskError]]] = {}
        if self.can("tickets.update"):
            tries["an empty change"] = (TicketChange(), Invalid)
            for field in attrs.fields(TicketChange):
                if field.name not in capabilities.ticket_update:
                    value = _VALUES.get(field.name, "x")
                    tries[f"a change of {field.name}"] = (TicketChange(**{field.name: value}), Unsupported)
                elif field.name not in capabilities.ticket_clear | _NEVER_NONE:
                    nothing: dict[str, Any] = {field.name: None}
                    tries[f"a {field.name} cleared"] = (TicketChange(**nothing), Unsupported)
        found: dict[str, Refusal] = {what: _changing(ticket, *tried) for what, tried in tries.items()}
        for verb in ("reply", "note"):
            if self.can(f"messages.{verb}"):
                found[f"an empty {verb}"] = _saying(ticket, verb)
        return found


def _changing(ticket: str, change: TicketChange, error: type[HelpdeskError]) -> Refusal:
    return "tickets.update", lambda compared: compared.chaos.tickets.update(compared.ids[ticket], change), error


def _saying(ticket: str, verb: str) -> Refusal:
    empty = MessageDraft(body=" \n ")
    return (
        f"messages.{verb}",
        lambda compared: getattr(compared.chaos.messages, verb)(compared.ids[ticket], empty),
        Invalid,
    )


def _wrong_id(compared: ComparedDesk, record_id: str, kind: str, other_kind: str, wrong: str) -> str:
    desk = compared.desk
    return {
        "a stranger's id": stranger(record_id),
        "an empty id": "",
        "a ref of another account": format_ref(desk.vendor, f"{desk.account}x", kind, record_id),
        "a ref of another kind": format_ref(desk.vendor, desk.account, other_kind, record_id),
    }[wrong]


def _called(compared: ComparedDesk, operation: str, record_id: str, change: Any) -> Any:
    area, _, verb = operation.partition(".")
    port = getattr(compared.chaos, area)
    if verb == "update":
        return port.update(record_id, change)
    if operation == "messages.list":
        return list(port.list(record_id))
    if area == "messages":
        return getattr(port, verb)(record_id, MessageDraft(body="Hello?"))
    return port.get(record_id)
