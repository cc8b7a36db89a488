"""Requests and responses as values."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Any, BinaryIO, Final
from urllib.parse import quote, urlencode

from attrs import Factory, field, frozen

from helpdesk_bridge.errors import Invalid
from helpdesk_bridge.http.headers import Headers, headers
from helpdesk_bridge.model.values import UNSET
from helpdesk_bridge.text import json_text
from helpdesk_bridge.text.decoding import Mending, mended

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Pairs = tuple[tuple[str, str], ...]


class Effect(Enum):
    """What a call does, and so whether it may be repeated when its outcome is unknown."""

    READ = "read"
    """Changes nothing."""
    SET = "set"
    """Sets values: doing it twice is the same as doing it once."""
    CREATE = "create"
    """Sends or appends something: doing it twice shows."""


class Auth(Enum):
    """Whether the desk's credentials go with a call. They never go to any but the desk's own origin."""

    WITH_AUTH = "with"
    WITHOUT_AUTH = "without"


class Answer(Enum):
    """What a successful answer must be to count as one."""

    JSON = "json"
    """A JSON document; anything else is an unreadable answer (for a CREATE: in doubt)."""
    ANY = "any"
    """Anything, also nothing."""


WITH_AUTH: Final = Auth.WITH_AUTH
WITHOUT_AUTH: Final = Auth.WITHOUT_AUTH

VENDOR_URL: Final = "(vendor url)"
"""Stands for the path wherever a call to a URL that the vendor gave is logged."""

_UNSAFE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]|[^\x00-\xff]")


@frozen(kw_only=True)
class Part:
    """One part of a multipart body: a value, or a file that ``open`` opens anew for every attempt."""

    name: str
    value: str | None = field(default=None, repr=False)
    filename: str | None = field(default=None, repr=False)
    content_type: str | None = None
    open: Callable[[], BinaryIO] | None = field(default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        if (self.value is None) == (self.open is None):
            raise Invalid(f"part {self.name!r} needs either a value or a file", field=self.name)
        if self.content_type is not None and _UNSAFE.search(self.content_type):
            raise Invalid(f"part {self.name!r} has a content type with control characters", field="content_type")


def _request_headers(given: Mapping[str, str]) -> Mapping[str, str]:
    for name, value in given.items():
        if _UNSAFE.search(name) or _UNSAFE.search(value):
            raise Invalid(f"the header {name!a} holds characters that a header cannot carry", field="headers")
    return dict(given)


def _default_auth(request: Request) -> Auth:
    return Auth.WITH_AUTH if request.url is None else Auth.WITHOUT_AUTH


def _default_answer(request: Request) -> Answer:
    return Answer.ANY if request.method == "DELETE" else Answer.JSON


@frozen
class Request:
    """One call: what is asked, of which path, and what it does.

    ``path`` is a template below the desk's base URL (``/cases/{id}.json``); each ``{name}`` is filled from ``args``,
    fully percent-encoded, so that no id can leave its segment. ``url`` replaces it by an absolute URL that the vendor
    gave; such a call goes WITHOUT_AUTH unless it says otherwise. At most one of ``json``, ``form``, ``parts`` and ``raw``.
    ``rows`` is how many records this call may return, for windows that count rows; ``cost`` overrides the policy's
    price, in units. An answer larger than ``max_bytes``, decoded, is ``AnswerTooLarge`` and is not asked for again.

    Raises ``Invalid`` for values that no URL or header can carry; nothing was sent.
    """

    method: str
    path: str = VENDOR_URL
    operation: str = field(default="", kw_only=True)
    effect: Effect = field(default=Effect.READ, kw_only=True)
    args: Mapping[str, str] = field(factory=dict, kw_only=True, repr=False)
    params: Pairs = field(default=(), kw_only=True, repr=False)
    json: Any = field(default=UNSET, kw_only=True, repr=False)
    """The document to send; ``UNSET`` for none, because ``None`` is the document ``null``."""
    form: Pairs | None = field(default=None, kw_only=True, repr=False)
    parts: tuple[Part, ...] | None = field(default=None, kw_only=True, repr=False)
    raw: bytes | None = field(default=None, kw_only=True, repr=False)
    """A body that goes as it is; ``headers`` name its type."""
    headers: Mapping[str, str] = field(factory=dict, kw_only=True, repr=False, converter=_request_headers)
    url: str | None = field(default=None, kw_only=True, repr=False)
    auth: Auth = field(kw_only=True, default=Factory(_default_auth, takes_self=True))
    rows: int = field(default=0, kw_only=True)
    cost: int | None = field(default=None, kw_only=True)
    max_bytes: int | None = field(default=None, kw_only=True)
    answer: Answer = field(kw_only=True, default=Factory(_default_answer, takes_self=True))

    def __attrs_post_init__(self) -> None:
        bodies = (self.json is not UNSET, self.form is not None, self.parts is not None, self.raw is not None)
        if sum(bodies) > 1:
            raise Invalid(f"{self.operation or self.path}: a request has one body", field="body")
        if (self.path == VENDOR_URL) == (self.url is None):
            raise Invalid(f"{self.operation or self.method}: a request needs either a path or a url", field="path")

    def target(self) -> str:
        """Return path and query, ready to be appended to the base URL."""
        path = self.path.format_map({name: _segment(name, value) for name, value in self.args.items()})
        if not self.params:
            return path
        try:
            return f"{path}?{urlencode(self.params, quote_via=quote, safe='')}"
        except UnicodeEncodeError:
            problem = Invalid("a value of the query contains an unpaired surrogate", field="query")
        raise problem


def _segment(name: str, value: str) -> str:
    # "." and ".." survive percent-encoding and would be resolved as parent directories.
    if value in {"", ".", ".."}:
        raise Invalid(f"{name} is empty or not an id", field=name)
    try:
        return quote(value, safe="")
    except UnicodeEncodeError:
        problem = Invalid(f"{name} contains an unpaired surrogate", field=name)
    raise problem


@frozen(eq=False)
class Response:
    """What the vendor answered. ``body`` is decoded (gzip removed) and complete."""

    status: int
    headers: Headers = field(converter=headers)
    body: bytes = field(repr=False)
    request: Request
    elapsed_ms: float = 0.0
    mending: Mending | None = field(default=None, repr=False)
    _parsed: list[Any] = field(factory=list, init=False, repr=False)

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the range of HTTP successes

    @property
    def text(self) -> str:
        """The body as text, in the charset the vendor named, else UTF-8; what no text can hold is U+FFFD."""
        charset = re.search(r"charset=\"?([\w.:-]+)", self.headers.get("Content-Type", ""), re.IGNORECASE)
        try:
            return mended(self.body.decode(charset[1] if charset else "utf-8", "replace"))
        except (LookupError, ValueError):
            # No charset that is known, or one that is no text ("hex") or takes no replacements ("idna").
            return mended(self.body.decode("utf-8", "replace"))

    def json(self) -> Any:
        """Return the body as a JSON document of valid text, parsed once; ``BadResponse`` with path ``$`` if it is none."""
        if not self._parsed:
            self._parsed.append(json_text.loads(self.body, status=self.status, mending=self.mending))
        return self._parsed[0]
