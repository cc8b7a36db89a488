"""What a local desk does with files that are not its own, and with those it makes."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys

import pytest

from helpdesk_bridge import ContactDraft, TicketDraft, TicketQuery, open_desk
from helpdesk_bridge.errors import ConfigError
from helpdesk_bridge.local.settings import LocalSettings
from helpdesk_bridge.store.schema import SCHEMA_VERSION

DRAFT = TicketDraft(subject="x", description="x", requester="ann@example.com")


def _refused(path):
    with open_desk({"vendor": "local", "path": str(path)}) as desk, pytest.raises(ConfigError) as error:
        desk.tickets.create(DRAFT)
    return str(error.value)


def test_a_new_file_and_its_companions_are_the_owners_alone(tmp_path):
    before = os.umask(0)
    try:
        with open_desk({"vendor": "local", "path": str(tmp_path / "desk.db")}) as desk:
            desk.tickets.create(DRAFT)
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert modes == {"desk.db": 0o600, "desk.db-wal": 0o600, "desk.db-shm": 0o600}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o777])
def test_an_empty_file_becomes_a_desk_of_its_owner_alone(tmp_path, mode, caplog):
    path = tmp_path / "desk.db"
    path.touch()
    path.chmod(mode)
    with open_desk({"vendor": "local", "path": str(path)}) as desk:
        desk.tickets.create(DRAFT)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert f"the local desk {path} could be read by others (mode {mode:04o})" in caplog.text


def test_a_folder_is_no_desk(tmp_path):
    assert "is a folder" in _refused(tmp_path)


def test_a_missing_folder_is_named(tmp_path):
    assert "does not exist" in _refused(tmp_path / "no" / "desk.db")


@pytest.mark.parametrize("content", [b"hello", b"SQLite format 3\x00 but no more", b"PK\x03\x04" * 100])
def test_a_file_that_is_no_desk_is_refused_and_left(tmp_path, content):
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    assert str(path) in _refused(path)
    assert path.read_bytes() == content
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]


def test_another_programs_sqlite_file_is_refused_and_left(tmp_path):
    path = tmp_path / "other.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE tickets (id)")
    other.close()
    content = path.read_bytes()
    assert "another program's" in _refused(path)
    assert path.read_bytes() == content


def test_a_newer_schema_is_refused_and_left(tmp_path):
    path = tmp_path / "desk.db"
    with open_desk({"vendor": "local", "path": str(path)}) as desk:
        desk.tickets.create(DRAFT)
    newer = sqlite3.connect(path)
    newer.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    newer.close()
    content = path.read_bytes()
    assert "newer helpdesk-bridge" in _refused(path)
    assert path.read_bytes() == content


def test_a_file_whose_people_were_found_by_folded_addresses_finds_them_by_their_own(tmp_path):
    path = tmp_path / "desk.db"
    table = {"vendor": "local", "path": str(path)}
    with open_desk(table) as desk:
        for email in ("stra\u00dfe@x.io", "ann@b\u00fccher.example", "ANN@x.io"):
            desk.tickets.create(TicketDraft(subject=email, description="d", requester=email))
        desk.contacts.create(ContactDraft(phones=("+49 30 1234567 ext. 2",)))
    older = sqlite3.connect(path)
    older.create_function("folded", 1, lambda text: text.casefold() if text else text)
    older.execute("UPDATE contact_keys SET key = folded(key)")
    older.execute("UPDATE contact_keys SET key = '493012345672' WHERE kind = 'phone'")
    older.execute("UPDATE tickets SET requester_email = folded(json_extract(document, '$.requester.email'))")
    older.execute("UPDATE entries SET email_fold = folded(email_fold)")
    older.execute("DROP INDEX messages_by_revision")
    for name, column in (("tickets", "first_revision"), ("contacts", "first_revision"), ("messages", "revision")):
        older.execute(f"ALTER TABLE {name} DROP COLUMN {column}")
    older.execute("PRAGMA user_version = 2")
    older.commit()
    older.close()
    with open_desk(table) as desk:
        for email in ("stra\u00dfe@x.io", "ANN@xn--bcher-kva.example", "ann@x.io"):
            assert desk.contacts.find(email=email) is not None
            assert len(list(desk.tickets.list(TicketQuery(requester=email)))) == 1
        assert desk.contacts.find(email="strasse@x.io") is None
        assert not list(desk.tickets.list(TicketQuery(requester="strasse@x.io")))
        assert desk.contacts.find(phone="0049 30 1234567 x2") is not None
        assert desk.contacts.find(phone="+49 30 12345672") is None
    kept = sqlite3.connect(path)
    assert kept.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
    kept.close()


def test_a_folder_and_a_file_that_cannot_be_written(tmp_path):
    program = """
import os, sys
from helpdesk_bridge import open_desk
from helpdesk_bridge.errors import ConfigError
open_desk({"vendor": "local", "path": ":memory:"}).close()  # imported before the rights are given away
if os.geteuid() == 0:
    os.setegid(65534); os.seteuid(65534)
for path in sys.argv[1:]:
    try:
        print(open_desk({"vendor": "local", "path": path}).account)
    except ConfigError as error:
        print("ConfigError", error)
"""
    closed = tmp_path / "closed"
    closed.mkdir()
    owned = closed / "owned.db"
    owned.touch()
    open_folder = tmp_path / "open"
    open_folder.mkdir()
    locked = open_folder / "locked.db"
    locked.touch()
    for path in (owned, locked):
        path.chmod(0o444)
    closed.chmod(0o555)
    open_folder.chmod(0o777)
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        if os.geteuid() == 0:
            folder.chmod(folder.stat().st_mode | 0o111)
    try:
        told = subprocess.run(
            [sys.executable, "-c", program, str(closed / "new.db"), str(owned), str(locked)],
            capture_output=True, text=True, check=True,
        ).stdout.splitlines()  # fmt: skip
    finally:
        closed.chmod(0o755)
    assert len(told) == 3
    assert all(line.startswith("ConfigError") for line in told), told
    assert "cannot be created: Permission denied" in told[0]
    assert "cannot be written" in told[1]
    assert "cannot be written" in told[2]


@pytest.mark.parametrize("path", ["", "  ", "a\x00b"])
def test_paths_that_name_nothing(path):
    with pytest.raises(ConfigError, match="path"):
        LocalSettings(path=path)


def test_a_home_folder_may_be_written_short(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    with open_desk({"vendor": "local", "path": "~/desk.db"}) as desk:
        desk.tickets.create(DRAFT)
    assert (tmp_path / "desk.db").is_file()


def test_a_path_in_a_configuration_file_starts_at_that_file(tmp_path):
    from helpdesk_bridge import connect

    file = tmp_path / "helpdesk.toml"
    file.write_text(
        '[desks.archive]\nvendor = "local"\npath = "archive.db"\n[desks.fake]\nvendor = "local"\npath = ":memory:"\n'
    )
    with connect("archive", file) as desk:
        desk.tickets.create(DRAFT)
    with connect("fake", file) as desk:
        desk.tickets.create(DRAFT)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["archive.db", "helpdesk.toml"]


def test_unknown_keys_and_vendors():
    with pytest.raises(ConfigError, match="path"):
        open_desk({"vendor": "local"})
    with pytest.raises(ConfigError, match="did you mean 'path'"):
        open_desk({"vendor": "local", "pat": "x"})
    with pytest.raises(ConfigError, match="like"):
        open_desk({"vendor": "local", "path": ":memory:", "like": "nobody"})
    with pytest.raises(ConfigError, match="like"):
        open_desk({"vendor": "local", "path": ":memory:", "like": "local"})
