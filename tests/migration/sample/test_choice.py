from datetime import UTC, datetime

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from migration.faulty_desk import FILE, destination, message, person, source, ticket

from helpdesk_bridge.datasets.dataset import Dataset
from helpdesk_bridge.migration import Migration, Options
from helpdesk_bridge.migration.journal.states import Kind, State
from helpdesk_bridge.migration.sample.choice import TRAITS, Look, odd_characters, picked
from helpdesk_bridge.model.records import Ticket
from helpdesk_bridge.model.values import Actor, ActorKind

YES = Options(yes=True, workers=1)


def ugly():
    people = (
        person("ann", "ann@client.example"),
        person("cem", None, phone="+905551112233"),
        person("zoe", "zoe@client.example"),
        person("eve", "eve@desk.example", role="agent"),
    )
    plain = [ticket(f"p{n}", "zoe", message("zoe", 100 + n, "Hello")) for n in range(12)]
    tickets = (
        evolve(ticket("old", "ann", message("ann", 0, "First of all"))),
        ticket("long", "ann", *(message("ann", 40 + n, f"Line {n}") for n in range(14))),
        ticket("files", "ann", message("ann", 50, "Many", files=(FILE,) * 5)),
        ticket("merged", "ann", message("ann", 51, "The same"), merged_into="long"),
        ticket("odd", "ann", message("ann", 52, "Ünï \N{PARTY POPPER} ab\u202ecd")),
        ticket("intern", "ann", message("eve", 53, "For us", private=True, kind="note"), message("ann", 54, "Hi")),
        ticket("phone", "cem", message("cem", 55, "Call me")),
        evolve(ticket("empty", "ann", message("ann", 56, "No subject")), subject=""),
    )
    return Dataset(people=people, tickets=(*plain, *tickets))


WANTED = {
    "long": "a long thread: 14 messages",
    "files": "many files: 5",
    "merged": "merged into ",
    "odd": "odd characters: U+1F389, U+202E",
    "intern": "begins with an internal note",
    "phone": "its customer has no e-mail",
    "old": "the oldest: 2025-03-01",
    "empty": "an empty subject",
}


@pytest.fixture
def moved(tmp_path):
    old, new = source(ugly()), destination()
    with Migration(old, new, tmp_path / "move.db", options=YES) as migration:
        yield migration, old, new


def test_the_ugliest_come_first_and_each_says_why(moved):
    migration, old, _ = moved
    subjects = {
        one.id: one.subject.removeprefix("Subject of ") or "empty" for one in old.tickets.list(include={"merged"})
    }
    choice = migration.choose_sample(8)
    reasons = {subjects[one.ticket]: one.reasons for one in choice.tickets}
    assert set(reasons) == set(WANTED)
    for key, reason in WANTED.items():
        assert any(one.startswith(reason) for one in reasons[key]), (key, reasons[key])
    assert choice.read <= 24


def test_the_sample_alone_is_written_with_whom_it_names_and_the_run_does_the_rest(moved, tmp_path):
    migration, _, new = moved
    choice = migration.choose_sample(8)
    assert migration.run_sample(choice) == []
    assert len(new.fake.tickets.list(include={"merged"}).all()) == 8
    assert {one.email for one in new.fake.contacts.list()} == {"ann@client.example", None}
    assert migration.journal.counts()[Kind.TICKET][State.PLANNED] == 12
    migration.run()
    migration.verify()
    assert migration.summary().verified
    assert migration.summary().exit_code == 0
    whole = destination()
    with Migration(source(ugly()), whole, tmp_path / "other.db", options=YES) as other:
        other.migrate()
    assert shown(new.fake) == shown(whole.fake)
    assert new.faults.calls["ticket"] == 20
    assert new.faults.calls["contact"] == 3


def shown(fake):
    """What stands at a destination, without ids and places."""
    return sorted(
        (
            one.subject,
            one.status.value,
            one.requester.email or "",
            [message.body.text for message in fake.messages.list(one)],
        )
        for one in fake.tickets.list(include={"merged"})
    )


def test_a_sample_stays_the_same_and_grows(moved):
    migration, _, new = moved
    first = migration.choose_sample(3)
    migration.run_sample(first)
    assert [one.ticket for one in migration.choose_sample(3).tickets] == [one.ticket for one in first.tickets]
    more = migration.choose_sample(5)
    assert [one.ticket for one in more.tickets[:3]] == [one.ticket for one in first.tickets]
    migration.run_sample(more)
    assert new.faults.calls["ticket"] == 5


def test_a_sample_larger_than_the_source_is_all_of_it(moved):
    migration, *_ = moved
    assert len(migration.choose_sample(50).tickets) == 20
    assert migration.run_sample(migration.choose_sample(50)) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("plain", []),
        ("naïve Straße", []),
        ("e\u0301", ["U+0301"]),
        ("\N{PARTY POPPER}", ["U+1F389"]),
        ("\ufffd", ["U+FFFD"]),
        ("שלום", ["right-to-left script"]),
        ("GrÃ¼ÃŸe", ["UTF-8 that was read as Latin-1"]),
        ("a\x00b\ttab\n", ["U+0000"]),
        ("\u2764\N{VARIATION SELECTOR-16}", []),
    ],
)
def test_characters_that_are_often_damaged_are_named(text, found):
    assert [one for one in odd_characters(text) if one != "U+0178"] == found


@given(st.lists(st.text(max_size=5), max_size=12), st.integers(1, 15))
def test_a_choice_takes_as_many_as_there_are_each_once_and_has_a_reason_for_each(subjects, n):
    looks = [
        Look(
            Ticket(id=str(place), ref="", subject=subject, created_at=datetime(2025, 1, 1 + place, tzinfo=UTC)),
            Actor(ActorKind.CONTACT, email="a@b.example"),
            (),
        )
        for place, subject in enumerate(subjects)
    ]
    chosen = [one for one, _ in picked(looks, n)]
    assert len({one.ticket for one in chosen}) == len(chosen) == min(n, len(looks))
    assert all(one.reasons for one in chosen)
    if looks:
        assert "0" in {one.ticket for one, _ in picked(looks, len(TRAITS))}
