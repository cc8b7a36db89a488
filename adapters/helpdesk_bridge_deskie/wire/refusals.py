"""Refusals: the words of Deskie's errors, each with its source, and its names for fields.

Clients have met codes such as `email_already_exist`; whether a sentence can stand in their place is not known, so a
sentence is read like a code: in lower case, with an underscore for whatever separates its words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final

from attrs import frozen

from helpdesk_bridge.adapter import Provenance


class Meaning(Enum):
    """What an error says."""

    GONE = "there is no such record"
    TAKEN = "another record has this value"
    WRONG = "a value is refused"
    NO_ACCESS = "an agent may not see the record"


@frozen
class Phrase:
    """A pattern of a whole error, its meaning, and how well it is known; a group `key` is the vendor's name of a field."""

    pattern: re.Pattern[str]
    meaning: Meaning
    provenance: Provenance
    source: str


_CLIENTS: Final = "codes that clients of live accounts look for"
_FAMILY: Final = "words of the same family, for what was not seen"
PHRASES: Final = (
    Phrase(re.compile("staff_has_not_access"), Meaning.NO_ACCESS, Provenance.OBSERVED, _CLIENTS),
    Phrase(re.compile("case_not_found"), Meaning.GONE, Provenance.OBSERVED, _CLIENTS),
    Phrase(re.compile("(?P<key>email|phone)_already_exist"), Meaning.TAKEN, Provenance.OBSERVED, _CLIENTS),
    Phrase(re.compile("incorrect_(?P<key>user_email)"), Meaning.WRONG, Provenance.OBSERVED, _CLIENTS),
    Phrase(re.compile("wrong_(?P<key>email)"), Meaning.WRONG, Provenance.OBSERVED, _CLIENTS),
    Phrase(re.compile("(?P<key>staff)_not_active"), Meaning.WRONG, Provenance.OBSERVED, _CLIENTS),
    Phrase(re.compile(r"\w*(?:_not_found|does_not_exist)|no_such_\w+"), Meaning.GONE, Provenance.ASSUMED, _FAMILY),
    Phrase(
        re.compile(r"(?:the_)?(?P<key>\w+?)_?(?:already_(?:exists?|taken|used)|is_taken|not_unique)|duplicate_\w+"),
        Meaning.TAKEN,
        Provenance.ASSUMED,
        _FAMILY,
    ),
    Phrase(
        re.compile(r"(?:wrong|incorrect|invalid|empty|missing|unknown)_(?P<key>\w+)"),
        Meaning.WRONG,
        Provenance.ASSUMED,
        _FAMILY,
    ),
    Phrase(
        re.compile(r"(?P<key>\w+?)_(?:is_)?(?:wrong|incorrect|invalid|empty|missing|required|too_short|not_active)"),
        Meaning.WRONG,
        Provenance.ASSUMED,
        _FAMILY,
    ),
)
"""The first that fits a whole error decides."""

FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "user_email": "requester",
        "user_phone": "requester",
        "user_id": "requester",
        "user": "requester",
        "email": "email",
        "phone": "phone",
        "staff": "assignee",
        "staff_id": "assignee",
        "group": "group",
        "group_id": "group",
        "subject": "subject",
        "content": "body",
        "content_html": "body",
        "status": "status",
        "priority": "priority",
        "labels": "tags",
        "custom_fields": "custom_fields",
        "attachments": "attachments",
        "company_name": "company",
        "user_full_name": "name",
    }
)
"""Deskie's keys (observed) and the port's words."""
_OF_CONTACTS: Final[Mapping[str, str]] = MappingProxyType(
    {"email": "emails", "user_email": "emails", "phone": "phones", "user_phone": "phones"}
)
_BETWEEN: Final = re.compile(r"[^a-z0-9]+")
_READ_AT_MOST: Final = 200


def read(error: str) -> tuple[Phrase, str | None] | None:
    """Return the phrase that an error is, and the vendor's name of the field that it is about; None if no phrase fits."""
    words = _BETWEEN.sub("_", error[:_READ_AT_MOST].casefold()).strip("_")
    for phrase in PHRASES:
        found = phrase.pattern.fullmatch(words)
        if found is not None:
            return phrase, found.groupdict().get("key")
    return None


def port_field(key: str | None, path: str) -> str | None:
    """Return the port's word for a key of Deskie's; an agent's e-mail is an argument of ``vendor_api``."""
    if key is None:
        return None
    if path.startswith("/users") and key in _OF_CONTACTS:
        return _OF_CONTACTS[key]
    return FIELDS.get(key)
