"""Laws over random accounts, values and documents: queries mean what Python means, writing and reading are inverse."""

from __future__ import annotations

import html
import itertools
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk_bridge import NONE, ContactQuery, TicketQuery
from helpdesk_bridge.adapter import (
    Actor,
    BadResponse,
    Body,
    ContactDraft,
    Directory,
    FieldDefinition,
    FieldType,
    MessageDraft,
    Priority,
    Ref,
    Status,
    TicketChange,
    TicketDraft,
)
from helpdesk_bridge.datasets.dataset import Dataset, SeedField, SeedMessage, SeedPerson, SeedTicket
from helpdesk_bridge.model.matching import sort_key
from helpdesk_bridge.testing import strategies as made
from helpdesk_bridge.testing.clock import ManualClock
from helpdesk_bridge.testing.conformance.plain_filter import answers_contact, answers_ticket
from helpdesk_bridge.testing.query_strategies import contact_queries, ticket_queries
from helpdesk_bridge_deskie.port.attachments import OwnHost
from helpdesk_bridge_deskie.port.names import Names
from helpdesk_bridge_deskie.vendor_api import documents
from helpdesk_bridge_deskie.wire import documents as wire
from helpdesk_bridge_deskie.wire import reading
from helpdesk_bridge_deskie.wire.custom_fields import read_value, reader_of, write_value
from helpdesk_bridge_deskie.wire.documents import WIRE, CaseDocument
from helpdesk_bridge_deskie.wire.fast_reading import read_case_fast
from helpdesk_bridge_deskie.wire.images import InlineImages

BEGAN = datetime(2026, 3, 28, 21, tzinfo=UTC)
"""Some hours before the clocks of the account's zone go forward."""
FIELDS = (
    SeedField("Order No", "text"),
    SeedField("Urgent", "checkbox"),
    SeedField("Product", "select", ("Lamp", "Chair", "ﬁsh & <b>")),
    SeedField("Due", "date"),
    SeedField("Tier", "text", level="contact"),
)
GROUPS, TAGS, COMPANIES = ("Support", "Sales & Co", "STRASSE"), ("vip", "Bug", "straße"), ("Acme", "Globex, Inc.")
CUSTOM = {
    "Order No": st.sampled_from(["PO-7", "po-7", "^x^", "İade"]),
    "Urgent": st.booleans(),
    "Product": st.sampled_from(["Lamp", "Chair", "ﬁsh & <b>"]),
    "Due": st.sampled_from(["2026-03-01", "2026-12-31"]),
}
SUBJECTS = ("Invoice 4711-2026", "4711-2026", "RE: Invoice", "İade", "^caret^ in it", "ﬁrst", "👋 مرحبا", "a/b?c#d")
moments = st.integers(0, 12).map(lambda number: BEGAN + timedelta(seconds=number % 3, hours=number))


@st.composite
def people(draw, *, lower):
    """Customers, some without an e-mail and some whose e-mails differ in case or in an end only, and agents.

    Where searches mind case, no query finds an address that is stored otherwise than in lower case.
    """
    addresses = draw(st.lists(st.sampled_from(["ann@x.io", "joann@x.io", "ANN@x.io", "ann@x.io.tr", "b^b@x.io", None]),
                           min_size=2, max_size=5))  # fmt: skip
    emails = [email.lower() if email and lower else email for email in addresses]
    customers = tuple(
        SeedPerson(
            f"c{place}", draw(st.sampled_from(["Ann", "Joann", None])), email,
            draw(st.sampled_from(["+49 170 1234567", "+491701234568", "0170 12"])) if email is None and place % 2 else None,
            company=draw(st.sampled_from([*COMPANIES, None])), created_at=draw(moments), blocked=draw(st.booleans()),
            deleted=draw(st.booleans()), custom_fields={"Tier": "gold"} if place % 2 else {},
        )
        for place, email in enumerate(emails)
    )  # fmt: skip
    agents = (
        SeedPerson("meg", "Meg", "meg@robotsrule.example", role="agent", created_at=BEGAN),
        SeedPerson("rob", None, "rob@robotsrule.example", role="agent", created_at=BEGAN, blocked=True),
    )
    return customers + agents


@st.composite
def helpdesks(draw, *, lower=False):
    """Accounts of up to eight tickets with every combination of what a ticket may lack."""
    staff = draw(people(lower=lower))
    customers = [person.key for person in staff if person.role == "contact"]
    count = draw(st.integers(0, 8))

    def ticket(number):
        created, requester = draw(moments), draw(st.sampled_from(customers))
        fields = draw(st.fixed_dictionaries({}, optional=CUSTOM))
        return SeedTicket(
            f"t{number}", draw(st.sampled_from(SUBJECTS)), requester,
            draw(st.sampled_from(["meg", "rob", None])), draw(st.sampled_from([*GROUPS, None])),
            draw(st.sampled_from(["open", "pending", "closed"])), draw(st.sampled_from(["low", "normal", "high", "urgent"])),
            created_at=created, updated_at=created + timedelta(hours=draw(st.integers(0, 3))),
            channel=draw(st.sampled_from(["email", "phone", "chat", "whatsapp", "telegram", "idea"])),
            tags=tuple(draw(st.lists(st.sampled_from(TAGS), max_size=2, unique=True))), custom_fields=fields,
            spam=draw(st.integers(0, 5)) == 0, deleted=draw(st.integers(0, 5)) == 0,
            merged_into="t0" if number and draw(st.integers(0, 6)) == 0 else None,
            messages=(SeedMessage(requester, created, text="x"),),
        )  # fmt: skip

    tickets = tuple(ticket(number) for number in range(count))
    return Dataset(people=staff, groups=GROUPS, companies=COMPANIES, tags=TAGS, fields=FIELDS, tickets=tickets)


def every_ticket_query(tickets):
    """Queries over every field of ``TicketQuery``, also by ids and values, and with what is left out by default."""
    refs = [ticket.group for ticket in tickets if ticket.group] or [Ref(name="none such")]
    actors = [ticket.requester for ticket in tickets if ticket.requester] or [Actor.contact(email="a@x.io")]
    channels = st.sampled_from([NONE, "email", "PHONE", "whatsapp", "web_form"])
    more = st.fixed_dictionaries(
        {},
        optional={
            "include": st.frozensets(st.sampled_from(["spam", "deleted", "merged", "custom_fields"])),
            "groups": st.frozensets(st.sampled_from([*refs, *(ref.id or "0" for ref in refs), NONE]), min_size=1),
            "requester": st.frozensets(st.sampled_from([*actors, *(actor.id or "0" for actor in actors)]), min_size=1),
            "channels": st.frozensets(channels, min_size=1),
            "custom_fields": st.dictionaries(
                st.sampled_from([*CUSTOM, "No such field"]),
                st.frozensets(st.sampled_from([NONE, "PO-7", "chair", True, False, date(2026, 3, 1)]), min_size=1),
                max_size=2,
            ),
        },
    )
    return st.tuples(ticket_queries(tickets), more).map(lambda both: evolve(both[0], **both[1]))


@contextmanager
def account(in_process_account, data, **switches):
    with in_process_account(data, settings=switches) as (desk, _):
        yield desk


def answered(query, ticket):
    """Whether a plain filter finds a ticket, with what ``include`` lets in."""
    if any(
        flag and name not in query.include
        for name, flag in (("spam", ticket.spam), ("deleted", ticket.deleted), ("merged", ticket.merged_into))
    ):
        return False
    by_actor = [requester for requester in query.requester or () if isinstance(requester, Actor)]
    plain = evolve(ticket, spam=False, deleted=False, merged_into=None)
    if by_actor and ticket.requester is not None and any(actor.id == ticket.requester.id for actor in by_actor):
        query = evolve(query, requester=None)
    elif by_actor:
        others = frozenset(query.requester) - set(by_actor)
        query = evolve(query, requester=others or frozenset({"0"}))
    by_ref = [group for group in query.groups or () if isinstance(group, Ref)]
    if by_ref:
        names = {ref.id or ref.name for ref in by_ref}
        query = evolve(query, groups=frozenset(query.groups) - set(by_ref) | names)
    return answers_ticket(query, plain)


FORMS = [{}, {"case_sensitive_search": True, "time_bounds": "exclusive", "labels_match": "all", "numeric_strings": True,
              "flag_form": "int", "cc_names": "omnidesk", "empty_map_as_list": True, "list_form": "array"}]  # fmt: skip


@pytest.mark.parametrize("form", FORMS, ids=["as documented", "as clients saw it"])
def test_random_queries_over_random_helpdesks_answer_as_plain_python_does(in_process_account, form):
    @settings(max_examples=14, deadline=None)
    @given(helpdesks(lower="case_sensitive_search" in form), st.data())
    def holds(helpdesk, data):
        with account(in_process_account, helpdesk, **form) as desk:
            everything = list(desk.tickets.list(TicketQuery(include={"spam", "deleted", "merged", "custom_fields"})))
            assert len(everything) == len(helpdesk.tickets)
            for _ in range(4):
                query = data.draw(every_ticket_query(everything))
                wanted = [ticket for ticket in everything if answered(query, ticket)]
                wanted.sort(key=sort_key(query.order), reverse=query.order.descending)
                assert [ticket.id for ticket in desk.tickets.list(query)] == [ticket.id for ticket in wanted][
                    : query.limit
                ]
            everybody = list(desk.contacts.list(ContactQuery(include={"blocked", "deleted"})))
            outside = st.frozensets(st.sampled_from([NONE, "c0", "C1", "c2"]), min_size=1)
            for _ in range(3):
                asked = evolve(data.draw(contact_queries(everybody)), external_id=None)
                by_id = data.draw(st.none() | outside)
                expected = [
                    contact
                    for contact in everybody
                    if answers_contact(asked, contact) and _known_as(by_id, contact.external_id)
                ]
                expected.sort(key=sort_key(asked.order), reverse=asked.order.descending)
                query = evolve(asked, external_id=by_id)
                assert [contact.id for contact in desk.contacts.list(query)] == [contact.id for contact in expected][
                    : query.limit
                ]

    holds()


def _known_as(wanted, external_id):
    if wanted is None:
        return True
    return (
        NONE in wanted
        if external_id is None
        else external_id in {value.casefold() for value in wanted if value is not NONE}
    )


# ---- writing and reading are inverse

SAFE = made.nasty_text(max_size=200).filter(lambda text: text.strip() and "\x00" not in text)
VALUES = {
    "Order No": SAFE,
    "Urgent": st.booleans(),
    "Product": st.sampled_from(["Lamp", "Chair", "ﬁsh & <b>"]),
    "Due": st.dates(date(2000, 1, 1), date(2040, 1, 1)),
}
WRITTEN = {
    "status": st.sampled_from([Status.OPEN, Status.PENDING, Status.CLOSED]),
    "priority": st.sampled_from([word for word in Priority if word is not Priority.UNKNOWN]),
    "group": st.sampled_from(GROUPS),
    "assignee": st.just("meg@robotsrule.example"),
    "tags": st.lists(st.sampled_from([*TAGS, "new one", "👋"]), unique=True, max_size=3).map(tuple),
    "custom_fields": st.fixed_dictionaries({}, optional=VALUES),
    "subject": SAFE,
}
DRAFTED = {name: strategy for name, strategy in WRITTEN.items() if name != "subject"}


def read_field(ticket, name):
    value = getattr(ticket, name)
    if name == "assignee":
        return value.email
    if name == "group":
        return value.name
    return set(value) if name == "tags" else value


def test_what_is_written_is_read_back(in_process_account):
    empty = Dataset(people=(SeedPerson("meg", "Meg", "meg@robotsrule.example", role="agent", created_at=BEGAN),),
                    groups=GROUPS, companies=COMPANIES, tags=TAGS, fields=FIELDS)  # fmt: skip
    with account(in_process_account, empty) as desk:

        @settings(max_examples=40, deadline=None)
        @given(
            st.fixed_dictionaries({"subject": SAFE}, optional=DRAFTED),
            SAFE,
            st.fixed_dictionaries({}, optional=WRITTEN),
        )
        def tickets(fields, text, changes):
            draft = TicketDraft(description=text, requester="ann@x.io", **fields)
            written = desk.tickets.get(desk.tickets.create(draft).id)
            assert written.description.text == text
            for name, value in fields.items():
                _same(name, value, read_field(written, name))
            if changes:
                changed = desk.tickets.update(written.id, TicketChange(**changes))
                custom = {**fields.get("custom_fields", {}), **changes.get("custom_fields", {})}
                for name, value in {**fields, **changes}.items():
                    _same(name, custom if name == "custom_fields" else value, read_field(changed, name))

        @settings(max_examples=30, deadline=None)
        @given(SAFE, st.booleans(), st.booleans())
        def messages(text, as_html, internal):
            ticket = desk.tickets.create(TicketDraft(subject="s", description="d", requester="ann@x.io"))
            body = Body(html=f"<p>{html.escape(text)}</p>") if as_html else Body(text=text)
            call = desk.messages.note if internal else desk.messages.reply
            (message_id,) = call(ticket.id, MessageDraft(body=body)).ids
            last = list(desk.messages.list(ticket.id))[-1]
            assert (last.id, last.body.html) == (message_id, body.html)
            assert as_html or last.body.text == text

        numbers = itertools.count(10**9)

        @settings(max_examples=30, deadline=None)
        @given(st.sampled_from([None, *COMPANIES]), SAFE, st.booleans())
        def contacts(company, name, by_phone):
            number = next(numbers)
            identity = {"phones": (f"+49{number}",)} if by_phone else {"emails": (f"{number}@x.io",)}
            draft = ContactDraft(name=name, company=company, custom_fields={"Tier": name}, **identity)
            read = desk.contacts.get(desk.contacts.create(draft).id)
            assert (read.name, dict(read.custom_fields)) == (name, {"Tier": name})
            assert (read.company.name if read.company else None) == company
            assert read.emails == identity.get("emails", ())
            assert tuple(phone.e164 for phone in read.phones) == identity.get("phones", ())

        tickets()
        messages()
        contacts()


def _same(name, value, read):
    if name == "custom_fields":
        for field, part in value.items():
            assert read[field] == part, field
    else:
        assert read == (set(value) if name == "tags" else value), name


DEFINITIONS = [
    FieldDefinition(key="cf_1", name="t", type=FieldType.TEXT),
    FieldDefinition(key="cf_2", name="c", type=FieldType.BOOLEAN),
    FieldDefinition(key="cf_3", name="d", type=FieldType.DATE),
    FieldDefinition(
        key="cf_4", name="s", type=FieldType.SELECT, options=("One", "Two", "one"), option_keys=("1", "2", "3")
    ),
]


@given(st.sampled_from(DEFINITIONS), made.custom_values() | st.sampled_from(["One", "Two", "1", "", "-", "2026-W05-1"]))
def test_reading_a_custom_value_is_the_same_whichever_way_and_never_fails(definition, value):
    given_ = value if not isinstance(value, (date, datetime, Decimal, tuple)) else str(value)
    for vendor_value in (given_, [given_], {"a": given_}, None):
        assert reader_of(definition)(vendor_value) == read_value(definition, vendor_value)
        assert reader_of(None)(vendor_value) == read_value(None, vendor_value)


@given(st.sampled_from(DEFINITIONS[1:3]), st.booleans(), st.dates())
def test_what_a_definition_takes_comes_back_the_same(definition, flag, day):
    value = flag if definition.type is FieldType.BOOLEAN else day
    assert read_value(definition, write_value(definition, value)) == value


# ---- documents of any kind

LOOSE = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 10**12), st.text(max_size=12), st.floats(allow_nan=False),
    st.sampled_from(["-", "0", "1", "true", "Mon, 05 May 2014 00:15:17 +0300", "Mon, 5 May 2014", "brand_new_word"]),
    st.lists(st.integers(0, 9) | st.text(max_size=3), max_size=3),
    st.dictionaries(st.text(max_size=4), st.integers() | st.text(max_size=4), max_size=2),
)  # fmt: skip
KINDS = [
    wire.CaseDocument, wire.MessageDocument, wire.UserDocument, wire.StaffDocument, wire.GroupDocument, wire.LabelDocument,
    wire.CompanyDocument, wire.CustomFieldDocument, documents.Case, documents.ReplyOrNote, documents.Change,
    documents.Role, documents.Presence, documents.CustomChannel, documents.Mailbox, documents.Language,
    documents.SavedFilter, documents.Macro, documents.Category, documents.Section, documents.Article,
    documents.IdeaCategory,
]  # fmt: skip


def reader():
    directory = Directory(ManualClock())
    directory.bind()
    return reading.Reader(
        "robotsrule", Names(None, directory), InlineImages(OwnHost("https://robotsrule.deskie.io/api"))
    )


CONVERTED = {
    wire.CaseDocument: lambda document: reader().ticket(document),
    wire.MessageDocument: lambda document: reader().message(document, "1", 1),
    wire.UserDocument: lambda document: reader().contact(document),
    wire.StaffDocument: reading.agent,
    wire.GroupDocument: reading.group,
    wire.LabelDocument: reading.tag,
    wire.CompanyDocument: reading.company,
    wire.CustomFieldDocument: reading.field_definition,
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_document_is_read_or_refused_by_its_place_and_never_crashes(kind):
    names = [attribute.name for attribute in kind.__attrs_attrs__ if attribute.name != "raw"]
    secret = "customer-text-κ"

    @settings(max_examples=25, deadline=None)
    @given(st.dictionaries(st.sampled_from([*names, "a_new_field"]), LOOSE | st.just(secret)))
    def holds(document):
        whole = {**({names[0]: 7} if names[0].endswith("_id") else {}), **document}
        try:
            read, refused = WIRE.read(kind, whole, at="$.x"), None
        except BadResponse as error:
            read, refused = None, error
        if refused is not None:
            assert refused.path.startswith("$.x")
            assert secret not in str(refused)
        elif kind in CONVERTED:
            CONVERTED[kind](read)

    holds()


STRICT = {"created_at": st.sampled_from(["-", "Mon, 05 May 2014 00:15:17 +0300", "", "soon"]),
          "labels": st.lists(st.integers(0, 9) | st.just("5"), max_size=3),
          "custom_fields": st.dictionaries(st.text(max_size=3), st.text(max_size=3)), "user_id": st.integers(0, 9),
          "deleted": st.booleans(), "subject": st.text(max_size=5), "status": st.text(max_size=5)}  # fmt: skip


@given(
    st.fixed_dictionaries(
        {"case_id": st.integers(0, 99)}, optional={**STRICT, "x": LOOSE, "spam": LOOSE, "attachments": LOOSE}
    )
)
def test_the_quick_way_reads_a_case_as_the_exact_one_does(document):
    quick = read_case_fast(document)
    if quick is not None:
        assert quick == WIRE.read(CaseDocument, document)


def test_the_quick_way_takes_what_is_documented(in_process_account):
    with in_process_account() as (desk, _):
        for row in desk.vendor_api.call("GET", "/cases.json").values():
            if isinstance(row, dict):
                assert read_case_fast(row["case"]) == WIRE.read(CaseDocument, row["case"])
