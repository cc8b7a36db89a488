"""The Deskie adapter, registered as ``vendor = "deskie"``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpdesk_bridge.adapter import Vendor
from helpdesk_bridge_deskie.capabilities import capabilities
from helpdesk_bridge_deskie.policy import policy
from helpdesk_bridge_deskie.settings import DOMAIN, DeskieSettings

if TYPE_CHECKING:
    from helpdesk_bridge_deskie.vendor_api.vendor_api import DeskieApi


def _account(settings: DeskieSettings) -> str:
    return settings.account


VENDOR: Vendor[DeskieApi] = Vendor(
    name="deskie",
    title="Deskie",
    settings=DeskieSettings,
    account=_account,
    policy=policy,
    capabilities=capabilities,
    open="helpdesk_bridge_deskie.adapter:open_deskie",
    simulator="helpdesk_bridge_deskie.simulator:create",
    endpoints="helpdesk_bridge_deskie.endpoints:CALLS",
    domains=(DOMAIN, "omnidesk.ru"),
    example={
        "account": "example",
        "staff_email": "agent@example.com",
        "api_key": "made-up",
        "subscription": "standard",
    },
)

__all__ = ["VENDOR"]
