"""The suite on Desk360 over its simulator, with an inbox."""

import pytest
from conformance.accounts import IN_PROCESS, SOCKETS, capabilities_of
from conformance.simulatedtests import SimulatedTests, WithFaults


class Desk360Tests(SimulatedTests):
    vendor = "desk360"
    capabilities = capabilities_of("desk360", inbox="inbox.db", check_window=False)
    # The rest is read from and written to the inbox.
    sends = frozenset({"tickets.create", "messages.reply"})

    def table_of(self, request):
        # Over sockets, and where a second desk shares it, the inbox is a file, as it is in earnest.
        shared = self.front == SOCKETS or "reopen" in request.fixturenames
        inbox = str(request.getfixturevalue("tmp_path") / "inbox.db") if shared else ":memory:"
        # The suite writes to customers who never wrote themselves.
        return {"inbox": inbox, "check_window": False}


class TestInProcess(WithFaults, Desk360Tests):
    front = IN_PROCESS


@pytest.mark.slow
class TestOverSockets(Desk360Tests):
    front = SOCKETS
