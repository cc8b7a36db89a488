from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve
from migration.faulty_desk import destination, source

from helpdesk_bridge.config.aliases import Aliases, AliasTable
from helpdesk_bridge.migration.desk import MigrationDesk
from helpdesk_bridge.migration.plan.values import Answer, Values, as_number
from helpdesk_bridge.model.records import FieldDefinition, FieldType
from helpdesk_bridge.model.values import Actor, Priority, Ref, Status
from helpdesk_bridge.ratelimit.policy import RateLimitPolicy, Window
from helpdesk_bridge.testing.fake import FakeHelpdesk

POLICY = RateLimitPolicy(windows=(Window(100, 60.0),))


def values(complete=("agents", "groups", "tags", "custom_fields"), aliases=None, source_aliases=None, **parts):
    capabilities = evolve(
        FakeHelpdesk().capabilities,
        statuses={Status.OPEN: "Open", Status.PENDING: "Waiting", Status.CLOSED: "Closed"},
        priorities={Priority.NORMAL: "Medium", Priority.URGENT: "Critical"},
        complete_lists=frozenset(complete),
    )
    new = destination(capabilities=capabilities, rate_limit=POLICY, aliases=aliases or Aliases(), **parts)
    new.fake.inspection.add_group("Accounts")
    new.fake.inspection.add_tag("VIP")
    new.fake.inspection.add_agent(name="Old", email="old@desk.example", active=False)
    new.fake.inspection.define_field("Order No")
    old = destination(aliases=source_aliases or Aliases())
    return Values(MigrationDesk(old), MigrationDesk(new))


@pytest.mark.parametrize(
    ("status", "label", "expected", "is_open"),
    [
        (Status.OPEN, "offen", (Status.OPEN, "Open"), False),
        (Status.UNKNOWN, "waiting", (Status.PENDING, "Waiting"), False),
        (Status.NEW, "new", (Status.OPEN, "Open"), True),
        (Status.SOLVED, None, (Status.CLOSED, "Closed"), True),
        (Status.UNKNOWN, "Awaiting parts", (Status.OPEN, "Open"), True),
    ],
)
def test_statuses_match_by_word_then_by_meaning_else_the_nearest_is_proposed(status, label, expected, is_open):
    answer = values().status(status, label)
    assert (answer.value, answer.open) == (expected, is_open)


def test_an_alias_goes_before_the_name():
    found = values(
        aliases=Aliases(
            groups=AliasTable({"billing": "Accounts"}),
            statuses=AliasTable({"parts": "Awaiting parts"}),
            status_meanings={"awaiting parts": Status.ON_HOLD},
            agents=AliasTable({"boss": "eve@desk.example"}),
            tags=AliasTable({"gold": "VIP"}),
            custom_fields=AliasTable({"order_number": "Order No"}),
        ),
        source_aliases=Aliases(agents=AliasTable({"boss": "chief@elsewhere.example"})),
    )
    assert found.group("billing").value.name == "Accounts"
    assert found.status(Status.UNKNOWN, "parts").value == (Status.ON_HOLD, "Awaiting parts")
    assert found.agent("chief@elsewhere.example").value.email == "eve@desk.example"
    assert found.tag("gold").value == "VIP"
    assert found.custom_field("order_number").value == "Order No"


def test_names_are_compared_as_people_compare_them():
    found = values()
    assert found.group("ACCOUNTS").value.name == "Accounts"
    assert found.tag("vip").value == "VIP"
    assert found.custom_field("order no").value == "Order No"
    assert found.agent("EVE@desk.example").value.name == "Eve"


@pytest.mark.parametrize(
    ("ask", "old"),
    [
        ("group", "Nobody"),
        ("tag", "nothing"),
        ("custom_field", "Colour"),
        ("agent", "x@y.example"),
        ("agent", "old@desk.example"),
    ],
)
def test_what_a_complete_list_does_not_hold_needs_a_decision(ask, old):
    answer = getattr(values(), ask)(old)
    assert (answer.value, answer.open) == (None, True)


def test_an_agent_that_the_source_knows_by_id_alone_is_nobody_at_the_destination():
    found = values()
    ids = [agent.id for agent in found.destination.agents if agent.active]
    assert ids
    for agent_id in ids:
        assert found.agent(agent_id) == Answer(None, open=True)
        assert found.author(Actor.agent(id=agent_id, name="Zoe")) == Actor.agent(name="Zoe")
    translated = values(source_aliases=Aliases(agents=AliasTable({ids[0]: "17"})))
    assert translated.agent("17").value.id == ids[0]


def test_who_watches_is_decided_as_who_has_the_ticket_unless_it_is_said_otherwise():
    found = values()
    assert found.watcher("gone@desk.example") == Answer(None, open=True)
    found.decide("assignee", "gone@desk.example", "old@desk.example")
    assert found.watcher("gone@desk.example").value == found.agent("gone@desk.example").value
    found.decide("watcher", "gone@desk.example", None)
    assert found.watcher("gone@desk.example").value is None
    assert found.agent("gone@desk.example").value is not None


def test_what_a_list_may_not_show_passes_until_it_is_refused():
    found = values(complete=())
    assert found.group("Nobody").value == Ref(None, "Nobody")
    assert found.agent("x@y.example").value == Actor.agent(email="x@y.example")
    assert found.custom_field("Colour").value == "Colour"
    assert not found.tag("nothing").open


def test_a_decision_holds_whatever_the_lists_say():
    found = values()
    found.decide("group", "nobody", "Accounts")
    found.decide("tag", "VIP", None)
    found.decide("status", "new", "waiting")
    found.decide("priority", "low", "Critical")
    assert found.group("Nobody").value.name == "Accounts"
    assert (found.tag("vip").value, found.tag("vip").open) == (None, False)
    assert found.status(Status.NEW, "new").value == (Status.PENDING, "Waiting")
    assert found.priority(Priority.LOW, "low").value == (Priority.URGENT, "Critical")


def test_a_desk_without_a_vendor_takes_everything_as_it_is():
    found = Values(MigrationDesk(source()), MigrationDesk(destination()))
    assert found.status(Status.UNKNOWN, "Awaiting parts").value == (Status.UNKNOWN, "Awaiting parts")
    assert not found.group("Nobody").open
    assert not found.tag("nothing").open


def test_a_word_that_a_list_field_lacks_needs_a_decision():
    field = FieldDefinition(key="size", name="Size", type=FieldType.SELECT, options=("Small", "Large"))
    found = values()
    found.destination.__dict__["custom_fields"] = (field,)
    assert found.option("Size", "small").value == "Small"
    assert found.option("Size", "Medium").open
    found.decide("option", "Size=Medium", "Large")
    assert found.option("Size", "Medium").value == "Large"


@pytest.mark.parametrize(
    ("text", "number"),
    [("271", 271), (" 5.50 ", Decimal("5.50")), ("A-7", "A-7"), ("NaN", "NaN"), ("", "")],
)
def test_texts_that_are_numbers(text, number):
    assert as_number(text) == number
