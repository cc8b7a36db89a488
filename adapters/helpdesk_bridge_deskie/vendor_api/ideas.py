"""Categories of ideas (``desk.vendor_api.idea_categories``), observed in clients. Ideas are cases: see ``cases``."""

from __future__ import annotations

from typing import Final

from attrs import field, frozen

from helpdesk_bridge.adapter import UNSET, Unset
from helpdesk_bridge_deskie.client.calls import PAGE, Calls, DocumentPage
from helpdesk_bridge_deskie.vendor_api import arguments as checked
from helpdesk_bridge_deskie.vendor_api.documents import IdeaCategory
from helpdesk_bridge_deskie.vendor_api.records import RecordCalls

Id = str | int
_KEY: Final = "ideas_category"


def _records(calls: Calls) -> RecordCalls[IdeaCategory]:
    return RecordCalls(calls, f"/{_KEY}", _KEY, IdeaCategory, "vendor_api.idea_categories", "category_id")


@frozen(eq=False)
class IdeaCategoryCalls:
    """Categories of ideas."""

    _records: RecordCalls[IdeaCategory] = field(repr=False, converter=_records)

    def page(self, *, page: int = 1, limit: int = PAGE) -> DocumentPage[IdeaCategory]:
        """Return one page of categories."""
        return self._records.page(checked.page(page, limit))

    def get(self, category_id: Id) -> IdeaCategory:
        """Return a category."""
        return self._records.get(category_id)

    def create(self, category_title: str, *, category_default_group: Id | Unset = UNSET) -> IdeaCategory:
        """Create a category."""
        fields = {
            "category_title": checked.text(category_title, "category_title"),
            **checked.given({"category_default_group": (category_default_group, checked.number)}),
        }
        return self._records.create(fields)

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
        return self._records.update(category_id, fields)

    def enable(self, category_id: Id) -> IdeaCategory:
        """Show a category."""
        return self._records.act(category_id, "enable")

    def disable(self, category_id: Id) -> IdeaCategory:
        """Hide a category."""
        return self._records.act(category_id, "disable")

    def delete(self, category_id: Id) -> None:
        """Delete a category for good."""
        self._records.delete(category_id)
