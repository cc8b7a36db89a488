"""Asset locations. Observed: a client of 2026 reads them; accounts without asset management answer 404."""

from __future__ import annotations

from attrs import frozen

from helpdesk_bridge_desk365.client.client import Rows
from helpdesk_bridge_desk365.vendor_api import arguments
from helpdesk_bridge_desk365.vendor_api.calls import Calls
from helpdesk_bridge_desk365.vendor_api.documents import AssetLocation


@frozen(eq=False)
class AssetCalls:
    """Asset locations, on accounts with asset management."""

    _calls: Calls

    def asset_locations(self) -> Rows[AssetLocation]:
        """Return the locations."""
        return self._calls.page(AssetLocation, "assets.locations", "/asset_mgmt/locations", (), "locations")

    def asset_location(self, name: str) -> AssetLocation:
        """Return a location by its name."""
        params = (("location_name", arguments.text(name, "name")),)
        return self._calls.read(AssetLocation, "assets.location", "/asset_mgmt/locations/details", params)
