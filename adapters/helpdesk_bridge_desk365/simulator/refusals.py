"""What Desk365 answers when it refuses a request: the reasons, and the two shapes of an error body."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from helpdesk_bridge.testing.simulator import BadBody

if TYPE_CHECKING:
    from collections.abc import Mapping


class Refusal(BadBody):
    """A request that Desk365 does not carry out: status, a human sentence, the field it is about.

    It is a `BadBody` because the core hands those to the one hook that knows which shape of error is switched on.
    """

    def __init__(
        self, status: int, message: str, *, field: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.field = field
        self.headers = dict(headers or {})


def invalid(message: str, field: str | None = None) -> Refusal:
    """400. assumed: validation failures are not in the OpenAPI, dossier section 1.5."""
    return Refusal(HTTPStatus.BAD_REQUEST, message, field=field)


def field_missing(label: str) -> Refusal:
    """400 for a new ticket that lacks a field, which the sentence names as agents see it; no key names it.

    observed: "missing field Status", a test against a live account, 2026; the rest of the body is assumed.
    """
    return Refusal(HTTPStatus.BAD_REQUEST, f"missing field {label}")


def missing(what: str) -> Refusal:
    """404. documented: OpenAPI, every operation."""
    return Refusal(HTTPStatus.NOT_FOUND, f"The {what} was not found.")


def query_missing(name: str, method: str) -> Refusal:
    """405 for a required query parameter that is not in the URL, even where the body has it.

    observed: add_note against production, dossier section 1.5; assumed for the other operations.
    """
    return Refusal(
        HTTPStatus.METHOD_NOT_ALLOWED, f"Required query parameter '{name}' is not present.", headers={"Allow": method}
    )


def status_body(status: int, message: str) -> dict[str, Any]:
    """`{"status", "error", "message"}`. documented: OpenAPI, 401, 403, 404 and 500."""
    return {"status": int(status), "error": HTTPStatus(status).phrase, "message": message}


def error_body(status: int, message: str, field: str | None, *, shape: str) -> dict[str, Any]:
    """Return the body of a refusal: 400 in the shape that is switched on, all else in the `status` shape.

    observed: two clients read `errors[0].message` before anything else, dossier section 1.5.
    """
    if status != HTTPStatus.BAD_REQUEST or shape == "status":
        return status_body(status, message)
    error = {"message": message} if field is None else {"field": field, "message": message}
    return {"description": "Validation failed", "errors": [error]}
