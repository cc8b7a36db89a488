"""Addresses of old tickets in moved messages lead to the new ones, where the destination lets messages be changed."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from migration.faulty_desk import destination, message, person, source, ticket
from migration.simulators import served

from helpdesk_bridge.datasets.dataset import Dataset
from helpdesk_bridge.errors import InDoubt, Invalid
from helpdesk_bridge.migration import Migration, Options
from helpdesk_bridge.migration.later.links import LEFT, REWRITTEN, WOULD, LinkMap
from helpdesk_bridge.migration.redirects import Address
from helpdesk_bridge.model.values import Body

YES = Options(yes=True, workers=1)
OLD = "https://old.example/staff/case/{id}"
NEW = "https://new.example/t/{id}"


def link(n):
    return f"https://old.example/staff/case/{n}"


def data():
    people = (person("ann", "ann@client.example"), person("eve", "eve@desk.example", role="agent"))
    rich = f'<p>See <a href="{link(1)}">that case</a> and <a href="https://old.example/staff/case/1x">not this</a></p>'
    return Dataset(
        people=people,
        tickets=(
            ticket("t1", "ann", message("ann", 0, "First")),
            ticket("t2", "ann", message("ann", 10, f"As in {link(1)}."), evolve(message("eve", 11, ""), html=rich, text=None)),
            ticket(
                "t3", "ann", message("ann", 20, "Plain"), message("eve", 21, f"Ours: {link(2)}", private=True, kind="note"),
                message("ann", 22, f"Unknown: {link(99)}"),
            ),
        ),
    )  # fmt: skip


def targets(migration):
    return LinkMap(
        Address(OLD),
        {
            record.key.id: f"https://new.example/t/{record.destination[0]}"
            for record in migration.journal.written(_kind())
            if record.destination
        },
    )


def _kind():
    from helpdesk_bridge.migration.journal.states import Kind

    return Kind.TICKET


def texts(desk):
    return [
        one.body.html or one.body.text
        for row in sorted(desk.tickets.list(), key=lambda one: one.subject)
        for one in desk.messages.list(row)
    ]


@pytest.fixture
def moved(tmp_path):
    old, new = source(data()), destination()
    # A real importer can rewrite; the faulty one between lacks it.
    new.importer.rewrite = new.fake.importer.rewrite
    with Migration(old, new, tmp_path / "move.db", options=YES) as migration:
        migration.run()
        yield migration, new


def test_they_are_listed_first_then_rewritten_and_read_back(moved):
    migration, new = moved
    before = texts(new.fake)
    rows = migration.rewrite_links(targets(migration), write=False)
    assert [(one.outcome, one.links) for one in rows] == [(WOULD, 1)] * 3
    assert texts(new.fake) == before
    rows = migration.rewrite_links(targets(migration), write=True)
    assert [one.outcome for one in rows] == [REWRITTEN] * 3
    after = " ".join(texts(new.fake))
    ids = {one.subject: one.id for one in new.fake.tickets.list()}
    assert f"As in https://new.example/t/{ids['Subject of t1']}." in after
    assert f'<a href="https://new.example/t/{ids["Subject of t1"]}">that case</a>' in after
    assert f"Ours: https://new.example/t/{ids['Subject of t2']}" in after
    assert "https://old.example/staff/case/1x" in after
    assert link(99) in after
    assert migration.journal.facts.differences() == ()
    migration.verify()
    assert migration.summary().verified
    assert migration.rewrite_links(targets(migration), write=True) == []


def test_a_later_run_writes_nothing_twice_and_leaves_the_links(moved):
    migration, new = moved
    migration.rewrite_links(targets(migration), write=True)
    after, writes = texts(new.fake), dict(new.faults.calls)
    migration._tally = None
    migration.run()
    assert texts(new.fake) == after
    assert [new.faults.calls[name] for name in ("ticket", "message")] == [
        writes[name] for name in ("ticket", "message")
    ]


def test_what_somebody_changed_there_is_left(moved):
    migration, new = moved
    row = next(one for one in new.fake.tickets.list() if one.subject.endswith("t2"))
    opening = new.fake.messages.list(row).first()
    new.fake.importer.rewrite(row.id, None, evolve(opening, body=Body(text=f"Mine: {link(1)}")), ())
    rows = migration.rewrite_links(targets(migration), write=True)
    assert {one.outcome for one in rows} == {LEFT, REWRITTEN}
    assert next(one.why for one in rows if one.outcome == LEFT) == "it was changed at the destination since"
    assert f"Mine: {link(1)}" in texts(new.fake)


def test_a_rewrite_that_died_before_or_after_it_arrived_is_done_again(moved):
    migration, new = moved
    real, calls = new.fake.importer.rewrite, []

    def dying(*args):
        calls.append(args)
        if len(calls) == 1:
            raise KeyboardInterrupt  # before it arrived
        real(*args)
        if len(calls) == 3:
            raise KeyboardInterrupt  # after it arrived

    new.importer.rewrite = dying
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            migration.rewrite_links(targets(migration), write=True)
    new.importer.rewrite = real
    rows = migration.rewrite_links(targets(migration), write=True)
    assert {one.outcome for one in rows} == {REWRITTEN}
    assert link(1) + "." not in " ".join(texts(new.fake))
    migration.verify()
    assert migration.summary().verified


def test_a_refusal_leaves_the_message_as_it_was_written(moved):
    migration, new = moved

    def refusing(*_):
        raise Invalid("no", field="body")

    new.importer.rewrite = refusing
    rows = migration.rewrite_links(targets(migration), write=True)
    assert {one.outcome for one in rows} == {LEFT}
    assert all(one.why.startswith("the destination refused it: Invalid") for one in rows)
    migration.verify()
    assert migration.summary().verified


def test_an_answer_that_is_lost_is_asked_for_again(moved):
    migration, new = moved
    real, lost = new.fake.importer.rewrite, []

    def losing(*args):
        real(*args)
        if not lost:
            lost.append(args)
            raise InDoubt("the answer was lost")

    new.importer.rewrite = losing
    assert {one.outcome for one in migration.rewrite_links(targets(migration), write=True)} == {REWRITTEN}
    migration.verify()
    assert migration.summary().verified


@pytest.mark.parametrize(("vendor", "outcome"), [("deskie", REWRITTEN), ("desk365", LEFT)])
def test_on_the_wire(tmp_path, vendor, outcome):
    with served("local", data()) as old, served(vendor, 0) as new:
        with Migration(old.desk, new.desk, tmp_path / "move.db", options=YES) as migration:
            migration.run()
            rows = migration.rewrite_links(targets(migration), write=True)
            assert {one.outcome for one in rows} == {outcome}
            assert sum(one.links for one in rows) == 3
            migration.verify()
            assert migration.summary().verified
        said = " ".join(texts(new.desk))
        assert (link(1) + "." in said) is (outcome == LEFT)


def test_addresses_end_where_they_end():
    links = LinkMap(Address("https://o.example/c?id={id}&v=1"), {"7": "https://n.example/t?a=1&b=2"})
    for before, after in (
        ("x https://o.example/c?id=7&v=1 y", "x https://n.example/t?a=1&b=2 y"),
        ("https://o.example/c?id=77&v=1", "https://o.example/c?id=77&v=1"),
        ("https://o.example/c?id=7", "https://o.example/c?id=7"),
    ):
        assert links.rewritten(Body(text=before))[0].text == after
    markup = '<a href="https://o.example/c?id=7&amp;v=1">https://o.example/c?id=7&amp;v=1</a>'
    wanted = '<a href="https://n.example/t?a=1&amp;b=2">https://n.example/t?a=1&amp;b=2</a>'
    assert links.rewritten(Body(html=markup)) == (Body(html=wanted), 2)


@given(
    st.dictionaries(
        st.from_regex(r"[0-9]{1,4}", fullmatch=True), st.from_regex(r"[0-9]{1,4}", fullmatch=True), max_size=5
    ),
    st.lists(st.from_regex(r"[0-9]{1,4}", fullmatch=True), max_size=6),
    st.sampled_from([" ", ", ", ". ", ") ", "\n", "#top ", "?a=b ", '" ']),
)
def test_each_known_address_is_changed_and_nothing_else(known, said, between):
    links = LinkMap(Address(OLD), {one: f"https://new.example/t/{two}" for one, two in known.items()})
    body, count = links.rewritten(Body(text=between.join(map(link, said))))
    wanted = between.join(f"https://new.example/t/{known[one]}" if one in known else link(one) for one in said)
    assert body.text == wanted
    assert count == sum(one in known for one in said)
