"""Each broken adapter fails the suite, at a test whose name says what is wrong; the same desk unharmed passes it."""

from pathlib import Path

import pytest
from conformance.mutant_suite import class_name
from conformance.mutants import IN_FILE, IN_PROCESS, MUTANTS, SOCKETS
from conformance.runs import run

SUITE = Path(__file__).with_name("mutant_suite.py")
pytestmark = pytest.mark.slow
UNHARMED = {IN_FILE: "TestUnharmedLocal", IN_PROCESS: "TestUnharmedInProcess", SOCKETS: "TestUnharmedOverSockets"}


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    wanted = {(class_name(name), mutant.caught_by) for name, mutant in MUTANTS.items()}
    wanted |= {(UNHARMED[mutant.on], mutant.caught_by) for mutant in MUTANTS.values()}
    nodes = [f"{SUITE}::{owner}::{test}" for owner, test in sorted(wanted)]
    return run(tmp_path_factory.mktemp("mutants"), *nodes)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_fails_at_the_test_that_names_its_fault(ended, name):
    mutant = MUTANTS[name]
    assert ended[class_name(name), mutant.caught_by].how == "failed"


@pytest.mark.parametrize("name", MUTANTS)
def test_the_same_desk_unharmed_passes(ended, name):
    mutant = MUTANTS[name]
    found = ended[UNHARMED[mutant.on], mutant.caught_by]
    assert found.how == "passed", found.said
