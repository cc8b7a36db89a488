"""``Redaction``: the same words for the same words, so that a cassette holds no secret and no person and still agrees.

Only what cannot be about anybody stays: numbers, times, true and false, and the words under the keys of ``KEPT_KEYS``, in
which vendors keep their own vocabulary. Every other text is replaced, each by one of its kind: an address by an
address, a phone by a phone, HTML by HTML.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from helpdesk_bridge.testing.cassette.cassette import BASE, Pairs

KEPT_KEYS: Final = frozenset(
    {
        "status", "statuses", "priority", "type", "ticket_type", "message_type", "source", "channel", "kind", "language",
        "event", "role", "sender_type", "active", "order", "sort", "order_by", "order_type", "object", "period", "code",
        "direction", "state", "mime_type", "content_type", "rating_type", "field_type", "user_type",
    }
)  # fmt: skip
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./+ -]{0,39}")
_NUMBER: Final = re.compile(r"[-+]?\d{1,12}(?:\.\d{1,6})?")
_TIME: Final = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?: ?(?:Z|UTC|[-+]\d\d:?\d\d))?)?"
    r"|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} "
    r"\d\d:\d\d:\d\d (?:GMT|[-+]\d{4})"
)
_EMAIL: Final = re.compile(r"[^\s@<>,;\"]+@[^\s@<>,;\"]+")
_PHONE: Final = re.compile(r"\+?[\d ()./-]{7,24}")
_PHONE_KEYS: Final = re.compile("phone|mobile|whatsapp|^to$|^from$|wa_id|digits", re.IGNORECASE)
_NAMED: Final = re.compile(r"[a-z][a-z0-9_]*", re.IGNORECASE)


class Redaction:
    """Replaces consistently within one cassette. ``secrets`` are words that must not stay wherever they are."""

    def __init__(self, origin: str, secrets: Collection[str] = ()) -> None:
        self._origin = origin.rstrip("/")
        self._secrets = [secret for secret in secrets if secret]
        self._said: dict[str, dict[str, str]] = {kind: {} for kind in _FORMS}

    def document(self, value: Any, key: str = "") -> Any:
        """Return a JSON document without secrets and persons; its form stays."""
        if isinstance(value, Mapping):
            return {self._key(name): self.document(inner, str(name)) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.document(inner, key) for inner in value]
        if isinstance(value, str):
            return self.text(value, key)
        if isinstance(value, int) and not isinstance(value, bool) and _PHONE_KEYS.search(key):
            return int(self._replaced("phone", str(value)).lstrip("+"))
        return value

    def text(self, value: str, key: str = "") -> str:
        """Return one text without secrets and persons."""
        if not value.strip() or (self._is_nobody(value, key) and not self._holds_secret(value)):
            return value
        if value[:1] in "[{":
            try:
                return json.dumps(self.document(json.loads(value), key), ensure_ascii=False)
            except ValueError:
                pass  # it only begins like JSON
        if value.startswith(("http://", "https://")):
            return self.url(value)
        if _EMAIL.fullmatch(value):
            return self._replaced("email", value)
        if _PHONE.fullmatch(value) and sum(map(str.isdigit, value)) >= 7:  # noqa: PLR2004 - the fewest of a phone
            return self._replaced("phone", value)
        return self._replaced("html" if "<" in value and ">" in value else "text", value)

    def url(self, value: str) -> str:
        """Return an address without persons: the vendor's own under ``BASE``, any other by its number alone."""
        if value != self._origin and not value.startswith((f"{self._origin}/", f"{self._origin}?")):
            return self._replaced("url", value)
        parts = urlsplit(value)
        query = urlencode(self.query(tuple(parse_qsl(parts.query, keep_blank_values=True))))
        return BASE + self.path(parts.path) + (f"?{query}" if query else "")

    def path(self, path: str) -> str:
        """Return a path: words of the vendor's paths and numbers stay."""
        return "/".join(self._segment(segment) for segment in path.split("/"))

    def query(self, pairs: Pairs) -> Pairs:
        """Return a query: the names stay, and values as in documents."""
        return tuple((self._key(name), self.text(value, name.partition("[")[0])) for name, value in pairs)

    def link(self, value: str) -> str:
        """Return a ``Link`` header with its addresses redacted."""
        return re.sub(r"<([^>]*)>", lambda match: f"<{self.url(match[1])}>", value)

    def _segment(self, segment: str) -> str:
        word = unquote(segment)
        stem = word.removesuffix(".json")
        if not stem or _NUMBER.fullmatch(stem) or (_NAMED.fullmatch(stem) and not self._holds_secret(stem)):
            return segment
        return quote(self.text(word), safe="")

    def _is_nobody(self, value: str, key: str) -> bool:
        if _PHONE_KEYS.search(key):
            return False
        if _TIME.fullmatch(value) or _NUMBER.fullmatch(value) or value in {"true", "false", "null"}:
            return True
        return key in KEPT_KEYS and _WORD.fullmatch(value) is not None

    def _holds_secret(self, value: str) -> bool:
        return any(secret in value for secret in self._secrets)

    def _key(self, name: object) -> str:
        key = str(name)
        return self.text(key) if "@" in key or self._holds_secret(key) or _PHONE.fullmatch(key) else key

    def _replaced(self, kind: str, value: str) -> str:
        said = self._said[kind]
        return said.setdefault(value.casefold() if kind == "email" else value, _FORMS[kind](len(said) + 1))


_FORMS: Final[Mapping[str, Callable[[int], str]]] = {
    "email": lambda number: f"person.{number}@example.invalid",
    "phone": lambda number: f"+1555{number:07}",
    "url": lambda number: f"https://files.example.invalid/{number}",
    "html": lambda number: f"<p>Text {number}</p>",
    "text": lambda number: f"Text {number}",
}
