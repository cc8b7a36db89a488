"""Routes of media: sending, fetching, and the file host."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from helpdesk_bridge.testing.simulator.app import DOCUMENTED, Call, Reply, route
from helpdesk_bridge_desk360.simulator import cdn
from helpdesk_bridge_desk360.simulator.endpoint import MESSAGES, endpoint
from helpdesk_bridge_desk360.simulator.parameters import Fields
from helpdesk_bridge_desk360.simulator.refusals import Problem
from helpdesk_bridge_desk360.simulator.service import RouteGroup

if TYPE_CHECKING:
    from helpdesk_bridge.testing.simulator.forms import UploadedFile
    from helpdesk_bridge_desk360.simulator.records.records import Media

FILES_MOST: Final = 5
BYTES_MOST: Final = 20 << 20
"""documented: Desk360 API, "Send WhatsApp Media Message": "Max Count: 5, Max Size: 20MB"; assumed: of 1,048,576 bytes."""
_FIELD: Final = re.compile(r"\Aattachments\[[0-9]*\]\Z")


class MediaRoutes(RouteGroup):
    """The calls below ``/messages/medias`` and the files of the CDN."""

    @endpoint("POST", f"{MESSAGES}/medias", source='"Send WhatsApp Media Message"')
    def send_media(self, call: Call, integration_id: str) -> Reply:
        """Send files, each as a message of its own."""
        integration = self.service.integration(integration_id)
        request = Fields(call.body_tree)
        to = request.phone("to")
        medias: dict[str, list[dict[str, Any]]] = {}
        files = self._attachments(call, request)
        self.messaging.require_reachable(integration, [to])
        for file in files:
            media = self.messaging.keep_file(integration, file.filename, file.content_type, file.content)
            content = {"media_id": media.media_id, "name": file.filename, "content_type": media.stored.content_type}
            message = self.messaging.send(integration, to, "media", content)
            wire = {**self._wire(media), "content_type": media.stored.content_type, "message_id": message.id}
            medias.setdefault(media.group, []).append({**wire, "media_id": media.media_id})
        return Reply.json({"medias": medias})

    @endpoint("GET", f"{MESSAGES}/medias/<media_id>", source='"Get WhatsApp Media"')
    def get_media(self, call: Call, integration_id: str, media_id: str) -> Reply:  # noqa: ARG002
        """Answer a file; assumed: the bytes, or with the switch ``media_as_json`` where they are."""
        integration = self.service.integration(integration_id)
        media = self.account.media.get(media_id)
        if media is None or media.integration != integration.id:
            raise Problem(self.service.choice("missing_code"))
        if self.service.flag("media_as_json"):
            wire = {**self._wire(media), "content_type": media.stored.content_type}
            return Reply.json({**wire, "media_id": media.media_id})
        return Reply(200, media.stored.content, {"Content-Type": media.stored.content_type})

    @route("GET", cdn.PREFIX + cdn.FILES, provenance=DOCUMENTED, source='Desk360 API, "Send WhatsApp Media Message"')
    def get_file(self, call: Call, integration_id: int, name: str) -> Reply:
        """Answer a file to anyone; a request with credentials is refused, so that none is sent there unnoticed.

        assumed: an address that is too old, by the switch ``cdn_lifetime``, is refused as object stores do it.
        """
        if "Authorization" in call.headers:
            return cdn.refused(400, "InvalidArgument")
        media = self.account.by_cdn_name.get(name)
        if media is None or media.integration != integration_id or self._is_over(media):
            return cdn.refused(403, "AccessDenied")
        return Reply(200, media.stored.content, {"Content-Type": media.stored.content_type})

    def _is_over(self, media: Media) -> bool:
        lifetime = self.service.number("cdn_lifetime")
        return lifetime > 0 and self.service.clock.elapsed() - media.kept_at >= lifetime

    def _attachments(self, call: Call, request: Fields) -> list[UploadedFile]:
        """Return the files; documented: "Only files on a local machine can be added", "You can not use links!"."""
        for place, _ in request.optional_items("attachments"):
            raise Problem("failed_validation", f"The {place} field must be a file.")
        uploads = [file for file in call.files if file.field.partition("[")[0] == "attachments"]
        if not uploads:
            raise request.missing("attachments")
        if any(not _FIELD.match(file.field) for file in uploads):
            raise request.wrong("attachments", "must be an array")
        if len(uploads) > FILES_MOST:
            raise request.wrong("attachments", f"must not have more than {FILES_MOST} items")
        sizes = [len(file.content) for file in uploads]
        if (max(sizes) if self.service.choice("media_size") == "each" else sum(sizes)) > BYTES_MOST:
            raise request.wrong("attachments", f"must not be greater than {BYTES_MOST >> 10} kilobytes")
        return uploads

    def _wire(self, media: Media) -> dict[str, Any]:
        return {"url": self.messaging.url_of(media), "name": media.stored.filename, "type": media.kind, "aws": True}
