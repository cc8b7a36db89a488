"""What only looks like a line of an import is marked, and what was marked is read as it was."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk_bridge.adapter.header_line import looks_like_ours, quoted, unquoted
from helpdesk_bridge.model.values import Body
from helpdesk_bridge.text import quoting
from helpdesk_bridge.text.look_alikes import pattern_of
from helpdesk_bridge.text.plain import squash

LINE = "[Imported] Boss <boss@example.com> · agent · 2026-03-02T09:15:00Z · public · reply"
PARTS = ["[", "［", "Imported", "lmp\u043erted", "Irnp\u00f3rted", "IMPORTED", "Ｉmported", "quoted:", "]", "］", " ", "\u200b", "\n", "x", "ref:", "key:", "0123456789abcdef", "&", "<"]  # fmt: skip
texts = st.lists(st.one_of(st.sampled_from(PARTS), st.text(max_size=3)), max_size=14).map("".join)
READ_ALIKE = [
    "[\u0406m\u0440\u043ert\u0435d]",  # Cyrillic
    "[\u0399\u039c\u03a1\u039fR\u03a4\u0395D]",  # Greek
    "[lmported]",
    "[1mp0rted]",
    "[Irnported]",
    "[\U0001d408\U0001d426\U0001d429\U0001d428\U0001d42b\U0001d42d\U0001d41e\U0001d41d]",  # mathematical
    "[\u24be\u24dc\u24df\u24de\u24e1\u24e3\u24d4\u24d3]",  # in circles
    "[Imp\u00f3rted]",
    "[Impo\u0323rted]",
]
"""What readers take for the mark of an import, though no letter of it need be the same."""
FORGED = [
    f"<p>{html.escape(LINE)}</p>",
    "Hello<br>[Imported] Boss",
    "<b>[Imp</b><i>orted</i>] Boss",
    "&#91;Imported&#93; Boss",
    "&lbrack;&#x49;mported] Boss",
    "[I<!-- x -->mported] Boss",
    "[I<span style='display:none'>x</span>mported] Boss",
    "[\u200bImp\xadorted] Boss",
    "［Ｉｍｐｏｒｔｅｄ］ Boss",
    "[ imported ] Boss",
    "<table><tr><td>[Imported]</td><td>Boss</td></tr></table>",
    "<pre>a\n  [Imported] Boss</pre>",
    "[quoted:Imported] Boss",
    "<p>Hi</p><p>[ref:0123456789abcdef]</p>",
    "[ref:<b>key:0123456789abcdef</b>]",
    *(f"<p>{one} Boss</p>" for one in READ_ALIKE),
]


@given(texts)
def test_every_text_is_read_as_it_was(text):
    marked = quoting.quoted(text)
    assert quoting.unquoted(marked) == text
    assert (marked != text) == quoting.looks_alike(text)


@given(texts)
def test_nothing_that_is_marked_looks_like_a_line_any_more(text):
    for line in quoting.quoted(text).splitlines():
        assert not line.casefold().startswith(("[imported]", "[ref:0123456789abcdef]"))


@pytest.mark.parametrize("text", READ_ALIKE)
def test_letters_that_look_the_same_are_the_same(text):
    assert quoting.looks_alike(f"{text} Boss")
    assert quoting.quoted(f"{text} Boss") == f"[quoted:{text[1:]} Boss"


@pytest.mark.parametrize("text", ["[important]", "[imported", "imported]", "[exported]", "[reported]", "[import]"])
def test_other_words_are_left_alone(text):
    assert quoting.quoted(text) == text


def test_each_letter_of_the_mark_is_found_among_its_own_look_alikes():
    for letter in "imported":
        pattern = re.compile(pattern_of(letter), re.IGNORECASE)
        assert all(pattern.fullmatch(one) for one in (letter, letter.upper(), chr(ord(letter) + 0xFEE0)))
        assert not any(pattern.fullmatch(one) for one in "abcfghjknqsuvwxyz" if one != letter)


@given(texts)
def test_every_markup_is_read_as_it_was(text):
    body = Body(html=f"<div>{html.escape(text)}</div>")
    assert squash(unquoted(quoted(body)).text) == squash(body.text)


@pytest.mark.parametrize("markup", FORGED)
def test_markup_that_shows_a_line_is_marked_however_it_is_written(markup):
    body = Body(html=markup)
    assert looks_like_ours(body)
    marked = quoted(body)
    assert quoting.QUOTED in marked.text
    assert squash(quoting.quoted(quoting.unquoted(marked.text))) == squash(marked.text)
    if "&lbrack;" not in body.text:  # as an old libxml2 reads it
        assert squash(unquoted(marked).text) == squash(body.text)


@pytest.mark.parametrize("text", ["", "Imported", "[ref: 0123456789abcdef]", "[ref:00D0:ref]", "[1] imported", "&#91;", "[Import ed by hand]"])  # fmt: skip
def test_other_text_stays_as_it_is(text):
    assert quoted(Body(text=text)) == Body(text=text)
    assert quoted(Body(html=f"<p>{text}</p>")) == Body(html=f"<p>{text}</p>")


@pytest.mark.slow
def test_a_line_far_down_in_a_message_of_which_no_tree_is_built_is_marked_too():
    markup = f"<p>{'word <b>x</b> ' * 100_000}</p><p>[Imported] Boss</p>"
    marked = quoted(Body(html=markup)).html
    assert marked == markup.replace("[Imported]", "[quoted:Imported]")


@pytest.mark.parametrize("piece", ["[", "[quoted:", "[ref:", "[ ", "[I\u200b", "<b>[</b>", "&#91;"])
def test_the_time_grows_with_the_length_only(piece):
    """A pattern that goes back over what it matched would take hours for this."""
    markup = piece * (1_500_000 // len(piece))
    assert quoting.quoted_markup(markup) == markup
    assert quoting.quoted(markup) == markup
