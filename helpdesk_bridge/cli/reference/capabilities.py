"""The table of capabilities: what each vendor can do, for the command and for the docs.

``python -m helpdesk_bridge.cli.reference.capabilities docs/reference/capabilities.md`` writes the page anew.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from attrs import fields_dict, frozen

from helpdesk_bridge.adapter import (
    Capabilities,
    Fidelity,
    FieldFidelity,
    Importer,
    MessageClass,
    RateLimitPolicy,
    Vendor,
)
from helpdesk_bridge.config import registry
from helpdesk_bridge.config.settings import example
from helpdesk_bridge.model.capabilities import OPERATIONS
from helpdesk_bridge.model.fields import MESSAGE, travelling
from helpdesk_bridge.model.values import Priority, Status

_NEEDED: Final = frozenset({"subject", "description", "requester"})
_MESSAGE_COLUMNS: Final = travelling(MESSAGE)
_NONE: Final = "-"
# A migration skips spam and deleted tickets, and labels travel with their status and priority.
_NOT_SHOWN: Final = frozenset({"spam", "deleted", "status_label", "priority_label"})
_INTRO: Final = """\
# What each vendor can do

This page is computed from the same values that refuse a call, plan a migration and choose the conformance tests.
Do not edit it; write it anew with `python -m helpdesk_bridge.cli.reference.capabilities docs/reference/capabilities.md`.

An application asks at its start, before anything is sent:
`desk.capabilities.missing("messages.add_from_contact", "tickets.create:tags")` returns what the desk cannot do.
`helpdesk-bridge capabilities` prints the first table.
"""


@frozen
class VendorFacts:
    """All that the page tells of one vendor."""

    vendor: Vendor
    capabilities: Capabilities
    policy: RateLimitPolicy | None
    importer: Importer | None


def vendor_capabilities(name: str) -> Capabilities:
    """Return the capabilities of a vendor with its default settings."""
    return registry.vendor(name).capabilities(example(name).settings)


def facts(name: str) -> VendorFacts:
    """Return what the page says about a vendor, with an inbox if it can have one. Nothing is sent, no file is made."""
    from helpdesk_bridge.desk.connection import open_config

    inbox = {"inbox": "inbox.db"} if "inbox" in fields_dict(registry.vendor(name).settings) else {}
    config = example(name, **inbox)
    with open_config(config) as desk:
        importer = desk.importer or None
        return VendorFacts(config.vendor, desk.capabilities, config.vendor.policy(config.settings), importer)


def page(names: Iterable[str] | None = None) -> str:
    """Return the whole page in Markdown, over these vendors or all that are installed."""
    vendors = [facts(name) for name in (registry.names() if names is None else names)]
    parts = [_INTRO, _operations(vendors), _fields(vendors), _words(vendors), _limits(vendors), _rates(vendors)]
    parts += [
        _import_records(vendors),
        *(_import_messages(one) for one in vendors),
        *(_hazards(one) for one in vendors),
    ]
    return "\n".join(part for part in [*parts, _notes(vendors)] if part)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; a bar within a cell becomes a slash."""
    cells = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |\n" for row in cells)


def _section(title: str, text: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return f"## {title}\n\n{text}\n\n{table(header, rows)}"


def _titles(vendors: Sequence[VendorFacts]) -> list[str]:
    return [one.vendor.title for one in vendors]


def _operations(vendors: Sequence[VendorFacts]) -> str:
    rows = [
        [f"`{name}`", *("yes" if name in one.capabilities.operations else _NONE for one in vendors)]
        for name in OPERATIONS
    ]
    return _section(
        "Operations", "Anything else raises `Unsupported`, having sent nothing.", ["", *_titles(vendors)], rows
    )


_Letters = tuple[tuple[str, Callable[[Capabilities], frozenset[str]]], ...]
_TICKET: Final[_Letters] = (
    ("r", lambda one: one.ticket_fields),
    ("c", lambda one: one.ticket_create | (_NEEDED if "tickets.create" in one.operations else frozenset())),
    ("u", lambda one: one.ticket_update),
    ("x", lambda one: one.ticket_clear),
)
_CONTACT: Final[_Letters] = (
    ("r", lambda one: one.contact_fields),
    ("c", lambda one: one.contact_create),
    ("u", lambda one: one.contact_update),
)
_MESSAGE: Final[_Letters] = (("r", lambda one: one.message_fields),)


def _fields(vendors: Sequence[VendorFacts]) -> str:
    found = ""
    for title, letters in (
        ("Fields of a ticket", _TICKET),
        ("Fields of a contact", _CONTACT),
        ("Fields of a message", _MESSAGE),
    ):
        names = {name for one in vendors for _, fields in letters for name in fields(one.capabilities)} - {
            "id",
            "ref",
            "ticket_id",
        }
        rows = [[f"`{name}`", *(_marks(one.capabilities, letters, name) for one in vendors)] for name in sorted(names)]
        found += _section(
            title, "`r` read, `c` set on creating, `u` changed, `x` cleared with `None`.", ["", *_titles(vendors)], rows
        )
        found += "\n"
    return found.rstrip("\n") + "\n"


def _marks(capabilities: Capabilities, letters: _Letters, name: str) -> str:
    return " ".join(letter for letter, fields in letters if name in fields(capabilities)) or _NONE


def _words(vendors: Sequence[VendorFacts]) -> str:
    statuses = [
        [f"`{one.name}`", *(_status(vendor.capabilities, one) for vendor in vendors)]
        for one in Status
        if one is not Status.UNKNOWN
    ]
    statuses.append(
        ["any other word", *("as the account has it" if one.capabilities.open_statuses else _NONE for one in vendors)]
    )
    priorities = [
        [f"`{one.name}`", *(vendor.capabilities.priorities.get(one, _NONE) for vendor in vendors)]
        for one in Priority
        if one is not Priority.UNKNOWN
    ]
    text = "The vendor's word for each status that can be written; in brackets the nearest one, which a refusal names."
    header = ["", *_titles(vendors)]
    return (
        _section("Statuses", text, header, statuses)
        + "\n"
        + _section("Priorities", "The vendor's word for each priority.", header, priorities)
    )


def _status(capabilities: Capabilities, status: Status) -> str:
    if status in capabilities.statuses:
        return capabilities.statuses[status]
    nearest = status.nearest(frozenset(capabilities.statuses))
    return f"({capabilities.statuses[nearest]})" if nearest in capabilities.statuses else _NONE


def _limits(vendors: Sequence[VendorFacts]) -> str:
    lines: tuple[tuple[str, Callable[[Capabilities], Any]], ...] = (
        ("a contact needs", lambda one: _names(one.contact_needs)),
        ("characters of a subject", lambda one: one.subject_limit),
        ("characters of a body", lambda one: one.body_limit),
        ("files of a message", lambda one: one.files.count),
        ("bytes of a file", lambda one: one.files.bytes_each),
        ("bytes of all files of a message", lambda one: one.files.bytes_together),
        ("records of a page", lambda one: one.page_size),
        ("lists that are complete", lambda one: _names(one.complete_lists)),
        ("`idempotency_key` is taken by", lambda one: _names(one.idempotency)),
    )
    rows = [[label, *(_limit(tell(one.capabilities)) for one in vendors)] for label, tell in lines]
    return _section("Limits", f"{_NONE} means none, or none that is known.", ["", *_titles(vendors)], rows)


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def _limit(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value or _NONE)


def _rates(vendors: Sequence[VendorFacts]) -> str:
    rows = []
    for one in vendors:
        if one.policy is None:
            rows.append([one.vendor.title, "no limit", _NONE, _NONE, _NONE])
            continue
        for window in one.policy.windows:
            amount = f"{window.limit:,} {window.counts} in {window.seconds:,.0f} s"
            name = window.name or _NONE
            rows.append([one.vendor.title, amount, name, one.policy.scope.value, one.policy.source or _NONE])
    text = "With example settings; [rate limits](../explanation/rate-limits.md) tells the others and how they are kept."
    return _section("Rate limits", text, ["vendor", "limit", "name", "for each", "source"], rows)


def _import_records(vendors: Sequence[VendorFacts]) -> str:
    text = (
        "What a migration keeps of the source's tickets and contacts. A field that has no row is lost. "
        "`header line`: told in the first line of the message it belongs to."
    )
    into = [(one.vendor.title, one.importer) for one in vendors if one.importer is not None]
    found = f"## What an import keeps\n\n{text}\n"
    for area in ("ticket", "contact"):
        kept = [getattr(importer.fidelity, area) for _, importer in into]
        names = sorted({name for fields in kept for name in fields} - _NOT_SHOWN)
        rows = [[f"`{area}.{name}`", *(_kept(fields.get(name)) for fields in kept)] for name in names]
        found += "\n" + table(["", *(title for title, _ in into)], rows)
    return found


def _kept(kept: FieldFidelity | None) -> str:
    if kept is None:
        return Fidelity.LOST.value
    said = f"{kept.how.value} to {kept.to}" if kept.how is Fidelity.CHANGED and kept.to else kept.how.value
    return f"{said}: {kept.why}" if kept.why else said


def _import_messages(one: VendorFacts) -> str:
    if one.importer is None:
        reason = one.capabilities.notes.get("importer")
        return f"## Importing messages into {one.vendor.title}\n\nNot possible{': ' + reason if reason else ''}.\n"
    kept = one.importer.fidelity.messages
    rows = [[of.value, *(_how(kept.get(of, {}).get(name)) for name in _MESSAGE_COLUMNS)] for of in MessageClass]
    reasons = sorted({f"`{name}`, {_kept(how)}" for fields in kept.values() for name, how in fields.items() if how.why})
    found = f"## Importing messages into {one.vendor.title}\n\n{table(['', *_MESSAGE_COLUMNS], rows)}"
    return found + ("\n" + "".join(f"- {reason}\n" for reason in reasons) if reasons else "")


def _how(kept: FieldFidelity | None) -> str:
    return (kept.how if kept is not None else Fidelity.LOST).value


def _hazards(one: VendorFacts) -> str:
    if one.importer is None or not one.importer.hazards:
        return ""
    rows = [
        [f"`{hazard.id}`", hazard.what, hazard.when, hazard.stop, hazard.provenance.value]
        for hazard in one.importer.hazards
    ]
    text = "What the account's own automation may do during an import. A migration asks for each before it writes."
    return _section(f"Hazards of {one.vendor.title}", text, ["id", "what", "when", "what stops it", "known from"], rows)


def _notes(vendors: Sequence[VendorFacts]) -> str:
    found = "## Notes\n"
    for one in vendors:
        lines = [f"`{name}`: {why}" for name, why in sorted(one.capabilities.notes.items())]
        bare = vendor_capabilities(one.vendor.name)
        if bare.operations != one.capabilities.operations:
            lines.insert(0, f"shown with an `inbox`; without one it can do {_names(bare.operations)} only")
        if lines:
            found += f"\n{one.vendor.title}:\n\n" + "".join(f"- {line}\n" for line in lines)
    return found


def write(path: Path) -> None:
    """Write the page of the docs."""
    path.write_text(page(), "utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
