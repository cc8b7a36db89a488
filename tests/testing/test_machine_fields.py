"""The machine's model and its snapshots are written apart from the library; whatever field the library has, they know it."""

import pytest
from model.field_samples import question, record

from helpdesk_bridge.model import fields
from helpdesk_bridge.model.fields import CONTACT, TICKET, Kind, Write
from helpdesk_bridge.testing.fake import FakeHelpdesk
from helpdesk_bridge.testing.machine import snapshots
from helpdesk_bridge.testing.machine.model import Model, contact_fields

OF_THE_DESK = {"id", "ref", "id_kind", "url"}
NOT_COMPARED = {"sla", "due_at", "rating", "identities"}
"""No program writes them, and each vendor sets them by rules of its own."""


@pytest.mark.parametrize(("area", "show"), [("ticket", snapshots.ticket), ("contact", snapshots.contact)])
def test_a_snapshot_shows_every_field(area, show):
    table = fields.RECORDS[area]
    shown = show(record(area), frozenset(table))
    known = {name for name, field in table.items() if field.kind is not Kind.ANSWER}
    assert set(shown) == known - OF_THE_DESK - NOT_COMPARED


def written(field):
    """A value as a program writes it: plain."""
    if field.kind in (Kind.WORDS, Kind.ADDRESSES, Kind.PHONES, Kind.CUSTOM_FIELDS):
        return {"x": "y"} if field.kind is Kind.CUSTOM_FIELDS else ("x@people.example",)
    return field.name if field.kind is Kind.TEXT else question(field)


@pytest.mark.parametrize("name", fields.writable(TICKET, Write.CHANGE))
def test_the_model_writes_every_field_of_a_ticket(name):
    values = Model(FakeHelpdesk().capabilities).written_fields({name: written(TICKET[name])})
    assert any(one == name or one.startswith(f"{name}.") for one in values)


@pytest.mark.parametrize("name", fields.writable(CONTACT, Write.CHANGE))
def test_the_model_writes_every_field_of_a_contact(name):
    values = contact_fields({name: written(CONTACT[name])})
    assert any(one == name or one.startswith(f"{name}.") for one in values)
