"""From a vendor's name to its adapter, by entry points: a third party's wheel is found as ours are."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, Final

from helpdesk_bridge.errors import ConfigError

if TYPE_CHECKING:
    from helpdesk_bridge.adapter import Vendor

GROUP: Final = "helpdesk_bridge.adapters"
_registered: dict[str, Vendor] = {}


@cache
def _entry_points() -> dict[str, EntryPoint]:
    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=GROUP):
        other = found.get(point.name)
        if other is not None and other.value != point.value:
            raise ConfigError(
                f"two packages claim the vendor {point.name!r}: {other.value} and {point.value}; uninstall one of them"
            )
        found[point.name] = point
    return found


def names() -> tuple[str, ...]:
    """Return the names of all vendors that are installed, sorted."""
    return tuple(sorted({*_entry_points(), *_registered}))


def vendor(name: str) -> Vendor:
    """Return a vendor. Raises ``ConfigError`` for a name that no installed package claims."""
    if name in _registered:
        return _registered[name]
    point = _entry_points().get(name)
    if point is None:
        near = difflib.get_close_matches(name, names(), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ConfigError(f"unknown vendor {name!r}{hint} (installed: {', '.join(names())})")
    value: Vendor = point.load()
    if value.name != name:
        raise ConfigError(f"the package {point.value} calls its vendor {value.name!r}, its entry point {name!r}")
    return value


def register(value: Vendor) -> Callable[[], None]:
    """Add a vendor in this process, for tests; returns what takes it back."""
    _registered[value.name] = value

    def unregister() -> None:
        _registered.pop(value.name, None)

    return unregister


def load(dotted: str) -> Any:
    """Return what a dotted name ``package.module:attribute`` means."""
    module, _, attribute = dotted.partition(":")
    return getattr(import_module(module), attribute)
