"""An outside judge of what tickets and customers have: the bytes of every file, the images in bodies, states and people.

It reads both desks over the vendor's wire (a local desk by SQL) and shares no code with the library.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections import Counter
from dataclasses import dataclass
from functools import partial

from e2e.judge import address, squashed
from e2e.wire import FURTHER_FILES, SECONDS, DeskieWire, LocalFile, lines_of, unwrapped

SOURCE_OF = re.compile(r"""<img\b[^>]*?\bsrc\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)
STATUS = {"waiting": "pending", "on_hold": "pending", "resolved": "closed", "solved": "closed", "new": "open"}
"""What vendors call alike, or take for the nearest that they have."""
PRIORITY = {1: "low", 5: "normal", 10: "high", 20: "urgent", "medium": "normal", "critical": "urgent"}
NOT_OWN = ("cid:", "data:", "https://")
"""What a picture of a simulator's own account never begins with: it is on loopback."""
PICTURE = re.compile(r"\[image: [^\]]*\]")


@dataclass(frozen=True, order=True)
class Said:
    """A message: what it says, the digests of its files, and those of the images that its body shows."""

    text: str
    files: tuple[str, ...]
    images: tuple[str, ...]


@dataclass(frozen=True, order=True)
class Held:
    """A ticket that neither was thrown away nor is spam, its messages in order."""

    subject: str
    status: str
    priority: str
    requester: str
    thread: tuple[Said, ...]


@dataclass(frozen=True, order=True)
class Known:
    """A customer; ``blocked`` is None where the vendor has no such thing."""

    email: str
    name: str
    blocked: bool | None


def digest(content):
    return hashlib.sha256(content).hexdigest()[:16]


def held_at(desk):
    """Return the tickets of a desk and how many there are of each."""
    if isinstance(desk, LocalFile):
        return Counter(_local(desk))
    return Counter(_deskie(desk) if isinstance(desk, DeskieWire) else _desk365(desk))


def known_at(desk):
    """Return the customers of a desk that have an e-mail and were not removed."""
    if isinstance(desk, LocalFile):
        rows = desk._rows("SELECT * FROM contacts WHERE space = '' AND NOT deleted")
        found = [(json.loads(row["document"]), bool(row["blocked"])) for row in rows]
        return Counter(
            Known(one["emails"][0], one.get("name") or "", blocked) for one, blocked in found if one.get("emails")
        )
    if isinstance(desk, DeskieWire):
        rows = [one for one in desk._rows("/api/users.json", "user") if one.get("user_email") and not one["deleted"]]
        return Counter(Known(one["user_email"], one["user_full_name"] or "", not one["active"]) for one in rows)
    rows = desk.ask("GET", "/apis/v3/contacts", params={"offset": 0, "contact_count": 100})["content"]
    assert len(rows) < 100, "more contacts than this judge reads"
    return Counter(Known(one["primary_email"], one["name"] or "", None) for one in rows)


def _content(desk, url, **credentials):
    answer = desk.http.get(url if "://" in url else desk.base + url, timeout=SECONDS, **credentials)
    answer.raise_for_status()
    return digest(answer.content)


def _said(lines, markup, files, of_own=None):
    """Put a message together; ``files`` are digests by the address that a body can show them by.

    ``of_own`` fetches what a body shows of the desk's own pictures that no list of files names.
    """
    text = PICTURE.sub("", squashed([PICTURE.sub("", line) for line in unwrapped(lines)[2]]))
    sources = [html.unescape(one) for one in SOURCE_OF.findall(markup or "")]
    if of_own is not None:
        files = {**files, **{one: of_own(one) for one in sources if one not in files and not one.startswith(NOT_OWN)}}
    images = [files.get(one, "dead" if one.startswith("cid:") else "elsewhere") for one in sources]
    return Said(text, tuple(sorted(files.values())), tuple(sorted(one for one in images if one != "elsewhere")))


def _deskie(desk):
    people = {one["user_id"]: one.get("user_email") or "" for one in desk._rows("/api/users.json", "user")}
    for row in desk._rows("/api/cases.json", "case", show_active_chats="true", show_merged_cases="true"):
        if row["deleted"] or row["spam"]:
            continue
        thread = []
        for one in desk._rows(f"/api/cases/{row['case_id']}/messages.json", "message"):
            files = {file["url"]: _content(desk, file["url"], **desk.credentials()) for file in one["attachments"]}
            markup = one["content_html"]
            of_own = partial(_content, desk, **desk.credentials())
            lines = lines_of(markup or one["content"], is_html=bool(markup))
            thread.append(_said(lines, markup, files, of_own))
        yield _held(row["subject"], row["status"], row["priority"], people.get(row["user_id"]), thread)


def _desk365(desk):
    offset = 0
    while True:
        wanted = {"offset": offset, "ticket_count": 100, "include_description": 1, "order_type": "asc"}
        page = desk.ask("GET", "/apis/v3/tickets", params=wanted)
        for row in page["tickets"]:
            number = {"ticket_number": row["ticket_number"]}
            first = desk.ask("GET", "/apis/v3/tickets/details", params=number)
            later = desk.ask("GET", "/apis/v3/tickets/conversations", params=number)["conversations"]
            thread = []
            for markup, attachments in [
                (row["description"], first["attachments"]), *((one["body"], one["attachments"]) for one in later)
            ]:  # fmt: skip
                lines = lines_of(markup or "", is_html=True)
                files = {file["attachment_url"]: _content(desk, file["attachment_url"]) for file in attachments}
                rest = unwrapped(lines)[2]
                if len(rest) == 1 and FURTHER_FILES.match(rest[0]):
                    before = thread[-1]
                    together = tuple(sorted((*before.files, *files.values())))
                    thread[-1] = Said(before.text, together, before.images)
                else:
                    thread.append(_said(lines, markup, files, partial(_content, desk)))
            yield _held(row["subject"], row["status"], row["priority"], row["contact_email"], thread)
        offset += len(page["tickets"])
        if not page["tickets"] or offset >= page["count"]:
            return


def _local(desk):
    for row in desk._rows("SELECT * FROM tickets WHERE space = '' AND NOT deleted AND NOT spam"):
        document, thread = json.loads(row["document"]), []
        query = "SELECT * FROM messages WHERE space = '' AND ticket_id = ? ORDER BY rank, time_key, place"
        for message in desk._rows(query, row["id"]):
            body = json.loads(message["document"]).get("body", {})
            files = {}
            query_files = "SELECT * FROM files WHERE space = '' AND message_id = ? ORDER BY position"
            for number, file in enumerate(desk._rows(query_files, message["id"])):
                chunks = desk._rows("SELECT data FROM blob_chunks WHERE sha = ? ORDER BY position", file["blob"])
                content_id = json.loads(file["document"]).get("content_id")
                shown = f"cid:{content_id}" if content_id else f"file {number}"
                files[shown] = digest(b"".join(one["data"] for one in chunks))
            markup = body.get("html")
            lines = lines_of(body.get("text", "") if markup is None else markup, is_html=markup is not None)
            thread.append(_said(lines, markup, files))
        requester = (document.get("requester") or {}).get("email")
        yield _held(document.get("subject", ""), document["status"], document["priority"], requester, thread)


def _held(subject, status, priority, requester, thread):
    word = str(status).lower()
    level = PRIORITY.get(priority, PRIORITY.get(str(priority).lower(), str(priority).lower()))
    words = squashed([subject or ""])
    words = "" if words in {"(nosubject)", "Nosubject"} else words[:80]
    requester = "" if (requester or "").endswith("@no-email.invalid") else requester
    return Held(words, STATUS.get(word, word), level, address(requester), tuple(thread))


def without_images(held):
    """Return the same where a destination shows no images inside bodies: they are files there."""
    return Counter(
        {
            Held(
                one.subject,
                one.status,
                one.priority,
                one.requester,
                tuple(Said(m.text, m.files, ()) for m in one.thread),
            ): n
            for one, n in held.items()
        }
    )


def in_any_order(held):
    """Return the same without the order of messages."""
    return Counter(
        Held(one.subject, one.status, one.priority, one.requester, tuple(sorted(one.thread))) for one in held.elements()
    )


def assert_same_possessions(old, new, *, images, ordered=True):
    """Every ticket and customer has at the destination what it has at the source, and nobody has more."""
    wanted, found = held_at(old), held_at(new)
    if not ordered:
        wanted, found = in_any_order(wanted), in_any_order(found)
    if not images:
        wanted, found = without_images(wanted), without_images(found)
    assert not any("dead" in one.images for held in found for one in held.thread), "an image is shown by a dead address"
    missing, extra = wanted - found, found - wanted
    assert not missing, (
        f"{missing.total()} tickets are not there as they were: {sorted(missing)[:1]}, but {sorted(extra)[:1]}"
    )
    assert not extra, f"{extra.total()} tickets are there that the source does not have: {sorted(extra)[:1]}"
    there = {one.email.lower(): one for one in known_at(new)}
    people = {}
    for one in known_at(old):
        people.setdefault(one.email.lower(), []).append(one)
    for email, same in people.items():  # what is one mailbox is one customer, with the name of one of them
        assert email in there, "a customer is missing"
        assert there[email].name in {one.name for one in same}, "a customer's name is another"
        blocked = {one.blocked for one in same} | {None}
        assert there[email].blocked in blocked or blocked == {None}, "a customer is blocked, or is not"
    return wanted.total()
