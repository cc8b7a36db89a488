"""The suite over a simulator, with all its fixtures; faults once a vendor, in process.

Over sockets each fault strikes each operation in tests/testing/test_faults_matrix.py.
"""

from typing import ClassVar

import pytest
from conformance.accounts import simulated

from helpdesk_bridge.testing.conformance import HelpdeskAdapterTests


class SimulatedTests(HelpdeskAdapterTests):
    vendor = ""
    front = ""
    switches: ClassVar = {"rate_limit": 100_000}
    without: ClassVar = {"faults": "struck in process, and over sockets by the matrix of all faults and operations"}

    @pytest.fixture
    def account(self, request):
        with simulated(self.vendor, self.front, settings=self.switches, **self.table_of(request)) as account:
            yield account

    def table_of(self, request):
        """What the desk's table holds besides; a folder is made for those tests alone that need one."""
        return {}

    @pytest.fixture
    def helpdesk(self, account):
        return account.desk

    @pytest.fixture
    def outbox(self, account):
        return account.mails

    @pytest.fixture
    def reopen(self, account):
        return account.reopen

    @pytest.fixture
    def unknown_words(self, account):
        return account.unknown_words

    @pytest.fixture
    def secrets(self, account):
        return account.secrets


class WithFaults:
    """The fault switch of the simulator."""

    @pytest.fixture
    def faults(self, account):
        return account.simulator.faults
