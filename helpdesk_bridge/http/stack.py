"""``Stack``: the layers of a desk's connection, Retrying -> Governed -> Logged -> Session."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from attrs import field, frozen

from helpdesk_bridge.clock import Clock, SystemClock
from helpdesk_bridge.errors import ConfigError, HelpdeskError
from helpdesk_bridge.http.events import EventBus
from helpdesk_bridge.http.governed import Governed
from helpdesk_bridge.http.logged import Logged, Stats
from helpdesk_bridge.http.options import HttpOptions
from helpdesk_bridge.http.origin import Origin, check_base_url
from helpdesk_bridge.http.retry import Retrying
from helpdesk_bridge.ratelimit.budget import Budget
from helpdesk_bridge.ratelimit.shared import shared_governor
from helpdesk_bridge.text.decoding import Mending
from helpdesk_bridge.vendor_time import VendorTime

if TYPE_CHECKING:
    from requests.auth import AuthBase

    from helpdesk_bridge.http.request import Request, Response
    from helpdesk_bridge.http.transport import Download
    from helpdesk_bridge.ratelimit.policy import RateLimitPolicy

T = TypeVar("T")
Classify = Callable[["Request", "Response"], HelpdeskError | None]
CountRows = Callable[["Request", "Response"], int]


@frozen
class Stack:
    """A desk's way to its vendor. Shared between threads freely; nothing is opened before the first call."""

    _top: Retrying = field(repr=False)
    _logged: Logged = field(repr=False)
    _governed: Governed = field(repr=False)
    budget: Budget = field(repr=False)
    clock: Clock
    events: EventBus = field(repr=False)
    vendor_time: VendorTime = field(repr=False)
    origin: Origin
    """The vendor's scheme, host and port."""

    @property
    def stats(self) -> Stats:
        """What went out so far: ``calls`` (every HTTP request, repeats included), ``units``, ``refused``."""
        return self._logged.stats

    def send(self, request: Request) -> Response:
        """Return a successful answer, or raise the ``HelpdeskError`` that says what the caller can do."""
        return self._top.send(request)

    def read(self, request: Request, read: Callable[[Response], T]) -> T:
        """Return what ``read`` makes of a successful answer.

        One that ``read`` refuses with ``BadResponse`` stays that, unless the request was a CREATE: the vendor accepted
        it, so that it is ``InDoubt``.
        """
        return self._top.read(request, read)

    def exchange(self, request: Request) -> Response:
        """Return whatever one try is answered, a refusal included; the budget is waited for and charged as ever.

        Raises ``NotSent`` or ``Lost`` if no answer came.
        """
        return self._top.inner.send(request)

    def open(self, request: Request) -> Download:
        """Return a successful answer whose body is still to be read; use it in a ``with``."""
        return self._top.open(request)

    def forecast(self, units: int) -> float:
        """Return the vendor seconds until this desk can have sent that many units, what it leaves to others left."""
        return self._governed.governor.forecast(units, reserve=self._governed.options.reserve)

    def close(self) -> None:
        """Close every connection, in all threads; later calls raise ``HelpdeskError``."""
        self._top.close()


def open_transport(
    *,
    base_url: str,
    auth: AuthBase | None,
    policy: RateLimitPolicy,
    scope_key: str,
    classify: Classify,
    vendor: str,
    desk: str,
    options: HttpOptions | None = None,
    clock: Clock | None = None,
    events: EventBus | None = None,
    count_rows: CountRows | None = None,
    mending: Mending | None = None,
) -> Stack:
    """Return the connection of one desk.

    ``base_url`` may end in a path prefix. ``scope_key`` names who shares the budget (an account, a key, an address);
    only its HMAC is kept. ``classify`` turns an answer into the vendor's error, or None for a success; whatever it
    leaves unjudged (a status of 400 or above, a redirect) is judged by status. ``count_rows`` says how many records an
    answer held, for windows that count rows. ``mending`` counts and announces what no text can hold. Raises ``ConfigError`` for a base URL or an option that cannot be used.
    """
    options = options or HttpOptions()
    base = check_base_url(base_url, plain=options.simulator)
    origin = Origin.parse(base)
    simulated = options.simulator or origin.is_loopback
    if options.time_scale != 1.0 and not simulated:
        raise ConfigError("time_scale: only a simulator on this machine can be sped up; remove it")
    running: Clock = clock or SystemClock(options.time_scale)
    events = EventBus() if events is None else events  # one without subscribers is falsy
    # Keyed by whose it is, so that a digest found in one place says nothing about another.
    digest = hmac.new(f"{vendor} {origin}".encode(), scope_key.encode(), "sha256").hexdigest()
    scope = (vendor, str(origin), digest)
    governor = shared_governor(scope, policy, options.budget, running, loopback=simulated)
    from helpdesk_bridge.http.session import Session

    mending = mending or Mending(vendor, desk, events.publish)
    heard = VendorTime(running)
    session = Session(base_url=base, auth=auth, options=options, mending=mending, clock=running, heard=heard)
    logged = Logged(inner=session, events=events, vendor=vendor, desk=desk, refused=policy.refused)
    governed = Governed(
        inner=logged,
        governor=governor,
        options=options,
        events=events,
        vendor=vendor,
        desk=desk,
        wall=heard.wall,
        count_rows=count_rows,
    )
    top = Retrying(
        inner=governed,
        classify=classify,
        clock=running,
        wall=heard.wall,
        policy=policy,
        options=options,
        events=events,
        vendor=vendor,
        desk=desk,
    )
    return Stack(top, logged, governed, governor.budget, running, events, heard, origin)
