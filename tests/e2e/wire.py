"""Reads desks as a stranger would: plain requests over the vendor's wire, SQL for a local desk, nothing of the library."""

from __future__ import annotations

import hashlib
import hmac
import html
import json
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import requests

SECONDS = 30
HEADER = re.compile(
    r"^\[Imported\] (?P<name>[^<]*?) ?<(?P<email>[^>]*)> · (?P<who>\w+) · (?P<time>\S+) · (?P<privacy>public|internal) · "
    r"(?P<kind>\w+)(?: · phone [^·\n]+?)? · [0-9a-f]{16}$"
)
MARKER = re.compile(r"^\[ref:([0-9a-f]{16})\]$")
FURTHER_FILES = re.compile(r"^Further files of this message \(\d+ of \d+\)\.$")


@dataclass
class Said:
    """One message: its lines without blanks, what its header line told, and its files."""

    lines: list[str]
    private: bool
    author: str
    moment: str
    files: int
    told: re.Match | None = None


@dataclass
class Case:
    """One ticket as it stands on the wire."""

    id: str
    subject: str
    status: str
    requester: str
    created: str
    removed: bool
    marker: str | None
    thread: list[Said] = field(default_factory=list)


def sha(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def marker_of(old, new, ticket_id):
    """Return the marker by the formula of the papers: HMAC-SHA256 over kind and ref, keyed (HKDF) by both secrets."""
    halves = [sha(sha(b"helpdesk-bridge", one.secret.encode()), b"migration markers\x01") for one in (old, new)]
    key = sha(sha(bytes(32), b"".join(halves)), f"{old.ref}\n{new.ref}".encode() + b"\x01")
    words = [b"ticket", f"{old.ref}/ticket/{ticket_id}".encode()]
    return sha(key, b"".join(len(one).to_bytes(8, "big") + one for one in words)).hex()[:16]


class _Lines(HTMLParser):
    BREAKS = frozenset({"p", "div", "br", "li", "ul", "ol", "tr", "table", "blockquote", "h1", "h2", "h3", "hr", "pre"})

    def __init__(self):
        super().__init__()
        self.parts = []

    def handle_starttag(self, tag, attrs):
        if tag in self.BREAKS:
            self.parts.append("\n")

    handle_endtag = lambda self, tag: self.handle_starttag(tag, ())  # noqa: E731 - one rule for both ends of a tag

    def handle_data(self, data):
        self.parts.append(" ".join(data.split("\n")))


def lines_of(body, *, is_html):
    if is_html:
        reader = _Lines()
        reader.feed(body)
        reader.close()
        body = "".join(reader.parts)
    return [line for one in body.splitlines() if (line := " ".join(html.unescape(one).split()))]


def unwrapped(lines):
    """Take header line and marker off; return (header, marker, the rest)."""
    told = HEADER.match(lines[0]) if lines else None
    rest = lines[1:] if told else lines
    marked = MARKER.match(rest[-1]) if rest else None
    return told, (marked[1] if marked else None), (rest[:-1] if marked else rest)


class Wire:
    """One simulator, by plain HTTP. Its own door (``/_sim``) included."""

    def __init__(self, settings):
        self.settings = settings
        self.base = settings["base_url"]
        self.http = requests.Session()
        self.http.trust_env = False

    def close(self):
        self.http.close()

    # -- the simulator's own door

    def outbox(self):
        return self.http.get(f"{self.base}/_sim/outbox", timeout=SECONDS).json()["count"]

    def requests(self):
        return self.http.get(f"{self.base}/_sim/requests", timeout=SECONDS).json()["requests"]

    def total(self):
        return self.http.get(f"{self.base}/_sim/requests?limit=0", timeout=SECONDS).json()["total"]

    def writes(self):
        return [one for one in self.requests() if one["method"] != "GET"]

    def forget(self):
        self.http.delete(f"{self.base}/_sim/requests", timeout=SECONDS).raise_for_status()

    def reset(self):
        self.http.post(f"{self.base}/_sim/reset", timeout=SECONDS).raise_for_status()

    def inject(self, kind, **options):
        answer = self.http.post(f"{self.base}/_sim/faults", json={"kind": kind, **options}, timeout=SECONDS)
        assert answer.status_code == 201, answer.text

    def heal(self):
        self.http.delete(f"{self.base}/_sim/faults", timeout=SECONDS).raise_for_status()

    # -- the vendor's wire

    def ask(self, method, path, **options):
        for _ in range(5):
            answer = self.http.request(method, self.base + path, timeout=SECONDS, **self.credentials(), **options)
            if answer.status_code != 429:
                answer.raise_for_status()
                return answer.json()
            self.http.post(f"{self.base}/_sim/clock", json={"advance": 3600}, timeout=SECONDS).raise_for_status()
        raise AssertionError(f"{path} is refused for ever")


class DeskieWire(Wire):
    def __init__(self, settings):
        super().__init__(settings)
        self.ref, self.secret = f"deskie:{settings['account']}", settings["api_key"]

    def credentials(self):
        return {"auth": (self.settings["staff_email"], self.settings["api_key"])}

    def _rows(self, path, kind, **params):
        page, rows = 1, []
        while True:
            found = self.ask("GET", path, params={**params, "page": page, "limit": 100})
            here = [one[kind] for key, one in found.items() if key.isdigit()]
            rows += here
            if len(rows) >= found["total_count"] or not here:
                return rows
            page += 1

    def contacts(self):
        return [one.get("user_email") or one.get("user_phone") or "" for one in self._rows("/api/users.json", "user")]

    def cases(self):
        fields = self.ask("GET", "/api/custom_fields.json")
        ids = [
            f"cf_{one['custom_field']['field_id']}"
            for key, one in fields.items()
            if key.isdigit() and one["custom_field"]["title"] == "Migration marker"
        ]
        people = {one["user_id"]: one.get("user_email") or "" for one in self._rows("/api/users.json", "user")}
        agents = {one["staff_id"]: one["staff_email"] for one in self._rows("/api/staff.json", "staff")}
        rows = self._rows("/api/cases.json", "case", show_active_chats="true", show_merged_cases="true")
        return [self._case(row, ids, people, agents) for row in rows]

    def _case(self, row, marker_fields, people, agents):
        case = Case(
            id=str(row["case_id"]),
            subject=row["subject"],
            status=row["status"],
            requester=people.get(row["user_id"], ""),
            created=row["created_at"],
            removed=bool(row["deleted"] or row["spam"]),
            marker=next(
                (str(row["custom_fields"][one]) for one in marker_fields if row["custom_fields"].get(one)), None
            ),
        )
        for message in self._rows(f"/api/cases/{case.id}/messages.json", "message"):
            body, is_html = (message["content_html"], True) if message["content_html"] else (message["content"], False)
            told, marker, lines = unwrapped(lines_of(body, is_html=is_html))
            case.marker = case.marker or marker
            author = people.get(message["user_id"]) if message["user_id"] else agents.get(message["staff_id"])
            case.thread.append(
                Said(
                    lines, bool(message["note"]), author or "", message["created_at"], len(message["attachments"]), told
                )
            )
        return case


class Desk365Wire(Wire):
    def __init__(self, settings):
        super().__init__(settings)
        self.ref, self.secret = f"desk365:{settings['subdomain']}", settings["api_key"]

    def credentials(self):
        return {"headers": {"Authorization": self.settings["api_key"]}}

    def contacts(self):
        rows, offset = [], 0
        while True:
            found = self.ask("GET", "/apis/v3/contacts", params={"offset": offset, "contact_count": 100})
            rows += found["content"]
            offset += len(found["content"])
            if not found["content"] or offset >= found["count"]:
                return [one["primary_email"] for one in rows]

    def cases(self):
        rows, offset = [], 0
        while True:
            wanted = {"offset": offset, "ticket_count": 100, "include_description": 1, "include_custom_fields": 1}
            found = self.ask("GET", "/apis/v3/tickets", params={**wanted, "order_type": "asc"})
            rows += found["tickets"]
            offset += len(found["tickets"])
            if not found["tickets"] or offset >= found["count"]:
                break
        return [self._case(row) for row in rows]

    def _case(self, row):
        number = str(row["ticket_number"])
        told, marker, lines = unwrapped(lines_of(row["description"] or "", is_html=True))
        case = Case(
            id=number,
            subject=row["subject"],
            status=row["status"],
            requester=row["contact_email"],
            created=row["created_on"],
            removed=False,
            marker=(row["custom_fields"] or {}).get("cf_Migration marker") or marker,
        )
        files = len(self.ask("GET", "/apis/v3/tickets/details", params={"ticket_number": number})["attachments"])
        case.thread.append(Said(lines, False, row["contact_email"], row["created_on"], files, told))
        answer = self.ask("GET", "/apis/v3/tickets/conversations", params={"ticket_number": number})
        for message in answer["conversations"]:
            told, _, lines = unwrapped(lines_of(message["body"] or "", is_html=True))
            said = Said(lines, message["type"] != "reply", message["created_by"], message["created_on"], 0, told)
            said.files = message["attachments_count"]
            if len(lines) == 1 and FURTHER_FILES.match(lines[0]):
                case.thread[-1].files += said.files
            else:
                case.thread.append(said)
        return case


class LocalFile:
    """A local desk's file, by SQL. ``ref`` is the account's random id that the file keeps."""

    space = ""

    def __init__(self, path):
        self.path = Path(path)
        account = self._rows("SELECT value FROM meta WHERE name = 'account'")[0]["value"]
        self.ref = f"local:{account}"
        self.secret = self._rows("SELECT value FROM meta WHERE name = 'key'")[0]["value"]

    def close(self):
        """Nothing is kept open."""

    def _rows(self, query, *values):
        with closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as db:
            rows = db.execute(query, values)
            names = [one[0] for one in rows.description]
            return [dict(zip(names, row, strict=True)) for row in rows]

    def outbox(self):
        return len(self._rows("SELECT * FROM outbox"))

    def contacts(self):
        return [row["id"] for row in self._rows("SELECT id FROM contacts WHERE space = ?", self.space)]

    def cases(self):
        query = "SELECT * FROM tickets WHERE space = ? ORDER BY id_rank, id"
        return [self._case(row) for row in self._rows(query, self.space)]

    def _case(self, row):
        document = json.loads(row["document"])
        case = Case(
            id=row["id"],
            subject=document.get("subject", ""),
            status=document.get("status", ""),
            requester=(document.get("requester") or {}).get("email", ""),
            created=document.get("created_at", ""),
            removed=bool(row["deleted"] or row["spam"]),
            marker=row["marker"],
        )
        query = "SELECT * FROM messages WHERE space = ? AND ticket_id = ? ORDER BY rank, time_key, place"
        for message in self._rows(query, self.space, row["id"]):
            held = json.loads(message["document"])
            body = held.get("body", {})
            text, is_html = (body["html"], True) if body.get("html") is not None else (body.get("text", ""), False)
            told, marker, lines = unwrapped(lines_of(text, is_html=is_html))
            case.marker = case.marker or marker
            files = self._rows("SELECT 1 FROM files WHERE space = ? AND message_id = ?", self.space, message["id"])
            author = (held.get("author") or {}).get("email", "")
            private = held["visibility"] == "internal"
            case.thread.append(Said(lines, private, author, held.get("created_at", ""), len(files), told))
        return case


class Desk360Inbox(LocalFile):
    """A Desk360 inbox's file, by SQL; customers' files are at the addresses that the vendor gave for them."""

    def __init__(self, settings):
        self.path = Path(settings["inbox"])
        self.ref = self.space = f"desk360:{settings['integration']}"
        self.secret = settings["api_key"]
        self._base = settings["base_url"]
        self._sent_before = self._sent()

    def _sent(self):
        return requests.get(f"{self._base}/_sim/outbox", timeout=SECONDS).json()["count"]

    def outbox(self):
        return self._sent() - self._sent_before

    def content(self, file):
        """Return the bytes of a file that the inbox does not keep."""
        answer = requests.get(json.loads(json.loads(file["document"])["locator"])["url"], timeout=SECONDS)
        answer.raise_for_status()
        return answer.content


WIRES = {"deskie": DeskieWire, "desk365": Desk365Wire, "desk360": Desk360Inbox}
