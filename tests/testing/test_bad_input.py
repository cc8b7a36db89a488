"""Faults, operations and capability profiles that do not exist: told at once, with what there is."""

from __future__ import annotations

import pytest
from testing.benches import VENDORS, opened

from helpdesk_bridge.errors import ConfigError
from helpdesk_bridge.testing.fake import FakeHelpdesk
from helpdesk_bridge.testing.faults import NAMES, ChaosHelpdesk, Fault, FaultError


@pytest.mark.parametrize("name", ["RESPONSE_LOSS", "response-lost", "", "KINDS", "named", "__init__"])
def test_an_unknown_fault_is_told_with_those_that_there_are(name):
    with pytest.raises(FaultError, match=f"known faults: {', '.join(NAMES)}"):
        Fault.named(name)


@pytest.mark.parametrize("name", NAMES)
def test_an_option_that_a_fault_has_not_is_told(name):
    with pytest.raises(FaultError, match=f"fault {name}: .*unexpected keyword argument 'colour'"):
        Fault.named(name, colour="red")


@pytest.fixture(params=[*VENDORS, "port"])
def plan(request):
    """The fault plans of the simulators, and the one at the port."""
    if request.param == "port":
        with FakeHelpdesk() as fake:
            yield ChaosHelpdesk(fake).faults
    else:
        with opened(request.param) as bench:
            yield bench.app.faults


def test_an_unknown_kind_is_told_with_those_known_there(plan):
    with pytest.raises(FaultError, match=r"unknown fault 'respnse_lost'; known here: .*response_lost"):
        plan.inject("respnse_lost")


def test_an_unknown_operation_is_told_with_those_known_there(plan):
    with pytest.raises(FaultError, match=r"unknown operation 'tickets.make'; known here: .*tickets\.create"):
        plan.inject("response_lost", on="tickets.make")
    assert plan.describe() == []


@pytest.mark.parametrize("option", [{"every": 0}, {"after": -1}, {"probability": 1.5}, {"seconds": -1}])
def test_a_figure_out_of_range_is_told(plan, option):
    with pytest.raises(FaultError, match="every >= 1, after and seconds >= 0, probability from 0 to 1"):
        plan.inject("response_lost", **option)


def test_an_unknown_option_is_told_with_those_that_there_are(plan):
    with pytest.raises(FaultError, match="a fault has no 'tims'; it has: kind, on, times"):
        plan.inject("response_lost", tims=2)


def test_a_fault_of_lists_on_what_is_no_list_is_told(plan):
    with pytest.raises(FaultError, match=r"'skipped_page': 'tickets.create' cannot act it out; what can: "):
        plan.inject("skipped_page", on="tickets.create")


@pytest.mark.parametrize(
    ("profile", "said"),
    [("deskei", "unknown vendor 'deskei'; did you mean 'deskie'"), ("local", "name another vendor")],
)
def test_an_unknown_capability_profile_is_told(profile, said):
    with pytest.raises(ConfigError, match=said):
        FakeHelpdesk(capabilities=profile)
