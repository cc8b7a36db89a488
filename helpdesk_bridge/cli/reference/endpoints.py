"""The page of endpoints: every endpoint of every vendor, with the call that uses it.

``python -m helpdesk_bridge.cli.reference.endpoints docs/reference/endpoints.md`` writes the page anew.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from attrs import frozen

from helpdesk_bridge.cli.reference.capabilities import table
from helpdesk_bridge.config import registry

OUT_OF_SCOPE: Final = "out of scope"
_INTRO: Final = """\
# Every endpoint

Which call of the library uses which endpoint of a vendor, and from where the endpoint is known: *documented* by the
vendor, *observed* in recordings and in clients that are in use, or *assumed*. The simulators serve every one of them;
`helpdesk-bridge simulate VENDOR --routes` prints the same list. Calls without a common word stand under
`desk.vendor_api`.

This page is computed from the simulators' routes and the adapters' tables. Do not edit it; write it anew with
`python -m helpdesk_bridge.cli.reference.endpoints docs/reference/endpoints.md`.
"""


@frozen
class Endpoint:
    """One endpoint: ``call`` is None if the adapter's table does not name it."""

    method: str
    path: str
    call: str | None
    provenance: str
    source: str


def endpoints(vendor: str) -> tuple[Endpoint, ...]:
    """Return the endpoints of a vendor, in the simulator's order and with the adapter's calls."""
    from helpdesk_bridge.datasets.generator import generate

    found = registry.vendor(vendor)
    if found.simulator is None or found.endpoints is None:
        return ()
    calls: Mapping[str, str] = registry.load(found.endpoints)
    routes = registry.load(found.simulator)(generate(0)).routes()
    return tuple(
        Endpoint(one.method, one.rule, calls.get(f"{one.method} {one.rule}"), one.provenance.value, one.source)
        for one in routes
        if not one.admin
    )


def page(names: Iterable[str] | None = None) -> str:
    """Return the whole page in Markdown, over these vendors or all that are installed."""
    parts = [_INTRO]
    for name in registry.names() if names is None else names:
        if rows := endpoints(name):
            lines = table(("Method", "Path", "Call", "Known from", "Source"), map(_row, rows))
            parts.append(f"## {registry.vendor(name).title}\n\n{len(rows)} endpoints.\n\n{lines}")
    return "\n".join(parts)


def _row(one: Endpoint) -> list[str]:
    call = one.call or "-"
    told = call if call.startswith((OUT_OF_SCOPE, "-")) else ", ".join(f"`{part}`" for part in call.split(", "))
    return [one.method, f"`{one.path}`", told, one.provenance, one.source]


def write(path: Path) -> None:
    """Write the page of the docs."""
    path.write_text(page(), "utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
