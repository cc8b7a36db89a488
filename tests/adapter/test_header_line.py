from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from helpdesk_bridge.adapter.header_line import HeaderLine, split_header, split_marker, with_header, with_marker
from helpdesk_bridge.model.records import Message
from helpdesk_bridge.model.values import Actor, ActorKind, Body, MessageKind, Visibility
from helpdesk_bridge.text.plain import squash

names = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=40)
emails = st.one_of(st.none(), st.emails())


@st.composite
def messages(draw, html=None):
    kind = draw(st.sampled_from(ActorKind))
    markup = draw(st.booleans()) if html is None else html
    text = draw(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=80))
    return Message(
        id="1",
        ticket_id="1",
        author=Actor(kind, name=draw(names) or None, email=draw(emails), phone=draw(st.sampled_from([None, "+90555"]))),
        visibility=draw(st.sampled_from(Visibility)),
        kind=draw(st.sampled_from(MessageKind)),
        body=Body(html=f"<div>{text.replace('<', '&lt;').replace('&', '&amp;')}</div>") if markup else Body(text=text),
        created_at=draw(st.one_of(st.none(), st.datetimes(min_value=datetime(1990, 1, 1), timezones=st.just(UTC)))),  # noqa: DTZ001
    )


@given(messages())
def test_what_a_header_line_tells_is_read_back_and_the_body_is_left_as_it_was(message):
    header = HeaderLine.of(message)
    found, rest = split_header(with_header(message.body, header))
    assert found is not None
    assert (found.created_at, found.visibility, found.kind) == (header.created_at, header.visibility, header.kind)
    assert found.author.kind is header.author.kind
    assert found.author.email == header.author.email
    assert squash(rest.text) == squash(message.body.text)


@given(messages(), st.text("0123456789abcdef", min_size=16, max_size=16))
def test_a_marker_is_found_at_the_end_and_taken_off(message, marker):
    found, rest = split_marker(with_marker(message.body, marker))
    assert found == marker
    assert squash(rest.text) == squash(message.body.text)


def test_a_header_survives_a_vendor_that_strips_markup_and_one_that_wraps_it():
    message = Message(
        id="1", ticket_id="1", author=Actor.contact(name="Ann Lee", email="ann@example.com"), kind=MessageKind.REPLY,
        visibility=Visibility.PUBLIC, body=Body(html="<p>Hi</p>"), created_at=datetime(2026, 3, 2, 9, 15, tzinfo=UTC),
    )  # fmt: skip
    line = "[Imported] Ann Lee <ann@example.com> · customer · 2026-03-02T09:15:00Z · public · reply"
    assert str(HeaderLine.of(message)) == line
    found, rest = split_header(Body(text=f"{line}\nHi"))
    assert found == HeaderLine.of(message)
    assert rest.text == "Hi"


def test_text_that_only_looks_like_a_header_is_text():
    impossible = "[Imported] Ann <ann@example.com> · customer · 2026-02-31T25:00:00Z · public · reply"
    for text in ("[Imported] by hand", impossible, "Hello", ""):
        assert split_header(Body(text=text)) == (None, Body(text=text))
        assert split_marker(Body(text=text)) == (None, Body(text=text))
    assert split_header(Body(html=f"<p>{impossible}</p>\n<p>x</p>"))[0] is None
