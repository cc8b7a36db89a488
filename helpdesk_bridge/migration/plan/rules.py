"""Rules for values that a run meets later, so that it does not stop for them."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

from helpdesk_bridge.migration.outcome import WrongMap
from helpdesk_bridge.migration.plan.values import PASSING, PEOPLE

ASK: Final = "ask"
DROP: Final = "drop"
NEAREST: Final = "nearest"
PLACEHOLDER: Final = "placeholder"
_NEAREST: Final = ("status", "priority")
_DROPPED: Final = ("group", "tag", "custom_field", "contact_field", "option", *PASSING)
_PEOPLE: Final = (*sorted(PEOPLE - {"author"}),)
FIELDS: Final = (*_NEAREST, *_DROPPED, *_PEOPLE)
"""The fields of values that can be refused, or come without a counterpart, while a run is at work."""


def rule_of(field: str) -> str:
    """Return what is proposed for later values of a field, other than to ask."""
    if field in _NEAREST:
        return NEAREST
    return PLACEHOLDER if field in _PEOPLE else DROP


def words_of(field: str) -> str:
    """Return in words what the proposed rule does."""
    return {
        NEAREST: "takes the nearest word that the destination has",
        PLACEHOLDER: "leaves the place empty, or an address that reaches nobody in it",
        DROP: "writes the ticket without the value",
    }[rule_of(field)]


def check_rule(field: str, rule: str) -> None:
    """Raise ``WrongMap`` for a field without rules, or a rule that the field does not know."""
    if field not in FIELDS:
        near = get_close_matches(field, FIELDS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(FIELDS)}"
        raise WrongMap(f"--later {field}={rule}: no values of {field!r} come later{hint}")
    if rule not in (rule_of(field), ASK):
        raise WrongMap(f"--later {field}={rule}: write {rule_of(field)} ({words_of(field)}) or {ASK}")
