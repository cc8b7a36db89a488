"""The customers' side of the simulator's own door: what they write becomes a webhook."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen
from inscriptis import get_text

from helpdesk_bridge.testing.simulator.app import BadBody, Call, Reply, route
from helpdesk_bridge_desk360.simulator.messaging import Messaging
from helpdesk_bridge_desk360.simulator.records.records import IncomingMessage
from helpdesk_bridge_desk360.simulator.routes.incoming import Description, InjectionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from helpdesk_bridge.datasets.dataset import SeedFile, SeedMessage
    from helpdesk_bridge_desk360.simulator.courier import Emission
    from helpdesk_bridge_desk360.simulator.records.records import Media
    from helpdesk_bridge_desk360.simulator.rendering import Envelope

_REPLAYED: Final = 1000
_COPIES_MOST: Final = 1000
_KINDS: Final = {"image": "image", "video": "video", "audio": "audio"}


@frozen
class Injected:
    """A customer's message and the webhooks that carry it, as many as copies were asked for."""

    message: IncomingMessage
    payload: Mapping[str, Any]
    emissions: tuple[Emission, ...]


class InboundRoutes(Messaging):
    """Lets customers write."""

    def inject(
        self, given: Mapping[str, Any], *, copies: int | None = None, hold: bool = False, lose: bool = False
    ) -> Injected:
        """Let a customer write; ``given`` is as `Description` says, wrong fields are an `InjectionError`.

        In process the webhook goes out with the next request or `deliver`; its payload is returned at once.
        """
        description = Description(given)
        with self.lock:
            integration = description.integration(self.account)
            envelope = description.envelope(self.account, int(self.clock.now().timestamp()))

            def keep(filename: str, content_type: str, content: bytes) -> Media:
                return self.keep_file(integration, filename, content_type, content)

            content = description.content(envelope, keep, self.url_of)
            message = IncomingMessage(envelope.id, integration.id, envelope.digits, content)
            self.account.incoming[message.id] = message
            self._touch_chat(integration.id, envelope)
            emissions = self.emit(integration.id, "messages", content, copies=copies, hold=hold, lose=lose)
        return Injected(message, emissions[0].payload if emissions else {"messages": content}, tuple(emissions))

    def _touch_chat(self, integration: int, envelope: Envelope) -> None:
        """Open the customer's window of 24 hours from the time that the message bears."""
        chat = self.account.chat(integration, envelope.digits)
        now = self.clock.now()
        since = self.clock.elapsed() - max(0.0, now.timestamp() - envelope.timestamp)
        chat.name = envelope.name
        chat.last_inbound = since if chat.last_inbound is None else max(chat.last_inbound, since)
        chat.last_message_at = now

    @route("POST", "/_sim/inbound", admin=True)
    def sim_inbound(self, call: Call) -> Reply:
        """Let a customer write: the fields of `Description`, and ``copies``, ``hold`` and ``lose``."""
        given = dict(call.body_tree)
        copies = copies_of(given.pop("copies", None))
        hold, lose = bool(given.pop("hold", False)), bool(given.pop("lose", False))
        try:
            injected = self.inject(given, copies=copies, hold=hold, lose=lose)
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
            told = [self._told(self.inject(given)) for given in described]
        except InjectionError as error:
            raise BadBody(str(error)) from error
        return Reply.json({"count": len(told), "inbound": told}, 201)

    def _seeded(self) -> list[dict[str, Any]]:
        phones = {customer.key for customer in self.account.customers}
        messages = [
            (message.created_at, position, message)
            for ticket in self.dataset.tickets
            if ticket.requester in phones
            for position, message in enumerate(ticket.messages)
            if message.author == ticket.requester and not message.private
        ]
        messages.sort(key=lambda entry: (entry[0], entry[1]))
        return [given for _, _, message in messages for given in _described(message)]

    def _told(self, injected: Injected) -> dict[str, Any]:
        subscription = self.courier.subscriptions.get(injected.message.integration)
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
