from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk_bridge.adapter import BadResponse, WireTypeError
from helpdesk_bridge_deskie.wire.documents import WIRE, CaseDocument, UserDocument, moment, without_secrets
from helpdesk_bridge_deskie.wire.lists import record, rows, unwrapped

EXAMPLE = {
    "case_id": 51230, "case_number": "130-000042", "subject": "Invoice", "user_id": 8801, "staff_id": 0, "group_id": 14,
    "status": "open", "priority": "normal", "channel": "email", "recipient": "help@acme.test", "recipient_cc": "",
    "recipient_bcc": "", "deleted": False, "spam": False, "created_at": "Tue, 03 Nov 2026 09:12:44 +0300",
    "closed_at": "-", "updated_at": "Tue, 03 Nov 2026 09:12:44 +0300", "last_response_at": "-", "closing_speed": "-",
    "language_id": 2, "custom_fields": {"cf_25": "PO-7"}, "labels": [101],
}  # fmt: skip


def test_the_dossiers_example_is_read():
    case = WIRE.read(CaseDocument, EXAMPLE)
    assert case.created_at == datetime(2026, 11, 3, 6, 12, 44, tzinfo=UTC)
    assert (case.case_id, case.closed_at, case.labels, case.staff_id) == (51230, None, (101,), 0)
    assert case.custom_fields == {"cf_25": "PO-7"}


def test_numbers_as_text_flags_in_all_forms_and_php_lists_are_read():
    case = WIRE.read(
        CaseDocument,
        {"case_id": "7", "user_id": "8", "deleted": 1, "spam": "true", "custom_fields": [], "labels": ["3"]},
    )
    assert (case.case_id, case.user_id, case.deleted, case.spam, case.custom_fields, case.labels) == (
        7,
        8,
        True,
        True,
        {},
        (3,),
    )


def test_only_the_id_of_a_case_is_needed():
    assert WIRE.read(CaseDocument, {"case_id": 7}).subject is None


@pytest.mark.parametrize(
    ("field", "value"), [("user_id", "x"), ("user_id", True), ("user_id", 1.5), ("deleted", "maybe"), ("labels", "101"),
                         ("created_at", "yesterday"), ("created_at", 5), ("subject", ["a"]), ("custom_fields", "x")]
)  # fmt: skip
def test_what_does_not_fit_is_named_by_its_path_and_never_quoted(field, value):
    with pytest.raises(BadResponse) as caught:
        WIRE.read(CaseDocument, {"case_id": 7, field: value}, at="$.case")
    assert caught.value.path.startswith(f"$.case.{field}")
    assert "maybe" not in str(caught.value)
    assert "yesterday" not in str(caught.value)


@given(st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1)), st.integers(-14 * 4, 14 * 4))  # noqa: DTZ001 - the zone is drawn
def test_every_vendor_date_is_read_into_utc(naive, quarters):
    there = naive.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=15 * quarters)))
    read = moment(format_datetime(there))
    assert read == there
    assert read.tzinfo is UTC


def test_unset_and_shorter_dates():
    assert moment("-") is None
    assert moment("") is None
    assert moment("Mon, 5 May 2014 00:15:17 +0300") == datetime(2014, 5, 4, 21, 15, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["Mon, 05 Foo 2014 00:15:17 +0300", "Mon, 05 May 2014 00:15:17 x0300", "Mon, 45 May 2014 00:15:17 +0300", "soon"],
)
def test_what_is_no_date_is_refused(text):
    with pytest.raises(WireTypeError):
        moment(text)


@pytest.mark.parametrize("document", [{"total_count": 0}, {"case": []}, [], {}, None, "", {"total_count": "0"}])
def test_empty_lists_in_all_their_forms(document):
    assert rows(document, "case").items == ()


def test_lists_come_in_numeric_order_with_the_count_anywhere():
    document = {"total_count": 12, **{str(index): {"case": {"case_id": index}} for index in (10, 2, 0, 1)}}
    page = rows(document, "case")
    assert [row["case"]["case_id"] for row in page.items] == [0, 1, 2, 10]
    assert page.total == 12


def test_a_page_past_the_end_keeps_the_count():
    assert rows({"total_count": 7}, "case").total == 7


def test_arrays_and_the_other_name_of_the_count():
    assert rows([{"label": {"label_id": 1}}], "label").items == ({"label": {"label_id": 1}},)
    assert rows({"0": {"staff": {"staff_id": 1}}, "count": "1"}, "staff").total == 1


@pytest.mark.parametrize(
    ("document", "path"),
    [(5, "$"), ({"0": {"user": {}}}, "$.0.case"), ([{"user": None}], "$.0.case"), ({"case": {"case_id": 1}}, "$"),
     ({"total_count": "many", "0": {"case": {}}}, "$.total_count"), ({"message": "hello"}, "$")],
)  # fmt: skip
def test_other_lists_are_refused_with_their_path(document, path):
    with pytest.raises(BadResponse) as caught:
        rows(document, "case")
    assert caught.value.path == path


@pytest.mark.parametrize("row", [5, None, [], {"case": None}, {"case": []}])
def test_a_row_that_is_no_object_is_named_by_its_place(row):
    with pytest.raises(BadResponse) as caught:
        unwrapped(row, "case", "3")
    assert caught.value.path == "$.3.case"


def test_single_answers():
    assert record({"case": {"case_id": 1}}, "case") == {"case_id": 1}
    with pytest.raises(BadResponse):
        record({"message": {}}, "case")


def test_the_password_of_a_new_user_is_dropped():
    document = {"user_id": 1, "password": "hunter2"}
    assert "hunter2" not in repr(WIRE.read(UserDocument, document))
    assert without_secrets(document) == {"user_id": 1}
