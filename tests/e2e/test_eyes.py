"""Real tickets, every way of writing threads: no internal text where customers read it, and every line with its author."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest
from e2e.bench import Desks
from e2e.held import Place, Ticket, tickets_at
from e2e.judge import Words, judge, truth_of, truth_of_corpus

CORPUS = os.environ.get("HELPDESK_BRIDGE_CORPUS")
PAIRS = [
    ("deskie", "desk365"), ("desk365", "deskie"), ("deskie", "local"), ("desk365", "local"), ("local", "deskie"),
    ("local", "desk365"),
]  # fmt: skip
WAYS = ["note", "description", "messages"]
MARKS = {"slow": pytest.mark.slow, "exhaustive": pytest.mark.exhaustive}


def cases(tier):
    """Return every pair and way; ``tier`` names the one of a case's tests, None the first."""
    for pair in PAIRS:
        for way in WAYS:
            mark = MARKS.get(tier(pair, way))
            yield pytest.param(*pair, way, marks=mark or (), id="-".join((*pair, way)))


def tier_of_real_tickets(pair, way):
    if way == "messages" or pair not in PAIRS[:2]:
        return "exhaustive"
    return None if (pair, way) == (PAIRS[0], "description") else "slow"


def tier_of_beginnings(pair, way):
    return None if pair in PAIRS[:2] and way == "description" else "slow"


@pytest.mark.skipif(CORPUS is None, reason="set HELPDESK_BRIDGE_CORPUS to the path of real_tickets.jsonl")
@pytest.mark.parametrize(("source", "destination", "way"), list(cases(tier_of_real_tickets)))
def test_customers_read_no_internal_text_of_the_real_tickets_and_every_line_has_its_author(
    tmp_path, source, destination, way
):
    truth = truth_of_corpus(CORPUS, opened_by_requester=source == "desk365")
    with Desks(tmp_path, source, destination, ["--corpus", CORPUS]) as desks:
        run_as(desks, way)
        verdict = judge(truth, tickets_at(desks.new))
    verdict.assert_clean()
    assert (verdict.tickets, verdict.words, verdict.private) == (234, 5087, 1203)


@pytest.mark.parametrize(("source", "destination", "way"), list(cases(tier_of_beginnings)))
def test_tickets_that_begin_with_an_internal_note_show_customers_none_of_it(tmp_path, source, destination, way):
    corpus = tmp_path / "begins.jsonl"
    corpus.write_text("\n".join(BEGINNINGS), "utf-8")
    with Desks(tmp_path, source, destination, ["--corpus", str(corpus)]) as desks:
        truth = truth_of(desks.old)
        run_as(desks, way)
        verified = desks.migrate("verify")
        assert verified.returncode == 0, verified.stdout
        verdict = judge(truth, tickets_at(desks.new))
    verdict.assert_clean()
    assert verdict.tickets == len(BEGINNINGS)
    assert verdict.private == sum(line.count("SECRET") for line in BEGINNINGS)


def run_as(desks, way):
    for step in (("decide", "--threads", way), ("run", "--yes")):
        ended = desks.migrate(*step)
        assert ended.returncode == 0, ended.stderr


def line(number, thread):
    """Return a ticket of a corpus; the thread is a letter a message, C for the customer's and S for a secret note."""
    at = datetime(2025, 3, number, 9, tzinfo=UTC)
    told = {
        "C": ("ann@client.example", "contact", "false", "It broke"),
        "A": ("eve@desk.example", "agent", "false", "We look"),
        "S": ("gil@desk.example", "agent", "true", "SECRET"),
    }
    messages = []
    for place, word in enumerate(thread):
        email, role, private, text = told[word]
        messages.append(
            f'{{"author": {{"name": "{email[:3].title()} Öz", "email": "{email}", "role": "{role}"}}, "private": {private}, '
            f'"created_at": "{(at + timedelta(minutes=place)).isoformat()}", "text": "{text} {number}-{place}"}}'
        )
    return f'{{"id": "{number}", "subject": "Number {number}", "requester": {{"name": "Ann Öz", "email": "ann@client.example"}}, "messages": [{", ".join(messages)}]}}'


BEGINNINGS = [
    line(number, thread)
    for number, thread in enumerate(("S", "SCASA", "SS", "CSAS", "C", "SSC", "AC", "AS", "SA"), start=1)
]


# -- the judge itself ----------------------------------------------------------------------------------------------

OPENED = Words("ann@client.example", "customer", "2025-03-01T09:00:00Z", False, "Itbroke")
NOTED = Words("eve@desk.example", "agent", "2025-03-01T09:05:00Z", True, "Hertoneisodd")
TRUTH = [("Lamp", [OPENED, NOTED])]
ASKED = "[Imported] Ann <ann@client.example> · customer · 2025-03-01T09:00:00Z · public · reply · 0123456789abcdef"
SAID = "[Imported] Eve <eve@desk.example> · agent · 2025-03-01T09:05:00Z · internal · note · 0123456789abcdef"


def found(*places):
    return judge(TRUTH, [Ticket("Lamp", list(places))])


def place(*lines, private):
    return Place(private, "key@desk.example", "agent", "2026-01-01T00:00:00Z", list(lines))


OPENING = place(ASKED, "It broke", "[ref:0123456789abcdef]", private=False)
NOTE = place(
    "[Imported] Import <> · system · 2025-03-01T09:05:00Z · internal · note · 0123456789abcdef",
    SAID,
    "Her tone is odd",
    private=True,
)


def test_the_judge_passes_what_is_as_it_was():
    verdict = found(OPENING, NOTE)
    verdict.assert_clean()
    assert (verdict.tickets, verdict.words, verdict.private) == (1, 2, 1)


@pytest.mark.parametrize(
    ("places", "fault"),
    [
        ((place(*OPENING.lines, SAID, "Her tone is odd", private=False),), "leaked"),
        ((OPENING, place(*NOTE.lines, private=False)), "leaked"),
        ((place(ASKED, "It broke", "P. S. Her tone", "is odd", private=False), NOTE), "leaked"),
        ((OPENING, place("[Imported] <> · agent · 2025-03-01T09:05:00Z · internal · note · 0123456789abcdef", "Her tone is odd", private=True)), "nameless"),
        ((OPENING, place(SAID.replace("eve@", "gil@"), "Her tone is odd", private=True)), "lost"),
        ((OPENING, place(SAID.replace("internal", "public"), "Her tone is odd", private=True)), "invented"),
        ((OPENING,), "lost"),
        ((OPENING, NOTE, NOTE), "invented"),
        ((place("Who?", private=False),), "strangers"),
    ],
)  # fmt: skip
def test_the_judge_finds_what_is_wrong(places, fault):
    assert getattr(found(*places), fault)
    with pytest.raises(AssertionError):
        found(*places).assert_clean()
