"""Medians, and how they are shown."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from typing import Any

from attrs import asdict, frozen

from limiters.cell import Outcome
from limiters.steps import Step


@frozen
class Cell:
    """All runs of one client in one scenario."""

    scenario: str
    client: str
    outcomes: tuple[Outcome, ...]

    def summary(self) -> dict[str, Any]:
        """Return the medians; ``note`` where there is something to say."""
        told: dict[str, Any] = {
            "scenario": self.scenario,
            "client": self.client,
            "goodput": _median((o.goodput for o in self.outcomes), 4),
            "refused": _median((o.refused for o in self.outcomes), 1),
            "windows": min((o.windows for o in self.outcomes), default=0),
            "share_min_max": _median((o.share_min_max for o in self.outcomes), 3),
        }
        notes = list(dict.fromkeys(o.note for o in self.outcomes if o.note))
        return {**told, "note": "; ".join(notes)} if notes else told

    def text(self) -> str:
        told = self.summary()
        if told["goodput"] is None:
            return "-"
        share = "" if told["share_min_max"] is None else f" ({told['share_min_max']:.2f})"
        return f"{told['goodput']:.3f} / {told['refused']:g}{share}{'*' if 'note' in told else ''}"


def _median(values: Iterable[float | None], digits: int) -> float | None:
    known = [value for value in values if value is not None]
    return round(statistics.median(known), digits) if known else None


def as_json(cells: Sequence[Cell], steps: Sequence[Step]) -> str:
    """``cells`` are the medians; ``runs`` is every single run, with where its losses come from."""
    runs = [
        {"scenario": cell.scenario, "client": cell.client, **_rounded(asdict(outcome))}
        for cell in cells
        for outcome in cell.outcomes
    ]
    machine = {"cpus": os.cpu_count(), "python": platform.python_version(), "system": platform.system()}
    told = {
        "cells": [cell.summary() for cell in cells],
        "steps": [asdict(step) for step in steps],
        "runs": runs,
        "machine": machine,
    }
    return json.dumps(told, indent=1)


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in values.items()}


def as_text(cells: Sequence[Cell], steps: Sequence[Step]) -> str:
    """Return a Markdown table: goodput / 429s (smallest over largest share), and the notes below."""
    clients = list(dict.fromkeys(cell.client for cell in cells))
    found = {(cell.scenario, cell.client): cell for cell in cells}
    lines = [f"| scenario | {' | '.join(clients)} |", f"|---{'|---' * len(clients)}|"]
    for scenario in dict.fromkeys(cell.scenario for cell in cells):
        row = [found[scenario, c].text() if (scenario, c) in found else "" for c in clients]
        lines.append(f"| {scenario} | {' | '.join(row)} |")
    lines += ["", *_notes(cells)]
    if steps:
        lines += ["", "| one step | µs | of it CPU |", "|---|---|---|"]
        lines += [_step(step) for step in steps]
    return "\n".join(lines)


def _step(step: Step) -> str:
    if step.microseconds is None:
        return f"| {step.name} | {step.note} | |"
    return f"| {step.name} | {step.microseconds:.1f} | {step.cpu_microseconds:.1f} |"


def _notes(cells: Sequence[Cell]) -> list[str]:
    told = ((cell, cell.summary().get("note")) for cell in cells)
    return [f"* {cell.scenario}, {cell.client}: {note}" for cell, note in told if note]
