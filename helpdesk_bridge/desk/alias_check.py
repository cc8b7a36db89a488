"""Alias check: whether the names at the vendor that the alias tables lead to are there."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from helpdesk_bridge.adapter import Finding, Severity
from helpdesk_bridge.config.aliases import Aliases, AliasTable
from helpdesk_bridge.errors import HelpdeskError
from helpdesk_bridge.model.capabilities import Capabilities
from helpdesk_bridge.ports import Lists, Missing

SUBJECT: Final = "aliases"
_NAMES: Final[Mapping[str, Callable[[Any], tuple[str | None, ...]]]] = {
    "custom_fields": lambda one: (one.name, one.key),
    "groups": lambda one: (one.name, one.id),
    "agents": lambda one: (one.email, one.id),
    "tags": lambda one: (one.name,),
}
"""By which of its names an entry of a list is written. Statuses are looked at when the desk is opened."""
_MADE_ON_USE: Final = frozenset({"tags"})
"""Writing such a name is enough for the vendor to have it."""


def alias_findings(
    aliases: Aliases, capabilities: Capabilities, facets: Mapping[str, Lists[Any] | Missing], *, takes_any: bool
) -> list[Finding]:
    """Return a line for each alias whose name the vendor does not have, or one that says that all are there.

    Costs a call for each list that a table leads to. ``takes_any`` is of a desk that makes the fields that it is given.
    """
    lacking: list[Finding] = []
    looked_at = 0
    for name in _NAMES:
        table: AliasTable = getattr(aliases, name)
        facet = facets[name]
        if not table.entries or not facet or (takes_any and name in ("tags", "custom_fields")):
            continue
        try:
            listed = facet.list()
        except HelpdeskError as error:
            lacking.append(Finding(Severity.WARNING, SUBJECT, f"{name}: not checked, the list cannot be read: {error}"))
            continue
        looked_at += len(table.entries)
        lacking += _lacking(name, table, listed, complete=name in capabilities.complete_lists)
    if not looked_at or lacking:
        return lacking
    return [Finding(Severity.OK, SUBJECT, f"all {looked_at} lead to what the account has" if looked_at > 1 else "it leads to what the account has")]  # fmt: skip


def _lacking(name: str, table: AliasTable, listed: Any, *, complete: bool) -> Iterator[Finding]:
    known = {table.same(one): one for entry in listed for one in _NAMES[name](entry) if one}
    for ours, theirs in table.entries.items():
        if table.same(theirs) in known:
            continue
        near = difflib.get_close_matches(table.same(theirs), known, n=1)
        hint = f"; did you mean {known[near[0]]!r}?" if near else ""
        if not complete:
            yield Finding(
                Severity.WARNING, SUBJECT, f"{name}.{ours} = {theirs!r}: not seen so far, and not all are listed{hint}"
            )
        elif name in _MADE_ON_USE:
            yield Finding(
                Severity.WARNING, SUBJECT, f"{name}.{ours} = {theirs!r}: not there yet; writing it makes it{hint}"
            )
        else:
            yield Finding(
                Severity.PROBLEM, SUBJECT, f"{name}.{ours} = {theirs!r}: the account has none of this name{hint}"
            )
