"""Messaging: sends, their delivery states, and the webhooks about them."""

from __future__ import annotations

import heapq
import os
from typing import TYPE_CHECKING, Any, Final

from helpdesk_bridge_desk360.simulator import cdn, rendering
from helpdesk_bridge_desk360.simulator.courier import Courier, Habits
from helpdesk_bridge_desk360.simulator.records.identifiers import cdn_name, media_id, outgoing_id
from helpdesk_bridge_desk360.simulator.records.numbers import other_way
from helpdesk_bridge_desk360.simulator.records.records import Media, MessageState, OutgoingMessage
from helpdesk_bridge_desk360.simulator.refusals import invalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from helpdesk_bridge.testing.simulator.app import SimulatorApp
    from helpdesk_bridge.testing.simulator.clock import SimulatorClock
    from helpdesk_bridge_desk360.simulator.courier import Emission
    from helpdesk_bridge_desk360.simulator.records.records import Account, Integration

WINDOW_SECONDS: Final = 24 * 3600
"""observed (WhatsApp's rule; pages about the panel speak of it): free-form messages within 24 hours of the customer's last one."""
_RANK: Final[dict[str, int]] = {"sent": 0, "delivered": 1, "read": 2}


class DeliverySchedule:
    """The statuses that will follow by themselves; documented: Desk360 API, "delivered|read", and no others."""

    def __init__(self, clock: SimulatorClock) -> None:
        self._clock = clock
        self._pending: list[tuple[float, int, str, MessageState]] = []
        self._serial = 0

    def add(self, message_id: str, state: MessageState, seconds: float) -> None:
        """Let a message reach a state so many vendor seconds from now."""
        self._serial += 1
        heapq.heappush(self._pending, (self._clock.elapsed() + seconds, self._serial, message_id, state))

    def take_due(self) -> list[tuple[str, MessageState]]:
        """Return what has come due since the last call, in its order."""
        due: list[tuple[str, MessageState]] = []
        now = self._clock.elapsed()
        while self._pending and self._pending[0][0] <= now:
            _, _, message_id, state = heapq.heappop(self._pending)
            due.append((message_id, state))
        return due

    @property
    def next_in(self) -> float | None:
        """The vendor seconds until the next is due; None where nothing is pending."""
        return max(0.0, self._pending[0][0] - self._clock.elapsed()) if self._pending else None


class Messaging:
    """What an account sends and tells of; made anew with it, with no webhook registered and nothing under way."""

    def __init__(self, app: SimulatorApp, account: Account) -> None:
        self.account = account
        self.courier = Courier()
        self.schedule = DeliverySchedule(app.clock)
        self._app = app
        self._clock = app.clock
        self._files = app.files

    def send(
        self,
        integration: Integration,
        to: str,
        kind: str,
        body: Mapping[str, Any],
        *,
        free_form: bool = True,
        announced: bool = True,
    ) -> OutgoingMessage:
        """Send a message, or refuse one that cannot arrive (assumed: no paper tells what happens then)."""
        self.require_reachable(integration, [to], free_form=free_form)
        reaches = not self._obstacle(integration.id, to, free_form=free_form)
        message = OutgoingMessage(
            outgoing_id(), integration.id, to, kind, body, self._clock.now(), announced=announced, reaches=reaches
        )
        self.account.outgoing[message.id] = message
        self.account.chat(integration.id, message.digits).last_message_at = message.sent_at
        if message.reaches:
            self._schedule_states(message.id)
        return message

    def require_reachable(self, integration: Integration, phones: Iterable[str], *, free_form: bool = True) -> None:
        """Refuse all of it if one of the numbers cannot be reached, unless such messages just vanish."""
        if self._app.choice("undeliverable") == "error":
            for phone in phones:
                reason = self._obstacle(integration.id, phone, free_form=free_form)
                if reason:
                    raise invalid(reason)

    def _obstacle(self, integration: int, to: str, *, free_form: bool) -> str:
        if to in {number.strip() for number in self._app.choice("inactive_numbers").split(",")}:
            return "The number is not an active WhatsApp number."
        if free_form and self._app.flag("enforce_window") and not self._window_is_open(integration, to):
            return "The 24-hour window of this customer is closed; only a template can be sent."
        return ""

    def _window_is_open(self, integration: int, to: str) -> bool:
        chat = self.account.known_chat(integration, to.removeprefix("+"))
        since = None if chat is None else chat.last_inbound
        return since is not None and self._clock.elapsed() - since < WINDOW_SECONDS

    def _schedule_states(self, message_id: str) -> None:
        until = self._app.choice("delivery")
        if until in {"delivered", "read"}:
            self.schedule.add(message_id, "delivered", self._app.number("delivered_after"))
        if until == "read":
            self.schedule.add(
                message_id, "read", max(self._app.number("delivered_after"), self._app.number("read_after"))
            )

    def keep_file(self, integration: Integration, filename: str, content_type: str, content: bytes) -> Media:
        """Keep a file of a message and give it a media id and a URL."""
        kind_of_content = cdn.sensible_type(content_type, filename)
        group, kind = cdn.group_of(kind_of_content)
        stored = self._files.put(filename, kind_of_content, content)
        suffix = os.path.splitext(filename)[1]  # noqa: PTH122 - a name of the sender's, no path of this machine
        name = cdn_name(suffix if suffix.isascii() and suffix[1:].isalnum() else "")
        media = Media(media_id(), integration.id, stored, name, group, kind, self._clock.elapsed())
        self.account.add_media(media)
        return media

    def url_of(self, media: Media) -> str:
        """Return a file's URL."""
        host = self._app.choice("cdn_url").rstrip("/") or f"{self._app.base_url.rstrip('/')}{cdn.PREFIX}"
        return host + cdn.file_path(media.integration, media.cdn_name)

    # webhooks

    def emit(
        self,
        integration: int,
        key: str,
        content: Mapping[str, Any],
        *,
        copies: int | None = None,
        hold: bool = False,
        lose: bool = False,
    ) -> list[Emission]:
        """Put a webhook around ``messages`` or ``statuses`` on its way."""
        payload = rendering.wrapped(key, content, self._app.choice("webhook_shape"))
        self.courier.habits = Habits(
            self._app.number("webhook_copies"),
            self._app.number("webhook_drop_every"),
            self._app.flag("webhook_reversed"),
        )
        return self.courier.emit(integration, payload, copies=copies, hold=hold, lose=lose)

    def written(self, digits: str) -> str:
        """Return a customer's number as webhooks write it, by the switch ``whatsapp_ids``."""
        return (other_way(digits) or digits) if self._app.choice("whatsapp_ids") == "other" else digits

    def reach(self, message: OutgoingMessage, state: MessageState, **options: Any) -> list[Emission]:
        """Let a message reach a state and send the webhook; a lower state than it has is sent, but not stored."""
        if _RANK[state] > _RANK[message.state]:
            message.state = state
        content = rendering.status(message.id, self.written(message.digits), state)
        return self.emit(message.integration, "statuses", content, **options)

    def tell_due(self) -> None:
        """Let messages reach the states that have come due in vendor time."""
        for message_id, state in self.schedule.take_due():
            message = self.account.outgoing.get(message_id)
            if message is not None:
                self.reach(message, state)
