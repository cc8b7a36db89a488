"""Time entries, which can only be read. Documented: OpenAPI, TimeEntryModel."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from helpdesk_bridge_desk365.client.client import TICKET_COUNTS, Rows
from helpdesk_bridge_desk365.vendor_api import arguments
from helpdesk_bridge_desk365.vendor_api.calls import Calls
from helpdesk_bridge_desk365.vendor_api.documents import TimeEntry


@frozen(eq=False)
class TimeEntryCalls:
    """Time that agents spent on tickets."""

    _calls: Calls

    def time_entries(
        self,
        *,
        ticket: str | int | None = None,
        agent: str | None = None,
        company: str | None = None,
        started_before: datetime | None = None,
        started_after: datetime | None = None,
        created_after: datetime | None = None,
        updated_after: datetime | None = None,
        billable: bool | None = None,
        timer_running: bool | None = None,
        count: int = TICKET_COUNTS[0],
        offset: int = 0,
    ) -> Rows[TimeEntry]:
        """Return up to ``count`` (30, 50 or 100) entries from a row on; parameters together mean all of them."""
        moments = {
            "started_before": started_before,
            "started_after": started_after,
            "created_after": created_after,
            "updated_after": updated_after,
        }
        flags = {"billable": billable, "timer_running": timer_running}
        wanted = arguments.given(
            ticket_number=None if ticket is None else arguments.ticket_number(ticket),
            agent_email=None if agent is None else arguments.email(agent, "agent"),
            company_name=None if company is None else arguments.text(company, "company"),
            **{name: arguments.moment(value, name) for name, value in moments.items() if value is not None},
            **{name: arguments.truth(value, name) for name, value in flags.items() if value is not None},
        )
        params = (*arguments.page(offset, count, TICKET_COUNTS, "time_entries_count"), *wanted.items())
        return self._calls.page(TimeEntry, "time_entries.list", "/time_entries", params, "content")

    def time_entry(self, entry_id: int) -> TimeEntry:
        """Return one entry."""
        params = (("id", str(arguments.whole(entry_id, "entry_id"))),)
        return self._calls.read(TimeEntry, "time_entries.get", "/time_entries/details", params)
