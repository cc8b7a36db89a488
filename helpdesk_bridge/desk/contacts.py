"""``desk.contacts``: queries, drafts and changes joined to the adapter's contacts."""

from __future__ import annotations

from typing import Any, Unpack

from attrs import evolve, frozen

from helpdesk_bridge.config.aliases import Aliases
from helpdesk_bridge.desk.link import DeskLink
from helpdesk_bridge.desk.listing import QueryListing
from helpdesk_bridge.desk.refusals import check_contact
from helpdesk_bridge.errors import Invalid
from helpdesk_bridge.model.addresses import Mailbox, phone_key
from helpdesk_bridge.model.door import check_value
from helpdesk_bridge.model.drafts import ContactChange, ContactDraft
from helpdesk_bridge.model.keywords import ContactChanges, ContactFields, ContactFilters, made_of, query_of
from helpdesk_bridge.model.matching import contact_filters, contact_matches, place_in, sort_key
from helpdesk_bridge.model.queries import ContactQuery
from helpdesk_bridge.model.records import Contact
from helpdesk_bridge.model.values import UNSET, FrozenDict
from helpdesk_bridge.ports import ContactId, Explanation


@frozen(repr=False)
class ContactsPort:
    """``desk.contacts``."""

    _link: DeskLink

    def __repr__(self) -> str:
        return f"<contacts of desk {self._link.name}>"

    def list(self, query: ContactQuery | None = None, **filters: Unpack[ContactFilters]) -> QueryListing[Contact]:
        """List contacts, lazily."""
        link = self._link
        asked = query_of(ContactQuery, query, filters)
        with link.operation("contacts.list", passing=True):
            split = link.contacts.split(asked)

        def keep(contact: Contact) -> Contact | None:
            link.directory.remember(contact)
            return link.aliases.contact(contact) if contact_matches(asked, contact) else None

        return QueryListing(
            split=split,
            fetch=lambda cursor, size: link.contacts.page(split.native, cursor, size),
            keep=keep,
            key=lambda contact: contact.id,
            sort=lambda contacts: sorted(contacts, key=sort_key(asked.order), reverse=asked.order.descending),
            limit=asked.limit,
            listing=lambda: link.listing("contacts.list", asked),
            place=place_in(asked.order),
            descending=asked.order.descending,
            located=lambda: link.operation("contacts.list"),
            begin=lambda: link.begin("contacts.list"),
        )

    def explain(self, query: ContactQuery | None = None, **filters: Unpack[ContactFilters]) -> Explanation:
        """Tell how a query would be answered, sending nothing."""
        query = query_of(ContactQuery, query, filters)
        split = self._link.contacts.split(query)
        client_side = tuple(name for name in contact_filters(query) if name not in split.fields)
        return Explanation(FrozenDict(split.described), client_side, not split.ordered, 0 if split.empty else 1)

    def get(self, id: ContactId) -> Contact:
        """Return one contact."""
        with self._link.operation("contacts.get"):
            contact_id = self._link.id(id, "contact")
            with self._link.operation_of("contacts.get", "contact", contact_id):
                return self._link.aliases.contact(self._link.contacts.get(contact_id))

    def find(self, *, email: str | None = None, phone: str | None = None) -> Contact | None:
        """Return the contact with exactly this e-mail or phone, or None."""
        link = self._link
        with link.operation("contacts.find"):
            if (email is None) == (phone is None):
                raise Invalid("find takes either an email or a phone", field="email")
            for name, value in (("email", email), ("phone", phone)):
                check_value(name, value, (str,), "text")
                if value is not None and not value.strip():
                    raise Invalid(f"the {name} to find is empty", field=name)
            email = None if email is None else Mailbox.of(email).address
            asked = ContactQuery(email=email, phone=phone, include={"blocked", "deleted"})
            answers = link.contacts.find(email=email, phone=phone)
            matches = [contact for contact in answers if contact_matches(asked, contact)]
            # A number that does not name its country may match too; whose it is exactly comes first.
            wanted = "" if phone is None else phone_key(phone)
            matches.sort(
                key=lambda contact: (
                    wanted not in ("", *map(phone_key, contact.phones)),
                    contact.deleted,
                    contact.blocked,
                )
            )
            return link.aliases.contact(matches[0]) if matches else None

    def create(self, draft: ContactDraft | None = None, **fields: Unpack[ContactFields]) -> Contact:
        """Create a contact, from a draft or from its fields."""
        link = self._link
        with link.operation("contacts.create"):
            draft = made_of(ContactDraft, draft, fields)
            check_contact(draft, link.capabilities, "contacts.create")
            with link.aliases.own_words(draft):
                contact = link.contacts.create(_contact_out(_read_out(draft), link.aliases))
            link.directory.remember(contact)
            return link.aliases.contact(contact)

    def update(self, id: ContactId, change: ContactChange | None = None, **changes: Unpack[ContactChanges]) -> Contact:
        """Change a contact, by a change or by its fields."""
        link = self._link
        with link.operation("contacts.update"):
            contact_id = link.id(id, "contact")
            change = made_of(ContactChange, change, changes)
            check_contact(change, link.capabilities, "contacts.update")
            with link.aliases.own_words(change):
                contact = link.contacts.update(contact_id, _contact_out(change, link.aliases))
            link.directory.remember(contact)
            return link.aliases.contact(contact)


def _read_out(draft: ContactDraft) -> ContactDraft:
    """Return a contact whose e-mails may be written as in a header with the addresses alone."""
    boxes = [Mailbox.of(email) for email in draft.emails if isinstance(email, str)]
    if len(boxes) != len(draft.emails):
        return draft
    beside = next((box.name for box in boxes if box.name is not None), UNSET)
    name = beside if draft.name is UNSET else draft.name
    return evolve(draft, emails=tuple(box.address for box in boxes), name=name)


def _contact_out(value: Any, aliases: Aliases) -> Any:
    if not value.custom_fields:
        return value
    return evolve(
        value, custom_fields={aliases.custom_fields.out(name): held for name, held in value.custom_fields.items()}
    )
