"""Steps: the further calls of a write, each in the journal before it is sent, and done again only if it is missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from attrs import frozen

from helpdesk_bridge.adapter import Step
from helpdesk_bridge.errors import HelpdeskError, InDoubt
from helpdesk_bridge.migration.journal.states import NOT_WRITTEN, Record, State, reason_of
from helpdesk_bridge.migration.load.context import LoadContext
from helpdesk_bridge.migration.load.packing import Packed
from helpdesk_bridge.migration.outage import is_passing


@frozen
class _StepsTaken:
    """The ids that the steps made, and those that were refused, with their reasons."""

    ids: tuple[str, ...]
    refused: tuple[tuple[Step, str], ...]

    @property
    def reason(self) -> str:
        return NOT_WRITTEN + "; ".join(f"{step.name}: {why}" for step, why in self.refused)


def take_steps(
    context: LoadContext, steps: Sequence[Step], begun: Callable[[datetime], Sequence[Record]]
) -> _StepsTaken:
    """Send steps in order; a refused one does not keep the others back.

    ``begun`` returns the records as they are while a step that begins at a time is on its way. Raises ``InDoubt`` for a create
    whose outcome is unknown: what is missing is then to be looked for.
    """
    ids: list[str] = []
    refused: list[tuple[Step, str]] = []
    for step in steps:
        context.check_stop()
        context.destination_outage.hold()
        records = begun(context.destination.clock.wall())
        context.journal.save(*records)
        try:
            ids += context.set_values(step.send) if step.sets else context.write(step.send, undo=records)
        except InDoubt:
            raise
        except HelpdeskError as error:
            refused.append((step, reason_of(error)))
    return _StepsTaken(tuple(ids), tuple(refused))


@frozen
class Completed:
    """The records of a message as they end, and whether a further call was sent for it."""

    records: list[Record]
    wrote: bool = False


def steps_of(context: LoadContext, find: Callable[..., tuple[Step, ...]], *, look: bool) -> tuple[Step, ...]:
    """Return the steps that ``find`` returns; a run that is to stop still learns that a write is whole."""
    if not look:
        try:
            return find(look=False)
        except HelpdeskError as error:
            if not is_passing(error):
                raise
    return context.destination_outage.of_record(partial(find, look=look))


def completed(
    context: LoadContext,
    ticket_id: str,
    packed: Packed,
    ids: tuple[str, ...],
    *,
    look: bool,
    evidence: str | None = None,
) -> Completed:
    """Do what is missing of a message whose create is done.

    ``look`` as in ``Importer.message_steps``; ``evidence`` is why the message is in doubt if there is nothing that could be
    done. A load that only looks leaves what is missing on its way. Raises ``InDoubt`` as ``take_steps`` does.
    """
    find = partial(context.importer.message_steps, ticket_id, ids, packed.message, packed.uploads)
    try:
        steps = steps_of(context, find, look=look) if packed.uploads else ()
    except HelpdeskError as error:
        return Completed(packed.partly(ids, f"{NOT_WRITTEN}what is missing cannot be read: {reason_of(error)}"))
    if not steps and evidence is not None:
        return Completed(packed.ended(State.IN_DOUBT, ids=ids, reason=evidence))
    if steps and context.look_only:
        return Completed(packed.arrived(ids))
    taken = take_steps(context, steps, partial(packed.arrived, ids))
    every = tuple(dict.fromkeys((*ids, *taken.ids)))
    if taken.refused:
        files = frozenset(place for step, _ in taken.refused for place in step.files)
        return Completed(packed.partly(every, taken.reason, files), wrote=True)
    return Completed(packed.ended(State.DONE, ids=every), wrote=bool(steps))
