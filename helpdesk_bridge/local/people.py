"""People, groups and companies of a local desk: what a caller gives, resolved to the desk's own records."""

from __future__ import annotations

from attrs import evolve, frozen

from helpdesk_bridge.errors import Invalid
from helpdesk_bridge.model import addresses
from helpdesk_bridge.model.addresses import email_key, is_email, phone_key
from helpdesk_bridge.model.records import Agent, Company, Contact, Group
from helpdesk_bridge.model.values import Actor, ActorKind, Named, Person, Phone, Ref
from helpdesk_bridge.store.lists import ReferenceList
from helpdesk_bridge.store.store import LocalStore
from helpdesk_bridge.store.values import moment_of
from helpdesk_bridge.text.plain import fold

OWN_AGENT = "desk@local.invalid"


@frozen(eq=False)
class People:
    """Resolves names within the write that uses them, and makes what is not there yet.

    ``closed`` is a desk narrowed to a vendor's abilities: there an agent or a group must exist. ``needs`` are
    what a contact must have.
    """

    _store: LocalStore
    closed: bool
    needs: frozenset[str]
    region: str | None = None

    def requester(self, person: Person, field: str = "requester") -> Actor:
        """Return the requester, a contact or an agent; an unknown e-mail or phone becomes a new contact."""
        wanted = person if isinstance(person, Actor) else _as_actor(person)
        if wanted.kind is ActorKind.AGENT:
            return self.agent(wanted, field)
        contact = self._contact(wanted)
        if contact is not None:
            return contact.actor()
        if not (wanted.email or wanted.phone):
            raise Invalid("no such contact at this desk; give an e-mail or a phone", field=field)
        return self._new_contact(wanted, field).actor()

    def _contact(self, wanted: Actor) -> Contact | None:
        contacts = self._store.contacts
        by_id = contacts.lookup(wanted.id) if wanted.id is not None else None
        if by_id is not None and not by_id.deleted:
            return by_id
        found: tuple[Contact, ...] = ()
        if wanted.email:
            found = contacts.find(email=wanted.email)
        elif wanted.phone and phone_key(wanted.phone):
            number = phone_of(wanted.phone, self.region)
            found = contacts.find(phone=number.e164 or number.raw)
            found = tuple(contact for contact in found if has_phone(contact, number))
        return next((contact for contact in found if not contact.deleted), None)

    def _new_contact(self, wanted: Actor, field: str) -> Contact:
        if wanted.email is not None and not looks_like_email(wanted.email):
            raise Invalid("not an e-mail address", field=field)
        if "email" in self.needs and not wanted.email:
            raise Invalid("a contact of this desk needs an e-mail", field=field)
        now = moment_of(self._store.space.now())
        contact_id = self._store.contacts.new_id()
        contact = Contact(
            id=contact_id,
            ref=self._store.space.ref("contact", contact_id),
            name=wanted.name,
            emails=(wanted.email.strip(),) if wanted.email else (),
            phones=(phone_of(wanted.phone, self.region),) if wanted.phone else (),
            created_at=now,
            updated_at=now,
        )
        self._store.contacts.put(contact)
        return contact

    def agent(self, person: Person, field: str = "assignee") -> Actor:
        """Return an agent; an unknown agent is added by e-mail or name, unless the desk is closed."""
        wanted = person if isinstance(person, Actor) else _as_agent(person)
        agent = self._agent(wanted)
        if agent is None:
            if self.closed or not (wanted.email or wanted.name):
                raise Invalid("no such agent at this desk", field=field)
            agent = self._store.lists.agents.add({"name": wanted.name, "email": wanted.email})
        return _agent_actor(agent)

    def _agent(self, wanted: Actor) -> Agent | None:
        agents = self._store.lists.agents
        agent = agents.by_id(wanted.id) if wanted.id is not None else None
        if agent is None and wanted.email:
            return agents.by_email(wanted.email)
        if agent is None and wanted.name:
            return agents.by_name(wanted.name)
        return agent

    def own_agent(self) -> Actor:
        """Return the agent in whose name this library answers."""
        agents = self._store.lists.agents
        agent = agents.by_email(OWN_AGENT) or agents.add({"name": "Local desk", "email": OWN_AGENT})
        return _agent_actor(agent)

    def group(self, named: Named) -> Ref:
        """Return a group; an unknown group is added, unless the desk is closed."""
        return self._named(self._store.lists.groups, named, "group")

    def company(self, named: Named) -> Ref:
        """Return a company; an unknown company is added."""
        return self._named(self._store.lists.companies, named, "company")

    def _named(self, known: ReferenceList[Group] | ReferenceList[Company], named: Named, field: str) -> Ref:
        ref = named if isinstance(named, Ref) else Ref(named, None if named.isdigit() else named)
        found = known.by_id(ref.id) if ref.id is not None else None
        if found is None and ref.name:
            found = known.by_name(ref.name)
        if found is None:
            if not ref.name or (self.closed and field == "group"):
                raise Invalid(f"no such {field} at this desk", field=field)
            found = known.add({"name": ref.name})
        return Ref(found.id, found.name)

    def imported(self, actor: Actor) -> Actor:
        """Return a person of an old record with the halves that this desk knows; nothing that was told is changed.

        An importer's records name people by this desk's ids. One that nobody has here, or that belongs to an agent
        whom the record calls otherwise, is another desk's: it is dropped, since the next new person may get it here.
        """
        known = self._known(actor)
        return evolve(actor, id=None) if known is None else _completed(actor, known)

    def _known(self, actor: Actor) -> Actor | None:
        if actor.kind is ActorKind.AGENT:
            agent = self._imported_agent(actor)
            return None if agent is None else _agent_actor(agent)
        if actor.kind is ActorKind.SYSTEM:
            return None
        contacts, agents = self._store.contacts, self._store.lists.agents
        # Old tickets of a contact that was removed are still this contact's.
        contact = contacts.lookup(actor.id) if actor.id is not None else None
        if actor.kind is ActorKind.CONTACT:
            contact = contact or self._contact(actor)
            return None if contact is None else contact.actor()
        here = contact is not None or (actor.id is not None and agents.by_id(actor.id) is not None)
        return actor if here else None

    def _imported_agent(self, actor: Actor) -> Agent | None:
        agents = self._store.lists.agents
        known = agents.by_id(actor.id) if actor.id is not None else None
        if known is not None and _agrees(actor, known):
            return known
        known = self._agent(evolve(actor, id=None))
        if known is None and not self.closed and (actor.email or actor.name):
            known = agents.add({"name": actor.name, "email": actor.email})
        return known

    def imported_ref(self, ref: Ref | None, known: ReferenceList[Group] | ReferenceList[Company]) -> Ref | None:
        """Return a group or company of an old record with its id here; one that is not there is added.

        An id that this desk does not know is another desk's and is dropped.
        """
        if ref is None:
            return None
        found = known.by_name(ref.name) if ref.name else known.by_id(ref.id or "")
        if found is None and ref.name and not self.closed:
            found = known.add({"name": ref.name})
        return evolve(ref, id=None) if found is None else Ref(found.id, ref.name or found.name)


def looks_like_email(text: str) -> bool:
    """Whether a text, without the blanks around it, can be an e-mail address."""
    return is_email(text.strip())


def has_phone(contact: Contact, phone: Phone) -> bool:
    """Whether a number is this contact's, its country and extension included."""
    return any(phone_key(held) == phone_key(phone) for held in contact.phones)


def _as_actor(person: str) -> Actor:
    if "@" in person:
        return Actor.contact(email=person)
    phone = person if person.lstrip().startswith("+") else None
    return Actor.contact(id=person, phone=phone)


def _as_agent(person: str) -> Actor:
    if "@" in person:
        return Actor.agent(email=person)
    # A number that is no agent's id is a mistake and nobody's name.
    return Actor.agent(id=person, name=None if person.isdigit() else person)


def _agent_actor(agent: Agent) -> Actor:
    return Actor.agent(id=agent.id, name=agent.name, email=agent.email)


def _agrees(actor: Actor, agent: Agent) -> bool:
    """Whether an old record can mean this agent: the e-mail is the same, or the name where there are not two e-mails."""
    if actor.email:
        return not agent.email or email_key(actor.email) == email_key(agent.email)
    return actor.name is None or fold(actor.name) == fold(agent.name or "")


def _completed(actor: Actor, known: Actor) -> Actor:
    """Return ``actor`` with ``known``'s id and whatever else it does not tell; an empty name is told."""
    return evolve(
        actor,
        id=known.id,
        name=known.name if actor.name is None else actor.name,
        email=known.email if actor.email is None else actor.email,
        phone=known.phone if actor.phone is None else actor.phone,
    )


def phone_of(raw: str, region: str | None = None) -> Phone:
    """Return a phone number; E.164 needs a leading + or the region of the desk (``DE``), and a number that can be.

    A number with an extension has none: E.164 has no place for it, and without it the number would be a colleague's.
    """
    if raw.lstrip().startswith("+") or region is None:
        return addresses.phone_of(raw)
    import phonenumbers

    try:
        number = phonenumbers.parse(raw, region)
    except phonenumbers.NumberParseException:
        return Phone(raw)
    if number.extension or not phonenumbers.is_possible_number(number):
        return Phone(raw)
    return Phone(raw, phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
