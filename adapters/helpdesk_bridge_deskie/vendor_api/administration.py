"""Administration of an account: ``desk.vendor_api.staff``, ``.groups`` and ``.labels``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import field, frozen

from helpdesk_bridge.adapter import UNSET, Unset
from helpdesk_bridge_deskie.client.calls import Calls
from helpdesk_bridge_deskie.vendor_api import arguments as checked
from helpdesk_bridge_deskie.vendor_api.documents import Presence, Role
from helpdesk_bridge_deskie.wire.documents import GroupDocument, LabelDocument, StaffDocument

Id = str | int
_STAFF: Final = "/staff/{id}.json"
_GROUP: Final = "/groups/{id}.json"
_LABEL: Final = "/labels/{id}.json"


@frozen(eq=False)
class StaffCalls:
    """Agents. Each enabled one counts in the rate limit and in what the account stores (documented)."""

    _calls: Calls = field(repr=False)

    def get(self, staff_id: Id) -> StaffDocument:
        """Return an agent with signatures and presence."""
        return self._calls.get(_STAFF, "staff", StaffDocument, operation="vendor_api.staff.get", args=_id(staff_id))

    def create(
        self,
        staff_email: str,
        *,
        staff_full_name: str | Unset = UNSET,
        staff_signature: str | Unset = UNSET,
        staff_signature_chat: str | Unset = UNSET,
    ) -> StaffDocument:
        """Create an agent, who is enabled at once. Raises ``Conflict`` for an e-mail that is taken."""
        fields = {
            "staff_email": checked.email(staff_email, "staff_email"),
            **_of_staff(staff_full_name, staff_signature, staff_signature_chat),
        }
        return self._calls.create("/staff.json", "staff", StaffDocument, fields, operation="vendor_api.staff.create")

    def update(
        self,
        staff_id: Id,
        *,
        staff_email: str | Unset = UNSET,
        staff_full_name: str | Unset = UNSET,
        staff_signature: str | Unset = UNSET,
        staff_signature_chat: str | Unset = UNSET,
    ) -> StaffDocument:
        """Change an agent."""
        fields = checked.given({"staff_email": (staff_email, checked.email)})
        fields |= _of_staff(staff_full_name, staff_signature, staff_signature_chat)
        return self._set(staff_id, "", checked.not_empty(fields))

    def disable(self, staff_id: Id, *, replace_staff_id: Id) -> StaffDocument:
        """Deactivate an agent; open and waiting cases, rules and templates go to another (observed)."""
        return self._set(staff_id, "disable", _replacement("replace_staff_id", replace_staff_id))

    def enable(self, staff_id: Id) -> StaffDocument:
        """Activate an agent again."""
        return self._set(staff_id, "enable")

    def delete(self, staff_id: Id, *, replace_staff_id: Id) -> None:
        """Delete an agent for good; all cases go to another."""
        body = {"staff": _replacement("replace_staff_id", replace_staff_id)}
        self._calls.delete(_STAFF, operation="vendor_api.staff.delete", args=_id(staff_id), body=body)

    def roles(self) -> tuple[Role, ...]:
        """Return the roles that agents can have (observed)."""
        return self._calls.list("/staff_roles.json", "staff_roles", Role, operation="vendor_api.staff.roles").items

    def presences(self) -> tuple[Presence, ...]:
        """Return the presence statuses of agents, the account's own ones included (observed)."""
        return self._calls.list(
            "/staff_statuses.json", "staff_statuses", Presence, operation="vendor_api.staff.presences"
        ).items

    def _set(self, staff_id: Id, action: str, fields: Mapping[str, Any] | None = None) -> StaffDocument:
        path = f"/staff/{{id}}/{action}.json" if action else _STAFF
        operation = f"vendor_api.staff.{action or 'update'}"
        return self._calls.set(path, "staff", StaffDocument, fields, operation=operation, args=_id(staff_id))


@frozen(eq=False)
class GroupCalls:
    """Groups of agents. The API does not say who is in a group."""

    _calls: Calls = field(repr=False)

    def get(self, group_id: Id) -> GroupDocument:
        """Return a group with its sender's name and signature."""
        return self._calls.get(_GROUP, "group", GroupDocument, operation="vendor_api.groups.get", args=_id(group_id))

    def create(
        self, group_title: str, *, group_from_name: str | Unset = UNSET, group_signature: str | Unset = UNSET
    ) -> GroupDocument:
        """Create a group."""
        fields = {
            "group_title": checked.text(group_title, "group_title"),
            **_of_group(group_from_name, group_signature),
        }
        return self._calls.create("/groups.json", "group", GroupDocument, fields, operation="vendor_api.groups.create")

    def update(
        self,
        group_id: Id,
        *,
        group_title: str | Unset = UNSET,
        group_from_name: str | Unset = UNSET,
        group_signature: str | Unset = UNSET,
    ) -> GroupDocument:
        """Change a group."""
        fields = checked.given({"group_title": (group_title, checked.text)})
        return self._set(group_id, "", checked.not_empty({**fields, **_of_group(group_from_name, group_signature)}))

    def disable(self, group_id: Id, *, replace_group_id: Id | None = None) -> GroupDocument:
        """Deactivate a group; one that is used needs another in its place (documented)."""
        return self._set(group_id, "disable", _group_replacement(replace_group_id))

    def enable(self, group_id: Id) -> GroupDocument:
        """Activate a group again."""
        return self._set(group_id, "enable")

    def delete(self, group_id: Id, *, replace_group_id: Id | None = None) -> None:
        """Delete a group for good; one that is used needs another in its place (documented)."""
        fields = _group_replacement(replace_group_id)
        body = None if fields is None else {"group": fields}
        self._calls.delete(_GROUP, operation="vendor_api.groups.delete", args=_id(group_id), body=body)

    def _set(self, group_id: Id, action: str, fields: Mapping[str, Any] | None = None) -> GroupDocument:
        path = f"/groups/{{id}}/{action}.json" if action else _GROUP
        operation = f"vendor_api.groups.{action or 'update'}"
        return self._calls.set(path, "group", GroupDocument, fields, operation=operation, args=_id(group_id))


@frozen(eq=False)
class LabelCalls:
    """Labels, which ``desk.tags`` lists. What Deskie does with a title that exists is not known."""

    _calls: Calls = field(repr=False)

    def create(self, label_title: str) -> LabelDocument:
        """Create a label."""
        fields = {"label_title": checked.text(label_title, "label_title")}
        return self._calls.create("/labels.json", "label", LabelDocument, fields, operation="vendor_api.labels.create")

    def rename(self, label_id: Id, label_title: str) -> LabelDocument:
        """Give a label another title."""
        fields = {"label_title": checked.text(label_title, "label_title")}
        return self._calls.set(
            _LABEL, "label", LabelDocument, fields, operation="vendor_api.labels.rename", args=_id(label_id)
        )

    def delete(self, label_id: Id) -> None:
        """Delete a label for good; cases lose it."""
        self._calls.delete(_LABEL, operation="vendor_api.labels.delete", args=_id(label_id))


def _id(record_id: Id) -> dict[str, str]:
    return {"id": checked.record_id(record_id, "id")}


def _of_staff(full_name: str | Unset, signature: str | Unset, signature_chat: str | Unset) -> dict[str, Any]:
    return checked.given(
        {
            "staff_full_name": (full_name, checked.any_text),
            "staff_signature": (signature, checked.any_text),
            "staff_signature_chat": (signature_chat, checked.any_text),
        }
    )


def _of_group(from_name: str | Unset, signature: str | Unset) -> dict[str, Any]:
    return checked.given(
        {"group_from_name": (from_name, checked.any_text), "group_signature": (signature, checked.any_text)}
    )


def _replacement(name: str, record_id: Id) -> dict[str, int]:
    return {name: checked.number(record_id, name)}


def _group_replacement(group_id: Id | None) -> dict[str, int] | None:
    return None if group_id is None else _replacement("replace_group_id", group_id)
