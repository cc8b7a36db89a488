"""Vendor errors: reading the error in a body, in any of its forms and under any status."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from attrs import frozen

_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_FIELD: Final = re.compile(r"\bThe ([A-Za-z0-9_.\[\]*-]{1,80}) field\b")
_LINK: Final = re.compile(r"https://[!-~]{1,200}")
_READ_AT_MOST: Final = 16_384
# documented: Desk360 API, "Sample error response", which is no valid JSON: a brace and a comma are missing.
_PRINTED_CODE: Final = re.compile(r'"error"\s*:\s*\{\s*"code"\s*:\s*"([a-z0-9_]{1,64})"')
_PRINTED_MESSAGE: Final = re.compile(r'"message"\s*:\s*"([^"]{0,300})"')
_PRINTED_LINK: Final = re.compile(r'"doc_url"\s*:\s*"([^"]{0,300})"')


@frozen
class VendorError:
    """The content of an error body. The vendor's message is not kept: it may quote a customer."""

    code: str | None = None
    field: str | None = None
    doc_url: str | None = None


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
    named = _FIELD.search(message[:300]) if isinstance(message, str) else None
    return VendorError(
        code if isinstance(code, str) and _CODE.fullmatch(code) else None,
        named[1] if named else None,
        doc_url if isinstance(doc_url, str) and _LINK.fullmatch(doc_url) else None,
    )
