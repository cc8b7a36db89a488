"""The page that says how each endpoint is checked is computed, and says nothing that is not so."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from docs_pages import ROOT

from adapters import checks

PAGE = ROOT / "docs" / "reference" / "checks.md"
SPEC = os.environ.get("HELPDESK_BRIDGE_SPEC")


def test_the_page_is_what_the_tests_say():
    assert PAGE.read_text("utf-8") == checks.page(), "run python tests/adapters/checks.py docs/reference/checks.md"


def test_every_test_that_the_page_names_is_there():
    named = re.findall(r"`(tests/[\w/]+\.py)`", PAGE.read_text("utf-8"))
    assert len(named) >= 7
    assert [name for name in named if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("vendor", ["deskie", "desk365", "desk360"])
def test_every_endpoint_has_one_row_and_what_raw_clients_ask_is_an_endpoint(vendor):
    rules = [f"{route.method} {route.rule}" for route in checks.routes(vendor)]
    rows = re.findall(r"^\| (\w+) \| `([^`]+)` \|", checks.page(), re.MULTILINE)
    listed = [f"{method} {path}" for method, path in rows]
    assert all(listed.count(rule) == 1 for rule in rules)
    assert set(rules) >= checks.RAW[vendor]


@pytest.mark.skipif(
    not SPEC, reason="HELPDESK_BRIDGE_SPEC names no folder: the vendor's documents are not part of the repository"
)
def test_every_operation_of_the_openapi_document_has_a_row_that_names_it():
    document = json.loads((Path(SPEC or "") / "desk365-openapi.json").read_text("utf-8"))
    operations = [(method.upper(), path) for path, found in document["paths"].items() for method in found]
    assert len(operations) == 41
    page = checks.page()
    for method, path in operations:
        (row,) = [line for line in page.splitlines() if line.startswith(f"| {method} | `/apis{path}` |")]
        simulator, adapter = row.split("|")[3:5]
        assert "the OpenAPI document" in simulator
        assert "the OpenAPI document" in adapter or path == "/v3/ping" or "out of scope" in adapter
