"""The calls of a desk take values or keywords, ids in every form that a program holds, and refuse the rest by name."""

import typing

import attrs
import pytest

from helpdesk_bridge import (
    Body,
    ContactChange,
    ContactDraft,
    ContactQuery,
    Invalid,
    MessageDraft,
    Status,
    TicketChange,
    TicketDraft,
    TicketQuery,
    WrongDesk,
    open_desk,
)
from helpdesk_bridge.model import keywords
from helpdesk_bridge.model.refs import parse_ref

ANN = "ann@example.com"


@pytest.fixture
def desk():
    with open_desk({"vendor": "local", "path": ":memory:"}) as opened:
        yield opened


@pytest.fixture
def ticket(desk):
    return desk.tickets.create(subject="No invoice", description="Where is it?", requester=ANN, tags="billing")


@pytest.mark.parametrize(
    ("names", "cls", "before"),
    [
        (keywords.TicketFields, TicketDraft, set()),
        (keywords.TicketChanges, TicketChange, set()),
        (keywords.ContactFields, ContactDraft, set()),
        (keywords.ContactChanges, ContactChange, set()),
        (keywords.MessageFields, MessageDraft, {"body"}),
        (keywords.TicketFilters, TicketQuery, set()),
        (keywords.ContactFilters, ContactQuery, set()),
    ],
)
def test_the_keywords_are_the_fields_of_the_class_that_they_stand_for(names, cls, before):
    fields = attrs.fields_dict(cls)
    told = set(names.__annotations__)
    assert {keywords.SAME_FILTER.get(name, name) if "Filters" in names.__name__ else name for name in told} == {*fields}
    # A message's body may be given before the keywords.
    needed = {name for name, one in fields.items() if one.default is attrs.NOTHING} - before
    hints = typing.get_type_hints(names, include_extras=True)
    assert {name for name in told if typing.get_origin(hints[name]) is typing.Required} == needed


def test_keywords_and_a_value_make_the_same(desk, ticket):
    asked = {"subject": "S", "description": "D", "requester": ANN, "tags": ["a", "b"], "status": Status.PENDING}
    by_value, by_keywords = desk.tickets.create(TicketDraft(**asked)), desk.tickets.create(**asked)
    same = ("subject", "description", "requester", "tags", "status")
    assert [getattr(by_value, name) for name in same] == [getattr(by_keywords, name) for name in same]
    assert desk.tickets.update(ticket, status="Solved").status is Status.SOLVED
    assert desk.tickets.update(ticket.id, TicketChange(tags=None)).tags == ()
    made = desk.contacts.create(name="Bob", emails="bob@example.com")
    assert desk.contacts.update(made, title="Buyer").title == "Buyer"


@pytest.mark.parametrize(("singular", "plural"), sorted(keywords.SAME_FILTER.items()))
def test_singular_and_plural_of_a_filter_mean_the_same(desk, ticket, singular, plural):
    port = desk.tickets if plural in attrs.fields_dict(TicketQuery) else desk.contacts
    for word in ("open", "billing", ANN):
        assert list(port.list(**{singular: word})) == list(port.list(**{plural: word}))
        assert port.explain(**{singular: word}) == port.explain(**{plural: word})


def test_a_list_takes_filters_as_keywords(desk, ticket):
    assert [one.id for one in desk.tickets.list(status="open", tag="billing")] == [ticket.id]
    assert not list(desk.tickets.list(tag="nothing"))
    assert [one.name for one in desk.contacts.list(email=ANN)] == [desk.contacts.find(email=ANN).name]


def test_an_id_is_text_a_number_a_ref_or_the_record(desk, ticket):
    for given in (ticket.id, int(ticket.id), ticket.ref, parse_ref(ticket.ref), ticket):
        assert desk.tickets.get(given) == desk.tickets.get(ticket.id)
        assert list(desk.messages.list(given)) == list(desk.messages.list(ticket.id))
    contact = desk.contacts.find(email=ANN)
    for given in (contact.id, int(contact.id), contact.ref, contact):
        assert desk.contacts.get(given) == contact


@pytest.mark.parametrize("wrong", [None, 1.5, True, b"1", [], object()])
def test_what_is_no_id_is_refused_and_says_what_is(desk, ticket, wrong):
    for call in (
        lambda: desk.tickets.get(wrong),
        lambda: desk.tickets.update(wrong, subject="x"),
        lambda: desk.messages.list(wrong),
        lambda: desk.messages.note(wrong, "x"),
        lambda: desk.contacts.get(wrong),
    ):
        with pytest.raises(Invalid, match="an id is text, a whole number, a ref or the record itself") as refused:
            call()
        assert refused.value.field == "id"


def test_a_record_of_another_kind_or_another_desk_reaches_nobody(desk, ticket):
    with pytest.raises(Invalid, match="not the id of a ticket"):
        desk.tickets.get(desk.contacts.find(email=ANN))
    with open_desk({"vendor": "local", "path": ":memory:"}) as other:
        other.tickets.create(subject="Theirs", description="d", requester=ANN)
        with pytest.raises(WrongDesk):
            other.tickets.get(ticket)
        with pytest.raises(WrongDesk):
            other.messages.reply(ticket, "For the other customer.")
        assert len(list(other.messages.list(next(iter(other.tickets.list()))))) == 1


def test_a_text_or_a_body_is_a_message(desk, ticket):
    desk.messages.reply(ticket, "On its way.")
    desk.messages.note(ticket, Body(html="<p>sent <b>again</b></p>"))
    desk.messages.add_from_contact(ticket, "Thank you.", ANN, cc="bob@example.com")
    thread = list(desk.messages.list(ticket))
    assert [message.body.text for message in thread] == ["Where is it?", "On its way.", "sent again", "Thank you."]
    assert [message.visibility.value for message in thread] == ["public", "public", "internal", "public"]
    assert thread[-1].cc == ("bob@example.com",)


@pytest.mark.parametrize(
    ("call", "field", "says"),
    [
        (lambda desk: desk.tickets.create(subject="x", requester=ANN), "description", "description is missing"),
        (lambda desk: desk.tickets.create(), "subject", "subject is missing"),
        (lambda desk: desk.tickets.create("x"), None, "expected a TicketDraft"),
        (lambda desk: desk.tickets.create(subjekt="x"), "subjekt", "did you mean subject"),
        (lambda desk: desk.tickets.update("1", tag="x"), "tag", "did you mean tags"),
        (
            lambda desk: desk.tickets.update("1", TicketDraft(subject="x", description="y", requester=ANN)),
            None,
            "TicketChange",
        ),
        (lambda desk: desk.tickets.update("1", TicketChange(subject="x"), tags="y"), "tags", "not both"),
        (lambda desk: desk.tickets.list("open"), None, "expected a TicketQuery"),
        (lambda desk: desk.tickets.list(statuss="open"), "statuss", "did you mean status"),
        (lambda desk: desk.tickets.list(status="open", statuses="open"), "statuses", "the same filter"),
        (lambda desk: desk.tickets.list(TicketQuery(), status="open"), "statuses", "not both"),
        (lambda desk: desk.contacts.list(TicketQuery()), None, "expected a ContactQuery"),
        (lambda desk: desk.contacts.create(email="a@x.io"), "email", "did you mean emails"),
        (lambda desk: desk.messages.reply("1", 5), None, "expected a MessageDraft"),
        (lambda desk: desk.messages.reply("1", None), "body", "body is missing"),
        (lambda desk: desk.messages.note("1", "x", bcc="y"), "bcc", "did you mean cc"),
    ],
)
def test_what_does_not_fit_is_refused_by_name_before_anything_is_written(desk, ticket, call, field, says):
    before = list(desk.messages.list(ticket)), list(desk.tickets.list()), list(desk.contacts.list())
    with pytest.raises(Invalid, match=says) as refused:
        call(desk)
    assert refused.value.field == field
    assert (list(desk.messages.list(ticket)), list(desk.tickets.list()), list(desk.contacts.list())) == before


def test_the_port_and_the_desk_behind_it_say_the_same_types():
    from helpdesk_bridge import ports
    from helpdesk_bridge.desk import contacts, messages, tickets

    for port, behind in (
        (ports.Tickets, tickets.TicketsPort),
        (ports.Contacts, contacts.ContactsPort),
        (ports.Messages, messages.MessagesPort),
    ):
        for name, method in vars(port).items():
            if not name.startswith("_") and callable(method):
                here, there = dict(typing.get_type_hints(method)), dict(typing.get_type_hints(getattr(behind, name)))
                here.pop("return"), there.pop("return")
                assert here == there, name


def test_a_listing_gives_its_first_all_and_whether_there_is_any(desk, ticket):
    found = desk.tickets.list(tag="billing")
    assert found
    assert found.first().id == ticket.id
    assert [one.id for one in found.all()] == [ticket.id]
    assert not desk.tickets.list(tag="nothing")
    assert desk.tickets.list(tag="nothing").first() is None
    assert "not read yet" in repr(found)
    assert ANN not in repr(desk.contacts.list(email=ANN))


def test_a_listing_has_no_length_and_says_what_to_use(desk, ticket):
    with pytest.raises(TypeError, match=r"count\(\)"):
        len(desk.tickets.list())
    assert [one.id for one in list(desk.tickets.list())] == [ticket.id]


def test_whether_there_is_any_costs_one_page_at_most(desk):
    for number in range(120):
        desk.tickets.create(subject=f"{number}", description="d", requester=ANN)
    pages = []
    listing = desk.tickets.list()
    counted = attrs.evolve(listing, fetch=lambda cursor, size: pages.append(cursor) or listing.fetch(cursor, size))
    assert counted
    assert counted.first() is not None
    assert pages == [None, None]
