"""Files: from the CDN without the token, or by their id."""

import json

import pytest
from adapters.desk360 import samples
from adapters.desk360.wiretap import TO, said

from helpdesk_bridge import Attachment, Upload
from helpdesk_bridge.errors import HelpdeskError, Invalid, NotFound

MEDIAS = "/v1/integrations/11/conversations/messages/medias"
CDN = "https://path/to/file/9oCtWHWxkv4E0PQhtHA4uW4NRinIROKCO8NEae5p.jpeg"
MEDIA_ID = "83518734-56a9-4b51-8372-93f1432cfa9b"


@pytest.fixture
def photo(wire, inbox):
    desk = wire.open(inbox=inbox)
    desk.webhooks.receive(samples.WEBHOOK_MEDIA)
    (message,) = desk.messages.list("90xxxxxxxxxx")
    return desk, message.attachments[0]


def read(desk, attachment):
    with desk.attachments.open(attachment) as file:
        return file.read()


def test_a_file_on_the_cdn_is_fetched_without_the_token(wire, photo):
    desk, attachment = photo
    wire.answer(CDN, (200, {"Content-Type": "image/jpeg"}, "bytes"))
    assert read(desk, attachment) == b"bytes"
    assert "Authorization" not in wire.sent[0].headers
    assert (attachment.content_type, "path/to" in repr(attachment)) == ("image/jpeg", False)


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_an_address_that_is_not_valid_any_more_is_replaced_by_the_media_id(wire, photo, status):
    desk, attachment = photo
    wire.answer(CDN, (status, {}, "<xml/>"))
    wire.answer(f"{MEDIAS}/{MEDIA_ID}", (200, {"Content-Type": "image/jpeg"}, "bytes"))
    assert read(desk, attachment) == b"bytes"
    assert [("Authorization" in one.headers) for one in wire.sent] == [False, True]


def test_a_media_id_gives_bytes(wire):
    wire.answer(f"{MEDIAS}/{MEDIA_ID}", (200, {"Content-Type": "image/png"}, "bytes"))
    with wire.open().vendor_api.media(MEDIA_ID) as file:
        assert file.read(2) + file.read() == b"bytes"
    assert wire.sent[0].headers["Accept"] == "*/*"
    assert wire.sent[0].body == b""


def test_a_media_id_may_give_json_with_an_address(wire):
    wire.answer(f"{MEDIAS}/{MEDIA_ID}", {"url": "https://my-cdn.desk360.com/a.png"})
    wire.answer("https://my-cdn.desk360.com/a.png", (200, {"Content-Type": "image/png"}, "bytes"))
    with wire.open().vendor_api.media(MEDIA_ID) as file:
        assert file.read() == b"bytes"
    assert "Authorization" not in wire.sent[1].headers
    wire.answer(f"{MEDIAS}/{MEDIA_ID}", {"url": "https://public-api.desk360.com/v1/files/a"})
    wire.answer("/v1/files/a", (401, {}, ""), (200, {"Content-Type": "image/png"}, "own"))
    with wire.open().vendor_api.media(MEDIA_ID) as file:
        assert file.read() == b"own"
    assert ["Authorization" in one.headers for one in wire.sent[-2:]] == [False, True]
    for url, status in (("https://my-cdn.desk360.com/a.png", 401), ("https://public-api.desk360.com/v1/files/a", 404)):
        wire.answer(f"{MEDIAS}/{MEDIA_ID}", {"url": url})
        wire.answer(url.removeprefix("https://public-api.desk360.com"), (status, {}, ""))
        with pytest.raises(NotFound), wire.open().vendor_api.media(MEDIA_ID):
            pass
        assert "Authorization" not in wire.sent[-1].headers


@pytest.mark.parametrize("document", ['{"order": 5}', "[1, 2]", '{"url": "not one"}', "{"])
def test_a_json_file_of_a_customer_is_a_file(wire, document):
    wire.answer(f"{MEDIAS}/{MEDIA_ID}", document)
    with wire.open().vendor_api.media(MEDIA_ID) as file:
        assert file.read() == document.encode()


def test_an_error_under_200_is_no_file_and_an_id_stays_in_its_segment(wire):
    wire.answer(f"{MEDIAS}/{MEDIA_ID}", said("model_not_found_exception"))
    with pytest.raises(HelpdeskError), wire.open().vendor_api.media(MEDIA_ID) as file:
        file.read()
    wire.answer(f"{MEDIAS}/..%2F..%2Freads", (404, {}, said("not_found")))
    with pytest.raises(NotFound), wire.open().vendor_api.media("../../reads"):
        pass


def test_files_of_other_desks_are_refused(wire, photo):
    desk, _ = photo
    for locator in ("", "{}", "[]", "x", json.dumps({"url": 5})):
        with pytest.raises(Invalid):
            desk.attachments.open(Attachment("a", locator=locator))
    assert wire.sent == []


def test_the_file_of_a_sent_message_can_be_read_back(wire, inbox):
    wire.answer(MEDIAS, samples.MEDIA)
    desk = wire.open(inbox=inbox)
    desk.vendor_api.send_media(TO, [Upload.from_bytes("desk360.png", b"png", "image/png")], anyway=True)
    (message,) = desk.messages.list(TO)
    url = json.loads(samples.MEDIA)["medias"]["images"][0]["url"]
    wire.answer(url, (200, {"Content-Type": "image/png"}, "png"))
    assert read(desk, message.attachments[0]) == b"png"
    assert "Authorization" not in wire.sent[-1].headers
