"""``HelpdeskAdapterTests``: the tests of all areas in one class, and the tests that guard the suite itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from inspect import getattr_static
from types import ModuleType
from typing import Any, Final

import pytest

from helpdesk_bridge.model.queries import ContactQuery, TicketQuery
from helpdesk_bridge.ports import Helpdesk
from helpdesk_bridge.testing.conformance.areas import (
    attachments,
    capabilities,
    contacts,
    desk,
    errors,
    importer,
    in_doubt,
    messages,
    names,
    nasty_texts,
    paging,
    queries,
    secrets,
    ticket_fields,
    tickets,
    visibility,
)
from helpdesk_bridge.testing.conformance.fixtures import SuiteFixtures
from helpdesk_bridge.testing.conformance.selection import FIXTURES, NotCollected, gives, not_collected, parametrize

_GUARD: Final = "test_no_standard_test_was_removed_or_overridden"


AREAS: Final[tuple[ModuleType, ...]] = (
    desk, tickets, ticket_fields, contacts, messages, attachments, capabilities, paging, queries, errors, in_doubt, importer,
    visibility, names, nasty_texts, secrets,
)  # fmt: skip
"""The modules whose functions ``test_…`` are the standard tests, in the order in which they run."""


def _with_the_tests_of_all_areas(suite: type[HelpdeskAdapterTests]) -> type[HelpdeskAdapterTests]:
    for area in AREAS:
        for name, test in vars(area).items():
            if name.startswith("test_"):
                if hasattr(suite, name):
                    raise TypeError(f"two areas of the conformance suite have a test {name}")
                setattr(suite, name, staticmethod(test))
    return suite


@_with_the_tests_of_all_areas
class HelpdeskAdapterTests(SuiteFixtures):
    """Subclass it, name the subclass ``Test…``, and give it the fixture ``helpdesk``.

    ``helpdesk`` yields a desk that is empty (its agents, groups, tags and custom fields in place) and may be written
    to. It is a method of the subclass. All other fixtures are optional; ``fixtures.SuiteFixtures`` describes them.

    ``capabilities``, if known beforehand, are those of its desk: pytest then collects no test that needs more. ``sends``
    names the operations that reach the vendor, if others do not. ``without`` says why an optional fixture, by its name,
    cannot be given.

    ``expected_failures`` maps names of standard tests to the reason why this desk cannot pass them. It is strict: a test
    in it that passes counts as failed, and so does an unknown name or an empty reason.
    """

    def __init_subclass__(cls, **keys: Any) -> None:
        super().__init_subclass__(**keys)
        absent = not_collected(cls, _standard_tests())
        for name, test in _standard_tests().items():
            if name in absent and getattr(cls, name, None) is test:
                setattr(cls, name, absent[name])
            elif name not in absent and isinstance(getattr(cls, name, None), NotCollected):
                setattr(cls, name, getattr_static(HelpdeskAdapterTests, name))

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Give the tests the cases that the desk can have."""
        parametrize(type(self), metafunc)

    @pytest.fixture(autouse=True)
    def _is_guarded(self, _is_expected_to_fail: None) -> None:
        if getattr(type(self), _GUARD, None) is not _standard_tests()[_GUARD]:
            pytest.fail(f"{type(self).__name__} removes or overrides {_GUARD}, which guards the suite", pytrace=False)

    def test_no_standard_test_was_removed_or_overridden(self) -> None:
        """Prove that the subclass runs the suite unchanged; a test that cannot pass is an expected failure."""
        standard, absent = _standard_tests(), not_collected(type(self), _standard_tests())
        stands = {name: getattr(type(self), name, None) for name in standard}
        changed = [
            name
            for name, test in standard.items()
            if stands[name] is not test and not (name in absent and isinstance(stands[name], NotCollected))
        ]
        assert not changed, (
            f"{type(self).__name__} removes or overrides {', '.join(changed)}; "
            "name what cannot pass in `expected_failures`, with the reason"
        )

    def test_expected_failures_are_standard_tests_with_a_reason(self) -> None:
        """Prove that every expected failure names a test of the suite and says why."""
        known = _standard_tests()
        unknown = [name for name in self.expected_failures if name.partition("[")[0] not in known]
        assert not unknown, f"`expected_failures` names unknown tests: {', '.join(unknown)}"
        bare = [name for name, reason in self.expected_failures.items() if not reason.strip()]
        assert not bare, f"`expected_failures` gives no reason for {', '.join(bare)}"

    def test_the_class_tells_the_capabilities_of_its_desk(self, helpdesk: Helpdesk) -> None:
        """Prove that ``capabilities`` of the class, by which its tests were chosen, are the desk's."""
        assert self.capabilities in (None, helpdesk.capabilities), "`capabilities` of the class are not the desk's"

    @pytest.mark.parametrize("fixture", FIXTURES)
    def test_an_optional_fixture_is_given(self, fixture: str) -> None:
        """Remind the author of a fixture that would enable more tests; `without` says why it is missing."""
        if gives(type(self), fixture) or self.without.get(fixture, "").strip():
            return
        lost = [name for name, why in _absent(type(self)).items() if f"fixture:{fixture}" in why]
        pytest.skip(f"the fixture `{fixture}` is not given: {len(lost)} tests are not collected, such as {lost[0]}")

    def test_the_fixture_yields_an_empty_desk(self, helpdesk: Helpdesk) -> None:
        """Prove that the desk holds no tickets and no contacts before a test writes some."""
        capabilities = helpdesk.capabilities
        if capabilities.missing("tickets.list", "contacts.list"):
            pytest.skip("this desk lists nothing")
        found = list(helpdesk.tickets.list(TicketQuery(limit=1), resolve=False))
        found += list(helpdesk.contacts.list(ContactQuery(limit=1)))  # type: ignore[arg-type]  # only whether it is empty
        assert not found, "the fixture `helpdesk` yields a desk that holds records; yield an empty one to every test"


def _absent(owner: type) -> dict[str, tuple[str, ...]]:
    return {name: stands.why for name, stands in not_collected(owner, _standard_tests()).items()}


@cache
def _standard_tests() -> dict[str, Callable[..., Any]]:
    return {name: getattr(HelpdeskAdapterTests, name) for name in dir(HelpdeskAdapterTests) if name.startswith("test")}
