"""Refused values: what a load does if the destination refuses a value that no list could have ruled out."""

from __future__ import annotations

from typing import Final

from helpdesk_bridge.errors import Invalid
from helpdesk_bridge.migration.desk import MigrationDesk
from helpdesk_bridge.migration.journal.facts import MAP_FIELD
from helpdesk_bridge.migration.journal.journal import Journal
from helpdesk_bridge.migration.outcome import DecisionNeeded
from helpdesk_bridge.migration.plan.field_maps import EndKind, FieldMap, parse
from helpdesk_bridge.migration.plan.rules import ASK
from helpdesk_bridge.migration.plan.values import PASSING, Values, agent_email, as_number, old_key, requester_key
from helpdesk_bridge.model.records import Ticket
from helpdesk_bridge.text.plain import fold

_DECISIONS: Final = {"tags": "tag", "watchers": "watcher", "custom_fields": "custom_field"}
"""Fields of several values, of which one is decided about at a time."""
_ONE_CUSTOM_FIELD: Final = "custom_fields."


def refused_values(source: MigrationDesk, values: Values, ticket: Ticket, field: str | None) -> list[tuple[str, str]]:
    """Return the values of a source ticket that a refusal of ``field`` is about, as (decision field, old value)."""
    if not field:
        return []
    mapped = [(MAP_FIELD, str(one)) for one in _maps(values, field)]
    return mapped or _own_values(source, values, ticket, field)


def _own_values(source: MigrationDesk, values: Values, ticket: Ticket, field: str) -> list[tuple[str, str]]:
    named = source.ticket(ticket)
    name = _DECISIONS.get(field, field)
    if name == "assignee":
        email = agent_email(source, ticket.assignee)
        return [("assignee", email)] if email else []
    if name == "watcher":
        return _watchers(values, ticket)
    if name == "group":
        return [("group", named.group.name)] if named.group and named.group.name else []
    if name == "tag":
        return [("tag", tag) for tag in ticket.tags]
    if name == "requester":
        return [("requester", requester_key(ticket))]
    if name == "status":
        return [("status", ticket.status_label or ticket.status.value)]
    if name == "priority":
        return [("priority", ticket.priority_label or ticket.priority.value)]
    if name in PASSING:
        word = getattr(ticket, name)
        return [(name, word)] if word else []
    return _custom_fields(values, ticket, name)


def _maps(values: Values, field: str) -> list[FieldMap]:
    """Return the field maps whose target a refusal names, as the destination knows it."""
    bare = fold(field.removeprefix(_ONE_CUSTOM_FIELD))
    return [
        one
        for one in values.maps
        if bare == fold(values.target_name(one) if one.target.kind is EndKind.CUSTOM else one.target.name)
    ]


def _watchers(values: Values, ticket: Ticket) -> list[tuple[str, str]]:
    # The refusal does not say which of them: those whom the destination never showed are the likely ones.
    there = {email: values.watcher(email).value for email in ticket.watchers}
    unseen = [email for email, agent in there.items() if agent is not None and values.destination.agent(agent) is None]
    return [("watcher", email) for email in unseen or ticket.watchers]


def _custom_fields(values: Values, ticket: Ticket, name: str) -> list[tuple[str, str]]:
    if name == "custom_field":
        # The refusal does not say which of them: those that the destination never showed are the likely ones.
        unseen = [
            custom_field
            for custom_field in ticket.custom_fields
            if values.definition(values.custom_field(custom_field).value or custom_field) is None
        ]
        return [("custom_field", field_name) for field_name in unseen or ticket.custom_fields]
    if not name.startswith(_ONE_CUSTOM_FIELD):
        return []
    bare = fold(name.removeprefix(_ONE_CUSTOM_FIELD))
    # The refusal names the field as the destination knows it, a decision as the source does.
    return [
        ("custom_field", custom_field)
        for custom_field in ticket.custom_fields
        if bare in (fold(custom_field), fold(str(values.custom_field(custom_field).value or custom_field)))
    ]


def _as_numbers(refused: list[tuple[str, str]], ticket: Ticket, values: Values, journal: Journal) -> bool:
    """Send texts that are numbers as numbers, the first time that such a field is refused: nothing is lost by it."""
    changed = False
    for field, old in refused:
        name: str = values.custom_field(old).value or "" if field == "custom_field" else ""
        value = ticket.custom_fields.get(old) if name else None
        if not isinstance(value, str) or isinstance(as_number(value), str) or values.decided("as_number", name):
            continue
        values.decide("as_number", name, "yes")
        journal.facts.decide(*old_key("as_number", name), "yes", by="refusal")
        changed = True
    return changed


def let_go(
    error: Invalid, ticket: Ticket, *, source: MigrationDesk, values: Values, journal: Journal, yes: bool
) -> bool:
    """Drop the refused values if the user accepted announced losses, or has a rule for them; return whether to write again.

    Raises ``DecisionNeeded`` if the user did not.
    """
    refused = [
        refused_value
        for refused_value in refused_values(source, values, ticket, error.field)
        if not values.decided(*refused_value)
    ]
    if _as_numbers(refused, ticket, values, journal):
        return True
    if not refused and not yes:
        # What was decided is refused as well: every ticket with it would fail, one after the other.
        known = refused_values(source, values, ticket, error.field)
        refused = [one for one in known if values.decided_word(*one) is not None]
    if not refused:
        return False
    if not yes and not all(values.rules.get(name, ASK) != ASK for name, _ in refused):
        wanted = [_dropping(name, old) for name, old in refused]
        raise DecisionNeeded(
            f"the destination refuses a value of {error.field}; nothing of the ticket was written: decide with the command below and run again",
            values=wanted,
        )
    for name, old in refused:
        if name == MAP_FIELD:
            values.drop_map(parse(old))
            journal.facts.decide(MAP_FIELD, old, None, by="yes")
            continue
        values.decide(name, old, None)
        journal.facts.decide(*old_key(name, old), None, by="yes" if yes else "rule")
    return True


def _dropping(name: str, old: str) -> str:
    return f"--map-field {parse(old).target}=" if name == MAP_FIELD else f"--map {name}:{old}="
