"""Report: one self-contained HTML page for those who have to sign for a migration."""

from __future__ import annotations

import os
import shlex
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from attrs import evolve
from jinja2 import Environment, StrictUndefined, Template

from helpdesk_bridge import __version__
from helpdesk_bridge.clock import Clock, SystemClock
from helpdesk_bridge.migration.journal.database.address import DatabaseAddress
from helpdesk_bridge.migration.journal.facts import INCOMPLETE
from helpdesk_bridge.migration.journal.reader import ids_of
from helpdesk_bridge.migration.journal.states import Kind, State
from helpdesk_bridge.migration.marker import SIDES
from helpdesk_bridge.migration.migration import Migration
from helpdesk_bridge.migration.plan.fidelity import PEOPLE
from helpdesk_bridge.migration.plan.plan import Plan
from helpdesk_bridge.migration.plan.values import old_key
from helpdesk_bridge.migration.redirects import Address as Pattern
from helpdesk_bridge.migration.report import words
from helpdesk_bridge.migration.report.charts import STATES, WORDS, cost_bars, count_bars
from helpdesk_bridge.migration.report.facts import SNAPSHOT, Doubt, Facts, read_facts, snapshot_json, snapshot_of
from helpdesk_bridge.migration.report.files import write_page
from helpdesk_bridge.migration.report.tables import write_tables
from helpdesk_bridge.migration.report.verdict import verdict
from helpdesk_bridge.migration.summary import Summary, is_verified, told_kinds

FILE_NAME: Final = "report.html"
TEMPLATE: Final = "report.html.j2"
ROWS: Final = 500


def write_report(migration: Migration, folder: Path, *, plan: Plan | None = None) -> Summary:
    """Write the report of an open migration into ``folder`` and return its summary; sends nothing.

    ``plan``, if it was made before the run, adds its forecast and findings, and words for the values it asked about.
    Raises ``ReportNotWritable``, or ``Interrupted`` if the disk is full; the last report is then still whole.
    """
    summary = migration.summary(report=str(Path(folder) / FILE_NAME))
    keep_for_reports(migration, summary, plan)
    facts = read_facts(migration.journal.file.address)
    write_page(render(summary, facts, plan=plan, written=migration.destination.clock.wall()), Path(folder), FILE_NAME)
    write_tables(facts, ids_of(facts.path, Kind.TICKET), Path(folder))
    return summary


def report_of_journal(
    journal: str | os.PathLike[str] | DatabaseAddress,
    folder: Path,
    *,
    clock: Clock | None = None,
    private: bool = False,
    patterns: Mapping[str, Pattern | None] | None = None,
) -> Summary:
    """Write the report of a journal, without its desks and also while it runs; return the summary that it shows.

    ``private`` shows digests in place of statuses, groups and other values. ``patterns`` are those of the tickets' addresses,
    by side, for vendors that do not tell them. CSV files of the tickets, the mapping and the differences are beside it.

    Raises ``FileNotFoundError`` if there is no journal, and what ``write_report`` raises.
    """
    facts = read_facts(journal)
    summary = evolve(summary_of(facts), report=str(Path(folder) / FILE_NAME))
    written = (clock or SystemClock()).wall()
    write_page(render(summary, facts, written=written, private=private, patterns=patterns), Path(folder), FILE_NAME)
    write_tables(facts, ids_of(facts.path, Kind.TICKET), Path(folder), private=private)
    return summary


def keep_for_reports(migration: Migration, summary: Summary, plan: Plan | None = None) -> None:
    """Keep in the journal what only an open migration knows, for reports that are made from the journal alone."""
    source, destination = migration.source, migration.destination
    importer = destination.desk.importer
    if not importer:
        return
    before = read_facts(migration.journal.file.address).snapshot
    known = dict(before.words) if before is not None else {}
    for value in plan.values if plan is not None else ():
        if value.field not in PEOPLE:
            known[" ".join(old_key(value.field, value.old))] = value.old
    labels = {"source": source.label, "destination": destination.label}
    kept = snapshot_of(summary, labels, importer, sample=migration.options.sample, words=known)
    migration.journal.facts.remember(**{SNAPSHOT: snapshot_json(kept)})


def summary_of(facts: Facts) -> Summary:
    """Return the summary that a journal alone can give; ``minimum`` is None if it was not calculated."""
    snapshot = facts.snapshot
    nothing: dict[str, Any] = dict.fromkeys(SIDES)
    return Summary(
        source=facts.refs["source"].partition(":")[0],
        destination=facts.refs["destination"].partition(":")[0],
        counts=facts.counts,
        verified=is_verified(facts.extent, facts.differences),
        extent=facts.extent,
        uncarried=facts.uncarried,
        gone=facts.gone,
        differences=facts.differences,
        changed=facts.changed,
        left_alone=facts.left_alone,
        calls={side: calls for side, (calls, _, _) in facts.spent.items()},
        spent={side: units for side, (_, units, _) in facts.spent.items()},
        minimum=facts.minimum or nothing,
        throttled=sum(refused for _, _, refused in facts.spent.values()),
        seconds=facts.seconds,
        time_scale=snapshot.time_scale if snapshot is not None else nothing,
    )


def render(
    summary: Summary,
    facts: Facts,
    *,
    plan: Plan | None = None,
    written: datetime,
    private: bool = False,
    patterns: Mapping[str, Pattern | None] | None = None,
) -> str:
    """Return the page. Everything that was not written here goes through ``plain`` and is escaped."""
    labels = facts.labels
    minimum = facts.minimum or dict.fromkeys(SIDES)
    changed = summary.changed or (plan.fidelity if plan is not None else ())
    shown_examples = _examples(facts, patterns or {})
    order = {"lost": 0, "changed": 1, "noted": 2, "told": 3}
    page = _template().render(
        summary=summary,
        facts=facts,
        plan=plan,
        written=written,
        version=__version__,
        labels=labels,
        accepted_scans={one.old for one in facts.decisions if one.field == INCOMPLETE},
        sides=SIDES,
        verdict=verdict(summary, labels["source"], labels["destination"]),
        bars=count_bars(summary.counts),
        costs=cost_bars(summary, minimum, labels),
        minimum=minimum,
        kinds=told_kinds(summary.counts),
        states=[
            name for name in STATES if name != "pending" or any(counted.pending for counted in summary.counts.values())
        ],
        state_words=WORDS,
        announced_only=not summary.changed and bool(changed),
        changed=sorted(changed, key=lambda change: (order[words.outcome(change.change)], change.field)),
        kept=_kept(facts, {change.field for change in changed}),
        reasons={state.value: [reason for reason in facts.reasons if reason.state is state] for state in State},
        commands=[_command(facts, doubt) for doubt in facts.doubts],
        doubts=sum(counted.in_doubt for counted in summary.counts.values()),
        differences=summary.differences[:ROWS],
        rows_shown=ROWS,
        shown=words.private if private else str,
        read_back=_read_back(facts),
        examples=shown_examples,
        linked=any(url for one in shown_examples for url in one["urls"].values()),
        difference_kinds=Counter(
            (difference.record, difference.field) for difference in summary.differences
        ).most_common(),
        w=words,
    )
    return str(page)


def _read_back(facts: Facts) -> list[tuple[str, int, int]]:
    """Return how many records of each kind are at the destination, and how many of them were compared."""
    if facts.extent is None:
        return []
    counted = {"tickets": Kind.TICKET, "contacts": Kind.CONTACT, "messages": Kind.MESSAGE, "files": Kind.ATTACHMENT}
    return [
        (name, facts.counts[kind].migrated, min(facts.extent.compared.get(name, 0), facts.counts[kind].migrated))
        for name, kind in counted.items()
        if facts.counts[kind].migrated
    ]


def _examples(facts: Facts, patterns: Mapping[str, Pattern | None]) -> list[dict[str, Any]]:
    """Return some tickets with their addresses: as a pattern makes them, else as the vendor tells them."""
    rows = []
    for one in facts.examples:
        urls = {}
        for side in SIDES:
            pattern, told = patterns.get(side), one.get(f"{side}_url")
            urls[side] = pattern.of(str(one[side]), None) if pattern is not None else told
            if not (urls[side] or "").startswith(("https://", "http://")):
                urls[side] = None
        rows.append({**one, "urls": urls})
    return rows


def _kept(facts: Facts, changed: set[str]) -> Mapping[str, list[str]]:
    """Return the fields of each area that are kept for every record, in words."""
    areas = facts.snapshot.kept if facts.snapshot is not None else {}
    by_area = {
        area: [words.field_words(name).partition(": ")[2] for name in names if name not in changed]
        for area, names in areas.items()
        if any(facts.counts[kind].planned for kind in Kind if kind.value == area)
    }
    return {area: sorted(names) for area, names in by_area.items() if names}


def _command(facts: Facts, doubt: Doubt) -> str | None:
    """Return the command that decides about a record; None if its id is an e-mail, which the report must not show."""
    if "@" in doubt.id:
        return None
    journal, decision = shlex.quote(facts.path.name), shlex.quote(f"{doubt.named}=DECISION")
    return f"helpdesk-bridge migrate decide --journal {journal} --in-doubt {decision}"


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, finalize=words.plain, trim_blocks=True, lstrip_blocks=True
    )
    source = files("helpdesk_bridge.migration.report").joinpath(TEMPLATE).read_text("utf-8")
    return environment.from_string(source)
