"""The suite on Desk365 over its simulator, in both shapes of its answers; one front shows what a shape changes."""

from typing import ClassVar

import pytest
from conformance.accounts import IN_PROCESS, SOCKETS, capabilities_of, told_by_tickets
from conformance.simulatedtests import SimulatedTests, WithFaults


class Desk365Tests(SimulatedTests):
    vendor = "desk365"
    capabilities = capabilities_of("desk365")

    @pytest.fixture
    def vocabulary(self):
        return told_by_tickets()


class TestInProcess(WithFaults, Desk365Tests):
    front = IN_PROCESS


class TestInProcessAsDocumented(Desk365Tests):
    front = IN_PROCESS
    switches: ClassVar = {"rate_limit": 100_000, "docs_shape": True}


@pytest.mark.slow
class TestOverSockets(Desk365Tests):
    front = SOCKETS
