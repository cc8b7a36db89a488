"""What of a knowledge base comes along, and what the destination has no place for: known before anything is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from attrs import asdict, evolve, frozen

from helpdesk_bridge.adapter import KnowledgeBase, KnowledgeTraits
from helpdesk_bridge.migration.knowledge.links import image_addresses, stays_a_link, without_own_images
from helpdesk_bridge.model.knowledge import KnowledgeArticle, KnowledgeCategory, KnowledgeFolder, Readers


@frozen
class Contents:
    """The knowledge base of the source, read once."""

    categories: Sequence[KnowledgeCategory]
    folders: Sequence[KnowledgeFolder]
    articles: Sequence[KnowledgeArticle]

    @classmethod
    def of(cls, base: KnowledgeBase) -> Contents:
        """Read a knowledge base. Articles are read first: some vendors tell the rest by them alone."""
        articles = base.articles()
        categories = base.categories()
        return cls(categories, [one for category in categories for one in base.folders(category.id)], articles)


@frozen
class Change:
    """What does not stay as it is: of how many records (None where the source does not tell), and what becomes of it."""

    what: str
    becomes: str
    records: int | None


@frozen
class KnowledgePlan:
    """What a run would write, and what changes on the way."""

    categories: int
    folders: int
    articles: int
    changes: tuple[Change, ...]
    calls: int
    """Calls to the destination, at most, without the rewriting of links."""

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {**asdict(self), "changes": [asdict(one) for one in self.changes]}


def planned(contents: Contents, source: KnowledgeTraits, there: KnowledgeTraits) -> KnowledgePlan:
    """Return the plan for a destination with these traits."""
    counts = Counter[tuple[str, str]]()
    for article in contents.articles:
        counts.update(_of_article(article, there))
    titles = Counter(article.title for article in contents.articles)
    if there.own_titles and (doubled := sum(count - 1 for count in titles.values())):
        counts["articles with the title of another", "kept with a number behind the title"] = doubled
    if not there.category_descriptions:
        counts["descriptions of categories", "lost"] += sum(one.description is not None for one in contents.categories)
    if not there.folder_descriptions:
        counts["descriptions of folders", "lost"] += sum(one.description is not None for one in contents.folders)
    changes = [Change(*what, count) for what, count in counts.items() if count]
    if not source.lists_all:
        unseen = "drafts, and categories and folders without a published article"
        changes.append(Change(unseen, "left behind: the source does not list them", None))
    size = (len(contents.categories), len(contents.folders), len(contents.articles))
    return KnowledgePlan(*size, tuple(changes), calls=2 * size[0] + 2 * size[1] + 3 * size[2])


def _of_article(article: KnowledgeArticle, there: KnowledgeTraits) -> list[tuple[str, str]]:
    found = [("authors and times", "those of the import")]
    if not article.folder_ids:
        found.append(("articles without a folder", "left behind"))
    if article.readers not in there.readers:
        found.append((f"articles for {article.readers.value}", "kept as drafts"))
    if len(article.folder_ids) > 1 and not there.several_folders:
        found.append(("articles in several folders", "kept in the first"))
    if article.tags and not there.tags:
        found.append(("tags", "lost"))
    if article.languages > 1:
        found.append(("texts in further languages", "lost"))
    if article.files:
        found.append(("attached files", "lost"))
    images = image_addresses(article.html)
    if any(map(stays_a_link, images)):
        found.append(("images", "kept as links to where they are, which end with the old account"))
    if not there.images and not all(map(stays_a_link, images)):
        found.append(("images without an address of their own", "lost: named in their places"))
    return found


def as_kept(article: KnowledgeArticle, there: KnowledgeTraits) -> KnowledgeArticle:
    """Return an article as a destination with these traits keeps it; its folders are still the source's."""
    return evolve(
        article,
        html=article.html if there.images else without_own_images(article.html),
        readers=article.readers if article.readers in there.readers else Readers.NOBODY,
        folder_ids=article.folder_ids if there.several_folders else article.folder_ids[:1],
        tags=article.tags if there.tags else (),
        urls=(),
        languages=1,
        files=0,
    )
