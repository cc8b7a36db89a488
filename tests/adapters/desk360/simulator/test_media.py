from __future__ import annotations

import re
import uuid
from io import BytesIO

import pytest
from adapters.desk360.simulated import BASE, TO, Desk, problem
from urllib3 import encode_multipart_formdata

MEDIA = "messages/medias"
MEGABYTES_20 = 20 << 20


def upload(desk, *files, **more):
    form = {"to": TO, "attachments[]": [(BytesIO(content), name, kind) for name, kind, content in files]}
    return desk.accepted(MEDIA, data=form, **more)


def sized(*sizes):
    """Encode files of these sizes; the test client would leave its temporary file open."""
    files = [("attachments[]", (f"{number}.bin", bytes(size))) for number, size in enumerate(sizes)]
    body, content_type = encode_multipart_formdata([("to", TO), *files])
    return {"data": body, "content_type": content_type}


def test_each_file_is_a_message_with_its_own_ids():
    desk = Desk()
    answer = upload(desk, ("desk360.png", "image/png", b"png"), ("b.png", "image/png", b"second"))
    assert list(answer) == ["medias"]
    images = answer["medias"]["images"]
    assert [list(image) for image in images] == [
        ["url", "name", "type", "aws", "content_type", "message_id", "media_id"]
    ] * 2
    assert [image["name"] for image in images] == ["desk360.png", "b.png"]
    assert {(image["type"], image["aws"], image["content_type"]) for image in images} == {("image", True, "image/png")}
    assert re.fullmatch(rf"{BASE}/cdn/integrations/11/attachments/[A-Za-z0-9]{{40}}\.png", images[0]["url"])
    assert [message["id"] for message in desk.outbox()] == [image["message_id"] for image in images]
    assert len({str(uuid.UUID(image["media_id"])) for image in images}) == 2


@pytest.mark.parametrize(
    ("name", "content_type", "group", "kind", "told"),
    [
        ("a.jpg", "application/octet-stream", "images", "image", "image/jpeg"),
        ("a.mp4", "video/mp4", "videos", "video", "video/mp4"),
        ("a.pdf", "application/pdf; x=y", "files", "file", "application/pdf"),
        ("a.txt", "text/plain", "files", "file", "text/plain"),
        ("a.ogg", "audio/ogg", "others", "other", "audio/ogg"),
        ("README", "application/octet-stream", "files", "file", "application/octet-stream"),
        ("wrong.jpg", "image/png", "images", "image", "image/png"),
    ],
)
def test_files_are_grouped_by_their_kind(name, content_type, group, kind, told):
    medias = upload(Desk(), (name, content_type, b"x"))["medias"]
    assert list(medias) == [group]
    assert (medias[group][0]["type"], medias[group][0]["content_type"]) == (kind, told)


def test_five_files_pass_and_six_do_not():
    desk = Desk()
    desk.accepted(MEDIA, **sized(*[1] * 5))
    assert len(desk.outbox()) == 5
    assert desk.refused(MEDIA, **sized(*[1] * 6)) == "The attachments field must not have more than 5 items."


def test_twenty_megabytes_pass_and_a_byte_more_does_not():
    desk = Desk()
    desk.accepted(MEDIA, **sized(MEGABYTES_20))
    message = "The attachments field must not be greater than 20480 kilobytes."
    assert desk.refused(MEDIA, **sized(MEGABYTES_20 + 1)) == message
    assert desk.refused(MEDIA, **sized(MEGABYTES_20, 1)) == message
    each = Desk(media_size="each")
    each.accepted(MEDIA, **sized(MEGABYTES_20, 1))
    assert each.refused(MEDIA, **sized(MEGABYTES_20 + 1)) == message


def test_links_text_and_a_single_file_are_refused():
    desk = Desk()
    assert (
        desk.refused(MEDIA, json={"to": TO, "attachments": ["https://x.io/a.jpg"]})
        == "The attachments.0 field must be a file."
    )
    assert (
        desk.refused(MEDIA, data={"to": TO, "attachments[]": "https://x.io"})
        == "The attachments.0 field must be a file."
    )
    assert desk.refused(MEDIA, data={"to": TO}) == "The attachments field is required."
    assert (
        desk.refused(MEDIA, data={"to": TO, "attachments": (BytesIO(b"x"), "a.jpg")})
        == "The attachments field must be an array."
    )
    assert desk.refused(MEDIA, data={"attachments[]": (BytesIO(b"x"), "a.jpg")}) == "The to field is required."
    desk.accepted(
        MEDIA, data={"to": TO, "attachments[0]": (BytesIO(b"x"), "a.jpg"), "attachments[1]": (BytesIO(b"y"), "b.jpg")}
    )


def test_the_file_host_serves_anyone_and_refuses_credentials():
    desk = Desk(rate_limit=60)
    url = upload(desk, ("a.png", "image/png", b"bytes"))["medias"]["images"][0]["url"]
    path = url.removeprefix(BASE)
    served = desk.get(path, token=None)
    assert (served.status_code, served.data, served.content_type) == (200, b"bytes", "image/png")
    assert not any(name.startswith("X-RateLimit") for name in served.headers.keys())  # noqa: SIM118 - a list of pairs
    assert desk.get(path).status_code == 400
    assert desk.get(path.replace("/11/", "/22/"), token=None).status_code == 403
    assert desk.get("/cdn/integrations/11/attachments/nothing.png", token=None).status_code == 403
    assert desk.get("/cdn/nothing", token=None).status_code == 404
    assert desk.send("POST", path, token=None).status_code == 405
    assert desk.get("/v1/integrations").headers["X-RateLimit-Remaining"] == "58"


def test_the_file_host_may_be_another():
    desk = Desk(cdn_url="https://my-cdn.desk360.com/")
    url = upload(desk, ("a.png", "image/png", b"bytes"))["medias"]["images"][0]["url"]
    assert url.startswith("https://my-cdn.desk360.com/integrations/11/attachments/")


def test_a_media_url_may_have_a_lifetime_and_its_id_stays_good():
    desk = Desk(cdn_lifetime=300)
    image = upload(desk, ("a.png", "image/png", b"png"))["medias"]["images"][0]
    path = image["url"].removeprefix(BASE)
    desk.clock.advance(299)
    assert desk.get(path, token=None).status_code == 200
    desk.clock.advance(1)
    assert desk.get(path, token=None).status_code == 403
    again = desk.get(f"/v1/integrations/11/conversations/messages/medias/{image['media_id']}")
    assert (again.status_code, again.data) == (200, b"png")


def test_media_comes_back_as_bytes_or_as_where_it_is():
    desk = Desk()
    sent = upload(desk, ("a.png", "image/png", bytes(range(256))))["medias"]["images"][0]
    path = f"/v1/integrations/11/conversations/{MEDIA}/{sent['media_id']}"
    answer = desk.get(path)
    assert (answer.data, answer.content_type) == (bytes(range(256)), "image/png")
    desk.sim("settings", {"media_as_json": True}, 200)
    told = desk.get(path).get_json()
    assert told == {key: value for key, value in sent.items() if key != "message_id"}
    assert desk.get(told["url"].removeprefix(BASE), token=None).data == bytes(range(256))


def test_unknown_media_and_that_of_another_integration_are_not_found():
    desk = Desk()
    sent = upload(desk, ("a.png", "image/png", b"x"))["medias"]["images"][0]["media_id"]
    for path in (f"11/conversations/{MEDIA}/{uuid.uuid4()}", f"22/conversations/{MEDIA}/{sent}"):
        assert problem(desk.get(f"/v1/integrations/{path}")) == (404, "model_not_found_exception")


def test_media_of_an_inbound_message_can_be_fetched():
    desk = Desk()
    media_id = desk.sim("inbound", {"kind": "document"})["payload"]["messages"]["document"]["media_id"]
    answer = desk.get(f"/v1/integrations/11/conversations/{MEDIA}/{media_id}")
    assert (answer.status_code, answer.content_type) == (200, "application/pdf")


def test_an_unreachable_customer_gets_no_file():
    desk = Desk(inactive_numbers=TO)
    desk.refused(MEDIA, **sized(1))
    assert desk.client.get("/_sim/state").get_json()["records"]["media"] == 0
