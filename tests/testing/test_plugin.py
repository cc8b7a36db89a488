"""The pytest plugin as a project uses it: fixtures, marker, options, and what it says where one of them is used wrongly."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from importlib import import_module

import pytest
from docs_pages import ROOT
from testing.benches import VENDORS

from helpdesk_bridge.config import registry
from helpdesk_bridge.local.capabilities import EVERYTHING
from helpdesk_bridge.testing import plugin

pytest_plugins = ["pytester"]


@pytest.fixture
def run(pytester):
    """Run a test file as a project would that has the package installed."""

    def running(source, *options, **files):
        for name, text in files.items():
            pytester.makefile(".toml", **{name: text})
        pytester.makepyfile(source)
        return pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider", "--strict-markers", *options)

    return running


def test_the_entry_point_is_the_plugin():
    points = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["pytest11"]
    assert points == {"helpdesk_bridge": "helpdesk_bridge.testing.plugin"}
    assert import_module(points["helpdesk_bridge"]) is plugin


def test_loading_the_plugin_loads_nothing_of_the_library():
    program = (
        "import pytest, sys; before = set(sys.modules); import helpdesk_bridge.testing.plugin; "
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    # `lazy` is how the package itself resolves its names; it imports nothing.
    loaded = {"helpdesk_bridge", "helpdesk_bridge.lazy", "helpdesk_bridge.testing", "helpdesk_bridge.testing.plugin"}
    assert {name for name in done.stdout.split() if name not in sys.stdlib_module_names} == loaded


def test_a_run_that_uses_no_fixture_loads_nothing_of_the_library(pytester, monkeypatch):
    pytester.makepyfile(
        """
        import sys

        def test_nothing_is_loaded():
            assert "attrs" not in sys.modules and "requests" not in sys.modules
            assert [name for name in sys.modules if name.startswith("helpdesk_bridge.")] == [
                "helpdesk_bridge.lazy", "helpdesk_bridge.testing", "helpdesk_bridge.testing.plugin"]
        """
    )
    # Other plugins bring in what they like.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    assert pytester.runpytest_subprocess("-q", "-p", "helpdesk_bridge.testing.plugin").ret == 0


def test_each_test_has_a_fresh_desk(run):
    result = run(
        """
        from helpdesk_bridge import TicketDraft
        from helpdesk_bridge.testing.fake import FakeHelpdesk

        import pytest

        @pytest.mark.parametrize("again", range(2))
        def test_it_is_empty(helpdesk, again):
            assert isinstance(helpdesk, FakeHelpdesk)
            assert helpdesk.all_tickets() == ()
            helpdesk.tickets.create(TicketDraft(subject="Lamp", description="Broken", requester="ann@example.com"))
            assert len(helpdesk.all_tickets()) == 1
        """
    )
    result.assert_outcomes(passed=2)


def test_the_marker_says_what_the_desk_can_do_and_holds(run):
    result = run(
        """
        import pytest
        from helpdesk_bridge import Unsupported
        from helpdesk_bridge.config import registry

        @pytest.mark.helpdesk(vendor="desk365", tickets=3)
        def test_a_vendors_abilities(helpdesk):
            assert not helpdesk.tags
            assert len(helpdesk.all_tickets()) == 3

        @pytest.mark.helpdesk(tickets=3, seed=5)
        def test_other_tickets(helpdesk, helpdesk_factory):
            assert helpdesk.tags
            subjects = [one.subject for one in helpdesk.all_tickets()]
            assert subjects == [one.subject for one in helpdesk_factory(tickets=3, seed=5).all_tickets()]
            assert subjects != [one.subject for one in helpdesk_factory(tickets=3).all_tickets()]

        @pytest.mark.helpdesk(capabilities=registry.vendor("desk365").capabilities(
            registry.vendor("desk365").settings(api_key="k", subdomain="acme")))
        def test_a_value_of_capabilities(helpdesk):
            assert not helpdesk.tags
        """
    )
    result.assert_outcomes(passed=3)


def test_a_corpus_takes_the_place_of_made_up_tickets(run, pytester):
    ticket = {
        "id": "1",
        "subject": "Lamp",
        "requester": {"name": "Ann", "email": "ann@example.com"},
        "messages": [
            {
                "author": {"email": "bo@desk.example", "role": "agent"},
                "created_at": "2022-01-02T11:12:51Z",
                "text": "hi",
            }
        ],
    }
    corpus = pytester.makefile(".jsonl", corpus=json.dumps(ticket))
    result = run(
        f"""
        import pytest

        @pytest.mark.helpdesk(corpus={str(corpus)!r})
        def test_it_is_read(helpdesk):
            assert [one.subject for one in helpdesk.all_tickets()] == ['Lamp']
        """
    )
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_factory_gives_a_desk_with_exactly_a_vendors_abilities(helpdesk_factory, vendor):
    desk, found = helpdesk_factory(vendor), registry.vendor(vendor)
    from helpdesk_bridge.config.settings import example

    wanted = found.capabilities(example(vendor).settings)
    for name in ("operations", "ticket_create", "ticket_update", "ticket_clear", "contact_create", "contact_update"):
        assert getattr(desk.capabilities, name) == getattr(wanted, name) & getattr(EVERYTHING, name)
    assert dict(desk.capabilities.statuses) == dict(wanted.statuses or EVERYTHING.statuses)


def test_a_factory_closes_all_its_desks(run):
    result = run(
        """
        import pytest
        from helpdesk_bridge import HelpdeskError

        made = []

        def test_several(helpdesk_factory):
            made.extend([helpdesk_factory("deskie"), helpdesk_factory(tickets=2, name="other"), helpdesk_factory()])
            assert [desk.name for desk in made] == ["fake", "other", "fake"]
            assert len(made[1].all_tickets()) == 2 and made[2].all_tickets() == ()

        def test_closed():
            for desk in made:
                with pytest.raises(HelpdeskError):
                    list(desk.tickets.list())
        """
    )
    result.assert_outcomes(passed=2)


def test_calls_of_the_desk_can_be_made_to_fail(run):
    result = run(
        """
        import pytest
        from helpdesk_bridge import InDoubt, TicketDraft
        from helpdesk_bridge.testing.faults import Fault, FaultError

        draft = TicketDraft(subject="Lamp", description="Broken", requester="ann@example.com")

        def test_a_fault(helpdesk_faults, helpdesk):
            helpdesk_faults.inject(Fault.RESPONSE_LOST(), on="tickets.create")
            with pytest.raises(InDoubt):
                helpdesk.tickets.create(draft)
            assert len(helpdesk.all_tickets()) == 1
            assert helpdesk.outbox == ()

        def test_an_unknown_fault(helpdesk_faults):
            with pytest.raises(FaultError, match="unknown fault 'respnse_lost'; known here: .*response_lost"):
                helpdesk_faults.inject("respnse_lost")
            with pytest.raises(FaultError, match="unknown operation 'tickets.make'; known here: .*tickets.create"):
                helpdesk_faults.inject("response_lost", on="tickets.make")
        """
    )
    result.assert_outcomes(passed=2)


def test_the_clock_is_the_desks(run):
    result = run(
        """
        from helpdesk_bridge import TicketDraft

        def test_times_are_exact(helpdesk, helpdesk_clock):
            draft = TicketDraft(subject="Lamp", description="Broken", requester="ann@example.com")
            first = helpdesk.tickets.create(draft)
            helpdesk_clock.advance(3600)
            assert (helpdesk.tickets.create(draft).created_at - first.created_at).total_seconds() == 3600
        """
    )
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("sockets", [False, True], ids=["in process", "sockets"])
def test_a_simulator_runs_for_one_test(helpdesk_simulator, vendor, sockets):
    keys = {"inbox": ":memory:"} if vendor == "desk360" else {}
    running = helpdesk_simulator(vendor, tickets=4, sockets=sockets, **keys)
    assert running.desk.vendor == vendor
    assert running.base_url == running.settings["base_url"]
    assert running.base_url.startswith("http://127.0.0.1:" if sockets else "https://")
    running.desk.check()
    assert running.simulator.requests.total > 0
    secret = str(running.simulator.connection.get("api_key", "no key"))
    assert secret not in repr(running)


def test_a_simulator_takes_its_marker(run):
    result = run(
        """
        import pytest
        from helpdesk_bridge import RateLimited, open_desk

        pytestmark = pytest.mark.helpdesk(vendor="deskie", tickets=7, switches={"rate_limit": 40})

        def test_in_process_nobody_waits(helpdesk_simulator, helpdesk_clock):
            running = helpdesk_simulator(max_wait=None)
            assert len(list(running.desk.tickets.list())) == 7
            running.faults.inject("rate_limited", times=2, retry_after=50)
            for _ in range(60):
                running.desk.tickets.get("1")
            assert sum(helpdesk_clock.slept) >= 100
            with open_desk(running.settings, clock=helpdesk_clock) as other:
                assert len(list(other.tickets.list())) == 7

        @pytest.mark.helpdesk(vendor="deskie", tickets=2, sockets=True)
        def test_over_sockets_another_program_can_reach_it(helpdesk_simulator):
            running = helpdesk_simulator()
            with open_desk(running.settings) as other:
                assert len(list(other.tickets.list())) == 2

        def test_two_at_once(helpdesk_simulator):
            first, second = helpdesk_simulator(), helpdesk_simulator("desk365", tickets=1)
            assert len(list(first.desk.tickets.list())) == 7
            assert len(list(second.desk.tickets.list())) == 1
        """
    )
    result.assert_outcomes(passed=3)


LIVE = """
import pytest

@pytest.mark.helpdesk(live="sandbox")
def test_live(helpdesk):
    assert helpdesk.name == "sandbox"
    assert list(helpdesk.tickets.list()) == []

def test_not_live(helpdesk):
    assert helpdesk.name == "fake"
"""


def test_live_tests_are_skipped_with_a_reason_unless_asked_for(run):
    result = run(LIVE, "-rs")
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["*it would reach the desk 'sandbox'; run it with --helpdesk-live"])


def test_live_tests_take_their_desks_from_the_configuration(run, pytester):
    result = run(
        LIVE,
        "--helpdesk-live",
        "--helpdesk-config=live.toml",
        live='[desks.sandbox]\nvendor = "local"\npath = "a.db"\n',
    )
    result.assert_outcomes(passed=2)
    assert (pytester.path / "a.db").exists()


USES = "import pytest\n\n@pytest.mark.helpdesk({marker})\ndef test_it({fixture}):\n    {body}\n"
MISUSES = {
    "unknown vendor": ('vendor="deskei"', "helpdesk", "unknown vendor 'deskei'; did you mean 'deskie'?"),
    "unknown option": ("tikets=3", "helpdesk", "@pytest.mark.helpdesk has no option 'tikets'; did you mean 'tickets'?"),
    "unlike any option": ("zzz=3", "helpdesk", "it has: vendor, capabilities, tickets"),
    "option without its name": ('"deskie"', "helpdesk", "takes its options by name: vendor, capabilities"),
    "no such corpus": ('corpus="none.jsonl"', "helpdesk", "No such file or directory"),
    "no vendor for a simulator": ("tickets=3", "helpdesk_simulator", "name a vendor"),
    "unknown vendor of a simulator": ('vendor="zendesk"', "helpdesk_simulator", "unknown vendor 'zendesk'"),
    "vendor without a simulator": ('vendor="local"', "helpdesk_simulator", "has no simulator"),
    "unknown switch": (
        'vendor="deskie", switches={"rate": 3}',
        "helpdesk_simulator",
        "unknown setting 'rate'; this simulator knows:",
    ),
    "live without a name": ("live=True", "helpdesk", "live is the name of a desk of helpdesk.toml"),
    "live with fakes": ('live="sandbox"', "helpdesk_desks", "its desks are fakes; a live test takes `helpdesk`"),
    "live desk that is not there": ('live="sandbox"', "helpdesk", "has no desk 'sandbox'"),
}


@pytest.mark.parametrize("misuse", MISUSES)
def test_a_misuse_is_told_with_its_fix(run, misuse):
    marker, fixture, said = MISUSES[misuse]
    body = "helpdesk_simulator()" if fixture == "helpdesk_simulator" else "raise AssertionError('it ran')"
    result = run(
        USES.format(marker=marker, fixture=fixture, body=body),
        "--helpdesk-live",
        "--helpdesk-config=live.toml",
        live='[desks.other]\nvendor = "local"\npath = ":memory:"\n',
    )
    outcomes = result.parseoutcomes()
    assert (outcomes.get("errors", 0), outcomes.get("failed", 0)) in ((1, 0), (0, 1))
    assert said in result.stdout.str()
    assert "it ran" not in result.stdout.str()
    assert "INTERNALERROR" not in result.stdout.str()


def test_a_desk_of_ones_own_without_a_fault_switch_is_told(run):
    result = run(
        """
        import pytest
        from helpdesk_bridge import open_desk

        @pytest.fixture
        def helpdesk():
            with open_desk({"vendor": "local", "path": ":memory:"}) as desk:
                yield desk

        def test_it(helpdesk_faults):
            pass
        """
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*`helpdesk` yields Desk, which has no fault switch: yield FakeHelpdesk() or ChaosHelpdesk(desk)*"]
    )


@pytest.mark.parametrize("extra", ["responses", "werkzeug"])
def test_a_missing_extra_is_told_with_its_fix(pytester, extra):
    # As if nothing of it had been imported yet; pytester puts the modules back.
    pytester.makeconftest(
        f"import sys\nsys.modules[{extra!r}] = None\n"
        f"for name in [name for name in sys.modules if 'simulator' in name or name.startswith('{extra}.')]:\n"
        "    del sys.modules[name]\n"
    )
    pytester.makepyfile(
        """
        def test_without_the_extra(helpdesk, helpdesk_faults):
            assert helpdesk.all_tickets() == ()

        def test_with_it(helpdesk_simulator):
            helpdesk_simulator("deskie")
        """
    )
    result = pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines([f"*helpdesk_simulator needs {extra}: install this package's extra testing"])


APPLICATION = """
from helpdesk_bridge import connect, desks

def remind():
    with connect("support") as desk:
        for ticket in desk.tickets.list(status="pending"):
            desk.messages.reply(ticket.id, "Any news?")

def remind_by_the_cached_desk():
    for ticket in desks["support"].tickets.list(status="pending"):
        desks["support"].messages.reply(ticket.id, "Any news?")
"""


def test_the_fakes_answer_what_the_application_opens_itself(pytester):
    pytester.makepyfile(application=APPLICATION)
    pytester.makepyfile(
        """
        import pytest
        from helpdesk_bridge import Unsupported, desks
        from application import remind, remind_by_the_cached_desk

        @pytest.mark.helpdesk(vendor="desk365")
        def test_it(helpdesk_desks, helpdesk_clock):
            fake = helpdesk_desks["support"]
            fake.tickets.create(subject="Hot", description="x", requester="ann@x.example", status="pending")
            remind()
            remind_by_the_cached_desk()
            assert [message.to for message in fake.outbox] == [("ann@x.example",)] * 2
            assert fake.outbox[0].created_at == helpdesk_clock.wall()
            with pytest.raises(Unsupported):
                desks["support"].tags.list()

        @pytest.mark.helpdesk(tickets=3)
        def test_with_tickets(helpdesk_desks):
            assert len(helpdesk_desks["support"].all_tickets()) == 3
        """
    )
    result = pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=2)


def test_a_conformance_suite_keeps_its_own_fixture(run):
    result = run(
        """
        import pytest
        from helpdesk_bridge import open_desk
        from helpdesk_bridge.testing.conformance import HelpdeskAdapterTests

        class TestOurs(HelpdeskAdapterTests):
            @pytest.fixture
            def helpdesk(self):
                with open_desk({"vendor": "local", "path": ":memory:"}, name="ours") as desk:
                    yield desk

            def test_which_desk(self, helpdesk):
                assert helpdesk.name == "ours"
        """,
        "-k",
        "which_desk or a_note_is_internal",
    )
    result.assert_outcomes(passed=2)


def test_a_marker_of_the_same_name_is_left_alone(run):
    result = run(
        """
        import pytest

        @pytest.mark.helpdesk("anything", of=4)
        def test_ours():
            pass
        """
    )
    result.assert_outcomes(passed=1)


def test_marker_and_options_are_documented_by_pytest(run):
    result = run("", "--markers")
    result.stdout.fnmatch_lines(["@pytest.mark.helpdesk(vendor=None, capabilities=None, tickets=None*"])
    for name in plugin.OPTIONS:
        assert f"{name}: " in result.stdout.str()
    options = run("", "--help").stdout.str()
    assert "--helpdesk-live" in options
    assert "--helpdesk-config=FILE" in options
