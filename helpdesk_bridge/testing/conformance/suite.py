"""The suite, put together from its areas, and the tests that guard the suite itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from helpdesk_bridge.ports import Helpdesk
from helpdesk_bridge.query import ContactQuery, TicketQuery
from helpdesk_bridge.testing.conformance.aliasing import AliasTests
from helpdesk_bridge.testing.conformance.attachments import AttachmentTests
from helpdesk_bridge.testing.conformance.closing import ClosingTests
from helpdesk_bridge.testing.conformance.contacts import ContactTests
from helpdesk_bridge.testing.conformance.drift import DriftTests
from helpdesk_bridge.testing.conformance.errors import ErrorTests
from helpdesk_bridge.testing.conformance.events import EventTests
from helpdesk_bridge.testing.conformance.facets import FacetTests
from helpdesk_bridge.testing.conformance.importing import ImporterTests
from helpdesk_bridge.testing.conformance.indoubt import InDoubtTests
from helpdesk_bridge.testing.conformance.messages import MessageTests
from helpdesk_bridge.testing.conformance.nastytexts import NastyTextTests
from helpdesk_bridge.testing.conformance.paging import PagingTests
from helpdesk_bridge.testing.conformance.queries import QueryTests
from helpdesk_bridge.testing.conformance.refs import RefTests
from helpdesk_bridge.testing.conformance.secrecy import SecrecyTests
from helpdesk_bridge.testing.conformance.threads import ThreadTests
from helpdesk_bridge.testing.conformance.ticketfields import TicketFieldTests
from helpdesk_bridge.testing.conformance.tickets import TicketTests
from helpdesk_bridge.testing.conformance.undeclared import UndeclaredTests


class HelpdeskAdapterTests(
    TicketTests,
    TicketFieldTests,
    ContactTests,
    MessageTests,
    FacetTests,
    PagingTests,
    DriftTests,
    QueryTests,
    ErrorTests,
    InDoubtTests,
    AttachmentTests,
    ImporterTests,
    ThreadTests,
    EventTests,
    RefTests,
    AliasTests,
    NastyTextTests,
    SecrecyTests,
    UndeclaredTests,
    ClosingTests,
):
    """Subclass it, name the subclass ``Test…``, and give it the fixture ``helpdesk``.

    ``helpdesk`` yields a desk that is empty (its agents, groups, tags and custom fields in place) and may be written
    to. It is a method of the subclass. All other fixtures are optional; ``fixtures.SuiteFixtures`` describes them.

    ``expected_failures`` maps names of standard tests to the reason why this desk cannot pass them. It is strict: a
    test that passes all the same fails, and so does a name or a reason that is empty or unknown.
    """

    def test_no_standard_test_was_removed_or_overridden(self) -> None:
        """Prove that the subclass runs the suite as it stands; what cannot pass is an expected failure."""
        changed = [name for name in _standard_tests() if getattr(type(self), name, None) is not _standard(name)]
        assert not changed, (
            f"{type(self).__name__} removes or overrides {', '.join(changed)}; "
            "name what cannot pass in `expected_failures`, with the reason"
        )

    def test_expected_failures_are_standard_tests_with_a_reason(self) -> None:
        """Prove that every expected failure names a test of the suite and says why."""
        known = set(_standard_tests())
        unknown = [name for name in self.expected_failures if name.partition("[")[0] not in known]
        assert not unknown, f"`expected_failures` names what is no standard test: {', '.join(unknown)}"
        bare = [name for name, reason in self.expected_failures.items() if not reason.strip()]
        assert not bare, f"`expected_failures` gives no reason for {', '.join(bare)}"

    def test_the_fixture_yields_an_empty_desk(self, helpdesk: Helpdesk) -> None:
        """Prove that the desk holds no tickets and no contacts before a test writes some."""
        capabilities = helpdesk.capabilities
        if capabilities.missing("tickets.list", "contacts.list"):
            pytest.skip("this desk lists nothing")
        found = list(helpdesk.tickets.list(TicketQuery(limit=1), resolve=False))
        found += list(helpdesk.contacts.list(ContactQuery(limit=1)))  # type: ignore[arg-type]  # only whether it is empty
        assert not found, "the fixture `helpdesk` yields a desk that holds records; yield an empty one to every test"


def _standard_tests() -> list[str]:
    return [name for name in dir(HelpdeskAdapterTests) if name.startswith("test")]


def _standard(name: str) -> Callable[..., Any]:
    found: Callable[..., Any] = getattr(HelpdeskAdapterTests, name)
    return found
