"""Everything the adapter reads, under every form in which Deskie may send it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from adapters.deskie.simulated import PIXEL, REPORT, SEEDED, dataset, person, ticket

from helpdesk_bridge import NONE, ContactQuery, Match, Order, TicketQuery
from helpdesk_bridge.adapter import (
    ActorKind,
    FieldType,
    MessageKind,
    NotFound,
    Priority,
    Status,
    Unsupported,
    Visibility,
)
from helpdesk_bridge.datasets.dataset import SeedMessage

ALL = TicketQuery(include={"spam", "deleted", "merged"})
FORMS = [
    {},
    {"legacy_empty": "case"},
    {"legacy_empty": "array"},
    {"legacy_empty": "nothing"},
    {"list_form": "array"},
    {"omit_total_count": True},
    {"list_form": "array", "legacy_empty": "nothing"},
    {"numeric_strings": True},
    {"flag_form": "int"},
    {"flag_form": "text"},
    {"empty_map_as_list": True},
    {"cc_names": "omnidesk"},
    {"message_type": False},
    {"zone": "America/New_York"},
    {"time_bounds": "exclusive"},
    {"time_bounds": "exclusive_end"},
    {"case_sensitive_search": True},
    {"labels_match": "all"},
]


def seen(desk, app):
    tickets = {ticket.id: ticket for ticket in desk.tickets.list(ALL)}
    return tickets[str(app.seeded.cases["main"])]


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_the_same_ticket_is_read_from_every_form(in_process_account, form):
    with in_process_account(dataset(), settings=form) as (desk, app):
        main = seen(desk, app)
        assert (main.status, main.status_label) == (Status.PENDING, "waiting")
        assert (main.priority, main.priority_label) == (Priority.URGENT, "critical")
        assert (main.requester.email, main.requester.name, main.requester.kind) == (
            "ann@x.io",
            "Ann",
            ActorKind.CONTACT,
        )
        assert (main.assignee.email, main.group.name) == ("meg@robotsrule.example", "Support")
        assert sorted(main.tags) == ["bug", "vip"]
        assert main.cc == ("joann@x.io", "ann@x.io.tr")
        assert dict(main.custom_fields) == {
            "Order No": "PO-7",
            "Urgent": True,
            "Product": "Chair",
            "Due": date(2026, 3, 1),
        }
        assert (main.created_at, main.closed_at) == (SEEDED, None)
        assert (main.rating.label, main.rating.comment) == ("high", "Great")
        assert main.subject == "Subject main"


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_the_same_thread_is_read_from_every_form(in_process_account, form):
    with in_process_account(dataset(), settings=form) as (desk, app):
        thread = list(desk.messages.list(str(app.seeded.cases["main"])))
        assert [message.sequence for message in thread] == [0, 1, 2, 3, 4]
        assert [message.opening for message in thread] == [True, False, False, False, False]
        kinds = [MessageKind.REPLY, MessageKind.REPLY, MessageKind.NOTE, MessageKind.FORWARD, MessageKind.AUTOMATIC]
        if form.get("message_type") is False:
            kinds[3] = MessageKind.NOTE
        assert [message.kind for message in thread] == kinds
        internal = [message.visibility is Visibility.INTERNAL for message in thread]
        assert internal == [False, False, True, True, False]
        assert [message.author.email for message in thread] == [
            "ann@x.io", "meg@robotsrule.example", "rob@robotsrule.example", "meg@robotsrule.example", None,
        ]  # fmt: skip
        assert thread[4].author.kind is ActorKind.SYSTEM
        assert thread[2].body.text.split() == ["check", "<", "stock", "soon"]
        assert [message.created_at for message in thread][:2] == [SEEDED, SEEDED + timedelta(minutes=5)]


def test_flags_merges_and_people_without_addresses(deskie_account):
    desk, app = deskie_account(dataset())
    tickets = {ticket.id: ticket for ticket in desk.tickets.list(ALL)}
    at = {key: tickets[str(number)] for key, number in app.seeded.cases.items()}
    assert at["junk"].spam
    assert at["bin"].deleted
    assert at["twin"].merged_into == at["main"].id
    assert at["call"].requester.phone == "+49 170 1234567" or at["call"].requester.phone == "+491701234567"
    assert at["call"].channel == "phone"
    assert at["chat"].channel == "chat"
    assert at["chat"].requester.email is None
    plain = {ticket.id for ticket in desk.tickets.list()}
    assert plain == {at[key].id for key in ("main", "sales", "done", "call", "chat")}


def test_get_loads_everything_with_two_calls(deskie_account):
    desk, app = deskie_account(dataset())
    desk.directory.contact(str(app.seeded.users["ann"]))
    [desk.directory.agents(), desk.directory.groups(), desk.directory.tags(), desk.directory.custom_fields()]
    before = desk.transport.stats.calls
    main = desk.tickets.get(str(app.seeded.cases["main"]))
    assert desk.transport.stats.calls - before == 2
    assert main.not_loaded == frozenset()
    assert "Broken" in main.description.text
    assert main.message_count == 5
    assert {file.filename for file in main.attachments} == {PIXEL.filename, REPORT.filename}


def test_inline_pictures_become_cid_and_open_with_auth(deskie_account):
    desk, app = deskie_account(dataset())
    opening = next(iter(desk.messages.list(str(app.seeded.cases["main"]))))
    inline = [file for file in opening.attachments if file.inline]
    assert [file.filename for file in inline] == ["pixel.png"]
    assert f'src="cid:{inline[0].content_id}"' in opening.body.html
    assert app.base_url not in opening.body.html
    reports = [file for file in opening.attachments if not file.inline]
    assert [file.filename for file in reports] == [REPORT.filename] * 2
    for attachment, content in [(inline[0], PIXEL.content), (reports[0], REPORT.content)]:
        with desk.attachments.open(attachment) as stream:
            assert stream.read() == content


def test_listing_with_descriptions_loads_them(deskie_account):
    desk, _ = deskie_account(dataset())
    for listed in desk.tickets.list(TicketQuery(include={"description"})):
        assert listed.description is not None
        assert listed.message_count >= 1


QUERIES = [
    TicketQuery(statuses={Status.OPEN}),
    TicketQuery(statuses={Status.OPEN, Status.CLOSED}),
    TicketQuery(statuses={"waiting"}),
    TicketQuery(statuses={Status.NEW}),
    TicketQuery(statuses={Status.UNKNOWN, Status.OPEN}),
    TicketQuery(priorities={Priority.URGENT}),
    TicketQuery(priorities={Priority.NORMAL, Priority.LOW}),
    TicketQuery(requester="ann@x.io"),
    TicketQuery(requester="ANN@x.IO.TR"),
    TicketQuery(requester={"joann@x.io", "ann@x.io.tr"}),
    TicketQuery(assignee="meg@robotsrule.example"),
    TicketQuery(assignee=NONE),
    TicketQuery(assignee={NONE, "rob@robotsrule.example"}),
    TicketQuery(assignee="nobody@robotsrule.example"),
    TicketQuery(groups="Sales"),
    TicketQuery(groups={"support", "sales"}),
    TicketQuery(groups=NONE),
    TicketQuery(groups="No such group"),
    TicketQuery(tags="bug"),
    TicketQuery(tags={"bug", "vip"}),
    TicketQuery(tags=NONE),
    TicketQuery(tags="never used"),
    TicketQuery(channels="phone"),
    TicketQuery(channels={"chat", "email"}),
    TicketQuery(category="Billing"),
    TicketQuery(type=NONE),
    TicketQuery(custom_fields={"Product": "Chair"}),
    TicketQuery(custom_fields={"Product": "chair", "Urgent": True}),
    TicketQuery(custom_fields={"Order No": "PO-7"}),
    TicketQuery(custom_fields={"Product": NONE}),
    TicketQuery(subject=Match("subject", "prefix")),
    TicketQuery(subject=Match("sales")),
    TicketQuery(subject=Match("a^b")),
    TicketQuery(subject=Match("4711-2026")),
    TicketQuery(subject=Match("4711-2026", "exact")),
    TicketQuery(subject=Match("4711-", "prefix")),
    TicketQuery(subject=Match("2026", "suffix")),
    TicketQuery(created=(SEEDED + timedelta(minutes=10), SEEDED + timedelta(minutes=60))),
    TicketQuery(updated=(SEEDED + timedelta(minutes=80), None)),
    TicketQuery(created=(None, SEEDED + timedelta(minutes=60)), updated=(SEEDED + timedelta(minutes=80), None)),
    TicketQuery(updated=(SEEDED + timedelta(minutes=80), SEEDED + timedelta(minutes=130)), order=Order.UPDATED_DESC),
    TicketQuery(order=Order.CREATED_DESC, limit=3),
]


@pytest.mark.parametrize(
    "form", [{}, {"case_sensitive_search": True, "time_bounds": "exclusive", "labels_match": "all"}], ids=str
)
def test_every_filter_gives_what_python_gives(in_process_account, form):
    from helpdesk_bridge.model.matching import sort_key, ticket_matches

    numbers = ticket("numbers", minutes=90, subject="4711-2026", tags=("vip",))
    nested = ticket("nested", minutes=95, subject="RE: 4711-2026 again a^b")
    with in_process_account(dataset(numbers, nested), settings=form) as (desk, _):
        everything = list(desk.tickets.list(ALL))
        for query in QUERIES:
            wanted = [ticket for ticket in everything if ticket_matches(query, ticket)]
            wanted.sort(key=sort_key(query.order), reverse=query.order.descending)
            tickets = list(desk.tickets.list(query))
            assert [ticket.id for ticket in tickets] == [ticket.id for ticket in wanted][: query.limit], query


def test_explain_sends_nothing(deskie_account):
    desk, _ = deskie_account(dataset())
    plan = desk.tickets.explain(TicketQuery(groups="Sales", statuses={Status.OPEN}, custom_fields={"Order No": "x"}))
    assert desk.transport.stats.calls == 0
    assert plan.native["status"] == "open"
    assert plan.native["group_id"] == "Sales"
    assert plan.client_side == ("custom_fields",)


def test_every_field_of_a_query_is_native_or_client_side_and_explain_tells_which(deskie_account):
    from helpdesk_bridge.model.matching import contact_filters, ticket_filters

    desk, _ = deskie_account(dataset())
    tickets = TicketQuery(
        statuses=Status.OPEN, priorities=Priority.HIGH, requester="ann@x.io", assignee=NONE, groups="Sales", tags="vip",
        channels="email", category=NONE, subcategory=NONE, type=NONE, custom_fields={"Product": "Chair"},
        subject=Match("4711-2026"), created=(SEEDED, None), updated=(None, SEEDED),
    )  # fmt: skip
    plan = desk.tickets.explain(tickets)
    assert set(plan.client_side) == {"category", "subcategory", "type", "custom_fields"}
    assert {
        "status",
        "priority",
        "user_email",
        "staff_id",
        "group_id",
        "labels",
        "channel",
        "subject",
    } <= plan.native.keys()
    assert {"from_time", "to_updated_time", "sort"} <= plan.native.keys()
    assert len(ticket_filters(tickets)) == 14
    contacts = ContactQuery(
        email="Ann@x.io", phone="+49 170 1234567", name=Match("ann"), company="Acme", external_id="U-1",
        created=(SEEDED, None), updated=(SEEDED, None),
    )  # fmt: skip
    plan = desk.contacts.explain(contacts)
    assert set(plan.client_side) == {"phone", "name", "company", "external_id"}
    assert plan.native["user_email"] == "^ann@x.io^"
    assert {"from_time", "from_updated_time"} <= plan.native.keys()
    assert len(contact_filters(contacts)) == 7
    assert desk.transport.stats.calls == 0


def test_what_cannot_match_asks_nothing(deskie_account):
    desk, _ = deskie_account(dataset())
    assert list(desk.tickets.list(TicketQuery(statuses={Status.ON_HOLD}))) == []
    assert list(desk.tickets.list(TicketQuery(category="Billing"))) == []
    assert desk.transport.stats.calls == 0


@pytest.mark.parametrize(
    "query",
    [ContactQuery(), ContactQuery(email="ANN@x.io"), ContactQuery(email={"ann@x.io", "joann@x.io"}),
     ContactQuery(name=Match("ann")), ContactQuery(company="Acme"), ContactQuery(phone="+491701234567"),
     ContactQuery(include={"blocked", "deleted"}), ContactQuery(email=NONE), ContactQuery(created=(SEEDED, None)),
     ContactQuery(created=(None, SEEDED)), ContactQuery(order=Order.UPDATED_DESC)],
)  # fmt: skip
def test_contacts_are_filtered_as_python_does(deskie_account, query):
    from helpdesk_bridge.model.matching import contact_matches, sort_key

    desk, _ = deskie_account(dataset())
    everything = list(desk.contacts.list(ContactQuery(include={"blocked", "deleted"})))
    wanted = sorted(
        (contact for contact in everything if contact_matches(query, contact)),
        key=sort_key(query.order),
        reverse=query.order.descending,
    )
    assert [contact.id for contact in desk.contacts.list(query)] == [contact.id for contact in wanted]


def test_contacts_are_read_whole(deskie_account):
    desk, app = deskie_account(dataset())
    ann = desk.contacts.get(str(app.seeded.users["ann"]))
    assert (ann.name, ann.email, ann.company.name, dict(ann.custom_fields)) == (
        "Ann",
        "ann@x.io",
        "Acme",
        {"Tier": "gold"},
    )
    assert desk.contacts.get(str(app.seeded.users["blocked"])).blocked
    assert desk.contacts.get(str(app.seeded.users["gone"])).deleted
    assert desk.contacts.find(phone="+49 170 1234567").name == "Caller"
    assert desk.contacts.find(phone="0049-170-1234567").name == "Caller"
    assert desk.contacts.find(phone="12") is None


def test_reference_lists(deskie_account):
    desk, _ = deskie_account(dataset())
    assert {agent.email: agent.active for agent in desk.agents.list() if agent.email.startswith(("meg", "old"))} == {
        "meg@robotsrule.example": True, "old@robotsrule.example": False,
    }  # fmt: skip
    assert [group.name for group in desk.groups.list()] == ["Support", "Sales"]
    assert {company.name for company in desk.companies.list()} == {"Acme", "Globex"}
    assert {tag.name for tag in desk.tags.list()} >= {"vip", "bug"}
    fields = {field.name: field for field in desk.custom_fields.list()}
    assert (fields["Product"].type, fields["Product"].options) == (FieldType.SELECT, ("Lamp", "Chair"))
    assert fields["Tier"].applies_to == "contact"
    assert not desk.templates


def test_minimal_cases_and_messages_are_read(in_process_account):
    with in_process_account(dataset(), settings={"minimal_objects": True}) as (desk, app):
        tickets = list(desk.tickets.list(ALL, resolve=False))
        assert len(tickets) == 8
        assert {"tags", "custom_fields"} <= tickets[0].not_loaded
        assert len(list(desk.messages.list(str(app.seeded.cases["main"])))) == 5


def test_a_long_thread_is_read_whole_in_order_while_messages_go(in_process_account):
    messages = tuple(
        SeedMessage("ann", SEEDED + timedelta(seconds=number), text=f"line {number}") for number in range(350)
    )
    with in_process_account(dataset(ticket("long", messages=messages))) as (desk, app):
        number = str(app.seeded.cases["long"])
        listing = desk.messages.list(number)
        assert [message.body.text for message in listing] == [f"line {number}" for number in range(350)]
        # Four pages, the first of them once more at the end, the author and the names of custom fields.
        assert desk.transport.stats.calls == 7
        page = listing.page()
        for message in page.items[10:13]:
            desk.vendor_api.call(
                "DELETE", "/cases/{id}/messages/{message}.json", args={"id": number, "message": message.id}
            )
        texts = [row.body.text for row in page.items]
        while page.next is not None:
            page = listing.page(page.next)
            texts += [row.body.text for row in page.items]
        assert set(texts) == {f"line {number}" for number in range(350)}


def test_raw_is_kept_only_when_asked_and_without_the_password(in_process_account):
    from helpdesk_bridge import ContactDraft

    with in_process_account(dataset(), table={"keep_raw": True}) as (desk, app):
        assert desk.tickets.get(str(app.seeded.cases["main"])).raw["case_number"]
        assert next(iter(desk.messages.list(str(app.seeded.cases["main"])))).raw["message_id"]
        created = desk.contacts.create(ContactDraft(emails=("fresh@x.io",)))
        assert "password" not in created.raw
    with in_process_account(dataset()) as (desk, app):
        assert desk.tickets.get(str(app.seeded.cases["main"])).raw is None


def test_unknown_ids_are_not_found(deskie_account):
    desk, _ = deskie_account(dataset())
    for call in (
        lambda: desk.tickets.get("999999"),
        lambda: desk.contacts.get("999999"),
        lambda: list(desk.messages.list("999999")),
    ):
        with pytest.raises(NotFound):
            call()


def test_what_deskie_lacks_is_refused_unsent(deskie_account):
    desk, _ = deskie_account(dataset())
    with pytest.raises(Unsupported):
        desk.templates.list()
    assert desk.capabilities.missing("tickets.create:cc", "messages.add_from_contact") == ("tickets.create:cc",)
    assert desk.transport.stats.calls == 0


def test_a_label_made_elsewhere_is_named_after_one_more_list(in_process_account):
    with in_process_account(dataset()) as (desk, app):
        list(desk.tickets.list())
        main = app.seeded.cases["main"]
        made = desk.vendor_api.call("POST", "/labels.json", body={"label": {"label_title": "new here"}})
        desk.vendor_api.cases.update(main, add_labels=[made["label"]["label_id"]])
        main = str(main)
        assert "new here" in desk.tickets.get(main).tags
        calls = desk.transport.stats.calls
        assert "new here" in desk.tickets.get(main).tags
        assert desk.transport.stats.calls - calls == 2


def test_hundreds_of_people_are_listed_in_order(deskie_account):
    from attrs import evolve

    base = dataset()
    crowd = tuple(
        evolve(
            person(f"p{number}", f"p{number}@x.io"),
            created_at=datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=number),
        )
        for number in range(450)
    )
    desk, _ = deskie_account(evolve(base, people=(*base.people, *crowd)))
    for order in Order:
        contacts = list(desk.contacts.list(ContactQuery(include={"blocked", "deleted"}, order=order)))
        assert len(contacts) == len({contact.id for contact in contacts}) == 450 + 8
        times = [contact.updated_at if order.by_update else contact.created_at for contact in contacts]
        assert times == sorted(times, reverse=order.descending)


def test_an_empty_answer_amid_a_scan_does_not_end_it(in_process_account):
    with in_process_account(tickets=320) as (desk, app):
        app.faults.inject("empty", on="GET /api/cases.json", after=1, times=1)
        assert len(list(desk.tickets.list(ALL, resolve=False))) == 320
        app.faults.inject("empty", on="GET /api/users.json", after=2, times=1)
        everybody = ContactQuery(include={"blocked", "deleted"})
        assert len(list(desk.contacts.list(everybody))) == desk.vendor_api.users.page(limit=1).total
