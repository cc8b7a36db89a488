"""``Fault``: the vocabulary of faults, for simulators and for ``ChaosHelpdesk`` at the port of any desk.

.. code-block:: python

    chaos = ChaosHelpdesk(desk)                                     # any desk: a fake, or one over a simulator
    chaos.faults.inject(Fault.RESPONSE_LOST(), on="tickets.create", times=1)
    with pytest.raises(InDoubt):
        application.open_ticket(chaos)

    simulator.faults.inject(Fault.RATE_LIMITED(retry_after=3), on="tickets.create", times=2)    # on the wire

Both plans take the same faults and the same names of operations. On the wire a fault really happens: bytes are held
back, connections are reset. Either way the desk waits and repeats what may be repeated, so that a fault of ``times=1`` is
often not seen at all; what is said below is how a call ends that meets its fault every time. "Read" means reads and
updates that set values, "create" calls that send or append. What cannot be acted out is a ``FaultError`` when it is
injected. ``plan.assert_all_hit()`` fails if a fault struck less often than it was to.
"""

from __future__ import annotations

from typing import Any

from helpdesk_bridge.testing.chaos import ChaosHelpdesk
from helpdesk_bridge.testing.faulty import PortFaults
from helpdesk_bridge.testing.outcomes import EFFECTS, OUTCOMES, Outcome
from helpdesk_bridge.testing.simulator import faults as wire
from helpdesk_bridge.testing.simulator.faults import FaultError, FaultPlan, Injection


class Fault(wire.Fault):
    """One fault, made by one of the methods below; ``inject`` says where and how often it takes effect."""

    __slots__ = ()

    @classmethod
    def RATE_LIMITED(cls, *, retry_after: str | int | None = 1) -> Fault:  # noqa: N802 - a name of the vocabulary
        """Refuse for the rate limit. The caller waits up to ``max_wait``, then sees ``RateLimited``; nothing happened.

        ``retry_after`` is sent unchanged: desks survive garbage, a date or years; None omits the header.
        """
        return cls("rate_limited", retry_after=retry_after)

    @classmethod
    def SERVER_ERROR(  # noqa: N802 - as above
        cls, *, status: int = 503, processed: bool = False, record: str | None = None
    ) -> Fault:
        """Fail as the vendor fails. The caller sees ``Unavailable`` for a read, ``InDoubt`` for a create.

        With ``record``, an id or words of it, only calls about that record fail; with ``times=None`` they always do.
        """
        return cls("server_error", status=status, processed=processed, record=record)

    @classmethod
    def REFUSED(cls, *, status: int = 400, record: str | None = None) -> Fault:  # noqa: N802 - as above
        """Refuse for certain, and process nothing: ``Invalid``, or the error of ``status`` (403: ``PermissionDenied``).

        On the call that follows a create, such as ``tickets.update``, it leaves half of what was meant.
        """
        return cls("refused", status=status, record=record)

    @classmethod
    def CONNECT_TIMEOUT(cls, *, seconds: float = 0.0) -> Fault:  # noqa: N802 - as above
        """Refuse connections. The caller sees ``Unavailable``, for a create too: provably nothing was sent.

        Over sockets it refuses every connection until it is removed or ``seconds`` real seconds have passed (0: until it
        is removed); ``on``, ``times`` and the like work in process and at the port only.
        """
        return cls("connect_timeout", seconds=seconds)

    @classmethod
    def READ_TIMEOUT(cls, *, seconds: float = 60.0) -> Fault:  # noqa: N802 - as above
        """Process and say nothing for ``seconds`` real seconds: ``Unavailable`` for a read, ``InDoubt`` for a create."""
        return cls("read_timeout", seconds=seconds)

    @classmethod
    def RESPONSE_LOST(cls) -> Fault:  # noqa: N802 - as above
        """Process and reset the connection: ``Unavailable`` for a read, ``InDoubt`` for a create, which happened."""
        return cls("response_lost")

    @classmethod
    def LATE_COMMIT(cls, *, seconds: float = 1.0) -> Fault:  # noqa: N802 - as above
        """Reset the connection and process ``seconds`` vendor seconds later.

        The caller sees ``Unavailable`` for a read, ``InDoubt`` for a create: it is not there yet, and will be.
        """
        return cls("late_commit", seconds=seconds)

    @classmethod
    def LATE_ANSWER(cls, *, seconds: float = 120.0) -> Fault:  # noqa: N802 - as above
        """Process and answer ``seconds`` vendor seconds later, which is beyond the time that writes take to settle.

        The caller gives up before: ``Unavailable`` for a read, ``InDoubt`` for a create, which happens after all.
        """
        return cls("late_answer", seconds=seconds)

    @classmethod
    def CONNECTION_RESET(cls) -> Fault:  # noqa: N802 - as above
        """Reset the connection, process nothing: ``Unavailable`` for a read, ``InDoubt`` for a create."""
        return cls("connection_reset")

    @classmethod
    def EMPTY_RESPONSE(cls) -> Fault:  # noqa: N802 - as above
        """Process and answer without a body: ``BadResponse`` for a read, ``InDoubt`` for a create.

        A vendor whose empty lists come without a body is believed when it says so twice.
        """
        return cls("empty")

    @classmethod
    def TRUNCATED_BODY(cls) -> Fault:  # noqa: N802 - as above
        """Process and break off in mid-answer: ``Unavailable`` for a read, ``InDoubt`` for a create."""
        return cls("truncated")

    @classmethod
    def MALFORMED_JSON(cls) -> Fault:  # noqa: N802 - as above
        """Process and answer malformed JSON: ``BadResponse`` for a read, ``InDoubt`` for a create."""
        return cls("malformed_json")

    @classmethod
    def HTML_ERROR_PAGE(cls, *, status: int = 503, processed: bool = False) -> Fault:  # noqa: N802 - as above
        """Answer as a gateway in front of the vendor: ``Unavailable`` for a read, ``InDoubt`` for a create."""
        return cls("html_page", status=status, processed=processed)

    @classmethod
    def SLOW_DRIP(cls, *, seconds: float = 1.0) -> Fault:  # noqa: N802 - as above
        """Process and send a byte every ``seconds`` real seconds.

        Once ``timeout`` is over in all, the caller sees ``Unavailable`` for a read and ``InDoubt`` for a create.
        """
        return cls("slow_drip", seconds=seconds)

    @classmethod
    def HANG(cls, *, seconds: float = 60.0) -> Fault:  # noqa: N802 - as above
        """Say and process nothing for ``seconds`` real seconds: ``Unavailable`` for a read, ``InDoubt`` for a create."""
        return cls("hang", seconds=seconds)

    @classmethod
    def DUPLICATE_PAGE(cls) -> Fault:  # noqa: N802 - as above
        """Send the list's last answer again. The caller sees each record once, or ``BadResponse``: never an endless list."""
        return cls("duplicate_page")

    @classmethod
    def SKIPPED_PAGE(cls) -> Fault:  # noqa: N802 - as above
        """Answer the page after the one asked for.

        On the wire the caller sees every record if the vendor's pages overlap or are counted. On a fake and at the port the
        records of a page are missing, as with an adapter that trusts page numbers: for applications that check completeness.
        """
        return cls("skipped_page")

    @classmethod
    def PAGE_DRIFT(cls) -> Fault:  # noqa: N802 - as above
        """Add a record, change one and delete one before a page is answered.

        The caller sees every record that exists throughout, each once. At the port the fault deletes only records that it
        created itself.
        """
        return cls("page_drift")

    @classmethod
    def STALE_SEARCH(cls, *, seconds: float = 30.0) -> Fault:  # noqa: N802 - as above
        """Leave records of the last ``seconds`` vendor seconds out of lists and searches.

        The caller sees an answer that lacks them. On a fake and at the port these are the records created through it.
        """
        return cls("stale_search", seconds=seconds)

    @classmethod
    def EMPTY_LIST(cls) -> Fault:  # noqa: N802 - as above
        """Answer a list as if it had no rows: the caller sees that there is nothing, and no error."""
        return cls("empty_list")

    @classmethod
    def OTHER_DATE(cls, *, seconds: float = 7200.0, date: str | None = None) -> Fault:  # noqa: N802 - as above
        """Send a ``Date`` header that is ``seconds`` ahead of the vendor's time, or behind with a minus; else nothing changes.

        ``date`` is sent instead as it is; with ``date=""`` there is no such header.
        """
        return cls("other_date", seconds=seconds, date=date)

    @classmethod
    def TOKEN_EXPIRED(cls) -> Fault:  # noqa: N802 - as above
        """Refuse the credentials: ``AuthenticationFailed``, unless the desk can log in once more; nothing happened."""
        return cls("token_expired")

    @classmethod
    def FOREIGN_NEXT_LINK(cls, location: str = "https://elsewhere.invalid/") -> Fault:  # noqa: N802 - as above
        """Replace every address of the vendor's own host in an answer by ``location``.

        Lists do not show it, because no adapter follows links; a file at such an address comes from there, or not at all.
        Credentials are never sent there.
        """
        return cls("foreign_next_link", location=location)

    @classmethod
    def FOREIGN_REDIRECT(cls, location: str = "https://elsewhere.invalid/") -> Fault:  # noqa: N802 - as above
        """Redirect to ``location``, process nothing: ``BadResponse`` for a read, ``InDoubt`` for a create.

        Redirects are never followed; nothing is sent there.
        """
        return cls("foreign_redirect", location=location)

    @classmethod
    def GZIP_BOMB(cls, *, size: int = 128 << 20) -> Fault:  # noqa: N802 - as above
        """Process and answer ``size`` bytes of blanks, compressed.

        At the size limit the caller sees ``Unavailable`` for a read and ``InDoubt`` for a create.
        """
        return cls("gzip_bomb", size=size)

    @classmethod
    def named(cls, name: str, **options: Any) -> Fault:
        """Return a fault by its name in either spelling, ``RESPONSE_LOST`` or ``response_lost``. Raises ``FaultError`` for any other."""
        made = getattr(cls, name.upper(), None) if name.upper() in NAMES else None
        if made is None and name in OUTCOMES:
            made = getattr(cls, _BY_KIND[name])
        if made is None:
            raise FaultError(f"unknown fault {name!r}; known faults: {', '.join(NAMES)}")
        try:
            fault: Fault = made(**options)
        except TypeError as error:
            raise FaultError(f"fault {name}: {error}") from None
        return fault


NAMES = tuple(name for name in vars(Fault) if name.isupper())
"""The names of all faults."""

_BY_KIND = {getattr(Fault, name)().kind: name for name in NAMES}

__all__ = [
    "EFFECTS",
    "NAMES",
    "OUTCOMES",
    "ChaosHelpdesk",
    "Fault",
    "FaultError",
    "FaultPlan",
    "Injection",
    "Outcome",
    "PortFaults",
]
