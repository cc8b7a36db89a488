"""The importer over the simulator: nothing is mailed, nothing is written twice, everything is told."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from adapters.desk365.opened import FRONTS, IN_PROCESS, NOW, SERVER, opened
from attrs import evolve
from desk365_http import ACCOUNT, ticket, with_tickets
from werkzeug.test import Client

from helpdesk_bridge import (
    Actor,
    Add,
    Body,
    Contact,
    Message,
    MessageKind,
    Priority,
    Ref,
    Status,
    Ticket,
    TicketChange,
    Upload,
    Visibility,
)
from helpdesk_bridge.adapter import (
    Conflict,
    InDoubt,
    Invalid,
    MessageClass,
    Phone,
    Severity,
    split_header,
    split_marker,
    with_marker,
)
from helpdesk_bridge.datasets.dataset import SeedField

MARKER = "0123456789abcdef"
OTHER = "fedcba9876543210"
CREATED = datetime(2020, 5, 4, 3, 2, 1, tzinfo=UTC)
ADA = Actor.agent(id="ada@desk.example", name="Ada Agent", email="ada@desk.example")
EVE = Actor.contact(name="Eve <x>", email="Eve@client.example")


def old(**changes) -> Ticket:
    facts = {
        "id": "51230",
        "ref": "deskie:robotsrule/ticket/51230",
        "subject": "Printer",
        "status": Status.CLOSED,
        "status_label": "Closed",
        "priority": Priority.HIGH,
        "priority_label": "High",
        "requester": EVE,
        "assignee": ADA,
        "group": Ref(None, "Network"),
        "type": "Question",
        "category": "Billing",
        "subcategory": "Refund",
        "cc": ("boss@client.example",),
        "custom_fields": {"Order No": "A-1", "Region": None},
        "created_at": CREATED,
    }
    return Ticket(**{**facts, **changes})


def old_message(**changes) -> Message:
    facts = {
        "id": "m1",
        "ticket_id": "51230",
        "author": EVE,
        "visibility": Visibility.PUBLIC,
        "kind": MessageKind.REPLY,
        "body": Body(html="<p>Please help</p>"),
        "created_at": CREATED + timedelta(minutes=1),
    }
    return Message(**{**facts, **changes})


OPENING = old_message(id="m0", opening=True, created_at=CREATED)
MARKED = evolve(
    ACCOUNT, fields=(*ACCOUNT.fields, SeedField("Migration marker", "text")), tickets=(ticket(1, assignee="ada"),)
)
UNMARKED = with_tickets(ticket(1, assignee="ada"))


def outbox(account) -> dict:
    return Client(account.simulator).get("/_sim/outbox").json


def bodies(account, operation: str) -> list[dict]:
    return [json.loads(one.body) for one in account.asked(operation)]


@pytest.fixture(params=[(front, docs) for front in FRONTS for docs in (False, True)], ids=str)
def account(request):
    front, docs_shape = request.param
    with opened(MARKED, front, docs_shape=docs_shape, rate_limit=10_000) as opened_desk:
        yield opened_desk


def test_a_ticket_is_written_in_its_final_state_in_one_call(account):
    importer = account.desk.importer
    made = importer.ticket(old(), OPENING, [Upload.from_bytes("a.txt", b"a", "text/plain")], MARKER)
    importer.finish(made.ticket_id, old())
    operations = [one.operation for one in account.asked()]
    assert operations == ["list_tickets", "create_ticket_with_attachment"]
    found = account.desk.tickets.get(made.ticket_id)
    assert (found.status, found.priority, found.group.name, found.type) == (
        Status.CLOSED,
        Priority.HIGH,
        "Network",
        "Question",
    )
    assert (found.category, found.subcategory, found.assignee.email) == ("Billing", "Refund", "ada@desk.example")
    assert (found.custom_fields["Order No"], found.custom_fields["Migration marker"]) == ("A-1", MARKER)
    assert found.subject == "Printer"
    (opening,) = account.desk.messages.list(made.ticket_id)
    assert made.message_ids == (opening.id,)
    header, body = split_header(opening.body)
    assert (header.author.email, header.created_at, header.visibility) == (
        "Eve@client.example",
        CREATED,
        Visibility.PUBLIC,
    )
    assert body.text == "Please help"
    assert len(opening.attachments) == 1


def test_every_class_of_message_becomes_a_private_note_that_tells_what_it_was(account):
    importer = account.desk.importer
    made = importer.ticket(old(), OPENING, [], MARKER)
    thread = [
        old_message(id="1", body=Body(text="plain\n<b> & more")),
        old_message(id="2", author=ADA),
        old_message(id="3", author=ADA, visibility=Visibility.INTERNAL, kind=MessageKind.NOTE),
        old_message(id="4", author=Actor.agent(name="Gone", email="gone@desk.example"), kind=MessageKind.FORWARD),
        old_message(id="5", author=Actor.contact(name="Caller", phone="+49 30 1")),
        old_message(id="6", body=Body(html="")),
    ]
    for one in thread:
        assert len(importer.message(made.ticket_id, one, [])) == 1
    found = list(account.desk.messages.list(made.ticket_id))[1:]
    assert {(one.kind, one.visibility) for one in found} == {(MessageKind.NOTE, Visibility.INTERNAL)}
    for one, written in zip(thread, found, strict=True):
        header, body = split_header(written.body)
        assert (header.kind, header.visibility, header.created_at) == (one.kind, one.visibility, one.created_at)
        assert (header.author.email, header.author.kind) == (one.author.email, one.author.kind)
        assert body.text.strip() == one.body.text.strip()
    assert split_header(found[4].body)[0].author.phone == "+49 30 1"
    # The agent that tickets have shown is the note's author; one that they have not is told in the first line only.
    assert [one.get("agent_email") for one in bodies(account, "add_note")] == [
        None,
        ADA.email,
        ADA.email,
        None,
        None,
        None,
    ]
    assert all(one["private_note"] == 1 and "notify_emails" not in one for one in bodies(account, "add_note"))


def test_nobody_is_mailed_by_an_import(account):
    importer = account.desk.importer
    importer.contact(Contact(id="c", ref="x", name="Eve", emails=("Eve@client.example",)), MARKER)
    made = importer.ticket(old(status=Status.OPEN, status_label="Open"), OPENING, [], MARKER)
    importer.message(made.ticket_id, old_message(author=ADA), [Upload.from_bytes("a", b"a")])
    importer.finish(made.ticket_id, old())
    assert outbox(account) == {"count": 0, "to_contacts": 0, "mails": []}
    assert not account.asked("add_reply")


def test_surplus_files_go_into_further_private_notes(account):
    importer = account.desk.importer
    files = [Upload.from_bytes(f"{number}.bin", bytes([number])) for number in range(23)]
    made = importer.ticket(old(), OPENING, files, MARKER)
    steps = importer.message_steps(made.ticket_id, made.message_ids, OPENING, files, look=False)
    assert [step.files for step in steps] == [tuple(range(10, 20)), (20, 21, 22)]
    assert all(len(step.send()) == 1 for step in steps)
    later = old_message(author=ADA)
    ids = importer.message(made.ticket_id, later, files[:11])
    (step,) = importer.message_steps(made.ticket_id, ids, later, files[:11], look=True)
    step.send()
    thread = list(account.desk.messages.list(made.ticket_id))
    assert [len(one.attachments) for one in thread] == [10, 10, 3, 10, 1]
    assert "Further files of this message (3 of 3)." in thread[2].body.text
    assert all(split_header(one.body)[0] is not None for one in thread)
    assert {one.visibility for one in thread[1:]} == {Visibility.INTERNAL}


def test_files_are_split_by_size_too():
    table = {"megabytes_per_message": 1, "files_per_message": 3}
    with opened(MARKED, table=table) as account:
        half, importer = Upload.from_bytes("half", b"x" * 600_000), account.desk.importer
        files = [half, half, Upload.from_bytes("s", b"s")]
        made = importer.ticket(old(), OPENING, files, MARKER)
        (step,) = importer.message_steps(made.ticket_id, made.message_ids, OPENING, files, look=False)
        step.send()
        assert [len(one.attachments) for one in account.desk.messages.list(made.ticket_id)] == [1, 2]
        assert account.desk.capabilities.files.count == 3


def test_inline_images_are_attached_and_named(account):
    image = Upload("p.png", "image/png", Upload.from_bytes("p", b"png").open, size=3, inline=True, content_id="c@x")
    opening = evolve(OPENING, body=Body(html='<p>See <img src="cid:c@x"></p>'))
    made = account.desk.importer.ticket(old(), opening, [image], MARKER)
    (found,) = account.desk.messages.list(made.ticket_id)
    assert "See [image: p.png]" in found.body.text
    assert [one.filename for one in found.attachments] == ["p.png"]


@pytest.mark.parametrize(
    ("subject", "written"),
    [
        ("", "(no subject)"),
        (" \n ", "(no subject)"),
        ("x" * 120, "x" * 120),
        ("y" * 200, "y" * 119 + "…"),
        ("two\nlines", "two lines"),
    ],
)
def test_subjects_that_do_not_fit(account, subject, written):
    made = account.desk.importer.ticket(old(subject=subject), OPENING, [], MARKER)
    found = account.desk.tickets.get(made.ticket_id)
    assert found.subject == written
    assert (subject in found.description.text) or len(subject) <= 120


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize("dataset", [MARKED, UNMARKED], ids=["field", "last line"])
def test_a_ticket_is_found_by_its_marker_and_by_nothing_else(front, dataset):
    with opened(dataset, front, rate_limit=10_000) as account:
        importer = account.desk.importer
        since = account.clock.wall()
        made = importer.ticket(old(), OPENING, [], MARKER)
        for _ in range(3):
            importer.ticket(old(), OPENING, [], OTHER)
        account.simulator.requests.clear()
        assert importer.find("ticket", MARKER, since, old()) == (made.ticket_id,)
        assert len(account.asked()) == 1
        assert len(importer.find("ticket", OTHER, since, old())) == 3
        assert importer.find("ticket", "0" * 16, since, old()) == ()
        folded = old(requester=evolve(EVE, email="eve@CLIENT.example"))
        assert importer.find("ticket", MARKER, since, folded) == (made.ticket_id,)
        description = account.desk.tickets.get(made.ticket_id).description
        assert split_marker(description)[0] == (MARKER if dataset is UNMARKED else None)


def test_the_field_for_markers_outweighs_what_a_description_says():
    with opened(MARKED, rate_limit=10_000) as account:
        importer = account.desk.importer
        forged = evolve(OPENING, body=with_marker(Body(html="<p>mine now</p>"), MARKER))
        made = importer.ticket(old(), forged, [], OTHER)
        assert importer.find("ticket", MARKER, NOW, old()) == ()
        assert importer.find("ticket", OTHER, NOW, old()) == (made.ticket_id,)
        listed = {one.ticket_id: one.marker for one in importer.marked().items}
        assert listed[made.ticket_id] == OTHER


def test_a_listed_marker_says_whether_the_ticket_was_made_through_the_api():
    mail = evolve(ticket(2), messages=(evolve(ticket(2).messages[0], text=f"Help\n\n[ref:{MARKER}]", html=None),))
    with opened(evolve(UNMARKED, tickets=(*UNMARKED.tickets, mail)), rate_limit=10_000) as account:
        made = account.desk.importer.ticket(old(), OPENING, [], OTHER)
        by_marker = {one.marker: one for one in account.desk.importer.marked().items}
        assert by_marker[MARKER].by_api is False
        assert (by_marker[OTHER].ticket_id, by_marker[OTHER].by_api) == (made.ticket_id, True)


def test_the_search_for_a_marker_ends_at_the_intent():
    mira = old(requester=Actor.contact(email="mira@client.example"))
    with opened(evolve(MARKED, tickets=tuple(ticket(one) for one in range(1, 251)))) as account:
        assert account.desk.importer.find("ticket", MARKER, NOW, mira) == ()
        assert len(account.asked()) == 1
        assert account.desk.importer.find("ticket", MARKER, NOW - timedelta(days=4000), mira) == ()
        assert len(account.asked()) == 4


def test_a_marker_field_of_the_configuration_is_used():
    with opened(MARKED, table={"custom_fields": {"migration_marker": "Order No"}}) as account:
        made = account.desk.importer.ticket(old(custom_fields={}), OPENING, [], MARKER)
        assert account.desk.tickets.get(made.ticket_id).custom_fields["migration_marker"] == MARKER
        assert account.desk.importer.find("ticket", MARKER, NOW, old()) == (made.ticket_id,)


@pytest.mark.parametrize(
    ("name", "severity", "said"),
    [
        (None, Severity.OK, 'migrations write into the custom field "Migration marker"'),
        ("Order No", Severity.OK, 'migrations write into the custom field "Order No"'),
        ("Nowhere", Severity.WARNING, 'no recent ticket has the custom field "Nowhere"'),
    ],
)
def test_a_check_looks_for_the_marker_field_that_is_configured(name, severity, said):
    table = {} if name is None else {"custom_fields": {"migration_marker": name}}
    with opened(MARKED, table=table) as account:
        (finding,) = [each for each in account.desk.check() if each.subject == "marker"]
        assert finding.severity is severity
        assert said in finding.detail


def test_finish_sets_the_state_where_it_is_another_or_was_written_by_another_process(account):
    importer = account.desk.importer
    made = importer.ticket(old(), OPENING, [], MARKER)
    changed = old(
        status=Status.OPEN, status_label="Open", assignee=None, custom_fields={"Order No": None, "Region": "EU"}
    )
    importer.finish(made.ticket_id, changed)
    found = account.desk.tickets.get(made.ticket_id)
    assert (found.status, found.assignee) == (Status.OPEN, None)
    assert (found.custom_fields["Order No"], found.custom_fields["Region"]) == (None, "EU")
    assert found.custom_fields["Migration marker"] == MARKER
    importer.finish(made.ticket_id, old())
    assert account.desk.tickets.get(made.ticket_id).status is Status.CLOSED
    assert len(account.asked("update_ticket")) == 2


def test_finish_adds_who_joined_since_and_takes_nobody_away_who_joined_here():
    with opened(MARKED, rate_limit=10_000) as account:
        importer, tickets = account.desk.importer, account.desk.tickets
        made = importer.ticket(old(cc=("boss@client.example",), watchers=()), OPENING, [], MARKER)
        tickets.update(made.ticket_id, TicketChange(cc=Add("here@client.example"), watchers=Add("bob@desk.example")))
        later = old(cc=("BOSS@client.example", "new@client.example"), watchers=("ada@desk.example",), type=None)
        importer.finish(made.ticket_id, later)
        found = tickets.get(made.ticket_id)
        assert set(found.cc) == {"boss@client.example", "here@client.example", "new@client.example"}
        assert {one.lower() for one in found.watchers} == {"bob@desk.example", "ada@desk.example"}
        asked = len(account.asked())
        importer.finish(made.ticket_id, later)
        assert len(account.asked()) == asked + 1  # the state alone: nobody is missing


def test_a_contact_with_its_company_and_one_that_exists(account):
    importer = account.desk.importer
    eve = Contact(
        id="c",
        ref="x",
        name="Eve",
        emails=("Eve@client.example", "e2@client.example"),
        phones=(Phone("+49 30 1"), Phone("0170"), Phone("0171")),
        company=Ref(None, "New Company"),
    )
    assert importer.contact(eve, MARKER) == ("Eve@client.example",)
    found = account.desk.contacts.find(email="eve@client.example")
    assert (found.name, found.company.name, [one.raw for one in found.phones]) == (
        "Eve",
        "New Company",
        ["+49 30 1", "0170"],
    )
    assert found.emails == ("Eve@client.example", "e2@client.example")
    with pytest.raises(Conflict):
        importer.contact(eve, MARKER)
    assert importer.find("contact", MARKER, NOW, eve) == ("Eve@client.example",)
    nobody = evolve(eve, emails=("nobody@client.example",))
    assert importer.find("contact", MARKER, NOW, nobody) == ()
    with pytest.raises(Invalid):
        importer.contact(evolve(eve, emails=()), MARKER)


def test_the_tail_of_a_thread(account):
    importer = account.desk.importer
    made = importer.ticket(old(), OPENING, [], MARKER)
    for number in range(3):
        importer.message(made.ticket_id, old_message(body=Body(text=f"n{number}")), [])
    account.simulator.requests.clear()
    assert [split_header(one.body)[1].text for one in importer.tail(made.ticket_id, 2)] == ["n1", "n2"]
    assert len(account.asked()) == 1
    assert [one.opening for one in importer.tail(made.ticket_id, 10)] == [True, False, False, False]
    assert importer.tail(made.ticket_id, 0) == ()
    whole = list(account.desk.messages.list(made.ticket_id))
    assert [one.id for one in importer.tail(made.ticket_id, 10)] == [one.id for one in whole]


@pytest.mark.parametrize("fault", ["response_lost", "malformed_json", "truncated", "empty"])
def test_a_lost_answer_leaves_a_ticket_in_doubt_that_is_found_again(fault):
    with opened(MARKED, SERVER) as account:
        importer = account.desk.importer
        list(account.desk.custom_fields.list())
        account.simulator.faults.inject(fault, on="create_ticket")
        with pytest.raises(InDoubt) as caught:
            importer.ticket(old(), OPENING, [], MARKER)
        assert (caught.value.marker, caught.value.settle_seconds) == (MARKER, importer.settle)
        assert len(importer.find("ticket", MARKER, NOW, old())) == 1


def test_a_further_note_in_doubt_is_looked_for_and_only_what_is_missing_is_a_step():
    with opened(MARKED, IN_PROCESS) as account:
        importer, files = account.desk.importer, [Upload.from_bytes(str(number), b"x") for number in range(21)]
        made = importer.ticket(old(), OPENING, files, MARKER)
        account.simulator.faults.inject("response_lost", on="add_note_with_attachment")
        first, second = importer.message_steps(made.ticket_id, (), OPENING, files, look=False)
        with pytest.raises(InDoubt):
            first.send()
        (left,) = importer.message_steps(made.ticket_id, (), OPENING, files, look=True)
        assert (left.name, left.files) == (second.name, second.files)


def test_an_agent_whom_the_vendor_refuses_as_author_is_told_in_the_line_only():
    with opened(MARKED) as account:
        importer = account.desk.importer
        made = importer.ticket(old(), OPENING, [], MARKER)
        list(account.desk.agents.list())
        observed = account.desk._adapter.agents._observed
        gone = Actor.agent(name="Gone", email="gone@desk.example")
        observed.learn([old(id="9", assignee=gone)])
        for _ in range(2):
            importer.message(made.ticket_id, old_message(author=gone), [])
        assert [one.get("agent_email") for one in bodies(account, "add_note")] == [gone.email, None, None]
        assert len(list(account.desk.messages.list(made.ticket_id))) == 3


def test_what_is_kept_is_told_for_every_class_and_every_hazard_names_its_remedy():
    with opened(MARKED) as account:
        importer = account.desk.importer
        assert set(importer.fidelity.messages) == set(MessageClass)
        assert all(kept.why for kept in importer.fidelity.ticket.values() if kept.how.name != "NATIVE")
        assert len({one.id for one in importer.hazards}) == len(importer.hazards) >= 4
        assert all(one.stop and one.when for one in importer.hazards)
        assert account.asked() == []
