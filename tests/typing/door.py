"""Checked by mypy strict and pyright, never run: what the door takes, and what is an error before a program runs."""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from helpdesk_bridge import (
    NONE,
    Actor,
    ActorKind,
    Add,
    Body,
    Contact,  # fmt: skip
    ContactChange,
    ContactDraft,
    ContactQuery,
    Helpdesk,
    Match,
    MessageDraft,
    Order,
    Period,
    Priority,
    Ref,
    Remove,
    Status,
    Ticket,
    TicketChange,
    TicketDraft,
    TicketQuery,
    Upload,
)

WHEN = datetime(2026, 1, 1, tzinfo=UTC)
ANN = Actor(ActorKind.CONTACT, email="ann@example.com")


def every_spelling_is_taken(upload: Upload) -> None:  # noqa: PLR0915 - one a line
    TicketQuery(statuses="open")
    TicketQuery(statuses=Status.OPEN)
    TicketQuery(statuses={Status.OPEN, "Waiting"})
    TicketQuery(statuses=[Status.OPEN])
    TicketQuery(statuses=None)
    TicketQuery(priorities=Priority.HIGH)
    TicketQuery(priorities=("high", Priority.LOW))
    TicketQuery(requester="ann@example.com")
    TicketQuery(requester=ANN)
    TicketQuery(requester=[ANN, "7"])
    TicketQuery(assignee=NONE)
    TicketQuery(assignee={NONE, "7", ANN})
    TicketQuery(groups="Sales")
    TicketQuery(groups=Ref("3"))
    TicketQuery(groups=[Ref("3"), NONE, "Sales"])
    TicketQuery(tags="vip")
    TicketQuery(tags={"vip", NONE})
    TicketQuery(tags=["vip"])
    TicketQuery(tags=(word for word in ("a", "b")))
    TicketQuery(channels="email")
    TicketQuery(category=NONE)
    TicketQuery(subcategory={"a"})
    TicketQuery(type=["a"])
    TicketQuery(custom_fields={"a": 1, "b": {"x", NONE}})
    TicketQuery(subject="Invoice")
    TicketQuery(subject=Match("Invoice", "prefix"))
    TicketQuery(created=Period(WHEN))
    TicketQuery(created=(WHEN, None))
    TicketQuery(updated=None)
    TicketQuery(include="spam")
    TicketQuery(include={"spam", "deleted"})
    TicketQuery(order="-updated")
    TicketQuery(order=Order.CREATED_ASC)
    TicketQuery(limit=5)
    TicketQuery(limit=None)
    ContactQuery(email="a@x.io")
    ContactQuery(email=["a@x.io", NONE])
    ContactQuery(phone={"1"})
    ContactQuery(name="Ann")
    ContactQuery(name=Match("Ann"))
    ContactQuery(company=NONE)
    ContactQuery(company=Ref("1"))
    ContactQuery(external_id="7")
    TicketDraft(subject="s", description="d", requester="a@x.io", tags="vip")
    TicketDraft(subject="s", description="d", requester="a@x.io", tags=["vip"])
    TicketDraft(subject="s", description="d", requester="a@x.io", tags={"vip"})
    TicketDraft(subject="s", description="d", requester="a@x.io", cc="b@x.io")
    TicketDraft(subject="s", description="d", requester="a@x.io", watchers=None)
    TicketDraft(subject="s", description="d", requester="a@x.io", assignee=ANN)
    TicketDraft(subject="s", description="d", requester="a@x.io", assignee=None)
    TicketDraft(subject="s", description="d", requester="a@x.io", group=Ref("3"))
    TicketDraft(subject="s", description="d", requester="a@x.io", company="Acme")
    TicketDraft(subject="s", description="d", requester="a@x.io", status=Status.OPEN)
    TicketDraft(subject="s", description="d", requester="a@x.io", status="Waiting")
    TicketDraft(subject="s", description="d", requester="a@x.io", priority="high")
    TicketDraft(subject="s", description="d", requester="a@x.io", attachments=[upload])
    TicketDraft(subject="s", description="d", requester="a@x.io", attachments=upload)
    TicketDraft(
        subject="s",
        description="d",
        requester="a@x.io",
        custom_fields={"a": Decimal(1), "b": date(2026, 1, 1), "c": ("x",), "d": None},
    )
    TicketChange(tags="vip")
    TicketChange(tags=Add("vip"))
    TicketChange(cc=Remove("b@x.io"))
    TicketChange(assignee=None)
    TicketChange(subject="s")
    MessageDraft(body="text")
    MessageDraft(body=Body(html="<p>x</p>"))
    MessageDraft(body="x", cc="b@x.io")
    ContactDraft(name="Ann", emails="ann@x.io")
    ContactDraft(phones=["1", "2"])
    ContactDraft(company=None)
    ContactChange(emails=Add("b@x.io"))
    ContactChange(blocked=True)
    ContactChange(title=None)


def a_wrong_type_is_an_error() -> None:  # noqa: PLR0915 - one a line
    TicketQuery(statuses=5)  # type: ignore[arg-type]
    TicketQuery(statuses=None, tags=7)  # type: ignore[arg-type]
    TicketQuery(statuses=[5])  # type: ignore[list-item]
    TicketQuery(priorities=1.5)  # type: ignore[arg-type]
    TicketQuery(priorities={2})  # type: ignore[arg-type]
    TicketQuery(requester=7)  # type: ignore[arg-type]
    TicketQuery(requester=[None])  # type: ignore[list-item]
    TicketQuery(assignee=b"x")  # type: ignore[arg-type]
    TicketQuery(assignee={1: "a"})  # type: ignore[dict-item]
    TicketQuery(groups=3)  # type: ignore[arg-type]
    TicketQuery(groups=[3])  # type: ignore[list-item]
    TicketQuery(tags=7)  # type: ignore[arg-type]
    TicketQuery(tags=[7])  # type: ignore[list-item]
    TicketQuery(tags=True)  # type: ignore[arg-type]
    TicketQuery(channels=object())  # type: ignore[arg-type]
    TicketQuery(category=5)  # type: ignore[arg-type]
    TicketQuery(subcategory=5)  # type: ignore[arg-type]
    TicketQuery(type=5)  # type: ignore[arg-type]
    TicketQuery(type=type)  # type: ignore[arg-type]
    TicketQuery(subject=3)  # type: ignore[arg-type]
    TicketQuery(subject=["a"])  # type: ignore[arg-type]
    TicketQuery(created="x")  # type: ignore[arg-type]
    TicketQuery(created=WHEN)  # type: ignore[arg-type]
    TicketQuery(created=("a", "b"))  # type: ignore[arg-type]
    TicketQuery(updated=5)  # type: ignore[arg-type]
    TicketQuery(include=5)  # type: ignore[arg-type]
    TicketQuery(include=None)  # type: ignore[arg-type]
    TicketQuery(order=5)  # type: ignore[arg-type]
    TicketQuery(order=None)  # type: ignore[arg-type]
    TicketQuery(limit="5")  # type: ignore[arg-type]
    TicketQuery(limit=5.0)  # type: ignore[arg-type]
    TicketQuery(custom_fields="x")  # type: ignore[arg-type]
    TicketQuery(custom_fields=[("a", 1)])  # type: ignore[arg-type]
    ContactQuery(email=5)  # type: ignore[arg-type]
    ContactQuery(phone=[5])  # type: ignore[list-item]
    ContactQuery(name=5)  # type: ignore[arg-type]
    ContactQuery(company=5)  # type: ignore[arg-type]
    ContactQuery(external_id=5)  # type: ignore[arg-type]
    ContactQuery(created=WHEN)  # type: ignore[arg-type]
    ContactQuery(limit="1")  # type: ignore[arg-type]
    ContactQuery(order=1)  # type: ignore[arg-type]
    TicketDraft(subject="s", description="d", requester="a@x.io", tags=5)  # type: ignore[arg-type]
    TicketDraft(subject="s", description="d", requester="a@x.io", tags=[5])  # type: ignore[list-item]
    TicketDraft(subject="s", description="d", requester="a@x.io", cc=5)  # type: ignore[arg-type]
    TicketDraft(subject="s", description="d", requester="a@x.io", watchers=[None])  # type: ignore[list-item]
    TicketDraft(subject="s", description="d", requester="a@x.io", assignee=5)  # type: ignore[arg-type]
    TicketDraft(subject="s", description="d", requester="a@x.io", group=5)  # type: ignore[arg-type]
    TicketDraft(subject="s", description="d", requester="a@x.io", company=["a"])  # type: ignore[arg-type]
    TicketDraft(subject="s", description="d", requester="a@x.io", status=5)  # type: ignore[arg-type]
    TicketDraft(subject="s", description="d", requester="a@x.io", priority=5)  # type: ignore[arg-type]
    TicketDraft(subject="s", description="d", requester="a@x.io", type=5)  # type: ignore[arg-type]
    TicketDraft(subject="s", description="d", requester="a@x.io", category=5)  # type: ignore[arg-type]
    TicketDraft(subject="s", description="d", requester="a@x.io", attachments=5)  # type: ignore[arg-type]
    TicketDraft(subject="s", description="d", requester="a@x.io", attachments=["path"])  # type: ignore[list-item]
    TicketDraft(subject="s", description="d", requester="a@x.io", custom_fields=5)  # type: ignore[arg-type]
    TicketChange(subject=None)  # type: ignore[arg-type]
    TicketChange(subject=5)  # type: ignore[arg-type]
    TicketChange(tags=5)  # type: ignore[arg-type]
    TicketChange(tags=[5])  # type: ignore[list-item]
    TicketChange(cc=object())  # type: ignore[arg-type]
    TicketChange(status=None)  # type: ignore[arg-type]
    TicketChange(priority=None)  # type: ignore[arg-type]
    TicketChange(assignee=5)  # type: ignore[arg-type]
    TicketChange(custom_fields=5)  # type: ignore[arg-type]
    ContactChange(name=5)  # type: ignore[arg-type]
    ContactChange(emails=5)  # type: ignore[arg-type]
    ContactChange(phones=[5])  # type: ignore[list-item]
    ContactChange(title=5)  # type: ignore[arg-type]
    ContactChange(company=5)  # type: ignore[arg-type]
    ContactChange(blocked=None)  # type: ignore[arg-type]
    ContactChange(blocked="yes")  # type: ignore[arg-type]
    MessageDraft(body=5)  # type: ignore[arg-type]
    MessageDraft(body="x", cc=5)  # type: ignore[arg-type]
    MessageDraft(body="x", attachments="path")  # type: ignore[arg-type]
    Add(5)  # type: ignore[arg-type]
    Remove(["a"])  # type: ignore[arg-type]
    Match(5)  # type: ignore[arg-type]
    Match("a", 5)  # type: ignore[arg-type]
    Period("x")  # type: ignore[arg-type]


def calls_take_values_or_keywords(desk: Helpdesk, ticket: Ticket) -> None:
    desk.tickets.create(subject="s", description="d", requester="ann@example.com", tags="vip", idempotency_key="k")
    desk.tickets.create(TicketDraft(subject="s", description="d", requester="ann@example.com"))
    desk.tickets.update(ticket, status=Status.OPEN, tags=Add("vip"))
    desk.tickets.update(7, TicketChange(subject="s"))
    desk.tickets.list(status="open", tag={"vip"}, limit=3, resolve=False)
    desk.tickets.get(7)
    desk.tickets.get(ticket)
    desk.contacts.create(name="Ann", emails="ann@example.com")
    desk.contacts.list(email="ann@example.com")
    desk.messages.reply(ticket, "text", attachments=[])
    desk.messages.note(ticket.ref, Body(html="<p>x</p>"), idempotency_key="k")


def calls_that_are_wrong(desk: Helpdesk, contact: Contact) -> None:
    desk.tickets.create(subject="s")  # type: ignore[call-overload]
    desk.tickets.create("s")  # type: ignore[call-overload]
    desk.tickets.create(subject=5, description="d", requester="ann@example.com")  # type: ignore[call-overload]
    desk.tickets.update("1", subjekt="s")  # type: ignore[call-arg]
    desk.tickets.update("1", tags=5)  # type: ignore[arg-type]
    desk.tickets.list("open")  # type: ignore[arg-type]
    desk.tickets.list(status=5)  # type: ignore[arg-type]
    desk.tickets.list(limit="5")  # type: ignore[arg-type]
    desk.tickets.get(contact)  # type: ignore[arg-type]
    desk.tickets.get(1.5)  # type: ignore[arg-type]
    desk.contacts.create(email="ann@example.com")  # type: ignore[call-arg]
    desk.messages.reply("1", 5)  # type: ignore[arg-type]
    desk.messages.note("1", "x", bcc="y")  # type: ignore[call-arg]
