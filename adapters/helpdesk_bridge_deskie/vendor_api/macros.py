"""Macros: Deskie's tree of macros as a list (observed: two branches, each a list or an object of categories)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from attrs import evolve

from helpdesk_bridge.adapter import BadResponse
from helpdesk_bridge_deskie.vendor_api.documents import Macro
from helpdesk_bridge_deskie.wire.documents import WIRE

_BRANCHES: Final = ("common", "personal")


def macros_in(document: Any) -> tuple[Macro, ...]:
    """Return the macros of an answer, in its order. Raises ``BadResponse`` naming the place."""
    if document and not any(branch in document for branch in _BRANCHES):
        raise BadResponse("expected the branches of macros", path="$.common")
    return tuple(macro for branch in _BRANCHES for macro in _branch(document.get(branch), branch))


def _branch(branch: Any, name: str) -> Iterator[Macro]:
    for place, category in _entries(branch, f"$.{name}"):
        at = f"$.{name}.{place}"
        if not isinstance(category, dict):
            raise BadResponse("expected a category of macros", path=at)
        head = WIRE.read(Macro, {"id": "", "branch": name, "category": category.get("title"),
                                 "category_id": category.get("macros_category_id")}, at=at)  # fmt: skip
        for macro_id, macro in _entries(category.get("data"), f"{at}.data"):
            if not isinstance(macro, dict):
                raise BadResponse("expected a macro", path=f"{at}.data.{macro_id}")
            known = {key: value for key, value in macro.items() if key in {"title", "group_name", "position"}}
            actions = [action for _, action in _entries(macro.get("actions"), f"{at}.data.{macro_id}.actions")]
            read = WIRE.read(
                Macro, {"id": macro_id, "branch": name, **known, "actions": actions}, at=f"{at}.data.{macro_id}"
            )
            yield evolve(read, category=head.category, category_id=head.category_id)


def _entries(value: Any, at: str) -> Iterator[tuple[str, Any]]:
    """Yield what an object or a list holds, with its keys or places; an empty one may be anything empty."""
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from ((str(place), item) for place, item in enumerate(value))
    elif value not in (None, ""):
        raise BadResponse("expected a list or an object", path=at)
