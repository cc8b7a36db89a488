"""Programs that know nothing of this library: they speak to a vendor as its customers' own clients do.

Each reads every row of what it walks through. Where real clients differ, the programs do too: Bearer and raw keys, pages from
0 and from 1, one page past the end, ``next_page``, a JSON content type on GET, forms with brackets, multipart with an empty
file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from attrs import define, field

TIMEOUT = 30


@define
class Session:
    """A session of ``requests``, as scripts use it; ``asked`` are the methods and paths that it asked for."""

    base_url: str
    headers: dict[str, str]
    auth: tuple[str, str] | None = None
    asked: list[tuple[str, str]] = field(factory=list)
    http: requests.Session = field(factory=requests.Session)

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        self.http.trust_env = False
        headers = {**self.headers, **more.pop("headers", {})}
        url = path if path.startswith("http") else f"{self.base_url}{path}"
        self.asked.append((method, urlsplit(url).path))
        return self.http.request(method, url, headers=headers, auth=self.auth, timeout=TIMEOUT, **more)

    def get(self, path: str, **params: Any) -> Any:
        answer = self.ask("GET", path, params=params)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:200])
        return answer.json() if answer.text.strip() else None


# ---- Deskie


def deskie(base_url: str, email: str, key: str) -> Session:
    """As the paper's curl: Basic credentials, and a JSON content type with a GET too."""
    return Session(base_url, {"Content-Type": "application/json"}, (email, key))


def _deskie_rows(document: Any, key: str) -> list[dict[str, Any]]:
    items = document if isinstance(document, list) else [document[place] for place in document if place.isdigit()]
    return [item[key] for item in items]


def deskie_from_one(session: Session, path: str, key: str, limit: int = 100, **params: Any) -> list[dict[str, Any]]:
    """Walk from page 1 until a page is empty: one page past the end."""
    rows: list[dict[str, Any]] = []
    page = 1
    while True:
        found = _deskie_rows(session.get(path, page=page, limit=limit, **params), key)
        if not found:
            return rows
        rows += found
        page += 1


def deskie_from_zero(session: Session, path: str, key: str, limit: int = 100, **params: Any) -> list[dict[str, Any]]:
    """Walk from page 0 to the last one that ``total_count`` tells, as a client does; page 0 is page 1."""
    first = session.get(path, page=0, limit=limit, **params)
    rows = _deskie_rows(first, key)
    for page in range(1, -(-first["total_count"] // limit) + 1):
        rows += _deskie_rows(session.get(path, page=page, limit=limit, **params), key)
    return rows


def deskie_everything(session: Session) -> dict[str, list[dict[str, Any]]]:
    """Read every list of an account, and every thread with each of its files."""
    lists = {
        "users": ("user", "/api/users.json"), "staff": ("staff", "/api/staff.json"), "groups": ("group", "/api/groups.json"),
        "labels": ("label", "/api/labels.json"), "companies": ("company", "/api/companies.json"),
        "custom_fields": ("custom_field", "/api/custom_fields.json"), "languages": ("language", "/api/languages.json"),
        "filters": ("filter", "/api/filters.json"), "channels": ("custom_channel", "/api/custom_channels.json"),
        "mailboxes": ("client_emails", "/api/client_emails.json"),
    }  # fmt: skip
    read = {name: deskie_from_one(session, path, key, limit=7) for name, (key, path) in lists.items()}
    wide = {"show_merged_cases": "true", "show_active_chats": "1", "sort": "created_at_asc"}
    read["cases"] = deskie_from_one(session, "/api/cases.json", "case", limit=9, **wide)
    read["cases from 0"] = deskie_from_zero(session, "/api/cases.json", "case", limit=9, **wide)
    read["messages"] = []
    for case in read["cases"]:
        one = session.get(f"/api/cases/{case['case_number']}.json")["case"]
        assert one["case_id"] == case["case_id"]
        path = f"/api/cases/{case['case_id']}/messages.json"
        messages = deskie_from_one(session, path, "message", limit=3, order="asc")
        read["messages"] += messages
        for message in messages:
            for file in message.get("attachments") or ():
                assert len(session.ask("GET", file["url"]).content) == file["file_size"]
        session.get(f"/api/cases/{case['case_id']}/changelog.json")
    read["board"] = [row["staff"] for row in session.get("/api/stats_leaderboard.json", period="this_year")]
    span = {"period": "custom", "from_time": "2026-01-01", "to_time": "2026-03-20", "rating[]": ["high", "low"]}
    ratings = session.get("/api/stats_satisfaction.json", **span)
    read["ratings"] = [ratings[place] for place in ratings if place.isdigit()]
    for path in ("/api/staff_roles.json", "/api/staff_statuses.json", "/api/macros.json"):
        assert session.get(path)
    return read


def deskie_writes(session: Session) -> dict[str, Any]:
    """Write as the bots and forms of the field do: forms with brackets, multipart with an empty file, both bodies at once."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    made = session.ask("POST", "/api/cases.json/", headers=form, data={
        "case[user_email]": "form@raw.example", "case[user_full_name]": "Form", "case[subject]": "    ",
        "case[content]": "Hello", "case[content_html]": "<p>Hello</p>", "case[labels][]": ["1", "2"],
        "case[custom_fields][cf_1]": "PO-9", "case[created_at]": "2026-01-31 00:00:00",
    })  # fmt: skip
    assert made.status_code == 201, made.text
    case = made.json()["case"]
    path = f"/api/cases/{case['case_id']}"
    # A browser sends a file input that was left empty.
    files = [("message[attachments][1]", ("", b"", "application/octet-stream")),
             ("message[attachments][2]", ("a.txt", b"text", "text/plain"))]  # fmt: skip
    said = session.ask("POST", f"{path}/messages.json", headers={"Content-Type": None}, files=files, data={
        "message[content]": "with a file", "message[user_id]": str(case["user_id"]),
    })  # fmt: skip
    assert said.status_code == 201, said.text
    noted = session.ask("POST", f"{path}/notes.json", json={"note": {"content": "an old client's note"}})
    assert noted.status_code == 201
    assert session.ask("PUT", f"{path}.json", json={"case": {"status": "closed", "add_labels": [3]}}).status_code == 200
    assert session.ask("PUT", f"{path}/rate.json", json={"rate": {"rating": "high"}}).status_code == 200
    assert session.ask("PUT", f"{path},999999/trash.json", json=[]).json() == {"case_success_id": [case["case_id"]]}
    assert session.ask("PUT", f"{path}/restore.json").status_code == 200
    user = session.ask("POST", "/api/users.json", json={"user": {"user_telegram": "5551"}})
    assert (user.status_code, user.json()["user"]["telegram_id"]) == (201, 5551)
    number = user.json()["user"]["user_id"]
    assert session.ask("PUT", f"/api/users/{number}/block.json", data=b"").status_code == 200
    return {"case": session.get(f"{path}.json")["case"], "message": said.json()["message"]}


def _made(session: Session, path: str, key: str, fields: dict[str, Any]) -> int:
    """Create a record and read it again; return its id."""
    answer = session.ask("POST", f"{path}.json", json={key: fields})
    assert answer.status_code == 201, (path, answer.text)
    record = answer.json()[key]
    return int(next(value for name, value in record.items() if name.endswith("_id")))


def deskie_administration(session: Session) -> None:
    """Make, read, change, switch and delete a record of each kind, as scripts of administrators do."""
    category = _made(session, "/api/kb_category", "kb_category", {"category_title": {"1": "Доставка", "2": "Delivery"}})
    section = _made(session, "/api/kb_section", "kb_section", {"category_id": category, "section_title": "Start"})
    kinds: list[tuple[str, str, dict[str, Any], tuple[str, ...]]] = [
        ("/api/groups", "group", {"group_title": "Raw group"}, ("disable", "enable")),
        ("/api/staff", "staff", {"staff_email": "raw@agents.example"}, ("disable", "enable")),
        ("/api/labels", "label", {"label_title": "raw label"}, ()),
        ("/api/companies", "company", {"company_name": "Raw GmbH"}, ("block", "disable", "restore")),
        ("/api/users", "user", {"user_email": "raw@users.example"}, ("disable", "restore")),
        ("/api/ideas_category", "ideas_category", {"category_title": "Raw ideas"}, ("disable", "enable")),
        ("/api/kb_article", "kb_article",
         {"section_id": section, "article_title": "Raw", "article_content": "<p>x</p>"},
         ("disable", "enable", "moveup", "movedown")),
    ]  # fmt: skip
    for path, key, fields, actions in kinds:
        number = _made(session, path, key, fields)
        if key != "label":
            assert session.get(f"{path}/{number}.json")[key]
        for action in actions:
            assert session.ask("PUT", f"{path}/{number}/{action}.json", json={}).status_code == 200, (path, action)
        name, value = next((name, value) for name, value in fields.items() if isinstance(value, str))
        changed = session.ask("PUT", f"{path}/{number}.json", json={key: {name: value.replace("aw", "AW")}})
        assert changed.status_code == 200, (path, changed.text)
        assert session.ask("DELETE", f"{path}/{number}.json", json={}).status_code == 200, path
        assert session.get(f"{path}.json", **({"section_id": section} if key == "kb_article" else {})) is not None
    for path, key, number in (
        ("/api/kb_section", "kb_section", section),
        ("/api/kb_category", "kb_category", category),
    ):
        assert session.get(f"{path}/{number}.json", language_id="all")[key]
        assert session.ask("PUT", f"{path}/{number}.json", json={key: {key.removeprefix("kb_") + "_title": "New"}}).ok
        for action in ("disable", "enable", "moveup", "movedown"):
            assert session.ask("PUT", f"{path}/{number}/{action}.json").status_code == 200
        assert session.get(f"{path}.json", category_id=category)
        assert session.ask("DELETE", f"{path}/{number}.json").status_code == 200
    ann, bob = (
        _made(session, "/api/users", "user", {"user_email": f"{name}@linked.example"}) for name in ("ann", "bob")
    )
    for action in ("link", "unlink"):
        assert session.ask("PUT", f"/api/users/{ann}/{action}.json", json={"user_id": bob}).status_code == 200
    assert session.ask("POST", "/api/users/identification.json", json={"user": {"user_email": "ann@linked.example"}}).ok


def deskie_threads(session: Session) -> None:
    """Edit, rate and delete replies and notes, mark spam, and delete for good."""
    case = _made(session, "/api/cases", "case", {"user_email": "ann@linked.example", "subject": "s", "content": "c"})
    path = f"/api/cases/{case}"
    for kind, key in (("messages", "message"), ("note", "note"), ("notes", "note")):
        answer = session.ask("POST", f"{path}/{kind}.json", json={key: {"content": "first"}})
        assert answer.status_code == 201
        number = answer.json()["message"]["message_id"]
        edited = session.ask("PUT", f"{path}/{kind}/{number}.json", json={key: {"content": "second"}})
        assert edited.json()["message"]["content"] == "second"
        if kind == "messages":
            rated = session.ask("PUT", f"{path}/rate/{number}.json", json={"rate": {"rating": "low"}})
            assert rated.json()["message"]["rating"] == "low"
        assert session.ask("DELETE", f"{path}/{kind}/{number}.json").status_code == 200
    assert session.ask("PUT", f"{path}/spam.json").json()["case"]["spam"] is True
    deleted = session.ask("DELETE", f"{path}.json")
    assert (deleted.status_code, deleted.content) == (200, b"")
    for old in ("/api/stats_lb_staff.json", "/api/stats_lb_groups.json"):
        assert isinstance(session.get(old, period="today"), list)


# ---- Desk365


def desk365(base_url: str, key: str, *, bearer: bool) -> Session:
    """With the raw key of the paper, or with Bearer as clients in production do."""
    return Session(
        f"{base_url}/apis/v3", {"Authorization": f"Bearer {key}" if bearer else key, "Content-Type": "application/json"}
    )


def desk365_by_offset(session: Session, path: str, key: str, step: int, **params: Any) -> list[dict[str, Any]]:
    """Count rows, and ask for one page past the end."""
    rows: list[dict[str, Any]] = []
    while True:
        found = session.get(path, offset=len(rows), **params)[key]
        rows += found
        if len(found) < step:
            assert session.get(path, offset=len(rows), **params)[key] == []
            return rows


def desk365_by_next(session: Session, path: str, key: str, **params: Any) -> list[dict[str, Any]]:
    """Follow ``next_page`` as it comes, as the client does that read 169 contacts."""
    document = session.get(path, **params)
    rows = list(document[key])
    while document.get("next_page"):
        answer = session.ask("GET", document["next_page"])
        assert answer.status_code == 200
        document = answer.json()
        rows += document[key]
    return rows


def desk365_everything(session: Session) -> dict[str, list[Any]]:
    read: dict[str, list[Any]] = {}
    for name, path, key in (("contacts", "/contacts", "content"), ("companies", "/companies", "content")):
        read[name] = desk365_by_next(session, path, key)
        read[f"{name} by offset"] = desk365_by_offset(session, path, key, 30)
    wide = {
        "include_description": "1",
        "include_custom_fields": "1",
        "include_survey_details": "1",
        "ticket_count": "30",
    }
    read["tickets"] = desk365_by_next(session, "/tickets", "tickets", **wide)
    read["tickets by offset"] = desk365_by_offset(session, "/tickets", "tickets", 30, order_type="ascending", **wide)
    read["messages"] = []
    for ticket in read["tickets"]:
        number = ticket["ticket_number"]
        details = session.get("/tickets/details", ticket_number=number)
        thread = session.get("/tickets/conversations", ticket_number=number)
        assert details["ticket_number"] == number
        assert thread["count"] == len(thread["conversations"]) == details["conversation_count"]
        read["messages"] += thread["conversations"]
        for file in (
            *details["attachments"],
            *(one for each in thread["conversations"] for one in each["attachments"]),
        ):
            # The address is signed: a key beside it makes the storage refuse.
            assert len(requests.get(file["attachment_url"], timeout=TIMEOUT).content) == file["file_size"]
    for contact in read["contacts"]:
        address = contact.get("primary_email") or contact.get("email")
        assert session.get("/contacts/details", primary_email=address)
    for company in read["companies"]:
        assert session.get("/companies/details", name=company["name"])["name"] == company["name"]
    read["surveys"] = session.get("/surveys")["surveys"]
    for survey in read["surveys"]:
        if not survey["is_deleted"]:
            session.get("/surveys/details", survey_name=survey["survey_name"])
    read["ratings"] = desk365_by_offset(session, "/surveys/ratings", "survey_ratings", 30)
    read["time"] = desk365_by_offset(session, "/time_entries", "content", 30)
    for title in session.get("/kb/article/")["article_titles"]:
        assert session.get("/kb/article/details", article_name=title)["article_title"] == title
    assert session.ask("GET", "/ping").text.startswith("All good")
    return read


def desk365_writes(session: Session) -> dict[str, Any]:
    made = session.ask("POST", "/tickets/create", json={
        "email": "raw@client.example", "subject": "Raw", "description": "<p>x</p>", "status": "open", "priority": 5,
    })  # fmt: skip
    assert made.status_code in (200, 201), made.text
    number = made.json()["ticket_number"]
    # A form with its file input left empty.
    empty = [("file", ("", b"", "application/octet-stream"))]
    form = {"Content-Type": None}
    again = session.ask("POST", "/tickets/create_with_attachment", headers=form, files=empty, data={
        "ticket_object": '{"email": "raw@client.example", "subject": "Form", "description": "y", "status": "Open", "priority": 1}',
    })  # fmt: skip
    assert again.status_code in (200, 201), again.text
    assert again.json()["attachments"] == []
    where = {"ticket_number": number}
    for call, body in (("add_reply", {"body": "<p>answer</p>"}), ("add_note", {"body": "note", "private_note": 1})):
        answer = session.ask("POST", f"/tickets/{call}", params=where, json=body)
        assert answer.status_code in (200, 201), answer.text
    files = [("files", ("a.txt", b"text", "text/plain"))]
    for call, name in (("add_reply", "reply_object"), ("add_note", "note_object")):
        data = {name: '{"body": "<p>with a file</p>"}'}
        answer = session.ask(
            "POST", f"/tickets/{call}_with_attachment", params=where, headers=form, files=files, data=data
        )
        assert answer.status_code in (200, 201), answer.text
    changed = session.ask("PUT", "/tickets/update", params=where, json={"status": "closed", "priority": 20})
    assert (changed.status_code, changed.json()["status"]) == (200, "Closed")
    contact = session.ask("POST", "/contacts/create", json={"name": "Raw", "primary_email": "new@client.example"})
    assert contact.status_code in (200, 201), contact.text
    company = session.ask("POST", "/companies/create", json={"name": "Raw Ltd"})
    assert company.status_code in (200, 201), company.text
    assert "not unique" in session.ask("POST", "/companies/create", json={"name": "Raw Ltd"}).text
    return session.get("/tickets/conversations", ticket_number=number)


# ---- Desk360


def desk360(base_url: str, key: str) -> Session:
    return Session(f"{base_url}/v1", {"Authorization": f"Bearer {key}", "Accept": "application/json, text/plain, */*"})


def desk360_login(base_url: str, email: str, password: str) -> Session:
    """Log in as the paper's samples do, and use the token."""
    session = Session(f"{base_url}/v1", {"Accept": "*/*"})
    answer = session.ask("POST", "/login", json={"email": email, "password": password})
    assert answer.status_code == 200
    session.headers["Authorization"] = f"{answer.json()['token_type']} {answer.json()['access_token']}"
    return session


def desk360_pages(session: Session, path: str) -> Iterator[dict[str, Any]]:
    """Follow ``Link`` by its page number, then ask for one page past the end."""
    page = 1
    while True:
        answer = session.ask("GET", path, params={"page": page}, headers={"Content-Type": "application/json"})
        assert answer.status_code == 200, answer.text
        yield from answer.json()
        link = answer.links.get("next", {}).get("url")
        if link is None:
            assert session.ask("GET", path, params={"page": page + 1}).json() == []
            return
        page = int(parse_qs(urlsplit(link).query)["page"][0])


def desk360_everything(session: Session) -> dict[str, list[Any]]:
    read: dict[str, list[Any]] = {"integrations": list(desk360_pages(session, "/integrations"))}
    read["templates"] = [
        template
        for integration in read["integrations"]
        for template in desk360_pages(session, f"/integrations/{integration['id']}/conversations/templates")
    ]
    return read


def desk360_sends(session: Session, integration: int, to: str) -> list[str]:
    """Send each kind once, in the encodings that clients use for it; return the ids."""
    path = f"/integrations/{integration}/conversations"
    text = {"to": to, "text": "Hello 👍"}
    ids = [
        _sent(session.ask("POST", f"{path}/messages", data=text)),  # as the Python samples go out: urlencoded
        _sent(session.ask("POST", f"{path}/messages", json=text)),
        _sent(session.ask("POST", f"{path}/messages", files={name: (None, value) for name, value in text.items()})),
    ]
    place = {"longitude": -122.4, "latitude": 37.7, "name": "HQ", "address": "1 Hacker Way"}
    ids.append(_sent(session.ask("POST", f"{path}/messages/locations", json={"to": to, "location": place})))
    card = {"name": {"formatted_name": "Ann Lee", "first_name": "Ann", "last_name": "Lee"}}
    ids.append(_sent(session.ask("POST", f"{path}/messages/contacts", json={"to": to, "contacts": [card]})))
    buttons = {"to": to, "body": "Well?", "buttons": [{"id": "1", "title": "Yes"}]}
    ids.append(_sent(session.ask("POST", f"{path}/messages/interactive", json=buttons)))
    ask = {"to": to, "body": "Where are you?"}
    ids.append(_sent(session.ask("POST", f"{path}/messages/interactive/location-request", json=ask)))
    template = {"template_id": "76", "language_id": "1", "destinations[0][phone]": to,
                "destinations[0][parameters][body-1]": "Ann", "destinations[0][parameters][body-2]": "PO-7"}  # fmt: skip
    ids.append(_sent(session.ask("POST", f"{path}/templates/send", data=template)))
    bulk = {"template_id": "76", "language_id": "1", "destinations[0][phone]": to, "parameters[body-1]": "Ann",
            "parameters[body-2]": "PO-7"}  # fmt: skip
    assert session.ask("POST", f"{path}/templates/send/bulk", data=bulk).json()["phones"] == [to]
    media = session.ask("POST", f"{path}/messages/medias", data={"to": to}, files=[
        ("attachments[]", ("", b"", "application/octet-stream")), ("attachments[]", ("a.png", b"\x89PNG", "image/png")),
    ]).json()["medias"]  # fmt: skip
    (image,) = media["images"]
    fetched = session.ask(
        "GET", f"{path}/messages/medias/{image['media_id']}", headers={"Content-Type": "multipart/form-data"}
    )
    assert fetched.content == b"\x89PNG"
    reads = session.ask("POST", f"{path}/messages/reads", data={"to": to, "message_ids[]": ["ABEG1", "ABEG2"]})
    assert reads.json()["message_ids"] == ["ABEG1", "ABEG2"]
    return [*ids, image["message_id"]]


def _sent(answer: requests.Response) -> str:
    assert answer.status_code == 200, answer.text
    return str(answer.json()["message_id"])
