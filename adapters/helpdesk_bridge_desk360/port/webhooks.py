"""Webhooks (``desk.webhooks``): checks the token, reads the events and stores new ones.

documented: Desk360 API, "WhatsApp Webhooks". They carry no signature, no event id and no integration, so each
integration needs an address of its own with a token in it.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import field, frozen

from helpdesk_bridge.adapter import AuthenticationFailed, Invalid, Mending, Unsupported, parse_json
from helpdesk_bridge_desk360.inbox.inbox import Inbox
from helpdesk_bridge_desk360.wire.events import DeliveryChanged, Event, MessageReceived, events_in

BODY_LIMIT: Final = 1024 * 1024
logger = logging.getLogger("helpdesk_bridge.webhooks")

# observed: where clients look for the token; its place is not documented.
_HEADERS: Final = frozenset({"token", "x-token", "x-webhook-token"})
_MOST_CANDIDATES: Final = 8


@frozen(eq=False)
class Desk360Webhooks:
    """Reads and stores webhooks of one integration. Safe to share between threads."""

    account: str
    tokens: tuple[str, ...] = field(repr=False)
    inbox: Inbox | None = None
    mending: Mending | None = None

    @property
    def guarded(self) -> bool:
        """Whether ``webhook_token`` is set, so that a request without it is refused."""
        return bool(self.tokens)

    def prepare(self) -> None:
        """Open the inbox, so that a receiver fails at its start. Raises ``Unsupported`` without an inbox."""
        self._opened().store.counts()

    def parse(
        self, body: bytes | str, headers: Mapping[str, str] | None = None, token: str | None = None
    ) -> tuple[Event, ...]:
        """Return the events of one request; nothing is stored or sent.

        ``token`` is the token in the path or query of the application's own URL. If ``webhook_token`` is configured,
        the token must be there, or in one of the headers Authorization, Token, X-Token and X-Webhook-Token.
        Raises ``AuthenticationFailed`` for a wrong or missing token, whichever, and ``Invalid`` for a body that is too
        large or no JSON. Characters that text cannot hold are replaced, counted and announced.
        """
        self._check(headers or {}, token)
        return events_in(self._document(body), self.account)

    def receive(
        self, body: bytes | str, headers: Mapping[str, str] | None = None, token: str | None = None
    ) -> tuple[Event, ...]:
        """Parse a request, store its events in the inbox, and return the new ones.

        The same webhook twice is stored once. An event of unknown shape is stored as it came
        (``desk.vendor_api.unread_webhooks``). Answer the vendor with 200 quickly: whether it repeats is not documented.
        """
        inbox = self._opened()
        events = self.parse(body, headers, token)
        with inbox.store.transaction():
            new = tuple(event for event in events if self._is_new(inbox, event))
        logger.debug(
            "webhook: %d events, %d new",
            len(events),
            len(new),
            extra={"event": "webhooks.stored", "events": len(events), "new": len(new)},
        )
        return new

    def _opened(self) -> Inbox:
        if self.inbox is None:
            raise Unsupported("this desk has no inbox to store webhooks in; set inbox = PATH", capability="webhooks")
        return self.inbox

    @staticmethod
    def _is_new(inbox: Inbox, event: Event) -> bool:
        if isinstance(event, MessageReceived):
            return inbox.received(event)
        if isinstance(event, DeliveryChanged):
            return inbox.status(event)
        return inbox.unread(event.raw)

    def _document(self, body: bytes | str) -> Any:
        if not isinstance(body, (bytes, bytearray, str)):
            raise Invalid("a webhook's body must be bytes or text", field="body")
        size = len(body.encode("utf-8", "surrogatepass")) if isinstance(body, str) else len(body)
        if size > BODY_LIMIT:
            raise Invalid(f"a webhook's body has {size} bytes; at most {BODY_LIMIT}", field="body", limit=BODY_LIMIT)
        try:
            document, odd = parse_json(body if isinstance(body, str) else bytes(body), any_unicode=True)
        except ValueError:
            problem = Invalid("a webhook's body is not JSON, or nested too deeply", field="body")
        else:
            if odd and self.mending is not None:
                self.mending.note(odd)
            return document
        raise problem

    def _check(self, headers: Mapping[str, str], token: str | None) -> None:
        if not self.tokens:
            return
        given = [_digest(candidate) for candidate in _candidates(headers, token)][:_MOST_CANDIDATES]
        # Every pair is compared, by digests of one length: the time tells neither the place nor how much was right.
        right = [hmac.compare_digest(token_digest, _digest(wanted)) for token_digest in given for wanted in self.tokens]
        if not any(right):
            raise AuthenticationFailed("the webhook's token is missing or wrong", operation="webhooks")


def _candidates(headers: Mapping[str, str], token: str | None) -> Iterator[str]:
    if token is not None:
        yield token
    for name, value in headers.items():
        if name.lower() in _HEADERS:
            yield value.strip()
        elif name.lower() == "authorization":
            scheme, blank, rest = value.strip().partition(" ")
            yield rest.strip() if blank and scheme.lower() == "bearer" else value.strip()


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()
