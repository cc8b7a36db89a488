"""Bad input on every call: what callers get wrong, and what the vendor's end may answer."""

import contextlib
import json
import socket
from urllib.parse import quote

import pytest
from adapters.desk360 import samples
from adapters.desk360.simulated import Desk
from adapters.desk360.wiretap import TO, said
from attrs import evolve, frozen

from helpdesk_bridge import Attachment, MessageDraft, TicketDraft, Upload, open_desk
from helpdesk_bridge.errors import (
    BadResponse,
    HelpdeskError,
    InDoubt,
    Invalid,
    NotFound,
    Unsupported,
)
from helpdesk_bridge_desk360.wire.cards import (
    CardEmail,
    CardMessenger,
    CardName,
    CardOrganisation,
    CardPhone,
    ContactCard,
)
from helpdesk_bridge_desk360.wire.interactive import Button, Header

MESSAGES = "/v1/integrations/11/conversations/messages"
TEMPLATES = "/v1/integrations/11/conversations/templates"
CANARY = "canary of a customer"
VALUES = {"header-1": "H", "body-1": "A", "body-2": "B"}
CARD = ContactCard(name=CardName(formatted_name="J S", first_name="J", last_name="S"))
FILE = Upload.from_bytes("a.png", b"png", "image/png")
CSV = Upload.from_bytes("n.csv", f"{TO}\n".encode(), "text/csv")


@frozen
class Call:
    """One call: where it goes, how it is made with good arguments, and whether it sends something."""

    path: str
    method: str
    arguments: dict
    sends: bool = True

    def make(self, desk, **changed):
        name, _, method = self.method.partition(".")
        return getattr(getattr(desk, name), method)(**{**self.arguments, **changed})


CALLS = {
    "integrations": Call("/v1/integrations", "vendor_api.integrations", {}, False),
    "templates": Call(TEMPLATES, "templates.list", {}, False),
    "chats": Call("/v1/integrations/11/chats", "vendor_api.chats", {}, False),
    "template": Call(f"{TEMPLATES}/send", "templates.send", {"template": 75, "to": TO, "parameters": VALUES}),
    "bulk": Call(
        f"{TEMPLATES}/send/bulk", "templates.send_bulk", {"template": 75, "phones": [TO], "parameters": VALUES}
    ),
    "text": Call(MESSAGES, "vendor_api.send_text", {"to": TO, "text": "x"}),
    "location": Call(
        f"{MESSAGES}/locations",
        "vendor_api.send_location",
        {"to": TO, "latitude": 1.5, "longitude": 2, "name": "N", "address": "A"},
    ),
    "contacts": Call(f"{MESSAGES}/contacts", "vendor_api.send_contacts", {"to": TO, "cards": [CARD]}),
    "media": Call(f"{MESSAGES}/medias", "vendor_api.send_media", {"to": TO, "files": [FILE]}),
    "interactive": Call(
        f"{MESSAGES}/interactive",
        "vendor_api.send_interactive",
        {"to": TO, "body": "b", "buttons": [Button("i", "t")], "header": Header(type="text", text="h"), "footer": "f"},
    ),
    "location request": Call(
        f"{MESSAGES}/interactive/location-request", "vendor_api.request_location", {"to": TO, "body": "b"}
    ),
    "reads": Call(f"{MESSAGES}/reads", "vendor_api.mark_read", {"to": TO, "message_ids": ["ABEG"]}, False),
}
LISTS = ("integrations", "templates", "chats")
PLAIN = {
    "empty": b"",
    "blank": b"  \n",
    "html": f"<!DOCTYPE html><html><body>{CANARY}</body></html>".encode(),
    "text": CANARY.encode(),
    "cut short": b'{"message_id": "gBEG',
    "latin-1": f'{{"x": "ü {CANARY}"}}'.encode("latin-1"),
    "utf-16": json.dumps({"message_id": 5}).encode("utf-16"),
    "two documents": b'{"a": 1}{"b": 2}',
    "not a number": b'{"message_id": NaN}',
    "null": b"null",
    "a number": b"5",
    "true": b"true",
    "a text": json.dumps(CANARY).encode(),
    "another object": json.dumps({"success": True, "note": CANARY}).encode(),
    "deep": b"[" * 5000 + b"]" * 5000,
    "numbers as text": json.dumps([{"id": "11", "name": CANARY}]).encode(),
    "a list of nothing": b"[null]",
    "a list of texts": json.dumps([CANARY]).encode(),
    "a list of lists": b"[[]]",
    "wrong types": json.dumps(
        {"message_id": 5, "phones": CANARY, "medias": [], "message_ids": {"0": "x"}, "data": CANARY, "id": 1}
    ).encode(),
    "half right": json.dumps(
        {"phones": [TO, 5], "medias": {"images": [{"url": CANARY}]}, "message_ids": [None]}
    ).encode(),
}


def opened(wire, name, answer):
    wire.answer(TEMPLATES, samples.TEMPLATES)
    wire.answer(CALLS[name].path, answer)
    desk = wire.open()
    if name in ("template", "bulk"):
        desk.templates.list()
    wire.sent.clear()
    return desk


@pytest.mark.parametrize("name", CALLS)
def test_a_success_that_nobody_can_read_is_in_doubt_for_a_send_and_unreadable_for_a_read(wire, name):
    call = CALLS[name]
    answers = {**PLAIN, 201: b"", 202: b"", 204: b""}
    desk = opened(wire, name, b"{}")
    for form, body in answers.items():
        wire.sent.clear()
        wire.answer(call.path, (form if isinstance(form, int) else 200, {}, body))
        with pytest.raises(InDoubt if call.sends else BadResponse) as caught:
            call.make(desk)
        assert "canary" not in repr(caught.value) + str(caught.value), form
        # What reached a phone perhaps is not sent once more.
        assert {one.path for one in wire.sent} == {call.path}
        assert len(wire.sent) == 1 or not call.sends
        wire.clock.advance(60)
        desk.refresh()
        if name in ("template", "bulk"):
            desk.templates.list()


@pytest.mark.parametrize("name", CALLS)
def test_an_error_under_any_status_is_the_same_error(wire, name):
    desk = opened(wire, name, b"{}")
    for status in (200, 202, 400, 422):
        wire.answer(CALLS[name].path, (status, {}, said("failed_validation", f"The to field is {CANARY}.")))
        with pytest.raises(Invalid) as caught:
            CALLS[name].make(desk)
        assert (caught.value.field, caught.value.code) == ("to", "failed_validation")
        assert "canary" not in repr(caught.value) + str(caught.value)


@pytest.mark.parametrize("name", CALLS)
def test_a_redirect_is_never_followed(wire, name):
    desk = opened(wire, name, b"{}")
    for status in (301, 302, 307):
        wire.answer(CALLS[name].path, (status, {"Location": "https://evil.example/steal"}, b""))
        with pytest.raises(HelpdeskError):
            CALLS[name].make(desk)
    assert {one.url.partition("?")[0] for one in wire.sent} == {f"https://public-api.desk360.com{CALLS[name].path}"}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_may_be_empty(wire, name):
    assert CALLS[name].make(opened(wire, name, b"[]")) == ()


WRONG = {
    "nothing": None,
    "a number": 5,
    "bytes": b"x",
    "true": True,
    "an object": {"a": 1},
    "a list of numbers": [1, 2],
    "a set of nothing": {None},
    "something": object(),
}
# What is left out may be left out, and what a number is told by may be one.
ALLOWED = {
    ("interactive", "header", "nothing"),
    ("interactive", "footer", "nothing"),
    ("location", "latitude", "a number"),
    ("location", "longitude", "a number"),
}


@pytest.mark.parametrize("name", [name for name, call in CALLS.items() if call.arguments])
def test_an_argument_of_a_wrong_type_is_invalid_and_nothing_is_sent(wire, name):
    desk = opened(wire, name, b'{"message_id": "g", "phones": [], "medias": {}, "message_ids": []}')
    for argument in CALLS[name].arguments:
        for kind, value in WRONG.items():
            if (name, argument, kind) not in ALLOWED:
                with pytest.raises(Invalid):
                    CALLS[name].make(desk, **{argument: value})
    assert wire.sent == []


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("template", "attachment"),
        ("bulk", "attachment"),
        ("bulk", "file"),
        ("template", "language"),
        ("bulk", "language"),
    ],
)
def test_files_and_languages_of_a_wrong_type_are_invalid(wire, name, argument):
    desk = opened(wire, name, b'{"message_id": "g", "phones": []}')
    for value in WRONG.values():
        if value is not None:
            with pytest.raises(Invalid):
                CALLS[name].make(desk, **{argument: value})
    assert wire.sent == []


IDS = (
    "a/b",
    "../../login",
    "a?x=1",
    "a#b",
    "a b",
    "a\nb",
    "a%2fb",
    "ğ👍",
    "a\\b",
    ".",
    "..",
    "a;b",
    "\u202eb",
    "a\x00b",
)


@pytest.mark.parametrize("given", IDS)
def test_an_id_stays_in_its_segment_and_a_form_s_value_in_its_part(wire, given):
    desk = opened(wire, "reads", b'{"message_ids": []}')
    desk.vendor_api.mark_read(TO, [given])
    (request,) = wire.sent
    # A form's lines end as they do; nothing of a value becomes a part or a header of its own.
    assert [name for name, _ in request.form] == ["to", "message_ids[]"]
    assert request.form[1][1] == given
    segment = quote(given, safe="")
    wire.answer(f"{MESSAGES}/medias/{segment}", (200, {"Content-Type": "image/png"}, b"png"))
    wire.sent.clear()
    with contextlib.suppress(Invalid), desk.vendor_api.media(given) as stream:
        assert stream.read() == b"png"
    # Only the names of the folder itself and the one above it cannot be spelt otherwise.
    assert [one.path for one in wire.sent] == ([] if given in (".", "..") else [f"{MESSAGES}/medias/{segment}"])


WRONG_CARDS = {
    "name": ["John", None, 5],
    "phones": [
        "+1",
        None,
        [5],
        [CardPhone(phone=5)],
        [CardPhone(wa_id=5)],
        [CardPhone(wa_id="+16505551234")],
        [CardEmail()],
    ],
    "emails": [[CardEmail(email=["a@b.c"])], "a@b.c"],
    "org": ["Acme", CardOrganisation(company=5)],
    "birthday": [5, True, 20120818],
    "ims": [[CardMessenger(service="AIM", user_id="x")]],
}


@pytest.mark.parametrize("part", WRONG_CARDS)
def test_a_card_of_wrong_types_is_invalid_and_names_the_part(wire, part):
    desk = wire.open()
    for value in WRONG_CARDS[part]:
        with pytest.raises(Invalid) as caught:
            desk.vendor_api.send_contacts(TO, [evolve(CARD, **{part: value})])
        assert caught.value.field.startswith(f"contacts.*.{part}")
    assert wire.sent == []


@pytest.mark.parametrize("body", [None, 5, {}, memoryview(b"{}")])
def test_a_webhook_s_body_is_bytes_or_text(wire, inbox, body):
    with pytest.raises(Invalid):
        wire.open(inbox=inbox).webhooks.receive(body)


@pytest.mark.parametrize("name", ["a/b", "a?b#c", "a\nb", "ğ 👍", "\u202eb"])
def test_a_template_is_found_by_whatever_name_it_has(wire, name):
    document = [{**json.loads(samples.TEMPLATES)[0], "name": name}]
    wire.answer(TEMPLATES, document)
    wire.answer(f"{TEMPLATES}/send", {"message_id": "g"})
    wire.open().templates.send(name, TO, parameters=VALUES)
    assert wire.sent[-1].form[0] == ("template_id", "75")


@pytest.mark.parametrize(
    "filename", ["../x", "..\\x", "/etc/passwd", 'a"b.png', "a\r\nX-Evil: 1.png", "a\x00b", "ğ👍.png", "", "x" * 300]
)
def test_a_file_s_name_is_carried_as_data_and_adds_no_header(wire, filename):
    desk = opened(wire, "media", samples.MEDIA)
    desk.vendor_api.send_media(TO, [Upload.from_bytes(filename, b"x", "image/png")])
    (request,) = wire.sent
    assert b"X-Evil: 1" not in request.body.replace(b"%0D%0AX-Evil: 1", b"")
    assert request.body.count(b"Content-Disposition") == 2
    assert [name for name, _ in request.form] == ["to", "attachments[]"]


@pytest.mark.parametrize(
    "attachment",
    [
        Attachment("a", locator=""),
        Attachment("a", locator="{}"),
        Attachment("a", locator="5"),
        Attachment("a", locator='{"url": 5}'),
    ],
)
def test_an_attachment_of_nowhere_is_invalid(wire, attachment):
    desk = wire.open()
    with pytest.raises(Invalid):
        desk.attachments.open(attachment)
    assert wire.sent == []


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.example/f",
        "file:///etc/passwd",
        "https://u:p@cdn.example/f",
        "ftp://x/f",
        "https://",
    ],
)
def test_a_file_s_address_that_leads_inside_or_off_https_is_not_fetched(wire, url):
    desk = wire.open()
    with (
        pytest.raises(HelpdeskError),
        desk.attachments.open(Attachment("a", locator=json.dumps({"url": url}))) as stream,
    ):
        stream.read()
    assert wire.sent == []


@pytest.mark.parametrize(
    "url",
    [
        "https://169.254.169.254/latest/meta-data",
        "https://127.0.0.1/f",
        "https://[::1]/f",
        "https://2130706433/f",
        "https://10.0.0.1/f",
        "https://localhost/f",
    ],
)
def test_a_file_s_address_within_this_network_is_refused_before_anything_is_sent(own_budget, monkeypatch, url):
    # Without a mock: the address is judged where the socket would be opened.
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("a connection was made"))
    attachment = Attachment("a", locator=json.dumps({"url": url}))
    with open_desk({"vendor": "desk360", "integration": 11, "api_key": "k"}) as desk:
        with pytest.raises(HelpdeskError), desk.attachments.open(attachment) as stream:
            stream.read()


@pytest.mark.parametrize("requester", ["", "ann@x.io", "905", "+90 555", "Ann", "+", "\n"])
def test_a_conversation_is_begun_with_a_number_only(wire, inbox, requester):
    desk = wire.open(inbox=inbox, check_window=False)
    with pytest.raises((Invalid, NotFound)):
        desk.tickets.create(TicketDraft(subject="s", description="d", requester=requester))
    assert wire.sent == []


@pytest.mark.parametrize(
    "ticket_id", ["", "none", "a/b", "../x", "deskie:x/ticket/1", "desk360:12/ticket/905551112233"]
)
def test_a_conversation_that_is_not_there_gets_no_reply_and_no_note(wire, inbox, ticket_id):
    desk = wire.open(inbox=inbox, check_window=False)
    for call in (desk.messages.reply, desk.messages.note):
        with pytest.raises(HelpdeskError):
            call(ticket_id, MessageDraft(body="x"))
    assert wire.sent == []


def test_a_caller_s_own_marker_has_no_place(wire, inbox):
    desk = wire.open(inbox=inbox, check_window=False)
    with pytest.raises(Unsupported):
        desk.tickets.create(TicketDraft(subject="s", description="d", requester=TO), idempotency_key="k")
    assert wire.sent == []


# ---- the simulator's side


PATHS = {name: call.path for name, call in CALLS.items() if name not in LISTS}


UNREADABLE = [
        (b"", "application/json"),
        (b"{}", "application/json"),
        (b"[]", "application/json"),
        (b"null", "application/json"),
        (b"<html></html>", "application/json"),
        ('{"to": "ü"}'.encode("latin-1"), "application/json; charset=latin-1"),
        (b"[" * 5000, "application/json"),
        (json.dumps({"to": ["x"], "text": {}, "body": 5, "buttons": "x", "contacts": {}, "template_id": "x"}).encode(), "application/json"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"no boundary", "multipart/form-data"),
        (b"a[=1&]b=2&to[][]=x", "application/x-www-form-urlencoded"),
        (b"to=%ff%fe", "application/x-www-form-urlencoded"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", PATHS)
def test_the_simulator_refuses_what_it_cannot_read_in_the_vendor_s_words(name):
    simulated = Desk()
    for body, content_type in UNREADABLE:
        assert simulated.refused(PATHS[name], data=body, content_type=content_type)


@pytest.mark.parametrize("name", PATHS)
def test_the_simulator_knows_no_integration_of_an_odd_name(name):
    simulated = Desk()
    for integration in ("a%2fb", "%2e%2e", "11%0a", "11%3fx", "١١", "1" * 400):
        answer = simulated.post(PATHS[name].replace("/11/", f"/{integration}/"), json={})
        assert answer.status_code == 404
        assert json.loads(answer.data)["error"]["code"] in ("model_not_found_exception", "not_found_exception")


@pytest.mark.parametrize("name", CALLS)
def test_the_simulator_refuses_other_methods_and_tells_which_there_are(name):
    simulated = Desk(chats_enabled=True)
    reads = name in LISTS
    for method in ("PUT", "DELETE", "PATCH", "POST" if reads else "GET"):
        if (name, method) == ("text", "GET"):
            continue
        answer = simulated.send(method, CALLS[name].path, json={})
        assert answer.status_code == 405, method
        assert json.loads(answer.data)["error"]["code"] == "method_not_allowed_exception"
        assert ("GET" if reads else "POST") in answer.headers["Allow"]


@pytest.mark.parametrize("name", CALLS)
def test_the_simulator_ignores_parameters_that_it_does_not_know(name):
    simulated = Desk(chats_enabled=True)
    path = f"{CALLS[name].path}?colour=red&page=&x[]=1"
    if name in LISTS:
        assert simulated.get(path).status_code == 200
    else:
        assert simulated.refused(path, json={"colour": "red"})
