"""Writing: texts, locations and files for Desk360, checked before anything is sent."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

from attrs import frozen

from helpdesk_bridge.adapter import Attachment, FileLimits, Invalid, Upload, evolve, file_digest

T = TypeVar("T")
TEXT_LIMIT: Final = 4096
"""documented: Desk360 API, "Send WhatsApp Message": "It should max 4096 chars."."""

FILES: Final = FileLimits(count=5, bytes_each=20 * 1024 * 1024, bytes_together=20 * 1024 * 1024)
"""documented: Desk360 API, "Send WhatsApp Media Message": "Max Count: 5, Max Size: 20MB". Whether a file or all of them
is not told; both are kept (assumed)."""


@frozen
class Outgoing:
    """A message that Desk360 accepted: its id, text and files."""

    id: str
    text: str
    attachments: tuple[Attachment, ...] = ()


@frozen
class LocationMessage:
    """A location on the map; all fields are required. documented: Desk360 API, "Send WhatsApp Location Message"."""

    latitude: float
    longitude: float
    name: str
    address: str

    def document(self) -> dict[str, Any]:
        """Return the JSON of the location. Raises ``Invalid`` for missing fields and impossible coordinates."""
        checked_coordinate(self.longitude, "location.longitude", 180)
        checked_coordinate(self.latitude, "location.latitude", 90)
        checked_text(self.name, "location.name")
        checked_text(self.address, "location.address")
        return {"longitude": self.longitude, "latitude": self.latitude, "name": self.name, "address": self.address}

    def line(self) -> str:
        """Return the location as one line, in the webhooks' format."""
        return f"{self.name} - {self.address}, latitude: {self.latitude}, longitude: {self.longitude}"


def checked_text(text: Any, field: str, limit: int | None = None) -> str:
    """Return a text that is not blank and has at most ``limit`` characters, or raise ``Invalid``."""
    if not isinstance(text, str) or not text.strip():
        raise Invalid(f"{field} is missing", field=field)
    if limit is not None and len(text) > limit:
        raise Invalid(f"{field} has {len(text)} characters; at most {limit}", field=field, limit=limit)
    return text


def checked_list(values: Any, kind: type[T], field: str) -> tuple[T, ...]:
    """Return the members of a list, each of a kind, or raise ``Invalid``; a text does not count as a list."""
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Iterable):
        raise Invalid(f"{field}: expected a list, found {type(values).__name__}", field=field)
    listed = tuple(values)
    for item in listed:
        checked_kind(item, kind, field)
    return listed


def checked_kind(value: Any, kind: type[T], field: str) -> T:
    """Return a value of a kind, or raise ``Invalid``."""
    if not isinstance(value, kind):
        raise Invalid(f"{field}: expected {kind.__name__}, found {type(value).__name__}", field=field)
    return value


def checked_coordinate(value: Any, field: str, most: int) -> None:
    """Raise ``Invalid`` unless the value is a number of degrees."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or abs(value) > most:
        raise Invalid(f"{field}: expected a number from -{most} to {most}", field=field, limit=most)


def checked_files(files: Sequence[Upload], field: str = "attachments") -> tuple[Upload, ...]:
    """Return one to five files of 20 MB at most, their sizes known, or raise ``Invalid``."""
    uploads = checked_list(files, Upload, field)
    if not uploads:
        raise Invalid("a media message requires at least one file", field=field)
    if len(uploads) > (FILES.count or 0):
        raise Invalid(f"{len(uploads)} files are too many; at most {FILES.count}", field=field, limit=FILES.count)
    measured = tuple(_measured(file) for file in uploads)
    together = sum(file.size or 0 for file in measured)
    if together > (FILES.bytes_together or 0):
        raise Invalid(
            f"the files have {together} bytes; at most {FILES.bytes_together}", field=field, limit=FILES.bytes_together
        )
    return measured


def _measured(file: Upload) -> Upload:
    if file.size is not None:
        return file
    with file.open() as stream:
        _, size = file_digest(stream)
    return evolve(file, size=size)
