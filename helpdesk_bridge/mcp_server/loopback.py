"""The server over HTTP on this machine: a token of this start, and nothing for a foreign ``Host`` or ``Origin``."""

from __future__ import annotations

import hmac
import secrets
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any, Final

import uvicorn
from mcp.server.transport_security import TransportSecuritySettings

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

HOST: Final = "127.0.0.1"
PATH: Final = "/mcp"
_STOP_SECONDS: Final = 5


class Guarded:
    """Lets a request through only if it came to this address, from no web page of another origin, and with the token.

    A page in a browser can send requests to loopback, and by DNS rebinding read the answers under a name of its own: so
    both headers are looked at before the token is.
    """

    def __init__(self, app: App, port: int, token: str) -> None:
        self._app = app
        self._hosts = {f"{name}:{port}".encode() for name in (HOST, "localhost")}
        self._origins = {b"http://" + host for host in self._hosts}
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse with 421, 403 or 401."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = self._refusal([(name.lower(), value) for name, value in scope["headers"]])
        if status is None:
            await self._app(scope, receive, send)
            return
        more = [(b"www-authenticate", b"Bearer")] if status == 401 else []  # noqa: PLR2004 - HTTP's number
        headers = [(b"content-length", b"0"), *more]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    def _refusal(self, headers: list[tuple[bytes, bytes]]) -> int | None:
        hosts, origins, given = ([value for name, value in headers if name == wanted] for wanted in (b"host", b"origin", b"authorization"))  # fmt: skip
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return 421
        if any(origin.lower() not in self._origins for origin in origins):
            return 403
        if len(given) != 1 or not hmac.compare_digest(given[0], self._expected):
            return 401
        return None


class LoopbackServer:
    """Serves on loopback; ``url`` and ``token`` are known once it is made."""

    def __init__(self, server: MCPServer[Any], port: int = 0) -> None:
        self._socket = socket.create_server((HOST, port))
        self._port = int(self._socket.getsockname()[1])
        self.token = secrets.token_urlsafe(32)
        hosts = [f"{HOST}:{self._port}", f"localhost:{self._port}"]
        app = server.streamable_http_app(
            streamable_http_path=PATH,
            transport_security=TransportSecuritySettings(
                allowed_hosts=hosts, allowed_origins=[f"http://{host}" for host in hosts]
            ),
            host=HOST,
        )
        guarded = Guarded(app, self._port, self.token)
        config = uvicorn.Config(
            guarded,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=_STOP_SECONDS,
        )
        self._server = uvicorn.Server(config)

    @property
    def url(self) -> str:
        """Where the server is."""
        return f"http://{HOST}:{self._port}{PATH}"

    async def serve(self) -> None:
        """Serve until ``stop``, or a signal."""
        try:
            await self._server.serve(sockets=[self._socket])
        finally:
            self._socket.close()

    def stop(self) -> None:
        """End what is served."""
        self._server.should_exit = True
