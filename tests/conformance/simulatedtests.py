"""The suite over a simulator, with all its fixtures."""

from typing import ClassVar

import pytest
from conformance.accounts import simulated

from helpdesk_bridge.testing.conformance import HelpdeskAdapterTests


class SimulatedTests(HelpdeskAdapterTests):
    vendor = ""
    front = ""
    switches: ClassVar = {"rate_limit": 100_000}
    table: ClassVar = {}

    @pytest.fixture
    def account(self, tmp_path):
        table = {key: value(tmp_path) if callable(value) else value for key, value in self.table.items()}
        with simulated(self.vendor, self.front, settings=self.switches, **table) as account:
            yield account

    @pytest.fixture
    def helpdesk(self, account):
        return account.desk

    @pytest.fixture
    def faults(self, account):
        return account.simulator.faults

    @pytest.fixture
    def outbox(self, account):
        return account.mails

    @pytest.fixture
    def reopen(self, account):
        return account.reopen

    @pytest.fixture
    def secrets(self, account):
        return account.secrets
