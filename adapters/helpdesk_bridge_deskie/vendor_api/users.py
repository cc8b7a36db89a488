"""Users (``desk.vendor_api.users``): the calls that ``desk.contacts`` lacks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import field, frozen

from helpdesk_bridge.adapter import UNSET, BadResponse, Effect, Invalid, Request, Unset
from helpdesk_bridge_deskie.client.calls import PAGE, Calls, DocumentPage, Params
from helpdesk_bridge_deskie.vendor_api import arguments as checked
from helpdesk_bridge_deskie.vendor_api.records import RecordCalls
from helpdesk_bridge_deskie.wire.documents import UserDocument

Id = str | int


def _records(calls: Calls) -> RecordCalls[UserDocument]:
    return RecordCalls(calls, "/users", "user", UserDocument, "vendor_api.users", "user_id")


@frozen(eq=False)
class UserCalls:
    """Users. A new one's password, which Deskie sends in clear text, is neither kept nor returned."""

    _records: RecordCalls[UserDocument] = field(repr=False, converter=_records)

    def get(self, user_id: Id) -> UserDocument:
        """Return a user with position, note, language, linked users and the time of the last contact."""
        return self._records.get(user_id)

    def page(
        self,
        *,
        page: int = 1,
        limit: int = PAGE,
        user_custom_id: str | None = None,
        user_custom_channel: str | None = None,
        company_ids: Iterable[Id] = (),
        language_id: Id | None = None,
        amount_of_cases: bool = False,
        params: Params = (),
    ) -> DocumentPage[UserDocument]:
        """Return one page of users by filters that ``ContactQuery`` lacks; ``amount_of_cases`` adds that number.

        ``params`` are further parameters of Deskie's. Pages move while users change; ``desk.contacts.list`` loses none.
        """
        query = [*checked.page(page, limit), *params]
        if user_custom_id is not None:
            query.append(("user_custom_id", checked.text(user_custom_id, "user_custom_id")))
        if user_custom_channel is not None:
            query.append(("user_custom_channel", checked.channel_key(user_custom_channel, "user_custom_channel")))
        query += [("company_id[]", checked.record_id(company_id, "company_ids")) for company_id in company_ids]
        if language_id is not None:
            query.append(("language_id", checked.record_id(language_id, "language_id")))
        if checked.flag(amount_of_cases, "amount_of_cases"):
            query.append(("amount_of_cases", "true"))
        return self._records.page(tuple(query))

    def create(
        self,
        *,
        user_email: str | Unset = UNSET,
        user_phone: str | Unset = UNSET,
        user_whatsapp_phone: str | Unset = UNSET,
        user_custom_id: str | Unset = UNSET,
        user_custom_channel: str | Unset = UNSET,
        network: tuple[str, str] | Unset = UNSET,
        user_full_name: str | Unset = UNSET,
        company_name: str | Unset = UNSET,
        company_position: str | Unset = UNSET,
        user_note: str | Unset = UNSET,
        language_id: Id | Unset = UNSET,
        custom_fields: Mapping[str, Any] | Unset = UNSET,
    ) -> UserDocument:
        """Create a user with one identity; Deskie's guide names e-mail, phone, WhatsApp and a custom channel's id.

        ``network`` is a messenger or social network and the id there (observed): ``("telegram", "123456789")``.
        """
        identity = checked.identity(
            user_email, user_phone, user_whatsapp_phone, user_custom_id, user_custom_channel, network=network
        )
        described = _described(user_full_name, company_name, company_position, user_note, language_id, custom_fields)
        return self._records.create({**identity, **described})

    def update(
        self,
        user_id: Id,
        *,
        user_full_name: str | Unset = UNSET,
        company_name: str | Unset = UNSET,
        company_position: str | Unset = UNSET,
        user_note: str | Unset = UNSET,
        language_id: Id | Unset = UNSET,
        custom_fields: Mapping[str, Any] | Unset = UNSET,
    ) -> UserDocument:
        """Change what describes a user; an empty text clears."""
        fields = _described(user_full_name, company_name, company_position, user_note, language_id, custom_fields)
        return self._records.update(user_id, fields)

    def block(self, user_id: Id) -> UserDocument:
        """Block a user: later cases become spam (observed)."""
        return self._records.act(user_id, "block")

    def disable(self, user_id: Id) -> UserDocument:
        """Move a user to the deleted ones, from where it can be restored."""
        return self._records.act(user_id, "disable")

    def restore(self, user_id: Id) -> UserDocument:
        """Undo blocking and disabling."""
        return self._records.act(user_id, "restore")

    def delete(self, user_id: Id) -> None:
        """Delete a user for good; needs an agent with full access (observed)."""
        self._records.delete(user_id)

    def link(
        self,
        user_id: Id,
        *,
        to_user_id: Id | None = None,
        user_email: str | None = None,
        user_phone: str | None = None,
    ) -> UserDocument:
        """Link another user, so that both are seen as one person: by its id, e-mail or phone."""
        identities = {"to_user_id": to_user_id, "user_email": user_email, "user_phone": user_phone}
        if sum(identity is not None for identity in identities.values()) != 1:
            raise Invalid("link takes exactly one of to_user_id, user_email and user_phone", field="to_user_id")
        if to_user_id is not None:
            body: dict[str, Any] = {"user_id": checked.number(to_user_id, "to_user_id")}
        elif user_email is not None:
            body = {"user_email": checked.email(user_email, "user_email")}
        else:
            body = {"user_phone": checked.phone(user_phone or "", "user_phone")}
        return self._linked(user_id, "link", body)

    def unlink(self, user_id: Id, *, from_user_id: Id) -> UserDocument:
        """Undo a link."""
        return self._linked(user_id, "unlink", {"user_id": checked.number(from_user_id, "from_user_id")})

    def identification_code(
        self,
        *,
        user_email: str | Unset = UNSET,
        user_phone: str | Unset = UNSET,
        user_whatsapp_phone: str | Unset = UNSET,
        user_custom_id: str | Unset = UNSET,
        user_custom_channel: str | Unset = UNSET,
        user_full_name: str | Unset = UNSET,
    ) -> str:
        """Return a code that identifies a customer to a chat; Deskie creates an unknown customer (assumed)."""
        fields = checked.identity(user_email, user_phone, user_whatsapp_phone, user_custom_id, user_custom_channel)
        fields |= checked.given({"user_full_name": (user_full_name, checked.any_text)})
        request = Request(
            "POST",
            "/users/identification.json",
            operation="vendor_api.users.identification_code",
            effect=Effect.CREATE,
            json={"user": fields},
        )
        document = self._records.calls.stack.send(request).json()
        code = document.get("code") if isinstance(document, dict) else None
        if not isinstance(code, str):
            raise BadResponse("expected a code in the answer", path="$.code")
        return code

    def _linked(self, user_id: Id, action: str, body: Mapping[str, Any]) -> UserDocument:
        # observed: these two bodies have no wrapper.
        path, operation = self._records.path_of(action), f"vendor_api.users.{action}"
        args = self._records.args(user_id)
        request = Request("PUT", path, operation=operation, effect=Effect.SET, args=args, json=dict(body))
        return self._records.calls.written(request, "user", UserDocument)


def _described(
    user_full_name: str | Unset,
    company_name: str | Unset,
    company_position: str | Unset,
    user_note: str | Unset,
    language_id: Id | Unset,
    custom_fields: Mapping[str, Any] | Unset,
) -> dict[str, Any]:
    return checked.given(
        {
            "user_full_name": (user_full_name, checked.any_text),
            "company_name": (company_name, checked.any_text),
            "company_position": (company_position, checked.any_text),
            "user_note": (user_note, checked.any_text),
            "language_id": (language_id, checked.number),
            "custom_fields": (custom_fields, checked.custom_fields),
        }
    )
