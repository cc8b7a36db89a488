"""Outages: whose fault a failure is, a side's or a record's; waiting for a side, and stopping, resumable, when that takes too long."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from attrs import frozen

from helpdesk_bridge.adapter import Severity
from helpdesk_bridge.errors import (
    AuthenticationFailed,
    BadResponse,
    HelpdeskError,
    PermissionDenied,
    RateLimited,
)
from helpdesk_bridge.http.retry import NeverReached
from helpdesk_bridge.migration.desk import MigrationDesk
from helpdesk_bridge.migration.outcome import CredentialsLost, Interrupted
from helpdesk_bridge.migration.scope.hours import Hours
from helpdesk_bridge.migration.slices import SHORT, Slices, wait
from helpdesk_bridge.model.queries import TicketQuery

T = TypeVar("T")

ATTEMPTS: Final = 5
"""How often a run sends a create that is never answered, before it goes on without the record."""
RATE_LIMIT: Final = "rate limit"
"""Why a side is waited for that is not in the least out of order."""
TRIES: Final = 3
"""How often a run repeats another call that fails for one record; each is repeated on the wire as well."""
FAILURES_IN_A_ROW: Final = 3
REFUSALS_IN_A_ROW: Final = 10
"""So many records refused without a success in between are a right that was withdrawn, whatever a neutral call says."""
LONGEST_PAUSE: Final = 30.0
_LOOK: Final = 10
"""So many records of a list are taken between two looks at the budget."""
_POLL: Final = 0.05
_REFUSED: Final = (AuthenticationFailed, PermissionDenied)


_IN_A_ROW: Final = re.compile(r"\[\d+\]|\.\d+(?:\.|$)")
"""The place of a row in an answer: ``$.tickets[3]``, or ``$.3.case`` where a vendor numbers rows as keys."""


class Stopped(Exception):
    """The run was asked to stop; what catches this leaves everything as the journal says."""


def is_passing(error: HelpdeskError) -> bool:
    """Whether the same read may succeed later: an answer that is none is an outage, one row that is unreadable is not."""
    return error.temporary or (isinstance(error, BadResponse) and _IN_A_ROW.search(error.path or "") is None)


@frozen
class Wait:
    """A side is waited for, for about so many real seconds."""

    side: str
    seconds: float
    reason: str

    def __str__(self) -> str:
        return f"{self.side}: waiting {self.seconds:.0f} s: {self.reason}"


class Outage:
    """Watches one desk of a migration. Shared by all workers.

    A failure is the side's if a neutral call fails as well, or if records fail one after the other; else it is the
    record's. ``patience`` is in real seconds: an outage lasts as long as it lasts, whatever the vendor's time scale.
    ``waits`` is given what is waited for, once for all who wait for it. Outside of ``hours`` nothing is sent. Work in slices
    begins nothing for which less than ``write_units`` are left: it would wait in the middle.
    """

    def __init__(
        self,
        side: MigrationDesk,
        stop: threading.Event,
        patience: float,
        waits: Callable[[Wait], None] | None = None,
        hours: Hours | None = None,
        *,
        write_units: int = 1,
    ) -> None:
        self.hours = hours
        self._side = side
        self._stop = stop
        self._patience = patience
        self._write_units = write_units
        self._waits = waits
        self._told_until = -math.inf
        self._tell_lock = threading.Lock()
        self._failures = 0
        self._lock = threading.Lock()
        self._refused = 0
        self._writes = threading.Lock()
        self._unanswered: set[Hashable] = set()
        self._unanswered_since = 0.0
        self._pause = 1.0

    def real_now(self) -> float:
        """Return monotonic real seconds."""
        return self._side.clock.now() / self._side.clock.time_scale

    def pause(self, seconds: float, reason: str = "") -> None:
        """Wait for real seconds. Raises ``Stopped`` if the run is to stop."""
        if wait(self._stop, self._side.clock, seconds, f"{self._side.label}: {reason}" if reason else ""):
            raise Stopped

    def each(self, records: Iterable[T]) -> Iterator[T]:
        """Yield the records of a list. Raises ``Stopped`` if the run is to stop.

        Work in slices waits for the budget here: within a call it would be the governor that waits.
        """
        for number, record in enumerate(records, 1):
            if self._stop.is_set():
                raise Stopped
            yield record
            if number % _LOOK == 0 and self._sliced:
                self._await_turn()

    @property
    def _sliced(self) -> bool:
        return isinstance(self._stop, Slices) and self._stop.sliced

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let one thread at a time judge the side; between slices whoever waits for it is held like the others."""
        while not self._lock.acquire(timeout=_POLL if self._sliced else -1):
            if self._stop.is_set():
                raise Stopped
        try:
            yield
        finally:
            self._lock.release()

    # -- calls that are about the side as a whole ------------------------------------------------------------------

    def patiently(self, call: Callable[[], T], passing: Callable[[HelpdeskError], bool] = is_passing) -> T:
        """Return the result of ``call``, repeated while its failure is passing: for lists, and writes that were not sent.

        Raises ``CredentialsLost`` for a refusal, and ``Interrupted`` if the failure outlasts the patience.
        """
        since: float | None = None
        pause = 1.0
        while True:
            rested = self._await_turn()
            since = since if since is None else since + rested
            try:
                result = call()
            except _REFUSED as error:
                raise self._credentials(error) from error
            except HelpdeskError as error:
                if not passing(error):
                    raise
                since = self._wait_after(error, since, pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                self._failures = 0
                return result

    def _wait_after(self, error: HelpdeskError, since: float | None, pause: float) -> float:
        """Wait as long as ``error`` asks for, at least ``pause``; return since when the side has failed."""
        self._failures += 1
        since = self.real_now() if since is None else since
        if isinstance(error, NeverReached):
            raise Interrupted(
                f"{self._side.label} cannot be reached ({error}); correct its address, or run again once it is there"
            ) from error
        if self.real_now() - since >= self._patience:
            raise self._over(str(error)) from error
        rest = max(self._asked_for(error) or 0.0, pause)
        self._say_waiting(rest, str(error))
        self.pause(rest, str(error))
        return since

    def _await_turn(self) -> float:
        """Wait for the hours and the budget here, where a stop interrupts the wait: the governor's own would not end early.

        Return the real seconds outside of the hours, which are no part of an outage.
        """
        rested = self._await_hours()
        while not self._stop.is_set():
            units = self._write_units if self._sliced else 1
            seconds = self._side.forecast(units) / self._side.clock.time_scale
            if seconds <= SHORT:
                return rested
            self._say_waiting(seconds, RATE_LIMIT)
            self.pause(seconds if self._sliced else min(seconds, LONGEST_PAUSE), RATE_LIMIT)
        raise Stopped

    def _await_hours(self) -> float:
        if self.hours is None:
            return 0.0
        began = self.real_now()
        while closed := self.hours.closed_for(self._side.clock.wall()):
            reason = f"calls are sent from {self.hours}"
            self._say_waiting(closed, reason)
            self.pause(closed if self._sliced else min(closed, LONGEST_PAUSE), reason)
        return self.real_now() - began

    def _say_waiting(self, seconds: float, reason: str) -> None:
        now = self.real_now()
        with self._tell_lock:
            if self._waits is None or now < self._told_until:
                return
            self._told_until = now + seconds
        self._waits(Wait(self._side.label, seconds, reason))

    def _asked_for(self, error: HelpdeskError) -> float | None:
        if isinstance(error, RateLimited) and error.retry_after is not None:
            return error.retry_after / self._side.clock.time_scale
        return None

    def _over(self, reason: str) -> Interrupted:
        return Interrupted(
            f"{self._side.label} did not answer for {self._patience:.0f} seconds ({reason}); run again to continue"
        )

    def _credentials(self, error: HelpdeskError) -> CredentialsLost:
        return CredentialsLost(f"{self._side.label} refuses the credentials ({error}); correct them and run again")

    # -- calls that are about one record ---------------------------------------------------------------------------

    def of_record(self, call: Callable[[], T]) -> T:
        """Return the result of a call about one record, which may fail alone: its error is then raised as it is.

        What is the side's fault is waited for, or raised, as ``patiently`` does.
        """
        tries, since = 0, None
        while True:
            rested = self._await_turn()
            since = since if since is None else since + rested
            try:
                result = call()
            except _REFUSED as error:
                self.judge_refusal(error)
                raise
            except RateLimited as error:
                since = self._wait_after(error, since, 1.0)
            except HelpdeskError as error:
                if not is_passing(error):
                    raise
                tries += 1
                self._probe()
                if tries == TRIES:
                    raise
                self.pause(2.0 ** (tries - 1))
            else:
                self._failures = self._refused = 0
                return result

    def judge_refusal(self, error: HelpdeskError) -> None:
        """Return if the refusal of a call is about one record. Raises ``CredentialsLost`` if it is about all."""
        self._refused += 1
        if self._refused >= REFUSALS_IN_A_ROW:
            raise CredentialsLost(
                f"{self._side.label} refuses one record after the other ({error}); correct the rights of the "
                "credentials and run again"
            ) from error
        if self._rights_lost():
            raise CredentialsLost(
                f"{self._side.label} withdrew the rights of the credentials ({error}); correct them and run again"
            ) from error

    def _rights_lost(self) -> bool:
        try:
            findings = self.patiently(self._side.desk.check)
        except CredentialsLost:
            return True
        except HelpdeskError:
            return False
        return any(finding.severity is Severity.PROBLEM for finding in findings)

    def _probe(self) -> None:
        """Return when a read that has nothing to do with any record succeeds."""
        self.patiently(lambda: self._side.desk.tickets.list(TicketQuery(limit=1), resolve=False).page(size=1))

    # -- creates ---------------------------------------------------------------------------------------------------

    def answered(self) -> None:
        """Record that a write was done."""
        self._failures = self._refused = 0
        with self._writes:
            self._unanswered.clear()
            self._pause = 1.0

    def unanswered(self, record: Hashable) -> None:
        """Record that nothing says what became of the write of ``record``."""
        self._failures += 1
        with self._writes:
            if not self._unanswered:
                self._unanswered_since = self.real_now()
            self._unanswered.add(record)

    def hold(self) -> None:
        """Return at once while the side takes writes.

        After several failures in a row, return when a read succeeds again: a write is a bad probe, because each that
        fails is one more in doubt. If reads succeed and the writes of several records in a row did not, let one through
        after a pause that grows. Raises ``Interrupted`` if none was taken within the patience.
        """
        if self._failures >= FAILURES_IN_A_ROW:
            with self._alone():
                if self._failures >= FAILURES_IN_A_ROW:
                    self._probe()
        if len(self._unanswered) < FAILURES_IN_A_ROW:
            return
        with self._alone():
            if len(self._unanswered) < FAILURES_IN_A_ROW:
                return
            if self.real_now() - self._unanswered_since >= self._patience:
                raise self._over(f"{len(self._unanswered)} writes in a row got no answer that says what became of them")
            self._say_waiting(self._pause, f"{len(self._unanswered)} writes in a row were not answered")
            self.pause(self._pause)
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
