"""An outside judge of who may read what after a migration, and of whose words it is.

It reads the destination over the vendor's wire (a local desk by SQL) and the truth from the corpus or the source's wire,
and shares no code with the library: what the library believes of a message is nothing that it asks.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from e2e.wire import FURTHER_FILES, HEADER, MARKER, DeskieWire, LocalFile, lines_of

NEUTRAL = "[Imported] This ticket begins with an internal note."
OURS = re.compile(r"^\[Subject\] |^\[image: .*\]$")
WHO = {"contact": "customer", "agent": "agent"}


@dataclass(frozen=True, order=True)
class Words:
    """One message of somebody's: who wrote it and when, whether customers may read it, and what it says."""

    author: str
    who: str
    moment: str
    private: bool
    text: str


@dataclass
class Place:
    """A message as it stands at a desk. ``private`` is what the vendor does with it, whatever its lines tell."""

    private: bool
    author: str
    who: str
    moment: str
    lines: list[str]


@dataclass
class Ticket:
    """A ticket as it stands at a desk, the opening first."""

    subject: str
    places: list[Place]


@dataclass
class Verdict:
    """What is wrong, by the ticket's subject; and how much was looked at."""

    leaked: list[str] = field(default_factory=list)
    nameless: list[str] = field(default_factory=list)
    lost: list[Words] = field(default_factory=list)
    invented: list[Words] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    tickets: int = 0
    words: int = 0
    private: int = 0

    def assert_clean(self):
        assert not self.leaked, f"{len(self.leaked)} internal texts where customers read them: {self.leaked[:3]}"
        assert not self.nameless, f"{len(self.nameless)} lines without an author: {self.nameless[:3]}"
        assert not self.lost, f"{len(self.lost)} messages are not there as they were: {self.lost[:3]}"
        assert not self.invented, f"{len(self.invented)} messages are there that nobody wrote: {self.invented[:3]}"
        assert not self.strangers, f"{len(self.strangers)} tickets belong to none of the source: {self.strangers[:3]}"


def squashed(lines):
    return "".join("".join(line.split()) for line in lines)


def address(text):
    """Return an e-mail address as one line can hold it."""
    return " ".join((text or "").split())


def instant(text):
    """Return a time as seconds in UTC, of whichever form a vendor writes."""
    moment = parsedate_to_datetime(text) if re.fullmatch(r"\w{3}, .*", text) else datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# -- the truth -----------------------------------------------------------------------------------------------------


def truth_of_corpus(path, *, opened_by_requester=False):
    """Return (subject, words) of every ticket of a corpus.

    ``opened_by_requester``: the source has no author of an opening but the ticket's requester.
    """
    found = []
    for line in Path(path).read_text("utf-8").splitlines():
        ticket = json.loads(line)
        requester = ticket["requester"]["email"]
        words = []
        for number, message in enumerate(ticket["messages"]):
            author, who = address(message["author"]["email"]), WHO[message["author"]["role"]]
            if opened_by_requester and number == 0:
                author, who = address(requester), "customer"
            text = squashed(lines_of(message["text"], is_html=False))
            words.append(Words(author, who, instant(message["created_at"]), message["private"], text))
        found.append((ticket["subject"], words))
    return found


def truth_of(desk):
    """Return the same of a desk that was never migrated into, as it stands on the wire."""
    found = []
    for ticket in tickets_at(desk):
        words = [
            Words(address(one.author), one.who, one.moment, one.private, squashed(one.lines)) for one in ticket.places
        ]
        found.append((ticket.subject, words))
    return found


# -- what stands at a desk -----------------------------------------------------------------------------------------


def tickets_at(desk):
    if isinstance(desk, LocalFile):
        return list(_local(desk))
    return list(_deskie(desk) if isinstance(desk, DeskieWire) else _desk365(desk))


def _desk365(desk):
    offset = 0
    while True:
        wanted = {"offset": offset, "ticket_count": 100, "include_description": 1, "order_type": "asc"}
        page = desk.ask("GET", "/apis/v3/tickets", params=wanted)
        for row in page["tickets"]:
            requester = row["contact_email"]
            # A description is always read by its requester.
            lines = lines_of(row["description"] or "", is_html=True)
            places = [Place(False, requester, "customer", instant(row["created_on"]), lines)]
            number = {"ticket_number": row["ticket_number"]}
            for one in desk.ask("GET", "/apis/v3/tickets/conversations", params=number)["conversations"]:
                private = one["type"] in {"note", "forward"} and one["public_note"] is not True
                who = {"contact": "customer", "agent": "agent"}[one["sender_type"]]
                lines = lines_of(one["body"] or "", is_html=True)
                places.append(Place(private, one["created_by"], who, instant(one["created_on"]), lines))
            yield Ticket(row["subject"], places)
        offset += len(page["tickets"])
        if not page["tickets"] or offset >= page["count"]:
            return


def _deskie(desk):
    people = {one["user_id"]: one.get("user_email") or "" for one in desk._rows("/api/users.json", "user")}
    agents = {one["staff_id"]: one["staff_email"] for one in desk._rows("/api/staff.json", "staff")}
    for row in desk._rows("/api/cases.json", "case", show_active_chats="true", show_merged_cases="true"):
        if row["deleted"] or row["spam"]:
            continue
        places = []
        for one in desk._rows(f"/api/cases/{row['case_id']}/messages.json", "message"):
            markup = one["content_html"]
            lines = lines_of(markup or one["content"], is_html=bool(markup))
            author, who = "", "system"
            if one["staff_id"]:
                author, who = agents[one["staff_id"]], "agent"
            elif one["user_id"]:
                author, who = people[one["user_id"]], "customer"
            places.append(Place(bool(one["note"]), author, who, instant(one["created_at"]), lines))
        yield Ticket(row["subject"], places)


def _local(desk):
    for row in desk._rows("SELECT * FROM tickets WHERE space = '' AND NOT deleted AND NOT spam"):
        document = json.loads(row["document"])
        places = []
        query = "SELECT document FROM messages WHERE space = '' AND ticket_id = ? ORDER BY rank, time_key, place"
        for message in desk._rows(query, row["id"]):
            held = json.loads(message["document"])
            body, author = held.get("body", {}), held.get("author", {})
            markup = body.get("html")
            lines = lines_of(body.get("text", "") if markup is None else markup, is_html=markup is not None)
            who = {"contact": "customer"}.get(author.get("kind"), author.get("kind", "system"))
            private = held["visibility"] != "public"
            places.append(Place(private, author.get("email", ""), who, instant(held["created_at"]), lines))
        yield Ticket(document.get("subject", ""), places)


def told_at(place):
    """Yield (words, lines, header) of each message that a place holds: by its header lines, else as the place itself."""
    header, lines = None, []
    for line in [*place.lines, None]:
        next_header = None if line is None else HEADER.match(line)
        if line is not None and next_header is None:
            if not (MARKER.match(line) or OURS.match(line) or FURTHER_FILES.match(line)):
                lines.append(line)
            continue
        if lines or (header is not None and header["who"] in {"customer", "agent"}):
            yield _words(place, header, lines), lines, header
        header, lines = next_header, []


def _words(place, header, lines):
    if header is None:
        return Words(address(place.author), place.who, place.moment, place.private, squashed(lines))
    return Words(header["email"], header["who"], header["time"], header["privacy"] == "internal", squashed(lines))


# -- the verdict ---------------------------------------------------------------------------------------------------


def judge(truth, tickets):
    """Compare every ticket that stands at the destination with the truth."""
    verdict = Verdict(tickets=len(tickets))
    known = {}
    for subject, words in truth:
        key = (squashed([subject])[:80], min(one.moment for one in words))
        assert key not in known, "two tickets of the source are alike: the judge cannot tell them apart"
        known[key] = words
    for ticket in tickets:
        told = [(place, *one) for place in ticket.places for one in told_at(place)]
        ours = [one for one in told if one[2] != [NEUTRAL]]
        moments = [one.moment for _, one, _, _ in ours]
        key = (squashed([ticket.subject])[:80], min(moments, default=""))
        words = known.pop(key, None)
        if words is None:
            verdict.strangers.append(ticket.subject)
            continue
        _read(verdict, ticket, words, ours)
    verdict.lost += [one for words in known.values() for one in words]
    return verdict


def _read(verdict, ticket, words, told):
    found = Counter(one for _, one, _, _ in told)
    wanted = Counter(words)
    verdict.lost += (wanted - found).elements()
    verdict.invented += (found - wanted).elements()
    verdict.words += found.total()
    verdict.private += sum(one.private for one in found.elements())
    for place, one, _, header in told:
        if header is not None and header["who"] != "system" and not (header["name"] or header["email"]):
            verdict.nameless.append(f"{ticket.subject}: {header[0]}")
        if one.private and not place.private:
            verdict.leaked.append(f"{ticket.subject}: a line says that it is internal")
    # Whatever lines say: no text that only agents could read may stand in what customers read.
    open_text = "\n".join(one.text for one in words if not one.private)
    secrets = {one.text for one in words if one.private and one.text and one.text not in open_text}
    for place, _, lines, _ in told:
        if not place.private:
            verdict.leaked += [f"{ticket.subject}: {one[:40]}" for one in secrets if one in squashed(lines)]
    verdict.leaked += [f"{ticket.subject}: in its subject" for one in secrets if one in squashed([ticket.subject])]
