from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from werkzeug.http import parse_options_header

from helpdesk_bridge.testing.simulator import FileStore, content_disposition


def test_files_are_numbered_kept_and_forgotten(clock):
    store = FileStore(clock)
    first, second = store.put("a", "text/plain", b"1"), store.put("b", "text/plain", b"2")
    assert (first.id, second.id, store.get(1), store.get(3)) == (1, 2, first, None)
    assert (store.remove(1), store.remove(1), len(store)) == (True, False, 1)
    store.clear()
    assert store.put("c", "text/plain", b"3").id == 1


@given(st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1).filter(str.strip))
def test_any_file_name_comes_back_from_its_header(name):
    header = content_disposition(name)
    header.encode("latin-1")
    assert parse_options_header(header)[1]["filename"] == name


def test_line_breaks_cannot_enter_the_header():
    assert "\n" not in content_disposition("a\r\nSet-Cookie: x=1", inline=True)
