"""Outages: waiting for a vendor that does not answer, and stopping, resumable, when that takes too long."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Final, TypeVar

from helpdesk_bridge.adapter import Severity
from helpdesk_bridge.errors import AuthenticationFailed, HelpdeskError, PermissionDenied, RateLimited
from helpdesk_bridge.migration.desk import MigrationDesk
from helpdesk_bridge.migration.outcome import CredentialsLost, Interrupted
from helpdesk_bridge.model.queries import TicketQuery

T = TypeVar("T")

FAILURES_IN_A_ROW: Final = 3
LONGEST_PAUSE: Final = 30.0
SHORT: Final = 1.0
"""Real seconds that a stop may have to wait."""


class Stopped(Exception):
    """The run was asked to stop; what catches this leaves everything as the journal says."""


class Outage:
    """Watches one desk of a migration. Shared by all workers.

    ``patience`` is in real seconds: an outage lasts as long as it lasts, whatever the vendor's time scale.
    ``tell`` is given a line for people when something is waited for, once for all who wait for it.
    """

    def __init__(
        self, side: MigrationDesk, stop: threading.Event, patience: float, tell: Callable[[str], None] | None = None
    ) -> None:
        self._side = side
        self._stop = stop
        self._patience = patience
        self._tell = tell
        self._told_until = -math.inf
        self._tell_lock = threading.Lock()
        self._failures = 0
        self._lock = threading.Lock()

    def real_now(self) -> float:
        """Return monotonic real seconds."""
        return self._side.clock.now() / self._side.clock.time_scale

    def pause(self, seconds: float) -> None:
        """Wait for real seconds. Raises ``Stopped`` if the run is to stop."""
        if self._side.clock.wait(self._stop, seconds * self._side.clock.time_scale):
            raise Stopped

    def answered(self) -> None:
        """Record that the desk answers."""
        self._failures = 0

    def failed(self) -> None:
        """Record a failure that may be an outage."""
        self._failures += 1

    def patiently(self, call: Callable[[], T]) -> T:
        """Return the result of ``call``, repeated while its failure is temporary: for reads and for writes that were not sent."""
        since: float | None = None
        pause = 1.0
        while True:
            self._await_turn()
            try:
                result = call()
            except (AuthenticationFailed, PermissionDenied) as error:
                raise self._credentials(error) from error
            except HelpdeskError as error:
                if not error.temporary:
                    raise
                self.failed()
                since = self.real_now() if since is None else since
                self._give_up_after(since, error)
                wait = max(self._asked_for(error) or 0.0, pause)
                self._say_waiting(wait, str(error))
                self.pause(wait)
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                self.answered()
                return result

    def _await_turn(self) -> None:
        """Wait for the budget here, where a stop interrupts the wait: the governor's own wait would not end early."""
        budget = self._side.desk.budget
        while not self._stop.is_set():
            seconds = 0.0 if budget is None else budget.forecast(1) / self._side.clock.time_scale
            if seconds <= SHORT:
                return
            self._say_waiting(seconds, "rate limit")
            self.pause(min(seconds, LONGEST_PAUSE))
        raise Stopped

    def _say_waiting(self, seconds: float, reason: str) -> None:
        now = self.real_now()
        with self._tell_lock:
            if self._tell is None or now < self._told_until:
                return
            self._told_until = now + seconds
        self._tell(f"{self._side.label}: waiting {seconds:.0f} s: {reason}")

    def _asked_for(self, error: HelpdeskError) -> float | None:
        if isinstance(error, RateLimited) and error.retry_after is not None:
            return error.retry_after / self._side.clock.time_scale
        return None

    def _give_up_after(self, since: float, error: HelpdeskError) -> None:
        if self.real_now() - since >= self._patience:
            raise Interrupted(
                f"{self._side.label} did not answer for {self._patience:.0f} seconds ({error}); run again to continue"
            ) from error

    def _credentials(self, error: HelpdeskError) -> CredentialsLost:
        return CredentialsLost(f"{self._side.label} refuses the credentials ({error}); correct them and run again")

    def hold(self) -> None:
        """Return at once while the side works; after several failures in a row, only when a read succeeds again.

        Writes are never the probe: each that fails would be one more in doubt.
        """
        if self._failures < FAILURES_IN_A_ROW:
            return
        with self._lock:
            if self._failures >= FAILURES_IN_A_ROW:
                self.patiently(lambda: self._side.desk.tickets.list(TicketQuery(limit=1), resolve=False).page(size=1))

    def rights_lost(self) -> bool:
        """Whether a refusal is about the credentials as a whole and not about one record."""
        try:
            findings = self.patiently(self._side.desk.check)
        except CredentialsLost:
            return True
        except HelpdeskError:
            return False
        return any(finding.severity is Severity.PROBLEM for finding in findings)
