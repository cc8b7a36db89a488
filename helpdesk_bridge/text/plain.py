"""Plain text: comparison as people compare words, HTML to text and back."""

from __future__ import annotations

import copy
import hashlib
import html
import re
import threading
import unicodedata
from functools import lru_cache
from typing import Any

from helpdesk_bridge.text.decoding import mended

_SPACES = re.compile(r"\s+")


def fold(text: str) -> str:
    """Return ``text`` as searches compare it: NFKC, then ``casefold()``."""
    return unicodedata.normalize("NFKC", text).casefold()


_REMEMBERED, _SHORT = 128, 16_384


def html_to_text(markup: str) -> str:
    """Return the text that a reader of ``markup`` sees, with line breaks where blocks end.

    It takes milliseconds, and whoever moves, compares or searches messages asks for the same ones again at once: the
    last ones that are not long are remembered.
    """
    return _remembered(markup) if len(markup) <= _SHORT else _seen(markup)


@lru_cache(_REMEMBERED)
def _remembered(markup: str) -> str:
    return _seen(markup)


def _seen(markup: str) -> str:
    markup = _XML.sub("", mended(_CONTROL.sub("", markup))).strip()
    if not markup:
        return ""
    from inscriptis import Inscriptis
    from lxml import html as parser
    from lxml.etree import ParserError

    try:
        tree = parser.document_fromstring(markup)
    except ParserError:
        # Markup without anything in it, such as a lone comment.
        return ""
    # inscriptis resolves entities in text that the parser has resolved already: "&amp;lt;" would become "<".
    for node in tree.iter():
        if node.text and "&" in node.text and isinstance(node.tag, str):
            node.text = _unresolved(node.text)
        if node.tail and "&" in node.tail:
            node.tail = _unresolved(node.tail)
    text: str = Inscriptis(tree, _inscriptis_config()).get_text()
    return _CONTROL.sub("", text).strip()


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

        styles = copy.deepcopy(CSS_PROFILES["strict"])
        config = _of_thread.config = ParserConfig(css=styles, display_images=False, display_links=False)
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
    text = unicodedata.normalize("NFC", _CONTROL.sub("", text)).replace("\u200b", "")
    return _SPACES.sub(" ", text).strip()


def digest(*parts: str | bytes) -> str:
    """Return 16 hex digits of SHA-256 over the parts, their lengths included so that no two lists collide by joining."""
    hasher = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        hasher.update(str(len(data)).encode() + b":" + data)
    return hasher.hexdigest()[:16]
