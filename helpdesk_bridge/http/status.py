"""HTTP statuses as errors, for answers in which the vendor says nothing better."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpdesk_bridge.errors import (
    AuthenticationFailed,
    BadResponse,
    Conflict,
    HelpdeskError,
    Invalid,
    NotFound,
    PermissionDenied,
    RateLimited,
    Unavailable,
)
from helpdesk_bridge.http.origin import NotAUrl, Origin

if TYPE_CHECKING:
    from helpdesk_bridge.http.request import Response

_KINDS: dict[int, tuple[type[HelpdeskError], str]] = {
    400: (Invalid, "the vendor refused a value"),
    401: (AuthenticationFailed, "the vendor does not accept the credentials"),
    403: (PermissionDenied, "the credentials do not allow this"),
    404: (NotFound, "there is no such record"),
    408: (Unavailable, "the vendor gave up waiting for the request"),
    409: (Conflict, "the record exists already or was changed meanwhile"),
    410: (NotFound, "the record is gone"),
    413: (Invalid, "the request is too large for the vendor"),
    422: (Invalid, "the vendor refused a value"),
    429: (RateLimited, "the vendor's rate limit is exceeded"),
}


def error_for_status(response: Response) -> HelpdeskError | None:
    """Return the error that a status means, None for 2xx. Nothing of the body is quoted."""
    status = response.status
    if 200 <= status < 300:  # noqa: PLR2004 - the range of HTTP successes
        return None
    if 300 <= status < 400:  # noqa: PLR2004 - the range of HTTP redirects
        return BadResponse(f"the vendor redirected to {_host(response)}; redirects are never followed", status=status)
    if status >= 500:  # noqa: PLR2004 - the range of server errors
        return Unavailable("the vendor's server failed", status=status)
    kind, text = _KINDS.get(status, (HelpdeskError, "the vendor refused the request"))
    return kind(text, status=status)


def _host(response: Response) -> str:
    location = response.headers.get("Location", "")
    try:
        return str(Origin.parse(location))
    except NotAUrl:
        return "another place on its own host" if location.startswith("/") else "an unusable address"
