"""Where the key goes, and where it never goes."""

from __future__ import annotations

import logging
import pickle
import traceback

import pytest

from helpdesk_bridge.errors import BadResponse, HelpdeskError, InDoubt, Unavailable
from helpdesk_bridge.http import WITH_AUTH, WITHOUT_AUTH, Effect, EventBus, HttpOptions, Request

KEY = "X-Api-Key"


def test_own_origin_gets_the_key(wire, connect, canary):
    server = wire()
    connect(server.url).send(Request("GET", "/tickets"))
    assert server.received[0].headers[KEY] == canary


def test_url_on_own_origin_gets_the_key_only_with_auth(wire, connect, canary):
    server = wire()
    stack = connect(server.url)
    stack.send(Request("GET", url=f"{server.url}/file", auth=WITH_AUTH))
    stack.send(Request("GET", url=f"{server.url}/file"))
    assert [KEY in received.headers for received in server.received] == [True, False]


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_redirect_to_a_foreign_host_is_never_followed(wire, connect, canary, say, status):
    foreign = wire()
    server = wire(lambda conn, received: say(status=status, Location=f"{foreign.url}/steal?q=customer"))
    with pytest.raises(BadResponse) as caught:
        connect(server.url).send(Request("GET", "/tickets"))
    assert foreign.received == []
    assert len(server.received) == 1
    assert f"127.0.0.1:{foreign.port}" in str(caught.value)
    assert "customer" not in str(caught.value)


def test_redirect_of_a_create_is_in_doubt(wire, connect, say):
    server = wire(lambda conn, received: say(status="303 See Other", Location="/elsewhere"))
    with pytest.raises(InDoubt):
        connect(server.url).send(Request("POST", "/tickets", effect=Effect.CREATE, json={}))
    assert len(server.received) == 1


def test_key_never_goes_to_a_foreign_origin(wire, connect):
    foreign, server = wire(), wire()
    stack = connect(server.url)
    with pytest.raises(BadResponse, match="credentials"):
        stack.send(Request("GET", url=f"{foreign.url}/file", auth=WITH_AUTH))
    assert foreign.received == []
    stack.send(Request("GET", url=f"{foreign.url}/file"))
    with stack.open(Request("GET", url=f"{foreign.url}/file", auth=WITHOUT_AUTH)) as download:
        assert download.read() == b"{}"
    assert len(foreign.received) == 2
    for received in foreign.received:
        assert KEY not in received.headers
        assert "Authorization" not in received.headers


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url.replace("http://", "https://"),
        lambda url: url.replace("127.0.0.1", "localhost"),
        lambda url: url.replace("127.0.0.1", "127.0.0.1."),
        lambda url: url.replace("http://", "http://user@"),
        lambda url: url.replace("http://", "http://user:password@"),
        lambda url: url.rsplit(":", 1)[0] + ":1",
        lambda url: url.replace("127.0.0.1", "evil.example\\127.0.0.1"),
        lambda url: url.replace("127.0.0.1", "0x7f000001"),
    ],
)
def test_what_only_looks_like_the_own_origin_gets_no_key(wire, connect, change):
    server = wire()
    with pytest.raises(BadResponse):
        connect(server.url).send(Request("GET", url=f"{change(server.url)}/file", auth=WITH_AUTH))
    assert server.received == []


def test_planted_netrc_and_proxies_of_the_environment_are_ignored(wire, connect, canary, tmp_path, monkeypatch):
    server = wire()
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login thief password stolen\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    connect(server.url).send(Request("GET", "/tickets"))
    assert server.received[0].headers["Authorization"] == f"Basic {canary}"


def test_cookies_of_the_vendor_are_not_kept(wire, connect, say):
    server = wire(lambda conn, received: say(Set__Cookie="session=1; Path=/"))
    stack = connect(server.url)
    for _ in range(2):
        stack.send(Request("GET", "/tickets"))
    assert "Cookie" not in server.received[1].headers


def everything(error):
    """All that somebody may print or keep of an error, its causes included."""
    seen = []
    while error is not None:
        seen += [
            "".join(traceback.format_exception(error)),
            repr(error),
            str(error),
            repr(vars(error)),
            repr(error.args),
        ]
        error = error.__cause__ or error.__context__
    return "\n".join(seen)


@pytest.mark.parametrize("fault", ["refused", "reset", "html", "status", "timeout", "cut", "redirect"])
@pytest.mark.parametrize("effect", list(Effect))
def test_canary_is_in_no_log_event_exception_or_repr(wire, connect, canary, say, rst, caplog, fault, effect):
    answers = {
        "reset": lambda conn, received: rst(conn),
        "html": lambda conn, received: b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>",
        "status": lambda conn, received: say({"error": "customer text"}, "500 Oops"),
        "timeout": lambda conn, received: None,
        "cut": lambda conn, received: b"HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n{",
        "redirect": lambda conn, received: say(status="302 Found", Location="http://a.example/customer-text"),
    }
    server = wire(answers.get(fault))
    url = server.url
    if fault == "refused":
        server.stop()
    seen = []
    events = EventBus()
    events.subscribe(seen.append)
    stack = connect(url, timeout=0.15, attempts=2, events=events)
    request = Request(
        "POST",
        "/tickets/{id}",
        args={"id": "customer-id"},
        params=(("email", "customer@text.example"),),
        json={"a": "customer text"},
        effect=effect,
        operation="tickets.create",
    )
    with caplog.at_level(logging.DEBUG), pytest.raises(HelpdeskError) as caught:
        stack.send(request)
    told = "\n".join(
        [
            everything(caught.value),
            caplog.text,
            repr(seen),
            repr(request),
            repr(stack),
            repr(stack.budget),
            repr(stack.stats),
        ]
    )
    assert canary not in told
    assert "customer" not in told
    assert canary.encode() not in pickle.dumps(vars(caught.value))
    assert caught.value.__context__ is None
    assert (caught.value.vendor, caught.value.desk, caught.value.operation) == (
        "testvendor",
        "support",
        "tickets.create",
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/x",
        "https://localhost/x",
        "https://10.1.2.3/x",
        "https://192.168.0.1/x",
        "https://172.16.0.1/x",
        "https://169.254.169.254/latest/meta-data/",
        "https://2130706433/x",
        "https://0x7f.1/x",
        "https://0/x",
        "https://[::1]/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://[::ffff:169.254.169.254]/x",
        "https://[fd00::1]/x",
        "https://[fe80::1]/x",
        "https://[64:ff9b::7f00:1]/x",
        "https://[2002:7f00:1::]/x",
        "https://100.64.0.1/x",
        "https://224.0.0.1/x",
    ],
)
def test_a_public_desk_fetches_from_public_addresses_only(connect, url, monkeypatch):
    def never(*args):
        message = "it connected"
        raise AssertionError(message)

    monkeypatch.setattr("socket.socket.connect", never)
    with pytest.raises(BadResponse, match=r"not fetched|cannot be used"):
        connect("https://robotsrule.vendor.example").send(Request("GET", url=url))


def test_a_name_is_judged_and_pinned_by_the_one_look_up_that_is_connected_to(connect, monkeypatch):
    looked_up = []

    def rebinding(host, port, *args, **kwargs):
        looked_up.append(host)
        address = "127.0.0.1" if len(looked_up) > 1 else "93.184.215.14"
        return [(2, 1, 6, "", (address, port))]

    connected = []

    def refuse(self, address):
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr("socket.getaddrinfo", rebinding)
    monkeypatch.setattr("socket.socket.connect", refuse)
    with pytest.raises(Unavailable):
        connect("https://robotsrule.vendor.example", attempts=1).send(Request("GET", url="https://files.example/x"))
    assert looked_up == ["files.example"]
    assert connected == [("93.184.215.14", 443)]


def test_one_private_address_among_public_ones_is_enough_to_refuse(connect, monkeypatch):
    both = [(2, 1, 6, "", (address, 443)) for address in ("93.184.215.14", "10.0.0.1")]
    monkeypatch.setattr("socket.getaddrinfo", lambda *args, **kwargs: both)
    with pytest.raises(BadResponse, match="not public"):
        connect("https://robotsrule.vendor.example").send(Request("GET", url="https://files.example/x"))


def test_behind_a_proxy_the_name_is_judged_before_the_proxy_is_asked(connect):
    stack = connect("https://robotsrule.vendor.example", proxies={"https": "http://127.0.0.1:9"})
    with pytest.raises(BadResponse, match="not public"):
        stack.send(Request("GET", url="https://127.0.0.1/x"))


def test_plain_http_is_only_for_this_machine(connect):
    with pytest.raises(BadResponse, match="not encrypted"):
        connect("https://robotsrule.vendor.example").send(Request("GET", url="http://files.example/x"))


def test_options_show_no_proxy_password():
    assert "pw" not in repr(HttpOptions(proxies={"https": "http://me:pw@proxy.example"}))
