"""The desk under test as a factory gives it: the desk, its fault switch, clock and vocabulary."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Any, Final, TypeAlias

from attrs import frozen

from helpdesk_bridge.model.drafts import TicketDraft
from helpdesk_bridge.model.queries import ContactQuery, TicketQuery
from helpdesk_bridge.ports import Helpdesk
from helpdesk_bridge.testing.conformance import FaultSwitch, Vocabulary
from helpdesk_bridge.testing.conformance.drafts import by_email
from helpdesk_bridge.testing.machine.errors import FactoryError
from helpdesk_bridge.testing.machine.inputs import EMAILS, PHONES

_DESK: Final = ("tickets", "contacts", "messages", "capabilities", "directory", "check", "close")
_NEEDED: Final = ("tickets.create", "tickets.get", "tickets.list")


@frozen(eq=False, kw_only=True)
class DeskUnderTest:
    """A desk, and what opens more of the machine.

    ``faults`` is the fault switch of its simulator; its ``inject`` returns what ``remove()`` ends. ``clock`` is the one
    that desk and vendor go by: with a ``ManualClock`` nobody waits and times are compared exactly. ``vocabulary`` are
    the account's words where the desk's own lists do not tell them all. ``reopen`` opens the account once more, after
    the machine has closed the desk.
    """

    desk: Helpdesk
    faults: FaultSwitch | None = None
    clock: Any = None
    vocabulary: Vocabulary | None = None
    reopen: Callable[[], Helpdesk] | None = None


Factory: TypeAlias = Callable[[], AbstractContextManager[Any] | DeskUnderTest]


@contextmanager
def opened(factory: Factory | None) -> Iterator[DeskUnderTest]:
    """Open what the factory gives, and close it afterwards. Raises ``FactoryError`` where that is no desk."""
    if not callable(factory):
        raise FactoryError(
            "the machine needs a factory: a function that opens a fresh desk, such as "
            "run_conformance_machine(lambda: open_desk({...})), or `factory = staticmethod(...)` in a subclass"
        )
    given: Any = factory()
    if inspect.isgenerator(given):
        given.close()
        raise FactoryError(f"the factory {_name(factory)} is a generator: decorate it with @contextmanager")
    if isinstance(given, DeskUnderTest):
        _refuse_no_desk(factory, given.desk)
        given = _closing(given)
    if not isinstance(given, AbstractContextManager):
        raise FactoryError(
            f"the factory {_name(factory)} gives {type(given).__name__}, which is no desk: return what open_desk or "
            "connect returns, or a context manager that yields one"
        )
    with given as found:
        under = found if isinstance(found, DeskUnderTest) else DeskUnderTest(desk=found)
        _refuse_no_desk(factory, under.desk)
        yield under


@contextmanager
def _closing(under: DeskUnderTest) -> Iterator[DeskUnderTest]:
    with closing(under.desk):
        yield under


def _name(factory: object) -> str:
    return getattr(factory, "__name__", repr(factory))


def _refuse_no_desk(factory: object, desk: object) -> None:
    lacking = [name for name in _DESK if not hasattr(desk, name)]
    if lacking:
        raise FactoryError(
            f"the factory {_name(factory)} yields {type(desk).__name__}, which is no desk: it has no {lacking[0]!r}; "
            "yield what open_desk or connect returns, or a DeskUnderTest that holds it"
        )


def refuse_unsuited(desk: Helpdesk) -> None:
    """Raise ``FactoryError`` for a desk that is not empty, or that cannot create and read tickets."""
    missing = desk.capabilities.missing(*_NEEDED)
    if missing:
        raise FactoryError(
            f"this desk does not declare {', '.join(missing)}: there is nothing for the machine to drive"
        )
    if next(iter(desk.tickets.list(TicketQuery(limit=1), resolve=False)), None) is not None:
        raise FactoryError(_held("tickets"))
    if desk.capabilities.supports("contacts.list") and next(iter(desk.contacts.list(ContactQuery(limit=1))), None):
        raise FactoryError(_held("contacts"))


def refuse_stale(factory: Factory) -> None:
    """Raise ``FactoryError`` as ``refuse_unsuited`` does, also for a desk that shows what was written to an earlier one."""
    with opened(factory) as under:
        refuse_unsuited(under.desk)
        requester = EMAILS[0] if by_email(under.desk.capabilities) else PHONES[0]
        under.desk.tickets.create(TicketDraft(subject="Lamp", description="Hello", requester=requester))
    with opened(factory) as under:
        refuse_unsuited(under.desk)


def _held(what: str) -> str:
    return (
        f"the factory opens a desk that holds {what}: open an empty account every time, not one that an earlier "
        "program wrote to"
    )
