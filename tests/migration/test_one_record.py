"""One record cannot stop the others: whose fault a failure is, and how often one record is tried."""

from __future__ import annotations

import pytest
from attrs import evolve
from migration.faulty_desk import Faults, destination, dump, message, small, source, ticket

from helpdesk_bridge.errors import (
    AuthenticationFailed,
    BadResponse,
    InDoubt,
    Invalid,
    PermissionDenied,
    RateLimited,
    Unavailable,
)
from helpdesk_bridge.migration import CredentialsLost, ExitCode, Interrupted, Migration, Options
from helpdesk_bridge.migration.journal.states import Kind, State
from helpdesk_bridge.migration.outage import ATTEMPTS, TRIES

ONE = Options(workers=1, yes=True)
REFUSALS = [PermissionDenied("no"), AuthenticationFailed("no"), Unavailable("HTTP 500"), BadResponse("no JSON")]


def names(errors):
    return [type(one).__name__ for one in errors]


class Facet:
    """A facet of a desk of which some calls fail."""

    def __init__(self, inner, name, error, meant):
        self._inner, self._name, self._error, self._meant = inner, name, error, meant

    def __getattr__(self, name):
        call = getattr(self._inner, name)
        if name != self._name:
            return call

        def checked(*args, **values):
            if self._meant(*args):
                raise self._error
            return call(*args, **values)

        return checked


class Failing:
    """A desk of which the calls of one facet fail for the records that are meant."""

    def __init__(self, inner, facet, name, error, meant=lambda *_: True):
        self._inner, self._facet, self.calls = inner, facet, 0
        self._with = Facet(getattr(inner, facet), name, error, self._counted(meant))

    def _counted(self, meant):
        def counted(*args):
            self.calls += bool(meant(*args))
            return meant(*args)

        return counted

    def __getattr__(self, name):
        return self._with if name == self._facet else getattr(self._inner, name)


def migrate(old, new, path, **options):
    with Migration(old, new, path, options=evolve(ONE, **options)) as migration:
        summary = migration.migrate()
        return summary, {kind: migration.journal.by_state(kind, State.FAILED) for kind in Kind}


def ids_at(desk):
    return {one.subject: one.id for one in desk.tickets.list()}


def subjects(new):
    return sorted(one.subject for one in new.fake.all_tickets())


ALL = ["Subject of t1", "Subject of t2", "Subject of t3"]


@pytest.mark.parametrize("error", REFUSALS, ids=names(REFUSALS))
def test_one_thread_that_the_source_does_not_give_fails_alone(tmp_path, error):
    old, new = source(), destination()
    bad = ids_at(old)["Subject of t1"]
    failing = Failing(old, "messages", "list", error, lambda ticket_id, *_: ticket_id == bad)
    summary, failed = migrate(failing, new, tmp_path / "journal")
    assert summary.exit_code is ExitCode.INCOMPLETE
    assert [one.key.id for one in failed[Kind.TICKET]] == [bad]
    assert type(error).__name__ in failed[Kind.TICKET][0].reason
    assert subjects(new) == ALL[1:]
    assert failing.calls <= TRIES


@pytest.mark.parametrize("error", REFUSALS, ids=names(REFUSALS))
def test_one_thread_that_the_destination_does_not_give_is_a_difference_and_the_others_are_compared(tmp_path, error):
    old, new = source(), destination()
    with Migration(old, new, tmp_path / "journal", options=ONE) as migration:
        migration.run()
    bad = ids_at(new.fake)["Subject of t1"]
    failing = Failing(new, "messages", "list", error, lambda ticket_id, *_: ticket_id == bad)
    with Migration(old, failing, tmp_path / "journal", options=ONE) as migration:
        differences = migration.verify()
        assert migration.summary().exit_code is ExitCode.INCOMPLETE
    assert [(one.record, one.field, one.found) for one in differences] == [("ticket", "messages", type(error).__name__)]


@pytest.mark.parametrize("error", REFUSALS, ids=names(REFUSALS))
def test_one_file_that_the_destination_does_not_give_is_a_difference(tmp_path, error):
    failing = Failing(destination(), "attachments", "open", error, lambda file: file.filename == "report.pdf")
    with Migration(source(), failing, tmp_path / "journal", options=ONE) as migration:
        summary = migration.migrate()
    assert summary.exit_code is ExitCode.INCOMPLETE
    assert {(one.record, one.found) for one in summary.differences} == {("attachment", type(error).__name__)}
    assert failing.calls <= 2 * TRIES


def test_one_file_that_the_source_refuses_fails_alone_though_its_thread_is_refused_by_then(tmp_path):
    old, new = source(), destination()
    failing = Failing(old, "attachments", "open", PermissionDenied("no"))
    summary, failed = migrate(failing, new, tmp_path / "journal")
    assert summary.exit_code is ExitCode.INCOMPLETE
    assert {one.reason for one in failed[Kind.ATTACHMENT]} == {"PermissionDenied at the source"}
    assert subjects(new) == ALL


@pytest.mark.parametrize("kind", ["contact", "ticket", "message"])
def test_a_create_that_is_never_answered_is_given_up_and_the_others_go_on(tmp_path, kind):
    new = destination()
    write, tries = new.importer._write, []
    meant = {
        "contact": lambda old, _: old.name == "Ann",
        "ticket": lambda old, *_: old.subject == "Subject of t1",
        "message": lambda _, old, *__: old.body.text == "We look",
    }

    def failing(operation, *args):
        if operation == kind and meant[kind](*args):
            tries.append(args)
            raise InDoubt("HTTP 500", status=500)
        return write(operation, *args)

    new.importer._write = failing
    summary, failed = migrate(source(), new, tmp_path / "journal")
    assert summary.exit_code is ExitCode.INCOMPLETE
    assert len(tries) == ATTEMPTS
    (reason,) = {one.reason for one in failed[Kind(kind)]}
    assert f"{ATTEMPTS} attempts" in reason
    assert "HTTP 500" in reason
    assert subjects(new) == (ALL[1:] if kind == "ticket" else ALL)


@pytest.mark.slow
def test_creates_that_are_never_answered_are_paced_and_stop_the_run_as_an_outage_does(tmp_path):
    people = [ticket(f"t{n}", "ann", message("ann", n, f"Help {n}")) for n in range(40)]
    old = source(evolve(small(), tickets=tuple(people)))
    new = destination(faults=Faults(swallowed={("ticket", n) for n in range(1, 1000)}))
    with Migration(old, new, tmp_path / "journal", options=evolve(ONE, patience=300.0)) as migration:
        with pytest.raises(Interrupted, match="run again") as stopped:
            migration.run()
        assert stopped.value.exit_code is ExitCode.STOPPED
        assert not migration.journal.by_state(Kind.TICKET, State.FAILED)
    assert new.faults.calls["ticket"] < 20
    new.faults.swallowed.clear()
    with Migration(old, new, tmp_path / "journal", options=ONE) as migration:
        assert migration.migrate().exit_code is ExitCode.OK


def test_several_creates_that_are_never_answered_end_the_run_with_their_reasons(tmp_path):
    people = [ticket(f"t{n}", "ann", message("ann", n, f"Help {n}")) for n in range(12)]
    new = destination()
    write = new.importer._write

    def failing(operation, *args):
        if operation == "ticket" and args[0].subject.split("of t")[1] in ("2", "5", "6", "11"):
            raise InDoubt("HTTP 500", status=500)
        return write(operation, *args)

    new.importer._write = failing
    summary, failed = migrate(source(evolve(small(), tickets=tuple(people))), new, tmp_path / "journal")
    assert summary.exit_code is ExitCode.INCOMPLETE
    assert (len(failed[Kind.TICKET]), len(new.fake.all_tickets())) == (4, 8)


@pytest.mark.parametrize("error", [PermissionDenied("no"), AuthenticationFailed("no")])
def test_credentials_that_a_neutral_call_refuses_as_well_stop_the_run(tmp_path, error):
    old, new = source(), destination()
    locked = Failing(
        Failing(old, "messages", "list", error), "tickets", "list", error, lambda query, *_: query.limit == 1
    )
    locked.check = lambda: (_ for _ in ()).throw(error)
    with Migration(locked, new, tmp_path / "journal", options=ONE) as migration:
        with pytest.raises(CredentialsLost):
            migration.run()
        assert not migration.journal.by_state(Kind.TICKET, State.FAILED)


@pytest.mark.slow
def test_a_source_that_refuses_every_thread_has_withdrawn_a_right(tmp_path):
    many = [ticket(f"t{n}", "ann", message("ann", n, f"Help {n}")) for n in range(40)]
    old, new = source(evolve(small(), tickets=tuple(many))), destination()
    failing = Failing(old, "messages", "list", PermissionDenied("no"))
    with (
        Migration(failing, new, tmp_path / "journal", options=ONE) as migration,
        pytest.raises(CredentialsLost, match="one record after the other"),
    ):
        migration.run()
    assert failing.calls < 20
    with Migration(old, new, tmp_path / "journal", options=ONE) as migration:
        assert migration.migrate().exit_code is ExitCode.OK


@pytest.mark.parametrize("error", [BadResponse("an error in a success"), Unavailable("down")])
def test_a_source_whose_lists_fail_is_an_outage(tmp_path, error):
    failing = Failing(source(), "tickets", "list", error)
    with (
        Migration(failing, destination(), tmp_path / "journal", options=evolve(ONE, patience=60.0)) as migration,
        pytest.raises(Interrupted) as stopped,
    ):
        migration.run()
    assert stopped.value.exit_code is ExitCode.STOPPED


def test_a_limit_that_one_record_meets_is_waited_for(tmp_path):
    old, new = source(), destination()
    errors = [RateLimited("slow", retry_after=5.0)] * (TRIES + 3)
    bad = ids_at(old)["Subject of t1"]
    failing = Failing(
        old,
        "messages",
        "list",
        RateLimited("slow", retry_after=5.0),
        lambda one, *_: one == bad and errors and errors.pop(),
    )
    summary, _ = migrate(failing, new, tmp_path / "journal")
    assert summary.exit_code is ExitCode.OK
    assert dump(new) == dump(new)


def test_a_plan_leaves_a_thread_out_that_cannot_be_read(tmp_path):
    old = source()
    bad = ids_at(old)["Subject of t1"]
    failing = Failing(old, "messages", "list", PermissionDenied("no"), lambda ticket_id, *_: ticket_id == bad)
    with Migration(failing, destination(), tmp_path / "journal", options=ONE) as migration:
        assert migration.plan(full=True).tickets == 4


def test_a_final_state_that_is_never_taken_fails_alone(tmp_path):
    new = destination()
    finish, tries = new.importer.finish, []

    def failing(ticket_id, old):
        if old.subject == "Subject of t1":
            tries.append(ticket_id)
            raise InDoubt("HTTP 500", status=500)
        finish(ticket_id, old)

    new.importer.finish = failing
    migrate(source(), new, tmp_path / "journal")
    assert len(tries) == TRIES


@pytest.mark.parametrize("error", [Invalid("no", field="subject"), PermissionDenied("no")])
def test_a_refused_contact_fails_alone(tmp_path, error):
    new = destination(faults=Faults(errors={("contact", 1): error}))
    summary, failed = migrate(source(), new, tmp_path / "journal")
    assert summary.exit_code is ExitCode.INCOMPLETE
    assert len(failed[Kind.CONTACT]) == 1
    assert subjects(new) == ALL
