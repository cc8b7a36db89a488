"""Checks of arguments before a call is sent: each returns the value that Deskie takes, or raises ``Invalid``.

No message holds the value itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from helpdesk_bridge.adapter import UNSET, Body, Invalid, Unset, Upload, body_of
from helpdesk_bridge_deskie.capabilities import FILES
from helpdesk_bridge_deskie.client.calls import LAST_PAGE, PAGE, Params
from helpdesk_bridge_deskie.wire.writing import body_fields

Checks = Mapping[str, tuple[Any, Callable[[Any, str], Any]]]
"""Values by the field's name, each with its check."""
BULK: Final = 10
"""observed: ten ids at most in one call on several cases."""
RATINGS: Final = ("low", "middle", "high")
"""observed: the words of a rating."""
STAGES: Final = ("waiting", "planned", "in_progress", "finished")
"""observed: the stages of an idea."""
ACCESS: Final = ("public", "staff_only")
"""observed: who may read an article."""
ARTICLE_SORTS: Final = ("id_desc", "id_asc", "created_at_desc", "created_at_asc", "manual_order")
CASE_SORTS: Final = tuple(
    f"{key}_{way}" for key in ("updated_at", "created_at", "response", "priority", "status") for way in ("desc", "asc")
)
"""observed: `response` is the last answer, `priority_desc` has critical first, `status_asc` open first."""
PERIODS: Final = (
    "last_24_hours", "last_7_days", "last_14_days", "last_30_days", "today", "yesterday", "this_week", "last_week",
    "this_month", "last_month", "month_2", "month_3", "month_4", "month_5", "month_6", "3_previous_months",
    "6_previous_months", "this_year", "last_year",
)  # fmt: skip
"""observed: the periods of statistics."""
NETWORKS: Final = (
    "vkontakte", "odnoklassniki", "facebook", "instagram", "telegram", "viber", "skype", "line", "slack", "mattermost",
    "avito",
)  # fmt: skip
"""observed: the messengers and social networks by which a user can be created, as `user_telegram`."""
SHORTEST_SEARCH: Final = 3
"""observed: users, companies and articles are searched by 3 characters or more."""
_ID: Final = re.compile(r"[0-9]{1,18}")
_CASE: Final = re.compile(r"[0-9]{1,18}|[0-9]{1,6}-[0-9]{1,12}")
_CHANNEL: Final = re.compile(r"cch[0-9]{1,9}")
_LANGUAGE_ID: Final = re.compile(r"[0-9]{1,9}")


def record_id(value: str | int, field: str) -> str:
    """Return an id as text; 0, which means none, is refused."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _ID.fullmatch(text) or not int(text):
        raise Invalid(f"{field}: expected an id, a whole number above 0", field=field)
    return text


def number(value: str | int, field: str) -> int:
    """Return an id as the number that bodies hold."""
    return int(record_id(value, field))


def numbers(values: Iterable[str | int], field: str) -> list[int]:
    """Return several ids; one at least."""
    ids = [number(value, field) for value in listed(values, field)]
    if not ids:
        raise Invalid(f"{field}: expected at least one id", field=field)
    return ids


def case_ident(value: str | int, field: str = "case_id") -> str:
    """Return a case's id or its number, such as 130-000042 (observed: paths take both)."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _CASE.fullmatch(text):
        raise Invalid(f"{field}: expected a case's id, or its number such as 130-000042", field=field)
    return text


def case_ids(values: Iterable[str | int], field: str = "case_ids") -> tuple[str, ...]:
    """Return the ids of one to ten different cases."""
    ids = tuple(dict.fromkeys(record_id(value, field) for value in listed(values, field)))
    if not 1 <= len(ids) <= BULK:
        raise Invalid(f"{field}: {len(ids)} cases; expected 1 to {BULK}", field=field, limit=BULK)
    return ids


def listed(values: Any, field: str) -> list[Any]:
    """Return several values as a list; a single text or number is refused."""
    if isinstance(values, (str, int, Mapping)) or not isinstance(values, Iterable):
        raise Invalid(f"{field}: expected several values", field=field)
    return list(values)


def text(value: str, field: str) -> str:
    """Return a text that is not blank."""
    if not isinstance(value, str) or not value.strip():
        raise Invalid(f"{field}: expected text that is not empty", field=field)
    return value


def any_text(value: str, field: str) -> str:
    """Return a text, which may be empty: that clears."""
    if not isinstance(value, str):
        raise Invalid(f"{field}: expected text", field=field)
    return value


def texts(value: str | Mapping[str | int, str], field: str) -> str | dict[str, str]:
    """Return a text, or texts by language id (observed for the knowledge base)."""
    if not isinstance(value, Mapping):
        return text(value, field)
    if not value or not all(_LANGUAGE_ID.fullmatch(str(key)) for key in value):
        raise Invalid(f"{field}: expected texts by the id of their language", field=field)
    return {str(key): text(translation, field) for key, translation in value.items()}


def search(value: str, field: str, shortest: int = SHORTEST_SEARCH) -> str:
    """Return a text to search for; the marks ``^`` at its ends do not count towards its length (assumed)."""
    if len(text(value, field).removeprefix("^").removesuffix("^")) < shortest:
        raise Invalid(f"{field}: a search needs at least {shortest} characters", field=field, limit=shortest)
    return value


def email(value: str, field: str) -> str:
    """Return an e-mail address, roughly looked at."""
    if not isinstance(value, str) or not re.fullmatch(r"[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+", value):
        raise Invalid(f"{field}: expected an e-mail address", field=field)
    return value


def phone(value: str, field: str) -> str:
    """Return a phone number: anything with a digit in it."""
    if not isinstance(value, str) or not any(letter.isdecimal() for letter in value):
        raise Invalid(f"{field}: expected a phone number", field=field)
    return value


def channel_key(value: str, field: str) -> str:
    """Return the key of a custom channel, such as `cch1` (observed)."""
    if not isinstance(value, str) or not _CHANNEL.fullmatch(value):
        raise Invalid(f"{field}: expected the key of a custom channel, such as cch1", field=field)
    return value


def choice(value: str, allowed: Sequence[str], field: str) -> str:
    """Return one word of a list."""
    if value not in allowed:
        raise Invalid(f"{field}: expected one of {', '.join(allowed)}", field=field)
    return value


def flag(value: bool, field: str) -> bool:  # noqa: FBT001 - it is the value that is checked
    """Return True or False."""
    if not isinstance(value, bool):
        raise Invalid(f"{field}: expected True or False", field=field)
    return value


def moment(value: datetime, field: str) -> int:
    """Return an aware time in Unix seconds, which need no account's zone."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise Invalid(f"{field}: expected a time with a time zone", field=field)
    return int(value.timestamp())


def body(value: str | Body, field: str = "body") -> dict[str, str]:
    """Return a body's fields; an empty one is refused."""
    if not isinstance(value, (str, Body)):
        raise Invalid(f"{field}: expected text or a Body", field=field)
    content = body_of(value)
    if not (content.html or content.text).strip():
        raise Invalid(f"{field}: the message is empty", field=field)
    return body_fields(content)


def files(values: Sequence[Upload], field: str = "attachments") -> tuple[Upload, ...]:
    """Return files within the sizes that Deskie names: 25 MB each, 50 MB together."""
    uploads = tuple(values)
    if not all(isinstance(upload, Upload) for upload in uploads):
        raise Invalid(f"{field}: expected Upload objects", field=field)
    sizes = [upload.size for upload in uploads if upload.size is not None]
    if FILES.bytes_each is not None and sizes and max(sizes) > FILES.bytes_each:
        raise Invalid(f"{field}: a file is larger than {FILES.bytes_each} bytes", field=field, limit=FILES.bytes_each)
    if FILES.bytes_together is not None and sum(sizes) > FILES.bytes_together:
        raise Invalid(
            f"{field}: the files together are larger than {FILES.bytes_together} bytes",
            field=field,
            limit=FILES.bytes_together,
        )
    return uploads


def page(number_: int, limit: int) -> Params:
    """Return the parameters of one page: 1 to 500, with 1 to 100 rows (observed)."""
    for field, value, most in (("page", number_, LAST_PAGE), ("limit", limit, PAGE)):
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            raise Invalid(f"{field}: expected a number from 1 to {most}", field=field, limit=most)
    return (("page", str(number_)), ("limit", str(limit)))


def not_empty(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the fields of a change. Raises ``Invalid`` if there are none."""
    if not fields:
        raise Invalid("the change is empty: every field is UNSET", field="change")
    return fields


def given(checks: Checks) -> dict[str, Any]:
    """Return the fields that are to be sent, each through its check; ``UNSET`` ones are left out."""
    return {name: check(value, name) for name, (value, check) in checks.items() if not isinstance(value, Unset)}


def identity(
    user_email: str | Unset,
    user_phone: str | Unset,
    user_whatsapp_phone: str | Unset,
    user_custom_id: str | Unset,
    channel: str | Unset,
    *,
    network: tuple[str, str] | Unset = UNSET,
    channel_field: str = "user_custom_channel",
    record: str = "user",
) -> dict[str, Any]:
    """Return the one identity of a user; a custom id needs the key of its custom channel.

    ``network`` is a messenger or social network of ``NETWORKS`` and the user's id there.
    """
    fields = given(
        {
            "user_email": (user_email, email),
            "user_phone": (user_phone, phone),
            "user_whatsapp_phone": (user_whatsapp_phone, phone),
            "user_custom_id": (user_custom_id, text),
        }
    )
    if not isinstance(network, Unset):
        name, value = network if isinstance(network, tuple) and len(network) == 2 else ("", "")  # noqa: PLR2004 - a pair
        fields[f"user_{choice(name, NETWORKS, 'network')}"] = text(value, "network")
    if len(fields) != 1:
        more = " and network" if record == "user" else ""
        raise Invalid(
            f"a {record} needs exactly one of user_email, user_phone, user_whatsapp_phone, user_custom_id{more}",
            field="user_email",
        )
    if "user_custom_id" in fields:
        fields[channel_field] = channel_key("" if isinstance(channel, Unset) else channel, channel_field)
    return fields


def pair(value: str | tuple[str, str], field: str) -> str:
    """Return an old and a new value, or one value alone, as a changelog takes them."""
    sides = (text(value, field),) if isinstance(value, str) else value
    if not isinstance(sides, tuple) or not all(isinstance(side, str) for side in sides) or len(sides) not in (1, 2):
        raise Invalid(f"{field}: expected an old and a new value, or one value", field=field)
    if any("," in side for side in sides):
        raise Invalid(f"{field}: a value cannot contain a comma", field=field)
    return ",".join(sides)


def custom_fields(value: Mapping[str, Any], field: str) -> dict[str, Any]:
    """Return custom values by Deskie's keys, `cf_<id>`."""
    if not isinstance(value, Mapping) or not all(re.fullmatch(r"cf_[0-9]{1,18}", str(key)) for key in value):
        raise Invalid(f"{field}: expected values by keys such as cf_25", field=field)
    if not all(content is None or isinstance(content, (str, int, bool)) for content in value.values()):
        raise Invalid(f"{field}: expected text, numbers, True or False", field=field)
    return {key: "" if content is None else content for key, content in value.items()}


def urls(values: Sequence[str], field: str) -> list[str]:
    """Return addresses that Deskie is to fetch files from."""
    addresses = [] if isinstance(values, str) else list(values)
    if not addresses or not all(
        isinstance(address, str) and re.fullmatch(r"https?://[^\s\x00-\x1f]+", address) for address in addresses
    ):
        raise Invalid(f"{field}: expected addresses that start with http:// or https://", field=field)
    return addresses
