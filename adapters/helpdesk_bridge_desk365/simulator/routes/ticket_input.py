"""Ticket input: the body of create and update, in which every name must exist and every member have its type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from attrs import define

from helpdesk_bridge_desk365.simulator.parameters import checked_email, custom_values, required_text, text_of
from helpdesk_bridge_desk365.simulator.records.account import PRIORITIES, Account
from helpdesk_bridge_desk365.simulator.records.filters import UNSET
from helpdesk_bridge_desk365.simulator.refusals import invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from helpdesk_bridge.testing.simulator import KeyOf


_BOTH: Final = (
    *("subject", "description", "status", "priority", "type", "assign_to", "group", "category", "sub_category"),
    *("custom_fields", "watchers", "share_to"),
)
CREATE_KEYS: Final = frozenset({*_BOTH, "email", "form_name"})
UPDATE_KEYS: Final = frozenset({*_BOTH, "sla"})
"""documented: OpenAPI, CreateTicketModel and UpdateTicketModel."""

_REQUESTER: Final = "contact_email"


def update_keys(*, additions: bool) -> frozenset[str]:
    """Return the fields of an update; the requester can be changed since 2026 (observed)."""
    return UPDATE_KEYS | {_REQUESTER} if additions else UPDATE_KEYS


@define
class TicketInput:
    """What a body asks to set: attributes of a ticket by name, only those that it mentions."""

    values: dict[str, Any]
    custom_fields: dict[str, Any]


def read_ticket(body: Mapping[str, Any], account: Account, *, subject_limit: int, creating: bool) -> TicketInput:
    """Everything that create and update have in common. Who is asked has refused the keys that are no fields.

    documented: OpenAPI, the request names `assign_to` and `sub_category`; unknown names are 400 by assumption.
    """
    values: dict[str, Any] = {}
    for name, reader in _READERS.items():
        if body.get(name) is None:
            continue
        attribute, value = reader(body, account)
        if value is not None or attribute not in _NEVER_NULL:
            values[attribute] = value
    _read_subject(body, values, subject_limit, creating=creating)
    if creating or body.get("description") is not None:
        # observed: a client in production sends none for some tickets, dossier section 13.
        values["description"] = text_of(body, "description") or ""
    if not creating and body.get("sla") is not None:
        values["sla"] = known_sla(required_text(body, "sla"), account)
    return TicketInput(values, custom_values(body, account.fields))


def check_subcategory(subcategory: str | None, category: str | None, account: Account) -> None:
    """Refuse a subcategory that is not of its category: assumed."""
    if subcategory is not None and subcategory not in account.categories.get(category or "", ()):
        raise invalid(f"The subcategory {subcategory} does not exist in the category.", "sub_category")


def known_sla(name: str, account: Account) -> str:
    """Return an SLA as the account spells it. documented: OpenAPI, "No SLA Policy" and "No Sla Policy" in its own examples."""
    known = {sla.casefold(): sla for sla in account.slas}
    if name.casefold() not in known:
        raise invalid(f"The sla {name} does not exist.", "sla")
    return known[name.casefold()]


def read_form(body: Mapping[str, Any], account: Account) -> str:
    """Return the ticket form, the account's first one by default. documented: OpenAPI, form_name."""
    return _one_of(text_of(body, "form_name") or account.forms[0], account.forms, "form_name")


def read_watchers(value: Any, account: Account) -> list[str]:
    """E-mails of agents, as an array. documented: OpenAPI, "List of agents to be added as Watchers"."""
    return [_agent(email, account, "watchers") for email in _texts(value, "watchers")]


def read_shares(value: Any) -> list[str]:
    """E-mails of contacts, as an array. documented: OpenAPI, "List of contacts to be added as Share To"."""
    return [checked_email(email, "share_to") for email in _texts(value, "share_to")]


def changed_addresses(
    held: list[str], change: Any, name: str, read: Callable[[Any], list[str]], same: KeyOf
) -> list[str]:
    """Return the addresses after `{"add": […], "remove": […]}`. documented: OpenAPI, UpdateTicketModel; an array is 400 (assumed)."""
    if not isinstance(change, dict):
        raise invalid(f"{name} must be an object with add and remove.", name)
    removed = {same(email) for email in _texts(change.get("remove"), name)}
    kept = [email for email in held if same(email) not in removed]
    present = {same(email) for email in kept}
    return kept + [email for email in read(change.get("add")) if same(email) not in present]


def _read_subject(body: Mapping[str, Any], values: dict[str, Any], limit: int, *, creating: bool) -> None:
    if not creating and body.get("subject") is None:
        return
    subject = required_text(body, "subject")
    if len(subject) > limit:
        raise invalid(f"subject must not be longer than {limit} characters.", "subject")
    values["subject"] = subject


def _status(body: Mapping[str, Any], account: Account) -> tuple[str, str | None]:
    """Whatever the case, stored as the account spells it. observed: dossier section 2."""
    status = text_of(body, "status")
    known = {name.casefold(): name for name in account.statuses}
    if status is not None and status.casefold() not in known:
        raise invalid(f"The status {status} does not exist.", "status")
    return "status", known[status.casefold()] if status else None


def _priority(body: Mapping[str, Any], _account: Account) -> tuple[str, int | None]:
    value = body["priority"]
    if isinstance(value, bool) or value not in PRIORITIES:
        raise invalid("priority must be 1, 5, 10 or 20.", "priority")
    return "priority", int(value)


def _assignee(body: Mapping[str, Any], account: Account) -> tuple[str, str | None]:
    email = _clearable(body, "assign_to")
    return "assigned_to", None if email is None else _agent(email, account, "assign_to")


def _named(name: str, attribute: str, known: Callable[[Account], Iterable[str]]) -> Callable[..., tuple[str, Any]]:
    def read(body: Mapping[str, Any], account: Account) -> tuple[str, str | None]:
        value = _clearable(body, name)
        return attribute, None if value is None else _one_of(value, known(account), name)

    return read


def _any_subcategory(account: Account) -> Iterable[str]:
    return (name for names in account.categories.values() for name in names)


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any], Account], tuple[str, Any]]]] = {
    "status": _status,
    "priority": _priority,
    "assign_to": _assignee,
    "type": _named("type", "type", lambda account: account.types),
    "group": _named("group", "group", lambda account: account.groups),
    "category": _named("category", "category", lambda account: account.categories),
    "sub_category": _named("sub_category", "subcategory", _any_subcategory),
}
_NEVER_NULL: Final = frozenset({"status", "priority"})


def _clearable(body: Mapping[str, Any], name: str) -> str | None:
    """`--` clears (documented: OpenAPI, "can be updated to unassigned"), an empty text is null (documented: "empty strings")."""
    value = text_of(body, name)
    return None if value in UNSET else value


def _one_of(value: str, known: Iterable[str], name: str) -> str:
    if value not in known:
        raise invalid(f"The {name} {value} does not exist.", name)
    return value


def _agent(email: str, account: Account, name: str) -> str:
    agent = account.agent(email)
    if agent is None:
        raise invalid(f"The agent {email} in {name} does not exist.", name)
    return agent.email


def _texts(value: Any, name: str) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise invalid(f"{name} must be an array of strings.", name)
    return value
