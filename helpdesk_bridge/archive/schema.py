"""The schema of an archive's file: raw documents and records as they were read, and how far reading is.

A record's ``document`` is all of it as JSON in the form of ``portable``, ``raw`` the vendor's own document if it was kept,
``state`` a digest of the record: it tells whether a listed record changed. ``revision`` counts changes of what is written
into files. Times are microseconds since 1970 in UTC.
"""

from __future__ import annotations

from typing import Final

APPLICATION_ID: Final = 0x48444241  # "HDBA"

_FIRST: Final = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE runs (
    number INTEGER PRIMARY KEY,
    mode TEXT NOT NULL,
    since INTEGER,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    watermark INTEGER,
    calls INTEGER NOT NULL DEFAULT 0,
    units INTEGER NOT NULL DEFAULT 0,
    refused INTEGER NOT NULL DEFAULT 0,
    problems TEXT NOT NULL DEFAULT '[]')""",
    """CREATE TABLE listings (
    name TEXT PRIMARY KEY,
    run INTEGER NOT NULL,
    cursor TEXT,
    told INTEGER,
    pass INTEGER NOT NULL DEFAULT 1,
    done INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID""",
    """CREATE TABLE entries (
    kind TEXT NOT NULL,
    position INTEGER NOT NULL,
    id TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (kind, position)) WITHOUT ROWID""",
    """CREATE TABLE contacts (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    seen INTEGER NOT NULL,
    created INTEGER,
    revision INTEGER NOT NULL,
    document TEXT NOT NULL,
    raw TEXT)""",
    "CREATE INDEX contacts_by_run ON contacts (seen)",
    """CREATE TABLE tickets (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    thread_state TEXT,
    seen INTEGER NOT NULL,
    tried INTEGER NOT NULL DEFAULT 0,
    created INTEGER,
    updated INTEGER,
    month TEXT NOT NULL,
    revision INTEGER NOT NULL,
    problem TEXT,
    document TEXT NOT NULL,
    raw TEXT)""",
    "CREATE INDEX tickets_by_month ON tickets (month, created, length(id), id)",
    "CREATE INDEX tickets_by_run ON tickets (seen)",
    "CREATE INDEX tickets_due ON tickets (created DESC, id) WHERE thread_state IS NOT state",
    """CREATE TABLE messages (
    ticket_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    id TEXT NOT NULL,
    document TEXT NOT NULL,
    raw TEXT,
    PRIMARY KEY (ticket_id, position)) WITHOUT ROWID""",
    """CREATE TABLE people (
    person TEXT NOT NULL,
    ticket_id TEXT NOT NULL,
    PRIMARY KEY (person, ticket_id)) WITHOUT ROWID""",
    "CREATE INDEX people_by_ticket ON people (ticket_id)",
    """CREATE TABLE files (
    ticket_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    document TEXT NOT NULL,
    sha TEXT,
    size INTEGER,
    tried INTEGER NOT NULL DEFAULT 0,
    problem TEXT,
    PRIMARY KEY (ticket_id, message_id, position)) WITHOUT ROWID""",
    "CREATE INDEX files_due ON files (ticket_id) WHERE sha IS NULL",
    """CREATE TABLE tombstones (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    ref TEXT NOT NULL,
    reason TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    run INTEGER NOT NULL,
    PRIMARY KEY (kind, id)) WITHOUT ROWID""",
    """CREATE TABLE events (
    number INTEGER PRIMARY KEY,
    run INTEGER NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    ticket_id TEXT,
    at INTEGER,
    seen_at INTEGER NOT NULL)""",
    "CREATE INDEX events_by_run ON events (run, number)",
)

_AGENTS_OF_THREADS: Final = ("CREATE TABLE seen_agents (id TEXT PRIMARY KEY, document TEXT NOT NULL) WITHOUT ROWID",)
"""Where no list tells the agents, the authors of threads do, those of threads too that an earlier process read."""

MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (_FIRST, _AGENTS_OF_THREADS)
"""Step ``n`` brings a file of version ``n`` to version ``n + 1``; steps are only ever added."""

SCHEMA_VERSION: Final = len(MIGRATIONS)
