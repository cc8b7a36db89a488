"""Decisions are made in one round before the first write, as a file too, and are about things that exist."""

from __future__ import annotations

import codecs
import csv
import io
import tomllib

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from migration.faulty_desk import message, person, ticket
from migration.simulators import served
from tiers import quick_first

from helpdesk_bridge.cli.commands.migration.wizard import ask_decisions
from helpdesk_bridge.datasets.dataset import Dataset, SeedField
from helpdesk_bridge.migration import DecisionNeeded, Migration, Options
from helpdesk_bridge.migration.decisions import sheet
from helpdesk_bridge.migration.decisions.plan_file import DROPPED, PlanFile, write_plan
from helpdesk_bridge.migration.outcome import WrongMap
from helpdesk_bridge.migration.plan.rules import ASK, FIELDS, check_rule, rule_of
from helpdesk_bridge.migration.plan.table import Standing

ASKED = Options(workers=1)


def account():
    people = (
        person("ann", "ann@client.example"),
        person("eve", "eve@desk.example", role="agent"),
        person("zoe", "zoe@desk.example", role="agent"),
    )
    values = {"group": "Sáles; Istanbul", "assignee": "zoe", "tags": ("vip", "-1+2"), "custom_fields": {"Order No": "A-7"}, "type": "Question"}  # fmt: skip
    tickets = (
        ticket("t1", "ann", message("ann", 0, "It broke"), message("zoe", 4, "We look"), **values),
        ticket("t2", "ann", message("ann", 10, "Where?"), status="pending", assignee="eve", group="007"),
    )
    return Dataset(people=people, groups=("Sáles; Istanbul", "007", "Left over"), tags=("vip", "-1+2"), fields=(SeedField("Order No", "text"),), tickets=tickets)  # fmt: skip


def bare():
    return Dataset(people=(person("eve", "eve@desk.example", role="agent"),), groups=("Sales",), tickets=())


class Pair:
    def __init__(self, old, new, folder):
        self.old, self.new, self.folder = old, new, folder

    def migration(self, **options):
        return Migration(self.old, self.new, self.folder / "journal", options=evolve(ASKED, **options))

    def wrote(self):
        return len(list(self.new.tickets.list())) + len(list(self.new.contacts.list()))


@pytest.fixture(params=quick_first(["deskie", "desk365"]))
def pair(request, tmp_path):
    with served("local", account()) as old, served(request.param, bare()) as new:
        yield Pair(old.desk, new.desk, tmp_path)


@pytest.fixture
def deskie(tmp_path):
    with served("local", account()) as old, served("deskie", bare()) as new:
        yield Pair(old.desk, new.desk, tmp_path)


def decided(migration, needed):
    """Decide everything that one refusal to begin asked for, as its commands say."""
    migration.acknowledge(*(text.removeprefix("--hazard ") for text in needed.hazards))
    for text in needed.values:
        option, _, value = text.partition(" ")
        if option == "--later":
            migration.choose_rule(*value.split("="))
        else:
            field, _, rest = value.partition(":")
            old, _, new = rest.rpartition("=")
            migration.map_value(field, old, new or None)


def test_a_run_into_an_empty_account_stops_once_and_then_never(pair):
    before = pair.wrote()
    with pair.migration() as migration:
        with pytest.raises(DecisionNeeded) as stopped:
            migration.run()
        assert pair.wrote() == before
        decided(migration, stopped.value)
        migration.run()
        assert migration.verify() == []
    assert {one.subject for one in pair.new.tickets.list()} == {"Subject of t1", "Subject of t2"}


def test_a_plan_tells_the_whole_mapping_and_what_must_exist(deskie):
    with deskie.migration() as migration:
        plan = migration.plan()
    rows = {(row.field, row.old): row for row in plan.mapping}
    assert rows["assignee", "eve@desk.example"].standing is Standing.THERE
    assert rows["assignee", "zoe@desk.example"].standing is Standing.OPEN
    assert {(one.kind, one.name) for one in plan.needed} >= {
        ("group", "007"),
        ("agent", "zoe@desk.example"),
        ("tag", "vip"),
    }
    assert plan.as_json()["mapping"][0].keys() >= {"field", "old", "becomes", "standing", "records"}


WRONG = [
    ("colour", "red", "blue", "no field 'colour'"),
    ("grop", "007", "Sales", "nearest is group"),
    ("status", "pending", "Limbo", "no status 'Limbo'"),
    ("status", "waitin", "open", "no status 'waitin'"),
    ("group", "007", "Sale", "the nearest is Sales"),
    ("group", "Nobody", "Sales", "no group 'Nobody'"),
    ("assignee", "zoe@desk.example", "eva@desk.example", "the nearest is eve@desk.example"),
    ("type", "Question", "Problem", "no place for it"),
    ("option", "Nowhere=a", "b", "no custom field 'Nowhere'"),
]


@pytest.mark.parametrize(("field", "old", "new", "why"), WRONG)
def test_a_decision_about_what_does_not_exist_is_refused_with_the_nearest(deskie, field, old, new, why):
    with deskie.migration() as migration:
        migration.plan()
        with pytest.raises(WrongMap, match=why):
            migration.map_value(field, old, new)
        assert migration.journal.facts.decisions() == {}


def test_a_value_that_only_a_ticket_has_can_be_decided_about_once_it_was_read(deskie):
    deskie.old.tickets.update(next(iter(deskie.old.tickets.list())).id, tags=("rare",))
    with deskie.migration() as migration:
        migration.plan()
        migration.map_value("tag", "rare", None)
        migration.map_value("group", "Left over", "Sales")


def sheets(folder):
    return {path.name: path for path in folder.glob("plan.*.csv")}


def filled(path, answers, **form):
    """Fill a sheet in as a spreadsheet saves it: answers by value, in some encoding, with some delimiter and line end."""
    rows = list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig")), delimiter=";"))
    for row in rows[1:]:
        row[2] = answers.get(row[1].removeprefix("'"), row[3])
    out = io.StringIO()
    csv.writer(out, delimiter=form.get("delimiter", ";"), lineterminator=form.get("end", "\r\n")).writerows(rows)
    encoding = form.get("encoding", "utf-8-sig")
    mark = codecs.BOM_UTF16_LE if encoding == "utf-16-le" else b""
    path.write_bytes(mark + out.getvalue().encode(encoding))


FORMS = [
    {},
    {"encoding": "utf-8", "delimiter": ",", "end": "\n"},
    {"encoding": "cp1254"},
    {"encoding": "cp1254", "delimiter": "\t", "end": "\n"},
    {"encoding": "utf-16-le", "delimiter": "\t"},
]


@pytest.mark.parametrize("form", quick_first(FORMS))
def test_a_plan_file_is_written_filled_in_and_taken_once(deskie, form):
    path = deskie.folder / "plan.toml"
    with deskie.migration() as migration:
        write_plan(path, migration.plan(), migration)
        with pytest.raises(WrongMap, match="is there already"):
            write_plan(path, migration.plan(), migration)
    assert path.stat().st_mode & 0o077 == 0
    assert sheets(deskie.folder)["plan.groups.csv"].read_bytes().startswith(codecs.BOM_UTF8)
    for one in sheets(deskie.folder).values():
        filled(one, {"007": "Sales"}, **form)
    text = path.read_text().replace(" = false", " = true").replace('threads = ""', 'threads = "messages"')
    path.write_bytes(text.replace("\n", "\r\n").encode("utf-8-sig"))
    told = []
    with Migration(deskie.old, deskie.new, deskie.folder / "journal", options=evolve(ASKED, decisions=path), tell=told.append) as migration:  # fmt: skip
        assert not migration.plan().needs_decision
        migration.run()
        assert migration.verify() == []
    groups = {one.subject: one.group.name if one.group else None for one in deskie.new.tickets.list()}
    assert groups["Subject of t2"] == "Sales"
    with Migration(deskie.old, deskie.new, deskie.folder / "journal", options=evolve(ASKED, decisions=path), tell=told.append) as migration:  # fmt: skip
        before = migration.journal.facts.decisions()
        migration.plan()
        assert migration.journal.facts.decisions() == before
    assert told[-1] == "0 decisions of plan.toml are new"


def test_what_a_spreadsheet_made_of_a_value_does_not_matter(deskie):
    path = deskie.folder / "plan.toml"
    with deskie.migration() as migration:
        write_plan(path, migration.plan(), migration)
        groups = sheets(deskie.folder)["plan.groups.csv"]
        groups.write_bytes(groups.read_bytes().replace(b"group;007;;", b"group;7;Sales;"))
        assert PlanFile.read(path).take(migration, migration.plan()) == 1
        assert migration._values.group("007").value.name == "Sales"


def break_pair(text):
    return text.replace('source = "local:', 'source = "local:x')


BROKEN = [
    (break_pair, "plan of another pair"),
    (lambda text: text.replace("version = 1", "version = 9"), "version = 1"),
    (lambda text: text.replace("version = 1", "verion = 1"), "unknown key 'verion'; the nearest is version"),
    (lambda text: text.replace("[hazards]", "[hazards]\nnothing = true"), "no such hazard"),
    (lambda text: text.replace('threads = ""', 'threads = "essay"'), "'essay' is no choice"),
    (lambda text: text.replace("field_maps = []", 'field_maps = ["ticket.tags=custom:Nowhere"]'), "Nowhere"),
    (lambda text: text.replace("[later]", '[later]\ncolour = "drop"'), "'colour' come later"),
    (lambda text: text + "x = ", "no TOML"),
    (lambda text: text.replace("plan.groups.csv", "../plan.groups.csv"), "same folder"),
    (lambda text: text.replace("plan.groups.csv", "gone.csv"), "is not there"),
]


@pytest.mark.parametrize(("change", "why"), BROKEN)
def test_a_plan_file_that_is_wrong_is_refused_and_nothing_is_recorded(deskie, change, why):
    path = deskie.folder / "plan.toml"
    with deskie.migration() as migration:
        made = migration.plan()
        write_plan(path, made, migration)
        path.write_text(change(path.read_text()))
        with pytest.raises(WrongMap, match=why):
            PlanFile.read(path).take(migration, made)
        assert migration.journal.facts.decisions() == {}
        assert migration.journal.facts.acknowledged() == frozenset()


BAD_SHEETS = [
    (b"group;x;Sales;;;;\r\n", "no longer applies"),
    (b"group;007;Nowhere;;;;\r\n", "row 4: group:007=Nowhere"),
    (b"group;007;Sales;;;;\r\ngroup;007;(drop);;;;\r\n", "decided twice"),
    (b'group;"007;Sales\r\n', "no CSV"),
]


@pytest.mark.parametrize(("row", "why"), BAD_SHEETS)
def test_a_sheet_that_is_wrong_is_refused_with_its_row(deskie, row, why):
    path = deskie.folder / "plan.toml"
    with deskie.migration() as migration:
        made = migration.plan()
        write_plan(path, made, migration)
        groups = sheets(deskie.folder)["plan.groups.csv"]
        groups.write_bytes(groups.read_bytes() + row)
        with pytest.raises(WrongMap, match=why):
            PlanFile.read(path).take(migration, made)
        assert migration.journal.facts.decisions() == {}


def test_a_sheet_without_a_column_or_in_bytes_that_are_no_text_says_so(tmp_path):
    for content, why in ((b"", "is empty"), (b"field;becomes\r\n", "column 'value'"), (b"\x81\x8d", "cp1254"), (b"\xef\xbb\xbf\xff", "utf-8")):  # fmt: skip
        with pytest.raises(WrongMap, match=why):
            sheet.read(tmp_path / "x.csv", content)


words = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r\n"), max_size=20)


@given(
    st.lists(st.tuples(st.sampled_from(["group", "tag"]), words, words), max_size=5), st.sampled_from([";", ",", "\t"])
)
def test_a_sheet_is_read_as_it_was_written_whatever_the_delimiter(tmp_path_factory, rows, delimiter):
    content = sheet.written({"field": field, "value": old, "becomes": new} for field, old, new in rows)
    cells = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(cells)
    read = sheet.read(tmp_path_factory.getbasetemp() / "x.csv", out.getvalue().encode())
    assert [(row["field"], row["value"], row["becomes"]) for row in read] == rows
    assert not any(cell.startswith(("=", "+", "-", "@")) for line in cells[1:] for cell in line)


def test_a_file_is_valid_toml_and_names_what_is_there(deskie):
    path = deskie.folder / "plan.toml"
    with deskie.migration() as migration:
        write_plan(path, migration.plan(), migration)
    document = tomllib.loads(path.read_text())
    assert document["sheets"].keys() == {one.split(".")[1] for one in sheets(deskie.folder)}
    assert set(document["later"]) == set(FIELDS)
    assert DROPPED in path.read_text()


@pytest.mark.parametrize("field", FIELDS)
def test_a_rule_is_one_that_its_field_knows(field):
    check_rule(field, rule_of(field))
    check_rule(field, ASK)
    with pytest.raises(WrongMap, match="write"):
        check_rule(field, "never")


def test_a_rule_of_a_field_without_values_is_refused_with_the_nearest():
    with pytest.raises(WrongMap, match="did you mean 'group'"):
        check_rule("groups", "drop")


def test_a_decided_word_that_is_refused_stops_the_run_once_and_not_ticket_by_ticket(tmp_path):
    with served("local", account()) as old, served("desk365", bare()) as new:
        pair = Pair(old.desk, new.desk, tmp_path)
        with pair.migration() as migration:
            with pytest.raises(DecisionNeeded) as stopped:
                migration.run()
            decided(migration, stopped.value)
            migration.map_value("status", "pending", "Limbo")
            with pytest.raises(DecisionNeeded, match="refuses a value of status") as stopped:
                migration.run()
            assert stopped.value.values == ("--map status:Pending=",)
            migration.choose_rule("status", "nearest")
            migration.run()
            assert migration.verify() == []
        assert sorted(one.status.value for one in new.desk.tickets.list()) == ["open", "pending"]


def test_a_wizard_asks_what_is_open_and_records_each_answer(deskie, monkeypatch, capsys):
    with deskie.migration() as migration:
        made = migration.plan()
        assert made.values[0].field == "assignee"
        answers = [*["y"] * len(made.hazards), "eva@desk.example", "eve@desk.example", *[""] * (len(made.values) - 2), "-", "note", ""]  # fmt: skip
        monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(answers)))
        ask_decisions(migration)
        shown = capsys.readouterr().out
        assert "the nearest is eve@desk.example" in shown
        again = migration.plan()
        assert [value.old for value in again.values] == [made.values[-1].old]
        assert not again.open_hazards
        assert migration.choices["threads"] == "note"
        assert migration._values.agent("zoe@desk.example").value.email == "eve@desk.example"
