"""The logged layer: counts and reports every HTTP request that goes out."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from attrs import field, frozen

from helpdesk_bridge.clock import real_seconds
from helpdesk_bridge.forks import new_lock
from helpdesk_bridge.http.events import Attempt, EventBus
from helpdesk_bridge.http.transport import FREE, Grant, NotSent, TransportFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from helpdesk_bridge.http.request import Request, Response
    from helpdesk_bridge.http.transport import Download, Transport

logger = logging.getLogger("helpdesk_bridge.http")


@frozen
class Stats:
    """HTTP requests that went out (repeats included), units charged for them, and how many the vendor refused."""

    calls: int = 0
    units: int = 0
    refused: int = 0


class _Counter:
    def __init__(self) -> None:
        self._lock = new_lock()
        self._calls = self._units = self._refused = 0

    def add(self, units: int, *, refused: bool) -> None:
        with self._lock:
            self._calls += 1
            self._units += 0 if refused else units
            self._refused += refused

    def read(self) -> Stats:
        with self._lock:
            return Stats(self._calls, self._units, self._refused)


@frozen(kw_only=True)
class Logged:
    """One DEBUG line and one event an attempt: method, path template, status, milliseconds, wait. Never a body."""

    inner: Transport
    events: EventBus
    vendor: str
    desk: str
    refused: Callable[[int, Mapping[str, str], bytes], bool]
    _counter: _Counter = field(factory=_Counter, init=False)

    @property
    def stats(self) -> Stats:
        """What went out so far."""
        return self._counter.read()

    def send(self, request: Request, grant: Grant = FREE) -> Response:
        """Send, and report what happened."""
        started = real_seconds()
        try:
            response = self.inner.send(request, grant)
        except TransportFailure as failure:
            self._failed(request, grant, failure, started)
            raise
        refused = self.refused(response.status, response.headers, response.body)
        self._report(request, grant, status=response.status, elapsed_ms=response.elapsed_ms, refused=refused)
        return response

    def open(self, request: Request, grant: Grant = FREE) -> Download:
        """Open, and report what happened up to the headers."""
        started = real_seconds()
        try:
            download = self.inner.open(request, grant)
        except TransportFailure as failure:
            self._failed(request, grant, failure, started)
            raise
        answer = download.failed
        refused = answer is not None and self.refused(answer.status, answer.headers, answer.body)
        elapsed = (real_seconds() - started) * 1000
        self._report(request, grant, status=download.status, elapsed_ms=elapsed, refused=refused)
        return download

    def close(self) -> None:
        """Close what is inside."""
        self.inner.close()

    def _failed(self, request: Request, grant: Grant, failure: TransportFailure, started: float) -> None:
        elapsed = (real_seconds() - started) * 1000
        sent = not isinstance(failure, NotSent)
        self._report(request, grant if sent else FREE, elapsed_ms=elapsed, failure=failure.reason, sent=sent)

    def _report(
        self,
        request: Request,
        grant: Grant,
        *,
        elapsed_ms: float,
        status: int | None = None,
        refused: bool = False,
        failure: str | None = None,
        sent: bool = True,
    ) -> None:
        if sent:
            self._counter.add(grant.units, refused=refused)
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug(
                "%s %s %s %.0f ms wait %.1f s",
                request.method,
                request.path,
                status or failure,
                elapsed_ms,
                grant.waited,
                extra={
                    "event": "http.attempt",
                    "vendor": self.vendor,
                    "desk": self.desk,
                    "operation": request.operation,
                    "method": request.method,
                    "path": request.path,
                    "status": status,
                    "elapsed_ms": elapsed_ms,
                    "waited": grant.waited,
                    "units": grant.units,
                    "refused": refused,
                    "failure": failure,
                },
            )
        if self.events:
            self.events.publish(
                Attempt(
                    vendor=self.vendor,
                    desk=self.desk,
                    operation=request.operation,
                    method=request.method,
                    path=request.path,
                    status=status,
                    elapsed_ms=elapsed_ms,
                    waited=grant.waited,
                    units=grant.units,
                    refused=refused,
                    failure=failure,
                )
            )
