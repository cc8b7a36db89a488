"""The retrying layer: turns answers and failures into errors, and repeats what may be repeated."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, TypeVar

from attrs import field, frozen

from helpdesk_bridge.cancellation import cancellable_sleep
from helpdesk_bridge.errors import (
    AuthenticationFailed,
    BadResponse,
    Conflict,
    HelpdeskError,
    InDoubt,
    Invalid,
    NotFound,
    PermissionDenied,
    RateLimited,
    Unavailable,
    Unsupported,
)
from helpdesk_bridge.http.events import EventBus, Waiting
from helpdesk_bridge.http.governed import units_of
from helpdesk_bridge.http.request import Answer, Effect, Response
from helpdesk_bridge.http.status import error_for_status
from helpdesk_bridge.http.transport import NotSent, Oversized, TransportFailure
from helpdesk_bridge.ratelimit.policy import LONGEST_WAIT, seconds_to_wait

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from helpdesk_bridge.clock import Clock
    from helpdesk_bridge.http.options import HttpOptions
    from helpdesk_bridge.http.request import Request
    from helpdesk_bridge.http.transport import Download, Transport
    from helpdesk_bridge.ratelimit.policy import RateLimitPolicy

BACKOFF_FIRST = 0.5
BACKOFF_LONGEST = 30.0

_DEFINITE = (AuthenticationFailed, Conflict, Invalid, NotFound, PermissionDenied, Unsupported)
_REQUEST_ID_HEADERS = ("X-Request-Id", "Request-Id", "X-Correlation-Id", "X-Amzn-RequestId")
_NO_CONTENT = {204, 205}


def backoff(tries: int, draw: Callable[[], float]) -> float:
    """Return the vendor seconds to wait after that many failures: doubling, capped, between half and all of it."""
    full = min(BACKOFF_FIRST * 2.0 ** (tries - 1), BACKOFF_LONGEST)
    return full * (0.5 + draw() / 2)


T = TypeVar("T")


class NeverReached(Unavailable):
    """The desk did not answer once since it was opened: its address is wrong, or it has not begun to listen."""


class AnswerTooLarge(Unavailable):
    """The answer is larger than the request takes: the same call will not do, but one for less may."""


@frozen
class _Verdict:
    """An error, and whether trying again can help: at once through the governor (refused), or after a pause."""

    error: HelpdeskError
    again: bool = field(default=False, kw_only=True)
    refused: bool = field(default=False, kw_only=True)
    after: float | None = field(default=None, kw_only=True)


@frozen(kw_only=True)
class Retrying:
    """Repeats reads and updates that set values on temporary errors; a create only if it cannot have happened.

    A create is repeated when not a byte of it was sent, or when the vendor refused it because the budget is spent.
    Any other outcome but a success or a definite refusal is ``InDoubt``.
    """

    inner: Transport
    classify: Callable[[Request, Response], HelpdeskError | None]
    clock: Clock
    wall: Callable[[], datetime]
    policy: RateLimitPolicy
    options: HttpOptions
    events: EventBus
    vendor: str
    desk: str
    draw: Callable[[], float] = random.random

    def send(self, request: Request) -> Response:
        """Return a successful answer that is what the request says it must be, or raise what the caller can act on."""
        return self._run(request, lambda: self.inner.send(request), self._judge)

    def read(self, request: Request, read: Callable[[Response], T]) -> T:
        """Return what ``read`` makes of a successful answer; see ``read_answer``."""
        return read_answer(self.send, request, read, settle_seconds=self.policy.settle_seconds)

    def open(self, request: Request) -> Download:
        """Return an open, successful answer. Once its body is being read nothing is repeated any more."""
        return self._run(request, lambda: self.inner.open(request), self._judge_download)

    def close(self) -> None:
        """Close what is inside."""
        self.inner.close()

    def _run(self, request: Request, go: Callable[[], T], judge: Callable[[Request, T], _Verdict | None]) -> T:
        tries = 0
        refused_since: float | None = None
        while True:
            verdict: _Verdict | None
            try:
                result = go()
            except TransportFailure as failure:
                verdict = self._failed(request, failure)
            except HelpdeskError as known:
                known.located(vendor=self.vendor, desk=self.desk, operation=request.operation)
                raise
            else:
                verdict = judge(request, result)
                if verdict is None:
                    return result
            # Past the except clauses, so that no error carries the one below it, and with it the request.
            tries += not verdict.refused
            if verdict.refused and refused_since is None:
                refused_since = self.clock.now()
            pause = self._pause(verdict, tries, refused_since)
            if pause is None:
                try:
                    raise verdict.error.located(vendor=self.vendor, desk=self.desk, operation=request.operation)
                finally:
                    del verdict  # which the error's traceback would hold, and it the error
            if pause > 0:
                self._wait(request, pause)

    def _pause(self, verdict: _Verdict, tries: int, refused_since: float | None) -> float | None:
        """Return the vendor seconds to wait before trying again; None to give up."""
        patience = LONGEST_WAIT if self.options.max_wait is None else self.options.max_wait
        if verdict.refused:
            # The governor was told and makes the next attempt wait; here only the sum of such waits is bounded.
            waited = 0.0 if refused_since is None else self.clock.now() - refused_since
            return 0.0 if waited <= patience else None
        if not verdict.again or tries >= self.options.attempts:
            return None
        pause = max(backoff(tries, self.draw), verdict.after or 0.0)
        return pause if pause <= max(patience, BACKOFF_LONGEST) else None

    def _wait(self, request: Request, pause: float) -> None:
        waiting = Waiting(
            vendor=self.vendor, desk=self.desk, operation=request.operation, seconds=pause, reason="temporary failure"
        )
        self.events.publish(waiting)
        cancellable_sleep(self.clock, pause)

    def _failed(self, request: Request, failure: TransportFailure) -> _Verdict:
        if isinstance(failure, NotSent):
            kind = NeverReached if failure.final and failure.passing else Unavailable
            error = kind(f"nothing was sent: {failure.reason}")
            error.temporary = failure.passing
            return _Verdict(error, again=not failure.final)
        if request.effect is Effect.CREATE:
            return _Verdict(self._in_doubt(failure.reason))
        if isinstance(failure, Oversized):
            too_large = AnswerTooLarge(failure.reason)
            too_large.temporary = False
            return _Verdict(too_large)
        return _Verdict(Unavailable(failure.reason), again=True)

    def _in_doubt(self, why: str, status: int | None = None, request_id: str | None = None) -> InDoubt:
        return InDoubt(
            f"the write may have happened, or may still happen: {why}",
            settle_seconds=self.policy.settle_seconds,
            status=status,
            request_id=request_id,
        )

    def _judge_download(self, request: Request, download: Download) -> _Verdict | None:
        if download.failed is None:
            return None
        download.close()
        return self._judge(request, download.failed)

    def _judge(self, request: Request, response: Response) -> _Verdict | None:
        error = self._error(request, response)
        refused = self.policy.refused(response.status, response.headers, response.body)
        if refused and not isinstance(error, RateLimited):
            error = RateLimited("the vendor's rate limit is exceeded")
        if error is None:
            return None
        error.status = response.status if error.status is None else error.status
        error.request_id = error.request_id or _request_id(response.headers)
        after = seconds_to_wait(response.headers.get("Retry-After", ""), response.headers, self.wall)
        if isinstance(error, RateLimited):
            if error.retry_after is None:
                reading = self.policy.read(response.headers, refused=True, wall=self.wall)
                error.retry_after = reading.retry_after if reading.retry_after is not None else after
            # The governor makes those wait who spend; what costs nothing passes it, and has to wait here.
            governed = refused and units_of(request, self.policy) > 0
            return _Verdict(error, again=True, refused=governed, after=error.retry_after)
        if request.effect is Effect.CREATE:
            definite = isinstance(error, _DEFINITE) or (
                400 <= response.status < 500 and not isinstance(error, (Unavailable, BadResponse))  # noqa: PLR2004 - 4xx
            )
            return _Verdict(error if definite else self._in_doubt(error.message, error.status, error.request_id))
        return _Verdict(error, again=error.temporary, after=after)

    def _error(self, request: Request, response: Response) -> HelpdeskError | None:
        if 300 <= response.status < 400:  # noqa: PLR2004 - the range of HTTP redirects
            return error_for_status(response)
        try:
            error = self.classify(request, response)
        except BadResponse as unreadable:
            # A proxy's HTML page has no vendor code in it: the status has to do.
            error = error_for_status(response) or _worth_repeating(unreadable)
        error = error or error_for_status(response)
        if error is None and request.answer is Answer.JSON and response.status not in _NO_CONTENT:
            try:
                response.json()
            except BadResponse as unreadable:
                error = _worth_repeating(unreadable)
        return error


def read_answer(
    send: Callable[[Request], Response], request: Request, read: Callable[[Response], T], *, settle_seconds: float
) -> T:
    """Send a request and return what ``read`` makes of the answer.

    An answer that cannot be read is ``BadResponse``; of a CREATE it is ``InDoubt``, because the vendor accepted it.
    """
    response = send(request)
    try:
        return read(response)
    except BadResponse as unreadable:
        if request.effect is not Effect.CREATE:
            raise
        problem = InDoubt(
            f"the vendor accepted the write, but {unreadable.message}",
            settle_seconds=settle_seconds,
            operation=request.operation,
            status=response.status,
            request_id=_request_id(response.headers),
        )
    raise problem


def _worth_repeating(error: BadResponse) -> BadResponse:
    # A page of a proxy or a body cut off is gone with the next attempt more often than not.
    error.temporary = True
    return error


def _request_id(headers: Mapping[str, str]) -> str | None:
    return next((headers[name] for name in _REQUEST_ID_HEADERS if name in headers), None)
