"""How each endpoint is checked: the table of docs/reference/checks.md, computed from routes and from what tests ask.

``python tests/adapters/checks.py docs/reference/checks.md`` writes the page anew.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from helpdesk_bridge.cli.reference.capabilities import table
from helpdesk_bridge.cli.reference.endpoints import OUT_OF_SCOPE, endpoints
from helpdesk_bridge.datasets.generator import generate

_RAW_DESKIE: Final = """
DELETE /api/cases/<ident>/messages/<int:message_id>.json
DELETE /api/cases/<ident>/note/<int:message_id>.json
DELETE /api/cases/<ident>/notes/<int:message_id>.json
DELETE /api/cases/<idents>.json
DELETE /api/companies/<int:company_id>.json
DELETE /api/groups/<int:group_id>.json
DELETE /api/ideas_category/<int:category_id>.json
DELETE /api/kb_article/<int:entry_id>.json
DELETE /api/kb_category/<int:entry_id>.json
DELETE /api/kb_section/<int:entry_id>.json
DELETE /api/labels/<int:label_id>.json
DELETE /api/staff/<int:staff_id>.json
DELETE /api/users/<int:user_id>.json
GET /api/cases.json
GET /api/cases/<ident>.json
GET /api/cases/<ident>/changelog.json
GET /api/cases/<ident>/messages.json
GET /api/client_emails.json
GET /api/companies.json
GET /api/companies/<int:company_id>.json
GET /api/custom_channels.json
GET /api/custom_fields.json
GET /api/filters.json
GET /api/groups.json
GET /api/groups/<int:group_id>.json
GET /api/ideas_category.json
GET /api/ideas_category/<int:category_id>.json
GET /api/kb_article.json
GET /api/kb_article/<int:entry_id>.json
GET /api/kb_category.json
GET /api/kb_category/<int:entry_id>.json
GET /api/kb_section.json
GET /api/kb_section/<int:entry_id>.json
GET /api/labels.json
GET /api/languages.json
GET /api/macros.json
GET /api/staff.json
GET /api/staff/<int:staff_id>.json
GET /api/staff_roles.json
GET /api/staff_statuses.json
GET /api/stats_lb_groups.json
GET /api/stats_lb_staff.json
GET /api/stats_leaderboard.json
GET /api/stats_satisfaction.json
GET /api/users.json
GET /api/users/<int:user_id>.json
GET /attachments/<int:file_id>/<path:name>
POST /api/cases.json
POST /api/cases/<ident>/messages.json
POST /api/cases/<ident>/note.json
POST /api/cases/<ident>/notes.json
POST /api/companies.json
POST /api/groups.json
POST /api/ideas_category.json
POST /api/kb_article.json
POST /api/kb_category.json
POST /api/kb_section.json
POST /api/labels.json
POST /api/staff.json
POST /api/users.json
POST /api/users/identification.json
PUT /api/cases/<ident>.json
PUT /api/cases/<ident>/messages/<int:message_id>.json
PUT /api/cases/<ident>/note/<int:message_id>.json
PUT /api/cases/<ident>/notes/<int:message_id>.json
PUT /api/cases/<ident>/rate.json
PUT /api/cases/<ident>/rate/<int:message_id>.json
PUT /api/cases/<idents>/restore.json
PUT /api/cases/<idents>/spam.json
PUT /api/cases/<idents>/trash.json
PUT /api/companies/<int:company_id>.json
PUT /api/companies/<int:company_id>/block.json
PUT /api/companies/<int:company_id>/disable.json
PUT /api/companies/<int:company_id>/restore.json
PUT /api/groups/<int:group_id>.json
PUT /api/groups/<int:group_id>/disable.json
PUT /api/groups/<int:group_id>/enable.json
PUT /api/ideas_category/<int:category_id>.json
PUT /api/ideas_category/<int:category_id>/disable.json
PUT /api/ideas_category/<int:category_id>/enable.json
PUT /api/kb_article/<int:entry_id>.json
PUT /api/kb_article/<int:entry_id>/disable.json
PUT /api/kb_article/<int:entry_id>/enable.json
PUT /api/kb_article/<int:entry_id>/movedown.json
PUT /api/kb_article/<int:entry_id>/moveup.json
PUT /api/kb_category/<int:entry_id>.json
PUT /api/kb_category/<int:entry_id>/disable.json
PUT /api/kb_category/<int:entry_id>/enable.json
PUT /api/kb_category/<int:entry_id>/movedown.json
PUT /api/kb_category/<int:entry_id>/moveup.json
PUT /api/kb_section/<int:entry_id>.json
PUT /api/kb_section/<int:entry_id>/disable.json
PUT /api/kb_section/<int:entry_id>/enable.json
PUT /api/kb_section/<int:entry_id>/movedown.json
PUT /api/kb_section/<int:entry_id>/moveup.json
PUT /api/labels/<int:label_id>.json
PUT /api/staff/<int:staff_id>.json
PUT /api/staff/<int:staff_id>/disable.json
PUT /api/staff/<int:staff_id>/enable.json
PUT /api/users/<int:user_id>.json
PUT /api/users/<int:user_id>/block.json
PUT /api/users/<int:user_id>/disable.json
PUT /api/users/<int:user_id>/link.json
PUT /api/users/<int:user_id>/restore.json
PUT /api/users/<int:user_id>/unlink.json
"""
_RAW_DESK365: Final = """
GET /apis/v3/companies
GET /apis/v3/companies/details
GET /apis/v3/contacts
GET /apis/v3/contacts/details
GET /apis/v3/kb/article/
GET /apis/v3/kb/article/details
GET /apis/v3/ping
GET /apis/v3/surveys
GET /apis/v3/surveys/details
GET /apis/v3/surveys/ratings
GET /apis/v3/tickets
GET /apis/v3/tickets/conversations
GET /apis/v3/tickets/details
GET /apis/v3/time_entries
POST /apis/v3/companies/create
POST /apis/v3/contacts/create
POST /apis/v3/tickets/add_note
POST /apis/v3/tickets/add_note_with_attachment
POST /apis/v3/tickets/add_reply
POST /apis/v3/tickets/add_reply_with_attachment
POST /apis/v3/tickets/create
POST /apis/v3/tickets/create_with_attachment
PUT /apis/v3/tickets/update
"""
_RAW_DESK360: Final = """
GET /v1/integrations
GET /v1/integrations/<integration_id>/conversations/messages/medias/<media_id>
GET /v1/integrations/<integration_id>/conversations/templates
POST /v1/integrations/<integration_id>/conversations/messages
POST /v1/integrations/<integration_id>/conversations/messages/contacts
POST /v1/integrations/<integration_id>/conversations/messages/interactive
POST /v1/integrations/<integration_id>/conversations/messages/interactive/location-request
POST /v1/integrations/<integration_id>/conversations/messages/locations
POST /v1/integrations/<integration_id>/conversations/messages/medias
POST /v1/integrations/<integration_id>/conversations/messages/reads
POST /v1/integrations/<integration_id>/conversations/templates/send
POST /v1/integrations/<integration_id>/conversations/templates/send/bulk
POST /v1/login
"""
RAW: Final = {
    "deskie": frozenset(_RAW_DESKIE.strip().splitlines()),
    "desk365": frozenset(_RAW_DESK365.strip().splitlines()),
    "desk360": frozenset(_RAW_DESK360.strip().splitlines()),
}
"""The endpoints that the programs of raw_clients.py ask; test_raw_clients.py compares."""


@cache
def routes(vendor: str) -> tuple[Any, ...]:
    app = import_module(f"helpdesk_bridge_{vendor}.simulator").create(generate(0))
    return tuple(route for route in app.routes() if not route.admin)


def rules_of(vendor: str, asked: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Return the endpoints of methods and paths; a trailing slash does not matter."""
    known = Map([Rule(route.rule, methods=[route.method], endpoint=f"{route.method} {route.rule}") for route in routes(vendor)], strict_slashes=False)  # fmt: skip
    adapter = known.bind("simulator.example")
    found = set()
    for method, path in asked:
        try:
            found.add(adapter.match(path.replace("/api/v1/", "/v1/"), method=method)[0])
        except HTTPException:
            found.add(f"{method} {path}")
    return frozenset(found)


# ---- the page

_DOCUMENTS: Final = {
    "deskie": "the specification's sentence",
    "desk365": "the OpenAPI document",
    "desk360": "the paper's samples",
}
_RAW_CLIENT: Final = "raw clients"
_EVERY_CALL: Final = "every call"
_OWN: Final = "own tests"
_INTRO: Final = """\
# How each endpoint is checked

Simulator and adapter of a vendor are written by the same people, so that each agreeing with the other proves little. What
else each is held against, endpoint by endpoint:

| word | what it is | the tests |
|---|---|---|
| the OpenAPI document | the simulator's answers and the adapter's requests against the schemas of Desk365's own document, all 41 operations | `tests/adapters/desk365/test_openapi.py` |
| the paper's samples | the simulator answers the samples of Desk360's paper in six languages; the adapter's requests and readings are those samples | `tests/adapters/desk360/simulator/test_samples.py`, `tests/adapters/desk360/test_payloads.py` |
| the specification's sentence | Deskie's specification promises the call; tests look the sentence up | `tests/adapters/test_documented.py`, `tests/adapters/deskie/test_specification.py` |
| raw clients | programs without this library, written as real clients are, ask the simulator and read every row | `tests/adapters/test_raw_clients.py` |
| every call | the adapter's call reaches this endpoint of the simulator, and its answer is read | `tests/adapters/deskie/test_endpoints.py` |
| own tests | nothing but tests of this project | |

[Every endpoint](endpoints.md) says from where an endpoint is known, and which call uses it. Recorded answers of live accounts are
read through the port, key by key, in `tests/adapters/test_recorded_bodies.py`.

This page is computed from the simulators' routes. Do not edit it; write it anew with
`python tests/adapters/checks.py docs/reference/checks.md`.
"""


def page() -> str:
    """Return the whole page in Markdown."""
    parts = [_INTRO]
    for vendor, title in (("deskie", "Deskie"), ("desk365", "Desk365"), ("desk360", "Desk360")):
        rows = [_row(vendor, endpoint) for endpoint in endpoints(vendor)]
        head = ("Method", "Path", "Simulator against", "Adapter against")
        parts.append(f"## {title}\n\n{len(rows)} endpoints.\n\n{table(head, rows)}")
    return "\n".join(parts)


def _row(vendor: str, endpoint: Any) -> list[str]:
    documented = endpoint.provenance == "documented"
    document = [_DOCUMENTS[vendor]] if documented and "/cdn" not in endpoint.path else []
    raw = [_RAW_CLIENT] if f"{endpoint.method} {endpoint.path}" in RAW[vendor] else []
    adapter = document if vendor != "deskie" else [_EVERY_CALL]
    if (endpoint.call or "").startswith(OUT_OF_SCOPE):
        adapter = ["out of scope"]
    return [
        endpoint.method,
        f"`{endpoint.path}`",
        ", ".join([*document, *raw]) or _OWN,
        ", ".join(adapter) or _OWN,
    ]


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), "utf-8")
