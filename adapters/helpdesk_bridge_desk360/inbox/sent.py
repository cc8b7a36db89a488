"""Before and after a send: whether it may go out, and noting in the inbox what went out."""

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
    """The inbox as sends see it. Without one nothing is noted, and nothing is known about the 24 hours."""

    inbox: Inbox | None
    clock: Clock
    check_window: bool = True

    def window(self, to: str) -> ReplyWindow | None:
        """Return the window of a number; an inbox that cannot be opened raises here, before anything is sent."""
        return self.inbox.window(conversation_id(to)) if self.inbox is not None else None

    def require_open_window(self, to: str, *, anyway: bool = False) -> None:
        """Raise ``Unsupported`` where a free-form message would meet a closed window.

        assumed: nobody documents what Desk360 answers then; WhatsApp delivers nothing.
        """
        window = self.window(to)
        if window is None or window.open or anyway or not self.check_window:
            return
        since = "more than 24 hours ago" if window.closes_at is not None else "never"
        raise Unsupported(
            f"the customer last wrote {since}, as far as the inbox knows: send a template (desk.templates.send); "
            "check_window = false sends all the same",
            capability="messages.reply",
        )

    def record(self, conversation: str, messages: Sequence[Outgoing]) -> datetime:
        """Note what the vendor took and return when.

        A failure is logged and not raised: the message is on a phone, and an error would invite a second one.
        """
        if self.inbox is not None:
            try:
                return self.inbox.sent(conversation, messages)
            except (HelpdeskError, ConfigError) as error:
                # No traceback: the error is told by its kind, and its frames hold what was said.
                logger.error(  # noqa: TRY400 - see above
                    "%d sent messages could not be noted in the inbox: %s", len(messages), type(error).__name__
                )
        return self.clock.wall()
