"""Webhooks: their bodies (observed in clients and captures) and the changes that send them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpdesk_bridge_deskie.simulator.courier import Courier

if TYPE_CHECKING:
    from helpdesk_bridge_deskie.simulator.records.account import Account
    from helpdesk_bridge_deskie.simulator.records.records import Case, Message


class Webhooks:
    """The webhooks of an account: those of rules, and those of custom channels."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.courier = Courier()

    def changed(self, case: Case, message: Message | None = None) -> None:
        """Queue the webhooks for a change of a case, or for a message that an agent wrote in it."""
        for hook in self.courier.hooks:
            if not hook.channel:
                self.courier.emit(hook, self._variables(case, message))
            elif hook.channel == case.channel and message is not None and message.staff_id:
                self.courier.emit(hook, self._message_new(case, message))

    def _message_new(self, case: Case, message: Message) -> dict[str, Any]:
        user = self.account.users.get(case.user_id)
        return {
            "type": "message_new",
            "object": {
                "message_id": message.message_id,
                "case_id": case.case_id,
                "staff_id": message.staff_id,
                "user_id": case.user_id,
                "custom_user_id": user.identity if user is not None and user.kind == "custom" else "",
                "content": message.content or message.content_html,
                "note": message.note,
                "sent_via_rule": message.sent_via_rule,
            },
        }

    def _variables(self, case: Case, message: Message | None) -> dict[str, str]:
        """Return the variables of a rule's template, all of them text, "" for none."""
        account = self.account
        user, staff = account.users.get(case.user_id), account.staff.get(case.staff_id)
        thread = account.messages.get(case.case_id, [])
        replies, notes = [each for each in thread if not each.note], [each for each in thread if each.note]
        group = account.groups.get(case.group_id)
        values = {
            "case_id": str(case.case_id),
            "case_number": case.case_number,
            "case_subject": case.subject,
            "case_status": _LOCALISED.get(case.status, case.status),
            "case_priority": case.priority.title(),
            "case_group": group.title if group is not None else "",
            "case_tags": ",".join(account.labels[each].title for each in case.labels if each in account.labels),
            "staff_id": str(case.staff_id or ""),
            "assigned_full_name": staff.full_name if staff is not None else "",
            "user_id": str(case.user_id or ""),
            "user_full_name": user.full_name if user is not None else "",
            "user_email": user.identity if user is not None and user.kind == "email" else "",
            "last_message": _said(replies[-1]) if replies else "",
            "last_message_id": str(replies[-1].message_id) if replies else "",
            "last_note_id": str(notes[-1].message_id) if notes else "",
            "note_text": _said(message) if message is not None and message.note else "",
        }
        custom = {f"custom_field_{key.removeprefix('cf_')}": str(value) for key, value in case.custom_fields.items()}
        return values | custom


_LOCALISED = {"open": "Open", "waiting": "Waiting for a reply", "closed": "Closed"}
"""observed: rules send the words that agents see, in the account's language."""


def _said(message: Message) -> str:
    return message.content or message.content_html
