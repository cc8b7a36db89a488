"""Spans and metrics: one a call, one a try, as many as the vendor counted, and nothing of a customer in them."""

import asyncio
from collections import Counter
from contextlib import ExitStack

import pytest
from migration.simulators import served
from migration.test_over_simulators import migrate
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from helpdesk_bridge import open_desk
from helpdesk_bridge.aio import AsyncDesk
from helpdesk_bridge.clock import SystemClock
from helpdesk_bridge.errors import NotFound, RateLimited
from helpdesk_bridge.telemetry import instrument, names
from helpdesk_bridge.testing.running import start_simulator

CANARY = "Xanthippe-canary-4711"
NEW = {"subject": CANARY, "description": CANARY, "requester": f"{CANARY}@example.com"}


class Telemetry:
    def __init__(self):
        self.exporter = InMemorySpanExporter()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.reader = InMemoryMetricReader()
        self.meters = MeterProvider(metric_readers=[self.reader])

    def spans(self, kind=None):
        return [span for span in self.exporter.get_finished_spans() if kind in (None, span.kind)]

    def tries(self):
        return self.spans(SpanKind.CLIENT)

    def operations(self):
        return self.spans(SpanKind.INTERNAL)

    def points(self, name):
        found = self.reader.get_metrics_data()
        return [
            point
            for resource in (found.resource_metrics if found else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]


@pytest.fixture
def telemetry():
    made = Telemetry()
    end = instrument(tracer_provider=made.tracers, meter_provider=made.meters)
    yield made
    end()


@pytest.fixture
def running():
    with ExitStack() as stack:
        yield start_simulator("desk365", stack, SystemClock(), sockets=True, tickets=40)


@pytest.mark.slow
def test_a_migration_has_as_many_tries_as_the_vendors_counted_requests(telemetry, tmp_path):
    with served("deskie", 12) as old, served("desk365", 0) as new:
        migrate(old, new, tmp_path / "move.db")
        spent = {side.desk.name: side.desk.transport.stats.units for side in (old, new)}
        requests = {"deskie": old.simulator.requests, "desk365": new.simulator.requests}
    answered = Counter((vendor, one.method, one.status) for vendor, log in requests.items() for one in log)
    tries = Counter(
        (span.attributes[names.VENDOR], span.attributes[names.METHOD], span.attributes[names.STATUS])
        for span in telemetry.tries()
    )
    assert tries == answered
    assert sum(point.count for point in telemetry.points(names.REQUEST_DURATION)) == sum(answered.values())
    units = Counter()
    for point in telemetry.points(names.UNITS_SPENT):
        units[point.attributes[names.DESK]] += point.value
    assert units == spent
    refusals = sum(point.value for point in telemetry.points(names.REFUSALS))
    assert refusals == sum(count for (_, _, status), count in answered.items() if status == 429)
    done = Counter(span.name for span in telemetry.operations())
    creates = [one for one in requests["desk365"] if one.operation.startswith("create_ticket")]
    assert done["importer.ticket"] == len(creates) > 0
    inside = {span.context.span_id for span in telemetry.operations()}
    assert all(span.parent is not None and span.parent.span_id in inside for span in telemetry.tries() if span.attributes[names.VENDOR] == "deskie")  # fmt: skip


def test_nothing_of_a_customer_no_id_and_no_secret_is_in_any_of_it(telemetry, running):
    desk = running.desk
    ticket = desk.tickets.create(**NEW)
    desk.messages.note(ticket, CANARY)
    list(desk.messages.list(ticket))
    list(desk.tickets.list(requester=f"{CANARY}@example.com"))
    desk.contacts.find(email=f"{CANARY}@example.com")
    with pytest.raises(NotFound):
        desk.tickets.get("404404404")
    everything = [
        (span.name, dict(span.attributes), span.status.description, span.events) for span in telemetry.spans()
    ]
    everything += [dict(point.attributes) for name in names.METRICS for point in telemetry.points(name)]
    said = repr(everything)
    for secret in (CANARY, CANARY.lower(), "404404404", running.settings["api_key"]):
        assert secret not in said
    for span in telemetry.spans():
        assert set(span.attributes) <= names.SPAN_ATTRIBUTES
        assert ticket.id not in {str(value) for key, value in span.attributes.items() if isinstance(value, str)}


def test_a_call_is_one_span_with_its_tries_below_it(telemetry, running):
    running.faults.inject("server_error", on="tickets.get", times=2)
    first = running.desk.tickets.list().first()
    telemetry.exporter.clear()
    running.desk.tickets.get(first.id)
    (operation,) = telemetry.operations()
    assert operation.name == "tickets.get"
    assert operation.status.status_code is StatusCode.UNSET
    tries = telemetry.tries()
    assert [span.attributes[names.STATUS] for span in tries] == [503, 503, 200]
    assert [span.attributes.get(names.RESENDS) for span in tries] == [None, 1, 2]
    assert [span.status.status_code for span in tries] == [StatusCode.ERROR, StatusCode.ERROR, StatusCode.UNSET]
    assert {span.parent.span_id for span in tries} == {operation.context.span_id}
    assert {span.name for span in tries} == {f"GET {tries[0].attributes[names.TEMPLATE]}"}
    assert "?" not in tries[0].attributes[names.TEMPLATE]
    assert tries[0].attributes[names.HOST] == "127.0.0.1"
    assert all(operation.start_time <= span.start_time <= span.end_time <= operation.end_time for span in tries[1:])


def test_a_listing_is_one_call_however_many_pages_it_takes_and_breaking_off_is_no_error(telemetry, running):
    list(running.desk.tickets.list(resolve=False))
    (operation,) = telemetry.operations()
    pages = len(running.simulator.requests)
    assert (operation.name, len(telemetry.tries())) == ("tickets.list", pages)
    telemetry.exporter.clear()
    records = iter(running.desk.tickets.list())
    next(records)
    records.close()
    (operation,) = telemetry.operations()
    assert operation.status.status_code is StatusCode.UNSET


def test_calls_that_a_call_makes_itself_are_a_part_of_it(telemetry, running):
    events = running.desk.events(limit=2)
    running.desk.events(events.cursor, limit=2)
    assert {span.name for span in telemetry.operations()} == {"events"}
    assert len(telemetry.operations()) == 2


def test_an_error_is_told_by_its_kind(telemetry, running):
    with pytest.raises(NotFound):
        running.desk.tickets.get("404404404")
    (operation,) = telemetry.operations()
    assert operation.attributes[names.ERROR] == "NotFound"
    assert operation.status.status_code is StatusCode.ERROR
    assert not operation.events


def test_a_programs_own_span_is_the_parent_also_across_the_threads_of_asyncio(telemetry, running):
    tracer = telemetry.tracers.get_tracer("the program")

    async def main():
        with tracer.start_as_current_span("handling a request") as own:
            await AsyncDesk(running.desk).tickets.list().first()
            return own

    own = asyncio.run(main())
    operation = next(span for span in telemetry.operations() if span.name == "tickets.list")
    assert operation.parent.span_id == own.get_span_context().span_id
    assert {span.context.trace_id for span in telemetry.tries()} == {own.get_span_context().trace_id}


def test_the_budget_is_shown_without_asking_the_vendor(telemetry, running):
    running.desk.tickets.list().first()
    sent = len(running.simulator.requests)
    (left,) = telemetry.points(names.BUDGET_LEFT)
    (limit,) = telemetry.points(names.BUDGET_LIMIT)
    assert (left.value, limit.value) == (running.desk.budget.remaining, running.desk.budget.limit)
    assert dict(left.attributes) == {names.VENDOR: "desk365", names.DESK: "desk"}
    assert len(running.simulator.requests) == sent


def test_waits_and_refusals_are_counted(telemetry):
    with ExitStack() as stack:
        running = start_simulator("desk365", stack, SystemClock(), sockets=True, max_wait=5.0)
        running.faults.inject("rate_limited", on="tickets.get", times=1, retry_after="3600")
        with pytest.raises(RateLimited):
            running.desk.tickets.get("1")
    (refused,) = telemetry.points(names.REFUSALS)
    assert refused.value == 1
    (attempt,) = telemetry.tries()
    assert attempt.attributes[names.REFUSED] is True


def test_after_its_end_nothing_is_told_any_more(running):
    telemetry = Telemetry()
    end = instrument(tracer_provider=telemetry.tracers, meter_provider=telemetry.meters)
    end()
    running.desk.tickets.list().first()
    assert not telemetry.spans()


def test_a_local_desk_has_calls_without_tries(telemetry):
    with open_desk(vendor="local", path=":memory:") as desk:
        desk.tickets.create(subject="Lamp", description="x", requester="ann@example.com")
    assert [span.name for span in telemetry.spans()] == ["tickets.create"]
