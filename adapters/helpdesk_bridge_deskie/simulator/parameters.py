"""Parameters of a request, read with types: as lenient as PHP and as strict as a test needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpdesk_bridge_deskie.simulator.refusals import invalid
from helpdesk_bridge_deskie.simulator.times import parse_moment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off", ""})


class Params:
    """The parameters of a query or of the object inside a body's wrapper (`{"case": {…}}`).

    Numbers and booleans may come as text, arrays as a list, as PHP's indexed map or as a single value. A value that
    cannot be read is refused with 400 `wrong_<name>` (assumed). Absent, null and "" all read as None.
    """

    def __init__(self, values: Any, zone: ZoneInfo) -> None:
        self.values: Mapping[str, Any] = values if isinstance(values, dict) else {}
        self._zone = zone

    def inside(self, *wrappers: str) -> Params:
        """Return the parameters inside the first wrapper that the body has; none if it has none of them."""
        for wrapper in wrappers:
            if isinstance(self.values.get(wrapper), dict):
                return Params(self.values[wrapper], self._zone)
        return Params({}, self._zone)

    def __contains__(self, name: str) -> bool:
        return self.values.get(name) is not None

    def text(self, name: str) -> str | None:
        """Return a value as text, or None if absent."""
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, dict | list):
            raise invalid(f"wrong_{name}")
        return _as_text(value)

    def choice(self, name: str, allowed: tuple[str, ...]) -> str | None:
        """Return one word of an enumeration, or None if absent or empty."""
        word = self.text(name)
        if not word:
            return None
        if word not in allowed:
            raise invalid(f"wrong_{name}")
        return word

    def integer(self, name: str) -> int | None:
        """Return a whole number, or None if absent or empty."""
        value = self.values.get(name)
        return None if value is None or value == "" else _as_integer(name, value)

    def flag(self, name: str) -> bool | None:
        """Return a boolean from true, True, 1, "1" and their opposites (observed: clients send all of these)."""
        value = self.values.get(name)
        return None if value is None else as_flag(name, value)

    def moment(self, name: str) -> int | None:
        """Return a time as unix seconds, or None if absent or empty."""
        value = self.values.get(name)
        if value is None or value == "":
            return None
        try:
            return parse_moment(value, self._zone)
        except (ValueError, OverflowError):
            raise invalid(f"wrong_{name}") from None

    def several(self, name: str) -> list[Any]:
        """Return an array parameter's items: a list, PHP's `{"0": a, "1": b}`, or one value; [] if absent."""
        value = self.values.get(name)
        if value is None:
            return []
        if isinstance(value, dict):
            return list(value.values())
        return list(value) if isinstance(value, list) else [value]

    def texts(self, name: str) -> list[str]:
        """Return an array of texts without the empty ones."""
        return [_as_text(item) for item in self.several(name) if item is not None and item != ""]

    def integers(self, name: str) -> list[int]:
        """Return an array of whole numbers without the empty items."""
        return [_as_integer(name, item) for item in self.several(name) if item is not None and item != ""]

    def mapping(self, name: str) -> dict[str, Any]:
        """Return a map such as `custom_fields`; an empty PHP array counts as an empty map."""
        value = self.values.get(name)
        if value is None or value in ([], ""):
            return {}
        if not isinstance(value, dict):
            raise invalid(f"wrong_{name}")
        return value


def as_flag(name: str, value: Any) -> bool:
    """Read a boolean as PHP clients write it; anything else is refused with 400 `wrong_<name>`."""
    word = _as_text(value).strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise invalid(f"wrong_{name}")


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)


def _as_integer(name: str, value: Any) -> int:
    if isinstance(value, bool | dict | list):
        raise invalid(f"wrong_{name}")
    try:
        return int(str(value).strip())
    except ValueError:
        raise invalid(f"wrong_{name}") from None
