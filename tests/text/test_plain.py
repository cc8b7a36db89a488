import re
import sys
import threading

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helpdesk_bridge.adapter.digests import file_digest, synthetic_ids
from helpdesk_bridge.model.values import Body
from helpdesk_bridge.text.plain import digest, fold, html_to_text, squash, text_to_html

# Control characters too, which nobody sees, but for C1: HTML reads some of them as letters.
plain = st.text(st.characters(codec="utf-8", exclude_characters=map(chr, range(0x7F, 0xA0))), max_size=60)


@given(plain)
@example("&amp; &lt;entity&gt; <b>no</b> ]]>")
@example("<?xml version='1.0' encoding='x'?>")
def test_text_written_as_html_reads_back_as_that_text(text):
    assert squash(html_to_text(f"<div>{text_to_html(text)}</div>")) == squash(text)


def test_html_keeps_line_breaks_and_drops_what_a_reader_does_not_see():
    markup = (
        "<style>p{}</style><p>One<br>two</p><blockquote>three</blockquote><script>alert(1)</script><img src='cid:1'>"
    )
    assert html_to_text(markup).split() == ["One", "two", "three"]
    assert html_to_text("<p>One<br>two</p>") == "One\ntwo"
    assert html_to_text("") == html_to_text("  ") == html_to_text("<!-- only a comment -->") == ""
    assert html_to_text('<?xml version="1.0" encoding="utf-8"?><p>One</p>') == "One"
    assert html_to_text("a\x00b\x0bc") == "abc"


def test_a_body_derives_its_text_once_and_plain_text_is_escaped_as_html():
    body = Body(html="<p>One &amp; two</p>")
    assert body.text == "One & two"
    assert Body(text="a < b\nc").as_html() == "a &lt; b<br>\nc"
    assert Body().empty
    assert Body(text="x") != Body(html="x")


@given(st.lists(plain, max_size=4), st.lists(plain, max_size=4))
def test_digests_tell_lists_apart(one, other):
    assert (digest(*one) == digest(*other)) == (one == other)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xy")), max_size=12))
def test_synthetic_ids_are_unique_stable_and_tell_equals_apart(parts):
    ids = synthetic_ids(parts)
    assert len(set(ids)) == len(parts)
    assert synthetic_ids(parts[:5]) == ids[:5]
    assert all(one.startswith("~") for one in ids)


def test_folding_knows_the_dotted_i_of_turkish_and_full_width_letters():
    assert fold("İSTANBUL") == fold("i̇stanbul")
    assert fold("ＡＢＣ") == "abc"


def test_a_file_digest_reads_to_the_end(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"x" * 200_000)
    with path.open("rb") as stream:
        assert file_digest(stream)[1] == 200_000


def test_texts_that_are_derived_at_once_do_not_run_into_each_other():
    texts = [f"letter {number}\nof somebody else\nand quite long {'x' * 200}" for number in range(40)]
    wrong = []

    def read():
        wrong.extend(text for text in texts * 5 if html_to_text(f"<div><p>{text_to_html(text)}</p></div>") != text)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=read) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert wrong == []


@given(st.lists(st.sampled_from(["<p>", "</p>", "<br>", "&amp;", "&", "a", "\ud83d", "\x00", "\x01", "\uffff", "&#0;", "&#1;", "&#x1f;",
                                 "&#xfffe;", "&#xd83d;", "&#x110000;", "<!--", "-->", "<?xml?>", "<", ">", "\x85", "&#11;"]), max_size=12)
       | st.lists(st.text(st.characters(codec=None, exclude_categories=()), max_size=9)))  # fmt: skip
def test_any_markup_has_a_text_that_can_be_written_everywhere(pieces):
    text = html_to_text("".join(pieces))
    assert re.search("[\x00-\x08\x0b\x0c\x0e-\x1f]", text.encode().decode()) is None


@pytest.mark.parametrize("odd", ["\ud83d", "&#1;", "\uffff", "&#xfffe;", "&#xd83d;", "\x00"])
def test_half_a_character_in_markup_cuts_nothing_off(odd):
    found = html_to_text(f"<p>before {odd} &amp; <b>within</b></p><p>after</p>")
    assert [word for word in found.split() if word != "\ufffd"] == ["before", "&", "within", "after"]
