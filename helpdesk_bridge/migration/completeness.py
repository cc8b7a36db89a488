"""Completeness: whether a list came whole, held against what the vendor says of it, and the proof that is kept.

A proxy's empty answer, or a page that a vendor left out, looks like the end of a list. So the number that came is held
against the number that the vendor told, and a list that is short, or empty, is read again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from attrs import asdict, evolve, frozen

from helpdesk_bridge.migration.desk import MigrationDesk
from helpdesk_bridge.migration.journal.facts import INCOMPLETE
from helpdesk_bridge.migration.journal.journal import Journal
from helpdesk_bridge.migration.journal.states import Kind, State
from helpdesk_bridge.model.records import Message, Ticket

SCANS: Final = "scans"
ACCEPT: Final = "accept"
THREADS: Final = "threads"
THREAD: Final = "thread:"
THREAD_REASON: Final = "its thread came incomplete"
MARKERS: Final = "markers"
SCAN_NAMES: Final = ("contacts", "tickets", THREADS, MARKERS)
_TOLD_DECISIONS: Final = 20


@frozen(kw_only=True)
class ScanProof:
    """One list as it was read. ``told``: how many the vendor said there are (None if it does not say); ``rows`` came.

    ``again`` and ``told_again`` are of a second look, None without one; ``again`` counts what both looks brought
    together. ``evidence`` says why the list is not complete, empty if it is.
    """

    scan: str
    told: int | None
    rows: int
    told_again: int | None = None
    again: int | None = None
    evidence: str = ""

    @property
    def complete(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.evidence

    @property
    def moved(self) -> int:
        """How many records only the second look brought."""
        return 0 if self.again is None else self.again - self.rows

    def as_json(self) -> dict[str, Any]:
        """Return the proof as JSON values."""
        return {**asdict(self), "complete": self.complete}


def prove(
    scan: str, first: Callable[[], int | None], again: Callable[[], int | None], rows: Callable[[], int]
) -> ScanProof:
    """Read a list with ``first``, and with ``again`` if it is short or empty; both return what the vendor told.

    ``rows`` counts what came so far, each record once.
    """
    proof = ScanProof(scan=scan, told=first(), rows=rows())
    if proof.rows and (proof.told is None or proof.rows >= proof.told):
        return proof
    proof = evolve(proof, told_again=again(), again=rows())
    there = proof.rows if proof.again is None else proof.again
    # Records may have been removed between the two looks: the later number counts.
    wanted = proof.told if proof.told_again is None else proof.told_again
    if wanted is not None and there < wanted:
        return evolve(proof, evidence=f"{there} of {wanted} came, twice")
    return proof


def contradicted(proof: ScanProof, neutral: Callable[[], str | None]) -> ScanProof:
    """Return the proof of an empty list after a neutral call: what it returns speaks against the list."""
    if not proof.complete or proof.again is None or proof.again > 0:
        return proof
    return evolve(proof, evidence=neutral() or "")


def accepted(journal: Journal, scan: str) -> bool:
    """Whether the user decided to go on with an incomplete list, or with all incomplete threads."""
    scans = (scan, THREADS) if scan.startswith(THREAD) else (scan,)
    return any(journal.facts.decided(INCOMPLETE, one) == ACCEPT for one in scans)


def check_scan(scan: str) -> None:
    """Raise ``ValueError`` for the name of a list that no migration reads."""
    if scan not in SCAN_NAMES and not (scan.startswith(THREAD) and scan != THREAD):
        raise ValueError(f"--incomplete {scan}: use one of {', '.join(SCAN_NAMES)}, or {THREAD}ID")


def keep(journal: Journal, proofs: Iterable[ScanProof]) -> None:
    """Write the proofs of the latest scans down."""
    known: dict[str, Any] = journal.facts.recall(SCANS, {})
    journal.facts.remember(**{SCANS: {**known, **{proof.scan: asdict(proof) for proof in proofs}}})


def proofs_in(kept: Mapping[str, Any]) -> tuple[ScanProof, ...]:
    """Return the proofs that ``keep`` wrote down."""
    return tuple(ScanProof(**values) for values in kept.values())


def open_scans(journal: Journal) -> list[ScanProof]:
    """Return the lists that a run needs whole, that came incomplete and that the user has not accepted."""
    proofs = [proof for proof in proofs_in(journal.facts.recall(SCANS, {})) if proof.scan in SCAN_NAMES]
    return [proof for proof in proofs if not proof.complete and not accepted(journal, proof.scan)]


class IncompleteThread(Exception):
    """A thread came short twice; the message says how."""


def _as_it_is(message: Message) -> Message:
    return message


def read_thread(
    source: MigrationDesk, ticket: Ticket, *, accept: bool, kept: Callable[[Message], Message] = _as_it_is
) -> list[Message]:
    """Return a whole thread of the source: one that is short is read again, beside the ticket's count of today.

    It is short by the ticket's count or by its own: an answer may lack messages that it counts.
    A thread begins with its opening (a promise of the port), so that one without is short, unless the list of tickets
    told that there is no message at all. ``kept`` returns what is held of each message as it is read.
    Raises ``IncompleteThread`` unless ``accept`` says that the user takes what came.
    """
    thread, told = _read(source, ticket.id, kept)
    if _lacking(source, ticket, thread, _most(ticket.message_count, told)) is None:
        return thread
    again, told = _read(source, ticket.id, kept)
    thread = max(thread, again, key=len)
    now = source.desk.tickets.get(ticket.id).message_count
    lacking = _lacking(source, ticket, thread, _most(now, told))
    if lacking is not None and not accept:
        raise IncompleteThread(lacking)
    return thread


def _read(
    source: MigrationDesk, ticket_id: str, kept: Callable[[Message], Message]
) -> tuple[list[Message], int | None]:
    """Return a thread, and how many messages its own answer says there are."""
    listing = source.desk.messages.list(ticket_id, resolve=False)
    # Not in a comprehension, whose variable would hold each message until the next is read.
    return list(map(kept, listing)), listing.told()


def _most(*told: int | None) -> int | None:
    return max((number for number in told if number is not None), default=None)


def _lacking(source: MigrationDesk, ticket: Ticket, thread: Sequence[Message], told: int | None) -> str | None:
    unread = len(source.unread_rows(Kind.MESSAGE.value, ticket.id))
    came = len(thread) + unread
    if told is not None and came < told:
        return f"{came} of {told} messages came, twice"
    if ticket.message_count != 0 and not unread and not any(message.opening for message in thread):
        return "it came without its opening, twice"
    return None


def open_threads(journal: Journal) -> list[str]:
    """Return the ids of the tickets that failed because their thread came incomplete."""
    failed = journal.by_state(Kind.TICKET, State.FAILED)
    return [record.key.id for record in failed if (record.reason or "").startswith(THREAD_REASON)]


def decisions_about(scans: Iterable[str]) -> list[str]:
    """Return the arguments of ``migrate decide`` that accept these lists as they came."""
    return [f"--incomplete {scan}={ACCEPT}" for scan in list(scans)[:_TOLD_DECISIONS]]
