"""Whatever field the model has, the store keeps it."""

import json

import attrs
import pytest
from model.field_samples import CHOICES, record

from helpdesk_bridge.model import fields
from helpdesk_bridge.model.fields import Kind
from helpdesk_bridge.store import documents

CODECS = {"ticket": documents.TICKET, "contact": documents.CONTACT, "message": documents.MESSAGE}
ELSEWHERE = {
    "ticket": {"id", "ref", "description", "message_count", "attachments"},
    "contact": {"id", "ref"},
    "message": {"id", "ticket_id", "sequence", "attachments"},
}


@pytest.mark.parametrize("area", CODECS)
@pytest.mark.parametrize("number", range(CHOICES))
def test_every_field_of_a_record_comes_back_from_its_document(area, number):
    before = record(area, number)
    values = documents.load(json.loads(documents.dump(before, CODECS[area])), CODECS[area])
    kept = {name for name, field in fields.RECORDS[area].items() if field.kind is not Kind.ANSWER} - ELSEWHERE[area]
    empty = {name for name in kept if getattr(before, name) is False}
    assert set(values) == kept - empty
    assert attrs.evolve(before, **values) == before
