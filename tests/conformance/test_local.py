"""The suite on the local desk, in memory and in a file."""

from typing import ClassVar

import pytest
from conformance.accounts import capabilities_of, local

from helpdesk_bridge.testing.conformance import HelpdeskAdapterTests


class LocalTests(HelpdeskAdapterTests):
    capabilities = capabilities_of("local")
    sends = frozenset()
    without: ClassVar = {"faults": "nothing is sent; ChaosHelpdesk acts faults out at the port"}

    @pytest.fixture
    def account(self, request):
        with local(self.path(request)) as account:
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

    @pytest.fixture
    def unknown_words(self, account):
        return account.unknown_words


class TestInMemory(LocalTests):
    without: ClassVar = {**LocalTests.without, "reopen": "what is in memory is opened once"}

    def path(self, request):
        return ":memory:"


class TestInAFile(LocalTests):
    def path(self, request):
        return str(request.getfixturevalue("tmp_path") / "desk.db")

    @pytest.fixture
    def reopen(self, account):
        return account.reopen
