"""People: contacts by e-mail, phone or id, and the agents of this account."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import field, frozen

from helpdesk_bridge.adapter import (
    Actor,
    Agent,
    Contact,
    Directory,
    Invalid,
    NotFound,
    Person,
    email_key,
    phone_digits,
    phone_key,
    same_phone,
)
from helpdesk_bridge_deskie.client.client import PAGE, DeskieClient
from helpdesk_bridge_deskie.port.filters import exact_searches
from helpdesk_bridge_deskie.wire.documents import UserDocument
from helpdesk_bridge_deskie.wire.reading import Reader

_SHORTEST_PHONE: Final = 3
"""observed: searches of users by phone need 3 characters."""


def has_address(contact: Contact, *, email: str | None = None, phone: str | None = None) -> bool:
    """Whether a search for an e-mail or a phone means this contact: Deskie's own may find more."""
    if email is not None:
        return any(email_key(own) == email_key(email) for own in contact.emails)
    return phone is not None and any(same_phone(own, phone) for own in contact.phones)


@frozen
class People:
    """Finds contacts and agents; the directory caches what it reads."""

    client: DeskieClient = field(repr=False)
    reader: Reader = field(repr=False)
    directory: Directory = field(repr=False)
    staff_email: str = field(repr=False)

    def candidates(self, *, email: str | None = None, phone: str | None = None) -> Sequence[Contact]:
        """Return candidates for an e-mail or a phone.

        documented: Deskie API, "^string^ is searching for an exact string"; without the marks a search for
        ann@x.io also finds joann@x.io.
        """
        searches: tuple[tuple[str, str], ...] = ()
        if email is not None:
            # A "^" in the address has no documented escape: then the plain search has to do, without those at the ends,
            # which Deskie would read as marks.
            searches = tuple(("user_email", text) for text in exact_searches(email) or (email.strip("^"),))
        elif phone is not None:
            texts = dict.fromkeys((phone_digits(phone), "".join(filter(str.isdecimal, phone))))
            searches = tuple(("user_phone", text) for text in texts if len(text) >= _SHORTEST_PHONE)
        for search in searches:
            contacts = [self.reader.contact(user) for user in self._all(search)]
            if any(has_address(contact, email=email, phone=phone) for contact in contacts):
                return contacts
        return ()

    def _all(self, search: tuple[str, str]) -> list[UserDocument]:
        users: list[UserDocument] = []
        page = 1
        while True:
            documents = self.client.users((search, ("page", str(page)), ("limit", str(PAGE))))
            users += documents.items
            if not documents.more_after(page, PAGE):
                return users
            page += 1

    def contact_id(self, person: Person) -> str:
        """Return the id of a contact. Raises ``Invalid`` if this account has no such contact."""
        known = self.known_contact_id(person)
        if known is None:
            raise Invalid("no such contact at this desk; create it first", field="author")
        return known

    def known_contact_id(self, person: Person) -> str | None:
        """Return the id of a contact, None if this account has no such contact."""
        actor = person if isinstance(person, Actor) else None
        if actor is not None and actor.id is not None:
            return actor.id
        email = actor.email if actor is not None else person if "@" in str(person) else None
        if isinstance(email, str) and email:
            contact = self._by_email(email)
            return None if contact is None else contact.id
        if actor is None:
            return str(person)
        return self._by_phone(actor.phone) if actor.phone else None

    def _by_email(self, email: str) -> Contact | None:
        for contact in self.candidates(email=email):
            if has_address(contact, email=email):
                return contact
        return None

    def _by_phone(self, phone: str) -> str | None:
        for contact in self.candidates(phone=phone):
            if any(phone_key(own) == phone_key(phone) for own in contact.phones):
                return contact.id
        return None

    def identity(self, person: Person) -> dict[str, str]:
        """Return the fields that name a ticket's customer; Deskie creates an unknown one (observed).

        Raises ``Invalid`` for a person with neither e-mail nor phone.
        """
        actor = person if isinstance(person, Actor) else None
        email = actor.email if actor is not None else str(person) if "@" in str(person) else None
        phone = actor.phone if actor is not None else None
        if not email and not phone:
            contact = self._of_id(actor.id if actor is not None else str(person))
            if contact is not None:
                email, phone = contact.email, contact.actor().phone
        if email:
            return {"user_email": email, **self._name(actor)}
        if phone:
            return {"user_phone": phone, **self._name(actor)}
        raise Invalid(
            "Deskie identifies a ticket's customer by e-mail or phone; this customer has neither", field="requester"
        )

    def _of_id(self, contact_id: str | None) -> Contact | None:
        if contact_id is None:
            return None
        try:
            contact = self.directory.contact(contact_id)
        except NotFound:
            contact = None
        if contact is None:
            raise Invalid("no such contact at this desk", field="requester")
        return contact

    @staticmethod
    def _name(actor: Actor | None) -> dict[str, str]:
        return {"user_full_name": actor.name} if actor is not None and actor.name else {}

    def agent(self, actor: Actor) -> Agent | None:
        """Return the agent of this account that ``actor`` is, or None."""
        for agent in self.directory.agents():
            same_id = actor.id is not None and agent.id == actor.id
            if same_id or (actor.email and agent.email and email_key(agent.email) == email_key(actor.email)):
                return agent
        return None

    def own(self) -> Agent | None:
        """Return the agent with ``staff_email``, None if the list of agents lacks it."""
        return self.agent(Actor.agent(email=self.staff_email))
