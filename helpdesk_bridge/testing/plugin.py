"""The pytest plugin, loaded by pytest once this package is installed: desks for tests, and a gate for live ones.

Fixtures: ``helpdesk``, ``helpdesk_desks``, ``helpdesk_factory``, ``helpdesk_faults``, ``helpdesk_clock``,
``helpdesk_simulator``. Marker:
``@pytest.mark.helpdesk(vendor="deskie", tickets=12)``. Options: ``--helpdesk-live``, ``--helpdesk-config``.
``docs/how-to/test-your-application.md`` has an example of each.

Pytest imports this module in every project that has the package installed, so it imports nothing but pytest: the
library is loaded by the first fixture that a test asks for. A fixture or a marker of the same name in a project or a
test class comes before the one from here.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from helpdesk_bridge.desk.desk import Desk
    from helpdesk_bridge.testing.chaos import ChaosHelpdesk
    from helpdesk_bridge.testing.clock import ManualClock
    from helpdesk_bridge.testing.fake import FakeHelpdesk
    from helpdesk_bridge.testing.fake_desks import FakeDesks
    from helpdesk_bridge.testing.faults import FaultPlan
    from helpdesk_bridge.testing.running import RunningSimulator

MARKER: Final = "helpdesk"
OPTIONS: Final[Mapping[str, str]] = {
    "vendor": "the vendor whose abilities `helpdesk` has, and whose simulator is started",
    "capabilities": "a Capabilities value in place of a vendor's",
    "tickets": "how many made-up tickets are there at the start",
    "seed": "which made-up tickets they are",
    "corpus": "a file of tickets, one JSON object a line, in place of made-up ones",
    "sockets": "whether the simulator listens on a loopback port",
    "switches": "what the simulator assumes of its vendor, by name",
    "live": "the desk of helpdesk.toml that the test runs against, with --helpdesk-live alone",
}
"""What ``@pytest.mark.helpdesk(...)`` takes."""
_INSTALL: Final = "install this package's extra testing"
_SEEDS: Final = ("tickets", "seed", "corpus")
_STARTS: Final = ("sockets", "switches")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of live tests."""
    group = parser.getgroup("helpdesk-bridge", "tests of helpdesks")
    group.addoption(
        "--helpdesk-live",
        action="store_true",
        help="run the tests marked helpdesk(live=NAME) against the desk of that name; they are skipped otherwise",
    )
    group.addoption("--helpdesk-config", metavar="FILE", help="the helpdesk.toml that live tests find their desks in")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    taken = ", ".join(f"{name}=None" for name in OPTIONS)
    meanings = "; ".join(f"{name}: {meaning}" for name, meaning in OPTIONS.items())
    config.addinivalue_line(
        "markers", f"{MARKER}({taken}): what the fixtures of helpdesk-bridge give a test. {meanings}"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip live tests unless they were asked for."""
    if config.getoption("--helpdesk-live"):
        return
    for item in items:
        marker = item.get_closest_marker(MARKER)
        if marker is not None and (name := marker.kwargs.get("live")) is not None:
            reason = f"it would reach the desk {name!r}; run it with --helpdesk-live"
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
def helpdesk_clock() -> ManualClock:
    """Return the clock of this test's desks: it moves only when a desk waits on it or a test calls ``advance``."""
    from helpdesk_bridge.testing.clock import ManualClock

    return ManualClock()


@pytest.fixture
def helpdesk_factory(request: pytest.FixtureRequest) -> Iterator[Callable[..., FakeHelpdesk]]:
    """Return a function that makes ``FakeHelpdesk``s; they are closed after the test: ``helpdesk_factory("deskie", tickets=12)``.

    ``capabilities`` takes the place of a vendor's name; ``tickets``, ``seed`` and ``corpus`` give the records at
    the start, ``name`` the desk's name. Their clock is ``helpdesk_clock`` if the test uses that fixture.
    """
    from helpdesk_bridge.testing.fake import FakeHelpdesk
    from helpdesk_bridge.testing.running import dataset_of

    clock = request.getfixturevalue("helpdesk_clock") if "helpdesk_clock" in request.fixturenames else None
    with ExitStack() as stack:

        def make(vendor: str | None = None, *, capabilities: Any = None, name: str = "fake", **seeds: Any) -> Any:
            _refuse_unknown("helpdesk_factory", seeds, _SEEDS)
            like = vendor if capabilities is None else capabilities
            fake = stack.enter_context(FakeHelpdesk(capabilities=like, clock=clock, name=name))
            if any(seeds.get(one) for one in _SEEDS):
                fake.seed(dataset_of(**seeds))
            return fake

        yield make


@pytest.fixture
def helpdesk(
    request: pytest.FixtureRequest, helpdesk_factory: Callable[..., FakeHelpdesk]
) -> Iterator[FakeHelpdesk | ChaosHelpdesk | Desk]:
    """Return a fresh desk: a ``FakeHelpdesk`` with the marker's options, or the live desk that the marker names.

    With ``helpdesk_faults`` among the test's arguments its calls can be made to fail.
    """
    options = _marked(request)
    desk: FakeHelpdesk | Desk
    with ExitStack() as stack:
        with _errors_without_traceback(request):
            if options.get("live") is not None:
                desk = stack.enter_context(_live(request, options["live"]))
            else:
                chosen = {name: options[name] for name in ("capabilities", *_SEEDS) if name in options}
                desk = helpdesk_factory(options.get("vendor"), **chosen)
        if "helpdesk_faults" not in request.fixturenames or hasattr(desk, "faults"):
            yield desk
            return
        from helpdesk_bridge.testing.chaos import ChaosHelpdesk

        yield ChaosHelpdesk(desk)


@pytest.fixture
def helpdesk_desks(request: pytest.FixtureRequest) -> Iterator[FakeDesks]:
    """Answer ``connect()``, ``open_desk()`` and ``desks[…]`` of the code under test by fakes, and return them by name.

    ``helpdesk_desks["support"]`` is the ``FakeHelpdesk`` that stands in for that desk of ``helpdesk.toml``, or for one of
    the marker's vendor. Their clock is ``helpdesk_clock`` if the test uses that fixture.
    """
    from helpdesk_bridge.testing.fake_desks import fake_desks
    from helpdesk_bridge.testing.running import dataset_of

    options = _marked(request)
    clock = request.getfixturevalue("helpdesk_clock") if "helpdesk_clock" in request.fixturenames else None
    with ExitStack() as stack:
        with _errors_without_traceback(request):
            if options.get("live") is not None:
                raise pytest.UsageError("helpdesk_desks: its desks are fakes; a live test takes `helpdesk`")
            like = options.get("capabilities") or options.get("vendor")
            seeds = {name: options[name] for name in _SEEDS if name in options}
            dataset = dataset_of(**seeds) if any(seeds.values()) else None
            fakes = stack.enter_context(fake_desks(like=like, clock=clock, dataset=dataset))
        yield fakes


@pytest.fixture
def helpdesk_faults(helpdesk: Any) -> FaultPlan:
    """Return the fault switch of ``helpdesk``: ``helpdesk_faults.inject(Fault.RESPONSE_LOST(), on="tickets.create")``.

    The faults of a simulator are ``helpdesk_simulator(…).faults``.
    """
    plan: FaultPlan | None = getattr(helpdesk, "faults", None)
    if plan is None or not callable(getattr(plan, "inject", None)):
        pytest.fail(
            f"the fixture `helpdesk` yields {type(helpdesk).__name__}, which has no fault switch: yield FakeHelpdesk() or "
            "ChaosHelpdesk(desk) from helpdesk_bridge.testing.faults, and make `helpdesk_faults` an argument of the test",
            pytrace=False,
        )
    return plan


@pytest.fixture
def helpdesk_simulator(request: pytest.FixtureRequest, helpdesk_clock: ManualClock) -> Iterator[Callable[..., Any]]:
    """Return a function that starts a vendor's simulator with a desk on it: ``helpdesk_simulator("deskie", tickets=12)``.

    The result has ``desk``, ``simulator``, ``faults``, ``base_url`` and ``settings``, the table that opens another
    desk. ``sockets=True`` serves it on a loopback port. The other options are those of the marker, which gives the
    defaults; other names are keys of the desk's table. In process nothing waits: desk and simulator live by
    ``helpdesk_clock``. Everything is closed after the test.
    """
    options = _marked(request)
    defaults = {name: options[name] for name in (*_SEEDS, *_STARTS) if name in options}
    with ExitStack() as stack:

        def start(vendor: str | None = None, **given: Any) -> RunningSimulator:
            name = options.get("vendor") if vendor is None else vendor
            if name is None:
                raise pytest.UsageError(
                    'helpdesk_simulator: name a vendor, helpdesk_simulator("…") or @pytest.mark.helpdesk(vendor="…")'
                )
            try:
                from helpdesk_bridge.testing.running import start_simulator

                return start_simulator(name, stack, helpdesk_clock, **{**defaults, **given})
            except ModuleNotFoundError as error:
                raise _lacking("helpdesk_simulator", error) from error

        yield start


def _live(request: pytest.FixtureRequest, name: object) -> Desk:
    if not isinstance(name, str):
        raise pytest.UsageError(f"@pytest.mark.helpdesk(live={name!r}): live is the name of a desk of helpdesk.toml")
    from helpdesk_bridge.desk.connection import connect

    return connect(name, request.config.getoption("--helpdesk-config"))


def _marked(request: pytest.FixtureRequest) -> Mapping[str, Any]:
    """Return the options that the marker of this test gives."""
    marker = request.node.get_closest_marker(MARKER)
    if marker is None:
        return {}
    with _errors_without_traceback(request):
        if marker.args:
            raise pytest.UsageError(f"@pytest.mark.{MARKER} takes its options by name: {', '.join(OPTIONS)}")
        _refuse_unknown(f"@pytest.mark.{MARKER}", marker.kwargs, OPTIONS)
    options: Mapping[str, Any] = marker.kwargs
    return options


def _refuse_unknown(where: str, given: Mapping[str, Any], known: Mapping[str, Any] | tuple[str, ...]) -> None:
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"it has: {', '.join(known)}"
            raise pytest.UsageError(f"{where} has no option {name!r}; {hint}")


def _lacking(what: str, error: ModuleNotFoundError) -> ImportError:
    return ImportError(f"{what} needs {(error.name or '').partition('.')[0]}: {_INSTALL}", name=error.name)


@contextmanager
def _errors_without_traceback(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test whose marker is wrong with a clear message and without a traceback of this package."""
    from helpdesk_bridge.errors import ConfigError

    message = ""
    try:
        yield
    except ModuleNotFoundError as error:
        message = str(_lacking(f"the fixture {request.fixturename}", error))
    except (ConfigError, pytest.UsageError, ValueError, OSError) as error:
        message = f"{request.node.nodeid}: {error}"
    if message:
        pytest.fail(message, pytrace=False)
