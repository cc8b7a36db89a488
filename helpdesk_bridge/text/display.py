"""Text for display: without the characters that a terminal, a page or a log would obey."""

from __future__ import annotations

import re
from typing import Final

_OBEYED: Final = (
    r"\x00-\x08\x0b-\x1f"  # C0 but tab and line feed: escape sequences, carriage return, backspace, bell
    r"\x7f-\x9f"  # delete and C1: one-byte escape sequences
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # direction: the order on the screen is not that of the text
    r"\u2028\u2029"  # line and paragraph separator
    r"\ufff9-\ufffb"  # interlinear annotation: hides text
    r"\ud800-\udfff"  # half a character: no output can hold it
)
NEUTRALISED: Final = re.compile(f"[{_OBEYED}]")
"""Each character that is never shown as it is. Tab and line feed are not among them: ``line`` takes them out."""

_BREAKS: Final = re.compile("[\t\n\x0b\x0c\r\x1c-\x1e\x85\u2028\u2029]+")


def block(text: str) -> str:
    """Return text of several lines as it can be shown: a replacement character for each that would be obeyed."""
    return NEUTRALISED.sub("\N{REPLACEMENT CHARACTER}", text)


def line(text: str) -> str:
    """Return text as one line: what breaks a line is a blank, so that a subject cannot write a line of its own."""
    return block(_BREAKS.sub(" ", text))


def json_text(text: str) -> str:
    """Return a JSON document with escapes for what would be obeyed: it reads back the same."""
    return NEUTRALISED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
