"""Recorded answers through the public port: nothing crashes, and every key is carried or left out for a reason.

The bodies have the keys, types and order of recordings of live accounts; names and addresses are made up. Each key is
given another value: if what the port returns does not change, the key must be listed below with where it is to be had.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import attrs
import pytest
import responses

from helpdesk_bridge import open_desk
from helpdesk_bridge.errors import NotFound
from helpdesk_bridge.testing.clock import ManualClock

CASE = {
    "case_id": 51230, "case_number": "130-000042", "subject": "Invoice", "user_id": 8801, "staff_id": 3, "group_id": 14,
    "status": "open", "priority": "normal", "channel": "email", "recipient": "help@acme.test", "cc_emails": "bob@x.io",
    "bcc_emails": "", "deleted": False, "spam": False, "created_at": "Tue, 03 Nov 2026 09:12:44 +0300",
    "closed_at": "-", "updated_at": "Tue, 03 Nov 2026 09:12:44 +0300", "last_response_at": "-", "parent_case_id": 0,
    "closing_speed": "-", "language_id": 2, "custom_fields": {"cf_25": "PO-7"}, "labels": [101, 102], "locked_labels": [101],
    "rating": "high", "rating_comment": "Thanks", "rated_staff_id": 0,
}  # fmt: skip
MESSAGE = {
    "message_id": 7001, "user_id": 8801, "staff_id": 0, "content": "", "content_html": "<p>Hello</p>",
    "attachments": [{"file_id": 5, "file_name": "a.txt", "file_size": 4, "mime_type": "text/plain",
                     "url": "https://acme.deskie.io/attachments/5/a.txt"}],
    "note": False, "message_type": "reply_user", "sent_via_rule": False, "is_viewed": True,
    "created_at": "Tue, 03 Nov 2026 09:12:44 +0300", "sent_at": "Tue, 03 Nov 2026 09:12:44 +0300",
}  # fmt: skip
USER = {
    "user_id": 8801, "user_full_name": "Ann", "user_screen_name": "ann_l", "company_name": "Acme", "company_position": "CEO",
    "thumbnail": "", "confirmed": True, "active": True, "deleted": False, "created_at": "Tue, 03 Nov 2026 09:12:44 +0300",
    "updated_at": "Tue, 03 Nov 2026 09:12:44 +0300", "last_contact_at": "-", "type": "email", "user_email": "ann@x.io",
    "language_id": 2, "custom_fields": {"cf_30": "gold"}, "linked_users": [], "user_note": "", "password": "secret-in-clear",
}  # fmt: skip
NETWORK_USER = {**{key: value for key, value in USER.items() if key not in {"user_email", "password"}}, "type": "telegram",
                "telegram_id": 418850012}  # fmt: skip
WHATSAPP_USER = {**NETWORK_USER, "type": "whatsapp", "user_whatsapp_phone": "+491701234567"}
del WHATSAPP_USER["telegram_id"]
DESKIE_LISTS: dict[str, Any] = {
    "staff": {"0": {"staff": {"staff_id": 3, "staff_email": "jo@x.io", "staff_full_name": "Jo", "active": True}}, "total_count": 1},
    "groups": {"0": {"group": {"group_id": 14, "group_title": "Support", "active": True}}, "total_count": 1},
    "labels": [{"label": {"label_id": 101, "label_title": "vip"}}, {"label": {"label_id": 102, "label_title": "bug"}}],
    "custom_fields": {
        "0": {"custom_field": {"field_id": 25, "title": "Order", "field_type": "text", "field_level": "case", "active": True,
                               "field_data": ""}},
        "1": {"custom_field": {"field_id": 30, "title": "Tier", "field_type": "text", "field_level": "user", "active": True,
                               "field_data": ""}}, "total_count": 2},
}  # fmt: skip

TICKET = {
    "ticket_number": 4127, "contact_email": "mira@client.example", "contact_name": "mira", "subject": "VPN drops",
    "description": "<div>Every hour</div>", "description_text": "Every hour", "status": "Open", "priority": 10,
    "type": "🔧 Incident", "source": 15, "form_name": "Create Ticket", "form_is_deleted": 0, "assigned_to": "jo@x.io",
    "company_name": "Acme", "sla": "No SLA Policy", "completed_within_sla": None, "group": "Network",
    "category": "Remote access", "subcategory": "VPN", "created_on": "2026-03-02 09:15:00",
    "updated_on": "2026-03-02 09:15:02", "resolved_on": "2026-03-03 09:15:00", "closed_on": "2026-03-03 09:15:00",
    "due_date": "2026-03-04 16:00:00", "first_response_time": "2026-03-02 09:16:00",
    "first_assigned_time": "2026-03-02 09:16:00", "first_assigned_duration": 1, "resolved_duration": 1440,
    "first_replied_duration": 1, "closed_duration": 1440,
    "custom_fields": {"cf_Order No": "A-77", "cf_Escalated": False, "cf_📦 Parcel": "x"}, "attachments": [],
    "watchers": ["jo@x.io"], "share_to": ["bob@client.example"], "conversation_count": 1,
    "department_name": "Sales", "updated_by": "jo@x.io", "updated_by_type": 2, "closed_by": "jo@x.io", "closed_by_type": 2,
    "associated_assets": [],
}  # fmt: skip
CONVERSATION = {
    "ticket_number": 4127, "created_by": "jo@x.io", "creator_name": "Jo", "type": "reply", "sender_type": "agent",
    "public_note": None, "cc_address": "bob@client.example", "bcc_address": None, "to_address": "mira@client.example",
    "notified_agents": None, "body": "<p>Try again</p>", "body_text": "Try again", "attachments_count": 1,
    "attachments": [{"file_name": "a.txt", "file_size": 4, "file_type": "text/plain", "created_on": "2026-03-02 09:16:00",
                     "attachment_url": "https://files.example/a.txt?X=1"}],
    "created_on": "2026-03-02 09:16:00", "is_email_deliveribility_failiure": False, "email_bounce_type": None,
    "email_bounce_status": None,
}  # fmt: skip
CONTACT = {
    "name": "Mira", "primary_email": "mira@client.example", "secondary_emails": "m@client.example", "title": "CEO",
    "mobile": "+491701234567", "phone": "+493012345", "company_name": "Acme", "primary_department": "Sales",
    "secondary_departments": ["Service"], "created_on": "2026-03-02 09:15:00", "updated_on": "2026-03-02 09:15:00",
    "is_deleted": 0, "custom_fields": {"cf_Tier": "gold"},
}  # fmt: skip

IN_VENDOR_API = "vendor_api"
IN_DOCUMENT = "the document of vendor_api's record"
LEFT_OUT: Mapping[str, Mapping[str, str]] = {
    "deskie case": {
        "recipient": IN_VENDOR_API, "bcc_emails": IN_VENDOR_API, "last_response_at": IN_VENDOR_API,
        "closing_speed": IN_VENDOR_API, "language_id": IN_VENDOR_API, "locked_labels": IN_VENDOR_API,
        "rated_staff_id": IN_VENDOR_API,
    },
    "deskie message": {
        "is_viewed": IN_VENDOR_API, "sent_at": IN_VENDOR_API, "content": "the plain form of content_html", "attachments.file_id": "the locator is the URL",
    },
    "deskie user": {
        "user_screen_name": IN_VENDOR_API, "thumbnail": "a picture, empty in recordings",
        "confirmed": IN_VENDOR_API, "last_contact_at": IN_VENDOR_API, "type": IN_VENDOR_API, "language_id": IN_VENDOR_API,
        "linked_users": IN_VENDOR_API, "user_note": IN_VENDOR_API,
        "password": "a secret, dropped at once",
    },
    "desk365 ticket": {
        **dict.fromkeys(
            ("closed_by", "closed_by_type", "closed_duration", "completed_within_sla", "department_name",
             "first_assigned_duration", "first_assigned_time", "first_replied_duration", "form_is_deleted", "form_name",
             "resolved_duration", "updated_by", "updated_by_type"), IN_VENDOR_API),
        "associated_assets": IN_DOCUMENT,
        "description_text": "a lossy form of the description",
    },
    "desk365 message": {
        **dict.fromkeys(
            ("bcc_address", "email_bounce_status", "email_bounce_type", "is_email_deliveribility_failiure",
             "notified_agents"), IN_VENDOR_API),
        "attachments_count": "the number of attachments",
        "body_text": "a lossy form of the body",
        "ticket_number": "the ticket that was asked for",
    },
    "desk365 contact": {"primary_department": IN_VENDOR_API, "secondary_departments": IN_VENDOR_API},
}  # fmt: skip


_SAID = frozenset({"raw", "left_behind"})
BODIES: dict[str, Any] = {}
"""What the vendors answer, by the names below; each test puts its own there."""
DESKS: dict[str, Any] = {}
COUNTS = (
    "agent_reply_count",
    "contact_reply_count",
    "public_note_count",
    "private_note_count",
    "forward_message_count",
)


def deskie_answers(path: str, page: str) -> Any:
    name = path.removeprefix("/api/").removesuffix(".json")
    if name in DESKIE_LISTS:
        return DESKIE_LISTS[name] if page == "1" else {"total_count": 0}
    if name.startswith("users/"):
        return {"user": BODIES["user"]} if name == "users/8801" else None
    if name.endswith("/messages"):
        first = {**MESSAGE, "message_id": 7000}
        thread = {"0": {"message": first}, "1": {"message": BODIES["message"]}, "total_count": 2}
        return thread if page == "1" else {"case": []}
    return {"case": BODIES["case"]} if name.startswith("cases/") else {"total_count": 0}


def desk365_answers(path: str, page: str) -> Any:
    return {
        "tickets/details": BODIES["ticket"],
        "tickets/conversations": {"count": 1, **dict.fromkeys(COUNTS, 0), "conversations": [BODIES["conversation"]]},
        "contacts/details": BODIES["contact"],
        "companies": {"count": 1, "content": [BODIES["company"]]},
        "companies/details": BODIES["company"],
    }.get(path.removeprefix("/apis/v3/"))


def desk360_answers(path: str, page: str) -> Any:
    return [BODIES["integration"]] if path.endswith("/integrations") and page == "1" else []


VENDORS: Mapping[str, tuple[Mapping[str, Any], Callable[[str, str], Any]]] = {
    "deskie": (
        {"account": "acme", "staff_email": "bot@x.io", "base_url": "https://recorded.deskie.io"},
        deskie_answers,
    ),
    "desk365": ({"subdomain": "acme", "base_url": "https://recorded.desk365.io"}, desk365_answers),
    "desk360": ({"integration": 11, "base_url": "https://recorded.desk360.com"}, desk360_answers),
}


@pytest.fixture(scope="module", autouse=True)
def desks() -> Iterator[None]:
    """Open a desk of each vendor, over answers that tests change."""

    def respond(request: Any) -> tuple[int, dict[str, str], str]:
        url = urlsplit(request.url)
        vendor = str(url.hostname).split(".")[1]
        document = VENDORS[vendor][1](url.path, request.params.get("page", "1"))
        return (
            (404, {}, "{}") if document is None else (200, {"Content-Type": "application/json"}, json.dumps(document))
        )

    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock, ExitStack() as stack:
        mock.add_callback(responses.GET, re.compile(".*"), callback=respond, content_type=None)
        policy = {"max_wait": None, "rate_limit": 1_000_000}
        for vendor, (table, _) in VENDORS.items():
            key = "1|recorded-key"
            DESKS[vendor] = stack.enter_context(
                open_desk({"vendor": vendor, "api_key": key, **policy, **table}, clock=ManualClock())
            )
        yield
    DESKS.clear()


def asked(vendor: str, **bodies: Any) -> Any:
    """Return the desk of a vendor that answers these bodies, and the usual ones for the rest."""
    BODIES.update(USUAL)
    BODIES.update(bodies)
    DESKS[vendor].refresh()
    return DESKS[vendor]


COMPANY = {
    "name": "Acme", "description": "Robots", "phone": "+493012345", "address": "Street 1", "city": "Berlin", "state": "BE",
    "country": "DE", "zipcode": "10115", "domains": ["acme.test"], "departments": ["Sales"],
    "created_on": "2026-03-02 09:15:00", "updated_on": "2026-03-02 09:15:00", "sla": "Standard",
}  # fmt: skip
WHO = {"id": "ABEGkFMIcyRoAgo", "from": "905551112233", "timestamp": "1630913975", "name": "John Doe"}
INBOUND_TEXT = {**WHO, "type": "text", "text": "Hello"}
INBOUND_PLACE = {**WHO, "type": "location", "text": "HQ - Street, latitude: 38.9, longitude: -131.9",
                 "location": {"address": "Street", "latitude": 38.9, "longitude": -131.9, "name": "HQ"}}  # fmt: skip
INBOUND_IMAGE = {
    **WHO, "type": "image",
    "image": {"message": "see", "media_id": "cae26b43-1463-44f5-9a81-f4119afbf6d9", "mime_type": "image/jpeg", "sha": "ab12"},
    "attachments": {"images": [{"url": "https://my-cdn.desk360.com/a.jpg", "name": "a.jpg", "type": "image", "aws": True}]},
}  # fmt: skip
STATUS = {"id": "gBEGkFBXUQRnAg", "from": "905551112233", "status": "delivered"}
INTEGRATION = {"id": 11, "display_name": "Support", "phone_number": "+905554443322", "status": "activated"}


USUAL = {
    "case": CASE, "message": MESSAGE, "user": USER, "ticket": TICKET, "conversation": CONVERSATION, "contact": CONTACT,
    "company": COMPANY, "integration": INTEGRATION,
}  # fmt: skip


def seen_in_companies(company: Any) -> Any:
    return plain(*asked("desk365", company=company).companies.list())


def company_in_vendor_api(company: Any) -> Any:
    return asked("desk365", company=company).vendor_api.company("Acme")


def seen_in_webhooks(event: Any) -> Any:
    key = "statuses" if "status" in event else "messages"
    return plain(*DESKS["desk360"].webhooks.parse(json.dumps({key: event})))


def seen_in_integrations(integration: Any) -> Any:
    return plain(*asked("desk360", integration=integration).vendor_api.integrations())


OTHER_BODIES = [
    ("desk365 company", COMPANY, seen_in_companies, {key: IN_VENDOR_API for key in COMPANY if key not in {"name", "domains"}}),
    ("desk360 text", INBOUND_TEXT, seen_in_webhooks, {}),
    ("desk360 location", INBOUND_PLACE, seen_in_webhooks, {}),
    ("desk360 image", INBOUND_IMAGE, seen_in_webhooks, {
        "attachments.images.type": "the kind, as the message's own type", "attachments.images.aws": "where the vendor stores it",
    }),
    ("desk360 status", STATUS, seen_in_webhooks, {}),
    ("desk360 integration", INTEGRATION, seen_in_integrations, {}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "body", "seen", "left_out"), OTHER_BODIES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_key_of_the_other_bodies_is_carried_or_left_out_for_a_reason(kind, body, seen, left_out):
    before = seen(body)
    silent = {path for path, document in variants(body) if seen(document) == before}
    assert silent == set(left_out)
    if kind == "desk365 company":
        known = company_in_vendor_api(body)
        assert all(company_in_vendor_api(document) != known for path, document in variants(body) if path in left_out)


def plain(*records: Any) -> Any:
    """Return what the port gave, without the vendor's own document and what is said of it."""
    return [attrs.asdict(record, filter=lambda attribute, _: attribute.name not in _SAID) for record in records]


def seen_at_deskie(**bodies: Any) -> Any:
    desk = asked("deskie", **bodies)
    return plain(desk.tickets.get("51230"), *desk.messages.list("51230"), desk.contacts.get("8801"))


def seen_at_desk365(**bodies: Any) -> Any:
    desk = asked("desk365", **bodies)
    try:
        contact = plain(desk.contacts.get("mira@client.example"))
    except NotFound:
        # A contact is its address.
        contact = "another"
    return plain(desk.tickets.get("4127"), *desk.messages.list("4127")), contact


WORDS = {
    "status": "closed",
    "priority": "low",
    "rating": "low",
    "message_type": "note_regular",
    "sender_type": "contact",
    "timestamp": "1630913999",
    "from": "905551112299",
}


def changed(key: str, value: Any) -> Any:
    """Return another value of the same kind."""
    if key in WORDS and isinstance(value, str):
        return WORDS[key].title() if value[:1].isupper() else WORDS[key]
    if isinstance(value, bool):
        return not value
    if isinstance(value, float):
        return value + 1
    if isinstance(value, int):
        return 20 if key == "priority" else value + 1
    if isinstance(value, str):
        if re.match(r"\w{3}, \d\d \w{3}", value) or (value == "-" and key.endswith("_at")):
            return "Wed, 04 Nov 2026 10:00:00 +0300"
        if re.match(r"\d{4}-\d\d-\d\d \d\d:", value):
            return "2026-04-04 04:04:04"
        return (
            77
            if value == "-"
            else f"other{value}"
            if "@" in value or value.startswith(("http", "+"))
            else f"{value} other"
        )
    if isinstance(value, list):
        return value[1:] if value else FILLED.get(key, ["other"])
    return FORMER.get(key, "other")


FORMER: Mapping[str, Any] = {"completed_within_sla": True, "public_note": False}
"""Values of keys that are null in the recordings."""


FILLED: Mapping[str, Any] = {
    "linked_users": [9],
    "attachments": [{"file_name": "b.txt", "file_size": 1, "file_type": "text/plain", "created_on": "2026-03-02 09:16:00",
                     "attachment_url": "https://files.example/b.txt"}],
}  # fmt: skip
"""What lists that are empty in the recordings can hold."""


def variants(body: Mapping[str, Any], at: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the body with each key changed in turn, and the key's path."""
    for key, value in body.items():
        path = f"{at}.{key}" if at else key
        if isinstance(value, dict):
            for inner, document in variants(value, path):
                yield inner, {**body, key: document}
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for inner, document in variants(value[0], path):
                yield inner, {**body, key: [document, *value[1:]]}
        else:
            yield path, {**body, key: changed(key, value)}


RECORDED = [
    ("deskie case", "case", CASE, seen_at_deskie),
    ("deskie message", "message", MESSAGE, seen_at_deskie),
    ("deskie user", "user", USER, seen_at_deskie),
    ("deskie user", "user", NETWORK_USER, seen_at_deskie),
    ("deskie user", "user", WHATSAPP_USER, seen_at_deskie),
    ("desk365 ticket", "ticket", TICKET, seen_at_desk365),
    ("desk365 message", "conversation", CONVERSATION, seen_at_desk365),
    ("desk365 contact", "contact", CONTACT, seen_at_desk365),
]


@pytest.mark.parametrize(
    ("kind", "name", "body", "seen"), RECORDED, ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_key_of_a_recorded_body_is_carried_or_left_out_for_a_reason(kind, name, body, seen):
    before = seen(**{name: body})
    assert seen(**{name: body}) == before
    silent = {path for path, document in variants(body) if seen(**{name: document}) == before}
    listed = {path for path in LEFT_OUT[kind] if path.split(".")[0] in body}
    assert silent - listed == set(), "these keys are in no record and in no list"
    assert listed - silent == set(), "these keys are carried, so they are not left out"


def vendor_api_of(kind: str, **bodies: Any) -> Any:
    vendor = kind.split(maxsplit=1)[0]
    api = asked(vendor, **bodies).vendor_api
    if vendor == "deskie":
        return api.cases.get(51230), tuple(api.messages.page(51230)), api.users.get(8801)
    return api.ticket(4127), api.conversation(4127), api.contact("mira@client.example")


@pytest.mark.parametrize(
    ("kind", "name", "body", "seen"), RECORDED, ids=lambda value: value if isinstance(value, str) else ""
)
def test_what_is_left_to_vendor_api_is_there(kind, name, body, seen):
    before = vendor_api_of(kind, **{name: body})
    for path, document in variants(body):
        if LEFT_OUT[kind].get(path) == IN_VENDOR_API:
            assert vendor_api_of(kind, **{name: document}) != before, path
        if LEFT_OUT[kind].get(path) == IN_DOCUMENT:
            assert vendor_api_of(kind, **{name: document})[0].document[path] == tuple(document[path])


@pytest.mark.parametrize("name", ["user", "case"])
def test_a_secret_of_a_recorded_body_is_nowhere(name):
    desk = asked("deskie", **{name: {**USUAL[name], "password": "secret-in-clear"}})
    shown = repr(plain(desk.tickets.get("51230"), desk.contacts.get("8801"))) + repr(desk.vendor_api.users.get(8801))
    assert "secret-in-clear" not in shown
