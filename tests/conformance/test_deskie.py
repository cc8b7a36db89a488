"""The suite on Deskie over its simulator."""

import pytest
from conformance.accounts import IN_PROCESS, SOCKETS, capabilities_of
from conformance.simulatedtests import SimulatedTests, WithFaults


class DeskieTests(SimulatedTests):
    vendor = "deskie"
    capabilities = capabilities_of("deskie")


class TestInProcess(WithFaults, DeskieTests):
    front = IN_PROCESS


@pytest.mark.slow
class TestOverSockets(DeskieTests):
    front = SOCKETS
