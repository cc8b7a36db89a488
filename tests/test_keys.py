"""Keys derived from credentials, and the idempotency keys that are signed with them."""

import sqlite3
from contextlib import closing

import pytest
import stub_vendor
from attrs import evolve, field, frozen
from conformance.accounts import IN_PROCESS, simulated
from hypothesis import given
from hypothesis import strategies as st

from helpdesk_bridge import MessageDraft, TicketDraft, open_desk
from helpdesk_bridge.adapter.header_line import split_marker, with_marker
from helpdesk_bridge.errors import Conflict
from helpdesk_bridge.keys import DeskKeys, credential_of, derived, hkdf, signed
from helpdesk_bridge.migration.marker import is_marker
from helpdesk_bridge.model.capabilities import OPERATIONS
from helpdesk_bridge.model.queries import TicketQuery
from helpdesk_bridge.model.secret import Secret
from helpdesk_bridge.model.values import Body

# RFC 5869, appendix A, the cases with SHA-256: secret, salt, info, length, key.
VECTORS = [
    (
        "0b" * 22, "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9", 42,
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    ),
    (
        bytes(range(0x50)).hex(), bytes(range(0x60, 0xB0)).hex(), bytes(range(0xB0, 0x100)).hex(), 82,
        ("b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8"
        "367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"),
    ),
    (
        "0b" * 22, "", "", 42,
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("secret", "salt", "info", "length", "key"), VECTORS)
def test_keys_are_derived_as_rfc_5869_says(secret, salt, info, length, key):
    found = hkdf(bytes.fromhex(secret), salt=bytes.fromhex(salt), info=bytes.fromhex(info), length=length)
    assert found.hex() == key


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_what_is_signed_tells_where_each_word_ends(one, other):
    assert (signed(b"k", *one) == signed(b"k", *other)) == (one == other)


def test_another_secret_or_purpose_gives_another_key():
    keys = {derived(Secret(secret), purpose) for secret in ("a", "b") for purpose in ("x", "y")}
    assert len(keys) == 4


@frozen(kw_only=True)
class Login:
    account: str = "acme"
    email: str = "agent@example.com"
    password: Secret | None = field(default=None)
    api_key: Secret | None = field(default=None)


def test_a_desk_proves_itself_by_its_api_key_else_its_password_and_never_by_an_email():
    key, password = Secret("key"), Secret("word")
    assert credential_of(Login(api_key=key, password=password)) == key
    assert credential_of(Login(password=password)) == password
    assert credential_of(Login()) is None
    assert credential_of(Login(api_key=Secret(""))) is None
    assert DeskKeys(lambda: None).derive("x") is None


def test_a_desk_with_a_password_alone_offers_no_idempotency_key(monkeypatch):
    stub = stub_vendor.reset(idempotency=frozenset({"tickets.create"}), operations=frozenset(OPERATIONS))
    vendor = stub.vendor()
    monkeypatch.setattr("helpdesk_bridge.config.settings.registry.vendor", lambda _: vendor)
    assert "tickets.create" in open_desk({"vendor": "stub", "api_key": Secret("k")}).capabilities.idempotency
    vendor = evolve(vendor, settings=Login)
    desk = open_desk({"vendor": "stub", "password": Secret("word")})
    assert desk.capabilities.idempotency == frozenset()


def draft(subject="Lamp", body="It is broken", requester="ann@example.com"):
    return TicketDraft(subject=subject, description=body, requester=requester)


@pytest.fixture(params=["deskie", "desk365"])
def account(request):
    with simulated(request.param, IN_PROCESS, settings={"rate_limit": 100_000}) as opened:
        yield opened


def with_an_older_key(desk, key):
    """Let a desk sign with a key that it had before: the simulators never take another to log in with."""
    object.__setattr__(desk._link, "keys", DeskKeys(lambda: Secret(key)))
    return desk


def tickets(desk):
    return list(desk.tickets.list(TicketQuery(include={"description", "custom_fields"}), resolve=False))


def token_of(desk, ticket_id):
    """What the vendor keeps with a ticket: the desk itself shows no key of an application."""
    return split_marker(desk._adapter.tickets.get(ticket_id).description)[0]


def test_an_idempotency_key_is_no_marker_of_a_migration(account):
    account.desk.tickets.create(draft(), idempotency_key="order-1")
    (made,) = tickets(account.desk)
    written = made.custom_fields.get("Migration marker") or token_of(account.desk, made.id)
    assert written.startswith("key:")
    assert not is_marker(written)


@pytest.fixture
def unmarked():
    """A desk without a field for markers."""
    with simulated("desk365", IN_PROCESS, settings={"rate_limit": 100_000}) as opened:
        yield opened.desk


def test_a_token_that_was_copied_into_a_ticket_that_says_something_else_is_never_adopted(unmarked):
    desk = unmarked
    first = desk.tickets.create(draft(), idempotency_key="order-1")
    token = token_of(desk, first.id)
    copied = desk.tickets.create(draft(body=with_marker(Body(text="Pay me instead"), token)))
    assert desk.tickets.create(draft(), idempotency_key="order-1").id == first.id != copied.id


def test_a_key_that_only_a_ticket_with_another_text_carries_is_refused_and_nothing_is_written(unmarked):
    desk = unmarked
    desk.tickets.create(draft(body="First words"), idempotency_key="order-1")
    before = len(tickets(desk))
    with pytest.raises(Conflict, match="says something else"):
        desk.tickets.create(draft(body="Other words"), idempotency_key="order-1")
    assert len(tickets(desk)) == before


def test_what_was_written_before_the_api_key_was_rotated_is_still_found(account):
    desk = with_an_older_key(account.reopen(), "older")
    first = desk.tickets.create(draft(), idempotency_key="order-1")
    desk.messages.note(first.id, MessageDraft(body="Refunded"), idempotency_key="refund-1")
    rotated = account.reopen(previous_api_key="older")
    assert rotated.tickets.create(draft(), idempotency_key="order-1").id == first.id
    rotated.messages.note(first.id, MessageDraft(body="Refunded"), idempotency_key="refund-1")
    assert sum("Refunded" in one.body.text for one in rotated.messages.list(first.id)) == 1
    assert account.desk.tickets.create(draft(), idempotency_key="order-1").id != first.id


def test_the_key_of_a_local_desk_stands_in_its_file_and_nowhere_else(tmp_path):
    path = tmp_path / "desk.db"
    with open_desk({"vendor": "local", "path": str(path)}) as desk:
        made = desk.tickets.create(draft(), idempotency_key="a")
        assert desk.tickets.create(draft(), idempotency_key="a") == made
        with closing(sqlite3.connect(path)) as db:
            (key,) = db.execute("SELECT value FROM meta WHERE name = 'key'").fetchone()
        assert len(key) == 64
        assert key not in repr(desk.vendor_api.snapshot())
        assert key not in repr(tickets(desk)) + repr(desk)
    other = open_desk({"vendor": "local", "path": str(tmp_path / "other.db")})
    with other, open_desk({"vendor": "local", "path": str(path)}) as again:
        assert again.tickets.create(draft(), idempotency_key="a").id == made.id
        assert other.keys.derive("x") != again.keys.derive("x")
