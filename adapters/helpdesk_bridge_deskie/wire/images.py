"""Inline images: translation between the vendor's URLs and ``cid:`` in a body.

assumed (docs/vendors/deskie.md, "Files"): inline pictures in ``content_html`` are URLs of the account's own host.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from mimetypes import guess_type
from urllib.parse import unquote, urlsplit

from attrs import frozen

from helpdesk_bridge.adapter import Attachment, ImageTag, digest, evolve, replace_images


@frozen
class InlineImages:
    """Replaces the URLs of the account's own images by ``cid:``."""

    own_origin: Callable[[str], bool]

    def with_content_ids(self, markup: str, files: tuple[Attachment, ...]) -> tuple[str, tuple[Attachment, ...]]:
        """Return the body with ``cid:`` for its own images, and the files with these marked as inline."""
        by_url = {file.locator: file for file in files}
        shown: dict[str, Attachment] = {}

        def cid(url: str) -> str | None:
            file = by_url.get(url)
            if file is None and not self.own_origin(url):
                return None
            content_id = f"{digest(url.partition('?')[0])}@deskie"
            shown[url] = evolve(file or _of_url(url), inline=True, content_id=content_id)
            return f"cid:{content_id}"

        changed = replace_sources(markup, cid)
        kept = tuple(shown.pop(file.locator, file) for file in files)
        return changed, (*kept, *shown.values())


def with_urls(markup: str, urls: Mapping[str, str]) -> str:
    """Return the body with the URLs of images for their ``cid:``; ``urls`` is by content id."""

    def shown(tag: ImageTag) -> str | None:
        url = tag.among(urls)
        return None if url is None else tag.with_source(url)

    return replace_images(markup, shown)


def with_names(markup: str, names: Mapping[str, str]) -> str:
    """Return the body with the names of images in their place, for a message that is mailed before they have URLs."""

    def in_words(tag: ImageTag) -> str | None:
        name = tag.among(names)
        return None if name is None else html.escape(f"[{name}]", quote=False)

    return replace_images(markup, in_words)


def replace_sources(markup: str, replacement: Callable[[str], str | None]) -> str:
    """Return ``markup`` with the URL of each image replaced, unless ``replacement`` gives None."""

    def replaced(tag: ImageTag) -> str | None:
        source = replacement(tag.source) if tag.source else None
        return None if source is None else tag.with_source(source)

    return replace_images(markup, replaced)


def _of_url(url: str) -> Attachment:
    name = unquote(urlsplit(url).path.rpartition("/")[2]) or "image"
    return Attachment(filename=name, content_type=guess_type(name)[0], locator=url)
