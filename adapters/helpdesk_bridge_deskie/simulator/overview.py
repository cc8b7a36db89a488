"""What the simulator's page shows of a Deskie account."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from helpdesk_bridge.testing.simulator.page.overview import (
    Overview,
    Sent,
    ShownBudget,
    ShownMessage,
    ShownTicket,
    html_to_text,
)
from helpdesk_bridge_deskie.simulator.limits import WRITE_UNITS, WRITES

if TYPE_CHECKING:
    from helpdesk_bridge.testing.simulator.limits import FixedWindow
    from helpdesk_bridge_deskie.simulator.records.account import Account
    from helpdesk_bridge_deskie.simulator.records.records import Mail, Message

_RULE: Final = (
    'documented: Deskie API, "API rate limits depend on your plan", "Write requests (POST, PUT, DELETE) count as 2 '
    'requests"; assumed: a window of a minute that begins with its first request.'
)


class DeskieOverview(Overview):
    """Cases, mails to customers, and the account's requests a minute."""

    def __init__(self, account: Account, budget: FixedWindow) -> None:
        self._account = account
        self._budget = budget

    def tickets(self) -> Iterator[ShownTicket]:
        """Yield the cases that are not deleted, the one changed last first."""
        account = self._account
        for case in sorted(account.cases.values(), key=lambda case: (case.updated_at, case.case_id), reverse=True):
            if not case.deleted:
                yield ShownTicket(
                    str(case.case_id),
                    case.case_number,
                    case.subject,
                    case.status,
                    self._customer(case.user_id),
                    _iso(case.updated_at),
                    len(account.messages[case.case_id]),
                )

    def thread(self, ticket_id: str) -> Sequence[ShownMessage] | None:
        """Return a case's messages and notes."""
        messages = self._account.messages.get(int(ticket_id)) if ticket_id.isdecimal() else None
        return None if messages is None else [self._shown(message) for message in messages]

    def outbox(self) -> Sequence[Sent]:
        """Return the mails that customers would have got."""
        return [self._sent(mail) for mail in list(self._account.outbox)]

    def budgets(self) -> Sequence[ShownBudget]:
        """Return the account's requests a minute."""
        return [
            ShownBudget("The account", allowance.limit, allowance.remaining, allowance.reset, _RULE)
            for allowance in self._budget.running().values()
        ]

    def units(self, method: str, path: str) -> int:  # noqa: ARG002 - the signature is the base class's
        """Return 2 for a write, else 1."""
        return WRITE_UNITS if method in WRITES else 1

    def _shown(self, message: Message) -> ShownMessage:
        agent = self._account.staff.get(message.staff_id)
        return ShownMessage(
            _iso(message.created_at),
            f"{agent.full_name} <{agent.email}>" if agent else self._customer(message.user_id),
            "agent" if agent else "customer",
            "internal" if message.note else "public",
            message.content or html_to_text(message.content_html),
            tuple(file.name for file in message.files),
        )

    def _sent(self, mail: Mail) -> Sent:
        case = self._account.cases.get(mail.case_id)
        texts = (one for one in self._account.messages.get(mail.case_id, ()) if one.message_id == mail.message_id)
        message = next(texts, None)
        return Sent(
            _iso(mail.sent_at),
            mail.to,
            "customer",
            mail.kind,
            case.case_number if case else "",
            "" if message is None else self._shown(message).text,
        )

    def _customer(self, user_id: int) -> str:
        user = self._account.users.get(user_id)
        if user is None:
            return ""
        return f"{user.full_name} <{user.identity}>" if user.full_name else user.identity


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
