"""The changelog of a case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpdesk_bridge.testing.simulator.app import OBSERVED, Call, Reply, route
from helpdesk_bridge_deskie.simulator.refusals import invalid
from helpdesk_bridge_deskie.simulator.service import RouteGroup

if TYPE_CHECKING:
    from helpdesk_bridge_deskie.simulator.parameters import Params
    from helpdesk_bridge_deskie.simulator.records.records import Change

_EVENTS = ("staff", "status", "group", "priority", "subject", "labels")
_PAIR = 2


class ChangelogRoutes(RouteGroup):
    """The changes of a case since it is in this account; seed data brings no history."""

    @route("GET", "/api/cases/<ident>/changelog.json", provenance=OBSERVED, source="a client's fixtures")
    def case_changelog(self, call: Call, ident: str) -> Reply:
        """List the changes, narrowed by pairs such as `status=any,closed` (observed), or by one new value (recorded)."""
        case, params = self.service.access.case_for(call, ident), self.service.query(call)
        wanted = _wanted(params)
        changes = [self._rendered(change) for change in case.changes if not wanted or _matches(change, wanted)]
        return Reply.json({"changelog": changes}, indent=4)

    def _rendered(self, change: Change) -> dict[str, Any]:
        return {
            "created_at": self.renderer.moment(change.created_at),
            "event": change.event,
            "done_by": change.done_by,
            "old_value": change.old_value,
            "value": change.value,
        }


def _wanted(params: Params) -> dict[str, tuple[str, str]]:
    pairs = {name: text for name in _EVENTS if (text := params.text(name))}
    for key, text in params.mapping("custom_fields").items():
        pairs["custom_field_" + key.removeprefix("cf_")] = str(text)
    wanted: dict[str, tuple[str, str]] = {}
    if params.integers("rules"):
        # observed: what a rule did is an event of this name; there are no rules in this account.
        wanted["rules"] = ("any", "any")
    for event, text in pairs.items():
        parts = text.split(",")
        if len(parts) == 1:
            parts = ["any", text]
        if len(parts) != _PAIR:
            raise invalid(f"wrong_{event}")
        wanted[event] = (parts[0].strip(), parts[1].strip())
    return wanted


def _matches(change: Change, wanted: dict[str, tuple[str, str]]) -> bool:
    if change.event not in wanted:
        return False
    old, new = wanted[change.event]
    return _fits(change.old_value, old) and _fits(change.value, new)


def _fits(value: str, word: str) -> bool:
    return word == "any" or (value in ("", "0") if word == "empty" else value == word)
