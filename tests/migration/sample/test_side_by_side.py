"""The page shows both sides of each ticket, and what customers wrote is text and nothing else."""

from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from attrs import evolve
from migration.faulty_desk import FILE, destination, message, person, source, ticket

from helpdesk_bridge.datasets.dataset import Dataset
from helpdesk_bridge.migration import Migration, Options
from helpdesk_bridge.migration.options import Threads
from helpdesk_bridge.migration.report.side_by_side import MOST_SHOWN, SideBySide, render

WRITTEN = datetime(2026, 3, 1, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp;{{ 7*7 }} a\u202eb\x1b[2J"


class Page(HTMLParser):
    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.words = [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def data(text="It broke"):
    people = (person("ann", "ann@client.example", name=text), person("eve", "eve@desk.example", role="agent"))
    thread = (
        message("ann", 0, text, files=(evolve(FILE, filename=f"{text}.txt".replace("/", "_")),)),
        message("eve", 1, "We look"),
        message("eve", 2, "Between us", private=True, kind="note"),
    )
    return Dataset(people=people, tickets=(evolve(ticket("t1", "ann", *thread), subject=text),))


def page_of(folder, dataset, **options):
    new = destination()
    with Migration(source(dataset), new, folder / "m.db", options=Options(yes=True, workers=1, **options)) as migration:
        choice = migration.choose_sample(5)
        differences = migration.run_sample(choice)
        sides = SideBySide(migration.source, migration.destination, migration.journal, migration.outages)
        pairs = list(sides.pairs(choice, differences))
        labels = {"source": migration.source.label, "destination": migration.destination.label}
        return (
            pairs,
            render(pairs, labels, kept="They stay.", canary=["Canary: <b>"], written=WRITTEN),
            (migration, choice, sides),
        )


def test_each_message_is_beside_what_it_became(tmp_path):
    (pair,), html, _ = page_of(tmp_path, data())
    assert [(line.before.text, line.after.text) for line in pair.lines] == [
        ("It broke", "It broke"), ("We look", "We look"), ("Between us", "Between us"),
    ]  # fmt: skip
    assert [line.after.eyes for line in pair.lines] == ["public", "public", "internal"]
    assert pair.lines[0].before.files == pair.lines[0].after.files
    assert ("subject", "It broke", "It broke") in pair.fields
    text = Page(html).text
    assert "Read back: no difference that was not announced." in text
    assert "They stay." in text
    assert "ann@client.example" in text


def test_messages_that_were_written_together_say_so(tmp_path):
    (pair,), *_ = page_of(tmp_path, data(), threads=Threads.DESCRIPTION)
    assert [line.told for line in pair.lines[:2]] == [None, "written together with the message above"]
    assert "We look" in pair.lines[0].after.text


def test_words_of_customers_are_words_wherever_they_are(tmp_path):
    _, html, _ = page_of(tmp_path, data(HOSTILE))
    page = Page(html)
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "img", "b", "iframe", "link", "form", "a", "object", "svg"}
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name in ("src", "href", "style")], tag
    assert "<script>alert(1)</script>" in page.text
    assert "{{ 7*7 }}" in page.text
    assert "\u202e" not in html
    assert "\x1b" not in html
    policy = [one["content"] for _, one in page.tags if one.get("http-equiv") == "Content-Security-Policy"]
    assert policy[0].startswith("default-src 'none'")


def test_what_somebody_changed_and_what_is_not_there_is_seen(tmp_path):
    _, _, (migration, choice, sides) = page_of(tmp_path, data())
    ((new_id, *_),) = [record.destination for record in migration.journal.written(_ticket())]
    migration.destination.desk.fake.messages.reply(new_id, "Added by hand")
    (pair,) = sides.pairs(choice, [])
    assert pair.lines[-1].before is None
    assert pair.lines[-1].after.text == "Added by hand"
    migration.destination.desk.fake.removal.ticket(new_id)
    (pair,) = sides.pairs(choice, [])
    assert "could not be read: NotFound" in pair.told
    assert all(line.after is None for line in pair.lines)


def _ticket():
    from helpdesk_bridge.migration.journal.states import Kind

    return Kind.TICKET


@pytest.mark.parametrize("more", [0, 7])
def test_a_long_text_is_cut_and_says_by_how_much(tmp_path, more):
    _, html, _ = page_of(tmp_path, data("x" * 50 + "\n" + "y " * ((MOST_SHOWN - 51 + more) // 2)))
    assert ("more characters are not shown here" in html) is (more > 1)
