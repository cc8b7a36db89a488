"""A scope takes its tickets and whom they name; widened to everything it equals one full run."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from migration.faulty_desk import at, message, person, ticket
from migration.simulators import served
from migration.test_verification import ONE
from tiers import quick_first

from helpdesk_bridge import open_desk
from helpdesk_bridge.datasets.dataset import Dataset
from helpdesk_bridge.migration import Migration
from helpdesk_bridge.migration.journal.states import Kind, State
from helpdesk_bridge.migration.outcome import WrongScope
from helpdesk_bridge.migration.scope.hours import Hours
from helpdesk_bridge.migration.scope.order import TicketOrder
from helpdesk_bridge.migration.scope.scope import MigrationScope, ScopeChoice


def account():
    """Bob writes in a thread of Ann's and has a ticket, Dora has none; Pia has two contacts, of which the second writes."""
    people = (
        person("pia", None, phone="+905551112233"),
        person("pia2", None, phone="+905551112233", name="Pia the second"),
        person("ann", "Ann@client.example", company="Acme"),
        person("bob", "bob@client.example"),
        person("cem", "cem@other.example", company="Other"),
        person("dora", "dora@client.example"),
        person("eve", "eve@desk.example", role="agent"),
    )
    tickets = (
        ticket("t1", "ann", message("ann", 0, "It broke"), message("bob", 4, "For me too"), tags=("vip",), group="Sales"),
        ticket("t2", "bob", message("bob", 10, "Where?"), message("eve", 12, "Here", private=True, kind="note"), status="closed"),
        ticket("t3", "cem", message("cem", 20, "Call"), status="pending", group="Support"),
        ticket("t4", "ann", message("ann", 30, "Again"), status="solved", tags=("vip", "other")),
        ticket("t5", "ann", message("ann", 40, "Buy now"), spam=True),
        ticket("t6", "pia2", message("pia2", 8, "Ring me"), status="closed", tags=("other",)),
    )  # fmt: skip
    return Dataset(people=people, groups=("Sales", "Support"), tags=("vip", "other"), tickets=tickets)


def empty():
    return Dataset(people=(person("eve", "eve@desk.example", role="agent"),), groups=("Sales", "Support"), tags=("vip", "other"), tickets=())  # fmt: skip


class Desks:
    def __init__(self, old, new, folder):
        self.old, self.new, self.folder = old, new, folder

    def migration(self, choice=None, journal="journal", **options):
        return Migration(self.old, self.new, self.folder / journal, options=evolve(ONE, scope=choice, **options))

    def run(self, choice=None, journal="journal", **options):
        with self.migration(choice, journal, **options) as migration:
            migration.run()
            differences = migration.verify()
            assert differences == []
            return migration.summary()

    def id_of(self, subject):
        return next(one.id for one in self.old.tickets.list(include={"spam"}) if one.subject == f"Subject of {subject}")

    def there(self):
        """What the destination shows, by the words of the source, whatever ids it gave."""
        tickets = {}
        for one in self.new.tickets.list(include={"spam", "custom_fields"}):
            thread = [(m.author.email, m.body.text, m.visibility, m.created_at) for m in self.new.messages.list(one.id)]
            tickets[one.subject] = (one.status, one.requester.name if one.requester else None, one.tags, thread)
        contacts = sorted((one.name, one.email or "") for one in self.new.contacts.list())
        return tickets, contacts


@pytest.fixture
def desks(tmp_path):
    with served("local", account()) as old, served("local", empty()) as new:
        yield Desks(old.desk, new.desk, tmp_path)


def choice(*, everything=False, **given):
    return ScopeChoice(everything=everything, given=given)


def subjects(desks):
    return {one.subject.removeprefix("Subject of ") for one in desks.new.tickets.list()}


SCOPES = {
    "status": ({"statuses": {"open", "new", "pending"}}, {"t1", "t3"}),
    "since": ({"since": at(15)}, {"t3", "t4"}),
    "until": ({"until": at(9)}, {"t1", "t6"}),
    "created": ({"created_since": at(5), "created_until": at(25)}, {"t2", "t3", "t6"}),
    "group": ({"groups": {"sales"}}, {"t1"}),
    "tag": ({"tags": {"vip"}}, {"t1", "t4"}),
    "company": ({"companies": {"OTHER"}}, {"t3"}),
    "limit": ({"limit": 3}, {"t3", "t4"}),
    "both": ({"tags": {"vip"}, "statuses": {"solved"}}, {"t4"}),
}


@pytest.mark.parametrize("name", SCOPES)
def test_a_scope_takes_its_tickets_and_whoever_they_name(desks, name):
    given_, wanted = SCOPES[name]
    summary = desks.run(choice(**given_))
    assert subjects(desks) == wanted
    assert summary.counts[Kind.CONTACT].pending == 0
    tickets, contacts = desks.there()
    full = {"t1": {"ann", "bob"}, "t2": {"bob"}, "t3": {"cem"}, "t4": {"ann"}, "t6": {"pia"}}
    named = {who for one in wanted for who in full[one]} | ({"ann"} if "limit" in given_ else set())
    assert {name.partition(" ")[0].lower() for name, _ in contacts} == named
    assert all(requester for _, requester, _, _ in tickets.values())


def test_only_and_exclude_name_tickets_and_an_unknown_one_is_refused_before_anything_is_written(desks):
    first, second = desks.id_of("t1"), desks.id_of("t2")
    with desks.migration(choice(only={first, "nobody"})) as migration, pytest.raises(WrongScope, match="nobody"):
        migration.run()
    desks.run(choice(only={first, second}))
    assert subjects(desks) == {"t1", "t2"}
    with desks.migration(choice(only={first})) as migration, pytest.raises(WrongScope, match="--only leaves out"):
        migration.run()
    with (
        desks.migration(choice(everything=True, exclude={second})) as migration,
        pytest.raises(WrongScope, match="--exclude leaves out"),
    ):
        migration.run()


def test_a_scope_that_matches_nothing_is_refused_and_leaves_the_journal_as_it_was(desks):
    with desks.migration(choice(tags={"nothing"})) as migration:
        with pytest.raises(WrongScope, match=r"none of the 6 tickets .*tag nothing"):
            migration.plan()
        assert migration.scope == MigrationScope()
        assert not list(migration.journal.each(Kind.TICKET))
    assert desks.there() == ({}, [])


@pytest.mark.parametrize("name", quick_first(["tag", *(one for one in SCOPES if one != "tag")]))
@pytest.mark.parametrize("order", TicketOrder)
def test_a_widened_migration_equals_one_full_run(tmp_path, name, order):
    with served("local", account()) as old:
        with served("local", empty()) as new:
            whole = Desks(old.desk, new.desk, tmp_path / "whole")
            whole.folder.mkdir()
            whole.run()
            expected = whole.there()
        with served("local", empty()) as new:
            parts = Desks(old.desk, new.desk, tmp_path / "parts")
            parts.folder.mkdir()
            parts.run(choice(**SCOPES[name][0]), order=order)
            parts.run()
            summary = parts.run(choice(everything=True))
            assert summary.verified
            assert parts.there() == expected


@pytest.mark.parametrize("vendor", quick_first(["local", "deskie", "desk365"]))
def test_what_an_earlier_migration_wrote_beyond_the_scope_is_not_written_again(tmp_path, vendor):
    with served("local", account()) as old, served(vendor, empty()) as new:
        desks = Desks(old.desk, new.desk, tmp_path)
        desks.run()
        before = desks.there()
        desks.run(choice(tags={"vip"}), journal="other")
        with desks.migration(choice(everything=True), journal="other") as migration:
            assert migration.plan().search.foreign == 0
        desks.old.tickets.create(
            subject="Subject of t7", description="New", requester="bob@client.example", tags=("vip",)
        )
        desks.run(choice(everything=True), journal="other")
        tickets, contacts = desks.there()
        assert tickets.pop("Subject of t7")
        assert (tickets, contacts) == before
        assert len(list(desks.new.tickets.list(include={"spam"}))) == len(before[0]) + 1


@pytest.mark.parametrize("vendor", quick_first(["deskie", "desk365"]))
def test_a_scope_is_about_each_vendors_own_groups_and_words(tmp_path, vendor):
    with served(vendor, account()) as old, served("local", empty()) as new:
        desks = Desks(old.desk, new.desk, tmp_path)
        listed = list(old.desk.tickets.list(groups={"sales"}, include={"spam"}))
        assert listed
        desks.run(choice(groups={"sales"}))
        assert subjects(desks) == {one.subject.removeprefix("Subject of ") for one in listed}
        label = next(one.status_label for one in old.desk.tickets.list() if one.subject == "Subject of t3")
        desks.run(choice(everything=True, groups={"sales", "support"}))
        assert subjects(desks) == {"t1", "t3"}
        desks.run(choice(everything=True))
        assert subjects(desks) == {"t1", "t2", "t3", "t4", "t6"}
        with desks.migration(choice(everything=True, statuses={label}), journal="other") as migration:
            assert migration.plan().tickets >= 1


WIDER = [
    ({"statuses": {"open", "new"}}, {"statuses": {"open", "new", "closed"}}),
    ({"since": at(35)}, {"since": at(5)}),
    ({"limit": 2}, {"limit": 4}),
    ({"companies": {"Other"}}, {"companies": {"Other", "Acme"}}),
    ({"tags": {"vip"}}, {"all_contacts": True}),
]


@pytest.mark.parametrize(("first", "then"), WIDER[1:])
def test_a_scope_is_widened_and_never_narrowed_once_it_is_begun(desks, first, then):
    before = desks.run(choice(**first)).counts
    desks.run(choice(**then))
    after = desks.run().counts
    assert sum(one.migrated for one in after.values()) > sum(one.migrated for one in before.values())
    with (
        desks.migration(choice(everything=True, **first)) as migration,
        pytest.raises(WrongScope, match="only widened"),
    ):
        migration.run()


def test_before_anything_is_written_a_scope_is_chosen_anew(desks):
    with desks.migration() as migration:
        migration.plan()
    with desks.migration(choice(tags={"other"})) as migration:
        plan = migration.plan()
        assert (plan.tickets, plan.listed, plan.contacts) == (2, 6, 3)
        assert plan.scope.words == "tickets: tag other; and the contacts that they name"
        assert len(list(migration.journal.each(Kind.TICKET))) == 2
    with desks.migration() as migration:
        migration.run()
        assert not any(record.state is State.PLANNED for record in migration.journal.each(Kind.TICKET))
    assert subjects(desks) == {"t4", "t6"}


def test_a_ticket_that_leaves_the_scope_is_followed_and_one_that_comes_into_it_is_taken(desks):
    desks.run(choice(statuses={"pending"}))
    assert subjects(desks) == {"t3"}
    desks.old.tickets.update(desks.id_of("t3"), status="closed")
    desks.old.tickets.update(desks.id_of("t1"), status="pending")
    with desks.migration() as migration:
        assert {row.what for row in _since(migration)} == {"changed", "appeared"}
    desks.run()
    tickets, _ = desks.there()
    assert {subject: status.value for subject, (status, *_) in tickets.items()} == {"Subject of t3": "closed", "Subject of t1": "pending"}  # fmt: skip


def _since(migration):
    migration.verify()
    return migration.summary().extent.source.rows


def test_open_and_recent_tickets_come_first_each_behind_its_contacts(desks):
    written = []
    importer = desks.new.importer
    ticket_, contact = type(importer).ticket, type(importer).contact
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            type(importer),
            "ticket",
            lambda self, *args, **kw: (written.append(args[0].subject[-2:]), ticket_(self, *args, **kw))[1],
        )
        patch.setattr(
            type(importer),
            "contact",
            lambda self, *args, **kw: (
                written.append(args[0].name.partition(" ")[0].lower()),
                contact(self, *args, **kw),
            )[1],
        )
        desks.run(order=TicketOrder.OPEN_FIRST)  # fmt: skip
    assert written == ["cem", "t3", "ann", "bob", "t1", "t4", "t2", "pia", "t6", "dora"]


fields_ = st.fixed_dictionaries(
    {},
    optional={
        "since": st.integers(0, 50).map(at),
        "until": st.integers(60, 90).map(at),
        "statuses": st.frozensets(st.sampled_from(["open", "pending", "Waiting"]), min_size=1),
        "tags": st.frozensets(st.sampled_from(["vip", "ä;b"]), min_size=1),
        "companies": st.frozensets(st.sampled_from(["Acme"]), min_size=1),
        "only": st.frozensets(st.sampled_from(["1", "2", "3"]), min_size=1),
        "exclude": st.frozensets(st.sampled_from(["7", "8"]), min_size=1),
        "limit": st.integers(1, 9),
        "all_contacts": st.booleans(),
    },
)


@given(fields_, fields_)
def test_a_scope_survives_the_journal_and_what_narrows_it_is_named(first, second):
    one, other = MigrationScope(**first), MigrationScope(**second)
    assert MigrationScope.of_json(one.as_json()) == one
    assert one.words
    assert one.narrowed_by(one) is None
    assert one.narrowed_by(MigrationScope()) is None
    if MigrationScope().narrowed_by(one) is None:
        assert one.everything
    if one.narrowed_by(other) is None and other.narrowed_by(one) is None:
        assert evolve(one, all_contacts=False) == evolve(other, all_contacts=False)


@pytest.mark.parametrize("text", ["", "20", "25-3", "20:60-06", "8-8", "0-24", "eight-nine"])
def test_hours_that_are_none_are_refused(text):
    with pytest.raises(WrongScope, match="--hours"):
        Hours.of(text)


def test_a_zone_that_does_not_exist_is_refused():
    with pytest.raises(WrongScope, match="--tz Mars/Base"):
        Hours.of("20-06", "Mars/Base")


@given(
    st.integers(0, 23), st.integers(0, 59), st.integers(0, 23),
    st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001 - made aware below
    st.sampled_from(["UTC", "Europe/Istanbul", "Europe/Berlin", "America/New_York"]),
    st.floats(0, 400_000),
)  # fmt: skip
@settings(max_examples=200)
def test_hours_open_when_they_say_and_work_rests_outside_of_them(start, minute, end, naive, zone, seconds):
    if start * 60 + minute == end * 60:
        return
    hours, now = Hours.of(f"{start}:{minute:02}-{end}", zone), naive.replace(tzinfo=ZoneInfo("UTC"))
    closed = hours.closed_for(now)
    local = now.astimezone(ZoneInfo(zone))
    minutes, first, last = local.hour * 60 + local.minute, start * 60 + minute, end * 60
    is_open = first <= minutes < last if first < last else minutes >= first or minutes < last
    assert (closed == 0.0) is is_open
    if not is_open:
        opens = now + timedelta(seconds=closed)
        assert closed <= 86_400 + 3_600
        # Where the clocks jump over the start, the day begins after it.
        assert hours.closed_for(opens + timedelta(hours=1)) == 0 or last - first < 60 or opens.date() != now.date()
    done = hours.after(now, seconds)
    assert done >= now + timedelta(seconds=closed + seconds) - timedelta(seconds=1)


def test_a_share_of_each_window_is_left_to_others():
    settings_ = {
        "vendor": "desk365",
        "base_url": "http://127.0.0.1:9",
        "api_key": "k",
        "subdomain": "x",
        "reserve": 0.3,
    }
    with open_desk(settings_, name="d") as desk:
        limits = [window.limit for window in desk.rate_limit.windows if window.counts != "rows"]
        free = int(limits[0] * 0.7)
        assert desk.transport.forecast(free) == 0
        assert desk.transport.forecast(free + 1) > 0
        assert desk.budget.forecast(free + 1) == 0
