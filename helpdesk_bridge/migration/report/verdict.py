"""Verdict: the first sentence of the report, for a reader who reads nothing else."""

from __future__ import annotations

from attrs import frozen

from helpdesk_bridge.migration.journal.states import Kind
from helpdesk_bridge.migration.options import Level
from helpdesk_bridge.migration.report.words import listed, number, several
from helpdesk_bridge.migration.summary import PLURAL, Summary
from helpdesk_bridge.migration.verify.extent import Extent


@frozen
class Verdict:
    """One sentence, and how much it should worry: ``good``, ``attention`` or ``unfinished``."""

    tone: str
    title: str
    sentence: str


def verdict(summary: Summary, source: str, destination: str) -> Verdict:
    """Return what has to be said first; ``source`` and ``destination`` are the desks as people see them."""
    pending, planned = _total(summary, "pending"), _total(summary, "planned")
    problems = _problems(summary, destination)
    if pending:
        still = f"{several(pending, 'record')} of {number(planned)} {_are(pending)} still to be moved"
        so_far = f" So far, {listed(problems)}." if problems else ""
        sentence = f"The move from {source} to {destination} stopped: {still}. Run it again to continue.{so_far}"
        return Verdict("unfinished", "Not finished", sentence)
    if problems:
        there = _total(summary, "migrated")
        sentence = (
            f"{several(there, 'record')} of {number(planned)} {_are(there)} in {destination}, but {listed(problems)}."
        )
        return Verdict("attention", "Needs attention", sentence)
    if not planned:
        sentence = f"{source} holds no tickets and no contacts: there was nothing to move."
        return Verdict("good", "Nothing to move", sentence)
    return _moved(summary, source, destination)


def _moved(summary: Summary, source: str, destination: str) -> Verdict:
    counts = summary.counts
    moved = listed(
        [
            several(counts[kind].migrated, PLURAL[kind][:-1])
            for kind in PLURAL
            if counts[kind].planned and kind is not Kind.REST
        ]
    )
    skipped = _total(summary, "skipped")
    left_out = (
        f"{several(skipped, 'record')} {'was' if skipped == 1 else 'were'} left out; the reasons are listed below."
    )
    aside = f" {left_out}" if skipped else ""
    extent = summary.extent
    if extent is None or not extent.whole:
        how = _unconfirmed(destination, extent)
        sentence = f"{moved} of {source} were written to {destination}, {how}.{aside}"
        return Verdict("attention", "Moved, not fully verified", sentence)
    confirmed = f"reading {destination} back found nothing lost, nothing twice and no unannounced difference"
    sentence = f"{moved} of {source} are now in {destination}; {confirmed}. {extent.source_told}{aside}"
    if not extent.current:
        seen = extent.source is not None and extent.source.problem is None
        title = "Moved, the source changed since" if seen else "Moved, the source not seen again"
        return Verdict("attention", title, sentence)
    return Verdict("good", "Complete", sentence)


def _problems(summary: Summary, destination: str) -> list[str]:
    failed, doubt, differences = _total(summary, "failed"), _total(summary, "in_doubt"), len(summary.differences)
    problems = []
    if failed:
        problems.append(f"{several(failed, 'record')} could not be moved")
    if doubt:
        problems.append(f"{several(doubt, 'record')} {'needs' if doubt == 1 else 'need'} your decision")
    if differences:
        problems.append(
            f"reading {destination} back found {several(differences, 'difference')} that were not announced"
        )
    return problems


def _unconfirmed(destination: str, extent: Extent | None) -> str:
    if extent is None:
        return f"but {destination} has not been read back yet, so this is not confirmed"
    if extent.level == Level.ECHO.value:
        return f"but nothing of {destination} was read back, so this is not confirmed"
    return f"but not all of it was compared: {extent.left_out}. Compared without a difference: {extent.counts}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _total(summary: Summary, name: str) -> int:
    return sum(getattr(counted, name) for counted in summary.counts.values())
