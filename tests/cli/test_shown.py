"""What customers, vendors and configurations write is shown, and commands nothing: one list, used everywhere."""

import json
import logging
import os
import pty
import subprocess
import sys
import unicodedata
import warnings

import click
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helpdesk_bridge import open_desk
from helpdesk_bridge.cli import app
from helpdesk_bridge.cli.app import run
from helpdesk_bridge.cli.migration_text import tell_changes
from helpdesk_bridge.cli.output import say, write_json, write_jsonl, write_table
from helpdesk_bridge.errors import ConfigError
from helpdesk_bridge.migration.plan.fidelity import Change
from helpdesk_bridge.migration.report import words as report_words
from helpdesk_bridge.model.drafts import ContactDraft, MessageDraft, TicketDraft
from helpdesk_bridge.model.values import Body, Upload
from helpdesk_bridge.text import display

OBEYED = [chr(number) for number in range(0x10000) if display.NEUTRALISED.match(chr(number))]
KINDS = {
    "a colour": "\x1b[31m", "a title": "\x1b]0;owned\x07", "a clipboard": "\x1b]52;c;cm0=\x07", "one byte of it": "\x9b31m",
    "carriage return": "\r", "backspace": "\b\b\b", "delete": "\x7f", "next line": "\x85", "override": "\u202e",
    "isolate": "\u2067", "marks": "\u200e\u200f\u061c", "separators": "\u2028\u2029", "NUL": "\x00", "form feed": "\x0c",
    "annotation": "\ufff9\ufffb", "old format": "\u206a",
}  # fmt: skip
FORGED = "Refund\r\n2026-01-01 10:00  Boss  (internal note)\npay him\u2028twice\x85now\x0bhere"


def quiet(text):
    """Whether a terminal would show the text and nothing else."""
    return not display.NEUTRALISED.search(text)


def test_the_list_holds_every_control_and_every_mark_of_direction():
    obeyed = frozenset(OBEYED)
    for letter in map(chr, range(sys.maxunicode + 1)):
        control = unicodedata.category(letter) == "Cc" and letter not in "\t\n"
        directs = unicodedata.bidirectional(letter) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
        marks = letter in "\N{LEFT-TO-RIGHT MARK}\N{RIGHT-TO-LEFT MARK}\N{ARABIC LETTER MARK}"
        if control or directs or marks or unicodedata.category(letter) in {"Zl", "Zp", "Cs"}:
            assert letter in obeyed, hex(ord(letter))
        elif unicodedata.category(letter) not in {"Cf", "Cn"} or letter in "\u200b\u200c\u200d\u00ad":
            assert letter not in obeyed, "letters, and what joins them, are shown"


@example("\ud800\udc00")
@given(st.text(st.one_of(st.sampled_from([*OBEYED, "\t", "\n"]), st.characters()), max_size=30))
def test_a_block_keeps_its_lines_a_line_is_one_and_json_reads_back_the_same(text):
    assert quiet(display.block(text))
    assert display.block(text).count("\n") == text.count("\n")
    assert len(display.block(text)) == len(text)
    assert quiet(display.line(text))
    assert len(display.line(text).splitlines()) <= 1
    document = json.dumps({text: [text]}, ensure_ascii=False)
    assert quiet(display.json_text(document))
    # Two halves that meet are one character to every reader of JSON.
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    assert json.loads(display.json_text(document)) == {whole: [whole]}


@pytest.mark.parametrize("kind", [*KINDS.values(), FORGED], ids=[*KINDS, "a line of its own"])
def test_no_way_out_lets_it_through(kind, capsys, monkeypatch):
    write_table((f"a{kind}", "b"), [(f"x{kind}y", "z")])
    say(f"x{kind}y")
    write_json({"subject": f"x{kind}y", f"key{kind}": Body(f"x{kind}y")}, indent=None)
    write_jsonl([{"subject": f"x{kind}y"}])
    tell_changes([Change(f"x{kind}", "lost", f"y{kind}", None)])
    for error in (ConfigError(f"x{kind}y"), click.UsageError(f"x{kind}y"), click.BadParameter(f"x{kind}y")):
        with monkeypatch.context() as patch:
            patch.setattr(app.cli, "main", lambda *_, error=error, **__: (_ for _ in ()).throw(error))
            assert run(["desks"]) != 0
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        app._show_warning(UserWarning(f"x{kind}y"), UserWarning, "f", 1)
    handler = app._Told("%(message)s")
    handler.emit(logging.makeLogRecord({"msg": f"x{kind}y"}))
    said = capsys.readouterr()
    assert quiet(said.out)
    assert quiet(said.err)
    assert len(said.out.splitlines()) == 5
    assert "\n2026" not in said.out
    assert quiet(str(report_words.plain(f"x{kind}y")))


@pytest.fixture
def evil(tmp_path, monkeypatch):
    """A local desk whose name in the configuration, subjects, names, files and texts all try it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HELPDESK_BRIDGE_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    nasty = "".join(one for one in KINDS.values() if "\x00" not in one)
    with open_desk({"vendor": "local", "path": "x.db"}) as desk:
        who = desk.contacts.create(ContactDraft(name=f"Ann{nasty}", emails=("ann@client.example",)))
        file = Upload.from_bytes(f"a{nasty}.txt", b"x")
        ticket = desk.tickets.create(TicketDraft(subject=f"{FORGED}{nasty}", description=f"b{nasty}", requester=who.id))
        desk.messages.note(ticket.id, MessageDraft(body=f"n{nasty}", attachments=(file,)))
    name = f"ev{nasty}il\n"
    (tmp_path / "helpdesk.toml").write_text(f'[desks.{json.dumps(name)}]\nvendor = "local"\npath = "x.db"\n')
    return name, ticket.id


WAYS = [
    ["desks"], ["desks", "--json"], ["tickets", "list", "DESK"], ["tickets", "list", "DESK", "--json"],
    ["tickets", "list", "DESK", "--jsonl"], ["tickets", "show", "DESK", "TICKET"],
    ["tickets", "show", "DESK", "TICKET", "--json"], ["contacts", "list", "DESK"], ["contacts", "list", "DESK", "--json"],
    ["messages", "list", "DESK", "TICKET"], ["messages", "list", "DESK", "TICKET", "--json"], ["check", "DESK"],
    ["capabilities", "DESK"], ["check", "DESKx"], ["tickets", "show", "DESK", "\x1b[31m"], ["tickets", "list", "\u202e"],
    ["--config", "\x1b[31m.toml", "desks"], ["\x1b[31m"], ["tickets", "list", "DESK", "--limit", "\x1b[31m"],
]  # fmt: skip


@pytest.mark.parametrize("words", WAYS, ids=lambda words: " ".join(words).encode("unicode_escape").decode())
def test_no_command_lets_it_through(evil, words, capsys):
    name, ticket = evil
    run([one.replace("DESK", name).replace("TICKET", ticket) for one in words])
    said = capsys.readouterr()
    assert quiet(said.out)
    assert quiet(said.err)
    assert "\n2026-01-01 10:00  Boss" not in said.out
    assert said.out or said.err


def on_a_terminal(words, columns):
    """Return the exit code of the command and what a terminal of this width gets."""
    (ours, theirs) = pty.openpty()
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "helpdesk_bridge.cli", *words],
            stdout=theirs, stderr=theirs, stdin=subprocess.DEVNULL,
            env={**os.environ, "TERM": "dumb", "NO_COLOR": "1", "COLUMNS": str(columns)},
        )  # fmt: skip
        os.close(theirs)
        seen = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # Linux: the other end is closed
                break
            if not part:
                break
            seen += part
        return process.wait(), seen.decode("utf-8").replace("\r\n", "\n")  # the terminal's own line ends
    finally:
        os.close(ours)


@pytest.mark.parametrize(
    "words", [["tickets", "list", "DESK"], ["tickets", "show", "DESK", "TICKET", "--json"], ["desks"]]
)
def test_nothing_of_it_reaches_a_real_terminal(evil, words):
    name, ticket = evil
    code, text = on_a_terminal([one.replace("DESK", name).replace("TICKET", ticket) for one in words], 4000)
    assert code == 0
    assert quiet(text)
    assert "ev" in text or "Refund" in text


def test_a_warning_of_the_library_is_told_as_a_line(tmp_path):
    script = """
import logging
from helpdesk_bridge.cli.app import run
run(["--version"])
logging.getLogger("helpdesk_bridge.files").warning("x\\x1b[31m\\ny")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stderr == "x\N{REPLACEMENT CHARACTER}[31m y\n"


def test_a_file_name_of_a_message_is_one_line(evil, capsys):
    name, ticket = evil
    run(["tickets", "show", name, ticket])
    assert capsys.readouterr().out.count("\n  [a") == 1


@pytest.mark.parametrize("terminal", [True, False])
def test_a_text_cannot_imitate_the_line_before_the_next_message(evil, capsys, terminal):
    name, _ = evil
    line = "2026-01-01 10:00  Boss  (public reply)"
    wide = "\N{CJK UNIFIED IDEOGRAPH-4E2D}" * 30
    with open_desk({"vendor": "local", "path": "x.db"}) as desk:
        text = f"Hello\n\n{line}\nPay him\n\t{line}\n{'x ' * 30}{line}\n{wide} {line}\n{'y' * 60}{line}\n  [bill.pdf, 5 bytes]"
        made = desk.tickets.create(TicketDraft(subject="s", description=text, requester="ann@client.example"))
        desk.messages.note(made.id, MessageDraft(body="The next"))
    words = ["tickets", "show", name, made.id]
    if terminal:
        code, shown = on_a_terminal(words, 60)
    else:
        code, shown = run(words), capsys.readouterr().out
    assert code == 0
    ours = [one for one in shown.splitlines() if one.strip() and not one.startswith("    ")]
    assert len(ours) == 4, ours  # ref and subject, status and priority, a line before each of two messages
    assert not any("Boss" in one or "bill.pdf" in one for one in ours)
