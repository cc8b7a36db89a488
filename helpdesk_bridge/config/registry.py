"""The registry of vendors: a name leads to an adapter by entry points, for third parties' packages too."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, Final

from helpdesk_bridge.errors import ConfigError

if TYPE_CHECKING:
    from helpdesk_bridge.adapter.contract import Vendor

GROUP: Final = "helpdesk_bridge.adapters"
_registered: dict[str, Vendor] = {}
_BUILT_IN: Final = {"archive": "helpdesk_bridge.archive.vendor:VENDOR"}
"""Vendors of this package that nobody has an account at: they can be named, and are not among ``names``."""


@cache
def _entry_points() -> dict[str, tuple[EntryPoint, ...]]:
    """Return the entry points by name; one that the interpreter's path leads to twice counts once."""
    points: dict[str, dict[str, EntryPoint]] = {}
    for point in entry_points(group=GROUP):
        points.setdefault(point.name, {})[point.value] = point
    return {name: tuple(by_value.values()) for name, by_value in points.items()}


def names() -> tuple[str, ...]:
    """Return the names of all vendors that are installed, sorted."""
    return tuple(sorted({*_entry_points(), *_registered}))


def vendor(name: str) -> Vendor:
    """Return a vendor.

    Raises ``ConfigError`` for a name that no installed package claims or that two claim, and for a package that cannot
    be loaded or is written for another version of ``helpdesk_bridge.adapter``.
    """
    if name in _registered:
        value = _registered[name]
        _check_version(value, lambda: f"the vendor {name!r} of this program")
        return value
    points = _entry_points().get(name)
    if points is None and name in _BUILT_IN:
        built_in: Vendor = load(_BUILT_IN[name])
        return built_in
    if points is None:
        near = difflib.get_close_matches(name, names(), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ConfigError(f"unknown vendor {name!r}{hint} (installed: {', '.join(names())})")
    point, *others = points
    if others:
        claims = " and ".join(sorted(map(_package, points)))
        raise ConfigError(f"several packages claim the vendor {name!r}: {claims}; uninstall all but one")
    return _loaded(point)


def _loaded(point: EntryPoint) -> Vendor:
    from helpdesk_bridge.adapter.contract import Vendor

    try:
        value = point.load()
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"{_package(point)} cannot be loaded: {error}; install it again, in a release for this helpdesk-bridge"
        ) from error
    if not isinstance(value, Vendor):
        raise ConfigError(f"{_package(point)} is a {type(value).__name__}; an entry point of {GROUP} names a Vendor")
    _check_version(value, lambda: _package(point))
    if value.name != point.name:
        raise ConfigError(f"{_package(point)} calls its vendor {value.name!r} and its entry point {point.name!r}")
    return value


def _package(point: EntryPoint) -> str:
    """Return what an error calls a package; reading its version takes longer than all else at an opening."""
    return point.value if point.dist is None else f"{point.dist.name} {point.dist.version} ({point.value})"


def _check_version(value: Vendor, package: Callable[[], str]) -> None:
    from helpdesk_bridge.adapter.contract import API_VERSION, OLDEST_API_VERSION

    version: object = value.api_version
    if type(version) is not int:
        raise ConfigError(f"{package()} gives a {type(version).__name__} as its api_version; expected a whole number")
    if OLDEST_API_VERSION <= version <= API_VERSION:
        return
    written = f"{package()} is written for version {version} of helpdesk_bridge.adapter"
    if version > API_VERSION:
        raise ConfigError(
            f"{written}, and this helpdesk-bridge has version {API_VERSION}: upgrade helpdesk-bridge, or "
            "install an older release of the package"
        )
    raise ConfigError(
        f"{written}, and this helpdesk-bridge takes {OLDEST_API_VERSION} to {API_VERSION}: install a newer "
        "release of the package, or an older helpdesk-bridge"
    )


def register(value: Vendor) -> Callable[[], None]:
    """Add a vendor in this process, for tests; returns what removes it again."""
    _registered[value.name] = value

    def unregister() -> None:
        _registered.pop(value.name, None)

    return unregister


def load(dotted: str) -> Any:
    """Return the object that a dotted name ``package.module:attribute`` names."""
    module, _, attribute = dotted.partition(":")
    return getattr(import_module(module), attribute)
