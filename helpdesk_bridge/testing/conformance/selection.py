"""Selection of tests by what the desk of a class can do, before pytest collects them.

``needs`` names the abilities that a test needs. If the class gives its ``capabilities``, a test that needs more is not
collected; otherwise it is collected, and skipped once its desk is open. The other direction, that undeclared calls are
refused unsent, is tested in ``areas.capabilities``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any, Final, TypeVar

import pytest
from attrs import field, frozen

from helpdesk_bridge.model.capabilities import Capabilities

Test = TypeVar("Test", bound=Callable[..., Any])
FIXTURES: Final = ("faults", "outbox", "reopen", "unknown_words")
"""The optional fixtures without which tests cannot be run."""
_WRITTEN: Final = ":written"
_LISTS: Final = {"group": "groups", "assignee": "agents"}


@frozen
class _Needs:
    """The needs of one test, and its cases, each of which may need more."""

    needs: tuple[str, ...] = ()
    argument: str = ""
    cases: tuple[Any, ...] = ()


@frozen
class NotCollected:
    """Takes the place of a test in a class whose desk cannot have it."""

    name: str
    why: tuple[str, ...] = field(repr=False)


def needs(*names: str) -> Callable[[Test], Test]:
    """Name the capabilities that a desk must declare for a test; ``{case}`` in a name is the test's case.

    Also: ``clear:FIELD``, ``key:OPERATION``, ``listed:FIELD`` and ``complete:FIELD`` for the list of a field's words,
    ``contact:FIELD:written``, ``status:STATUS`` and ``priority:PRIORITY`` for other capabilities; ``emails`` for a desk
    that knows people by e-mail; ``sends:OPERATION`` for an operation that reaches the vendor; ``fixture:NAME`` for a
    fixture that the class must give.
    """

    def decorate(test: Test) -> Test:
        needed = _needs_of(test)
        vars(test)["conformance_needs"] = _Needs((*names, *needed.needs), needed.argument, needed.cases)
        return test

    return decorate


def each(argument: str, cases: Iterable[Any]) -> Callable[[Test], Test]:
    """Run a test once for each case that the desk can have; ``needs`` says by ``{argument}`` what a case needs."""

    def decorate(test: Test) -> Test:
        vars(test)["conformance_needs"] = _Needs(_needs_of(test).needs, argument, tuple(cases))
        return test

    return decorate


def _needs_of(test: Any) -> _Needs:
    found = getattr(test, "conformance_needs", None)
    return found if isinstance(found, _Needs) else _Needs()


def _word(case: Any) -> str:
    return str(case.value if isinstance(case, Enum) else case)


def _of_case(needed: _Needs, case: Any) -> list[str]:
    return [name.replace(f"{{{needed.argument}}}", _word(case)) if needed.argument else name for name in needed.needs]


def lacks(capabilities: Capabilities, name: str) -> bool:
    """Whether a desk with these capabilities lacks what a test needs by that name."""
    kind, _, rest = name.partition(":")
    if kind == "clear":
        return rest not in capabilities.ticket_clear
    if kind == "key":
        return rest not in capabilities.idempotency
    if kind == "complete":
        return _LISTS.get(rest, rest) not in capabilities.complete_lists
    if kind == "listed":
        return not capabilities.supports(_LISTS.get(rest, rest))
    if kind == "status":
        return rest not in {_word(status) for status in capabilities.statuses}
    if kind == "priority":
        return rest not in {_word(priority) for priority in capabilities.priorities}
    if name == "emails":
        return "emails" not in capabilities.contact_fields and "phones" in capabilities.contact_fields
    if kind == "contact" and rest.endswith(_WRITTEN):
        return rest.removesuffix(_WRITTEN) not in capabilities.contact_create | capabilities.contact_update
    return name != "tickets.create:subject" and not capabilities.supports(name)


def _missing(owner: Any, names: Iterable[str]) -> list[str]:
    """Return the needs that a class is known to lack before its desk is open."""
    found = []
    for name in names:
        kind, _, rest = name.partition(":")
        if kind == "fixture":
            lacking = not gives(owner, rest)
        elif kind == "sends":
            lacking = owner.sends is not None and rest not in owner.sends
        else:
            lacking = owner.capabilities is not None and lacks(owner.capabilities, name)
        if lacking:
            found.append(name)
    return found


def gives(owner: Any, fixture: str) -> bool:
    """Whether a class overrides an optional fixture; the suite's own returns None."""
    base = next((one for one in owner.__mro__ if fixture in vars(one)), None)
    return base is not None and "of_the_suite" not in vars(base)


def cases_of(owner: Any, test: Any) -> list[Any]:
    """Return the cases of a test that the class can have."""
    needed = _needs_of(test)
    return [case for case in needed.cases if not _missing(owner, _of_case(needed, case))]


def not_collected(owner: Any, tests: Mapping[str, Any]) -> dict[str, NotCollected]:
    """Return the replacements of tests that a class cannot have, by their names."""
    found = {}
    for name, test in tests.items():
        needed = _needs_of(test)
        missing = [] if needed.cases else _missing(owner, needed.needs)
        if missing or (needed.cases and not cases_of(owner, test)):
            found[name] = NotCollected(name, tuple(missing or _missing(owner, _of_case(needed, needed.cases[0]))))
    return found


def parametrize(owner: Any, metafunc: pytest.Metafunc) -> None:
    """Parametrize a test with its cases."""
    needed = _needs_of(metafunc.function)
    if needed.cases:
        cases = cases_of(owner, metafunc.function)
        metafunc.parametrize(needed.argument, cases, ids=[_word(case) for case in cases])


def skip_what_is_lacking(request: pytest.FixtureRequest, capabilities: Capabilities) -> None:
    """Skip a test if the open desk lacks its needs."""
    needed = _needs_of(getattr(request.node, "function", None))
    case = request.node.callspec.params[needed.argument] if needed.cases else None
    names = _of_case(needed, case)
    for name in names:
        kind, _, rest = name.partition(":")
        if kind == "fixture" and request.getfixturevalue(rest) is None:
            pytest.skip(f"the fixture `{rest}` returns None")
        if kind not in ("fixture", "sends") and lacks(capabilities, name):
            pytest.skip(f"this desk does not declare {name}")
