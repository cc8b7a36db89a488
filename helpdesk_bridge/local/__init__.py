"""The local desk: a complete helpdesk in one SQLite file, or in memory. The fake, the archive, Desk360's inbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpdesk_bridge.adapter import Vendor
from helpdesk_bridge.local.settings import LocalSettings

if TYPE_CHECKING:
    from helpdesk_bridge.local.vendor_api import LocalInspection
    from helpdesk_bridge.model.capabilities import Capabilities


def _capabilities(settings: LocalSettings) -> Capabilities:
    from helpdesk_bridge.local.capabilities import local_capabilities

    return local_capabilities(settings)


VENDOR: Vendor[LocalInspection] = Vendor(
    name="local",
    title="Local desk",
    settings=LocalSettings,
    account=lambda settings: str(settings.path),
    policy=lambda _: None,
    capabilities=_capabilities,
    open="helpdesk_bridge.local.adapter:open_local",
    example={"path": ":memory:"},
)

__all__ = ["VENDOR", "LocalSettings"]
