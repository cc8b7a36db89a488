"""Two people are one only where a mail system would deliver to one box, or a phone network would ring one phone."""

import itertools
import string

import idna
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helpdesk_bridge.model.addresses import (
    Mailbox,
    email_key,
    email_spellings,
    is_email,
    phone_digits,
    phone_key,
    phone_of,
    same_phone,
)
from helpdesk_bridge.model.values import Phone

KELVIN, LONG_S, LIGATURE, DOTLESS, DOTTED, COMBINING = "\u212a", "\u017f", "\ufb01", "\u0131", "\u0130", "a\u0308"
LETTERS = [
    "a",
    "A",
    "k",
    "K",
    KELVIN,
    "s",
    "S",
    LONG_S,
    "fi",
    LIGATURE,
    "\uff4b",
    "i",
    "I",
    DOTLESS,
    DOTTED,
    "ä",
    COMBINING,
]
LETTERS += ["ß", "ss", "ẞ", "\u200b", "\u00ad", " ", ".", "-", "_", "σ", "ς", "Σ", "xn--", "1", "١", "@", "\u3002"]
confusable = st.lists(st.sampled_from(LETTERS), min_size=1, max_size=4).map("".join)
addresses = st.builds("{}@{}".format, confusable | st.text(max_size=4), confusable | st.text(max_size=6)) | st.text(
    max_size=8
)


def in_lower_case(text):
    return "".join(chr(ord(one) + 32) if one in string.ascii_uppercase else one for one in text)


def box(address):
    """The rule, told a second time: its own local part and its own domain."""
    if "@" not in address:
        return in_lower_case(address), None
    local, domain = address[: address.rindex("@")], address[address.rindex("@") + 1 :]
    try:
        label = idna.encode(domain, uts46=True, std3_rules=False, transitional=False).decode()
    except (idna.IDNAError, UnicodeError):
        label = domain
    return in_lower_case(local), in_lower_case(label)


@given(addresses, addresses)
@example(f"{KELVIN}@x.io", "k@x.io")
@example(f"{LONG_S}am@x.io", "sam@x.io")
@example(f"{LIGATURE}@x.io", "fi@x.io")
@example("ann lee@x.io", "annlee@x.io")
@example("a@straße.de", "a@strasse.de")
@example("ANN@BÜCHER.example", "ann@xn--bcher-kva.example")
@example("a@x.\u212aiwi", "a@x.kiwi")
def test_two_addresses_are_one_exactly_where_they_are_equal_after_the_rule(one, other):
    assert (email_key(one) == email_key(other)) is (box(one) == box(other))


@given(addresses)
def test_a_key_is_its_own_key_and_every_spelling_of_an_address_has_it(address):
    assert email_key(email_key(address)) == email_key(address)
    for spelled in email_spellings(address):
        assert email_key(spelled) == email_key(address)
    assert address in email_spellings(address, case=False) or "@" not in address


def test_local_parts_that_only_look_alike_are_different_people():
    alike = [
        "kim",
        f"{KELVIN}im",
        "\uff4bim",
        "sam",
        f"{LONG_S}am",
        "fin",
        f"{LIGATURE}n",
        "ann lee",
        "annlee",
        "ann\u200blee",
    ]
    alike += [
        "gür",
        "gu\u0308r",
        "inan",
        f"{DOTLESS}nan",
        f"{DOTTED}nan",
        "straße",
        "strasse",
        "stra\u1e9ee",
        "ann.lee",
        "ann+lee",
    ]
    for one, other in itertools.combinations(alike, 2):
        assert email_key(f"{one}@x.io") != email_key(f"{other}@x.io"), ascii((one, other))


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("ann@x.io", None, "ann@x.io"),
        ("  ann@x.io\n", None, "ann@x.io"),
        ("Ann Lee <ann@example.com>", "Ann Lee", "ann@example.com"),
        ('"Lee, Ann" <ann@x.io>', "Lee, Ann", "ann@x.io"),
        ("Lee, Ann <ann@x.io>", "Lee, Ann", "ann@x.io"),
        ("<ann@x.io>", None, "ann@x.io"),
        ("ann@x.io (Ann)", "Ann", "ann@x.io"),
        ("Jörg <jörg@bücher.example>", "Jörg", "jörg@bücher.example"),
        # Not exactly one address: the words stay as they are.
        ("ann lee@x.io", None, "ann lee@x.io"),
        ("Ann <ann lee@x.io>", None, "Ann <ann lee@x.io>"),
        ("Ann <a@x>, Bob <b@y>", None, "Ann <a@x>, Bob <b@y>"),
        ("a@x, b@y", None, "a@x, b@y"),
        ("ann(work)@x.io", None, "ann(work)@x.io"),
        ("Ann <>", None, "Ann <>"),
        ("Ann <ann@x.io", None, "Ann <ann@x.io"),
        ("reception", None, "reception"),
        ("", None, ""),
    ],
)
def test_an_address_is_read_out_of_a_header_and_nothing_is_taken_out_of_it(text, name, address):
    assert Mailbox.of(text) == Mailbox(name, address)


@given(st.text(alphabet='ab@.<>()",;: \t\n\\', max_size=14))
def test_whatever_is_read_out_of_a_header_stands_in_it_as_it_is(text):
    read = Mailbox.of(text)
    assert read.address in text
    assert read.address == text.strip() or is_email(read.address)


@pytest.mark.parametrize(
    "text",
    ["ann lee@x.io", "@x.io", "ann@", "ann", "", "a@b@c", "a,b@x.io", "<a@x>", "a\x00@x.io", "a\ud800@x.io", "a@x y"],
)
def test_what_no_vendor_takes_is_no_address(text):
    assert not is_email(text)


@pytest.mark.parametrize(
    "text", ["ann@x.io", "jörg@bücher.example", "a+b@x.io", '"a@b"@x.io', "o'neill@x.io", "ann@localhost"]
)
def test_what_a_vendor_may_take_is_an_address(text):
    assert is_email(text)


SAME = [
    "+49 30 1234567",
    "+49301234567",
    "0049 30 1234567",
    "+49 (0)30 1234567",
    "+49-30/123.45.67",
    "tel:+49-30-1234567",
]
DIFFERENT = [
    "+49 30 1234567", "+49 30 1234567 ext. 12", "+49 30 1234567 x13", "+49 30 1234567-12", "030 1234567", "49301234567",
    "+43 30 1234567", "+1 800 356 9377", "+1-800-FLOWERS", "+1-800-HOLIDAY", "+1 800", "+49 30 1234567 (Büro)",
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(SAME, 2)))
def test_spellings_of_one_number_ring_one_phone(one, other):
    assert phone_key(one) == phone_key(other)
    assert same_phone(one, other)


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(DIFFERENT, 2)))
def test_country_and_extension_are_part_of_a_number(one, other):
    assert phone_key(one) != phone_key(other)


def test_an_extension_is_one_in_every_way_to_write_it():
    spelled = ["ext. 12", "ext 12", "x12", "x 12", "#12", "extension 12", "Durchwahl 12", ";ext=12", ", ext. 12"]
    assert {phone_key(f"+49 30 1234567 {one}") for one in spelled} == {"+49301234567;ext=12"}


def test_a_search_finds_a_number_that_does_not_name_its_country_and_no_extension():
    assert same_phone("49301234567", "+49 30 1234567")
    assert not same_phone("+49 30 1234567", "+49 30 1234567 ext. 12")
    assert not same_phone("+49 30 1234567", "+43 30 1234567")
    assert not same_phone("reception", "reception")


phones = st.one_of(
    st.sampled_from([*SAME, *DIFFERENT]),
    st.text(alphabet="0123456789 +-()/x.#٣", max_size=18),
    st.builds("+{}{}".format, st.sampled_from(["49", "1", "90", "39", "52", "54"]), st.integers(10**6, 10**10)),
)


@given(phones, phones)
def test_who_has_one_phone_is_found_by_the_digits_of_either(one, other):
    if phone_key(one) and phone_key(one) == phone_key(other):
        assert phone_digits(one) == phone_digits(other)
    if same_phone(one, other):
        assert phone_digits(one) == phone_digits(other)
        assert same_phone(other, one)


@given(phones)
def test_a_number_as_a_value_is_the_same_phone_as_its_text(text):
    phone = phone_of(text)
    assert phone.raw == text
    assert phone_key(phone) == phone_key(text)
    assert phone.e164 is None or phone.e164 == phone_key(text)


def test_a_number_with_an_extension_has_no_form_that_leaves_it_out():
    assert phone_of("+49 30 1234567 ext. 12").e164 is None
    assert phone_key(Phone("+49 30 1234567 ext. 12")) == "+49301234567;ext=12"
