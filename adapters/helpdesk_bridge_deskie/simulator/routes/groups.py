"""Groups and labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpdesk_bridge.testing.simulator.app import DOCUMENTED, OBSERVED, Call, Reply, route
from helpdesk_bridge_deskie.simulator.records.account import require
from helpdesk_bridge_deskie.simulator.records.records import Group, Label
from helpdesk_bridge_deskie.simulator.refusals import invalid
from helpdesk_bridge_deskie.simulator.service import PAGES, RouteGroup

if TYPE_CHECKING:
    from helpdesk_bridge_deskie.simulator.parameters import Params


class GroupRoutes(RouteGroup):
    """The calls on groups and labels."""

    @route("GET", "/api/groups.json", provenance=OBSERVED, source=PAGES)
    def list_groups(self, call: Call) -> Reply:
        """List groups, disabled ones included."""
        return self.service.paged(call, "group", self.account.groups.values(), self.renderer.group)

    @route("POST", "/api/groups.json", provenance=DOCUMENTED, source='Deskie API, "creating and editing groups"')
    def create_group(self, call: Call) -> Reply:
        """Create a group."""
        params, now = self.service.body(call, "group"), self.service.now()
        title = (params.text("group_title") or "").strip()
        if not title:
            raise invalid("empty_group_title")
        group = Group(group_id=self.account.next_id("group"), title=title, created_at=now, updated_at=now)
        self.account.groups[group.group_id] = group
        return self._describe_group(group, params, 201)

    @route("GET", "/api/groups/<int:group_id>.json", provenance=OBSERVED, source=PAGES)
    def show_group(self, call: Call, group_id: int) -> Reply:  # noqa: ARG002 - every handler gets the call
        """Show a group."""
        return self.service.show("group", self.renderer.group(self._group(group_id)))

    @route(
        "PUT",
        "/api/groups/<int:group_id>.json",
        provenance=DOCUMENTED,
        source='Deskie API, "creating and editing groups"',
    )
    def update_group(self, call: Call, group_id: int) -> Reply:
        """Change a group."""
        group, params = self._group(group_id), self.service.body(call, "group")
        title = params.text("group_title")
        if title is not None and not title.strip():
            raise invalid("empty_group_title")
        group.title = (title or group.title).strip()
        return self._describe_group(group, params, 200)

    @route("DELETE", "/api/groups/<int:group_id>.json", provenance=OBSERVED, source=PAGES)
    def delete_group(self, call: Call, group_id: int) -> Reply:
        """Delete a group; one with cases needs `replace_group_id` (observed)."""
        group = self._group(group_id)
        self._regroup_cases(call, group)
        del self.account.groups[group_id]
        return self.service.done()

    @route("PUT", "/api/groups/<int:group_id>/disable.json", provenance=OBSERVED, source=PAGES)
    def disable_group(self, call: Call, group_id: int) -> Reply:
        """Disable a group; one with cases needs `replace_group_id` (observed)."""
        group = self._group(group_id)
        self._regroup_cases(call, group)
        return self._enable_group(group, active=False)

    @route("PUT", "/api/groups/<int:group_id>/enable.json", provenance=OBSERVED, source=PAGES)
    def enable_group(self, call: Call, group_id: int) -> Reply:  # noqa: ARG002
        """Enable a group."""
        return self._enable_group(self._group(group_id), active=True)

    @route("GET", "/api/labels.json", provenance=OBSERVED, source=PAGES)
    def list_labels(self, call: Call) -> Reply:
        """List labels."""
        return self.service.paged(call, "label", self.account.labels.values(), self.renderer.label)

    @route("POST", "/api/labels.json", provenance=OBSERVED, source=PAGES)
    def create_label(self, call: Call) -> Reply:
        """Create a label; the wrapper may be `labels` (observed: a sample on a page of Deskie's says so, its text says `label`)."""
        title = self._label_title(self.service.body(call, "label", "labels"), None)
        label = Label(label_id=self.account.next_id("label"), title=title)
        self.account.labels[label.label_id] = label
        return self.service.show("label", self.renderer.label(label), 201)

    @route("PUT", "/api/labels/<int:label_id>.json", provenance=OBSERVED, source=PAGES)
    def update_label(self, call: Call, label_id: int) -> Reply:
        """Rename a label."""
        label = require(self.account.labels, label_id, "label")
        label.title, label.rendered = self._label_title(self.service.body(call, "label", "labels"), label), None
        return self.service.show("label", self.renderer.label(label))

    @route("DELETE", "/api/labels/<int:label_id>.json", provenance=OBSERVED, source=PAGES)
    def delete_label(self, call: Call, label_id: int) -> Reply:  # noqa: ARG002
        """Delete a label and take it off its cases."""
        require(self.account.labels, label_id, "label")
        del self.account.labels[label_id]
        for case in self.account.cases.values():
            if label_id in case.labels:
                case.labels.remove(label_id)
                case.rendered = None
        return self.service.done()

    def _group(self, group_id: int) -> Group:
        return require(self.account.groups, group_id, "group")

    def _describe_group(self, group: Group, params: Params, status: int) -> Reply:
        from_name, signature = params.text("group_from_name"), params.text("group_signature")
        group.from_name = group.from_name if from_name is None else from_name
        group.signature = group.signature if signature is None else signature
        group.updated_at, group.rendered = self.service.now(), None
        return self.service.show("group", self.renderer.group(group), status)

    def _regroup_cases(self, call: Call, group: Group) -> None:
        cases = list(self.account.cases_of_group(group.group_id))
        given = self.service.body(call, "group").integer("replace_group_id") or 0
        if given and (given == group.group_id or given not in self.account.groups):
            raise invalid("wrong_replace_group_id")
        if cases and not given:
            raise invalid("replace_group_id_required")
        for case in cases:
            case.group_id = given
            self.account.touch(case, self.service.now())

    def _enable_group(self, group: Group, *, active: bool) -> Reply:
        group.active, group.updated_at, group.rendered = active, self.service.now(), None
        return self.service.show("group", self.renderer.group(group))

    def _label_title(self, params: Params, owner: Label | None) -> str:
        title = (params.text("label_title") or "").strip()
        if not title:
            raise invalid("empty_label_title")
        if self.service.choice("duplicate_label") == "error" and any(
            each is not owner and each.title.casefold() == title.casefold() for each in self.account.labels.values()
        ):
            raise invalid("label_already_exist")
        return title
