"""Load context: what all tasks of a load share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Mapping as Words
from typing import Final, TypeVar

from attrs import define, field, frozen

from helpdesk_bridge.adapter import Fidelity, Importer, MessageClass
from helpdesk_bridge.adapter.header_line import sealing
from helpdesk_bridge.errors import AuthenticationFailed, HelpdeskError, InDoubt, PermissionDenied, Unavailable
from helpdesk_bridge.last_check import checked_last
from helpdesk_bridge.migration.desk import MigrationDesk
from helpdesk_bridge.migration.journal.database.owned import OwnedJournal
from helpdesk_bridge.migration.journal.journal import Journal
from helpdesk_bridge.migration.journal.spool import Spool
from helpdesk_bridge.migration.journal.states import Record, reason_of
from helpdesk_bridge.migration.load.files import Files
from helpdesk_bridge.migration.marker import MarkerKey
from helpdesk_bridge.migration.options import Options, Rest, Threads
from helpdesk_bridge.migration.outage import Outage, Stopped
from helpdesk_bridge.migration.outcome import CredentialsLost, Interrupted, MigrationError
from helpdesk_bridge.migration.plan.mapping import Mapping
from helpdesk_bridge.migration.plan.people import People
from helpdesk_bridge.migration.progress import CountsProgress
from helpdesk_bridge.migration.scope.order import TicketOrder
from helpdesk_bridge.model.records import Message
from helpdesk_bridge.model.values import Actor, Attachment
from helpdesk_bridge.text.plain import digest

T = TypeVar("T")
WordsByRecord = Words[tuple[str, str], str]
EXISTING: Final = "existing"


def _nobody(_: Iterable[Actor | None]) -> None:
    pass


@frozen(eq=False)
class LoadContext:
    """The two sides, the journal and the rules of one load. Shared between workers."""

    source: MigrationDesk
    destination: MigrationDesk
    importer: Importer
    journal: Journal
    marker_key: MarkerKey
    spool: Spool
    mapping: Mapping
    files: Files
    options: Options
    threads: Threads
    rest: Rest
    source_outage: Outage
    destination_outage: Outage
    stop: threading.Event
    progress: CountsProgress
    copied: bool = False
    """Whether the journal is a claimed copy: messages are looked for before any is sent."""
    no_contacts: bool = False
    """Whether the destination is known to have had no contacts before this load."""
    look_only: bool = False
    """Look up what exists at the destination and write nothing there."""
    decided: WordsByRecord = field(factory=dict)
    """Which side holds where both changed a record, as the user decided, by kind and source id."""
    repairing: bool = False
    """Write only what was reopened: a final state that was set is not set again."""
    order: TicketOrder = TicketOrder.LISTED
    scoped: bool = False
    """Whether contacts come along as tickets name them, and not all."""
    people_first: Callable[[Iterable[Actor | None]], None] = _nobody
    """Called with whoever a ticket and its thread name before it is written. Raises ``Parked``."""

    @property
    def people(self) -> People:
        """The people of the source."""
        return self.mapping.people

    @property
    def choices(self) -> str:
        """What of the user's choices changes a ticket that was written before; empty without any."""
        maps = [str(one) for one in self.mapping.values.maps if one.area == "ticket"]
        return digest(*maps, self.rest.value) if maps or self.rest is Rest.NOTE else ""

    def marker(self, kind: str, source_ref: str) -> str:
        """Return the marker of a source record."""
        return self.marker_key.of(kind, source_ref)

    def check_stop(self) -> None:
        """Raise ``Stopped`` if the run is to stop; called before every write."""
        if self.stop.is_set():
            raise Stopped

    def write(self, call: Callable[[], T], undo: Sequence[Record]) -> T:
        """Send a create through the outage watch; ``InDoubt`` and definite refusals come out as they are.

        If nothing was sent and the run stops, or a defect ends the record, the journal gets the records of ``undo`` back.
        """
        check = _LeaseCheck(self.journal.file)
        try:
            with checked_last(check), sealing(self.marker_key.seal):
                return self._write(call, undo)
        except (Stopped, CredentialsLost, Interrupted):
            if not check.failed_midway:
                self.journal.save(*undo)
            raise
        except (HelpdeskError, MigrationError):
            raise
        except Exception:
            if not check.passed:  # a defect, before the first byte was sent
                self.journal.save(*undo)
            raise

    def set_values(self, call: Callable[[], T]) -> T:
        """Send an update of one record; its own failures come out as they are.

        It sets values: one of unknown outcome is simply sent again.
        """
        with checked_last(_LeaseCheck(self.journal.file)), sealing(self.marker_key.seal):
            return self.destination_outage.of_record(lambda: _repeatable(call))

    def _write(self, call: Callable[[], T], undo: Sequence[Record]) -> T:
        outage = self.destination_outage
        try:
            # A create whose answer cannot be read may have happened: it is not repeated.
            result = outage.patiently(lambda: _rights_kept(call), passing=lambda error: error.temporary)
        except InDoubt:
            outage.unanswered(undo[0].key if undo else call)
            raise
        except _Denied as denied:
            outage.judge_refusal(denied.error)
            raise denied.error from None
        outage.answered()
        return result

    def keeps_file(self, message: Message, attachment: Attachment) -> bool:
        """Whether the destination has a place for a file of this message."""
        kept = self.importer.fidelity.messages.get(MessageClass.of(message), {})
        name = "inline" if attachment.inline else "attachments"
        return name in kept and kept[name].how is not Fidelity.LOST

    def keeps_inline(self, message: Message) -> bool:
        """Whether the destination shows images inside a message of this class."""
        kept = self.importer.fidelity.messages.get(MessageClass.of(message), {})
        return "inline" in kept and kept["inline"].how is Fidelity.NATIVE


def unanswered(attempts: int, error: HelpdeskError) -> str:
    """Return the reason of a record whose creates were never answered, and that the destination does not have."""
    return f"{attempts} attempts were not answered, and the destination does not have it: {reason_of(error)}"


@define
class _LeaseCheck:
    """The last check of one write: whether this process still owns the journal.

    ``failed_midway``: it failed when some of the write was out already, so that it may happen. ``passed``: something of
    the write may be out.
    """

    file: OwnedJournal
    failed_midway: bool = False
    passed: bool = False

    def __call__(self) -> None:
        try:
            self.file.check_lease()
        except MigrationError:
            self.failed_midway = self.passed
            raise
        self.passed = True


class _Denied(Exception):
    def __init__(self, error: AuthenticationFailed | PermissionDenied) -> None:
        super().__init__()
        self.error = error


def _repeatable(call: Callable[[], T]) -> T:
    try:
        return call()
    except InDoubt as error:
        raise Unavailable(
            "the outcome of an update is unknown, so it is sent again",
            operation=error.operation,
            status=error.status,
            code=error.code,
        ) from error


def _rights_kept(call: Callable[[], T]) -> T:
    try:
        return call()
    except (AuthenticationFailed, PermissionDenied) as error:
        raise _Denied(error) from error
