"""What the simulator's page shows of a Desk360 account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from helpdesk_bridge.testing.simulator.page.overview import Overview, Sent, ShownBudget, ShownMessage, ShownTicket

if TYPE_CHECKING:
    from helpdesk_bridge.testing.simulator.limits import FixedWindow
    from helpdesk_bridge_desk360.simulator.records.records import Account, Chat

_RULE: Final = (
    'documented: Desk360 API, "Rate Limit", 60 requests a minute for an IP address, invalid calls included; assumed: a '
    "window that begins with its first request."
)


class Desk360Overview(Overview):
    """Conversations by integration and number, what was sent to phones, and each address's requests a minute."""

    def __init__(self, account: Account, budget: FixedWindow) -> None:
        self._account = account
        self._budget = budget

    def tickets(self) -> Iterator[ShownTicket]:
        """Yield the conversations, the one with the newest message first."""
        never = datetime.min.replace(tzinfo=UTC)
        chats = sorted(self._account.chats.items(), key=lambda one: one[1].last_message_at or never, reverse=True)
        for (integration, digits), chat in chats:
            yield ShownTicket(
                f"{integration}-{digits}",
                str(chat.id),
                chat.name or f"+{digits}",
                f"integration {integration}",
                f"+{digits}",
                chat.last_message_at.isoformat() if chat.last_message_at else "",
                len(self._messages(integration, chat)),
            )

    def thread(self, ticket_id: str) -> Sequence[ShownMessage] | None:
        """Return the messages to and from a number."""
        integration, _, digits = ticket_id.partition("-")
        chat = self._account.chats.get((int(integration), digits)) if integration.isdecimal() else None
        return None if chat is None else self._messages(int(integration), chat)

    def outbox(self) -> Sequence[Sent]:
        """Return the messages that phones would have got."""
        return [
            Sent(message.sent_at.isoformat(), f"+{message.to}", "customer", message.kind, text=_words(message.body))
            for message in list(self._account.outgoing.values())
        ]

    def budgets(self) -> Sequence[ShownBudget]:
        """Return the requests a minute of each address."""
        return [
            ShownBudget(str(address), allowance.limit, allowance.remaining, allowance.reset, _RULE)
            for address, allowance in self._budget.running().items()
        ]

    def _messages(self, integration: int, chat: Chat) -> list[ShownMessage]:
        account, customer = self._account, chat.name or f"+{chat.digits}"
        received = [
            ShownMessage(_time(one.payload), customer, "customer", "public", _words(one.payload))
            for one in account.incoming.values()
            if (one.integration, one.digits) == (integration, chat.digits)
        ]
        sent = [
            ShownMessage(one.sent_at.isoformat(), f"integration {integration}", "agent", "public", _words(one.body))
            for one in account.outgoing.values()
            if (one.integration, one.to.lstrip("+")) == (integration, chat.digits)
        ]
        return sorted([*received, *sent], key=lambda message: message.at)


def _words(content: Mapping[str, Any]) -> str:
    """Return what a message says, or its kind in brackets."""
    for name, value in content.items():
        if isinstance(value, Mapping) and isinstance(words := value.get("body") or value.get("caption"), str):
            return words
        if name in {"text", "caption"} and isinstance(value, str):
            return value
    return f"[{content.get('type', 'message')}]"


def _time(payload: Mapping[str, Any]) -> str:
    seconds = str(payload.get("timestamp", ""))
    return datetime.fromtimestamp(int(seconds), UTC).isoformat() if seconds.isdecimal() else ""
