"""Routes of the files that the account links to."""

from __future__ import annotations

from helpdesk_bridge.testing.simulator import OBSERVED, Call, Reply, route
from helpdesk_bridge_desk365.simulator.files import FILES_PATH, INLINE_PATH
from helpdesk_bridge_desk365.simulator.service import RouteGroup


class FileRoutes(RouteGroup):
    """Attachments behind signed addresses, inline images behind public ones; neither counts (assumed)."""

    @route("GET", f"{FILES_PATH}/<key>/<path:name>", provenance=OBSERVED, source="recorded attachment URLs")
    def download_file(self, call: Call, key: str, name: str) -> Reply:  # noqa: ARG002 - the name is for people
        """Return an attachment by its signed URL."""
        return self.service.links.download(call, key)

    @route("GET", f"{INLINE_PATH}/<key>/<path:name>", provenance=OBSERVED, source="recorded message bodies")
    def inline_image(self, _call: Call, key: str, name: str) -> Reply:  # noqa: ARG002 - the name is for people
        """Return an inline image by its public URL."""
        return self.service.links.inline_image(key)
