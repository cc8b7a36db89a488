"""Rendering: records as the JSON documents that Deskie sends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from attrs import asdict

from helpdesk_bridge_deskie.simulator.lists import list_item
from helpdesk_bridge_deskie.simulator.records.vocabulary import IDENTITY_FIELDS
from helpdesk_bridge_deskie.simulator.times import format_moment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from zoneinfo import ZoneInfo

    from helpdesk_bridge.testing.simulator.switches import Setting
    from helpdesk_bridge_deskie.simulator.records.records import (
        Case,
        Company,
        CustomChannel,
        FieldDefinition,
        FileEntry,
        Group,
        Label,
        Message,
        Record,
        Staff,
        User,
    )

ORIGIN = "\ue000origin\ue001"
"""Placeholder for the account's own origin in stored HTML, because the address of the server is known only later."""
_SHAPES = (
    "cc_names", "numeric_strings", "minimal_objects", "flag_form", "empty_map_as_list", "message_type", "no_parent",
    "whatsapp_users",
)  # fmt: skip


def file_path(file_id: int, name: str) -> str:
    """Return the path of a file (assumed; papers and clients show only that it is a URL)."""
    return f"/attachments/{file_id}/{quote(name.lstrip('/'), safe='', errors='replace') or 'file'}"


class Renderer:
    """Turns records into the documents of the wire, in the shapes that the switches ask for."""

    def __init__(self, settings: Mapping[str, Setting], zone: ZoneInfo, origin: Callable[[], str]) -> None:
        self._settings = settings
        self._zone = zone
        self._origin = origin

    def item(self, kind: str, record: Record, render: Callable[[Any], dict[str, Any]]) -> str:
        """Return a record as an item of a list; rendered once, until it changes or its server's address does."""
        made_for = (self._origin(), *(self._settings[name] for name in _SHAPES))
        if record.rendered is None or record.rendered[0] != made_for:
            record.rendered = (made_for, list_item(kind, render(record)))
        return record.rendered[1]

    def case(self, case: Case) -> dict[str, Any]:
        """Return a case. observed: clients' captures, but for the names of the copies, which a page of Deskie's has."""
        deskie = self._settings["cc_names"] == "deskie"
        document: dict[str, Any] = {
            "case_id": case.case_id,
            "case_number": case.case_number,
            "subject": case.subject,
            "user_id": case.user_id,
            "staff_id": self._number(case.staff_id),
            "group_id": self._number(case.group_id),
            "status": case.status,
            "priority": case.priority,
            "channel": case.channel,
            "recipient": case.recipient,
            "recipient_cc" if deskie else "cc_emails": case.cc,
            "recipient_bcc" if deskie else "bcc_emails": case.bcc,
            "deleted": self._flag(case.deleted),
            "spam": self._flag(case.spam),
            "created_at": self._moment(case.created_at),
            "closed_at": self._moment(case.closed_at),
            "updated_at": self._moment(case.updated_at),
            "last_response_at": self._moment(case.last_response_at),
            "closing_speed": self._closing_speed(case),
            "language_id": self._number(case.language_id),
            "custom_fields": self._map(case.custom_fields),
            "labels": [self._number(label) for label in case.labels],
            "locked_labels": list(case.locked_labels),
        }
        if case.parent_case_id or self._settings["no_parent"] != "absent":
            document["parent_case_id"] = self._parent(case)
        if case.channel == "idea":
            document["idea"] = asdict(case.idea)
        self._add_rating(document, case)
        return self._without(document, _OPTIONAL_CASE_FIELDS)

    def message(self, message: Message) -> dict[str, Any]:
        """Return a reply or a note (observed: both are called message)."""
        document: dict[str, Any] = {
            "message_id": message.message_id,
            "user_id": self._number(message.user_id),
            "staff_id": self._number(message.staff_id),
            "content": message.content,
            "content_html": message.content_html.replace(ORIGIN, self._origin()),
            "attachments": self.files(message.files),
            "note": self._flag(message.note),
            "message_type": message.message_type,
            "sent_via_rule": message.sent_via_rule,
            "is_viewed": message.is_viewed,
            "created_at": self._moment(message.created_at),
            "sent_at": self._moment(message.sent_at),
        }
        if not self._settings["message_type"]:
            del document["message_type"]
        self._add_rating(document, message)
        optional = [name for name in ("content", "content_html", "attachments") if not document[name]]
        return self._without(document, (*optional, "sent_via_rule", "is_viewed", "sent_at"))

    def files(self, files: list[FileEntry]) -> list[dict[str, Any]]:
        """Return file objects; their URLs are on the account's own host (observed)."""
        return [
            {
                "file_id": file.file_id,
                "file_name": file.name,
                "file_size": file.size,
                "mime_type": file.mime_type,
                "url": self._origin() + file_path(file.file_id, file.name),
            }
            for file in files
        ]

    def user(self, user: User) -> dict[str, Any]:
        """Return a customer."""
        document: dict[str, Any] = {
            "user_id": user.user_id,
            "user_full_name": user.full_name,
            "user_screen_name": user.screen_name,
            "company_name": user.company_name,
            "company_position": user.company_position,
            "thumbnail": "",
            "confirmed": user.confirmed,
            "active": user.active,
            "deleted": self._flag(user.deleted),
            "created_at": self._moment(user.created_at),
            "updated_at": self._moment(user.updated_at),
            "last_contact_at": self._moment(user.last_contact_at),
            **self._identity(user),
            "language_id": self._number(user.language_id),
            "custom_fields": self._map(user.custom_fields),
            "linked_users": list(user.linked),
            "user_note": user.user_note,
        }
        if user.custom_channel:
            document["user_custom_channel"] = user.custom_channel
        return document

    def _identity(self, user: User) -> dict[str, Any]:
        """Return a user's type and identity. recorded: users of WhatsApp come in two forms."""
        if user.kind == "wa" and self._settings["whatsapp_users"] == "whatsapp":
            return {"type": "whatsapp", "user_whatsapp_phone": user.identity}
        identity = int(user.identity) if user.kind == "telegram" and user.identity.isdecimal() else user.identity
        return {"type": user.kind, IDENTITY_FIELDS[user.kind]: identity}

    def staff(self, staff: Staff) -> dict[str, Any]:
        """Return an agent as lists and views show it; other answers lack `status_id` (observed)."""
        return {
            **self.staff_written(staff),
            "status": "online" if staff.status_id == 1 else "offline",
            "status_id": staff.status_id,
        }

    def staff_written(self, staff: Staff) -> dict[str, Any]:
        """Return an agent as the answer to a write shows it."""
        return {
            "staff_id": staff.staff_id,
            "staff_email": staff.email,
            "staff_full_name": staff.full_name,
            "staff_signature": staff.signature,
            "staff_signature_chat": staff.signature_chat,
            "thumbnail": "",
            "active": staff.active,
            "created_at": self._moment(staff.created_at),
            "updated_at": self._moment(staff.updated_at),
        }

    def group(self, group: Group) -> dict[str, Any]:
        """Return a group (observed: a page of Deskie's)."""
        return {
            "group_id": group.group_id,
            "group_title": group.title,
            "group_from_name": group.from_name,
            "group_signature": group.signature,
            "active": group.active,
            "created_at": self._moment(group.created_at),
            "updated_at": self._moment(group.updated_at),
        }

    def company(self, company: Company) -> dict[str, Any]:
        """Return a company."""
        return {
            "company_id": company.company_id,
            "company_name": company.name,
            "company_domains": ",".join(company.domains),
            "company_default_group": self._number(company.default_group),
            "company_address": company.address,
            "company_note": company.note,
            "active": company.active,
            "deleted": self._flag(company.deleted),
            "created_at": self._moment(company.created_at),
            "updated_at": self._moment(company.updated_at),
        }

    def label(self, label: Label) -> dict[str, Any]:
        """Return a label (observed: a page of Deskie's)."""
        return {"label_id": label.label_id, "label_title": label.title}

    def custom_field(self, definition: FieldDefinition) -> dict[str, Any]:
        """Return a custom field; `field_data` is "" for all but a select (observed)."""
        return {
            "field_id": definition.field_id,
            "title": definition.title,
            "field_type": definition.field_type,
            "field_level": definition.level,
            "active": True,
            "field_data": dict(definition.options) or "",
        }

    def custom_channel(self, channel: CustomChannel) -> dict[str, Any]:
        """Return a custom channel."""
        return {
            "channel_id": channel.channel_id,
            "channel_api_key": channel.key,
            "title": channel.title,
            "channel_type": channel.channel_type,
            "icon": "",
            "webhook_url": channel.webhook_url,
            "active": True,
        }

    def moment(self, seconds: int | None) -> str:
        """Return a time in the account's zone, or `-`."""
        return self._moment(seconds)

    def _moment(self, seconds: int | None) -> str:
        return format_moment(seconds, self._zone)

    def _number(self, value: int) -> int | str:
        return str(value) if self._settings["numeric_strings"] else value

    def _flag(self, value: bool) -> bool | int | str:  # noqa: FBT001 - it is the value that is rendered
        form = self._settings["flag_form"]
        return int(value) if form == "int" else str(value).lower() if form == "text" else value

    def _parent(self, case: Case) -> int | str | None:
        if not case.parent_case_id and self._settings["no_parent"] == "null":
            return None
        return self._number(case.parent_case_id)

    def _map(self, values: dict[str, Any]) -> dict[str, Any] | list[Any]:
        return dict(values) if values or not self._settings["empty_map_as_list"] else []

    def _closing_speed(self, case: Case) -> int | str:
        if case.closed_at is None:
            return self._moment(None)
        return self._number(max(0, case.closed_at - case.created_at) // 60)

    def _add_rating(self, document: dict[str, Any], rated: Case | Message) -> None:
        if rated.rating is not None:
            document["rating"] = rated.rating
            document["rating_comment"] = rated.rating_comment
            document["rated_staff_id"] = rated.rated_staff_id

    def _without(self, document: dict[str, Any], optional: tuple[str, ...]) -> dict[str, Any]:
        if not self._settings["minimal_objects"]:
            return document
        return {name: value for name, value in document.items() if name not in optional}


_OPTIONAL_CASE_FIELDS = (
    "recipient",
    "recipient_cc",
    "recipient_bcc",
    "cc_emails",
    "bcc_emails",
    "closed_at",
    "last_response_at",
    "closing_speed",
    "language_id",
    "custom_fields",
    "labels",
    "locked_labels",
    "parent_case_id",
)
"""observed: clients' fixtures hold "minimal" cases without these."""
