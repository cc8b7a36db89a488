"""Errors for Desk360's answers. The code decides before the status: it means the same under 200."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from helpdesk_bridge.adapter import (
    AuthenticationFailed,
    BadResponse,
    ConfigError,
    HelpdeskError,
    Invalid,
    NotFound,
    PermissionDenied,
    RateLimited,
    Request,
    Response,
    Unavailable,
)
from helpdesk_bridge_desk360.policy import MINUTE, TOO_MANY_LOGINS, TOO_MANY_REQUESTS
from helpdesk_bridge_desk360.wire.errors import VendorError, is_limited, vendor_error_in

INSECURE: Final = "insecure_request_exception"
_KEY_HINT: Final = (
    "Desk360 rejected the token; a key belongs to one account and is created on the panel's Public API page"
)
_LOGIN_HINT: Final = "Desk360 rejected email and password"
_GONE: Final = "Desk360 has no such record, or it belongs to another account"
_FIRST_SERVER_ERROR: Final = 500


class ServerFailed(Unavailable):
    """The vendor's server failed. ``response_headers`` are what its support asks for; no message contains them.

    documented: Desk360 API, "Please email us your API script with response headers".
    """

    def __init__(self, message: str, *, response_headers: Mapping[str, str], **where: Any) -> None:
        super().__init__(message, **where)
        self.response_headers = response_headers


# documented: Desk360 API, "Error Codes", all twelve.
_KINDS: Final[Mapping[str, tuple[type[HelpdeskError], str]]] = {
    "authentication_exception": (AuthenticationFailed, _KEY_HINT),
    "invalid_credentials": (AuthenticationFailed, _LOGIN_HINT),
    "not_found_exception": (NotFound, "Desk360 has no such URL"),
    "model_not_found_exception": (NotFound, _GONE),
    "not_found": (NotFound, _GONE),
    "not_authorized": (PermissionDenied, "these credentials are not allowed to change this"),
    TOO_MANY_REQUESTS: (RateLimited, "Desk360's rate limit for this IP address is exceeded"),
    TOO_MANY_LOGINS: (RateLimited, "too many wrong logins; Desk360 blocks logins for a minute"),
    "method_not_allowed_exception": (HelpdeskError, "Desk360 does not support this method here"),
}


def classify(request: Request, response: Response) -> HelpdeskError | None:
    """Return the error of an answer, None for a success.

    Raises ``ConfigError`` if the vendor says that the connection is not encrypted.
    """
    if request.url is not None:
        return _of_file(response)
    vendor_error = vendor_error_in(response.body)
    if vendor_error is None and response.status < _FIRST_SERVER_ERROR and is_limited(response.headers, response.body):
        vendor_error = VendorError(TOO_MANY_REQUESTS)
    if vendor_error is not None:
        return error_of(vendor_error, response)
    return None if response.ok else _by_status(response, {"status": response.status})


def error_of(vendor_error: VendorError, response: Response) -> HelpdeskError:
    """Return the error that the vendor means."""
    where: dict[str, Any] = {"status": response.status, "code": vendor_error.code, "doc_url": vendor_error.doc_url}
    if vendor_error.code == INSECURE:
        raise ConfigError("base_url: Desk360 accepts only https; use https://")
    if vendor_error.code == "failed_validation":
        return _invalid(vendor_error, where)
    if vendor_error.code == "internal_server_error":
        return ServerFailed(
            "Desk360 answered with a server error", response_headers=_shareable(response.headers), **where
        )
    known = _KINDS.get(vendor_error.code or "")
    if known is None:
        return _by_status(response, where)
    kind, text = known
    if vendor_error.code == TOO_MANY_LOGINS:
        return RateLimited(text, retry_after=_seconds(response) or MINUTE, **where)
    if kind is HelpdeskError and response.ok:
        # Raised past the layer that would take an unknown error under 200 for a write in doubt: this one is refused.
        raise kind(text, **where)
    return kind(text, **where)


def _invalid(vendor_error: VendorError, where: dict[str, Any]) -> Invalid:
    what = f"the value of {vendor_error.field}" if vendor_error.field else "a value"
    return Invalid(f"Desk360 rejected {what}", field=vendor_error.field, **where)


def _by_status(response: Response, where: dict[str, Any]) -> HelpdeskError:
    status = response.status
    if response.ok:
        return BadResponse("Desk360 sent an error with a success status", path="$.error", **where)
    if status >= _FIRST_SERVER_ERROR:
        return ServerFailed(
            "Desk360 answered with a server error", response_headers=_shareable(response.headers), **where
        )
    kind, text = _STATUSES.get(status, (HelpdeskError, "Desk360 rejected the call"))
    return kind(text, **where)


# documented: Desk360 API, "Errors"; 403 and 422 are not in its table (observed: a client expects 422).
_STATUSES: Final[Mapping[int, tuple[type[HelpdeskError], str]]] = {
    400: (Invalid, "Desk360 rejected a value"),
    401: (AuthenticationFailed, _KEY_HINT),
    403: (PermissionDenied, "these credentials are not allowed to do this"),
    404: (NotFound, _GONE),
    405: (HelpdeskError, "Desk360 does not support this method here"),
    406: (HelpdeskError, "Desk360 cannot answer in the requested format"),
    413: (Invalid, "the request is too large for Desk360"),
    415: (HelpdeskError, "Desk360 does not accept this content type"),
    422: (Invalid, "Desk360 rejected a value"),
    429: (RateLimited, "Desk360's rate limit for this IP address is exceeded"),
}


def _of_file(response: Response) -> HelpdeskError | None:
    # assumed: a CDN answers so when the address of a file has expired; nothing is documented.
    if response.status in (400, 401, 403, 404, 410):
        return NotFound("the URL of this file has expired", status=response.status)
    return None


def _seconds(response: Response) -> float | None:
    text = str(response.headers.get("Retry-After", ""))
    return float(text) if text.isdecimal() and len(text) < 6 else None  # noqa: PLR2004 - up to a day


def _shareable(headers: Mapping[str, str]) -> Mapping[str, str]:
    return {name: value for name, value in headers.items() if "cookie" not in name.lower()}
