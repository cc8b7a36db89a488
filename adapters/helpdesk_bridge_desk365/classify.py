"""From what Desk365 answers to an error that says what the caller can do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from helpdesk_bridge.adapter import (
    AuthenticationFailed,
    BadResponse,
    Conflict,
    HelpdeskError,
    Invalid,
    NotFound,
    RateLimited,
    Request,
    Response,
    Unavailable,
)

_FIELDS: Final[Mapping[str, str]] = {
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
    "phone": "phones",
    "mobile": "phones",
    "body": "body",
    "filters": "filters",
    "files": "attachments",
    "file": "attachments",
    "attachment": "attachments",
    "attachments": "attachments",
}
_WORD: Final = re.compile(r"[A-Za-z_]+")
_TAKEN: Final = re.compile(r"already|duplicate", re.IGNORECASE)
_READ_AT_MOST: Final = 400
_SMALL_BODY: Final = 4096

_KEY_HINT: Final = (
    "Desk365 does not accept the API key; a key works on its own subdomain only, and an administrator finds it in the "
    "account settings"
)


def classify(request: Request, response: Response) -> HelpdeskError | None:
    """Return the error of an answer, or None for a success.

    The vendor's own words are looked at and never repeated: they may quote what a customer wrote.
    """
    if request.url is not None:
        return _of_file(response)
    document = _document(response)
    if response.ok:
        status = _hidden_status(document)
        return None if status is None else _of_status(status, document, response)
    return _of_status(response.status, document, response)


def _of_file(response: Response) -> HelpdeskError | None:
    # Observed: a file's address is signed and expires after an hour; the storage then answers 403 with XML.
    if response.status in (400, 401, 403, 404, 410):
        return NotFound("the address of this file is not valid any more", status=response.status)
    return None


def _of_status(status: int, document: Any, response: Response) -> HelpdeskError | None:
    if status in (401, 403):
        return AuthenticationFailed(_KEY_HINT, status=status)
    if status == 404:  # noqa: PLR2004 - Not Found
        return NotFound("Desk365 has no such record", status=status)
    if status == 405:  # noqa: PLR2004 - Method Not Allowed
        # Observed: this is also the answer to a missing query parameter.
        return HelpdeskError("Desk365 does not know this call, or a query parameter is missing from it", status=status)
    if status == 409:  # noqa: PLR2004 - Conflict
        return Conflict("Desk365 has such a record already", status=status)
    if status == 429:  # noqa: PLR2004 - Too Many Requests
        return RateLimited("Desk365 refused the call: the budget of this API key is spent", status=status)
    if status in (400, 413, 422):
        return _refused(status, document, _custom_keys(response.request))
    if status >= 500:  # noqa: PLR2004 - server errors
        return Unavailable("Desk365 failed to answer", status=status)
    if not response.ok:
        return HelpdeskError("Desk365 refused the call", status=status)
    return BadResponse("Desk365 answered with an error inside of a success", path="$.error", status=response.status)


def _refused(status: int, document: Any, custom_keys: tuple[str, ...]) -> HelpdeskError:
    texts = tuple(text[:_READ_AT_MOST] for text in _texts(document))
    if any(_TAKEN.search(text) for text in texts):
        return Conflict("Desk365 has such a record already", status=status)
    field = _field(document, texts, custom_keys)
    what = f"the value of {field}" if field else "the call"
    return Invalid(f"Desk365 refused {what}", field=field, status=status)


def _field(document: Any, texts: tuple[str, ...], custom_keys: tuple[str, ...]) -> str | None:
    for entry in _entries(document):
        named = entry.get("field")
        if isinstance(named, str):
            if named.startswith("cf_"):
                return f"custom_fields.{named.removeprefix('cf_')}"
            return _FIELDS.get(named.lower())
    for text in texts:
        # The names of custom fields hold blanks and anything else, so they are looked for as they were sent.
        for key in custom_keys:
            if key in text:
                return f"custom_fields.{key.removeprefix('cf_')}"
        for word in _WORD.findall(text):
            if word.startswith("cf_"):
                return "custom_fields"
            if word.lower() in _FIELDS:
                return _FIELDS[word.lower()]
    return None


def _custom_keys(request: Request) -> tuple[str, ...]:
    """Return the custom fields that a request held, the longest name first."""
    sent = request.json
    for part in request.parts or ():
        if part.value is not None and part.value.startswith("{"):
            sent = json.loads(part.value)
    fields = sent.get("custom_fields") if isinstance(sent, dict) else None
    return tuple(sorted(fields, key=len, reverse=True)) if isinstance(fields, dict) else ()


def _entries(document: Any) -> Iterator[Mapping[str, Any]]:
    errors = document.get("errors") if isinstance(document, dict) else None
    for entry in errors if isinstance(errors, list) else ():
        if isinstance(entry, dict):
            yield entry


def _texts(document: Any) -> Iterator[str]:
    # Observed: two shapes, {description, errors: [{message}]} and {status, error, message}; clients read in this order.
    for entry in _entries(document):
        if isinstance(entry.get("message"), str):
            yield entry["message"]
    if isinstance(document, dict):
        for key in ("message", "description", "error"):
            if isinstance(document.get(key), str):
                yield document[key]


def _document(response: Response) -> Any:
    # A page of tickets is not read twice; an error is short. Proxies answer in HTML, which is no document.
    if not response.body or (response.ok and (len(response.body) > _SMALL_BODY or b'"error"' not in response.body)):
        return None
    try:
        return response.json()
    except BadResponse:
        return None


def _hidden_status(document: Any) -> int | None:
    if not isinstance(document, dict) or not isinstance(document.get("error"), str):
        return None
    status = document.get("status")
    return status if type(status) is int and status >= 400 else None  # noqa: PLR2004 - errors start there
