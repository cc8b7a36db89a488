"""Keys: every key of a vendor's document is carried, deliberately not carried, or unknown to this version.

What a record does not carry is told on it (``left_behind``), by key and with words for people, so that loss is counted over
the vendor's documents and not over what the model has a place for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from attrs import field, frozen

from helpdesk_bridge.model.values import FrozenDict
from helpdesk_bridge.text.plain import one_line

UNKNOWN: Final = "unknown to this version"
_MANY: Final = "further keys"
_MOST_UNKNOWN, _LONGEST_KEY, _MOST_PLANS = 50, 80, 512
_EMPTY: Final[tuple[Any, ...]] = (None, "", [], {}, ())
_NOTHING: Final[Mapping[str, str]] = FrozenDict()


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
    _plans: dict[tuple[str, ...], tuple[str, ...]] = field(factory=dict, init=False, repr=False)

    def behind(self, document: Mapping[str, Any]) -> Mapping[str, str]:
        """Return why a record does not carry what is in ``document``, by key; keys that hold nothing are no loss."""
        watched = self._watched(tuple(document))
        if not watched:
            return _NOTHING
        found = dict(self._told(document, watched))
        return FrozenDict(found) if found else _NOTHING

    def _watched(self, keys: tuple[str, ...]) -> tuple[str, ...]:
        """Return the keys to look at; documents of a list have the same ones."""
        watched = self._plans.get(keys)
        if watched is None:
            known = self.carried | self.follows
            watched = tuple(
                key for key in keys if key in self.inside or not (key in known or key.startswith(self.prefixes))
            )
            if len(self._plans) >= _MOST_PLANS:
                self._plans.clear()
            self._plans[keys] = watched
        return watched

    def _told(self, document: Mapping[str, Any], watched: Iterable[str]) -> Iterator[tuple[str, str]]:
        unknown = 0
        for key in watched:
            value = document[key]
            if value in _EMPTY or (self.unset and value in self.unset):
                continue
            if key in self.inside:
                for part in value if isinstance(value, list) else [value]:
                    if isinstance(part, dict):
                        yield from ((f"{key}.{name}", why) for name, why in self.inside[key].behind(part).items())
            elif key in self.lost:
                if value:
                    yield key, self.lost[key]
            else:
                unknown += 1
                yield (one_line(key)[:_LONGEST_KEY] if unknown <= _MOST_UNKNOWN else _MANY), UNKNOWN


__all__ = ["UNKNOWN", "Keys"]
