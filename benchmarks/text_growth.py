"""How time and memory of the parsers of text grow with the length of hostile input: 10 kB, 100 kB, 1 MB and 5 MB.

Run it with ``python benchmarks/text_growth.py [NAME …]``; it prints one line for each input: the milliseconds at each size,
the longest result and the peak of Python's memory over the size of the input, both at the largest size. Ten times the
length should take about ten times as long, and a result should not be many times as long as what it was made from.
"""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable
from typing import Any

from helpdesk_bridge.clock import real_seconds
from helpdesk_bridge.model.addresses import Mailbox, email_key, email_spellings, phone_key, phone_of
from helpdesk_bridge.text.images import image_tags
from helpdesk_bridge.text.plain import fold, html_to_text, squash

SIZES = (10_000, 100_000, 1_000_000, 5_000_000)


def filled(piece: str, before: str = "", after: str = "") -> Callable[[int], str]:
    """Return a maker of texts of about a size: ``piece`` again and again."""
    return lambda size: before + piece * ((size - len(before) - len(after)) // len(piece)) + after


def attributes(size: int) -> str:
    return "<p " + " ".join(f"a{number}=1" for number in range(size // 9)) + ">text"


def wide_table(size: int) -> str:
    return "<table><tr><td>" + "x" * (size // 2) + "</td></tr>" + "<tr><td>a" * (size // 18) + "</table>"


def ragged_table(size: int) -> str:
    return "<table><tr>" + "<td>" * (size // 8) + "<tr>" * (size // 8) + "</table>"


def nested_tables(size: int) -> str:
    depth = 60
    return "<table><tr><td>" * depth + "<p>word word" * (size // 12) + "</table>" * depth


def ordinary(size: int) -> str:
    row = "<tr><td style='padding-left:8px'><b>Order</b> 4711&nbsp;</td><td align=right>12.50 &euro;</td></tr>"
    letter = f"<div>Dear Ann,<br>your order:<table>{row * 6}</table><ul><li>one<li>two</ul></div><p>Kind regards</p>"
    return letter * (size // len(letter))


MARKUP: dict[str, Callable[[int], str]] = {
    "an ordinary mail": ordinary,
    "nested padding": filled("<div style='padding-left:99999em'>a"),
    "margins": filled("<p style='margin-top:99999em'>a"),
    "nested style": filled("style:", "<p style='", "'>a"),
    "attributes": attributes,
    "attributes with one quote": filled("a='b ", "<p "),
    "tags with many attributes": filled("<p a b c d e f g h i>"),
    "wide table": wide_table,
    "ragged table": ragged_table,
    "nested tables": nested_tables,
    "tables": filled("<table><tr><td>a"),
    "nested lists": filled("<ul><li>a"),
    "list within lists": filled("<li>a", "<ul>" * 200),
    "nested divs": filled("<div>"),
    "inline tags": filled("<b>a</b>"),
    "unclosed inline tags": filled("<b>a"),
    "closing tags": filled("</b>", "<div>" * 200),
    "line breaks": filled("<br>a", "<ul>" * 200),
    "preformatted lines": filled("\n", "<ul>" * 200 + "<pre>"),
    "one long line": filled("a"),
    "blanks": filled(" "),
    "references": filled("&amp;"),
    "ampersands": filled("&"),
    "a long number": filled("9", "&#"),
    "unclosed tags": filled("<a "),
    "unclosed comments": filled("<!-- "),
    "processing instructions": filled("<?"),
    "unclosed scripts": filled("<script>"),
    "unclosed quotes": filled('<a b="'),
    "combining marks": filled("\u0301\u0323", "a"),
}
TEXTS: dict[str, Callable[[int], str]] = {
    "letters": filled("a"),
    "Turkish": filled("İĞşı "),
    "combining marks": filled("\u0301\u0323", "a"),
    "marks in disorder": filled("\u0345\u0323\u0301\u05b0", "a"),
    "marks that fall apart": filled("\u0f73", "a"),
    "expanding ligatures": filled("\ufdfa"),
    "Hangul": filled("\u1100\u1161\u11a8"),
    "blanks": filled(" \u00a0"),
}
ADDRESSES: dict[str, Callable[[int], str]] = {
    "letters": filled("a", after="@b.example"),
    "brackets": filled("(", after=" a@b.example"),
    "angles": filled("<", after="a@b.example"),
    "quotes": filled('"', after=" <a@b.example>"),
    "escapes": filled("\\", after=" <a@b.example>"),
    "list": filled("a@b.example,"),
    "long domain": filled("ü", "a@"),
    "long A-label": filled("xn--a.", "a@"),
    "marks in the domain": filled("\u0301\u0323", "a@b"),
}
PHONES: dict[str, Callable[[int], str]] = {
    "digits": filled("1", "+"),
    "blanks": filled(" ", "+49 30", "1"),
    "extensions": filled("ext ", "+49 30 1234567"),
    "extension and blanks": filled(" ;, ", "+49 30 1234567", "x"),
    "hashes": filled("#", "+49 30 1234567"),
    "Arabic digits": filled("\u0661", "+"),
}
PARSERS: dict[str, tuple[Callable[[str], Any], dict[str, Callable[[int], str]]]] = {
    "html_to_text": (html_to_text, MARKUP),
    "image_tags": (lambda text: image_tags(f"<img src=a>{text}<img "), MARKUP),
    "fold": (fold, TEXTS),
    "squash": (squash, TEXTS),
    "Mailbox.of": (Mailbox.of, ADDRESSES),
    "email_key": (email_key, ADDRESSES),
    "email_spellings": (email_spellings, ADDRESSES),
    "phone_key": (phone_key, PHONES),
    "phone_of": (phone_of, PHONES),
}


def milliseconds(parse: Callable[[str], Any], text: str) -> tuple[float, int]:
    """Return how long a parser takes, and the length of its result where that is a text."""
    began = real_seconds()
    found = parse(text)
    return (real_seconds() - began) * 1000, len(found) if isinstance(found, str) else 0


def peak(parse: Callable[[str], Any], text: str) -> int:
    """Return the peak of the memory that a parser takes, its input left out."""
    tracemalloc.start()
    try:
        parse(text)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def main() -> None:
    wanted = sys.argv[1:] or list(PARSERS)
    print(f"{'parser':16}{'input':28}" + "".join(f"{size // 1000:>8} kB" for size in SIZES) + "  longest   memory")
    for name in wanted:
        parse, inputs = PARSERS[name]
        parse("warm up <p>")
        for kind, make in inputs.items():
            times, longest = [], 0
            for size in SIZES:
                taken, longest = milliseconds(parse, make(size))
                times.append(taken)
            memory = peak(parse, make(SIZES[-1])) / SIZES[-1]
            row = "".join(f"{one:>8.1f} ms" for one in times)
            print(f"{name:16}{kind:28}{row}{longest:>9}{memory:>8.1f}x", flush=True)


if __name__ == "__main__":
    main()
