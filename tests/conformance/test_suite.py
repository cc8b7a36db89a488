"""The suite guards itself, and tells whoever uses it wrongly what to do."""

import subprocess
import sys
from pathlib import Path

import pytest
from conformance.runs import ROOT, run

SUITE = Path(__file__).with_name("misuse_suite.py")
NOTE = "test_a_note_is_internal"
GUARD = "test_no_standard_test_was_removed_or_overridden"
REASONS = "test_expected_failures_are_standard_tests_with_a_reason"
PENDING = "test_a_status_comes_back_as_it_was_written[pending]"
OPEN = "test_a_status_comes_back_as_it_was_written[open]"
MISUSES = (
    ("TestWithoutAFixture", NOTE, "error", "has no fixture `helpdesk`: define it as a method of the class"),
    ("TestWithoutADesk", NOTE, "error", "yields NoneType, which is no desk"),
    ("TestWithRecords", "test_the_fixture_yields_an_empty_desk", "failed", "yield an empty one to every test"),
    ("TestWithATestRemoved", GUARD, "failed", f"removes or overrides {NOTE}"),
    ("TestWithATestOverridden", GUARD, "failed", f"removes or overrides {NOTE}"),
    ("TestThatPassesUnexpectedly", NOTE, "failed", "[XPASS(strict)] this vendor has no notes"),
    ("TestThatFailsAsExpected", NOTE, "skipped", "this vendor has no notes"),
    ("TestThatFailsAsExpected", GUARD, "passed", ""),
    ("TestThatFailsAsExpectedInOneCase", PENDING, "skipped", "this vendor forgets that a ticket waits"),
    ("TestThatFailsAsExpectedInOneCase", OPEN, "passed", ""),
    ("TestThatFailsAsExpectedInOneCase", REASONS, "passed", ""),
    ("TestWithAnUnknownName", REASONS, "failed", "no standard test: test_a_note_is_inernal"),
    ("TestWithoutAReason", REASONS, "failed", f"gives no reason for {NOTE}"),
)


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    nodes = [f"{SUITE}::{owner}::{test}" for owner, test, _, _ in MISUSES]
    return run(tmp_path_factory.mktemp("misuses"), *nodes)


@pytest.mark.parametrize(("owner", "test", "how", "said"), MISUSES, ids=lambda one: str(one)[:40])
def test_a_misuse_is_told_with_its_fix(ended, owner, test, how, said):
    found = ended[owner, test]
    assert (found.how, said in found.said) == (how, True), found.said


@pytest.mark.parametrize("extra", ["pytest", "hypothesis"])
@pytest.mark.parametrize("module", ["conformance", "strategies"])
def test_a_missing_extra_is_told_with_its_fix(extra, module):
    if (extra, module) == ("pytest", "strategies"):
        pytest.skip("the strategies need no pytest")
    program = f"import sys; sys.modules[{extra!r}] = None; import helpdesk_bridge.testing.{module}"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert f"need{'s' * (module == 'conformance')} {extra}: pip install 'helpdesk-bridge[testing]'" in done.stderr
