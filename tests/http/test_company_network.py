"""A desk behind a company's network: a private authority, a client certificate, a CONNECT proxy. All of it is real."""

from __future__ import annotations

import contextlib
import os
import socket

import pytest

from helpdesk_bridge import connect as connect_desk
from helpdesk_bridge.config.settings import from_file, from_table, user_folder
from helpdesk_bridge.errors import ConfigError, HelpdeskError, InDoubt, Unavailable
from helpdesk_bridge.http import Effect, Request
from helpdesk_bridge.testing.clock import ManualClock

pytest.importorskip("cryptography", reason="certificates are made with the cryptography package")
from company_network import Authority, ConnectProxy

HOST, FILES = "robotsrule.vendor.example", "files.storage.example"


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


@pytest.fixture
def proxied(wire, authority):
    """A vendor that only a proxy can reach: its name resolves nowhere."""
    with contextlib.ExitStack() as stack:

        def start(play=None, **options):
            server = wire(play)
            authority.secure(server, HOST, FILES)
            proxy = ConnectProxy(server.port, **options)
            stack.callback(proxy.close)
            return server, proxy, f"http://127.0.0.1:{proxy.port}"

        yield start


CREATE = Request("POST", "/x", json={"a": 1}, effect=Effect.CREATE)
READ = Request("GET", "/x")


def test_calls_and_foreign_files_go_through_the_proxy_and_each_gets_its_own_credentials(
    proxied, connect, authority, canary
):
    server, proxy, url = proxied()
    stack = connect(f"https://{HOST}", proxies={"https": url}, ca_bundle=str(authority.bundle))
    assert stack.send(CREATE).ok
    assert stack.send(Request("GET", url=f"https://{FILES}/file")).ok
    assert proxy.asked == [
        f"CONNECT {HOST}:443 HTTP/1.{proxy.asked[0][-1]}",
        f"CONNECT {FILES}:443 HTTP/1.{proxy.asked[0][-1]}",
    ]
    assert [one.headers.get("X-Api-Key") for one in server.received] == [canary, None]
    assert canary not in str(proxy.headers)


def test_user_and_password_go_to_the_proxy_and_to_nobody_else(proxied, connect, authority):
    server, proxy, url = proxied(password="me:p@ss")
    named = url.replace("http://", "http://me:p%40ss@")
    stack = connect(f"https://{HOST}", proxies={"https": named}, ca_bundle=str(authority.bundle))
    assert stack.send(CREATE).ok
    assert not [name for one in server.received for name in one.headers if name.lower().startswith("proxy-")]
    assert len(proxy.asked) == 1


@pytest.mark.parametrize("refuses", ["407 Proxy Authentication Required", "403 No", "502 Bad", "999 ?"])
def test_a_proxy_that_refuses_means_that_nothing_was_sent_not_even_a_create(proxied, connect, authority, refuses):
    server, proxy, url = proxied(refuses=f"{refuses} canary-words-of-the-proxy")
    stack = connect(f"https://{HOST}", proxies={"https": url}, ca_bundle=str(authority.bundle), attempts=2)
    with pytest.raises(Unavailable, match=f"nothing was sent: the proxy does not lead to https://{HOST}") as caught:
        stack.send(CREATE)
    assert f"(status {refuses[:3]})" in str(caught.value)
    assert ("user and password" in str(caught.value)) == refuses.startswith("407")
    assert "canary" not in str(caught.value)
    assert server.received == []
    assert len(proxy.asked) == 2


def test_a_create_that_is_cut_off_behind_the_proxy_is_in_doubt(proxied, connect, authority, rst):
    server, _, url = proxied(lambda conn, received: rst(conn))
    with pytest.raises(InDoubt):
        connect(f"https://{HOST}", proxies={"https": url}, ca_bundle=str(authority.bundle)).send(CREATE)
    assert len(server.received) == 1


def test_a_proxy_that_shows_its_own_certificate_gets_nothing(proxied, connect, tmp_path):
    server, _, url = proxied()
    other = Authority(tmp_path, "Other CA")
    stack = connect(f"https://{HOST}", proxies={"https": url}, ca_bundle=str(other.bundle), attempts=1)
    with pytest.raises(Unavailable, match=f"nothing was sent: TLS failed: the certificate of https://{HOST}") as caught:
        stack.send(CREATE)
    assert "ca_bundle" in str(caught.value)
    assert server.received == []


class Never(ManualClock):
    """A clock on which nobody waits: what a configuration has wrong is not tried again."""

    def sleep(self, seconds):
        raise AssertionError(seconds)


def failure(stack, request=CREATE):
    with pytest.raises(Unavailable) as caught:
        stack.send(request)
    assert "canary" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("names", [["other.example"], ["*.vendor.example"], ["127.0.0.2"]])
def test_a_certificate_of_another_host_names_the_key_of_the_host(wire, connect, authority, names):
    server = wire()
    authority.secure(server, *names)
    url = server.url.replace("http:", "https:")
    error = failure(connect(url, ca_bundle=str(authority.bundle), clock=Never()))
    assert f"nothing was sent: TLS failed: the certificate of {url} is not trusted (" in str(error)
    assert "127.0.0.1" in str(error)
    assert "correct the host in base_url, or the account's name" in str(error)
    assert "ca_bundle" not in str(error)
    assert (error.temporary, server.received) == (False, [])


@pytest.mark.parametrize("given", [False, True])
def test_a_certificate_of_an_unknown_authority_names_the_key_of_authorities(wire, connect, authority, tmp_path, given):
    server = wire()
    authority.secure(server, "127.0.0.1")
    other = {"ca_bundle": str(Authority(tmp_path, "Other CA").bundle)} if given else {}
    error = failure(connect(server.url.replace("http:", "https:"), clock=Never(), **other))
    wanted = "ca_bundle is set, and that file does not hold its authority" if given else "set ca_bundle to a file with"
    assert wanted in str(error)
    assert (error.temporary, server.received) == (False, [])


def test_a_certificate_that_has_expired_is_told_as_that(wire, connect, authority):
    server = wire()
    authority.secure(server, "127.0.0.1", days=(-9, -2))
    error = failure(connect(server.url.replace("http:", "https:"), ca_bundle=str(authority.bundle), clock=Never()))
    assert "expired" in str(error)
    assert "look at this machine's clock" in str(error)
    assert "ca_bundle" not in str(error)


def test_a_client_certificate_that_the_server_does_not_take_is_named(wire, connect, authority, tmp_path):
    server = wire()
    authority.secure(server, "127.0.0.1", clients=authority)
    strange = Authority(tmp_path, "Strange CA").certificate("bot")
    url = server.url.replace("http:", "https:")
    error = failure(connect(url, ca_bundle=str(authority.bundle), client_certificate=str(strange), attempts=1), READ)
    assert "client_certificate" in str(error)
    assert server.received == []


def test_a_port_without_tls_is_told_as_that(wire, connect):
    server = wire()

    def plain(conn):
        conn.recv(65536)
        conn.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        return conn

    server._wrap = plain
    error = failure(connect(server.url.replace("http:", "https:"), attempts=1))
    assert f"what answers at 127.0.0.1:{server.port} does not speak TLS; correct the host and port in base_url" in str(error)  # fmt: skip


@pytest.mark.parametrize("by", ["proxy", "the environment (HTTPS_PROXY, HTTP_PROXY)"])
@pytest.mark.parametrize("name", ["127.0.0.1", "proxy.nowhere.example"])
def test_a_proxy_that_is_down_is_named_with_its_key_and_without_its_password(connect, authority, monkeypatch, by, name):
    port = closed_port()
    url = f"http://me:canary-password@{name}:{port}"
    if by == "proxy":
        options = {"proxies": {"http": url, "https": url}}
    else:
        monkeypatch.setenv("HTTPS_PROXY", url)
        options = {"trust_environment": True}
    error = failure(connect(f"https://{HOST}", clock=Never(), **options))
    what = f"the connection to {name}:{port} was refused" if name == "127.0.0.1" else f"the host name in {name}:{port} is not known"  # fmt: skip
    assert f"nothing was sent: no way through the proxy: {what}; {by} names it" in str(error)


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def test_the_client_certificate_is_shown_to_the_desks_own_host_only(wire, connect, authority):
    desk, storage = wire(), wire()
    at_desk = authority.secure(desk, "127.0.0.1", clients=authority)
    at_storage = authority.secure(storage, "127.0.0.1", clients=authority)
    mine = authority.certificate("bot")
    stack = connect(
        desk.url.replace("http:", "https:"), ca_bundle=str(authority.bundle), client_certificate=str(mine), attempts=1
    )
    assert stack.send(READ).ok
    assert [dict(pair[0] for pair in one["subject"])["commonName"] for one in at_desk] == ["bot"]
    with pytest.raises(Unavailable, match="asks for a certificate of yours"):
        stack.send(Request("GET", url=storage.url.replace("http:", "https:") + "/file"))
    assert (at_storage, storage.received) == ([], [])


def test_a_server_that_wants_a_client_certificate_is_told_with_the_key(wire, connect, authority):
    desk = wire()
    authority.secure(desk, "127.0.0.1", clients=authority)
    with pytest.raises(Unavailable, match="asks for a certificate of yours; set client_certificate"):
        connect(desk.url.replace("http:", "https:"), ca_bundle=str(authority.bundle), attempts=1).send(READ)
    assert desk.received == []


# --- from the configuration --------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in [one for one in os.environ if one.lower().endswith(("_proxy", "_ca_bundle"))]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("HELPDESK_BRIDGE_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def table(**values):
    return {"vendor": "desk365", "subdomain": "acme", "api_key": "made-up-key", **values}


def write(path, name="support", **values):
    import json

    lines = [f"[desks.{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table(**values).items())]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines))
    return path


@pytest.mark.filterwarnings("ignore::helpdesk_bridge.config.settings.SecretInConfigWarning")
@pytest.mark.parametrize("by", ["keys", "environment"])
def test_a_whole_desk_works_through_proxy_and_private_authority(wire, folder, authority, monkeypatch, by):
    """The vendor's own host: its name is never looked up here, and the key goes through the tunnel only."""
    server = wire()
    authority.secure(server, "acme.desk365.io")
    proxy = ConnectProxy(server.port, password="me:pw")
    url = f"http://me:pw@127.0.0.1:{proxy.port}"
    try:
        if by == "keys":
            monkeypatch.setenv("COMPANY_PROXY", url)
            path = write(folder / "named.toml", proxy="env:COMPANY_PROXY", ca_bundle=authority.bundle.name)
        else:
            monkeypatch.setenv("HTTPS_PROXY", url)
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.bundle))
            path = write(folder / "named.toml")
            users = user_folder() / "helpdesk.toml"
            users.parent.mkdir(parents=True)
            users.write_text("[desks.support]\ntrust_environment = true\n")
        with connect_desk("support", path, timeout=10) as desk:
            desk.vendor_api  # noqa: B018 - it opens nothing
            with contextlib.suppress(HelpdeskError):
                desk.check()
        assert {one.split()[1] for one in proxy.asked} == {"acme.desk365.io:443"}
        assert server.received
        assert "made-up-key" in str([one.headers for one in server.received])
        assert "made-up-key" not in str(proxy.headers)
    finally:
        proxy.close()


@pytest.mark.parametrize("way", ["a found file", "a named file", "a program", "an override"])
def test_the_environment_counts_on_the_word_of_the_users_own_folder_only(folder, way):
    path = write(folder / "helpdesk.toml", **({} if way == "an override" else {"trust_environment": True}))
    tries = {
        "a found file": lambda: from_file("support"),
        "a named file": lambda: from_file("support", path),
        "a program": lambda: from_table(table(trust_environment=True), name="support"),
        "an override": lambda: from_file("support", path, trust_environment=True),
    }
    with pytest.raises(ConfigError, match="trust_environment: only your own configuration"):
        tries[way]()
    users = user_folder() / "helpdesk.toml"
    users.parent.mkdir(parents=True)
    users.write_text("[desks.other]\ntrust_environment = true\n[desks.support]\ntrust_environment = 1\n")
    with pytest.raises(ConfigError, match="trust_environment"):
        tries[way]()


def test_the_environment_is_asked_on_that_word_but_not_for_what_it_excepts_nor_for_loopback(
    wire, proxied, connect, authority, monkeypatch
):
    server, proxy, url = proxied()
    monkeypatch.setenv("HTTPS_PROXY", url)
    monkeypatch.setenv("HTTP_PROXY", url)
    stack = connect(f"https://{HOST}", ca_bundle=str(authority.bundle), trust_environment=True, attempts=1)
    assert stack.send(READ).ok
    here = wire()
    assert connect(here.url, trust_environment=True).send(READ).ok
    assert len(proxy.asked) == 1
    monkeypatch.setenv("NO_PROXY", "vendor.example")
    with pytest.raises(Unavailable, match="nothing was sent"):
        connect(f"https://{HOST}", ca_bundle=str(authority.bundle), trust_environment=True, attempts=1).send(READ)
    monkeypatch.delenv("NO_PROXY")
    with pytest.raises(Unavailable, match="nothing was sent"):
        connect(f"https://{HOST}", ca_bundle=str(authority.bundle), attempts=1).send(READ)
    assert (len(proxy.asked), len(server.received)) == (1, 1)


BAD_PROXIES = [
    "proxy.example:3128", "socks5://proxy.example:1080", "https://proxy.example:3128", "http://proxy.example",
    "http://:3128", "http://proxy.example:0", "http://proxy.example:99999", "http://proxy.example:x", "http://a b:1",
    "http://proxy.example:3128/path", "http://proxy.example:3128?x", "http://me:pässword@proxy.example:3128",
    "http://me:secret-pw\\@proxy.example:3128", "http://me:secret-pw@[::1:3128", "http://prox\ty:1", "//proxy:1", " ",
]  # fmt: skip


@pytest.mark.parametrize("value", BAD_PROXIES)
def test_a_proxy_that_is_none_is_told_without_its_password(value):
    with pytest.raises(ConfigError, match=r"\[desks\.support\] proxy: ") as caught:
        from_table(table(proxy=value), name="support")
    assert "secret-pw" not in str(caught.value)


def test_a_proxys_password_stands_in_no_repr(folder):
    config = from_table(table(proxy="http://me:secret-pw@proxy.example:3128/"), name="support")
    assert config.common.proxy == "http://me:secret-pw@proxy.example:3128"
    assert "secret-pw" not in repr(config)
    with pytest.warns(Warning, match="proxy holds a secret"):
        from_file("support", write(folder / "named.toml", api_key="file:key", proxy="http://me:pw@p.example:1"))


@pytest.fixture(autouse=True)
def key(tmp_path):
    (tmp_path / "key").write_text("made-up-key")
    (tmp_path / "key").chmod(0o600)


@pytest.mark.parametrize("key", ["ca_bundle", "client_certificate"])
@pytest.mark.parametrize(
    "content", [None, b"", b"no PEM", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "folder"]
)
def test_a_certificate_that_is_none_is_told_when_the_configuration_is_read(folder, key, content):
    path = folder / "given.pem"
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
        path.chmod(0o600)
    with pytest.raises(ConfigError, match=rf"{key}: .*given\.pem"):
        from_table(table(**{key: "given.pem"}), name="support", folder=folder)


def test_a_client_certificate_is_a_secret_and_asks_nobody_for_a_passphrase(folder, authority):
    mine = authority.certificate("bot")
    from_table(table(client_certificate=str(mine)), name="support")
    mine.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        from_table(table(client_certificate=str(mine)), name="support")
    with pytest.raises(ConfigError, match="passphrase"):
        from_table(table(client_certificate=str(authority.certificate("bot", passphrase=b"x"))), name="support")
    with pytest.raises(ConfigError, match="its key"):
        from_table(table(client_certificate=str(authority.bundle)), name="support")
