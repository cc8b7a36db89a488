"""Knowledge base (``desk.vendor_api.knowledge_base``): categories, sections, articles (observed: clients of Deskie).

Titles and contents are a text, or texts by the id of their language: ``{"2": "Delivery", "3": "Lieferung"}``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

from attrs import field, frozen

from helpdesk_bridge.adapter import UNSET, Effect, Unset
from helpdesk_bridge_deskie.client.calls import PAGE, Calls, DocumentPage, Params
from helpdesk_bridge_deskie.vendor_api import arguments as checked
from helpdesk_bridge_deskie.vendor_api.documents import Article, Category, Section
from helpdesk_bridge_deskie.vendor_api.records import RecordCalls

Id = str | int
Texts = str | Mapping[str | int, str]
K = TypeVar("K")


@frozen(eq=False)
class _Kind(Generic[K]):
    """The calls that all three kinds have."""

    _records: RecordCalls[K] = field(repr=False)

    def get(self, record_id: Id, *, language_id: Id | None = None) -> K:
        """Return an entry; ``language_id`` is a language's id, or "all" for the texts of all languages."""
        return self._records.get(record_id, _language(language_id))

    def enable(self, record_id: Id) -> K:
        """Show it."""
        return self._records.act(record_id, "enable")

    def disable(self, record_id: Id) -> K:
        """Hide it."""
        return self._records.act(record_id, "disable")

    def move_up(self, record_id: Id) -> K:
        """Move it up by one place; never repeated, because doing it twice shows."""
        return self._records.act(record_id, "moveup", effect=Effect.CREATE)

    def move_down(self, record_id: Id) -> K:
        """Move it down by one place; never repeated."""
        return self._records.act(record_id, "movedown", effect=Effect.CREATE)

    def delete(self, record_id: Id) -> None:
        """Delete it for good."""
        self._records.delete(record_id)

    def _page(self, page: int, limit: int, language_id: Id | None, *more: tuple[str, str]) -> DocumentPage[K]:
        return self._records.page((*checked.page(page, limit), *_language(language_id), *more))


@frozen(eq=False)
class Categories(_Kind[Category]):
    """Categories."""

    def page(self, *, page: int = 1, limit: int = PAGE, language_id: Id | None = None) -> DocumentPage[Category]:
        """Return one page of categories."""
        return self._page(page, limit, language_id)

    def create(self, category_title: Texts) -> Category:
        """Create a category."""
        return self._records.create({"category_title": checked.texts(category_title, "category_title")})

    def update(self, category_id: Id, *, category_title: Texts) -> Category:
        """Change a category."""
        return self._records.update(category_id, {"category_title": checked.texts(category_title, "category_title")})


@frozen(eq=False)
class Sections(_Kind[Section]):
    """Sections of categories."""

    def page(
        self, category_id: Id, *, page: int = 1, limit: int = PAGE, language_id: Id | None = None
    ) -> DocumentPage[Section]:
        """Return one page of a category's sections."""
        return self._page(page, limit, language_id, ("category_id", checked.record_id(category_id, "category_id")))

    def create(self, category_id: Id, section_title: Texts, *, section_description: Texts | Unset = UNSET) -> Section:
        """Create a section."""
        fields = {
            "category_id": checked.number(category_id, "category_id"),
            "section_title": checked.texts(section_title, "section_title"),
            **checked.given({"section_description": (section_description, checked.texts)}),
        }
        return self._records.create(fields)

    def update(
        self,
        section_id: Id,
        *,
        category_id: Id | Unset = UNSET,
        section_title: Texts | Unset = UNSET,
        section_description: Texts | Unset = UNSET,
    ) -> Section:
        """Change a section."""
        fields = checked.given(
            {
                "category_id": (category_id, checked.number),
                "section_title": (section_title, checked.texts),
                "section_description": (section_description, checked.texts),
            }
        )
        return self._records.update(section_id, fields)


@frozen(eq=False)
class Articles(_Kind[Article]):
    """Articles, each in one section or several."""

    def page(
        self,
        *,
        page: int = 1,
        limit: int = PAGE,
        search: str | None = None,
        section_id: Id | None = None,
        language_id: Id | None = None,
        sort: str | None = None,
    ) -> DocumentPage[Article]:
        """Return one page of articles; a search needs 3 characters."""
        more = []
        if search is not None:
            more.append(("search", checked.search(search, "search")))
        if section_id is not None:
            more.append(("section_id", checked.record_id(section_id, "section_id")))
        if sort is not None:
            more.append(("sort", checked.choice(sort, checked.ARTICLE_SORTS, "sort")))
        return self._page(page, limit, language_id, *more)

    def create(
        self,
        section_ids: Iterable[Id],
        article_title: Texts,
        article_content: Texts,
        *,
        article_tags: Texts | Unset = UNSET,
        access_type: str | Unset = UNSET,
    ) -> Article:
        """Create an article; ``access_type`` is public or staff_only."""
        fields = {
            "section_id": _sections(section_ids, "section_ids"),
            "article_title": checked.texts(article_title, "article_title"),
            "article_content": checked.texts(article_content, "article_content"),
            **checked.given({"article_tags": (article_tags, checked.texts), "access_type": (access_type, _access)}),
        }
        return self._records.create(fields)

    def update(
        self,
        article_id: Id,
        *,
        section_ids: Iterable[Id] | Unset = UNSET,
        article_title: Texts | Unset = UNSET,
        article_content: Texts | Unset = UNSET,
        article_tags: Texts | Unset = UNSET,
        access_type: str | Unset = UNSET,
    ) -> Article:
        """Change an article."""
        fields = checked.given(
            {
                "section_id": (section_ids, _sections),
                "article_title": (article_title, checked.texts),
                "article_content": (article_content, checked.texts),
                "article_tags": (article_tags, checked.texts),
                "access_type": (access_type, _access),
            }
        )
        return self._records.update(article_id, fields)


@frozen(eq=False)
class KnowledgeBase:
    """The knowledge base's three kinds of records."""

    categories: Categories
    sections: Sections
    articles: Articles

    @classmethod
    def over(cls, calls: Calls) -> KnowledgeBase:
        """Return the knowledge base of an account."""
        return cls(
            Categories(_records(calls, "kb_category", Category)),
            Sections(_records(calls, "kb_section", Section)),
            Articles(_records(calls, "kb_article", Article)),
        )


def _records(calls: Calls, key: str, type_: type[K]) -> RecordCalls[K]:
    return RecordCalls(calls, f"/{key}", key, type_, f"vendor_api.knowledge_base.{key}")


def _language(language_id: Id | None) -> Params:
    if language_id is None:
        return ()
    word = "all" if language_id == "all" else checked.record_id(language_id, "language_id")
    return (("language_id", word),)


def _sections(section_ids: Iterable[Id], field_: str) -> int | list[int]:
    # observed: one section is a number, several are an array.
    ids = checked.numbers(section_ids, field_)
    return ids[0] if len(ids) == 1 else ids


def _access(value: str, field_: str) -> str:
    return checked.choice(value, checked.ACCESS, field_)
