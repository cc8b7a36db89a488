"""Cases (``desk.vendor_api.cases``): the calls that ``desk.tickets`` lacks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from attrs import field, frozen

from helpdesk_bridge.adapter import UNSET, BadResponse, Body, Effect, Request, Unset, Upload
from helpdesk_bridge_deskie.client.calls import PAGE, Calls, DocumentPage, Params
from helpdesk_bridge_deskie.port.filters import list_param
from helpdesk_bridge_deskie.vendor_api import arguments as checked
from helpdesk_bridge_deskie.vendor_api.documents import Case, Change
from helpdesk_bridge_deskie.wire.documents import WIRE
from helpdesk_bridge_deskie.wire.reading import PRIORITIES, STATUSES

Id = str | int
_ONE: Final = "/cases/{id}.json"
_PAIR_WORDS: Final = ("staff", "status", "group", "priority", "subject", "labels")
"""observed: what a changelog can be narrowed to by an old and a new value."""


@frozen(eq=False)
class CaseCalls:
    """Cases by id or by number, such as 130-000042. Calls that set values may be repeated; ``create`` never is."""

    _calls: Calls = field(repr=False)

    def get(self, case_id: Id) -> Case:
        """Return a case with all of Deskie's fields: recipient, copies, closing speed, locked labels, idea."""
        return self._calls.get(_ONE, "case", Case, operation="vendor_api.cases.get", args=_case(case_id))

    def page(
        self,
        *,
        page: int = 1,
        limit: int = PAGE,
        sort: str = "updated_at_desc",
        filter_id: Id | None = None,
        show_merged_cases: bool = False,
        show_active_chats: bool = False,
        params: Params = (),
    ) -> DocumentPage[Case]:
        """Return one page of cases by filters that ``TicketQuery`` lacks: a saved filter, last answer, priority.

        ``params`` are further parameters of Deskie's, as ``(("status", "open"),)``. Pages move while cases change;
        ``desk.tickets.list`` loses none.
        """
        query = [*checked.page(page, limit), ("sort", checked.choice(sort, checked.CASE_SORTS, "sort")), *params]
        if filter_id is not None:
            # observed: 0 is the id of the system's own filter.
            query.append(("filter", "0" if str(filter_id) == "0" else checked.record_id(filter_id, "filter_id")))
        for name, value in (("show_merged_cases", show_merged_cases), ("show_active_chats", show_active_chats)):
            if checked.flag(value, name):
                query.append((name, "true"))
        return self._calls.list("/cases.json", "case", Case, operation="vendor_api.cases.page", params=tuple(query))

    def create(
        self,
        *,
        subject: str,
        body: str | Body,
        user_email: str | Unset = UNSET,
        user_phone: str | Unset = UNSET,
        user_whatsapp_phone: str | Unset = UNSET,
        user_custom_id: str | Unset = UNSET,
        channel: str | Unset = UNSET,
        user_full_name: str | Unset = UNSET,
        status: str | Unset = UNSET,
        priority: str | Unset = UNSET,
        staff_id: Id | Unset = UNSET,
        group_id: Id | Unset = UNSET,
        language_id: Id | Unset = UNSET,
        labels: Iterable[Id] | Unset = UNSET,
        custom_fields: Mapping[str, Any] | Unset = UNSET,
        created_at: datetime | Unset = UNSET,
        attachments: Sequence[Upload] = (),
        attachment_urls: Sequence[str] | Unset = UNSET,
    ) -> Case:
        """Create a case for a customer of any kind that Deskie takes: by e-mail, phone, WhatsApp or a custom id.

        One of the four is needed; a custom id needs ``channel``, the key of its custom channel. ``custom_fields`` are
        by Deskie's keys (`cf_25`). A customer who is unknown is made (observed).
        """
        checks: checked.Checks = {
            "channel": (channel, checked.text),
            "user_full_name": (user_full_name, checked.any_text),
            "status": (status, lambda value, name: checked.choice(value, tuple(STATUSES), name)),
            "priority": (priority, lambda value, name: checked.choice(value, tuple(PRIORITIES), name)),
            "staff_id": (staff_id, checked.number),
            "group_id": (group_id, checked.number),
            "language_id": (language_id, checked.number),
            "labels": (labels, checked.numbers),
            "custom_fields": (custom_fields, checked.custom_fields),
            "created_at": (created_at, checked.moment),
            "attachment_urls": (attachment_urls, checked.urls),
        }
        fields = checked.given(checks) | checked.identity(
            user_email, user_phone, user_whatsapp_phone, user_custom_id, channel, channel_field="channel", record="case"
        )
        fields |= {"subject": checked.text(subject, "subject"), **checked.body(body)}
        return self._calls.create(
            "/cases.json", "case", Case, fields,
            operation="vendor_api.cases.create", files=checked.files(attachments),
        )  # fmt: skip

    def update(
        self,
        case_id: Id,
        *,
        language_id: Id | Unset = UNSET,
        add_labels: Iterable[Id] | Unset = UNSET,
        delete_labels: Iterable[Id] | Unset = UNSET,
        custom_fields: Mapping[str, Any] | Unset = UNSET,
    ) -> Case:
        """Change fields that ``TicketChange`` lacks, by Deskie's ids and keys."""
        fields = checked.given(
            {
                "language_id": (language_id, checked.number),
                "add_labels": (add_labels, checked.numbers),
                "delete_labels": (delete_labels, checked.numbers),
                "custom_fields": (custom_fields, checked.custom_fields),
            }
        )
        return self._calls.set(
            _ONE, "case", Case, checked.not_empty(fields), operation="vendor_api.cases.update", args=_case(case_id)
        )

    def rate(self, case_id: Id, rating: str, *, comment: str | None = None, rated_staff_id: Id | None = None) -> Case:
        """Set a case's rating: low, middle or high."""
        fields: dict[str, Any] = {"rating": checked.choice(rating, checked.RATINGS, "rating")}
        if comment is not None:
            fields["rating_comment"] = checked.any_text(comment, "comment")
        if rated_staff_id is not None:
            fields["rated_staff_id"] = checked.number(rated_staff_id, "rated_staff_id")
        return self._calls.set(
            "/cases/{id}/rate.json", "rate", Case, fields,
            operation="vendor_api.cases.rate", args=_case(case_id), answer="case",
        )  # fmt: skip

    # ---- trash and spam

    def trash(self, case_id: Id) -> Case:
        """Move a case to the trash."""
        return self._moved(case_id, "trash")

    def spam(self, case_id: Id) -> Case:
        """Mark a case as spam."""
        return self._moved(case_id, "spam")

    def restore(self, case_id: Id) -> Case:
        """Take a case out of the trash or out of spam."""
        return self._moved(case_id, "restore")

    def delete(self, case_id: Id) -> None:
        """Delete a case for good. Whether it must be in the trash first is not known."""
        self._calls.delete(_ONE, operation="vendor_api.cases.delete", args=_case(case_id))

    def trash_several(self, case_ids: Iterable[Id]) -> tuple[int, ...]:
        """Move one to ten cases to the trash with one call; return the ids of those that were moved (observed)."""
        return self._several(case_ids, "trash")

    def spam_several(self, case_ids: Iterable[Id]) -> tuple[int, ...]:
        """Mark one to ten cases as spam with one call; return the ids of those that were marked."""
        return self._several(case_ids, "spam")

    def restore_several(self, case_ids: Iterable[Id]) -> tuple[int, ...]:
        """Take one to ten cases out of the trash or spam with one call; return the ids of those that were."""
        return self._several(case_ids, "restore")

    def delete_several(self, case_ids: Iterable[Id]) -> tuple[int, ...]:
        """Delete one to ten cases for good with one call; return the ids of those that were deleted."""
        return self._several(case_ids, None)

    def _moved(self, case_id: Id, where: str) -> Case:
        return self._calls.set(
            f"/cases/{{id}}/{where}.json", "case", Case, operation=f"vendor_api.cases.{where}", args=_case(case_id)
        )

    def _several(self, case_ids: Iterable[Id], where: str | None) -> tuple[int, ...]:
        ids = checked.case_ids(case_ids)
        args = {f"id{place}": case_id for place, case_id in enumerate(ids)}
        # The commas stay as they are: each id is quoted by itself.
        path = f"/cases/{','.join(f'{{{name}}}' for name in args)}{f'/{where}' if where else ''}.json"
        operation = f"vendor_api.cases.{where or 'delete'}_several"
        if where is None:
            document = self._calls.delete(path, operation=operation, args=args)
        else:
            request = Request("PUT", path, operation=operation, effect=Effect.SET, args=args, json={})
            document = self._calls.stack.send(request).json()
        return _succeeded(document, ids)

    # ---- history, ideas

    def changelog(
        self,
        case_id: Id,
        *,
        rules: Iterable[Id] = (),
        show_chat_activation: bool = False,
        show_chat_completion: bool = False,
        fixed_chat_staff: Id | None = None,
        custom_fields: Mapping[str, str | tuple[str, str]] | None = None,
        **changed: str | tuple[str, str],
    ) -> tuple[Change, ...]:
        """Return what happened to a case, oldest first as Deskie answers it.

        Narrow it with pairs of an old and a new value, with the words `any` and `empty`, or with one value as Deskie
        takes it (observed): ``changelog(5, status=("any", "closed"), staff="28049")``. ``custom_fields`` takes the same
        by `cf_<id>`.
        """
        params: list[tuple[str, str]] = []
        for name, pair in changed.items():
            params.append((checked.choice(name, _PAIR_WORDS, name), checked.pair(pair, name)))
        for key, pair in (custom_fields or {}).items():
            params.append((f"custom_fields[{key}]", checked.pair(pair, "custom_fields")))
        params += list_param("rules", [checked.record_id(rule, "rules") for rule in checked.listed(rules, "rules")])
        for name, value in (
            ("show_chat_activation", show_chat_activation),
            ("show_chat_completion", show_chat_completion),
        ):
            if checked.flag(value, name):
                params.append((name, "true"))
        if fixed_chat_staff is not None:
            params.append(("fixed_chat_staff", checked.record_id(fixed_chat_staff, "fixed_chat_staff")))
        document = self._calls.json(
            "/cases/{id}/changelog.json", operation="vendor_api.cases.changelog", params=tuple(params),
            args=_case(case_id),
        )  # fmt: skip
        return WIRE.read(tuple[Change, ...], document.get("changelog"), at="$.changelog")

    def set_idea(
        self,
        case_id: Id,
        *,
        content: str | Unset = UNSET,
        stage: str | Unset = UNSET,
        category_id: Id | Unset = UNSET,
    ) -> Case:
        """Change the idea that a case of the channel `idea` holds; ``stage``: waiting, planned, in_progress, finished."""
        fields = checked.given(
            {
                "content": (content, checked.text),
                "stage": (stage, lambda value, name: checked.choice(value, checked.STAGES, name)),
                "category_id": (category_id, checked.number),
            }
        )
        return self._calls.set(
            "/cases/{id}/idea.json", "message", Case, checked.not_empty(fields),
            operation="vendor_api.cases.set_idea", args=_case(case_id), answer="case",
        )  # fmt: skip

    def set_official_response(self, case_id: Id, content: str) -> Case:
        """Set the official response to an idea."""
        return self._calls.set(
            "/cases/{id}/idea_official_response.json", "message", Case, {"content": checked.text(content, "content")},
            operation="vendor_api.cases.set_official_response", args=_case(case_id), answer="case",
        )  # fmt: skip

    def delete_official_response(self, case_id: Id) -> None:
        """Take the official response to an idea away."""
        self._calls.delete(
            "/cases/{id}/idea_official_response.json", operation="vendor_api.cases.delete_official_response",
            args=_case(case_id),
        )  # fmt: skip


def _case(case_id: Id) -> dict[str, str]:
    return {"id": checked.case_ident(case_id)}


def _succeeded(document: Any, ids: Sequence[str]) -> tuple[int, ...]:
    if len(ids) == 1 and (document is None or (isinstance(document, dict) and isinstance(document.get("case"), dict))):
        # One id alone is the call on one case: it answers the case, or nothing if it was deleted.
        return (int(ids[0]),)
    succeeded = document.get("case_success_id") if isinstance(document, dict) else None
    if succeeded is None:
        raise BadResponse("expected the ids of the cases", path="$.case_success_id")
    return WIRE.read(tuple[int, ...], succeeded, at="$.case_success_id")
