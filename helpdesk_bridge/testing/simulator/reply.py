"""``Reply``: the answer of a handler."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from attrs import Factory, evolve, field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping


_HALF: Final = re.compile("[\ud800-\udfff]")


@frozen
class Reply:
    """An HTTP answer; the length is added when it is sent, header names are sent exactly as they are written here."""

    status: int = 200
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = Factory(dict)

    @classmethod
    def json(
        cls,
        obj: Any,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        *,
        indent: int | None = None,
        ensure_ascii: bool = False,
        content_type: str = "application/json",
    ) -> Reply:
        """Answer with a JSON document."""
        separators = (",", ":") if indent is None else (",", ": ")
        text = json.dumps(obj, ensure_ascii=ensure_ascii, indent=indent, separators=separators)
        return cls(status, json_bytes(text), {"Content-Type": content_type, **(headers or {})})

    @classmethod
    def text(
        cls,
        text: str,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        *,
        content_type: str = "text/plain; charset=utf-8",
    ) -> Reply:
        """Answer with text, or with HTML by its content type."""
        return cls(status, json_bytes(text), {"Content-Type": content_type, **(headers or {})})

    def with_headers(self, headers: Mapping[str, str], *, override: bool = False) -> Reply:
        """Return the same answer with more headers; present headers stay, unless ``override``."""
        if override:
            return evolve(self, headers={**self.headers, **headers})
        present = {name.lower() for name in self.headers}
        added = {name: value for name, value in headers.items() if name.lower() not in present}
        return evolve(self, headers={**self.headers, **added})

    @property
    def status_line(self) -> str:
        """The status with its standard phrase."""
        try:
            return f"{self.status} {HTTPStatus(self.status).phrase}"
        except ValueError:
            return f"{self.status} Unknown"


def json_bytes(text: str) -> bytes:
    """Return JSON text as UTF-8, an unpaired surrogate as the escape that only JSON has for it."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _HALF.sub(lambda half: f"\\u{ord(half[0]):04x}", text).encode()


class Refused(Exception):
    """Ends a handler from anywhere with this answer."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply
