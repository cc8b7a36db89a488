"""The same promises over TLS, with a certificate made for the test."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import time

import pytest

from helpdesk_bridge.errors import InDoubt, Unavailable
from helpdesk_bridge.http import Effect, Request

x509 = pytest.importorskip("cryptography.x509", reason="a certificate is made with the cryptography package")


@pytest.fixture
def certificate(tmp_path):
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "desk.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def secure(wire, certificate):
    def start(play=None):
        server = wire(play)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server._wrap = lambda conn: context.wrap_socket(conn, server_side=True)
        return server, server.url.replace("http:", "https:")

    return start


def test_calls_and_foreign_files_go_over_tls(secure, connect, certificate, canary):
    server, url = secure()
    storage, storage_url = secure()
    stack = connect(url, ca_bundle=str(certificate))
    assert stack.send(Request("POST", "/x", json={"a": 1}, effect=Effect.CREATE)).ok
    assert stack.send(Request("GET", url=f"{storage_url}/file")).ok
    assert server.received[0].headers["X-Api-Key"] == canary
    assert "X-Api-Key" not in storage.received[0].headers


def test_a_certificate_that_is_not_trusted_means_that_nothing_was_sent(secure, connect):
    server, url = secure()
    with pytest.raises(Unavailable, match="nothing was sent: TLS failed"):
        connect(url, attempts=2).send(Request("POST", "/x", json={}, effect=Effect.CREATE))
    assert server.received == []


def test_a_create_that_is_cut_off_over_tls_is_in_doubt(secure, connect, certificate, rst):
    server, url = secure(lambda conn, received: rst(conn))
    with pytest.raises(InDoubt):
        connect(url, ca_bundle=str(certificate)).send(Request("POST", "/x", json={}, effect=Effect.CREATE))
    assert len(server.received) == 1


def test_a_slow_drip_over_tls_ends_at_the_deadline(secure, connect, certificate):
    def play(conn, received):
        conn.sendall(b"HTTP/1.1 200 OK\r\n")
        for _ in range(300):
            conn.sendall(b"X")
            time.sleep(0.02)

    _, url = secure(play)
    began = time.monotonic()
    with pytest.raises(Unavailable, match="within the timeout"):
        connect(url, ca_bundle=str(certificate), timeout=0.4, attempts=1).send(Request("GET", "/x"))
    assert time.monotonic() - began < 3
