"""The whole simulated account."""

from __future__ import annotations

from helpdesk_bridge_desk360.simulator.faults import FaultyLists
from helpdesk_bridge_desk360.simulator.routes.control import ControlRoutes
from helpdesk_bridge_desk360.simulator.routes.lists import ListRoutes
from helpdesk_bridge_desk360.simulator.routes.media import MediaRoutes
from helpdesk_bridge_desk360.simulator.routes.messages import MessageRoutes
from helpdesk_bridge_desk360.simulator.routes.templates import TemplateRoutes


class Desk360Simulator(ListRoutes, TemplateRoutes, MessageRoutes, MediaRoutes, ControlRoutes, FaultyLists):
    """A Desk360 account with the public API v1, as its papers, its customers' clients and, where they fail, reason say.

    `account` holds its records. What customers would have received is under `GET /_sim/outbox`, what they write comes
    in by `inject` or `POST /_sim/inbound` and leaves as webhooks.
    """
