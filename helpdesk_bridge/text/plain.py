"""Plain text: comparison as people compare words, HTML to text and back."""

from __future__ import annotations

import copy
import hashlib
import html
import io
import re
import threading
import unicodedata
from functools import lru_cache
from itertools import islice
from typing import Any, Final, NamedTuple

from helpdesk_bridge.text.decoding import mended
from helpdesk_bridge.text.markup import beginning, beside, with_few_attributes, words_of

_SPACES = re.compile(r"\s+")


def fold(text: str) -> str:
    """Return ``text`` as searches compare it: NFKC, then ``casefold()``.

    After the first 100,000 characters the case alone is folded: NFKC makes up to 18 characters of one.
    """
    folded = unicodedata.normalize("NFKC", stream_safe(text[:_LONGEST_NORMALISED])).casefold()
    return folded + text[_LONGEST_NORMALISED:].casefold()


_LONGEST_NORMALISED: Final = 100_000


_MOST_MARKS: Final = 30
_JOINER: Final = "\N{COMBINING GRAPHEME JOINER}"
# Letters, blanks and what comes before the first combining mark are none; so the common text is not looked at by letter.
_MAY_BE_MARKS: Final = re.compile(rf"[^\w\s\x00-\u02ff]{{{_MOST_MARKS + 1},}}+")


def stream_safe(text: str) -> str:
    """Return ``text`` with at most 30 combining marks in a row: a joiner that nobody sees parts more (UAX #15, section 13).

    Normalisation sorts the marks of a letter, in a time that grows with the square of their number. No language needs
    as many.
    """
    return text if text.isascii() else _MAY_BE_MARKS.sub(_parted, text)


def _parted(run: re.Match[str]) -> str:
    parted, marks = io.StringIO(), 0
    for letter in run[0]:
        # What it falls apart into counts: U+0F73 is two marks.
        parts = unicodedata.normalize("NFKD", letter)
        marks = marks + len(parts) if unicodedata.combining(parts[0]) else 0
        if marks > _MOST_MARKS:
            parted.write(_JOINER)
            marks = len(parts)
        parted.write(letter)
    return parted.getvalue()


_REMEMBERED, _SHORT = 128, 16_384
LONGEST_TREE: Final = 1_000_000
"""Characters of markup from which a tree is built; of more, words are read without one."""
LONGEST_TEXT: Final = 1_000_000
"""Visible characters that the text of a tree may have."""
LONGEST_WORDS: Final = 100_000
"""Visible characters that are read without a tree."""
_LEAST_ROOM, _ROOM_A_CHARACTER = 100_000, 8  # for the blanks by which tables are laid out
_DEEPEST_LIST: Final = 6
_DEEPEST_TREE: Final = 255  # libxml2 leaves out what follows a deeper element
SHORTENED: Final = "[The text is shortened here; the whole message is in its HTML.]"


class SeenText(NamedTuple):
    """The text of a message's HTML; ``shortened`` where there was more."""

    text: str
    shortened: bool


def html_to_text(markup: str) -> str:
    """Return the text that a reader of ``markup`` sees, with line breaks where blocks end.

    The address of a link that its label does not show stands behind the label: ``Reset it <https://example.com/r/42>``.

    Markup of more than a million characters, or nested deeper than libxml2 goes, is read without its layout; a text that is
    too long ends with a line that says so.
    """
    return seen_text(markup).text


def seen_text(markup: str) -> SeenText:
    """Return what ``html_to_text`` does, and whether it was shortened.

    It takes milliseconds, and whoever moves, compares or searches messages asks for the same ones again at once: the
    last ones that are not long are remembered.
    """
    return _remembered(markup) if len(markup) <= _SHORT else _seen(markup)


@lru_cache(_REMEMBERED)
def _remembered(markup: str) -> SeenText:
    return _seen(markup)


def _seen(markup: str) -> SeenText:
    markup = _XML.sub("", mended(_CONTROL.sub("", markup))).strip()
    if not markup:
        return SeenText("", shortened=False)
    text = None if len(markup) > LONGEST_TREE else _laid_out(markup)
    if text is None:
        text, cut = words_of(markup, LONGEST_WORDS)
    else:
        # The layout's own blanks are bounded elsewhere, so length alone says that there may be too many words.
        short = beginning(text, LONGEST_TEXT) if len(text) > LONGEST_TEXT else text
        text, cut = short, len(short) < len(text)
    text = _CONTROL.sub("", text).strip()
    return SeenText(f"{text}\n{SHORTENED}" if cut else text, cut)


def _laid_out(markup: str) -> str | None:
    """Return the text of ``markup`` as a browser lays it out; None where it is nested too deep."""
    from inscriptis import Inscriptis
    from lxml import html as parser
    from lxml.etree import ParserError

    try:
        tree = parser.document_fromstring(with_few_attributes(markup))
    except ParserError:
        # Markup without anything in it, such as a lone comment.
        return ""
    if not _prepare(tree):
        return None
    _of_thread.room = _LEAST_ROOM + _ROOM_A_CHARACTER * len(markup)
    try:
        return str(Inscriptis(tree, _inscriptis_config()).get_text())
    except RecursionError:
        return None  # a caller deep in a recursion of its own leaves the library no room


def _prepare(tree: Any) -> bool:
    """Make a tree ready for inscriptis; return whether it is complete."""
    from lxml.etree import iterwalk

    depth = 0
    for event, node in iterwalk(tree, events=("start", "end", "comment", "pi")):
        if event == "end":
            depth -= 1
            if node.tag == "a":
                _show_address(node)
            continue
        # inscriptis resolves entities in text that the parser has resolved already: "&amp;lt;" would become "<".
        if node.tail and "&" in node.tail:
            node.tail = _unresolved(node.tail)
        if event != "start":
            continue
        depth += 1
        if depth > _DEEPEST_TREE:
            return False
        if node.text and "&" in node.text:
            node.text = _unresolved(node.text)
        if node.attrib:
            _keep_what_hides(node.attrib)
    return True


def _show_address(link: Any) -> None:
    """Write the address of a link behind its label, unless a reader sees it there."""
    address = link.get("href", "")
    label = "".join(islice(link.itertext(), _MOST_PIECES)).replace("&amp;", "&") if address else ""
    behind = _unresolved(beside(address, label))
    if not behind:
        return
    if len(link):
        link[-1].tail = (link[-1].tail or "") + behind
    else:
        link.text = (link.text or "") + behind


_MOST_PIECES: Final = 256
"""Of the label of a link: tables may hold links that hold tables."""
_LONGEST_STYLE: Final = 4096


def _keep_what_hides(attributes: Any) -> None:
    """Take out what only moves text: a margin of 99999em becomes as many blanks a line."""
    style = attributes.pop("style", "")
    for name in ("align", "valign"):
        attributes.pop(name, None)
    if "value" in attributes and _ORDINAL.fullmatch(attributes["value"]) is None:
        del attributes["value"]  # inscriptis takes "²" for a number
    parts = (rule.partition(":") for rule in style[:_LONGEST_STYLE].lower().split(";"))
    kept = {name.strip(): f"{name.strip()}:{value.strip()}" for name, _, value in parts if name.strip() in _KEPT_STYLES}
    if kept:
        attributes["style"] = ";".join(kept.values())


_KEPT_STYLES: Final = frozenset({"display", "white-space"})
_ORDINAL: Final = re.compile("[0-9]{1,9}")


def _list_start(state: Any, attributes: Any) -> None:
    from inscriptis.model.tag.list_tag import ol_start_handler, ul_start_handler

    element = state.tags[-1]
    if len(state.li_counter) >= _DEEPEST_LIST:
        element.padding_inline = 0
    (ol_start_handler if element.tag == "ol" else ul_start_handler)(state, attributes)


class _Stacked:
    """Stands in for a table that is too large to be laid out: its cells, one below the other."""

    def __init__(self, table: Any) -> None:
        lines = [line for row in table.rows for cell in row.columns for line in cell.blocks]
        self._text = "\n".join(line for line in map(str.strip, lines) if line)

    def get_text(self) -> str:
        return self._text + "\n"

    def get_annotations(self, *_: Any) -> list[Any]:
        return []


def _table_end(state: Any) -> None:
    from inscriptis.model.tag.table_tag import table_end_handler

    table = state.current_table[-1]
    needed = _area(table)
    if needed > _of_thread.room:
        state.current_table[-1] = _Stacked(table)
    else:
        _of_thread.room -= needed
    table_end_handler(state)


def _area(table: Any) -> int:
    """Return how many characters the layout of a table takes; it pads each cell to its column's width and row's height."""
    widths: dict[int, int] = {}
    lines = 0
    for row in table.rows:
        lines += max((cell.normalize_blocks() for cell in row.columns), default=0) + 1
        for number, cell in enumerate(row.columns):
            widths[number] = max(widths.get(number, 0), cell.width + 2)
    return lines * sum(widths.values())


def _unresolved(text: str) -> str:
    return _CONTROL.sub("", text).replace("&", "&amp;")


# lxml reads them, as characters and as references such as "&#1;", and refuses to write them back into its tree: XML has
# none of them. A reader would not see them either.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
# Outlook sends one, and lxml refuses text that says it has an encoding.
_XML = re.compile(r"^\s*<\?xml[^>]*>")
_of_thread = threading.local()


def _inscriptis_config() -> Any:
    """Return the library's settings, one set a thread: it keeps the page being written in the style of ``body``.

    Shared by two threads, a text comes out empty or in the middle of another thread's.
    """
    config = getattr(_of_thread, "config", None)
    if config is None:
        from inscriptis.css_profiles import CSS_PROFILES
        from inscriptis.model.config import ParserConfig
        from inscriptis.model.tag import CustomHtmlTagHandlerMapping

        styles = copy.deepcopy(CSS_PROFILES["strict"])
        bounded = CustomHtmlTagHandlerMapping({"ul": _list_start, "ol": _list_start}, {"table": _table_end})
        config = _of_thread.config = ParserConfig(
            css=styles, display_images=False, display_links=False, custom_html_tag_handler_mapping=bounded
        )
    return config


def text_to_html(text: str) -> str:
    """Return ``text`` as HTML in which nothing is markup and every line break is kept."""
    return html.escape(text, quote=False).replace("\r\n", "\n").replace("\n", "<br>\n")


def one_line(text: str) -> str:
    """Return ``text`` as the one line that a reader sees: no control characters, white space as single blanks."""
    return " ".join(_CONTROL.sub("", text).split())


def squash(text: str) -> str:
    """Return ``text`` without differences that no reader sees: NFC, runs of white space as one blank, trimmed.

    Control characters are none either: a vendor that keeps HTML cannot hold them.
    """
    text = unicodedata.normalize("NFC", stream_safe(_CONTROL.sub("", text))).replace("\u200b", "")
    # Piece by piece: a list of all its words would take ten times the memory of the text.
    squashed, after_blank = io.StringIO(), True
    for start in range(0, len(text), _PIECE):
        piece = _SPACES.sub(" ", text[start : start + _PIECE])
        piece = piece.removeprefix(" ") if after_blank else piece
        after_blank = piece.endswith(" ") if piece else after_blank
        squashed.write(piece)
    return squashed.getvalue().rstrip()


_PIECE: Final = 65_536


def digest(*parts: str | bytes) -> str:
    """Return 16 hex digits of SHA-256 over the parts, their lengths included so that no two lists collide by joining."""
    hasher = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        hasher.update(str(len(data)).encode() + b":" + data)
    return hasher.hexdigest()[:16]
