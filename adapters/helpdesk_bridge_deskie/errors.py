"""Errors for Deskie's answers. If code and status disagree, the code decides."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from helpdesk_bridge.adapter import (
    AuthenticationFailed,
    BadResponse,
    Conflict,
    Effect,
    HelpdeskError,
    Invalid,
    NotFound,
    PermissionDenied,
    Provenance,
    RateLimited,
    Request,
    Response,
    Unavailable,
)
from helpdesk_bridge_deskie.policy import HEADERS, refused
from helpdesk_bridge_deskie.wire.refusals import Meaning, port_field, read

KEY_HINT: Final = (
    "Deskie rejected staff_email and api_key: use the e-mail of an active agent (not the admin's) and a key that the "
    'admin creates under "Settings" > "API" > "add API key"'
)
_CODE: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_DOCS: Final = "https://deskie.io/api"
_FIRST_SERVER_ERROR: Final = 500
_REFUSED_VALUES: Final = frozenset({400, 409, 422})


def classify(request: Request, response: Response) -> HelpdeskError | None:
    """Return the error of an answer, None for a success. Raises ``BadResponse`` if it cannot be read."""
    error = _error(response)
    code = None if error is None else error if _CODE.fullmatch(error) else "unknown"
    if code is None and response.ok:
        if request.effect is Effect.READ and response.body.strip():
            response.json()  # a list may come as nothing (observed), but not as a proxy's page or half a document
        return None
    where: dict[str, Any] = {"status": response.status, "code": code, "doc_url": _DOCS}
    if refused(response.status, response.headers, response.body):
        return RateLimited("Deskie's rate limit is exceeded", retry_after=_seconds(response), **where)
    if response.status >= _FIRST_SERVER_ERROR:
        return Unavailable("Deskie answered with a server error", **where)
    known = _by_words(request, response, error, where) if error else None
    if known is None and response.ok and request.effect is Effect.READ:
        return Unavailable("Deskie answered a read with an error in a success", **where)  # nothing of it was our fault
    return known or _by_status(response.status, where)


def _error(response: Response) -> str | None:
    """Return the text of ``{"error": …}``, also in an answer of status 200 (observed), else None.

    A text that is no identifier counts as the code ``unknown``: it might hold a customer's words.
    """
    if response.ok and b'"error"' not in response.body:
        return None
    try:
        document = response.json()
    except BadResponse:
        return None
    if not isinstance(document, dict) or not document.get("error"):
        return None
    error = document["error"]
    return error if isinstance(error, str) else " "


def _seconds(response: Response) -> float | None:
    text = response.headers.get(HEADERS.retry_after or "", "")
    return float(text) if re.fullmatch(r"\d{1,6}(\.\d+)?", text) else None


def _by_words(request: Request, response: Response, error: str, where: dict[str, Any]) -> HelpdeskError | None:
    known = read(error)
    if known is None:
        return None
    phrase, key = known
    if phrase.meaning is Meaning.WRONG and phrase.provenance is Provenance.ASSUMED:
        # Only a guess at what is wrong: a status that says more, such as 401, goes before it.
        fits = request.effect is not Effect.READ if response.ok else response.status in _REFUSED_VALUES
        if not fits:
            return None
    if phrase.meaning is Meaning.GONE:
        return NotFound("Deskie has no such record, or this agent may not see it", **where)
    if phrase.meaning is Meaning.TAKEN:
        return Conflict("Deskie already has a record with this value", field=port_field(key, request.path), **where)
    if phrase.meaning is Meaning.WRONG:
        field = port_field(key, request.path)
        return Invalid(f"Deskie rejected the {field or 'request'}: {where['code']}", field=field, **where)
    # observed: the answer to an assignee without access; a read has no assignee, so there it is our own agent.
    if request.effect is Effect.READ:
        return PermissionDenied("the agent with staff_email has no access to this record", **where)
    return Invalid("the agent has no access to this ticket", field="assignee", **where)


def _refused(message: str) -> Callable[..., HelpdeskError]:
    return lambda **where: Invalid(message, **where)


_BY_STATUS: Final[Mapping[int, Callable[..., HelpdeskError]]] = {
    401: lambda **where: AuthenticationFailed(KEY_HINT, **where),
    403: lambda **where: PermissionDenied(
        "the agent with staff_email is not allowed to do this; use an agent with full access", **where
    ),
    404: lambda **where: NotFound("Deskie has no such record, or this agent may not see it", **where),
    405: lambda **where: HelpdeskError("Deskie's API has no such call", **where),
    409: lambda **where: Conflict("Deskie already has this record, or it changed in the meantime", **where),
    413: lambda **where: Invalid("this request is too large for Deskie", field="attachments", **where),
}


def _by_status(status: int, where: dict[str, Any]) -> HelpdeskError:
    return _BY_STATUS.get(status, _refused("Deskie rejected this request"))(**where)
