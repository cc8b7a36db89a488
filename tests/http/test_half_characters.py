"""Half a surrogate pair cannot be sent in a URL or a form: it is refused before anything is, and costs no budget."""

import pytest

from helpdesk_bridge import TicketQuery, open_desk
from helpdesk_bridge.errors import Invalid
from helpdesk_bridge.http.request import Request
from helpdesk_bridge.http.session import _body

HALF = "half \ud83d"


def test_in_a_query():
    with pytest.raises(Invalid) as caught:
        Request("GET", "/x", params=(("q", HALF),)).target()
    assert (caught.value.field, caught.value.__context__) == ("query", None)


def test_in_a_form():
    with pytest.raises(Invalid) as caught:
        _body(Request("POST", "/x", form=(("q", HALF),)))
    assert (caught.value.field, caught.value.__context__) == ("form", None)


@pytest.mark.parametrize(
    ("table", "query"),
    [
        (
            {"vendor": "deskie", "account": "a", "staff_email": "a@x.example", "api_key": "k"},
            {"requester": f"{HALF}@x.io"},
        ),
        ({"vendor": "desk365", "subdomain": "a", "api_key": "k"}, {"category": HALF}),
    ],
    ids=["deskie", "desk365"],
)
def test_in_a_filter_of_a_desk(table, query):
    with open_desk(table) as desk:
        before = desk.budget.remaining
        with pytest.raises(Invalid):
            list(desk.tickets.list(TicketQuery(**query)))
        assert (desk.transport.stats.calls, desk.budget.remaining) == (0, before)
