from __future__ import annotations

from io import BytesIO

import pytest
from adapters.desk360.simulated import TO, Desk

SEND = "templates/send"
BULK = "templates/send/bulk"
PARAMETERS = {"header-1": "Header 1", "body-1": "Body 1", "body-2": "Body 2"}
FORM = {
    "template_id": "75",
    "language_id": "2",
    "destinations[0][phone]": TO,
    **{f"destinations[0][parameters][{key}]": value for key, value in PARAMETERS.items()},
}
BULK_FORM = {
    "template_id": "75",
    "language_id": "2",
    **{f"parameters[{key}]": value for key, value in PARAMETERS.items()},
}


def body(parameters=PARAMETERS, phones=(TO,), **more):
    destinations = [{"phone": phone, "parameters": parameters} for phone in phones]
    return {"template_id": 75, "language_id": 2, "destinations": destinations, **more}


def csv(text):
    return (BytesIO(text.encode()), "numbers.csv")


def test_a_template_goes_out_by_form_and_by_json():
    desk = Desk()
    for more in ({"data": FORM, "content_type": "multipart/form-data"}, {"data": FORM}, {"json": body()}):
        answer = desk.accepted(SEND, **more)
        assert set(answer) == {"message_id"}
        assert answer["message_id"].startswith("gBEG")
        assert len(answer["message_id"]) == len("gBEGkFBXUQRnAglW0luHY8xsrFk")
    contents = [message["body"] for message in desk.outbox("?kind=template")]
    assert contents == [{"template_id": 75, "language_id": 2, "parameters": PARAMETERS, "attachment": None}] * 3
    assert len({message["id"] for message in desk.outbox()}) == 3


@pytest.mark.parametrize(
    ("request_body", "text"),
    [
        ({**body(), "template_id": None}, "The template id field is required."),
        ({**body(), "template_id": "x"}, "The template id field must be an integer."),
        ({**body(), "template_id": True}, "The template id field must be an integer."),
        ({**body(), "template_id": 1}, "The selected template id is invalid."),
        ({**body(), "language_id": ""}, "The language id field is required."),
        ({**body(), "language_id": 3}, "The selected language id is invalid."),
        ({**body(), "language_id": 1}, "The template is not active in this language."),
        ({**body(), "template_id": 78, "language_id": 1}, "The template is not active in this language."),
        ({**body(), "destinations": []}, "The destinations field is required."),
        ({**body(), "destinations": "[]"}, "The destinations field must be an array."),
        ({**body(), "destinations": ["+905551112233"]}, "The destinations.0 field must be an array."),
        ({**body(), "destinations": [{}]}, "The destinations.0.phone field is required."),
        (body(phones=["905551112233"]), "The destinations.0.phone field format is invalid."),
        (body(phones=[TO, "x"]), "The destinations.1.phone field format is invalid."),
        (body({}), "The destinations.0.parameters field is required."),
        (body({"header-1": "a", "body-1": "b"}), "The destinations.0.parameters.body-2 field is required."),
        (body({**PARAMETERS, "body-2": " "}), "The destinations.0.parameters.body-2 field is required."),
        (
            body({**PARAMETERS, "body-3": "c"}),
            "The destinations.0.parameters.body-3 field is no variable of this template.",
        ),
    ],
)
def test_what_does_not_fit_the_template_is_refused(request_body, text):
    assert Desk().refused(SEND, json=request_body) == text


def test_a_template_without_variables_needs_no_parameters_and_takes_none():
    desk = Desk()
    plain = {"template_id": 77, "language_id": 1}
    for destination in ({"phone": TO}, {"phone": TO, "parameters": {}}, {"phone": TO, "parameters": []}):
        desk.accepted(SEND, json={**plain, "destinations": [destination]})
    extra = {"phone": TO, "parameters": {"body-1": "x"}}
    assert "no variable" in desk.refused(SEND, json={**plain, "destinations": [extra]})


def test_of_several_destinations_the_first_id_is_answered():
    desk = Desk()
    answer = desk.accepted(SEND, json=body(phones=[TO, "+4930123456"]))
    sent = desk.outbox()
    assert [message["to"] for message in sent] == [TO, "+4930123456"]
    assert answer == {"message_id": sent[0]["id"]}
    assert [message["announced"] for message in sent] == [True, False]


def test_an_attachment_is_a_file_of_form_data():
    desk = Desk()
    form = {**FORM, "attachment": (BytesIO(b"jpg"), "test_image.jpg", "application/octet-stream")}
    desk.accepted(SEND, data=form)
    assert desk.outbox()[0]["body"]["attachment"] == "test_image.jpg"
    assert desk.refused(SEND, json=body(attachment="https://x.io/a.jpg")) == "The attachment field must be a file."
    assert desk.refused(SEND, data={**FORM, "attachment": "text"}) == "The attachment field must be a file."
    several = {**FORM, "attachment[]": [(BytesIO(b"a"), "a.jpg"), (BytesIO(b"b"), "b.jpg")]}
    assert desk.refused(SEND, data=several) == "The attachment field must be a file."


def test_bulk_shares_its_parameters_and_answers_the_numbers():
    desk = Desk()
    phones = [TO, "+4930123456"]
    request = {"template_id": 75, "language_id": 2, "parameters": PARAMETERS}
    answer = desk.accepted(BULK, json={**request, "destinations": [{"phone": phone} for phone in phones]})
    assert answer == {"phones": phones}
    sent = desk.outbox()
    assert [message["to"] for message in sent] == phones
    assert [message["announced"] for message in sent] == [False, False]
    assert sent[0]["body"]["parameters"] == PARAMETERS
    form = {**BULK_FORM, "destinations[0][phone]": TO, "destinations[7][phone]": phones[1]}
    assert desk.accepted(BULK, data=form) == {"phones": phones}


@pytest.mark.parametrize(
    "text", ["+905551112233\n+4930123456\n", "\ufeffphone;name\n+905551112233;Ann\n+4930123456;Bob\n\n"]
)
def test_bulk_takes_a_file_of_numbers(text):
    desk = Desk()
    assert desk.accepted(BULK, data={**BULK_FORM, "destinations_file": csv(text)}) == {"phones": [TO, "+4930123456"]}
    both = {**BULK_FORM, "destinations[0][phone]": "+15550001111", "destinations_file": csv(text)}
    assert desk.accepted(BULK, data=both) == {"phones": ["+15550001111", TO, "+4930123456"]}


def test_bulk_refuses_nobody_wrong_numbers_and_wrong_parameters():
    desk = Desk()
    nobody = "The destinations field is required when destinations file is not present."
    assert desk.refused(BULK, data=BULK_FORM) == nobody
    assert desk.refused(BULK, data={**BULK_FORM, "destinations_file": csv("phone\n")}) == nobody
    assert "number" in desk.refused(BULK, data={**BULK_FORM, "destinations_file": csv("+905551112233\n0555\n")})
    assert "must be a file" in desk.refused(BULK, data={**BULK_FORM, "destinations_file": "+905551112233"})
    binary = (BytesIO(b"\xff\xfe\x00"), "numbers.csv")
    assert "csv" in desk.refused(BULK, data={**BULK_FORM, "destinations_file": binary})
    missing = {"template_id": 75, "language_id": 2, "destinations": [{"phone": TO}]}
    assert desk.refused(BULK, json=missing) == "The parameters field is required."


def test_a_template_arrives_outside_the_window_but_not_at_a_number_without_whatsapp():
    desk = Desk(enforce_window=True, inactive_numbers=f"+15550001111, {TO}")
    desk.accepted(SEND, json=body(phones=["+4930123456"]))
    assert desk.refused(SEND, json=body(phones=["+4930123456", TO])) == "The number is not an active WhatsApp number."
    assert "active WhatsApp" in desk.refused(BULK, data={**BULK_FORM, "destinations[0][phone]": TO})
    silent = Desk(inactive_numbers=TO, undeliverable="silent", delivery="read")
    silent.accepted(SEND, json=body())
    assert [message["reaches"] for message in silent.outbox()] == [False]
    assert silent.webhooks() == []
