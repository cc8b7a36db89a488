"""The whole simulated account: every operation, ping, the files it links to, and its outbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import asdict

from helpdesk_bridge.testing.simulator import ASSUMED, OBSERVED, Call, Reply, route
from helpdesk_bridge_desk365.simulator.faults import FaultyLists
from helpdesk_bridge_desk365.simulator.files import FILES_PATH, INLINE_PATH
from helpdesk_bridge_desk365.simulator.routes.companies import Companies
from helpdesk_bridge_desk365.simulator.routes.contacts import Contacts
from helpdesk_bridge_desk365.simulator.routes.contracts import Contracts
from helpdesk_bridge_desk365.simulator.routes.knowledge_base import KnowledgeBaseArticles, KnowledgeBasePlaces
from helpdesk_bridge_desk365.simulator.routes.messages import MessageWriting
from helpdesk_bridge_desk365.simulator.routes.special_access import Agents, AssetLocations, TimeEntries
from helpdesk_bridge_desk365.simulator.routes.surveys import Surveys
from helpdesk_bridge_desk365.simulator.routes.ticket_writes import TicketWriting
from helpdesk_bridge_desk365.simulator.service import PING

if TYPE_CHECKING:
    from helpdesk_bridge_desk365.simulator.records.records import Mail

GREETING = "All good! Desk365 APIs are running fine"
"""observed: the body of ping, which is not JSON although its content type says so, dossier section 6.1."""


class Desk365Simulator(
    TicketWriting,
    MessageWriting,
    Contacts,
    Companies,
    Surveys,
    TimeEntries,
    KnowledgeBaseArticles,
    KnowledgeBasePlaces,
    Contracts,
    Agents,
    AssetLocations,
    FaultyLists,
):
    """A Desk365 v3 account that answers HTTP."""

    @property
    def outbox(self) -> tuple[Mail, ...]:
        """The e-mails that the account would have sent since it was seeded; private notes send none to contacts."""
        with self.lock:
            return tuple(self.tenant.mails)

    @route("GET", PING, provenance=OBSERVED, source="recorded responses")
    def ping(self, _call: Call) -> Reply:
        """Plain text under a JSON content type; no key, no limit, no rate header."""
        return Reply(200, GREETING.encode(), {"Content-Type": "application/json"})

    @route("GET", f"{FILES_PATH}/<key>/<path:name>", provenance=OBSERVED, source="recorded attachment URLs")
    def download_file(self, call: Call, key: str, name: str) -> Reply:  # noqa: ARG002 - the name is for people
        """Return an attachment by its signed URL; not counted against the limit (assumed)."""
        return self.links.download(call, key)

    @route("GET", f"{INLINE_PATH}/<key>/<path:name>", provenance=OBSERVED, source="recorded message bodies")
    def inline_image(self, _call: Call, key: str, name: str) -> Reply:  # noqa: ARG002 - the name is for people
        """Return an inline image by its public URL."""
        return self.links.inline_image(key)

    @route("GET", "/_sim/outbox", provenance=ASSUMED, admin=True)
    def sim_outbox(self, _call: Call) -> Reply:
        """Show the outbox: how many e-mails to contacts, and each one."""
        mails = self.outbox
        to_contacts = sum(mail.audience == "contact" for mail in mails)
        return Reply.json({"count": len(mails), "to_contacts": to_contacts, "mails": [asdict(mail) for mail in mails]})
