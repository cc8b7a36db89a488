"""Form fields as PHP reads them: ``a[0][b]=x`` and ``a[]=x`` become nested lists and objects."""

from __future__ import annotations

import re
from io import BytesIO
from typing import IO, TYPE_CHECKING, Any

from attrs import define, frozen
from attrs import field as attribute
from werkzeug.formparser import MultiPartParser
from werkzeug.http import parse_options_header

if TYPE_CHECKING:
    from collections.abc import Iterable

_KEY = re.compile(r"\A([^\[\]]+)((?:\[[^\[\]]*\])*)\Z", re.DOTALL)
_PART = re.compile(r"\[([^\[\]]*)\]")
_INTEGER = re.compile(r"\A(?:0|-?[1-9][0-9]{0,17})\Z")
_DEEPEST = 64
"""documented: PHP manual, ``max_input_nesting_level``: fields nested deeper are dropped."""


@frozen
class UploadedFile:
    """A file of a multipart body; ``field`` is its raw name, such as ``attachments[0]``."""

    field: str
    filename: str
    content_type: str
    content: bytes = attribute(repr=False)


@define
class _Node:
    entries: dict[int | str, Any] = attribute(factory=dict)
    next_index: int = 0

    def child_key(self, part: str) -> int | str:
        if part == "":
            return self.next_index
        return int(part) if _INTEGER.match(part) else part

    def put(self, key: int | str, value: Any) -> None:
        self.entries[key] = value
        if isinstance(key, int):
            self.next_index = max(self.next_index, key + 1)


def bracket_tree(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Nest flat fields the way PHP does.

    Keys that count 0, 1, 2… make a list, all others an object with text keys. A later field wins over an earlier one
    of the same name; a name whose brackets do not close stays unchanged.
    """
    root = _Node()
    for name, value in pairs:
        matched = _KEY.match(name)
        if matched is None:
            root.put(name, value)
            continue
        parts = _PART.findall(matched[2])
        if len(parts) < _DEEPEST:
            _insert(root, [matched[1], *parts], value)
    return {str(key): _plain(value) for key, value in root.entries.items()}


def _insert(root: _Node, parts: list[str], value: str) -> None:
    node = root
    key: int | str = parts[0]
    for part in parts[1:]:
        child = node.entries.get(key)
        if not isinstance(child, _Node):
            child = _Node()
            node.put(key, child)
        node, key = child, child.child_key(part)
    node.put(key, value)


def _plain(value: Any) -> Any:
    if not isinstance(value, _Node):
        return value
    if list(value.entries) == list(range(len(value.entries))):
        return [_plain(child) for child in value.entries.values()]
    return {str(key): _plain(child) for key, child in value.entries.items()}


def parse_multipart(body: bytes, content_type: str) -> tuple[list[tuple[str, str]], list[UploadedFile]]:
    """Split a multipart body into its fields and files, in their order; a ``ValueError`` says what is wrong with it."""
    boundary = parse_options_header(content_type)[1].get("boundary", "")
    if not boundary:
        raise ValueError("the multipart body has no boundary")
    parser = MultiPartParser(stream_factory=_in_memory, buffer_size=1 << 20, max_form_parts=5000)
    form, uploads = parser.parse(BytesIO(body), boundary.encode("latin-1", "replace"), len(body))
    files = [
        UploadedFile(name, upload.filename or "", upload.content_type or "application/octet-stream", upload.read())
        for name, upload in uploads.items(multi=True)
    ]
    fields = [(str(name), str(value)) for name, value in form.items(multi=True)]
    return fields, [file for file in files if file.filename or file.content]


def _in_memory(
    total_content_length: int | None,  # noqa: ARG001 - the signature is werkzeug's
    content_type: str | None,  # noqa: ARG001
    filename: str | None,  # noqa: ARG001
    content_length: int | None = None,  # noqa: ARG001
) -> IO[bytes]:
    return BytesIO()
