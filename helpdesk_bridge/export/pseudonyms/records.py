"""Records without persons: each field by its kind in the table of fields, so that a new field is never forgotten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from attrs import evolve, fields_dict

from helpdesk_bridge.archive.rows import Event, Tombstone
from helpdesk_bridge.export.pseudonyms.known import Known
from helpdesk_bridge.export.pseudonyms.texts import Texts
from helpdesk_bridge.export.pseudonyms.words import Pseudonyms
from helpdesk_bridge.export.records import ExportedFile
from helpdesk_bridge.model.fields import CONTACT, MESSAGE, TICKET, Field, Kind
from helpdesk_bridge.model.records import Agent, Company, Contact, FieldDefinition, Group, Message, Tag, Ticket
from helpdesk_bridge.model.values import Actor, Attachment, Body, Identity, Phone, Rating, Ref

_LONGEST_SUFFIX: Final = 6


class Pseudonymiser:
    """Returns records without persons. ``columns`` and ``texts`` count what was replaced in either, by kind."""

    def __init__(self, known: Known, pseudonyms: Pseudonyms) -> None:
        self._make = pseudonyms
        self._texts = Texts(known, pseudonyms)
        self.columns = Counter[str]()
        self.texts = self._texts.replaced
        self._kinds: Mapping[Kind, Callable[[Any], Any]] = {
            Kind.ID: self._id,
            Kind.TEXT: self._texts.text,
            Kind.WORD: self._texts.text,
            Kind.PERSON: self.actor,
            Kind.REFERENCE: self._reference,
            Kind.WORDS: lambda words: tuple(map(self._texts.text, words)),
            Kind.ADDRESSES: lambda addresses: tuple(map(self._address, addresses)),
            Kind.PHONES: lambda phones: tuple(map(self._phone, phones)),
            Kind.IDENTITIES: lambda known: tuple(Identity(one.kind, self._id(one.value)) for one in known),
            Kind.CUSTOM_FIELDS: lambda values: {name: self._custom(value) for name, value in values.items()},
            # What stands in markup can be parted by it, or written in references: the text has all of it.
            Kind.BODY: lambda body: Body(text=self._texts.text(body.text)),
            Kind.FILES: lambda files: tuple(map(self._file, files)),
            Kind.RATING: self._rating,
        }
        self._named: Mapping[tuple[type[Any], str], Callable[[Any], Any]] = {
            (Ticket, "ref"): self._make.ref,
            (Contact, "ref"): self._make.ref,
            (Ticket, "url"): lambda _: None,
            (Ticket, "company"): self._company,
            (Contact, "company"): self._company,
            (Contact, "name"): self._name,
            (Contact, "external_id"): self._id,
        }
        self._others: Mapping[type[Any], Mapping[str, Callable[[Any], Any]]] = {
            Agent: {"id": self._id, "name": self._name, "email": self._address},
            Group: {"id": self._texts.text, "name": self._texts.text},
            Company: {
                "id": self._id,
                "name": self._name,
                "domains": lambda known: tuple(map(self._make.domain, known)),
            },
            Tag: {"id": self._texts.text, "name": self._texts.text},
            FieldDefinition: {
                "name": self._texts.text,
                "options": lambda options: tuple(map(self._texts.text, options)),
            },
            Event: {"id": self._id, "ticket_id": self._id},
            Tombstone: {"id": self._id, "ref": self._make.ref},
            ExportedFile: {
                "ticket_id": self._id,
                "message_id": self._id,
                "filename": self._filename,
                "content_id": lambda _: None,
            },
        }

    def record(self, record: Any) -> Any:
        """Return a record of any table without persons."""
        cls = type(record)
        tables: Mapping[type[Any], Mapping[str, Field]] = {Ticket: TICKET, Contact: CONTACT, Message: MESSAGE}
        if cls not in tables:
            return self._changed(record, self._others[cls])
        makers = {
            name: maker
            for name, field in tables[cls].items()
            if (maker := self._named.get((cls, name), self._kinds.get(field.kind))) is not None
        }
        return evolve(self._changed(record, makers), raw=None)

    @staticmethod
    def _changed(record: Any, makers: Mapping[str, Callable[[Any], Any]]) -> Any:
        known = fields_dict(type(record))
        given = ((name, maker, getattr(record, name)) for name, maker in makers.items() if name in known)
        return evolve(record, **{name: maker(value) for name, maker, value in given if value is not None})

    def actor(self, actor: Actor) -> Actor:
        """Return a person that a record names, without name and addresses."""
        return Actor(
            actor.kind,
            None if actor.id is None else self._id(actor.id),
            None if actor.name is None else self._name(actor.name),
            None if actor.email is None else self._address(actor.email),
            None if actor.phone is None else self._number(actor.phone),
        )

    def _id(self, value: str) -> str:
        self.columns["id"] += 1
        return self._make.id(value)

    def _name(self, name: str) -> str:
        self.columns["name"] += 1
        return self._texts.text(name) if "@" in name else self._make.name(name)

    def _address(self, address: str) -> str:
        self.columns["address"] += 1
        return self._make.email(address)

    def _number(self, number: str) -> str:
        self.columns["phone"] += 1
        return self._make.phone(number)

    def _phone(self, phone: Phone) -> Phone:
        made = self._number(phone.e164 or phone.raw)
        return Phone(made, made)

    def _reference(self, ref: Ref) -> Ref:
        # A vendor's id of a group can be its name, and its name that of a mailbox.
        texts = (None if one is None else self._texts.text(one) for one in (ref.id, ref.name))
        return Ref(*texts)

    def _company(self, company: Ref) -> Ref:
        return Ref(
            None if company.id is None else self._id(company.id),
            None if company.name is None else self._name(company.name),
        )

    def _custom(self, value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(self._texts.text, value))
        if isinstance(value, str):
            return self._texts.text(value)
        if isinstance(value, int) and not isinstance(value, bool):
            text = self._texts.text(str(value))
            return value if text == str(value) else text
        return value

    def _filename(self, filename: str) -> str:
        suffix = PurePosixPath(filename).suffix
        plain = suffix.isascii() and suffix[1:].isalnum() and len(suffix) <= _LONGEST_SUFFIX
        return f"{self._make.word(filename)}{suffix if plain else ''}"

    def _file(self, file: Attachment) -> Attachment:
        return evolve(file, filename=self._filename(file.filename), content_id=None, locator="", ref="")

    def _rating(self, rating: Rating) -> Rating:
        return evolve(rating, comment=None if rating.comment is None else self._texts.text(rating.comment))
