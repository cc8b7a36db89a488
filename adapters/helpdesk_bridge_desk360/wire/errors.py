"""Vendor errors: reading the error in a body, in any of its forms and under any status."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen

from helpdesk_bridge.adapter import Provenance

_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_LINK: Final = re.compile(r"https://[!-~]{1,200}")
_READ_AT_MOST: Final = 16_384
# documented: Desk360 API, "Sample error response", which is no valid JSON: a brace and a comma are missing.
_PRINTED_CODE: Final = re.compile(r'"error"\s*:\s*\{\s*"code"\s*:\s*"([a-z0-9_]{1,64})"')
_PRINTED_MESSAGE: Final = re.compile(r'"message"\s*:\s*"([^"]{0,300})"')
_PRINTED_LINK: Final = re.compile(r'"doc_url"\s*:\s*"([^"]{0,300})"')


@frozen
class Phrase:
    """A pattern that names a field in a message, and how well it is known."""

    pattern: re.Pattern[str]
    provenance: Provenance
    source: str


_NAME: Final = r"([A-Za-z0-9_.\[\]*-]{1,80}(?: [a-z0-9.]{1,20}){0,2})"
FIELD_PHRASES: Final = (
    Phrase(re.compile(rf"\b[Tt]he {_NAME} field\b"), Provenance.DOCUMENTED, 'Desk360 API, "The to field is required."'),
    Phrase(re.compile(rf"\bThe selected {_NAME} is invalid\b"), Provenance.ASSUMED, "a sentence of Laravel"),
    Phrase(re.compile(rf"\bThe {_NAME} (?:must|may|has|format)\b"), Provenance.ASSUMED, "sentences of Laravel"),
)
"""The first that fits names the field; a name that no request has is none, because a message may quote a customer."""
_KEYS: Final = frozenset(
    {"to", "text", "phone", "phones", "location", "latitude", "longitude", "name", "address", "contacts", "attachment"}
    | {"attachments", "body", "buttons", "header", "footer", "message_ids", "template_id", "language_id", "email"}
    | {"destinations", "destinations_file", "parameters", "page", "password", "title", "id", "link", "type", "birthday"}
)
_LIMITED: Final = "too many attempts."
"""The sentence of Laravel, in which Desk360 is written (assumed, from the form of its tokens, codes and headers)."""
_ACCEPTED: Final = frozenset({"message_id", "message_ids", "phones", "medias", "access_token", "error"})
"""What a success, or an error in its own form, has."""


@frozen
class VendorError:
    """The content of an error body. The vendor's message is not kept: it may quote a customer."""

    code: str | None = None
    field: str | None = None
    doc_url: str | None = None


def is_limited(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether a body without ``error`` says that the limit is exceeded: Laravel's own `{"message": …}`.

    assumed, from the printed refusal under the status 200: it is one with Retry-After, or with Laravel's sentence.
    """
    if len(body) > _READ_AT_MOST or b'"message"' not in body:
        return False
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return False
    if not isinstance(document, dict) or document.keys() & _ACCEPTED:
        return False
    message = document.get("message")
    if not isinstance(message, str):
        return False
    return any(name.lower() == "retry-after" for name in headers) or message.strip().casefold() == _LIMITED


def vendor_error_in(body: bytes) -> VendorError | None:
    """Return the error of a body, or None.

    documented: `{"error": {"code", "message", "doc_url"}}`, also with status 200; observed: `{"error": "text"}`.
    """
    start = body[:64].lstrip()
    if len(body) > _READ_AT_MOST or b'"error"' not in body or not start.startswith((b"{", b'"')):
        return None
    text = body.decode("utf-8", "replace")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return _printed(text)
    error = document.get("error") if isinstance(document, dict) else None
    if not error:
        return None
    return (
        _of(error.get("code"), error.get("message"), error.get("doc_url")) if isinstance(error, dict) else VendorError()
    )


def _printed(text: str) -> VendorError | None:
    code = _PRINTED_CODE.search(text)
    if code is None:
        return None
    message, link = _PRINTED_MESSAGE.search(text), _PRINTED_LINK.search(text)
    return _of(code[1], message and message[1], link and link[1])


def _of(code: Any, message: Any, doc_url: Any) -> VendorError:
    return VendorError(
        code if isinstance(code, str) and _CODE.fullmatch(code) else None,
        _field_in(message[:300]) if isinstance(message, str) else None,
        doc_url if isinstance(doc_url, str) and _LINK.fullmatch(doc_url) else None,
    )


def _field_in(message: str) -> str | None:
    for phrase in FIELD_PHRASES:
        found = phrase.pattern.search(message)
        if found is not None:
            # Laravel writes the blanks of words in place of underscores: "template id".
            name = found[1].replace(" ", "_")
            return name if re.split(r"[.\[]", name, maxsplit=1)[0] in _KEYS else None
    return None
