"""``desk.attachments`` at Desk360: files on the vendor's CDN, or by their media id, or in the inbox."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, BinaryIO, Final, cast

from attrs import frozen

from helpdesk_bridge.adapter import Attachment, BadResponse, HelpdeskError, Invalid, NotFound
from helpdesk_bridge_desk360.client.client import Desk360Client
from helpdesk_bridge_desk360.inbox.inbox import Inbox
from helpdesk_bridge_desk360.wire.errors import fault_in
from helpdesk_bridge_desk360.wire.reading import place_of

KEPT_HERE: Final = "sha256:"
_LARGEST_DOCUMENT: Final = 20 * 1024 * 1024


@frozen(eq=False)
class Desk360Media:
    """Streams files. The token never goes to the CDN."""

    _client: Desk360Client
    _inbox: Inbox | None

    def open(self, attachment: Attachment) -> AbstractContextManager[BinaryIO]:
        """Stream a file's bytes; where its address is not valid any more, it is asked for by its id."""
        if attachment.locator.startswith(KEPT_HERE) and self._inbox is not None:
            return self._inbox.store.files.open(attachment)
        url, media_id = place_of(attachment)
        if url is None and media_id is None:
            raise Invalid("this attachment was not read from this desk", field="attachment")
        return self._streaming(url, media_id)

    def by_id(self, media_id: str) -> AbstractContextManager[BinaryIO]:
        """Stream the file of a media id, of a webhook or of a media message that was sent."""
        return self._by_id(media_id)

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
            with self._by_id(media_id) as stream:
                yield stream

    @contextmanager
    def _by_id(self, media_id: str) -> Iterator[BinaryIO]:
        with self._client.media(media_id) as answer:
            if "json" not in str(answer.headers.get("Content-Type", "")).lower():
                yield cast("BinaryIO", answer)
                return
            content = _whole(answer)
        url = _address_in(content)
        if url is None:
            yield io.BytesIO(content)
            return
        with self._addressed(url) as download:
            yield cast("BinaryIO", download)

    def _addressed(self, url: str) -> AbstractContextManager[Any]:
        # Nothing tells whether such an address wants the token; a signed one refuses it, so it goes second, and only to
        # the API's own host.
        try:
            download: AbstractContextManager[Any] = self._client.fetch(url)
        except NotFound as error:
            if not self._client.is_own(url):
                raise
            refused = error
        else:
            return download
        if refused.status not in (401, 403):
            raise refused
        again: AbstractContextManager[Any] = self._client.fetch(url, with_token=True)
        return again


def _whole(answer: Any) -> bytes:
    pieces = bytearray()
    while piece := answer.read(65536):
        pieces += piece
        if len(pieces) > _LARGEST_DOCUMENT:
            raise BadResponse("a JSON answer is larger than any file that Desk360 takes", path="$")
    return bytes(pieces)


def _address_in(content: bytes) -> str | None:
    """Return the address in an answer about a file; None where the answer is the file: customers send JSON as well."""
    fault = fault_in(content)
    if fault is not None and fault.code is not None:
        raise HelpdeskError("Desk360 refused the file", code=fault.code, doc_url=fault.doc_url)
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return None
    found = document.get("url") if isinstance(document, dict) else None
    return found if isinstance(found, str) and found.startswith(("https://", "http://")) else None
