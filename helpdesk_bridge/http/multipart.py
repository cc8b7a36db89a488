"""Multipart bodies: streamed from their files, with a length known before the first byte."""

from __future__ import annotations

import io
import re
import secrets
import shutil
import tempfile
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from helpdesk_bridge.http.request import Part

SPOOL_BYTES = 1024 * 1024
"""A file of unknown length is copied before it is sent; above this size on disk."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f\"]")


class MultipartBody(io.RawIOBase):
    """The body of one attempt: read by the HTTP client, closed after it. Files are opened here, anew each time."""

    def __init__(self, parts: Sequence[Part]) -> None:
        super().__init__()
        self.boundary = secrets.token_hex(16)
        self._pieces: list[BinaryIO] = []
        self._at = 0
        self.length = 0
        try:
            for part in parts:
                self._add(part)
            self._bytes(f"--{self.boundary}--\r\n".encode())
        except BaseException:
            self.close()
            raise

    @property
    def content_type(self) -> str:
        """The value of the Content-Type header."""
        return f"multipart/form-data; boundary={self.boundary}"

    def readable(self) -> bool:
        """Tell that this stream can be read."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes, b"" at the end."""
        chunks: list[bytes] = []
        wanted = size
        while self._at < len(self._pieces) and wanted != 0:
            data = self._pieces[self._at].read(wanted)
            if not data:
                self._at += 1
                continue
            chunks.append(data)
            if size > 0:
                wanted -= len(data)
        return b"".join(chunks)

    def close(self) -> None:
        """Close every file that was opened."""
        for piece in self._pieces:
            piece.close()
        super().close()

    def _add(self, part: Part) -> None:
        disposition = f'Content-Disposition: form-data; name="{_quoted(part.name)}"'
        if part.filename is not None:
            disposition += f'; filename="{_quoted(part.filename)}"'
        lines = [f"--{self.boundary}", disposition]
        if part.content_type is not None:
            lines.append(f"Content-Type: {part.content_type}")
        self._bytes("\r\n".join([*lines, "", ""]).encode("utf-8", "replace"))
        if part.open is not None:
            self._file(part.open())
        else:
            self._bytes((part.value or "").encode("utf-8", "replace"))
        self._bytes(b"\r\n")

    def _bytes(self, data: bytes) -> None:
        self._pieces.append(io.BytesIO(data))
        self.length += len(data)

    def _file(self, file: BinaryIO) -> None:
        if not file.seekable():
            spool = cast("BinaryIO", tempfile.SpooledTemporaryFile(SPOOL_BYTES))  # noqa: SIM115 - closed with the body
            self._pieces.append(spool)
            with file:
                shutil.copyfileobj(file, spool)
            self.length += spool.tell()
            spool.seek(0)
            return
        self._pieces.append(file)
        start = file.tell()
        self.length += file.seek(0, io.SEEK_END) - start
        file.seek(start)


def _quoted(text: str) -> str:
    # As browsers do it (WHATWG, multipart/form-data): UTF-8, with line ends and quotes percent-encoded.
    return _CONTROL.sub(lambda match: f"%{ord(match[0]):02X}", text)
