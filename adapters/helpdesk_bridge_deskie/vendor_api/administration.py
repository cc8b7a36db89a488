"""Administration of an account: ``desk.vendor_api.staff``, ``.groups`` and ``.labels``."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from helpdesk_bridge.adapter import UNSET, Unset
from helpdesk_bridge_deskie.client.calls import Calls
from helpdesk_bridge_deskie.vendor_api import arguments as checked
from helpdesk_bridge_deskie.vendor_api.documents import Presence, Role
from helpdesk_bridge_deskie.vendor_api.records import RecordCalls
from helpdesk_bridge_deskie.wire.documents import GroupDocument, LabelDocument, StaffDocument

Id = str | int


def _staff(calls: Calls) -> RecordCalls[StaffDocument]:
    return RecordCalls(calls, "/staff", "staff", StaffDocument, "vendor_api.staff")


def _groups(calls: Calls) -> RecordCalls[GroupDocument]:
    return RecordCalls(calls, "/groups", "group", GroupDocument, "vendor_api.groups")


def _labels(calls: Calls) -> RecordCalls[LabelDocument]:
    return RecordCalls(calls, "/labels", "label", LabelDocument, "vendor_api.labels")


@frozen(eq=False)
class StaffCalls:
    """Agents. Each enabled one counts in the rate limit and in what the account stores.

    documented: Deskie API, "5 RPM per enabled agent"; observed: what the account stores.
    """

    _records: RecordCalls[StaffDocument] = field(repr=False, converter=_staff)

    def get(self, staff_id: Id) -> StaffDocument:
        """Return an agent with signatures and presence."""
        return self._records.get(staff_id)

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
        return self._records.create(fields)

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
        return self._records.update(staff_id, fields)

    def disable(self, staff_id: Id, *, replace_staff_id: Id) -> StaffDocument:
        """Deactivate an agent; open and waiting cases, rules and templates go to another (observed)."""
        return self._records.act(staff_id, "disable", _replacement("replace_staff_id", replace_staff_id))

    def enable(self, staff_id: Id) -> StaffDocument:
        """Activate an agent again."""
        return self._records.act(staff_id, "enable")

    def delete(self, staff_id: Id, *, replace_staff_id: Id) -> None:
        """Delete an agent for good; all cases go to another."""
        self._records.delete(staff_id, _replacement("replace_staff_id", replace_staff_id))

    def roles(self) -> tuple[Role, ...]:
        """Return the roles that agents can have (observed)."""
        return self._records.calls.list(
            "/staff_roles.json", "staff_roles", Role, operation="vendor_api.staff.roles"
        ).items

    def presences(self) -> tuple[Presence, ...]:
        """Return the presence statuses of agents, the account's own ones included (observed)."""
        return self._records.calls.list(
            "/staff_statuses.json", "staff_statuses", Presence, operation="vendor_api.staff.presences"
        ).items


@frozen(eq=False)
class GroupCalls:
    """Groups of agents. The API does not say who is in a group."""

    _records: RecordCalls[GroupDocument] = field(repr=False, converter=_groups)

    def get(self, group_id: Id) -> GroupDocument:
        """Return a group with its sender's name and signature."""
        return self._records.get(group_id)

    def create(
        self, group_title: str, *, group_from_name: str | Unset = UNSET, group_signature: str | Unset = UNSET
    ) -> GroupDocument:
        """Create a group."""
        fields = {
            "group_title": checked.text(group_title, "group_title"),
            **_of_group(group_from_name, group_signature),
        }
        return self._records.create(fields)

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
        return self._records.update(group_id, {**fields, **_of_group(group_from_name, group_signature)})

    def disable(self, group_id: Id, *, replace_group_id: Id | None = None) -> GroupDocument:
        """Deactivate a group; one that is used needs another in its place (observed)."""
        return self._records.act(group_id, "disable", _group_replacement(replace_group_id))

    def enable(self, group_id: Id) -> GroupDocument:
        """Activate a group again."""
        return self._records.act(group_id, "enable")

    def delete(self, group_id: Id, *, replace_group_id: Id | None = None) -> None:
        """Delete a group for good; one that is used needs another in its place (observed)."""
        self._records.delete(group_id, _group_replacement(replace_group_id))


@frozen(eq=False)
class LabelCalls:
    """Labels, which ``desk.tags`` lists. What Deskie does with a title that exists is not known."""

    _records: RecordCalls[LabelDocument] = field(repr=False, converter=_labels)

    def create(self, label_title: str) -> LabelDocument:
        """Create a label."""
        fields = {"label_title": checked.text(label_title, "label_title")}
        return self._records.create(fields)

    def rename(self, label_id: Id, label_title: str) -> LabelDocument:
        """Give a label another title."""
        fields = {"label_title": checked.text(label_title, "label_title")}
        return self._records.update(label_id, fields, "rename")

    def delete(self, label_id: Id) -> None:
        """Delete a label for good; cases lose it."""
        self._records.delete(label_id)


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
