"""Two people are never one: every ticket arrives under the customer who asked it, whatever their addresses look like."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from migration.faulty_desk import Faults, destination, message, person, source, ticket
from migration.simulators import served
from tiers import quick_first

from helpdesk_bridge.adapter.header_line import split_header, split_marker
from helpdesk_bridge.datasets.dataset import Dataset
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.errors import Conflict, Invalid
from helpdesk_bridge.migration import DecisionNeeded, ExitCode, Migration, Options, Threads
from helpdesk_bridge.model.addresses import email_key, is_email, phone_key
from helpdesk_bridge.model.queries import ContactQuery

YES = Options(yes=True)
NOBODY = "@no-email.invalid"
KELVIN, LONG_S, DOTLESS, DOTTED = "\u212a", "\u017f", "\u0131", "\u0130"
ALIKE = (
    "kim@x.example", f"{KELVIN}im@x.example", "\uff4bim@x.example", "sam@x.example", f"{LONG_S}am@x.example",
    "fin@x.example", "\ufb01n@x.example", "inan@x.example", f"{DOTLESS}nan@x.example", f"{DOTTED}nan@x.example",
    "g\u00fcr@x.example", "gu\u0308r@x.example", "stra\u00dfe@x.example", "strasse@x.example",
    "ann@stra\u00dfe.example", "ann@strasse.example", "ann@b\u00fccher.example", "ann@bucher.example",
    "annlee@x.example", "ann.lee@x.example", "ann+lee@x.example",
    "ann\u200blee@x.example",
)  # fmt: skip
NOBODYS = ("ann lee@x.example", "ann lee @x.example", "anna meier", "ann<lee@x.example")
PAIRS = quick_first(
    [
        ("deskie", "desk365"),
        ("desk365", "deskie"),
        ("local", "deskie"),
        ("deskie", "local"),
        ("desk365", "local"),
        ("local", "desk365"),
    ],
    quick=2,
)


def helpdesk(addresses):
    """One customer an address, each with a ticket in which the customer also writes later."""
    people = [person(f"p{number}", one, name=f"Person {number}") for number, one in enumerate(addresses)]
    tickets = [
        ticket(f"t{number}", one.key, message(one.key, number, f"Hello {number}"), message(one.key, 90, "Again"))
        for number, one in enumerate(people)
    ]
    return Dataset(people=tuple(people), tickets=tuple(tickets))


def migrate(old, new, path, options=YES):
    with Migration(old, new, path, options=options) as migration:
        return migration.migrate()


def customers(desk):
    """Return whose each ticket is, by its number in the data set."""
    return {int(one.subject.removeprefix("Subject of t")): one.requester.email for one in desk.tickets.list()}


def words(desk):
    """Return who wrote the opening of each ticket: its author, or its header line."""
    found = {}
    for one in desk.tickets.list():
        opening = next(iter(desk.messages.list(one.id)))
        header = split_header(split_marker(opening.body)[1])[0]
        found[int(one.subject.removeprefix("Subject of t"))] = (header or opening).author.email
    return found


def judge(addresses, found, *, folds=False):
    """Look at nothing but the addresses: each ticket is under its own customer, or under nobody, and none under another."""
    assert found.keys() == set(range(len(addresses)))
    for number, address in enumerate(addresses):
        if found[number].endswith(NOBODY):
            assert folds or not is_email(address.strip()), ascii(address)
        else:
            assert email_key(found[number]) == email_key(address.strip()), (ascii(found[number]), ascii(address))
    boxes = {number: email_key(address.strip()) for number, address in enumerate(addresses)}
    for one, mine in boxes.items():
        for other, others in boxes.items():
            assert (email_key(found[one]) == email_key(found[other])) is (mine == others), ascii((mine, others))


@pytest.mark.parametrize("addresses", quick_first(["exact", "folded"]))
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_addresses_that_look_alike_stay_different_people(tmp_path, pair, addresses):
    everybody = (*ALIKE, *NOBODYS)
    how = {} if pair[1] == "local" else {"addresses": addresses}
    with served(pair[0], helpdesk(everybody)) as old, served(pair[1], generate(0), **how) as new:
        summary = migrate(old.desk, new.desk, tmp_path / "journal")
        assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
        judge(everybody, customers(new.desk), folds="folded" in how.values())
        told = words(new.desk)
        for number, address in enumerate(everybody):
            assert email_key(told[number]) == email_key(address.replace("<", "%3C") if pair[1] != "local" else address)
    changed = {one.field: one for one in summary.changed if one.change.endswith(NOBODY)}
    assert changed["ticket.requester"].records >= len(NOBODYS)
    assert changed["contact.emails"].records == len(NOBODYS)


letters = st.sampled_from(
    ["k", "K", KELVIN, "s", LONG_S, "ss", "ß", "fi", "\ufb01", "i", DOTLESS, DOTTED, "a\u0308", "ä", "\uff4b", " ", "."]
)
parts = st.lists(letters, min_size=1, max_size=3).map("".join)
domains = st.sampled_from(
    ["x.example", "X.example", "straße.example", "strasse.example", "\uff58.example", "bücher.example"]
)
mail = st.builds("{}@{}".format, parts, domains)
few = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.slow
@few
@given(st.lists(mail, min_size=2, max_size=6, unique_by=lambda one: email_key(one.strip())))
def test_whatever_addresses_two_customers_have_neither_gets_the_others_tickets(addresses):
    new = destination()
    with tempfile.TemporaryDirectory() as folder:
        summary = migrate(source(helpdesk(addresses)), new, Path(folder) / "journal")
    assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
    judge(addresses, customers(new.fake))


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
@settings(few, max_examples=4)
@given(
    addresses=st.lists(mail, min_size=2, max_size=5, unique_by=lambda one: email_key(one.strip())),
    how=st.sampled_from(["exact", "folded"]),
)
def test_no_pair_of_vendors_joins_two_customers(pair, addresses, how):
    switch = {} if pair[1] == "local" else {"addresses": how}
    with (
        served(pair[0], helpdesk(addresses)) as old,
        served(pair[1], generate(0), **switch) as new,
        tempfile.TemporaryDirectory() as folder,
    ):
        summary = migrate(old.desk, new.desk, Path(folder) / "journal")
        assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
        judge(addresses, customers(new.desk), folds="folded" in switch.values())


@pytest.mark.parametrize("way", list(Threads))
def test_an_address_with_a_name_beside_it_is_the_address(tmp_path, way):
    everybody = ["Ann Lee <ann@example.com>", '"Meier, Bob" <bob@example.com>', " cem@example.com "]
    old = source(
        evolve(helpdesk(everybody), people=tuple(evolve(one, name=None) for one in helpdesk(everybody).people))
    )
    new = destination()
    summary = migrate(old, new, tmp_path / "journal", Options(yes=True, threads=way))
    assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
    assert customers(new.fake) == {0: "ann@example.com", 1: "bob@example.com", 2: "cem@example.com"}
    assert {one.name for one in new.fake.contacts.list()} == {"Ann Lee", "Meier, Bob", None}
    assert [one.records for one in summary.changed if one.change == "kept as the address alone"] == [2]


def test_a_name_beside_an_address_makes_no_second_person(tmp_path):
    everybody = ["Ann Lee <ann@example.com>", "ANN@example.com"]
    new = destination()
    summary = migrate(source(helpdesk(everybody)), new, tmp_path / "journal")
    assert summary.as_json()["contacts"]["migrated"] == 2
    assert len(list(new.fake.contacts.list())) == 1
    assert {email_key(one) for one in customers(new.fake).values()} == {"ann@example.com"}


def by_phone(numbers):
    dataset = helpdesk(numbers)
    return evolve(dataset, people=tuple(evolve(one, email=None, phone=one.email) for one in dataset.people))


NUMBERS = (
    "+49 30 1234567", "+49 30 1234567 ext. 1", "+49 30 1234567 ext. 2", "030 1234567", "49301234567", "+43 30 1234567",
    "+49 30 12345671",
)  # fmt: skip


@pytest.mark.parametrize("phones", ["exact", "folded"])
@pytest.mark.parametrize(
    "pair", quick_first([("local", "deskie"), ("deskie", "local"), ("deskie", "desk365")]), ids="-".join
)
def test_numbers_that_differ_in_country_or_extension_stay_different_people(tmp_path, pair, phones):
    how = {"addresses": phones} if pair[1] == "deskie" else {}
    with served(pair[0], by_phone(NUMBERS)) as old, served(pair[1], generate(0), **how) as new:
        summary = migrate(old.desk, new.desk, tmp_path / "journal")
        assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
        found = [one.requester for one in new.desk.tickets.list()]
    whose = {(one.email, phone_key(one.phone or "")) for one in found}
    assert len(found) == len(whose) == len(NUMBERS)
    if pair[1] != "desk365":
        own = {number for email, number in whose if email is None}
        assert own <= set(map(phone_key, NUMBERS))
        assert len(own) >= (len(NUMBERS) if pair[1] == "local" else len(NUMBERS) - 1 if phones == "exact" else 1)


@pytest.mark.parametrize("error", [Conflict("taken"), Invalid("no", field="emails")])
def test_a_contact_whose_address_the_destination_does_not_take_stands_under_one_that_reaches_nobody(tmp_path, error):
    new = destination(faults=Faults(errors={("contact", 1): error}))
    summary = migrate(
        source(helpdesk(["ann@x.example", "bob@x.example"])), new, tmp_path / "journal", Options(workers=1, yes=True)
    )
    assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
    found = customers(new.fake)
    assert found[0].endswith(NOBODY)
    assert found[1] == "bob@x.example"
    assert words(new.fake)[0] == "ann@x.example"
    assert sorted(one.name for one in new.fake.contacts.list()) == ["Person 0", "Person 1"]


def test_an_address_that_is_not_taken_is_a_decision_without_yes(tmp_path):
    new = destination(faults=Faults(errors={("contact", 1): Conflict("taken")}))
    with pytest.raises(DecisionNeeded) as needed:
        migrate(source(helpdesk(["ann@x.example"])), new, tmp_path / "journal", Options(workers=1))
    assert [re.sub(r":.*=", ":…=", one) for one in needed.value.values] == ["--map requester:…="]
    assert not list(new.fake.contacts.list())


def test_the_other_of_two_who_look_alike_is_not_adopted_where_it_was_there_before(tmp_path):
    new = destination()
    new.fake.contacts.create(email := evolve_draft(f"{KELVIN}im@x.example"))
    summary = migrate(source(helpdesk(["kim@x.example"])), new, tmp_path / "journal")
    assert summary.exit_code is ExitCode.OK
    assert customers(new.fake) == {0: "kim@x.example"}
    assert sorted(one.email for one in new.fake.contacts.list()) == sorted(["kim@x.example", *email.emails])


def evolve_draft(address):
    from helpdesk_bridge.model.drafts import ContactDraft

    return ContactDraft(emails=(address,))


@pytest.mark.parametrize("destination_vendor", ["deskie", "local"])
def test_a_key_that_is_a_name_is_as_opaque_in_the_journal_as_an_address(tmp_path, destination_vendor):
    everybody = ["anna.meier", "bertha.meier@x.example"]
    with served("desk365", helpdesk(everybody)) as old, served(destination_vendor, generate(0)) as new:
        assert {one.id for one in old.desk.contacts.list()} == set(everybody)
        summary = migrate(old.desk, new.desk, tmp_path / "journal")
        assert summary.exit_code is ExitCode.OK
        assert customers(new.desk)[0].endswith(NOBODY)
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert b"anna.meier" not in kept
    assert b"bertha.meier" not in kept


def test_agents_who_look_alike_are_mapped_each_by_a_decision_of_their_own(tmp_path):
    agents = [
        person(f"a{number}", f"{one}im@desk.example", name=one, role="agent")
        for number, one in enumerate(["k", KELVIN])
    ]
    dataset = helpdesk(["ann@x.example", "bob@x.example"])
    tickets = tuple(evolve(one, assignee=f"a{number}") for number, one in enumerate(dataset.tickets))
    new = destination()
    with Migration(
        source(evolve(dataset, people=(*dataset.people, *agents), tickets=tickets)),
        new,
        tmp_path / "journal",
        options=YES,
    ) as moving:
        moving.map_value("assignee", "kim@desk.example", "eve@desk.example")
        moving.migrate()
    found = {one.subject: one.assignee.email for one in new.fake.tickets.list()}
    assert found == {"Subject of t0": "eve@desk.example", "Subject of t1": f"{KELVIN}im@desk.example"}


def test_contacts_that_look_alike_are_found_each_alone():
    with served("deskie", helpdesk(ALIKE)) as old:
        for address in ALIKE:
            assert old.desk.contacts.find(email=address).email == address
            (one,) = old.desk.contacts.list(ContactQuery(email=address))
            assert one.email == address


@pytest.mark.parametrize(
    "pair", quick_first([("deskie", "desk365"), ("local", "deskie"), ("desk365", "local")]), ids="-".join
)
def test_a_lost_journal_joins_and_doubles_nobody(tmp_path, pair):
    everybody = (*ALIKE, *NOBODYS)
    switch = {} if pair[1] == "local" else {"addresses": "folded"}
    with served(pair[0], helpdesk(everybody)) as old, served(pair[1], generate(0), **switch) as new:
        migrate(old.desk, new.desk, tmp_path / "journal")
        before = (customers(new.desk), len(list(new.desk.contacts.list())))
        summary = migrate(old.desk, new.desk, tmp_path / "another")
        assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
        assert (customers(new.desk), len(list(new.desk.contacts.list()))) == before
        assert len(list(new.desk.tickets.list())) == len(everybody)


@pytest.mark.parametrize("pair", quick_first([("deskie", "desk365"), ("desk365", "deskie")]), ids="-".join)
def test_a_vendor_that_joins_customers_who_left_the_lists_is_never_passed_in_silence(tmp_path, pair):
    """Nobody can ask such a vendor before: a deleted contact is not written, and the ticket names its customer alone."""
    alike = ["kim@x.example", f"{KELVIN}im@x.example", "sam@x.example"]
    dataset = helpdesk(alike)
    gone = tuple(evolve(one, deleted=True) for one in dataset.people)
    dataset = evolve(dataset, people=(*gone, person("zoe", "zoe@x.example")))  # an empty list would be questioned
    with served(pair[0], dataset) as old, served(pair[1], generate(0), addresses="folded") as new:
        summary = migrate(old.desk, new.desk, tmp_path / "journal")
        found = customers(new.desk)
    joined = {number for number, address in enumerate(alike) if email_key(found[number]) != email_key(address)}
    assert joined
    assert {one.ticket for one in summary.differences if one.field == "requester"}
    assert summary.exit_code is not ExitCode.OK


@pytest.mark.parametrize("way", list(Threads))
@pytest.mark.parametrize("vendor", ["desk365", "deskie"])
def test_the_words_of_an_address_that_nobody_takes_stand_in_the_header_line(tmp_path, vendor, way):
    with served("local", helpdesk(NOBODYS)) as old, served(vendor, generate(0)) as new:
        summary = migrate(old.desk, new.desk, tmp_path / "journal", Options(yes=True, threads=way))
        assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
        told = words(new.desk)
        assert [told[number] for number in range(len(NOBODYS))] == [one.replace("<", "%3C") for one in NOBODYS]
