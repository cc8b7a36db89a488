"""The schema of a local desk's file, and the steps that bring an older file up to date.

Every record belongs to a ``space``: the local desk's own has no name, an adapter that keeps its inbox in the same file
(one conversation per integration and phone) has a space of its own. A record's ``document`` is all of it as JSON; the
other columns are for searching and sorting. Times are microseconds since 1970 in UTC.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

APPLICATION_ID: Final = 0x48444252  # "HDBR": tells our files from other SQLite files
NO_TIME: Final = -62_135_596_800_000_000  # 0001-01-01, where the model sorts records without a time

_RECORD: Final = f"""
    space TEXT NOT NULL,
    id TEXT NOT NULL,
    id_rank INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    written_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    marker TEXT,
    created_at INTEGER,
    updated_at INTEGER,
    created_key INTEGER NOT NULL GENERATED ALWAYS AS (ifnull(created_at, {NO_TIME})) VIRTUAL,
    updated_key INTEGER NOT NULL GENERATED ALWAYS AS (ifnull(updated_at, {NO_TIME})) VIRTUAL,
    deleted INTEGER NOT NULL,"""


def _record_indexes(table: str) -> tuple[str, ...]:
    return (
        f"CREATE INDEX {table}_by_creation ON {table} (space, created_key, id_rank, id)",
        f"CREATE INDEX {table}_by_update ON {table} (space, updated_key, id_rank, id)",
        f"CREATE INDEX {table}_by_revision ON {table} (space, revision)",
        f"CREATE INDEX {table}_by_change ON {table} (space, changed_at)",
        f"CREATE INDEX {table}_by_marker ON {table} (space, marker) WHERE marker IS NOT NULL",
    )


_FIRST: Final = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE counters (space TEXT, name TEXT, value INTEGER NOT NULL, PRIMARY KEY (space, name)) WITHOUT ROWID",
    f"""CREATE TABLE tickets ({_RECORD}
    spam INTEGER NOT NULL,
    merged INTEGER NOT NULL,
    status TEXT NOT NULL,
    status_fold TEXT,
    priority TEXT NOT NULL,
    priority_fold TEXT,
    requester_kind TEXT,
    requester_id TEXT,
    requester_email TEXT,
    requester_phone TEXT,
    assignee_kind TEXT,
    assignee_id TEXT,
    assignee_email TEXT,
    assignee_phone TEXT,
    group_id TEXT,
    group_fold TEXT,
    channel_fold TEXT,
    category_fold TEXT,
    subcategory_fold TEXT,
    type_fold TEXT,
    subject_fold TEXT NOT NULL,
    tags_fold TEXT NOT NULL,
    custom_fold TEXT NOT NULL,
    message_count INTEGER NOT NULL DEFAULT 0,
    document TEXT NOT NULL,
    PRIMARY KEY (space, id))""",
    *_record_indexes("tickets"),
    "CREATE INDEX tickets_by_flags ON tickets (space, spam, deleted, merged, status, status_fold)",
    "CREATE INDEX tickets_by_requester ON tickets (space, requester_id)",
    "CREATE INDEX tickets_by_requester_email ON tickets (space, requester_email)",
    "CREATE INDEX tickets_by_assignee ON tickets (space, assignee_id)",
    f"""CREATE TABLE contacts ({_RECORD}
    blocked INTEGER NOT NULL,
    name_fold TEXT,
    company_id TEXT,
    company_fold TEXT,
    external_fold TEXT,
    document TEXT NOT NULL,
    PRIMARY KEY (space, id))""",
    *_record_indexes("contacts"),
    "CREATE INDEX contacts_by_flags ON contacts (space, deleted, blocked)",
    """CREATE TABLE contact_keys (
    space TEXT NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    contact_id TEXT NOT NULL,
    PRIMARY KEY (space, kind, key, contact_id)) WITHOUT ROWID""",
    "CREATE INDEX contact_keys_by_contact ON contact_keys (space, contact_id, kind)",
    """CREATE TABLE messages (
    place INTEGER PRIMARY KEY,
    space TEXT NOT NULL,
    id TEXT NOT NULL,
    ticket_id TEXT NOT NULL,
    rank INTEGER NOT NULL,
    time_key INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    document TEXT NOT NULL,
    UNIQUE (space, id))""",
    "CREATE INDEX messages_by_thread ON messages (space, ticket_id, rank, time_key, place)",
    "CREATE INDEX messages_by_change ON messages (space, changed_at)",
    """CREATE TABLE files (
    space TEXT NOT NULL,
    message_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    blob TEXT,
    document TEXT NOT NULL,
    PRIMARY KEY (space, message_id, position)) WITHOUT ROWID""",
    "CREATE INDEX files_by_blob ON files (blob) WHERE blob IS NOT NULL",
    "CREATE TABLE blobs (sha TEXT PRIMARY KEY, size INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE blob_chunks (sha TEXT NOT NULL, position INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (sha, position))",
    """CREATE TABLE entries (
    space TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    id_rank INTEGER NOT NULL,
    name TEXT,
    name_fold TEXT,
    email_fold TEXT,
    document TEXT NOT NULL,
    PRIMARY KEY (space, kind, id)) WITHOUT ROWID""",
    "CREATE INDEX entries_by_name ON entries (space, kind, name_fold)",
    "CREATE INDEX entries_by_email ON entries (space, kind, email_fold) WHERE email_fold IS NOT NULL",
    """CREATE TABLE outbox (
    place INTEGER PRIMARY KEY,
    space TEXT NOT NULL,
    message_id TEXT NOT NULL)""",
    "CREATE INDEX outbox_by_message ON outbox (space, message_id)",
    """CREATE TABLE deliveries (
    space TEXT NOT NULL,
    message_id TEXT NOT NULL,
    state TEXT NOT NULL,
    at INTEGER,
    detail TEXT,
    place INTEGER NOT NULL,
    PRIMARY KEY (space, message_id, state)) WITHOUT ROWID""",
)

_KEY: Final = ()  # file.py gives every file its random key

_KEYS_AS_MAIL_SYSTEMS_SEE_THEM: Final = (
    """UPDATE tickets SET
    requester_email = email_key(json_extract(document, '$.requester.email')),
    requester_phone = phone_digits(json_extract(document, '$.requester.phone')),
    assignee_email = email_key(json_extract(document, '$.assignee.email')),
    assignee_phone = phone_digits(json_extract(document, '$.assignee.phone'))""",
    "UPDATE entries SET email_fold = email_key(json_extract(document, '$.email')) WHERE email_fold IS NOT NULL",
    "DELETE FROM contact_keys",
    """INSERT OR IGNORE INTO contact_keys
    SELECT space, 'email', email_key(held.value), contacts.id FROM contacts, json_each(document, '$.emails') AS held""",
    """INSERT OR IGNORE INTO contact_keys
    SELECT space, 'phone', phone_digits(ifnull(json_extract(held.value, '$.e164'), json_extract(held.value, '$.raw'))),
    contacts.id FROM contacts, json_each(document, '$.phones') AS held
    WHERE phone_digits(ifnull(json_extract(held.value, '$.e164'), json_extract(held.value, '$.raw'))) IS NOT NULL""",
)
"""``email_key`` and ``phone_digits`` are those of ``addresses``; the connection that migrates brings them."""

_EVENTS_BY_REVISION: Final = (
    "ALTER TABLE tickets ADD COLUMN first_revision INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE contacts ADD COLUMN first_revision INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE messages ADD COLUMN revision INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX messages_by_revision ON messages (space, revision)",
)
"""What is in an older file was written before any cursor; the place of a message is no measure, as SQLite gives it again."""

MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (_FIRST, _KEY, _KEYS_AS_MAIL_SYSTEMS_SEE_THEM, _EVENTS_BY_REVISION)
"""Step ``n`` brings a file of version ``n`` to version ``n + 1``; steps are only ever added."""

SCHEMA_VERSION: Final = len(MIGRATIONS)


def _columns(table: str) -> frozenset[str]:
    """Return the columns that the steps give a table, as their SQL names them."""
    made = "".join(sql for step in MIGRATIONS for sql in step if sql.startswith(f"CREATE TABLE {table} ("))
    added = "\n".join(sql for step in MIGRATIONS for sql in step if sql.startswith(f"ALTER TABLE {table} ADD COLUMN "))
    return frozenset(
        re.findall(r"^ +(\w+) (?:TEXT|INTEGER)", made, re.MULTILINE) + re.findall(r"ADD COLUMN (\w+)", added)
    )


COLUMNS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {table: _columns(table) for table in ("tickets", "contacts")}
)
"""A field that can be filtered and has no column is compared in Python."""

TABLES: Final = (
    "counters", "tickets", "contacts", "contact_keys", "messages", "files", "blobs", "blob_chunks", "entries", "outbox",
    "deliveries",
)  # fmt: skip
"""The tables of records; ``meta`` holds the account's id, which stays."""
