"""What the ports of one desk share: its adapter, capabilities, aliases, directory and keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final, NoReturn, Protocol

from attrs import frozen

from helpdesk_bridge.adapter import Adapter, ContactsAdapter
from helpdesk_bridge.adapter.directory import Directory
from helpdesk_bridge.config.aliases import Aliases
from helpdesk_bridge.desk.chain import digest_of
from helpdesk_bridge.desk.files import FileReferences
from helpdesk_bridge.desk.people import PeopleResolver
from helpdesk_bridge.errors import BadResponse, HelpdeskError, Invalid, NotFound, Unsupported
from helpdesk_bridge.keys import DeskKeys
from helpdesk_bridge.model.addresses import Mailbox, addressed
from helpdesk_bridge.model.capabilities import Capabilities
from helpdesk_bridge.model.door import check_person, check_value
from helpdesk_bridge.model.records import Contact, Ticket
from helpdesk_bridge.model.refs import RecordRef, local_id, ref_in
from helpdesk_bridge.model.values import Actor, Person
from helpdesk_bridge.operations import Operation, begin
from helpdesk_bridge.ports import ContactId, TicketId
from helpdesk_bridge.text.decoding import judge


class Moved(Protocol):
    """Leads from the records of earlier desks to those of this desk; see ``migration.journal.moved.MovedRecords``."""

    def __call__(self, ref: RecordRef) -> RecordRef:
        """Return the ref at this desk of a ticket or contact of an earlier desk."""
        ...

    def message(self, ticket: RecordRef, message_id: str) -> str:
        """Return the id at this desk of a message of a ticket of the desk before."""
        ...

    def back(self, ref: RecordRef) -> RecordRef:
        """Return the ref at the desk before of a ticket or contact of this desk."""
        ...


_RECORDS: Final[dict[str, type[Ticket | Contact]]] = {"ticket": Ticket, "contact": Contact}


@frozen
class DeskLink:
    """What the ports of one desk share."""

    name: str
    vendor: str
    adapter: Adapter
    capabilities: Capabilities
    aliases: Aliases
    directory: Directory
    people: PeopleResolver
    keys: DeskKeys
    moved: Moved | None = None
    """Leads from refs of earlier desks to this desk's, if the configuration names the journals of the moves."""

    def __reduce__(self) -> NoReturn:
        raise Invalid("a desk cannot travel: it has sockets and secrets; open it in the other process, by connect()")

    def begin(self, operation: str, *, passing: bool = False) -> Operation | None:
        """Return the operation that begins, for whoever watches; None if nobody does or if it is part of another."""
        return begin(self.vendor, self.name, operation, self.adapter.transport, passing=passing)

    @contextmanager
    def told(self, operation: str, *, passing: bool = False) -> Iterator[None]:
        """Tell whoever watches of an operation; no error is changed."""
        begun = self.begin(operation, passing=passing)
        with ExitStack() as stack:
            if begun is not None:
                stack.enter_context(begun.ending())
                stack.enter_context(begun.current())
            yield

    @contextmanager
    def operation(self, operation: str, *, requires: bool = True, passing: bool = False) -> Iterator[None]:
        """Refuse what the desk cannot do, and add vendor, desk and operation to errors."""
        with self.told(operation, passing=passing), self._located(operation, requires=requires):
            yield

    @contextmanager
    def _located(self, operation: str, *, requires: bool) -> Iterator[None]:
        try:
            if requires:
                self.capabilities.require(operation)
            yield
        except HelpdeskError as error:
            if isinstance(error, NotFound):
                self.directory.refresh()
            error.located(vendor=self.vendor, desk=self.name, operation=operation)
            raise

    @contextmanager
    def operation_of(self, operation: str, kind: str, record_id: str) -> Iterator[None]:
        """Do the same for an operation on one record, which an answer that cannot be read names."""
        with self.operation(operation):
            try:
                yield
            except BadResponse as error:
                if kind not in self.capabilities.natural_ids:
                    error.record = error.record or f"{kind} {record_id}"
                raise

    @property
    def files(self) -> FileReferences:
        """The references to files of this desk."""
        return FileReferences(self.vendor, self.adapter, self.keys)

    @property
    def contacts(self) -> ContactsAdapter:
        """The vendor's side of ``desk.contacts``. Raises ``Unsupported`` for a vendor without contacts."""
        contacts = self.adapter.contacts
        if contacts is None:
            raise Unsupported(f"{self.capabilities.vendor} has no contacts", capability="contacts.list")
        return contacts

    def id(self, given: TicketId | ContactId, kind: str) -> str:
        """Return the desk's own id of an id, a ref or a record. Raises ``WrongDesk`` for those of another account."""
        text = _id_text(given, kind)
        if not text:
            raise Invalid(f"the id of a {kind} is empty", field="id")
        judge(text, "id")
        earlier = self.earlier(text)
        if self.moved is not None and earlier is not None and earlier.kind == kind:
            text = str(self.moved(earlier))
        return local_id(text, vendor=self.vendor, account=self.adapter.account, kind=kind)

    def earlier(self, given: object) -> RecordRef | None:
        """Return the ref that a text or record has from another desk; None if it has none, or is of this desk."""
        text = given if isinstance(given, str) else getattr(given, "ref", None) or str(given)
        ref = ref_in(text)
        return None if ref is None or (ref.vendor, ref.account) == (self.vendor, self.adapter.account) else ref

    def listing(self, operation: str, *query: object) -> str:
        """Return what tells the cursors of one listing from those of others, and of other desks."""
        return digest_of(self.vendor, self.adapter.account, operation, *query)

    def tokens(self, operation: str, *words: str) -> tuple[str, ...]:
        """Return what an idempotency key is written as, the current credential's first."""
        return self.keys.tokens(operation, self.adapter.account, *words)

    def person(self, person: Person, field: str) -> Person:
        """Return a person with the address read out of a header such as ``Ann <ann@example.com>``."""
        check_person(field, person)
        judge(person, field)
        if isinstance(person, Actor):
            return addressed(person)
        box = Mailbox.of(person) if "@" in person else None
        if box is None or box.address == person:
            return self.id(person, "contact")
        return Actor.contact(name=box.name, email=box.address)


def _id_text(given: object, kind: str) -> str:
    if isinstance(given, str):
        return given
    if isinstance(given, int) and not isinstance(given, bool):
        return str(given)
    if isinstance(given, RecordRef):
        return str(given)
    if isinstance(given, _RECORDS[kind]):
        return given.ref or given.id
    article = "an id is text, a whole number, a ref or the record itself"
    raise Invalid(f"not the id of a {kind}: {article}, not a value of type {type(given).__name__}", field="id")


def refuse_key(capabilities: Capabilities, operation: str, key: str | None) -> None:
    """Raise ``Invalid`` for a key that is no text, ``Unsupported`` for one on an operation that has no place for it."""
    check_value("idempotency_key", key, (str,), "text or None")
    if key == "":
        raise Invalid(
            "an idempotency key is a text that names the event; leave it out for none", field="idempotency_key"
        )
    judge(key, "idempotency_key")
    if key is not None and operation not in capabilities.idempotency:
        raise Unsupported(
            f"{capabilities.vendor} cannot store an idempotency key for {operation}",
            capability=f"idempotency:{operation}",
        )
