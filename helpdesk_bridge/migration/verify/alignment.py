"""Alignment: which message at the destination is which of the written messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import define, field

from helpdesk_bridge.adapter import FidelityTable
from helpdesk_bridge.migration.journal import expected
from helpdesk_bridge.migration.journal.states import Record
from helpdesk_bridge.model.records import Message


@define(slots=False)
class Pair:
    """A written message and its counterparts, in thread order: several if its files went into further messages."""

    record: Record
    found: list[tuple[int, Message]] = field(factory=list)
    shown: dict[str, Any] | None = None


@define(slots=False)
class Alignment:
    """The pairs in the order of the source, and the messages that the migration did not write."""

    pairs: list[Pair]
    extra: list[Message]


def align(
    leaders: Sequence[Record], thread: Sequence[Message], shown: Sequence[dict[str, Any]], fidelity: FidelityTable
) -> Alignment:
    """Match by id if the vendor gave ids, else by what the messages show, else by their order.

    ``shown`` runs parallel to ``thread``.
    """
    pairs = [Pair(record) for record in leaders]
    free = dict(enumerate(thread))

    def take(pair: Pair, number: int) -> None:
        pair.found.append((number, free.pop(number)))
        if pair.shown is None:
            pair.shown = shown[number]

    opening = next((pair for pair in pairs if expected.opens(pair.record.expected)), None)
    if opening is not None and thread and thread[0].opening:
        take(opening, 0)
    places = {message.id: number for number, message in enumerate(thread)}
    for pair in pairs:
        for message_id in pair.record.destination:
            if places.get(message_id) in free:
                take(pair, places[message_id])
    for same in (_alike(shown, fidelity), _same_text(shown), lambda pair, number: True):  # noqa: ARG005
        _match_in_order(pairs, free, take, same)
        _take_surplus(pairs, free, take, thread, shown)
    for pair in pairs:
        pair.found.sort(key=lambda one: one[0])
    return Alignment(pairs, [free[number] for number in sorted(free)])


def _alike(shown: Sequence[dict[str, Any]], fidelity: FidelityTable) -> Any:
    return lambda pair, number: expected.alike(pair.record.expected or {}, shown[number], fidelity)


def _same_text(shown: Sequence[dict[str, Any]]) -> Any:
    return lambda pair, number: shown[number]["text"] in (pair.record.expected["text"], pair.record.expected["bare"])


def _match_in_order(pairs: list[Pair], free: dict[int, Message], take: Any, same: Any) -> None:
    for pair in pairs:
        if not pair.found:
            number = next((place for place in sorted(free) if same(pair, place)), None)
            if number is not None:
                take(pair, number)


def _take_surplus(
    pairs: list[Pair],
    free: dict[int, Message],
    take: Any,
    thread: Sequence[Message],
    shown: Sequence[dict[str, Any]],
) -> None:
    """Give messages that only carry files to the written message that still lacks some.

    Such a message has that one's header line; without one it stands behind it.
    """
    for pair in pairs:
        wanted = pair.record.expected or {}
        told = [place for place in sorted(free) if thread[place].attachments and _tells(shown[place], wanted)]
        while pair.found and _have(pair) < len(wanted["files"]):
            after = max(number for number, _ in pair.found) + 1
            if told:
                take(pair, told.pop(0))
            elif after in free and thread[after].attachments and shown[after]["header"] is None:
                take(pair, after)
            else:
                break


def _have(pair: Pair) -> int:
    return sum(len(message.attachments) for _, message in pair.found)


def _tells(shown: dict[str, Any], wanted: dict[str, Any]) -> bool:
    header = shown["header"]
    if header is None:
        return False
    same = expected.same_person(wanted["told"], header["author"])
    return same and header["created_at"] in {wanted["created_at"], wanted["also_at"]}
