"""Routes of the knowledge base: articles, folders and categories, all by name."""

from __future__ import annotations

from typing import Any

from helpdesk_bridge.testing.simulator import DOCUMENTED, Call, Reply, route
from helpdesk_bridge_desk365.simulator.parameters import json_object, required_text, text_of
from helpdesk_bridge_desk365.simulator.records.knowledge_base import PUBLISHED, Article, Category
from helpdesk_bridge_desk365.simulator.refusals import invalid, missing, not_unique
from helpdesk_bridge_desk365.simulator.service import ROOT, RouteGroup
from helpdesk_bridge_desk365.simulator.text import time_text

_SOURCE = "OpenAPI v3, knowledge base"
_STATUSES = (0, 1, 2)
_ARTICLE_KEYS = frozenset({"article_title", "article_content", "category_name", "folder_name", "status"})
_CATEGORY_KEYS = frozenset(
    {
        *("category_name", "category_description", "support_portal_visibility", "company_list"),
        *("agent_portal_visibility", "agent_group_list"),
    }
)
_FOLDER_KEYS = frozenset({"category_name", "folder_name"})
_AUTHOR = frozenset({"created_by_email"})
"""documented: OpenAPI, CreateKBArticleRequestModel and its like; only what is created names its author."""


class ArticleRoutes(RouteGroup):
    """Articles; only live ones are listed."""

    @route("GET", f"{ROOT}/kb/article", provenance=DOCUMENTED, source=_SOURCE)
    @route("GET", f"{ROOT}/kb/article/", provenance=DOCUMENTED, source=_SOURCE)
    def list_articles(self, _call: Call) -> Reply:
        """Return the titles of the published articles; the trailing slash is the vendor's, both are taken."""
        titles = [
            article.title for article in self.account.knowledge_base.articles.values() if article.status == PUBLISHED
        ]
        return self.service.answer({"count": len(titles), "article_titles": titles})

    @route("GET", f"{ROOT}/kb/article/details", provenance=DOCUMENTED, source=_SOURCE)
    def article_details(self, call: Call) -> Reply:
        """One article by `article_name`."""
        return self.service.answer(self._article(call).wire(self.account.subdomain))

    @route("POST", f"{ROOT}/kb/article/create", provenance=DOCUMENTED, source=_SOURCE)
    def create_article(self, call: Call) -> Reply:
        """Create in an existing folder; a title that is taken is 400 (observed, of a company's name)."""
        body = json_object(call)
        self.service.check_keys(body, _ARTICLE_KEYS | _AUTHOR)
        article = Article(
            title=required_text(body, "article_title"),
            content=required_text(body, "article_content"),
            category=required_text(body, "category_name"),
            folder=required_text(body, "folder_name"),
            created_by=text_of(body, "created_by_email") or self.service.key_owner().email,
            created_on=self.service.now(),
            status=_status(body, PUBLISHED),
        )
        held = self.account.knowledge_base
        if article.title in held.articles:
            raise not_unique("Article Title", "article_title", "title")
        if not held.place_exists(article.category, article.folder):
            raise invalid("The folder does not exist.", "folder_name")
        held.articles[article.title] = article
        return self.service.answer(article.wire(self.account.subdomain))

    @route("PUT", f"{ROOT}/kb/article/update", provenance=DOCUMENTED, source=_SOURCE)
    def update_article(self, call: Call) -> Reply:
        """Change title, content, place and status."""
        article, body = self._article(call), json_object(call)
        self.service.check_keys(body, _ARTICLE_KEYS)
        base = self.account.knowledge_base
        held = base.articles
        title = text_of(body, "article_title") or article.title
        category = text_of(body, "category_name") or article.category
        folder = text_of(body, "folder_name") or article.folder
        if not base.place_exists(category, folder):
            raise invalid("The folder does not exist.", "folder_name")
        if title != article.title and title in held:
            raise not_unique("Article Title", "article_title", "title")
        del held[article.title]
        article.title, article.content = title, text_of(body, "article_content") or article.content
        article.category, article.folder = category, folder
        article.status = _status(body, article.status)
        article.updated_by, article.updated_on = self.service.key_owner().email, self.service.now()
        held[title] = article
        return self.service.answer(article.wire(self.account.subdomain))

    @route("DELETE", f"{ROOT}/kb/article/delete", provenance=DOCUMENTED, source=_SOURCE)
    def delete_article(self, call: Call) -> Reply:
        """Delete by `article_name`."""
        del self.account.knowledge_base.articles[self._article(call).title]
        return self.service.answer({"message": "KB Article successfully deleted."})

    def _article(self, call: Call) -> Article:
        article = self.account.knowledge_base.articles.get(self.service.required(call, "article_name"))
        if article is None:
            raise missing("article")
        return article


class CategoryRoutes(RouteGroup):
    """Categories and their folders, which cannot be listed. documented: OpenAPI, KBCategoryDetailsModel."""

    @route("GET", f"{ROOT}/kb/category/details", provenance=DOCUMENTED, source=_SOURCE)
    def category_details(self, call: Call) -> Reply:
        """One category by `category_name`."""
        return self.service.answer(self._category(call).wire())

    @route("POST", f"{ROOT}/kb/category/create", provenance=DOCUMENTED, source=_SOURCE)
    def create_category(self, call: Call) -> Reply:
        """Create; a name that is taken is 400 (observed, of a company's name)."""
        body = json_object(call)
        self.service.check_keys(body, _CATEGORY_KEYS | _AUTHOR)
        held = self.account.knowledge_base.categories
        name = required_text(body, "category_name")
        if name in held:
            raise not_unique("Category Name", "category_name")
        held[name] = Category(name, self.service.now(), len(held) + 1, body)
        return self.service.answer(held[name].wire())

    @route("PUT", f"{ROOT}/kb/category/update", provenance=DOCUMENTED, source=_SOURCE)
    def update_category(self, call: Call) -> Reply:
        """Change what the body mentions."""
        category, body = self._category(call), json_object(call)
        self.service.check_keys(body, _CATEGORY_KEYS)
        held = self.account.knowledge_base
        name = text_of(body, "category_name") or category.name
        if name != category.name and name in held.categories:
            raise not_unique("Category Name", "category_name")
        category.facts |= body
        for article in held.articles.values():
            article.category = name if article.category == category.name else article.category
        del held.categories[category.name]
        category.name = name
        held.categories[name] = category
        return self.service.answer(category.wire())

    @route("DELETE", f"{ROOT}/kb/category/delete", provenance=DOCUMENTED, source=_SOURCE)
    def delete_category(self, call: Call) -> Reply:
        """Delete with its folders and articles (assumed)."""
        name = self._category(call).name
        self._drop_articles(name, None)
        del self.account.knowledge_base.categories[name]
        return self.service.answer({"message": "KB Category successfully deleted."})

    @route("GET", f"{ROOT}/kb/folder/details", provenance=DOCUMENTED, source=_SOURCE)
    def folder_details(self, call: Call) -> Reply:
        """One folder by `category_name` and `folder_name`."""
        category, name = self._folder(call)
        return self.service.answer(_folder_document(category, name))

    @route("POST", f"{ROOT}/kb/folder/create", provenance=DOCUMENTED, source=_SOURCE)
    def create_folder(self, call: Call) -> Reply:
        """Create in an existing category."""
        body = json_object(call)
        self.service.check_keys(body, _FOLDER_KEYS | _AUTHOR)
        category = self._named_category(required_text(body, "category_name"))
        name = required_text(body, "folder_name")
        if name in category.folders:
            raise not_unique("Folder Name", "folder_name")
        author = text_of(body, "created_by_email") or self.service.key_owner().email
        category.folders[name] = {"created_by_email": author, "created_on": self.service.now()}
        return self.service.answer(_folder_document(category, name))

    @route("PUT", f"{ROOT}/kb/folder/update", provenance=DOCUMENTED, source=_SOURCE)
    def update_folder(self, call: Call) -> Reply:
        """Rename, or move into another category. documented: OpenAPI, UpdateKBFolderRequestModel."""
        category, name = self._folder(call)
        body = json_object(call)
        self.service.check_keys(body, _FOLDER_KEYS)
        renamed = text_of(body, "folder_name") or name
        target = self._named_category(text_of(body, "category_name") or category.name)
        if (target, renamed) != (category, name) and renamed in target.folders:
            raise not_unique("Folder Name", "folder_name")
        target.folders[renamed] = category.folders.pop(name)
        for article in self.account.knowledge_base.articles.values():
            if (article.category, article.folder) == (category.name, name):
                article.category, article.folder = target.name, renamed
        return self.service.answer(_folder_document(target, renamed))

    @route("DELETE", f"{ROOT}/kb/folder/delete", provenance=DOCUMENTED, source=_SOURCE)
    def delete_folder(self, call: Call) -> Reply:
        """Delete with its articles (assumed)."""
        category, name = self._folder(call)
        self._drop_articles(category.name, name)
        del category.folders[name]
        return self.service.answer({"message": "KB Folder successfully deleted."})

    def _category(self, call: Call) -> Category:
        category = self.account.knowledge_base.categories.get(self.service.required(call, "category_name"))
        if category is None:
            raise missing("category")
        return category

    def _named_category(self, name: str) -> Category:
        category = self.account.knowledge_base.categories.get(name)
        if category is None:
            raise invalid("The category does not exist.", "category_name")
        return category

    def _folder(self, call: Call) -> tuple[Category, str]:
        category, name = self._category(call), self.service.required(call, "folder_name")
        if name not in category.folders:
            raise missing("folder")
        return category, name

    def _drop_articles(self, category: str, folder: str | None) -> None:
        held = self.account.knowledge_base
        held.articles = {
            title: article
            for title, article in held.articles.items()
            if article.category != category or (folder is not None and article.folder != folder)
        }


def _status(body: dict[str, Any], default: int) -> int:
    status = body.get("status", default)
    if isinstance(status, bool) or status not in _STATUSES:
        raise invalid("status must be 0, 1 or 2.", "status")
    return int(status)


def _folder_document(category: Category, name: str) -> dict[str, Any]:
    """Return a folder as details give it: its own name is called the category's. documented: OpenAPI, KBFolderDetailsModel."""
    folder = category.folders[name]
    return {
        "category_name": name,
        "parent_category_name": category.name,
        "created_by_email": folder["created_by_email"],
        "created_on": time_text(folder["created_on"]),
    }
