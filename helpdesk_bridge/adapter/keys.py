"""Keys: every key of a vendor's document is carried, deliberately not carried, or unknown to this version.

What a record does not carry is told on it (``left_behind``), by key and with words for people, so that loss is counted over
the vendor's documents and not over what the model has a place for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeVar

from attrs import field, frozen

from helpdesk_bridge.adapter.wire import NOTHING_LEFT, Leftover
from helpdesk_bridge.model.values import FrozenDict
from helpdesk_bridge.text.plain import one_line

T = TypeVar("T")

UNKNOWN: Final = "unknown to this version"
_MANY: Final = "further keys"
_MOST_UNKNOWN, _LONGEST_KEY, _MOST_PLANS = 50, 80, 512
_EMPTY: Final[tuple[Any, ...]] = (None, "", [], {}, ())


@frozen(eq=False)
class Keys:
    """How the keys of one kind of document are accounted for.

    A field of the record has what is ``carried``; what ``follows`` is derived from that, or the vendor's own bookkeeping;
    ``lost`` has words for what the model has no field for. ``inside`` are the keys of objects, and of lists of objects,
    under a carried key; ``prefixes`` begin keys that are carried whatever follows. ``unset`` are further values that
    mean "nothing" at this vendor. Of a key that is lost, False and 0 are nothing too; of an unknown one nobody knows.
    """

    carried: frozenset[str]
    follows: frozenset[str] = frozenset()
    lost: Mapping[str, str] = field(factory=FrozenDict)
    inside: Mapping[str, Keys] = field(factory=FrozenDict)
    prefixes: tuple[str, ...] = ()
    unset: tuple[Any, ...] = ()
    _plans: dict[tuple[str, ...], tuple[tuple[str, ...], tuple[str, ...]]] = field(factory=dict, init=False, repr=False)
    _known: dict[tuple[str, ...], Leftover] = field(factory=dict, init=False, repr=False)

    def behind(self, document: Mapping[str, Any]) -> Mapping[str, str]:
        """Return why a record does not carry what is in ``document``, by key; keys that hold nothing are no loss."""
        return self.left(document).behind

    def left(self, document: Mapping[str, Any]) -> Leftover:
        """Return the same as what a document's class takes of it."""
        # The documents of a list have the same keys, and mostly hold something under the same of them. Each passes here,
        # so that what is asked of every key is written out.
        watched, outer = self._watched(tuple(document))
        lost, unset = self.lost, self.unset
        held = tuple(
            [
                key
                for key in watched
                if ((value := document[key]) or not (key in lost or value in _EMPTY)) and value not in unset
            ]
        )
        left = self._known.get(held)
        if left is None:
            left = _kept(self._known, held, Leftover(FrozenDict(self._told(held))) if held else NOTHING_LEFT)
        for key in outer:
            value = document[key]
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, dict) and (inner := self.inside[key].left(part).behind):
                    behind = {**left.behind, **{f"{key}.{name}": why for name, why in inner.items()}}
                    left = Leftover(FrozenDict(behind))
        return left

    def _watched(self, keys: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the keys that are not carried, and those of which the inside is to be looked at."""
        plan = self._plans.get(keys)
        if plan is None:
            known = self.carried | self.follows
            watched = tuple(key for key in keys if not (key in known or key.startswith(self.prefixes)))
            plan = _kept(self._plans, keys, (watched, tuple(key for key in keys if key in self.inside)))
        return plan

    def _told(self, held: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        unknown = 0
        for key in held:
            if key in self.lost:
                yield key, self.lost[key]
            else:
                unknown += 1
                yield (one_line(key)[:_LONGEST_KEY] if unknown <= _MOST_UNKNOWN else _MANY), UNKNOWN


def _kept(known: dict[tuple[str, ...], T], key: tuple[str, ...], value: T) -> T:
    if len(known) >= _MOST_PLANS:
        known.clear()
    known[key] = value
    return value


__all__ = ["UNKNOWN", "Keys"]
