"""The JSON Schemas of the documentation accept what ``to_dict`` writes and refuse everything else."""

import json

import attrs
import pytest
from docs_pages import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from portable.values import values_of

from helpdesk_bridge import Ticket
from helpdesk_bridge.cli.app import run
from helpdesk_bridge.cli.reference.schemas import DESCRIBED, schema_of, texts
from helpdesk_bridge.model.fields import RECORDS, Kind, Write
from helpdesk_bridge.portable.kinds import kind_of

FOLDER = ROOT / "docs" / "reference" / "schemas"
VALIDATORS = {cls: Draft202012Validator(schema_of(cls)) for cls in DESCRIBED}
every_class = pytest.mark.parametrize("cls", DESCRIBED, ids=lambda cls: cls.__name__)


def test_the_files_are_what_the_table_of_fields_says():
    assert {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.json")} == texts(), (
        "run python -m helpdesk_bridge.cli.reference.schemas docs/reference/schemas"
    )


@every_class
def test_a_schema_is_one_and_has_exactly_the_fields_of_the_table(cls):
    Draft202012Validator.check_schema(schema_of(cls))
    area, _, use = kind_of(cls).partition("_")
    way = {"": Write.NOTHING, "draft": Write.DRAFT, "change": Write.CHANGE}[use]
    fields = {name for name, field in RECORDS[area].items() if way in field.write}
    assert set(schema_of(cls)["properties"]) == {"object", "version", *fields}
    assert fields == {attribute.alias for attribute in attrs.fields(cls)}


@every_class
@settings(max_examples=30)
@given(data=st.data())
def test_what_to_dict_writes_is_valid(cls, data):
    VALIDATORS[cls].validate(data.draw(values_of(cls)).to_dict())


WRONG = {
    Kind.ID: [5], Kind.TEXT: [5], Kind.WORD: [5, ["a"]], Kind.CHOICE: ["escalated", 5], Kind.PERSON: [{"kind": "bot"}, 5],
    Kind.REFERENCE: [{"id": 5, "name": None}, 5], Kind.TIME: [5, {"datetime": "x"}], Kind.FLAG: ["true", None],
    Kind.NUMBER: ["5", 1.5], Kind.WORDS: ["vip", [5]], Kind.ADDRESSES: ["a@x.io", [None]], Kind.PHONES: [[5]], Kind.IDENTITIES: [[{"kind": "x"}], "x"],
    Kind.CUSTOM_FIELDS: [[], {"a": 1.5}, {"a": {"decimal": 1}}], Kind.BODY: [{"text": 5}, 5],
    Kind.FILES: [[{"filename": "a"}], ["a"]], Kind.RATING: [{"score": "5"}, 5], Kind.ANSWER: [5, "x"],
}  # fmt: skip


@every_class
@settings(max_examples=3)
@given(data=st.data())
def test_what_no_value_has_is_not_valid(cls, data):
    validator, document = VALIDATORS[cls], data.draw(values_of(cls)).to_dict()
    for wrong in ({"language": "de"}, {"object": "page"}, {"version": 2}):
        assert not validator.is_valid({**document, **wrong})
    assert not validator.is_valid({name: value for name, value in document.items() if name != "object"})
    for name, field in RECORDS[kind_of(cls).partition("_")[0]].items():
        if name in validator.schema["properties"]:
            for value in WRONG[field.kind]:
                assert not validator.is_valid({**document, name: value}), (name, value)


def test_the_command_prints_the_same_form(tmp_path, capsys):
    desk = tmp_path / "helpdesk.toml"
    desk.write_text(
        f'[desks.support]\nvendor = "local"\npath = "{tmp_path / "support.db"}"\nkeep_raw = true\n', "utf-8"
    )
    words = ["--config", str(desk), "tickets"]
    made = ["create", "support", "--subject", "Hi", "--body", "Text", "--requester", "ann@example.com"]
    assert run([*words, *made, "--json"]) == 0
    assert run([*words, "list", "support", "--jsonl"]) == 0
    assert run([*words, "show", "support", "1", "--json"]) == 0
    out = capsys.readouterr().out
    decoder = json.JSONDecoder()
    created, end = decoder.raw_decode(out)
    line, more = decoder.raw_decode(out[end:].lstrip())
    shown = json.loads(out[end:].lstrip()[more:])
    for document in (created, line, shown["ticket"]):
        VALIDATORS[Ticket].validate(document)
        assert "raw" not in document
        assert Ticket.from_dict(document).subject == "Hi"
    assert Ticket.from_dict(shown["ticket"]).description.text == shown["messages"][0]["body"]["text"] == "Text"
