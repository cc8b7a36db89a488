"""Sent messages: the check of the 24-hour window before a send, and the record in the inbox after it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from attrs import frozen

from helpdesk_bridge.adapter import Clock, ConfigError, HelpdeskError, Unsupported
from helpdesk_bridge_desk360.inbox.inbox import Inbox, ReplyWindow
from helpdesk_bridge_desk360.wire.phones import conversation_id
from helpdesk_bridge_desk360.wire.writing import Outgoing

logger = logging.getLogger("helpdesk_bridge.webhooks")


@frozen(eq=False)
class SentMessages:
    """The inbox as sends use it. Without an inbox nothing is recorded, and the window is unknown."""

    inbox: Inbox | None
    clock: Clock
    check_window: bool = True

    def window(self, to: str) -> ReplyWindow | None:
        """Return the reply window of a number; an inbox that cannot be opened raises here, before anything is sent."""
        return self.inbox.window(conversation_id(to)) if self.inbox is not None else None

    def require_open_window(self, to: str, *, anyway: bool = False) -> None:
        """Raise ``Unsupported`` if the window for free-form messages is closed.

        assumed: Desk360's answer is not documented; WhatsApp delivers nothing.
        """
        window = self.window(to)
        if window is None or window.open or anyway or not self.check_window:
            return
        wrote = "last wrote more than 24 hours ago" if window.closes_at is not None else "never wrote"
        raise Unsupported(
            f"the customer {wrote}, as far as the inbox knows: send a template (desk.templates.send); "
            "check_window = false turns this check off",
            capability="messages.reply",
        )

    def record(self, number: str, messages: Sequence[Outgoing]) -> datetime:
        """Record the messages that the vendor accepted for a number, and return the time.

        A failure is logged and not raised: the message is on a phone, and an error would invite sending it again.
        """
        if self.inbox is not None:
            try:
                return self.inbox.sent(conversation_id(number), messages, number)
            except (HelpdeskError, ConfigError) as error:
                # No traceback: its frames hold the text of the message, so only the kind of the error is logged.
                logger.error(  # noqa: TRY400 - see above
                    "%d sent messages could not be noted in the inbox: %s",
                    len(messages),
                    type(error).__name__,
                    extra={"event": "inbox.not_noted", "messages": len(messages), "error": type(error).__name__},
                )
        return self.clock.wall()
