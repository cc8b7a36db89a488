"""What a stranger sends costs no more than in proportion to its length, and nobody's text is lost over it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiers import quick_first

from helpdesk_bridge.cli.output import plain as as_json
from helpdesk_bridge.model.addresses import (
    Mailbox,
    email_key,
    email_spellings,
    is_email,
    phone_digits,
    phone_key,
    phone_of,
)
from helpdesk_bridge.model.values import Body
from helpdesk_bridge.text import markup as markup_reader
from helpdesk_bridge.text import plain as plain_text
from helpdesk_bridge.text.images import image_tags
from helpdesk_bridge.text.markup import MOST_ATTRIBUTES, unescaped, with_few_attributes, words_of
from helpdesk_bridge.text.plain import LONGEST_TREE, SHORTENED, fold, html_to_text, seen_text, squash

LONG = LONGEST_TREE + 1
LAYOUTS = {
    "padding": lambda n: "<div style='padding-left:99999em'>a" * n,
    "padding by its other names": lambda n: "<div style='-webkit-padding-start:99999em;PADDING-LEFT : 9999em'>a" * n,
    "margins": lambda n: "<p style='margin-top:99999em;margin-bottom:99999em'>a" * n,
    "a wide cell over many rows": lambda n: "<table><tr><td>" + "x" * 10 * n + "<tr><td>a" * n + "</table>",
    "many cells over many rows": lambda n: "<table><tr>" + "<td>a" * n + "<tr>" * n + "</table>",
    "tables within tables": lambda n: "<table><tr><td>" * 60 + "<p>a b" * n + "</table>" * 60,
    "lists within lists": lambda n: "<ul>" * 100 + "<li>a" * n,
    "preformatted lines in lists": lambda n: "<ul>" * 100 + "<li><pre>" + "a\n" * n,
    "aligned": lambda n: "<table align=center valign=bottom>" + "<tr valign=bottom><td align=right>a" * n,
}  # fmt: skip


@pytest.mark.parametrize("make", LAYOUTS.values(), ids=LAYOUTS)
def test_layout_never_makes_a_text_many_times_as_long_as_its_markup(make):
    for count in (30, 300, 3000):
        markup = make(count)
        assert len(html_to_text(markup)) <= 100_000 + 20 * len(markup)
        assert html_to_text(markup).count("a") == markup.count(">a") + markup.count("\na")


def test_what_css_hides_stays_hidden_and_what_it_keeps_stays_kept():
    assert html_to_text("<p>a<span style='color:red; DISPLAY : none ;margin:9em'>b</span>c</p>") == "ac"
    assert html_to_text("<p style='white-space: pre;padding-left:9em'>a  b</p>") == "a  b"


def test_an_ordinary_table_and_list_keep_their_layout():
    table = "<table><tr><td>Order<td>4711<tr><td>Sum<td>12</table>"
    assert [line.split() for line in html_to_text(table).splitlines()] == [["Order", "4711"], ["Sum", "12"]]
    assert html_to_text("<ol><li>a<li>b<ul><li>c</ul></ol>").split() == ["1.", "a", "2.", "b", "+", "c"]


@pytest.mark.parametrize("value", ["²", "9" * 5000, "-1", "x"])
def test_an_odd_number_of_a_list_item_is_passed_over(value):
    assert html_to_text(f"<ol><li value='{value}'>a</ol>") == "1. a"


@pytest.mark.parametrize("depth", quick_first([200, 255, 256, 3000, 100_000], quick=4))
@pytest.mark.parametrize("tag", ["div", "b", "blockquote", "table><tr><td"])
def test_nothing_is_lost_in_or_after_what_is_nested_deep(depth, tag):
    found = html_to_text(f"before <{tag}>" + f"<{tag}>" * depth + "within" + f"</{tag}>" * depth + "<p>after</p>")
    assert found.split() == ["before", "within", "after"]


def test_a_caller_deep_in_a_recursion_of_its_own_gets_the_words_too():
    def down(left):
        return down(left - 1) if left else html_to_text("<div>" * 150 + "<b>one</b> two")

    depth = sys.getrecursionlimit() - 150
    frame = sys._getframe()
    while frame is not None:
        frame, depth = frame.f_back, depth - 1
    assert down(depth).split() == ["one", "two"]


def test_a_tag_with_many_attributes_keeps_its_first_ones_and_its_text():
    many = " ".join(f"a{number}='>{number}'" for number in range(20_000))
    light = with_few_attributes(f"<p {many}>one</p>")
    assert len(re.findall("a[0-9]+=", light)) == MOST_ATTRIBUTES
    assert html_to_text(f"<p {many}>one</p><p style='display:none' {many}>hidden</p>two").split() == ["one", "two"]
    few = "<a href='x>y' title=\"'\" b>one</a>"
    assert with_few_attributes(few) == few


@given(
    st.lists(
        st.sampled_from(["<p", "<b ", "a=1 ", "c='>' ", 'd="', "'", ">", "x", "/>", "</p", "<!--", "-->", " "]),
        max_size=30,
    )
)
def test_markup_with_few_attributes_stays_as_it_is(pieces):
    assert with_few_attributes("".join(pieces)) == "".join(pieces)


def test_above_a_million_characters_no_tree_is_built_and_the_record_says_that_the_text_is_shortened(monkeypatch):
    monkeypatch.setitem(sys.modules, "inscriptis", None)
    monkeypatch.setitem(sys.modules, "lxml", None)
    body = Body(html="<style>p{}</style><!-- no -->" + "<p>Fish &amp; <b>chips</b></p>" * (LONG // 20))
    assert body.shortened
    assert body.text.startswith("Fish & chips\nFish & chips\n")
    assert body.text.endswith(SHORTENED)
    assert len(body.text) < 150_000
    assert len(body.html) > LONGEST_TREE
    assert body.as_html() == body.html
    assert as_json(body)["shortened"] is True


def test_a_long_message_of_few_words_is_not_shortened():
    body = Body(html=f"<p>Look:</p><img src='data:image/png;base64,{'A' * LONG}'><p>Bye</p>")
    assert body.text == "Look:\nBye"
    assert not body.shortened
    assert "shortened" not in as_json(body)
    assert not Body(text="a" * LONG).shortened
    assert not Body(html="<p>a</p>").shortened


@given(
    st.lists(st.sampled_from(["word ", "<p>", "<b>", "</b>", "\n", "  ", "&amp;", "é"]), max_size=40),
    st.integers(0, 12),
)
def test_a_shortened_text_begins_alike_whatever_blanks_the_markup_has(pieces, most):
    markup = "".join(pieces)
    other = markup.replace(" ", " \n ").replace("<p>", "\n<p>\n")
    assert squash(words_of(markup, most)[0]) == squash(words_of(other, most)[0])
    assert sum(not letter.isspace() for letter in words_of(markup, most)[0]) <= most


@given(st.text(st.sampled_from("a<>/!-&#x0; pbscript'\"=\n"), max_size=60))
def test_any_markup_is_read_without_a_tree(markup):
    words, cut = words_of(markup, 1000)
    assert not cut
    assert words_of("<p>first</p>" + markup, 1000)[0].startswith("first")
    assert words == words.strip()


@pytest.mark.parametrize("reference", ["&#" + "9" * 6000, "&#x" + "f" * 6000 + ";", "&#" + "0" * 6000 + "65;"])
def test_a_reference_of_thousands_of_digits_stops_nothing(reference):
    assert unescaped(f"a{reference} b").startswith("a")
    assert html_to_text(f"<p>a {reference} b</p>").split()[0] == "a"
    assert html_to_text(f"<p>a {reference} b</p>" + " " * LONG).split()[0] == "a"
    assert len(image_tags(f"<img src='{reference}'>")) == 1
    assert unescaped("&#0000000065;&#x41;&#65&amp;&#128512;") == "AAA&\U0001f600"


marks = st.text(st.sampled_from("\u0301\u0323\u0345\u0f73\u05b0\u3099\uff9e\u034fa\u1100\u1161é "), max_size=150)


@given(marks)
def test_no_more_marks_in_a_row_are_sorted_than_a_letter_can_have(text):
    for normal in (fold(text), squash(text)):
        runs = re.findall("1+", "".join("1" if unicodedata.combining(one) else "0" for one in normal))
        assert max(map(len, runs), default=0) <= 60
    assert fold(fold(text)) == fold(text)
    assert squash(squash(text)) == squash(text)


@given(st.text(max_size=40))
def test_text_that_people_write_is_normalised_as_ever(text):
    assert fold(text) == unicodedata.normalize("NFKC", text).casefold()


def test_normalisation_is_never_given_a_long_run_of_marks(monkeypatch):
    longest = []
    normalize = unicodedata.normalize

    def watched(form, text):
        longest.append(
            max((len(run) for run in re.findall("[\u0300-\u0345]+", text.replace("\u034f", "a"))), default=0)
        )
        return normalize(form, text)

    monkeypatch.setattr(unicodedata, "normalize", watched)
    fold("a" + "\u0301\u0323" * 40_000)
    squash("a" + "\u0301\u0323" * 40_000)
    assert max(longest) <= 30


@pytest.mark.parametrize("address", ["(" * 100_000 + "a@b.example", "a" * 100_000 + "@b.example", "<" * 100_000 + "a@b",
                                     "a@" + "ü" * 100_000, "a@" + "xn--a." * 20_000, "(" * 2000 + " <a@b.example>"])  # fmt: skip
def test_an_address_that_none_can_be_is_kept_as_its_words(address):
    assert Mailbox.of(address) == Mailbox(None, address)
    assert not is_email(address)
    assert email_key(address) == email_key(address.upper().replace("Ü", "ü"))
    assert address in email_spellings(address)


@pytest.mark.parametrize(
    "number", ["+49" + "1" * 100_000, "+49 30" + " " * 100_000 + "1", "+49 30 12" + "ext " * 30_000]
)
def test_a_number_that_none_can_be_belongs_to_nobody(number):
    assert phone_key(number) == phone_digits(number) == ""
    assert phone_of(number).raw == number
    assert phone_of(number).e164 is None


@given(st.text(st.sampled_from("ab \n\t\u00a0é"), max_size=60))
def test_blanks_are_squashed_alike_wherever_the_pieces_end(text):
    expected = re.sub(r"\s+", " ", text).strip()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(plain_text, "_PIECE", 3)
        assert squash(text) == expected


def test_a_letter_that_stands_for_eighteen_makes_no_text_eighteen_times_as_long():
    text = "\ufdfa" * 1_000_000
    assert len(fold(text)) <= 4 * len(text)
    assert fold(text + "a") != fold(text + "b")
    assert fold(text + "A") == fold(text + "a")


def calls(work, *arguments):
    """Return how many functions, of Python and of C, one call makes: work that no load of the machine changes."""
    count = 0

    def seen(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(seen)
    try:
        work(*arguments)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    "piece",
    quick_first(["<table><tr><td>a", "<!--", "<p>a ", "<b>a</b>", "<ul><li>a", "<a b='c", "&", "<p a b c>", "</i>"], 2),
)
def test_the_work_of_html_grows_with_its_length(piece):
    for size in (10_000, 100_000, 1_100_000):
        assert calls(seen_text, piece * (size // len(piece))) <= 30 * size


MEMORY = """
import json, resource, sys
from helpdesk_bridge.model.values import Body
Body(html="<table><tr><td>warm<ul><li>up</table>").text
kinds = {"letters": "<p>words &amp; more</p>\\n", "tags": "<i>", "divs": "<div>", "cells": "<td>", "images": "<img src=cid:1>"}
piece = kinds[sys.argv[1]]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
body = Body(html=piece * (int(sys.argv[2]) // len(piece)))
body.text
print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before))
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["tags", "letters", "divs", "cells", "images"])
def test_a_message_of_5_mb_takes_at_most_twelve_times_its_size(kind):
    size = 5_000_000
    done = subprocess.run([sys.executable, "-c", MEMORY, kind, str(size)], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) * 1024 <= 12 * size


@pytest.mark.parametrize("wrong", ["<!--", "<script>", "<a b='", "<"])
def test_what_is_never_closed_is_looked_for_once(wrong):
    assert calls(markup_reader.words_of, wrong * 100_000, 10) <= 30 * 100_000
