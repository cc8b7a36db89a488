"""The suite on Desk360 over its simulator, with an inbox."""

from typing import ClassVar

from conformance.accounts import IN_PROCESS, SOCKETS
from conformance.simulatedtests import SimulatedTests


class Desk360Tests(SimulatedTests):
    vendor = "desk360"
    # The suite writes to customers who never wrote themselves.
    table: ClassVar = {"inbox": lambda folder: str(folder / "inbox.db"), "check_window": False}


class TestInProcess(Desk360Tests):
    front = IN_PROCESS


class TestOverSockets(Desk360Tests):
    front = SOCKETS
