"""Verification compares what a message holds beside its words, and says what it compared."""

from __future__ import annotations

import pytest
from attrs import evolve
from migration.faulty_desk import FaultyDesk, destination, source
from migration.test_verification import ONE, store

from helpdesk_bridge.errors import Unavailable
from helpdesk_bridge.migration import ExitCode, Level, Migration
from helpdesk_bridge.migration.journal.contents import contents, file_differences, file_words
from helpdesk_bridge.model.drafts import ContactChange, MessageDraft, TicketChange
from helpdesk_bridge.model.records import Message
from helpdesk_bridge.model.values import Actor, ActorKind, Attachment, Body, MessageKind, Visibility
from helpdesk_bridge.testing.clock import ManualClock

RICH = (
    '<p>See <a href="https://shop.example/a">https://shop.example/a</a> and <a href="https://shop.example/b">this</a></p>'
    '<ul><li><b>one</b></li><li>two</li></ul><p><img src="cid:shot%401"><img src="https://pics.example/1.png"></p>'
)
SHOT = Attachment("shot.png", "image/png", 4, inline=True, content_id="shot@1")


def message(html, *files, **values):
    return Message(
        id="1",
        ticket_id="1",
        author=Actor(ActorKind.CONTACT, email="ann@client.example"),
        visibility=Visibility.PUBLIC,
        kind=MessageKind.REPLY,
        body=Body(html=html),
        attachments=files,
        **values,
    )


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ('href="https://shop.example/b"', 'href="https://evil.example/b"', "links"),
        ('href="https://shop.example/a"', 'href="https://evil.example/a"', "links"),
        ("cid:shot%401", "cid:other%401", "images"),
        ("https://pics.example/1.png", "https://pics.example/2.png", "images"),
        ('<img src="https://pics.example/1.png">', "", "images"),
        ("<b>one</b>", "one", "format"),
        ("<ul><li><b>one</b></li><li>two</li></ul>", "<b>one</b> two", "format"),
    ],
)
def test_what_a_reader_would_miss_is_part_of_what_is_compared(old, new, part):
    before, after = (contents(message(text, SHOT), ("a1",)) for text in (RICH, RICH.replace(old, new)))
    assert before[part] != after[part]
    assert {name for name in before if before[name] != after[name]} == {part}


def test_an_image_is_the_same_however_its_reference_is_written():
    forms = ("cid:shot%401", "cid:shot@1", "CID:shot%401")
    assert len({str(contents(message(RICH.replace("cid:shot%401", one), SHOT), ("a1",))) for one in forms}) == 1
    other_bytes = contents(message(RICH, SHOT), ("b2",))["images"]
    assert other_bytes != contents(message(RICH, SHOT), ("a1",))["images"]


def test_vendors_may_write_one_element_for_another():
    one, other = (
        contents(message(text), ())["format"] for text in ("<b>x</b><i>y</i>", "<strong>x</strong><em>y</em>")
    )
    assert one == other


def test_a_file_under_another_name_or_as_another_type_is_told_and_a_type_that_nobody_tells_is_not():
    wanted = sorted(file_words([SHOT], ["a1"]))
    assert file_differences(wanted, wanted) == []
    other = sorted(file_words([evolve(SHOT, filename="shut.png")], ["a1"]))
    assert [name for name, *_ in file_differences(wanted, other)] == ["filename"]
    other = sorted(file_words([evolve(SHOT, content_type="text/html; charset=utf-8")], ["a1"]))
    assert [name for name, *_ in file_differences(wanted, other)] == ["content_type"]
    silent = sorted(file_words([evolve(SHOT, content_type=None)], ["a1"]))
    assert file_differences(wanted, silent) == []


# -- what a verification says of itself ----------------------------------------------------------------------------------


@pytest.fixture
def moved(tmp_path):
    old, new = source(), destination()
    with Migration(old, new, tmp_path / "journal", options=ONE) as migration:
        migration.migrate()
        yield old, new.fake, migration


def verified(migration, **options):
    migration.options = evolve(migration.options, **options)
    migration.verify()
    return migration.summary()


def test_everything_compared_with_the_source_of_now_is_verified_and_says_how_much(moved):
    summary = verified(moved[2])
    assert summary.verified
    assert summary.extent.whole
    assert summary.extent.current
    assert summary.extent.compared["messages"] == 7
    assert summary.extent.compared["files"] == 2
    assert summary.extent.left_out is None
    assert "it is as it was read" in summary.extent.source_told


@pytest.mark.parametrize(
    "options", [{"sample": 0}, {"sample": 1}, {"level": Level.LIST}, {"level": Level.ECHO}], ids=str
)
def test_a_part_of_it_is_never_called_verified(moved, options, capsys):
    from helpdesk_bridge.cli.migration_text import tell_summary

    summary = verified(moved[2], **options)
    assert not summary.verified
    assert summary.extent.left_out is not None
    tell_summary(summary, (), verified=True)
    told = capsys.readouterr().out
    assert "Not fully verified" in told
    assert "nothing lost" not in told


def test_what_changed_appeared_or_vanished_at_the_source_is_no_difference_and_is_told(moved):
    old, _, migration = moved
    tickets = {one.subject: one for one in old.tickets.list()}
    old.tickets.update(tickets["Subject of t1"].id, TicketChange(subject="Another"))
    old.messages.note(tickets["Subject of t2"].id, MessageDraft(body="One more"))
    old.removal.ticket(tickets["Subject of t3"].id)
    ann = old.contacts.find(email="ann@client.example")
    old.contacts.update(ann.id, ContactChange(name="Anna"))
    new = old.tickets.create(subject="New", description="x", requester="ann@client.example")
    summary = verified(migration)
    assert summary.differences == ()
    assert (summary.verified, summary.exit_code) == (False, ExitCode.INCOMPLETE)
    rows = {(one.record, one.id, one.what) for one in summary.extent.source.rows}
    note = list(old.messages.list(tickets["Subject of t2"].id))[-1]
    assert rows == {
        ("ticket", tickets["Subject of t1"].id, "changed"),
        ("ticket", tickets["Subject of t2"].id, "changed"),
        ("message", note.id, "appeared"),
        ("ticket", tickets["Subject of t3"].id, "vanished"),
        ("ticket", new.id, "appeared"),
        ("contact", ann.id, "changed"),
    }


def test_an_edit_that_moves_neither_time_nor_count_is_found_if_every_thread_is_read_again(moved):
    old, _, migration = moved
    first = next(one for one in old.tickets.list() if one.subject == "Subject of t1")
    edited = list(old.messages.list(first.id))[2]
    with store(old).database.write() as connection:
        change = "UPDATE messages SET document = replace(document, 'Thanks!', 'Thanks a lot!') WHERE id = ?"
        connection.execute(change, (edited.id,))
    assert verified(migration).verified
    summary = verified(migration, threads_again=True)
    assert [(one.record, one.id, one.what) for one in summary.extent.source.rows] == [("message", edited.id, "changed")]


class Closed:
    """The contacts of an account that was closed."""

    def list(self, *_, **__):
        raise Unavailable("the account was closed", status=404)


def test_a_source_that_cannot_be_listed_any_more_is_said_and_nothing_is_concluded(tmp_path, capsys):
    from helpdesk_bridge.cli.migration_text import tell_summary

    old, new, path = source(), destination(), tmp_path / "journal"
    with Migration(old, new, path, options=ONE) as migration:
        migration.run()
    closed = FaultyDesk(old, ManualClock(), contacts=Closed())
    with Migration(closed, new, path, options=ONE) as migration:
        summary = verified(migration, patience=0.0)
    assert summary.differences == ()
    assert not summary.verified
    assert summary.exit_code is ExitCode.OK
    assert "could not be listed again" in summary.extent.source_told
    tell_summary(summary, (), verified=True)
    assert "nothing lost" not in capsys.readouterr().out
