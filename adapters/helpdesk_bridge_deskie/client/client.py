"""The Deskie client: a typed method for each call that the common port uses.

The other calls are in ``vendor_api``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import field, frozen

from helpdesk_bridge.adapter import Stack, Upload
from helpdesk_bridge_deskie.client.calls import LAST_PAGE, PAGE, Calls, DocumentPage, Params, paged
from helpdesk_bridge_deskie.wire.documents import (
    CaseDocument,
    CompanyDocument,
    CustomFieldDocument,
    GroupDocument,
    LabelDocument,
    MessageDocument,
    StaffDocument,
    UserDocument,
)


@frozen(eq=False)
class DeskieClient:
    """Typed calls over one connection."""

    calls: Calls = field(repr=False)

    @property
    def stack(self) -> Stack:
        """The connection."""
        return self.calls.stack

    # ---- cases

    def cases(self, params: Params) -> DocumentPage[CaseDocument]:
        """List cases."""
        return self.calls.list("/cases.json", "case", CaseDocument, operation="tickets.list", params=params)

    def case(self, case_id: str) -> CaseDocument:
        """Return one case."""
        return self.calls.get("/cases/{id}.json", "case", CaseDocument, operation="tickets.get", args={"id": case_id})

    def create_case(self, fields: Mapping[str, Any], files: Sequence[Upload] = ()) -> CaseDocument:
        """Create a case."""
        return self.calls.create(
            "/cases.json", "case", CaseDocument, fields, operation="tickets.create", files=files
        )  # fmt: skip

    def update_case(self, case_id: str, fields: Mapping[str, Any]) -> CaseDocument:
        """Change a case; what is not sent stays."""
        return self.calls.set(
            "/cases/{id}.json", "case", CaseDocument, fields, operation="tickets.update", args={"id": case_id}
        )

    def rate_case(self, case_id: str, rating: str, comment: str | None = None) -> CaseDocument:
        """Set a case's rating: low, middle or high."""
        fields = {"rating": rating, **({"rating_comment": comment} if comment else {})}
        return self.calls.set(
            "/cases/{id}/rate.json", "rate", CaseDocument, fields,
            operation="tickets.rate", args={"id": case_id}, answer="case",
        )  # fmt: skip

    def trash_case(self, case_id: str) -> CaseDocument:
        """Move a case to the trash."""
        return self.calls.set(
            "/cases/{id}/trash.json", "case", CaseDocument, operation="removal.ticket", args={"id": case_id}
        )

    def restore_case(self, case_id: str) -> CaseDocument:
        """Bring a case back from spam or trash."""
        return self.calls.set(
            "/cases/{id}/restore.json", "case", CaseDocument, operation="tickets.update", args={"id": case_id}
        )

    def delete_case(self, case_id: str) -> None:
        """Delete a case for good."""
        self.calls.delete("/cases/{id}.json", operation="removal.ticket", args={"id": case_id})

    # ---- messages

    def messages(
        self, case_id: str, page: int, *, limit: int = PAGE, order: str = "asc", max_bytes: int | None = None
    ) -> DocumentPage[MessageDocument]:
        """List messages and notes of a case; raises ``AnswerTooLarge`` for more than ``max_bytes`` of them.

        Without ``page`` and ``limit`` Deskie answers the last 100 only (observed), so both are always sent.
        """
        params = (*paged(page, limit), ("order", order))
        path = "/cases/{id}/messages.json"
        return self.calls.list(
            path,
            "message",
            MessageDocument,
            operation="messages.list",
            params=params,
            args={"id": case_id},
            max_bytes=max_bytes,
        )

    def add_message(
        self,
        case_id: str,
        fields: Mapping[str, Any],
        files: Sequence[Upload] = (),
        *,
        operation: str = "messages.reply",
    ) -> MessageDocument:
        """Add a reply or what a customer wrote. Deskie mails it unless ``do_not_send_email`` is set."""
        return self.calls.create(
            "/cases/{id}/messages.json", "message", MessageDocument, fields,
            operation=operation, files=files, args={"id": case_id},
        )  # fmt: skip

    def add_note(
        self, case_id: str, fields: Mapping[str, Any], files: Sequence[Upload] = (), *, operation: str = "messages.note"
    ) -> MessageDocument:
        """Add an internal note; the answer comes wrapped as a message (observed)."""
        return self.calls.create(
            "/cases/{id}/note.json", "note", MessageDocument, fields,
            operation=operation, files=files, args={"id": case_id}, answer="message",
        )  # fmt: skip

    def edit_message(self, case_id: str, message_id: str, fields: Mapping[str, Any], *, note: bool) -> MessageDocument:
        """Replace the body of a reply or a note."""
        wrapper, path = (
            ("note", "/cases/{id}/note/{message}.json") if note else ("message", "/cases/{id}/messages/{message}.json")
        )
        args = {"id": case_id, "message": message_id}
        return self.calls.set(
            path, wrapper, MessageDocument, fields, operation="messages.edit", args=args, answer="message"
        )

    # ---- users

    def users(self, params: Params) -> DocumentPage[UserDocument]:
        """List users."""
        return self.calls.list("/users.json", "user", UserDocument, operation="contacts.list", params=params)

    def user(self, user_id: str) -> UserDocument:
        """Return one user."""
        return self.calls.get("/users/{id}.json", "user", UserDocument, operation="contacts.get", args={"id": user_id})

    def create_user(self, fields: Mapping[str, Any]) -> UserDocument:
        """Create a user."""
        return self.calls.create("/users.json", "user", UserDocument, fields, operation="contacts.create")

    def update_user(self, user_id: str, fields: Mapping[str, Any]) -> UserDocument:
        """Change a user."""
        return self._put_user("/users/{id}.json", user_id, fields)

    def block_user(self, user_id: str) -> UserDocument:
        """Block a user: later cases become spam."""
        return self._put_user("/users/{id}/block.json", user_id)

    def disable_user(self, user_id: str) -> UserDocument:
        """Move a user to the deleted ones."""
        return self.calls.set(
            "/users/{id}/disable.json", "user", UserDocument, operation="removal.contact", args={"id": user_id}
        )

    def restore_user(self, user_id: str) -> UserDocument:
        """Undo blocking and disabling."""
        return self._put_user("/users/{id}/restore.json", user_id)

    def _put_user(self, path: str, user_id: str, fields: Mapping[str, Any] | None = None) -> UserDocument:
        return self.calls.set(path, "user", UserDocument, fields, operation="contacts.update", args={"id": user_id})

    def delete_user(self, user_id: str) -> None:
        """Delete a user for good; needs an agent with full access."""
        self.calls.delete("/users/{id}.json", operation="removal.contact", args={"id": user_id})

    # ---- reference lists

    def staff(self, page: int = 1) -> DocumentPage[StaffDocument]:
        """List agents."""
        return self.calls.list("/staff.json", "staff", StaffDocument, operation="agents.list", params=paged(page))

    def groups(self, page: int = 1) -> DocumentPage[GroupDocument]:
        """List groups."""
        return self.calls.list("/groups.json", "group", GroupDocument, operation="groups.list", params=paged(page))

    def labels(self, page: int = 1) -> DocumentPage[LabelDocument]:
        """List labels."""
        return self.calls.list("/labels.json", "label", LabelDocument, operation="tags.list", params=paged(page))

    def create_label(self, title: str) -> LabelDocument:
        """Create a label."""
        return self.calls.create(
            "/labels.json", "label", LabelDocument, {"label_title": title}, operation="tags.create"
        )

    def companies(self, page: int = 1) -> DocumentPage[CompanyDocument]:
        """List companies."""
        return self.calls.list(
            "/companies.json", "company", CompanyDocument, operation="companies.list", params=paged(page)
        )

    def custom_fields(self, page: int = 1) -> DocumentPage[CustomFieldDocument]:
        """List the definitions of custom fields, of cases and of users."""
        return self.calls.list(
            "/custom_fields.json", "custom_field", CustomFieldDocument,
            operation="custom_fields.list", params=paged(page),
        )  # fmt: skip


__all__ = ["LAST_PAGE", "PAGE", "DeskieClient", "DocumentPage", "Params"]
