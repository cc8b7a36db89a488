"""Desk360 for ``helpdesk_bridge``: WhatsApp messages by API v1; customers' messages arrive by webhook in an inbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpdesk_bridge.adapter import Vendor
from helpdesk_bridge_desk360.capabilities import capabilities_of
from helpdesk_bridge_desk360.policy import policy_of
from helpdesk_bridge_desk360.settings import DOMAIN, Desk360Settings

if TYPE_CHECKING:
    from helpdesk_bridge_desk360.vendor_api.vendor_api import Desk360Api


def _account(settings: Desk360Settings) -> str:
    return settings.account


VENDOR: Vendor[Desk360Api] = Vendor(
    name="desk360",
    title="Desk360",
    settings=Desk360Settings,
    account=_account,
    policy=policy_of,
    capabilities=capabilities_of,
    open="helpdesk_bridge_desk360.adapter:open_desk360",
    simulator="helpdesk_bridge_desk360.simulator:create",
    endpoints="helpdesk_bridge_desk360.endpoints:CALLS",
    domains=(DOMAIN,),
    example={"api_key": "made-up", "integration": 1},
)

__all__ = ["VENDOR", "Desk360Settings"]
