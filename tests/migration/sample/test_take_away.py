"""The sample goes again where nobody touched it; what the vendor cannot remove is closed, and a later run writes nothing twice."""

import pytest
from migration.faulty_desk import destination, source
from migration.sample.test_choice import shown, ugly
from migration.simulators import served

from helpdesk_bridge.migration import Migration, Options
from helpdesk_bridge.migration.later.rollback import Fate

YES = Options(yes=True, workers=1)


@pytest.fixture
def sampled(tmp_path):
    new = destination()
    with Migration(source(ugly()), new, tmp_path / "move.db", options=YES) as migration:
        migration.run_sample(migration.choose_sample(6))
        yield migration, new, tmp_path


def test_it_leaves_nothing_and_a_later_run_moves_everything_once(sampled):
    migration, new, folder = sampled
    rows = list(migration.take_sample_away())
    assert {row.fate for row in rows} == {Fate.REMOVED}
    assert not new.fake.all_tickets()
    assert not new.fake.all_contacts()
    with pytest.raises(ValueError, match="no sample"):
        list(migration.take_sample_away())
    migration.run()
    migration.verify()
    assert migration.summary().verified
    whole = destination()
    with Migration(source(ugly()), whole, folder / "other.db", options=YES) as other:
        other.migrate()
    assert shown(new.fake) == shown(whole.fake)


def test_what_somebody_touched_stays_with_its_customer(sampled):
    migration, new, _ = sampled
    touched = new.fake.all_tickets()[0]
    new.fake.messages.reply(touched.id, "An agent answered")
    fates = {row.destination: row.fate for row in migration.take_sample_away() if row.record == "ticket"}
    assert fates.pop(touched.id) is Fate.KEPT
    assert set(fates.values()) == {Fate.REMOVED}
    assert [one.id for one in new.fake.all_tickets()] == [touched.id]
    assert touched.requester.id in {one.id for one in new.fake.all_contacts()}


def test_what_the_run_wrote_besides_stays(sampled):
    migration, new, _ = sampled
    migration.run()
    list(migration.take_sample_away())
    assert len(new.fake.all_tickets()) == 14


def test_where_nothing_can_be_removed_it_is_closed(tmp_path):
    with (
        served("local", ugly()) as old,
        served("desk365", 0) as new,
        Migration(old.desk, new.desk, tmp_path / "move.db", options=YES) as migration,
    ):
        migration.run_sample(migration.choose_sample(4))
        fates = [row.fate for row in migration.take_sample_away() if row.record == "ticket"]
        assert fates == [Fate.PARKED] * 4
        assert {one.status.value for one in new.desk.tickets.list()} == {"closed"}
        migration._tally = None
        migration.run()
        assert len(new.desk.tickets.list().all()) == 20
