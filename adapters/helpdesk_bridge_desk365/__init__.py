"""Desk365 for ``helpdesk_bridge``: API v3 on the account's own subdomain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpdesk_bridge.adapter import Vendor
from helpdesk_bridge_desk365.capabilities import capabilities_of
from helpdesk_bridge_desk365.policy import policy_of
from helpdesk_bridge_desk365.settings import DOMAIN, Desk365Settings

if TYPE_CHECKING:
    from helpdesk_bridge_desk365.vendor_api.vendor_api import Desk365Api


def _account(settings: Desk365Settings) -> str:
    return settings.subdomain


VENDOR: Vendor[Desk365Api] = Vendor(
    name="desk365",
    title="Desk365",
    settings=Desk365Settings,
    account=_account,
    policy=policy_of,
    capabilities=capabilities_of,
    open="helpdesk_bridge_desk365.adapter:open_desk365",
    simulator="helpdesk_bridge_desk365.simulator:create",
    endpoints="helpdesk_bridge_desk365.endpoints:CALLS",
    domains=(DOMAIN,),
    example={"subdomain": "example", "api_key": "made-up"},
)

__all__ = ["VENDOR", "Desk365Settings"]
