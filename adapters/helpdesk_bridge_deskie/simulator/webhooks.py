"""The bodies of webhooks (observed in clients and captures), and when they go out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import asdict

from helpdesk_bridge.testing.simulator.app import Call, Refused, Reply, route
from helpdesk_bridge_deskie.simulator.courier import Courier, Hook, HookError
from helpdesk_bridge_deskie.simulator.refusals import error_reply
from helpdesk_bridge_deskie.simulator.service import DeskieBase

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from helpdesk_bridge.datasets.dataset import Dataset
    from helpdesk_bridge_deskie.simulator.records.records import Case, Message

_ADMIN = "/_sim"


class Webhooks(DeskieBase):
    """What the account tells others. Register with `POST /_sim/webhooks {"url": …, "channel": "cch1", "form": false}`.

    Without `channel` it is a rule that acts on every change of a case. Both kinds go out after the answer.
    """

    courier: Courier

    def load(self, dataset: Dataset) -> None:
        """Build the account, with no webhook registered."""
        super().load(dataset)
        self.courier = Courier()

    def changed(self, case: Case, message: Message | None = None) -> None:
        """Tell of a change of a case, or of what an agent wrote in it."""
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
        replies, notes = [one for one in thread if not one.note], [one for one in thread if one.note]
        group = account.groups.get(case.group_id)
        values = {
            "case_id": str(case.case_id),
            "case_number": case.case_number,
            "case_subject": case.subject,
            "case_status": _LOCALISED.get(case.status, case.status),
            "case_priority": case.priority.title(),
            "case_group": group.title if group is not None else "",
            "case_tags": ",".join(account.labels[one].title for one in case.labels if one in account.labels),
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

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; webhooks go out behind the answer."""
        answer = super().__call__(environ, start_response)
        return self._then_deliver(answer) if self.courier.hooks else answer

    def _then_deliver(self, answer: Iterable[bytes]) -> Iterator[bytes]:
        try:
            yield from answer
        finally:
            self.courier.deliver()

    @route("POST", f"{_ADMIN}/webhooks", admin=True)
    def sim_register(self, call: Call) -> Reply:
        """Register a webhook; off loopback it is refused with 400."""
        body = call.body_tree
        try:
            hook = Hook(str(body.get("url", "")), str(body.get("channel", "")), bool(body.get("form", False)))
        except HookError:
            raise Refused(error_reply(400, "wrong_url")) from None
        self.courier.hooks.append(hook)
        for channel in self.account.channels:
            if channel.key == hook.channel:
                channel.webhook_url = hook.url
        return Reply.json({"registered": len(self.courier.hooks)})

    @route("GET", f"{_ADMIN}/webhooks", admin=True)
    def sim_webhooks(self, _call: Call) -> Reply:
        """List the newest webhooks, oldest first."""
        return Reply.json({"webhooks": [asdict(one) for one in list(self.courier.log)]})


_LOCALISED = {"open": "Open", "waiting": "Waiting for a reply", "closed": "Closed"}
"""observed: rules send the words that agents see, in the account's language."""


def _said(message: Message) -> str:
    return message.content or message.content_html
