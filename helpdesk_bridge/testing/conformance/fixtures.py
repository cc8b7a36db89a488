"""The fixtures of the suite: ``helpdesk``, which every adapter gives, and optional ones that enable more tests."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Protocol

import pytest

from helpdesk_bridge.model.capabilities import Capabilities
from helpdesk_bridge.ports import Helpdesk
from helpdesk_bridge.testing.conformance.leaks import nothing_left_open
from helpdesk_bridge.testing.conformance.selection import skip_what_is_lacking
from helpdesk_bridge.testing.conformance.vocabulary import Vocabulary

_DESK = ("tickets", "contacts", "messages", "capabilities", "directory", "check", "close")


class FaultSwitch(Protocol):
    """Makes the desk's vendor fail: ``inject("response_lost", on="tickets.create", times=1)``.

    ``on`` is a port operation. The suite uses rate_limited, server_error, connection_reset, response_lost, truncated,
    malformed_json, empty, html_page and, with the option ``location``, foreign_redirect.
    """

    def inject(self, kind: str, *, on: str | None = None, times: int | None = 1, **options: Any) -> object:
        """Put a fault in force for the next ``times`` requests of an operation."""


class SuiteFixtures:
    """Fixtures for the tests of all areas; a subclass overrides those that it can give, as methods."""

    of_the_suite: ClassVar = True
    expected_failures: ClassVar[Mapping[str, str]] = {}
    capabilities: ClassVar[Capabilities | None] = None
    sends: ClassVar[Collection[str] | None] = None
    without: ClassVar[Mapping[str, str]] = {}

    @pytest.fixture
    def helpdesk(self) -> Helpdesk:
        """Yield an empty, writable desk. Every subclass gives its own."""
        pytest.fail(
            f"{type(self).__name__} has no fixture `helpdesk`: define it as a method of the class, with "
            "@pytest.fixture, and yield what open_desk or connect returns",
            pytrace=False,
        )

    @pytest.fixture
    def faults(self) -> FaultSwitch | None:
        """Return the desk's fault switch; without one the tests of faults are not collected."""
        return None

    @pytest.fixture
    def calls(self, helpdesk: Helpdesk) -> Callable[[], int]:
        """Return a function that returns how many requests this desk has sent so far.

        The default asks ``desk.transport``; a desk that sends otherwise counts for itself.
        """
        transport = getattr(helpdesk, "transport", None)
        return lambda: int(transport.stats.calls) if transport is not None else 0

    @pytest.fixture
    def outbox(self) -> Callable[[], int] | None:
        """Return a function that returns how many messages customers got so far; without it tests of silence are not collected."""
        return None

    @pytest.fixture
    def reopen(self) -> Callable[..., Helpdesk] | None:
        """Return a function that opens the same account once more, with more keys: ``reopen(keep_raw=True)``.

        It closes the desks that it opened. Without it the tests of aliases, of ``raw`` and of a second desk are not collected.
        """
        return None

    @pytest.fixture
    def unknown_words(self) -> Callable[[str], None] | None:
        """Return a function that makes the vendor label the notes of a ticket with an unknown word, as it may next year.

        ``unknown_words(ticket_id)`` changes the vendor's label; the notes stay notes. Without it the test that such a
        message stays internal is not collected.
        """
        return None

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        """Return the credentials in plain text, so that tests can search for them in places where they must not be."""
        return ()

    @pytest.fixture
    def vocabulary(self, helpdesk: Helpdesk) -> Vocabulary:
        """Return the words that the account knows. The default reads the desk's own lists."""
        return Vocabulary.of(helpdesk)

    @pytest.fixture(autouse=True)
    def _is_expected_to_fail(self, request: pytest.FixtureRequest) -> None:
        names: tuple[str, ...] = (request.node.name, request.node.name.partition("[")[0])
        for name in names:
            if name in self.expected_failures:
                request.applymarker(pytest.mark.xfail(reason=self.expected_failures[name], strict=True))
                return

    @pytest.fixture(autouse=True)
    def _leaves_nothing_open(self, request: pytest.FixtureRequest, _is_expected_to_fail: None) -> Iterator[list[Any]]:
        # Set up before the desk is, and so asked after it was closed; what is kept here no collector closes meanwhile.
        kept: list[Any] = []
        with nothing_left_open(f"{type(self).__name__}::{request.node.name}"):
            yield kept

    @pytest.fixture(autouse=True)
    def _is_a_desk(self, request: pytest.FixtureRequest, _leaves_nothing_open: list[Any], helpdesk: Helpdesk) -> None:
        lacking = [name for name in _DESK if not hasattr(helpdesk, name)]
        if lacking:
            pytest.fail(
                f"the fixture `helpdesk` of {type(self).__name__} yields {type(helpdesk).__name__}, which is no desk: "
                f"it has no {lacking[0]!r}; yield what open_desk or connect returns",
                pytrace=False,
            )
        _leaves_nothing_open.append(helpdesk)
        skip_what_is_lacking(request, helpdesk.capabilities)


@contextmanager
def nothing_sent(calls: Callable[[], int]) -> Iterator[None]:
    """Fail if a request goes out within the block."""
    before = calls()
    yield
    sent = calls() - before
    assert sent == 0, f"{sent} requests were sent; none should have been"
