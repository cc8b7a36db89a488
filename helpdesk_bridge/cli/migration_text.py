"""The plan and the summary of a migration as text for stdout."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import click

from helpdesk_bridge.cli.output import clean_line
from helpdesk_bridge.cli.progress import rounded
from helpdesk_bridge.migration.journal.database.address import Address
from helpdesk_bridge.migration.journal.facts import CONFLICT, LeftAlone, Uncarried
from helpdesk_bridge.migration.journal.states import Kind, State
from helpdesk_bridge.migration.later.repair import DESTINATION, SOURCE, Outcome, Repaired
from helpdesk_bridge.migration.options import Rest
from helpdesk_bridge.migration.plan.fidelity import Change
from helpdesk_bridge.migration.plan.plan import Forecast, Plan
from helpdesk_bridge.migration.plan.rules import words_of
from helpdesk_bridge.migration.plan.table import Standing
from helpdesk_bridge.migration.report.facts import Reason
from helpdesk_bridge.migration.summary import Counts, Summary, told_kinds
from helpdesk_bridge.migration.watch.at_work import Worker

_SHOWN: Final = 20
"""A screenful."""


def _line(text: str = "") -> None:
    blank = "\n" if text.startswith("\n") else ""
    click.echo(blank + clean_line(text[len(blank) :]))


def as_typed(argument: str) -> str:
    """Return an argument of ``migrate decide`` as it is typed in a shell: words of vendors have blanks and quotes."""
    option, _, value = argument.partition(" ")
    return f"{option} {shlex.quote(value)}"


def tell_changes(changes: Iterable[Change]) -> None:
    """Print the changed fields, one line each."""
    for change in changes:
        _line(f"  {change.field}: {change.change}{_records(change)} - {change.why}")


def _records(change: Change) -> str:
    if change.records is None:
        return ""
    if not change.estimated:
        return f", {change.records} records"
    return f", about {change.records} records ({change.low} to {change.high})"


def tell_plan(plan: Plan) -> None:
    """Print a plan."""
    messages = "their messages" if plan.messages is None else f"{plan.messages} messages"
    _line(f"{plan.source} -> {plan.destination}")
    beyond = f" of {plan.listed}" if plan.listed > plan.tickets else ""
    _line(f"{plan.tickets}{beyond} tickets, {plan.contacts} contacts, {messages}")
    if not plan.scope.everything:
        _line(f"scope: {plan.scope.words}")
    for finding in plan.findings:
        _line(f"  {finding.severity.value}: {finding.subject}: {finding.detail}")
    _tell_search(plan)
    for proof in plan.incomplete:
        _line(
            f"  the list of {proof.scan} came incomplete: {proof.evidence}; a run stops until you accept it "
            f"(migrate decide --incomplete {proof.scan}=accept)"
        )
    _tell_fidelity(plan)
    _tell_mapping(plan)
    _tell_open(plan)
    _line("\nWhat the destination may send on its own, and what stops it:")
    for hazard in plan.hazards:
        state = "not acknowledged" if hazard.id in plan.open_hazards else "acknowledged"
        _line(f"  {hazard.id}: {hazard.what}, {hazard.when}. {hazard.stop} ({hazard.provenance.value}; {state})")
    if plan.forecasts:
        _line("\nCost and end for each way of writing threads:")
        for forecast in plan.forecasts.values():
            _line(
                f"  {forecast.threads.value}: {forecast.source_units} + {forecast.destination_units} units, "
                f"{_duration(forecast.seconds)}, until {forecast.ends:%Y-%m-%d %H:%M} UTC{_rest_price(plan, forecast)}"
            )


def _tell_fidelity(plan: Plan) -> None:
    _line("\nEverything is kept except:")
    tell_changes(plan.fidelity)
    if any(change.estimated for change in plan.fidelity):
        _line(
            '  "about" is an estimate from a sample of threads, with its 95 % range; it misses what no thread of the sample '
            "has. --full reads every thread and counts."
        )
    if plan.maps:
        _line("\nYour field maps:")
        for one in plan.maps:
            refused = f", {one.refused} with a value that does not fit" if one.refused else ""
            _line(f"  {one.words}: {one.records} records{refused}")
    _tell_rest(plan)


def _tell_open(plan: Plan) -> None:
    if plan.rules:
        _line("\nNo list says whether the destination takes these values; what becomes of one that it refuses:")
        for rule in plan.rules:
            _line(f"  {as_typed(str(rule))}   ({rule.values} values; {words_of(rule.field)})")
    if plan.values:
        _line("\nYour decisions (migrate decide; migrate run --yes accepts the proposals):")
        for value in plan.values:
            _line(f"  {as_typed(str(value))}   ({value.records} records)")


def _tell_mapping(plan: Plan) -> None:
    rows = [row for row in plan.mapping if row.standing is not Standing.NO_PLACE]
    if rows:
        _line("\nWhat becomes of each value:")
    for field in dict.fromkeys(row.field for row in rows):
        kept = [row for row in rows if row.field == field and row.same]
        if kept:
            _line(f"  {field}: {', '.join(row.old for row in kept)}: the same")
        for row in rows:
            if row.field == field and not row.same:
                proposed = " (proposed)" if row.standing is Standing.OPEN else ""
                _line(f"  {field}: {row.old} -> {row.becomes or 'dropped'}{proposed}, {row.records} records")
    if plan.needed:
        _line(
            "\nWhat must exist in the new account, unless you decide otherwise (an admin makes it there, under this name):"
        )
        for one in plan.needed:
            _line(f"  {one} ({one.records} records)")


def _rest_price(plan: Plan, forecast: Forecast) -> str:
    if not plan.rest_notes:
        return ""
    said = "of it" if plan.rest is Rest.NOTE else "more"
    return f"; notes with the rest: {forecast.rest_units} units, {_duration(forecast.rest_seconds)} {said}"


def _tell_rest(plan: Plan) -> None:
    if not plan.rest_notes:
        return
    if plan.rest is Rest.NOTE:
        _line(f"\n{plan.rest_notes} tickets get a private note with what has no place, their last message.")
    else:
        _line(
            f"\nA private note could keep what {plan.rest_notes} tickets lose: migrate decide --rest note "
            "(its price is below)."
        )


def _tell_search(plan: Plan) -> None:
    search = plan.search
    if search.spared:
        _line("  no search for tickets of an earlier migration (you said that there are none)")
    elif not search.done:
        _line(
            f"  a run first reads the markers of the {search.there} tickets at the destination: {search.calls} calls "
            "(--none-before saves them if no earlier migration wrote there)"
        )
    elif search.found:
        _line(f"  an earlier migration wrote {search.found} of these tickets: they are compared, not written again")
    if plan.foreign_open:
        _line(
            f"  {search.foreign} tickets carry markers of another key: a run stops until you give that key "
            "(--recover-key from=env:NAME, to=env:NAME) or run migrate decide --foreign-markers ignore"
        )


def tell_counts(counts: Mapping[Kind, Counts], reasons: Iterable[Reason]) -> None:
    """Print how many records of each kind ended how, and why some were not migrated."""
    why = list(reasons)
    for kind, name in told_kinds(counts).items():
        counted = counts[kind]
        parts = [f"{counted.planned} planned", f"{counted.migrated} migrated"]
        others = {"skipped": counted.skipped, "failed": counted.failed, "need your decision": counted.in_doubt}
        parts += [f"{number} {word}" for word, number in others.items() if number]
        if counted.pending:
            parts.append(f"{counted.pending} still to do")
        _line(f"{name + ':':<13}{', '.join(parts)}")
        for one in why:
            if one.kind is kind and one.state is not State.DONE:
                tried = f" (tried {one.attempts} times)" if one.attempts > 1 else ""
                _line(f"{'':<13}  {one.count} {one.state.value}: {one.reason}{tried}")


def tell_left_alone(tickets: Iterable[LeftAlone]) -> None:
    """Print which tickets of the destination carry a marker that is not theirs."""
    for one in tickets:
        _line(
            f"left alone: ticket {one.ticket} at the destination carries the marker of ticket {one.source}, but has {one.why}"
        )


def tell_later(uncarried: Sequence[Uncarried], gone: Sequence[Mapping[str, Any]]) -> None:
    """Print the source's later changes that did not come along, and what became of what it no longer has."""
    if uncarried:
        _line("\nChanged at the source since, and not carried over:")
    for one in uncarried:
        _line(f"  {_place(one.ticket, one.record, one.id)}: {one.field}: {one.outcome}: {one.why}")
        if one.outcome == CONFLICT:
            _line(f"    source {one.source} | written {one.written} | destination {one.there}")
    for record_id in dict.fromkeys(one.id for one in uncarried if one.outcome == CONFLICT):
        _line(f"  migrate decide --difference {record_id}={SOURCE}|{DESTINATION}, then migrate run")
    if gone:
        _line("\nGone at the source since:")
    for row in gone:
        _line(f"  {row['record']} {row['id']} {row['what']}: {row['outcome']}")


def tell_repaired(repaired: Sequence[Repaired], journal: Address) -> None:
    """Print what became of each difference, conflicts with the values of both sides."""
    for one in repaired:
        row = one.difference
        place = f"ticket {row.ticket} {row.record} {row.id}" if row.ticket else f"{row.record} {row.id}"
        _line(f"{one.outcome.value}: {place}: {row.field}: {one.why}")
        if one.outcome is Outcome.CONFLICT:
            _line(f"  source {one.source} | written {one.written} | destination {one.there}")
    open_ids = dict.fromkeys(
        one.difference.id for one in repaired if one.outcome in (Outcome.CONFLICT, Outcome.LEFT) and one.decides
    )
    for record_id in open_ids:
        _line(
            f"  helpdesk-bridge migrate decide --journal {shlex.quote(str(journal))} --difference "
            f"{record_id}={SOURCE}|{DESTINATION}"
        )
    if not repaired:
        _line("the latest verification found no difference")


def tell_summary(summary: Summary, reasons: Iterable[Reason], *, verified: bool) -> None:
    """Print what was done; ``verified`` says whether the destination was to be read back."""
    tell_counts(summary.counts, reasons)
    if summary.changed:
        _line("\nChanged as announced; everything else is as it was:")
        tell_changes(summary.changed)
    if verified:
        for line in _verdict(summary):
            _line(line)
        for one in summary.differences[:_SHOWN]:
            _line(
                f"  ticket {one.ticket} {one.record} {one.id}: {one.field} expected {one.expected}, found {one.found}"
            )
        if len(summary.differences) > _SHOWN:
            _line(f"  and {len(summary.differences) - _SHOWN} more; --json lists them all")
    tell_later(summary.uncarried, summary.gone)
    tell_left_alone(summary.left_alone)
    costs = [
        f"{side} {summary.calls[side]} requests ({summary.spent[side]} units)" for side in ("source", "destination")
    ]
    _line(f"\n{', '.join(costs)}, {summary.throttled} refused, {summary.seconds:.1f} s")


def _verdict(summary: Summary) -> list[str]:
    """Return what a verification found, what it compared and when the source was last seen."""
    extent, count = summary.extent, len(summary.differences)
    if extent is None:
        return ["\nNothing was verified since the last run."]
    found = f"{count} differences" if count != 1 else "1 difference"
    if extent.left_out is not None:
        rest = f"; {found if count else 'no difference in what was'}" if extent.compared else ""
        lines = [f"\nNot fully verified: {extent.left_out}{rest}."]
    elif count:
        lines = [f"\nVerified by reading the destination back: {found}"]
    else:
        whole = "nothing lost, nothing twice, no unannounced difference"
        lines = [
            f"\nVerified by reading the destination back: {whole}"
            if extent.current
            else f"\nRead back without a difference to what was read at the source, which is not as it is now: {whole} in that"
            if extent.source is not None and extent.source.problem is None
            else "\nRead back without a difference to what was read at the source, which could not be seen again"
        ]
    if extent.compared:
        lines.append(f"  compared: {extent.counts}")
    lines.append(f"  {extent.source_told}")
    if extent.source is not None:
        rows = extent.source.rows
        lines += [f"  source: {_place(one.ticket, one.record, one.id)} {one.what}" for one in rows[:_SHOWN]]
        if len(rows) > _SHOWN:
            lines.append(f"  and {len(rows) - _SHOWN} more; --json lists them all")
    return lines


def _place(ticket: str, record: str, record_id: str) -> str:
    return f"{record} {record_id}" if ticket in ("", record_id) else f"ticket {ticket} {record} {record_id}"


def _duration(seconds: float) -> str:
    if seconds < 120:  # noqa: PLR2004 - two minutes
        return f"{seconds:.0f} s"
    if seconds < 172_800:  # noqa: PLR2004 - two days
        return f"{seconds / 3600:.1f} hours"
    return f"{seconds / 86_400:.1f} days"


def tell_work(worker: Worker | None, live: Mapping[str, Any] | None) -> None:
    """Print which process works with a journal and what it does."""
    if worker is None:
        _line("no process is at work")
        return
    _line(f"process {worker.pid} on {worker.host} is at work")
    if live is None:
        return
    for phase in live["phases"]:
        of = "" if phase["total"] is None else f" of {phase['total']}"
        pace = f", {phase['per_minute']:.0f} a minute" if phase["per_minute"] else ""
        _line(f"  {phase['name']}: {phase['done']}{of}{pace}")
    for wait in live["waiting"]:
        _line(f"  waiting for {wait['side']}, {rounded(wait['seconds'])}: {wait['reason']}")
    if live["end"] is not None:
        end = live["end"]
        _line(f"  ends about {end['likely']}, between {end['earliest']} and {end['latest']}: {end['why']} decides")
