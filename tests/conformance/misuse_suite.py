"""The suite used wrongly, in every way that has a clear answer. Collected by ``test_suite`` alone: it has to fail."""

from typing import ClassVar

import pytest
from conformance.accounts import SOCKETS, capabilities_of, local, simulated
from conformance.mutants import (
    a_note_goes_out_as_a_reply,
    a_status_is_lost_on_the_way_back,
    a_thread_runs_on,
    opener,
    sockets_stay_open,
)

from helpdesk_bridge import Status, open_desk
from helpdesk_bridge.testing.conformance import HelpdeskAdapterTests
from helpdesk_bridge.testing.conformance.drafts import make


class OnALocalDesk(HelpdeskAdapterTests):
    opening = staticmethod(open_desk)

    @pytest.fixture
    def helpdesk(self):
        with local(":memory:", self.opening) as account:
            yield account.desk


class TestWithoutAFixture(HelpdeskAdapterTests):
    pass


class TestWithoutADesk(HelpdeskAdapterTests):
    @pytest.fixture
    def helpdesk(self):
        return None


class TestWithRecords(OnALocalDesk):
    @pytest.fixture
    def helpdesk(self):
        with local(":memory:") as account:
            make(account.desk)
            yield account.desk


class TestWithATestRemoved(OnALocalDesk):
    test_a_note_is_internal = None


class TestWithATestOverridden(OnALocalDesk):
    def test_a_note_is_internal(self, helpdesk):
        assert helpdesk


class Without:
    test_a_note_is_internal = None


class TestWithATestRemovedByAMixin(Without, OnALocalDesk):
    pass


class TestWithTheGuardRemoved(OnALocalDesk):
    test_no_standard_test_was_removed_or_overridden = None


class TestWithTheCasesOverridden(OnALocalDesk):
    @pytest.mark.parametrize("status", [Status.OPEN])
    def test_a_status_comes_back_as_it_was_written(self, helpdesk, status):
        assert helpdesk


class TestThatLeaksAThread(OnALocalDesk):
    opening = staticmethod(opener(a_thread_runs_on))


class TestThatLeaksASocket(HelpdeskAdapterTests):
    opening = staticmethod(opener(sockets_stay_open))

    @pytest.fixture
    def helpdesk(self):
        with simulated("deskie", SOCKETS, opening=self.opening) as account:
            yield account.desk


class TestThatSendsMoreThanItSays(TestThatLeaksASocket):
    opening = staticmethod(open_desk)
    sends = frozenset({"tickets.create"})


class TestWithOtherCapabilities(OnALocalDesk):
    capabilities = capabilities_of("desk365")


class TestWithAFixtureMissing(OnALocalDesk):
    pass


class TestWithAReasonForAMissingFixture(OnALocalDesk):
    without: ClassVar = {"faults": "it cannot fail"}


class TestThatPassesUnexpectedly(OnALocalDesk):
    expected_failures: ClassVar = {"test_a_note_is_internal": "this vendor has no notes"}


class TestThatFailsAsExpected(OnALocalDesk):
    opening = staticmethod(opener(a_note_goes_out_as_a_reply))
    expected_failures: ClassVar = {"test_a_note_is_internal": "this vendor has no notes"}


class TestThatFailsAsExpectedInOneCase(OnALocalDesk):
    opening = staticmethod(opener(a_status_is_lost_on_the_way_back))
    expected_failures: ClassVar = {
        "test_a_status_comes_back_as_it_was_written[pending]": "this vendor forgets that a ticket waits"
    }


class TestWithAnUnknownName(OnALocalDesk):
    expected_failures: ClassVar = {"test_a_note_is_inernal": "a slip of the pen"}


class TestWithoutAReason(OnALocalDesk):
    expected_failures: ClassVar = {"test_a_note_is_internal": " "}
