"""``simulate --account``: it serves what the file says, or says one line and serves nothing."""

import json

import pytest
import requests
from click.testing import CliRunner

from helpdesk_bridge import open_desk
from helpdesk_bridge.cli.commands.simulate import simulate
from helpdesk_bridge.cli.simulator_process import SimulatedVendor

ACCOUNT = """
groups = ["Zentrale", "Werkstatt"]
plan = "basic"

[[agents]]
email = "jo@raeder.example"

[limits]
rate_limit = 123
"""
TICKET = {
    "id": 1,
    "requester": {"email": "ann@example.com"},
    "group": "Werkstatt",
    "messages": [
        {"author": {"role": "contact", "email": "ann@example.com"}, "created_at": "2026-01-05T09:00:00Z", "text": "Hi"}
    ],
}


@pytest.fixture
def files(tmp_path):
    account, corpus = tmp_path / "account.toml", tmp_path / "tickets.jsonl"
    account.write_text(ACCOUNT)
    corpus.write_text(json.dumps(TICKET))
    return account, corpus


def test_the_account_of_a_file_is_served(files):
    account, corpus = map(str, files)
    with SimulatedVendor("deskie", ("--account", account, "--corpus", corpus)) as vendor:
        settings = vendor.listening()
        assert settings["subscription"] == "basic"
        with open_desk(settings) as desk:
            assert [group.name for group in desk.groups.list()] == ["Zentrale", "Werkstatt"]
            assert [ticket.group.name for ticket in desk.tickets.list()] == ["Werkstatt"]
        answer = requests.get(
            f"{settings['base_url']}/api/groups.json", auth=(settings["staff_email"], settings["api_key"]), timeout=10
        )
        assert answer.headers["rate_limit_per_minute"] == "123"


@pytest.mark.parametrize(
    ("account", "corpus", "said"),
    [
        ('groups = ["A"]\ngrupen = []', None, "account.toml: unknown key 'grupen'"),
        ('plan = "gold"', None, "account.toml: plan takes one of basic, standard, pro"),
        ("[limits]\nrows_per_hour = 5", None, "account.toml: limits has no 'rows_per_hour'; Deskie has rate_limit"),
        ("[limits]\nrate_limit = 1.5", None, "rate_limit"),
        ('groups = ["A"]', TICKET, "tickets.jsonl: ticket 1: the account has no group 'Werkstatt'; it has 'A'"),
        ("[[agents]]\nemail = 'a@x.io'", {**TICKET, "assignee": "b@x.io"}, "an agent whom the account does not have"),
        ("not toml", None, "account.toml: it is not TOML"),
    ],
)
def test_what_cannot_be_served_is_one_line(files, account, corpus, said):
    files[0].write_text(account)
    arguments = ["deskie", "--account", str(files[0])]
    if corpus is not None:
        files[1].write_text(json.dumps(corpus))
        arguments += ["--corpus", str(files[1])]
    result = CliRunner().invoke(simulate, arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not result.stdout
    assert len([line for line in result.stderr.splitlines() if line.startswith("Error")]) == 1


def test_a_file_that_is_not_there_and_a_vendor_without_a_simulator():
    for arguments, said in (
        (("deskie", "--account", "nowhere.toml"), "cannot be read"),
        (("local", "--account", "x"), "no simulator"),
    ):
        result = CliRunner().invoke(simulate, arguments)
        assert result.exit_code == 2
        assert said in result.stderr
