"""Admin routes for customers' messages, which become webhooks."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

from inscriptis import get_text

from helpdesk_bridge.testing.simulator.app import BadBody, Call, Reply, route
from helpdesk_bridge_desk360.simulator.incoming import Injected, InjectionError, inject
from helpdesk_bridge_desk360.simulator.service import RouteGroup

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helpdesk_bridge.datasets.dataset import SeedFile, SeedMessage

_REPLAYED: Final = 1000
_COPIES_MOST: Final = 1000
_KINDS: Final = {"image": "image", "video": "video", "audio": "audio"}


class InboundRoutes(RouteGroup):
    """Lets customers write."""

    @route("POST", "/_sim/inbound", admin=True)
    def sim_inbound(self, call: Call) -> Reply:
        """Let a customer write: the fields of `Description`, and ``copies``, ``hold`` and ``lose``."""
        given = dict(call.body_tree)
        copies = copies_of(given.pop("copies", None))
        hold, lose = bool(given.pop("hold", False)), bool(given.pop("lose", False))
        try:
            injected = inject(self.service, given, copies=copies, hold=hold, lose=lose)
        except InjectionError as error:
            raise BadBody(str(error)) from error
        return Reply.json(self._told(injected), 201)

    @route("POST", "/_sim/replay", admin=True)
    def sim_replay(self, call: Call) -> Reply:
        """Let the seed's customers write what they wrote, at their times: ``{"integration": …, "limit": 1000}``."""
        limit = call.body_tree.get("limit", _REPLAYED)
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
            raise BadBody("limit takes a whole number")
        target = call.body_tree.get("integration", self.account.first_integration.id)
        described = [{**given, "integration": target} for given in self._seeded()][:limit]
        try:
            told = [self._told(inject(self.service, given)) for given in described]
        except InjectionError as error:
            raise BadBody(str(error)) from error
        return Reply.json({"count": len(told), "inbound": told}, 201)

    def _seeded(self) -> list[dict[str, Any]]:
        phones = {customer.key for customer in self.account.customers}
        messages = [
            (message.created_at, position, message)
            for ticket in self.service.dataset.tickets
            if ticket.requester in phones
            for position, message in enumerate(ticket.messages)
            if message.author == ticket.requester and not message.private
        ]
        messages.sort(key=lambda entry: (entry[0], entry[1]))
        return [given for _, _, message in messages for given in _described(message)]

    def _told(self, injected: Injected) -> dict[str, Any]:
        subscription = self.messaging.courier.subscriptions.get(injected.message.integration)
        return {
            "id": injected.message.id,
            "integration": injected.message.integration,
            "payload": injected.payload,
            "url": None if subscription is None else subscription.target,
            "headers": {"Content-Type": "application/json"} if subscription is None else dict(subscription.headers),
            "copies": len(injected.emissions),
        }


def copies_of(given: Any) -> int | None:
    """Read how often a webhook is sent; None leaves it to the switch."""
    if given is not None and (isinstance(given, bool) or not isinstance(given, int) or not 0 <= given <= _COPIES_MOST):
        raise BadBody(f"copies takes a whole number up to {_COPIES_MOST}")
    return given


def _described(message: SeedMessage) -> Iterator[dict[str, Any]]:
    common = {"contact": message.author, "timestamp": int(message.created_at.timestamp())}
    text = message.text if message.text is not None else get_text(message.html or "").strip()
    if text.strip():
        yield {**common, "kind": "text", "text": text}
    for file in message.files:
        yield {**common, **_file(file)}


def _file(file: SeedFile) -> dict[str, Any]:
    kind = _KINDS.get(file.content_type.partition("/")[0], "document")
    encoded = base64.b64encode(file.content).decode()
    return {"kind": kind, "file": {"name": file.filename, "content_type": file.content_type, "content": encoded}}
