"""Refusals: Desk365's error answers, in the two shapes of their body."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import escape

from helpdesk_bridge.testing.simulator import BadBody

if TYPE_CHECKING:
    from collections.abc import Mapping


INVALID_VALUE: Final = "invalid_value"
"""observed: `errors[].code` of a name that is taken, production, June 2026."""

_PAGE: Final = """<!doctype html><html lang="en"><head><title>HTTP Status {status} \u2013 {phrase}</title>\
<style type="text/css">body {{font-family:Tahoma,Arial,sans-serif;}} h1, h2, h3, b {{color:white;background-color:#525D76;}}\
 h1 {{font-size:22px;}} .line {{height:1px;background-color:#525D76;border:none;}}</style></head><body>\
<h1>HTTP Status {status} \u2013 {phrase}</h1><hr class="line" /><p><b>Type</b> Status Report</p>\
<p><b>Message</b> {message}</p><p><b>Description</b> {description}</p><hr class="line" />\
<h3>Apache Tomcat/8.5.66</h3></body></html>"""
_WRONG_METHOD: Final = (
    "The method received in the request-line is known by the origin server but not supported by the target resource."
)


class Refusal(BadBody):
    """A request that Desk365 does not carry out: status, a human sentence, the field it is about.

    It is a `BadBody` because the core hands those to the one hook that knows which shape of error is switched on.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        field: str | None = None,
        code: str = INVALID_VALUE,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.field = field
        self.code = code
        self.headers = dict(headers or {})


def invalid(message: str, field: str | None = None) -> Refusal:
    """400. assumed: validation failures are not in the OpenAPI, dossier section 1.5."""
    return Refusal(HTTPStatus.BAD_REQUEST, message, field=field)


def not_unique(label: str, field: str, what: str = "name") -> Refusal:
    """400 for a name or an address that another record has. observed: a company's name, production, June 2026."""
    return Refusal(HTTPStatus.BAD_REQUEST, f"{label} is not unique. Please choose a different {what}.", field=field)


def field_missing(label: str) -> Refusal:
    """400 for a new ticket that lacks a field, which the sentence names as agents see it; no key names it.

    observed: "missing field Status", a test against a live account, July 2026; the code is assumed.
    """
    return Refusal(HTTPStatus.BAD_REQUEST, f"missing field {label}", code="missing_field")


def unknown_key(key: str) -> Refusal:
    """400 for a member that is no field. observed: `assigned_to` in an update; sentence and code are assumed."""
    return Refusal(HTTPStatus.BAD_REQUEST, f"{key} is an invalid field", field=key, code="invalid_field")


def missing(what: str) -> Refusal:
    """404. documented: OpenAPI, ErrorResponseResourceNotFound, of every operation."""
    return Refusal(HTTPStatus.NOT_FOUND, f"The {what} was not found.")


def query_missing(method: str, *, status: int = HTTPStatus.METHOD_NOT_ALLOWED) -> Refusal:
    """405 for a required query parameter that is not in the URL, even if the body has it.

    observed: add_note and PUT companies/update against production; a GET may be answered 404 instead (assumed).
    """
    if status == HTTPStatus.NOT_FOUND:
        return Refusal(status, "The requested resource was not found.")
    return Refusal(status, f"Request method '{method}' not supported", headers={"Allow": method})


def method_page(method: str) -> bytes:
    """Return the servlet container's page for a method that a path does not take. observed: production, 2026."""
    status = HTTPStatus.METHOD_NOT_ALLOWED
    page = _PAGE.format(
        status=int(status),
        phrase=status.phrase,
        message=escape(f"Request method '{method}' not supported", {"'": "&#39;"}),
        description=_WRONG_METHOD,
    )
    return page.encode()


def status_body(status: int, message: str) -> dict[str, Any]:
    """`{"status", "error", "message"}`. documented: OpenAPI, ErrorResponseForbiddenAccess and its like for 401, 404 and 500."""
    return {"status": int(status), "error": HTTPStatus(status).phrase, "message": message}


def error_body(
    status: int, message: str, field: str | None, *, shape: str, code: str = INVALID_VALUE
) -> dict[str, Any]:
    """Return the body of a refusal: 400 in the shape that is switched on, all else in the `status` shape.

    observed: a taken name in production, with code, field and message in this order, June 2026.
    """
    if status != HTTPStatus.BAD_REQUEST or shape == "status":
        return status_body(status, message)
    named = {} if field is None else {"field": field}
    return {"description": "Validation failed", "errors": [{"code": code, **named, "message": message}]}
