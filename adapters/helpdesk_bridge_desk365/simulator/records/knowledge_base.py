"""Knowledge base: categories, folders and articles, all keyed by name as at Desk365."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from attrs import Factory, define

from helpdesk_bridge_desk365.simulator.text import NEVER, lossy_text, time_text

if TYPE_CHECKING:
    from datetime import datetime

PUBLISHED: Final = 1
"""documented: OpenAPI, "0 - "Draft", 1 - "Published""; observed: 2, the draft of a published one."""


@define(eq=False)
class Category:
    """A category and the names of its folders."""

    name: str
    created_on: datetime
    order: int
    facts: dict[str, Any] = Factory(dict)
    folders: dict[str, dict[str, Any]] = Factory(dict)

    def wire(self) -> dict[str, Any]:
        """Return the category as details give it."""
        facts = self.facts
        return {
            "category_name": self.name,
            "category_description": facts.get("category_description"),
            "created_by_email": facts.get("created_by_email"),
            "support_portal_visibility": facts.get("support_portal_visibility", 2),
            "company_list": facts.get("company_list") or [],
            "agent_portal_visibility": facts.get("agent_portal_visibility", 1),
            "agent_group_list": facts.get("agent_group_list") or [],
            "created_on": time_text(self.created_on),
            "category_order": self.order,
        }


@define(eq=False)
class Article:
    """An article."""

    title: str
    content: str
    category: str
    folder: str
    created_by: str | None
    created_on: datetime
    status: int = PUBLISHED
    updated_by: str | None = None
    updated_on: datetime | None = None

    def wire(self, subdomain: str) -> dict[str, Any]:
        """Return the article as details give it."""
        return {
            "article_title": self.title,
            "article_content": self.content,
            "article_content_text": lossy_text(self.content),
            "category_name": self.category,
            "folder_name": self.folder,
            "has_attachments": False,
            "attachments": [],
            "created_by_email": self.created_by,
            "updated_by_email": self.updated_by,
            "created_on": time_text(self.created_on),
            "updated_on": time_text(self.updated_on) or NEVER,
            "article_views": 0,
            "article_likes": 0,
            "article_dislikes": 0,
            "status": self.status,
            "agent_url": f"https://{subdomain}.desk365.io/app/kb/articles",
            "support_url": f"https://{subdomain}.desk365.io/support/kb/articles",
        }


@define(eq=False)
class KnowledgeBase:
    """The articles by title and the categories by name."""

    categories: dict[str, Category] = Factory(dict)
    articles: dict[str, Article] = Factory(dict)

    def place_exists(self, category: str, folder: str) -> bool:
        """Whether the category has that folder."""
        return category in self.categories and folder in self.categories[category].folders
