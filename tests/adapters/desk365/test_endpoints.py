"""Every endpoint has a route in the simulator and a call of the library, and no call is made up."""

from __future__ import annotations

import inspect
from operator import attrgetter

import pytest
from adapters.desk365.opened import opened

from helpdesk_bridge.datasets.dataset import Dataset
from helpdesk_bridge_desk365.endpoints import CALLS
from helpdesk_bridge_desk365.simulator import Desk365Simulator

# Every call that the specification, the OpenAPI document and the clients of 2026 name, by method and path below the
# version's prefix.
DOSSIER = """
GET ping
GET tickets | GET tickets/details | GET tickets/conversations | GET tickets/search
POST tickets/create | POST tickets/create_with_attachment | PUT tickets/update
POST tickets/add_reply | POST tickets/add_reply_with_attachment
POST tickets/add_note | POST tickets/add_note_with_attachment
GET contacts | GET contacts/details | POST contacts/create | PUT contacts/update
GET companies | GET companies/details | POST companies/create | PUT companies/update
GET time_entries | GET time_entries/details
GET surveys | GET surveys/details | GET surveys/ratings
GET kb/article/ | GET kb/article/details | POST kb/article/create | PUT kb/article/update | DELETE kb/article/delete
GET kb/folder/details | POST kb/folder/create | PUT kb/folder/update | DELETE kb/folder/delete
GET kb/category/details | POST kb/category/create | PUT kb/category/update | DELETE kb/category/delete
GET contracts | GET contracts/details | POST contracts/create | PUT contracts/update
GET agents | GET asset_mgmt/locations | GET asset_mgmt/locations/details
"""
NAMED = {
    f"{method} /apis/v3/{path}"
    for call in DOSSIER.replace("\n", "|").split("|")
    if call.strip()
    for method, path in [call.split()]
}
ROUTES = {f"{info.method} {info.rule}": info for info in Desk365Simulator.routes() if not info.admin}


def test_every_route_has_its_call_and_every_call_its_route():
    assert set(ROUTES) == set(CALLS)
    assert all(call.startswith("desk.") for text in CALLS.values() for call in text.split(", "))


def test_every_call_that_the_papers_name_has_a_route():
    # 41 operations of the OpenAPI document, search, agents and two of asset management.
    assert len(NAMED) == 45
    assert set(ROUTES) >= NAMED
    own = set(ROUTES) - NAMED
    # The slash that the vendor writes may be left out, and files stand on a storage of their own.
    assert own == {
        "GET /apis/v3/kb/article",
        "GET /files/<key>/<path:name>",
        "GET /d365-inline-imgs/<key>/<path:name>",
    }


@pytest.mark.parametrize("key", sorted(ROUTES))
def test_every_route_says_how_it_is_known(key):
    assert ROUTES[key].provenance in ("documented", "observed", "assumed")
    assert ROUTES[key].source


def test_every_call_is_one_of_an_opened_desk():
    with opened(Dataset()) as account:
        for call in {call for text in CALLS.values() for call in text.split(", ")}:
            assert callable(attrgetter(call.removeprefix("desk."))(account.desk)), call
        assert account.asked() == []


def test_every_method_of_vendor_api_stands_in_the_table_and_says_what_it_does():
    told = {call for text in CALLS.values() for call in text.split(", ")}
    with opened(Dataset()) as account:
        api = account.desk.vendor_api
        methods = dict(inspect.getmembers(api, inspect.ismethod))
        for name, method in methods.items():
            if not name.startswith("_"):
                assert inspect.getdoc(method), name
                # Reads whatever came after this library, and so has no endpoint of its own.
                assert f"desk.vendor_api.{name}" in told or name == "get", name
                hints = inspect.get_annotations(method)
                assert set(hints) == set(inspect.signature(method).parameters) | {"return"}, name
