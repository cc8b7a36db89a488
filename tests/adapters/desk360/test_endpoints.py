"""The table of endpoints: each has a route of the simulator, a call of the library, and both know it."""

from operator import attrgetter

import pytest
from adapters.desk360.wiretap import HOST

from helpdesk_bridge_desk360.endpoints import CALLS
from helpdesk_bridge_desk360.simulator import Desk360Simulator

INTEGRATION = "/v1/integrations/<integration_id>"
# The dossier's table of endpoints, the chat list that one client calls, and the host that keeps files.
DOSSIER = {
    "POST /v1/login": "documented",
    "GET /v1/integrations": "documented",
    f"GET {INTEGRATION}/conversations/templates": "documented",
    f"POST {INTEGRATION}/conversations/templates/send": "documented",
    f"POST {INTEGRATION}/conversations/templates/send/bulk": "documented",
    f"POST {INTEGRATION}/conversations/messages": "documented",
    f"POST {INTEGRATION}/conversations/messages/locations": "documented",
    f"POST {INTEGRATION}/conversations/messages/contacts": "documented",
    f"POST {INTEGRATION}/conversations/messages/medias": "documented",
    f"GET {INTEGRATION}/conversations/messages/medias/<media_id>": "documented",
    f"POST {INTEGRATION}/conversations/messages/interactive": "documented",
    f"POST {INTEGRATION}/conversations/messages/interactive/location-request": "documented",
    f"POST {INTEGRATION}/conversations/messages/reads": "documented",
    f"GET {INTEGRATION}/chats": "observed",
    "GET /cdn/integrations/<int:integration_id>/attachments/<name>": "documented",
}
ROUTES = {f"{route.method} {route.rule}": route for route in Desk360Simulator.routes()}


def test_every_endpoint_of_the_dossier_has_a_route_with_provenance_and_source():
    assert {name: str(route.provenance) for name, route in ROUTES.items()} == DOSSIER
    assert all(route.source.startswith("Desk360 API, ") for route in ROUTES.values())


def test_every_route_has_a_call_and_every_call_a_route():
    assert set(CALLS) == set(ROUTES)


@pytest.mark.parametrize(("endpoint", "call"), CALLS.items())
def test_every_call_is_there_on_an_open_desk(wire, endpoint, call):
    assert callable(attrgetter(call.removeprefix("desk."))(wire.open(base_url=HOST))), endpoint
    assert call.startswith("desk.")
    assert wire.sent == []
