from __future__ import annotations

import re
import stat

import pytest
from attrs import evolve
from migration.faulty_desk import Faults, Kill, destination, message, person, small, source, ticket
from migration.simulators import served

from helpdesk_bridge.migration import Migration, Options
from helpdesk_bridge.migration.journal.spool import Spool

CANARY = "zebracanary"


def canaries():
    data = small()
    people = (*data.people, person("zed", f"{CANARY}@client.example", name=f"Mr {CANARY}", phone="+905559998877"))
    thread = (message("zed", 0, f"my {CANARY} is ill"), message("eve", 1, f"poor {CANARY}"))
    return evolve(
        data, people=people, tickets=(*data.tickets, evolve(ticket(CANARY, "zed", *thread), subject=f"About {CANARY}"))
    )


def left_behind(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_no_text_of_a_customer_stays_on_disk(tmp_path):
    with Migration(
        source(canaries()), destination(), tmp_path / "journal", options=Options(workers=1, yes=True)
    ) as migration:
        migration.migrate()
        spool = tmp_path / "journal.spool"
        assert stat.S_IMODE(spool.stat().st_mode) == 0o700
        journal = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
        assert CANARY.encode() not in journal
        assert b"905559998877" not in journal
    assert not spool.exists()
    assert CANARY.encode() not in left_behind(tmp_path)


def test_what_a_killed_run_leaves_is_removed_by_the_next(tmp_path):
    old, new, path = source(canaries()), destination(faults=Faults(kill_at=9)), tmp_path / "journal"
    migration = Migration(old, new, path, options=Options(workers=1, yes=True))
    with pytest.raises(Kill):
        migration.run()
    migration.journal.close()  # as the system does for a dead process; the spool stays
    assert (tmp_path / "journal.spool").exists()
    migration._spool._db.close()
    with Migration(old, new, path, options=Options(workers=1, yes=True)) as again:
        again.migrate()
    assert CANARY.encode() not in left_behind(tmp_path)


def test_the_spool_removes_a_link_and_not_what_it_points_to(tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_text("x")
    (tmp_path / "journal.spool").symlink_to(kept)
    Spool(tmp_path / "journal").close()
    assert (kept / "file").read_text() == "x"


def addresses_in(folder):
    held = left_behind(folder)
    return sorted(set(re.findall(rb"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+", held)))


@pytest.mark.parametrize("pair", [("desk365", "local"), ("deskie", "desk365")], ids="-".join)
def test_ids_that_are_addresses_do_not_stand_in_the_journal(tmp_path, pair):
    with served(pair[0], 6) as old, served(pair[1], 0) as new:
        with Migration(old.desk, new.desk, tmp_path / "journal", options=Options(yes=True)) as migration:
            summary = migration.migrate()
        assert summary.differences == ()
        assert summary.as_json()["contacts"]["migrated"] > 0
    assert addresses_in(tmp_path) == []
