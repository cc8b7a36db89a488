"""``LocalStore`` as an adapter's inbox: several accounts in one file, what arrives twice is kept once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve

from helpdesk_bridge.errors import NotFound
from helpdesk_bridge.model.queries import TicketQuery
from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.model.values import Actor, Attachment, Body, MessageKind, Phone, Status, Upload, Visibility
from helpdesk_bridge.store.conditions import divide_tickets
from helpdesk_bridge.store.outbox import Delivery
from helpdesk_bridge.store.store import LocalStore

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PHONE = "905551112233"


@pytest.fixture
def inboxes(path, clock):
    opened = [
        LocalStore(path, clock, space=f"desk360:{integration}", vendor="desk360", account=integration)
        for integration in ("17", "18")
    ]
    if path == ":memory:":  # two desks in memory are two desks
        opened[1].close()
        opened = opened[:1]
    yield opened
    for store in opened:
        if not store.database._closed:
            store.close()


def _inbound(message_id, text, at=NOW, **over):
    return Message(
        **{
            "id": message_id,
            "ticket_id": PHONE,
            "author": Actor.contact(id=PHONE, phone=f"+{PHONE}"),
            "visibility": Visibility.PUBLIC,
            "kind": MessageKind.REPLY,
            "body": Body(text=text),
            "created_at": at,
            **over,
        }
    )


def _receive(store, message):
    """What an adapter does with a webhook, in one transaction."""
    with store.transaction():
        if store.contacts.lookup(PHONE) is None:
            store.contacts.put(Contact(id=PHONE, ref="", phones=(Phone(PHONE, f"+{PHONE}"),), created_at=NOW))
        try:
            ticket = store.tickets.get(PHONE)
        except NotFound:
            ticket = Ticket(id=PHONE, ref="", status=Status.OPEN, channel="whatsapp", created_at=message.created_at)
        store.tickets.put(evolve(ticket, updated_at=message.created_at))
        return store.messages.add(message)


def test_the_same_message_id_is_kept_once_for_each_integration(inboxes):
    for store in inboxes:
        assert _receive(store, _inbound("wamid.1", "hello"))
        assert not _receive(store, _inbound("wamid.1", "hello again"))
        (message,) = store.messages.page(PHONE).items
        assert message.body.text == "hello"
        assert store.tickets.get(PHONE).ref == f"desk360:{store.account}/ticket/{PHONE}"
        assert store.tickets.get(PHONE).message_count == 1
        assert store.contacts.find(phone=f"+{PHONE}")[0].ref == f"desk360:{store.account}/contact/{PHONE}"
        assert store.counts() == {"tickets": 1, "contacts": 1, "messages": 1}


def test_messages_that_arrive_late_stand_where_they_belong(inboxes):
    store = inboxes[0]
    for number in (3, 1, 2):
        _receive(store, _inbound(f"m{number}", str(number), NOW + timedelta(seconds=number)))
    thread = store.messages.page(PHONE).items
    assert [message.body.text for message in thread] == ["1", "2", "3"]
    assert [message.sequence for message in thread] == [0, 1, 2]
    assert store.messages.get("m2") == thread[1]
    assert store.messages.get("404") is None
    native = divide_tickets(TicketQuery(requester=f"+{PHONE}")).native
    assert store.tickets.page(native).items == ()


def test_delivery_states_are_kept_in_order_and_once(inboxes):
    store = inboxes[0]
    states = [("delivered", NOW), ("read", NOW + timedelta(seconds=5)), ("delivered", NOW + timedelta(seconds=9))]
    new = [store.deliveries.add(Delivery("wamid.out", state, at)) for state, at in states]
    assert new == [True, True, False]
    assert [(one.state, one.at) for one in store.deliveries.of("wamid.out")] == states[:2]
    assert store.deliveries.of("never") == ()


def test_files_that_stand_at_the_vendor_keep_their_own_locator(inboxes):
    store = inboxes[0]
    remote = Attachment("photo.jpg", "image/jpeg", None, locator="media:17")
    _receive(store, _inbound("m1", "", attachments=(remote,)))
    kept = store.files.store(Upload.from_bytes("here.txt", b"abc"))
    _receive(store, _inbound("m2", "", attachments=(kept,)))
    first, second = (message.attachments[0] for message in store.messages.page(PHONE).items)
    assert (first.locator, first.size) == ("media:17", None)
    with pytest.raises(NotFound):
        store.files.open(first)
    with store.files.open(second) as stream:
        assert stream.read() == b"abc"


def test_spaces_of_one_file_do_not_see_each_other(tmp_path, clock):
    path = tmp_path / "inbox.db"
    one = LocalStore(path, clock, space="a", vendor="desk360", account="17")
    other = LocalStore(path, clock, space="b", vendor="desk360", account="18")
    plain = LocalStore(path, clock)
    _receive(one, _inbound("m1", "x"))
    one.lists.groups.add({"name": "Sales"})
    native = divide_tickets(TicketQuery()).native
    assert [len(store.tickets.page(native).items) for store in (one, other, plain)] == [1, 0, 0]
    assert other.lists.groups.list() == ()
    assert other.messages.get("m1") is None
    with pytest.raises(NotFound):
        other.tickets.remove(PHONE)
    for store in (one, other, plain):
        store.close()


def test_a_message_without_a_conversation_is_refused(inboxes):
    with pytest.raises(NotFound):
        inboxes[0].messages.add(_inbound("m1", "x"))
    assert inboxes[0].counts()["messages"] == 0
