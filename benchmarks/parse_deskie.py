"""What does reading a page of 100 Deskie tickets into the model cost, beside ``json.loads`` of the same bytes?

The page is one that the simulator answers. Both are timed in turns in one run, because only their ratio is worth
something. Prints JSON: medians in microseconds a page, ratios to ``json.loads``, and the targets.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from werkzeug.test import Client

from helpdesk_bridge.adapter import Directory, FieldDefinition, OddValues, Tag
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.testing.clock import ManualClock
from helpdesk_bridge_deskie.client.calls import Calls
from helpdesk_bridge_deskie.port.attachments import OwnHost
from helpdesk_bridge_deskie.port.names import Names
from helpdesk_bridge_deskie.simulator import create
from helpdesk_bridge_deskie.wire import reading
from helpdesk_bridge_deskie.wire.documents import WIRE, CaseDocument, CustomFieldDocument, LabelDocument
from helpdesk_bridge_deskie.wire.images import InlineImages
from helpdesk_bridge_deskie.wire.lists import rows

TARGETS = {"json.loads, then into the model": 6.0, "orjson.loads, then into the model": 4.0}
PAGE = 100


class _NoCalls:
    """Stands where a client is expected: nothing is asked while a page is read."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"reading a page asked Deskie for {name}")


def page() -> tuple[bytes, tuple[Tag, ...], tuple[FieldDefinition, ...]]:
    """Return the bytes of a page of tickets, and the account's tags and custom fields."""
    app = create(generate(PAGE + 20, 1), settings={"rate_limit": 100_000})
    credentials = (str(app.connection["staff_email"]), str(app.connection["api_key"]))
    client = Client(app)

    def asked(path: str) -> bytes:
        return client.get(path, auth=credentials).get_data()

    labels = rows(json.loads(asked("/api/labels.json")), "label").items
    fields = rows(json.loads(asked("/api/custom_fields.json")), "custom_field").items
    return (
        asked(f"/api/cases.json?limit={PAGE}&sort=created_at_asc"),
        tuple(reading.tag(WIRE.read(LabelDocument, row["label"])) for row in labels),
        tuple(reading.field_definition(WIRE.read(CustomFieldDocument, row["custom_field"])) for row in fields),
    )


def reader(tags: tuple[Tag, ...], fields: tuple[FieldDefinition, ...]) -> reading.Reader:
    """Return a reader whose lists are there already, as they are from the second page on."""
    directory = Directory(ManualClock())
    directory.bind(tags=lambda: tags, custom_fields=lambda: fields)
    client: Any = _NoCalls()
    names = Names(client, directory)
    return reading.Reader("robotsrule", names, InlineImages(OwnHost("https://robotsrule.deskie.io/api")))


def cases(document: Any, read: reading.Reader) -> list[Any]:
    """Return the tickets of a parsed page."""
    connection: Any = None
    calls = Calls(connection, OddValues("deskie", "benchmark", lambda _: None))
    return [read.ticket(calls.document(CaseDocument, row["case"], "$.case")) for row in rows(document, "case").items]


def contenders(body: bytes, read: reading.Reader) -> Mapping[str, Callable[[], Any]]:
    """Return what is timed, by name."""
    found: dict[str, Callable[[], Any]] = {
        "json.loads": lambda: json.loads(body),
        "json.loads, then into the model": lambda: cases(json.loads(body), read),
    }
    try:
        import orjson
    except ImportError:
        return found
    return found | {
        "orjson.loads": lambda: orjson.loads(body),
        "orjson.loads, then into the model": lambda: cases(orjson.loads(body), read),
    }


def medians(timed: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Return microseconds a call; the contenders take turns, so that a busy moment hits all of them."""
    taken: dict[str, list[float]] = {name: [] for name in timed}
    for _ in range(rounds):
        for name, call in timed.items():
            start = time.process_time()
            call()
            taken[name].append((time.process_time() - start) * 1e6)
    return {name: statistics.median(values) for name, values in taken.items()}


def report(rounds: int) -> dict[str, Any]:
    """Measure and return the figures."""
    body, tags, fields = page()
    read = reader(tags, fields)
    assert len(cases(json.loads(body), read)) == PAGE
    found = medians(contenders(body, read), rounds)
    bare = found["json.loads"]
    return {
        "page_bytes": len(body),
        "tickets": PAGE,
        "microseconds": {name: round(value, 1) for name, value in found.items()},
        "times_json_loads": {name: round(value / bare, 2) for name, value in found.items()},
        "targets": {name: target for name, target in TARGETS.items() if name in found},
        "python": sys.version.split()[0],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200, help="how often each contender reads the page")
    print(json.dumps(report(parser.parse_args().rounds), indent=2))


if __name__ == "__main__":
    main()
