"""Media by id: the answer is the file or a JSON with its URL; its form is not documented."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, BinaryIO, Final, cast

from helpdesk_bridge.adapter import BadResponse, HelpdeskError, NotFound
from helpdesk_bridge_desk360.client.client import Desk360Client
from helpdesk_bridge_desk360.wire.errors import vendor_error_in

_LARGEST_DOCUMENT: Final = 20 * 1024 * 1024


@contextmanager
def open_media(client: Desk360Client, media_id: str) -> Iterator[BinaryIO]:
    """Stream the file of a media id, of a webhook or of a media message that was sent."""
    with client.media(media_id) as answer:
        if "json" not in str(answer.headers.get("Content-Type", "")).lower():
            yield cast("BinaryIO", answer)
            return
        content = _whole(answer)
    url = _address_in(content)
    if url is None:
        yield io.BytesIO(content)
        return
    with _fetched(client, url) as download:
        yield cast("BinaryIO", download)


def _fetched(client: Desk360Client, url: str) -> AbstractContextManager[Any]:
    # Nothing tells whether such an address wants the token; a signed one refuses it, so it goes second, and only to
    # the API's own host.
    try:
        download: AbstractContextManager[Any] = client.fetch(url)
    except NotFound as error:
        if not client.is_own(url):
            raise
        refused = error
    else:
        return download
    if refused.status not in (401, 403):
        raise refused
    again: AbstractContextManager[Any] = client.fetch(url, with_token=True)
    return again


def _whole(answer: Any) -> bytes:
    pieces = bytearray()
    while piece := answer.read(65536):
        pieces += piece
        if len(pieces) > _LARGEST_DOCUMENT:
            raise BadResponse("a JSON answer is larger than the largest file that Desk360 accepts", path="$")
    return bytes(pieces)


def _address_in(content: bytes) -> str | None:
    """Return the URL in an answer about a file; None if the answer is the file itself: customers send JSON too."""
    vendor_error = vendor_error_in(content)
    if vendor_error is not None and vendor_error.code is not None:
        raise HelpdeskError(
            "Desk360 rejected the request for the file", code=vendor_error.code, doc_url=vendor_error.doc_url
        )
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return None
    url = document.get("url") if isinstance(document, dict) else None
    return url if isinstance(url, str) and url.startswith(("https://", "http://")) else None
