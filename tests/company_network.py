"""A certificate authority, servers with its certificates, and a proxy that knows one method: CONNECT."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import ipaddress
import socket
import ssl
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

PEM = serialization.Encoding.PEM


class Authority:
    """Signs certificates; ``bundle`` is the file that others trust it by."""

    def __init__(self, folder, name="Company CA"):
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self._serial = 1
        self.bundle = folder / f"{name}.pem"
        made = self._built(self._name, self._key.public_key()).add_extension(x509.BasicConstraints(True, None), True)
        self.bundle.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(PEM))

    def _built(self, subject, key, days=(-1, 1)):
        self._serial += 1
        now = dt.datetime.now(dt.UTC)
        return (
            x509.CertificateBuilder().subject_name(subject).issuer_name(self._name).public_key(key)
            .serial_number(self._serial).not_valid_before(now + dt.timedelta(days=days[0]))
            .not_valid_after(now + dt.timedelta(days=days[1]))
        )  # fmt: skip

    def certificate(self, *names, passphrase=None, days=(-1, 1)):
        """Return a PEM file with a certificate for these hosts and its key, its owner's alone."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
        others = []
        for name in names:
            try:
                others.append(x509.IPAddress(ipaddress.ip_address(name)))
            except ValueError:
                others.append(x509.DNSName(name))
        built = self._built(subject, key.public_key(), days).add_extension(x509.SubjectAlternativeName(others), False)
        how = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
        path = self._folder / f"{names[0]}-{self._serial}.pem"
        path.touch(0o600)
        private = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, how)
        path.write_bytes(private + built.sign(self._key, hashes.SHA256()).public_bytes(PEM))
        return path

    def secure(self, server, *names, clients=None, days=(-1, 1)):
        """Let a scripted server speak TLS; ``clients`` is the authority whose certificates it demands."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate(*names, days=days))
        if clients is not None:
            context.load_verify_locations(clients.bundle)
            context.verify_mode = ssl.CERT_REQUIRED
        shown = []

        def wrap(conn):
            wrapped = context.wrap_socket(conn, server_side=True, do_handshake_on_connect=False)
            try:
                wrapped.do_handshake()
            except OSError:
                # Read what is on its way, past TLS: closing over it would reset the alert away.
                wrapped.settimeout(5)
                with contextlib.suppress(OSError):
                    while socket.socket.recv(wrapped, 65536):
                        pass
                wrapped.close()
                raise
            shown.append(wrapped.getpeercert())
            return wrapped

        server._wrap = wrap
        return shown


class ConnectProxy:
    """Leads every CONNECT to one port here, whatever host was asked for, and remembers what it was asked."""

    def __init__(self, port, *, password=None, refuses=None):
        self._to, self._password, self._refuses = port, password, refuses
        self.asked = []
        self.headers = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                conn, _ = self._listener.accept()
                self._open.append(conn)
                threading.Thread(target=self._serve, args=(conn,), daemon=True).start()

    def _serve(self, conn):
        head = b""
        while b"\r\n\r\n" not in head and (part := conn.recv(1)):
            head += part
        first, *lines = head.decode("latin-1").split("\r\n")
        self.asked.append(first)
        self.headers.append(lines)
        wanted = "Basic " + base64.b64encode((self._password or "").encode()).decode()
        if self._refuses is None and self._password and f"Proxy-Authorization: {wanted}" not in lines:
            self._refuses = "407 Go away, canary-words-of-the-proxy"
        if self._refuses or not first.startswith("CONNECT "):
            conn.sendall(f"HTTP/1.1 {self._refuses or '405 Only CONNECT'}\r\nContent-Length: 0\r\n\r\n".encode())
            conn.close()
            return
        other = socket.create_connection(("127.0.0.1", self._to))
        self._open.append(other)
        conn.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        threading.Thread(target=self._pump, args=(other, conn), daemon=True).start()
        self._pump(conn, other)

    @staticmethod
    def _pump(source, sink):
        # What ends on one side, reset or closed, ends on the other.
        with contextlib.suppress(OSError):
            while part := source.recv(65536):
                sink.sendall(part)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def close(self):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            # A thread that waits for its next bytes keeps a connection open that is only closed.
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
