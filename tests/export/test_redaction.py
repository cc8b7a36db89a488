"""A redacted archive has the structure, the sizes and the shapes of another, and nothing that anybody wrote."""

import re
import threading
from collections import Counter

import pytest
from archive.readings import contents, local, opened, read
from hypothesis import given
from hypothesis import strategies as st
from migration.simulators import served

from helpdesk_bridge import open_desk
from helpdesk_bridge.archive import Archive, Interrupted, WrongFolder
from helpdesk_bridge.cli.app import run
from helpdesk_bridge.export.pseudonyms.shapes import shape, shape_of_markup, shape_of_number
from helpdesk_bridge.export.redaction import Redaction
from helpdesk_bridge.migration import Migration, Options
from helpdesk_bridge.model.fields import CONTACT, MESSAGE, TICKET
from helpdesk_bridge.model.values import ActorKind, MessageKind, Status, Visibility
from helpdesk_bridge.text.plain import fold

FORMS = {
    *TICKET,
    *MESSAGE,
    *CONTACT,
    *(one.value for kind in (MessageKind, Visibility, ActorKind, Status) for one in kind),
}
"""The words of the documents' own form."""
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def redacted(source, target):
    return Redaction(source, target, threading.Event()).run()


def bytes_of(folder):
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@given(TEXTS)
def test_a_shape_has_the_length_the_bytes_the_words_and_no_letter_of_its_text(text):
    made = shape(text)
    assert len(made) == len(text)
    assert len(made.encode()) == len(text.encode())
    assert [one.isspace() for one in made] == [one.isspace() for one in text]
    assert shape(made) == made
    assert not {one for one in made if one.isascii() and one.isalnum()} - set("xX9")


@given(TEXTS)
def test_no_word_comes_through_markup(text):
    secret = "Geheimnis4711"
    for html in (
        f"<p title='{secret}'>{secret} {text}</p>", f"<{secret}@example.com> {text}", f"<!-- {secret} -->{text}",
        f"{text}<a href=https://x.example/{secret}>{secret}", f"&{secret};<style>.{secret}</style>",
    ):  # fmt: skip
        assert secret.lower() not in shape_of_markup(html, lambda _: "id").lower()


def test_tags_and_images_stay_where_they_are():
    html = '<div class="mail"><b>Hi Ann</b><br/><img alt="Ann" src="cid:a@1">&nbsp;Bye &amp; thanks</div>'
    made = shape_of_markup(html, lambda one: {"a@1": "new"}[one])
    assert made == '<div><b>Xx Xxx</b><br/><img src="cid:new">&nbsp;Xxx &amp; xxxxxx</div>'


@pytest.mark.parametrize(("value", "wanted"), [(0, 9), (4711, 9999), (-12, -99)])
def test_a_number_keeps_its_digits(value, wanted):
    assert shape_of_number(value) == wanted


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A desk's archive with files, and the redacted one."""
    folder = tmp_path_factory.mktemp("redaction")
    with served("deskie", 25) as source:
        read(source.desk, folder / "old", files=True)
    redacted(folder / "old", folder / "new")
    return folder / "old", folder / "new"


def secrets_of(folder):
    """Every name, address, number, id and longer word that customers and agents have in an archive."""
    told, account = contents(folder), set()
    archive = Archive.read(folder)
    try:
        for kind in ("groups", "tags"):
            account |= {fold(word) for one in archive.entries(kind) for word in re.findall(r"\w+", one.name)}
        for one in archive.entries("custom_fields"):
            account |= {fold(word) for text in (one.name, *one.options) for word in re.findall(r"\w+", text)}
        named = [one.filename for ticket in told["tickets"] for one in (file.file for file in archive.files(ticket))]
    finally:
        archive.close()
    words_of_the_account = ("status_label", "priority_label", "type", "category", "subcategory", "channel")
    for ticket in told["tickets"].values():
        texts = [getattr(ticket, name) or "" for name in words_of_the_account]
        account |= {fold(word) for text in texts for word in re.findall(r"\w+", text)}
    people = [*told["contacts"].values(), *told["agents"].values()]
    words, whole = set(), set()
    for one in people:
        whole.add(one.name)
        whole |= {getattr(one, "email", None), *getattr(one, "emails", ())}
        whole |= {phone.raw for phone in getattr(one, "phones", ())}
    for ticket in told["tickets"].values():
        words |= set(re.findall(r"\w{7,}", ticket.subject or ""))
        whole.add(ticket.subject)
    for thread in told["messages"].values():
        for message in thread:
            words |= set(re.findall(r"\w{7,}", message.body.text))
            whole.add(message.body.text)
    whole |= {name.rpartition(".")[0] for name in named}
    found = {one for one in whole if one and len(one) > 3} | {one for one in words if fold(one) not in account}
    return {one for one in found if set(one) - set("xX9 ")}


def test_nothing_that_anybody_wrote_or_is_called_is_in_any_file(pair, tmp_path):
    old, new = pair
    secrets, there = secrets_of(old), bytes_of(new).decode("utf-8", "replace").casefold()
    assert len(secrets) > 200
    with local(0) as empty:
        read(empty, tmp_path / "empty")
    forms = bytes_of(tmp_path / "empty").decode("utf-8", "replace").casefold() + " ".join(FORMS)
    leaked = {one for one in secrets if one.casefold() in there and one.casefold() not in forms}
    assert not leaked, sorted(leaked)[:10]
    assert sum(one.casefold() in bytes_of(old).decode("utf-8", "replace").casefold() for one in secrets) > 200


def shapes(folder):
    told = contents(folder)
    tickets = Counter(
        (
            one.status,
            one.priority,
            one.created_at,
            one.group and one.group.name,
            one.tags,
            one.spam,
            shape(one.subject or ""),
        )
        for one in told["tickets"].values()
    )
    messages = Counter(
        (one.kind, one.visibility, one.author.kind, one.created_at, one.opening, len(one.attachments))
        for thread in told["messages"].values()
        for one in thread
    )
    archive = Archive.read(folder)
    try:
        files = Counter(
            (file.size, file.file.content_type) for ticket in told["tickets"] for file in archive.files(ticket)
        )
        return tickets, messages, files, len(told["contacts"]), len(told["agents"])
    finally:
        archive.close()


def test_structure_sizes_and_times_are_the_same(pair):
    old, new = pair
    assert shapes(new) == shapes(old)
    assert shapes(new)[2].total() > 0


def test_files_are_as_long_and_as_different_and_empty(pair):
    _, new = pair
    sizes = [sorted(path.stat().st_size for path in (one / "files").rglob("*") if path.is_file()) for one in pair]
    assert sizes[0] == sizes[1]
    for path in (new / "files").rglob("*"):
        if path.is_file():
            assert not path.read_bytes()[8:].strip(b"\0")


def test_a_person_is_one_person_in_all_records(pair):
    told = contents(pair[1])
    by_id = told["contacts"]
    named = [one.requester for one in told["tickets"].values() if one.requester and one.requester.id in by_id]
    assert named
    for one in named:
        assert one.email is None or one.email in by_id[one.id].emails


def test_a_migration_can_be_rehearsed_from_it(pair, tmp_path):
    with (
        open_desk(vendor="archive", path=str(pair[1]), name="old") as old,
        open_desk(vendor="local", path=":memory:", name="new") as new,
        Migration(old, new, tmp_path / "journal", options=Options(yes=True)) as migration,
    ):
        summary = migration.migrate()
    assert summary.verified, summary.differences[:3]


def test_two_redactions_have_no_pseudonym_in_common(pair, tmp_path):
    redacted(pair[0], tmp_path / "again")
    first, second = (contents(one) for one in (pair[1], tmp_path / "again"))
    assert not first["contacts"].keys() & second["contacts"].keys()


# -- bad input -----------------------------------------------------------------------------------------------------


def test_an_archive_that_is_half_done_is_refused_and_nothing_is_written(tmp_path):
    with local(2) as desk, opened(desk, tmp_path / "half"):
        pass
    with pytest.raises(WrongFolder, match="half done"):
        redacted(tmp_path / "half", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_folder_that_holds_anything_is_refused(pair, tmp_path):
    (tmp_path / "note").write_text("mine")
    with pytest.raises(WrongFolder, match="not empty"):
        redacted(pair[0], tmp_path)
    with pytest.raises(WrongFolder, match="not empty"):
        redacted(pair[0], tmp_path / "note")
    with pytest.raises(WrongFolder, match="not empty"):
        redacted(pair[0], pair[0])
    assert (tmp_path / "note").read_text() == "mine"


def test_one_that_was_stopped_is_half_done_for_whoever_opens_it(pair, tmp_path):
    stop = threading.Event()
    stop.set()
    with pytest.raises(Interrupted):
        Redaction(pair[0], tmp_path / "new", stop).run()
    with open_desk(vendor="archive", path=str(tmp_path / "new"), name="new") as desk:
        assert "half done" in desk.check()[0].detail


def test_the_command_says_what_it_wrote_and_what_to_look_through(pair, tmp_path, capsys):
    assert run(["migrate", "redact", str(pair[0]), "--to", str(tmp_path / "new")]) == 0
    said = capsys.readouterr()
    assert "25 tickets" in said.out
    assert "look through" in said.err
    assert run(["migrate", "redact", str(pair[0]), "--to", str(tmp_path / "new")]) != 0
