"""Keys of Deskie's documents: what a record carries, what follows from that, and what it has no field for.

observed: the keys of cases, messages and users in clients' captures; docs/vendors/deskie.md lists them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from helpdesk_bridge.adapter import Keys
from helpdesk_bridge_deskie.wire.documents import CaseDocument, MessageDocument, UserDocument

NETWORKS: Final = (
    "vkontakte", "odnoklassniki", "facebook", "instagram", "telegram", "viber", "skype", "line", "slack", "mattermost", "avito",
)  # fmt: skip
"""observed: a user of the type `telegram` is known by `telegram_id`, and so on."""

_NOT_SET: Final = ("-",)
_FILES: Final = Keys(
    carried=frozenset({"file_name", "file_size", "mime_type", "url"}), follows=frozenset({"file_id", "attachment"})
)
_CASE: Final = Keys(
    carried=frozenset({
        "case_id", "case_number", "subject", "user_id", "staff_id", "group_id", "status", "priority", "channel", "recipient_cc",
        "cc_emails", "deleted", "spam", "created_at", "updated_at", "closed_at", "parent_case_id", "custom_fields", "labels", "rating",
        "rating_comment", "attachments",
    }),
    follows=frozenset({"last_response_at", "closing_speed", "case_url"}),
    lost={
        "recipient": "the address that the customer wrote to",
        "recipient_bcc": "blind copies",
        "bcc_emails": "blind copies",
        "language_id": "the language",
        "locked_labels": "labels that only rules may remove",
        "rated_staff_id": "the agent whom the rating is about",
        "idea": "an idea's stage, category and official answer",
    },
    inside={"attachments": _FILES},
    unset=_NOT_SET,
)  # fmt: skip
_MESSAGE: Final = Keys(
    carried=frozenset({
        "message_id", "user_id", "staff_id", "content", "content_html", "attachments", "note", "message_type", "sent_via_rule", "created_at",
    }),
    lost={
        "rating": "the rating of a reply",
        "rating_comment": "the comment on the rating of a reply",
        "rated_staff_id": "the agent whom the rating is about",
        "sent_at": "the time of a deferred message",
        "is_viewed": "whether the customer saw it",
    },
    inside={"attachments": _FILES},
    unset=_NOT_SET,
)  # fmt: skip
_USER: Final = Keys(
    carried=frozenset({
        "user_id", "user_full_name", "user_email", "user_phone", "user_whatsapp_phone", "wa_id", "user_custom_id", "company_name",
        "company_position", "active", "deleted", "created_at", "updated_at", "custom_fields", *(f"{network}_id" for network in NETWORKS),
    }),
    # The type says which identity is there, and a password is nobody's but the customer's.
    follows=frozenset({"type", "last_contact_at", "amount_of_cases", "password"}),
    lost={
        "user_custom_channel": "the channel of the customer's own id",
        "user_note": "the note about the customer",
        "user_screen_name": "the screen name",
        "language_id": "the language",
        "linked_users": "other users of the same customer",
        "confirmed": "whether the address is confirmed",
        "thumbnail": "the picture",
    },
    unset=_NOT_SET,
)  # fmt: skip
KEYS: Final[Mapping[type[Any], Keys]] = {CaseDocument: _CASE, MessageDocument: _MESSAGE, UserDocument: _USER}
