"""Templates: listed once, checked exactly, sent as the samples show."""

import json
from datetime import UTC, datetime

import pytest
from adapters.desk360 import samples
from adapters.desk360.wiretap import DIGITS, TO, said

from helpdesk_bridge import Upload
from helpdesk_bridge.errors import Invalid, NotFound

LIST = "/v1/integrations/11/conversations/templates"
SEND = f"{LIST}/send"
BULK = f"{SEND}/bulk"
VALUES = {"header-1": "Header 1", "body-1": "Body 1", "body-2": "Body 2"}


@pytest.fixture
def templates(wire):
    wire.answer(LIST, samples.TEMPLATES)
    wire.answer(SEND, {"message_id": "gBEGkFBXUQRnAglW0luHY8xsrFk"})
    return wire.open().templates


def sends(wire):
    return [one for one in wire.sent if one.method == "POST"]


def test_the_sample_has_one_language_in_review_and_one_active(templates):
    (template,) = templates.list()
    english, turkish = template.translations
    assert (template.id, template.name, template.sendable) == (75, "template_02", True)
    assert (english.language, english.active, english.variables) == ("English", False, ())
    assert (turkish.language, turkish.active, turkish.variables) == ("Türkçe", True, ("header-1", "body-1", "body-2"))
    assert (turkish.header_type, turkish.header) == ("TEXT", "Merhaba {{1}} ,")
    assert turkish.examples == {"header-1": "Header 1", "body-1": "Ahmet Kara", "body-2": "SP123456789"}
    assert (turkish.editable, turkish.quality) == (True, "template-messages.quality-unavailable")
    assert turkish.updated_at == datetime(2024, 5, 30, 12, 16, 37, tzinfo=UTC)
    assert (template.created_at, template.updated_at) == (
        datetime(2024, 5, 30, 12, 14, 28, tzinfo=UTC),
        datetime(2024, 5, 31, 6, 33, 30, tzinfo=UTC),
    )
    assert turkish.text({"header-1": "A", "body-1": "{{2}}", "body-2": "B"}) == (
        "Merhaba A ,\nMerhaba {{2}}, Sipariş takip numaranız: B Bu takip numarası ile siparişinizin durumunu sorgulayabilirsiniz."
    )


def test_a_template_goes_with_exactly_the_samples_keys(wire, templates):
    assert templates.send("template_02", TO, parameters=VALUES).ids == ("gBEGkFBXUQRnAglW0luHY8xsrFk",)
    assert sends(wire)[0].form == [
        ("template_id", "75"),
        ("language_id", "2"),
        ("destinations[0][phone]", TO),
        ("destinations[0][parameters][header-1]", "Header 1"),
        ("destinations[0][parameters][body-1]", "Body 1"),
        ("destinations[0][parameters][body-2]", "Body 2"),
    ]
    assert sends(wire)[0].headers["Authorization"].startswith("Bearer ")


@pytest.mark.parametrize(
    ("template", "options", "field"),
    [
        (75, {"parameters": {"header-1": "H", "body-1": "B"}}, "parameters"),
        (75, {"parameters": {**VALUES, "body-3": "B"}}, "parameters"),
        (75, {}, "parameters"),
        (75, {"parameters": {**VALUES, "body-2": " "}}, "parameters.body-2"),
        (75, {"parameters": {**VALUES, "body-2": 5}}, "parameters.body-2"),
        (75, {"parameters": {}, "language": "English"}, "language"),
        (75, {"parameters": {}, "language": 9}, "language"),
        ("other", {"parameters": VALUES}, "template"),
    ],
)
def test_what_does_not_fit_is_refused_after_one_listing_at_most(wire, templates, template, options, field):
    with pytest.raises(Invalid) as caught:
        templates.send(template, TO, **options)
    assert caught.value.field == field
    assert (sends(wire), len(wire.sent)) == ([], 1)
    with pytest.raises(Invalid):
        templates.send(75, DIGITS, parameters=VALUES)
    assert len(wire.sent) == 1


def test_several_approved_languages_need_a_choice_and_a_template_may_not_be_sendable(wire):
    document = json.loads(samples.TEMPLATES)[0]
    english, turkish = document["translations"]
    both = {**document, "translations": [{**english, "status": "template-messages.active"}, turkish]}
    wire.answer(
        LIST,
        [
            both,
            {**both, "id": 76, "name": "off", "sendable": False},
            {**both, "id": 77, "name": "none", "translations": [english]},
        ],
    )
    wire.answer(SEND, {"message_id": "g"})
    templates = wire.open().templates
    with pytest.raises(Invalid, match="English"):
        templates.send(75, TO)
    templates.send(75, TO, language="english")
    templates.send(75, TO, language=2, parameters=VALUES)
    assert [dict(one.form)["language_id"] for one in sends(wire)] == ["1", "2"]
    for name in ("off", "none"):
        with pytest.raises(Invalid):
            templates.send(name, TO, parameters=VALUES)


def test_a_template_with_a_file_is_form_data(wire, templates):
    templates.send(
        75,
        TO,
        language="Türkçe",
        parameters=VALUES,
        attachment=Upload.from_bytes("test_image.jpg", b"jpg", "image/jpeg"),
    )
    assert sends(wire)[0].form[-1] == ("attachment", ("test_image.jpg", "image/jpeg", b"jpg"))


def test_a_bulk_send_shares_its_parameters_and_invents_no_ids(wire, templates):
    wire.answer(BULK, {"phones": [TO, "+905551112234"]})
    sent = templates.send_bulk(75, [TO, "+905551112234"], parameters=VALUES)
    assert sent.phones == (TO, "+905551112234")
    assert not hasattr(sent, "ids")
    assert sends(wire)[0].form == [
        ("template_id", "75"),
        ("language_id", "2"),
        ("destinations[0][phone]", TO),
        ("destinations[1][phone]", "+905551112234"),
        ("parameters[header-1]", "Header 1"),
        ("parameters[body-1]", "Body 1"),
        ("parameters[body-2]", "Body 2"),
    ]


def test_a_bulk_send_takes_a_csv_of_numbers(wire, templates):
    wire.answer(BULK, {"phones": [TO]})
    numbers = Upload.from_bytes("numbers.csv", f"phone\n{TO}\n".encode(), "text/csv")
    assert templates.send_bulk(75, parameters=VALUES, file=numbers).phones == (TO,)
    assert sends(wire)[0].form[-1] == ("destinations_file", ("numbers.csv", "text/csv", f"phone\n{TO}\n".encode()))
    before = len(wire.sent)
    for options in ({}, {"file": Upload.from_bytes("n.csv", b"phone\n905551112233\n")}, {"phones": [DIGITS]}):
        with pytest.raises(Invalid):
            templates.send_bulk(75, parameters=VALUES, **options)
    assert len(wire.sent) == before


def test_two_sends_list_the_templates_once_and_a_refused_one_lists_them_again(wire, templates):
    templates.send(75, TO, parameters=VALUES)
    templates.send(75, TO, parameters=VALUES)
    assert wire.paths() == [LIST, SEND, SEND]
    wire.answer(
        SEND, (404, {}, said("model_not_found_exception")), (400, {}, said("failed_validation")), {"message_id": "g"}
    )
    for kind in (NotFound, Invalid):
        with pytest.raises(kind):
            templates.send(75, TO, parameters=VALUES)
    templates.send(75, TO, parameters=VALUES)
    assert wire.paths().count(LIST) == 3


def test_a_template_starts_a_conversation_in_the_inbox_and_a_customer_may_answer(wire, inbox):
    wire.answer(LIST, samples.TEMPLATES)
    wire.answer(SEND, {"message_id": "gBEG1"})
    desk = wire.open(inbox=inbox)
    sent = desk.templates.send(75, TO, parameters=VALUES)
    ticket = desk.tickets.get(DIGITS)
    assert ticket.subject == "Merhaba Header 1 , Merhaba Body 1, Sipariş takip numaranız: Body 2 Bu takip num…"
    assert (ticket.status_label, ticket.message_count) == ("pending", 1)
    (opening,) = desk.messages.list(ticket.ref)
    assert (opening.id, opening.opening, opening.author.kind.value) == (sent.ids[0], True, "agent")
