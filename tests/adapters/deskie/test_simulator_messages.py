"""Messages, notes, files and the mails that replies send."""

from __future__ import annotations

import io
import json
import re

import pytest
from adapters.deskie.simulated import PIXEL, REPORT, SEEDED, Desk, dataset, ticket
from urllib3.filepost import encode_multipart_formdata

from helpdesk_bridge.datasets.dataset import SeedMessage


@pytest.fixture
def desk():
    return Desk()


def messages(desk: Desk, key: str, query=None):
    return desk.list(f"cases/{desk.case(key)}/messages.json", "message", query)


def reply(desk: Desk, key: str, **fields):
    body = {"message": {"content_html": "<p>Answer</p>", **fields}}
    return desk.write("POST", f"cases/{desk.case(key)}/messages.json", body)["message"]


def status(desk: Desk, key: str) -> str:
    return desk.get(f"cases/{desk.case(key)}.json")["case"]["status"]


def test_a_thread_holds_replies_notes_forwards_and_automatic_answers(desk):
    drawn = [
        (each["user_id"], each["staff_id"], each["note"], each["message_type"], each["sent_via_rule"])
        for each in messages(desk, "main")
    ]
    ann, meg, rob = desk.user("ann"), desk.staff("meg"), desk.staff("rob")
    assert drawn == [
        (ann, 0, False, "reply_user", False),
        (0, meg, False, "reply_staff", False),
        (0, rob, True, "note_regular", False),
        (0, meg, True, "note_fwd_message", False),
        (0, 0, False, "", True),
    ]


def test_emails_hold_html_and_chats_text(desk):
    note = messages(desk, "main")[2]
    assert (note["content"], note["content_html"]) == ("", "check &lt; stock<br />\nsoon")
    seed = ticket("hi", minutes=90, channel="chat", messages=(SeedMessage("ann", SEEDED, text="a < b"),))
    [chat] = messages(Desk(dataset(seed)), "hi")
    assert (chat["content"], chat["content_html"]) == ("a < b", "")


def test_an_agent_may_have_written_the_opening():
    seed = ticket("out", minutes=90, messages=(SeedMessage("meg", SEEDED, html="<p>Hello</p>"),))
    desk = Desk(dataset(seed))
    [opening] = messages(desk, "out")
    assert (opening["user_id"], opening["staff_id"]) == (0, desk.staff("meg"))


def long_thread(count: int) -> Desk:
    opening = SeedMessage("ann", SEEDED, html="0")
    later = tuple(SeedMessage("meg", SEEDED, html=str(n)) for n in range(1, count))
    return Desk(dataset(ticket("long", minutes=90, messages=(opening, *later))))


def test_without_page_and_limit_the_answer_is_the_last_100():
    desk = long_thread(130)
    path = f"cases/{desk.case('long')}/messages.json"
    plain = desk.get(path)
    assert plain["total_count"] == 130
    assert [plain[str(n)]["message"]["content_html"] for n in (0, 99)] == ["30", "129"]
    assert "100" not in plain


@pytest.mark.parametrize(
    ("query", "contents"),
    [
        ({"page": 1}, range(100)),
        ({"page": 2}, range(100, 130)),
        ({"limit": 4}, range(4)),
        ({"limit": 50, "page": 3, "order": "asc"}, range(100, 130)),
        ({"limit": 3, "order": "desc"}, (129, 128, 127)),
        ({"limit": 100, "page": 2, "order": "desc"}, range(29, -1, -1)),
        ({"page": 3}, ()),
        ({"order": "desc"}, range(129, 29, -1)),
    ],
)
def test_pages_and_order_of_a_thread(query, contents):
    desk = long_thread(130)
    assert [each["content_html"] for each in messages(desk, "long", query)] == [str(n) for n in contents]


def test_a_reply_by_the_customer_an_agent_or_the_caller(desk):
    by_user = reply(desk, "sales", user_id=desk.user("joann"))
    by_staff = reply(desk, "sales", staff_id=desk.staff("meg"))
    by_caller = reply(desk, "sales")
    assert (by_user["user_id"], by_user["staff_id"], by_user["message_type"]) == (desk.user("joann"), 0, "reply_user")
    assert (by_staff["user_id"], by_staff["staff_id"]) == (0, desk.staff("meg"))
    assert by_caller["staff_id"] == 1
    assert messages(desk, "sales")[1:] == [by_user, by_staff, by_caller]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"content_html": ""}, "empty_content"),
        ({"user_id": 9999}, "user_not_found"),
        ({"staff_id": 9999}, "staff_not_found"),
        ({"staff_id": 1, "user_id": 1}, "wrong_message_author"),
        ({"do_not_send_email": "perhaps"}, "wrong_do_not_send_email"),
        ({"created_at": "x"}, "wrong_created_at"),
    ],
)
def test_a_refused_reply_leaves_nothing_behind(desk, fields, code):
    path = f"cases/{desk.case('sales')}/messages.json"
    body = {"message": {"content_html": "x", **fields}}
    assert desk.refused("POST", path, body) == (400, code)
    assert len(messages(desk, "sales")) == 1
    assert desk.outbox() == []


def test_a_disabled_agent_cannot_reply_and_an_unknown_case_takes_none(desk):
    path = f"cases/{desk.case('sales')}/messages.json"
    body = {"message": {"content": "x", "staff_id": desk.staff("old")}}
    assert desk.refused("POST", path, body) == (400, "staff_not_active")
    assert desk.refused("POST", "cases/999/messages.json", {"message": {"content": "x"}}) == (404, "case_not_found")


def test_an_agents_reply_is_mailed_unless_told_not_to(desk):
    reply(desk, "sales", user_id=desk.user("joann"))
    reply(desk, "sales", staff_id=desk.staff("meg"), do_not_send_email=True)
    reply(desk, "sales", do_not_send_email="1")
    assert desk.outbox() == []
    sent = reply(desk, "sales", staff_id=desk.staff("meg"))
    loud = reply(desk, "call", do_not_send_email=False)
    assert [(mail["message_id"], mail["staff_id"], mail["to"]) for mail in desk.outbox()] == [
        (sent["message_id"], desk.staff("meg"), "joann@x.io"),
        (loud["message_id"], 1, "+49 170 1234567"),
    ]
    desk.client.post("/_sim/reset")
    assert desk.outbox() == []


def test_imported_messages_keep_their_time_and_are_listed_in_its_order(desk):
    late = reply(desk, "main", created_at=int(SEEDED.timestamp()) + 450, do_not_send_email=True)
    assert late["created_at"] == "Sat, 10 Jan 2026 12:07:30 +0200"
    assert late["sent_at"] == late["created_at"]
    assert [each["message_id"] for each in messages(desk, "main")].index(late["message_id"]) == 4


def test_a_deferred_reply_is_sent_later(desk):
    deferred = reply(desk, "sales", send_at="2026-06-01 10:00:00")
    assert deferred["sent_at"] == "Mon, 01 Jun 2026 10:00:00 +0300"
    assert desk.outbox()[0]["sent_at"] == 1780297200


def test_replies_change_the_status_and_move_updated_at(desk):
    reply(desk, "sales", do_not_send_email=True)
    assert status(desk, "sales") == "waiting"
    reply(desk, "sales", user_id=desk.user("joann"))
    assert status(desk, "sales") == "open"
    reply(desk, "done", do_not_send_email=True)
    assert status(desk, "done") == "closed"
    reply(desk, "done", user_id=desk.user("turk"))
    assert status(desk, "done") == "open"
    case = desk.get(f"cases/{desk.case('done')}.json")["case"]
    assert case["updated_at"] == case["last_response_at"] == "Tue, 05 May 2026 00:15:17 +0300"
    assert case["closed_at"] == "-"


def test_status_after_replies_can_be_left_alone():
    desk = Desk(status_after_reply=False)
    reply(desk, "sales", do_not_send_email=True)
    assert status(desk, "sales") == "open"


@pytest.mark.parametrize("name", ["note.json", "notes.json"])
def test_a_note_is_the_callers_and_called_message(desk, name):
    body = {"note": {"content": "inside", "created_at": "1700000000", "staff_id": desk.staff("meg")}}
    answer = desk.write("POST", f"cases/{desk.case('sales')}/{name}", body)
    assert list(answer) == ["message"]
    note = answer["message"]
    assert (note["note"], note["staff_id"], note["user_id"]) == (True, 1, 0)
    assert (note["content"], note["created_at"]) == ("inside", "Wed, 15 Nov 2023 00:13:20 +0200")
    assert (desk.outbox(), status(desk, "sales")) == ([], "open")
    assert desk.found({"from_updated_time": str(desk.app.now())}) == desk.ids("sales")


def test_messages_and_notes_are_edited_deleted_and_rated_by_their_own_paths(desk):
    base = f"cases/{desk.case('main')}"
    _, answer, note, *_ = (each["message_id"] for each in messages(desk, "main"))
    edited = desk.write("PUT", f"{base}/messages/{answer}.json", {"message": {"content_html": "<b>new</b>"}})
    assert edited["message"]["content_html"] == "<b>new</b>"
    assert desk.write("PUT", f"{base}/note/{note}.json", {"note": {"content": "n"}})["message"]["content"] == "n"
    rated = desk.write("PUT", f"{base}/rate/{answer}.json", {"rate": {"rating": "middle"}})["message"]
    assert (rated["rating"], rated["rated_staff_id"]) == ("middle", desk.staff("meg"))
    assert desk.refused("PUT", f"{base}/messages/{note}.json", {"message": {"content": "n"}}) == (
        404,
        "message_not_found",
    )
    assert desk.refused("DELETE", f"{base}/note/{answer}.json") == (404, "message_not_found")
    assert desk.refused("PUT", f"{base}/messages/{answer}.json", {}) == (400, "empty_content")
    assert [each["content_html"] or each["content"] for each in messages(desk, "main")][1:3] == ["<b>new</b>", "n"]
    assert desk.write("DELETE", f"{base}/messages/{answer}.json") is None
    assert desk.write("DELETE", f"{base}/note/{note}.json") is None
    assert len(messages(desk, "main")) == 3


def test_files_are_on_the_accounts_host_and_need_its_credentials(desk):
    opening = messages(desk, "main")[0]
    assert [(each["file_name"], each["file_size"], each["mime_type"]) for each in opening["attachments"]] == [
        (REPORT.filename, len(REPORT.content), "application/pdf"),
    ] * 2
    url = opening["attachments"][0]["url"]
    assert url.startswith("https://robotsrule.deskie.io/attachments/")
    path = url.removeprefix("https://robotsrule.deskie.io")
    assert desk.client.get(path).status_code == 401
    download = desk.send("GET", path)
    assert (download.data, download.headers["Content-Type"]) == (REPORT.content, "application/pdf")
    assert "filename*=UTF-8''Rechnung%20M%C3%A4rz.pdf" in download.headers["Content-Disposition"]
    assert desk.send("GET", "/attachments/999/x").status_code == 404


def test_inline_images_are_urls_on_the_same_host(desk):
    html = messages(desk, "main")[0]["content_html"]
    match = re.search(r'src="https://robotsrule\.deskie\.io([^"]+)"', html)
    assert match
    assert desk.send("GET", match[1]).data == PIXEL.content
    desk.app.base_url = "http://127.0.0.1:4711/"
    assert 'src="http://127.0.0.1:4711/attachments/' in messages(desk, "main")[0]["content_html"]


def upload(desk: Desk, path: str, wrapper: str, names: list[str], **fields: str):
    data = {f"{wrapper}[{name}]": value for name, value in fields.items()}
    for position, name in enumerate(names):
        data[name] = (io.BytesIO(f"file {position}".encode()), f"f{position}.txt", "text/plain")
    return desk.send("POST", f"/api/{path}", data=data, headers={"Content-Type": "multipart/form-data"})


@pytest.mark.parametrize("indexes", [("1", "2"), ("0", "1"), ("", ""), ("7", "3")])
def test_uploads_take_any_index(desk, indexes):
    names = [f"message[attachments][{index}]" for index in indexes]
    if indexes == ("", ""):
        names = names[:1]
    response = upload(desk, f"cases/{desk.case('sales')}/messages.json", "message", names, content="see file")
    assert response.status_code == 201, response.text
    files = json.loads(response.data)["message"]["attachments"]
    assert [each["file_name"] for each in files] == [f"f{n}.txt" for n in range(len(names))]
    assert desk.send("GET", files[0]["url"].removeprefix("https://robotsrule.deskie.io")).data == b"file 0"


def test_files_of_a_create_are_in_its_answer_and_in_the_opening(desk):
    fields = {"user_email": "new@y.io", "subject": "S", "content": "c"}
    response = upload(desk, "cases.json", "case", ["case[attachments][1]"], **fields)
    case = json.loads(response.data)["case"]
    assert [each["file_name"] for each in case["attachments"]] == ["f0.txt"]
    [opening] = desk.list(f"cases/{case['case_id']}/messages.json", "message")
    assert opening["attachments"] == case["attachments"]
    assert "attachments" not in desk.get(f"cases/{case['case_id']}.json")["case"]


def test_a_note_takes_files_and_another_wrappers_files_are_ignored(desk):
    path = f"cases/{desk.case('sales')}/note.json"
    names = ["note[attachments][0]", "message[attachments][0]"]
    note = json.loads(upload(desk, path, "note", names, content="c").data)["message"]
    assert [each["file_name"] for each in note["attachments"]] == ["f0.txt"]


def test_own_urls_are_taken_and_nothing_is_fetched_elsewhere(desk):
    url = messages(desk, "main")[0]["attachments"][0]["url"]
    copied = reply(desk, "sales", attachment_urls=[url], do_not_send_email=True)
    assert [each["file_name"] for each in copied["attachments"]] == [REPORT.filename]
    path = f"cases/{desk.case('sales')}/messages.json"
    for refused in (
        "https://elsewhere.example/x",
        "https://robotsrule.deskie.io/attachments/999/x",
        "file:///etc/passwd",
    ):
        body = {"message": {"content": "c", "attachment_urls": [refused]}}
        assert desk.refused("POST", path, body) == (400, "wrong_attachment_urls")
    off = Desk(attachment_urls=False)
    body = {"message": {"content": "c", "attachment_urls": [url]}}
    assert off.refused("POST", path, body) == (400, "wrong_attachment_urls")


@pytest.mark.parametrize(("megabytes", "expected"), [((25,), 201), ((25.1,), 413), ((20, 20, 20), 413)])
def test_large_files_are_refused(desk, megabytes, expected):
    fields = {"message[content]": "c"}
    for position, size in enumerate(megabytes):
        fields[f"message[attachments][{position}]"] = ("big.bin", b"x" * int(size * (1 << 20)))
    body, content_type = encode_multipart_formdata(fields)
    path = f"/api/cases/{desk.case('sales')}/messages.json"
    response = desk.send("POST", path, data=body, headers={"Content-Type": content_type})
    assert response.status_code == expected
    assert len(messages(desk, "sales")) == (2 if expected == 201 else 1)
