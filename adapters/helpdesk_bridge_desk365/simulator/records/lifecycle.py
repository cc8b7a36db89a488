"""Lifecycle: the effects of changes to a ticket, which are time stamps, due dates and surveys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from helpdesk_bridge_desk365.simulator.records.account import Account, due_date
from helpdesk_bridge_desk365.simulator.records.records import CONTACT, Message, SurveyAnswer, Ticket
from helpdesk_bridge_desk365.simulator.records.surveys import CLOSING_SURVEY

if TYPE_CHECKING:
    from datetime import datetime

RESOLVED: Final = "Resolved"
CLOSED: Final = "Closed"


def set_status(ticket: Ticket, status: str, now: datetime, *, by: str | None = None) -> bool:
    """Give the ticket a status and its stamps; tells whether it has just been closed.

    Closed sets both resolved_on and closed_on, Resolved only the first (observed: dossier section 3.1); reopening
    clears them (assumed).
    """
    closing = status == CLOSED and ticket.status != CLOSED
    if status == CLOSED:
        ticket.closed_on = ticket.closed_on or now
        ticket.resolved_on = ticket.resolved_on or ticket.closed_on
        ticket.closed_by = by if closing else ticket.closed_by
    else:
        ticket.closed_on = ticket.closed_by = None
        ticket.resolved_on = (ticket.resolved_on or now) if status == RESOLVED else None
    ticket.status = status
    return closing


def assign(ticket: Ticket, email: str | None, now: datetime) -> None:
    """Assign the ticket to an agent, or unassign it; the first assignment time is kept. observed: dossier section 3.6."""
    ticket.assigned_to = email
    if email is not None and ticket.first_assigned_time is None:
        ticket.first_assigned_time = now


def recompute_due_date(ticket: Ticket) -> None:
    """Move the due date after a change of priority or SLA. observed: dossier section 3.6."""
    ticket.due_date = due_date(ticket.sla, ticket.priority, ticket.created_on)


def add_message(account: Account, ticket: Ticket, message: Message) -> None:
    """Append to the thread; the first reply of an agent is the first response, a note never is.

    observed: dossier section 3.6; the status does not change by itself.
    """
    ticket.messages.append(message)
    if message.type == "reply" and message.sender_type != CONTACT and ticket.first_response_time is None:
        ticket.first_response_time = message.created_on
    account.touch(ticket, message.created_on)


def send_closing_survey(account: Account, ticket: Ticket, now: datetime) -> None:
    """Send the satisfaction survey. documented: Desk365 API, "8 = Ticket closed"."""
    ticket.surveys.append(SurveyAnswer(survey=CLOSING_SURVEY, sent_on=now))
    account.mail(CONTACT, "survey", ticket, [ticket.contact.email])
