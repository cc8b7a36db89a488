"""Errors for Desk365's answers, by what the caller can do about them."""

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
from helpdesk_bridge_desk365.wire.refusals import (
    MISSING_CODES,
    TAKEN_CODES,
    field_keyed,
    field_said,
    keys_of,
    says_missing,
    says_taken,
)

_READ_AT_MOST: Final = 400
_SMALL_BODY: Final = 4096
_CODE: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_CUSTOM_PREFIX: Final = "cf_"
_ERROR_KEYS: Final = frozenset({"error", "errors"})
_KEYS_OF_ERRORS: Final = _ERROR_KEYS | {"status", "message", "description", "code", "path", "timestamp"}

_KEY_HINT: Final = (
    "Desk365 does not accept the API key; a key works on its own subdomain only, and an administrator finds it under "
    "Settings > Integrations > API, on the Standard, Plus and Premium plans"
)


def classify(request: Request, response: Response) -> HelpdeskError | None:
    """Return the error of an answer, or None for a success.

    The vendor's message is examined and never repeated: it may quote a customer.
    """
    if request.url is not None:
        return _of_file(response)
    document = _document(response)
    if response.ok:
        status = _hidden_status(document)
        if status is not None:
            return _of_status(status, document, response)
        return _unexplained(response) if _is_error_alone(document) else None
    return _of_status(response.status, document, response)


def _of_file(response: Response) -> HelpdeskError | None:
    # Observed: a file's address is signed and expires after an hour; the storage then answers 403 with XML.
    if response.status in (400, 401, 403, 404, 410):
        return NotFound("the URL of this file has expired", status=response.status)
    return None


def _of_status(status: int, document: Any, response: Response) -> HelpdeskError | None:
    if status in (401, 403):
        return AuthenticationFailed(_KEY_HINT, status=status)
    if status == 404:  # noqa: PLR2004 - Not Found
        return NotFound("Desk365 has no such record", status=status)
    if status == 405:  # noqa: PLR2004 - Method Not Allowed
        # Observed: this is also the answer to a missing query parameter.
        return HelpdeskError("Desk365 does not know this call, or the call lacks a query parameter", status=status)
    if status == 409:  # noqa: PLR2004 - Conflict
        return Conflict("Desk365 already has this record", status=status)
    if status == 429:  # noqa: PLR2004 - Too Many Requests
        return RateLimited("the rate limit of this API key is exceeded", status=status)
    if status in (400, 413, 422):
        return _refused(status, document, response.request)
    if status >= 500:  # noqa: PLR2004 - server errors
        return Unavailable("Desk365 answered with a server error", status=status)
    if not response.ok:
        return HelpdeskError("Desk365 rejected the call", status=status)
    return _unexplained(response)


def _unexplained(response: Response) -> BadResponse:
    return BadResponse("Desk365 sent an error with a success status", path="$.error", status=response.status)


def _refused(status: int, document: Any, request: Request) -> HelpdeskError:
    texts = tuple(text[:_READ_AT_MOST] for text in _texts(document))
    sent = _sent(request)
    field, code = _field(document, texts, request.path, sent), _code(document)
    if code in TAKEN_CODES or any(map(says_taken, texts)):
        about = f" of {field}" if field else ""
        return Conflict(f"Desk365 already has a record with this value{about}", field=field, status=status, code=code)
    missing = code in MISSING_CODES or any(map(says_missing, texts))
    if field is None:
        what = "the call lacks a value that Desk365 requires" if missing else "Desk365 rejected the call"
    elif _holds(sent, field, request.path):
        what = f"Desk365 rejected the value of {field}"
    else:
        what = f"Desk365 requires a value for {field}"
    return Invalid(what, field=field, status=status, code=code)


def _field(document: Any, texts: tuple[str, ...], path: str, sent: Mapping[str, Any]) -> str | None:
    for entry in _entries(document):
        named, text = entry.get("field"), entry.get("message")
        if isinstance(named, str):
            if named.startswith(_CUSTOM_PREFIX):
                return f"custom_fields.{named.removeprefix(_CUSTOM_PREFIX)}"
            # Observed: the entry's key is "name" although its sentence is about the "Company Name".
            said = field_said(text[:_READ_AT_MOST], path) if isinstance(text, str) else None
            return said if said == "company" and named == "name" else field_keyed(named, path)
    for text in texts:
        # The names of custom fields hold blanks and anything else, so they are looked for as they were sent.
        for key in _custom_keys(sent):
            if key in text:
                return f"custom_fields.{key.removeprefix(_CUSTOM_PREFIX)}"
        if (said := field_said(text, path)) is not None:
            return said
    return None


def _sent(request: Request) -> Mapping[str, Any]:
    """Return what a request sent: its parameters, and the members of its document."""
    sent: dict[str, Any] = dict(request.params)
    if isinstance(request.json, dict):
        sent |= request.json
    for part in request.parts or ():
        if part.filename is not None:
            sent["files"] = part.filename
        elif part.value is not None and part.value.startswith("{"):
            sent |= json.loads(part.value)
    return sent


def _holds(sent: Mapping[str, Any], field: str, path: str) -> bool:
    if field.startswith("custom_fields."):
        key = f"{_CUSTOM_PREFIX}{field.removeprefix('custom_fields.')}"
        fields = sent.get("custom_fields")
        return isinstance(fields, Mapping) and fields.get(key) not in (None, "")
    return any(sent.get(key) not in (None, "", [], {}) for key in keys_of(field, path))


def _custom_keys(sent: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the custom fields of a request, the longest name first."""
    fields = sent.get("custom_fields")
    return tuple(sorted(fields, key=len, reverse=True)) if isinstance(fields, dict) else ()


def _code(document: Any) -> str | None:
    """Return the vendor's error code; only a single word is taken, because other text could quote a customer."""
    for entry in _entries(document):
        code = entry.get("code")
        if isinstance(code, str) and _CODE.fullmatch(code):
            return code
    return None


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
    if not response.body or (response.ok and (len(response.body) > _SMALL_BODY or b'"error' not in response.body)):
        return None
    try:
        return response.json()
    except BadResponse:
        return None


def _is_error_alone(document: Any) -> bool:
    """Whether an answer is an error in one of Desk365's shapes, and tells of no record."""
    return isinstance(document, dict) and not _ERROR_KEYS.isdisjoint(document) and document.keys() <= _KEYS_OF_ERRORS


def _hidden_status(document: Any) -> int | None:
    if not isinstance(document, dict) or not isinstance(document.get("error"), str):
        return None
    status = document.get("status")
    return status if type(status) is int and status >= 400 else None  # noqa: PLR2004 - errors start there
