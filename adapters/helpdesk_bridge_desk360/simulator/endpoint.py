"""Endpoints: the vendor's calls as routes under ``/v1``, whose problems become error answers."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Concatenate, Final, ParamSpec, TypeVar

from helpdesk_bridge.testing.simulator.routing import DOCUMENTED, Provenance, route
from helpdesk_bridge_desk360.simulator.refusals import CODES, Problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpdesk_bridge.testing.simulator.app import Call, Reply
    from helpdesk_bridge_desk360.simulator.service import RouteGroup

VERSION: Final = "/v1"
PER_INTEGRATION: Final = "/integrations/<integration_id>"
MESSAGES: Final = f"{PER_INTEGRATION}/conversations/messages"
TEMPLATES: Final = f"{PER_INTEGRATION}/conversations/templates"
_LIMITED: Final = 429

Group = TypeVar("Group", bound="RouteGroup")
Arguments = ParamSpec("Arguments")


def endpoint(
    method: str, path: str, *, source: str, provenance: Provenance = DOCUMENTED
) -> Callable[
    [Callable[Concatenate[Group, Call, Arguments], Reply]],
    Callable[Concatenate[Group, Call, Arguments], Reply],
]:
    """Make a method answer ``method /v1path``; a fault of the name of an error code is answered with that error."""

    def register(
        handler: Callable[Concatenate[Group, Call, Arguments], Reply],
    ) -> Callable[Concatenate[Group, Call, Arguments], Reply]:
        @functools.wraps(handler)
        def answer(self: Group, call: Call, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Reply:
            try:
                _act_out(call)
                return handler(self, call, *args, **kwargs)
            except Problem as problem:
                return self.service.refusal(problem)

        return route(method, VERSION + path, provenance=provenance, source=f"Desk360 API, {source}")(answer)

    return register


def _act_out(call: Call) -> None:
    if call.fault is None or call.fault.kind not in CODES:
        return
    limited = CODES[call.fault.kind].status == _LIMITED and call.fault.retry_after is not None
    raise Problem(call.fault.kind, headers={"Retry-After": str(call.fault.retry_after)} if limited else None)
