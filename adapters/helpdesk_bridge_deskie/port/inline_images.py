"""Inline images of messages: Deskie gives them URLs only after the upload, so the body is edited then."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import field, frozen

from helpdesk_bridge.adapter import Body, Upload
from helpdesk_bridge_deskie.client.client import DeskieClient
from helpdesk_bridge_deskie.wire.documents import FileDocument
from helpdesk_bridge_deskie.wire.images import with_urls


@frozen
class InlineImageWriter:
    """Puts the URLs of inline images into a body that was written with them."""

    client: DeskieClient = field(repr=False)

    def needed(self, body: Body, files: Sequence[Upload]) -> bool:
        """Whether the body shows one of the files."""
        return bool(body.html) and any(file.inline and file.content_id for file in files)

    def write_urls(
        self,
        ticket_id: str,
        message_id: str,
        body: Body,
        files: Sequence[Upload],
        stored: Sequence[FileDocument],
        *,
        note: bool,
    ) -> None:
        """Write the body again with the URLs that Deskie gave its images."""
        changed = with_urls(body.html or "", _addresses(files, stored))
        if changed != body.html:
            self.client.edit_message(ticket_id, message_id, {"content_html": changed}, note=note)

    def write_opening_urls(self, ticket_id: str, body: Body, files: Sequence[Upload]) -> tuple[str, ...]:
        """Do the same for the opening message of a new case; return its id."""
        documents = self.client.messages(ticket_id, 1, limit=1)
        for first in documents.items:
            self.write_urls(ticket_id, str(first.message_id), body, files, first.attachments or (), note=False)
        return tuple(str(first.message_id) for first in documents.items)


def _addresses(files: Sequence[Upload], stored: Sequence[FileDocument]) -> dict[str, str]:
    """Return the URL of each inline file by its content id: by place if the names agree, else by name."""
    by_name = {file.file_name: file.url for file in reversed(stored)}
    in_place = len(files) == len(stored)
    urls: dict[str, str] = {}
    for index, file in enumerate(files):
        same = stored[index] if in_place and stored[index].file_name == file.filename else None
        url = same.url if same is not None else by_name.get(file.filename)
        if file.inline and file.content_id and url:
            urls[file.content_id] = url
    return urls
