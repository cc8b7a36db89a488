import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk_bridge.errors import Invalid, WrongDesk
from helpdesk_bridge.model.refs import format_ref, is_opening_id, local_id, opening_id, parse_ref

words = st.text(min_size=1).filter(lambda text: text.isprintable())


@given(words, words)
def test_a_ref_reads_back_to_what_it_was_made_of(account, record_id):
    ref = format_ref("deskie", account, "ticket", record_id)
    parsed = parse_ref(ref)
    assert (parsed.vendor, parsed.account, parsed.kind, parsed.id) == ("deskie", account, "ticket", record_id)
    assert local_id(ref, vendor="deskie", account=account, kind="ticket") == record_id


def test_a_ref_looks_as_the_docs_say():
    assert format_ref("deskie", "robotsrule", "ticket", "51230") == "deskie:robotsrule/ticket/51230"


@pytest.mark.parametrize("ref", ["deskie:other/ticket/1", "desk365:robotsrule/ticket/1", "deskie:robotsrule/contact/1"])
def test_a_ref_of_another_account_vendor_or_kind_is_another_record(ref):
    with pytest.raises(WrongDesk):
        local_id(ref, vendor="deskie", account="robotsrule", kind="ticket")


def test_ids_pass_through_and_broken_refs_are_refused():
    for plain in ("51230", "130-000042", "ann@x.io", "~1f-1", "4127:0"):
        assert local_id(plain, vendor="deskie", account="r", kind="ticket") == plain
    with pytest.raises(Invalid):
        parse_ref("deskie/ticket")


def test_the_id_of_an_opening_is_known_again():
    assert opening_id("4127") == "4127:0"
    assert is_opening_id(opening_id("130-000042"))
    assert not is_opening_id("4127")
