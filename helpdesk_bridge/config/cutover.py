"""Keys for changing vendors under a running application: ``previous`` (journals of moves) and ``shadow`` (compared reads)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from helpdesk_bridge.errors import ConfigError

_SHADOW_KEYS: Final = ("desk", "share", "budget")


@frozen
class ShadowSettings:
    """Which ``desk`` reads are compared with, which ``share`` of them, and which share of its ``budget`` they may use."""

    desk: str
    share: float = 0.1
    budget: float = 0.1


def previous_journals(value: object, where: str, path_of: Callable[[str], Path]) -> tuple[Path, ...]:
    """Return the journals that ``previous`` names. Raises ``ConfigError`` for one that is not there."""
    named = [value] if isinstance(value, str) else value
    if not isinstance(named, list) or not named or not all(isinstance(path, str) and path for path in named):
        raise ConfigError(f"{where} previous: expected the path of a migration's journal, or a list of them")
    journals = tuple(path_of(str(path)) for path in named)
    for journal in journals:
        if not journal.is_file():
            raise ConfigError(
                f"{where} previous: there is no journal {journal}; name the file that migrate --journal wrote"
            )
    return journals


def shadow_settings(value: object, where: str) -> ShadowSettings:
    """Return what ``shadow`` says. Raises ``ConfigError`` for what is neither a desk's name nor a table of its keys."""
    table = {"desk": value} if isinstance(value, str) else value
    if not isinstance(table, Mapping) or not isinstance(table.get("desk"), str) or not table["desk"]:
        raise ConfigError(
            f'{where} shadow: expected the name of a desk, or {{ desk = "NAME", share = 0.1, budget = 0.1 }}'
        )
    unknown = sorted(table.keys() - set(_SHADOW_KEYS))
    if unknown:
        raise ConfigError(f"{where} shadow: unknown key {unknown[0]!r}; it takes {', '.join(_SHADOW_KEYS)}")
    shares = {name: _share(table[name], f"{where} shadow.{name}") for name in _SHADOW_KEYS[1:] if name in table}
    return ShadowSettings(table["desk"], **shares)


def _share(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= 1:
        raise ConfigError(f"{where}: expected a number above 0 and at most 1, such as 0.1 for a tenth")
    return float(value)
