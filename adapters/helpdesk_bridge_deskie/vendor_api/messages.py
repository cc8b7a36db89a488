"""Messages (``desk.vendor_api.messages``): the calls on messages and notes that ``desk.messages`` lacks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from attrs import field, frozen

from helpdesk_bridge.adapter import UNSET, Body, Invalid, Unset, Upload
from helpdesk_bridge_deskie.client.calls import PAGE, Calls, DocumentPage
from helpdesk_bridge_deskie.vendor_api import arguments as checked
from helpdesk_bridge_deskie.vendor_api.documents import ReplyOrNote

Id = str | int


@frozen(eq=False)
class MessageCalls:
    """Messages and notes of a case, by its id or number. Calls that send or append are never repeated."""

    _calls: Calls = field(repr=False)

    def page(self, case_id: Id, *, page: int = 1, limit: int = PAGE, order: str = "asc") -> DocumentPage[ReplyOrNote]:
        """Return one page of a thread, notes among it, with ratings and times of sending; ``order``: asc or desc."""
        query = (*checked.page(page, limit), ("order", checked.choice(order, ("asc", "desc"), "order")))
        return self._calls.list(
            "/cases/{id}/messages.json", "message", ReplyOrNote,
            operation="vendor_api.messages.page", params=query, args=_of(case_id),
        )  # fmt: skip

    def send(
        self,
        case_id: Id,
        body: str | Body,
        *,
        staff_id: Id | Unset = UNSET,
        user_id: Id | Unset = UNSET,
        user_custom_id: str | Unset = UNSET,
        created_at: datetime | Unset = UNSET,
        send_at: datetime | Unset = UNSET,
        do_not_send_email: bool | Unset = UNSET,
        attachments: Sequence[Upload] = (),
        attachment_urls: Sequence[str] | Unset = UNSET,
    ) -> ReplyOrNote:
        """Add a message in the name of an agent (``staff_id``) or of a customer (``user_id``, or a channel's own id).

        An agent's is mailed to the customer unless ``do_not_send_email`` is True; ``send_at`` defers that (observed).
        With no author it is the key's agent's (assumed).
        """
        fields = checked.given(
            {
                "staff_id": (staff_id, checked.number),
                "user_id": (user_id, checked.number),
                "user_custom_id": (user_custom_id, checked.text),
                "created_at": (created_at, checked.moment),
                "send_at": (send_at, checked.moment),
                "do_not_send_email": (do_not_send_email, checked.flag),
                "attachment_urls": (attachment_urls, checked.urls),
            }
        )
        if "staff_id" in fields and ("user_id" in fields or "user_custom_id" in fields):
            raise Invalid("a message is from an agent or from a customer, not from both", field="staff_id")
        return self._calls.create(
            "/cases/{id}/messages.json", "message", ReplyOrNote, {**checked.body(body), **fields},
            operation="vendor_api.messages.send", files=checked.files(attachments), args=_of(case_id),
        )  # fmt: skip

    def edit(self, case_id: Id, message_id: Id, body: str | Body) -> ReplyOrNote:
        """Replace the body of a message."""
        return self._calls.set(
            "/cases/{id}/messages/{message}.json", "message", ReplyOrNote, checked.body(body),
            operation="vendor_api.messages.edit", args=_of(case_id, message_id),
        )  # fmt: skip

    def delete(self, case_id: Id, message_id: Id) -> None:
        """Delete a message for good."""
        self._calls.delete(
            "/cases/{id}/messages/{message}.json",
            operation="vendor_api.messages.delete",
            args=_of(case_id, message_id),
        )

    def rate(self, case_id: Id, message_id: Id, rating: str, *, comment: str | None = None) -> ReplyOrNote:
        """Set the rating of an answer: low, middle or high."""
        fields: dict[str, Any] = {"rating": checked.choice(rating, checked.RATINGS, "rating")}
        if comment is not None:
            fields["rating_comment"] = checked.any_text(comment, "comment")
        return self._calls.set(
            "/cases/{id}/rate/{message}.json", "rate", ReplyOrNote, fields,
            operation="vendor_api.messages.rate", args=_of(case_id, message_id), answer="message",
        )  # fmt: skip

    def add_note(
        self,
        case_id: Id,
        body: str | Body,
        *,
        created_at: datetime | Unset = UNSET,
        attachments: Sequence[Upload] = (),
        attachment_urls: Sequence[str] | Unset = UNSET,
    ) -> ReplyOrNote:
        """Add a note of the key's agent, with a time of its own or with files that Deskie fetches."""
        fields = checked.given(
            {"created_at": (created_at, checked.moment), "attachment_urls": (attachment_urls, checked.urls)}
        )
        return self._calls.create(
            "/cases/{id}/note.json", "note", ReplyOrNote, {**checked.body(body), **fields},
            operation="vendor_api.messages.add_note", files=checked.files(attachments), args=_of(case_id),
            answer="message",
        )  # fmt: skip

    def edit_note(self, case_id: Id, message_id: Id, body: str | Body) -> ReplyOrNote:
        """Replace the body of a note."""
        return self._calls.set(
            "/cases/{id}/note/{message}.json", "note", ReplyOrNote, checked.body(body),
            operation="vendor_api.messages.edit_note", args=_of(case_id, message_id), answer="message",
        )  # fmt: skip

    def delete_note(self, case_id: Id, message_id: Id) -> None:
        """Delete a note for good."""
        self._calls.delete(
            "/cases/{id}/note/{message}.json",
            operation="vendor_api.messages.delete_note",
            args=_of(case_id, message_id),
        )


def _of(case_id: Id, message_id: Id | None = None) -> dict[str, str]:
    args = {"id": checked.case_ident(case_id)}
    return args if message_id is None else {**args, "message": checked.record_id(message_id, "message_id")}
