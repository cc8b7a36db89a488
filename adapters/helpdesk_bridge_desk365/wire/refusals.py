"""Refusals: the phrases of Desk365's error messages, each with its source, and its names for fields.

Its messages are written for people: "Assign To" is the key ``assign_to``, "Company Name" a contact's ``company_name``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from attrs import frozen

from helpdesk_bridge.adapter import Provenance


@frozen
class Phrase:
    """A pattern in an error message, and how well it is known."""

    pattern: str
    provenance: Provenance
    source: str


TAKEN: Final = (
    Phrase(r"not unique", Provenance.OBSERVED, "production, June 2026: Company Name is not unique"),
    Phrase(r"already", Provenance.ASSUMED, "how such services usually say that a record exists"),
    Phrase(r"duplicate", Provenance.ASSUMED, "how such services usually say that a record exists"),
)
"""What says that a name or an address belongs to another record."""

MISSING: Final = (
    Phrase(r"missing", Provenance.OBSERVED, "a test against a live account, July 2026: missing field Status"),
    Phrase(r"required|must not be (?:null|empty|blank)|cannot be (?:null|empty|blank)", Provenance.ASSUMED, "usual"),
)
"""What says that a value has to be there."""

TAKEN_CODES: Final = frozenset({"duplicate_value"})
MISSING_CODES: Final = frozenset({"missing_field"})
"""Assumed: codes of the same family as ``invalid_value``, the only one that was seen in production (June 2026)."""

FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "email": "requester",
        "contact_email": "requester",
        "subject": "subject",
        "description": "description",
        "status": "status",
        "priority": "priority",
        "type": "type",
        "group": "group",
        "category": "category",
        "sub_category": "subcategory",
        "subcategory": "subcategory",
        "assign_to": "assignee",
        "assigned_to": "assignee",
        "agent_email": "author",
        "agent": "assignee",
        "custom_fields": "custom_fields",
        "custom_field": "custom_fields",
        "share_to": "cc",
        "cc_emails": "cc",
        "watchers": "watchers",
        "company_name": "company",
        "company": "company",
        "primary_email": "emails",
        "secondary_emails": "emails",
        "name": "name",
        "title": "title",
        "phone": "phones",
        "mobile": "phones",
        "body": "body",
        "filters": "filters",
        "files": "attachments",
        "file": "attachments",
        "attachment": "attachments",
        "attachments": "attachments",
    }
)
"""The vendor's keys and the port's words. Documented (OpenAPI, UpdateTicketModel) and observed: both spellings of what has two."""

_ALSO: Final[Mapping[str, str]] = MappingProxyType({"assignee": "assignee", "watcher": "watchers", "cc": "cc"})
_HERE: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "/companies": MappingProxyType({"company": "name"}),
        "/contacts": MappingProxyType({"requester": "emails"}),
    }
)
"""What a word means in the calls below a path: a company's own name, a contact's own address."""

# A custom field's key is its prefix and whatever name it has.
_LABELS: Final[Mapping[str, str]] = MappingProxyType(
    {key.replace("_", ""): field for key, field in (*FIELDS.items(), *_ALSO.items(), ("cf_", "custom_fields"))}
)
_LABEL: Final = re.compile(
    r"(?<![^\W_])(?:cf_|(?:"
    + "|".join(key.replace("_", r"[\s_-]?") for key in sorted((*FIELDS, *_ALSO), key=len, reverse=True))
    + r")(?![^\W_]))",
    re.IGNORECASE,
)
_BETWEEN: Final = re.compile(r"[\s_-]")
_TAKEN: Final = re.compile("|".join(phrase.pattern for phrase in TAKEN), re.IGNORECASE)
_MISSING: Final = re.compile("|".join(phrase.pattern for phrase in MISSING), re.IGNORECASE)


def says_taken(text: str) -> bool:
    """Whether a text says that a name or an address is taken."""
    return _TAKEN.search(text) is not None


def says_missing(text: str) -> bool:
    """Whether a text says that a value is missing."""
    return _MISSING.search(text) is not None


def field_said(text: str, path: str) -> str | None:
    """Return the port's word for the first field that a text names, in the vendor's key or as agents see it."""
    match = _LABEL.search(text)
    return None if match is None else _here(_LABELS[_BETWEEN.sub("", match.group()).lower()], path)


def field_keyed(key: str, path: str) -> str | None:
    """Return the port's word for a key of the vendor's."""
    known = _LABELS.get(_BETWEEN.sub("", key).lower())
    return None if known is None else _here(known, path)


def keys_of(field: str, path: str) -> frozenset[str]:
    """Return the vendor's keys of a field."""
    return frozenset(key for key, meaning in FIELDS.items() if _here(meaning, path) == field)


def _here(field: str, path: str) -> str:
    for head, meanings in _HERE.items():
        if path.startswith(head):
            return meanings.get(field, field)
    return field
