"""Attachments of the generated helpdesk: small, valid, with awkward names."""

from __future__ import annotations

import struct
import zipfile
import zlib
from functools import lru_cache
from io import BytesIO
from typing import Final

from helpdesk_bridge.datasets.dataset import SeedFile

_LOG_LINE: Final = b"2025-01-01T00:00:00Z INFO everything is as it should be; nothing to see in this line\n"


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@lru_cache(maxsize=64)
def png(red: int, green: int, blue: int, size: int = 8) -> bytes:
    """Return a valid square PNG of one colour."""
    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    rows = (b"\x00" + bytes((red, green, blue)) * size) * size
    parts = (_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(rows)), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def pdf(title: str) -> bytes:
    """Return a one-page PDF, enough for a type sniffer."""
    body = f"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Count 0/Kids[]>>endobj\n% {title}\n"
    return body.encode() + b"trailer<</Root 1 0 R>>\n%%EOF\n"


@lru_cache(maxsize=1)
def archive() -> bytes:
    """Return a ZIP file, the same bytes each time."""
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(zipfile.ZipInfo("readme.txt", (2025, 1, 1, 0, 0, 0)), "hello\n")
        packed.writestr(zipfile.ZipInfo("ordner/größe.txt", (2025, 1, 1, 0, 0, 0)), "groß\n")
    return target.getvalue()


@lru_cache(maxsize=1)
def _catalogue() -> tuple[SeedFile, ...]:
    csv = 'number;name;note\n1;"Müller; ""K""";=1+1\n2;Şahin;"two\nlines"\n'.encode("utf-8-sig")
    return (
        SeedFile("invoice.pdf", "application/pdf", pdf("invoice")),
        SeedFile("screenshot.png", "image/png", png(200, 30, 30)),
        SeedFile("export.csv", "text/csv", csv),
        SeedFile("notes.txt", "text/plain", "first line\nğüşiöç — ёж — مرحبا\n".encode()),
        SeedFile("logs.zip", "application/zip", archive()),
        SeedFile("счёт №5 (копия).pdf", "application/pdf", pdf("счёт")),
        SeedFile("fatura şubat İĞ.png", "image/png", png(30, 200, 30)),
        SeedFile("تقرير ٢٠٢٥.txt", "text/plain", "تقرير\n".encode()),
        SeedFile("re: plan; \"v2\" 'final' 100%.csv", "text/csv", b"a,b\n1,2\n"),
        SeedFile("a+b & c=d#1 %20.tar.gz.txt", "text/plain", b"plus and percent\n"),
        SeedFile("README", "application/octet-stream", bytes(range(256))),
        SeedFile("empty.txt", "text/plain", b""),
        SeedFile("ein sehr langer Dateiname " + "x" * 120 + ".txt", "text/plain", b"long name\n"),
        SeedFile("server.log", "text/plain", _LOG_LINE * 2400),
    )


def attachment(number: int) -> SeedFile:
    """Return one of the attachments; numbers go round."""
    catalogue = _catalogue()
    return catalogue[number % len(catalogue)]


def inline_image(number: int) -> SeedFile:
    """Return a small image that an HTML message shows as ``cid:``; the file name is the one that mail programs give."""
    content = png(number * 37 % 256, number * 91 % 256, 120)
    return SeedFile("image001.png", "image/png", content, inline=True, content_id=f"image001.png@01DB{number:04X}")
