"""Alignment: which message at the destination is which of the written messages."""

from __future__ import annotations

import itertools
import json
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from attrs import define, field

from helpdesk_bridge.adapter import FidelityTable
from helpdesk_bridge.migration.journal import expected
from helpdesk_bridge.migration.journal.states import Record
from helpdesk_bridge.model.records import Message

_Same = Callable[[Mapping[str, Any], Mapping[str, Any], FidelityTable], bool]


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
    """Match by id if the vendor gave ids, else by what the messages are: never by their place.

    ``shown`` runs parallel to ``thread``; its ``files`` are digests. What is equal in everything is matched first, then what
    differs in one thing, so that the difference is told as one. Of several that are equal in everything each counts.
    """
    work = _Matching([Pair(record) for record in leaders], thread, shown, fidelity)
    work.by_id()
    for same in _SAMENESS:
        work.match(same)
    for pair in work.pairs:
        pair.found.sort(key=lambda one: one[0])
    return Alignment(work.pairs, [work.free[number] for number in sorted(work.free)])


@define(slots=False)
class _Matching:
    """An alignment on its way; ``free`` are the messages that nothing is matched with yet, by their places."""

    pairs: list[Pair]
    thread: Sequence[Message]
    shown: Sequence[dict[str, Any]]
    fidelity: FidelityTable
    free: dict[int, Message] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.free = dict(enumerate(self.thread))

    def take(self, pair: Pair, number: int) -> None:
        pair.found.append((number, self.free.pop(number)))
        if pair.shown is None:
            pair.shown = self.shown[number]

    def by_id(self) -> None:
        """Match the opening with what opens the thread, and the others by the ids that the vendor gave."""
        opening = next((pair for pair in self.pairs if expected.opens(pair.record.expected)), None)
        if opening is not None and self.thread and self.thread[0].opening:
            self.take(opening, 0)
        places = {message.id: number for number, message in enumerate(self.thread)}
        for pair in self.pairs:
            for message_id in pair.record.destination:
                if places.get(message_id) in self.free:
                    self.take(pair, places[message_id])

    def match(self, same: _Same) -> None:
        """Match what is the same in one sense, true equals in such a way that as few as can be seem to have moved."""
        equals: dict[str, list[int]] = {}
        for number, pair in enumerate(self.pairs):
            if not pair.found:
                equals.setdefault(json.dumps(pair.record.expected, sort_keys=True), []).append(number)
        for group in sorted(equals.values(), key=len):  # what is one of a kind tells where the others belong
            wanted = self.pairs[group[0]].record.expected or {}
            there = (place for place in sorted(self.free) if same(wanted, self.shown[place], self.fidelity))
            places = list(itertools.islice(there, 1) if len(group) == 1 else there)
            while places and group:
                number = group[0] if len(places) >= len(group) else min(group, key=partial(self._moves, places[0]))
                group.remove(number)
                self.take(self.pairs[number], places.pop(0))
        self._take_surplus()

    def _moves(self, place: int, number: int) -> int:
        """Return with how many messages one would have changed its place if it were the one at ``place``."""
        found = [(other, pair.found[0][0]) for other, pair in enumerate(self.pairs) if pair.found]
        return sum((other < number) != (there < place) for other, there in found)

    def _take_surplus(self) -> None:
        """Give messages that only carry files to the written message that still lacks some.

        Such a message has that one's header line; without one it stands behind it.
        """
        for pair in self.pairs:
            wanted = pair.record.expected or {}
            if not pair.found or _have(pair) >= len(wanted["files"]):
                continue
            told = [n for n in sorted(self.free) if self.thread[n].attachments and _tells(self.shown[n], wanted)]
            while _have(pair) < len(wanted["files"]):
                after = max(number for number, _ in pair.found) + 1
                if told:
                    self.take(pair, told.pop(0))
                elif after in self.free and self.thread[after].attachments and self.shown[after]["header"] is None:
                    self.take(pair, after)
                else:
                    break


def moved(pairs: Sequence[Pair]) -> list[Pair]:
    """Return the fewest messages that would have to be put elsewhere to bring a thread into the order of the source."""
    found = [pair for pair in pairs if pair.found]
    ends: list[int] = []  # by length: the least place with which a run in order of that length ends
    lengths = []
    for pair in found:
        place = pair.found[0][0]
        length = bisect_left(ends, place)
        ends[length : length + 1] = [place]
        lengths.append(length)
    stay, wanted = set(), len(ends) - 1
    for number in reversed(range(len(found))):
        if lengths[number] == wanted:
            stay.add(number)
            wanted -= 1
    return [pair for number, pair in enumerate(found) if number not in stay]


def _whole(wanted: Mapping[str, Any], shown: Mapping[str, Any], fidelity: FidelityTable) -> bool:
    return expected.alike(wanted, shown, fidelity) and sorted(wanted["files"]) == sorted(shown["files"])


def _parts(wanted: Mapping[str, Any], shown: Mapping[str, Any], fidelity: FidelityTable) -> bool:
    return expected.alike(wanted, shown, fidelity) and expected.same_files(wanted["files"], shown["files"])


def _same_author_and_time(wanted: Mapping[str, Any], shown: Mapping[str, Any], fidelity: FidelityTable) -> bool:
    return wanted["created_at"] is not None and all(
        expected.is_shown(wanted, shown, name, fidelity) for name in ("author", "created_at")
    )


def _same_text(wanted: Mapping[str, Any], shown: Mapping[str, Any], _: FidelityTable) -> bool:
    return shown["text"] in (wanted["text"], wanted["bare"])


_SAMENESS: Final[tuple[_Same, ...]] = (_whole, _parts, expected.alike, _same_author_and_time, _same_text)


def _have(pair: Pair) -> int:
    return sum(len(message.attachments) for _, message in pair.found)


def _tells(shown: dict[str, Any], wanted: dict[str, Any]) -> bool:
    header = shown["header"]
    if header is None:
        return False
    same = expected.same_person(wanted["told"], header["author"])
    return same and header["created_at"] in {wanted["created_at"], wanted["also_at"]}
