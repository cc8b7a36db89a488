"""What has no place may find one: field to field, checked at both ends before anything is written."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from migration.faulty_desk import destination, message, person, source, ticket
from migration.test_values import POLICY
from model.field_samples import record

from helpdesk_bridge.adapter import Fidelity, FidelityTable, FieldFidelity
from helpdesk_bridge.datasets.dataset import Dataset, SeedField
from helpdesk_bridge.errors import Invalid
from helpdesk_bridge.migration import DecisionNeeded, ExitCode, Migration, Options
from helpdesk_bridge.migration.outcome import WrongMap
from helpdesk_bridge.migration.plan.field_maps import as_text, fitted, parse
from helpdesk_bridge.migration.report.facts import read_facts
from helpdesk_bridge.model import fields
from helpdesk_bridge.model.records import FieldDefinition, FieldType
from helpdesk_bridge.testing.fake import FakeHelpdesk

YES = Options(workers=1, yes=True)
LOSES = ("tags", "closed_at", "rating", "channel")
DEFINED = {
    "Old tags": ("text", ()),
    "Closed": ("date", ()),
    "Rated": ("integer", ()),
    "Desk": ("select", ("Old desk", "New desk")),
    "Urgent": ("boolean", ()),
}


def losing(*names):
    kept = FakeHelpdesk().importer.fidelity
    lost = dict.fromkeys(names or LOSES, FieldFidelity(Fidelity.LOST, "it has no such field"))
    return FidelityTable(ticket={**kept.ticket, **lost}, contact={**kept.contact, "blocked": lost[names[0] if names else "tags"]}, messages=kept.messages)  # fmt: skip


def helpdesk():
    people = (person("ann", "ann@client.example"), person("bob", "bob@client.example", blocked=True), person("eve", "eve@desk.example", role="agent"))  # fmt: skip
    tickets = (
        ticket("t1", "ann", message("ann", 0, "It broke"), message("eve", 3, "We look"), tags=("vip", "eu"), status="closed"),
        ticket("t2", "bob", message("bob", 10, "Where is it?"), custom_fields={"Order No": "A-17"}),
        ticket("t3", "bob", message("bob", 20, "Buy now"), tags=("vip",), spam=True),
    )  # fmt: skip
    return Dataset(people=people, tags=("vip", "eu"), tickets=tickets, fields=(SeedField("Order No", "text"),))


def new_desk(**values):
    """Return a destination whose fields are those that an administrator made."""
    new = destination(fidelity=losing(), **values)
    for name, (kind, options) in DEFINED.items():
        new.fake.inspection.define_field(name, type=FieldType(kind), options=options)
    new.fake.inspection.define_field("Order No")
    new.fake.inspection.define_field("Locked", type=FieldType.BOOLEAN, applies_to="contact")
    return new


@pytest.fixture
def opened(tmp_path):
    with Migration(source(helpdesk()), new_desk(rate_limit=POLICY), tmp_path / "journal", options=YES) as migration:
        yield migration


# -- what a user writes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ticket.tags", "write SOURCE=TARGET"),
        ("const:x=custom:Old tags", "a constant stands on the right"),
        ("ticket.tag=custom:Old tags", "no field 'tag'; the nearest is tags"),
        ("tags=custom:Old tags", "is no field; write ticket.FIELD"),
        ("ticket.description=custom:Old tags", "no single value"),
        ("ticket.tags=ticket.subject", "nothing can be mapped into ticket.subject"),
        ("contact.blocked=ticket.custom:Old tags", "cannot go into one of a ticket"),
        ("ticket.tags=custom:", "needs a name"),
        ("ticket.tags=custom:Migration marker", "markers"),
        ("ticket.tags=custom:Old tag", "has no custom:Old tag; the nearest is Old tags"),
        ("custom:Ordr No=custom:Old tags", "has no custom:Ordr No; the nearest is Order No"),
        ("ticket.tags=custom:Closed", "custom:Closed takes a date, and ticket.tags is a list of words"),
        ("ticket.closed_at=custom:Urgent", "custom:Urgent takes yes or no, and ticket.closed_at is a time"),
        ("ticket.subject=custom:Rated", "takes a whole number, and ticket.subject is text"),
        ("custom:Desk=const:Older desk", "takes one of its choices, not 'Older desk'; its choices are Old desk, New desk"),
        ("custom:Rated=const:many", "takes a whole number, not 'many'"),
        ("custom:Urgent=const:perhaps", "takes yes or no, not 'perhaps'"),
        ("custom:Nowhere=", "no field map has custom:Nowhere"),
    ],
)  # fmt: skip
def test_a_map_that_does_not_fit_is_refused_with_what_is_wrong(opened, text, said):
    with pytest.raises(WrongMap) as refused:
        opened.map_field(text)
    assert said in str(refused.value)
    assert refused.value.exit_code is ExitCode.USAGE
    assert opened.journal.facts.field_maps() == []


def test_two_sources_for_one_field_are_refused_until_the_first_is_dropped(opened):
    opened.map_field("ticket.tags=custom:Old tags")
    opened.map_field("ticket.tags=custom:Old tags")  # again: nothing new
    with pytest.raises(WrongMap, match="two sources for one field"):
        opened.map_field("ticket.channel=custom:old TAGS")
    opened.map_field("custom:Old tags=")
    opened.map_field("ticket.channel=custom:Old tags")
    assert opened.journal.facts.field_maps() == ["ticket.channel=custom:Old tags"]


def test_a_field_that_the_source_fills_itself_takes_no_second_source_and_nothing_is_written(tmp_path):
    new = new_desk()
    with Migration(source(helpdesk()), new, tmp_path / "journal", options=YES) as migration:
        migration.map_field("ticket.channel=custom:Order No")
        for step in (migration.plan, migration.run):
            with pytest.raises(WrongMap, match="two sources for one field: custom:Order No"):
                step()
    assert new.fake.all_tickets() == ()


def test_maps_of_contacts_are_decided_before_they_are_written(opened):
    opened.run()
    with pytest.raises(WrongMap, match="written already"):
        opened.map_field("contact.blocked=contact.custom:Locked")


every_field = st.sampled_from(
    [f"{area}.{name}" for area in ("ticket", "contact") for name, one in fields.RECORDS[area].items() if one.kind not in
     (fields.Kind.BODY, fields.Kind.FILES, fields.Kind.ANSWER)]
)  # fmt: skip


@given(every_field, st.text("abcÄ =:.", min_size=1).filter(str.strip))
def test_what_a_journal_keeps_of_a_map_is_the_map(field, name):
    one = parse(f"{field}=custom:{name}")
    assert parse(str(one)) == one
    constant = parse(f"custom:X=const:{name}")
    assert parse(str(constant)) == constant


PYTHON = {
    FieldType.TEXT: str, FieldType.INTEGER: int, FieldType.DECIMAL: (int, Decimal), FieldType.BOOLEAN: bool,
    FieldType.DATE: date, FieldType.DATETIME: datetime, FieldType.SELECT: str, FieldType.MULTISELECT: tuple,
}  # fmt: skip


@given(every_field, st.sampled_from(list(PYTHON)))
def test_a_value_has_the_type_of_its_field_or_does_not_fit(field, kind):
    area, _, name = field.partition(".")
    value = getattr(record(area), name)
    kept = fitted(value, FieldDefinition(key="k", name="K", type=kind))
    assert kept is None or isinstance(kept, PYTHON[kind])
    if kind is FieldType.TEXT:
        assert kept == (as_text(value) or None)


@pytest.mark.parametrize(
    ("value", "kind", "kept"),
    [
        (("vip", "eu"), "text", "vip, eu"),
        (datetime(2026, 3, 2, 23, 30, tzinfo=UTC), "date", date(2026, 3, 2)),
        (datetime(2026, 3, 2, 23, 30, tzinfo=UTC), "text", "2026-03-02T23:30:00Z"),
        (date(2026, 3, 2), "datetime", datetime(2026, 3, 2, tzinfo=UTC)),
        ("4711", "integer", 4711),
        ("47-11", "integer", None),
        ("nan", "decimal", None),
        (True, "text", "yes"),
        ("old DESK", "select", "Old desk"),
        ("no desk", "select", None),
        (("old desk", "x"), "multiselect", ("Old desk",)),
        ((), "text", None),
    ],
)
def test_values_in_the_type_of_their_field(value, kind, kept):
    options = ("Old desk", "New desk") if "select" in kind else ()
    assert fitted(value, FieldDefinition(key="k", name="K", type=FieldType(kind), options=options)) == kept


# -- migrations ----------------------------------------------------------------------------------------------------

MAPS = (
    "ticket.tags=custom:Old tags",
    "ticket.closed_at=custom:Closed",
    "custom:Desk=const:Old desk",
    "contact.blocked=contact.custom:Locked",
    "ticket.tags=const:moved",
)


def migrated(old, new, path, *, full=True, maps=MAPS):
    with Migration(old, new, path, options=YES) as migration:
        for one in maps:
            migration.map_field(one)
        plan = migration.plan(full=full)
        return plan, migration.migrate()


def at_new(new, name="t1"):
    return next(one for one in new.fake.all_tickets() if one.subject.endswith(name))


def test_mapped_fields_arrive_are_announced_verified_and_shown(tmp_path):
    new = new_desk()
    with pytest.raises(WrongMap, match="does not keep"):  # tags are lost there, so none can be set on all
        migrated(source(helpdesk()), new, tmp_path / "first")
    plan, summary = migrated(source(helpdesk()), new, tmp_path / "journal", maps=MAPS[:-1])
    assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
    assert dict(at_new(new).custom_fields) == {"Old tags": "vip, eu", "Closed": date(2025, 3, 1), "Desk": "Old desk"}
    assert dict(at_new(new, "t2").custom_fields) == {"Order No": "A-17", "Desk": "Old desk"}
    assert {one.email: dict(one.custom_fields) for one in new.fake.all_contacts()}["bob@client.example"] == {"Locked": True}  # fmt: skip
    for told in (plan.fidelity, summary.changed):
        changes = {(one.field, one.change): one.records for one in told}
        assert changes["ticket.tags", "kept as custom field 'Old tags'"] == 1
        assert changes["ticket.closed_at", "kept in part as custom field 'Closed'"] == 1
        assert changes["ticket.custom_fields", "'Old desk' is written into custom field 'Desk'"] == 2
        assert ("ticket.tags", "lost") not in changes
        assert changes["ticket.channel", "lost"] == 2
    assert [(one.records, one.refused) for one in plan.maps] == [(1, 0), (1, 0), (2, 0), (2, 0)]
    decided = [(one.old, one.new) for one in read_facts(tmp_path / "journal").decisions if one.field == "map_field"]
    assert ("ticket tags", "custom field 'Old tags'") in decided


def test_verification_looks_at_mapped_fields_and_repair_keeps_them(tmp_path):
    old, new, path = source(helpdesk()), new_desk(), tmp_path / "journal"
    migrated(old, new, path, maps=MAPS[:-1])
    before = at_new(new)
    new.fake.tickets.update(before.id, custom_fields={"Old tags": "gone"})
    with Migration(old, new, path, options=YES) as migration:
        difference = next(one for one in migration.verify() if one.record == "ticket")
        assert {one.field for one in migration.journal.facts.differences()} >= {"custom_fields"}
        migration.decide_difference(difference.id, "source")
        migration.repair()
        assert migration.verify() == []
    assert at_new(new).custom_fields["Old tags"] == "vip, eu"


def test_a_map_that_is_decided_after_a_run_reaches_what_was_written_before(tmp_path):
    old, new, path = source(helpdesk()), new_desk(), tmp_path / "journal"
    migrated(old, new, path, maps=())
    assert "Old tags" not in at_new(new).custom_fields
    _, summary = migrated(old, new, path, maps=MAPS[:1])
    assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
    assert at_new(new).custom_fields["Old tags"] == "vip, eu"


@pytest.mark.parametrize("yes", [True, False])
def test_a_field_that_only_the_destination_refuses_is_decided_or_dropped(tmp_path, yes):
    from migration.faulty_desk import Faults

    new = new_desk(faults=Faults(errors={("ticket", 1): Invalid("no", field="custom_fields.Old tags")}))
    with Migration(source(helpdesk()), new, tmp_path / "journal", options=evolve(YES, yes=yes)) as migration:
        migration.map_field("ticket.tags=custom:Old tags")
        if yes:
            summary = migration.migrate()
            assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
            assert ("ticket.tags", "lost", 1) in {(one.field, one.change, one.records) for one in summary.changed}
            assert migration.journal.facts.field_maps() == []
        else:
            with pytest.raises(DecisionNeeded) as needed:
                migration.run()
            assert needed.value.values == ("--map-field custom:Old tags=",)
            assert new.fake.all_tickets() == ()


def test_words_of_a_choice_that_the_destination_lacks_are_a_decision(tmp_path):
    data = evolve(helpdesk(), fields=(SeedField("Desk", "select", ("Hall", "Roof")),))
    data = evolve(data, tickets=(evolve(data.tickets[0], custom_fields={"Desk": "Roof"}),))
    old, new, path = source(data), new_desk(rate_limit=POLICY), tmp_path / "journal"
    with Migration(old, new, path, options=evolve(YES, yes=False)) as migration:
        assert "--map option:Desk=Roof=" in [str(one) for one in migration.plan().values]
        migration.map_value("option", "Desk=Roof", "New desk")
        assert migration.plan().values == ()
        migration.run()
    assert at_new(new).custom_fields["Desk"] == "New desk"
