from __future__ import annotations

import threading
from io import BytesIO

import pytest
from attrs import evolve
from migration.faulty_desk import FILE, IMAGE, Faults, Rows, destination, dump, message, person, small, source, ticket

from helpdesk_bridge.adapter import Fidelity, FieldFidelity, Hazard, Provenance
from helpdesk_bridge.datasets.dataset import Dataset, SeedFile
from helpdesk_bridge.errors import Invalid
from helpdesk_bridge.migration import DecisionNeeded, ExitCode, Migration, NeverPossible, Options, Threads
from helpdesk_bridge.model.capabilities import FileLimits
from helpdesk_bridge.model.queries import ContactQuery
from helpdesk_bridge.model.values import Phone, Status
from helpdesk_bridge.ports import Missing
from helpdesk_bridge.ratelimit.policy import RateLimitPolicy, Window
from helpdesk_bridge.testing.fake import FakeHelpdesk

ONE = Options(workers=1, yes=True)
NO = Options(workers=1)


def migrate(old, new, path, options=ONE):
    with Migration(old, new, path, options=options) as migration:
        return migration.migrate()


class Other:
    """A desk with some of its parts replaced."""

    def __init__(self, inner, **parts):
        self._inner, self._parts = inner, parts

    def __getattr__(self, name):
        return self._parts[name] if name in self._parts else getattr(self._inner, name)


class Contacts:
    def __init__(self, inner, contacts):
        self._inner, self._contacts = inner, contacts

    def __getattr__(self, name):
        return getattr(self._inner, name)

    def list(self, query=None):
        return Rows(self._contacts)


# -- pairs ---------------------------------------------------------------------------------------------------------


def test_a_destination_without_importer_is_refused_before_any_call(tmp_path):
    old = source()
    new = Other(FakeHelpdesk(), importer=Missing("importer", "Desk360"))
    calls = len(old.calls)
    with pytest.raises(NeverPossible, match="cannot be migrated into") as refused:
        Migration(old, new, tmp_path / "journal")
    assert refused.value.exit_code is ExitCode.USAGE
    assert len(old.calls) == calls
    assert not (tmp_path / "journal").exists()


def test_one_account_is_no_pair(tmp_path):
    old = source()
    with pytest.raises(NeverPossible, match="same account"):
        Migration(old, old, tmp_path / "journal")


# -- contacts ------------------------------------------------------------------------------------------------------


def test_contacts_that_fold_to_one_key_become_one_and_count_each(tmp_path):
    old = source()
    everybody = list(old.contacts.list(ContactQuery(include={"blocked", "deleted"})))
    ann = next(one for one in everybody if one.email == "ann@client.example")
    twin = evolve(ann, id="twin", ref="local:x/contact/twin", emails=("ANN@Client.Example",))
    new = destination()
    summary = migrate(Other(old, contacts=Contacts(old.contacts, [*everybody, twin])), new, tmp_path / "journal")
    assert summary.as_json()["contacts"]["migrated"] == 4
    assert [row[0] for row in dump(new)[0]].count("ann@client.example") == 1
    assert new.faults.calls["contact"] == 3


def test_a_contact_that_is_there_already_is_adopted_and_left_as_it_is(tmp_path):
    new = destination()
    from helpdesk_bridge.model.drafts import ContactDraft

    new.fake.contacts.create(ContactDraft(name="Ann of old", emails=("ANN@client.example",)))
    summary = migrate(source(), new, tmp_path / "journal")
    assert summary.exit_code is ExitCode.OK
    assert ("ANN@client.example", "Ann of old", False) in dump(new)[0]
    assert new.faults.calls["contact"] == 2


def test_without_an_email_tickets_go_under_a_name_that_reaches_nobody(tmp_path):
    old = source()
    capabilities = evolve(FakeHelpdesk().capabilities, contact_needs=frozenset({"email"}))
    new = destination(capabilities=capabilities)
    summary = migrate(old, new, tmp_path / "journal")
    cem = next(one for one in old.all_contacts() if one.name == "Cem")
    assert summary.as_json()["contacts"] == {"planned": 4, "migrated": 2, "skipped": 2, "failed": 0, "in_doubt": 0}
    moved = next(one for one in new.fake.all_tickets() if one.subject == "Subject of t3")
    assert moved.requester.email == f"{cem.id}@no-email.invalid"
    opening = next(iter(new.fake.messages.list(moved.id)))
    assert (opening.author.name, opening.author.phone) == ("Cem", "+905551112233")


# -- files ---------------------------------------------------------------------------------------------------------


class Files:
    def __init__(self, inner, error=None, content=None):
        self._inner, self._error, self._content = inner, error, content

    def open(self, attachment):
        if self._error is not None:
            raise self._error
        return BytesIO(self._content)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"<!DOCTYPE html><title>Log in</title>", "the download is a web page"),
        (b"%PDF", "the download has 4 bytes instead of"),
        (b"%PDF" * 100_000, "the download has more than its"),
    ],
)
def test_a_file_that_is_not_the_file_fails_and_its_message_says_so(tmp_path, content, why):
    old, new = source(), destination()
    summary = migrate(Other(old, attachments=Files(old.attachments, content=content)), new, tmp_path / "journal")
    assert summary.exit_code is ExitCode.INCOMPLETE
    assert summary.as_json()["attachments"] == {"planned": 2, "migrated": 0, "skipped": 0, "failed": 2, "in_doubt": 0}
    assert summary.as_json()["messages"]["failed"] == 0
    assert summary.differences == ()
    texts = [part.body.text for one in new.fake.all_tickets() for part in new.fake.messages.list(one.id)]
    assert sum("[Not migrated: file report.pdf" in one and why in one for one in texts) == 2


@pytest.mark.parametrize("wrong", [b"<html>502</html>", b"", b" " * 1_000_000])
def test_a_file_that_came_wrong_once_is_read_again(tmp_path, wrong):
    old = source()
    limited = evolve(FakeHelpdesk().capabilities, files=FileLimits(bytes_each=500_000))
    new = destination(capabilities=limited)
    wrongs = [wrong, wrong]

    class Faltering:
        def open(self, attachment):
            return BytesIO(wrongs.pop()) if wrongs else old.attachments.open(attachment)

    summary = migrate(Other(old, attachments=Faltering()), new, tmp_path / "journal")
    assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
    assert summary.as_json()["attachments"] == {"planned": 2, "migrated": 2, "skipped": 0, "failed": 0, "in_doubt": 0}
    texts = [part.body.text for one in new.fake.all_tickets() for part in new.fake.messages.list(one.id)]
    assert not any("fetched later" in one or "Not migrated" in one for one in texts)


@pytest.mark.parametrize(
    ("wrong", "kind"), [(b"", None), (b" " * 1_000_000, None), (b'{"error": 1}', "application/json; charset=utf-8")]
)
def test_a_file_of_untold_size_that_came_odd_once_is_read_again(tmp_path, wrong, kind):
    old = source()
    limited = evolve(FakeHelpdesk().capabilities, files=FileLimits(bytes_each=500_000))
    new = destination(capabilities=limited)
    wrongs = [wrong]

    class Answer(BytesIO):
        headers = {"Content-Type": kind} if kind else {}

    class Faltering:
        def open(self, attachment):
            return Answer(wrongs.pop()) if wrongs else old.attachments.open(attachment)

    class Untold:
        def __getattr__(self, name):
            return getattr(old.messages, name)

        def list(self, *args, **options):
            return Untelling(old.messages.list(*args, **options))

    class Untelling:
        def __init__(self, listing):
            self._listing = listing

        def __getattr__(self, name):
            return getattr(self._listing, name)

        def __iter__(self):
            for one in self._listing:
                yield evolve(one, attachments=tuple(evolve(file, size=None) for file in one.attachments))

    desk = Other(old, attachments=Faltering(), messages=Untold())
    summary = migrate(desk, new, tmp_path / "journal")
    assert not wrongs
    assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
    assert summary.as_json()["attachments"] == {"planned": 2, "migrated": 2, "skipped": 0, "failed": 0, "in_doubt": 0}


def test_a_file_that_is_too_large_is_skipped_without_being_fetched(tmp_path):
    old = source()
    new = destination(capabilities=evolve(FakeHelpdesk().capabilities, files=FileLimits(bytes_each=5)))
    forbidden = Files(old.attachments, error=AssertionError("fetched"))
    summary = migrate(Other(old, attachments=forbidden), new, tmp_path / "journal")
    assert summary.exit_code is ExitCode.OK
    assert summary.as_json()["attachments"]["skipped"] == 2


def test_inline_images_become_named_files_where_there_are_none(tmp_path):
    html = '<p>Look <img alt="x" src="cid:shot@1"> here</p>'
    data = Dataset(
        people=(person("ann", "ann@client.example"),),
        tickets=(ticket("t", "ann", message("ann", 0, None, html=html, files=(IMAGE, FILE))),),
    )
    changed = FieldFidelity(Fidelity.CHANGED, "no inline images", "a file")
    fidelity = FakeHelpdesk().importer.fidelity
    fidelity = evolve(
        fidelity, messages={name: {**kept, "inline": changed} for name, kept in fidelity.messages.items()}
    )
    new = destination(fidelity=fidelity)
    summary = migrate(source(data), new, tmp_path / "journal")
    assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
    opening = next(iter(new.fake.messages.list(new.fake.all_tickets()[0].id)))
    assert "[image: shot.png]" in opening.body.text
    assert [one.inline for one in opening.attachments] == [False, False]
    assert ("message.inline", "kept as a file") in {(one.field, one.change) for one in summary.changed}


# -- threads -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [Threads.NOTE, Threads.DESCRIPTION])
def test_a_thread_can_be_written_as_one_note_or_in_the_opening(tmp_path, way):
    new = destination()
    summary = migrate(source(), new, tmp_path / "journal", evolve(ONE, threads=way))
    assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
    assert summary.as_json()["messages"]["migrated"] == 7
    first = next(one for one in new.fake.all_tickets() if one.subject == "Subject of t1")
    thread = list(new.fake.messages.list(first.id))
    assert len(thread) == (2 if way is Threads.NOTE else 1)
    assert thread[-1].body.text.count("Thanks!") == 2
    assert (
        "[Imported] Ann <ann@client.example> · customer · 2025-03-01T09:05:00Z · public · reply" in thread[-1].body.text
    )
    assert [one.filename for one in thread[-1].attachments] == ["report.pdf"]


def test_later_runs_carry_what_came_since(tmp_path):
    from helpdesk_bridge.model.drafts import MessageDraft, TicketChange, TicketDraft

    old, new, path = source(), destination(), tmp_path / "journal"
    migrate(old, new, path)
    first = next(one for one in old.all_tickets() if one.subject == "Subject of t1")
    old.clock.advance(3600)
    old.messages.note(first.id, MessageDraft(body="One more thing"))
    old.tickets.update(first.id, TicketChange(status=Status.SOLVED))
    old.tickets.create(TicketDraft(subject="New", description="Since then", requester="new@client.example"))
    new.faults.calls.clear()
    summary = migrate(old, new, path)
    assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
    assert (new.faults.calls["ticket"], new.faults.calls["message"], new.faults.calls["contact"]) == (1, 1, 1)
    moved = {one.subject: one for one in new.fake.all_tickets()}
    assert moved["Subject of t1"].status is Status.SOLVED
    assert [part.body.text for part in new.fake.messages.list(moved["Subject of t1"].id)][-1] == "One more thing"
    assert "New" in moved


def test_a_lost_journal_is_made_anew_from_the_markers(tmp_path):
    old, new = source(), destination()
    migrate(old, new, tmp_path / "journal")
    before = dump(new)
    new.faults.calls.clear()
    summary = migrate(old, new, tmp_path / "another")
    assert dump(new) == before
    assert (new.faults.calls["ticket"], new.faults.calls["message"], new.faults.calls["contact"]) == (0, 0, 0)
    assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
    assert summary.as_json()["messages"]["migrated"] == 7


# -- decisions -----------------------------------------------------------------------------------------------------


HAZARD = Hazard("auto_reply", "mails the customer", "on import", "switch it off", Provenance.ASSUMED)


POLICY = RateLimitPolicy(windows=(Window(100, 60.0),))


def narrow(**values):
    """A destination with a vendor's looks: its lists are complete, and it defines nothing by itself."""
    capabilities = evolve(
        FakeHelpdesk().capabilities, statuses={Status.OPEN: "open", Status.CLOSED: "closed"}, **values
    )
    return destination(capabilities=capabilities, rate_limit=POLICY, budget=None)


def test_hazards_and_values_without_a_counterpart_stop_a_run_before_the_first_write(tmp_path):
    new = narrow()
    new.importer.hazards = (HAZARD,)
    with Migration(source(), new, tmp_path / "journal", options=NO) as migration:
        made = migration.plan()
        assert made.open_hazards == ("auto_reply",)
        assert {(one.field, one.old, one.proposed) for one in made.values} == {
            ("status", "Pending", "open"),
            ("tag", "vip", None),
        }
        with pytest.raises(DecisionNeeded) as stopped:
            migration.run()
        assert stopped.value.exit_code is ExitCode.DECISION
        assert stopped.value.hazards == ("--hazard auto_reply",)
        assert "--map tag:vip=" in stopped.value.values
        assert not any(new.faults.calls[one] for one in ("ticket", "contact", "message"))
        migration.acknowledge("auto_reply")
        migration.map_value("status", "Pending", "closed")
        migration.map_value("tag", "vip", None)
        migration.run()
        assert migration.verify() == []
        changes = {(one.field, one.change) for one in migration.summary().changed}
    assert {("ticket.status", "kept as closed"), ("ticket.tags", "lost")} <= changes
    moved = {one.subject: one for one in new.fake.all_tickets()}
    assert (moved["Subject of t3"].status, moved["Subject of t1"].tags) == (Status.CLOSED, ())


def test_decisions_outlive_the_process(tmp_path):
    old, new, path = source(), narrow(), tmp_path / "journal"
    with Migration(old, new, path, options=NO) as migration:
        migration.map_value("status", "Pending", "open")
        migration.map_value("tag", "vip", None)
    assert migrate(old, new, path, NO).exit_code is ExitCode.OK


def test_an_unknown_hazard_is_refused(tmp_path):
    with (
        Migration(source(), destination(), tmp_path / "journal") as migration,
        pytest.raises(ValueError, match="unknown hazard"),
    ):
        migration.acknowledge("nothing")


def test_a_value_that_only_a_refusal_shows_asks_and_then_goes_on(tmp_path):
    old, new, path = source(), destination(), tmp_path / "journal"
    new.faults.errors["ticket", 1] = Invalid("no", field="tags")
    with Migration(old, new, path, options=NO) as migration:
        with pytest.raises(DecisionNeeded, match="nothing of the ticket was written") as stopped:
            migration.run()
        assert stopped.value.values == ("--map tag:vip=",)
        assert not new.fake.all_tickets()
        migration.map_value("tag", "vip", None)
        new.faults.errors.clear()
        migration.run()
        assert migration.verify() == []
        assert migration.summary().exit_code is ExitCode.OK
    assert not any(one.tags for one in new.fake.all_tickets())
    assert not new.clock.slept  # a refusal is no doubt


def test_accepted_losses_are_taken_when_a_refusal_shows_them(tmp_path):
    new = destination(faults=Faults(errors={("ticket", 1): Invalid("no", field="tags")}))
    summary = migrate(source(), new, tmp_path / "journal")
    assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
    assert ("ticket.tags", "lost") in {(one.field, one.change) for one in summary.changed}


def test_a_refusal_of_nothing_that_can_be_left_out_fails_the_record_and_all_that_hangs_on_it(tmp_path):
    new = destination(faults=Faults(errors={("ticket", 1): Invalid("no", field="subject")}))
    summary = migrate(source(), new, tmp_path / "journal")
    assert summary.exit_code is ExitCode.INCOMPLETE
    told = summary.as_json()
    assert told["tickets"]["failed"] == 1
    assert told["messages"] == {"planned": 8, "migrated": 3, "skipped": 1, "failed": 4, "in_doubt": 0}
    assert told["attachments"]["failed"] == 1


def test_a_failed_ticket_is_tried_again_by_the_next_run(tmp_path):
    old, path = source(), tmp_path / "journal"
    new = destination(faults=Faults(errors={("ticket", 1): Invalid("no", field="subject")}))
    assert migrate(old, new, path).exit_code is ExitCode.INCOMPLETE
    summary = migrate(old, new, path)
    assert (summary.exit_code, summary.as_json()["messages"]["migrated"]) == (ExitCode.OK, 7)


def test_two_tickets_with_one_marker_are_in_doubt_until_somebody_decides(tmp_path):
    old, path = source(), tmp_path / "journal"
    faults = Faults(lost={("ticket", 1)})
    new = destination(faults=faults)
    real = new.importer.find
    new.importer.find = lambda *args: (*found, "elsewhere") if (found := real(*args)) else ()
    summary = migrate(old, new, path)
    assert summary.exit_code is ExitCode.INCOMPLETE
    assert summary.as_json()["tickets"]["in_doubt"] == 1
    new.importer.find = real
    with Migration(old, new, path, options=ONE) as migration:
        from helpdesk_bridge.migration.journal.states import Kind, State

        record = migration.journal.by_state(Kind.TICKET, State.IN_DOUBT)[0]
        assert "elsewhere" in record.reason
        with pytest.raises(ValueError, match="is not a decision"):
            migration.decide_in_doubt(record.key.id, "perhaps")
        there = next(one.id for one in new.fake.all_tickets())
        assert migration.decide_in_doubt(record.key.id, f"found:{there}") >= 1
        summary = migration.migrate()
    assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
    assert len(new.fake.all_tickets()) == 3


def test_subjects_that_do_not_fit_stand_in_the_opening(tmp_path):
    data = small()
    long = "A very long subject " * 12
    data = evolve(data, tickets=(evolve(data.tickets[0], subject=long),))
    capabilities = evolve(FakeHelpdesk().capabilities, subject_limit=120)
    new = destination(capabilities=capabilities)
    summary = migrate(source(data), new, tmp_path / "journal")
    assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
    moved = new.fake.all_tickets()[0]
    assert len(moved.subject) <= 120
    assert [one.records for one in summary.changed if one.field == "ticket.subject"] == [1]
    assert next(iter(new.fake.messages.list(moved.id))).body.text.startswith(f"[Subject] {long.strip()}")


def test_phones_stand_for_people_without_an_email(tmp_path):
    new = destination()
    migrate(source(), new, tmp_path / "journal")
    moved = next(one for one in new.fake.all_contacts() if one.name == "Cem")
    assert moved.phones[0] == Phone("+905551112233", moved.phones[0].e164)


def test_an_empty_account_is_migrated_at_once(tmp_path):
    summary = migrate(FakeHelpdesk(name="old"), destination(), tmp_path / "journal")
    assert (summary.exit_code, summary.verified) == (ExitCode.OK, True)
    assert summary.as_json()["tickets"]["planned"] == 0


def test_odd_file_names_are_only_data(tmp_path):
    evil = SeedFile("../../etc/passwd", "text/plain", b"x")
    data = evolve(small(), tickets=(ticket("t", "ann", message("ann", 0, "hi", files=(evil,))),))
    folder = tmp_path / "inside"
    folder.mkdir()
    summary = migrate(source(data), destination(), folder / "journal")
    assert summary.exit_code is ExitCode.OK
    assert sorted(one.name for one in tmp_path.iterdir()) == ["inside"]


def test_a_refusal_that_another_worker_settled_meanwhile_fails_nothing(tmp_path):
    tickets = [evolve(small().tickets[0], key=f"k{n}", subject=f"Subject {n}") for n in range(12)]
    old, new = source(evolve(small(), tickets=tuple(tickets))), destination()
    real, gate = new.importer._inner, threading.Barrier(5, timeout=5)

    class Refusing:
        def __getattr__(self, name):
            return getattr(real, name)

        def ticket(self, old, *rest):
            if old.tags:
                if old.subject != "Subject 0":
                    gate.wait()  # all of them are refused before the first one decides
                raise Invalid("no", field="tags")
            return real.ticket(old, *rest)

    new.importer._inner = Refusing()
    first = [evolve(tickets[0], tags=())]
    old = source(evolve(small(), tickets=(*first, *tickets[1:])))
    summary = migrate(old, new, tmp_path / "journal", Options(workers=5, yes=True))
    assert (summary.exit_code, summary.as_json()["tickets"]["migrated"]) == (ExitCode.OK, 12)


def test_progress_never_goes_beyond_its_total(tmp_path):
    seen = []
    with Migration(source(), destination(), tmp_path / "journal", options=ONE, progress=seen.append) as migration:
        migration.migrate()
    assert {one.phase for one in seen} >= {"contacts", "tickets", "verify"}
    assert all(one.total is None or one.done <= one.total for one in seen)


def test_an_address_that_is_refused_is_replaced_by_one_that_reaches_nobody(tmp_path):
    new = destination(faults=Faults(errors={("ticket", 1): Invalid("no", field="requester")}))
    summary = migrate(source(), new, tmp_path / "journal")
    assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
    moved = next(one for one in new.fake.all_tickets() if one.subject == "Subject of t1")
    assert moved.requester.email.endswith("@no-email.invalid")
    assert next(iter(new.fake.messages.list(moved.id))).author.email == "ann@client.example"
    assert [one.records for one in summary.changed if one.field == "ticket.requester"] == [
        1
    ]  # the other ticket of this customer is spam


def test_a_decision_about_a_write_in_doubt_takes_a_ref_of_the_destination_only(tmp_path):
    fake, destination = FakeHelpdesk(), FakeHelpdesk()
    with fake, destination, Migration(fake, destination, tmp_path / "journal.db") as migration:
        ref = f"local:{destination.account}/ticket/7"
        assert migration.decide_in_doubt("nothing", f"found:{ref}") == 0
        with pytest.raises(ValueError, match="this ref does not belong to"):
            migration.decide_in_doubt("nothing", f"found:local:{fake.account}/ticket/7")
