"""Calls: how every part of ``desk.vendor_api`` sends, through the desk's own transport, budget and errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import frozen

from helpdesk_bridge.adapter import Answer, Effect, Request
from helpdesk_bridge_desk365.client.client import Desk365Client, Pairs, Rows
from helpdesk_bridge_desk365.vendor_api.reading import read, read_page

T = TypeVar("T")


@frozen(eq=False)
class Calls:
    """Reads and writes.

    Reads, and writes that set values, are repeated after a failure. Calls that add, remove or rename are sent once: if
    the outcome is unknown, ``InDoubt`` is raised.
    """

    client: Desk365Client

    def read(self, type_: type[T], operation: str, path: str, params: Pairs = ()) -> T:
        """Read a record."""
        return read(type_, self.client.read(operation, path, params).json(), odd=self.client.odd)

    def page(self, type_: type[T], operation: str, path: str, params: Pairs, *keys: str) -> Rows[T]:
        """Read a page of a list, which the answer holds under one of these keys."""
        return read_page(type_, self.client.read(operation, path, params).json(), self.client.odd, *keys)

    def write(
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
        return self.client.stack.read(request, lambda answer: read(type_, answer.json(), odd=self.client.odd))

    def delete(self, operation: str, path: str, params: Pairs) -> None:
        """Delete a record. Sent once: a second call would get that there is no such record.

        Documented: OpenAPI, "KB Article successfully deleted", a message, so that a page of some proxy is no success.
        """
        request = Request("DELETE", path, operation=operation, effect=Effect.CREATE, params=params, answer=Answer.JSON)
        self.client.stack.send(request)
