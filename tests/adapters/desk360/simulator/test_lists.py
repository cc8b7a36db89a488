from __future__ import annotations

import json

import pytest
from adapters.desk360.simulated import BASE, Desk, problem

from helpdesk_bridge.datasets.dataset import Dataset

TEMPLATES = "/v1/integrations/11/conversations/templates"
PRINTED = json.loads("""
  {
    "id": 75,
    "name": "template_02",
    "category_editable": false,
    "sendable": true,
    "category": {
      "value": 2,
      "label": "template-messages.new.custom",
      "subLabel": "template-messages.new.custom-subtitle",
      "status": 1,
      "children": []
    },
    "category_label": "template-messages.new.custom",
    "supported_languages": [
      {"label": "English", "value": 1, "filled": true},
      {"label": "Türkçe", "value": 2, "filled": true}
    ],
    "translations": [
      {
        "language_id": 1,
        "language": "English",
        "header_type": null,
        "header_variables": null,
        "header": null,
        "header_file": null,
        "body": "English content test",
        "body_variables": null,
        "footer": null,
        "variables": [],
        "buttons": [],
        "editable": true,
        "status": "template-messages.in-review",
        "status_value": 1,
        "quality": "template-messages.quality-unavailable",
        "updated_at": "2024-05-31T06:33:30.000000Z"
      },
      {
        "language_id": 2,
        "language": "Türkçe",
        "header_type": {"value": 4, "label": "TEXT"},
        "header_variables": [{"id": "", "key": "1", "value": "Header 1"}],
        "header": "Merhaba {{1}} ,",
        "header_file": null,
        "body": "Merhaba {{1}}, Sipariş takip numaranız: {{2}} Bu takip numarası ile siparişinizin durumunu sorgulayabilirsiniz.",
        "body_variables": [
          {"id": "", "key": "1", "value": "Ahmet Kara"},
          {"id": "", "key": "2", "value": "SP123456789"}
        ],
        "footer": null,
        "variables": ["header-1", "body-1", "body-2"],
        "buttons": [],
        "editable": true,
        "status": "template-messages.active",
        "status_value": 2,
        "quality": "template-messages.quality-unavailable",
        "updated_at": "2024-05-30T12:16:37.000000Z"
      }
    ],
    "created_at": "2024-05-30T12:14:28.000000Z",
    "updated_at": "2024-05-31T06:33:30.000000Z"
  }
""")


@pytest.mark.parametrize("path", ["/v1/integrations", TEMPLATES])
def test_lists_are_bare_arrays_of_20_with_an_unquoted_next_link(path):
    desk = Desk(integrations=41, templates=41)
    pages = [desk.get(f"{path}?page={number}") for number in (1, 2, 3, 4)]
    items = [page.get_json() for page in pages]
    assert [len(page) for page in items] == [20, 20, 1, 0]
    assert len({item["id"] for page in items for item in page}) == 41
    links = [page.headers.get("Link") for page in pages]
    assert links == [f"<{BASE}{path}?page=2>; rel=next", f"<{BASE}{path}?page=3>; rel=next", None, None]
    assert desk.get(path).get_json() == items[0]
    assert desk.get(f"{path}?page=").get_json() == items[0]


def test_a_full_last_page_has_no_link():
    desk = Desk(integrations=20)
    assert "Link" not in desk.get("/v1/integrations").headers


@pytest.mark.parametrize("page", ["0", "-1", "one", "1.5", "²"])
def test_a_page_that_is_no_page_is_refused(page):
    assert problem(Desk().get("/v1/integrations", query_string={"page": page})) == (400, "failed_validation")


@pytest.mark.parametrize(
    ("settings", "first", "last"),
    [
        ({"link_quoted": True}, f'<{BASE}/v1/integrations?page=2>; rel="next"', None),
        ({"link_api_v1": True}, f"<{BASE}/api/v1/integrations?page=2>; rel=next", None),
        ({"link_empty_on_last": True}, f"<{BASE}/v1/integrations?page=2>; rel=next", ""),
    ],
)
def test_the_link_has_its_other_forms(settings, first, last):
    desk = Desk(integrations=21, **settings)
    assert desk.get("/v1/integrations").headers["Link"] == first
    assert desk.get("/v1/integrations?page=2").headers.get("Link") == last


def test_the_link_of_a_path_with_a_slash_has_none():
    desk = Desk(templates=21)
    assert desk.get(f"{TEMPLATES}/?page=1").headers["Link"] == f"<{BASE}{TEMPLATES}?page=2>; rel=next"


def test_an_integration_has_either_shape():
    plain = Desk().get("/v1/integrations").get_json()
    assert [set(item) for item in plain] == [{"id", "display_name", "phone_number", "status"}] * 2
    assert [item["id"] for item in plain] == [11, 22]
    second = Desk(integration_second_shape=True).get("/v1/integrations").get_json()
    assert second[0] == plain[0]
    assert second[1] == {"id": 22, "name": plain[1]["display_name"], "logo": plain[1]["phone_number"]}
    bare = Desk(integration_nulls=True).get("/v1/integrations").get_json()
    assert (bare[1]["display_name"], bare[1]["phone_number"]) == (None, None)


def test_lists_may_come_in_an_envelope():
    desk = Desk(data_envelope=True)
    assert [item["id"] for item in desk.get("/v1/integrations").get_json()["data"]] == [11, 22]


def test_the_printed_template_is_listed_as_printed():
    listed = Desk().get(TEMPLATES).get_json()
    assert listed[0] == PRINTED
    assert list(listed[0]) == list(PRINTED)
    assert list(listed[0]["translations"][1]) == list(PRINTED["translations"][1])


def test_the_other_templates_are_of_other_kinds():
    listed = Desk().get(TEMPLATES).get_json()
    translations = [translation for template in listed for translation in template["translations"]]
    assert len(listed) == 5
    assert {translation["status_value"] for translation in translations} == {1, 2, 3}
    assert any(not template["sendable"] for template in listed)
    assert any(translation["buttons"] for translation in translations)
    assert any(translation["footer"] for translation in translations)


def test_templates_belong_to_their_integration():
    desk = Desk()
    first = desk.get(TEMPLATES).get_json()
    second = desk.get(TEMPLATES.replace("11", "22")).get_json()
    assert not {template["id"] for template in first} & {template["id"] for template in second}


def test_chats_are_not_there_unless_switched_on():
    path = "/v1/integrations/11/chats"
    assert problem(Desk().get(path)) == (404, "not_found_exception")
    assert problem(Desk().send("POST", path)) == (404, "not_found_exception")
    assert problem(Desk().send("OPTIONS", path, headers={"Origin": "https://x.io"})) == (404, "not_found_exception")
    desk = Desk(chats_enabled=True)
    chats = desk.get(path).get_json()
    assert chats == [
        {"id": 1, "phone": "905551112233", "name": "Ann", "last_message_at": "2026-01-10T11:00:00.000000Z"},
        {"id": 2, "phone": "49301234567", "name": "Bob", "last_message_at": None},
    ]
    assert desk.get("/v1/integrations/22/chats").get_json() == []


def test_a_dataset_without_people_makes_an_account_all_the_same():
    desk = Desk(Dataset())
    assert len(desk.get("/v1/integrations").get_json()) == 2
    assert desk.sim("inbound", {})["payload"]["messages"]["name"] == "John Doe"
