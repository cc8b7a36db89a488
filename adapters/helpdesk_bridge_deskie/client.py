"""Deskie's calls, one method each, with its errors already told apart.

Also what ``desk.vendor_api`` is: the calls that have no common word (groups, agents, filters), and ``call`` for
whatever Deskie adds. Writes through it are governed and retried like all others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

from attrs import evolve, field, frozen

from helpdesk_bridge.adapter import Answer, Effect, Request, Stack, Upload
from helpdesk_bridge_deskie.lists import Rows, one, rows
from helpdesk_bridge_deskie.multipart import parts
from helpdesk_bridge_deskie.wire import (
    WIRE,
    CaseDocument,
    CompanyDocument,
    CustomFieldDocument,
    Document,
    GroupDocument,
    LabelDocument,
    MessageDocument,
    StaffDocument,
    UserDocument,
    without_secrets,
)

D = TypeVar("D")
Params = tuple[tuple[str, str], ...]
PAGE: Final = 100
"""observed: `limit` is 1 to 100."""
LAST_PAGE: Final = 500
"""observed: `page` is 1 to 500."""


@frozen
class Documents(Sequence[D]):
    """One page of a list; ``total`` counts all matches, None where Deskie is silent."""

    items: tuple[D, ...]
    total: int | None = None

    def __getitem__(self, index: Any) -> Any:
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    def more_after(self, page: int, limit: int) -> bool:
        """Whether there is a page behind this one."""
        return len(self.items) >= limit if self.total is None else bool(self.items) and page * limit < self.total


@frozen(eq=False)
class DeskieClient:
    """Typed calls over one connection. ``keep_raw`` hangs each document on what was read from it."""

    stack: Stack = field(repr=False)
    keep_raw: bool = False

    # ---- cases

    def cases(self, params: Params) -> Documents[CaseDocument]:
        """List cases."""
        return self._list("/cases.json", "case", CaseDocument, "tickets.list", params)

    def case(self, case_id: str) -> CaseDocument:
        """Return one case."""
        return self._read(
            CaseDocument, "case", Request("GET", "/cases/{id}.json", operation="tickets.get", args={"id": case_id})
        )

    def create_case(self, fields: Mapping[str, Any], files: Sequence[Upload] = ()) -> CaseDocument:
        """Create a case."""
        return self._write(CaseDocument, "case", "case", fields, files, path="/cases.json", operation="tickets.create")

    def update_case(self, case_id: str, fields: Mapping[str, Any]) -> CaseDocument:
        """Change a case; what is not sent stays."""
        return self._set(
            CaseDocument, "case", fields, path="/cases/{id}.json", operation="tickets.update", args={"id": case_id}
        )

    def rate_case(self, case_id: str, rating: str, comment: str | None = None) -> CaseDocument:
        """Set a case's rating: low, middle or high."""
        body = {"rate": {"rating": rating, **({"rating_comment": comment} if comment else {})}}
        path = "/cases/{id}/rate.json"
        request = Request("PUT", path, operation="tickets.rate", effect=Effect.SET, args={"id": case_id}, json=body)
        return self._read(CaseDocument, "case", request)

    def trash_case(self, case_id: str) -> CaseDocument:
        """Move a case to the trash."""
        return self._set(
            CaseDocument, "case", None, path="/cases/{id}/trash.json", operation="removal.ticket", args={"id": case_id}
        )

    def delete_case(self, case_id: str) -> None:
        """Delete a case for good."""
        self._delete("/cases/{id}.json", "removal.ticket", {"id": case_id})

    # ---- messages

    def messages(self, case_id: str, page: int, *, limit: int = PAGE, order: str = "asc") -> Documents[MessageDocument]:
        """List messages and notes of a case.

        Without ``page`` and ``limit`` Deskie answers the last 100 only (observed), so both are always sent.
        """
        params = (("page", str(page)), ("limit", str(limit)), ("order", order))
        path = "/cases/{id}/messages.json"
        return self._list(path, "message", MessageDocument, "messages.list", params, {"id": case_id})

    def add_message(
        self,
        case_id: str,
        fields: Mapping[str, Any],
        files: Sequence[Upload] = (),
        *,
        operation: str = "messages.reply",
    ) -> MessageDocument:
        """Add a reply or what a customer wrote. Deskie mails it unless ``do_not_send_email`` is set."""
        return self._write(
            MessageDocument, "message", "message", fields, files,
            path="/cases/{id}/messages.json", operation=operation, args={"id": case_id},
        )  # fmt: skip

    def add_note(
        self, case_id: str, fields: Mapping[str, Any], files: Sequence[Upload] = (), *, operation: str = "messages.note"
    ) -> MessageDocument:
        """Add an internal note; the answer comes wrapped as a message (observed)."""
        return self._write(
            MessageDocument, "message", "note", fields, files,
            path="/cases/{id}/note.json", operation=operation, args={"id": case_id},
        )  # fmt: skip

    def edit_message(self, case_id: str, message_id: str, fields: Mapping[str, Any], *, note: bool) -> MessageDocument:
        """Replace the body of a reply or a note."""
        wrapper, path = (
            ("note", "/cases/{id}/note/{message}.json") if note else ("message", "/cases/{id}/messages/{message}.json")
        )
        args = {"id": case_id, "message": message_id}
        request = Request(
            "PUT", path, operation="messages.edit", effect=Effect.SET, args=args, json={wrapper: dict(fields)}
        )
        return self._read(MessageDocument, "message", request)

    # ---- users

    def users(self, params: Params) -> Documents[UserDocument]:
        """List users."""
        return self._list("/users.json", "user", UserDocument, "contacts.list", params)

    def user(self, user_id: str) -> UserDocument:
        """Return one user."""
        return self._read(
            UserDocument, "user", Request("GET", "/users/{id}.json", operation="contacts.get", args={"id": user_id})
        )

    def create_user(self, fields: Mapping[str, Any]) -> UserDocument:
        """Create a user."""
        return self._write(UserDocument, "user", "user", fields, path="/users.json", operation="contacts.create")

    def update_user(self, user_id: str, fields: Mapping[str, Any]) -> UserDocument:
        """Change a user."""
        return self._set(
            UserDocument, "user", fields, path="/users/{id}.json", operation="contacts.update", args={"id": user_id}
        )

    def block_user(self, user_id: str) -> UserDocument:
        """Block a user: later cases become spam."""
        return self._set(
            UserDocument, "user", None, path="/users/{id}/block.json", operation="contacts.update", args={"id": user_id}
        )

    def restore_user(self, user_id: str) -> UserDocument:
        """Undo blocking and disabling."""
        return self._set(
            UserDocument,
            "user",
            None,
            path="/users/{id}/restore.json",
            operation="contacts.update",
            args={"id": user_id},
        )

    def delete_user(self, user_id: str) -> None:
        """Delete a user for good; needs an agent with full access."""
        self._delete("/users/{id}.json", "removal.contact", {"id": user_id})

    # ---- agents

    def staff(self, page: int = 1) -> Documents[StaffDocument]:
        """List agents."""
        return self._list("/staff.json", "staff", StaffDocument, "agents.list", _paged(page))

    def disable_staff(self, staff_id: str, *, replace_staff_id: str) -> StaffDocument:
        """Deactivate an agent; open and waiting cases go to another. This lowers the rate limit."""
        fields = {"replace_staff_id": _number(replace_staff_id)}
        return self._set(
            StaffDocument,
            "staff",
            fields,
            path="/staff/{id}/disable.json",
            operation="agents.disable",
            args={"id": staff_id},
        )

    def enable_staff(self, staff_id: str) -> StaffDocument:
        """Activate an agent again."""
        return self._set(
            StaffDocument,
            "staff",
            None,
            path="/staff/{id}/enable.json",
            operation="agents.enable",
            args={"id": staff_id},
        )

    def delete_staff(self, staff_id: str, *, replace_staff_id: str) -> None:
        """Delete an agent; all cases go to another."""
        body = {"staff": {"replace_staff_id": _number(replace_staff_id)}}
        self._delete("/staff/{id}.json", "agents.delete", {"id": staff_id}, body)

    # ---- groups

    def groups(self, page: int = 1) -> Documents[GroupDocument]:
        """List groups."""
        return self._list("/groups.json", "group", GroupDocument, "groups.list", _paged(page))

    def create_group(self, title: str, **fields: Any) -> GroupDocument:
        """Create a group; ``fields`` as Deskie names them (``group_from_name``, ``group_signature``)."""
        given = {"group_title": title, **fields}
        return self._write(GroupDocument, "group", "group", given, path="/groups.json", operation="groups.create")

    def update_group(self, group_id: str, **fields: Any) -> GroupDocument:
        """Change a group; ``fields`` as Deskie names them."""
        return self._set(
            GroupDocument, "group", fields, path="/groups/{id}.json", operation="groups.update", args={"id": group_id}
        )

    # ---- labels, companies, custom fields

    def labels(self, page: int = 1) -> Documents[LabelDocument]:
        """List labels."""
        return self._list("/labels.json", "label", LabelDocument, "tags.list", _paged(page))

    def create_label(self, title: str) -> LabelDocument:
        """Create a label."""
        return self._write(
            LabelDocument, "label", "label", {"label_title": title}, path="/labels.json", operation="tags.create"
        )

    def companies(self, page: int = 1) -> Documents[CompanyDocument]:
        """List companies."""
        return self._list("/companies.json", "company", CompanyDocument, "companies.list", _paged(page))

    def custom_fields(self, page: int = 1) -> Documents[CustomFieldDocument]:
        """List the definitions of custom fields, of cases and of users."""
        return self._list(
            "/custom_fields.json", "custom_field", CustomFieldDocument, "custom_fields.list", _paged(page)
        )

    # ---- whatever else Deskie can do

    def call(
        self, method: str, path: str, *, params: Params = (), body: Any = None, args: Mapping[str, str] | None = None
    ) -> Any:
        """Make any call, such as ``call("GET", "/filters.json")``, and return its JSON (None where there is none).

        ``path`` is below ``/api``; ``{name}`` in it is filled from ``args``, percent-encoded. A write whose outcome is
        unknown raises ``InDoubt``.
        """
        effect = Effect.READ if method.upper() in {"GET", "HEAD"} else Effect.CREATE
        extra = {} if body is None else {"json": body}
        request = Request(
            method.upper(), path, operation="vendor_api.call", effect=effect, params=params, args=args or {},
            answer=Answer.ANY, **extra,
        )  # fmt: skip
        response = self.stack.send(request)
        return response.json() if response.body.strip() else None

    # ---- how they are made

    def _list(
        self, path: str, key: str, type_: type[D], operation: str, params: Params, args: Mapping[str, str] | None = None
    ) -> Documents[D]:
        # observed: an empty list may come as no body at all, so that is not an unreadable answer here.
        request = Request("GET", path, operation=operation, params=params, args=args or {}, answer=Answer.ANY)
        found = self._rows(request, key)
        if found is None or _lacks(found, params):
            # An answer lost on its way looks the same, and so does that of another page. Either would end a scan early
            # without a word: two are believed.
            found = self._rows(request, key)
        found = found or Rows((), 0)
        items = tuple(self._document(type_, item, f"$.{index}.{key}") for index, item in enumerate(found.items))
        return Documents(items, found.total)

    def _rows(self, request: Request, key: str) -> Rows | None:
        response = self.stack.send(request)
        return rows(response.json(), key) if response.body.strip() else None

    def _read(self, type_: type[D], key: str, request: Request) -> D:
        return self._document(type_, one(self.stack.send(request).json(), key), f"$.{key}")

    def _document(self, type_: type[D], document: Mapping[str, Any], at: str) -> D:
        read = WIRE.read(type_, document, at=at)
        if self.keep_raw and isinstance(read, Document):
            return evolve(read, raw=without_secrets(document))
        return read

    def _write(
        self,
        type_: type[D],
        answer: str,
        wrapper: str,
        fields: Mapping[str, Any],
        files: Sequence[Upload] = (),
        *,
        path: str,
        operation: str,
        args: Mapping[str, str] | None = None,
    ) -> D:
        body: dict[str, Any] = {"parts": parts(wrapper, fields, files)} if files else {"json": {wrapper: dict(fields)}}
        request = Request("POST", path, operation=operation, effect=Effect.CREATE, args=args or {}, **body)
        return self._read(type_, answer, request)

    def _set(
        self,
        type_: type[D],
        key: str,
        fields: Mapping[str, Any] | None,
        *,
        path: str,
        operation: str,
        args: Mapping[str, str],
    ) -> D:
        body = {} if fields is None else {key: dict(fields)}
        return self._read(
            type_, key, Request("PUT", path, operation=operation, effect=Effect.SET, args=args, json=body)
        )

    def _delete(self, path: str, operation: str, args: Mapping[str, str], body: Any = None) -> None:
        extra = {} if body is None else {"json": body}
        self.stack.send(
            Request("DELETE", path, operation=operation, effect=Effect.SET, args=args, answer=Answer.ANY, **extra)
        )


def _lacks(found: Rows, params: Params) -> bool:
    """Whether a page has fewer rows than the number of all matches says."""
    asked = dict(params)
    if found.total is None or "page" not in asked or "limit" not in asked:
        return False
    limit = int(asked["limit"])
    return len(found.items) < min(limit, found.total - (int(asked["page"]) - 1) * limit)


def _paged(page: int) -> Params:
    return (("page", str(page)), ("limit", str(PAGE)))


def _number(record_id: str) -> int | str:
    return int(record_id) if record_id.isdecimal() else record_id
