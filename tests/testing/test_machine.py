"""The state machine on every desk: the model, the local desk and the adapter agree on random programs, with faults."""

import pytest
from conformance.accounts import IN_PROCESS, SOCKETS
from testing.machines import in_files, over_simulators, programs

from helpdesk_bridge.testing.machine import run_conformance_machine

FEW_OR_MANY = pytest.mark.parametrize(
    "few", [8, pytest.param(30, marks=pytest.mark.slow), pytest.param(60, marks=pytest.mark.exhaustive)]
)


@FEW_OR_MANY
def test_the_local_desk_agrees_with_itself_and_with_the_model(tmp_path, few):
    run_conformance_machine(in_files(tmp_path), settings=programs(few))


@FEW_OR_MANY
@pytest.mark.parametrize("vendor", ["deskie", "desk365", "desk360"])
def test_an_adapter_agrees_with_the_local_desk_and_with_the_model(vendor, tmp_path, few):
    run_conformance_machine(over_simulators(vendor, IN_PROCESS, tmp_path), settings=programs(few))


@pytest.mark.slow
@pytest.mark.parametrize("vendor", ["deskie", "desk365", "desk360"])
def test_they_agree_over_sockets_too(vendor, tmp_path):
    run_conformance_machine(over_simulators(vendor, SOCKETS, tmp_path), settings=programs(8, 12))


def test_a_program_without_faults_agrees_as_well(tmp_path):
    run_conformance_machine(in_files(tmp_path), settings=programs(5), faults=())
