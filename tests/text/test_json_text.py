"""Every document has one meaning: with orjson and without, and its texts are valid whatever the vendor wrote."""

import json
import logging
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helpdesk_bridge.errors import BadResponse
from helpdesk_bridge.http import Request, Response
from helpdesk_bridge.text import json_text
from helpdesk_bridge.text.decoding import Mending, Odd, mended

anything = st.text(st.characters(codec=None, exclude_categories=()), max_size=12)
numbers = st.integers() | st.integers(-(2**70), 2**70) | st.floats() | st.integers(63, 66).map(lambda power: 2**power)
documents = st.recursive(
    st.none() | st.booleans() | numbers | anything,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(anything, inner, max_size=4),
    max_leaves=8,
)
fragments = st.sampled_from(
    [b"{", b"}", b"[", b"]", b",", b":", b'"', b"a", b"\\", b"\\u", b"\\ud83d", b"\\ude00", b"\\u0000", b"\xff", b"\xed\xa0\xbd",
     b"\xf0\x9f\x98\x80", b"\xef\xbb\xbf", b"\x00", b"-", b"0", b"1", b"9" * 18, b"9" * 25, b".", b"e", b"E+", b"308", b"NaN", b"Infinity",
     b"true", b"null", b" ", b"\n", b"\xc2\xa0", b'"a":']
)  # fmt: skip


def read(body):
    try:
        document, odd = json_text.parse(body)
    except ValueError:
        return "no JSON"
    return json.dumps(document), odd  # its text tells 1 from 1.0, and -0.0 from 0


def both(body):
    with_orjson, before = read(body), json_text.orjson
    json_text.orjson = None
    try:
        without = read(body)
    finally:
        json_text.orjson = before
    assert with_orjson == without
    return with_orjson


def test_orjson_is_installed_here():
    assert json_text.orjson is not None


@given(documents, st.booleans())
@example("\ud83d", True)
@example(2**64, True)
@example(-(2**63) - 1, True)
@example(float("nan"), True)
@example({"a": float("inf")}, True)
@example({"\x00": ["\udfff"]}, True)
def test_both_readers_understand_every_document_alike(document, escaped):
    both(json.dumps(document, ensure_ascii=escaped).encode("utf-8", "surrogatepass"))


@given(st.lists(fragments, max_size=9).map(b"".join) | st.binary(max_size=12))
@example(b"1e999")
@example(b"[-1E400]")
@example(b"-0")
@example(b"18446744073709551616")
@example(b"[0.12345678901234567890123]")
@example(b"9" * 5000)
@example(b"[" * 64 + b"]" * 64)
@example(b"[" * 65 + b"]" * 65)
@example(b"[" * 1000 + b"]" * 1000)
@example(b'{"a":' * 100_000)
@example(b'{"a":1,"a":2}')
@example(b'"\xed\xa0\xbd"')
@example(b"\xef\xbb\xbf\xef\xbb\xbf1")
def test_both_readers_take_and_refuse_the_same_bytes(body):
    both(body)


@given(documents)
def test_what_is_read_can_be_written_everywhere(document):
    try:
        found, _ = json_text.parse(json.dumps(document))
    except ValueError:
        return
    text = json.dumps(found, ensure_ascii=False)
    assert "\\u0000" not in text.encode().decode()


@given(anything)
def test_text_is_mended_once_and_whole_characters_stay(text):
    odd: Counter[Odd] = Counter()
    found = mended(text, odd)
    assert found.encode().count(b"\x00") == 0
    assert mended(found) is found
    assert found.count("\ufffd") == text.count("\ufffd") + sum(odd.values())
    keep = str.maketrans("", "", "\x00\ufffd" + "".join(map(chr, range(0xD800, 0xE000))))
    assert [one for one in text.translate(keep) if one not in found] == []


def test_two_halves_that_belong_together_are_the_character():
    assert mended("a\ud83d\ude00b\ude00\ud83d") == "a😀b\ufffd\ufffd"


@pytest.mark.parametrize(
    ("body", "document"),
    [
        (b"18446744073709551616", 2**64),
        (b"-9223372036854775809", -(2**63) - 1),
        (b"[1e400, 1.5]", ["1e400", 1.5]),
        (b"1" * 5000, "1" * 5000),
        (b'"\\ud83d\\u0000"', "\ufffd\ufffd"),
        (b'{"\\udc00": 1}', {"\ufffd": 1}),
    ],
)
@pytest.mark.parametrize("without_orjson", [False, True])
def test_odd_documents_keep_their_neighbours(monkeypatch, body, document, without_orjson):
    if without_orjson:
        monkeypatch.setattr(json_text, "orjson", None)
    assert json_text.loads(b'{"one": ' + body + b', "two": 2}') == {"one": document, "two": 2}


@pytest.mark.parametrize("without_orjson", [False, True])
def test_a_document_nested_deeper_than_any_is_a_bad_response(monkeypatch, without_orjson):
    if without_orjson:
        monkeypatch.setattr(json_text, "orjson", None)
    deepest = json_text.DEPTH_LIMIT
    assert json_text.loads(b"[" * deepest + b"]" * deepest)
    for depth in (deepest + 1, 900, 1100, 100_000):
        with pytest.raises(BadResponse) as caught:
            json_text.loads(b"[" * depth + b"]" * depth)
        assert (caught.value.path, caught.value.__context__) == ("$", None)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8))  # fmt: skip
def test_what_is_written_is_read_back(document):
    assert json.loads(json_text.dumps(document)) == document


def test_each_kind_is_announced_once_and_everything_is_counted(caplog):
    events = []
    mending = Mending("deskie", "support", events.append)
    body = b'["\\ud83d", "\\ud83d", "\\u0000", 1e999]'
    with caplog.at_level(logging.WARNING, "helpdesk_bridge.text.plain"):
        for _ in range(3):
            assert Response(200, {}, body, Request("GET", "/x"), mending=mending).json()
    assert mending.counts == {
        "halves of characters": 6, "NUL characters": 3, "numbers too large to reckon with": 3,
    }  # fmt: skip
    assert sorted((one.desk, one.kind, one.count) for one in events) == sorted(
        ("support", kind, count // 3) for kind, count in mending.counts.items()
    )
    assert len(caplog.records) == len(events)
    assert "support (deskie) says halves of characters; each is replaced by U+FFFD" in caplog.text


@pytest.mark.parametrize("charset", ["utf-8", "utf-16", "idna", "hex", "nonsense", "utf-7"])
@given(st.binary(max_size=8))
def test_an_answer_is_valid_text_whatever_charset_it_names(charset, body):
    text = Response(200, {"Content-Type": f"text/html; charset={charset}"}, body, Request("GET", "/x")).text
    assert text.encode().count(b"\x00") == 0
