"""The suite on every mutant, and on the same desks unharmed. Collected by ``test_mutants`` alone: it has to fail."""

from contextlib import ExitStack

import pytest
from conformance import accounts
from conformance.mutants import IN_FILE, IN_PROCESS, MUTANTS, SOCKETS, opener

from helpdesk_bridge import open_desk
from helpdesk_bridge.testing.conformance import HelpdeskAdapterTests

FRONTS = {IN_PROCESS: accounts.IN_PROCESS, SOCKETS: accounts.SOCKETS}


class MutantTests(HelpdeskAdapterTests):
    on = IN_FILE
    opening = staticmethod(open_desk)

    @pytest.fixture
    def account(self, request):
        with ExitStack() as stack:
            if self.on == IN_FILE:
                path = request.getfixturevalue("tmp_path") / "desk.db"
                account = stack.enter_context(accounts.local(str(path), self.opening))
            else:
                account = stack.enter_context(
                    accounts.simulated(
                        "deskie", FRONTS[self.on], settings={"rate_limit": 100_000}, opening=self.opening
                    )
                )
            yield account

    @pytest.fixture
    def helpdesk(self, account):
        return account.desk

    @pytest.fixture
    def faults(self, account):
        return account.simulator.faults if account.simulator else None

    @pytest.fixture
    def outbox(self, account):
        return account.mails if account.simulator else lambda: len(account.desk.vendor_api.outbox)

    @pytest.fixture
    def reopen(self, account):
        return account.reopen

    @pytest.fixture
    def unknown_words(self, account):
        return account.unknown_words

    @pytest.fixture
    def secrets(self, account):
        return account.secrets


def class_name(mutant: str) -> str:
    return "Test" + "".join(word.title() for word in mutant.split("_"))


for name, mutant in MUTANTS.items():
    parts = {"on": mutant.on, "opening": staticmethod(opener(mutant.mutation))}
    globals()[class_name(name)] = type(class_name(name), (MutantTests,), parts)


class TestUnharmedLocal(MutantTests):
    pass


class TestUnharmedInProcess(MutantTests):
    on = IN_PROCESS


class TestUnharmedOverSockets(MutantTests):
    on = SOCKETS
