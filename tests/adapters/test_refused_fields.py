"""A refusal names a field as the port does, whatever the vendor calls it."""

import attrs
import pytest

from helpdesk_bridge.model.drafts import ContactChange, ContactDraft, MessageDraft, TicketChange, TicketDraft
from helpdesk_bridge.model.queries import ContactQuery, TicketQuery
from helpdesk_bridge_desk360.port.messages import _PORT_WORDS
from helpdesk_bridge_desk365.wire.refusals import FIELDS, field_keyed, field_said
from helpdesk_bridge_deskie.wire.refusals import FIELDS as DESKIE_FIELDS
from helpdesk_bridge_deskie.wire.refusals import port_field

DRAFTS = (TicketDraft, TicketChange, ContactDraft, ContactChange, MessageDraft, TicketQuery, ContactQuery)
PORT = {field.name for cls in DRAFTS for field in attrs.fields(cls)} | {"author", "ticket", "filters"}
"""``author`` and ``ticket`` are arguments of calls; ``filters`` are what a query became."""


@pytest.mark.parametrize("path", ["/tickets/create", "/contacts/create", "/tickets/add_note"])
def test_desk365_names_every_field_in_the_ports_words(path):
    for key in FIELDS:
        assert field_keyed(key, path) in PORT
        assert field_said(f"the value of {key} is wrong", path) in PORT


@pytest.mark.parametrize("path", ["/cases.json", "/users.json"])
def test_deskie_names_every_field_in_the_ports_words(path):
    for key in DESKIE_FIELDS:
        assert port_field(key, path) in PORT


def test_desk360_names_the_parts_of_a_message_in_the_ports_words():
    assert set(_PORT_WORDS.values()) <= PORT
