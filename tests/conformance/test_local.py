"""The suite on the local desk, in memory and in a file."""

import pytest
from conformance.accounts import local

from helpdesk_bridge.testing.conformance import HelpdeskAdapterTests


class LocalTests(HelpdeskAdapterTests):
    @pytest.fixture
    def account(self, tmp_path):
        with local(self.path(tmp_path)) as account:
            yield account

    @pytest.fixture
    def helpdesk(self, account):
        return account.desk

    @pytest.fixture
    def calls(self, helpdesk):
        start = len(helpdesk.vendor_api.calls)
        return lambda: len(helpdesk.vendor_api.calls) - start

    @pytest.fixture
    def outbox(self, helpdesk):
        return lambda: len(helpdesk.vendor_api.outbox)


class TestInMemory(LocalTests):
    def path(self, folder):
        return ":memory:"


class TestInAFile(LocalTests):
    def path(self, folder):
        return str(folder / "desk.db")

    @pytest.fixture
    def reopen(self, account):
        return account.reopen
