"""Attachments and inline images, on the account's own host."""

from __future__ import annotations

from helpdesk_bridge.testing.simulator.app import OBSERVED, Call, Refused, Reply, route
from helpdesk_bridge.testing.simulator.files import content_disposition
from helpdesk_bridge_deskie.simulator.refusals import error_reply
from helpdesk_bridge_deskie.simulator.service import RouteGroup

FILES_PATH = "/attachments/"


class FileRoutes(RouteGroup):
    """The downloads of files."""

    @route(
        "GET",
        f"{FILES_PATH}<int:file_id>/<path:name>",
        provenance=OBSERVED,
        source="clients download with the API's credentials, one of 2026 without; assumed: the form of the URL",
    )
    def download_file(self, call: Call, file_id: int, name: str) -> Reply:  # noqa: ARG002
        """Send a file; the switch `file_credentials` says whether it wants the credentials of the API."""
        stored = self.service.files.get(file_id)
        if stored is None:
            raise Refused(error_reply(404, "file_not_found"))
        headers = {
            "Content-Type": stored.content_type,
            "Content-Disposition": content_disposition(stored.filename),
        }
        return Reply(200, stored.content, headers)
