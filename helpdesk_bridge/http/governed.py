"""The governed layer: asks the governor before every attempt and reports the answer to it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeVar

from attrs import frozen

from helpdesk_bridge.cancellation import CallCancelled
from helpdesk_bridge.errors import BadResponse, HelpdeskError
from helpdesk_bridge.http.events import BudgetBack, BudgetLost, EventBus, Refused, Waiting
from helpdesk_bridge.http.request import Auth, Response
from helpdesk_bridge.http.transport import FREE, Grant, NotSent

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from helpdesk_bridge.http.options import HttpOptions
    from helpdesk_bridge.http.request import Request
    from helpdesk_bridge.http.transport import Download, Transport
    from helpdesk_bridge.ratelimit.governor import Governor, Reservation
    from helpdesk_bridge.ratelimit.policy import RateLimitPolicy

R = TypeVar("R")
LATE_REAL_SECONDS = 5.0
"""An attempt ends with its timeout; a machine under load may be that late to notice."""


def units_of(request: Request, policy: RateLimitPolicy) -> int:
    """Return what one attempt of a request costs."""
    if request.cost is not None:
        return request.cost
    # Files on another host's storage are no calls of the vendor's API.
    foreign = request.url is not None and request.auth is Auth.WITHOUT_AUTH
    return 0 if foreign else policy.cost(request.method, request.path)


@frozen(kw_only=True, eq=False)
class Governed:
    """Reserve, send, settle; what was provably not sent costs nothing."""

    inner: Transport
    governor: Governor
    options: HttpOptions
    events: EventBus
    vendor: str
    desk: str
    wall: Callable[[], datetime]
    count_rows: Callable[[Request, Response], int] | None = None

    def __attrs_post_init__(self) -> None:
        self.governor.users.add(self)

    def send(self, request: Request, grant: Grant = FREE) -> Response:  # noqa: ARG002 - this layer makes the grant
        """Wait for the budget, then send. Raises ``RateLimited`` before sending if the wait is too long."""
        reservation, response = self._attempt(request, partial(self.inner.send, request))
        self._settle(request, reservation, response)
        return response

    def open(self, request: Request, grant: Grant = FREE) -> Download:  # noqa: ARG002 - this layer makes the grant
        """Do the same for an answer that is read piece by piece."""
        reservation, download = self._attempt(request, partial(self.inner.open, request))
        if download.failed is not None:
            self._settle(request, reservation, download.failed)
        else:
            self.governor.settle(reservation, download.status, download.headers, wall=self.wall)
        return download

    def _attempt(self, request: Request, go: Callable[[Grant], R]) -> tuple[Reservation, R]:
        """Reserve the units of a request and send it; whatever ends the attempt, the units are accounted for."""
        reservation = self._reserve(request)
        try:
            return reservation, go(Grant(reservation.units, reservation.waited))
        except (NotSent, HelpdeskError, CallCancelled):
            # Below this layer a HelpdeskError means that the request was turned down before it left.
            self.governor.cancel(reservation)
            raise
        except BaseException:
            self.governor.settle(reservation, None)
            raise

    def close(self) -> None:
        """Close what is inside and spend no more."""
        self.inner.close()
        self.governor.users.discard(self)

    def store_changed(self, place: str, reason: str, *, lost: bool) -> None:
        """Publish that the place where the budget lives is lost, or there again."""
        if lost:
            self.events.publish(BudgetLost(vendor=self.vendor, desk=self.desk, place=place, reason=reason))
        else:
            self.events.publish(BudgetBack(vendor=self.vendor, desk=self.desk, place=place))

    def _reserve(self, request: Request) -> Reservation:
        units = units_of(request, self.governor.policy)

        def waiting(seconds: float) -> None:
            self.events.publish(
                Waiting(
                    vendor=self.vendor,
                    desk=self.desk,
                    operation=request.operation,
                    seconds=seconds,
                    reason="rate limit",
                )
            )

        return self.governor.reserve(
            units,
            request.rows,
            self.options.priority,
            self.options.max_wait,
            method=request.method,
            path=request.path,
            reserve=self.options.reserve,
            lease=self.options.timeout + LATE_REAL_SECONDS,
            on_wait=waiting if self.events else None,
        )

    def _rows(self, request: Request, response: Response) -> int | None:
        if self.count_rows is None or not request.rows or not response.ok:
            return None
        try:
            return self.count_rows(request, response)
        except BadResponse:
            # Judging it is for the layers above; here it only has to be settled.
            return None

    def _settle(self, request: Request, reservation: Reservation, response: Response) -> None:
        policy = self.governor.policy
        # Whoever limits what costs nothing here limits something else than this budget.
        refused = policy.refused(response.status, response.headers, response.body) and any(reservation.amounts)
        rows = None if refused else self._rows(request, response)
        self.governor.settle(reservation, response.status, response.headers, refused=refused, rows=rows, wall=self.wall)
        if refused and self.events:
            reading = policy.read(response.headers, refused=True, wall=self.wall)
            self.events.publish(
                Refused(
                    vendor=self.vendor,
                    desk=self.desk,
                    operation=request.operation,
                    retry_after=reading.retry_after,
                )
            )
