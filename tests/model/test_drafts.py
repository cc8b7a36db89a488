"""Drafts take any iterable of texts, and a single text as one."""

import pytest

from helpdesk_bridge import ContactDraft, MessageDraft


@pytest.mark.parametrize("given", ["a@x.example", ["a@x.example"], ("a@x.example",), {"a@x.example": 1}])
def test_a_single_address_is_one_address(given):
    assert ContactDraft(emails=given, phones=given).emails == ("a@x.example",)
    assert ContactDraft(phones=given).phones == ("a@x.example",)
    assert MessageDraft(body="x", cc=given).cc == ("a@x.example",)
