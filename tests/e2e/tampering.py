"""A proxy before a simulator that spoils what the vendor says, and a foreign host that counts who comes."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

HOP = frozenset({"connection", "content-length", "transfer-encoding", "content-encoding", "date", "server"})


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class _Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Say nothing."""

    def answer(self, status, headers, body):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Proxy(_Server):
    """Passes everything on to ``target``; ``spoil(method, path, text)`` may change a JSON answer's text."""

    def __init__(self, target, spoil):
        self.target, self.spoil = target, spoil
        super().__init__(("127.0.0.1", 0), _Passing)


class _Passing(_Quiet):
    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {
            name: value for name, value in self.headers.items() if name.lower() not in {"host", "accept-encoding"}
        }
        with requests.Session() as http:
            http.trust_env = False
            answer = http.request(
                self.command,
                self.server.target + self.path,
                data=body,
                headers=headers,
                allow_redirects=False,
                timeout=60,
            )
        content = answer.content
        if "json" in answer.headers.get("Content-Type", ""):
            content = self.server.spoil(self.command, self.path, content.decode()).encode()
        kept = [(name, value) for name, value in answer.headers.items() if name.lower() not in HOP]
        self.answer(answer.status_code, kept, content)

    do_GET = do_POST = do_PUT = do_DELETE = pass_on


class Stranger(_Server):
    """A host that nobody has any business with."""

    def __init__(self):
        self.visits = []
        super().__init__(("127.0.0.1", 0), _Counting)


class _Counting(_Quiet):
    def count(self):
        self.server.visits.append((self.command, self.path, dict(self.headers)))
        self.answer(200, [("Content-Type", "application/json")], b"{}")

    do_GET = do_POST = do_PUT = do_DELETE = count
