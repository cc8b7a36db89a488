"""The outside judge itself: it passes what is as it was, and finds every kind of thing that can be wrong."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from e2e.judge import findings
from e2e.wire import LocalFile

from helpdesk_bridge import open_desk
from helpdesk_bridge.migration import Migration, Options

CHANGES = {
    "ticket lost": "DELETE FROM tickets WHERE id = (SELECT min(id) FROM tickets)",
    "ticket status": "UPDATE tickets SET status = 'open' WHERE id = (SELECT min(id) FROM tickets)",
    "ticket priority": "UPDATE tickets SET priority = 'urgent' WHERE id = (SELECT min(id) FROM tickets)",
    "ticket subject": "UPDATE tickets SET document = json_set(document, '$.subject', 'Another') WHERE id = (SELECT min(id) FROM tickets)",
    "ticket requester": "UPDATE tickets SET document = json_set(document, '$.requester.email', 'eve@x.example') WHERE id = (SELECT min(id) FROM tickets)",
    "ticket tags": "UPDATE tickets SET document = json_set(document, '$.tags', json('[]')) WHERE document LIKE '%vip%'",
    "message lost": "DELETE FROM messages WHERE document LIKE '%We look%'",
    "message extra": "UPDATE messages SET document = replace(document, 'We look', 'We do not look') WHERE document LIKE '%We look%'",
    "message author": "UPDATE messages SET document = json_set(document, '$.author.email', 'gil@desk.example') WHERE document LIKE '%We look%'",
    "message visibility": "UPDATE messages SET document = json_set(document, '$.visibility', 'public') WHERE document LIKE '%Odd one%'",
    "message leaked": "UPDATE messages SET document = json_set(document, '$.body.text', 'We look. Odd one') WHERE document LIKE '%We look%'",
    "message order": "UPDATE messages SET rank = rank - 100, time_key = time_key - 100000000000 WHERE document LIKE '%We look%'",
    "file lost": "DELETE FROM files WHERE document LIKE '%report.pdf%'",
    "customer lost": "DELETE FROM contacts WHERE document LIKE '%bob@%'",
    "customer name": "UPDATE contacts SET document = json_set(document, '$.name', 'Rob') WHERE document LIKE '%bob@%'",
    "customer phones": "UPDATE contacts SET document = json_remove(document, '$.phones') WHERE document LIKE '%ann@%'",
    "customer company": "UPDATE contacts SET document = json_remove(document, '$.company') WHERE document LIKE '%ann@%'",
    "customer blocked": "UPDATE contacts SET blocked = 0 WHERE document LIKE '%bob@%'",
}


@pytest.fixture(scope="module")
def moved(tmp_path_factory):
    """Return the folder of two local desks, the second with what the first holds; and what was announced."""
    from e2e.points import small

    folder = tmp_path_factory.mktemp("moved")
    paths = [folder / f"{name}.db" for name in ("old", "new")]
    old, new = (open_desk({"vendor": "local", "path": str(path)}, name=path.stem) for path in paths)
    with old, new:
        old.vendor_api.seed(small())
        with Migration(old, new, folder / "journal", options=Options(yes=True)) as migration:
            announced = json.loads(json.dumps(migration.migrate().as_json()["changed"]))
    return folder, announced


def judged(folder, new, announced):
    return [f"{one.record} {one.what}" for one in findings(LocalFile(folder / "old.db"), LocalFile(new), announced)]


def test_what_is_as_it_was_passes(moved):
    folder, announced = moved
    assert judged(folder, folder / "new.db", announced) == []


@pytest.mark.parametrize("wrong", CHANGES)
def test_whatever_is_wrong_is_found(moved, tmp_path, wrong):
    folder, announced = moved
    changed = tmp_path / "new.db"
    with closing(sqlite3.connect(folder / "new.db")) as source, closing(sqlite3.connect(changed)) as copy:
        source.backup(copy)
        assert copy.execute(CHANGES[wrong]).rowcount >= 1
        copy.commit()
    assert wrong in judged(folder, changed, announced)


def test_a_second_copy_of_a_ticket_is_found(moved, tmp_path):
    folder, announced = moved
    changed = tmp_path / "new.db"
    with closing(sqlite3.connect(folder / "new.db")) as source, closing(sqlite3.connect(changed)) as copy:
        source.backup(copy)
        for table in ("tickets", "messages"):
            names = [row[1] for row in copy.execute(f"PRAGMA table_info({table})")]
            of = "id" if table == "tickets" else "ticket_id"
            other = {"id": "id || '9'", of: f"{of} || '9'", "place": "place + 1000"}
            shown = ", ".join(other.get(name, name) for name in names)
            first = f"SELECT {shown} FROM {table} WHERE {of} = (SELECT min(id) FROM tickets)"  # noqa: S608 - our own names
            copy.execute(f"INSERT INTO {table} ({', '.join(names)}) {first}")
        copy.commit()
    assert "ticket twice" in judged(folder, changed, announced)


def test_the_judge_shares_no_code_with_the_library():
    for name in ("judge.py", "held.py", "wire.py"):
        text = Path(__file__).with_name(name).read_text("utf-8")
        assert "import helpdesk_bridge" not in text
        assert "from helpdesk_bridge" not in text
