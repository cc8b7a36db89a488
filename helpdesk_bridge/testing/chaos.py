"""``ChaosHelpdesk``: a wrapper around any desk whose calls fail as injected, for tests of an application's error handling."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from datetime import datetime
from functools import cache
from itertools import count, islice
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar, cast

from helpdesk_bridge.adapter import Page
from helpdesk_bridge.clock import Clock, SystemClock
from helpdesk_bridge.http.events import EventBus
from helpdesk_bridge.http.options import HttpOptions
from helpdesk_bridge.model.drafts import ContactDraft, MessageDraft, TicketChange, TicketDraft
from helpdesk_bridge.model.paging import Events
from helpdesk_bridge.ports import Contacts, Helpdesk, Listing, Messages, Tickets
from helpdesk_bridge.testing.faulty import PORT_KINDS, FaultyCalls, PortFaults
from helpdesk_bridge.testing.outcomes import EFFECTS, LISTINGS
from helpdesk_bridge.testing.simulator.faults import FaultPlan

R = TypeVar("R")
_PAGE: Final = 100
_NOT_BY_PAGES: Final = frozenset({"duplicate_page"})
"""Which page a desk read is not seen at its port."""


if TYPE_CHECKING:
    _WrappedDesk: Any = object  # what is not defined here is the wrapped desk's, whatever that is
else:
    _WrappedDesk = object


class ChaosHelpdesk(_WrappedDesk):  # type: ignore[misc]  # a desk for every checker, as it is at run time
    """A desk whose calls fail as ``faults`` says; in all other respects the desk that it wraps.

    A fake acts its faults out itself, so that ``faults`` are the fake's own. Over any other desk a fault takes effect at
    the port, before the desk checks the arguments; a fault that processes the call first lets the desk refuse it first.
    Calls are waited for and repeated as requests are; with ``retries=False`` a fault that strikes once ends the call, in
    the error in which all repeats would end. Files of ``attachments.open`` fail when they are opened.
    """

    def __init__(
        self, desk: Helpdesk, faults: FaultPlan | None = None, *, clock: Clock | None = None, retries: bool = True
    ) -> None:
        own = getattr(desk, "faults", None)
        self._desk = desk
        self._calls: FaultyCalls | None = None
        if retries and faults is None and isinstance(own, FaultPlan):
            self.faults: FaultPlan = own
            return
        self.faults = PortFaults(kinds=PORT_KINDS - _NOT_BY_PAGES) if faults is None else faults
        policy = desk.rate_limit
        self._calls = FaultyCalls(
            self.faults,
            clock or getattr(desk, "clock", None) or SystemClock(),
            HttpOptions(),
            getattr(desk, "_bus", None) or EventBus(),
            desk.vendor,
            desk.name,
            Drift(desk),
            lambda _: nullcontext(),
            retries=retries,
            **({} if policy is None else {"settle_seconds": policy.settle_seconds}),
        )

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the wrapped desk; a facet's calls can meet faults too."""
        value = getattr(self._desk, name)
        can_fail = any(operation.startswith(f"{name}.") for operation in EFFECTS)
        return self._area(name, value) if can_fail and value else value

    def _area(self, name: str, value: Any) -> Any:
        return value if self._calls is None else _Area(self._calls, name, value)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def tickets(self) -> Tickets:
        """Tickets."""
        return cast("Tickets", self._area("tickets", self._desk.tickets))

    @property
    def contacts(self) -> Contacts:
        """Customers."""
        return cast("Contacts", self._area("contacts", self._desk.contacts))

    @property
    def messages(self) -> Messages:
        """Threads."""
        return cast("Messages", self._area("messages", self._desk.messages))

    def check(self) -> Sequence[Any]:
        """Try the credentials and look at the account."""
        found: Sequence[Any] = self._act("check", self._desk.check)
        return found

    def events(self, cursor: str | datetime | None = None, *, limit: int | None = None) -> Events:
        """Return what happened after a cursor, and the next cursor."""
        return self._act("events", lambda: self._desk.events(cursor, limit=limit))

    def _act(self, operation: str, call: Callable[[], R]) -> R:
        return call() if self._calls is None else self._calls.call(operation, call)

    def subscribe(self, callback: Callable[[Any], None]) -> Callable[[], None]:
        """Call ``callback`` with the transport's events."""
        return self._desk.subscribe(callback)

    def refresh(self) -> None:
        """Forget what the directory keeps."""
        self._desk.refresh()

    def close(self) -> None:
        """Close the wrapped desk."""
        self._desk.close()


class _Area:
    """One port or facet: its calls meet faults, its data is passed on."""

    def __init__(self, calls: FaultyCalls, name: str, inner: Any) -> None:
        self._calls = calls
        self._name = name
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        value: Callable[..., Any] = getattr(self._inner, name)
        operation = f"{self._name}.{name}"
        if operation not in EFFECTS or not callable(value):
            return value
        if operation in LISTINGS:
            return lambda *args, **kwargs: _FaultyListing(self._calls, operation, value(*args, **kwargs), args)
        return lambda *args, **kwargs: self._calls.call(
            operation, lambda: value(*args, **kwargs), (*args, *kwargs.values())
        )


class _FaultyListing(Listing[R]):
    """A listing whose pages meet faults, each by itself."""

    def __init__(self, calls: FaultyCalls, operation: str, inner: Listing[R], arguments: tuple[Any, ...]) -> None:
        self._calls = calls
        self._operation = operation
        self._inner = inner
        self._arguments = arguments

    def __iter__(self) -> Iterator[R]:
        records = iter(self._inner)

        def read(_: str = "") -> Page[R]:
            items = tuple(islice(records, _PAGE))
            return Page(items, "more" if len(items) == _PAGE else None)

        while True:
            # A call that is repeated gets the same page again: an iterator gives its records only once.
            page = self._calls.call(self._operation, cache(read), self._arguments, read)
            yield from page.items
            if page.next is None:
                return

    def page(self, cursor: str | None = None, size: int | None = None) -> Page[R]:
        """Return one page."""
        return self._calls.call(
            self._operation,
            lambda: self._inner.page(cursor, size),
            self._arguments,
            lambda further: self._inner.page(further, size),
        )

    def count(self) -> int | None:
        """Return how many records match."""
        return self._calls.call(self._operation, self._inner.count, self._arguments)


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


__all__ = ["ChaosHelpdesk", "Drift"]
