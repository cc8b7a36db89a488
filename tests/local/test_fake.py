"""``FakeHelpdesk`` is the local desk with its inspection at hand."""

from __future__ import annotations

import pytest

from helpdesk_bridge import MessageDraft, TicketDraft, TicketQuery
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.errors import Conflict
from helpdesk_bridge.local.desk import Call
from helpdesk_bridge.model.records import Agent, FieldType
from helpdesk_bridge.testing.fake import FakeHelpdesk


@pytest.fixture
def fake(clock):
    with FakeHelpdesk(clock=clock) as opened:
        yield opened


def _draft(**over):
    return TicketDraft(**{"subject": "Help", "description": "x", "requester": "ann@example.com", **over})


def test_outbox_and_calls(fake):
    ticket = fake.tickets.create(_draft())
    fake.messages.reply(ticket.id, MessageDraft(body="Hello"))
    fake.messages.note(ticket.id, MessageDraft(body="secret"))
    assert [(message.to, message.body.text) for message in fake.outbox] == [(("ann@example.com",), "Hello")]
    assert fake.calls == (
        Call("tickets.create", ticket.id), Call("messages.reply", ticket.id), Call("messages.note", ticket.id),
    )  # fmt: skip
    fake.reset()
    assert fake.outbox == fake.calls == fake.all_tickets() == fake.all_contacts() == ()


def test_a_dataset_is_loaded_whole(fake):
    dataset = generate(120, 3)
    ids = fake.seed(dataset)
    tickets = {ticket.id: ticket for ticket in fake.all_tickets()}
    assert len(tickets) == 120
    for old in dataset.tickets:
        got = tickets[ids[old.key]]
        assert (got.subject, got.status.value, got.priority.value) == (old.subject, old.status, old.priority)
        assert (got.created_at, got.updated_at, got.tags) == (old.created_at, old.updated_at, old.tags)
        assert (got.spam, got.deleted) == (old.spam, old.deleted)
        assert got.merged_into == (ids[old.merged_into] if old.merged_into else None)
        assert set(got.custom_fields) == set(old.custom_fields)
        requester = dataset.person(old.requester)
        if requester.email:
            assert got.requester.email.casefold() == requester.email.casefold()
        thread = list(fake.messages.list(got.id))
        assert len(thread) == len(old.messages) == got.message_count
        assert thread[0].opening
        in_order = sorted(old.messages[1:], key=lambda message: message.created_at)
        for message, seeded in zip(thread, (old.messages[0], *in_order), strict=True):
            assert (message.body.html, message.created_at) == (seeded.html, seeded.created_at)
            assert (message.visibility.value == "internal") == seeded.private
            assert [file.filename for file in message.attachments] == [file.filename for file in seeded.files]
            for attachment, file in zip(message.attachments, seeded.files, strict=True):
                with fake.attachments.open(attachment) as stream:
                    assert stream.read() == file.content
    assert {group.name for group in fake.groups.list()} >= set(dataset.groups)
    assert {agent.email for agent in fake.agents.list()} == {agent.email for agent in dataset.agents}
    assert len(fake.custom_fields.list()) == len(dataset.fields)


def test_seeding_by_number_and_with_a_narrowed_fake(clock):
    with FakeHelpdesk(capabilities="deskie", clock=clock) as fake:
        fake.seed(40, seed=1)
        assert len(fake.all_tickets()) == 40
        assert {ticket.status for ticket in fake.all_tickets()} <= set(fake.capabilities.statuses)


def test_snapshots_go_back_and_into_another_fake(fake, clock):
    ticket = fake.tickets.create(_draft(tags=["a"]))
    before = fake.snapshot()
    fake.removal.ticket(ticket.id)
    fake.tickets.create(_draft(subject="other"))
    fake.restore(before)
    assert [one.subject for one in fake.all_tickets()] == ["Help"]
    assert fake.tickets.create(_draft()).id == "2"
    with FakeHelpdesk(clock=clock, state=before) as other:
        assert [one.subject for one in other.all_tickets()] == ["Help"]
        assert other.account != fake.account
        assert other.snapshot() == before


def test_people_groups_and_fields_are_set_up(fake):
    setup = fake.inspection
    bob = setup.add_agent(name="Bob", email="bob@desk.example")
    setup.add_group("Sales")
    setup.add_company("Acme", domains=("acme.example",))
    setup.add_tag("vip")
    setup.define_field("Size", FieldType.SELECT, options=("S", "M"))
    setup.define_field("Size", applies_to="contact")
    for again in (
        lambda: setup.add_agent(email="BOB@desk.example"),
        lambda: setup.add_group("sales"),
        lambda: setup.define_field("Size"),
    ):
        with pytest.raises(Conflict):
            again()
    ticket = fake.tickets.create(_draft(assignee="bob@desk.example", custom_fields={"size": "M"}))
    assert dict(ticket.custom_fields) == {"Size": "M"}
    assert fake.directory.field("Size").options == ("S", "M")
    setup.change_agent(Agent(id=bob.id, name="Robert", email="bob@desk.example"))
    assert fake.tickets.get(ticket.id).assignee.name == "Robert"
    assert [one.id for one in fake.tickets.list(TicketQuery(assignee="bob@desk.example"))] == [ticket.id]
    assert fake.companies.list()[0].domains == ("acme.example",)


def test_a_fake_is_shown_like_a_desk(fake):
    assert str(fake) == f"fake (Local desk {fake.account})"
    assert fake.rate_limit is fake.budget is fake.transport is None
