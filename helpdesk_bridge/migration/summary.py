"""Summary: what a migration did, as numbers; ``--json`` prints it and its counts choose the exit code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import asdict, evolve, field, frozen

from helpdesk_bridge.migration.desk import MigrationDesk
from helpdesk_bridge.migration.journal.facts import CONFLICT, Difference, LeftAlone, Uncarried
from helpdesk_bridge.migration.journal.journal import Journal
from helpdesk_bridge.migration.journal.states import Kind, State
from helpdesk_bridge.migration.outcome import ExitCode
from helpdesk_bridge.migration.plan.fidelity import Change
from helpdesk_bridge.migration.verify.extent import EXTENT, Extent

PLURAL: Final = {
    Kind.TICKET: "tickets",
    Kind.CONTACT: "contacts",
    Kind.MESSAGE: "messages",
    Kind.ATTACHMENT: "attachments",
    Kind.REST: "rest notes",
}
"""The kinds in words. Rest notes are told only where there are some: they are no records of the source."""


@frozen
class Counts:
    """Distinct source records of one kind; ``pending`` is what a run that stopped left for the next one."""

    planned: int
    migrated: int
    skipped: int
    failed: int
    in_doubt: int
    pending: int = 0

    @classmethod
    def of(cls, states: Mapping[State, int]) -> Counts:
        """Return the counts of the journal's states; ``planned`` is all of them."""
        pending = states.get(State.PLANNED, 0) + states.get(State.INTENT, 0)
        return cls(
            planned=sum(states.values()),
            migrated=states.get(State.DONE, 0),
            skipped=states.get(State.SKIPPED, 0),
            failed=states.get(State.FAILED, 0),
            in_doubt=states.get(State.IN_DOUBT, 0),
            pending=pending,
        )

    def as_json(self) -> dict[str, int]:
        """Return the counts by name; ``pending`` only if there are any."""
        names = ("planned", "migrated", "skipped", "failed", "in_doubt")
        counts = {name: getattr(self, name) for name in names}
        return {**counts, "pending": self.pending} if self.pending else counts


@frozen(kw_only=True)
class Summary:
    """What a migration did, over all its runs. ``minimum`` is None for a desk that costs nothing.

    ``verified``: everything was read back and compared, the source was looked at again, and there is no difference and no
    change. ``extent`` says what of that was done, None while nothing was verified since the last run.
    """

    source: str
    destination: str
    counts: Mapping[Kind, Counts]
    verified: bool
    differences: tuple[Difference, ...] = ()
    changed: tuple[Change, ...] = ()
    calls: Mapping[str, int]
    spent: Mapping[str, int]
    minimum: Mapping[str, int | None]
    throttled: int
    seconds: float
    time_scale: Mapping[str, float | None]
    report: str | None = None
    left_alone: tuple[LeftAlone, ...] = ()
    reasons: Mapping[str, int] = field(factory=dict)
    extent: Extent | None = None
    uncarried: tuple[Uncarried, ...] = ()
    gone: tuple[Mapping[str, Any], ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """What the command ends with."""
        return exit_code_of(self.counts, self.differences, self.extent, self.uncarried)

    @property
    def standing_code(self) -> ExitCode:
        """What a step ends with that precedes a run: as ``exit_code``, but what that run is yet to write counts as well."""
        return exit_code_of(
            {kind: evolve(counted, pending=0) for kind, counted in self.counts.items()}, self.differences
        )

    def as_json(self) -> dict[str, Any]:
        """Return the object that ``demo --json`` prints."""
        return {
            "source": self.source,
            "destination": self.destination,
            **counts_json(self.counts),
            "verified": self.verified,
            "verification": None if self.extent is None else self.extent.as_json(),
            "differences": [difference.as_json() for difference in self.differences],
            "changed": [change.as_json() for change in self.changed],
            "uncarried": [row.as_json() for row in self.uncarried],
            "gone": [dict(row) for row in self.gone],
            "left_alone": [asdict(ticket) for ticket in self.left_alone],
            "calls": dict(self.calls),
            "budget_units": {
                side: {"spent": self.spent[side], "minimum": self.minimum[side]} for side in ("source", "destination")
            },
            "throttled": self.throttled,
            "seconds": round(self.seconds, 3),
            "time_scale": dict(self.time_scale),
            "report": self.report,
            "exit_code": int(self.exit_code),
        }


def is_verified(extent: Extent | None, differences: Sequence[Difference]) -> bool:
    """Whether everything was compared with the source of now, and nothing differs."""
    return extent is not None and extent.whole and extent.current and not differences


def told_kinds(counts: Mapping[Kind, Counts]) -> dict[Kind, str]:
    """Return the kinds that people are told of, in words."""
    return {kind: name for kind, name in PLURAL.items() if kind is not Kind.REST or counts[kind].planned}


def counts_json(counts: Mapping[Kind, Counts]) -> dict[str, dict[str, int]]:
    """Return the counts of each kind as JSON values."""
    return {name.replace(" ", "_"): counts[kind].as_json() for kind, name in told_kinds(counts).items()}


def exit_code_of(
    counts: Mapping[Kind, Counts],
    differences: Sequence[Difference],
    extent: Extent | None = None,
    uncarried: Sequence[Uncarried] = (),
) -> ExitCode:
    """Return what every command ends with that finds a journal in this state."""
    if any(counted.pending for counted in counts.values()):
        return ExitCode.STOPPED
    bad = any(counted.failed or counted.in_doubt for counted in counts.values())
    changed = extent is not None and extent.source is not None and bool(extent.source.rows)
    conflict = any(row.outcome == CONFLICT for row in uncarried)
    return ExitCode.INCOMPLETE if bad or differences or changed or conflict else ExitCode.OK


def gone_rows(gone: Mapping[tuple[str, str], Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    """Return the records that the source no longer has, with what became of them at the destination."""
    return tuple(
        {"record": kind, "id": record_id, "what": values["what"], "outcome": values.get("done", "kept")}
        for (kind, record_id), values in sorted(gone.items())
    )


def summary_of(
    journal: Journal,
    source: MigrationDesk,
    destination: MigrationDesk,
    *,
    minimum: Mapping[str, int | None],
    seconds: float,
    report: str | None = None,
) -> Summary:
    """Return what an open journal says was done, over all runs."""
    facts = journal.facts
    differences, spent = facts.differences(), facts.spent()
    extent = Extent.of_json(facts.recall(EXTENT))
    return Summary(
        source=source.desk.vendor,
        destination=destination.desk.vendor,
        counts={kind: Counts.of(states) for kind, states in journal.counts().items()},
        verified=is_verified(extent, differences),
        extent=extent,
        uncarried=facts.uncarried(),
        gone=gone_rows(facts.gone()),
        differences=differences,
        changed=tuple(Change(**row) for row in facts.recall("fidelity", [])),
        calls={side: calls for side, (calls, _, _) in spent.items()},
        spent={side: units for side, (_, units, _) in spent.items()},
        minimum=minimum,
        throttled=sum(refused for _, _, refused in spent.values()),
        seconds=seconds,
        time_scale={"source": source.time_scale, "destination": destination.time_scale},
        report=report,
        left_alone=tuple(facts.left_alone()),
    )
