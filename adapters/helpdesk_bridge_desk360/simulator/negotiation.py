"""What a call may be made of: the Accept header, the body's type, and CORS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

if TYPE_CHECKING:
    from collections.abc import Mapping

    from helpdesk_bridge.testing.simulator.app import Call

_MULTIPART: Final = "multipart/form-data"
_READABLE: Final = frozenset({"application/json", _MULTIPART, "application/x-www-form-urlencoded"})
"""documented: JSON, and form-data in the samples; two Python samples go out urlencoded."""
_BODY_METHODS: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def accepts_json(call: Call) -> bool:
    """Whether the Accept header is supported; documented: Desk360 API, "Errors", 406.

    assumed: one fitting member of a list suffices, no header is as good as ``*/*``, and an upload is a multipart call.
    """
    header = call.headers.get("Accept", "")
    if not header.strip():
        return True
    fitting = {"application/json", "*/*"} | ({_MULTIPART} if call.content_type == _MULTIPART else set())
    members = parse_accept_header(header, MIMEAccept)
    return any(quality > 0 and value.partition(";")[0].strip().lower() in fitting for value, quality in members)


def readable_type(call: Call) -> bool:
    """Whether the body's type is supported; documented: Desk360 API, "Errors", 415. A GET's body is ignored."""
    return call.method not in _BODY_METHODS or not call.body or call.content_type in _READABLE


def is_preflight(call: Call) -> bool:
    """Whether a browser asks first; documented: Desk360 API, "Introduction": CORS is supported; assumed: how."""
    return call.method == "OPTIONS" and "Origin" in call.headers and bool(call.allowed_methods)


def cors_headers(call: Call) -> Mapping[str, str]:
    """Return the headers for scripts on pages of any origin (assumed, as all of CORS here)."""
    headers = {"Access-Control-Allow-Origin": "*"}
    if call.method == "OPTIONS" and "Origin" in call.headers:
        headers["Access-Control-Allow-Methods"] = "GET, POST, PUT, DELETE"
        headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, Accept"
        headers["Access-Control-Max-Age"] = "0"
    else:
        headers["Access-Control-Expose-Headers"] = (
            "Link, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After"
        )
    return headers
