"""A rehearsal: from an archive into a simulator with the destination's own values, which are read once."""

import json
import tomllib

import pytest
from archive.readings import read
from migration.faulty_desk import person
from migration.simulators import served

from helpdesk_bridge import open_desk
from helpdesk_bridge.cli.app import run
from helpdesk_bridge.config.toml_text import desk_table
from helpdesk_bridge.datasets.account import load_account
from helpdesk_bridge.datasets.account_text import INCOMPLETE, account_text
from helpdesk_bridge.datasets.dataset import Dataset, SeedField
from helpdesk_bridge.model.capabilities import Capabilities
from helpdesk_bridge.model.records import FieldDefinition, FieldType


@pytest.fixture
def run_cli(capsys):
    def call(*arguments):
        code = run([str(one) for one in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


class Lists:
    """A desk of which only the lists are asked."""

    def __init__(self, *, whole, **lists):
        self._lists = lists
        self.capabilities = Capabilities(vendor="some", complete_lists=frozenset(whole))

    def __getattr__(self, name):
        entries = self._lists.get(name)
        return entries and type("List", (), {"list": lambda _: entries})()


def odd_fields():
    return (
        FieldDefinition(key="1", name='Say "hi"\n\x7f', type=FieldType.SELECT, options=("a", "a", " ", "b")),
        FieldDefinition(key="2", name="Empty", type=FieldType.MULTISELECT),
        FieldDefinition(key="3", name="When", type=FieldType.DATETIME, applies_to="contact"),
        FieldDefinition(key="4", name="Of a company", applies_to="company"),
        FieldDefinition(key="5", name="When", type=FieldType.DATE, applies_to="contact"),
    )


def test_an_account_file_holds_what_a_simulator_can_read_of_any_list(tmp_path):
    text = account_text(Lists(whole=["custom_fields"], custom_fields=odd_fields()), {"custom_fields", "groups"})
    assert tomllib.loads(text)["custom_fields"] == [
        {"name": 'Say "hi"\n\x7f', "type": "select", "level": "ticket", "options": ["a", "b"]},
        {"name": "Empty", "type": "text", "level": "ticket"},
        {"name": "When", "type": "date", "level": "contact"},
    ]
    (tmp_path / "account.toml").write_bytes(text.encode())
    account = load_account(tmp_path / "account.toml", {"custom_fields", "groups"}, "Deskie")
    assert len(account.dataset.fields) == 3
    assert "groups" not in account.given
    assert "# groups = []" in text  # not listed whole: for somebody to complete


def values():
    return Dataset(
        people=(person("eve", "eve@desk.example", role="agent"),),
        groups=("Front desk",),
        fields=(SeedField("Frame No", "text"), SeedField("Size", "select", ("S", "M"))),
        tickets=(),
    )


@pytest.mark.parametrize("vendor", ["desk365", pytest.param("deskie", marks=pytest.mark.slow)])
def test_a_rehearsal_asks_the_destination_once_for_its_lists_and_never_again(vendor, tmp_path, run_cli):
    other = "deskie" if vendor == "desk365" else "desk365"
    with served(other, 6) as source:
        read(source.desk, tmp_path / "saved", files=True)
    with served(vendor, values()) as new:
        (tmp_path / "helpdesk.toml").write_text(
            desk_table("saved", {"vendor": "archive", "path": str(tmp_path / "saved")})
            + desk_table("new", {**new.settings, "max_wait": 60})
        )
        command = [
            "--config", tmp_path / "helpdesk.toml", "migrate", "rehearse", "--from", "saved", "--to", "new",
            "--account", tmp_path / "account.toml",
        ]  # fmt: skip
        code, out, err = run_cli(*command, "--yes", "--json")
        assert code == 0, err
        told = json.loads(out)
        assert told["tickets"]["migrated"] > 0
        assert told["verified"]
        asked = len(new.simulator.requests)
        assert asked
        assert {one.method for one in new.simulator.requests} == {"GET"}
        text = (tmp_path / "account.toml").read_text()
        whole, given = new.desk.capabilities.complete_lists, tomllib.loads(text)
        assert given.get("groups") == (["Front desk"] if "groups" in whole else None)
        assert (INCOMPLETE in text) == ("complete what is marked" in err) == (not {"groups", "agents"} <= whole)
        if "agents" in whole:
            assert "eve@desk.example" in [one["email"] for one in given["agents"]]
        if "custom_fields" in whole:
            assert {"Frame No", "Size"} <= {one["name"] for one in given["custom_fields"]}
        # Without --yes it says what there is to decide, in the destination's own words.
        code, _, err = run_cli(*command)
        assert code == 7, err
        assert "--map" in err
        assert len(new.simulator.requests) == asked


def test_a_source_that_is_no_archive_is_refused_before_anything_is_asked(tmp_path, run_cli):
    (tmp_path / "helpdesk.toml").write_text(
        desk_table("old", {"vendor": "local", "path": str(tmp_path / "old.db")})
        + desk_table("new", {"vendor": "local", "path": str(tmp_path / "new.db")})
    )
    command = ["--config", tmp_path / "helpdesk.toml", "migrate", "rehearse", "--from", "old", "--to", "new"]
    code, _, err = run_cli(*command, "--account", tmp_path / "account.toml")
    assert code == 2
    assert "migrate extract old" in err
    assert not (tmp_path / "account.toml").exists()


def test_a_destination_without_a_simulator_is_refused(tmp_path, run_cli):
    with open_desk(vendor="local", path=str(tmp_path / "old.db")) as old:
        read(old, tmp_path / "saved")
    (tmp_path / "helpdesk.toml").write_text(
        desk_table("saved", {"vendor": "archive", "path": str(tmp_path / "saved")})
        + desk_table("new", {"vendor": "local", "path": str(tmp_path / "new.db")})
    )
    command = ["--config", tmp_path / "helpdesk.toml", "migrate", "rehearse", "--from", "saved", "--to", "new"]
    code, _, err = run_cli(*command, "--account", tmp_path / "account.toml")
    assert code == 2
    assert "no simulator" in err
