"""Links and images in articles: what they point at, and links to other articles rewritten to where these are now."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import urlsplit

from attrs import frozen

from helpdesk_bridge.model.knowledge import KnowledgeArticle
from helpdesk_bridge.text.images import ImageTag, image_tags, replace_images

_LINK: Final = re.compile(
    r"""(?P<before><a(?=\s)[^<>]*?\shref\s*=\s*)(?P<value>"[^"<>]*"|'[^'<>]*'|[^\s"'<>]+)""", re.IGNORECASE
)
"""A tag ends before the next begins, so that a text of many unclosed ones is read once."""
_ID: Final = "{id}"


@frozen
class Addresses:
    """The addresses of articles on one side: those that the vendor tells, and by a pattern such as ``https://…/{id}``."""

    pattern: str | None = None

    def of(self, article: KnowledgeArticle) -> tuple[str, ...]:
        """Return the addresses of an article, the best for readers first."""
        own = () if self.pattern is None else (self.pattern.replace(_ID, article.id),)
        return (*own, *article.urls)

    @staticmethod
    def checked(pattern: str | None) -> str | None:
        """Return a pattern. Raises ``ValueError`` for one that is no address or has no place for the id."""
        if pattern is not None and (_ID not in pattern or not pattern.startswith(("https://", "http://"))):
            raise ValueError(f"{pattern}: write an address with {_ID} where the article's id stands in it")
        return pattern


def by_address(articles: Iterable[KnowledgeArticle], addresses: Addresses) -> dict[str, str]:
    """Return the ids of articles by their addresses; one that several articles have tells none of them."""
    found: dict[str, set[str]] = {}
    for article in articles:
        for address in addresses.of(article):
            found.setdefault(address, set()).add(article.id)
    return {address: next(iter(ids)) for address, ids in found.items() if len(ids) == 1}


def targets(markup: str) -> list[str]:
    """Return the addresses that the links of a text lead to, in order."""
    return [_address(match["value"]) for match in _LINK.finditer(markup)]


def relinked(markup: str, new: Callable[[str], str | None]) -> str:
    """Return a text whose links lead where ``new`` says of each address; None leaves it. What follows # stays."""

    def replaced(match: re.Match[str]) -> str:
        address, mark, place = _address(match["value"]).partition("#")
        there = new(address)
        if there is None:
            return match[0]
        return f'{match["before"]}"{html.escape(there + mark + place)}"'

    return _LINK.sub(replaced, markup)


def _address(value: str) -> str:
    return html.unescape(value.strip("\"'")).strip()


def image_addresses(markup: str) -> list[str]:
    """Return the addresses of the images of a text."""
    return [tag.source for tag in image_tags(markup)]


def stays_a_link(address: str) -> bool:
    """Whether an image can be shown by its address alone, wherever the text stands."""
    return urlsplit(address).scheme in ("https", "http")


def without_own_images(markup: str) -> str:
    """Return a text in which images without an address of their own are named in their places."""

    def named(tag: ImageTag) -> str | None:
        if stays_a_link(tag.source):
            return None
        return html.escape(f"[image: {tag.attributes.get('alt') or 'without a name'}]", quote=False)

    return replace_images(markup, named)
