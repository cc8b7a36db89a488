"""The conformance suite through the asynchronous port: on a local desk, and with faults over a simulator."""

from typing import ClassVar

import pytest
from aio.sync_over_async import sync_over_async
from conformance.accounts import IN_PROCESS, SOCKETS, capabilities_of, local, simulated, told_by_tickets
from conformance.simulatedtests import SimulatedTests, WithFaults
from conformance.test_local import LocalTests


class AsyncLocalTests(LocalTests):
    @pytest.fixture
    def account(self, request):
        with local(self.path(request), opening=sync_over_async) as account:
            yield account


@pytest.mark.exhaustive
class TestInMemory(AsyncLocalTests):
    without: ClassVar = {**LocalTests.without, "reopen": "what is in memory is opened once"}

    def path(self, request):
        return ":memory:"


class Desk365Tests(SimulatedTests):
    vendor = "desk365"
    capabilities = capabilities_of("desk365")

    @pytest.fixture
    def account(self, request):
        table = self.table_of(request)
        with simulated(self.vendor, self.front, settings=self.switches, opening=sync_over_async, **table) as account:
            yield account

    @pytest.fixture
    def vocabulary(self):
        return told_by_tickets()


@pytest.mark.slow
class TestInProcess(WithFaults, Desk365Tests):
    front = IN_PROCESS


@pytest.mark.exhaustive
class TestOverSockets(Desk365Tests):
    front = SOCKETS
