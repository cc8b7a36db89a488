"""Visiting cards as messages. documented: Desk360 API, "Send WhatsApp Contact Message", and its webhook sample."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final, TypeVar

import attrs
from attrs import field, frozen

from helpdesk_bridge.adapter import Invalid
from helpdesk_bridge_desk360.wire.writing import checked_kind, checked_list, checked_text

C = TypeVar("C")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@frozen(kw_only=True)
class CardName:
    """The name on a card; sending requires the first three fields."""

    formatted_name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    middle_name: str | None = None


@frozen(kw_only=True)
class CardPhone:
    """A number in any spelling; ``wa_id`` is its WhatsApp id, digits only."""

    phone: str | None = None
    type: str | None = None
    wa_id: str | None = None


@frozen(kw_only=True)
class CardEmail:
    """An e-mail; types seen are HOME and WORK."""

    email: str | None = None
    type: str | None = None


@frozen(kw_only=True)
class CardAddress:
    """A postal address; ``country_code`` is in lower case in the samples."""

    street: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None
    country: str | None = None
    country_code: str | None = None
    type: str | None = None


@frozen(kw_only=True)
class CardUrl:
    """A web address."""

    url: str | None = None
    type: str | None = None


@frozen(kw_only=True)
class CardMessenger:
    """An account of another messenger: received, never sent."""

    service: str | None = None
    user_id: str | None = None


@frozen(kw_only=True)
class CardOrganisation:
    """The employer of the person on a card."""

    company: str | None = None
    department: str | None = None
    title: str | None = None


def _several(of: type[Any], name: str) -> Any:
    def listed(values: Any) -> tuple[Any, ...]:
        return checked_list(values, of, f"contacts.*.{name}")

    return field(default=(), converter=listed, metadata={"of": of})


@frozen(kw_only=True)
class ContactCard:
    """A visiting card. ``birthday`` is a date or its text as Y-m-d."""

    name: CardName = field(default=CardName(), repr=False)
    phones: tuple[CardPhone, ...] = _several(CardPhone, "phones")
    emails: tuple[CardEmail, ...] = _several(CardEmail, "emails")
    addresses: tuple[CardAddress, ...] = _several(CardAddress, "addresses")
    urls: tuple[CardUrl, ...] = _several(CardUrl, "urls")
    ims: tuple[CardMessenger, ...] = _several(CardMessenger, "ims")
    org: CardOrganisation | None = None
    birthday: date | str | None = None

    def lines(self) -> str:
        """Return the card as text: name, numbers, e-mails, a line each."""
        name = self.name.formatted_name or " ".join(filter(None, (self.name.first_name, self.name.last_name)))
        entries = [name, *(number.phone for number in self.phones), *(address.email for address in self.emails)]
        return "\n".join(entry for entry in entries if entry)


def documents(cards: Iterable[ContactCard]) -> list[dict[str, Any]]:
    """Return the JSON of cards to be sent. Raises ``Invalid`` for values that Desk360 would reject."""
    listed = checked_list(cards, ContactCard, "contacts")
    if not listed:
        raise Invalid("a contact message requires at least one card", field="contacts")
    return [_checked(card) for card in listed]


def _checked(card: ContactCard) -> dict[str, Any]:
    name = checked_kind(card.name, CardName, "contacts.*.name")
    for part in ("formatted_name", "first_name", "last_name"):
        checked_text(getattr(name, part), f"contacts.*.name.{part}")
    if card.ims:
        raise Invalid("Desk360 cannot send messenger accounts; they are only received", field="contacts.*.ims")
    document: dict[str, Any] = {"name": _object(name, "contacts.*.name")}
    for part in ("addresses", "emails", "phones", "urls"):
        if values := getattr(card, part):
            document[part] = [_object(value, f"contacts.*.{part}.*") for value in values]
    for number in document.get("phones", ()):
        if not re.fullmatch(r"[0-9]+", number.get("wa_id", "0")):
            raise Invalid("wa_id must contain only digits", field="contacts.*.phones.*.wa_id")
    if card.org is not None:
        document["org"] = _object(checked_kind(card.org, CardOrganisation, "contacts.*.org"), "contacts.*.org")
    if card.birthday is not None:
        document["birthday"] = _day(card.birthday)
    return document


def _object(value: Any, place: str) -> dict[str, Any]:
    told = {name: part for name, part in attrs.asdict(value).items() if part is not None}
    for name, part in told.items():
        checked_kind(part, str, f"{place}.{name}")
    return told


def _day(birthday: date | str) -> str:
    try:
        text = birthday.isoformat()[:10] if isinstance(birthday, date) else str(birthday)
        if _DAY.fullmatch(text):
            return date.fromisoformat(text).isoformat()
    except ValueError:
        pass  # a text of the right form that is no day; refused below like all others
    raise Invalid('birthday: expected a day as Y-m-d, such as "2012-08-18"', field="contacts.*.birthday")


def received(document: Any) -> ContactCard:
    """Return a card of a webhook; every key is optional, and values that do not fit are left out."""
    values = document if isinstance(document, Mapping) else {}
    birthday = values.get("birthday")
    several: dict[str, Any] = {
        one.name: [_read(one.metadata["of"], entry) for entry in _list(values.get(one.name))]
        for one in attrs.fields(ContactCard)
        if "of" in one.metadata
    }
    return ContactCard(
        name=_read(CardName, values.get("name")),
        org=_read(CardOrganisation, values["org"]) if isinstance(values.get("org"), Mapping) else None,
        birthday=birthday if isinstance(birthday, str) else None,
        **several,
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _read(kind: type[C], document: Any) -> C:
    values = document if isinstance(document, Mapping) else {}
    names = [field.name for field in attrs.fields(kind)]  # type: ignore[arg-type]  # every card part is an attrs class
    return kind(**{name: values[name] for name in names if isinstance(values.get(name), str)})
