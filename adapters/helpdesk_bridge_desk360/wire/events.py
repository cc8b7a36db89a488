"""Events: the bodies of Desk360's webhooks as typed values. documented: Desk360 API, "WhatsApp Webhooks".

Unknown content never fails: a message of an unknown type, an undocumented status word and a body of another shape all
become events, with the document in ``raw``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from attrs import field, frozen

from helpdesk_bridge.adapter import Portable, digest, format_ref
from helpdesk_bridge_desk360.wire.cards import ContactCard, received
from helpdesk_bridge_desk360.wire.phones import conversation_id, digits_of, with_plus

_WRAPPERS: Final = 3
_PRESSED: Final = frozenset({"button", "interactive", "list", "button_reply", "list_reply"})
_MEDIA_KEYS: Final = ("media_id", "mime_type", "sha", "message")


@frozen(kw_only=True)
class Location(Portable):
    """A location that a customer sent."""

    latitude: float | None = None
    longitude: float | None = None
    name: str | None = None
    address: str | None = None


@frozen(kw_only=True)
class InboundFile(Portable):
    """A file of a message: a URL on the vendor's CDN, a media id for the API, or both."""

    url: str | None = field(default=None, repr=False)
    media_id: str | None = None
    name: str | None = None
    content_type: str | None = None
    sha: str | None = None


@frozen(kw_only=True)
class MessageReceived(Portable):
    """A customer wrote. ``phone`` is as WhatsApp wrote it, with a plus; ``at`` is None if the webhook's time cannot be read.

    ``ticket`` is the ref of the conversation, ``ticket_id`` its id. ``type`` is the vendor's word. ``button`` is the id of
    the button or list row that was pressed: that it comes back is documented (Desk360 API,
    "This ID is returned in the webhook when the button is clicked"), not where, so all usual places are read.
    """

    id: str
    phone: str = field(repr=False)
    ticket_id: str = field(repr=False)
    ticket: str = field(repr=False)
    type: str
    at: datetime | None = None
    name: str | None = field(default=None, repr=False)
    text: str | None = field(default=None, repr=False)
    button: str | None = field(default=None, repr=False)
    location: Location | None = field(default=None, repr=False)
    contacts: tuple[ContactCard, ...] = field(default=(), repr=False)
    files: tuple[InboundFile, ...] = field(default=(), repr=False)
    raw: Mapping[str, Any] = field(factory=dict, repr=False, eq=False)


@frozen(kw_only=True)
class DeliveryChanged(Portable):
    """A sent message was ``delivered`` or ``read``. Failures are never reported.

    documented: Desk360 API, "delivered|read".
    """

    id: str
    status: str
    ticket_id: str | None = field(default=None, repr=False)
    ticket: str | None = field(default=None, repr=False)
    raw: Mapping[str, Any] = field(factory=dict, repr=False, eq=False)


@frozen(kw_only=True)
class UnknownEvent(Portable):
    """A body of another shape, as it came; it belongs to no conversation and is stored apart."""

    raw: Any = field(repr=False, eq=False)


Event: TypeAlias = MessageReceived | DeliveryChanged | UnknownEvent


def events_in(document: Any, account: str) -> tuple[Event, ...]:
    """Return the events of a webhook's body, already parsed; ``account`` is the integration that refs name.

    documented: one object under ``messages`` or ``statuses``. Lists of them and ``{"body": …}`` are accepted too
    (observed: a client's parser expects both).
    """
    events: list[Event] = []
    for body in _unwrapped(document):
        before = len(events)
        if isinstance(body, dict):
            events += [_message(entry, account) for entry in _entries(body.get("messages"))]
            events += [_status(entry, account) for entry in _entries(body.get("statuses"))]
        if len(events) == before:
            events.append(UnknownEvent(raw=body))
    return tuple(events)


def _unwrapped(document: Any) -> Iterator[Any]:
    for one in document if isinstance(document, list) else [document]:
        inner = one
        for _ in range(_WRAPPERS):
            if isinstance(inner, dict) and isinstance(inner.get("body"), (dict, list)) and not inner.keys() & _TOP:
                inner = inner["body"]
        yield from inner if isinstance(inner, list) else [inner]


_TOP: Final = {"messages", "statuses"}


def _entries(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _message(entry: Any, account: str) -> Event:
    sender = _text(entry.get("from")) if isinstance(entry, dict) else None
    conversation = conversation_id(sender) if sender else ""
    if not sender or not conversation:
        return UnknownEvent(raw={"messages": entry})
    kind = _text(entry.get("type")) or "unknown"
    return MessageReceived(
        id=_text(entry.get("id")) or f"~{digest(repr(sorted(entry.items(), key=str)))}",
        phone=with_plus(digits_of(sender)),
        ticket_id=conversation,
        ticket=format_ref("desk360", account, "ticket", conversation),
        type=kind,
        at=_moment(entry.get("timestamp")),
        name=_text(entry.get("name")),
        text=_text(entry.get("text")) or _caption(entry.get(kind)),
        button=_button(entry, kind),
        location=_location(entry.get("location")),
        contacts=tuple(received(card) for card in _entries(entry.get("contacts"))),
        files=tuple(_files(entry, kind)),
        raw=MappingProxyType(entry),
    )


def _status(entry: Any, account: str) -> Event:
    message_id = _text(entry.get("id")) if isinstance(entry, dict) else None
    status = _text(entry.get("status")) if message_id else None
    if message_id is None or status is None:
        return UnknownEvent(raw={"statuses": entry})
    conversation = conversation_id(_text(entry.get("from")) or "") or None
    return DeliveryChanged(
        id=message_id,
        status=status,
        ticket_id=conversation,
        ticket=format_ref("desk360", account, "ticket", conversation) if conversation else None,
        raw=MappingProxyType(entry),
    )


def _text(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return value if isinstance(value, str) and value.strip() else None


def _moment(value: Any) -> datetime | None:
    # documented: `timestamp` is a text of epoch seconds.
    text = _text(value)
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 11:  # noqa: PLR2004 - seconds, until 5138
        return None
    return datetime.fromtimestamp(int(text), UTC)


def _caption(value: Any) -> str | None:
    # documented: an image's caption is its `message`; the keys of a pressed button are not shown anywhere (assumed).
    if not isinstance(value, dict):
        return None
    nested = (inner for inner in value.values() if isinstance(inner, dict))
    for place in (value, *nested):
        for key in ("message", "caption", "text", "body", "title"):
            if isinstance(place.get(key), str) and place[key].strip():
                return str(place[key])
    return None


def _button(entry: Mapping[str, Any], kind: str) -> str | None:
    # assumed: under the type's own name, flat or one level down as WhatsApp's own format has it (button_reply, list_reply).
    if kind not in _PRESSED or not isinstance(entry.get(kind), dict):
        return None
    nested = [inner for inner in entry[kind].values() if isinstance(inner, dict)]
    ids = (_text(place.get(key)) for place in (*nested, entry[kind]) for key in ("id", "payload"))
    return next((button_id for button_id in ids if button_id is not None), None)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value)
    except OverflowError:  # a whole number beyond all floats
        return None


def unreadable(entry: Mapping[str, Any], kind: str) -> tuple[str, ...]:
    """Return the keys of a message under which something stands that was not read."""
    readers = {
        "id": _text,
        "type": _text,
        "timestamp": _moment,
        "name": _text,
        "text": _text,
        "location": _whole_location,
    }
    odd = [key for key, read in readers.items() if _holds(entry.get(key)) and read(entry[key]) is None]
    if kind == "text" and _caption(entry.get("text")) is not None:
        odd.remove("text")
    if not all(isinstance(card, dict) for card in _entries(entry.get("contacts"))):
        odd.append("contacts")
    files = _attached(entry.get("attachments"))
    if _holds(entry.get("attachments")) and (files is None or not all(map(_is_file, files))):
        odd.append("attachments")
    if kind not in ("text", "location", "contacts") and _holds(entry.get(kind)) and not _is_described(entry[kind]):
        odd.append(kind)
    return tuple(odd)


def _holds(value: Any) -> bool:
    return bool(value.strip()) if isinstance(value, str) else value is not None and value not in ([], {})


def _whole_location(value: Any) -> Location | None:
    found = _location(value)
    parts = [
        part for part in ("latitude", "longitude", "name", "address") if found is not None and _holds(value.get(part))
    ]
    return found if parts and all(getattr(found, part) is not None for part in parts) else None


def _attached(value: Any) -> list[Any] | None:
    lists = list(value.values()) if isinstance(value, dict) else [value]
    return [one for some in lists for one in some] if all(isinstance(some, list) for some in lists) else None


def _is_file(value: Any) -> bool:
    return isinstance(value, dict) and all(
        _text(value.get(key)) is not None for key in ("url", "name") if key == "url" or _holds(value.get(key))
    )


def _is_described(value: Any) -> bool:
    told = [key for key in _MEDIA_KEYS if _holds(value.get(key))] if isinstance(value, dict) else []
    return bool(told) and all(_text(value[key]) is not None for key in told)


def _location(value: Any) -> Location | None:
    if not isinstance(value, dict):
        return None
    return Location(
        latitude=_number(value.get("latitude")),
        longitude=_number(value.get("longitude")),
        name=_text(value.get("name")),
        address=_text(value.get("address")),
    )


def _files(entry: Mapping[str, Any], kind: str) -> Iterator[InboundFile]:
    # documented: Desk360 API, "media_id" under the type's own name and "attachments" with addresses, for images;
    # assumed: for others.
    described = entry.get(kind)
    details = {key: _text(described.get(key)) for key in _MEDIA_KEYS} if isinstance(described, dict) else {}
    files = list(_addresses(entry.get("attachments")))
    media_id, content_type, sha = details.get("media_id"), details.get("mime_type"), details.get("sha")
    if not files and media_id:
        yield InboundFile(media_id=media_id, content_type=content_type, sha=sha)
    for place, (url, name) in enumerate(files):
        # One message has one file; were there more, only the first is the one that the details describe.
        first = place == 0
        yield InboundFile(
            url=url,
            name=name,
            media_id=media_id if first else None,
            content_type=content_type if first else None,
            sha=sha if first else None,
        )


def _addresses(value: Any) -> Iterator[tuple[str, str | None]]:
    lists = value.values() if isinstance(value, dict) else [value]
    for entry in (entry for entries in lists if isinstance(entries, list) for entry in entries):
        url = _text(entry.get("url")) if isinstance(entry, dict) else None
        if url is not None:
            yield url, _text(entry.get("name"))
