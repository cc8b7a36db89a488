"""Multipart bodies: Deskie takes files in parts with PHP's bracket names.

observed: on a page of Deskie's `case[attachments][1]`, `message[attachments][1]`; in clients nested values as `case[custom_fields][cf_25]`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from helpdesk_bridge.adapter import Part, Upload


def parts(wrapper: str, fields: Mapping[str, Any], files: Sequence[Upload]) -> tuple[Part, ...]:
    """Return the parts of ``{wrapper: fields}`` followed by its files, numbered from 1 as the documents do."""
    values = tuple(Part(name=name, value=value) for name, value in _flat(wrapper, fields))
    uploads = tuple(
        Part(
            name=f"{wrapper}[attachments][{number}]",
            filename=file.filename,
            content_type=file.content_type,
            open=file.open,
        )
        for number, file in enumerate(files, start=1)
    )
    return values + uploads


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(f"{name}[{key}]", inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _flat(f"{name}[]", inner)
    elif isinstance(value, bool):
        # To PHP the text "false" is true.
        yield name, "1" if value else "0"
    elif value is not None:
        yield name, str(value)
