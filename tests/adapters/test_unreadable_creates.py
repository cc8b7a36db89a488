"""A create that a vendor accepted and whose answer cannot be read is in doubt: repeating it would write it twice."""

import itertools
import re

import pytest
import responses

from helpdesk_bridge import BadResponse, ContactDraft, InDoubt, MessageDraft, TicketChange, TicketDraft, open_desk

TABLES = {
    "deskie": {"staff_email": "bot@acme.example", "api_key": "made-up", "budget": "memory"},
    "desk365": {"api_key": "made-up", "budget": "memory"},
}
ACCOUNT = {"deskie": "account", "desk365": "subdomain"}
SHAPES = ['{"ok": 1}', "[]", '"created"', "1", "null", '{"case": 5, "user": 5}']
DRAFT = TicketDraft(subject="Lamp", description="It is broken", requester="ann@customers.example")
CREATES = {
    ("deskie", "tickets.create"): lambda desk: desk.tickets.create(DRAFT),
    ("deskie", "contacts.create"): lambda desk: desk.contacts.create(ContactDraft(emails=("ann@customers.example",))),
    ("deskie", "messages.reply"): lambda desk: desk.messages.reply("1", MessageDraft(body="Hello")),
    ("deskie", "messages.note"): lambda desk: desk.messages.note("1", MessageDraft(body="Hello")),
    ("desk365", "tickets.create"): lambda desk: desk.tickets.create(DRAFT),
}


_accounts = itertools.count()


def opened(name):
    """Open an account that no other test has: desks of one account share its budget."""
    return open_desk({"vendor": name, **TABLES[name], ACCOUNT[name]: f"acme{next(_accounts)}"})


@pytest.fixture
def vendor():
    """Answer every write with what is set, and every read with nothing."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:

        def answers(body):
            for method in (responses.POST, responses.PUT):
                mock.add(method, re.compile(".*"), body=body, status=200)
            mock.add(responses.GET, re.compile(".*"), body="{}", status=200)
            return mock

        yield answers


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("case", CREATES, ids=" ".join)
def test_a_create_is_in_doubt_whatever_shape_its_answer_has_and_is_sent_once(vendor, case, shape):
    name, operation = case
    mock = vendor(shape)
    with opened(name) as desk:
        with pytest.raises(InDoubt) as caught:
            CREATES[case](desk)
        assert (caught.value.operation, caught.value.status) == (operation, 200)
        assert caught.value.settle_seconds == desk.rate_limit.settle_seconds
        assert "customers.example" not in str(caught.value)
    assert [call.request.method for call in mock.calls].count("POST") == 1


@pytest.mark.parametrize("name", TABLES)
def test_a_change_whose_answer_cannot_be_read_is_a_bad_response_because_it_can_be_repeated(vendor, name):
    vendor('{"ok": 1}')
    with opened(name) as desk, pytest.raises(BadResponse):
        desk.tickets.update("1", TicketChange(subject="Lamp"))
