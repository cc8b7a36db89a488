"""Contacts (``desk.contacts``), which Desk365 identifies by e-mail."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from helpdesk_bridge.adapter import (
    NONE,
    UNSET,
    Add,
    Contact,
    ContactChange,
    ContactDraft,
    ContactQuery,
    HelpdeskError,
    Invalid,
    NotFound,
    Page,
    QuerySplit,
    Remove,
    digest,
    email_key,
    email_spellings,
    phone_digits,
    phone_key,
)
from helpdesk_bridge_desk365.client.client import PAGE_OF_OTHERS, Desk365Client, Pairs, Rows
from helpdesk_bridge_desk365.client.pages import OffsetScan, RowKey
from helpdesk_bridge_desk365.wire import reading, writing
from helpdesk_bridge_desk365.wire.account import AccountContext
from helpdesk_bridge_desk365.wire.documents import ContactDocument

OVERLAP: Final = 1
"""Contacts are ordered by an e-mail that cannot be changed by API, so one row shows whether the ground is known."""

MOST_LOOKUPS: Final = 10
_BY_EMAIL: Final = "4"
"""Documented (OpenAPI): order_by 1 name, 2 title, 3 company, 4 email."""


@frozen
class NativeContacts:
    """A listing of contacts, or a few e-mails to look up one by one."""

    emails: tuple[str, ...] | None = None
    custom_fields: bool = False


@frozen
class Desk365Contacts:
    """Lists, finds and writes contacts."""

    _client: Desk365Client
    _account: AccountContext

    def split(self, query: ContactQuery) -> QuerySplit:
        """Divide a query: a few e-mails are looked up, the desk compares everything else."""
        emails = query.email
        if emails is not None and NONE not in emails and len(emails) <= MOST_LOOKUPS:
            wanted = tuple(sorted(str(email) for email in emails))
            return QuerySplit(
                NativeContacts(wanted),
                frozenset({"email"}),
                {"lookups": str(len(wanted))},
                ordered=False,
                page_size=PAGE_OF_OTHERS,
            )
        described = {"order_by": _BY_EMAIL, "order_type": "asc"}
        native = NativeContacts(custom_fields="custom_fields" in query.include)
        return QuerySplit(native, described=described, ordered=False, page_size=PAGE_OF_OTHERS)

    def page(self, native: NativeContacts, cursor: str | None, size: int | None = None) -> Page[Contact]:
        """Return one page."""
        if native.emails is not None:
            return Page(tuple(contact for email in native.emails for contact in self.find(email=email, phone=None)))
        scan = OffsetScan[ContactDocument](
            fetch=lambda offset, _count: self._fetch(offset, custom_fields=native.custom_fields),
            key=_row_key,
            sizes=(PAGE_OF_OTHERS,),
            overlap=OVERLAP,
            ordered=False,
        )
        rows = scan.page(cursor, size)
        return rows.holding(tuple(self._contact(row) for row in rows.items))

    def get(self, contact_id: str) -> Contact:
        """Return the contact with this primary e-mail."""
        if "@" not in contact_id:
            raise NotFound("Desk365 has no such contact: contact ids are e-mails")
        contact = self._contact(self._client.contact(primary=contact_id))
        if email_key(contact.id) != email_key(contact_id):
            raise NotFound("Desk365 has no contact with exactly this e-mail")
        return contact

    def find(self, *, email: str | None, phone: str | None) -> tuple[Contact, ...]:
        """Return candidates by primary, then by secondary e-mail; for a phone, all contacts are read."""
        if email is not None:
            return self._by_email(email)
        wanted = phone_digits(phone or "")
        candidates: list[Contact] = []
        cursor: str | None = None
        while True:
            page = self.page(NativeContacts(), cursor)
            candidates += [
                contact for contact in page.items if any(_near(wanted, known.raw) for known in contact.phones)
            ]
            if page.next is None:
                return tuple(candidates)
            cursor = page.next

    def create(self, draft: ContactDraft) -> Contact:
        """Create a contact. Raises ``Conflict`` if the e-mail is taken, ``Invalid`` for an unknown company."""
        return self._contact(self._client.create_contact(writing.contact_document(draft)))

    def update(self, contact_id: str, change: ContactChange) -> Contact:
        """Change a contact; its e-mails cannot be. The vendor echoes only what was sent, so it is read again."""
        phones: tuple[str, ...] | None = None
        if change.phones is not UNSET:
            phones = change.phones if isinstance(change.phones, tuple) else self._phones(contact_id, change.phones)
        self._client.update_contact(contact_id, writing.contact_change_document(change, phones))
        return self.get(contact_id)

    def _phones(self, contact_id: str, change: Add | Remove) -> tuple[str, ...]:
        present = tuple(phone.raw for phone in self.get(contact_id).phones)
        named = {phone_key(phone) for phone in change.values}
        kept = tuple(phone for phone in present if phone_key(phone) not in named)
        return (*kept, *change.values) if isinstance(change, Add) else kept

    def _by_email(self, email: str) -> tuple[Contact, ...]:
        # Whether Desk365 minds case, or takes two addresses for one, is not known: the answer is compared by its key.
        for spelled in email_spellings(email, case=False):
            for look in (self._by_primary, self._by_secondary):
                candidates = look(spelled)
                if any(email_key(known) == email_key(email) for contact in candidates for known in contact.emails):
                    return candidates
        return ()

    def _by_primary(self, email: str) -> tuple[Contact, ...]:
        try:
            return (self._contact(self._client.contact(primary=email)),)
        except NotFound:
            return ()

    def _by_secondary(self, email: str) -> tuple[Contact, ...]:
        try:
            return (self._contact(self._client.contact(secondary=email)),)
        except (NotFound, Invalid):
            return ()
        except HelpdeskError as error:
            # Observed: a query without a parameter that the account knows is answered 405.
            if error.status == 405:  # noqa: PLR2004 - Method Not Allowed
                return ()
            raise

    def _fetch(self, offset: int, *, custom_fields: bool) -> Rows[ContactDocument]:
        params: Pairs = (("offset", str(offset)), ("order_by", _BY_EMAIL), ("order_type", "asc"))
        # A client of 2026 asks so; older accounts ignore what they do not know (observed).
        return self._client.contacts((*params, ("include_custom_fields", "1")) if custom_fields else params)

    def _contact(self, document: ContactDocument) -> Contact:
        return reading.contact(document, self._account)


def _near(wanted: str, raw: str) -> bool:
    # The desk compares exactly; here the national form of a number must not drop its international one.
    digits = phone_digits(raw)
    return bool(wanted and digits) and (wanted.endswith(digits.lstrip("0")) or digits.endswith(wanted.lstrip("0")))


def _row_key(row: ContactDocument) -> RowKey:
    # A cursor may stand in the address of a web page, so it holds no customer's e-mail.
    return RowKey(digest(email_key(row.primary_email or "")), "")
