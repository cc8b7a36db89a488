"""What it costs to read a page of 100 Desk365 tickets with bodies into the model, beside ``json.loads`` of its bytes.

Everything is measured in turns within one run, and the fastest turn counts, so that the ratios hold on a busy machine.
Prints JSON. Two pages: one as the generator writes it, whose bodies are notes of some 190 characters, and one whose
bodies also quote a mail of two thousand, as mail programs send them.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from werkzeug.test import Client

from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge_desk365.simulator import API_KEY, create
from helpdesk_bridge_desk365.wire import parsing
from helpdesk_bridge_desk365.wire import reading as convert
from helpdesk_bridge_desk365.wire.account import AccountContext

try:
    import orjson
except ImportError:  # the extra "fast" is not installed
    orjson = None  # type: ignore[assignment]

ROWS = 100
TARGETS = {"json": 3.5, "orjson": 2.5}
PATH = f"/apis/v3/tickets?ticket_count={ROWS}&include_description=1&include_custom_fields=1"
QUOTED = '<p class="MsoNormal" style="margin:0cm;font-size:11.0pt">I would like to know where my order is.</p>\n' * 20
ACCOUNT = AccountContext("acme", "https://acme.desk365.io")


def generated_page() -> bytes:
    """Return a page as the simulator writes it."""
    answer = Client(create(generate(tickets=ROWS + ROWS // 2))).get(PATH, headers={"Authorization": API_KEY})
    assert len(answer.json["tickets"]) == ROWS  # type: ignore[index]
    return bytes(answer.data)


def quoting(page: bytes) -> bytes:
    """Return the page with a quoted mail below each body."""
    document = json.loads(page)
    for row in document["tickets"]:
        row["description"] += QUOTED
        row["description_text"] += "I would like to know where my order is." * 20
    return json.dumps(document, ensure_ascii=False, indent=2, separators=(",", " : ")).encode()


def parsed(page: bytes, loads: Callable[[bytes], Any]) -> list[Any]:
    """Return the tickets of a page, as ``desk.tickets.list`` reads them."""
    _, rows, at = parsing.read_rows(loads(page), "tickets")
    return [convert.ticket(wire, ACCOUNT) for wire in (parsing.read_ticket(row, at) for row in rows)]


def fastest(calls: Mapping[str, Callable[[], Any]], turns: int) -> dict[str, float]:
    """Return the shortest time of each call on the processor, in milliseconds: others may be using it too."""
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(turns):
        for name, call in calls.items():
            start = time.process_time()
            call()
            best[name] = min(best[name], (time.process_time() - start) * 1000)
    return best


def measured(page: bytes, turns: int) -> dict[str, Any]:
    """Return the times and ratios of one page."""
    loaders: dict[str, Callable[[bytes], Any]] = {"json": json.loads}
    if orjson is not None:
        loaders["orjson"] = orjson.loads
    calls: dict[str, Callable[[], Any]] = {"json.loads": partial(json.loads, page)}
    calls |= {name: partial(parsed, page, loads) for name, loads in loaders.items()}
    assert parsed(page, json.loads) == parsed(page, loaders.get("orjson", json.loads))
    gc.collect()
    gc.freeze()
    best = fastest(calls, turns)
    alone = best.pop("json.loads")
    return {
        "bytes": len(page),
        "json_loads_ms": round(alone, 3),
        "model_ms": {name: round(value, 3) for name, value in best.items()},
        "times_json_loads": {name: round(value / alone, 2) for name, value in best.items()},
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=200)
    turns = parser.parse_args().turns
    page = generated_page()
    result = {
        "rows": ROWS,
        "generated bodies": measured(page, turns),
        "bodies that quote a mail": measured(quoting(page), turns),
        "targets": TARGETS,
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
