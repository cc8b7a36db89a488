"""Decisions about records in doubt."""

from __future__ import annotations

from attrs import evolve

from helpdesk_bridge.migration.journal.journal import Journal
from helpdesk_bridge.migration.journal.states import (
    DECIDED_AGAIN,
    DECIDED_SKIP,
    FOUND_AGAIN,
    OF_ITS_TICKET,
    ON_A_TICKET,
    Kind,
    Record,
    State,
)


def settle_in_doubt(journal: Journal, record_id: str, decision: str) -> int:
    """Apply ``found:<id at the destination>``, ``again`` or ``skip`` to what is in doubt under a source id.

    The id may have its kind before it: ``ticket:1``. Records of a ticket in doubt are settled with it. Returns how many
    records it settled. Raises ``ValueError`` for any other decision, and for an id that several kinds of records have.
    """
    word, _, destination_id = decision.partition(":")
    if word not in ("found", "again", "skip") or (word == "found") != bool(destination_id):
        raise ValueError(f"{decision!r} is not a decision; use found:ID, again or skip")
    meant = _meant(journal, record_id)
    for record in meant:
        _refuse_taken(journal, record, destination_id)
        journal.save(*_decided(journal, record, word, destination_id))
    return len(meant)


def _meant(journal: Journal, record_id: str) -> list[Record]:
    word, _, rest = record_id.partition(":")
    known = [kind for kind in Kind if rest and kind.value == word]
    alike = [
        record
        for kind in known or Kind
        for record in journal.by_state(kind, State.IN_DOUBT)
        if record.key.id in ((rest, record_id) if known else (record_id,))
    ]
    meant = [record for record in alike if record.reason != OF_ITS_TICKET] or alike
    kinds = list(dict.fromkeys(record.key.kind.value for record in meant))
    if len(kinds) > 1:
        named = " or ".join(f"{kind}:{record_id}" for kind in kinds)
        raise ValueError(f"{record_id!r} is the id of a {' and of a '.join(kinds)}; say which: {named}")
    return meant


def _refuse_taken(journal: Journal, record: Record, destination_id: str) -> None:
    """Raise ``ValueError`` for a ticket that already belongs to another ticket of the source."""
    other = (
        journal.at_destination(Kind.TICKET, destination_id)
        if destination_id and record.key.kind is Kind.TICKET
        else None
    )
    if other is not None and other.key != record.key:
        raise ValueError(
            f"ticket {destination_id} at the destination already belongs to ticket {other.key.id} of the source"
        )


def _decided(journal: Journal, record: Record, word: str, destination_id: str) -> list[Record]:
    if word == "skip":
        skipped = [record, *(_hanging(journal, record) if record.key.kind is Kind.TICKET else ())]
        return [evolve(child, state=State.SKIPPED, reason=DECIDED_SKIP) for child in skipped]
    if record.key.kind is not Kind.TICKET:
        if word == "found":
            return [evolve(record, state=State.DONE, reason=None, destination=(destination_id,))]
        return [evolve(record, state=State.PLANNED, reason=None, intent_at=None)]
    children = _hanging(journal, record)
    if word == "again":
        again = [evolve(child, state=State.PLANNED, reason=None, intent_at=None) for child in (record, *children)]
        return [evolve(again[0], reason=DECIDED_AGAIN, candidates=()), *again[1:]]
    # What was sent with the ticket stands with it, the opening and its files; what follows is still to be written.
    states = [State.PLANNED if child.intent_at is None else State.DONE for child in children]
    ended = [evolve(one, state=state, reason=None) for one, state in zip(children, states, strict=True)]
    # Whoever wrote the ticket may have written its messages as well: they are looked for before any is sent.
    taken = evolve(
        record, state=State.DONE, reason=FOUND_AGAIN, destination=(destination_id,), candidates=(), finished=False
    )
    return [taken, *ended]


def _hanging(journal: Journal, ticket: Record) -> list[Record]:
    children = journal.children(ticket.key.id, *ON_A_TICKET)
    return [child for child in children if child.state is State.IN_DOUBT]
