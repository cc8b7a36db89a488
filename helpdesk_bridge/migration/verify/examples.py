"""Examples: some tickets whose addresses at both desks a report shows, so that its reader can look for themselves."""

from __future__ import annotations

from itertools import islice
from typing import Any, Final

from helpdesk_bridge.migration.journal.states import Key, Kind, State
from helpdesk_bridge.migration.load.context import LoadContext
from helpdesk_bridge.migration.sample.choice import Choice
from helpdesk_bridge.migration.verify.verify import BACK_TICKET
from helpdesk_bridge.model.records import Ticket

EXAMPLES: Final = "examples"
"""Under which name the journal keeps them."""
MOST: Final = 12


def examples(context: LoadContext) -> list[dict[str, Any]]:
    """Return ids and addresses of some tickets: the sample's first, then those spread over all. Asks nobody."""
    journal, spool = context.journal, context.spool
    sampled = [one.ticket for one in Choice.kept(journal.facts).tickets]
    total = journal.counts()[Kind.TICKET].get(State.DONE, 0)
    spread = (one.key.id for one in islice(journal.each(Kind.TICKET, State.DONE), 0, None, max(1, total // MOST)))
    rows = []
    for source_id in dict.fromkeys((*sampled, *islice(spread, MOST))):
        record = journal.get(Key(Kind.TICKET, source_id))
        if record is None or not record.destination:
            continue
        before = spool.get(Kind.TICKET.value, source_id, Ticket)
        after = spool.get(BACK_TICKET, record.destination[0], Ticket)
        urls = {"source_url": before and before.url, "destination_url": after and after.url}
        rows.append({"source": source_id, "destination": record.destination[0], **urls})
    return rows[:MOST]
