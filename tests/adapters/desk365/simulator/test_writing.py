from __future__ import annotations

import json

import pytest
from desk365_http import REQUIRED, Desk365Http, message, ticket, with_tickets

FULL_KEYS = [
    *("ticket_number", "contact_email", "contact_name", "subject", "description", "description_text", "status"),
    *("priority", "type", "source", "form_name", "form_is_deleted", "assigned_to", "company_name", "sla"),
    *("completed_within_sla", "group", "category", "subcategory", "created_on", "updated_on", "resolved_on"),
    *("closed_on", "due_date", "first_response_time", "first_assigned_time", "first_assigned_duration"),
    *("resolved_duration", "first_replied_duration", "closed_duration", "custom_fields", "attachments", "watchers"),
    *("share_to", "conversation_count"),
]


@pytest.fixture
def desk() -> Desk365Http:
    return Desk365Http()


@pytest.fixture
def seeded() -> Desk365Http:
    return Desk365Http(with_tickets(ticket(1), ticket(2)))


def outbox(desk: Desk365Http) -> dict:
    return desk.client.get("/_sim/outbox").json


def thread(desk: Desk365Http, number: int = 1) -> list[dict]:
    return desk.get("/tickets/conversations", ticket_number=number)["conversations"]


def refused(desk: Desk365Http, **body) -> str:
    response = desk.send("POST", "/tickets/create", {**REQUIRED, **body})
    assert response.status_code == 400, response.text
    return response.json["errors"][0].get("field")


def test_create_answers_200_with_the_whole_ticket_dated_now(desk):
    response = desk.send(
        "POST",
        "/tickets/create",
        {
            "email": "New.One@client.example",
            "subject": "VPN",
            "description": "<div>Every hour</div>",
            "status": "pending",
            "priority": 20,
            "assign_to": "ADA@desk.example",
            "group": "Network",
            "category": "Billing",
            "sub_category": "Refund",
            "type": "Customer's Request",
            "watchers": ["bob@desk.example"],
            "share_to": ["boss@client.example"],
        },
    )
    assert response.status_code == 200
    made = response.json
    assert list(made) == FULL_KEYS
    assert (made["ticket_number"], made["source"], made["status"]) == (1, 15, "Pending")
    assert (made["created_on"], made["updated_on"]) == ("2026-03-02 09:15:00", "2026-03-02 09:15:02")
    assert (made["assigned_to"], made["subcategory"]) == ("ada@desk.example", "Refund")
    assert (made["contact_email"], made["contact_name"]) == ("New.One@client.example", "New.One")
    assert (made["watchers"], made["share_to"]) == (["Bob@desk.example"], ["boss@client.example"])
    assert made["first_assigned_duration"] == 0
    assert {"sub_category", "assign_to"}.isdisjoint(made)
    details = desk.get("/tickets/details", ticket_number=1)
    assert details == made
    assert desk.get("/contacts/details", primary_email="new.one@client.example")["name"] == "New.One"


@pytest.mark.parametrize("status", [{}, {"status": None}, {"status": ""}])
def test_a_ticket_without_a_status_is_refused_as_in_production(desk, status):
    body = {key: value for key, value in {**REQUIRED, **status}.items() if key != "status" or status}
    response = desk.send("POST", "/tickets/create", body)
    assert response.status_code == 400
    assert [one["message"] for one in response.json["errors"]] == ["missing field Status"]
    files = desk.multipart(
        "/tickets/create_with_attachment", {"ticket_object": json.dumps(body)}, [("file", "a.txt", b"a")]
    )
    assert files.status_code == 400
    assert desk.get("/tickets")["count"] == 0


NO_FIELDS = {
    "assigned_to": "ada@desk.example",
    "assigned to": "ada@desk.example",
    "subcategory": "Refund",
    "created_on": "2001-01-01 00:00:00",
    "source": 1,
    "ticket_number": 777,
    "tags": ["a"],
}


@pytest.mark.parametrize("key", NO_FIELDS)
def test_a_member_that_is_no_field_is_refused_in_create_and_update_as_in_production(seeded, key):
    body = {"subject": "Changed", key: NO_FIELDS[key]}
    for response in (
        seeded.send("POST", "/tickets/create", {**REQUIRED, **body}),
        seeded.send("PUT", "/tickets/update", body, ticket_number=1),
        seeded.multipart(
            "/tickets/create_with_attachment",
            {"ticket_object": json.dumps({**REQUIRED, **body})},
            [("file", "a.txt", b"a")],
        ),
    ):
        (error,) = response.json["errors"]
        assert (response.status_code, error["field"]) == (400, key)
        assert "invalid field" in error["message"]
    assert [row["subject"] for row in seeded.get("/tickets")["tickets"]] == ["Subject 2", "Subject 1"]


@pytest.mark.parametrize("key", NO_FIELDS)
def test_a_lenient_account_ignores_a_member_that_is_no_field(key):
    desk = Desk365Http(with_tickets(ticket(1)), unknown_keys="ignore")
    made = desk.create(**{key: NO_FIELDS[key]})
    assert (made["ticket_number"], made["source"], made["assigned_to"]) == (2, 15, None)
    changed = desk.put("/tickets/update", {"subject": "Changed", key: NO_FIELDS[key]}, ticket_number=1)
    assert (changed["subject"], changed["assigned_to"]) == ("Changed", None)


def test_a_description_is_not_needed(desk):
    body = {key: value for key, value in REQUIRED.items() if key != "description"}
    for given in (body, {**body, "description": None}, {**body, "description": ""}):
        made = desk.post("/tickets/create", given)
        assert (made["description"], made["description_text"]) == (None, "")


def test_an_empty_part_of_a_form_is_no_file(desk):
    """As HTML forms and several HTTP clients send a field of files where nobody chose one."""
    boundary = "x"
    parts = (
        ('name="ticket_object"', "", json.dumps(REQUIRED)),
        ('name="file"; filename=""', "Content-Type: application/octet-stream\r\n", ""),
        ('name="files"', "", ""),
    )
    data = "".join(
        f"--{boundary}\r\nContent-Disposition: form-data; {head}\r\n{kind}\r\n{body}\r\n" for head, kind, body in parts
    )
    response = desk.client.post(
        "/apis/v3/tickets/create_with_attachment",
        headers={"Authorization": desk.simulator.connection["api_key"]},
        data=f"{data}--{boundary}--\r\n".encode(),
        content_type=f"multipart/form-data; boundary={boundary}",
    )
    assert (response.status_code, response.json["attachments"]) == (200, [])


def test_the_order_of_keys_is_the_recorded_one(seeded):
    note = seeded.post("/tickets/add_note", {"body": "x"}, ticket_number=1)
    assert list(note) == ["body", "notify_emails", "to_email", "ticket_number", "private_note", "attachments"]
    found = seeded.get("/tickets/conversations", ticket_number=1)
    assert list(found)[:6] == [
        *("count", "agent_reply_count", "contact_reply_count", "public_note_count", "private_note_count"),
        "forward_message_count",
    ]
    keys = list(found["conversations"][0])
    assert keys.index("sender_type") < keys.index("public_note")


def test_an_account_that_does_not_ask_for_a_status_opens_the_ticket():
    body = {key: value for key, value in REQUIRED.items() if key != "status"}
    made = Desk365Http(status_required=False).post("/tickets/create", body)
    assert (made["status"], made["priority"]) == ("Open", 5)


def test_the_second_ticket_is_one_second_late_and_none_without_the_switch():
    assert Desk365Http(updated_lag=False).create()["updated_on"] == "2026-03-02 09:15:00"
    desk = Desk365Http()
    desk.create()
    assert desk.create()["updated_on"] == "2026-03-02 09:15:01"


def test_empty_strings_come_back_as_null(desk):
    made = desk.create(category="", type="", group="", custom_fields={"cf_Order No": ""})
    for key in ("category", "subcategory", "type", "group", "assigned_to", "resolved_on"):
        assert key in made
        assert made[key] is None
    assert made["custom_fields"]["cf_Order No"] is None
    made = desk.create(group="Network", custom_fields={"cf_Order No": "A-7"})
    updated = desk.put(
        "/tickets/update", {"group": "", "custom_fields": {"cf_Order No": ""}}, ticket_number=made["ticket_number"]
    )
    assert updated["group"] is None
    assert updated["custom_fields"]["cf_Order No"] is None


def test_a_number_beyond_all_bounds_is_refused(desk):
    body = '{"email": "n@c.example", "subject": "S", "status": "Open", "custom_fields": {"cf_Boxes": 1e999}}'
    headers = {"Authorization": desk.simulator.connection["api_key"]}
    response = desk.client.post("/apis/v3/tickets/create", headers=headers, data=body, content_type="application/json")
    assert response.status_code == 400


def test_custom_fields_need_their_prefix_and_all_come_back(desk):
    values = {
        "cf_Order No": "A-77",
        "cf_Escalated": True,
        "cf_Region": "EU",
        "cf_Amount": 12.5,
        "cf_Due": "2026-04-01",
        "cf_Boxes": 3,
    }
    assert desk.create(custom_fields=values)["custom_fields"] == values
    assert desk.create()["custom_fields"] == {**dict.fromkeys(values), "cf_Escalated": False}
    assert refused(desk, custom_fields={"Order No": "A-77"}) == "Order No"
    assert refused(desk, custom_fields={"cf_cf_Order No": "A-77"}) == "cf_cf_Order No"
    assert refused(desk, custom_fields={"cf_order no": "A-77"}) == "cf_order no"
    assert desk.send("PUT", "/tickets/update", {"custom_fields": {"Due": None}}, ticket_number=1).status_code == 400


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("cf_Order No", 7),
        ("cf_Escalated", "yes"),
        ("cf_Escalated", 1),
        ("cf_Region", "Mars"),
        ("cf_Amount", "12.5"),
        ("cf_Boxes", 1.5),
        ("cf_Boxes", True),
        ("cf_Due", 20260401),
        ("cf_Due", "1.4.2026"),
        ("cf_Due", "2026-02-30"),
    ],
)
def test_a_value_of_another_type_is_refused(desk, key, value):
    assert refused(desk, custom_fields={key: value}) == key


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": ""}, "email"),
        ({"email": "nobody"}, "email"),
        ({"subject": " "}, "subject"),
        ({"subject": "x" * 121}, "subject"),
        ({"description": 5}, "description"),
        ({"status": "Sleeping"}, "status"),
        ({"priority": 2}, "priority"),
        ({"priority": True}, "priority"),
        ({"priority": "5"}, "priority"),
        ({"type": "Wish"}, "type"),
        ({"group": "Nowhere"}, "group"),
        ({"category": "Nowhere"}, "category"),
        ({"category": "Billing", "sub_category": "İade"}, "sub_category"),
        ({"sub_category": "Refund"}, "sub_category"),
        ({"assign_to": "mira@client.example"}, "assign_to"),
        ({"watchers": ["mira@client.example"]}, "watchers"),
        ({"watchers": "ada@desk.example"}, "watchers"),
        ({"share_to": {"add": []}}, "share_to"),
        ({"form_name": "Other form"}, "form_name"),
        ({"custom_fields": []}, "custom_fields"),
    ],
)
def test_what_does_not_exist_or_fit_is_refused_and_nothing_is_made(desk, body, field):
    assert refused(desk, **body) == field
    assert desk.get("/tickets")["count"] == 0
    assert desk.send("GET", "/contacts/details", primary_email="new@client.example").status_code == 404


def test_custom_statuses_of_the_account_can_be_written():
    desk = Desk365Http(custom_statuses="Waiting for parts, On site")
    assert desk.create(status="waiting FOR parts")["status"] == "Waiting for parts"


def test_update_leaves_the_rest_and_lacks_attachments(desk):
    made = desk.create(group="Network", assign_to="ada@desk.example", custom_fields={"cf_Order No": "A-1"})
    desk.clock.advance(60)
    answer = desk.put("/tickets/update", {"priority": 20, "custom_fields": {"cf_Boxes": 2}}, ticket_number=1)
    assert list(answer) == [key for key in FULL_KEYS if key != "attachments"]
    changed = {key for key, value in answer.items() if value != made[key]}
    assert changed == {"priority", "custom_fields", "due_date", "updated_on"}
    assert answer["custom_fields"]["cf_Order No"] == "A-1"
    assert answer["due_date"] < made["due_date"]
    assert answer["updated_on"] == "2026-03-02 09:16:00"


@pytest.mark.parametrize("mark", ["--", "- -"])
def test_the_unassigned_mark_clears(desk, mark):
    desk.create(group="Network", assign_to="ada@desk.example", category="Billing", sub_category="Refund")
    body = dict.fromkeys(("group", "assign_to", "category", "sub_category"), mark)
    answer = desk.put("/tickets/update", body, ticket_number=1)
    assert [answer[key] for key in ("group", "assigned_to", "category", "subcategory")] == [None] * 4
    assert answer["first_assigned_time"] is not None


def test_a_json_null_changes_nothing_but_custom_fields(desk):
    desk.create(group="Network", custom_fields={"cf_Order No": "A-1"})
    answer = desk.put(
        "/tickets/update", {"group": None, "status": None, "custom_fields": {"cf_Order No": None}}, ticket_number=1
    )
    assert answer["group"] == "Network"
    assert answer["custom_fields"]["cf_Order No"] is None


def test_a_new_category_drops_the_old_subcategory(desk):
    desk.create(category="Billing", sub_category="Refund")
    assert desk.put("/tickets/update", {"category": "Müşteri 🚚"}, ticket_number=1)["subcategory"] is None
    assert desk.send("PUT", "/tickets/update", {"sub_category": "Refund"}, ticket_number=1).status_code == 400


def test_watchers_and_shares_change_by_add_and_remove(desk):
    desk.create(watchers=["ada@desk.example"], share_to=["a@x.example"])
    answer = desk.put(
        "/tickets/update",
        {
            "watchers": {"add": ["bob@desk.example", "ADA@desk.example"]},
            "share_to": {"add": ["b@x.example"], "remove": ["A@x.example"]},
        },
        ticket_number=1,
    )
    assert answer["watchers"] == ["ada@desk.example", "Bob@desk.example"]
    assert answer["share_to"] == ["b@x.example"]
    response = desk.send("PUT", "/tickets/update", {"watchers": ["ada@desk.example"]}, ticket_number=1)
    assert response.status_code == 400


def test_stamps_of_resolving_closing_and_reopening(desk):
    desk.create()
    desk.clock.advance(24 * 3600)
    resolved = desk.put("/tickets/update", {"status": "resolved"}, ticket_number=1)
    assert (resolved["resolved_on"], resolved["closed_on"]) == ("2026-03-03 09:15:00", None)
    assert resolved["resolved_duration"] == 1440
    assert resolved["completed_within_sla"] is True
    desk.clock.advance(60)
    closed = desk.put("/tickets/update", {"status": "Closed"}, ticket_number=1)
    assert (closed["resolved_on"], closed["closed_on"]) == ("2026-03-03 09:15:00", "2026-03-03 09:16:00")
    reopened = desk.put("/tickets/update", {"status": "Open"}, ticket_number=1)
    assert (reopened["resolved_on"], reopened["closed_on"]) == (None, None)
    at_once = desk.put("/tickets/update", {"status": "Closed"}, ticket_number=1)
    assert at_once["resolved_on"] == at_once["closed_on"] == "2026-03-03 09:16:00"
    assert desk.create(status="closed")["closed_duration"] == 0


def test_a_ticket_carries_its_slas_name(desk):
    assert desk.create()["sla"] == "Standard sla"
    answer = desk.put("/tickets/update", {"sla": "No Sla Policy"}, ticket_number=1)
    assert (answer["sla"], answer["due_date"]) == ("No SLA Policy", None)
    assert desk.send("PUT", "/tickets/update", {"sla": "Gold"}, ticket_number=1).status_code == 400


def test_description_text_loses_what_the_vendor_loses(desk):
    made = desk.create(description="<p>One</p><p>Two &amp; three</p><br>four&nbsp;five")
    assert made["description_text"] == "OneTwo & threefour&nbsp;five"
    assert desk.create(description="<img src='x'>")["description_text"] == ""


def test_contact_email_moves_a_ticket_only_with_the_additions_of_2026(desk):
    desk.create()
    older = desk.send("PUT", "/tickets/update", {"contact_email": "tom@mail.example"}, ticket_number=1)
    assert (older.status_code, older.json["errors"][0]["field"]) == (400, "contact_email")
    new = Desk365Http(additions_2026=True)
    new.create()
    answer = new.put("/tickets/update", {"contact_email": "TOM@mail.example"}, ticket_number=1)
    assert answer["contact_email"] == "tom@mail.example"
    assert {"updated_by", "closed_by_type", "associated_assets"} <= set(answer)


def test_a_reply_answers_201_reaches_the_customer_and_stamps_the_first_response(seeded):
    response = seeded.send(
        "POST",
        "/tickets/add_reply",
        {"body": "<p>Hi</p>", "agent_email": "bob@desk.example", "cc_emails": "x@a.example, y@a.example"},
        ticket_number=1,
    )
    assert response.status_code == 201
    assert response.json == {
        "body": "<p>Hi</p>",
        "cc_emails": "x@a.example,y@a.example",
        "bcc_emails": None,
        "from_email": "support@acme.desk365.example",
        "to_email": "Mira@client.example",
        "ticket_number": 1,
        "attachments": [],
    }
    told = seeded.get("/tickets/details", ticket_number=1)
    assert told["first_response_time"] == told["updated_on"] == "2026-03-02 09:15:00"
    assert (told["conversation_count"], told["status"]) == (1, "Open")
    (said,) = thread(seeded)
    assert (said["type"], said["public_note"], said["created_by"]) == ("reply", None, "Bob@desk.example")
    assert (said["to_address"], said["cc_address"]) == (None, "x@a.example,y@a.example")
    assert outbox(seeded)["to_contacts"] == 1
    again = seeded.post("/tickets/add_reply", {"body": "More", "include_prev_ccs": 1}, ticket_number=1)
    assert again["cc_emails"] == "x@a.example,y@a.example"


def test_a_private_note_is_silent_and_the_default(seeded):
    for body in ({"body": "n1"}, {"body": "n2", "private_note": 1}, {"body": "n3", "private_note": "1"}):
        response = seeded.send("POST", "/tickets/add_note", body, ticket_number=1)
        assert response.status_code == 201
        assert response.json == {
            "body": body["body"],
            "notify_emails": None,
            "to_email": None,
            "private_note": 1,
            "ticket_number": 1,
            "attachments": [],
        }
    assert outbox(seeded) == {"count": 0, "to_contacts": 0, "mails": []}
    assert [one["public_note"] for one in thread(seeded)] == [False] * 3
    assert thread(seeded)[0]["created_by"] == "ada@desk.example"
    assert seeded.get("/tickets/details", ticket_number=1)["first_response_time"] is None


def test_public_notes_and_notified_agents_show_in_the_outbox(seeded):
    public = seeded.post("/tickets/add_note", {"body": "n", "private_note": 0}, ticket_number=1)
    assert (public["private_note"], public["to_email"]) == (0, "Mira@client.example")
    seeded.post(
        "/tickets/add_note", {"body": "n", "notify_emails": "ada@desk.example,BOB@desk.example"}, ticket_number=1
    )
    mails = outbox(seeded)["mails"]
    assert [(mail["audience"], mail["occasion"]) for mail in mails] == [("contact", "public note"), ("agent", "note")]
    assert mails[1]["to"] == ["ada@desk.example", "Bob@desk.example"]
    assert len(seeded.simulator.outbox) == 2


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"body": ""},
        {"body": "x", "agent_email": "mira@client.example"},
        {"body": "x", "cc_emails": ["x@a.example"]},
        {"body": "x", "cc_emails": "nonsense"},
        {"body": "x", "include_prev_ccs": 2},
    ],
)
def test_a_reply_that_cannot_be_is_refused_and_nobody_is_mailed(seeded, body):
    assert seeded.send("POST", "/tickets/add_reply", body, ticket_number=1).status_code == 400
    assert thread(seeded) == []
    assert outbox(seeded)["count"] == 0


def test_messages_to_a_ticket_that_is_not_there_are_404(seeded):
    for path in ("/tickets/add_reply", "/tickets/add_note"):
        assert seeded.send("POST", path, {"body": "x"}, ticket_number=99).status_code == 404


def test_message_ids_come_with_the_additions_of_2026():
    desk = Desk365Http(with_tickets(ticket(1, messages=(message("mira", minutes=2),))), additions_2026=True)
    made = desk.post("/tickets/add_note", {"body": "x"}, ticket_number=1)
    assert [one["id"] for one in thread(desk)] == [1, made["id"]]


def test_the_accounts_own_rules_change_a_ticket_after_the_answer():
    desk = Desk365Http(automation="assign")
    made = desk.create()
    assert (made["assigned_to"], made["group"]) == (None, None)
    read = desk.get("/tickets/details", ticket_number=1)
    assert (read["assigned_to"], read["group"]) == ("ada@desk.example", "Network")
    assert read["first_assigned_duration"] == 0


def test_notifications_are_hazards_that_can_be_switched_on():
    desk = Desk365Http(notify_on_create=True, survey_on_close=True)
    desk.create(status="closed", assign_to="ada@desk.example")
    occasions = [(mail["occasion"], mail["audience"]) for mail in outbox(desk)["mails"]]
    assert occasions == [("survey", "contact"), ("ticket created", "contact"), ("ticket assigned", "agent")]
    desk.put("/tickets/update", {"status": "closed"}, ticket_number=1)
    assert outbox(desk)["count"] == 3
    silent = Desk365Http()
    silent.create(status="closed", assign_to="ada@desk.example")
    assert outbox(silent)["count"] == 0


@pytest.mark.parametrize("placement", ["form", "query"])
def test_create_with_attachment_takes_its_object_from_both_places(desk, placement):
    made = {"ticket_object": json.dumps(REQUIRED)}
    files = [("file", "Rechnung ü.txt", b"one")]
    if placement == "form":
        response = desk.multipart("/tickets/create_with_attachment", made, files)
    else:
        response = desk.multipart("/tickets/create_with_attachment", {}, files, **made)
    assert response.status_code == 200
    (file,) = response.json["attachments"]
    assert (file["file_name"], file["file_size"], file["file_type"]) == ("Rechnung ü.txt", 3, "text/plain")


def test_the_form_part_wins_over_the_query(seeded):
    response = seeded.multipart(
        "/tickets/add_note_with_attachment",
        {"ticket_number": "2", "note_object": '{"body": "form"}'},
        [("files", "a.txt", b"a"), ("files", "b.txt", b"bb")],
        ticket_number=1,
        note_object='{"body": "query"}',
    )
    assert response.status_code == 201
    assert (response.json["ticket_number"], response.json["body"]) == (2, "form")
    (note,) = thread(seeded, 2)
    assert (note["attachments_count"], note["public_note"]) == (2, False)
    assert [file["file_name"] for file in note["attachments"]] == ["a.txt", "b.txt"]
    assert outbox(seeded)["count"] == 0


def test_reply_with_attachment_and_an_empty_file_part(seeded):
    response = seeded.multipart(
        "/tickets/add_reply_with_attachment", {}, [("file", "", b"")], ticket_number=1, reply_object='{"body": "x"}'
    )
    assert response.status_code == 201
    assert response.json["attachments"] == []


def test_multipart_calls_refuse_what_they_cannot_use(seeded):
    note = {"note_object": '{"body": "x"}'}
    path = "/tickets/add_note_with_attachment"
    too_many = [("files", f"{number}.txt", b"x") for number in range(11)]
    assert seeded.multipart(path, note, too_many, ticket_number=1).status_code == 400
    assert seeded.multipart(path, {}, [], ticket_number=1, note_object="{").status_code == 400
    assert seeded.multipart(path, note, [("file", "a", b"x")]).status_code == 405
    assert seeded.multipart(path, {}, [("file", "a", b"x")], ticket_number=1).status_code == 400
    assert seeded.send("POST", path, {"body": "x"}, ticket_number=1).status_code == 415
    small = Desk365Http(with_tickets(ticket(1)), max_file_megabytes=0)
    assert small.multipart(path, note, [("file", "a", b"x")], ticket_number=1).status_code == 400
    assert thread(seeded) == []


def test_any_text_survives_the_way_there_and_back(desk):
    text = "Zeile \"eins\" \\ 'zwei' – 🚚 \u2028 İstanbul"
    made = desk.create(subject=text, description=f"<p>{text}</p>")
    assert made["subject"] == text
    raw = desk.send("GET", "/tickets/details", ticket_number=1).data.decode()
    assert "\\ud83d\\ude9a" in raw
    assert '"subject" : "Zeile' in raw
    assert "İstanbul" in raw
