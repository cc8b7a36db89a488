"""``instrument``: from now on every desk of this process has spans and metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakValueDictionary

try:
    from opentelemetry import context, metrics, trace
    from opentelemetry.metrics import CallbackOptions, Observation
    from opentelemetry.trace import Span, SpanKind, StatusCode
except ImportError as error:
    raise ModuleNotFoundError(
        "telemetry needs opentelemetry-api: install this package's extra otel", name="opentelemetry"
    ) from error

import helpdesk_bridge
from helpdesk_bridge.clock import SystemClock
from helpdesk_bridge.forks import new_lock
from helpdesk_bridge.http.events import Attempt, BudgetBack, BudgetLost, Refused, Waiting
from helpdesk_bridge.http.request import VENDOR_URL
from helpdesk_bridge.operations import Begun, watch
from helpdesk_bridge.telemetry import names

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

    from helpdesk_bridge.http.events import DeskEvent
    from helpdesk_bridge.http.origin import Origin
    from helpdesk_bridge.ratelimit.budget import Budget

SCHEMA: Final = "https://opentelemetry.io/schemas/1.37.0"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_RUNNING: Final = context.create_key("helpdesk_bridge.operation")
_BAD: Final = 400

Attributes = dict[str, str | int | float | bool]


def instrument(
    *, tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None
) -> Callable[[], None]:
    """Give every desk of this process one span an operation, one a try, and metrics; the result ends that.

    Without providers those count that the program has set for the process (``trace.set_tracer_provider``).
    """
    version = helpdesk_bridge.__version__
    tracer = trace.get_tracer("helpdesk_bridge", version, tracer_provider, schema_url=SCHEMA)
    meter = metrics.get_meter("helpdesk_bridge", version, meter_provider, schema_url=SCHEMA)
    return watch(_Telemetry(tracer, meter))


def _now() -> int:
    return (SystemClock().wall() - _EPOCH) // timedelta(microseconds=1) * 1000


class _Telemetry:
    """Makes spans and metrics of what the watched desks do."""

    def __init__(self, tracer: trace.Tracer, meter: metrics.Meter) -> None:
        self.tracer = tracer
        self.operations = meter.create_histogram(
            names.OPERATION_DURATION, "s", "Duration of a call of a desk", explicit_bucket_boundaries_advisory=names.SECONDS
        )  # fmt: skip
        self._requests = meter.create_histogram(
            names.REQUEST_DURATION, "s", "Duration of HTTP client requests", explicit_bucket_boundaries_advisory=names.SECONDS
        )  # fmt: skip
        self._waits = meter.create_histogram(
            names.WAIT_DURATION, "s", "Waits before a request, in the vendor's seconds", explicit_bucket_boundaries_advisory=names.WAITS
        )  # fmt: skip
        self._units = meter.create_counter(
            names.UNITS_SPENT, "{unit}", "Units of the vendor's rate limit that were spent"
        )
        self._refusals = meter.create_counter(names.REFUSALS, "{request}", "Requests that the vendor refused because the limit was exceeded")  # fmt: skip
        meter.create_observable_gauge(names.BUDGET_LEFT, [self._left], "{unit}", "Units that could be sent now")
        meter.create_observable_gauge(names.BUDGET_LIMIT, [self._limit], "{unit}", "Units of the limit's window")
        self._lock = new_lock()
        self._origins: dict[tuple[str, str], Origin] = {}
        self._budgets: WeakValueDictionary[tuple[str, str], Budget] = WeakValueDictionary()

    def begin(self, operation: Begun) -> _Running:
        if operation.transport is not None:
            with self._lock:
                self._origins[operation.vendor, operation.desk] = operation.transport.origin
                self._budgets[operation.vendor, operation.desk] = operation.transport.budget
        return _Running(self, operation)

    def event(self, event: DeskEvent) -> None:
        running = context.get_value(_RUNNING)
        if isinstance(event, Attempt):
            self._attempt(event, running if isinstance(running, _Running) else None)
        elif isinstance(event, Waiting):
            # A wait for the budget is measured with the try that it ends in; this one is announced, and then slept.
            if event.reason != "rate limit":
                self._waits.record(event.seconds, {**_desk(event), names.WAIT_REASON: event.reason})
        elif isinstance(event, Refused):
            self._refusals.add(1, _desk(event))
        elif isinstance(event, (BudgetLost, BudgetBack)):
            name = "helpdesk.budget.lost" if isinstance(event, BudgetLost) else "helpdesk.budget.back"
            trace.get_current_span().add_event(name, _desk(event))

    def _attempt(self, event: Attempt, running: _Running | None) -> None:
        ended = _now()
        elapsed = event.elapsed_ms / 1000
        of_desk, wire = _desk(event), self._wire(event)
        failed = event.failure is not None or event.refused or (event.status or 0) >= _BAD
        if failed:
            wire[names.ERROR] = str(event.status) if event.status is not None else "transport"
        if event.units and not event.refused:
            self._units.add(event.units, {**of_desk, names.OPERATION: event.operation})
        if event.waited > 0:
            self._waits.record(event.waited, {**of_desk, names.WAIT_REASON: "rate limit"})
        self._requests.record(elapsed, {**wire, names.VENDOR: event.vendor})
        resends = 0 if running is None else running.resends(event, failed=failed)
        told: Attributes = {
            **of_desk,
            **wire,
            names.OPERATION: event.operation,
            names.UNITS: event.units,
            names.REFUSED: event.refused,
            names.WAIT: event.waited,
            **({names.RESENDS: resends} if resends else {}),
        }
        template = wire.get(names.TEMPLATE)
        name = event.method if template is None else f"{event.method} {template}"
        parent = None if running is None else running.context()
        span = self.tracer.start_span(
            name, parent, SpanKind.CLIENT, told, start_time=ended - round(elapsed * 1_000_000) * 1000
        )
        if failed:
            span.set_status(StatusCode.ERROR)
        span.end(ended)

    def _wire(self, event: Attempt) -> Attributes:
        known: Attributes = {names.METHOD: event.method}
        if event.path != VENDOR_URL:
            known[names.TEMPLATE] = event.path
            origin = self._origins.get((event.vendor, event.desk))
            if origin is not None:
                known |= {names.HOST: origin.host, names.PORT: origin.port}
        if event.status is not None:
            known[names.STATUS] = event.status
        return known

    def _left(self, _: CallbackOptions) -> Iterable[Observation]:
        return self._observed(lambda budget: budget.remaining)

    def _limit(self, _: CallbackOptions) -> Iterable[Observation]:
        return self._observed(lambda budget: budget.limit)

    def _observed(self, look: Callable[[Budget], int]) -> list[Observation]:
        with self._lock:
            budgets = dict(self._budgets)
        return [Observation(look(budget), {names.VENDOR: vendor, names.DESK: desk}) for (vendor, desk), budget in budgets.items()]  # fmt: skip


class _Running:
    """An operation with its span, which is made when it is known to be worth telling."""

    def __init__(self, telemetry: _Telemetry, operation: Begun) -> None:
        self._telemetry = telemetry
        self._operation = operation
        self._began = _now()
        self._parent = context.get_current()
        self._span: Span | None = None
        self._last: tuple[str, str] | None = None
        self._resends = 0
        if not operation.passing:
            self._started()

    def _started(self) -> Span:
        if self._span is None:
            self._span = self._telemetry.tracer.start_span(
                self._operation.name, self._parent, SpanKind.INTERNAL, self._attributes(), start_time=self._began
            )
        return self._span

    def _attributes(self) -> Attributes:
        operation = self._operation
        return {names.VENDOR: operation.vendor, names.DESK: operation.desk, names.OPERATION: operation.name}

    def context(self) -> context.Context:
        """Return the context of its span, which a try begins in."""
        return trace.set_span_in_context(self._started(), self._parent)

    def current(self) -> AbstractContextManager[object]:
        return _Attached(self)

    def resends(self, event: Attempt, *, failed: bool) -> int:
        """Return which repetition of a call an attempt is, 0 for none."""
        call = (event.method, event.path)
        self._resends = self._resends + 1 if call == self._last else 0
        self._last = call if failed else None
        return self._resends

    def end(self, error: BaseException | None) -> None:
        if self._operation.passing and self._span is None and error is None:
            return
        span, ended, told = self._started(), _now(), self._attributes()
        if error is not None:
            told[names.ERROR] = type(error).__name__
            span.set_attribute(names.ERROR, type(error).__name__)
            span.set_status(StatusCode.ERROR)
        self._telemetry.operations.record((ended - self._began) / 1e9, told)
        span.end(ended)


class _Attached:
    """Makes an operation the current one of this thread, for its tries and for spans of the program itself."""

    def __init__(self, running: _Running) -> None:
        self._running = running
        self._token: Any = None

    def __enter__(self) -> None:
        span = self._running._span  # noqa: SLF001 - of this module
        now = context.get_current() if span is None else trace.set_span_in_context(span)
        self._token = context.attach(context.set_value(_RUNNING, self._running, now))

    def __exit__(self, *_: object) -> None:
        context.detach(self._token)


def _desk(event: Attempt | Waiting | Refused | BudgetLost | BudgetBack) -> dict[str, str]:
    return {names.VENDOR: event.vendor, names.DESK: event.desk}
