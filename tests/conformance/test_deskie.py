"""The suite on Deskie over its simulator."""

from conformance.accounts import IN_PROCESS, SOCKETS
from conformance.simulatedtests import SimulatedTests


class TestInProcess(SimulatedTests):
    vendor, front = "deskie", IN_PROCESS


class TestOverSockets(SimulatedTests):
    vendor, front = "deskie", SOCKETS
