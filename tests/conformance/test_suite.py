"""The suite guards itself, and tells whoever uses it wrongly what to do."""

import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest
from conformance.accounts import capabilities_of
from conformance.runs import ROOT, run

from helpdesk_bridge.testing.conformance import HelpdeskAdapterTests
from helpdesk_bridge.testing.conformance import areas as conformance_areas
from helpdesk_bridge.testing.conformance.selection import FIXTURES, NotCollected
from helpdesk_bridge.testing.conformance.suite import AREAS

SUITE = Path(__file__).with_name("misuse_suite.py")
NOTE = "test_a_note_is_internal"
GUARD = "test_no_standard_test_was_removed_or_overridden"
SENDS = "test_an_operation_that_is_not_said_to_send_sends_nothing"
TELLS = "test_the_class_tells_the_capabilities_of_its_desk"
FAULTS = "test_an_optional_fixture_is_given[faults]"
REASONS = "test_expected_failures_are_standard_tests_with_a_reason"
PENDING = "test_a_status_comes_back_as_it_was_written[pending]"
OPEN = "test_a_status_comes_back_as_it_was_written[open]"
MISUSES = (
    ("TestWithoutAFixture", NOTE, "error", "has no fixture `helpdesk`: define it as a method of the class"),
    ("TestWithoutADesk", NOTE, "error", "yields NoneType, which is no desk"),
    ("TestWithRecords", "test_the_fixture_yields_an_empty_desk", "failed", "yield an empty one to every test"),
    ("TestWithATestRemoved", GUARD, "failed", f"removes or overrides {NOTE}"),
    ("TestWithATestOverridden", GUARD, "failed", f"removes or overrides {NOTE}"),
    ("TestWithATestRemovedByAMixin", GUARD, "failed", f"removes or overrides {NOTE}"),
    ("TestWithTheGuardRemoved", NOTE, "error", f"removes or overrides {GUARD}, which guards the suite"),
    ("TestWithTheCasesOverridden", GUARD, "failed", "overrides test_a_status_comes_back_as_it_was_written"),
    ("TestThatLeaksAThread", NOTE, "error", f"TestThatLeaksAThread::{NOTE} leaves open: the thread 'poller'"),
    ("TestThatLeaksASocket", NOTE, "error", f"TestThatLeaksASocket::{NOTE} leaves open: a socket (127.0.0.1:"),
    ("TestThatLeaksASocket", NOTE, "error", "Adapter.close() has to close"),
    ("TestThatSendsMoreThanItSays", SENDS, "failed", "contacts.create sends, and is not in `sends`"),
    ("TestWithOtherCapabilities", TELLS, "failed", "`capabilities` of the class are not the desk's"),
    ("TestWithAFixtureMissing", FAULTS, "skipped", "the fixture `faults` is not given: "),
    ("TestWithAReasonForAMissingFixture", FAULTS, "passed", ""),
    ("TestThatPassesUnexpectedly", NOTE, "failed", "[XPASS(strict)] this vendor has no notes"),
    ("TestThatFailsAsExpected", NOTE, "skipped", "this vendor has no notes"),
    ("TestThatFailsAsExpected", GUARD, "passed", ""),
    ("TestThatFailsAsExpectedInOneCase", PENDING, "skipped", "this vendor forgets that a ticket waits"),
    ("TestThatFailsAsExpectedInOneCase", OPEN, "passed", ""),
    ("TestThatFailsAsExpectedInOneCase", REASONS, "passed", ""),
    ("TestWithAnUnknownName", REASONS, "failed", "names unknown tests: test_a_note_is_inernal"),
    ("TestWithoutAReason", REASONS, "failed", f"gives no reason for {NOTE}"),
)


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    nodes = [f"{SUITE}::{owner}::{test}" for owner, test, _, _ in MISUSES]
    return run(tmp_path_factory.mktemp("misuses"), *nodes)


@pytest.mark.slow
@pytest.mark.parametrize(("owner", "test", "how", "said"), MISUSES, ids=lambda one: str(one)[:40])
def test_a_misuse_is_told_with_its_fix(ended, owner, test, how, said):
    found = ended[owner, test]
    assert (found.how, said in found.said) == (how, True), found.said


def test_what_a_desk_cannot_do_is_not_collected_and_all_else_is():
    everything = Chosen.names(capabilities_of("local"))
    assert not [name for name in Chosen.names(capabilities_of("desk360", inbox="x.db")) if "import" in name]
    assert [name for name in everything if "import" in name]
    assert Chosen.names(None) == everything | {"test_an_idempotency_key_writes_a_message_once"}


def test_a_subclass_gets_back_what_its_base_could_not_have():
    class Base(HelpdeskAdapterTests):
        capabilities = capabilities_of("desk360", inbox="x.db")

    class Sub(Base):
        capabilities = capabilities_of("local")

    name = "test_an_imported_ticket_is_found_by_its_marker"
    assert isinstance(getattr(Base, name), NotCollected)
    assert getattr(Sub, name) is getattr(HelpdeskAdapterTests, name)


class Chosen:
    """The tests of a class that gives every fixture, by what its desk can do."""

    @staticmethod
    def names(capabilities):
        given = dict.fromkeys(FIXTURES, object())
        made = type("Made", (HelpdeskAdapterTests,), {"capabilities": capabilities, **given})
        return {name for name in dir(made) if name.startswith("test") and callable(getattr(made, name))}


@pytest.mark.parametrize(
    ("extra", "module"), [("pytest", "conformance"), ("hypothesis", "conformance"), ("hypothesis", "strategies")]
)
def test_a_missing_extra_is_told_with_its_fix(extra, module):
    program = f"import sys; sys.modules[{extra!r}] = None; import helpdesk_bridge.testing.{module}"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert f"need{'s' * (module == 'conformance')} {extra}: install this package's extra testing" in done.stderr


def test_every_test_of_every_area_is_in_the_suite():
    areas = {area.__name__.rpartition(".")[2]: area for area in AREAS}
    assert set(areas) == {module.name for module in pkgutil.iter_modules(conformance_areas.__path__)}
    written = [name for area in areas.values() for name in vars(area) if name.startswith("test")]
    assert len(set(written)) == len(written) > 100
    assert set(written) <= {name for name in dir(HelpdeskAdapterTests) if name.startswith("test")}
