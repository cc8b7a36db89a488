from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.models import RequestEncodingMixin

from helpdesk_bridge.testing.simulator.forms import bracket_tree, parse_multipart

NAMES = st.text(st.characters(blacklist_characters="[]", blacklist_categories=["Cs"]), min_size=1, max_size=6)
NON_NUMBERS = NAMES.filter(lambda name: not name.lstrip("-").isdigit())
TREES = st.recursive(
    st.text(max_size=5),
    lambda children: (
        st.lists(children, min_size=1, max_size=4) | st.dictionaries(NON_NUMBERS, children, min_size=1, max_size=4)
    ),
    max_leaves=12,
)


def flat(tree, name):
    if isinstance(tree, list):
        return [pair for index, child in enumerate(tree) for pair in flat(child, f"{name}[{index}]")]
    if isinstance(tree, dict):
        return [pair for key, child in tree.items() for pair in flat(child, f"{name}[{key}]")]
    return [(name, tree)]


@given(st.dictionaries(NON_NUMBERS, TREES, max_size=4))
def test_what_was_flattened_comes_back(tree):
    assert bracket_tree(pair for name, child in tree.items() for pair in flat(child, name)) == tree


@given(st.lists(st.tuples(st.text(st.sampled_from("ab01-[]"), max_size=12), st.text(max_size=2)), max_size=12))
def test_any_names_are_read_without_an_error(pairs):
    assert isinstance(bracket_tree(pairs), dict)


@pytest.mark.parametrize(
    ("pairs", "tree"),
    [
        ([("a[]", "x"), ("a[]", "y")], {"a": ["x", "y"]}),
        ([("a[0][b][c-1]", "x")], {"a": [{"b": {"c-1": "x"}}]}),
        ([("a[1]", "y"), ("a[0]", "x")], {"a": {"1": "y", "0": "x"}}),
        ([("a[5]", "x"), ("a[]", "y")], {"a": {"5": "x", "6": "y"}}),
        ([("a[01]", "x"), ("a[-1]", "y")], {"a": {"01": "x", "-1": "y"}}),
        ([("a", "1"), ("a", "2")], {"a": "2"}),
        ([("a", "1"), ("a[]", "2")], {"a": ["2"]}),
        ([("a[]", "2"), ("a", "1")], {"a": "1"}),
        ([("a[b", "1"), ("a]b[", "2"), ("[c]", "3")], {"a[b": "1", "a]b[": "2", "[c]": "3"}),
        ([("a[b]c", "1")], {"a[b]c": "1"}),
        ([("a" + "[x]" * 70, "1")], {}),
        ([("custom_fields[cf_20]", "ü")], {"custom_fields": {"cf_20": "ü"}}),
    ],
)
def test_brackets_are_read_as_php_reads_them(pairs, tree):
    assert bracket_tree(pairs) == tree


def test_many_items_of_one_list_are_not_quadratic():
    assert len(bracket_tree(("a[]", str(n)) for n in range(200_000))["a"]) == 200_000


def test_multipart_keeps_order_names_types_and_bytes():
    parts = [
        ("files[0]", ('quote " and ; semi.csv', b"\x00\xff", "text/csv")),
        ("files[1]", ("пусто.txt", b"", "text/plain")),
    ]
    body, content_type = RequestEncodingMixin._encode_files(parts, [("a[x]", "ü"), ("a[y]", "")])
    fields, files = parse_multipart(body, content_type)
    assert fields == [("a[x]", "ü"), ("a[y]", "")]
    assert [(f.field, f.content_type, f.content) for f in files] == [
        ("files[0]", "text/csv", b"\x00\xff"),
        ("files[1]", "text/plain", b""),
    ]
    assert files[1].filename == "пусто.txt"


def test_an_rfc_5987_file_name_is_decoded():
    body = b"--b\r\nContent-Disposition: form-data; name=f; filename*=UTF-8''%D1%81%D1%87%D1%91%D1%82.pdf\r\n\r\nx\r\n--b--\r\n"
    assert parse_multipart(body, "multipart/form-data; boundary=b")[1][0].filename == "счёт.pdf"


def test_an_untouched_file_input_of_a_browser_is_no_file():
    body = b'--b\r\nContent-Disposition: form-data; name="f"; filename=""\r\n\r\n\r\n--b--\r\n'
    assert parse_multipart(body, "multipart/form-data; boundary=b") == ([], [])
