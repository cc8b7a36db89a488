"""Knowledge bases: categories, their folders, and articles, in the words of no vendor."""

from __future__ import annotations

from enum import Enum

from attrs import field, frozen


class Readers(Enum):
    """Who can read an article. What a vendor calls otherwise is for agents."""

    EVERYONE = "everyone"
    AGENTS = "agents"
    NOBODY = "nobody"
    """A draft, or one that was hidden."""


@frozen(kw_only=True)
class KnowledgeCategory:
    """A category; ``id`` is its name where a vendor has no ids. ``hidden``: customers do not see it."""

    id: str
    name: str
    description: str | None = None
    hidden: bool = False


@frozen(kw_only=True)
class KnowledgeFolder:
    """A folder (Deskie: section) of a category."""

    id: str
    category_id: str
    name: str
    description: str | None = None


@frozen(kw_only=True)
class KnowledgeArticle:
    """An article of HTML. ``urls`` are the addresses that the vendor tells of it, ``languages`` how many texts it has.

    ``html`` and ``title`` are those of the account's own language.
    """

    id: str
    title: str
    html: str = field(repr=False)
    folder_ids: tuple[str, ...]
    readers: Readers
    tags: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    languages: int = 1
    files: int = 0
