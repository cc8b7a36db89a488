"""What the simulated account holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from attrs import Factory, define, field, frozen

from helpdesk_bridge_desk360.simulator.records.numbers import one_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from helpdesk_bridge.testing.simulator.files import StoredFile

MessageState = Literal["sent", "delivered", "read"]


@frozen
class Integration:
    """One WhatsApp business number; ``templates`` are in wire form, by their ids."""

    id: int
    name: str
    phone: str
    templates: Mapping[int, Mapping[str, Any]] = field(factory=dict, repr=False)


@define
class OutgoingMessage:
    """A message that a customer would have received. ``announced``: the sender was told its id (bulk is not)."""

    id: str
    integration: int
    to: str
    kind: str
    body: Mapping[str, Any] = field(repr=False)
    sent_at: datetime
    announced: bool = True
    reaches: bool = True
    state: MessageState = "sent"

    @property
    def digits(self) -> str:
        """The customer's number as webhooks have it."""
        return self.to.removeprefix("+")


@define
class IncomingMessage:
    """A customer's message that was injected; ``read`` once a call has marked it so."""

    id: str
    integration: int
    digits: str
    payload: Mapping[str, Any] = field(repr=False)
    read: bool = False


@frozen
class Media:
    """A file of a message in either direction; ``cdn_name`` is its name on the CDN, ``kept_at`` in vendor seconds."""

    media_id: str
    integration: int
    stored: StoredFile
    cdn_name: str
    group: str
    kind: str
    kept_at: float = 0.0


@define
class Chat:
    """What is known of one customer at one integration; ``last_inbound`` is in vendor seconds."""

    id: int
    digits: str
    name: str | None = None
    last_message_at: datetime | None = None
    last_inbound: float | None = None


@frozen
class Customer:
    """A contact of the seed who has a phone number."""

    key: str
    name: str
    phone: str


@define
class Account:
    """All records of one account. Nothing else changes them at the same time: calls are answered one by one."""

    integrations: dict[int, Integration] = Factory(dict)
    customers: tuple[Customer, ...] = ()
    outgoing: dict[str, OutgoingMessage] = Factory(dict)
    incoming: dict[str, IncomingMessage] = Factory(dict)
    media: dict[str, Media] = Factory(dict)
    by_cdn_name: dict[str, Media] = Factory(dict)
    chats: dict[tuple[int, str], Chat] = Factory(dict)

    @property
    def first_integration(self) -> Integration:
        """The integration that control calls mean where they name none."""
        return next(iter(self.integrations.values()))

    def customer(self, key: str) -> Customer | None:
        """Find a customer by the seed's key."""
        return next((customer for customer in self.customers if customer.key == key), None)

    def chat(self, integration: int, digits: str) -> Chat:
        """Return the conversation with a customer, whose number may come in two ways; a missing one is started."""
        key = (integration, one_of(digits))
        chat = self.chats.get(key)
        if chat is None:
            chat = self.chats[key] = Chat(len(self.chats) + 1, digits)
        return chat

    def known_chat(self, integration: int, digits: str) -> Chat | None:
        """Return the conversation with a customer, None if there is none."""
        return self.chats.get((integration, one_of(digits)))

    def chats_of(self, integration: int) -> list[Chat]:
        """List an integration's conversations, the oldest first."""
        return [chat for (owner, _), chat in self.chats.items() if owner == integration]

    def add_media(self, media: Media) -> None:
        """Keep a file's record under both of its names."""
        self.media[media.media_id] = media
        self.by_cdn_name[media.cdn_name] = media
