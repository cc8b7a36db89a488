"""The cURL samples of the vendor's paper, sent as curl would send them."""

from __future__ import annotations

import json
import shlex
from uuid import uuid4

import pytest
from adapters.desk360.simulated import TO, Desk
from attrs import define, field

from helpdesk_bridge_desk360.simulator import LOGIN_EMAIL, LOGIN_PASSWORD

HOST = "https://public-api.desk360.com"
SAMPLES = {
    "login": r"""curl --location --request POST 'https://public-api.desk360.com/v1/login' \
--header 'Content-Type: application/json' \
--data-raw '{
    "email": "abc@example.com",
    "password": "YOUR_PASSWORD"
}'""",
    "integrations": r"""curl --location --request GET 'https://public-api.desk360.com/v1/integrations' \
--header 'Authorization: Bearer YOUR_API_TOKEN'""",
    "templates": r"""curl --location --request GET 'https://public-api.desk360.com/v1/integrations/:integrationId/conversations/templates/?page=1' \
--header 'Authorization: Bearer YOUR_API_TOKEN'""",
    "template": r"""curl --location --request POST 'https://public-api.desk360.com/v1/integrations/:integrationId/conversations/templates/send' \
--header 'Authorization: YOUR_API_TOKEN' \
--form 'template_id="1"' \
--form 'language_id="1"' \
--form 'destinations[0][phone]="+905555555555"' \
--form 'destinations[0][parameters][header-1]="Header 1"' \
--form 'destinations[0][parameters][body-1]="Body 1"' \
--form 'destinations[0][parameters][body-2]="Body 2"' \
--form 'attachment=@"/test_image.jpg"'""",
    "bulk": r"""curl --location --request POST 'https://public-api.desk360.com/v1/integrations/:integrationId/conversations/templates/send/bulk' \
--header 'Authorization: YOUR_API_TOKEN' \
--form 'template_id="1"' \
--form 'language_id="1"' \
--form 'destinations[0][phone]="+905555555555"' \
--form 'parameters[header-1]="Header 1"' \
--form 'parameters[body-1]="Body 1"' \
--form 'parameters[body-2]="Body 2"' \
--form 'attachment=@"/test_image.jpg"'""",
    "text": r"""curl --location --request POST 'https://public-api.desk360.com/v1/integrations/:integrationId/conversations/messages' \
--header 'Authorization: Bearer YOUR_API_TOKEN' \
--form 'to="+90xxxxxxxxxx"' \
--form 'text="Hello!"'""",
    "location": r"""curl --location --request POST 'https://public-api.desk360.com/v1/integrations/:integrationId/conversations/messages/locations' \
--header 'Content-Type: application/json' \
--header 'Authorization: Bearer YOUR_API_TOKEN' \
--data '{
    "to": "+90xxxxxxxxxx",
    "location": {
        "longitude": -122.425332,
        "latitude": 37.758056,
        "name": "Facebook HQ",
        "address": "1 Hacker Way, Menlo Park, CA 94025"
    }
}'""",
    "contacts": r"""curl --location --request POST 'https://public-api.desk360.com/v1/integrations/:integrationId/conversations/messages/contacts' \
--header 'Content-Type: application/json' \
--header 'Authorization: Bearer YOUR_API_TOKEN' \
--data-raw '{
"to": "+90xxxxxxxxxx",
"contacts": [
{
"addresses": [
{
"city": "Menlo Park",
"country": "United States",
"country_code": "us",
"state": "CA",
"street": "1 Hacker Way",
"type": "HOME",
"zip": "94025"
}
],
"birthday": "2012-08-18",
"emails": [
{
"email": "test@whatsapp.com",
"type": "WORK"
}
],
"name": {
"first_name": "John",
"formatted_name": "John Smith",
"last_name": "Smith"
},
"org": {
"company": "WhatsApp",
"department": "Design",
"title": "Manager"
},
"phones": [
{
"phone": "+1 (650) 555-1234",
"type": "WORK",
"wa_id": "16505551234"
}
],
"urls": [
{
"url": "https://www.facebook.com",
"type": "WORK"
}
]
}
]
}'""",
    "media": r"""curl --location --request POST 'https://public-api.desk360.com/v1/integrations/:integrationId/conversations/messages/medias' \
--header 'Authorization: Bearer YOUR_API_TOKEN' \
--form 'to="+90xxxxxxxxxx"' \
--form 'attachments[]=@"/path/to/file"'""",
    "get media": r"""curl --location --request GET 'https://public-api.desk360.com/v1/integrations/:integrationId/conversations/messages/medias/:mediaId' \
--header 'Authorization: Bearer YOUR_API_TOKEN'""",
    "interactive": r"""curl --location --request POST 'https://public-api.desk360.com/v1/integrations/:integrationId/conversations/messages/interactive' \
--header 'Content-Type: application/json' \
--header 'Authorization: Bearer YOUR_API_TOKEN' \
--data '{
"to": "+90xxxxxxxxxx",
"header": {
"type": "image",
"image": {
"link": "https://fastly.picsum.photos/id/879/200/300.jpg?hmac=07llkorYxtpw0EwxaeqFKPC5woveWVLykQVnIOyiwd8"
}
},
"body": "<p>Hello</p>",
"footer": {
"text": "<b>Bye</b>"
},
"buttons": [
{
"id": "ID 1.1",
"title": "Button 1"
},
{
"id": "ID 1.2",
"title": "Button 2"
},
{
"id": "ID 1.3",
"title": "Button 3"
}
]
}'""",
    "location request": r"""curl --location --request POST 'https://public-api.desk360.com/v1/integrations/:integrationId/conversations/messages/interactive/location-request' \
--header 'Content-Type: application/json' \
--header 'Authorization: Bearer YOUR_API_TOKEN' \
--data '{
"to": "+90xxxxxxxxxx",
"body": "<i>Send Location</i>"
}'""",
    "reads": r"""curl --location --request POST 'https://public-api.desk360.com/v1/integrations/:integrationId/conversations/messages/reads' \
--header 'Authorization: Bearer YOUR_API_TOKEN' \
--form 'to="+90xxxxxxxxxx"' \
--form 'message_ids[]="xxxxxxxxxxxxxxxx"'""",
}
ANSWERS = {
    "login": {"access_token", "token_type"},
    "template": {"message_id"},
    "bulk": {"phones"},
    "text": {"message_id"},
    "location": {"message_id"},
    "contacts": {"message_id"},
    "media": {"medias"},
    "interactive": {"message_id"},
    "location request": {"message_id"},
    "reads": {"message_ids"},
}


@define
class Curl:
    """A request as curl makes it from its command line."""

    method: str
    url: str
    headers: dict[str, str] = field(factory=dict)
    body: bytes = b""


def curl(command: str) -> Curl:
    words = iter(shlex.split(command.replace("\\\n", " "))[1:])
    request = Curl("GET", "")
    fields: list[tuple[str, str]] = []
    for word in words:
        if word == "--request":
            request.method = next(words)
        elif word == "--header":
            name, _, value = next(words).partition(": ")
            request.headers[name] = value
        elif word in ("--data", "--data-raw"):
            request.body = next(words).encode()
        elif word == "--form":
            name, _, value = next(words).partition("=")
            fields.append((name, value))
        elif word != "--location":
            request.url = word
    if fields:
        boundary = "------------------------d74496d66958873e"
        request.headers["Content-Type"] = f"multipart/form-data; boundary={boundary}"
        request.body = b"".join(part(boundary, name, value) for name, value in fields) + f"--{boundary}--\r\n".encode()
    return request


def part(boundary: str, name: str, value: str) -> bytes:
    """Encode one ``--form``; ``@`` sends a file, and quotes around a value are curl's own."""
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'
    if not value.startswith("@"):
        plain = value.strip('"')
        return f"{head}\r\n\r\n{plain}\r\n".encode()
    filename = value[1:].strip('"').rpartition("/")[2]
    kind = "image/jpeg" if filename.endswith(".jpg") else "application/octet-stream"
    return f'{head}; filename="{filename}"\r\nContent-Type: {kind}\r\n\r\n'.encode() + b"file bytes\r\n"


def filled_in(command: str, desk: Desk, media_id: str) -> str:
    """Put real values where the paper has placeholders, and the Bearer that two samples forget."""
    for placeholder, value in (
        ("Authorization: YOUR_API_TOKEN", "Authorization: Bearer YOUR_API_TOKEN"),
        ("YOUR_API_TOKEN", desk.token),
        ("abc@example.com", LOGIN_EMAIL),
        ("YOUR_PASSWORD", LOGIN_PASSWORD),
        (":integrationId", "11"),
        (":mediaId", media_id),
        ("+90xxxxxxxxxx", TO),
        ('template_id="1"', 'template_id="75"'),
        ('language_id="1"', 'language_id="2"'),
    ):
        command = command.replace(placeholder, value)
    return command


def sent(desk: Desk, name: str, *, media_id: str = ""):
    request = curl(filled_in(SAMPLES[name], desk, media_id))
    headers = {key: value for key, value in request.headers.items() if key != "Content-Type"}
    return desk.client.open(
        request.url.removeprefix(HOST),
        method=request.method,
        headers={"Accept": "*/*", "User-Agent": "curl/8.5.0", **headers},
        data=request.body or None,
        content_type=request.headers.get("Content-Type"),
    )


def test_a35_there_is_a_sample_for_each_of_the_thirteen_calls():
    desk = Desk()
    for name in SAMPLES:
        sent(desk, name, media_id=str(uuid4()))
    assert len({request.operation for request in desk.app.requests}) == len(SAMPLES) == 13


@pytest.mark.parametrize("name", ANSWERS)
def test_a35_each_sample_is_answered_as_printed(name):
    answer = sent(Desk(), name)
    assert answer.status_code == 200, answer.text
    assert set(json.loads(answer.data)) == ANSWERS[name]


@pytest.mark.parametrize("name", ["integrations", "templates"])
def test_a35_each_list_is_a_bare_array(name):
    answer = sent(Desk(), name)
    assert answer.status_code == 200
    assert isinstance(json.loads(answer.data), list)


def test_a35_media_comes_back_as_it_was_sent():
    desk = Desk()
    (files,) = json.loads(sent(desk, "media").data)["medias"].values()
    answer = sent(desk, "get media", media_id=files[0]["media_id"])
    assert (answer.status_code, answer.data) == (200, b"file bytes")


@pytest.mark.parametrize("name", ["template", "bulk"])
def test_a35_the_template_samples_as_printed_lack_the_bearer(name):
    desk = Desk()
    command = SAMPLES[name].replace("YOUR_API_TOKEN", desk.token).replace(":integrationId", "11")
    request = curl(command)
    answer = desk.client.post(
        request.url.removeprefix(HOST),
        data=request.body,
        headers={"Authorization": request.headers["Authorization"]},
        content_type=request.headers["Content-Type"],
    )
    assert answer.status_code == 401


def test_a35_the_parsed_forms_are_the_paper_s():
    desk = Desk()
    sent(desk, "template")
    sent(desk, "text")
    template, text = desk.outbox()
    assert template["body"] == {
        "template_id": 75,
        "language_id": 2,
        "parameters": {"header-1": "Header 1", "body-1": "Body 1", "body-2": "Body 2"},
        "attachment": "test_image.jpg",
    }
    assert (text["to"], text["body"]) == (TO, {"text": "Hello!"})
