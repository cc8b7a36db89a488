"""Nasty test data: texts, names of files and a moment that break programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

NASTY: Final[Mapping[str, str]] = {
    "emoji": "👩‍👩‍👧 🏳️‍🌈 🇹🇷 😀",
    "right to left": "مرحبا \u202eabc\u202c שלום",
    "control characters": "a\x1fb\x0bc\x7fd",
    "long": "Donaudampfschiff " * 180,
    "HTML": "<script>alert('x')</script> & &amp; &lt;b&gt; <img src=x onerror=y>",
    "CSV formula": '=HYPERLINK("http://x.example";"y"),+1,-1,@SUM(A1)',
    "dotted I": "İstanbul \u0131ss\u0131z i̇",
    "lone combining": "\u0301acute \u200d\u20e3",
    "composed and not": "é e\u0301 ﬁ ß ẞ",
    "quotes": "\"double\" 'single' `back` \\ %s {x} ${y}",
    "SQL": "x'; DROP TABLE tickets; -- %_",
    "commas": "a, b; c\td",
    "line breaks": "one\ntwo\r\nthree\rfour\u2028five",
    "invisible": "\u200bzero\ufeffwidth\u00a0",
    "like a ref": "deskie:x/ticket/1 ^x^ ~0 #1 --",
}
"""Texts that break programs, by what is nasty about them. Desks take all of them."""

SURROGATE: Final = "half \ud83d of an emoji"
"""No valid Unicode: JSON can carry it and UTF-8 cannot."""

UNFIT: Final[Mapping[str, str]] = {"NUL": "a\x00b", "surrogate": SURROGATE}
"""Characters that no text can hold and vendors send all the same: read as U+FFFD, refused as ``Invalid`` when written."""

FILE_NAMES: Final[Sequence[str]] = (
    "report.pdf", "Rechnung März.pdf", "写真 😀.png", "a b;c=d.txt", "it's \"quoted\".txt", "100%25.csv", "no extension",
    ".hidden", "şçğıİ.docx", "a+b&c.txt", "x" * 120 + ".bin", "tilde~1.tar.gz",
)  # fmt: skip
"""Names of files that are hard to carry in headers, URLs and paths; none has a folder."""

START: Final = datetime(2026, 3, 29, 0, 59, 58, tzinfo=UTC)
"""Two seconds before the clocks of Europe go forward."""
