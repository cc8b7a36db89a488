"""Attachments (``desk.attachments``): files on the vendor's CDN, by media id, or in the inbox."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import BinaryIO, Final, cast

from attrs import frozen

from helpdesk_bridge.adapter import Attachment, BadResponse, Invalid, NotFound
from helpdesk_bridge_desk360.client.client import Desk360Client
from helpdesk_bridge_desk360.client.media import open_media
from helpdesk_bridge_desk360.inbox.inbox import Inbox
from helpdesk_bridge_desk360.wire.reading import locator_of, place_of

_KEPT_HERE: Final = "sha256:"


@frozen(eq=False)
class Desk360Attachments:
    """Streams files. The token never goes to the CDN."""

    _client: Desk360Client
    _inbox: Inbox | None

    def open(self, attachment: Attachment) -> AbstractContextManager[BinaryIO]:
        """Stream a file's bytes; if its URL has expired, the file is requested by its media id."""
        if attachment.locator.startswith(_KEPT_HERE) and self._inbox is not None:
            return self._inbox.store.files.open(attachment)
        url, media_id = place_of(attachment)
        if url is None and media_id is None:
            raise Invalid("this attachment was not read from this desk", field="attachment")
        return self._streaming(url, media_id)

    def reference(self, attachment: Attachment) -> str | None:
        """Return the digest of a file that the inbox keeps, else its media id."""
        kept = attachment.locator.startswith(_KEPT_HERE)
        return attachment.locator if kept else place_of(attachment)[1]

    def referred(self, reference: str, ticket_id: str) -> Attachment:  # noqa: ARG002 - ids of media are the account's
        """Return the file of a reference."""
        kept = reference.startswith(_KEPT_HERE)
        return Attachment("file", locator=reference if kept else locator_of(None, reference))

    @contextmanager
    def _streaming(self, url: str | None, media_id: str | None) -> Iterator[BinaryIO]:
        download = None
        if url is not None:
            try:
                download = self._client.fetch(url)
            except (NotFound, BadResponse):
                if media_id is None:
                    raise
        if download is not None:
            with download:
                yield cast("BinaryIO", download)
        elif media_id is not None:
            with open_media(self._client, media_id) as stream:
                yield stream
