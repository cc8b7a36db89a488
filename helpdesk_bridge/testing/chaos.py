"""``ChaosHelpdesk``: a wrapper around any desk whose calls fail as told, for tests of an application's error handling."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import count, islice
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar, cast

from helpdesk_bridge.adapter import Page
from helpdesk_bridge.clock import Clock, SystemClock
from helpdesk_bridge.errors import HelpdeskError, InDoubt, RateLimited
from helpdesk_bridge.model.drafts import ContactDraft, MessageDraft, TicketChange, TicketDraft
from helpdesk_bridge.model.paging import Events
from helpdesk_bridge.ports import Contacts, Helpdesk, Listing, Messages, Tickets
from helpdesk_bridge.testing.outcomes import EFFECTS, LISTINGS, OUTCOMES
from helpdesk_bridge.testing.simulator.faults import CONNECT_TIMEOUT, Fault, FaultPlan

R = TypeVar("R")
_PAGE: Final = 100
_ALSO_HIDDEN: Final = frozenset({"contacts.find", "importer.find"})
_CREATES: Final = {"tickets.create": "tickets", "contacts.create": "contacts"}


class PortFaults(FaultPlan):
    """A fault plan for the port of a desk; operations have the port's names."""

    def __init__(self) -> None:
        listed = dict.fromkeys(("duplicate_page", "skipped_page", "page_drift"), LISTINGS)
        super().__init__(
            general_kinds=OUTCOMES,
            operations={name: (name,) for name in EFFECTS if name != "login"},
            page_faults={**listed, "stale_search": LISTINGS | _ALSO_HIDDEN},
        )


if TYPE_CHECKING:
    _WrappedDesk: Any = object  # what is not defined here is the wrapped desk's, whatever that is
else:
    _WrappedDesk = object


class ChaosHelpdesk(_WrappedDesk):  # type: ignore[misc]  # a desk for every checker, as it is at run time
    """A desk whose calls fail as ``faults`` says; in all other respects the desk that it wraps.

    A fault takes effect before the desk checks the arguments; a fault that processes the call first lets the desk refuse
    it first. Files of ``attachments.open`` fail when they are opened.
    """

    def __init__(self, desk: Helpdesk, faults: FaultPlan | None = None, *, clock: Clock | None = None) -> None:
        self.faults: FaultPlan = PortFaults() if faults is None else faults
        self._desk = desk
        self._clock: Clock = clock or getattr(desk, "clock", None) or SystemClock()
        self._late: list[tuple[float, Callable[[], Any]]] = []
        self._created: dict[tuple[str, str], float] = {}
        self._drift = Drift(desk)

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the wrapped desk; a facet's calls can meet faults too."""
        value = getattr(self._desk, name)
        can_fail = any(operation.startswith(f"{name}.") for operation in EFFECTS)
        return _Area(self, name, value) if can_fail and value else value

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def tickets(self) -> Tickets:
        """Tickets."""
        return cast("Tickets", _Area(self, "tickets", self._desk.tickets))

    @property
    def contacts(self) -> Contacts:
        """Customers."""
        return cast("Contacts", _Area(self, "contacts", self._desk.contacts))

    @property
    def messages(self) -> Messages:
        """Threads."""
        return cast("Messages", _Area(self, "messages", self._desk.messages))

    def check(self) -> Sequence[Any]:
        """Try the credentials and look at the account."""
        found: Sequence[Any] = self.act("check", self._desk.check)
        return found

    def events(self, cursor: str | datetime | None = None, *, limit: int | None = None) -> Events:
        """Return what happened after a cursor, and the next cursor."""
        return self.act("events", lambda: self._desk.events(cursor, limit=limit))

    def subscribe(self, callback: Callable[[Any], None]) -> Callable[[], None]:
        """Call ``callback`` with the transport's events."""
        return self._desk.subscribe(callback)

    def refresh(self) -> None:
        """Forget what the directory keeps."""
        self._desk.refresh()

    def close(self) -> None:
        """Close the wrapped desk."""
        self._desk.close()

    # How a call fails

    def act(self, operation: str, call: Callable[[], R]) -> R:
        """Make one call of the wrapped desk, as the fault plan allows."""
        fault = self.fault_for(operation)
        if fault is not None:
            self.fail(operation, fault, call)
        result = call()
        if operation in _CREATES:
            self._created[_CREATES[operation], cast("Any", result).id] = self._clock.now()
        if fault is not None and fault.kind == "stale_search":
            return self._without_new(operation, result, fault)
        return result

    def fault_for(self, operation: str) -> Fault | None:
        """Return the fault for a call of ``operation``, and count it; late commits that are due happen first."""
        now = self._clock.now()
        due = [call for at, call in self._late if at <= now]
        self._late = [(at, call) for at, call in self._late if at > now]
        for call in due:
            with suppress(HelpdeskError):
                call()
        if not self.faults.connects(operation, "", ""):
            return Fault(CONNECT_TIMEOUT, on=operation)
        return self.faults.take(operation)

    def fail(self, operation: str, fault: Fault, call: Callable[[], object]) -> None:
        """Raise the error of a fault; return if the call is to succeed."""
        outcome = OUTCOMES[fault.kind]
        error = outcome.of(EFFECTS[operation])
        if error is None:
            return
        if fault.kind == "late_commit":
            self._late.append((self._clock.now() + fault.seconds, call))
        elif outcome.processed or fault.processed:
            call()
        raise self._error(error, fault).located(vendor=self._desk.vendor, desk=self._desk.name, operation=operation)

    def _error(self, error: type[HelpdeskError], fault: Fault) -> HelpdeskError:
        message = f"a fault was injected: {fault.kind}"
        if error is RateLimited:
            seconds = fault.retry_after
            return RateLimited(message, retry_after=float(seconds) if isinstance(seconds, int) else None)
        if error is InDoubt:
            policy = self._desk.rate_limit
            return InDoubt(message) if policy is None else InDoubt(message, settle_seconds=policy.settle_seconds)
        answered = fault.kind in {"server_error", "html_page"}
        return error(message, status=fault.status if answered else None)

    # What faults of lists need

    def is_new(self, area: str, record: Any, fault: Fault) -> bool:
        """Whether a record was created through this wrapper within the lag of a stale search."""
        at = self._created.get((area, record.id))
        return at is not None and self._clock.now() - at < fault.seconds

    def _without_new(self, operation: str, result: R, fault: Fault) -> R:
        if operation == "contacts.find":
            return cast("R", None) if result is not None and self.is_new("contacts", result, fault) else result
        new = {key for (_, key), at in self._created.items() if self._clock.now() - at < fault.seconds}
        return cast("R", tuple(one for one in cast("tuple[str, ...]", result) if one not in new))

    def drift(self, operation: str, arguments: tuple[Any, ...]) -> None:
        """Let another user work in the desk between two pages."""
        self._drift.happen(operation, arguments)


class _Area:
    """One port or facet: its calls meet faults, its data is passed on."""

    def __init__(self, chaos: ChaosHelpdesk, name: str, inner: Any) -> None:
        self._chaos = chaos
        self._name = name
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        value: Callable[..., Any] = getattr(self._inner, name)
        operation = f"{self._name}.{name}"
        if operation not in EFFECTS or not callable(value):
            return value
        if operation in LISTINGS:
            return lambda *args, **kwargs: _FaultyListing(self._chaos, operation, value(*args, **kwargs), args)
        return lambda *args, **kwargs: self._chaos.act(operation, lambda: value(*args, **kwargs))


class _FaultyListing(Listing[R]):
    """A listing whose pages meet faults, each by itself."""

    def __init__(self, chaos: ChaosHelpdesk, operation: str, inner: Listing[R], arguments: tuple[Any, ...]) -> None:
        self._chaos = chaos
        self._operation = operation
        self._area = operation.partition(".")[0]
        self._inner = inner
        self._arguments = arguments

    def __iter__(self) -> Iterator[R]:
        records = iter(self._inner)
        while True:
            fault = self._take_fault()
            page = list(islice(records, _PAGE))
            if fault is None or fault.kind != "skipped_page":
                yield from self._seen(page, fault)
            if len(page) < _PAGE:
                return

    def page(self, cursor: str | None = None, size: int | None = None) -> Page[R]:
        """Return one page."""
        fault = self._take_fault()
        found = self._inner.page(cursor, size)
        if fault is not None and fault.kind == "skipped_page":
            return self._inner.page(found.next, size) if found.next is not None else Page(())
        return Page(tuple(self._seen(found.items, fault)), found.next, found.total)

    def count(self) -> int | None:
        """Return how many records match."""
        self._take_fault()
        return self._inner.count()

    def _take_fault(self) -> Fault | None:
        fault = self._chaos.fault_for(self._operation)
        if fault is not None:
            self._chaos.fail(self._operation, fault, lambda: None)
            if fault.kind == "page_drift":
                self._chaos.drift(self._operation, self._arguments)
        return fault

    def _seen(self, page: Sequence[R], fault: Fault | None) -> Sequence[R]:
        if fault is None or fault.kind != "stale_search":
            return page
        return [one for one in page if not self._chaos.is_new(self._area, one, fault)]


class Drift:
    """Another user at work between two pages: adds a record, changes the one added before, removes an older one.

    It works through the port alone, and so on every desk, as far as the desk can do these.
    """

    def __init__(self, desk: Helpdesk) -> None:
        self._desk = desk
        self._numbers = count(1)
        self._added: dict[str, list[str]] = {"tickets": [], "contacts": []}

    def happen(self, operation: str, arguments: tuple[Any, ...] = ()) -> None:
        """Work in the list that ``operation`` reads; ``arguments`` are those of its call."""
        can = self._desk.capabilities.supports
        if operation == "tickets.list" and can("tickets.create"):
            self._tickets()
        elif operation == "contacts.list" and can("contacts.create"):
            self._contacts()
        elif operation == "messages.list" and arguments and can("messages.note"):
            self._desk.messages.note(str(arguments[0]), MessageDraft(body="written in between"))

    def _tickets(self) -> None:
        desk, added = self._desk, self._added["tickets"]
        draft = TicketDraft(subject="Came in between", description="written in between", requester=self._person())
        new = desk.tickets.create(draft).id
        if added and desk.capabilities.supports("tickets.update:subject"):
            desk.tickets.update(added[-1], TicketChange(subject="Changed in between"))
        if len(added) > 1 and desk.removal:
            desk.removal.ticket(added.pop(0))
        added.append(new)

    def _contacts(self) -> None:
        desk, added = self._desk, self._added["contacts"]
        person = self._person()
        draft = ContactDraft(emails=(person,)) if "@" in person else ContactDraft(phones=(person,))
        new = desk.contacts.create(draft).id
        if added and desk.removal:
            desk.removal.contact(added.pop(0))
        added.append(new)

    def _person(self) -> str:
        number = next(self._numbers)
        if "phone" in self._desk.capabilities.contact_needs:
            return f"+49301{number:07d}"
        return f"in-between-{number}@customer.example"


__all__ = ["ChaosHelpdesk", "PortFaults"]
