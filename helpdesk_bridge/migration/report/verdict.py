"""Verdict: the first sentence of the report, for a reader who reads nothing else."""

from __future__ import annotations

from attrs import frozen

from helpdesk_bridge.migration.options import Level
from helpdesk_bridge.migration.report.words import listed, number, several
from helpdesk_bridge.migration.summary import PLURAL, Summary


@frozen
class Verdict:
    """One sentence, and how much it should worry: ``good``, ``attention`` or ``unfinished``."""

    tone: str
    title: str
    sentence: str


def verdict(summary: Summary, source: str, destination: str, level: str | None, sample: int | None = None) -> Verdict:
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
    return _moved(summary, source, destination, level, sample)


def _moved(summary: Summary, source: str, destination: str, level: str | None, sample: int | None) -> Verdict:
    counts = summary.counts
    moved = listed([several(counts[kind].migrated, PLURAL[kind][:-1]) for kind in PLURAL if counts[kind].planned])
    skipped = _total(summary, "skipped")
    left_out = (
        f"{several(skipped, 'record')} {'was' if skipped == 1 else 'were'} left out; the reasons are listed below."
    )
    aside = f" {left_out}" if skipped else ""
    if level != Level.FULL.value or sample is not None:
        how = _unconfirmed(destination, level, sample)
        sentence = f"{moved} of {source} were written to {destination}, {how}.{aside}"
        return Verdict("attention", "Moved, not fully verified", sentence)
    confirmed = f"reading {destination} back found nothing lost, nothing twice and no unannounced difference"
    return Verdict("good", "Complete", f"{moved} of {source} are now in {destination}; {confirmed}.{aside}")


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


def _unconfirmed(destination: str, level: str | None, sample: int | None) -> str:
    if level == Level.FULL.value:
        return f"and the lists and {several(sample or 0, 'thread')}, a sample, were read back without a difference"
    if level == Level.LIST.value:
        lists = "and the lists of tickets and contacts were read back without a difference"
        return f"{lists}; the threads were not read back"
    return f"but {destination} has not been read back yet, so this is not confirmed"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _total(summary: Summary, name: str) -> int:
    return sum(getattr(counted, name) for counted in summary.counts.values())
