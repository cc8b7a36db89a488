"""Tables of a journal: the modules of their versions make what the program uses, and take over what an earlier one wrote."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from migration.journals import open_journal
from sqlalchemy import create_engine

from helpdesk_bridge.migration import JournalDamaged
from helpdesk_bridge.migration.journal import schema
from helpdesk_bridge.migration.journal.database.upgrade import VERSIONS, upgrade
from helpdesk_bridge.migration.journal.states import Key, Kind, Record

ONE = Record(key=Key(Kind.TICKET, "1"), position=3, version="v", expected={"text": "d"}, finished=True)

LATER = """
from alembic import op
from sqlalchemy import Column, String

revision = "4"
down_revision = "3"

def upgrade():
    op.add_column("record", Column("note", String))
    op.execute("UPDATE record SET note = 'of version 3'")
"""

PROGRAM = """
import sys
from pathlib import Path
from sqlalchemy import Column, inspect
from helpdesk_bridge.migration.journal import schema
from helpdesk_bridge.migration.journal.database import upgrade

schema.VERSION, schema.EARLIER = "4", ("3",)
digest = schema.record.c.digest
schema.record._columns.remove(digest)
schema.record.append_column(Column("note", schema.TEXT))
schema.record._columns.add(digest)
upgrade.VERSIONS = Path(sys.argv[2])
from migration.journals import open_journal
from migration.test_journal_versions import ONE
journal = open_journal(sys.argv[1])
assert journal.get(ONE.key) == ONE
assert [row["note"] for row in journal.file.rows(schema.select(schema.record))] == ["of version 3"]
journal.save(ONE)
journal.close()
open_journal(sys.argv[1]).close()
print("upgraded")
"""


@pytest.fixture(params=["file", "postgresql"])
def place(request, tmp_path):
    if request.param == "file":
        yield tmp_path / "journal.db"
        return
    url = request.getfixturevalue("postgres_url")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS helpdesk_bridge CASCADE")
        yield f"{url}#versions"
        connection.execute("DROP SCHEMA IF EXISTS helpdesk_bridge CASCADE")


def later(folder):
    (folder / "v4.py").write_text(LATER)
    (folder / "v3.py").write_text((VERSIONS / "v3.py").read_text())
    return folder


def opened_by_a_later_version(place, folder):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])}
    program = PROGRAM.replace("schema.select", "__import__('sqlalchemy').select")
    return subprocess.run(
        [sys.executable, "-c", program, str(place), str(folder)], env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


def test_this_version_and_each_earlier_one_have_a_module():
    scripts = ScriptDirectory(str(VERSIONS), version_locations=[str(VERSIONS)])
    assert scripts.get_heads() == [schema.VERSION]
    assert {one.revision for one in scripts.walk_revisions()} == {schema.VERSION, *schema.EARLIER}


def test_the_modules_of_the_versions_make_what_the_program_uses():
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        upgrade(connection)
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, schema.metadata) == []
        assert context.get_current_revision() == schema.VERSION
    engine.dispose()


@pytest.mark.slow
def test_what_an_earlier_version_wrote_is_taken_over_whole(place, tmp_path):
    with closing(open_journal(place)) as journal:
        journal.save(ONE)
    folder = tmp_path / "versions"
    folder.mkdir()
    ended = opened_by_a_later_version(place, later(folder))
    assert ended.stdout == "upgraded\n", ended.stderr
    with pytest.raises(Exception, match="has version 4 and this program reads 3"):
        open_journal(place)


def test_what_was_damaged_before_is_not_taken_over(tmp_path):
    path = tmp_path / "journal.db"
    with closing(open_journal(path)) as journal:
        journal.save(ONE)
    engine = schema.writer(path)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE record SET position = 4")
    with engine.begin() as connection, pytest.raises(JournalDamaged, match="not as it was written"):
        upgrade(connection)
    engine.dispose()
