"""What the core does once for every vendor."""

from datetime import UTC, datetime

import pytest
import stub_vendor
from stub_vendor import ticket

from helpdesk_bridge import (
    Actor,
    ActorKind,
    ContactDraft,
    MessageDraft,
    Status,
    TicketChange,
    TicketDraft,
    TicketQuery,
    Upload,
    open_desk,
)
from helpdesk_bridge.adapter import Page, QuerySplit
from helpdesk_bridge.config import registry
from helpdesk_bridge.errors import BadResponse, ConfigError, Invalid, NotFound, Unsupported, WrongDesk
from helpdesk_bridge.model.queries import Order
from helpdesk_bridge.model.records import Agent, Contact, Group
from helpdesk_bridge.model.values import Priority, Ref, Visibility


@pytest.fixture
def opened():
    unregister = []

    def open_stub(table=None, **changes):
        stub = stub_vendor.reset(**changes)
        unregister.append(registry.register(stub.vendor()))
        desk = open_desk({"vendor": "stub", **(table or {})}, name="support")
        return desk, stub.opened[-1]

    yield open_stub
    for one in unregister:
        one()


DRAFT = {"subject": "Hi", "description": "Text", "requester": "ann@x.io"}


def test_opening_does_no_io_and_a_desk_tells_its_name_vendor_and_account(opened):
    desk, stub = opened()
    assert str(desk) == "support (Stub acme)"
    assert stub.calls == []
    with desk:
        pass
    assert stub.calls == [("close",)]


def test_a_listing_is_lazy_yields_each_record_once_and_stops_at_the_limit(opened):
    desk, stub = opened()
    stub.pages = [Page((ticket("1"), ticket("2")), "1"), Page((ticket("2"), ticket("3")), "2"), Page((ticket("4"),))]
    listing = desk.tickets.list()
    assert stub.calls == []
    assert [one.id for one in listing] == ["1", "2", "3", "4"]
    stub.calls.clear()
    assert [one.id for one in desk.tickets.list(TicketQuery(limit=2))] == ["1", "2"]
    assert len(stub.calls) == 1


def test_pages_that_go_round_in_a_circle_are_an_error(opened):
    desk, stub = opened()
    stub.pages = [Page((ticket("1"),), "1"), Page((ticket("2"),), "1")]
    with pytest.raises(BadResponse, match="loop"):
        list(desk.tickets.list())
    stub.pages = [Page((ticket("1"),), "1"), Page((ticket("1"),), "0")]
    with pytest.raises(BadResponse, match="loop"):
        list(desk.tickets.list())


def test_the_client_side_part_is_compared_here_and_a_vendor_that_cannot_order_is_sorted(opened):
    desk, stub = opened()
    day = [datetime(2026, 1, one, tzinfo=UTC) for one in (1, 2, 3)]
    stub.pages = [
        Page(
            (
                ticket("1", status=Status.OPEN, created_at=day[1]),
                ticket("2", status=Status.CLOSED, created_at=day[0]),
                ticket("3", status=Status.OPEN, created_at=day[2]),
            )
        )
    ]
    stub.split_of = lambda query: QuerySplit(query, ordered=False)
    found = desk.tickets.list(TicketQuery(statuses={Status.OPEN}, order=Order.CREATED_DESC))
    assert [one.id for one in found] == ["3", "1"]


def test_explain_sends_nothing(opened):
    desk, stub = opened()
    stub.split_of = lambda query: QuerySplit(query, fields=frozenset({"subject"}), described={"subject": "^Hi"})
    told = desk.tickets.explain(TicketQuery(subject="Hi", tags="x"))
    assert (told.native, told.client_side, told.calls) == ({"subject": "^Hi"}, ("tags",), 1)
    assert stub.calls == []


def test_a_query_that_nothing_can_match_makes_no_call(opened):
    desk, stub = opened()
    stub.split_of = lambda query: QuerySplit(query, empty=True)
    listing = desk.tickets.list()
    assert (list(listing), listing.count(), listing.page().items) == ([], 0, ())
    assert stub.calls == []


@pytest.mark.parametrize(
    ("use", "capability"),
    [
        (lambda d: d.tickets.create(TicketDraft(**DRAFT, type="Bug")), "tickets.create:type"),
        (lambda d: d.tickets.create(TicketDraft(**DRAFT, status=Status.SOLVED)), "status:solved"),
        (lambda d: d.tickets.create(TicketDraft(**DRAFT, status="Erledigt")), "status"),
        (lambda d: d.tickets.create(TicketDraft(**DRAFT), idempotency_key="k"), "idempotency:tickets.create"),
        (lambda d: d.tickets.update("1", TicketChange(assignee=None)), "tickets.update:assignee"),
        (lambda d: d.messages.add_from_contact("1", MessageDraft(body="x"), "a@x.io"), "messages.add_from_contact"),
        (lambda d: d.contacts.create(ContactDraft(emails=["a@x.io"], external_id="7")), "contacts.create:external_id"),
        (lambda d: d.agents.list(), "agents"),
        (lambda d: d.importer.find("ticket", "m", None, None), "importer"),
        (lambda d: d.events(datetime.now(UTC)), "events"),
    ],
)
def test_what_a_vendor_cannot_do_is_refused_before_anything_is_sent(opened, use, capability):
    desk, stub = opened()
    with pytest.raises(Unsupported) as caught:
        use(desk)
    assert caught.value.capability == capability
    assert stub.calls == []


def test_an_unsupported_status_names_the_nearest(opened):
    desk, _ = opened()
    with pytest.raises(Unsupported, match="nearest is closed"):
        desk.tickets.update("1", TicketChange(status=Status.SOLVED))


@pytest.mark.parametrize(
    ("use", "field"),
    [
        (lambda d: d.tickets.create(TicketDraft(**{**DRAFT, "subject": "x" * 11})), "subject"),
        (lambda d: d.tickets.create(TicketDraft(**{**DRAFT, "requester": ""})), "requester"),
        (lambda d: d.tickets.update("1", TicketChange()), "change"),
        (lambda d: d.tickets.get(""), "id"),
        (lambda d: d.messages.note("1", MessageDraft(body="  ")), "body"),
        (
            lambda d: d.messages.note("1", MessageDraft(body="x", attachments=[Upload.from_bytes("a", b"12345")])),
            "attachments",
        ),
        (
            lambda d: d.messages.note("1", MessageDraft(body="x", attachments=[Upload.from_bytes("a", b"")] * 2)),
            "attachments",
        ),
        (lambda d: d.contacts.create(ContactDraft(name="Ann")), "emails"),
        (lambda d: d.contacts.find(), "email"),
    ],
)
def test_a_bad_value_is_refused_before_anything_is_sent(opened, use, field):
    desk, stub = opened()
    with pytest.raises(Invalid) as caught:
        use(desk)
    assert caught.value.field == field
    assert stub.calls == []


def test_a_ref_of_another_account_is_refused_and_of_this_one_taken(opened):
    desk, stub = opened()
    with pytest.raises(WrongDesk):
        desk.tickets.get("stub:other/ticket/1")
    assert stub.calls == []
    desk.tickets.get("stub:acme/ticket/7")
    assert stub.calls == [("tickets.get", "7")]


def test_an_error_tells_desk_and_operation_and_not_found_empties_the_directory(opened):
    desk, stub = opened()
    loads = []
    stub.context.directory.bind(agents=lambda: loads.append(1) or [Agent(id="4", name="Bo")])
    desk.directory.agents()
    stub.fail = NotFound("there is no such ticket")
    with pytest.raises(NotFound, match=r"\[support, tickets.get\]"):
        desk.tickets.get("7")
    desk.directory.agents()
    assert len(loads) == 2


def test_people_and_groups_are_filled_in_with_each_list_and_contact_asked_once(opened):
    desk, stub = opened()
    loads = []
    stub.context.directory.bind(
        agents=lambda: loads.append("agents") or [Agent(id="4", name="Bo", email="bo@x.io")],
        groups=lambda: loads.append("groups") or [Group(id="9", name="Sales")],
        contact=stub_vendor.StubContacts(stub).get,
    )
    stub.contact_records = {"7": Contact(id="7", ref="stub:acme/contact/7", name="Ann", emails=("ann@x.io",))}
    stub.pages = [
        Page(
            tuple(
                ticket(
                    str(n),
                    requester=Actor(ActorKind.CONTACT, id="7"),
                    assignee=Actor(ActorKind.AGENT, id="4"),
                    group=Ref("9"),
                )
                for n in range(3)
            )
        )
    ]
    for one in desk.tickets.list():
        assert (one.requester.email, one.assignee.email, one.group.name) == ("ann@x.io", "bo@x.io", "Sales")
    assert loads == ["agents", "groups"]
    assert stub.calls.count(("contacts.get", "7")) == 1
    stub.calls.clear()
    desk.refresh()
    assert next(iter(desk.tickets.list(resolve=False))).requester.email is None
    assert ("contacts.get", "7") not in stub.calls


def test_the_applications_own_names_go_out_as_the_vendors_and_come_back(opened):
    aliases = {
        "custom_fields": {"order_number": "Order No"},
        "statuses": {"waiting_for_parts": "Awaiting parts", "solved": "Erledigt"},
        "groups": {"sales": "Vertrieb"},
        "tags": {"vip": "VIP customer"},
        "agents": {"bo": "bo@x.io"},
    }
    desk, stub = opened(aliases, open_statuses=True)
    draft = TicketDraft(
        **DRAFT,
        custom_fields={"order_number": "A-7"},
        status="waiting_for_parts",
        group="sales",
        tags=["vip"],
        assignee="bo",
    )
    created = desk.tickets.create(draft)
    sent = stub.calls[-1][1]
    assert sent.custom_fields == {"Order No": "A-7"}
    assert (sent.status, sent.group, sent.tags, sent.assignee) == (
        "Awaiting parts",
        "Vertrieb",
        ("VIP customer",),
        "bo@x.io",
    )
    assert created.custom_fields == {"order_number": "A-7"}
    stub.pages = [
        Page(
            (
                ticket(
                    "1",
                    status_label="erledigt",
                    group=Ref("1", "Vertrieb"),
                    tags=("VIP customer",),
                    custom_fields={"Order No": "A-7"},
                ),
            )
        )
    ]
    found = list(
        desk.tickets.list(
            TicketQuery(statuses={Status.SOLVED}, groups="sales", tags="vip", custom_fields={"order_number": "a-7"})
        )
    )
    assert [(one.status, one.status_label, one.group.name, one.tags) for one in found] == [
        (Status.SOLVED, "solved", "sales", ("vip",))
    ]
    desk.tickets.update("1", TicketChange(status=Status.SOLVED))
    assert stub.calls[-1][2].status == "Erledigt"


def test_find_compares_again_whatever_the_vendor_returned(opened):
    desk, stub = opened()
    stub.contact_records = {
        "1": Contact(id="1", ref="stub:acme/contact/1", emails=("joann@x.io",)),
        "2": Contact(id="2", ref="stub:acme/contact/2", emails=("Ann@X.io",)),
    }
    assert desk.contacts.find(email="ann@x.io").id == "2"
    assert desk.contacts.find(email="nobody@x.io") is None


@pytest.mark.parametrize("status", [Status.CLOSED, "Closed", "CLOSED", "closed"])
@pytest.mark.parametrize("priority", [Priority.LOW, "Low", "LOW", "low"])
def test_an_adapter_gets_a_status_and_a_priority_as_the_vendors_labels_however_they_are_given(opened, status, priority):
    desk, stub = opened()
    values = {"status": status, "priority": priority}
    desk.tickets.create(TicketDraft(subject="x", description="y", requester="ann@x.io", **values))
    desk.tickets.update("1", TicketChange(**values))
    (_, draft), (_, _, change) = stub.calls
    assert (draft.status, draft.priority) == (change.status, change.priority) == ("Closed", "Low")


@pytest.mark.parametrize("field", ["status", "priority"])
@pytest.mark.parametrize("value", ["", "  ", 3, True, ("open",), Visibility.PUBLIC])
def test_what_is_neither_a_member_nor_a_label_is_invalid_and_not_sent(opened, field, value):
    desk, stub = opened()
    for call in (
        lambda: desk.tickets.update("1", TicketChange(**{field: value})),
        lambda: desk.tickets.create(TicketDraft(subject="x", description="y", requester="a@x.io", **{field: value})),
    ):
        with pytest.raises(Invalid) as refused:
            call()
        assert refused.value.field == field
    assert stub.calls == []


def test_an_alias_of_a_status_that_the_vendor_lacks_is_refused_when_the_desk_is_opened(opened):
    with pytest.raises(ConfigError, match=r"parts = 'Awaiting parts', and Stub has no such status; use one of Open"):
        opened({"statuses": {"parts": "Awaiting parts"}})


def test_a_status_goes_out_as_the_vendor_spells_it_however_the_alias_does(opened):
    desk, stub = opened({"statuses": {"done": "CLOSED"}})
    desk.tickets.update("1", TicketChange(status="done"))
    assert stub.calls[-1][2].status == "Closed"
