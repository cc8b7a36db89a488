"""What a manager signs: the mapping in words, what was read back, links to look, and the same as CSV."""

import csv

import pytest
from migration.faulty_desk import destination, source
from migration.test_report import assert_harmless, page_of

from helpdesk_bridge.migration import Migration, Options
from helpdesk_bridge.migration.redirects import Address
from helpdesk_bridge.migration.report.tables import _cell
from helpdesk_bridge.migration.sample.canary import CANARY
from helpdesk_bridge.migration.verify.examples import EXAMPLES


@pytest.fixture(scope="module")
def moved(tmp_path_factory):
    path = tmp_path_factory.mktemp("moved") / "move.db"
    with Migration(source(), destination(), path, options=Options(workers=1, yes=True)) as migration:
        migration.run()
        migration.verify()
    return path


def rows(folder, name):
    with (folder / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_mapping_is_told_in_words_with_how_many_records(moved, tmp_path):
    _, html = page_of(moved, tmp_path)
    text = assert_harmless(html).text
    mapping = text.partition("What became of each value")[2].partition("What was read back")[0]
    assert "vip the same 1" in mapping
    assert "1 agent an agent there" in mapping
    assert "eve@desk.example" not in html
    assert {(row["field"], row["source"], row["destination"]) for row in rows(tmp_path, "mapping.csv")} >= {
        ("tag", "vip", "vip"), ("assignee", "agents", "an agent there"),
    }  # fmt: skip


def test_private_shows_digests_alone(moved, tmp_path):
    _, html = page_of(moved, tmp_path, private=True)
    for text in (html, (tmp_path / "mapping.csv").read_text("utf-8")):
        assert "vip" not in text
        assert "value#" in text


def test_what_was_read_back_is_told_by_kind_and_share(moved, tmp_path):
    text = assert_harmless(page_of(moved, tmp_path)[1]).text
    assert "tickets 3 3 100 %" in text
    assert "messages 7 7 100 %" in text


def test_a_sample_that_was_read_back_is_no_whole(tmp_path):
    with Migration(
        source(), destination(), tmp_path / "j", options=Options(workers=1, yes=True, sample=1)
    ) as migration:
        migration.run()
        migration.verify()
    text = assert_harmless(page_of(tmp_path / "j", tmp_path)[1]).text
    assert "messages 7 7 100 %" not in text


def test_some_tickets_can_be_looked_at_where_patterns_say_where(moved, tmp_path):
    patterns = {"source": Address("https://old.example/c/{id}"), "destination": Address("https://new.example/t/{id}")}
    _, html = page_of(moved, tmp_path, patterns=patterns)
    links = [one["href"] for tag, one in assert_harmless(html).elements if tag == "a"]
    done = [row for row in rows(tmp_path, "tickets.csv") if row["state"] == "done"]
    assert {f"https://old.example/c/{row['source']}" for row in done} <= set(links)
    assert {f"https://new.example/t/{row['destination']}" for row in done} <= set(links)


def test_no_address_that_a_vendor_tells_leads_anywhere_but_to_the_web(moved, tmp_path):
    with Migration(source(), destination(), tmp_path / "j", options=Options(workers=1, yes=True)) as migration:
        migration.run()
        row = {
            "source": "1",
            "destination": "2",
            "source_url": "javascript:alert(1)",
            "destination_url": 'https://x/"><b>',
        }
        migration.journal.facts.remember(**{EXAMPLES: [row]})
    page = assert_harmless(page_of(tmp_path / "j", tmp_path)[1])
    assert [one["href"] for tag, one in page.elements if tag == "a"] == ['https://x/"><b>']


def test_there_is_a_place_for_name_date_and_signature(moved, tmp_path):
    assert "Signed" in assert_harmless(page_of(moved, tmp_path)[1]).text


def test_what_the_canary_showed_is_told(tmp_path):
    with Migration(source(), destination(), tmp_path / "j", options=Options(workers=1, yes=True)) as migration:
        migration.run()
        answers = {
            "survey": {"outcome": "nothing", "by": "mailbox", "at": "2026-03-01"},
            "welcome": {"outcome": "arrived", "by": "user", "at": "2026-03-01"},
        }
        state = {"number": 1, "address": "x", "at": "2026-03-01T00:00:00+00:00", "answers": answers}
        migration.journal.facts.remember(**{CANARY: state})
    text = assert_harmless(page_of(tmp_path / "j", tmp_path)[1]).text
    assert "survey no mail arrived (the mailbox was read), welcome mail arrived (somebody looked)" in text


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\t=1"])
def test_no_cell_is_a_formula(text):
    assert _cell(text)[0] not in "=+-@\t"


def test_the_files_are_the_owners_alone(moved, tmp_path):
    page_of(moved, tmp_path)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
