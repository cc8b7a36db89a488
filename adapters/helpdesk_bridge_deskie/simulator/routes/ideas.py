"""Routes of ideas: their categories, and the further fields of a case of the channel `idea`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpdesk_bridge.testing.simulator.app import OBSERVED, Call, Reply, route
from helpdesk_bridge_deskie.simulator.records.account import require
from helpdesk_bridge_deskie.simulator.records.knowledge_base import IdeaCategory
from helpdesk_bridge_deskie.simulator.records.records import STAGES, Case
from helpdesk_bridge_deskie.simulator.refusals import invalid
from helpdesk_bridge_deskie.simulator.service import RouteGroup

if TYPE_CHECKING:
    from helpdesk_bridge_deskie.simulator.parameters import Params

_SOURCE = "a client's code"
_KEY = "ideas_category"


class IdeaRoutes(RouteGroup):
    """The calls on ideas (observed: their paths and fields)."""

    @route("PUT", "/api/cases/<ident>/idea.json", provenance=OBSERVED, source=_SOURCE)
    def update_idea(self, call: Call, ident: str) -> Reply:
        """Change the text, stage or category of an idea; 400 `case_is_no_idea` for another channel (assumed)."""
        case, params = self._idea_case(call, ident), self.service.body(call, "message")
        content, stage = params.text("content"), params.choice("stage", STAGES)
        category = params.integer("category_id")
        if category:
            require(self.account.idea_categories, category, "category")
        idea = case.idea
        idea.content = idea.content if content is None else content
        idea.stage = stage or idea.stage
        idea.category = idea.category if category is None else category
        return self._idea_written(case)

    @route("PUT", "/api/cases/<ident>/idea_official_response.json", provenance=OBSERVED, source=_SOURCE)
    def set_official_response(self, call: Call, ident: str) -> Reply:
        """Set the official response."""
        case = self._idea_case(call, ident)
        content = self.service.body(call, "message").text("content")
        if not content:
            raise invalid("empty_content")
        case.idea.official_response, case.idea.official_response_tstamp = content, self.service.now()
        return self._idea_written(case)

    @route("DELETE", "/api/cases/<ident>/idea_official_response.json", provenance=OBSERVED, source=_SOURCE)
    def delete_official_response(self, call: Call, ident: str) -> Reply:
        """Take the official response away."""
        case = self._idea_case(call, ident)
        case.idea.official_response, case.idea.official_response_tstamp = "", 0
        self._idea_written(case)
        return self.service.done()

    @route("GET", "/api/ideas_category.json", provenance=OBSERVED, source=_SOURCE)
    def list_idea_categories(self, call: Call) -> Reply:
        """List categories."""
        return self.service.paged(call, _KEY, self.account.idea_categories.values(), _rendered)

    @route("POST", "/api/ideas_category.json", provenance=OBSERVED, source=_SOURCE)
    def create_idea_category(self, call: Call) -> Reply:
        """Create a category."""
        params = self.service.body(call, _KEY)
        title = (params.text("category_title") or "").strip()
        if not title:
            raise invalid("empty_category_title")
        group = self._idea_group(params)
        category = IdeaCategory(category_id=self.account.next_id(_KEY), title=title, default_group=group or 0)
        self.account.idea_categories[category.category_id] = category
        return self.service.show(_KEY, _rendered(category), 201)

    @route("GET", "/api/ideas_category/<int:category_id>.json", provenance=OBSERVED, source=_SOURCE)
    def show_idea_category(self, call: Call, category_id: int) -> Reply:  # noqa: ARG002 - every handler gets the call
        """Show a category."""
        return self.service.show(_KEY, _rendered(self._idea_category(category_id)))

    @route("PUT", "/api/ideas_category/<int:category_id>.json", provenance=OBSERVED, source=_SOURCE)
    def update_idea_category(self, call: Call, category_id: int) -> Reply:
        """Change a category."""
        category, params = self._idea_category(category_id), self.service.body(call, _KEY)
        title, group = params.text("category_title"), self._idea_group(params)
        if title is not None and not title.strip():
            raise invalid("empty_category_title")
        category.title = title or category.title
        category.default_group = category.default_group if group is None else group
        return self._category_written(category)

    @route("DELETE", "/api/ideas_category/<int:category_id>.json", provenance=OBSERVED, source=_SOURCE)
    def delete_idea_category(self, call: Call, category_id: int) -> Reply:  # noqa: ARG002
        """Delete a category; its ideas keep the id (assumed)."""
        del self.account.idea_categories[self._idea_category(category_id).category_id]
        return self.service.done()

    @route("PUT", "/api/ideas_category/<int:category_id>/enable.json", provenance=OBSERVED, source=_SOURCE)
    def enable_idea_category(self, call: Call, category_id: int) -> Reply:  # noqa: ARG002
        """Show a category to customers."""
        return self._activate_category(category_id, active=True)

    @route("PUT", "/api/ideas_category/<int:category_id>/disable.json", provenance=OBSERVED, source=_SOURCE)
    def disable_idea_category(self, call: Call, category_id: int) -> Reply:  # noqa: ARG002
        """Hide a category from customers."""
        return self._activate_category(category_id, active=False)

    def _idea_case(self, call: Call, ident: str) -> Case:
        case = self.service.access.case_for(call, ident)
        if case.channel != "idea":
            raise invalid("case_is_no_idea")
        return case

    def _idea_written(self, case: Case) -> Reply:
        self.account.touch(case, self.service.now())
        return self.service.show("case", self.renderer.case(case))

    def _idea_category(self, category_id: int) -> IdeaCategory:
        return require(self.account.idea_categories, category_id, "category")

    def _idea_group(self, params: Params) -> int | None:
        group = params.integer("category_default_group")
        if group and group not in self.account.groups:
            raise invalid("group_not_found")
        return group

    def _activate_category(self, category_id: int, *, active: bool) -> Reply:
        category = self._idea_category(category_id)
        category.active = active
        return self._category_written(category)

    def _category_written(self, category: IdeaCategory) -> Reply:
        category.rendered = None
        return self.service.show(_KEY, _rendered(category))


def _rendered(category: IdeaCategory) -> dict[str, Any]:
    return {
        "category_id": category.category_id,
        "category_title": category.title,
        "category_default_group": category.default_group,
        "active": category.active,
    }
