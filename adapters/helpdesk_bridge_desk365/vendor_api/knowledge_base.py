"""The knowledge base. Documented: OpenAPI, KBArticleDetailsModel; categories and folders cannot be listed, only read by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import frozen

from helpdesk_bridge.adapter import BadResponse, Effect, Invalid
from helpdesk_bridge_desk365.client.client import Pairs
from helpdesk_bridge_desk365.vendor_api import arguments
from helpdesk_bridge_desk365.vendor_api.calls import Calls
from helpdesk_bridge_desk365.vendor_api.documents import (
    AgentVisibility,
    Article,
    ArticleStatus,
    Category,
    Folder,
    SupportVisibility,
)
from helpdesk_bridge_desk365.wire.parsing import read_rows

_KB = "/kb"


@frozen(eq=False)
class KnowledgeBaseCalls:
    """Articles in folders in categories, all identified by name. Removing and renaming is sent once, never repeated."""

    _calls: Calls

    # --- articles ---

    def articles(self) -> tuple[str, ...]:
        """Return the titles of the published articles."""
        # Documented: OpenAPI, "/v3/kb/article/", with its slash.
        _, rows, at = read_rows(self._calls.client.read("kb.articles", f"{_KB}/article/", ()).json(), "article_titles")
        for number, title in enumerate(rows):
            if not isinstance(title, str):
                raise BadResponse(f"expected a title at {at}[{number}]", path=f"{at}[{number}]")
        return tuple(rows)

    def article(self, title: str) -> Article:
        """Return an article, published or not."""
        return self._calls.read(Article, "kb.article", f"{_KB}/article/details", _article(title))

    def create_article(
        self,
        title: str,
        content: str,
        *,
        category: str,
        folder: str,
        created_by: str | None = None,
        status: int | None = None,
    ) -> Article:
        """Create an article of HTML in a folder that exists; inline images cannot be sent.

        Documented: OpenAPI, "Inline images are not supported".
        """
        document = arguments.given(
            article_title=arguments.text(title, "title"),
            article_content=arguments.text(content, "content"),
            **_place(category, folder),
            created_by_email=None if created_by is None else arguments.email(created_by, "created_by"),
            status=_status(status),
        )
        return self._calls.write(Article, "kb.create_article", "POST", f"{_KB}/article/create", document)

    def update_article(
        self,
        title: str,
        *,
        new_title: str | None = None,
        content: str | None = None,
        category: str | None = None,
        folder: str | None = None,
        status: int | None = None,
    ) -> Article:
        """Change an article, or move it into another folder; what is not given stays."""
        change = arguments.given(
            article_title=None if new_title is None else arguments.text(new_title, "new_title"),
            article_content=None if content is None else arguments.text(content, "content"),
            category_name=None if category is None else arguments.text(category, "category"),
            folder_name=None if folder is None else arguments.text(folder, "folder"),
            status=_status(status),
        )
        return self._calls.write(
            Article,
            "kb.update_article",
            "PUT",
            f"{_KB}/article/update",
            arguments.something(change, "article"),
            params=_article(title),
            effect=_effect(new_title),
        )

    def delete_article(self, title: str) -> None:
        """Delete an article for good."""
        self._calls.delete("kb.delete_article", f"{_KB}/article/delete", _article(title))

    # --- folders ---

    def folder(self, category: str, folder: str) -> Folder:
        """Return a folder."""
        return self._calls.read(Folder, "kb.folder", f"{_KB}/folder/details", tuple(_place(category, folder).items()))

    def create_folder(self, category: str, folder: str, *, created_by: str | None = None) -> Folder:
        """Create a folder in a category that exists."""
        author = None if created_by is None else arguments.email(created_by, "created_by")
        document = arguments.given(**_place(category, folder), created_by_email=author)
        return self._calls.write(Folder, "kb.create_folder", "POST", f"{_KB}/folder/create", document)

    def rename_folder(
        self, category: str, folder: str, new_name: str | None = None, *, new_category: str | None = None
    ) -> Folder:
        """Give a folder another name, or move it into another category; its articles stay in it."""
        change = arguments.given(
            category_name=None if new_category is None else arguments.text(new_category, "new_category"),
            folder_name=None if new_name is None else arguments.text(new_name, "new_name"),
        )
        return self._calls.write(
            Folder,
            "kb.update_folder",
            "PUT",
            f"{_KB}/folder/update",
            arguments.something(change, "folder"),
            params=tuple(_place(category, folder).items()),
        )

    def delete_folder(self, category: str, folder: str) -> None:
        """Delete a folder, and what is in it, for good."""
        self._calls.delete("kb.delete_folder", f"{_KB}/folder/delete", tuple(_place(category, folder).items()))

    # --- categories ---

    def category(self, name: str) -> Category:
        """Return a category."""
        return self._calls.read(Category, "kb.category", f"{_KB}/category/details", _category(name))

    def create_category(
        self,
        name: str,
        *,
        description: str | None = None,
        created_by: str | None = None,
        support_visibility: int | None = None,
        companies: Sequence[str] = (),
        agent_visibility: int | None = None,
        groups: Sequence[str] = (),
    ) -> Category:
        """Create a category. Companies and groups belong to the visibilities that name them, and to no others."""
        document = {
            "category_name": arguments.text(name, "name"),
            **arguments.given(
                created_by_email=None if created_by is None else arguments.email(created_by, "created_by")
            ),
            **_seen(description, support_visibility, companies, agent_visibility, groups),
        }
        return self._calls.write(Category, "kb.create_category", "POST", f"{_KB}/category/create", document)

    def update_category(
        self,
        name: str,
        *,
        new_name: str | None = None,
        description: str | None = None,
        support_visibility: int | None = None,
        companies: Sequence[str] = (),
        agent_visibility: int | None = None,
        groups: Sequence[str] = (),
    ) -> Category:
        """Change a category; what is not given stays."""
        change = _seen(description, support_visibility, companies, agent_visibility, groups)
        if new_name is not None:
            change["category_name"] = arguments.text(new_name, "new_name")
        return self._calls.write(
            Category,
            "kb.update_category",
            "PUT",
            f"{_KB}/category/update",
            arguments.something(change, "category"),
            params=_category(name),
            effect=_effect(new_name),
        )

    def delete_category(self, name: str) -> None:
        """Delete a category, and what is in it, for good."""
        self._calls.delete("kb.delete_category", f"{_KB}/category/delete", _category(name))


def _effect(new_name: str | None) -> Effect:
    # A name that was changed is not found when the same call comes again.
    return Effect.SET if new_name is None else Effect.CREATE


def _article(title: str) -> Pairs:
    return (("article_name", arguments.text(title, "title")),)


def _category(name: str) -> Pairs:
    return (("category_name", arguments.text(name, "name")),)


def _place(category: str, folder: str) -> dict[str, str]:
    return {"category_name": arguments.text(category, "category"), "folder_name": arguments.text(folder, "folder")}


def _status(status: int | None) -> int | None:
    return None if status is None else int(arguments.one_of(status, "status", list(ArticleStatus)))


def _seen(
    description: str | None,
    support_visibility: int | None,
    companies: Sequence[str],
    agent_visibility: int | None,
    groups: Sequence[str],
) -> dict[str, Any]:
    visibility: dict[str, Any] = {}
    if description is not None:
        visibility["category_description"] = arguments.text(description, "description")
    for value, field, key, allowed, listed, name, list_key in (
        (
            *(support_visibility, "support_visibility", "support_portal_visibility", SupportVisibility),
            *(companies, "companies", "company_list"),
        ),
        (
            *(agent_visibility, "agent_visibility", "agent_portal_visibility", AgentVisibility),
            *(groups, "groups", "agent_group_list"),
        ),
    ):
        words = arguments.several(listed, name)
        if value is not None:
            visibility[key] = arguments.one_of(value, field, list(allowed))
        if words and visibility.get(key) != _NAMING[key]:
            raise Invalid(f"{name}: they go with {field} {int(_NAMING[key])} only", field=name)
        if words:
            visibility[list_key] = list(words)
    return visibility


_NAMING = {
    "support_portal_visibility": SupportVisibility.COMPANIES,
    "agent_portal_visibility": AgentVisibility.GROUPS,
}
