"""The whole simulated account."""

from __future__ import annotations

from .faults import FaultyLists
from .routes.changelog import ChangelogRoutes
from .routes.companies import CompanyRoutes
from .routes.files import FileRoutes
from .routes.groups import GroupRoutes
from .routes.ideas import IdeaRoutes
from .routes.knowledgebase import KnowledgeBaseRoutes
from .routes.messages import MessageRoutes
from .routes.reference import ReferenceRoutes
from .routes.staff import StaffRoutes
from .routes.statistics import StatisticsRoutes
from .routes.users import UserRoutes


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
