"""Images in HTML: found as a browser finds them, replaced without touching anything else, in time that grows as the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk_bridge import Body
from helpdesk_bridge.adapter.header_line import split_header, split_marker, with_marker
from helpdesk_bridge.text.images import image_tags, name_images, replace_images

PIECES = [
    "<img",
    " src=",
    '"',
    "'",
    ">",
    "<!--",
    "-->",
    "<script>",
    "</script>",
    "cid:1",
    " ",
    "=",
    "x",
    "<p>",
    "/",
    "&amp;",
]
MARKUP = st.lists(st.sampled_from(PIECES)).map("".join)
REPEATED = [
    "<", "<!--", "<a ", "<img ", '<img src="', "<img src='", "<img src=", "<img a=b", '<img "', "<img/", "</", "<?",
    "<style><!--", ' src="', '<img src="cid:x">', "<p>[ref:0123456789abcdef]", "\n", "&", "[Imported] a <", "[ref:",
]  # fmt: skip


@pytest.mark.parametrize(
    ("markup", "sources"),
    [
        ('<img src="a">', ["a"]),
        ("<IMG alt='src=b' SRC = 'a' src=c>", ["a"]),
        ('<img alt="1 > 0" src=a&amp;b>', ["a&b"]),
        ("<img src=' a '/><image src=b><imgx src=c>", ["a"]),
        ("<!-- <img src=a> --><img src=b>", ["b"]),
        ("<script>'<img src=a>'</script><style>/*<img src=b>*/</style><img src=c>", ["c"]),
        ("<img alt=x>", [""]),
        ("<img src=a", []),
        ("<!-- <img src=a>", []),
        ("no image", []),
    ],
)
def test_images_are_found_as_a_browser_finds_them(markup, sources):
    assert [tag.source for tag in image_tags(markup)] == sources


def test_only_the_address_changes_and_only_that_of_the_image():
    markup = '<p>src=1</p><img alt="src=2" title=\'"\' src=\'a\' width=3><p src="a">'
    changed = replace_images(markup, lambda tag: tag.with_source('b"&'))
    assert changed == '<p>src=1</p><img alt="src=2" title=\'"\' src="b&quot;&amp;" width=3><p src="a">'
    assert image_tags(changed)[0].source == 'b"&'
    assert replace_images("<img alt=x>", lambda tag: tag.with_source("a")) == "<img alt=x>"


@given(MARKUP)
def test_what_is_not_replaced_stays_as_it_is(markup):
    assert replace_images(markup, lambda _: None) == markup
    assert replace_images(markup, lambda tag: tag.text) == markup
    for tag in image_tags(markup):
        assert markup[tag.start :].startswith(tag.text)


def test_images_become_words():
    markup = '<img src="cid:a%20b"><img src="CID:c"><img src="cid:d"><img src="https://x.example/a.png">'
    named = name_images(markup, {"a b": "<logo>.png", "c": "c.png"})
    assert named == '[image: &lt;logo&gt;.png][image: c.png][image]<img src="https://x.example/a.png">'


@pytest.mark.parametrize("unit", REPEATED, ids=range(len(REPEATED)))
def test_a_long_text_that_means_harm_is_read_like_any_other(unit):
    """What goes back over its text takes hours here, so that the test would not end."""
    text = unit * (200_000 // len(unit))
    markup = f"<img src='cid:1'>{text}"
    assert image_tags(markup)[0].source == "cid:1"
    assert name_images(markup, {"1": "a.png"}).startswith("[image: a.png]")
    assert split_header(Body(text=text))[0] is None
    assert split_marker(Body(text=f"{text} x"))[0] is None
    assert split_marker(Body(html=f"{text}<b>x</b>{' ' * 200_000}x"))[0] is None
    assert split_marker(with_marker(Body(html=text), "0123456789abcdef"))[0] == "0123456789abcdef"
