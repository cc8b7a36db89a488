"""The pure parts: custom values, pictures in bodies, multipart, files' hosts."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import responses
from hypothesis import given
from hypothesis import strategies as st

from helpdesk_bridge import open_desk
from helpdesk_bridge.adapter import (
    Attachment,
    BadResponse,
    FieldDefinition,
    FieldType,
    HelpdeskError,
    Invalid,
    NotFound,
    Upload,
)
from helpdesk_bridge.testing.clock import ManualClock
from helpdesk_bridge_deskie.port.attachments import OwnHost
from helpdesk_bridge_deskie.wire.custom_fields import definition, read_value, write_value
from helpdesk_bridge_deskie.wire.documents import WIRE, CustomFieldDocument
from helpdesk_bridge_deskie.wire.images import InlineImages, replace_sources, with_names, with_urls
from helpdesk_bridge_deskie.wire.multipart import parts

OWN = OwnHost("https://robotsrule.deskie.io/api")
SELECT = definition(
    WIRE.read(CustomFieldDocument, {"field_id": 5, "title": "Kind", "field_type": "select", "field_level": "case",
                                    "field_data": {"1": "First", "2": "Second"}})
)  # fmt: skip
CHECKBOX = FieldDefinition(key="cf_2", name="Urgent", type=FieldType.BOOLEAN)
DATE = FieldDefinition(key="cf_3", name="Due", type=FieldType.DATE)
TEXT = FieldDefinition(key="cf_4", name="Note")


@pytest.mark.parametrize(
    ("field", "wire", "value"),
    [(SELECT, "2", "Second"), (SELECT, 1, "First"), (SELECT, "9", "9"), (SELECT, "", None), (CHECKBOX, "1", True),
     (CHECKBOX, False, False), (CHECKBOX, "maybe", "maybe"), (DATE, "2026-03-01", date(2026, 3, 1)),
     (DATE, "01.03.2026", date(2026, 3, 1)), (DATE, "-", None), (DATE, "soon", "soon"), (TEXT, "-", "-"), (TEXT, "", None),
     (TEXT, 5, 5), (None, 1.5, Decimal("1.5")), (None, ["a", 1], ("a", "1")), (None, {"a": 1}, "{'a': 1}"), (TEXT, [], None)],
)  # fmt: skip
def test_custom_values_are_read_as_people_see_them(field, wire, value):
    assert read_value(field, wire) == value


@pytest.mark.parametrize(
    ("field", "value", "wire"),
    [(SELECT, "second", "2"), (SELECT, None, ""), (CHECKBOX, None, False), (CHECKBOX, True, True), (DATE, date(2026, 3, 1), "2026-03-01"),
     (DATE, datetime(2026, 3, 1, 5, tzinfo=UTC), "2026-03-01"), (TEXT, Decimal("1.50"), "1.50"), (TEXT, ("a", "b"), "a, b"),
     (TEXT, True, "1"), (TEXT, 7, "7")],
)  # fmt: skip
def test_custom_values_are_written_as_deskie_takes_them(field, value, wire):
    assert write_value(field, value) == wire


@pytest.mark.parametrize(("field", "value"), [(SELECT, "Third"), (SELECT, True), (CHECKBOX, "yes"), (CHECKBOX, 1)])
def test_custom_values_that_do_not_fit_name_their_field_and_not_their_value(field, value):
    with pytest.raises(Invalid) as caught:
        write_value(field, value)
    assert caught.value.field == f"custom_fields.{field.name}"


@given(st.sampled_from(["First", "Second"]))
def test_a_selects_words_round_trip(word):
    assert read_value(SELECT, write_value(SELECT, word)) == word


def test_definitions_without_options_or_title():
    bare = definition(WIRE.read(CustomFieldDocument, {"field_id": "7", "field_data": "", "field_level": "user"}))
    assert (bare.key, bare.name, bare.options, bare.applies_to, bare.type) == (
        "cf_7",
        "cf_7",
        (),
        "contact",
        FieldType.UNKNOWN,
    )
    listed = WIRE.read(CustomFieldDocument, {"field_id": 8, "field_type": "select", "field_data": ["a", "b"]})
    assert definition(listed).option_keys == ("0", "1")


MARKUP = st.text(alphabet="ab<>\"'/= \n\r\t&;é🎉", max_size=60)


@given(MARKUP, MARKUP)
def test_all_but_the_address_of_a_picture_stays_as_it_is(before, after):
    body = f'{before}<img alt="x" src="https://robotsrule.deskie.io/a.png" width=3>{after}'
    changed = replace_sources(body, lambda url: "cid:1" if url.endswith("/a.png") else None)
    assert changed.replace('"cid:1"', '"https://robotsrule.deskie.io/a.png"') == body


@given(MARKUP)
def test_a_body_without_our_pictures_is_not_touched(body):
    assert replace_sources(body + "<img src='https://elsewhere.example/x.png'>", lambda _: None).startswith(body)


def test_own_pictures_become_files_and_foreign_ones_stay():
    images = InlineImages(OWN)
    url = "https://robotsrule.deskie.io/inline/logo%20one.png?a=1&b=2"
    body = f'<p><IMG src={url.replace("&", "&amp;")}> <img src="https://elsewhere.example/x.png"><img src="data:image/png;base64,AA=="></p>'
    known = (Attachment("logo.png", "image/png", 5, locator=url), Attachment("other.pdf"))
    changed, files = images.with_content_ids(body, known)
    assert [(file.filename, file.inline) for file in files] == [("logo.png", True), ("other.pdf", False)]
    assert f'<IMG src="cid:{files[0].content_id}">' in changed
    assert "elsewhere.example/x.png" in changed
    assert "data:image/png" in changed
    _, attachments = images.with_content_ids(body, ())
    assert [(file.filename, file.content_type) for file in attachments] == [("logo one.png", "image/png")]
    assert attachments[0].content_id == files[0].content_id
    assert with_urls(changed, {files[0].content_id: url}) == body.replace(
        f"src={url.replace('&', '&amp;')}", f'src="{url.replace("&", "&amp;")}"'
    )


def test_mailed_pictures_are_named():
    assert (
        with_names('a <img src="cid:1"> b <img src="cid:2">', {"1": "<logo>.png"})
        == 'a [&lt;logo&gt;.png] b <img src="cid:2">'
    )
    assert with_names("a", {"1": "x"}) == "a"


def test_multipart_names_are_phps():
    files = (Upload.from_bytes("a", b"1"), Upload.from_bytes("b", b"2"))
    fields = {"subject": "s", "labels": [1, 2], "custom_fields": {"cf_1": True, "cf_2": False}, "nothing": None}
    made = parts("case", fields, files)
    assert [(part.name, part.value) for part in made] == [
        ("case[subject]", "s"), ("case[labels][]", "1"), ("case[labels][]", "2"), ("case[custom_fields][cf_1]", "1"),
        ("case[custom_fields][cf_2]", "0"), ("case[attachments][1]", None), ("case[attachments][2]", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("url", "own"),
    [("https://robotsrule.deskie.io/f/1", True), ("https://ROBOTSRULE.deskie.io:443/f/1", True), ("/f/1", True), ("f/1", True),
     ("http://robotsrule.deskie.io/f/1", False), ("https://robotsrule.deskie.io:8443/f", False), ("https://evil.example/f", False),
     ("//evil.example/f", False), ("https://robotsrule.deskie.io.evil.example/f", False), ("https://x@evil.example/f", False),
     ("data:image/png;base64,AA", False), ("cid:1", False), ("", False), ("https://[bad/f", False), ("https://h:port/f", False)],
)  # fmt: skip
def test_only_the_accounts_own_host_is_its_own(url, own):
    assert OWN(url) is own


def opened():
    table = {"vendor": "deskie", "account": "files", "staff_email": "bot@x.io", "api_key": "canary", "rate_limit": 1000}
    return open_desk(table, clock=ManualClock())


@responses.activate
def test_files_are_fetched_with_auth_from_the_own_host_only():
    responses.get("https://files.deskie.io/f/1", body=b"own")
    with opened() as desk:
        with desk.attachments.open(Attachment("a", locator="/f/1")) as stream:
            assert stream.read() == b"own"
        assert responses.calls[0].request.headers["Authorization"].startswith("Basic ")
        with pytest.raises(NotFound):
            desk.attachments.open(Attachment("a", locator=""))


def test_a_file_elsewhere_never_sees_the_key():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock, opened() as desk:
        mock.get("http://127.0.0.1:9/f/1", body=b"x")
        with pytest.raises(HelpdeskError):
            desk.attachments.open(Attachment("a", locator="http://127.0.0.1:9/f/1"))
        assert all("Authorization" not in call.request.headers for call in mock.calls)


@responses.activate
def test_a_redirect_is_not_followed():
    responses.get("https://files.deskie.io/api/staff.json", status=302, headers={"Location": "https://evil.example/"})
    with opened() as desk, pytest.raises(BadResponse):
        desk.agents.list()
    assert len(responses.calls) == 1


@responses.activate
def test_an_id_cannot_leave_its_place_in_the_path():
    responses.get("https://files.deskie.io/api/cases/..%2Fstaff.json", status=404, json={"error": "case_not_found"})
    with opened() as desk:
        with pytest.raises(NotFound):
            desk.tickets.get("../staff")
        assert responses.calls[0].request.url == "https://files.deskie.io/api/cases/..%2Fstaff.json"


@responses.activate
def test_the_exact_search_is_percent_encoded():
    responses.get("https://files.deskie.io/api/users.json", json={"total_count": 0})
    with opened() as desk:
        assert desk.contacts.find(email="ann+1@x.io") is None
    assert "user_email=%5Eann%2B1%40x.io%5E" in responses.calls[0].request.url


@responses.activate
def test_a_list_that_ignores_page_ends():
    rows = {str(index): {"label": {"label_id": index, "label_title": f"l{index}"}} for index in range(100)}
    responses.get("https://files.deskie.io/api/labels.json", json={**rows, "total_count": 5000})
    with opened() as desk:
        assert len(desk.tags.list()) == 100
    assert len(responses.calls) == 2


def test_the_key_shows_nowhere():
    desk = opened()
    with pytest.raises(HelpdeskError) as caught, responses.RequestsMock():
        desk.tickets.get("1")
    shown = repr(desk) + repr(desk.vendor_api) + repr(desk._adapter) + str(caught.value) + repr(caught.value)
    assert "canary" not in shown
    assert "bot@x.io" not in repr(desk._adapter)
    desk.close()


def test_uploads_are_opened_anew_for_every_attempt(in_process_account):
    from helpdesk_bridge import MessageDraft

    times = []

    def fresh():
        times.append(1)
        return io.BytesIO(b"once more")

    with in_process_account(tickets=1) as (desk, app):
        ticket = next(iter(desk.tickets.list(resolve=False)))
        app.faults.inject("rate_limited", on="POST /api/*", retry_after=1)
        desk.messages.note(
            ticket.id, MessageDraft(body="x", attachments=(Upload("a.txt", "text/plain", fresh, size=9),))
        )
        assert len(times) == 2
        noted = list(desk.messages.list(ticket.id))[-1]
        with desk.attachments.open(noted.attachments[0]) as stream:
            assert stream.read() == b"once more"
