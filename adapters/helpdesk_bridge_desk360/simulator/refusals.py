"""Refusals: the vendor's twelve error codes, two made-up codes for statuses without one, and the forms of their bodies."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from attrs import frozen

from helpdesk_bridge.testing.simulator.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

DOC_URL: Final = "https://docs.desk360.com/api"


@frozen
class ErrorCode:
    """What goes with a code. ``linked``: a ``doc_url`` is there ("if there is a solution", so not always)."""

    status: int
    message: str
    linked: bool = True


CODES: Final[Mapping[str, ErrorCode]] = {
    "authentication_exception": ErrorCode(401, "Unauthenticated."),
    "invalid_credentials": ErrorCode(401, "These credentials do not match our records."),
    "too_many_attempts": ErrorCode(429, "Too many login attempts. Please try again in a minute."),
    "failed_validation": ErrorCode(400, "The given data was invalid."),
    "not_found_exception": ErrorCode(404, "The requested URL was not found."),
    "model_not_found_exception": ErrorCode(404, "The requested resource was not found."),
    "not_found": ErrorCode(404, "The requested resource was not found."),
    "method_not_allowed_exception": ErrorCode(405, "The method is not supported for this endpoint."),
    "not_authorized": ErrorCode(403, "You do not have permission to modify the resource."),
    "too_many_requests_exception": ErrorCode(429, "Too Many Attempts."),
    "insecure_request_exception": ErrorCode(400, "HTTP is not allowed. Use HTTPS instead."),
    "internal_server_error": ErrorCode(500, "Server Error", linked=False),
}
"""documented: Desk360 API, "Error Codes", for the codes and the statuses of most.

assumed: the texts, and the statuses of invalid_credentials, too_many_attempts, not_authorized and
insecure_request_exception.
"""

UNNAMED: Final[Mapping[str, ErrorCode]] = {
    "not_acceptable": ErrorCode(406, "The Accept header is not supported.", linked=False),
    "unsupported_media_type": ErrorCode(415, "The Content-Type is not supported.", linked=False),
    "payload_too_large": ErrorCode(413, "The request body is too large.", linked=False),
}
"""assumed: codes for statuses that are in the papers (406, 415) or usual (413), but have no code there."""

_ALL: Final = {**CODES, **UNNAMED}


class Problem(Exception):
    """Ends a call with an error of the vendor's."""

    def __init__(self, code: str, message: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.message = message or _ALL[code].message
        self.headers: Mapping[str, str] = headers or {}

    @property
    def status(self) -> int:
        """The status that goes with the code."""
        return _ALL[self.code].status

    @property
    def doc_url(self) -> str | None:
        """The link, or None if the vendor has no advice."""
        return DOC_URL if _ALL[self.code].linked else None


def invalid(message: str) -> Problem:
    """Make a validation error; documented: Desk360 API, "Sample error response", for the style of its text."""
    return Problem("failed_validation", message)


def error_reply(problem: Problem, form: str, *, status: int | None = None) -> Reply:
    """Answer in one of the forms of the switches ``error_body`` and ``error_html``."""
    sent = problem.status if status is None else status
    error = {"code": problem.code, "message": problem.message}
    if problem.doc_url is not None:
        error["doc_url"] = problem.doc_url
    if form == "documented":
        return Reply.json({"error": error}, sent, problem.headers)
    if form == "message":
        return Reply.json({"message": problem.message}, sent, problem.headers)
    if form == "text":
        return Reply.json({"error": problem.message}, sent, problem.headers)
    if form == "html":
        page = (
            f"<!DOCTYPE html>\n<html><head><title>{sent}</title></head><body>{escape(problem.message)}</body></html>\n"
        )
        return Reply.text(page, sent, problem.headers, content_type="text/html; charset=UTF-8")
    body = "" if form == "empty" else _printed(problem)
    return Reply.text(body, sent, problem.headers, content_type="application/json")


def _printed(problem: Problem) -> str:
    """Write the error as the paper prints it: without the opening brace and a comma, so that it is no JSON."""
    return (
        '    "error": {\n'
        f'        "code": "{problem.code}",\n'
        f'        "message": "{problem.message}"\n'
        f'        "doc_url": "{DOC_URL}"\n'
        "    }\n}\n"
    )
