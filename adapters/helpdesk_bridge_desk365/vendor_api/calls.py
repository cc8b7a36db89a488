"""Calls: how every part of ``desk.vendor_api`` sends, through the desk's own transport, budget and errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import frozen

from helpdesk_bridge.adapter import Answer, Effect, Request
from helpdesk_bridge_desk365.client.client import Desk365Client, Pairs, Rows
from helpdesk_bridge_desk365.vendor_api.reading import read, read_page
from helpdesk_bridge_desk365.wire.account import AccountContext

T = TypeVar("T")


@frozen(eq=False)
class Calls:
    """Reads and writes.

    Reads, and writes that set values, are repeated after a failure. Calls that add, remove or rename are sent once: if
    the outcome is unknown, ``InDoubt`` is raised.
    """

    _client: Desk365Client
    _account: AccountContext
    _files_per_message: int
    _bytes_per_message: int

    def _read(self, type_: type[T], operation: str, path: str, params: Pairs = ()) -> T:
        return read(type_, self._client.read(operation, path, params).json(), odd=self._client.odd)

    def _page(self, type_: type[T], operation: str, path: str, params: Pairs, *keys: str) -> Rows[T]:
        return read_page(type_, self._client.read(operation, path, params).json(), self._client.odd, *keys)

    def _write(
        self,
        type_: type[T],
        operation: str,
        method: str,
        path: str,
        document: Mapping[str, Any],
        *,
        params: Pairs = (),
        effect: Effect = Effect.CREATE,
    ) -> T:
        """Write and return the answer, the record as it now is; an echo may lack fields that were not sent."""
        request = Request(method, path, operation=operation, effect=effect, params=params, json=dict(document))
        return self._client.stack.read(request, lambda answer: read(type_, answer.json(), odd=self._client.odd))

    def _delete(self, operation: str, path: str, params: Pairs) -> None:
        # Sent once: repeated, it would be told that there is no such record. Documented: OpenAPI, "KB Article successfully deleted", a message,
        # so that a page of some proxy is no success.
        request = Request("DELETE", path, operation=operation, effect=Effect.CREATE, params=params, answer=Answer.JSON)
        self._client.stack.send(request)
