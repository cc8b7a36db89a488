"""A machine that is used wrongly says what to do instead, before a program is tried."""

import sys
from contextlib import contextmanager

import pytest
from testing.machines import in_files, programs

from helpdesk_bridge import TicketDraft, open_desk
from helpdesk_bridge.model.capabilities import Capabilities
from helpdesk_bridge.testing.fake import FakeHelpdesk
from helpdesk_bridge.testing.faults import FaultError
from helpdesk_bridge.testing.machine import DeskUnderTest, FactoryError, HelpdeskStateMachine, run_conformance_machine

LOCAL = {"vendor": "local", "path": ":memory:"}


def refused(factory, **more):
    with pytest.raises(FactoryError) as caught:
        run_conformance_machine(factory, settings=programs(3, 1), **more)
    return str(caught.value)


def test_a_factory_that_yields_no_desk_is_told_what_to_yield():
    @contextmanager
    def factory():
        yield "support"

    said = refused(factory)
    assert "factory yields str, which is no desk" in said
    assert "yield what open_desk or connect returns" in said


def test_a_factory_that_returns_no_desk_is_told_what_to_return():
    said = refused(lambda: None)
    assert "gives NoneType, which is no desk" in said
    assert "open_desk" in said


def test_a_desk_under_test_without_a_desk_is_refused():
    assert "NoneType, which is no desk" in refused(lambda: DeskUnderTest(desk=None))


def test_a_factory_that_forgot_its_decorator_is_told_which():
    def factory():
        yield open_desk(LOCAL)

    assert "decorate it with @contextmanager" in refused(factory)


def test_a_desk_instead_of_a_factory_is_refused():
    with open_desk(LOCAL) as desk:
        assert "a function that opens a fresh desk" in refused(desk)


@pytest.mark.parametrize("what", ["tickets", "contacts"])
def test_a_desk_that_is_not_empty_is_refused(what):
    @contextmanager
    def factory():
        with FakeHelpdesk() as desk:
            ticket = desk.tickets.create(TicketDraft(subject="x", description="x", requester="ann@x.example"))
            if what == "contacts":
                desk.removal.ticket(ticket.id)
            yield desk

    said = refused(factory)
    assert f"holds {what}" in said
    assert "open an empty account every time" in said


def test_a_factory_that_opens_the_same_account_again_is_found_at_the_second_program(tmp_path):
    def factory():
        return open_desk({"vendor": "local", "path": str(tmp_path / "desk.db")})

    assert "not one that an earlier program wrote to" in refused(factory)


def test_a_desk_that_cannot_create_tickets_is_refused():
    nothing = Capabilities(vendor="made up", operations=frozenset({"tickets.list"}))
    said = refused(lambda: FakeHelpdesk(capabilities=nothing))
    assert "does not declare tickets.create, tickets.get" in said


def test_an_unknown_fault_is_told_with_those_that_are_known(tmp_path):
    with pytest.raises(FaultError, match="unknown fault 'LOST'; known faults: RATE_LIMITED"):
        run_conformance_machine(in_files(tmp_path), faults=["LOST"])


def test_a_fault_that_cannot_be_judged_is_told_with_those_that_can(tmp_path):
    with pytest.raises(FaultError, match=r"'page_drift': the machine cannot judge it .* it takes RATE_LIMITED"):
        run_conformance_machine(in_files(tmp_path), faults=["PAGE_DRIFT"])


def test_one_name_instead_of_a_list_of_faults_is_refused(tmp_path):
    with pytest.raises(FaultError, match=r"such as \['HANG'\]"):
        run_conformance_machine(in_files(tmp_path), faults="HANG")


def test_a_machine_without_a_factory_says_where_to_give_one():
    with pytest.raises(FactoryError, match=r"factory = staticmethod"):
        HelpdeskStateMachine()


def test_a_subclass_with_a_factory_is_a_test_case(tmp_path):
    class OurMachine(HelpdeskStateMachine):
        factory = staticmethod(in_files(tmp_path))

    OurMachine.TestCase.settings = programs(3, 5)
    case = OurMachine.TestCase()
    case.runTest()


def test_without_hypothesis_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    for name in [name for name in sys.modules if name.startswith("helpdesk_bridge.testing.machine")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(ImportError, match=r"install this package's extra testing"):
        import helpdesk_bridge.testing.machine  # noqa: F401 - only whether it can be imported
