"""``desk.knowledge_base`` of a local desk: everything is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from attrs import evolve, field, frozen

from helpdesk_bridge.adapter import KnowledgeArticle, KnowledgeCategory, KnowledgeFolder, KnowledgeTraits, Readers
from helpdesk_bridge.errors import Invalid, NotFound
from helpdesk_bridge.local.desk import LocalDesk
from helpdesk_bridge.local.knowledge import Knowledge

_EVERYTHING: Final = KnowledgeTraits(
    readers=frozenset(Readers),
    several_folders=True,
    tags=True,
    category_descriptions=True,
    folder_descriptions=True,
    images=True,
)


@frozen(eq=False)
class LocalKnowledgeBase:
    """The knowledge base in the desk's file."""

    _desk: LocalDesk = field(repr=False)
    traits: KnowledgeTraits = _EVERYTHING

    @property
    def _held(self) -> Knowledge:
        return Knowledge.of(self._desk.store.space)

    def categories(self) -> Sequence[KnowledgeCategory]:
        """Return all categories."""
        return self._held.categories.list()

    def folders(self, category_id: str) -> Sequence[KnowledgeFolder]:
        """Return all folders of a category."""
        return [one for one in self._held.folders.list() if one.category_id == category_id]

    def articles(self) -> Sequence[KnowledgeArticle]:
        """Return all articles."""
        return self._held.articles.list()

    def article(self, article_id: str) -> KnowledgeArticle:
        """Return an article."""
        return self._held.articles.get(article_id)

    def categories_named(self, name: str) -> Sequence[KnowledgeCategory]:
        """Return the categories of this name."""
        return [one for one in self.categories() if one.name == name]

    def folders_named(self, category_id: str, name: str) -> Sequence[KnowledgeFolder]:
        """Return the folders of a category of this name."""
        return [one for one in self.folders(category_id) if one.name == name]

    def articles_named(self, title: str) -> Sequence[KnowledgeArticle]:
        """Return the articles of this title."""
        return [one for one in self.articles() if one.title == title]

    def create_category(self, category: KnowledgeCategory) -> str:
        """Write a category."""
        made = self._held.categories.add(category).id
        self._desk.calls.add("knowledge_base.create_category", made)
        return made

    def create_folder(self, folder: KnowledgeFolder) -> str:
        """Write a folder. Raises ``Invalid`` without its category."""
        self._known(self._held.categories.get, folder.category_id, "category_id")
        made = self._held.folders.add(folder).id
        self._desk.calls.add("knowledge_base.create_folder", made)
        return made

    def create_article(self, article: KnowledgeArticle) -> str:
        """Write an article. Raises ``Invalid`` without its folders."""
        for folder_id in article.folder_ids:
            self._known(self._held.folders.get, folder_id, "folder_ids")
        made = self._held.articles.add(article).id
        self._desk.calls.add("knowledge_base.create_article", made)
        return made

    def finish(self, article_id: str, article: KnowledgeArticle) -> None:
        """Set who reads an article."""
        self._held.articles.put(evolve(self._held.articles.get(article_id), readers=article.readers))

    def rewrite(self, article_id: str, html: str) -> None:
        """Replace the text."""
        self._held.articles.put(evolve(self._held.articles.get(article_id), html=html))
        self._desk.calls.add("knowledge_base.rewrite", article_id)

    @staticmethod
    def _known(get: Callable[[str], object], record_id: str, name: str) -> None:
        try:
            get(record_id)
        except NotFound:
            raise Invalid("there is no such record", field=name) from None
