"""Requests as values: what goes on the wire, and what is refused before."""

from __future__ import annotations

import io
import json
from email.parser import BytesParser
from email.policy import HTTP
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk_bridge.errors import BadResponse, Invalid
from helpdesk_bridge.http import Answer, Auth, Effect, Headers, Part, Request, Response
from helpdesk_bridge.http.multipart import MultipartBody
from helpdesk_bridge.model.values import UNSET
from helpdesk_bridge.text import json_text

texts = st.text(max_size=40).filter(lambda text: not any("\ud800" <= letter <= "\udfff" for letter in text))


@given(texts)
def test_no_id_leaves_its_segment(text):
    request = Request("GET", "/tickets/{id}.json", args={"id": text})
    if text in {"", ".", ".."}:
        with pytest.raises(Invalid):
            request.target()
        return
    parts = urlsplit(f"https://x{request.target()}")
    assert parts.path.count("/") == 2
    assert parts.query == parts.fragment == ""
    assert unquote(parts.path) == f"/tickets/{text}.json"


@given(st.lists(st.tuples(texts.filter(bool), texts), max_size=5))
def test_parameters_arrive_as_given_in_order(params):
    target = Request("GET", "/x", params=tuple(params)).target()
    assert parse_qsl(urlsplit(target).query, keep_blank_values=True) == params


def test_half_a_character_is_refused_and_not_quoted():
    with pytest.raises(Invalid):
        Request("GET", "/x/{id}", args={"id": "a\ud800"}).target()


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\x00", "€"])
def test_headers_cannot_be_injected(value):
    with pytest.raises(Invalid):
        Request("GET", "/x", headers={"X-Name": value})
    with pytest.raises(Invalid):
        Request("GET", "/x", headers={value: "x"})


def test_a_url_goes_without_credentials_unless_it_says_so():
    assert Request("GET", "/x").auth is Auth.WITH_AUTH
    assert Request("GET", url="https://a.example/x").auth is Auth.WITHOUT_AUTH
    assert Request("GET", url="https://a.example/x", auth=Auth.WITH_AUTH).auth is Auth.WITH_AUTH


def test_one_body_and_one_place():
    with pytest.raises(Invalid):
        Request("POST", "/x", json={}, form=())
    with pytest.raises(Invalid):
        Request("POST", "/x", url="https://a.example")
    with pytest.raises(Invalid):
        Request("POST")
    assert Request("POST", "/x", json=None).json is None
    assert Request("POST", "/x").json is UNSET


def test_the_repr_shows_the_template_and_no_customers_data():
    request = Request(
        "POST",
        "/t/{id}",
        args={"id": "secret-id"},
        params=(("q", "secret"),),
        json={"a": "secret"},
        headers={"A": "secret"},
    )
    assert "/t/{id}" in repr(request)
    assert "secret" not in repr(request)


def respond(body, **headers):
    return Response(200, headers, body, Request("GET", "/x"))


@pytest.mark.parametrize("without_orjson", [False, True])
@pytest.mark.parametrize(
    "body", [b"", b"<html>", b'{"a": ', b"NaN", b"[1,]", b"\xff\xfe", b"[" * 100_000, b'{"a": Infinity}', b"nope"]
)
def test_what_is_no_json_is_a_bad_response_that_quotes_nothing(monkeypatch, body, without_orjson):
    if without_orjson:
        monkeypatch.setattr(json_text, "orjson", None)
    with pytest.raises(BadResponse) as caught:
        respond(body).json()
    assert caught.value.path == "$"
    assert caught.value.__context__ is None
    assert "nope" not in str(caught.value)


@pytest.mark.parametrize("value", [object(), {1, 2}, "a\ud800"])
def test_what_json_cannot_carry_is_refused_before_sending(value):
    with pytest.raises(Invalid) as caught:
        json_text.dumps({"a": value})
    assert caught.value.__context__ is None


def test_text_follows_the_charset_and_survives_a_wrong_one():
    assert respond("Zoë".encode("latin-1"), **{"content-type": "text/html; charset=ISO-8859-1"}).text == "Zoë"
    assert respond("Zoë".encode(), **{"Content-Type": "text/plain; charset=nonsense"}).text == "Zoë"
    assert respond(b"a\xff").text == "a�"


def test_headers_are_found_in_any_case_and_keep_their_names():
    headers = Headers({"Retry_After": "1", "X-A": "b"})
    assert headers["retry_after"] == headers.get("RETRY_AFTER") == "1"
    assert "retry-after" not in headers
    assert headers.get("retry-after") is None
    assert (len(headers), list(headers), dict(headers)) == (2, ["Retry_After", "X-A"], {"Retry_After": "1", "X-A": "b"})
    assert "1" not in repr(headers)


def parse(body, content_type):
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    return list(message.iter_parts())


def test_a_multipart_body_is_streamed_with_a_length_known_before():
    opened = []

    def open_():
        opened.append(io.BytesIO(b"\x00binary\r\n--" * 1000))
        return opened[-1]

    parts = (
        Part(name="ticket_object", value='{"subject": "Zoë"}', content_type="application/json"),
        Part(name="attachments[]", filename='Zoë "x"\r\nEvil: 1\x00.pdf', content_type="application/pdf", open=open_),
    )
    stream = MultipartBody(parts)
    data = b"".join(iter(lambda: stream.read(7), b""))
    stream.close()
    assert len(data) == stream.length
    assert opened[0].closed
    first, second = parse(data, stream.content_type)
    assert first.get_payload(decode=True).decode() == '{"subject": "Zoë"}'
    assert second.get_payload(decode=True) == b"\x00binary\r\n--" * 1000
    assert b"\r\nEvil" not in data
    assert 'filename="Zoë %22x%22%0D%0AEvil: 1%00.pdf"'.encode() in data
    whole = MultipartBody(parts)
    assert len(whole.read()) == whole.length
    whole.close()


def test_a_file_of_unknown_length_is_measured_before_it_is_sent():
    class Pipe(io.BytesIO):
        def seekable(self):
            return False

    pipe = Pipe(b"x" * 3_000_000)
    stream = MultipartBody((Part(name="file", filename="a", open=lambda: pipe),))
    assert pipe.closed
    assert sum(len(piece) for piece in iter(lambda: stream.read(100_000), b"")) == stream.length > 3_000_000
    stream.close()


def test_a_file_that_cannot_be_opened_closes_those_that_were():
    first = io.BytesIO(b"a")

    def broken():
        raise FileNotFoundError

    with pytest.raises(FileNotFoundError):
        MultipartBody((Part(name="a", filename="a", open=lambda: first), Part(name="b", filename="b", open=broken)))
    assert first.closed


def test_a_part_is_a_value_or_a_file():
    with pytest.raises(Invalid):
        Part(name="a")
    with pytest.raises(Invalid):
        Part(name="a", value="b", open=io.BytesIO)
    with pytest.raises(Invalid):
        Part(name="a", value="b", content_type="text/plain\r\nX: 1")


def test_bodies_on_the_wire(wire, connect):
    server = wire()
    stack = connect(server.url)
    stack.send(Request("POST", "/json", json={"name": "Zoë"}))
    stack.send(Request("POST", "/form", form=(("case[cc][]", "a b"), ("case[cc][]", "ü&"))))
    stack.send(Request("PUT", "/none", effect=Effect.SET))
    stack.send(Request("POST", "/own", json={}, headers={"Content-Type": "application/vnd.x+json", "Accept": "text/x"}))
    stack.send(Request("GET", "/get", answer=Answer.ANY))
    as_json, as_form, empty, own, get = server.received
    assert as_json.headers["Content-Type"] == "application/json"
    assert json.loads(as_json.body) == {"name": "Zoë"}
    assert as_form.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert parse_qsl(as_form.body.decode()) == [("case[cc][]", "a b"), ("case[cc][]", "ü&")]
    assert empty.headers["Content-Length"] == "0"
    assert (own.headers["Content-Type"], own.headers["Accept"]) == ("application/vnd.x+json", "text/x")
    assert "Content-Length" not in get.headers
    assert "Content-Type" not in get.headers
    assert get.headers["User-Agent"].startswith("helpdesk-bridge")


def test_a_file_is_opened_anew_for_every_attempt(wire, connect, say):
    answers = [say({}, "429 No", Retry__After="1"), say({"id": 1})]
    server = wire(lambda conn, received: answers.pop(0))
    opened = []

    def open_():
        opened.append(io.BytesIO(b"content"))
        return opened[-1]

    parts = (Part(name="file", filename="ü.txt", content_type="text/plain", open=open_),)
    connect(server.url).send(Request("POST", "/files", effect=Effect.CREATE, parts=parts))
    assert len(opened) == 2
    assert all(file.closed for file in opened)
    bodies = [parse(received.body, received.headers["Content-Type"])[0] for received in server.received]
    assert [part.get_payload(decode=True) for part in bodies] == [b"content", b"content"]


def test_the_base_urls_prefix_stands_before_every_path(wire, connect):
    server = wire()
    connect(f"{server.url}/api/").send(Request("GET", "/cases.json", params=(("user_email", "^a+b@x.example^"),)))
    assert server.received[0].target == "/api/cases.json?user_email=%5Ea%2Bb%40x.example%5E"
