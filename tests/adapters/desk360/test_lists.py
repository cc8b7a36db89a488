"""Lists: pages by number, both shapes of an integration, and what is listed once only."""

import json

import pytest
from adapters.desk360 import samples
from hypothesis import given
from hypothesis import strategies as st

from helpdesk_bridge.errors import BadResponse, Unsupported
from helpdesk_bridge_desk360.client.pages import next_page

INTEGRATIONS = "/v1/integrations"


def pages(link):
    rows = [{"id": number, "display_name": f"N{number}"} for number in range(1, 42)]
    return [
        (200, {"Link": link(2)}, rows[:20]),
        (200, {"Link": link(3)}, rows[20:40]),
        (200, {}, rows[40:]),
    ]


def test_lists_are_bare_arrays_of_20_read_by_page_number(wire):
    wire.answer(
        INTEGRATIONS, *pages(lambda page: f"<https://public-api.desk360.com/v1/integrations?page={page}>; rel=next")
    )
    found = wire.open().vendor_api.integrations()
    assert [one.id for one in found] == list(range(1, 42))
    assert [one.query for one in wire.sent] == [{"page": "1"}, {"page": "2"}, {"page": "3"}]


@pytest.mark.parametrize(
    "link",
    [
        "<https://public-api.desk360.com/api/v1/integrations?page={}>; rel=next",
        '<https://public-api.desk360.com/v1/integrations?page={}>; rel="next"',
        '<https://evil.example/v1/integrations?page={}>; rel="next"',
        "<http://169.254.169.254/integrations?page={}>;rel=next",
        '<https://x.example/?page=1>; rel="prev", <https://x.example/?a=1&page={}>;  rel=next',
        "</integrations?page={}>; rel=next",
        "<https://public-api.desk360.com/v1/integrations?page={}>; Rel=Next",
        '<https://public-api.desk360.com/v1/integrations?page={}>; REL="NEXT"',
        '<https://x.example/?page={}>; title="a"; rel="last next"',
    ],
)
def test_whatever_the_link_says_only_its_number_is_taken(wire, link):
    answers = pages(link.format)
    answers[-1] = (200, {"Link": ""}, answers[-1][2])
    wire.answer(INTEGRATIONS, *answers)
    assert [one.id for one in wire.open().vendor_api.integrations()] == list(range(1, 42))
    assert {one.url.partition("?")[0] for one in wire.sent} == {"https://public-api.desk360.com/v1/integrations"}
    assert len(wire.sent) == 3


def test_pages_that_do_not_grow_or_are_empty_end_the_list(wire):
    loop = "<https://public-api.desk360.com/v1/integrations?page=1>; rel=next"
    wire.answer(INTEGRATIONS, (200, {"Link": loop}, [{"id": 1}]))
    assert len(wire.open().vendor_api.integrations()) == 1
    assert len(wire.sent) == 2, "a page that calls itself the next is read once more, to see whether it meant it"
    wire.answer(INTEGRATIONS, (200, {"Link": loop.replace("=1>", "=9>")}, []))
    assert wire.open().vendor_api.integrations() == ()
    assert len(wire.sent) == 3


@given(st.text())
def test_no_link_header_breaks_the_reader(link):
    number = next_page(link)
    assert number is None or number >= 0


def test_both_item_shapes_of_the_sample(wire):
    wire.answer(INTEGRATIONS, samples.INTEGRATIONS)
    first, second = wire.open().vendor_api.integrations()
    assert (first.id, first.name, first.phone) == (11, "YourIntegration1", "+905554443322")
    assert (second.id, second.name, second.phone) == (22, "YourIntegration2", "+905555555555")


def test_an_envelope_is_opened_and_a_logo_that_is_no_number_is_none(wire):
    wire.answer(
        INTEGRATIONS, {"data": [{"id": 1, "name": None, "logo": "https://cdn/x.png", "status": None, "new": 1}]}
    )
    (one,) = wire.open().vendor_api.integrations()
    assert (one.name, one.phone, one.active) == (None, None, None)
    wire.answer(INTEGRATIONS, {"rows": []})
    with pytest.raises(BadResponse):
        wire.open().vendor_api.integrations()
    wire.answer(INTEGRATIONS, [{"id": "1"}])
    with pytest.raises(BadResponse, match=r"\$\[0\]\.id"):
        wire.open().vendor_api.integrations()


def test_reference_data_is_listed_once_until_it_is_old_or_refreshed(wire):
    wire.answer(INTEGRATIONS, json.loads(samples.INTEGRATIONS))
    desk = wire.open(directory_ttl=600)
    desk.vendor_api.integrations()
    desk.vendor_api.integrations()
    assert len(wire.sent) == 1
    wire.clock.advance(601)
    desk.vendor_api.integrations()
    desk.refresh()
    desk.vendor_api.integrations()
    assert len(wire.sent) == 3


def test_the_chat_list_is_there_or_it_is_unsupported(wire):
    wire.answer("/v1/integrations/11/chats", [{"id": 5, "phone": "905551112233", "name": None, "last_message_at": "x"}])
    (chat,) = wire.open().vendor_api.chats()
    assert (chat.id, chat.phone, chat.last_message_at) == (5, "+905551112233", "x")
    wire.answer("/v1/integrations/11/chats", (404, {}, '{"error": {"code": "not_found_exception"}}'))
    with pytest.raises(Unsupported):
        wire.open().vendor_api.chats()
