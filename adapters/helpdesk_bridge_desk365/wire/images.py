"""Inline images: URLs on the vendor's public storage when read, ``cid:`` references when written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final
from urllib.parse import unquote, urlsplit

from helpdesk_bridge.adapter import Attachment, ImageTag, Upload, digest, name_images, replace_images

# Observed: d365-inline-imgs, d365-temp-inline-imgs (US) and prod-eu1-d365-inline-imgs (EU) on s3[.region].amazonaws.com.
_BUCKET: Final = re.compile(r"(?:[a-z0-9-]+-)?d365-(?:temp-)?inline-imgs\.s3(?:[.-][a-z0-9]+)*\.amazonaws\.com")
# Observed: the vendor's editor marks its own inline images with this attribute.
_OWN_MARK: Final = "inlineimgpath"


def is_own_image(url: str, attributes: Mapping[str, str], origin: str) -> bool:
    """Whether an image's URL is on the storage where Desk365 keeps pasted images.

    ``origin`` is the desk's own scheme, host and port.
    """
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
    except ValueError:
        return False
    if parts.scheme not in ("http", "https"):
        return False
    return (
        bool(_BUCKET.fullmatch(host)) or _OWN_MARK in attributes or f"{parts.scheme}://{parts.netloc}".lower() == origin
    )


def take_images(markup: str, origin: str, locate: Callable[[str], str]) -> tuple[str, tuple[Attachment, ...]]:
    """Return ``markup`` with ``cid:`` in place of the vendor's own image addresses, and the images as attachments.

    An image that occurs twice is one attachment; ``locate`` makes an attachment's locator of its address.
    """
    images: dict[str, Attachment] = {}

    def taken(tag: ImageTag) -> str | None:
        url = tag.source
        if not is_own_image(url, tag.attributes, origin):
            return None
        content_id = digest(url)
        name = unquote(urlsplit(url).path.rpartition("/")[2]) or "image"
        images.setdefault(content_id, Attachment(name, inline=True, content_id=content_id, locator=locate(url)))
        return tag.with_source(f"cid:{content_id}")

    return replace_images(markup, taken), tuple(images.values())


def named_images(markup: str, files: Iterable[Upload]) -> str:
    """Return ``markup`` with each ``cid:`` image replaced by the name of the file that is sent beside it.

    Assumed: Desk365 takes no inline images by API (none of its calls has a place for them), and a ``cid:`` address
    would show as a broken picture.
    """
    return name_images(markup, {file.content_id: file.filename for file in files if file.content_id})
