"""Whatever field the model has, a migration carries it or says that it is lost."""

from __future__ import annotations

import pytest
from attrs import evolve
from migration.faulty_desk import destination
from model.field_samples import record, sample

from helpdesk_bridge.adapter import Fidelity, FidelityTable, FieldFidelity, MessageClass
from helpdesk_bridge.config.aliases import Aliases
from helpdesk_bridge.migration.desk import MigrationDesk
from helpdesk_bridge.migration.journal import expected
from helpdesk_bridge.migration.plan.fidelity import message_changes, place_of
from helpdesk_bridge.migration.plan.outcomes import outcome
from helpdesk_bridge.migration.plan.rest import left_fields
from helpdesk_bridge.migration.plan.tally import Sampled, Tally
from helpdesk_bridge.migration.report.words import field_words
from helpdesk_bridge.model import fields
from helpdesk_bridge.model.fields import CONTACT, MESSAGE, TICKET, Travel
from helpdesk_bridge.testing.fake import FakeHelpdesk

NATIVE = FieldFidelity(Fidelity.NATIVE)
NOT_COMPARED = {"ticket": {"merged_into"}, "contact": set()}


class Importer:
    """One that keeps what it is told to, and nothing else."""

    def __init__(self, table):
        self.fidelity = table


def tallied():
    found = Tally(MigrationDesk(destination()))
    found.ticket(record("ticket", spam=False, deleted=False))
    found.thread("1", [Sampled.of(record("message"))])
    return found.used()


@pytest.mark.parametrize("area", ["ticket", "contact", "message"])
def test_a_field_that_nobody_carries_is_announced_as_lost(area):
    nothing = Importer(FidelityTable(ticket={}, contact={}, messages={}))
    if area == "message":
        lost = {one.field for one in message_changes(nothing, tallied()) if one.change == "lost" and one.records}
    else:
        lost = {one.field for one in left_fields(record(area), {}) if outcome(one.how) == "lost"}
    assert lost >= {f"{area}.{name}" for name in fields.travelling(fields.RECORDS[area])}


def test_a_field_that_is_kept_as_it_is_is_not_announced():
    every = FidelityTable(
        ticket=dict.fromkeys(TICKET, NATIVE),
        contact=dict.fromkeys(CONTACT, NATIVE),
        messages=dict.fromkeys(MessageClass, dict.fromkeys(fields.travelling(MESSAGE), NATIVE)),
    )
    assert [*left_fields(record("ticket"), every.ticket), *left_fields(record("contact"), every.contact)] == []
    assert message_changes(Importer(every), tallied()) == []


@pytest.mark.parametrize("name", [name for name, field in TICKET.items() if field.travels])
def test_a_ticket_that_differs_in_a_field_that_was_promised_is_a_difference(name):
    before = record("ticket")
    after = evolve(before, **{name: sample(TICKET[name], 1)})
    promised = dict.fromkeys(TICKET, NATIVE)
    wanted, shown = (expected.ticket(one, promised, Aliases()) for one in (before, after))
    different = {field for field, _, _ in expected.ticket_differences(wanted, shown)}
    assert different == ({name} - NOT_COMPARED["ticket"])
    assert expected.ticket_differences(wanted, wanted) == []


@pytest.mark.parametrize("name", [name for name, field in CONTACT.items() if field.travels])
def test_a_contact_that_differs_in_a_field_that_was_promised_is_a_difference(name):
    before = record("contact")
    values = sample(CONTACT[name], 1)
    after = evolve(before, **{name: values[:1] if isinstance(values, tuple) else values})
    promised = dict.fromkeys(CONTACT, NATIVE)
    wanted, shown = (expected.contact(one, promised) for one in (before, after))
    different = {field for field, _, _ in expected.contact_differences(wanted, shown, promised)}
    assert different == ({name} - NOT_COMPARED["contact"])
    assert expected.contact_differences(wanted, wanted, promised) == []


@pytest.mark.parametrize("area", fields.RECORDS)
def test_a_field_has_words_for_people_and_a_decision_its_field(area):
    for field in fields.RECORDS[area].values():
        for name in (field.name, *field.parts, *([field.decision] if field.decision else [])):
            words = field_words(f"{area}.{name}").removeprefix(f"{area.capitalize()}: ")
            assert words, name
            assert "_" not in words
        if field.decision:
            assert place_of(field.decision) == f"{area}.{field.name}"


@pytest.mark.parametrize("area", ["ticket", "contact"])
def test_the_local_desk_keeps_every_field_that_travels(area):
    kept = getattr(FakeHelpdesk().importer.fidelity, area)
    missing = {
        name
        for name, field in fields.RECORDS[area].items()
        if field.travel not in (Travel.OWN, Travel.NOT) and name not in kept
    }
    assert missing == set()
