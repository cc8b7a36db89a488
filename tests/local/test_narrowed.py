"""A desk that is like another vendor refuses what that vendor cannot do, before anything is written."""

from __future__ import annotations

import pytest

from helpdesk_bridge import MessageDraft, Priority, Status, TicketChange, TicketDraft, Upload, open_desk
from helpdesk_bridge.adapter import Vendor
from helpdesk_bridge.config import registry
from helpdesk_bridge.errors import ConfigError, Invalid, Unsupported
from helpdesk_bridge.local.settings import LocalSettings
from helpdesk_bridge.model.capabilities import Capabilities, FileLimits
from helpdesk_bridge.model.values import Actor
from helpdesk_bridge.testing.fake import FakeHelpdesk

SMALL = Capabilities(
    vendor="small",
    operations=frozenset(
        {"tickets.list", "tickets.get", "tickets.create", "tickets.update", "messages.list", "messages.note",
         "contacts.list", "contacts.get", "groups.list", "agents.list"}
    ),
    ticket_create=frozenset({"subject", "description", "requester", "status", "group", "assignee"}),
    ticket_update=frozenset({"status", "group"}),
    contact_needs=frozenset({"email"}),
    statuses={Status.OPEN: "open", Status.PENDING: "waiting", Status.CLOSED: "closed"},
    priorities={Priority.LOW: "P3"},
    subject_limit=10,
    files=FileLimits(count=0),
    notes={"messages.reply": "it only listens"},
)  # fmt: skip


@pytest.fixture
def fake(clock):
    with FakeHelpdesk(capabilities=SMALL, clock=clock) as opened:
        yield opened


def _draft(**over):
    return TicketDraft(**{"subject": "Help", "description": "x", "requester": "ann@example.com", **over})


def test_operations_fields_statuses_and_limits_are_refused(fake):
    ticket = fake.tickets.create(_draft())
    before = fake.snapshot()
    for refused in (
        lambda: fake.messages.reply(ticket.id, MessageDraft(body="x")),
        lambda: fake.messages.add_from_contact(ticket.id, MessageDraft(body="x"), "ann@example.com"),
        lambda: fake.tickets.create(_draft(tags=["x"])),
        lambda: fake.tickets.update(ticket.id, TicketChange(subject="x")),
        lambda: fake.tickets.update(ticket.id, TicketChange(status=Status.SOLVED)),
        lambda: fake.tickets.update(ticket.id, TicketChange(status="Erledigt")),
        lambda: fake.tickets.create(_draft(), idempotency_key="k"),
        lambda: fake.contacts.find(email="ann@example.com"),
        lambda: fake.importer.contact(None, ""),
        lambda: fake.tags.list(),
        lambda: fake.messages.note(ticket.id, MessageDraft(body="x", attachments=[Upload.from_bytes("a", b"a")])),
    ):
        with pytest.raises(Unsupported):
            refused()
    for invalid in (
        lambda: fake.tickets.create(_draft(subject="x" * 11)),
        lambda: fake.tickets.create(_draft(requester=Actor.contact(phone="+491701234567"))),
        lambda: fake.tickets.create(_draft(group="Nobody")),
        lambda: fake.tickets.create(_draft(assignee="nobody@desk.example")),
    ):
        with pytest.raises(Invalid):
            invalid()
    assert fake.snapshot() == before
    assert not fake.importer
    assert not fake.removal
    with pytest.raises(Unsupported, match="only listens"):
        fake.messages.reply(ticket.id, MessageDraft(body="x"))


def test_what_is_there_can_be_named(fake):
    fake.inspection.add_group("Sales")
    agent = fake.inspection.add_agent(name="Bob", email="bob@desk.example")
    ticket = fake.tickets.create(_draft(group="sales", assignee=agent.id))
    assert (ticket.group.name, ticket.assignee.name) == ("Sales", "Bob")
    assert (ticket.status, ticket.status_label) == (Status.OPEN, "open")
    assert fake.tickets.update(ticket.id, TicketChange(status="waiting")).status is Status.PENDING


def test_like_names_a_vendor(clock):
    vendor = Vendor(
        name="small",
        title="Small",
        settings=LocalSettings,
        account=lambda _: "x",
        policy=lambda _: None,
        capabilities=lambda _: SMALL,
        open="nowhere:nothing",
    )
    unregister = registry.register(vendor)
    try:
        with pytest.raises(ConfigError, match=r"like: .*needs path"):
            open_desk({"vendor": "local", "path": ":memory:", "like": "small"})
    finally:
        unregister()


@pytest.mark.parametrize("name", ["deskie", "desk365", "desk360"])
def test_a_desk_can_be_like_each_vendor(name, clock):
    with (
        FakeHelpdesk(capabilities=name, clock=clock) as fake,
        open_desk({"vendor": "local", "path": ":memory:", "like": name}) as desk,
    ):
        assert desk.capabilities == fake.capabilities
        whole = FakeHelpdesk(clock=clock).capabilities
        assert desk.capabilities.operations <= whole.operations
        assert desk.capabilities.ticket_create < whole.ticket_create
        assert desk.capabilities.statuses
        if desk.capabilities.supports("tickets.create"):
            assert desk.tickets.create(_draft()).status_label == desk.capabilities.statuses[Status.OPEN]
