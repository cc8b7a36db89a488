"""Calls to Deskie and the reading of their answers: lists, single records, writes, deletions.

The effect of a call decides whether it may be repeated: ``READ`` and ``SET`` may, ``CREATE`` never.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar, cast

from attrs import evolve, field, frozen

from helpdesk_bridge.adapter import (
    NOTHING_LEFT,
    Answer,
    BadResponse,
    Effect,
    OddValues,
    Request,
    Stack,
    Upload,
    readable,
)
from helpdesk_bridge_deskie.wire.documents import WIRE, CaseDocument, Document, without_secrets
from helpdesk_bridge_deskie.wire.fast_reading import ADDED, read_case_fast
from helpdesk_bridge_deskie.wire.keys import KEYS
from helpdesk_bridge_deskie.wire.lists import Rows, record, rows, unwrapped
from helpdesk_bridge_deskie.wire.multipart import parts

D = TypeVar("D")
Params = tuple[tuple[str, str], ...]
PAGE: Final = 100
"""observed: `limit` is 1 to 100."""
LAST_PAGE: Final = 500
"""observed: `page` is 1 to 500."""
NOTHING: Final[Mapping[str, str]] = {}
_KINDS: Final = {"case": "ticket", "user": "contact"}


@frozen
class DocumentPage(Sequence[D]):
    """One page of a list; ``total`` counts all matches, None if Deskie does not say.

    ``left_out`` is the number of its rows that cannot be read, ``size`` that of the answer in bytes.
    """

    items: tuple[D, ...]
    total: int | None = None
    left_out: int = 0
    size: int = 0

    def __getitem__(self, index: Any) -> Any:
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    def more_after(self, page: int, limit: int) -> bool:
        """Whether another page follows."""
        size = len(self.items) + self.left_out
        return size >= limit if self.total is None else bool(size) and page * limit < self.total


def _nothing() -> None:
    return None


@frozen(eq=False)
class Calls:
    """Calls over one connection. ``keep_raw`` keeps the vendor's document on each record read from it.

    ``after_write`` is called after every write, successful or not: cached lists must be read again. ``odd`` takes what
    cannot be read.
    """

    stack: Stack = field(repr=False)
    odd: OddValues = field(repr=False)
    keep_raw: bool = False
    after_write: Callable[[], None] = field(default=_nothing, repr=False)

    def list(
        self,
        path: str,
        key: str,
        type_: type[D],
        *,
        operation: str,
        params: Params = (),
        args: Mapping[str, str] = NOTHING,
        max_bytes: int | None = None,
    ) -> DocumentPage[D]:
        """Return a page of ``{key: {…}}``."""
        # observed: an empty list may come as no body at all, so that is not an unreadable answer here.
        request = Request(
            "GET", path, operation=operation, params=params, args=args, max_bytes=max_bytes, answer=Answer.ANY
        )
        page = self.rows(request, key)
        read = readable(
            page.items,
            lambda index, row: self.document(type_, unwrapped(row, key, str(index)), f"$.{index}.{key}"),
            self.odd,
            kind=_KINDS.get(key, key),
            parent=args.get("id", ""),
            named=bool(key),
        )
        return DocumentPage(tuple(item for _, item in read), page.total, len(page.items) - len(read), page.size)

    def rows(self, request: Request, key: str) -> Rows:
        """Return the rows of a list ``{key: {…}}``, unread and in their wrappers."""
        page = self._rows(request, key)
        if page is None or _lacks(page, request.params):
            # An answer lost on its way looks the same, and so does the answer for another page. Either would silently
            # end a scan early, so a second answer must confirm it.
            page = self._rows(request, key)
        return page or Rows((), 0)

    def _rows(self, request: Request, key: str) -> Rows | None:
        response = self.stack.send(request)
        return evolve(rows(response.json(), key), size=len(response.body)) if response.body.strip() else None

    def read(self, request: Request, key: str, type_: type[D]) -> D:
        """Send a request and return the record in its answer, ``{key: {…}}``."""
        return self.stack.read(request, lambda answer: self.document(type_, record(answer.json(), key), f"$.{key}"))

    def document(self, type_: type[D], document: Mapping[str, Any], at: str) -> D:
        """Read one document; ``at`` is its place in the answer."""
        quick = read_case_fast(document) if type_ is CaseDocument else None
        keys = KEYS.get(type_)
        left = NOTHING_LEFT if keys is None else keys.left(document)
        if quick is not None:
            quick.left = left
            if not self.keep_raw:
                return cast("D", quick)
        known = {
            key: _unwrapped_files(value) if key == "attachments" else value
            for key, value in document.items()
            if key not in ADDED
        }
        if left.behind:
            known["left"] = left
        read = WIRE.read(type_, known, at=at, odd=self.odd) if quick is None else cast("D", quick)
        if not isinstance(read, (Document, CaseDocument)):
            return read
        raw = without_secrets(document) if self.keep_raw else read.left.odd
        return evolve(read, raw=raw) if raw else read

    def get(self, path: str, key: str, type_: type[D], *, operation: str, args: Mapping[str, str]) -> D:
        """Return one record."""
        return self.read(Request("GET", path, operation=operation, args=args), key, type_)

    def json(self, path: str, *, operation: str, params: Params = (), args: Mapping[str, str] = NOTHING) -> Any:
        """Return an object that is neither a list nor a record, unread. Raises ``BadResponse`` for anything else."""
        request = Request("GET", path, operation=operation, params=params, args=args)
        document = self.stack.send(request).json()
        if not isinstance(document, dict):
            raise BadResponse(f"expected an object, found {type(document).__name__}", path="$")
        return document

    def create(
        self,
        path: str,
        key: str,
        type_: type[D],
        fields: Mapping[str, Any],
        *,
        operation: str,
        files: Sequence[Upload] = (),
        args: Mapping[str, str] = NOTHING,
        answer: str | None = None,
    ) -> D:
        """Send ``{key: fields}``, with files as multipart, and return the new record; never repeated.

        ``answer`` is the wrapper of the answer if it differs from ``key``.
        """
        body: dict[str, Any] = {"parts": parts(key, fields, files)} if files else {"json": {key: dict(fields)}}
        request = Request("POST", path, operation=operation, effect=Effect.CREATE, args=args, **body)
        return self.written(request, answer or key, type_)

    def set(
        self,
        path: str,
        key: str,
        type_: type[D],
        fields: Mapping[str, Any] | None = None,
        *,
        operation: str,
        args: Mapping[str, str],
        effect: Effect = Effect.SET,
        answer: str | None = None,
    ) -> D:
        """Put ``{key: fields}``, or an empty object without fields, and return the changed record."""
        body = {} if fields is None else {key: dict(fields)}
        request = Request("PUT", path, operation=operation, effect=effect, args=args, json=body)
        return self.written(request, answer or key, type_)

    def written(self, request: Request, key: str, type_: type[D]) -> D:
        """Send a write and return the record in its answer, ``{key: {…}}``."""
        try:
            return self.read(request, key, type_)
        finally:
            self.after_write()

    def delete(self, path: str, *, operation: str, args: Mapping[str, str], body: Any = None) -> Any:
        """Delete a record; return the answer's document, None if it has none or cannot be read: the record is gone."""
        extra = {} if body is None else {"json": body}
        request = Request("DELETE", path, operation=operation, effect=Effect.SET, args=args, answer=Answer.ANY, **extra)
        try:
            response = self.stack.send(request)
        finally:
            self.after_write()
        try:
            return response.json() if response.body.strip() else None
        except BadResponse:
            return None


def _lacks(page: Rows, params: Params) -> bool:
    """Whether a page has fewer rows than the number of all matches says."""
    asked = dict(params)
    if page.total is None or "page" not in asked or "limit" not in asked:
        return False
    limit = int(asked["limit"])
    return len(page.items) < min(limit, page.total - (int(asked["page"]) - 1) * limit)


def _unwrapped_files(value: Any) -> Any:
    # observed: a client of 2026 takes files wrapped, too.
    if not isinstance(value, list):
        return value
    inner = ((file.get("attachment") if isinstance(file, dict) else None, file) for file in value)
    return [wrapped if isinstance(wrapped, dict) else file for wrapped, file in inner]


def paged(page: int, limit: int = PAGE) -> Params:
    """Return the parameters that ask for one page."""
    return (("page", str(page)), ("limit", str(limit)))
