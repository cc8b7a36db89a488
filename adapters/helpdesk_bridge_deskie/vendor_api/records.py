"""Calls on records that most kinds have: get, page, create, update, actions such as ``enable``, delete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from attrs import field, frozen

from helpdesk_bridge.adapter import Effect, Request
from helpdesk_bridge_deskie.client.calls import Calls, DocumentPage, Params
from helpdesk_bridge_deskie.vendor_api import arguments as checked

Id = str | int
D = TypeVar("D")


@frozen(eq=False)
class RecordCalls(Generic[D]):
    """The calls on one kind of record: ``/users/{id}.json``, wrapped as ``{"user": {…}}``.

    ``operation`` is the start of each call's name, ``id_field`` the argument that an error about an id names.
    """

    calls: Calls = field(repr=False)
    path: str
    key: str
    type: type[D]
    operation: str
    id_field: str = "id"

    def get(self, record_id: Id, params: Params = ()) -> D:
        """Return one record."""
        request = Request(
            "GET", self.path_of(), operation=f"{self.operation}.get", args=self.args(record_id), params=params
        )
        return self.calls.read(request, self.key, self.type)

    def page(self, params: Params) -> DocumentPage[D]:
        """Return one page of records."""
        path, operation = f"{self.path}.json", f"{self.operation}.page"
        return self.calls.list(path, self.key, self.type, operation=operation, params=params)

    def create(self, fields: Mapping[str, Any]) -> D:
        """Create a record; never repeated."""
        path, operation = f"{self.path}.json", f"{self.operation}.create"
        return self.calls.create(path, self.key, self.type, fields, operation=operation)

    def update(self, record_id: Id, fields: Mapping[str, Any], name: str = "update") -> D:
        """Change a record. Raises ``Invalid`` if ``fields`` is empty."""
        changed = checked.not_empty(fields)
        operation, args = f"{self.operation}.{name}", self.args(record_id)
        return self.calls.set(self.path_of(), self.key, self.type, changed, operation=operation, args=args)

    def act(
        self, record_id: Id, action: str, fields: Mapping[str, Any] | None = None, effect: Effect = Effect.SET
    ) -> D:
        """Make the call ``action`` on a record and return it."""
        operation, args = f"{self.operation}.{action}", self.args(record_id)
        path = self.path_of(action)
        return self.calls.set(path, self.key, self.type, fields, operation=operation, args=args, effect=effect)

    def delete(self, record_id: Id, fields: Mapping[str, Any] | None = None) -> None:
        """Delete a record."""
        body = None if fields is None else {self.key: fields}
        self.calls.delete(self.path_of(), operation=f"{self.operation}.delete", args=self.args(record_id), body=body)

    def path_of(self, action: str = "") -> str:
        """Return the path of one record, or of an action on it."""
        return f"{self.path}/{{id}}{f'/{action}' if action else ''}.json"

    def args(self, record_id: Id) -> dict[str, str]:
        """Return what fills the path. Raises ``Invalid`` for a value that is no id."""
        return {"id": checked.record_id(record_id, self.id_field)}
