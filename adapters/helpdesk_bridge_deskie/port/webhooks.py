"""Webhooks (``desk.webhooks``): checks the token and reads the events. Nothing is stored: Deskie lists what it has.

Deskie signs nothing and sends to any URL that an admin enters, so put a token into that URL.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from attrs import field, frozen

from helpdesk_bridge.adapter import AuthenticationFailed, Invalid, Mending, mended_tree, parse_json
from helpdesk_bridge_deskie.port.events import Event, events_in

BODY_LIMIT: Final = 1024 * 1024
FIELDS_LIMIT: Final = 1000
_FORM: Final = "application/x-www-form-urlencoded"


@frozen(eq=False)
class DeskieWebhooks:
    """Reads the webhooks of one account. Safe to share between threads."""

    account: str
    tokens: tuple[str, ...] = field(default=(), repr=False)
    mending: Mending | None = None

    @property
    def guarded(self) -> bool:
        """Whether ``webhook_token`` is set, so that a request without it is refused."""
        return bool(self.tokens)

    def parse(
        self, body: bytes | str, headers: Mapping[str, str] | None = None, token: str | None = None
    ) -> tuple[Event, ...]:
        """Return the events of one request; nothing is stored or sent.

        ``token`` comes from the path or query of the application's own URL; it must equal ``webhook_token`` if that is
        configured. ``headers`` tell a form from JSON. Of an event, trust only the id of the record, and fetch that.
        Raises ``AuthenticationFailed`` for a wrong or missing token, and ``Invalid`` for a body that is too large or
        neither JSON nor a form. Characters that are not valid text are replaced, counted and announced.
        """
        self._check(token)
        document, odd = _document(body, headers or {})
        if odd and self.mending is not None:
            self.mending.note(odd)
        return events_in(document, self.account)

    def _check(self, token: str | None) -> None:
        if not self.tokens:
            return
        # Every one is compared, by digests of one length: the time tells neither which nor how much was right.
        given = _digest(token or "")
        right = [hmac.compare_digest(given, _digest(wanted)) for wanted in self.tokens]
        if not any(right):
            raise AuthenticationFailed("the webhook's token is missing or wrong", operation="webhooks")


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()


def _document(body: bytes | str, headers: Mapping[str, str]) -> tuple[Any, Mapping[Any, int]]:
    given = body if isinstance(body, bytes) else body.encode("utf-8", "replace")
    if len(given) > BODY_LIMIT:
        raise Invalid(
            f"the webhook's body has {len(given)} bytes; the limit is {BODY_LIMIT}", field="body", limit=BODY_LIMIT
        )
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    if kind.partition(";")[0].strip().lower() == _FORM:
        odd: Counter[Any] = Counter()
        return mended_tree(_form(given), odd), odd
    try:
        return parse_json(body, any_unicode=True)
    except ValueError:
        problem = Invalid("the webhook's body is neither JSON nor a form", field="body")
    raise problem


def _form(body: bytes) -> dict[str, Any]:
    """Read fields such as ``object[content]=…`` (observed in 2020)."""
    try:
        pairs = parse_qsl(
            body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=FIELDS_LIMIT, errors="replace"
        )
    except ValueError:
        problem = Invalid(f"the webhook's form has more than {FIELDS_LIMIT} fields", field="body", limit=FIELDS_LIMIT)
    else:
        fields: dict[str, Any] = {}
        for name, value in pairs:
            outer, bracket, rest = name.partition("[")
            if bracket and rest.endswith("]"):
                inner = fields.setdefault(outer, {})
                if isinstance(inner, dict):
                    inner[rest[:-1]] = value
            else:
                fields[name] = value
        return fields
    raise problem
