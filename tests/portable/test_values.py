"""Every public value travels: through pickle, copies and JSON, exactly."""

import copy
import json
import pickle
from collections.abc import Mapping
from datetime import datetime

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from portable.values import VALUES, values_of

import helpdesk_bridge
from helpdesk_bridge import errors
from helpdesk_bridge.errors import HelpdeskError, InDoubt, Invalid, RateLimited
from helpdesk_bridge.model.drafts import MessageDraft, TicketChange, TicketDraft
from helpdesk_bridge.model.queries import NONE, TicketQuery
from helpdesk_bridge.model.records import Ticket
from helpdesk_bridge.model.values import Add, Body, Status, Upload
from helpdesk_bridge.portable import value as portable
from helpdesk_bridge.portable.value import VERSION, Portable
from helpdesk_bridge.testing.fake import FakeHelpdesk
from helpdesk_bridge_desk360.errors import ServerFailed

every_value = pytest.mark.parametrize("cls", VALUES, ids=lambda cls: f"{cls.__module__.split('.')[0]}-{cls.__name__}")


def unpickled(text):
    return pickle.loads(text)  # noqa: S301 - of this test


def content(value):
    """All that a value holds with its types, what equality leaves out too: file places, bytes, vendors' documents."""
    if attrs.has(type(value)):
        return type(value), {one.name: content(getattr(value, one.name)) for one in attrs.fields(type(value))}
    if isinstance(value, Mapping):
        return {key: content(one) for key, one in value.items()}
    if isinstance(value, (tuple, list)):
        return [content(one) for one in value]
    if isinstance(value, frozenset):
        return {repr(content(one)) for one in value}
    if isinstance(value, datetime):
        return datetime, value.replace(fold=0) if value.tzinfo is None else value.timestamp()
    if callable(value):
        return value().read()
    return type(value), value


def is_plain(value):
    if type(value) is dict:
        return all(type(key) is str and is_plain(one) for key, one in value.items())
    if type(value) is list:
        return all(map(is_plain, value))
    return value is None or type(value) in (str, int, float, bool)


@every_value
@settings(max_examples=30)
@given(data=st.data())
def test_a_value_comes_back_exactly_from_json(cls, data):
    value = data.draw(values_of(cls))
    document = value.to_dict()
    assert is_plain(document)
    back = cls.from_dict(json.loads(json.dumps(document)))
    assert back == value
    assert content(back) == content(value)
    assert back.to_dict() == document


@every_value
@settings(max_examples=15)
@given(data=st.data())
def test_a_value_comes_back_exactly_from_a_pickle_and_copies(cls, data):
    value = data.draw(values_of(cls))
    for protocol in (0, pickle.HIGHEST_PROTOCOL):
        back = unpickled(pickle.dumps(value, protocol))
        assert back == value
        assert content(back) == content(value)
    assert copy.deepcopy(value) == copy.copy(value) == value
    assert copy.deepcopy([value]) == [value]


def test_every_public_class_of_values_travels():
    exported = [getattr(helpdesk_bridge, name) for name in helpdesk_bridge.__all__]
    classes = {cls for cls in exported if isinstance(cls, type) and attrs.has(cls)}
    assert classes
    of_a_process = {
        "AliasTable", "Aliases", "Budget", "Desk", "DeskKeys", "Directory", "RateLimitPolicy", "Stack", "Vendor",
    }  # fmt: skip
    assert {cls.__name__ for cls in classes if not issubclass(cls, Portable)} <= of_a_process
    assert {cls for cls in classes if issubclass(cls, Portable)} <= set(VALUES)
    ours = {cls for cls in Portable.__subclasses__() if cls.__module__.startswith("helpdesk_bridge.")}
    assert {cls for cls in ours if cls.__module__.startswith("helpdesk_bridge.model.")} <= set(VALUES)


@pytest.mark.parametrize("holder", VALUES, ids=lambda cls: cls.__name__)
def test_no_field_has_the_name_of_what_a_document_says_of_itself(holder):
    assert not {"object", "version"} & {attribute.alias for attribute in attrs.fields(holder)}


def test_what_is_frozen_stays_so_on_the_other_side():
    ticket = unpickled(pickle.dumps(Ticket(id="1", ref="r", custom_fields={"a": 1})))
    with pytest.raises(TypeError, match="never changes"):
        ticket.custom_fields["a"] = 2
    assert unpickled(pickle.dumps(ticket.custom_fields)) == copy.deepcopy(ticket.custom_fields) == {"a": 1}
    assert json.dumps(ticket.custom_fields) == '{"a": 1}'


def test_a_draft_keeps_its_fields_whatever_becomes_of_the_mapping_that_they_came_in():
    given_fields = {"order": 1}
    draft = TicketDraft(subject="s", description="d", requester="a@x.example", custom_fields=given_fields)
    given_fields["order"] = 2
    assert draft.custom_fields == {"order": 1}
    assert hash(draft) == hash(copy.deepcopy(draft))


# ---- the form


def test_a_vendors_own_word_is_told_apart_from_ours():
    own, ours = (TicketChange(status=status).to_dict()["status"] for status in ("open", Status.OPEN))
    assert (own, ours) == ({"label": "open"}, "open")


def test_a_body_says_its_text_and_whether_the_html_gave_it():
    assert Body(html="<p>Hi</p>").to_dict() == {
        "object": "body", "version": VERSION, "html": "<p>Hi</p>", "text": "Hi", "derived": True,
    }  # fmt: skip
    both = Body(html="<p>Hi</p>", text="Hi")
    assert "derived" not in both.to_dict()
    assert Body.from_dict(both.to_dict()) == both != Body(html="<p>Hi</p>")


def test_times_are_in_utc_and_none_asks_for_nothing():
    query = TicketQuery(tags=NONE, created=(datetime.fromisoformat("2026-03-01T10:00:00+02:00"), None))
    document = query.to_dict()
    assert document["tags"] == [None]
    assert document["created"] == {"start": "2026-03-01T08:00:00+00:00", "end": None}


def test_a_field_that_is_missing_has_its_default():
    assert Ticket.from_dict({"id": "1", "ref": "r"}) == Ticket(id="1", ref="r")
    assert TicketChange.from_dict({"tags": {"object": "add", "values": ["vip"]}}) == TicketChange(tags=Add("vip"))


def test_a_document_can_be_any_mapping():
    class Row(Mapping):
        def __getitem__(self, name):
            return {"id": "1", "ref": "r"}[name]

        def __iter__(self):
            return iter(("id", "ref"))

        def __len__(self):
            return 2

    assert Ticket.from_dict(Row()) == Ticket(id="1", ref="r")


# ---- what cannot travel, and what this version cannot read


def stream_upload():
    from io import BytesIO

    stream = BytesIO(b"once")
    return Upload("a.txt", "text/plain", lambda: stream)


@pytest.mark.parametrize("send", [pickle.dumps, lambda value: value.to_dict()])
def test_an_upload_from_a_stream_says_that_it_cannot_travel(send):
    draft = MessageDraft(body="x", attachments=stream_upload())
    for value in (stream_upload(), draft):
        with pytest.raises(Invalid, match="from_bytes"):
            send(value)
    assert copy.deepcopy(draft) == draft


def test_an_upload_from_a_file_travels_with_its_bytes(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"content")
    sent = [pickle.dumps(Upload.from_path(path)), json.dumps(Upload.from_path(path).to_dict())]
    path.unlink()
    for back in (unpickled(sent[0]), Upload.from_dict(json.loads(sent[1]))):
        assert back.open().read() == back.open().read() == b"content"
        assert (back.filename, back.content_type, back.size) == ("a.txt", "text/plain", 7)


def test_no_document_makes_an_upload_open_a_file_of_this_machine(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("key")
    document = {"filename": "a", "content_type": "text/plain"}
    for extra in ({"path": str(secret)}, {"open": str(secret)}, {"content": str(secret)}, {"content": 5}):
        with pytest.raises(Invalid):
            Upload.from_dict({**document, **extra})


def test_a_desk_and_its_parts_say_that_they_cannot_travel():
    desk = FakeHelpdesk()
    for part in (desk, desk.tickets, desk.contacts, desk.messages, desk.agents, desk.attachments, desk.tickets.list()):
        with pytest.raises(Invalid, match="cannot travel"):
            pickle.dumps(part)


WRONG = {
    "a field of a newer version": ({"language": "de"}, "language"),
    "a part's field of a newer version": ({"requester": {"kind": "agent", "pronoun": "they"}}, "requester.pronoun"),
    "a word of a newer version": ({"status": "escalated"}, "status"),
    "a part's word of a newer version": ({"requester": {"kind": "bot"}}, "requester.kind"),
    "a newer version": ({"version": VERSION + 1}, "version"),
    "no version": ({"version": "1"}, "version"),
    "another kind": ({"object": "contact"}, "object"),
    "no id": ({"id": None}, "id"),
    "a number for text": ({"subject": 5}, "subject"),
    "text for a list": ({"tags": "vip"}, "tags"),
    "a number in a list": ({"tags": ["a", 1]}, "tags[1]"),
    "a list for fields": ({"custom_fields": []}, "custom_fields"),
    "no time": ({"created_at": "yesterday"}, "created_at"),
    "a time without a zone": ({"created_at": "2026-01-01T00:00:00"}, "time"),
    "no decimal": ({"custom_fields": {"a": {"decimal": "x"}}}, "custom_fields['a']"),
    "a fraction": ({"custom_fields": {"a": 1.5}}, "custom_fields['a']"),
    "a flag as text": ({"spam": "false"}, "spam"),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_what_this_version_cannot_read_is_a_typed_error_that_names_the_field(wrong):
    document, field = wrong
    with pytest.raises(Invalid) as refused:
        Ticket.from_dict({"id": "1", "ref": "r", "subject": "Ann's secret", **document})
    assert refused.value.field == field
    assert "Ann" not in str(refused.value)


@pytest.mark.parametrize("document", [None, [], "x", 5])
def test_what_is_no_document_is_refused(document):
    with pytest.raises(Invalid):
        Ticket.from_dict(document)


def test_a_field_that_is_needed_is_named():
    with pytest.raises(Invalid, match="needs the field ref"):
        Ticket.from_dict({"id": "1"})


class Foreign:
    """Pickles as a value of another version does."""

    def __init__(self, name, version, document):
        self.made = name, version, document

    def __reduce__(self):
        return portable.restored, self.made


@pytest.mark.parametrize(
    ("name", "version", "document"),
    [
        ("helpdesk_bridge.model.records:Ticket", VERSION + 1, {"id": "1", "ref": "r"}),
        ("helpdesk_bridge.model.records:Ticket", VERSION, {"id": "1", "ref": "r", "language": "de"}),
        ("helpdesk_bridge.model.records:Ticket", VERSION, {"id": "1", "ref": "r", "status": "escalated"}),
        ("helpdesk_bridge.model.records:Call", VERSION, {"id": "1"}),
        ("helpdesk_bridge.model.calls:Call", VERSION, {"id": "1"}),
        ("os:system", VERSION, {}),
    ],
)
def test_a_pickle_of_a_newer_version_is_a_typed_error(name, version, document):
    with pytest.raises(Invalid, match="newer version"):
        unpickled(pickle.dumps(Foreign(name, version, document)))


def test_a_pickle_of_an_older_version_has_the_defaults_of_new_fields():
    old = Foreign("helpdesk_bridge.model.records:Ticket", VERSION, {"id": "1", "ref": "r"})
    assert unpickled(pickle.dumps(old)) == Ticket(id="1", ref="r")


# ---- errors


CLASSES = [cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, HelpdeskError)]


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_errors_travel_with_all_that_they_say(cls):
    error = cls("no", vendor="v", desk="d", operation="tickets.get", status=500, code="c", doc_url="u", request_id="7")
    for name in ("field", "limit", "retry_after", "capability", "path", "marker"):
        if hasattr(error, name):
            setattr(error, name, 3 if name in ("limit", "retry_after") else name)
    error.add_note("while syncing")
    for back in (unpickled(pickle.dumps(error)), copy.deepcopy(error)):
        assert type(back) is cls
        assert vars(back) == vars(error)
        assert str(back) == str(error)
    read = HelpdeskError.from_dict(json.loads(json.dumps(error.to_dict())))
    assert type(read) is cls
    assert {**vars(read), "__notes__": error.__notes__} == vars(error)


def test_an_error_of_a_vendor_travels_and_is_its_public_kind_in_json():
    error = ServerFailed("down", response_headers={"X-Id": "7"})
    assert unpickled(pickle.dumps(error)).response_headers == {"X-Id": "7"}
    assert type(HelpdeskError.from_dict(error.to_dict())) is errors.Unavailable


@pytest.mark.parametrize(
    "document",
    [None, {}, {"object": "ticket"}, {**RateLimited("x").to_dict(), "type": "Melted"},
     {**InDoubt("x").to_dict(), "phase": 1}, {**InDoubt("x").to_dict(), "version": 2}],
)  # fmt: skip
def test_what_is_no_error_is_refused(document):
    with pytest.raises(Invalid):
        HelpdeskError.from_dict(document)
