"""Every vendor fact that is marked documented, against the document that it names.

``HELPDESK_BRIDGE_SPEC`` names the folder of the vendors' own documents, which are not part of the repository. A mark quotes
the document; at Desk365 it may name schemas, keys and operations of the OpenAPI document instead.
"""

from __future__ import annotations

import ast
import io
import json
import os
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.testing.simulator import DOCUMENTED

SPEC = os.environ.get("HELPDESK_BRIDGE_SPEC")
needs_documents = pytest.mark.skipif(
    not SPEC, reason="HELPDESK_BRIDGE_SPEC names no folder: the vendor's documents are not part of the repository"
)
ADAPTERS = Path(import_module("helpdesk_bridge_deskie").__file__ or "").parents[1]
DOCUMENTS = {
    "deskie": ("deskie-api.txt",),
    "desk360": ("desk360-api.txt", "desk360-api-with-samples-and-webhooks.txt"),
    "desk365": ("desk365-api.txt", "desk365-openapi.json"),
}
VENDORS = tuple(DOCUMENTS)
SWITCHES = {
    "deskie": {
        "subscription": "API rate limits depend on your plan",
        "rate_limit": "rate_limit_per_minute",
        "rate_limit_status": "429 Too Many Requests",
        "retry_after": "your script must check headers in the response",
        "limited_agent": "If the selected agent has a limited access level",
    },
    "desk360": {
        "rate_limit": "Total number of API calls allowed per minute",
        "rate_limit_status": "HTTP / 1.1 200 OK Content-Type : application/json Retry-After",
        "limited_counts": "HTTP / 1.1 200 OK Content-Type : application/json Retry-After",
        "require_https": "All API requests must reach the secure endpoint i.e. HTTPS only",
        "login_enabled": "You can directly use v1/login endpoint",
        "missing_code": "model_not_found_exception",
        "integration_second_shape": '"logo" : "+905555555555"',
        "link_api_v1": "https://public-api.desk360.com/api/v1/integrations?page=1",
    },
    "desk365": {
        "rate_limit": "100 API calls per hour per API key",
        "rate_window": "100 API calls per hour per API key",
        "rows_per_hour": "10,000 tickets per hour",
        "docs_shape": "Sample response body",
        "contracts": "For special access to contract-related API endpoints",
        "updated_since": "Only tickets updated after the given timestamp will be returned",
        "survey_on_close": "8 = Ticket closed",
    },
}
"""What backs the default of each documented switch."""

_QUOTES = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "\N{EN DASH}": "-", "—": "-", "\xa0": " "})
_MARK = re.compile(r"\bdocumented\b", re.IGNORECASE)
_OTHER_MARK = re.compile(r"\b(?:observed|assumed|recorded)\b", re.IGNORECASE)
_DENIED = re.compile(r"\b(?:not|no|nothing is|nor refresh is) $")
_NAMES = re.compile(r"\b(?:[a-z]+(?:_[a-z]+)+|[A-Z]\w*[a-z][A-Z]\w+)\b")
_LEFT_OUT = re.compile("…|[.][.][.]")
_SHORTEST = 3


def plain(text: str) -> str:
    """Return text with plain quotes and single blanks, so that a document's typography decides nothing."""
    return re.sub(r"\s+", " ", text.translate(_QUOTES))


@cache
def document(vendor: str) -> str:
    return plain(" ".join((Path(SPEC or "") / name).read_text("utf-8") for name in DOCUMENTS[vendor])).casefold()


@cache
def openapi() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((Path(SPEC or "") / "desk365-openapi.json").read_text("utf-8"))
    return found


def has(vendor: str, quote: str) -> bool:
    """Whether a document has a quoted text; what is between the parts of "a … b" is left out."""
    parts = [plain(part).strip(" .,:").casefold() for part in _LEFT_OUT.split(quote)]
    return all(part in document(vendor) for part in parts) and any(len(part) >= _SHORTEST for part in parts)


@frozen
class Mark:
    """One "documented" of the code: ``clause`` is what it says about its source."""

    place: str
    clause: str

    def problem(self, vendor: str) -> str | None:
        """Return what is wrong with a mark, None if a document backs it."""
        quotes = re.findall(r'"([^"]+)"', self.clause)
        strange = [quote for quote in quotes if not has(vendor, quote)]
        if strange:
            return f"{self.place}: the document has no {strange[0]!r}"
        if quotes:
            return None
        if vendor == "desk365" and "OpenAPI" in self.clause:
            names = [name for name in _NAMES.findall(self.clause) if name != "OpenAPI"]
            strange = [name for name in names if name.casefold() not in document(vendor)]
            if strange:
                return f"{self.place}: the OpenAPI document has no {strange[0]!r}"
            if names:
                return None
        ticks = [tick.strip("`") for tick in re.findall(r"`+([^`]+)`+", self.clause)]
        if any(has(vendor, tick) for tick in ticks):
            return None
        return f"{self.place}: it quotes no document: {self.clause.strip()[:80]!r}"


def texts(source: str) -> Iterator[tuple[int, str]]:
    """Yield the docstrings and the blocks of comments of a module, each with its first line."""
    blocks: list[tuple[int, list[str]]] = []
    last = -1
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            if token.start[0] != last + 1:
                blocks.append((token.start[0], []))
            blocks[-1][1].append(token.string.lstrip("# "))
            last = token.start[0]
        elif token.type == tokenize.STRING and '"""' in token.string[:4]:
            yield token.start[0], ast.literal_eval(token.string)
    yield from ((line, " ".join(lines)) for line, lines in blocks)


def marks_in(source: str, place: str) -> Iterator[Mark]:
    """Yield the marks of a module; "not documented" is none."""
    for line, text in texts(source):
        whole = plain(text)
        for found in _MARK.finditer(whole):
            if _DENIED.search(whole[: found.start()]):
                continue
            clause = whole[found.end() :]
            other = _OTHER_MARK.search(clause)
            clause = clause[: other.start()] if other else clause
            # A mark at the end of its sentence, or in brackets of its own, names nothing.
            clause = "" if re.match(r"[).;]", clause) else re.split(r"(?<=[.;)]) (?=[A-Z])", clause, maxsplit=1)[0]
            yield Mark(f"{place}:{line}", clause)


def marks(vendor: str) -> Iterator[Mark]:
    for path in sorted((ADAPTERS / f"helpdesk_bridge_{vendor}").rglob("*.py")):
        yield from marks_in(path.read_text("utf-8"), str(path.relative_to(ADAPTERS)))


@needs_documents
@pytest.mark.parametrize("vendor", VENDORS)
def test_every_mark_quotes_its_document(vendor):
    found = list(marks(vendor))
    assert len(found) > 15
    assert [problem for mark in found if (problem := mark.problem(vendor))] == []


@needs_documents
@pytest.mark.parametrize(
    ("vendor", "text"),
    [
        ("deskie", '"""Wait. documented: Deskie API, "wait a fortnight"."""'),
        ("deskie", '"""Wait (documented)."""'),
        ("deskie", "# documented: Deskie's pages.\n"),
        ("desk360", '"""documented: Desk360 API, "Rate Limit" and "Speed Limit"."""'),
        ("desk360", '"""documented: "a … b"."""'),
        ("desk365", '"""Documented: OpenAPI, InventedRequestModel."""'),
        ("desk365", '"""Documented: OpenAPI, invented_key."""'),
        ("desk365", '"""Documented (OpenAPI)."""'),
    ],
)
def test_a_mark_that_no_document_backs_is_found(vendor, text):
    (mark,) = marks_in(text, "here")
    assert mark.problem(vendor)


@needs_documents
def test_what_is_not_documented_is_no_mark():
    assert list(marks_in('"""Its order is not documented; observed: by id."""', "here")) == []


# ---- routes and switches


def simulator(vendor: str) -> Any:
    return import_module(f"helpdesk_bridge_{vendor}.simulator").create(generate(0))


@needs_documents
def test_the_routes_of_deskie_that_are_documented_are_promised_by_the_paper():
    routes = [route for route in simulator("deskie").routes() if route.provenance is DOCUMENTED]
    assert len(routes) >= 8
    for route in routes:
        quotes = re.findall(r'"([^"]+)"', route.source)
        assert quotes, route
        assert all(has("deskie", quote) for quote in quotes), route


@needs_documents
def test_the_routes_of_desk360_are_the_urls_of_the_paper():
    paper = (Path(SPEC or "") / "desk360-api-with-samples-and-webhooks.txt").read_text("utf-8")
    # One heading lacks the slash after the host, and one path is headed :integrationsId.
    printed = {
        (method, "/v1" + path.replace(":integrationsId", ":integrationId"))
        for method, path in re.findall(r"\b(GET|POST)\s+https://public-api\.desk360\.com/?v1(/\S+)", paper)
    }
    served = {
        (route.method, route.rule.replace("<integration_id>", ":integrationId").replace("<media_id>", ":mediaId"))
        for route in simulator("desk360").routes()
        if route.provenance is DOCUMENTED and route.rule.startswith("/v1")
    }
    assert printed - served == set()
    # The heading of a location says /messages; its six samples say /messages/locations.
    assert {path for _, path in served - printed} == {
        "/v1/integrations/:integrationId/conversations/messages/locations"
    }


@needs_documents
def test_the_routes_of_desk365_are_the_operations_of_the_openapi_document():
    documented = {(method.upper(), path) for path, operations in openapi()["paths"].items() for method in operations}
    served = {
        (route.method, route.rule.removeprefix("/apis"))
        for route in simulator("desk365").routes()
        if route.provenance is DOCUMENTED
    }
    assert documented - served == set()
    assert served - documented == {("GET", "/v3/kb/article")}, "the adapter's own path, without the printed slash"


@needs_documents
@pytest.mark.parametrize("vendor", VENDORS)
def test_every_documented_switch_has_a_sentence_behind_it(vendor):
    documented = {name for name, switch in simulator(vendor).SWITCHES.items() if switch.provenance is DOCUMENTED}
    assert documented == SWITCHES[vendor].keys()
    assert [name for name, quote in SWITCHES[vendor].items() if not has(vendor, quote)] == []


# ---- what the pages of the documentation say, and the hazards of an import

PAGES = {
    "deskie": {
        "HTTP Basic with the e-mail": "curl -u [staff_email]:[api_key]",
        "Every answer is limited": "you will not be able to get the list of all cases",
        "retry_after`, with underscores": "retry_after — numbers of seconds to wait until the rate limit is refreshed",
        "Searches find parts": "^string^ is searching for an exact string; ^string is searching for the strings that start",
        "names no escape for": "use the symbol ^",
    },
    "desk360": {
        "`messages` and `statuses` are one object": '"statuses" : {',
        "No signature, no event id": '"messages" : {',
        "`from` without +": '"timestamp" : "',
        "Types text, location, contacts, image": '"type" : "location"',
        "A pressed button's id comes back": "This ID is returned in the webhook when the button is clicked by the user",
        "States are `delivered` and `read`": '"status" : "delivered|read"',
        "A failure is never reported": '"status" : "delivered|read"',
        "a token from `POST /v1/login`": "POST https://public-api.desk360.com/v1/login",
        "Five wrong logins a minute": "the maximum wrong login attempt is fixed to 5 per minute",
        "the papers also print `/api/v1`": "https://public-api.desk360.com/api/v1/integrations?page=1",
        "https only": "HTTPS only",
        "invalid ones count": "even invalid requests are included in the rate limit",
        "all Desk360 desks": "This rate limit applies are based on IP address",
        "The papers' table says 429": "Retry-After : 26",
        "twelve codes": "too_many_requests_exception",
        "Every documented rule": "It should max 4096 chars",
        "| number |": "It should start with (+) and a country code",
        "| `send_text`, `reply` |": "It should max 4096 chars",
        "| `send_location` |": "/conversations/messages/locations",
        "| `send_contacts` |": "formatted_name",
        "| `send_media`": "Max Count: 5, Max Size: 20MB",
        "| `send_interactive` |": "Maximum length: 200 chars",
        "| `request_location` |": "1024 chars",
        "| `mark_read` |": "Mark messages from webhook as read",
        "| `templates.send` |": "The key list received in the template list should be used as a key",
        "| `templates.send_bulk` |": "destinations_file",
    },
    "desk365": {
        "base address, raw key": "add the API Key in the “Authorization” header of your HTTP request",
        "100 calls an hour": "100 API calls per hour per API key",
        "`ticket_count` 30, 50 or 100": "retrieve 30, 50, or 100 tickets per call",
        "in filters |": "properly escaped with a backslash",
        "`updated_since` excludes": "Only tickets updated after the given timestamp will be returned",
        "priorities 1, 5, 10, 20": "1 (Low), 5 (Medium), 10 (High), 20 (Urgent)",
    },
}
"""A part of each line that says "documented", and what the vendor's document says there."""

HAZARDS = {"deskie": {}, "desk365": {"satisfaction_survey": "8 = Ticket closed"}}


@needs_documents
@pytest.mark.parametrize("vendor", VENDORS)
def test_the_vendors_page_calls_documented_what_its_document_says(vendor):
    page = (ADAPTERS.parent / "docs" / "vendors" / f"{vendor}.md").read_text("utf-8").splitlines()
    legend = next(number for number, line in enumerate(page) if re.search(r"\*+documented\*+", line))
    lines = [
        line
        for number, line in enumerate(page)
        if number > legend
        and (found := _MARK.search(line))
        and not re.search(r"(?:not|refresh is) $", line[: found.start()])
    ]
    assert len(lines) >= 5
    unnamed = [line for line in lines if not any(part in line for part in PAGES[vendor])]
    assert unnamed == []
    assert [quote for quote in PAGES[vendor].values() if not has(vendor, quote)] == []


@needs_documents
@pytest.mark.parametrize("vendor", HAZARDS)
def test_every_documented_hazard_has_a_sentence_behind_it(vendor):
    hazards = import_module(f"helpdesk_bridge_{vendor}.port.fidelity").HAZARDS
    documented = {hazard.id for hazard in hazards if hazard.provenance.value == "documented"}
    assert documented == HAZARDS[vendor].keys()
    assert all(has(vendor, quote) for quote in HAZARDS[vendor].values())
