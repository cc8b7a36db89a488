"""A ``[desks.x]`` table as text: the standard library reads TOML and does not write it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


def desk_table(name: str, values: Mapping[str, str | float], comments: Mapping[str, str] | None = None) -> str:
    """Return the table of a desk; ``comments`` stand behind the keys that they explain."""
    told = comments or {}
    lines = [f"[desks.{_key(name)}]"]
    for key, value in values.items():
        lines.append(f"{_key(key)} = {quoted(value)}" + (f"  # {told[key]}" if key in told else ""))
    return "\n".join([*lines, ""])


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else quoted(name)


def quoted(value: str | float) -> str:
    """Return a value as TOML writes it."""
    # A basic string of TOML is one of JSON, but for DEL, which JSON leaves as it is.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


__all__ = ["desk_table", "quoted"]
