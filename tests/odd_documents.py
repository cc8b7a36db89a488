"""A simulator whose lists hold odd values: each row gets one, chosen by a seed and the row, so that it stays the same."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable
from typing import Any

ODD = (
    None, True, False, 0, -1, 12, 1.5, 10**30, "", " ", "12", "x", "-", "0000-00-00", "0000-00-00 00:00:00", "tomorrow", [], [[]],
    [None], ["x", 5], {}, {"0": 1}, {"a": {"b": []}}, "ç.html\r\nx: y", "\ud83d", "9" * 5000,
)  # fmt: skip
NO_ID = (None, True, 1.5, [], {}, [1], {"id": 1})
IDS = {
    "case": "case_id",
    "message": "message_id",
    "user": "user_id",
    "tickets": "ticket_number",
    "content": "primary_email",
}
ROW_KEYS = ("case", "message", "user")
LIST_KEYS = ("tickets", "conversations", "content")


def without_id(spoiled: Iterable[tuple[str, dict[str, Any], str]], kind: str) -> set[str]:
    """Return the ids of the rows of a kind whose id was spoiled."""
    return {str(row[key]) for of, row, key in spoiled if of == kind and key == IDS.get(kind)}


class OddRows:
    """Stands before a simulator. ``choose`` gives the key to spoil and its new value for a row, None to leave it."""

    def __init__(self, app: Any, choose: Callable[[str, dict[str, Any]], tuple[str, Any] | None]) -> None:
        self.app = app
        self.choose = choose
        self.spoiled: list[tuple[str, dict[str, Any], str]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.app, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "base_url":
            self.app.base_url = value
        object.__setattr__(self, name, value)

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        started: list[Any] = []
        body = b"".join(self.app(environ, lambda *args: started.append(args)))
        status, headers = started[0][:2]
        if environ["REQUEST_METHOD"] == "GET" and status.startswith("200"):
            try:
                document = json.loads(body)
            except ValueError:
                document = None
            if document is not None:
                body = json.dumps(self.spoil(document)).encode()
        headers = [(name, value) for name, value in headers if name.lower() != "content-length"]
        start_response(status, [*headers, ("Content-Length", str(len(body)))])
        return [body]

    def spoil(self, document: Any) -> Any:
        """Spoil each row of a list; what is no list stays."""
        if not isinstance(document, dict):
            return document
        for key in LIST_KEYS:
            if isinstance(document.get(key), list):
                document[key] = [self._row(key, row) for row in document[key]]
        for place, row in document.items():
            if place.isdecimal() and isinstance(row, dict):
                for key in ROW_KEYS:
                    if key in row:
                        row[key] = self._row(key, row[key])
        return document

    def _row(self, kind: str, row: Any) -> Any:
        chosen = self.choose(kind, row) if isinstance(row, dict) else None
        if chosen is None:
            return row
        self.spoiled.append((kind, row, chosen[0]))
        return {**row, chosen[0]: chosen[1]}


def by_chance(seed: int) -> Callable[[str, dict[str, Any]], tuple[str, Any] | None]:
    """Return a choice that spoils one key of every row; a row is spoiled alike whenever it is read."""

    def choose(kind: str, row: dict[str, Any]) -> tuple[str, Any]:
        chance = random.Random(f"{seed} {kind} {json.dumps(row, sort_keys=True)}")
        key = chance.choice(sorted(row))
        return key, chance.choice(NO_ID if key == IDS.get(kind) else ODD)

    return choose
