"""The facet of vendors that have a knowledge base."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from attrs import frozen

from helpdesk_bridge.model.knowledge import KnowledgeArticle, KnowledgeCategory, KnowledgeFolder, Readers


@frozen(kw_only=True)
class KnowledgeTraits:
    """What a vendor's knowledge base keeps, known without a call.

    ``lists_all``: its lists bring everything, not only what is published. ``own_titles``: no two articles have one title.
    ``readers`` are those that it can give an article; of others it makes drafts, so that nothing becomes public.
    """

    readers: frozenset[Readers]
    lists_all: bool = True
    own_titles: bool = False
    several_folders: bool = False
    tags: bool = False
    category_descriptions: bool = False
    folder_descriptions: bool = False
    images: bool = False
    """Whether images inside an article can be written; if not, those with an address of their own stay links."""


class KnowledgeBase(Protocol):
    """``desk.knowledge_base``. Its creates are sent once: one whose outcome is unknown raises ``InDoubt``."""

    @property
    @abstractmethod
    def traits(self) -> KnowledgeTraits:
        """What it keeps."""

    @abstractmethod
    def categories(self) -> Sequence[KnowledgeCategory]:
        """Return the categories, as far as the vendor tells them."""

    @abstractmethod
    def folders(self, category_id: str) -> Sequence[KnowledgeFolder]:
        """Return the folders of a category, as far as the vendor tells them."""

    @abstractmethod
    def articles(self) -> Sequence[KnowledgeArticle]:
        """Return the articles, as far as the vendor lists them."""

    @abstractmethod
    def article(self, article_id: str) -> KnowledgeArticle:
        """Return an article. Raises ``NotFound``."""

    @abstractmethod
    def categories_named(self, name: str) -> Sequence[KnowledgeCategory]:
        """Return the categories of exactly this name, also those that no list tells."""

    @abstractmethod
    def folders_named(self, category_id: str, name: str) -> Sequence[KnowledgeFolder]:
        """Return the folders of a category of exactly this name, also those that no list tells."""

    @abstractmethod
    def articles_named(self, title: str) -> Sequence[KnowledgeArticle]:
        """Return the articles of exactly this title, also drafts."""

    @abstractmethod
    def create_category(self, category: KnowledgeCategory) -> str:
        """Create a category; return its id."""

    @abstractmethod
    def create_folder(self, folder: KnowledgeFolder) -> str:
        """Create a folder in the category that it names; return its id."""

    @abstractmethod
    def create_article(self, article: KnowledgeArticle) -> str:
        """Create an article in its folders, never with more readers than it has; return its id."""

    @abstractmethod
    def finish(self, article_id: str, article: KnowledgeArticle) -> None:
        """Set what ``create_article`` could not, such as that nobody reads it. Setting it twice is no difference."""

    @abstractmethod
    def rewrite(self, article_id: str, html: str) -> None:
        """Give an article another text."""
