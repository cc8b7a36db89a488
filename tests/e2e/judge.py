"""An outside judge of a migration: what is lost, written twice, altered, or shown to whom it is none of his business.

``findings(source, destination, announced)`` compares two desks, read over their vendors' wires, and returns what is wrong.
``judge(truth, tickets)`` is its part about who may read what and whose words they are; its truth may be a corpus. Neither
shares code with the library: what that believes of a record is nothing that they ask.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from e2e.held import DEAD, address, customers_at, instant, tickets_at
from e2e.wire import FURTHER_FILES, HEADER, MARKER, Desk365Wire, lines_of, marker_of

NEUTRAL = "[Imported] This ticket begins with an internal note."
OURS = re.compile(r"^\[Subject\] |^\[Not migrated: file .*\]$")
FILES_ALONE = re.compile(rf"{FURTHER_FILES.pattern}|^File of this message, fetched later: ")
"""What a message says that is there for files of another one."""
NO_TEXT = "\u200b"
PICTURE = re.compile(r"\[image(: [^\]]*)?\]")
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


def shown(lines):
    """Return lines without what stands for a picture."""
    return [PICTURE.sub("", line) for line in lines]


def squashed(lines):
    """Return what lines show: without blanks, and without the mark that stands for no text where a vendor wants one."""
    return "".join("".join(line.split()) for line in lines).replace(NO_TEXT, "")


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
            Words(address(one.author), one.who, one.moment, one.private, squashed(shown(one.lines)))
            for one in ticket.places
        ]
        found.append((ticket.subject, words))
    return found


# -- what a place of a desk says ------------------------------------------------------------------------------------


def told_at(place):
    """Yield (words, lines, header) of each message that a place holds: by its header lines, else as the place itself."""
    header, lines = None, []
    if any(FILES_ALONE.match(line) for line in place.lines):
        return
    own = [line for line in place.lines if not (MARKER.match(line) or OURS.match(line))]
    if not own:  # files alone
        yield _words(place, None, []), [], None
        return
    for line in [*place.lines, None]:
        next_header = None if line is None else HEADER.match(line)
        if line is not None and next_header is None:
            line = PICTURE.sub("", line)  # noqa: PLW2901 - what a desk without images shows instead
            if not (MARKER.match(line) or OURS.match(line)):
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


# -- two desks -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, order=True)
class Finding:
    """Something that is wrong at the destination and was not announced.

    ``record`` is ticket, message, file, image or customer; ``what`` is lost, twice, extra, order, dead or the name of a field
    that differs; ``of`` names the record: a ticket by its source's id and subject, a customer by the address.
    """

    record: str
    what: str
    of: str
    expected: str = ""
    found: str = ""

    def __str__(self):
        values = f": {self.expected!r}, there {self.found!r}" if self.expected or self.found else ""
        return f"{self.record} {self.what} ({self.of}){values}"


@dataclass(frozen=True)
class Announced:
    """What a migration said it would not keep: ``changes`` as ``migrate run --json`` lists them in ``changed``."""

    changes: tuple[dict, ...] = ()

    def lost(self, name):
        return any(one["field"] == name and one["change"] == "lost" for one in self.changes)

    def changed(self, name):
        """Whether a field, or the one of which it is a part, was announced as lost or as another."""
        names = {name, name.rpartition(".")[0] if name.count(".") > 1 else name}
        return any(one["field"] in names for one in self.changes)


def findings(source, destination, announced=()):
    """Compare the tickets and customers of two desks, given as wires of ``e2e.wire``; return what is wrong.

    ``announced``: the changes that the migration announced, as its JSON lists them; what they are about is not looked at,
    or in the form that they name. Tickets are known by their markers, else by subject and time.
    """
    announced = Announced(tuple(announced))
    wanted, there = tickets_at(source), tickets_at(destination)
    pairs, lost, extra = _paired(source, destination, wanted, there)
    found = [Finding("ticket", "lost", _named(ticket)) for ticket in lost]
    found += [Finding("ticket", "twice" if twice else "extra", _named(ticket)) for ticket, twice in extra]
    for old, new in pairs:
        found += _of_ticket(old, new, announced)
    found += _of_customers(source, destination, wanted, announced)
    return sorted(found)


def _named(ticket):
    return f"{ticket.id} {ticket.subject[:30]}"


def _paired(source, destination, wanted, there):
    """Return pairs, what is not there, and what is there besides with whether it is a second one."""
    markers = {marker_of(source, destination, one.id): one for one in wanted}
    keys, pairs, extra, taken, unmarked = {}, [], [], {}, []
    for one in wanted:
        keys.setdefault(_key(one), []).append(one)
    for new in there:
        old = markers.get(new.marker)
        if old is None:
            unmarked.append(new)
        elif old.id in taken:
            extra.append((new, True))
        else:
            taken[old.id] = new
            pairs.append((old, new))
    for new in unmarked:
        alike = keys.get(_key(new), [])
        old = next((one for one in alike if one.id not in taken), None)
        if old is None:
            extra.append((new, bool(alike)))
        else:
            taken[old.id] = new
            pairs.append((old, new))
    return pairs, [one for one in wanted if one.id not in taken], extra


def _key(ticket):
    moments = [words.moment for place in ticket.places for words, lines, _ in told_at(place) if lines != [NEUTRAL]]
    return squashed([ticket.subject])[:80], min(moments, default="")


def _of_ticket(old, new, announced):
    named, found = _named(old), []

    def differs(name, expected, there):
        if expected != there and not announced.changed(f"ticket.{name}"):
            found.append(Finding("ticket", name, named, expected, there))

    subject, there = (_plain_subject(one.subject) for one in (old, new))
    if subject != there and not (
        announced.changed("ticket.subject") and there and subject.startswith(there.rstrip("…"))
    ):
        found.append(Finding("ticket", "subject", named, subject, there))
    differs("status", old.status, new.status)
    if old.priority != "unknown":
        differs("priority", old.priority, new.priority)
    if not new.requester.endswith(NOBODY) or (old.requester and not old.requester.endswith(NOBODY)):
        differs("requester", _mailbox(old.requester), _mailbox(new.requester))
    for name in sorted({*old.fields, *new.fields}):
        before, now = (one.fields.get(name, "") for one in (old, new))
        differs(name, *((_mailbox(before), _mailbox(now)) if name == "assignee" else (before, now)))
    return found + _of_thread(named, old, new, announced)


NOBODY = "@no-email.invalid"


def _plain_subject(text):
    words = squashed([text])
    return "" if words in {"(nosubject)", "Nosubject"} else words


def _mailbox(text):
    local, _, domain = address(text).rpartition("@")
    with suppress(UnicodeError):
        domain = domain.encode("idna").decode()
    return f"{local.lower()}@{domain.lower()}" if domain else ""


def _of_thread(named, old, new, announced):
    wanted = [words for place in old.places for words in [_own_words(place)]]
    told = [(place, words, lines) for place in new.places for words, lines, _ in told_at(place)]
    there = [words for place, words, lines in told if lines != [NEUTRAL]]
    lost, invented = Counter(wanted) - Counter(there), Counter(there) - Counter(wanted)
    found = []
    for words in (lost).elements():
        other = next((one for one in invented.elements() if (one.text, one.moment) == (words.text, words.moment)), None)
        if other is None:
            found.append(Finding("message", "lost", named, _short(words)))
            continue
        invented -= Counter([other])
        what = next(name for name in ("author", "who", "private") if getattr(words, name) != getattr(other, name))
        found.append(Finding("message", {"private": "visibility"}.get(what, what), named, _short(words), _short(other)))
    for words in invented.elements():
        what = "twice" if any((words.text, words.moment) == (one.text, one.moment) for one in wanted) else "extra"
        found.append(Finding("message", what, named, "", _short(words)))
    if not found and wanted != there:
        found.append(Finding("message", "order", named))
    secrets = {one.text for one in wanted if one.private and one.text}
    open_text = "\n".join(one.text for one in wanted if not one.private)
    for place, words, lines in told:
        seen = squashed(lines)
        if not place.private and (words.private or any(one in seen for one in secrets if one not in open_text)):
            found.append(Finding("message", "leaked", named, "", _short(words)))
    return found + _of_files(named, old, new, announced, words=wanted if wanted == there else None)


def _own_words(place):
    return Words(address(place.author), place.who, place.moment, place.private, squashed(shown(place.lines)))


def _short(words):
    return f"{words.author} {words.moment} {'internal' if words.private else 'public'} {words.text[:20]}"


def _of_files(named, old, new, announced, *, words):
    """Compare bytes: message by message, or of the whole thread where the destination has several in one place.

    Messages of the same ``words`` are one: nothing but their order, which a verification tells, says which has a file.
    """
    places, late = [], False
    for place in new.places:
        if any(FURTHER_FILES.match(line) for line in place.lines) and places:
            places[-1] = ((*places[-1][0], *place.files), places[-1][1])
        else:
            late = late or any(FILES_ALONE.match(line) for line in place.lines)
            places.append((place.files, place.images))
    before = [(one.files, one.images) for one in old.places]
    if late or words is None or len(places) != len(before):
        places, before = [_together(places)], [_together(before)]
    else:
        places, before = _by_words(places, words), _by_words(before, words)
    found = []
    for (files, images), (files_there, images_there) in zip(before, places, strict=True):
        for what, one, other in (("file", files, files_there), ("image", images, images_there)):
            name = "message.inline" if what == "image" else "message.attachments"
            lost, extra = Counter(one) - Counter(other), Counter(other) - Counter(one)
            if what == "image" and DEAD in extra:
                found.append(Finding("image", "dead", named))
            if what == "image" and (late or announced.changed(name)):
                continue  # a file that the source gave late is attached, and not shown in the body any more
            found += [Finding(what, "lost", named, digest) for digest in lost if not announced.lost(name)]
            found += [Finding(what, "extra", named, "", digest) for digest in extra if digest != DEAD]
    return found


def _together(places):
    return tuple(tuple(one for place in places for one in place[part]) for part in (0, 1))


def _by_words(places, words):
    groups = {}
    for place, one in zip(places, words, strict=True):
        groups.setdefault(one, []).append(place)
    return list(map(_together, groups.values()))


# -- customers -----------------------------------------------------------------------------------------------------


def _of_customers(source, destination, tickets, announced):
    """Compare customers by their mailbox, or by their telephone where they have none."""
    old, new, found = {}, {}, []
    for known, desk in ((old, source), (new, destination)):
        for one in customers_at(desk):
            known.setdefault(_identity(one), []).append(one)
    needs_email = isinstance(destination, Desk365Wire)
    for identity, same in old.items():
        if identity is None or (needs_email and "@" not in identity):
            continue
        there = new.get(identity, [])
        if len(there) != 1:
            found.append(Finding("customer", "twice" if there else "lost", identity))
        for one in there[:1]:
            found += _of_customer(identity, same, one, announced)
    people = {_mailbox(words.author) for ticket in tickets for place in ticket.places for words in [_own_words(place)]}
    people |= {_mailbox(ticket.requester) for ticket in tickets}
    for identity in new.keys() - old.keys() - people:
        if identity is not None and not identity.endswith(NOBODY):
            found.append(Finding("customer", "extra", identity))
    return found


def _identity(customer):
    return _mailbox(customer.email) or min(customer.phones, default=None)


def _of_customer(identity, same, there, announced):
    """Compare a customer with those of the source that are one person: what is there is what one of them has."""
    found = []
    # Who has no name is called by the address where a desk wants one.
    if there.name not in {one.name or identity.partition("@")[0] for one in same} | {one.name for one in same}:
        found.append(Finding("customer", "name", identity, same[0].name, there.name))
    for name in sorted({*there.fields, *(name for one in same for name in one.fields)}):
        values = {one.fields.get(name, "") for one in same}
        if there.fields.get(name, "") not in values and not announced.changed(f"contact.{name}"):
            found.append(Finding("customer", name, identity, min(values), there.fields.get(name, "")))
    phones = frozenset().union(*(one.phones for one in same))
    if not (same[0].phones <= there.phones <= phones or announced.changed("contact.phones")):
        found.append(Finding("customer", "phones", identity, " ".join(sorted(phones)), " ".join(sorted(there.phones))))
    return found


# -- what was taken back -------------------------------------------------------------------------------------------


def state_of(desk):
    """Return the tickets and customers of a desk by id and address, those in a trash as well, to be compared later."""
    removed = {case.id for case in desk.cases() if case.removed}
    return {
        **{("ticket", ticket.id): ticket for ticket in tickets_at(desk)},
        **{("thrown away", one): one for one in removed},
        **{("customer", _identity(one)): (one, one.fields) for one in customers_at(desk)},
    }


def not_taken_back(before, after, meant):
    """Return what is wrong after a rollback: ``meant`` are the keys of ``state_of`` that were to go, the rest is to be as it was."""
    left = [f"{key} is still there" for key in after if key in meant]
    lost = [f"{key} is gone" for key in before if key not in after and key not in meant]
    extra = [f"{key} came from nowhere" for key in after if key not in before]
    changed = [f"{key} was changed" for key, one in after.items() if key in before and before[key] != one]
    return left + lost + extra + changed
