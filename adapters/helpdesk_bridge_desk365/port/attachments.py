"""Attachments (``desk.attachments``): files behind signed URLs on other hosts, which expire after an hour."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, BinaryIO, Final, cast

from attrs import frozen

from helpdesk_bridge.adapter import Answer, Attachment, Auth, Invalid, NotFound, Request
from helpdesk_bridge_desk365.client.client import Desk365Client, numbered
from helpdesk_bridge_desk365.wire.documents import FileDocument

_KEYS: Final = ("where", "name", "size", "at", "number")


@frozen
class Desk365Attachments:
    """Streams files. The API key is never sent to the storage, which rejects a second kind of authentication (observed)."""

    _client: Desk365Client

    def open(self, attachment: Attachment) -> AbstractContextManager[BinaryIO]:
        """Stream a file's bytes; if its URL has expired, a fresh URL is requested once."""
        return self._streaming(_place(attachment))

    def reference(self, attachment: Attachment) -> str | None:
        """Return what identifies a file of a ticket or its thread; an inline image has its URL only."""
        place = _place(attachment)
        return None if "inline" in place else json.dumps([place[name] for name in _KEYS], separators=(",", ":"))

    def referred(self, reference: str, ticket_id: str) -> Attachment:
        """Return the file, whose URL is requested when it is opened."""
        place = dict(zip(_KEYS, json.loads(reference), strict=True))
        return Attachment(place["name"] or "file", locator=json.dumps({"ticket": ticket_id, **place}))

    @contextmanager
    def _streaming(self, place: Mapping[str, Any]) -> Iterator[BinaryIO]:
        url = place.get("inline") or place.get("url")
        if "inline" in place and not url:
            raise NotFound("Desk365 gave no URL for this file")
        try:
            download = self._download(url or self._fresh(place))
        except NotFound:
            if "inline" in place or not url:
                raise
            download = self._download(self._fresh(place))
        with download:
            yield cast("BinaryIO", download)

    def _download(self, url: str) -> AbstractContextManager[Any]:
        request = Request("GET", url=url, operation="attachments.open", auth=Auth.WITHOUT_AUTH, answer=Answer.ANY)
        return self._client.stack.open(request)

    def _fresh(self, place: Mapping[str, Any]) -> str:
        """Return a fresh URL. Files have no id: they are identified by name, size and time, then by their order."""
        same = [
            file
            for file in self._files(place)
            if (file.file_name, file.file_size, file.created_on) == (place["name"], place["size"], place["at"])
        ]
        number = place["number"]
        url = same[number].attachment_url if number < len(same) else None
        if url is None:
            raise NotFound("this file is no longer on its ticket")
        return str(url)

    def _files(self, place: Mapping[str, Any]) -> tuple[FileDocument, ...]:
        ticket_id = numbered(str(place["ticket"]))
        if place["where"] == "details":
            return self._client.ticket(ticket_id).attachments or ()
        thread = self._client.conversations(ticket_id).items
        return tuple(file for message in thread for file in message.attachments or ())


def _place(attachment: Attachment) -> Mapping[str, Any]:
    try:
        place = json.loads(attachment.locator)
    except ValueError:
        place = None
    if not isinstance(place, dict) or not ("inline" in place or {"ticket", *_KEYS} <= set(place)):
        raise Invalid("this attachment was not read from a Desk365 desk", field="attachment")
    return place
