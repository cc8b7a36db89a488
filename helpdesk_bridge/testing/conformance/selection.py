"""Chooses the tests of a class by what its desk can do, before pytest collects any of them.

A test says by ``needs`` what it is a test of. Where the class tells its ``capabilities``, what they lack is not
collected; where it does not, the test is collected and skipped once its desk is there. The other direction, that what
is not declared is refused unsent, is tested in ``areas.capabilities``.
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
class _Asked:
    """What one test needs, and the cases of its own that each need something."""

    needs: tuple[str, ...] = ()
    argument: str = ""
    cases: tuple[Any, ...] = ()


@frozen
class NotCollected:
    """Stands in a class in the place of a test that its desk cannot have."""

    name: str
    why: tuple[str, ...] = field(repr=False)


def needs(*names: str) -> Callable[[Test], Test]:
    """Say what a desk has to declare for a test: names of capabilities, ``{case}`` standing for the test's case.

    Besides: ``clear:FIELD``, ``key:OPERATION``, ``listed:FIELD`` and ``complete:FIELD`` for the list of a field's words,
    ``contact:FIELD:written``, ``status:STATUS`` and ``priority:PRIORITY`` for what else capabilities tell; ``emails`` for a desk that knows people by e-mail; ``sends:OPERATION`` for one that reaches
    its vendor by it; ``fixture:NAME`` for a fixture that the class has to give.
    """

    def noted(test: Test) -> Test:
        asked = _asked(test)
        vars(test)["asked"] = _Asked((*names, *asked.needs), asked.argument, asked.cases)
        return test

    return noted


def each(argument: str, cases: Iterable[Any]) -> Callable[[Test], Test]:
    """Run a test once for each case that the desk can have; ``needs`` says by ``{argument}`` what a case needs."""

    def noted(test: Test) -> Test:
        vars(test)["asked"] = _Asked(_asked(test).needs, argument, tuple(cases))
        return test

    return noted


def _asked(test: Any) -> _Asked:
    found = getattr(test, "asked", None)
    return found if isinstance(found, _Asked) else _Asked()


def _word(case: Any) -> str:
    return str(case.value if isinstance(case, Enum) else case)


def _of_case(asked: _Asked, case: Any) -> list[str]:
    return [name.replace(f"{{{asked.argument}}}", _word(case)) if asked.argument else name for name in asked.needs]


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
        return rest not in {_word(one) for one in capabilities.statuses}
    if kind == "priority":
        return rest not in {_word(one) for one in capabilities.priorities}
    if name == "emails":
        return "emails" not in capabilities.contact_fields and "phones" in capabilities.contact_fields
    if kind == "contact" and rest.endswith(_WRITTEN):
        return rest.removesuffix(_WRITTEN) not in capabilities.contact_create | capabilities.contact_update
    return name != "tickets.create:subject" and not capabilities.supports(name)


def _missing(owner: Any, names: Iterable[str]) -> list[str]:
    """Return what a class is known to lack before there is a desk."""
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
    """Whether a class gives an optional fixture, in place of the suite's own that gives nothing."""
    base = next((one for one in owner.__mro__ if fixture in vars(one)), None)
    return base is not None and "of_the_suite" not in vars(base)


def cases_of(owner: Any, test: Any) -> list[Any]:
    """Return the cases of a test that the class can have."""
    asked = _asked(test)
    return [case for case in asked.cases if not _missing(owner, _of_case(asked, case))]


def not_collected(owner: Any, tests: Mapping[str, Any]) -> dict[str, NotCollected]:
    """Return what stands in a class in the place of the tests that it cannot have, by their names."""
    found = {}
    for name, test in tests.items():
        asked = _asked(test)
        missing = [] if asked.cases else _missing(owner, asked.needs)
        if missing or (asked.cases and not cases_of(owner, test)):
            found[name] = NotCollected(name, tuple(missing or _missing(owner, _of_case(asked, asked.cases[0]))))
    return found


def parametrize(owner: Any, metafunc: pytest.Metafunc) -> None:
    """Give a test its cases."""
    asked = _asked(metafunc.function)
    if asked.cases:
        cases = cases_of(owner, metafunc.function)
        metafunc.parametrize(asked.argument, cases, ids=[_word(case) for case in cases])


def skip_what_is_lacking(request: pytest.FixtureRequest, capabilities: Capabilities) -> None:
    """Skip a test whose needs the desk turns out to lack."""
    asked = _asked(getattr(request.node, "function", None))
    case = request.node.callspec.params[asked.argument] if asked.cases else None
    names = _of_case(asked, case)
    for name in names:
        kind, _, rest = name.partition(":")
        if kind == "fixture" and request.getfixturevalue(rest) is None:
            pytest.skip(f"the fixture `{rest}` gives nothing")
        if kind not in ("fixture", "sends") and lacks(capabilities, name):
            pytest.skip(f"this desk does not declare {name}")
