"""Categories of ideas (``desk.vendor_api.idea_categories``), observed in clients. Ideas are cases: see ``cases``."""

from __future__ import annotations

from typing import Final

from attrs import field, frozen

from helpdesk_bridge.adapter import UNSET, Unset
from helpdesk_bridge_deskie.client.calls import PAGE, Calls, DocumentPage
from helpdesk_bridge_deskie.vendor_api import arguments as checked
from helpdesk_bridge_deskie.vendor_api.documents import IdeaCategory

Id = str | int
_KEY: Final = "ideas_category"
_ALL: Final = "/ideas_category.json"
_ONE: Final = "/ideas_category/{id}.json"


@frozen(eq=False)
class IdeaCategoryCalls:
    """Categories of ideas."""

    _calls: Calls = field(repr=False)

    def page(self, *, page: int = 1, limit: int = PAGE) -> DocumentPage[IdeaCategory]:
        """Return one page of categories."""
        return self._calls.list(
            _ALL, _KEY, IdeaCategory,
            operation="vendor_api.idea_categories.page", params=checked.page(page, limit),
        )  # fmt: skip

    def get(self, category_id: Id) -> IdeaCategory:
        """Return a category."""
        return self._calls.get(
            _ONE, _KEY, IdeaCategory, operation="vendor_api.idea_categories.get", args=_category(category_id)
        )

    def create(self, category_title: str, *, category_default_group: Id | Unset = UNSET) -> IdeaCategory:
        """Create a category."""
        fields = {
            "category_title": checked.text(category_title, "category_title"),
            **checked.given({"category_default_group": (category_default_group, checked.number)}),
        }
        return self._calls.create(_ALL, _KEY, IdeaCategory, fields, operation="vendor_api.idea_categories.create")

    def update(
        self,
        category_id: Id,
        *,
        category_title: str | Unset = UNSET,
        category_default_group: Id | Unset = UNSET,
    ) -> IdeaCategory:
        """Change a category."""
        fields = checked.given(
            {
                "category_title": (category_title, checked.text),
                "category_default_group": (category_default_group, checked.number),
            }
        )
        return self._calls.set(
            _ONE, _KEY, IdeaCategory, checked.not_empty(fields),
            operation="vendor_api.idea_categories.update", args=_category(category_id),
        )  # fmt: skip

    def enable(self, category_id: Id) -> IdeaCategory:
        """Show a category."""
        return self._action(category_id, "enable")

    def disable(self, category_id: Id) -> IdeaCategory:
        """Hide a category."""
        return self._action(category_id, "disable")

    def delete(self, category_id: Id) -> None:
        """Delete a category for good."""
        self._calls.delete(_ONE, operation="vendor_api.idea_categories.delete", args=_category(category_id))

    def _action(self, category_id: Id, action: str) -> IdeaCategory:
        return self._calls.set(
            f"/ideas_category/{{id}}/{action}.json", _KEY, IdeaCategory,
            operation=f"vendor_api.idea_categories.{action}", args=_category(category_id),
        )  # fmt: skip


def _category(category_id: Id) -> dict[str, str]:
    return {"id": checked.record_id(category_id, "category_id")}
