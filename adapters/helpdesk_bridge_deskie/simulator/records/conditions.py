"""Conditions: the parameters of a list as predicates on records."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from attrs import frozen

from helpdesk_bridge_deskie.simulator.parameters import as_flag
from helpdesk_bridge_deskie.simulator.records.records import PRIORITIES, STATUSES, Case, User
from helpdesk_bridge_deskie.simulator.records.search import SearchRules, any_of, needle
from helpdesk_bridge_deskie.simulator.refusals import invalid

if TYPE_CHECKING:
    from helpdesk_bridge_deskie.simulator.parameters import Params
    from helpdesk_bridge_deskie.simulator.records.account import Account
    from helpdesk_bridge_deskie.simulator.records.records import FieldDefinition

CaseTest = Callable[[Case], bool]
UserTest = Callable[[User], bool]

_CASE_TEXT = 4
_TEXT_FIELDS = frozenset({"text", "textarea"})


@frozen
class Window:
    """Bounds of a time, inclusive on both ends, in unix seconds."""

    low: int | None
    high: int | None

    def holds(self, moment: int | None) -> bool:
        """Whether a time is inside; a time that is not set is inside only if there are no bounds."""
        if self.low is None and self.high is None:
            return True
        if moment is None:
            return False
        return (self.low is None or moment >= self.low) and (self.high is None or moment <= self.high)


def window(params: Params, kind: str, bounds: str) -> Window:
    """Read `from_<kind>time` and `to_<kind>time`, such as `from_updated_time` for the kind `updated_`.

    assumed: the ends are inclusive; `bounds` says "exclusive_end" or "exclusive" if an account differs.
    """
    low, high = params.moment(f"from_{kind}time"), params.moment(f"to_{kind}time")
    if low is not None and bounds == "exclusive":
        low += 1
    if high is not None and bounds != "inclusive":
        high -= 1
    return Window(low, high)


def case_tests(account: Account, params: Params, rules: SearchRules, labels_match: str) -> list[CaseTest]:
    """Return the tests of a case list's filters (observed: their names; unknown parameters are ignored, assumed)."""
    tests = [
        _attribute_test(name, frozenset(wanted))
        for name in ("user_id", "staff_id", "group_id")
        if (wanted := params.integers(name))
    ]
    tests += _word_tests(params)
    tests += _people_tests(account, params, rules)
    if needles := rules.needles(params, "subject", _CASE_TEXT):
        in_subject = any_of(needles)
        tests.append(lambda case: in_subject(case.subject))
    if labels := frozenset(params.integers("labels")):
        tests.append(_label_test(labels, labels_match))
    return tests + _custom_field_tests(account, params, rules)


def _word_tests(params: Params) -> list[CaseTest]:
    tests: list[CaseTest] = []
    for name, allowed in (("status", STATUSES), ("priority", PRIORITIES), ("channel", None)):
        words = frozenset(params.texts(name))
        if allowed is not None and not words.issubset(allowed):
            raise invalid(f"wrong_{name}")
        if words:
            tests.append(_attribute_test(name, words))
    return tests


def _people_tests(account: Account, params: Params, rules: SearchRules) -> list[CaseTest]:
    tests: list[CaseTest] = []
    users = account.users.values()
    for name, kind in (("user_email", "email"), ("user_phone", "phone")):
        if needles := rules.needles(params, name, _CASE_TEXT):
            matches = any_of(needles)
            tests.append(_of_users({each.user_id for each in users if each.kind == kind and matches(each.identity)}))
    if names := params.texts("user_custom_id"):
        tests.append(_of_users({each.user_id for each in users if each.kind == "custom" and each.identity in names}))
    return tests


def custom_field_test(definition: FieldDefinition, value: Any, rules: SearchRules) -> Callable[[dict[str, Any]], bool]:
    """Return the test of one custom field's value.

    observed: text is searched for inclusion, a checkbox is set or not, a list's option key equals.
    """
    key = definition.key
    if definition.field_type == "checkbox":
        wanted = as_flag("custom_fields", value)
        return lambda values: bool(values.get(key)) == wanted
    texts = [str(each) for each in (value if isinstance(value, list) else [value])]
    if definition.field_type in _TEXT_FIELDS:
        matches = any_of([needle(text, case_sensitive=rules.case_sensitive) for text in texts])
        return lambda values: values.get(key) is not None and matches(str(values[key]))
    return lambda values: str(values.get(key, "")) in texts


def _custom_field_tests(account: Account, params: Params, rules: SearchRules) -> list[CaseTest]:
    tests: list[CaseTest] = []
    for key, value in params.mapping("custom_fields").items():
        definition = account.field_named(key)
        if definition is None:
            continue
        test = custom_field_test(definition, value, rules)
        if definition.level == "case":
            tests.append(_on_case(test))
        else:
            tests.append(_of_users({user.user_id for user in account.users.values() if test(user.custom_fields)}))
    return tests


def user_tests(account: Account, params: Params, rules: SearchRules) -> list[UserTest]:
    """Return the tests of a user list's filters, but for the e-mail and the phone."""
    tests: list[UserTest] = []
    if names := frozenset(params.texts("user_custom_id")):
        tests.append(lambda user: user.kind == "custom" and user.identity in names)
    if channels := frozenset(params.texts("user_custom_channel")):
        tests.append(lambda user: user.custom_channel in channels)
    if languages := frozenset(params.integers("language_id")):
        tests.append(lambda user: user.language_id in languages)
    if company_ids := frozenset(params.integers("company_id")):
        companies = {each.name.casefold() for each in account.companies.values() if each.company_id in company_ids}
        tests.append(lambda user: user.company_name.casefold() in companies)
    for key, value in params.mapping("custom_fields").items():
        definition = account.field_named(key)
        if definition is not None and definition.level == "user":
            tests.append(_on_user(custom_field_test(definition, value, rules)))
    return tests


def _attribute_test(name: str, wanted: frozenset[int] | frozenset[str]) -> CaseTest:
    return lambda case: getattr(case, name) in wanted


def _label_test(labels: frozenset[int], labels_match: str) -> CaseTest:
    if labels_match == "all":
        return lambda case: labels.issubset(case.labels)
    return lambda case: not labels.isdisjoint(case.labels)


def _of_users(user_ids: set[int]) -> CaseTest:
    return lambda case: case.user_id in user_ids


def _on_case(test: Callable[[dict[str, Any]], bool]) -> CaseTest:
    return lambda case: test(case.custom_fields)


def _on_user(test: Callable[[dict[str, Any]], bool]) -> UserTest:
    return lambda user: test(user.custom_fields)
