"""Vocabulary: Deskie's words for the neutral words of seed data."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

STATUS_OF = {
    "new": "open",
    "open": "open",
    "pending": "waiting",
    "on_hold": "waiting",
    "solved": "closed",
    "closed": "closed",
}
"""Deskie has three statuses (observed); the others become the nearest."""
PRIORITY_OF = {"low": "low", "normal": "normal", "high": "high", "urgent": "critical"}
RATING_OF = {-1: "low", 0: "middle", 1: "high"}
CHANNEL_OF = {
    "email": "email",
    "phone": "call",
    "portal": "web",
    "web_form": "web",
    "web_widget": "web",
    "api": "web",
    "chat": "live_chat",
    "whatsapp": "wa_chat",
    "teams": "cch1",
}
CHANNELS = frozenset(
    {"email", "web", "call", "live_chat", "facebook", "fb_chat", "vkontakte", "vk_chat", "twitter", "instagram_posts"}
    | {"instagram_chat", "ok_chat", "telegram", "skype", "slack", "mattermost", "viber", "line", "zalo", "wa_chat"}
    | {"youscan", "avito", "idea"}
)
"""observed: values in filters and answers; custom channels are `cch<N>`. An open set."""
TEXT_CHANNELS = frozenset({"live_chat", "wa_chat", "telegram", "viber", "cch1"})
"""observed: chats hold their text in `content`, e-mails in `content_html`."""
NETWORKS = {
    "vkontakte": "user_vkontakte",
    "odnoklassniki": "user_odnoklassniki",
    "facebook": "user_facebook",
    "instagram": "user_instagram",
    "telegram": "user_telegram",
    "viber": "user_viber",
    "skype": "user_skype",
    "line": "user_line",
    "slack": "user_slack",
    "mattermost": "user_mattermost",
    "avito": "user_avito",
}
"""observed: the networks by which users are known, and the parameter that names such a user in a create. recorded: a
create with `user_telegram` answers 201; the others are taken alike (assumed)."""
IDENTITY_FIELDS = {
    "email": "user_email",
    "phone": "user_phone",
    "wa": "wa_id",
    "custom": "user_custom_id",
    **{network: f"{network}_id" for network in NETWORKS},
}
"""observed: which field of a user holds its identity, by its type; recorded: a network's is `<type>_id`."""
FIELD_TYPE_OF = {
    "text": "text",
    "integer": "text",
    "decimal": "text",
    "checkbox": "checkbox",
    "date": "date",
    "select": "select",
}
MESSAGE_TYPE_OF = {"note": "note_regular", "forward": "note_fwd_message", "automatic": ""}
"""observed: the undocumented `message_type`; an automatic answer has none."""

_CID = re.compile(r"cid:([^\"'\s>]+)", re.IGNORECASE)


def channel_of(word: str) -> str:
    """Return the channel that seed data's word becomes; a word that Deskie has stays, any other is web."""
    return CHANNEL_OF.get(word) or (word if word in CHANNELS else "web")


def html_of(text: str) -> str:
    """Return plain text as the HTML that an e-mail reply holds."""
    return escape(text, quote=False).replace("\r\n", "\n").replace("\n", "<br />\n")


def with_urls(html: str, urls: Mapping[str, str]) -> str:
    """Replace `cid:` references by URLs; one that no file has stays."""
    return _CID.sub(lambda match: urls.get(match[1], match[0]), html)
