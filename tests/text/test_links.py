"""The text of a message keeps the addresses that its links do not show."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk_bridge import Body
from helpdesk_bridge.text.markup import words_of
from helpdesk_bridge.text.plain import html_to_text, text_to_html

ADDRESS = "https://example.com/reset?token=4711&x=1"


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        (
            f'<p>Please <a href="{ADDRESS}">reset your <b>password</b></a>.</p>',
            f"Please reset your password <{ADDRESS}>.",
        ),
        (f'<a href="{ADDRESS}">{ADDRESS}</a>', ADDRESS),
        ('<a href="https://example.com/">example.com</a>', "example.com"),
        ('<a href="https://bank.example">https://other.example</a>', "https://other.example <https://bank.example>"),
        (
            '<a href="mailto:ann@x.io?subject=Hi">ann@x.io</a>, <a href="mailto:ann@x.io">Ann</a>',
            "ann@x.io, Ann <mailto:ann@x.io>",
        ),
        ('<a href="tel:+49301234">call us</a>', "call us <tel:+49301234>"),
        ('<a href="https://x.io/i"><img src="a.png" alt="A"></a>', "<https://x.io/i>"),
        ('<a href="https://x.io/a b">l</a>', "l <https://x.io/ab>"),
        ('<a href="https://x.io/a&gt;b">l</a>', "l <https://x.io/a%3Eb>"),
        ('<a href="https://x.io/&amp;lt;">l</a>', "l <https://x.io/&lt;>"),
        (
            '<a href="javascript:alert(1)">a</a> <a href="#top">b</a> <a href="/c">c</a> <a href="data:,x">d</a>',
            "a b c d",
        ),
        ('<a name="here">a</a> <a>b</a> <a href="">c</a>', "a b c"),
    ],
)
def test_a_text_shows_where_a_link_leads(markup, text):
    assert Body(html=markup).text == text
    assert words_of(markup, 10_000)[0] == text


def test_what_is_hidden_stays_hidden():
    assert html_to_text(f'<div style="display:none"><a href="{ADDRESS}">x</a></div>Hello') == "Hello"


def test_a_message_too_long_for_a_tree_keeps_its_addresses_too():
    assert f"reset <{ADDRESS}>" in html_to_text("<i></i>" * 150_000 + f'<a href="{ADDRESS}">reset</a>')


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_address_breaks_out_of_its_brackets_or_its_line(path, label):
    address = f"https://example.com/{path}"
    markup = f'<p>Before</p><a href="{text_to_html(address).replace(chr(34), "&quot;")}">{text_to_html(label)}</a>'
    text = html_to_text(markup)
    shown = text.rpartition(" <https://")[2] if " <https://" in text else ""
    assert shown.count(">") <= 1
    assert not any(one.isspace() for one in shown)


def test_links_within_links_take_no_longer_than_their_text():
    html_to_text("<a href='https://x.io'><table><td>" * 80 + "x" * 1000)
    html_to_text("<a href='https://x.io'>" * 20_000)
    words_of("<a href='https://x.io'>" * 20_000, 100_000)
