"""Webhooks with one odd value each: nothing that a customer sent is lost, no neighbour goes with it, nothing breaks."""

from __future__ import annotations

import copy
import json

import pytest
from adapters.desk360 import samples
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from odd_documents import ODD

from helpdesk_bridge import open_desk
from helpdesk_bridge_desk360.wire.events import MessageReceived, UnknownEvent

CANARY = "c4n4ry"
CARRIERS = (CANARY, [CANARY], [[CANARY]], {"0": CANARY}, {"a": {"b": [CANARY]}}, [None, CANARY], {"text": [CANARY]})
HUGE = 10**400
DIGITS = "905551112233"
PRINTED = {
    name: json.loads(text.replace("90xxxxxxxxxx", DIGITS))["messages"]
    for name, text in (
        ("text", samples.WEBHOOK_TEXT),
        ("location", samples.WEBHOOK_LOCATION),
        ("contacts", samples.WEBHOOK_CONTACTS),
        ("image", samples.WEBHOOK_MEDIA),
    )
}
NEIGHBOUR = {**PRINTED["text"], "id": "ABEGn", "text": "I stand beside it", "from": "4917012345"}


def places(document, path=()):
    """Yield the way to each value in a document."""
    for key, value in document.items() if isinstance(document, dict) else enumerate(document):
        yield (*path, key)
        if isinstance(value, (dict, list)):
            yield from places(value, (*path, key))


def spoiled(kind, path, value):
    """Return a printed message with another value in one place."""
    document = copy.deepcopy(PRINTED[kind])
    inner = document
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return document


PLACES = [(kind, path) for kind, document in PRINTED.items() for path in places(document)]
READ = [(kind, path) for kind, path in PLACES if "attachments" not in path or path[-1] not in ("type", "aws")]
"""Places that somebody reads; of the others nothing is told."""
FEW = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def opened():
    return open_desk({"vendor": "desk360", "integration": 11, "api_key": "k", "inbox": ":memory:"})


def content(desk, file):
    with desk.attachments.open(file) as stream:
        return stream.read()


def told(desk):
    """Return all that the desk has of what came: threads, files, contacts, and webhooks that it could not read."""
    shown = [desk.vendor_api.unread_webhooks()]
    for ticket in desk.tickets.list(include={"description"}):
        shown.append(json.dumps(ticket.to_dict()))
        for message in desk.messages.list(ticket.id):
            shown.append(json.dumps(message.to_dict()))
            shown += [content(desk, one) for one in message.attachments if one.filename.endswith(".json")]
            shown += [one.locator for one in message.attachments]
    shown += [json.dumps(contact.to_dict()) for contact in desk.contacts.list()]
    return repr(shown)


@FEW
@given(st.sampled_from(PLACES), st.sampled_from([*ODD, *CARRIERS, HUGE, -HUGE, 1e300]), st.booleans())
@example(("location", ("location", "latitude")), HUGE, True)
def test_one_odd_value_neither_breaks_a_webhook_nor_takes_its_neighbour_along(place, value, first):
    message = spoiled(*place, value)
    both = [message, NEIGHBOUR] if first else [NEIGHBOUR, message]
    with opened() as desk:
        events = desk.webhooks.receive(json.dumps({"messages": both}))
        assert len(events) == 2
        assert desk.webhooks.receive(json.dumps({"messages": both})) == ()
        assert "I stand beside it" in [one.body.text for one in desk.messages.list("4917012345")]
        told(desk)


@FEW
@given(st.sampled_from(READ), st.sampled_from(CARRIERS))
def test_what_stands_in_an_odd_place_is_kept(place, value):
    if (*place[1],) == ("from",) and value == CANARY:
        value = [CANARY]
    with opened() as desk:
        (event,) = desk.webhooks.receive(json.dumps({"messages": spoiled(*place, value)}))
        assert isinstance(event, (MessageReceived, UnknownEvent))
        # A text in place of a text is what the field says; some of those (a file's digest) nobody shows.
        if value != CANARY:
            assert CANARY in told(desk), (place, value)


@pytest.mark.parametrize(
    ("kind", "path", "value", "key"),
    [
        ("text", ("text",), ["x", 5], "text"),
        ("text", ("timestamp",), "yesterday", "timestamp"),
        ("text", ("name",), {"first": "Ann"}, "name"),
        ("location", ("location", "latitude"), "38.98 N", "location"),
        ("location", ("location",), "the beach", "location"),
        ("image", ("attachments", "images", 0, "url"), {"href": "https://path.example/a"}, "attachments"),
        ("image", ("attachments",), "a.jpeg", "attachments"),
        ("image", ("image", "media_id"), ["83518734"], "image"),
    ],
)
def test_a_value_that_was_not_read_is_told_and_its_document_is_a_file(kind, path, value, key):
    message = spoiled(kind, path, value)
    with opened() as desk:
        desk.webhooks.receive(json.dumps({"messages": message}))
        (only,) = desk.messages.list(DIGITS)
        assert only.left_behind == {key: "its value cannot be read"}
        (kept,) = [one for one in only.attachments if one.filename.endswith(".json")]
        assert json.loads(content(desk, kept)) == message
