"""Whatever text a source holds: it is listed, shown, planned, moved and verified, and what was replaced is announced."""

import json
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from migration.simulators import served
from tiers import quick_first

from helpdesk_bridge import open_desk
from helpdesk_bridge.cli.output import plain
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.migration import Migration, Options
from helpdesk_bridge.migration.report.report import write_report
from helpdesk_bridge.testing.nasty import UNFIT
from helpdesk_bridge.testing.strategies import nasty_text
from helpdesk_bridge.text.decoding import REPLACEMENT, TextMended

HALF = UNFIT["surrogate"]
WORST = [
    HALF,
    "\ud83d",
    "a\x00b",
    "\udc00\ud83d\x00",
    "<b>\ud83d</b> &amp; \x00",
    "&#0; &#xd83d; &#1; &amp; \uffff",
    "\ufffd",
]
EVERYTHING = {"spam", "deleted", "merged"}


def nasty_dataset(texts):
    """Return a helpdesk all of whose free texts are these, in turn."""
    words: Iterator[str] = cycle(texts)
    data = generate(5, 3)

    def message(old):
        said = f"Hello {next(words)}".replace("src=x", "alt=x")  # an address without a host is about images, not text
        html = None if old.html is None else f"<p>{said}</p>"
        return evolve(old, html=html, text=said if old.text is not None or html is None else None)

    def values(fields):
        return {
            name: next(words)[:40] if type(one) is str and name == "Order No" else one for name, one in fields.items()
        }

    tickets = tuple(
        evolve(
            one,
            subject=f"About {next(words)[:100]}",
            messages=tuple(map(message, one.messages)),
            custom_fields=values(one.custom_fields),
            rating=None if one.rating is None else (one.rating[0], next(words)[:80]),
            merged_into=None,
        )
        for one in data.tickets
    )
    people = tuple(evolve(one, name=f"N {next(words)[:40]}") if one.role == "contact" else one for one in data.people)
    return evolve(data, tickets=tickets, people=people)


@pytest.mark.parametrize(
    "pair",
    quick_first([("deskie", "desk365"), ("desk365", "deskie"), ("local", "deskie"), ("deskie", "local")]),
    ids="-".join,
)
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(texts=st.lists(nasty_text(surrogates=True), min_size=1, max_size=8))
@example(texts=WORST)
@example(texts=["a\x1fb\x0bc\x7fd"])
def test_any_text_goes_all_the_way(tmp_path_factory, pair, texts):
    path = tmp_path_factory.mktemp("nasty") / "journal"
    with served(pair[0], nasty_dataset(texts)) as old, served(pair[1], 0) as new:
        for ticket in old.desk.tickets.list():
            shown = [old.desk.tickets.get(ticket.id), *old.desk.messages.list(ticket.id)]
            assert json.dumps(plain(shown), ensure_ascii=False).encode()
        with Migration(old.desk, new.desk, path, options=Options(yes=True)) as migration:
            planned = migration.plan(full=True)
            migration.run()
            differences = migration.verify()
            summary = migration.summary()
            told = Path(write_report(migration, path.parent).report).read_bytes().decode()
        assert [(one.field, one.expected, one.found) for one in differences] == []
        counts = summary.as_json()
        for kind in ("tickets", "contacts", "messages", "attachments"):
            assert counts[kind]["failed"] == counts[kind]["in_doubt"] == 0, kind
        announced = {one.why for one in planned.fidelity if one.field == "text"}
        assert bool(announced) == bool(old.desk.mended)
        assert {one.field for one in summary.changed if one.field == "text"} == ({"text"} if announced else set())
        assert ("U+FFFD in their place" in told) == bool(announced)


@pytest.mark.parametrize("vendor", ["deskie", "desk365", "local"])
def test_half_an_emoji_takes_no_neighbour_along_and_is_announced_once(vendor, caplog):
    events = []
    with served(vendor, nasty_dataset([HALF])) as old:
        old.desk.subscribe(events.append)
        for _ in range(2):
            subjects = [ticket.subject for ticket in old.desk.tickets.list()]
            assert all(f"half {REPLACEMENT} of" in subject for subject in subjects)
            assert len(subjects) >= 3
        assert set(old.desk.mended) == {"halves of characters"}
    if vendor != "local":  # which read its own words when it was seeded
        assert [one.kind for one in events if isinstance(one, TextMended)] == ["halves of characters"]
    assert [one.name for one in caplog.records] == ["helpdesk_bridge.text.plain"]


@pytest.mark.parametrize("words", WORST)
def test_what_a_webhook_says_is_listed_shown_and_moved_as_valid_text(tmp_path, words):
    table = {
        "vendor": "desk360", "api_key": "k", "integration": 17, "inbox": str(tmp_path / "inbox.db"),
        "webhook_token": "a-token-that-nobody-guesses",
    }  # fmt: skip
    body = {
        "messages": {
            "id": "ABEG1",
            "text": f"Hi {words}",
            "from": "905551112233",
            "timestamp": "1630913975",
            "name": f"N {words}",
            "type": "text",
        }
    }
    with open_desk(table) as old, served("local", 0) as new:
        (event,) = old.webhooks.receive(json.dumps(body), token="a-token-that-nobody-guesses")
        valid = words.replace("\x00", REPLACEMENT).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        (ticket,) = old.tickets.list()
        (message,) = old.messages.list(ticket.id)
        assert (message.body.text, ticket.requester.name) == (f"Hi {valid}", f"N {valid}")
        assert json.dumps(plain([event, ticket, message]), ensure_ascii=False).encode()
        assert bool(old.mended) == (valid != words)
        with Migration(old, new.desk, tmp_path / "journal", options=Options(yes=True)) as migration:
            migration.run()
            assert migration.verify() == []


@pytest.mark.slow
@pytest.mark.parametrize("pair", [("local", "deskie"), ("deskie", "local"), ("local", "desk365")], ids="-".join)
def test_html_beyond_the_cap_travels_whole_with_a_shortened_text(tmp_path, pair):
    html = "<p>Fish &amp; <b>chips</b></p>\n" * 40_000
    data = generate(3, 3)
    first = data.tickets[0]
    long = evolve(first, messages=tuple(evolve(one, html=html, text=None) for one in first.messages[:2]))
    with served(pair[0], evolve(data, tickets=(long,))) as old, served(pair[1], 0) as new:
        (ticket,) = old.desk.tickets.list()
        assert all(one.body.shortened for one in old.desk.messages.list(ticket.id))
        with Migration(old.desk, new.desk, tmp_path / "journal", options=Options(yes=True)) as migration:
            planned = migration.plan(full=True)
            migration.run()
            assert migration.verify() == []
            report = Path(write_report(migration, tmp_path).report).read_text()
            for changes in (planned.fidelity, migration.summary().changed):
                (told,) = [one for one in changes if one.field == "message.text"]
                assert (told.change, told.records) == ("kept as HTML, with a shortened text", 2)
        assert "with a shortened text" in report
        (moved,) = new.desk.tickets.list()
        for message in new.desk.messages.list(moved.id):
            assert message.body.shortened
            assert message.body.html.count("Fish &amp; <b>chips</b>") == 40_000
