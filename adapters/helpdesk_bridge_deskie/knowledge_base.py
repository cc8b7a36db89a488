"""``desk.knowledge_base`` of Deskie: categories, sections, articles (observed: clients of Deskie)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

from attrs import field, frozen

from helpdesk_bridge.adapter import KnowledgeArticle, KnowledgeCategory, KnowledgeFolder, KnowledgeTraits, Readers
from helpdesk_bridge_deskie.client.calls import PAGE, DocumentPage
from helpdesk_bridge_deskie.vendor_api.documents import Article, Category, Section
from helpdesk_bridge_deskie.vendor_api.knowledge_base import KnowledgeBase

D = TypeVar("D")
_ALL: Final = "all"
_PUBLIC: Final = "public"
_STAFF: Final = "staff_only"
_SHORTEST: Final = 3
"""observed: a search needs three characters."""

_TRAITS: Final = KnowledgeTraits(
    readers=frozenset(Readers),
    several_folders=True,
    tags=True,
    folder_descriptions=True,
)


@frozen
class DeskieKnowledgeBase:
    """The knowledge base; a section is called a folder here. Of texts in several languages the first is taken."""

    calls: KnowledgeBase = field(repr=False)
    traits: KnowledgeTraits = _TRAITS

    def categories(self) -> Sequence[KnowledgeCategory]:
        """Return all categories."""
        return [_category(one) for one in _every(lambda page: self.calls.categories.page(page=page, language_id=_ALL))]

    def folders(self, category_id: str) -> Sequence[KnowledgeFolder]:
        """Return all sections of a category."""

        def page(number: int) -> DocumentPage[Section]:
            return self.calls.sections.page(category_id, page=number, language_id=_ALL)

        return [_folder(one, category_id) for one in _every(page)]

    def articles(self) -> Sequence[KnowledgeArticle]:
        """Return all articles, hidden ones too, by id: what is added meanwhile stands at the end."""

        def page(number: int) -> DocumentPage[Article]:
            return self.calls.articles.page(page=number, language_id=_ALL, sort="id_asc")

        return list({document.article_id: _article(document) for document in _every(page)}.values())

    def article(self, article_id: str) -> KnowledgeArticle:
        """Return an article."""
        return _article(self.calls.articles.get(article_id, language_id=_ALL))

    def categories_named(self, name: str) -> Sequence[KnowledgeCategory]:
        """Return the categories of this name."""
        return [one for one in self.categories() if one.name == name.strip()]

    def folders_named(self, category_id: str, name: str) -> Sequence[KnowledgeFolder]:
        """Return the sections of a category of this name."""
        return [one for one in self.folders(category_id) if one.name == name.strip()]

    def articles_named(self, title: str) -> Sequence[KnowledgeArticle]:
        """Return the articles of this title, whose search is one for any text: the answer is compared again."""
        wanted = title.strip()
        if len(wanted) < _SHORTEST:
            return [one for one in self.articles() if one.title == wanted]

        def page(number: int) -> DocumentPage[Article]:
            return self.calls.articles.page(page=number, search=wanted, language_id=_ALL, sort="id_asc")

        return [one for one in map(_article, _every(page)) if one.title == wanted]

    def create_category(self, category: KnowledgeCategory) -> str:
        """Create a category."""
        return str(self.calls.categories.create(category.name).category_id)

    def create_folder(self, folder: KnowledgeFolder) -> str:
        """Create a section."""
        more = {} if folder.description is None else {"section_description": folder.description}
        return str(self.calls.sections.create(folder.category_id, folder.name, **more).section_id)

    def create_article(self, article: KnowledgeArticle) -> str:
        """Create an article; a draft is for agents until ``finish`` hides it."""
        more = {"article_tags": ", ".join(article.tags)} if article.tags else {}
        access = _PUBLIC if article.readers is Readers.EVERYONE else _STAFF
        created = self.calls.articles.create(
            article.folder_ids, article.title, article.html, access_type=access, **more
        )
        return str(created.article_id)

    def finish(self, article_id: str, article: KnowledgeArticle) -> None:
        """Hide a draft."""
        if article.readers is Readers.NOBODY:
            self.calls.articles.disable(article_id)

    def rewrite(self, article_id: str, html: str) -> None:
        """Replace the content."""
        self.calls.articles.update(article_id, article_content=html)


def _every(page: Callable[[int], DocumentPage[D]]) -> Iterator[D]:
    number = 1
    while True:
        documents = page(number)
        yield from documents.items
        if not documents.more_after(number, PAGE):
            return
        number += 1


def _text(value: str | Mapping[str, str] | None) -> str:
    """Return a text, or the first that has words of several by language."""
    if isinstance(value, Mapping):
        return next((text for text in value.values() if text.strip()), "")
    return value or ""


def _category(document: Category) -> KnowledgeCategory:
    name = _text(document.category_title).strip()
    return KnowledgeCategory(id=str(document.category_id), name=name, hidden=document.active is False)


def _folder(document: Section, category_id: str) -> KnowledgeFolder:
    return KnowledgeFolder(
        id=str(document.section_id),
        category_id=str(document.category_id or category_id),
        name=_text(document.section_title).strip(),
        description=_text(document.section_description).strip() or None,
    )


def _article(document: Article) -> KnowledgeArticle:
    sections = document.section_id_arr or ((document.section_id,) if document.section_id is not None else ())
    # A word for its access that is not known is not public.
    readers = Readers.EVERYONE if document.access_type == _PUBLIC else Readers.AGENTS
    texts = document.article_content
    return KnowledgeArticle(
        id=str(document.article_id),
        title=_text(document.article_title).strip(),
        html=_text(texts),
        folder_ids=tuple(str(one) for one in sections),
        readers=readers if document.active is not False else Readers.NOBODY,
        tags=tuple(filter(None, (word.strip() for word in _text(document.article_tags).split(",")))),
        languages=sum(bool(text.strip()) for text in texts.values()) if isinstance(texts, Mapping) else 1,
    )
