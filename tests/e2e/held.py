"""What a desk holds, read as a stranger would: over the vendor's wire, by SQL from a local desk, nothing of the library."""

from __future__ import annotations

import hashlib
import html
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial

from e2e.wire import SECONDS, Desk360Inbox, DeskieWire, LocalFile, lines_of, unwrapped

SOURCE_OF = re.compile(r"""<img\b[^>]*?\bsrc\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)
STATUS = {"waiting": "pending", "on_hold": "pending", "resolved": "closed", "solved": "closed", "new": "open"}
"""What vendors call alike, or take for the nearest that they have."""
PRIORITY = {"1": "low", "5": "normal", "10": "high", "20": "urgent", "medium": "normal", "critical": "urgent"}
NOT_OWN = ("cid:", "data:", "https://")
"""What a picture of a simulator's own account never begins with: it is on loopback."""
MARKER_FIELD = "Migration marker"
DEAD = "dead"
"""What a body shows by an address inside its own mail, which no reader has."""


@dataclass
class Place:
    """A message as it is at a desk. ``private`` is what the vendor does with it, whatever its lines tell.

    ``files`` are digests of all its files, ``images`` of those that its body shows.
    """

    private: bool
    author: str
    who: str
    moment: str
    lines: list[str]
    files: tuple[str, ...] = ()
    images: tuple[str, ...] = ()


@dataclass
class Ticket:
    """A ticket that neither was thrown away nor is spam, the opening first. ``fields`` has what else there is, by name."""

    subject: str
    places: list[Place]
    id: str = ""
    marker: str | None = None
    status: str = ""
    priority: str = ""
    requester: str = ""
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Customer:
    """A customer who was not removed; ``fields`` has what the vendor keeps, by name."""

    email: str
    name: str
    phones: frozenset[str]
    fields: dict[str, str] = field(hash=False, default_factory=dict)


def address(text):
    """Return an e-mail address as one line can hold it."""
    return " ".join((text or "").split())


def instant(text):
    """Return a time as seconds in UTC, of whichever form a vendor writes."""
    moment = parsedate_to_datetime(text) if re.fullmatch(r"\w{3}, .*", text) else datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def tickets_at(desk):
    """Return the tickets of a desk."""
    return list(_of(desk, _local_tickets, _deskie_tickets, _desk365_tickets))


def customers_at(desk):
    """Return the customers of a desk."""
    return list(_of(desk, _local_customers, _deskie_customers, _desk365_customers))


def _of(desk, local, deskie, desk365):
    if isinstance(desk, LocalFile):
        return local(desk)
    return deskie(desk) if isinstance(desk, DeskieWire) else desk365(desk)


def _content(desk, url, **credentials):
    answer = desk.http.get(url if "://" in url else desk.base + url, timeout=SECONDS, **credentials)
    answer.raise_for_status()
    return _digest(answer.content)


def _digest(content):
    return hashlib.sha256(content).hexdigest()[:16]


def _shown(markup, files, of_own=None):
    """Return digests of the images that a body shows; ``files`` are by the address that a body can show them by.

    ``of_own`` fetches what a body shows of the desk's own pictures that no list of files names.
    """
    sources = [html.unescape(one) for one in SOURCE_OF.findall(markup or "")]
    if of_own is not None:
        files = {**files, **{one: of_own(one) for one in sources if one not in files and not one.startswith(NOT_OWN)}}
    images = [files.get(one, DEAD if one.startswith("cid:") else None) for one in sources]
    return {
        "files": tuple(sorted(files.values())),
        "images": tuple(sorted(one for one in images if one is not None)),
    }


def _fields(values):
    """Return values of fields as text, those left out that say nothing; numbers of either form are one."""
    shown = {}
    for name, value in values.items():
        if value is None or value is False or value in {"", "0001-01-01"} or name == MARKER_FIELD:
            continue
        text = {True: "true"}.get(value, str(value)) if isinstance(value, bool) else str(value)
        number = re.fullmatch(r"(-?\d+)\.(\d*?)0*", text)
        shown[name] = (f"{number[1]}.{number[2]}" if number[2] else number[1]) if number else " ".join(text.split())
    return shown


def _ticket(row, places, *, marker, requester, fields, marked_by_field=None):
    word = str(row["status"]).lower()
    level = str(row["priority"]).lower()
    lines = places[0].lines if places else []
    return Ticket(
        row.get("subject") or "",
        places,
        id=str(row["id"]),
        marker=marked_by_field or unwrapped(lines)[1] or marker,
        status=STATUS.get(word, word),
        priority=PRIORITY.get(level, level),
        requester=address(requester),
        fields=_fields(fields),
    )


def _desk365_tickets(desk):
    offset = 0
    while True:
        wanted = {"offset": offset, "ticket_count": 100, "include_description": 1, "include_custom_fields": 1}
        page = desk.ask("GET", "/apis/v3/tickets", params={**wanted, "order_type": "asc"})
        for row in page["tickets"]:
            yield _desk365_ticket(desk, row)
        offset += len(page["tickets"])
        if not page["tickets"] or offset >= page["count"]:
            return


def _desk365_ticket(desk, row):
    requester, number = row["contact_email"], {"ticket_number": row["ticket_number"]}
    opening = desk.ask("GET", "/apis/v3/tickets/details", params=number)["attachments"]

    def place(markup, attachments, private, author, who, moment):
        files = {file["attachment_url"]: _content(desk, file["attachment_url"]) for file in attachments}
        shown = _shown(markup, files, partial(_content, desk))
        return Place(private, author, who, instant(moment), lines_of(markup or "", is_html=True), **shown)

    # A description is always read by its requester.
    places = [place(row["description"], opening, False, requester, "customer", row["created_on"])]
    for one in desk.ask("GET", "/apis/v3/tickets/conversations", params=number)["conversations"]:
        private = one["type"] in {"note", "forward"} and one["public_note"] is not True
        who = {"contact": "customer", "agent": "agent"}[one["sender_type"]]
        places.append(place(one["body"], one["attachments"], private, one["created_by"], who, one["created_on"]))
    own = {name.removeprefix("cf_"): value for name, value in (row["custom_fields"] or {}).items()}
    fields = {
        "assignee": row["assigned_to"], "group": row["group"], "type": row["type"], "category": row["category"],
        "subcategory": row["subcategory"], **{f"custom_fields.{name}": value for name, value in own.items() if name != MARKER_FIELD},
    }  # fmt: skip
    row = {**row, "id": row["ticket_number"]}
    return _ticket(row, places, marker=None, requester=requester, fields=fields, marked_by_field=own.get(MARKER_FIELD))


def _desk365_customers(desk):
    offset = 0
    while True:
        found = desk.ask("GET", "/apis/v3/contacts", params={"offset": offset, "contact_count": 100})
        for one in found["content"]:
            phones = frozenset(digits for name in ("mobile", "phone") if (digits := _digits(one[name])))
            fields = {"title": one["title"], "company": one["company_name"]}
            yield Customer(address(one["primary_email"]), one["name"] or "", phones, _fields(fields))
        offset += len(found["content"])
        if not found["content"] or offset >= found["count"]:
            return


def _digits(text):
    return re.sub(r"\D", "", text or "")


def _deskie_fields(desk):
    """Return the custom fields by their key, as name and options."""
    found = desk.ask("GET", "/api/custom_fields.json")
    rows = [one["custom_field"] for key, one in found.items() if key.isdigit()]
    return {f"cf_{one['field_id']}": (one["title"], one["field_data"] or {}) for one in rows}


def _deskie_values(known, values):
    """Return custom fields by their names, an option by its word."""
    read = {}
    for key, value in (values or {}).items():
        name, options = known[key]
        read[name] = options.get(str(value), value) if isinstance(options, dict) else value
    return read


def _deskie_tickets(desk):
    people = {one["user_id"]: one.get("user_email") or "" for one in desk._rows("/api/users.json", "user")}
    agents = {one["staff_id"]: one["staff_email"] for one in desk._rows("/api/staff.json", "staff")}
    groups = {one["group_id"]: one["group_title"] for one in desk._rows("/api/groups.json", "group")}
    labels = {one["label_id"]: one["label_title"] for one in desk._rows("/api/labels.json", "label")}
    known = _deskie_fields(desk)
    for row in desk._rows("/api/cases.json", "case", show_active_chats="true", show_merged_cases="true"):
        if row["deleted"] or row["spam"]:
            continue
        places = []
        for one in desk._rows(f"/api/cases/{row['case_id']}/messages.json", "message"):
            markup = one["content_html"]
            author, who = "", "system"
            if one["staff_id"]:
                author, who = agents[one["staff_id"]], "agent"
            elif one["user_id"]:
                author, who = people[one["user_id"]], "customer"
            files = {file["url"]: _content(desk, file["url"], **desk.credentials()) for file in one["attachments"]}
            shown = _shown(markup, files, partial(_content, desk, **desk.credentials()))
            lines = lines_of(markup or one["content"], is_html=bool(markup))
            places.append(Place(bool(one["note"]), author, who, instant(one["created_at"]), lines, **shown))
        own = _deskie_values(known, row["custom_fields"])
        fields = {
            "assignee": agents.get(row["staff_id"]), "group": groups.get(row["group_id"]),
            "tags": ", ".join(sorted(labels[one] for one in row["labels"])),
            **{f"custom_fields.{name}": value for name, value in own.items() if name != MARKER_FIELD},
        }  # fmt: skip
        yield _ticket(
            {**row, "id": row["case_id"]},
            places,
            marker=None,
            requester=people.get(row["user_id"]),
            fields=fields,
            marked_by_field=own.get(MARKER_FIELD),
        )


def _deskie_customers(desk):
    known = _deskie_fields(desk)
    for one in desk._rows("/api/users.json", "user"):
        if one["deleted"]:
            continue
        own = _deskie_values(known, one["custom_fields"])
        fields = {
            "title": one["company_position"], "company": one["company_name"], "blocked": not one["active"],
            **{f"custom_fields.{name}": value for name, value in own.items()},
        }  # fmt: skip
        phones = frozenset(filter(None, [_digits(one.get("user_phone"))]))
        yield Customer(address(one.get("user_email")), one["user_full_name"] or "", phones, _fields(fields))


def _local_tickets(desk):
    for row in desk._rows("SELECT * FROM tickets WHERE space = ? AND NOT deleted AND NOT spam", desk.space):
        document, places = json.loads(row["document"]), []
        query = "SELECT * FROM messages WHERE space = ? AND ticket_id = ? ORDER BY rank, time_key, place"
        for message in desk._rows(query, desk.space, row["id"]):
            held = json.loads(message["document"])
            body, author = held.get("body", {}), held.get("author") or {}
            files = {}
            query_files = "SELECT * FROM files WHERE space = ? AND message_id = ? ORDER BY position"
            for number, file in enumerate(desk._rows(query_files, desk.space, message["id"])):
                content_id = json.loads(file["document"]).get("content_id")
                files[f"cid:{content_id}" if content_id else f"file {number}"] = _digest(_local_content(desk, file))
            markup = body.get("html")
            lines = lines_of(body.get("text", "") if markup is None else markup, is_html=markup is not None)
            who = {"contact": "customer"}.get(author.get("kind"), author.get("kind", "system"))
            private = held["visibility"] != "public"
            shown = _shown(markup, files)
            places.append(Place(private, author.get("email", ""), who, instant(held["created_at"]), lines, **shown))
        own = {} if isinstance(desk, Desk360Inbox) else document.get("custom_fields") or {}
        fields = {
            "assignee": (document.get("assignee") or {}).get("email"), "group": (document.get("group") or {}).get("name"),
            "type": document.get("type"), "category": document.get("category"), "subcategory": document.get("subcategory"),
            "tags": ", ".join(sorted(document.get("tags") or ())),
            **{f"custom_fields.{name}": _plain(value) for name, value in own.items()},
        }  # fmt: skip
        shown = {**document, "id": row["id"], "status": row["status"], "priority": row["priority"]}
        requester = (document.get("requester") or {}).get("email")
        yield _ticket(shown, places, marker=row["marker"], requester=requester, fields=fields)


def _local_content(desk, file):
    if file["blob"] is None:
        return desk.content(file)
    chunks = desk._rows("SELECT data FROM blob_chunks WHERE sha = ? ORDER BY position", file["blob"])
    return b"".join(one["data"] for one in chunks)


def _plain(value):
    """Return a value of a local desk's document: one that JSON lacks is an object of its kind and text."""
    return next(iter(value.values())) if isinstance(value, dict) and len(value) == 1 else value


def _local_customers(desk):
    for row in desk._rows("SELECT * FROM contacts WHERE space = ? AND NOT deleted", desk.space):
        one = json.loads(row["document"])
        own = one.get("custom_fields") or {}
        fields = {
            "title": one.get("title"), "company": (one.get("company") or {}).get("name"), "blocked": bool(row["blocked"]),
            **{f"custom_fields.{name}": _plain(value) for name, value in own.items()},
        }  # fmt: skip
        phones = frozenset(_digits(phone["raw"]) for phone in one.get("phones", ()))
        yield Customer(address((one.get("emails") or [""])[0]), one.get("name") or "", phones, _fields(fields))
