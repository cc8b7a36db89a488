"""Every fault on every operation of every adapter: a typed error, or success after waiting; nothing twice, no leak."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
import requests
from docs_pages import ROOT
from testing.benches import (
    FRONTS,
    IN_PROCESS,
    NOW,
    OF_THE_INBOX,
    OWN,
    SERVER,
    VENDORS,
    Recorder,
    opened,
    operations,
)  # fmt: skip

from helpdesk_bridge import ContactChange, ContactDraft, MessageDraft, Status, TicketChange
from helpdesk_bridge.errors import BadResponse, HelpdeskError, InDoubt, Unavailable
from helpdesk_bridge.http.request import Effect
from helpdesk_bridge.model.capabilities import OPERATIONS
from helpdesk_bridge.testing.faults import EFFECTS, NAMES, OUTCOMES, Fault, FaultError
from helpdesk_bridge.testing.faulty import LATE
from helpdesk_bridge.testing.simulator.faults import KINDS, PAGE_KINDS

ADAPTERS = sorted(path for path in (ROOT / "adapters").glob("helpdesk_bridge_*") if path.is_dir())
LASTING = "CONNECT_TIMEOUT"
BOTH_FRONTS = pytest.mark.parametrize("front", [pytest.param(IN_PROCESS), pytest.param(SERVER, marks=pytest.mark.slow)])

SLOW = {"HANG", "READ_TIMEOUT", "LATE_ANSWER", "SLOW_DRIP", "CONNECT_TIMEOUT"}
"""Over sockets these take real time: the timeout of each attempt."""
ANSWERED_FOR_GOOD = {"refused", "token_expired", "foreign_redirect"}
"""These are answers that no repeat would change."""
FOREIGN = {"FOREIGN_NEXT_LINK", "FOREIGN_REDIRECT"}
OPTIONS = {
    "HANG": {"seconds": 5.0},
    "READ_TIMEOUT": {"seconds": 5.0},
    "SLOW_DRIP": {"seconds": 0.3},
    "LATE_COMMIT": {"seconds": 5.0},
    "LATE_ANSWER": {"seconds": 5.0},
    "GZIP_BOMB": {"size": 4 << 20},
    "RATE_LIMITED": {"retry_after": 3},
}
EMPTY_LISTS = (".list", ".find", ".tail", "check", "events")
DESKS = 3
"""At so many desks at once slow faults strike over sockets: waiting takes time, and no work."""
TOLD_TOGETHER = {"agents.list", "groups.list", "custom_fields.list"}
"""Desk365 tells them by one request: each is read anew when it was told once."""
WITHOUT_FAULTS = {"webhooks", "knowledge_base"}
"""Facets that no fault strikes by the port's words: one sends nothing, the other is struck by its vendor's requests."""
FILES = {"attachments.open", "vendor_api.media"}
FILE = {"empty", "malformed_json", "gzip_bomb", "other_date"}
"""A file is any bytes: what came is what is given, below the cap of downloads."""


@pytest.fixture
def elsewhere():
    recorder = Recorder()
    yield recorder
    recorder.close()


def fault_of(name, elsewhere):
    options = dict(OPTIONS.get(name, {}))
    if name in FOREIGN:
        options["location"] = elsewhere.url
    return Fault.named(name, **options)


def timeout_of(front, name):
    """A short one only where time is to run out: on a busy machine a short one strikes by itself."""
    return 0.12 if front == SERVER and name in SLOW else 10.0


def knows(bench, fault, operation):
    """Whether the simulator can act the fault out on the operation; where not, it says so."""
    lists = bench.app.faults.page_faults.get(fault.kind)
    able = lists is None or lists & set(bench.handlers(operation))
    if fault.kind in bench.app.faults.kinds and able:
        return True
    if bench.on(operation) is not None:
        with pytest.raises(FaultError, match=r"known here|what can"):
            bench.app.faults.inject(fault, on=bench.on(operation))
    return False


def on(bench, fault, operation):
    """Where a fault strikes: over sockets a connection is refused before anybody knows what it is for."""
    return None if bench.server is not None and fault.kind == "connect_timeout" else bench.on(operation)


def outcome_of(call):
    try:
        call()
    except HelpdeskError as error:
        return error
    return None


def expected(bench, operation, kind, error):
    """Whether a persistent fault ended a call as documented."""
    wanted = OUTCOMES[kind].of(bench.effect(operation))
    if kind in {"duplicate_page", "foreign_next_link"} and error is None:
        return True
    if operation in FILES:
        return error is None if kind in FILE else isinstance(error, HelpdeskError)
    if operation == "check" and kind == "token_expired" and error is None:
        return True  # told as a finding
    if kind == "empty" and error is None and bench.vendor == "deskie" and operation.endswith(EMPTY_LISTS):
        return True  # observed: Deskie's empty lists come without a body
    if operation.startswith("removal.") and error is None and OUTCOMES[kind].processed:
        return True  # nothing of the answer is read
    return error is None if wanted is None else isinstance(error, wanted)


def assert_clean(bench, error):
    """No error carries the library's own below it, nor a secret in what a traceback would show of them."""
    chain, keys = error, secrets(bench)
    while chain is not None:
        told = f"{chain!r} {chain} {getattr(chain, '__notes__', '')}"
        assert not any(secret in told for secret in keys)
        assert isinstance(chain, (HelpdeskError, OSError)) or "requests" not in type(chain).__module__, told
        assert not isinstance(chain, requests.RequestException)
        chain = chain.__cause__ or chain.__context__


def secrets(bench):
    return [str(bench.app.connection[name]) for name in ("api_key",) if name in bench.app.connection]


def creates(bench, operation, before):
    """How often a create was carried out."""
    made = bench.processed() - before[0]
    opening = 2 if bench.vendor == "deskie" and operation in {"tickets.create", "importer.ticket"} else 1
    people = bench.people() - before[1] if operation in {"contacts.create", "importer.contact"} else 0
    return max(made / opening, people)


def run(bench, operation, call, fault, *, times):
    """Strike one operation and return the error it ended with."""
    app, effect = bench.app, bench.effect(operation)
    before = (bench.processed(), bench.people())
    bench.desk.refresh()
    app.requests.clear()
    with app.faults.inject(fault, on=on(bench, fault, operation), times=times) as injection:
        error = outcome_of(call)
    if fault.kind in LATE:
        bench.clock.advance(10)
        app.commit_due()
    struck = injection.hits or (bench.server is not None and fault.kind == "connect_timeout")
    if effect is Effect.CREATE and struck:
        outcome = OUTCOMES[fault.kind]
        assert creates(bench, operation, before) <= 1, "carried out twice"
        assert outcome.refused or bench.received(operation) <= 1, "sent twice"
        assert creates(bench, operation, before) == 1 or not outcome.processed
    assert_clean(bench, error)
    return error, struck


def sweep(vendor, front, name, elsewhere, strike):
    """Strike every operation of an adapter; return what was wrong, by operation."""
    fault, slow = fault_of(name, elsewhere), front == SERVER and name in SLOW
    with ExitStack() as stack:
        timeout = timeout_of(front, name)
        benches = [stack.enter_context(opened(vendor, front, timeout=timeout)) for _ in range(DESKS if slow else 1)]
        everything = sorted(operations(benches[0]))
        # A fault or an operation that is left out here would be proven nowhere.
        assert set(everything) == operations_of(benches[0])

        def work(number):
            bench, found, moved = benches[number], {}, False
            calls = operations(bench)
            for operation in everything[number :: len(benches)]:
                if not knows(bench, fault, operation):
                    continue
                if moved or operation in FILES:
                    bench.start_over(files=operation in FILES)
                moved = name == "PAGE_DRIFT" or bench.effect(operation) is not Effect.READ
                if vendor == "desk365":  # its hour's budget is small
                    bench.clock.advance(3601)
                call = (operations(bench) if operation in FILES else calls)[operation]
                if wrong := strike(bench, fault, operation, call):
                    found[operation] = wrong
            return found

        if slow:
            with ThreadPoolExecutor(DESKS) as pool:
                parts = list(pool.map(work, range(DESKS)))
        else:
            parts = [work(0)]
        keys = [secret.encode() for bench in benches for secret in secrets(bench)]
    assert not any(key in heard for heard in elsewhere.heard for key in keys), "a secret went to another host"
    return {operation: wrong for part in parts for operation, wrong in part.items()}


def operations_of(bench):
    """Every operation by which an adapter reaches its vendor."""
    told = set(bench.app.OPERATIONS) - {"login"}
    return told | set(OWN.get(bench.vendor, {})) | ({"events"} & bench.desk.capabilities.operations)


def persistent(bench, fault, operation, call):
    if bench.vendor == "desk365" and operation in TOLD_TOGETHER:
        call()
    error, struck = run(bench, operation, call, fault, times=None)
    lists = bench.app.faults.page_faults.get(fault.kind)
    if not struck and (lists is None or set(bench.handlers(operation)) <= lists):
        return f"is never struck, and ended with {error!r}"
    if fault.kind == "rate_limited":
        bench.clock.advance(3601)
    if bench.effect(operation) is Effect.READ and (after := outcome_of(call)) is not None:
        return f"fails though the fault is over: {after!r}"
    return repr(error) if struck and not expected(bench, operation, fault.kind, error) else None


def once(bench, fault, operation, call):
    outcome, effect = OUTCOMES[fault.kind], bench.effect(operation)
    error, struck = run(bench, operation, call, fault, times=1)
    doubtful = effect is Effect.CREATE and outcome.create is InDoubt
    fine = isinstance(error, outcome.create) if doubtful else error is None
    ends = outcome.of(effect) if fault.kind in ANSWERED_FOR_GOOD else None
    return (
        None if not struck or fine or (ends and type(error) is ends) or file_failed(operation, error) else repr(error)
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("vendor", VENDORS)
@BOTH_FRONTS
def test_a_fault_that_persists_ends_in_the_documented_error(vendor, front, name, elsewhere):
    assert sweep(vendor, front, name, elsewhere, persistent) == {}
    if name == "FOREIGN_REDIRECT":
        assert elsewhere.heard == []


# Over sockets a connection timeout lasts and has no times: the test above, and one of the server's own.
@pytest.mark.parametrize(
    ("front", "name"),
    [
        pytest.param(front, name, marks=[pytest.mark.slow] if front == SERVER else [])
        for front in FRONTS
        for name in NAMES
        if (front, name) != (SERVER, LASTING)
    ],
)
@pytest.mark.parametrize("vendor", VENDORS)
def test_a_fault_that_strikes_once_is_waited_out_unless_a_create_is_in_doubt(vendor, front, name, elsewhere):
    assert sweep(vendor, front, name, elsewhere, once) == {}


def file_failed(operation, error):
    """Once a file's body is being read nothing is repeated: whoever reads knows what was used of it."""
    return operation in FILES and isinstance(error, (Unavailable, BadResponse))


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_operation_of_the_adapters_can_be_struck(vendor):
    with opened(vendor, IN_PROCESS) as bench:
        app = bench.app
        handlers = {info.operation for info in app.routes()}
        assert {one for own in app.OPERATIONS.values() for one in own} <= handlers
        assert set(app.OPERATIONS) <= set(EFFECTS)
        for names in app.faults.page_faults.values():
            assert names <= handlers
        # What a desk declares and no fault strikes sends nothing.
        lacking = (
            set(bench.desk.capabilities.operations) - operations_of(bench) - WITHOUT_FAULTS - {"importer", "removal"}
        )
        calls = silent_calls(bench)
        assert lacking <= set(calls)
        for operation in lacking:
            app.requests.clear()
            calls[operation]()
            assert not app.requests, operation


def silent_calls(bench):
    """The calls of Desk360's desk that its inbox answers."""
    if bench.vendor != "desk360":
        return {}
    desk = bench.desk
    ticket = next(iter(desk.tickets.list()))
    return {
        "tickets.list": lambda: list(desk.tickets.list()),
        "tickets.get": lambda: desk.tickets.get(ticket.id),
        "tickets.update": lambda: desk.tickets.update(ticket.id, TicketChange(status=Status.CLOSED)),
        "contacts.list": lambda: list(desk.contacts.list()),
        "contacts.get": lambda: desk.contacts.get(ticket.requester.id),
        "contacts.find": lambda: desk.contacts.find(phone="+905551112233"),
        "contacts.create": lambda: desk.contacts.create(ContactDraft(phones=("+905551119999",))),
        "contacts.update": lambda: desk.contacts.update(ticket.requester.id, ContactChange(name="Ann")),
        "messages.list": lambda: list(desk.messages.list(ticket.id)),
        "messages.note": lambda: desk.messages.note(ticket.id, MessageDraft(body="Note")),
        "events": lambda: desk.events(NOW).items,
    }


def test_every_operation_of_desk360s_own_is_struck():
    from helpdesk_bridge_desk360.vendor_api.vendor_api import Desk360Api

    own = {f"vendor_api.{name}" for name in vars(Desk360Api) if not name.startswith("_")}
    assert own - OF_THE_INBOX == {name for name in OWN["desk360"] if name.startswith("vendor_api.")}


def test_every_fault_that_there_is_is_tried():
    kinds = {Fault.named(name).kind for name in NAMES}
    assert kinds == set(OUTCOMES) == set(KINDS) | set(PAGE_KINDS)
    tried = {mark.args[0]: mark.args[1] for mark in test_a_fault_that_persists_ends_in_the_documented_error.pytestmark}
    assert tried == {"name": NAMES, "vendor": VENDORS, "front": list(BOTH_FRONTS.args[1])}
    assert [one.values for one in BOTH_FRONTS.args[1]] == [(front,) for front in FRONTS]
    assert {f"helpdesk_bridge_{vendor}" for vendor in VENDORS} == {path.name for path in ADAPTERS}


def test_every_operation_of_the_port_has_its_effect():
    called = {"importer", "removal", *WITHOUT_FAULTS}
    of_facets = {name for name in EFFECTS if name.partition(".")[0] in called}
    assert {name.partition(".")[0] for name in of_facets} == called - WITHOUT_FAULTS
    assert set(OPERATIONS) - called == set(EFFECTS) - of_facets - {"check", "login", "templates.send"}
