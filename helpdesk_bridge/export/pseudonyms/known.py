"""Known persons: what a desk knows of people, so that their names, addresses, phones and ids are recognised in texts."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final

from attrs import define, field

from helpdesk_bridge.archive.archive import Archive
from helpdesk_bridge.model.addresses import email_key, phone_digits
from helpdesk_bridge.model.records import Contact
from helpdesk_bridge.model.values import Actor, ActorKind, Ref
from helpdesk_bridge.text.plain import digest, fold, stream_safe

TOKEN: Final = re.compile(r"[^\W_]+")
_LOCAL: Final = r"\w.!#$&'*+/=?^`{|}~-"
# A run of what may stand before the @ is looked at once, from its beginning.
ADDRESS: Final = re.compile(rf"(?<![{_LOCAL}])[{_LOCAL}]++(?:@|%40)\w[\w-]*+(?:\.[\w-]++)+", re.IGNORECASE)
"""What looks like an address in a text."""
SHORTEST_ID: Final = 5
"""A shorter id is a number like any other in a text."""
SHORTEST_PHONE: Final = 7
TAIL: Final = 8
"""So many last digits tell a number, whether its country is named or not."""
_FEWEST: Final = 5
_SHARE: Final = 100
# Scripts whose words nothing parts: Thai, Lao, kana, Han.
UNPARTED: Final = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


def normal(text: str) -> str:
    """Return a text in which each letter is one character, as far as there is one."""
    return text if text.isascii() else unicodedata.normalize("NFC", stream_safe(text))


def tokens(text: str) -> tuple[str, ...]:
    """Return the words of a text, folded."""
    return tuple(fold(found[0]) for found in TOKEN.finditer(normal(text)))


@define
class Known:
    """What is known of people.

    ``sequences`` are names, ids and domains by their first word: words, what they are, and the value. ``parts`` are
    single words of persons' names, ``common`` those of them that are words of the language here, which stay where they
    stand alone.
    """

    sequences: dict[str, dict[tuple[str, ...], tuple[str, str]]] = field(factory=dict)
    parts: set[str] = field(factory=set)
    common: set[str] = field(factory=set)
    odd_addresses: set[str] = field(factory=set)
    unparted: set[str] = field(factory=set)
    tails: set[str] = field(factory=set)

    @property
    def names(self) -> int:
        """How many names are known, of persons and companies."""
        return sum(kind == "name" for known in self.sequences.values() for kind, _ in known.values())

    def digest(self) -> str:
        """Return what tells this knowledge from other."""
        what = {
            "sequences": sorted(" ".join(words) for known in self.sequences.values() for words in known),
            "others": [sorted(one) for one in (self.parts, self.common, self.odd_addresses, self.unparted, self.tails)],
        }
        return digest(json.dumps(what, ensure_ascii=False))

    # -- learning --------------------------------------------------------------------------------------------------

    def name(self, name: str | None, *, person: bool = True) -> None:
        """Learn a name; the words of a person's name are recognised alone, those of a company's only together."""
        if not name:
            return
        if "@" in name:
            self.email(name)
        words = tokens(name)
        if not words or (len(words) == 1 and len(words[0]) < 2):  # noqa: PLR2004 - a letter is no name
            return
        self._learn(words, "name", name)
        if UNPARTED.search(name):
            self.unparted.add(normal(name))
        if person:
            self.parts.update(word for word in words if len(word) > 1 and not word.isdecimal())

    def _learn(self, words: tuple[str, ...], kind: str, value: str) -> None:
        if words:
            self.sequences.setdefault(words[0], {}).setdefault(words, (kind, value))

    def email(self, address: str | None) -> None:
        """Learn an address and its domain."""
        if not address or "@" not in address:
            return
        if not ADDRESS.fullmatch(normal(address)):
            self.odd_addresses.add(email_key(normal(address)))
        self.domain(address.rpartition("@")[2].strip(" <>"))

    def domain(self, domain: str) -> None:
        """Learn a domain."""
        if "." in domain:
            self._learn(tokens(domain), "domain", domain.lower())

    def phone(self, number: str | None) -> None:
        """Learn a phone number."""
        digits = phone_digits(number) if number else ""
        if len(digits) >= SHORTEST_PHONE:
            self.tails.add(digits[-TAIL:])
        elif len(digits) >= SHORTEST_ID:
            self._learn((digits,), "phone", digits)

    def id(self, value: str | None) -> None:
        """Learn an id."""
        if not value:
            return
        if "@" in value:
            self.email(value)
        elif len(value) >= SHORTEST_ID:
            self._learn(tokens(value), "id", value)

    def actor(self, actor: Actor | None) -> None:
        """Learn a person that a record names."""
        if actor is None or actor.kind is ActorKind.SYSTEM:
            return
        self.name(actor.name)
        self.email(actor.email)
        self.phone(actor.phone)
        self.id(actor.id)

    def company(self, company: Ref | None) -> None:
        """Learn a company that a record names."""
        if company is not None:
            self.name(company.name, person=False)

    def contact(self, contact: Contact) -> None:
        """Learn a contact."""
        self.name(contact.name)
        self.company(contact.company)
        for address in contact.emails:
            self.email(address)
        for phone in contact.phones:
            self.phone(phone.raw)
            self.phone(phone.e164)
        for one in (contact.id, contact.external_id, *(identity.value for identity in contact.identities)):
            self.id(one)


def known_in(archive: Archive) -> Known:
    """Return what the records of an archive say of people."""
    known = Known()
    for contact in archive.contacts():
        known.contact(contact)
    for agent in archive.entries("agents"):
        known.actor(Actor.agent(id=agent.id, name=agent.name, email=agent.email))
    for company in archive.entries("companies"):
        known.name(company.name, person=False)
        for domain in company.domains:
            known.domain(domain)
    for ticket_id in archive.ticket_ids():
        _learn_ticket(known, archive, ticket_id)
    _find_common(known, archive)
    return known


def _learn_ticket(known: Known, archive: Archive, ticket_id: str) -> None:
    ticket = archive.ticket(ticket_id)
    if ticket is None:
        return
    for one in (ticket.id, ticket.number):
        known.id(one)
    known.company(ticket.company)
    for actor in (ticket.requester, ticket.assignee):
        known.actor(actor)
    for address in (*ticket.cc, *ticket.watchers):
        known.email(address)
    for message in archive.thread(ticket_id):
        known.actor(message.author)
        for address in (*message.to, *message.cc):
            known.email(address)


def _find_common(known: Known, archive: Archive) -> None:
    """Find the words of names that are words of the language: many tickets have them in lower case."""
    seen, tickets = Counter[str](), archive.ticket_ids()
    for ticket_id in tickets:
        seen.update(known.parts.intersection(_lower_words(_texts(archive, ticket_id))))
    fewest = max(_FEWEST, len(tickets) // _SHARE)
    known.common = {word for word, count in seen.items() if count > fewest}


def _texts(archive: Archive, ticket_id: str) -> Iterator[str]:
    return (message.body.text for message in archive.thread(ticket_id))


def _lower_words(texts: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for text in texts:
        words: Any = (one[0] for one in TOKEN.finditer(normal(text)))
        found.update(word for word in words if word.islower())
    return found
