from __future__ import annotations

import errno
import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from migration.faulty_desk import Faults, destination, source
from migration.journals import PAIR, open_journal

from helpdesk_bridge.adapter import Hazard, Provenance
from helpdesk_bridge.datasets.dataset import Dataset, SeedField, SeedFile, SeedMessage, SeedPerson, SeedTicket
from helpdesk_bridge.errors import Invalid, Unavailable
from helpdesk_bridge.migration import ExitCode, Interrupted, Migration, Options
from helpdesk_bridge.migration.journal.facts import Difference
from helpdesk_bridge.migration.journal.states import Key, Kind, Record, State
from helpdesk_bridge.migration.options import Level
from helpdesk_bridge.migration.outcome import WrongJournal
from helpdesk_bridge.migration.plan.fidelity import Change
from helpdesk_bridge.migration.plan.plan import OpenValue
from helpdesk_bridge.migration.plan.values import old_key
from helpdesk_bridge.migration.report import words
from helpdesk_bridge.migration.report.charts import THINNEST, count_bars, widths
from helpdesk_bridge.migration.report.facts import IDS, read_facts
from helpdesk_bridge.migration.report.files import ReportNotWritable, write_page
from helpdesk_bridge.migration.report.report import ROWS, render, report_of_journal, summary_of, write_report
from helpdesk_bridge.migration.report.verdict import verdict
from helpdesk_bridge.migration.source.now import Since, SourceNow
from helpdesk_bridge.migration.summary import PLURAL, Counts
from helpdesk_bridge.migration.verify.extent import Extent
from helpdesk_bridge.model.drafts import TicketChange
from helpdesk_bridge.testing.clock import ManualClock

CANARY = "zqxcanary"
START = datetime(2025, 3, 1, 9, tzinfo=UTC)
WRITTEN = datetime(2025, 3, 2, 9, tzinfo=UTC)
PAYLOADS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg/onload=alert(1)>',
    "' onmouseover='alert(1)",
    "</title></style></textarea><script src=//evil.example></script>",
    "javascript:alert(1)",
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    "{{ 7*7 }}{% raw %}<b>",
    "<!--<iframe src='https://evil.example'>-->",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "\u202egnp.exe\u2066\x1b[31m\x7f",
)


class Page(HTMLParser):
    """What a browser would see: elements with their attributes, and text."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.elements, self.words = [], []
        self.feed(html)
        self.close()
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)

    def handle_data(self, data):
        self.words.append(data)


def assert_harmless(html):
    """No script, nothing that is fetched, nothing that a page of ours does not hold."""
    page = Page(html)
    allowed = {
        "html", "head", "meta", "title", "style", "body", "main", "header", "h1", "h2", "h3", "br", "bdi", "span", "div",
        "p", "section", "dl", "dt", "dd", "ul", "li", "svg", "defs", "pattern", "path", "circle", "rect", "desc", "strong",
        "table", "thead", "tbody", "tr", "th", "td", "code", "details", "summary", "em", "footer", "a",
    }  # fmt: skip
    assert {tag for tag, _ in page.elements} <= allowed
    for tag, attributes in page.elements:
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            assert (tag, name) == ("a", "href") or name not in (
                "href",
                "src",
                "action",
                "srcdoc",
                "style",
                "xlink:href",
            ), (tag, name)
            assert name != "href" or value.startswith(("https://", "http://"))
            assert "url(" not in (value or "") or re.fullmatch(r"url\(#over-[a-z_]+\)", value)
    policies = [one["content"] for tag, one in page.elements if one.get("http-equiv") == "Content-Security-Policy"]
    assert len(policies) == 1
    assert policies[0].startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")
    style = html.partition("<style>")[2].partition("</style>")[0]
    assert "@import" not in style
    assert "url(" not in style
    assert html.count("<style>") == html.count("</style>") == 1
    return page


def ids_of(page):
    return [one["id"] for _, one in page.elements if "id" in one]


def unclean(path, *, text="Sales", ident="17"):
    """Write a journal in which everything happened, ``text`` wherever words of a source can stand."""
    journal = open_journal(path, evolve(PAIR, source="deskie:robotsrule", destination="desk365:acme"))
    journal.save(
        Record(key=Key(Kind.TICKET, "1"), state=State.DONE, destination=("100",)),
        Record(key=Key(Kind.TICKET, "2"), state=State.SKIPPED, reason="spam"),
        Record(key=Key(Kind.TICKET, "3"), state=State.FAILED, reason=f"Invalid, {text}, HTTP 422"),
        Record(key=Key(Kind.TICKET, ident), state=State.IN_DOUBT, reason=f"tickets with the marker: {text}, 9"),
        Record(
            key=Key(Kind.TICKET, "5"), state=State.DONE, destination=("105",), reason=f"final state refused: {text}"
        ),
        Record(key=Key(Kind.MESSAGE, "m1", ident), state=State.IN_DOUBT, position=1, reason=f"2 alike at {text}"),
        Record(key=Key(Kind.CONTACT, ident), state=State.SKIPPED, reason="deleted"),
    )
    journal.facts.decide("group", old_key("group", text)[1], text, by="user")
    journal.facts.decide("group", "0" * 16, None, by="yes")
    journal.facts.decide("assignee", "1" * 16, f"{text}@desk.example", by="user")
    journal.facts.decide("as_number", "2" * 16, "yes", by="refusal")
    journal.facts.acknowledge([f"auto-reply {text}"], by="yes")
    journal.facts.leave_alone(ident, {"77": f"other {text}"})
    journal.facts.remember(search={"done": True, "found": 4, "foreign": 3}, foreign_markers="ignore")
    journal.facts.replace_differences(
        [
            Difference("1", "message", ident, text, text, None),
            Difference("1", "ticket", "1", "status", "open", "closed"),
        ]
    )
    changes = [
        Change("ticket.group", f"kept as {text}", f"{text!r} has no counterpart", 3),
        Change("ticket.tags", "lost", "its API knows no tags", 4),
        Change("message.author", "kept as header line", "every message is the key's", None),
    ]
    journal.facts.remember(fidelity=[one.as_json() for one in changes], verified="full", seconds=75.0)
    journal.facts.measure(lambda: {"source": (10, 9, 1), "destination": (20, 18, 2)})
    journal.file.check_owner()
    journal.close()
    return path


def read(summary):
    return Path(summary.report).read_text("utf-8")


def page_of(path, folder, **values):
    summary = report_of_journal(path, folder, clock=ManualClock(), **values)
    return summary, read(summary)


# -- a page from a journal ---------------------------------------------------------------------------------------------


def test_a_journal_alone_gives_a_page_that_tells_everything(tmp_path):
    summary, html = page_of(unclean(tmp_path / "move it.db"), tmp_path / "out")
    text = assert_harmless(html).text
    assert summary.exit_code is ExitCode.INCOMPLETE
    for said in (
        "old (deskie robotsrule)",
        "new (desk365 acme)",
        "2 records of 7 are in new (desk365 acme), but 1 record could not be moved, 2 records need your decision and",
        "reading new (desk365 acme) back found 2 differences that were not announced.",
        "Of 5 tickets: 2 migrated, 1 skipped, 1 failed and 1 in doubt.",
        "Invalid, Sales, HTTP 422",
        "final state refused: Sales",
        "tickets with the marker: Sales, 9",
        "helpdesk-bridge migrate decide --journal 'move it.db' --in-doubt 17=DECISION",
        "helpdesk-bridge migrate decide --journal 'move it.db' --in-doubt m1=DECISION",
        "of ticket 17",
        "'Sales' has no counterpart",
        "Ticket: tags",
        "in the first line",
        "not counted",
        "another agent",
        "text that is a number",
        "auto-reply Sales : acknowledged in advance (--yes)",
        "75 seconds of work",
        "not calculated",
        "Ticket: status: 1",
        "10 9 not calculated 1",
        "20 18 not calculated 2",
    ):
        assert said in text, said
    assert str(tmp_path) not in html


def test_the_summary_of_a_journal_is_what_its_counts_say(tmp_path):
    facts = read_facts(unclean(tmp_path / "j"))
    summary = summary_of(facts)
    assert (summary.source, summary.destination, summary.verified) == ("deskie", "desk365", False)
    assert summary.counts[Kind.TICKET] == Counts(planned=5, migrated=2, skipped=1, failed=1, in_doubt=1)
    assert summary.calls == {"source": 10, "destination": 20}
    assert summary.throttled == 3
    assert summary.minimum == {"source": None, "destination": None}
    assert summary.differences[0] == Difference("1", "message", "17", "Sales", "Sales", None)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_words_of_a_source_become_markup(tmp_path, payload):
    _, html = page_of(unclean(tmp_path / "j", text=payload, ident=payload), tmp_path / "out")
    page = assert_harmless(html)
    shown = words.plain(payload)
    assert " ".join(shown.split()) in page.text
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", html)


@settings(max_examples=25, deadline=None)
@given(text=st.text(st.sampled_from("<>&\"'/=!-{}%#@ \n\t\u2028az"), min_size=1, max_size=40))
def test_any_text_is_escaped(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("any")
    _, html = page_of(unclean(folder / "j", text=text, ident=text), folder)
    assert_harmless(html)
    shutil.rmtree(folder)


def test_ids_of_elements_are_unique_and_charts_have_words(tmp_path):
    _, html = page_of(unclean(tmp_path / "j"), tmp_path)
    page = Page(html)
    assert len(ids_of(page)) == len(set(ids_of(page)))
    charts = [one for tag, one in page.elements if tag == "svg" and one.get("role") == "img"]
    assert len(charts) == 3 + 2
    for chart in charts:
        assert set(chart["aria-labelledby"].split()) <= set(ids_of(page))
    labelled = [
        one["aria-labelledby"] for tag, one in page.elements if tag in ("section", "div") and "aria-labelledby" in one
    ]
    assert labelled
    assert set(labelled) <= set(ids_of(page))


def test_ids_that_are_emails_appear_as_digests_and_without_a_command(tmp_path):
    address = "Ann.Canary+x@client.example"
    _, html = page_of(unclean(tmp_path / "j", text=f"hi {address}, ({address})", ident=address), tmp_path)
    assert "client.example" not in html
    assert "Ann.Canary" not in html
    assert words.pseudonym(address) in html
    assert "migrate status</code> prints the command" in html


def test_the_page_tells_of_an_earlier_migration_and_of_what_was_left_alone(tmp_path):
    unclean(tmp_path / "j", text="requester")
    summary, html = page_of(tmp_path / "j", tmp_path)
    assert [one.ticket for one in summary.left_alone] == ["77"]
    page = Page(html)
    assert "4 of the tickets carried their marker" in page.text
    assert "markers of another key (3) are not part of this migration" in page.text
    assert ", but has other requester: it was left alone" in page.text


def test_long_lists_are_cut_and_say_so(tmp_path):
    journal = open_journal(tmp_path / "j")
    failed = [Record(key=Key(Kind.TICKET, f"{n:05}"), state=State.FAILED, reason="Invalid") for n in range(IDS + 50)]
    journal.save(*failed)
    row = Difference("1", "ticket", "1", "status", "x", "y")
    journal.facts.replace_differences([row] * (ROWS + 7))
    journal.facts.remember(verified="full")
    journal.close()
    _, html = page_of(tmp_path / "j", tmp_path)
    text = Page(html).text
    assert f"{IDS} ids (the first of {IDS + 50})" in text
    assert f"The first {ROWS} of {ROWS + 7} are shown" in text
    assert f"Ticket: status: {ROWS + 7}" in text
    assert f"<code>{IDS - 1:05}</code>" in html
    assert f"<code>{IDS:05}</code>" not in html


def test_a_journal_that_is_not_there_or_of_another_version_is_told(tmp_path):
    with pytest.raises(FileNotFoundError):
        report_of_journal(tmp_path / "none", tmp_path)
    assert not (tmp_path / "none").exists()
    path = unclean(tmp_path / "j")
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("update meta set value = '99' where name = 'version'")
    connection.close()
    with pytest.raises(WrongJournal, match="version 99"):
        report_of_journal(path, tmp_path)


def test_a_report_is_made_while_another_owns_the_journal(tmp_path):
    unclean(tmp_path / "j")
    journal = open_journal(tmp_path / "j", evolve(PAIR, source="deskie:robotsrule", destination="desk365:acme"))
    try:
        summary, _ = page_of(tmp_path / "j", tmp_path / "out")
        assert summary.counts[Kind.TICKET].planned == 5
        journal.file.check_owner()
    finally:
        journal.close()


# -- a page from a migration -------------------------------------------------------------------------------------------


def at(minutes):
    return START + timedelta(minutes=minutes)


def canaries():
    """Everything that customers write or are called holds the canary."""
    ann = SeedPerson(
        "ann", f"{CANARY} Ann", f"{CANARY}@client.example", "+905551112233", company=f"{CANARY} Ltd", created_at=START,
        custom_fields={"Shoe size": f"{CANARY} 44"},
    )  # fmt: skip
    cem = SeedPerson("cem", f"{CANARY} Cem", None, created_at=START)
    eve = SeedPerson("eve", f"{CANARY} Eve", f"eve-{CANARY}@desk.example", role="agent", created_at=START)
    file = SeedFile(f"{CANARY}.pdf", "application/pdf", CANARY.encode())
    opening = SeedMessage("ann", at(0), text=f"{CANARY} broke", files=(file,))
    note = SeedMessage("eve", at(1), html=f"<p>{CANARY}</p>", private=True, kind="note")
    tickets = tuple(
        SeedTicket(
            f"t{n}", f"{CANARY} subject", who, assignee="eve", group="Sales", created_at=at(0), updated_at=at(1), tags=("vip",),
            custom_fields={"Order": f"{CANARY} 7"}, messages=(opening, note), rating=(1, f"{CANARY} good"), spam=n == 3,
        )
        for n, who in enumerate(("ann", "cem", "ann", "ann"))
    )  # fmt: skip
    fields = (SeedField("Order", "text"), SeedField("Shoe size", "text", level="contact"))
    return Dataset(
        people=(ann, cem, eve),
        groups=("Sales",),
        companies=(f"{CANARY} Ltd",),
        tags=("vip",),
        fields=fields,
        tickets=tickets,
    )


def test_nothing_of_a_customer_stands_in_the_page_whatever_happened(tmp_path):
    loud = f"{CANARY} <b>said the vendor</b> to {CANARY}@client.example"
    faults = Faults(
        errors={
            ("ticket", 2): Invalid(loud, field="subject"),
            ("message", 1): Invalid(loud),
            ("contact", 1): Invalid(loud),
        }
    )
    new = destination(faults=faults)
    with Migration(source(canaries()), new, tmp_path / "j", options=Options(workers=1, yes=True)) as migration:
        plan = migration.plan()
        migration.run()
        new.fake.tickets.update(new.fake.all_tickets()[0].id, TicketChange(subject=f"{CANARY} changed"))
        migration.verify()
        summary = write_report(migration, tmp_path / "out", plan=plan)
    html = read(summary)
    assert summary.exit_code is ExitCode.INCOMPLETE
    assert summary.differences
    assert sum(one.failed for one in summary.counts.values())
    assert_harmless(html)
    assert CANARY not in html.casefold()
    assert "client.example" not in html
    assert "desk.example" not in html
    assert CANARY.encode() not in (tmp_path / "j").read_bytes()


def test_the_page_of_a_migration_and_of_its_journal_tell_the_same(tmp_path):
    old, new = source(), destination()
    with Migration(old, new, tmp_path / "j", options=Options(workers=1, yes=True)) as migration:
        plan = migration.plan()
        migration.run()
        migration.verify()
        summary = write_report(migration, tmp_path / "one", plan=plan)
    assert summary.report == str(tmp_path / "one" / "report.html")
    assert summary.exit_code is ExitCode.OK
    html = read(summary)
    later, alone = page_of(tmp_path / "j", tmp_path / "two")
    assert later.as_json() | {"report": None, "seconds": 0} == summary.as_json() | {"report": None, "seconds": 0}
    text = assert_harmless(html).text
    assert "Complete" in text
    assert "3 tickets, 3 contacts, 7 messages and 2 attachments of old (" in text
    assert "records were left out; the reasons are listed below" in text
    assert "spam" in text

    def kept(page):
        return page.partition("What was kept, changed and lost")[2].partition("Cost")[0]

    assert kept(Page(alone).text) == kept(text)


def test_hazards_tell_who_acknowledged_them(tmp_path):
    new = destination()
    new.importer.hazards = (
        Hazard("mail", "it mails customers", "when a ticket is made", "switch it off", Provenance.OBSERVED),
    )
    with Migration(source(), new, tmp_path / "j", options=Options(yes=True)) as migration:
        before = read(write_report(migration, tmp_path))
        migration.run()
        after = read(write_report(migration, tmp_path))
    assert "it mails customers, when a ticket is made (observed) switch it off not yet" in Page(before).text
    assert "switch it off in advance (--yes), 20" in Page(after).text
    assert "not been read back yet" in Page(after).text


def test_values_that_a_plan_asked_about_keep_their_words_for_later_pages(tmp_path):
    with Migration(source(), destination(), tmp_path / "j", options=Options(yes=True)) as migration:
        asked = (OpenValue("group", "Sales", None, 2), OpenValue("assignee", "eve@desk.example", None, 1))
        plan = evolve(migration.plan(), values=asked)
        migration.map_value("group", "Sales", "New Sales")
        migration.map_value("assignee", "eve@desk.example", "bob@desk.example")
        migration.run()
        write_report(migration, tmp_path, plan=plan)
        write_report(migration, tmp_path)
    _, html = page_of(tmp_path / "j", tmp_path)
    text = Page(html).text
    assert "Sales New Sales by decision" in text
    assert "an agent another agent by decision" in text
    assert "desk.example" not in html


def test_an_unfinished_migration_says_what_is_left(tmp_path):
    with Migration(source(), destination(), tmp_path / "j", options=Options(yes=True)) as migration:
        plan = migration.plan()
        summary = write_report(migration, tmp_path, plan=plan)
    text = Page(read(summary)).text
    assert summary.exit_code is ExitCode.STOPPED
    assert "Not finished" in text
    assert "are still to be moved" in text
    assert "still to do" in text


def test_after_an_outage_the_page_counts_what_arrived_and_what_is_left(tmp_path):
    faults = Faults(errors={("ticket", 2): Unavailable("down")})
    options = Options(workers=1, yes=True, patience=0)
    with Migration(source(), destination(faults=faults), tmp_path / "j", options=options) as migration:
        with pytest.raises(Interrupted):
            migration.run()
        summary = write_report(migration, tmp_path)
    counts = summary.counts[Kind.TICKET]
    assert counts.pending
    assert counts.planned == counts.migrated + counts.skipped + counts.failed + counts.in_doubt + counts.pending
    assert "Run it again to continue." in Page(read(summary)).text


# -- the verdict -------------------------------------------------------------------------------------------------------


def counts_of(**values):
    nothing = dict.fromkeys(("planned", "migrated", "skipped", "failed", "in_doubt"), 0)
    return {**dict.fromkeys(Kind, Counts(**nothing)), Kind.TICKET: Counts(**nothing | values)}


@pytest.fixture
def blank(tmp_path):
    return summary_of(read_facts(unclean(tmp_path / "blank")))


@pytest.mark.parametrize(
    ("counts", "level", "sample", "tone", "said"),
    [
        (counts_of(planned=2, migrated=2), "full", None, "good", "nothing lost, nothing twice"),
        (counts_of(planned=2, migrated=1, skipped=1), "full", None, "good", "1 record was left out"),
        (counts_of(planned=2, migrated=2), "full", 10, "attention", "1 of 2 threads were read back (--sample 10)"),
        (counts_of(planned=2, migrated=2), "list", None, "attention", "no thread was read back"),
        (counts_of(planned=2, migrated=2), "echo", None, "attention", "nothing of B was read back"),
        (counts_of(planned=2, migrated=2), None, None, "attention", "not been read back yet"),
        (counts_of(), "full", None, "good", "nothing to move"),
        (counts_of(planned=2, migrated=1, failed=1), "full", None, "attention", "1 record could not be moved"),
        (counts_of(planned=2, migrated=1, in_doubt=1), "full", None, "attention", "1 record needs your decision"),
        (counts_of(planned=3, failed=1, pending=2), None, None, "unfinished", "So far, 1 record could not be moved."),
        (counts_of(planned=2, migrated=1, pending=1), None, None, "unfinished", "1 record of 2 is still to be moved"),
    ],
)
def test_the_verdict_is_one_true_sentence(blank, counts, level, sample, tone, said):
    read = {"full": 2 if sample is None else 1}.get(level, 0)
    now = SourceNow(seen="2026-03-01T09:00:00+00:00")
    extent = Extent(level=level, sample=sample, compared={"threads": read, "tickets": 2}, threads=2, source=now)
    kept = None if level is None else extent
    found = verdict(evolve(blank, counts=counts, differences=(), extent=kept), "A", "B")
    assert found.tone == tone
    assert said in found.sentence


@pytest.mark.parametrize(
    ("now", "title"),
    [
        (None, "Moved, the source not seen again"),
        (SourceNow(seen=None, problem="old: NotFound"), "Moved, the source not seen again"),
        (SourceNow(seen=None, rows=(Since("7", "ticket", "7", "appeared"),)), "Moved, the source changed since"),
    ],
)
def test_nothing_is_complete_that_was_not_compared_with_the_source_of_now(blank, now, title):
    extent = Extent(level="full", sample=None, compared={"threads": 2}, threads=2, source=now)
    summary = evolve(blank, counts=counts_of(planned=2, migrated=2), differences=(), extent=extent)
    found = verdict(summary, "A", "B")
    assert (found.tone, found.title) == ("attention", title)
    assert extent.source_told in found.sentence


# -- words and bars ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "leak"),
    [
        ("ann@client.example", "ann"),
        ("to <ann@client.example>, please", "ann"),
        ("'ann@client.example' has no counterpart", "ann"),
        ("email=ann@client.example,phone=1", "ann"),
        ('"ann smith"@client.example', "smith"),
        ("ann@client.example;bob@client.example", "bob"),
        ("@client", "client"),
        ("ann@münchen.example", "münchen"),
    ],
)
def test_emails_in_words_become_digests(text, leak):
    shown = words.plain(text)
    assert leak not in shown
    assert "@" not in shown
    assert "e-mail#" in shown


def test_words_without_an_email_stay_as_they_are():
    for text in ("Sales & Süß", "a" * 100, "5 at 6", "", "line\nbreak"):
        assert words.plain(text) == text
    assert words.plain(7) == 7
    assert len(words.plain("x" * 5000)) == words.LONGEST


@given(st.text(st.characters(exclude_categories=())))
def test_no_text_stops_a_page_from_being_written(text):
    assert words.plain(text).encode("utf-8").decode("utf-8") == words.plain(text)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 seconds"), (1, "1 second"), (119.6, "120 seconds"), (120, "2 minutes"), (3600, "1 hour"),
        (3725, "1 hour 2 minutes"), (86_400, "1 day"), (200_000, "2 days 7 hours"),
    ],
)  # fmt: skip
def test_durations_are_said_in_the_units_that_matter(seconds, said):
    assert words.duration(seconds) == said


@given(st.lists(st.integers(0, 10**7), min_size=5, max_size=5))
def test_bars_are_whole_and_show_every_part(values):
    whole = sum(values)
    found = widths(values, whole)
    assert all(width >= THINNEST for width, value in zip(found, values, strict=True) if value)
    assert all(width == 0 for width, value in zip(found, values, strict=True) if not value)
    assert sum(found) == pytest.approx(100 if whole else 0)


def test_bars_leave_out_what_was_not_planned_and_name_every_state():
    bars = count_bars(counts_of(planned=1_000_000, migrated=999_999, failed=1))
    assert [bar.description for bar in bars] == ["Of 1,000,000 tickets: 999,999 migrated and 1 failed."]
    assert [part.width for part in bars[0].segments] == [99.0, 1.0]
    assert set(PLURAL) == set(Kind)


# -- the file ----------------------------------------------------------------------------------------------------------


def test_the_file_is_private_and_replaced_as_a_whole(tmp_path):
    old_mask = os.umask(0)
    try:
        path = write_page("one ü", tmp_path / "new" / "folder", "report.html")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        held = path.open(encoding="utf-8")
        write_page("two", path.parent, "report.html")
    finally:
        os.umask(old_mask)
    with held:
        assert held.read() == "one ü"
    assert path.read_text("utf-8") == "two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["report.html"]


def test_a_link_in_its_place_is_replaced_and_not_followed(tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("keep")
    (tmp_path / "report.html").symlink_to(precious)
    write_page("page", tmp_path, "report.html")
    assert precious.read_text() == "keep"
    assert not (tmp_path / "report.html").is_symlink()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_leaves_the_last_page_whole_and_ends_with_5(tmp_path, monkeypatch, number):
    write_page("last", tmp_path, "report.html")

    def full(descriptor):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Interrupted, match="free some disk space") as caught:
        write_page("next", tmp_path, "report.html")
    assert caught.value.exit_code is ExitCode.STOPPED
    assert (tmp_path / "report.html").read_text() == "last"
    assert [one.name for one in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.skipif(sys.platform == "win32", reason="limits of processes are POSIX")
def test_a_write_that_the_system_cuts_short_is_a_full_disk(tmp_path):
    code = (
        "import resource, signal, sys, pathlib\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "from helpdesk_bridge.migration.report.files import write_page\n"
        "from helpdesk_bridge.migration import Interrupted\n"
        "try:\n    write_page('x' * 10**6, pathlib.Path(sys.argv[1]), 'report.html')\n"
        "except Interrupted as error:\n    print(int(error.exit_code))\n"
    )
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.strip() == "5"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_to_is_a_usage_error(tmp_path):
    (tmp_path / "file").write_text("no folder")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(ReportNotWritable, match="name another folder") as caught:
            write_page("page", folder, "report.html")
        assert caught.value.exit_code is ExitCode.USAGE


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_of_somebody_else_is_a_usage_error(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(ReportNotWritable):
            write_page("page", tmp_path, "report.html")
    finally:
        tmp_path.chmod(0o700)


def test_the_template_is_in_the_package():
    assert files("helpdesk_bridge.migration.report").joinpath("report.html.j2").is_file()


def test_the_page_is_the_same_for_the_same_journal(tmp_path):
    facts = read_facts(unclean(tmp_path / "j"))
    pages = {render(summary_of(facts), facts, written=WRITTEN) for _ in range(2)}
    assert len(pages) == 1
    assert facts.level == Level.FULL.value
