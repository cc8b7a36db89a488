import pytest

from helpdesk_bridge.adapter.directory import CONTACTS_KEPT, Directory
from helpdesk_bridge.errors import Invalid, NotFound
from helpdesk_bridge.model.records import Agent, Contact, FieldDefinition, Group, Tag
from helpdesk_bridge.model.values import Actor, Ref
from helpdesk_bridge.testing.clock import ManualClock


class Source:
    def __init__(self):
        self.calls = []

    def agents(self):
        self.calls.append("agents")
        return [Agent(id="4", name="Bo", email="Bo@x.io"), Agent(id="5", name="Cy")]

    def groups(self):
        self.calls.append("groups")
        return [Group(id="9", name="Sales")]

    def tags(self):
        self.calls.append("tags")
        return [Tag(id="1", name="VIP")]

    def custom_fields(self):
        self.calls.append("custom_fields")
        return [FieldDefinition(key="cf_25", name="Order No"), FieldDefinition(key="cf_26", name="order no")]

    def contact(self, contact_id):
        self.calls.append(contact_id)
        if contact_id == "gone":
            raise NotFound("no such contact")
        return Contact(id=contact_id, ref=f"x:y/contact/{contact_id}", emails=(f"{contact_id}@x.io",))


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def source():
    return Source()


@pytest.fixture
def directory(clock, source):
    directory = Directory(clock, ttl=600)
    directory.bind(
        agents=source.agents, groups=source.groups, tags=source.tags, custom_fields=source.custom_fields,
        contact=source.contact, complete={"agents", "groups"},
    )  # fmt: skip
    return directory


def test_a_list_is_asked_once_until_its_time_is_over_or_it_is_dropped(directory, source, clock):
    for _ in range(3):
        directory.agent("bo@X.io")
    assert source.calls == ["agents"]
    clock.advance(601)
    directory.agents()
    directory.refresh("agents")
    directory.agents()
    assert source.calls == ["agents"] * 3


def test_a_name_that_a_complete_list_does_not_have_is_refused_before_sending(directory):
    with pytest.raises(Invalid) as caught:
        directory.agent("nobody@x.io")
    assert caught.value.field == "assignee"
    assert "nobody" not in str(caught.value)
    with pytest.raises(Invalid):
        directory.group("Vertrieb")


def test_an_incomplete_list_lets_names_pass(clock):
    directory = Directory(clock)
    assert directory.agent("a@x.io") == Actor.agent(email="a@x.io")
    assert directory.agent("7") == Actor.agent(id="7")
    assert directory.group("Sales") == Ref(None, "Sales")
    assert directory.contact("7") is None


def test_names_ids_and_refs_find_the_same(directory):
    assert directory.group("sales") == directory.group("9") == directory.group(Ref("9")) == Ref("9", "Sales")
    assert (
        directory.agent("4") == directory.agent(Actor.agent(id="4")) == Actor.agent(id="4", name="Bo", email="Bo@x.io")
    )
    assert directory.tag("vip").id == "1"
    assert directory.field("order no").key == "cf_26"
    assert directory.field("cf_25").name == "Order No"
    assert directory.field("ORDER NO").key == "cf_25"
    assert directory.field("colour") is None


def test_a_contact_is_asked_at_most_once_also_when_it_is_gone(directory, source):
    assert directory.contact("7").email == "7@x.io"
    directory.contact("7")
    assert directory.contact("gone") is None
    directory.contact("gone")
    assert source.calls == ["7", "gone"]


def test_contacts_are_bounded(directory, source):
    for number in range(CONTACTS_KEPT + 1):
        directory.remember(Contact(id=str(number), ref="x:y/contact/1"))
    directory.contact("0")
    assert source.calls == ["0"]


def test_an_agent_that_is_not_listed_stays_as_the_vendor_named_it(directory):
    unknown = Actor.agent(id="77")
    assert directory.agent_of(unknown) is unknown


def test_a_list_that_comes_empty_is_asked_for_again_and_one_that_stays_empty_once():
    group = Group(id="9", name="Sales")
    clock, answers, calls = ManualClock(), [(), (group,), (), ()], []

    def load():
        calls.append(clock.now())
        return answers.pop(0) if answers else ()

    directory = Directory(clock, ttl=10)
    directory.bind(groups=load)
    assert directory.groups() == (group,)
    assert len(calls) == 2
    for _ in range(3):
        clock.advance(10)
        assert directory.groups() == ()
    assert len(calls) == 6
