"""Pseudonyms: nobody that a desk knows can be recognised in an export, and the same person is the same everywhere."""

import json
import os
import re
import stat

import pytest
from attrs import fields
from export.exports import export, lines, parquet, said
from hypothesis import given, settings
from hypothesis import strategies as st
from migration.simulators import served

from helpdesk_bridge import ConfigError, Contact, Message, TicketDraft, open_desk
from helpdesk_bridge.archive import WrongFolder
from helpdesk_bridge.datasets.corpus import load_corpus
from helpdesk_bridge.export.pseudonyms.known import Known, normal, tokens
from helpdesk_bridge.export.pseudonyms.records import Pseudonymiser
from helpdesk_bridge.export.pseudonyms.texts import Texts
from helpdesk_bridge.export.pseudonyms.words import Pseudonyms
from helpdesk_bridge.export.tables import TABLES
from helpdesk_bridge.model.addresses import phone_digits
from helpdesk_bridge.model.values import Actor, Body, Phone
from helpdesk_bridge.text.plain import fold

KEY = b"0123456789abcdef0123456789abcdef"
MAKE = Pseudonyms(KEY)


def known(**people):
    found = Known()
    for name in people.get("names", ()):
        found.name(name)
    for name in people.get("companies", ()):
        found.name(name, person=False)
    for address in people.get("emails", ()):
        found.email(address)
    for number in people.get("phones", ()):
        found.phone(number)
    for one in people.get("ids", ()):
        found.id(one)
    return found


def replaced(text, **people):
    return Texts(known(**people), MAKE).text(text)


def test_a_name_is_replaced_word_by_word_so_that_a_first_name_alone_is_the_same_person():
    ann, smith = MAKE.word("ann").capitalize(), MAKE.word("smith").capitalize()
    said_so = "Hi Ann, this is ANN SMITH. (ann smith; Smith, Ann) Ask Ann's boss."
    assert replaced(said_so, names=["Ann Smith"]) == (
        f"Hi {ann}, this is {ann} {smith}. ({ann} {smith}; {smith}, {ann}) Ask {ann}'s boss."
    )


def test_a_word_that_is_part_of_another_stays():
    assert replaced("Annual planning, annotated", names=["Ann Lee"]) == "Annual planning, annotated"


def test_a_company_is_replaced_by_its_whole_name_alone():
    text = replaced("The Book Shop sells books in the shop.", companies=["The Book Shop"])
    assert text == f"{MAKE.name('The Book Shop')} sells books in the shop."


@pytest.mark.parametrize(
    "written",
    ["ann@example.com", "Ann@Example.COM", "<ann@example.com>", "mailto:ann@example.com", "ann%40example.com"],
)
def test_an_address_is_replaced_in_every_spelling_whether_it_is_known_or_not(written):
    for emails in ([], ["ann@example.com"]):
        shown = replaced(f"Write to {written} please", emails=emails)
        assert MAKE.email("ann@example.com") in shown
        assert "example.com" not in shown.lower()


@pytest.mark.parametrize(
    "address", ["ann@localhost", '"ann lee"@example.com', "ann@[192.0.2.1]", "ann,lee@example.com"]
)
def test_an_address_that_looks_like_none_is_replaced_if_the_desk_knows_it(address):
    shown = replaced(f"Write to {address.upper()} or {address}!", emails=[address])
    assert "ann" not in shown.lower()
    assert shown.count(MAKE.email(address)) == 2


@pytest.mark.parametrize(
    "written",
    [
        "+44 20 7946 0958",
        "+442079460958",
        "0044 20 7946 0958",
        "020 7946 0958",
        "(020) 7946-0958",
        "20 7946 0958",
        "2079460958",
    ],
)
def test_a_known_phone_is_replaced_however_it_is_dialled(written):
    shown = replaced(f"Call {written}.", phones=["+44 20 7946 0958"])
    assert re.fullmatch(r"Call \+999\d{11}\.", shown), shown


@pytest.mark.parametrize(
    "written", ["12/03/2026", "2026-03-12", "01.02.2026", "Order 4711-0815-22", "v1.2.3.4", "12 345 678"]
)
def test_dates_and_numbers_of_orders_stay(written):
    assert replaced(f"On {written} it came", phones=["+44 20 7946 0958"]) == f"On {written} it came"


def test_an_unknown_number_that_is_dialled_like_a_phone_is_replaced():
    assert "555" not in replaced("Call +90 532 555 12 34 or 0532 555 12 34")


def test_ids_that_the_desk_knows_are_replaced_as_whole_words():
    text = replaced("Customer 4711234, ticket #51230, cust_77_a, price 47112345", ids=["4711234", "51230", "cust_77_a"])
    assert text == f"Customer {MAKE.id('4711234')}, ticket #{MAKE.id('51230')}, {MAKE.id('cust_77_a')}, price 47112345"


def test_names_of_scripts_without_blanks_are_recognised_within_words():
    assert "小明" not in replaced("王小明さんのチケット", names=["王小明"])


def test_a_letter_written_as_two_characters_is_one():
    assert "Jose" not in replaced("Hola Jose\u0301 Pe\u0301rez", names=["José Pérez"])


names = st.text(st.characters(categories=["Lu", "Ll", "Lo"]), min_size=2, max_size=12)


@settings(max_examples=40)
@given(
    st.lists(names, min_size=2, max_size=3),
    st.text(max_size=30),
    st.sampled_from([str, str.upper, str.lower, str.title]),
)
def test_a_full_name_never_remains(words, around, case):
    name = " ".join(words)
    shown = replaced(f"{around} {case(name)} {around}", names=[name])
    assert tokens(name) not in [tuple(tokens(shown)[at : at + len(words)]) for at in range(len(shown))] or not tokens(
        name
    )


@given(st.text(max_size=200))
def test_a_text_without_persons_stays_but_for_what_is_dialled_or_mailed(text):
    shown = replaced(text)
    assert shown == normal(text) or "+999" in shown or ".invalid" in shown


def test_a_long_text_takes_no_long_time():
    for text in ("a" * 200_000, "1" * 200_000, "1 " * 100_000, "." * 200_000, "a@" * 100_000, "+" * 200_000):
        replaced(text, names=["Ann Lee"], phones=["+44 20 7946 0958"])


def test_the_same_value_has_the_same_pseudonym_under_one_key_alone():
    other = Pseudonyms(b"another")
    for one in ("word", "email", "phone", "id"):
        value = {"email": "ann@example.com", "phone": "+442079460958"}.get(one, "ann")
        assert getattr(MAKE, one)(value) == getattr(Pseudonyms(KEY), one)(value) != getattr(other, one)(value)
    assert MAKE.email("Ann@Example.com") == MAKE.email("ann@example.com")
    assert MAKE.id("Ann@example.com") == MAKE.id("ann@example.com")


def test_every_table_has_its_way_to_lose_persons():
    pseudonymiser = Pseudonymiser(Known(), MAKE)
    for table in TABLES.values():
        assert table.record.__name__ in ("Ticket", "Message", "Contact") or table.record in pseudonymiser._others


def test_every_text_of_a_record_is_changed_or_plain():
    texts = {"name": "Ann Smith", "title": "Boss of Ann Smith", "external_id": "4711234"}
    contact = Contact(
        id="4711234", ref="local:a/contact/4711234", emails=("ann@example.com",), phones=(Phone("020 7946 0958"),),
        custom_fields={"Boss": "Ann Smith", "Phone": 442079460958}, **texts,
    )  # fmt: skip
    message = Message(
        id="1", ticket_id="4711234", author=Actor.contact(id="4711234", name="Ann Smith"), visibility="public",
        kind="reply", body=Body(html="<p>A<b>nn</b> Smith</p>"), to=("ann@example.com",),
    )  # fmt: skip
    people = known(names=["Ann Smith"], emails=["ann@example.com"], phones=["+442079460958"], ids=["4711234"])
    for record in (contact, message):
        shown = Pseudonymiser(people, MAKE).record(record)
        text = repr([getattr(shown, field.name) for field in fields(type(shown))]).lower() + repr(
            getattr(shown, "body", "")
        )
        if isinstance(shown, Message):
            text += shown.body.text.lower()
            assert shown.body.html is None
        for canary in ("ann", "smith", "example.com", "4711234", "79460958"):
            assert canary not in text, (canary, text)


def canaries(desk):
    """Everything by which a person of a desk can be recognised: addresses, full names, phones."""
    people = [*desk.contacts.list(include={"blocked", "deleted"})]
    actors = [Actor.agent(name=one.name, email=one.email) for one in desk.agents.list()] if desk.agents else []
    for ticket in desk.tickets.list(include={"spam", "deleted", "merged"}):
        actors += [one for one in (ticket.requester, ticket.assignee) if one is not None]
        actors += [message.author for message in desk.messages.list(ticket.id)]
        people += [Contact(id="-", ref="", emails=(*ticket.cc, *ticket.watchers))]
    emails = {one for person in people for one in person.emails} | {one.email for one in actors if one.email}
    said_names = {person.name for person in people} | {one.name for one in actors}
    phones = {phone.raw for person in people for phone in person.phones} | {one.phone for one in actors if one.phone}
    return (
        emails,
        {one for one in said_names if one},
        {digits for one in phones if len(digits := phone_digits(one)) > 6},
    )


def recognised(to, desk):
    """What of a desk's people can still be read in an export."""
    emails, full_names, phones = canaries(desk)
    content = fold(normal(said(to).decode("utf-8", "replace")))
    words = " ".join(["", *re.findall(r"[^\W_]+", content), ""])
    digits = re.sub(r"[\s().\-/]", "", content)
    found = [one for one in emails if fold(one) in content]
    found += [
        one for one in full_names if (wanted := " ".join(tokens(one))) and len(wanted) > 1 and f" {wanted} " in words
    ]
    return found + [one for one in phones if one in digits or one[-8:] in digits]


@pytest.mark.parametrize("vendor", ["local", "deskie", "desk365"])
@pytest.mark.parametrize("format", ["jsonl", "csv"])
def test_nobody_of_a_generated_account_can_be_recognised(vendor, format, tmp_path):
    with served(vendor, 30) as source:
        export(source.desk, tmp_path / "out", format=format, pseudonymise=True)
        assert recognised(tmp_path / "out", source.desk) == []


def test_the_canaries_sing_where_nothing_was_replaced(tmp_path):
    with served("local", 30) as source:
        export(source.desk, tmp_path / "out", format="jsonl")
        assert len(recognised(tmp_path / "out", source.desk)) > 60


@pytest.mark.slow
@pytest.mark.skipif("HELPDESK_BRIDGE_CORPUS" not in os.environ, reason="the corpus is elsewhere")
@pytest.mark.parametrize("form", ["records", "conversation"])
def test_nobody_of_the_corpus_can_be_recognised(form, tmp_path):
    with open_desk(vendor="local", path=":memory:") as desk:
        desk.vendor_api.seed(load_corpus(os.environ["HELPDESK_BRIDGE_CORPUS"]))
        manifest = export(desk, tmp_path / "out", format="jsonl", form=form, pseudonymise=True)
        assert recognised(tmp_path / "out", desk) == []
        assert manifest.pseudonyms["replaced"]["columns"]["name"] > 0


def test_pseudonyms_join_tables_and_both_exports_of_one_key(tmp_path):
    (tmp_path / "key").write_text("a key of our own")
    (tmp_path / "key").chmod(0o600)
    reference = f"file:{tmp_path}/key"
    with served("local", 12) as source:
        for name in ("one", "two"):
            export(source.desk, tmp_path / name, pseudonymise=True, pseudonym_key=reference)
    people = dict(parquet(tmp_path / "one", "contacts", "id, name"))
    for who, name in parquet(
        tmp_path / "one", "tickets", "requester_id, requester_name", "WHERE requester_id IS NOT NULL"
    ):
        assert people[who] == name
    assert parquet(tmp_path / "one", "tickets", "id, requester_email, subject", "ORDER BY id") == parquet(
        tmp_path / "two", "tickets", "id, requester_email, subject", "ORDER BY id"
    )


def test_a_key_is_made_once_for_its_owner_alone_and_is_not_handed_on(tmp_path):
    with served("local", 2) as source:
        export(source.desk, tmp_path / "out", format="jsonl", pseudonymise=True)
        key = tmp_path / "out.key"
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        text = key.read_text().strip()
        assert len(text) == 64
        assert text.encode() not in said(tmp_path / "out")
        first = lines(tmp_path / "out", "tickets")
        assert export(source.desk, tmp_path / "out", format="jsonl", pseudonymise=True).complete
        assert lines(tmp_path / "out", "tickets") == first
        key.chmod(0o644)
        with pytest.raises(ConfigError, match="can be read by others"):
            export(source.desk, tmp_path / "out", format="jsonl", pseudonymise=True)
        key.unlink()
        with pytest.raises(WrongFolder, match="another key"):
            export(source.desk, tmp_path / "out", format="jsonl", pseudonymise=True)


def test_who_is_known_later_is_replaced_in_what_was_written_before(tmp_path):
    with open_desk(vendor="local", path=":memory:") as desk:
        desk.tickets.create(TicketDraft(subject="S", description="Zelda Quux told me so", requester="a@example.com"))
        export(desk, tmp_path / "out", format="jsonl", pseudonymise=True)
        assert b"Zelda" in said(tmp_path / "out")
        desk.contacts.create(name="Zelda Quux", emails=["zq@example.com"])
        export(desk, tmp_path / "out", format="jsonl", pseudonymise=True)
        assert b"Zelda" not in said(tmp_path / "out")


def test_the_report_counts_and_names_nobody(tmp_path):
    with served("local", 10) as source:
        manifest = export(source.desk, tmp_path / "out", format="jsonl", pseudonymise=True)
        told = manifest.pseudonyms
        assert set(told) == {"names_known", "words_left", "replaced"}
        assert {"address", "id", "name"} <= set(told["replaced"]["columns"])
        assert all(isinstance(count, int) for counts in told["replaced"].values() for count in counts.values())
        text = json.dumps(json.loads((tmp_path / "out" / "manifest.json").read_text()))
        assert source.desk.account not in text


def test_words_of_the_language_that_are_names_too_stay_where_they_stand_alone(tmp_path):
    with open_desk(vendor="local", path=":memory:") as desk:
        desk.contacts.create(name="Will Order", emails=["will@example.com"])
        for number in range(8):
            desk.tickets.create(
                TicketDraft(
                    subject="S", description=f"We will order {number}. Will Order, you will?", requester="a@example.com"
                )
            )
        manifest = export(desk, tmp_path / "out", format="jsonl", pseudonymise=True)
        texts = [one["body"]["text"] for one in lines(tmp_path / "out", "messages")]
        assert all(text.startswith("We will order") is False for text in texts)  # together they are the name
        assert all("you will?" in text for text in texts)
        assert manifest.pseudonyms["words_left"] >= 1
