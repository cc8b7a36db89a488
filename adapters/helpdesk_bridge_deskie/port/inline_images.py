"""Inline images of messages: Deskie gives them URLs only after the upload, so the body is edited then."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import field, frozen

from helpdesk_bridge.adapter import Body, HelpdeskError, InDoubt, Upload
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

    def with_urls(self, markup: str, files: Sequence[Upload], stored: Sequence[FileDocument]) -> str:
        """Return the body with the URLs that Deskie gave its images; unchanged if it shows none by their ``cid:``."""
        return with_urls(markup, _addresses(files, stored))

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
        """Write the body of a message that was just sent again with the URLs that Deskie gave its images.

        Raises ``InDoubt`` if that fails: the message itself was sent.
        """
        try:
            self._write(ticket_id, message_id, self.with_urls(body.html or "", files, stored), body.html, note=note)
        except HelpdeskError as error:
            problem = InDoubt.of_part(f"message {message_id} was written, its inline images are the rest", error)
        else:
            return
        raise problem

    def _write(self, ticket_id: str, message_id: str, changed: str, markup: str | None, *, note: bool) -> None:
        if changed != markup:
            self.client.edit_message(ticket_id, message_id, {"content_html": changed}, note=note)

    def write_opening_urls(self, ticket_id: str, body: Body, files: Sequence[Upload]) -> None:
        """Do the same for the opening message of a case that was just created."""
        try:
            for first in self.client.messages(ticket_id, 1, limit=1).items:
                changed = self.with_urls(body.html or "", files, first.attachments or ())
                self._write(ticket_id, str(first.message_id), changed, body.html, note=False)
        except HelpdeskError as error:
            problem = InDoubt.of_part(f"ticket {ticket_id} was written, its inline images are the rest", error)
        else:
            return
        raise problem


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
