"""The whole simulated account."""

from __future__ import annotations

from helpdesk_bridge_deskie.simulator.faults import FaultyLists
from helpdesk_bridge_deskie.simulator.routes.changelog import ChangelogRoutes
from helpdesk_bridge_deskie.simulator.routes.companies import CompanyRoutes
from helpdesk_bridge_deskie.simulator.routes.files import FileRoutes
from helpdesk_bridge_deskie.simulator.routes.groups import GroupRoutes
from helpdesk_bridge_deskie.simulator.routes.ideas import IdeaRoutes
from helpdesk_bridge_deskie.simulator.routes.knowledge_base import KnowledgeBaseRoutes
from helpdesk_bridge_deskie.simulator.routes.messages import MessageRoutes
from helpdesk_bridge_deskie.simulator.routes.reference import ReferenceRoutes
from helpdesk_bridge_deskie.simulator.routes.staff import StaffRoutes
from helpdesk_bridge_deskie.simulator.routes.statistics import StatisticsRoutes
from helpdesk_bridge_deskie.simulator.routes.users import UserRoutes


class DeskieSimulator(
    MessageRoutes,
    ChangelogRoutes,
    UserRoutes,
    CompanyRoutes,
    StaffRoutes,
    GroupRoutes,
    KnowledgeBaseRoutes,
    IdeaRoutes,
    StatisticsRoutes,
    ReferenceRoutes,
    FileRoutes,
    FaultyLists,
):
    """A Deskie account over HTTP, as the vendor's paper, its customers' clients and, where both are silent, reason say.

    Its agents share one rate limit; `account` holds its records, `seeded` tells which id a key of the seed got, and
    `GET /_sim/outbox` lists the e-mails that customers would have received.
    """
