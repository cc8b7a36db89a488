"""What each vendor can do, computed from its capabilities: for the command and for the page in the docs."""

from __future__ import annotations

from helpdesk_bridge import registry
from helpdesk_bridge.adapter import Capabilities
from helpdesk_bridge.config import from_table


def vendor_capabilities(name: str) -> Capabilities:
    """Return the capabilities of a vendor with its default settings."""
    vendor = registry.vendor(name)
    return vendor.capabilities(from_table({"vendor": name, **example_settings(name)}).settings)


def example_settings(name: str) -> dict[str, object]:
    """Return made-up settings of a vendor: those of its simulator, or a desk in memory."""
    vendor = registry.vendor(name)
    if vendor.simulator is None:
        return {"path": ":memory:"}
    from helpdesk_bridge.testing.simulator.generator import generate

    return dict(registry.load(vendor.simulator)(generate(0)).connection)
