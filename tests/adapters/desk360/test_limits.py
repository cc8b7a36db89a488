"""Every number of the documents, at the limit and one over: checked before sending, and again by the simulator."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from io import BytesIO
from typing import Any

import pytest
from adapters.desk360.simulated import TO, Desk
from adapters.desk360.wiretap import HOST
from attrs import frozen
from urllib3 import encode_multipart_formdata

from helpdesk_bridge import Body, MessageDraft, Upload, open_desk
from helpdesk_bridge.errors import Invalid
from helpdesk_bridge.testing.clock import ManualClock
from helpdesk_bridge.testing.simulator import mock_simulator
from helpdesk_bridge_desk360.simulator import API_KEY
from helpdesk_bridge_desk360.wire.cards import CardName, CardPhone, ContactCard
from helpdesk_bridge_desk360.wire.interactive import Button, Header

MB = 1 << 20
BUTTON = {"id": "id", "title": "Yes"}
NAME = {"formatted_name": "John Smith", "first_name": "John", "last_name": "Smith"}
PLACE = {"longitude": -122.4, "latitude": 37.7, "name": "HQ", "address": "1 Hacker Way"}
LINK = "https://files.example/f"


@frozen(kw_only=True)
class Rule:
    """One rule: how a value is sent by the library, and as a raw request (None: the vendor is not known to check it)."""

    name: str
    at: tuple[Any, ...]
    over: tuple[Any, ...]
    field: str
    limit: int | None = None
    send: Callable[[Any, Any], Any]
    raw: Callable[[Any], tuple[str, dict[str, Any]]] | None = None

    def __str__(self) -> str:
        return self.name


def interactive(**given: Any) -> tuple[str, dict[str, Any]]:
    return "messages/interactive", {"json": {"to": TO, "body": "b", "buttons": [BUTTON], **given}}


def send_interactive(desk: Any, **given: Any) -> Any:
    return desk.vendor_api.send_interactive(TO, **{"body": "b", "buttons": [Button(**BUTTON)], **given})


def send_buttons(desk: Any, buttons: list[dict[str, str]]) -> Any:
    return send_interactive(desk, buttons=[Button(**one) for one in buttons])


def send_header(desk: Any, header: dict[str, Any]) -> Any:
    kind = header.get("type", "text")
    inner = header.get(kind) if isinstance(header.get(kind), dict) else {}
    return send_interactive(
        desk, header=Header(type=kind, text=header.get("text") if kind == "text" else None, **inner)
    )


def titled(*titles: str) -> list[dict[str, str]]:
    return [{"id": f"ID {place}", "title": title} for place, title in enumerate(titles)]


def card(**given: Any) -> dict[str, Any]:
    return {"name": NAME, **given}


def send_card(desk: Any, given: dict[str, Any]) -> Any:
    phones = [CardPhone(**one) for one in given.get("phones", ())]
    name = CardName(**given["name"])
    return desk.vendor_api.send_contacts(TO, [ContactCard(name=name, birthday=given.get("birthday"), phones=phones)])


def send_file(desk: Any, sizes: tuple[int, ...]) -> Any:
    return desk.vendor_api.send_media(TO, [Upload.from_bytes("a.bin", bytes(size)) for size in sizes])


def raw_files(sizes: tuple[int, ...]) -> tuple[str, dict[str, Any]]:
    # The test client would leave its temporary file open.
    files = [("attachments[]", ("a.bin", bytes(size))) for size in sizes]
    body, content_type = encode_multipart_formdata([("to", TO), *files])
    return "messages/medias", {"data": body, "content_type": content_type}


def raw_csv(content: str) -> tuple[str, dict[str, Any]]:
    file = (BytesIO(content.encode()), "n.csv")
    return "templates/send/bulk", {
        "data": {"template_id": "76", "language_id": "1", "parameters[body-1]": "A", "parameters[body-2]": "B",
                 "destinations_file": file},
    }  # fmt: skip


def send_csv(desk: Any, content: str) -> Any:
    file = Upload.from_bytes("n.csv", content.encode(), "text/csv")
    return desk.templates.send_bulk(76, file=file, language=1, parameters={"body-1": "A", "body-2": "B"})


RULES = [
    Rule(name="text 4096", field="text", limit=4096, at=("x" * 4096, "👍" * 4096, "ğ" * 4096, "x"), over=("x" * 4097, "👍" * 4097, "", " \n"),
         send=lambda desk, text: desk.vendor_api.send_text(TO, text),
         raw=lambda text: ("messages", {"data": {"to": TO, "text": text}})),
    Rule(name="interactive body 1024", field="body", limit=1024, at=("x" * 1024, "م" * 1024), over=("x" * 1025, ""),
         send=lambda desk, text: send_interactive(desk, body=text), raw=lambda text: interactive(body=text)),
    Rule(name="location request body 1024", field="body", limit=1024, at=("x" * 1024,), over=("x" * 1025, "  "),
         send=lambda desk, text: desk.vendor_api.request_location(TO, text),
         raw=lambda text: ("messages/interactive/location-request", {"json": {"to": TO, "body": text}})),
    Rule(name="header text 60", field="header.text", limit=60, at=("h" * 60, "👍" * 60), over=("h" * 61, ""),
         send=lambda desk, text: send_interactive(desk, header=Header(type="text", text=text)),
         raw=lambda text: interactive(header={"type": "text", "text": text})),
    Rule(name="footer text 60", field="footer.text", limit=60, at=("f" * 60,), over=("f" * 61, ""),
         send=lambda desk, text: send_interactive(desk, footer=text),
         raw=lambda text: interactive(footer={"text": text})),
    Rule(name="button id 200", field="buttons.*.id", limit=200, at=("i" * 200, "ID 1/1?#\n"), over=("i" * 201, ""),
         send=lambda desk, text: send_buttons(desk, [{"id": text, "title": "t"}]),
         raw=lambda text: interactive(buttons=[{"id": text, "title": "t"}])),
    Rule(name="button title 1 to 20", field="buttons.*.title", limit=20, at=("t", "t" * 20, "👍" * 20), over=("t" * 21, "", " "),
         send=lambda desk, text: send_buttons(desk, [{"id": "i", "title": text}]),
         raw=lambda text: interactive(buttons=[{"id": "i", "title": text}])),
    Rule(name="button titles are unique", field="buttons.*.title", at=(("a", "b"), ("a", "A")), over=(("a", "a"), ("👍", "x", "👍")),
         send=lambda desk, titles: send_buttons(desk, titled(*titles)),
         raw=lambda titles: interactive(buttons=titled(*titles))),
    Rule(name="1 to 10 buttons", field="buttons", limit=10, at=(1, 10), over=(0, 11),
         send=lambda desk, count: send_buttons(desk, titled(*map(str, range(count)))),
         raw=lambda count: interactive(buttons=titled(*map(str, range(count))))),
    Rule(name="header type", field="header.type", at=({"type": "text", "text": "t"}, {"type": "image", "image": {"link": LINK}}),
         over=({"type": "audio", "audio": {}}, {"type": "TEXT"}, {"type": ""}),
         send=send_header, raw=lambda header: interactive(header=header)),
    Rule(name="image link required", field="header.image.link", at=({"type": "image", "image": {"link": LINK}},),
         over=({"type": "image"}, {"type": "image", "image": {"link": ""}}, {"type": "image", "image": {"link": "C:/f"}}),
         send=send_header, raw=lambda header: interactive(header=header)),
    Rule(name="video link required", field="header.video.link", at=({"type": "video", "video": {"link": LINK}},),
         over=({"type": "video"}, {"type": "video", "video": {"link": " "}}),
         send=send_header, raw=lambda header: interactive(header=header)),
    Rule(name="document link required", field="header.document.link",
         at=({"type": "document", "document": {"link": LINK}}, {"type": "document", "document": {"link": LINK, "filename": "f"}}),
         over=({"type": "document"}, {"type": "document", "document": {"filename": "f"}}),
         send=send_header, raw=lambda header: interactive(header=header)),
    Rule(name="header text required", field="header.text", at=({"type": "text", "text": "t"},), over=({"type": "text"},),
         send=send_header, raw=lambda header: interactive(header=header)),
    Rule(name="5 files", field="attachments", limit=5, at=((1,), (1,) * 5), over=((1,) * 6,), send=send_file, raw=raw_files),
    Rule(name="at least one file", field="attachments", at=((1,),), over=((),), send=send_file, raw=raw_files),
    Rule(name="20 MB", field="attachments", limit=20 * MB, at=((20 * MB,),), over=((20 * MB + 1,), (11 * MB, 9 * MB + 1)),
         send=send_file, raw=raw_files),
    Rule(name="birthday Y-m-d", field="contacts.*.birthday", at=("2012-08-18", "2012-02-29"),
         over=("18.08.2012", "2012-8-18", "2012-02-30", "2012-08-18T00:00:00", "20120818", "٢٠١٢-٠٨-١٨"),
         send=lambda desk, text: send_card(desk, card(birthday=text)),
         raw=lambda text: ("messages/contacts", {"json": {"to": TO, "contacts": [card(birthday=text)]}})),
    *(Rule(name=f"card {name}", field=f"contacts.*.name.{name}", at=("J", "ğ👍"), over=("", " "),
           send=lambda desk, text, name=name: send_card(desk, {"name": {**NAME, name: text}}),
           raw=lambda text, name=name: ("messages/contacts", {"json": {"to": TO, "contacts": [{"name": {**NAME, name: text}}]}}))
      for name in NAME),
    *(Rule(name=f"location {name}", field=f"location.{name}", at=("x",), over=("", None),
           send=lambda desk, text, name=name: desk.vendor_api.send_location(TO, **{**PLACE, name: text}),
           raw=lambda text, name=name: ("messages/locations", {"json": {"to": TO, "location": {**PLACE, name: text}}}))
      for name in ("name", "address")),
    *(Rule(name=f"location {name}", field=f"location.{name}", limit=most, at=(most, -most, 0), over=(None, "north", True),
           send=lambda desk, number, name=name: desk.vendor_api.send_location(TO, **{**PLACE, name: number}),
           raw=lambda number, name=name: ("messages/locations", {"json": {"to": TO, "location": {**PLACE, name: number}}}))
      for name, most in (("longitude", 180), ("latitude", 90))),
    *(Rule(name=f"location {name} on the map", field=f"location.{name}", limit=most, at=(most,), over=(most + 1, -most - 0.1),
           send=lambda desk, number, name=name: desk.vendor_api.send_location(TO, **{**PLACE, name: number}))
      for name, most in (("longitude", 180), ("latitude", 90))),
    Rule(name="reads need ids", field="message_ids", at=(["ABEG"], ["ABEG", "gBEG"]), over=([],),
         send=lambda desk, ids: desk.vendor_api.mark_read(TO, ids),
         raw=lambda ids: ("messages/reads", {"data": {"to": TO, "message_ids[]": ids}})),
    Rule(name="a CSV of numbers", field="file", at=(f"{TO}\n", f"phone\n{TO}\n+491701234567\n"),
         over=("", "phone\n", "905551112233\n", f"{TO}\n0555 111 22 33\n", f"{TO}\n+0555111223\n", f"{TO}\n+90xxx1\n"),
         send=send_csv, raw=raw_csv),
]  # fmt: skip

RECIPIENTS = {
    "text": (lambda desk, to: desk.vendor_api.send_text(to, "x"), lambda to: ("messages", {"json": {"to": to, "text": "x"}})),
    "location": (lambda desk, to: desk.vendor_api.send_location(to, **PLACE),
                 lambda to: ("messages/locations", {"json": {"to": to, "location": PLACE}})),
    "contacts": (lambda desk, to: desk.vendor_api.send_contacts(to, [ContactCard(name=CardName(**NAME))]),
                 lambda to: ("messages/contacts", {"json": {"to": to, "contacts": [card()]}})),
    "media": (lambda desk, to: desk.vendor_api.send_media(to, [Upload.from_bytes("a", b"a")]),
              lambda to: ("messages/medias", {"data": {"to": to, "attachments[]": (BytesIO(b"a"), "a")}})),
    "interactive": (lambda desk, to: desk.vendor_api.send_interactive(to, "b", [Button(**BUTTON)]),
                    lambda to: interactive(to=to)),
    "location request": (lambda desk, to: desk.vendor_api.request_location(to, "b"),
                         lambda to: ("messages/interactive/location-request", {"json": {"to": to, "body": "b"}})),
    "reads": (lambda desk, to: desk.vendor_api.mark_read(to, ["x"]),
              lambda to: ("messages/reads", {"json": {"to": to, "message_ids": ["x"]}})),
    "template": (lambda desk, to: desk.templates.send(77, to),
                 lambda to: ("templates/send", {"json": {"template_id": 77, "language_id": 1, "destinations": [{"phone": to}]}})),
    "bulk": (lambda desk, to: desk.templates.send_bulk(77, [to]),
             lambda to: ("templates/send/bulk", {"json": {"template_id": 77, "language_id": 1, "destinations": [{"phone": to}]}})),
}  # fmt: skip
NUMBERS = ("+4930123", "+905551112233", "+123456789012345")
NO_NUMBERS = ("4915112345678", "004915112345678", "+0905551112", "+490301", "+1234567890123456", "+90 555 111 22 33", "+90xxxxxxxxxx", "", "ann@x.io", "+٩٠٥٥٥١١١٢٢٣٣")  # fmt: skip


class Account:
    """A simulated account, a desk of it, and the calls that it got."""

    def __init__(self) -> None:
        self.simulated = Desk()
        self.desk: Any = None

    def calls(self) -> list[str]:
        return [one.operation for one in self.simulated.app.requests]


@pytest.fixture
def account(own_budget):
    account = Account()
    with mock_simulator(account.simulated.app, HOST):
        clock = ManualClock(wall=account.simulated.clock.now())
        table = {"vendor": "desk360", "integration": 11, "api_key": API_KEY, "max_wait": None}
        with open_desk(table, clock=clock) as desk:
            account.desk = desk
            yield account


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_what_is_at_the_limit_passes_both(account, rule):
    for number, value in enumerate(rule.at, 1):
        rule.send(account.desk, value)
        assert [one.status for one in account.simulated.app.requests if one.method == "POST"] == [200] * number, value


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_what_is_over_the_limit_names_field_and_limit_and_sends_nothing(account, rule):
    for value in rule.over:
        with pytest.raises(Invalid) as caught:
            rule.send(account.desk, value)
        assert caught.value.field == rule.field
        # A text that is missing is over no number.
        missing = value is None or (isinstance(value, str) and not value.strip())
        assert caught.value.limit == rule.limit or (missing and caught.value.limit is None)
        if caught.value.limit is not None:
            assert str(caught.value.limit) in caught.value.message
    assert account.calls() == []


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.raw is not None], ids=str)
def test_what_is_over_the_limit_is_refused_by_the_simulator_too(rule):
    simulated = Desk()
    for value in rule.over:
        path, request = rule.raw(value)
        assert simulated.refused(path, **request)
    for value in rule.at:
        path, request = rule.raw(value)
        simulated.accepted(path, **request)


@pytest.mark.parametrize("name", RECIPIENTS)
def test_a_number_has_plus_and_country_code_wherever_something_is_sent(account, name):
    send, raw = RECIPIENTS[name]
    for to in NO_NUMBERS:
        with pytest.raises(Invalid) as caught:
            send(account.desk, to)
        assert caught.value.field in ("to", "phones")
        assert to not in caught.value.message or not to
        assert account.simulated.refused(raw(to)[0], **raw(to)[1])
    account.simulated.app.requests.clear()
    for to in NUMBERS:
        send(account.desk, to)
        account.simulated.accepted(raw(to)[0], **raw(to)[1])
    assert account.calls()[0] != "list_templates" or name in ("template", "bulk")


VALUES = {"header-1": "H", "body-1": "A", "body-2": "B"}
FORM = {"template_id": 75, "language_id": 2}
WRONG_VALUES = [
    {},
    {"header-1": "H", "body-1": "A"},
    {**VALUES, "body-3": "C"},
    {**VALUES, "Body-1": "A"},
    {"1": "H", "2": "A", "3": "B"},
    {**VALUES, "body-2": ""},
    {**VALUES, "body-2": None},
    {**VALUES, "body-2": ["B"]},
]


@pytest.mark.parametrize("values", WRONG_VALUES)
def test_template_variables_are_exactly_the_listed_keys(account, values):
    desk = account.desk
    for send in (
        lambda: desk.templates.send(75, TO, parameters=values),
        lambda: desk.templates.send_bulk(75, [TO], parameters=values),
    ):
        with pytest.raises(Invalid) as caught:
            send()
        assert caught.value.field.startswith("parameters")
    assert account.calls() == ["list_templates"]
    destination = {"phone": TO, "parameters": values}
    account.simulated.refused("templates/send", json={**FORM, "destinations": [destination]})
    account.simulated.refused(
        "templates/send/bulk", json={**FORM, "parameters": values, "destinations": [{"phone": TO}]}
    )


def test_template_variables_at_the_limit_pass_both(account):
    account.desk.templates.send(75, TO, parameters=VALUES)
    account.desk.templates.send_bulk(75, [TO, "+491701234567"], parameters=VALUES)
    assert account.calls() == ["list_templates", "send_template", "send_template_in_bulk"]
    assert [one.status for one in account.simulated.app.requests] == [200, 200, 200]


@pytest.mark.parametrize(
    ("template", "language"), [(75, "English"), (75, 1), (75, 9), (78, None), (999, None), ("", None)]
)
def test_a_template_or_language_that_cannot_be_sent_is_refused_after_one_listing(account, template, language):
    for _ in range(2):
        with pytest.raises(Invalid) as caught:
            account.desk.templates.send(template, TO, language=language)
        assert caught.value.field in ("template", "language")
    assert account.calls() == ["list_templates"]


def test_a_reply_is_held_to_the_same_numbers(own_budget, inbox):
    account = Account()
    with mock_simulator(account.simulated.app, HOST):
        table = {"vendor": "desk360", "integration": 11, "api_key": API_KEY, "inbox": inbox, "check_window": False}
        clock = ManualClock(wall=account.simulated.clock.now())
        with open_desk(table, clock=clock) as desk:
            desk.webhooks.receive(json.dumps(account.simulated.sim("inbound", {})["payload"]))
            (ticket,) = desk.tickets.list()
            small = Upload.from_bytes("a", b"a")
            for draft, field_, limit in (
                (MessageDraft(body="x" * 4097), "body", 4096),
                (MessageDraft(body=Body(html=f"<p>{'x' * 4097}</p>")), "body", 4096),
                (MessageDraft(body="x", attachments=[small] * 6), "attachments", 5),
                (
                    MessageDraft(body="x", attachments=[Upload.from_bytes("a", bytes(20 * MB + 1))]),
                    "attachments",
                    20 * MB,
                ),
            ):
                with pytest.raises(Invalid) as caught:
                    desk.messages.reply(ticket.id, draft)
                assert (caught.value.field, caught.value.limit) == (field_, limit)
            assert account.calls() == []
            desk.messages.reply(ticket.id, MessageDraft(body="x" * 4096, attachments=[small] * 5))
            assert account.calls() == ["send_text", "send_media"]


def test_a_header_keeps_nothing_back_in_silence():
    for header, name in (
        (Header(type="text", text="t", link=LINK), "header.link"),
        (Header(type="text", text="t", filename="f"), "header.filename"),
        (Header(type="image", text="t", link=LINK), "header.text"),
        (Header(type="video", filename="f", link=LINK), "header.video.filename"),
    ):
        with pytest.raises(Invalid) as caught:
            header.document()
        assert caught.value.field == name


def test_a_birthday_may_be_a_date():
    assert send_document(date(2012, 8, 18))["birthday"] == "2012-08-18"


def send_document(birthday: Any) -> dict[str, Any]:
    from helpdesk_bridge_desk360.wire.cards import documents

    return documents([ContactCard(name=CardName(**NAME), birthday=birthday)])[0]
