"""The suite on Deskie over its simulator."""

from conformance.accounts import IN_PROCESS, SOCKETS, capabilities_of
from conformance.simulatedtests import SimulatedTests


class DeskieTests(SimulatedTests):
    vendor = "deskie"
    capabilities = capabilities_of("deskie")


class TestInProcess(DeskieTests):
    front = IN_PROCESS


class TestOverSockets(DeskieTests):
    front = SOCKETS
