"""What tickets, contacts and messages are without an inbox: an error that names the setting, never an empty list."""

from __future__ import annotations

from typing import Any, Final, NoReturn

from helpdesk_bridge.adapter import Unsupported

REASON: Final = (
    "Desk360's API tells nothing of past messages; its webhooks do: set inbox = PATH, where they are kept, and point the "
    "panel's webhook to desk.webhooks.receive"
)


class MissingInbox:
    """Stands for all three; every call raises ``Unsupported`` and nothing is sent."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _refuse


def _refuse(*_: Any, **__: Any) -> NoReturn:
    raise Unsupported(REASON, capability="tickets.list")
