"""Documents of Deskie's API, read strictly except for the variations that clients have met.

observed: numbers as text, flags as 0/1 and "true", "-" for a date that is not set, absent fields.
assumed: ``[]`` for an empty object, because the server is PHP. Ids of records are what a document cannot be without.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, Final, NewType

from attrs import define, field, frozen

from helpdesk_bridge.adapter import NOTHING_LEFT, Converter, Leftover, Wire, WireTypeError

Fields = NewType("Fields", dict[str, Any])
"""An object of custom values by key, or the options of a select by key."""

Minutes = NewType("Minutes", int)
"""A number of minutes, "-" if not set (observed: a number and a text of digits)."""

Internal = NewType("Internal", bool)
"""Whether a message is a note. An unknown word counts as a note, so that it is never published."""

_MONTHS: Final = {
    name: f"{number:02}"
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), start=1
    )
}
_LENGTH: Final = len("Mon, 05 May 2014 00:15:17 +0300")
_SECONDS: Final = {f"{second:02}": timedelta(seconds=second) for second in range(60)}
_TRUE: Final = frozenset({True, "1", "true"})
_FALSE: Final = frozenset({False, "0", "false", ""})


def moment(text: Any) -> datetime | None:
    """Read a date such as ``Mon, 05 May 2014 00:15:17 +0300`` into UTC; "-" and "" are None.

    Raises ``WireTypeError`` for anything else.
    """
    if not isinstance(text, str):
        raise WireTypeError(f"expected a date, found {type(text).__name__}")
    if len(text) != _LENGTH:
        return _other_moment(text.strip())
    try:
        # Dates are most of what reading a page costs, and those of a page share their days and minutes.
        return _day(text[5:16], text[25:]) + _minute(text[16:23]) + _SECONDS[text[23:25]]
    except (ValueError, KeyError, OverflowError):
        raise WireTypeError("expected a date") from None


@lru_cache(maxsize=4096)
def _day(day: str, offset: str) -> datetime:
    """Return the midnight of `05 May 2014` at ` +0300`, in UTC."""
    if day[2] != " " or day[6] != " " or offset[0] != " ":
        raise ValueError(day)
    return datetime.fromisoformat(f"{day[7:]}-{_MONTHS[day[3:6]]}-{day[:2]}T00:00:00{offset[1:]}").astimezone(UTC)


@lru_cache(maxsize=1440)
def _minute(text: str) -> timedelta:
    """Return the time of day of ` 00:15:`."""
    if text[0] != " " or text[3] != ":" or text[6] != ":":
        raise ValueError(text)
    at = time.fromisoformat(text[1:6])
    return timedelta(hours=at.hour, minutes=at.minute)


def _other_moment(text: str) -> datetime | None:
    if text in {"", "-"}:
        return None
    try:
        parsed = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        raise WireTypeError("expected a date") from None
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)


def _integer(value: Any, _: Any = None) -> int:
    if type(value) is int:
        return value
    if isinstance(value, str) and value.strip().lstrip("-").isdecimal():
        return int(value)
    raise WireTypeError(f"expected a whole number, found {type(value).__name__}")


def _text(value: Any, _: Any = None) -> str:
    if type(value) is str:
        return value
    # PHP sends text of digits as a number where the column is one (observed: telegram ids).
    if type(value) is int:
        return str(value)
    raise WireTypeError(f"expected text, found {type(value).__name__}")


def _flag(value: Any, _: Any = None) -> bool:
    if type(value) is bool:
        return value
    if isinstance(value, (str, int)):
        folded = value.casefold() if isinstance(value, str) else value
        if folded in _TRUE or folded in _FALSE:
            return folded in _TRUE
    raise WireTypeError(f"expected true or false, found {type(value).__name__}")


def _fields(value: Any, _: Any) -> Any:
    if isinstance(value, dict):
        return value
    if value in ([], "", None):
        return {}
    if isinstance(value, list):
        return {str(index): item for index, item in enumerate(value)}
    raise WireTypeError(f"expected an object, found {type(value).__name__}")


# Almost every field may be null: one call for the usual values, where cattrs makes two, is a third of reading a page.
def _integer_or_none(value: Any, _: Any) -> int | None:
    # assumed: "" for a number that is not set, because the server is PHP.
    return value if type(value) is int or value is None else None if value == "" else _integer(value)


def _text_or_none(value: Any, _: Any) -> str | None:
    return value if type(value) is str or value is None else _text(value)


def _flag_or_none(value: Any, _: Any) -> bool | None:
    return value if type(value) is bool or value is None else _flag(value)


def _internal_or_none(value: Any, _: Any) -> bool | None:
    if value is None or type(value) is bool:
        return value
    if not isinstance(value, (str, int)):
        return True
    return (value.strip().casefold() if isinstance(value, str) else value) not in _FALSE


def _fields_or_none(value: Any, _: Any) -> Any:
    return value if type(value) is dict or value is None else _fields(value, _)


def _minutes_or_none(value: Any, _: Any) -> int | None:
    return None if value is None or value in ("-", "") else _integer(value)


def _moment_or_none(value: Any, _: Any) -> datetime | None:
    return None if value is None or value == "-" else moment(value)


def _integers_or_none(value: Any, _: Any) -> tuple[int, ...] | None:
    if not value and (value is None or type(value) is list):
        return None if value is None else ()
    if type(value) is dict and all(key.isdecimal() for key in value):
        value = [*value.values()]  # assumed: PHP writes a list with a gap as a map by number
    if type(value) is not list:
        raise WireTypeError(f"expected a list, found {type(value).__name__}")
    return tuple([item if type(item) is int else _integer(item) for item in value])


def _texts_or_none(value: Any, _: Any) -> Any:
    # observed: a text, or with `language_id=all` texts by language; PHP's empty map is a list.
    if isinstance(value, dict):
        return {str(key): _text(item) for key, item in value.items()}
    return None if value == [] else _text_or_none(value, _)


def _id_or_none(value: Any, _: Any) -> int | str | None:
    if value is None or type(value) is int or isinstance(value, str):
        return value
    raise WireTypeError(f"expected an id, found {type(value).__name__}")


_OPTIONAL: Final[tuple[tuple[Any, Any], ...]] = (
    (int | None, _integer_or_none),
    (str | None, _text_or_none),
    (bool | None, _flag_or_none),
    (Internal | None, _internal_or_none),
    (datetime | None, _moment_or_none),
    (tuple[int, ...] | None, _integers_or_none),
    (Fields | None, _fields_or_none),
    (Minutes | None, _minutes_or_none),
    (int | str | None, _id_or_none),
    (str | Mapping[str, str] | None, _texts_or_none),
)


def _configure(converter: Converter) -> None:
    converter.register_structure_hook(int, _integer)
    converter.register_structure_hook(str, _text)
    converter.register_structure_hook(bool, _flag)
    converter.register_structure_hook(datetime, lambda value, _: moment(value))
    converter.register_structure_hook(Fields, _fields)
    for optional, hook in _OPTIONAL:
        converter.register_structure_hook(optional, hook)


@frozen(kw_only=True)
class FileDocument:
    """A file of a message."""

    file_name: str | None = None
    file_size: int | None = None
    mime_type: str | None = None
    url: str | None = field(default=None, repr=False)


WIRE: Final = Wire(_configure)


@frozen(kw_only=True)
class Document:
    """A document that can carry the vendor's own JSON, if the desk keeps it, and what of it no record takes."""

    raw: Any = field(default=None, eq=False, repr=False, kw_only=True)
    left: Leftover = field(default=NOTHING_LEFT, eq=False, repr=False, kw_only=True)


@define
class CaseDocument:
    """A case. Any field but its id may be absent (observed).

    Not frozen: each is read into a ticket and let go of, and freezing it is two thirds of making it.
    """

    case_id: int
    case_number: str | None = None
    subject: str | None = field(default=None, repr=False)
    user_id: int | None = None
    staff_id: int | None = None
    group_id: int | None = None
    status: str | None = None
    priority: str | None = None
    channel: str | None = None
    recipient_cc: str | None = field(default=None, repr=False)
    cc_emails: str | None = field(default=None, repr=False)
    deleted: bool | None = None
    spam: bool | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    closed_at: datetime | None = None
    parent_case_id: int | None = None
    custom_fields: Fields | None = field(default=None, repr=False)
    labels: tuple[int, ...] | None = None
    rating: str | None = None
    rating_comment: str | None = field(default=None, repr=False)
    attachments: tuple[FileDocument, ...] | None = None
    raw: Any = field(default=None, eq=False, repr=False, kw_only=True)
    left: Leftover = field(default=NOTHING_LEFT, eq=False, repr=False, kw_only=True)


@frozen(kw_only=True)
class MessageDocument(Document):
    """A message or a note of a case."""

    message_id: int
    user_id: int | None = None
    staff_id: int | None = None
    content: str | None = field(default=None, repr=False)
    content_html: str | None = field(default=None, repr=False)
    attachments: tuple[FileDocument, ...] | None = None
    note: Internal | None = None
    message_type: str | None = None
    sent_via_rule: bool | None = None
    created_at: datetime | None = None


@frozen(kw_only=True)
class UserDocument(Document):
    """A user, who is a contact. Which identity field is there depends on the user's type (observed)."""

    user_id: int
    user_full_name: str | None = field(default=None, repr=False)
    user_screen_name: str | None = field(default=None, repr=False)
    user_email: str | None = field(default=None, repr=False)
    user_phone: str | None = field(default=None, repr=False)
    user_whatsapp_phone: str | None = field(default=None, repr=False)
    wa_id: str | None = field(default=None, repr=False)
    user_custom_id: str | None = None
    user_custom_channel: str | None = None
    vkontakte_id: str | None = field(default=None, repr=False)
    odnoklassniki_id: str | None = field(default=None, repr=False)
    facebook_id: str | None = field(default=None, repr=False)
    instagram_id: str | None = field(default=None, repr=False)
    telegram_id: str | None = field(default=None, repr=False)
    viber_id: str | None = field(default=None, repr=False)
    skype_id: str | None = field(default=None, repr=False)
    line_id: str | None = field(default=None, repr=False)
    slack_id: str | None = field(default=None, repr=False)
    mattermost_id: str | None = field(default=None, repr=False)
    avito_id: str | None = field(default=None, repr=False)
    type: str | None = None
    company_name: str | None = None
    company_position: str | None = None
    user_note: str | None = field(default=None, repr=False)
    language_id: int | None = None
    linked_users: tuple[int, ...] | None = None
    confirmed: bool | None = None
    active: bool | None = None
    deleted: bool | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    last_contact_at: datetime | None = None
    custom_fields: Fields | None = field(default=None, repr=False)
    amount_of_cases: int | None = None


@frozen(kw_only=True)
class StaffDocument:
    """An agent. ``status_id`` is the presence: 1 online, 2 offline, 3 no chats, larger ones the account's own."""

    staff_id: int
    staff_email: str | None = None
    staff_full_name: str | None = None
    staff_signature: str | None = field(default=None, repr=False)
    staff_signature_chat: str | None = field(default=None, repr=False)
    active: bool | None = None
    status_id: int | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


@frozen(kw_only=True)
class GroupDocument:
    """A group."""

    group_id: int
    group_title: str | None = None
    group_from_name: str | None = None
    group_signature: str | None = field(default=None, repr=False)
    active: bool | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


@frozen(kw_only=True)
class LabelDocument:
    """A label."""

    label_id: int
    label_title: str | None = None


@frozen(kw_only=True)
class CompanyDocument:
    """A company."""

    company_id: int
    company_name: str | None = None
    company_domains: str | None = None
    company_default_group: int | None = None
    company_address: str | None = field(default=None, repr=False)
    company_note: str | None = field(default=None, repr=False)
    active: bool | None = None
    deleted: bool | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    amount_of_users: int | None = None
    amount_of_cases: int | None = None


@frozen(kw_only=True)
class CustomFieldDocument:
    """The definition of a custom field; ``field_data`` holds a select's words by key."""

    field_id: int
    title: str | None = None
    field_type: str | None = None
    field_level: str | None = None
    active: bool | None = None
    field_data: Fields | None = None


def without_secrets(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a document without the password that Deskie sends in clear text when a user is created (observed)."""
    return {key: value for key, value in document.items() if key != "password"}
