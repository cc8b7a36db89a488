"""The webhook receiver as a WSGI application: who is let in, what is stored, and what is told to whom."""

import gzip
import io
import itertools
import json
import logging
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from werkzeug.test import Client, EnvironBuilder, run_wsgi_app

from helpdesk_bridge import open_desk
from helpdesk_bridge.desk.webhook_receiver import BODY_LIMIT, WebhookReceiver
from helpdesk_bridge.errors import ConfigError, HelpdeskError, Unsupported
from helpdesk_bridge.ports import Missing

SECRET = "sEcret-path_of.32~letters-0123456"
NEXT = "the-next-secret-of-two"
TOKEN = "a-token-that-nobody-guesses"
DIGITS = "905551112233"
_numbers = itertools.count(1)


def message(text="Hello", **fields):
    given = {"id": f"ABEG{next(_numbers)}", "from": DIGITS, "timestamp": "1630913975", "type": "text", "text": text}
    return {"messages": {**given, **fields}}


@pytest.fixture
def desk(tmp_path):
    table = {"vendor": "desk360", "integration": 11, "api_key": "k", "inbox": str(tmp_path / "inbox.db")}
    with open_desk(table) as desk:
        yield desk


@pytest.fixture
def client(desk):
    return Client(WebhookReceiver(desk, [SECRET, NEXT]))


def texts(desk):
    return [one.body.text for ticket in desk.tickets.list() for one in desk.messages.list(ticket.id)]


@pytest.mark.parametrize("path", [f"/{SECRET}", f"/{SECRET}/", f"/{NEXT}", f"/{SECRET}?x=1"])
def test_what_comes_to_a_secret_address_is_stored_and_answered_with_200(client, desk, path):
    answer = client.post(path, json=message())
    assert (answer.status_code, answer.data, answer.headers["Cache-Control"]) == (200, b"OK\n", "no-store")
    assert texts(desk) == ["Hello"]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        f"/{SECRET[:-1]}",
        f"/{SECRET}x",
        f"/{SECRET.lower()}",
        f"/hooks/{SECRET}",
        f"//{SECRET}",
        f"/?token={SECRET}",
        f"/{SECRET}%00",
        "/%ff%fe",
        f"/{SECRET}/../{SECRET}",
    ],
)
@pytest.mark.parametrize("method", ["POST", "GET", "HEAD", "DELETE", "OPTIONS"])
def test_a_wrong_short_or_missing_secret_gets_one_and_the_same_answer(client, desk, path, method):
    answer = client.open(path, method=method, json=message(), headers={"Authorization": f"Bearer {SECRET}"})
    assert answer.status_code == 404
    assert answer.data == (b"" if method == "HEAD" else b"Not Found\n")
    assert "Allow" not in answer.headers
    assert texts(desk) == []


def test_every_secret_is_compared_in_constant_time_by_digests_of_one_length(desk, monkeypatch):
    compared = []

    def watched(given, wanted):
        compared.append((len(given), len(wanted)))
        return given == wanted

    client = Client(WebhookReceiver(desk, [SECRET, NEXT]))
    monkeypatch.setattr("helpdesk_bridge.desk.webhook_receiver.hmac.compare_digest", watched)
    for path in (f"/{SECRET}", f"/{NEXT}", "/short", f"/{'x' * 5000}"):
        compared.clear()
        client.post(path, json=message())
        assert compared == [(32, 32), (32, 32)]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_whoever_knows_the_secret_may_look_whether_somebody_is_there(client, method):
    assert client.open(f"/{SECRET}", method=method).status_code == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_refused(client, desk, method):
    answer = client.open(f"/{SECRET}", method=method, json=message())
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD, POST")
    assert texts(desk) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"<html></html>",
        b"\xff\xfe",
        json.dumps(message("ğ"), ensure_ascii=False).encode("iso8859-9"),
        b"NaN",
        b'{"messages": {"id": Infinity}}',
        b"[" * 100_000,
        json.dumps(message(deep=[[]])).replace("[[]]", "[" * 200 + "]" * 200).encode(),
        b"messages[id]=ABEG1&messages[from]=905551112233",
    ],
)
def test_what_is_no_json_is_a_400_and_stores_nothing(client, desk, body):
    assert client.post(f"/{SECRET}", data=body, content_type="application/json").status_code == 400
    assert texts(desk) == []
    assert desk.vendor_api.unread_webhooks() == ()


def test_the_declared_type_is_not_judged_and_utf_16_is_json_as_well(client, desk):
    assert client.post(f"/{SECRET}", data=json.dumps(message("one")), content_type="text/plain").status_code == 200
    assert client.post(f"/{SECRET}", data=json.dumps(message("İki 👍")).encode("utf-16")).status_code == 200
    assert texts(desk) == ["one", "İki 👍"]


def padded(size):
    document = json.dumps(message())
    return document.encode() + b" " * (size - len(document))


def test_a_body_at_the_cap_is_taken_and_one_byte_more_is_not_even_read(client, desk):
    assert client.post(f"/{SECRET}", data=padded(BODY_LIMIT)).status_code == 200
    assert client.post(f"/{SECRET}", data=padded(BODY_LIMIT + 1)).status_code == 413
    assert len(texts(desk)) == 1
    builder = EnvironBuilder(f"/{SECRET}", method="POST", data=b"x")
    environ = {**builder.get_environ(), "CONTENT_LENGTH": "9" * 30, "wsgi.input": None}
    assert run_wsgi_app(WebhookReceiver(desk, [SECRET]), environ)[1].startswith("413")


def environ_of(data, **more):
    environ = EnvironBuilder(f"/{SECRET}", method="POST", data=b"").get_environ()
    return {**environ, "wsgi.input": io.BytesIO(data), **more}


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"CONTENT_LENGTH": "-5"}, "400"),
        ({"CONTENT_LENGTH": "ten"}, "400"),
        ({"CONTENT_LENGTH": "²"}, "400"),
        ({"CONTENT_LENGTH": ""}, "400"),
        ({"CONTENT_LENGTH": "5000"}, "400"),
        ({"CONTENT_LENGTH": "", "wsgi.input_terminated": True}, "200"),
    ],
)
def test_a_body_that_is_cut_short_or_has_no_length_is_refused_and_a_chunked_one_is_read(desk, more, status):
    environ = environ_of(json.dumps(message()).encode(), **more)
    assert run_wsgi_app(WebhookReceiver(desk, [SECRET]), environ)[1].startswith(status)
    assert len(texts(desk)) == (status == "200")


def test_a_chunked_body_is_capped(desk):
    environ = environ_of(padded(BODY_LIMIT + 1), CONTENT_LENGTH="", **{"wsgi.input_terminated": True})
    assert run_wsgi_app(WebhookReceiver(desk, [SECRET]), environ)[1].startswith("413")


@pytest.mark.parametrize(("error", "status"), [(TimeoutError(), "408"), (ConnectionResetError(), "400")])
def test_a_client_that_stops_sending_stores_nothing(desk, error, status):
    def read(_):
        raise error

    environ = environ_of(b"", CONTENT_LENGTH="10") | {"wsgi.input": SimpleNamespace(read=read)}
    assert run_wsgi_app(WebhookReceiver(desk, [SECRET]), environ)[1].startswith(status)


def test_a_compressed_body_is_refused_unread(client, desk):
    data = gzip.compress(json.dumps(message()).encode())
    answer = client.post(f"/{SECRET}", data=data, headers={"Content-Encoding": "gzip"})
    assert (answer.status_code, texts(desk)) == (415, [])
    plain = client.post(f"/{SECRET}", json=message(), headers={"Content-Encoding": "identity"})
    assert plain.status_code == 200


def test_duplicates_and_any_order_are_stored_once_and_in_the_order_of_their_times(client, desk):
    sent = [message(f"{number}", timestamp=str(1630913975 + number)) for number in range(6)]
    for one in [*reversed(sent), *sent, sent[3]]:
        assert client.post(f"/{SECRET}", json=one).status_code == 200
    assert texts(desk) == ["0", "1", "2", "3", "4", "5"]


def test_the_same_webhooks_from_many_threads_at_once_are_new_once(desk):
    receiver = WebhookReceiver(desk, [SECRET])
    sent = [message(f"{number}", timestamp=str(1630913975 + number)) for number in range(8)]
    sent += [{"statuses": {"id": "gBEG1", "from": DIGITS, "status": word}} for word in ("delivered", "read")]

    def post(worker):
        client = Client(receiver)
        order = sent[worker:] + sent[:worker]
        return {client.post(f"/{SECRET}", json=one).status_code for one in order}

    with ThreadPoolExecutor(6) as threads:
        assert set().union(*threads.map(post, range(6))) == {200}
    assert texts(desk) == [str(number) for number in range(8)]
    assert desk.vendor_api.delivery("gBEG1") == "read"
    # Where read came first, delivered is nothing new.
    assert receiver.tally.events in (9, 10)


def test_delivery_states_never_go_back_whatever_the_order(client, desk):
    for word in ("read", "delivered", "sent", "read"):
        status = {"statuses": {"id": "gBEG1", "from": DIGITS, "status": word}}
        assert client.post(f"/{SECRET}", json=status).status_code == 200
        assert desk.vendor_api.delivery("gBEG1") == "read"


@pytest.mark.parametrize("body", [{}, {"calls": [{"id": "x"}]}, 5, None, "text", {"messages": {"id": "no number"}}])
def test_what_nobody_can_read_is_kept_once_as_it_came(client, desk, body):
    for _ in range(2):
        assert client.post(f"/{SECRET}", data=json.dumps(body)).status_code == 200
    (kept,) = desk.vendor_api.unread_webhooks()
    assert kept == body
    assert texts(desk) == []


def test_without_a_path_secret_the_desk_s_own_token_is_asked_for_wherever_it_stands(tmp_path):
    table = {"vendor": "desk360", "integration": 11, "api_key": "k", "inbox": ":memory:", "webhook_token": TOKEN}
    with open_desk(table) as desk:
        client = Client(WebhookReceiver(desk))
        good = (
            (f"/{TOKEN}", {}),
            (f"/hook?token={TOKEN}", {}),
            ("/", {"X-Token": TOKEN}),
            ("/", {"Authorization": TOKEN}),
        )
        for path, headers in good:
            assert client.post(path, json=message(), headers=headers).status_code == 200
            assert client.get(path, headers=headers).status_code == 200
            assert client.delete(path, headers=headers).status_code == 405
        for path, headers in (("/", {}), ("/hook?token=x", {}), ("/", {"X-Token": "wrong"}), (f"/{TOKEN}x", {})):
            for method in ("POST", "GET", "DELETE"):
                assert client.open(path, method=method, json=message(), headers=headers).status_code == 404
        assert len(texts(desk)) == len(good)


def test_a_path_secret_does_not_stand_in_for_the_desk_s_own_token(tmp_path):
    table = {"vendor": "desk360", "integration": 11, "api_key": "k", "inbox": ":memory:", "webhook_token": TOKEN}
    with open_desk(table) as desk:
        client = Client(WebhookReceiver(desk, [SECRET]))
        assert client.post(f"/{SECRET}", json=message()).status_code == 404
        assert client.post(f"/{TOKEN}", json=message()).status_code == 404
        assert client.post(f"/{SECRET}", json=message(), headers={"Token": TOKEN}).status_code == 200


@pytest.mark.parametrize("secret", ["", "short", "x" * 15, f"{'x' * 20}/y", f"{'x' * 20} y", "ğ" * 20])
def test_a_secret_that_can_be_guessed_or_spelt_otherwise_is_refused(desk, secret):
    with pytest.raises(ConfigError, match="at least 16"):
        WebhookReceiver(desk, [secret])


def test_a_desk_that_lets_everybody_in_or_has_no_webhooks_is_refused(desk):
    with pytest.raises(ConfigError, match="anyone"):
        WebhookReceiver(desk)
    with pytest.raises(Unsupported):
        WebhookReceiver(SimpleNamespace(webhooks=Missing("webhooks", "Local")), [SECRET])
    with open_desk({"vendor": "local", "path": ":memory:"}) as local, pytest.raises(Unsupported):
        WebhookReceiver(local, [SECRET])


def test_on_events_gets_what_was_new_after_it_was_stored_and_may_fail(desk, caplog):
    told = []

    def take(events):
        told.append(texts(desk))
        raise RuntimeError("canary of a customer")

    client = Client(WebhookReceiver(desk, [SECRET], on_events=take))
    one = message()
    assert [client.post(f"/{SECRET}", json=one).status_code for _ in range(2)] == [200, 200]
    assert told == [["Hello"]]
    assert "RuntimeError" in caplog.text
    assert "canary" not in caplog.text


class Telling:
    """Webhooks of a vendor whose events only name what happened: there is nothing to store."""

    guarded = False

    def __init__(self, error=None):
        self.error = error

    def parse(self, body, headers, token):
        if self.error:
            raise self.error
        return (json.loads(body),) if body != b"[]" else ()


def test_events_of_a_desk_without_an_inbox_are_handed_on_or_refused_again(desk):
    taken = []
    told = SimpleNamespace(webhooks=Telling())
    with pytest.raises(ConfigError, match="on_events"):
        WebhookReceiver(told, [SECRET])
    client = Client(WebhookReceiver(told, [SECRET], on_events=taken.append))
    assert client.post(f"/{SECRET}", json=1).status_code == 200
    assert taken == [(1,)]
    client = Client(WebhookReceiver(told, [SECRET], on_events=lambda _: {}["gone"]))
    assert client.post(f"/{SECRET}", json=1).status_code == 503


@pytest.mark.parametrize(
    ("error", "status"), [(HelpdeskError("full"), 503), (ConfigError("gone"), 503), (KeyError("canary"), 500)]
)
def test_a_failure_is_told_by_its_kind_and_the_vendor_may_send_again(error, status, caplog):
    client = Client(WebhookReceiver(SimpleNamespace(webhooks=Telling(error)), [SECRET], on_events=print))
    answer = client.post(f"/{SECRET}", json=message("canary"))
    assert answer.status_code == status
    assert ("Retry-After" in answer.headers) == (status == 503)
    assert type(error).__name__ in caplog.text
    assert "canary" not in caplog.text
    assert b"canary" not in answer.data


def test_an_inbox_that_is_locked_is_a_503_and_the_same_webhook_is_taken_later(tmp_path):
    path = tmp_path / "inbox.db"
    table = {"vendor": "desk360", "integration": 11, "api_key": "k", "inbox": str(path)}
    with open_desk(table) as desk:
        client = Client(WebhookReceiver(desk, [SECRET]))
        desk.webhooks.prepare()
        blocker = sqlite3.connect(path, isolation_level=None)
        blocker.execute("BEGIN EXCLUSIVE")
        desk.webhooks.inbox.store.database._session().connection.execute("PRAGMA busy_timeout = 1")
        assert client.post(f"/{SECRET}", json=message(id="ABEGsame")).status_code == 503
        blocker.execute("ROLLBACK")
        blocker.close()
        assert client.post(f"/{SECRET}", json=message(id="ABEGsame")).status_code == 200
        assert texts(desk) == ["Hello"]


def test_no_log_holds_a_body_a_number_a_path_or_a_token(client, desk, caplog):
    caplog.set_level(logging.DEBUG)
    client.post(f"/{SECRET}", json=message("canary text", name="Canary Name"), headers={"X-Token": "canary-token"})
    client.post(f"/{SECRET}", data=b'{"canary":')
    client.post("/canary-path?token=canary", json=message("canary"))
    assert "answered with 200: 1 new" in caplog.text
    for one in ("canary", DIGITS, SECRET):
        assert one not in caplog.text.lower()
    assert SECRET not in repr(client.application)


def test_the_tally_counts_answers_and_new_events(desk):
    receiver = WebhookReceiver(desk, [SECRET])
    client, one = Client(receiver), message()
    for path, body in ((SECRET, one), (SECRET, one), ("x", one), (SECRET, "{")):
        client.post(f"/{path}", data=body if body == "{" else json.dumps(body))
    assert (receiver.tally.answers, receiver.tally.events) == ({200: 2, 404: 1, 400: 1}, 1)
