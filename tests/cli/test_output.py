"""No character ends the command, whatever the terminal, pipe or file can show; JSON stays JSON."""

import io
import json
import os
import subprocess
import sys
from decimal import Decimal

import pytest

from helpdesk_bridge import open_desk
from helpdesk_bridge.cli.app import run
from helpdesk_bridge.cli.output import plain
from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.model.values import Actor, Body, MessageKind, Visibility
from helpdesk_bridge.testing.nasty import NASTY, UNFIT

WORDS = " ".join(word[:40] for word in (*NASTY.values(), *UNFIT.values()))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("desks")
    ann = Actor.contact(name=WORDS, email="ann@x.example")
    with open_desk({"vendor": "local", "path": str(folder / "old.db")}) as desk:
        desk.importer.contact(Contact(id="c", ref="", name=WORDS, emails=("ann@x.example",)), "m")
        body = Body(html=f"<p>{WORDS}</p>")
        opening = Message(
            id="o",
            ticket_id="t",
            author=ann,
            visibility=Visibility.PUBLIC,
            kind=MessageKind.REPLY,
            body=body,
            opening=True,
        )
        desk.importer.ticket(Ticket(id="t", ref="", subject=WORDS, requester=ann, tags=(WORDS,)), opening, (), "n")
    tables = [f'[desks.{name}]\nvendor = "local"\npath = "{folder / name}.db"\n' for name in ("old", "new")]
    (folder / "helpdesk.toml").write_text("\n".join(tables), "utf-8")
    return folder


@pytest.fixture(params=["cp1252", "ascii", "latin-1", "utf-8"])
def command(request, folder, monkeypatch):
    def call(*arguments):
        out, told = (io.TextIOWrapper(io.BytesIO(), encoding=request.param) for _ in range(2))
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", told)
            code = run(["--config", str(folder / "helpdesk.toml"), *map(os.fsdecode, arguments)])
        out.flush()
        told.flush()
        return code, out.buffer.getvalue(), told.buffer.getvalue().decode(request.param, "replace")

    call.encoding = request.param
    return call


def test_a_real_pipe_of_a_small_code_page_takes_everything(folder):
    env = {**os.environ, "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    ended = subprocess.run(
        [sys.executable, "-m", "helpdesk_bridge.cli", "tickets", "list", "old"],
        cwd=folder, env=env, capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert rb"\U0001f469" in ended.stdout


def test_every_reading_command_ends_well(command):
    (ticket,) = json.loads(command("tickets", "list", "old", "--json")[1].decode(command.encoding))
    for arguments in (
        ("tickets", "list", "old"), ("tickets", "show", "old", ticket["id"]), ("messages", "list", "old", ticket["id"]),
        ("contacts", "list", "old"), ("contacts", "find", "old", "--email", "ann@x.example"),
    ):  # fmt: skip
        code, out, told = command(*arguments)
        assert (code, "unexpected" in told, "Traceback" in told) == (0, False, False), told
        assert out
        code, out, told = command(*arguments, "--json")
        assert (code, "unexpected" in told) == (0, False), told
        text = json.dumps(json.loads(out.decode(command.encoding)), ensure_ascii=False)
        assert "👩" in text or "messages" not in arguments


def test_a_plan_and_a_report_end_well(command, tmp_path):
    journal = str(tmp_path / "journal")
    code, out, told = command(
        "migrate", "plan", "--from", "old", "--to", "new", "--journal", journal, "--full", "--json"
    )
    assert code == 0, told
    changes = json.loads(out.decode(command.encoding))["fidelity"]
    assert sorted(one["why"].split(",")[0] for one in changes if one["field"] == "text") == [
        "the source holds NUL characters", "the source holds halves of characters",
    ]  # fmt: skip
    code, out, told = command("migrate", "plan", "--from", "old", "--to", "new", "--journal", journal)
    assert (code, bool(out)) == (0, True), told


@pytest.mark.parametrize("argument", ["\udcff", "half \udce9", "👩\u202e"])
def test_arguments_that_are_no_text_are_refused_and_told(command, argument):
    raw = argument.encode("utf-8", "surrogateescape")
    for arguments in (
        ("tickets", "show", "old", raw),
        ("contacts", "find", "old", "--email", raw),
        ("tickets", raw),
        (raw,),
    ):
        code, _, told = command(*arguments)
        assert code in (1, 2), told
        assert told
        assert "unexpected" not in told
        assert "Traceback" not in told


@pytest.mark.parametrize("body", [b"caf\xe9 \x81", b"a\x00b"])
def test_a_body_on_stdin_that_is_no_text_is_refused_and_told(folder, body):
    env = {**os.environ, "PYTHONIOENCODING": "utf-8:strict"}
    ended = subprocess.run(
        [sys.executable, "-m", "helpdesk_bridge.cli", "tickets", "reply", "old", "1", "--body", "-"],
        cwd=folder, env=env, input=body, capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    assert ended.returncode in (1, 2)
    assert b"unexpected" not in ended.stderr
    assert b"not text in utf-8" in ended.stderr or b"holds NUL" in ended.stderr


def test_numbers_that_are_none_are_json_text():
    value = plain({"a": float("nan"), "b": float("-inf"), "c": Decimal("NaN"), "d": 1.5})
    assert json.dumps(value, allow_nan=False) == '{"a": "nan", "b": "-inf", "c": "NaN", "d": 1.5}'
