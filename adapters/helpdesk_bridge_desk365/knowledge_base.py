"""``desk.knowledge_base`` of Desk365, where names are ids. Documented: OpenAPI, KBArticleDetailsModel and its like."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from attrs import field, frozen

from helpdesk_bridge.adapter import (
    KnowledgeArticle,
    KnowledgeCategory,
    KnowledgeFolder,
    KnowledgeTraits,
    NotFound,
    Readers,
)
from helpdesk_bridge_desk365.vendor_api.documents import Article, ArticleStatus, Category, SupportVisibility
from helpdesk_bridge_desk365.vendor_api.knowledge_base import KnowledgeBaseCalls

_EMPTY: Final = "<p></p>"
"""What an article without words is written as: Desk365 requires a content."""

_TRAITS: Final = KnowledgeTraits(
    readers=frozenset({Readers.EVERYONE, Readers.NOBODY}),
    lists_all=False,
    own_titles=True,
    category_descriptions=True,
)


@frozen
class Desk365KnowledgeBase:
    """The knowledge base. Only published articles can be listed, and categories and folders only as these name them."""

    calls: KnowledgeBaseCalls = field(repr=False)
    traits: KnowledgeTraits = _TRAITS
    _hidden: dict[str, bool] = field(factory=dict, init=False, repr=False)
    _places: dict[str, None] = field(factory=dict, init=False, repr=False)
    """The folders of the articles that were listed last: what tells them, and their categories, costs a call an article."""

    def categories(self) -> Sequence[KnowledgeCategory]:
        """Return the categories of the published articles that were listed last."""
        names = dict.fromkeys(map(_category_of, self._named_places()))
        return [found for name in names for found in self.categories_named(name)]

    def folders(self, category_id: str) -> Sequence[KnowledgeFolder]:
        """Return the folders of a category that hold one of the published articles that were listed last."""
        return [_folder(one) for one in self._named_places() if _category_of(one) == category_id]

    def _named_places(self) -> list[str]:
        if not self._places:
            self.articles()
        return list(self._places)

    def articles(self) -> Sequence[KnowledgeArticle]:
        """Return the published articles, one call each; without those that were removed since their list was read."""
        found = [article for title in self.calls.articles() for article in self.articles_named(title)]
        self._places.clear()
        self._places.update(dict.fromkeys(place for article in found for place in article.folder_ids))
        return found

    def article(self, article_id: str) -> KnowledgeArticle:
        """Return an article by its title."""
        return self._read(self.calls.article(article_id))

    def categories_named(self, name: str) -> Sequence[KnowledgeCategory]:
        """Return the category of this name."""
        try:
            return [_category(self.calls.category(name))]
        except NotFound:
            return []

    def folders_named(self, category_id: str, name: str) -> Sequence[KnowledgeFolder]:
        """Return the folder of this name."""
        try:
            self.calls.folder(category_id, name)
        except NotFound:
            return []
        return [_folder(_folder_id(category_id, name))]

    def articles_named(self, title: str) -> Sequence[KnowledgeArticle]:
        """Return the article of this title."""
        try:
            return [self.article(title)]
        except NotFound:
            return []

    def create_category(self, category: KnowledgeCategory) -> str:
        """Create a category, hidden from the support portal if it is."""
        seen = SupportVisibility.HIDDEN if category.hidden else None
        created = self.calls.create_category(
            category.name, description=category.description, support_visibility=None if seen is None else int(seen)
        )
        return created.category_name

    def create_folder(self, folder: KnowledgeFolder) -> str:
        """Create a folder."""
        self.calls.create_folder(folder.category_id, folder.name)
        return _folder_id(folder.category_id, folder.name)

    def create_article(self, article: KnowledgeArticle) -> str:
        """Create an article; what is not for everyone is not published."""
        category, folder = json.loads(article.folder_ids[0])
        public = article.readers is Readers.EVERYONE
        status = ArticleStatus.PUBLISHED if public else ArticleStatus.UNPUBLISHED
        content = article.html.strip() or _EMPTY
        return self.calls.create_article(
            article.title, content, category=category, folder=folder, status=int(status)
        ).article_title

    def finish(self, article_id: str, article: KnowledgeArticle) -> None:
        """Do nothing: a create sets everything."""

    def rewrite(self, article_id: str, html: str) -> None:
        """Replace the content."""
        self.calls.update_article(article_id, content=html.strip() or _EMPTY)

    def _read(self, document: Article) -> KnowledgeArticle:
        category, folder = document.category_name, document.folder_name
        readers = Readers.EVERYONE if document.status == ArticleStatus.PUBLISHED else Readers.NOBODY
        if readers is Readers.EVERYONE and (category is None or self._is_hidden(category)):
            readers = Readers.AGENTS
        content = document.article_content or ""
        return KnowledgeArticle(
            id=document.article_title,
            title=document.article_title,
            html="" if content == _EMPTY else content,
            folder_ids=(_folder_id(category, folder),) if category and folder else (),
            readers=readers,
            urls=tuple(filter(None, (document.support_url, document.agent_url))),
            files=len(document.attachments),
        )

    def _is_hidden(self, category: str) -> bool:
        if category not in self._hidden:
            found = self.categories_named(category)
            self._hidden[category] = not found or found[0].hidden
        return self._hidden[category]


def _folder_id(category: str, folder: str) -> str:
    return json.dumps([category, folder], ensure_ascii=False)


def _category_of(folder_id: str) -> str:
    return str(json.loads(folder_id)[0])


def _folder(folder_id: str) -> KnowledgeFolder:
    category, name = json.loads(folder_id)
    return KnowledgeFolder(id=folder_id, category_id=category, name=name)


def _category(document: Category) -> KnowledgeCategory:
    # Whoever has to sign in or belong to a company is not everyone.
    hidden = document.support_portal_visibility not in (None, SupportVisibility.EVERYONE)
    name = document.category_name
    return KnowledgeCategory(id=name, name=name, description=document.category_description or None, hidden=hidden)
