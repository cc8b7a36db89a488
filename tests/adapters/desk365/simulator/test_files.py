from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from desk365_http import START, Desk365Http, ticket, with_tickets
from werkzeug.test import Client

from helpdesk_bridge.datasets.dataset import SeedFile, SeedMessage, SeedTicket
from helpdesk_bridge.testing.simulator import SimulatorClock
from helpdesk_bridge_desk365.simulator import API_KEY, create

NAME = "Größe 100%/../a b.pdf"
OPENING = SeedMessage(
    "mira",
    START,
    html='<p>See</p><img src="cid:logo@x"><img src="cid:other">',
    files=(
        SeedFile(NAME, "application/pdf", b"%PDF"),
        SeedFile("logo.png", "image/png", b"\x89PNG", inline=True, content_id="logo@x"),
    ),
)
REPLY = SeedMessage("ada", START, html="<p>Here</p>", files=(SeedFile("..", "text/plain", b"dots"),))


@pytest.fixture
def desk() -> Desk365Http:
    seed = SeedTicket("t", "Files", "mira", created_at=START, updated_at=START, messages=(OPENING, REPLY))
    return Desk365Http(with_tickets(seed))


def attachment(desk: Desk365Http) -> dict:
    (found,) = desk.get("/tickets/details", ticket_number=1)["attachments"]
    return found


def fetch(desk: Desk365Http, url: str, **headers: str):
    parts = urlsplit(url)
    return desk.client.get(f"{parts.path}?{parts.query}", headers=headers)


def test_attachments_are_described_without_an_id_and_only_in_details(desk):
    found = attachment(desk)
    assert {key: found[key] for key in ("file_name", "file_size", "file_type", "created_on")} == {
        "file_name": NAME,
        "file_size": 4,
        "file_type": "application/pdf",
        "created_on": "2025-01-01 08:00:00",
    }
    assert set(found) == {"file_name", "file_size", "file_type", "created_on", "attachment_url"}
    assert "attachments" not in desk.get("/tickets", include_description=1)["tickets"][0]


def test_a_signed_url_gives_the_bytes_without_key_and_without_counting(desk):
    url = attachment(desk)["attachment_url"]
    query = parse_qs(urlsplit(url).query)
    assert query["X-Amz-Expires"] == ["3599"]
    assert len(query["X-Amz-Signature"][0]) == 64
    before = desk.send("GET", "/tickets").headers["X-Rate-Limit-Remaining"]
    response = fetch(desk, url)
    assert (response.status_code, response.data, response.content_type) == (200, b"%PDF", "application/pdf")
    assert "X-Rate-Limit-Remaining" not in response.headers
    after = desk.send("GET", "/tickets").headers["X-Rate-Limit-Remaining"]
    assert int(after) == int(before) - 1


def test_a_url_expires_and_details_give_a_new_one(desk):
    url = attachment(desk)["attachment_url"]
    desk.clock.advance(3598)
    assert fetch(desk, url).status_code == 200
    desk.clock.advance(1)
    expired = fetch(desk, url)
    assert (expired.status_code, expired.content_type) == (403, "application/xml")
    assert "<Message>Request has expired</Message>" in expired.text
    fresh = attachment(desk)["attachment_url"]
    assert fresh != url
    assert fetch(desk, fresh).status_code == 200


@pytest.mark.parametrize(("scale", "lives"), [(60, 59.9), (359, 9.9), (7200, 9.9)])
def test_expiry_runs_in_scaled_vendor_time_but_leaves_ten_real_seconds_and_stamps_do_not(desk, scale, lives):
    real = [0.0]
    clock = SimulatorClock(scale, monotonic=lambda: real[0])
    simulator = create(desk.simulator.dataset, clock=clock)
    scaled = Desk365Http()
    scaled.simulator, scaled.client = simulator, Client(simulator)
    url = attachment(scaled)["attachment_url"]
    real[0] = lives
    assert fetch(scaled, url).status_code == 200
    real[0] = lives + 0.2
    assert fetch(scaled, url).status_code == 403
    assert fetch(scaled, attachment(scaled)["attachment_url"]).status_code == 200
    made = scaled.create()
    assert made["created_on"][:10] == clock.now().date().isoformat()


@pytest.mark.parametrize("scale", [1, 200, 7200])
def test_a_files_address_tells_the_time_that_stamps_records_whatever_the_scale(desk, scale):
    real = [0.0]
    wall = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
    clock = SimulatorClock(scale, wall=lambda: wall + timedelta(seconds=real[0]), monotonic=lambda: real[0])
    scaled = Desk365Http()
    scaled.simulator = create(desk.simulator.dataset, clock=clock)
    scaled.client = Client(scaled.simulator)
    lives = max(3599 / scale, 10)
    real[0] = 0.4 * lives
    found = attachment(scaled)["attachment_url"]
    stamp = datetime.strptime(re.findall(r"X-Amz-Date=(\w+)", found)[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert stamp == clock.now().replace(microsecond=0)
    assert scaled.create()["created_on"] == stamp.strftime("%Y-%m-%d %H:%M:%S")
    real[0] += 0.99 * lives
    assert fetch(scaled, found).status_code == 200
    real[0] += 0.02 * lives
    assert fetch(scaled, found).status_code == 403


def test_the_api_key_must_not_go_to_the_file_host(desk):
    url = attachment(desk)["attachment_url"]
    response = fetch(desk, url, Authorization=API_KEY)
    assert response.status_code == 400
    assert "<Code>InvalidArgument</Code>" in response.text
    assert API_KEY not in response.text


def test_an_altered_url_is_refused(desk):
    url = attachment(desk)["attachment_url"]
    tampered = re.sub(r"X-Amz-Date=\d{4}", "X-Amz-Date=2099", url)
    assert fetch(desk, tampered).status_code == 403
    assert fetch(desk, url.partition("?")[0]).status_code == 403
    assert fetch(desk, url.replace("/files/", "/files/0")).status_code == 403


def test_a_message_has_its_own_files_whatever_their_names(desk):
    (said,) = desk.get("/tickets/conversations", ticket_number=1)["conversations"]
    (found,) = said["attachments"]
    assert (found["file_name"], said["attachments_count"]) == ("..", 1)
    assert fetch(desk, found["attachment_url"]).data == b"dots"


def test_inline_images_are_public_unsigned_and_no_attachments(desk):
    desk.simulator.base_url = "http://127.0.0.1:4711"
    for description in (
        desk.get("/tickets/details", ticket_number=1)["description"],
        desk.get("/tickets", include_description=1)["tickets"][0]["description"],
    ):
        url = re.findall('src="([^"]*)"', description)[0]
        assert url.startswith("http://127.0.0.1:4711/d365-inline-imgs/")
        assert "cid:other" in description
        image = fetch(desk, url)
        assert (image.status_code, image.data, image.content_type) == (200, b"\x89PNG", "image/png")
    assert fetch(desk, url.replace("imgs/", "imgs/0")).status_code == 403


def test_uploaded_files_come_back_as_they_were_sent():
    desk = Desk365Http(with_tickets(ticket(1)))
    content = bytes(range(256)) * 100
    made = desk.multipart(
        "/tickets/add_note_with_attachment",
        {"note_object": '{"body": "x"}'},
        [("files", "ü.bin", content)],
        ticket_number=1,
    ).json
    assert fetch(desk, made["attachments"][0]["attachment_url"]).data == content
    (note,) = desk.get("/tickets/conversations", ticket_number=1)["conversations"]
    assert note["attachments"][0]["created_on"] == "2026-03-02 09:15:00"
