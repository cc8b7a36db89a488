"""Admin routes for Desk365: the outbox, and answers to surveys."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import Any

from attrs import asdict

from helpdesk_bridge.testing.simulator import ASSUMED, Call, Reply, route
from helpdesk_bridge_desk365.simulator.parameters import json_object
from helpdesk_bridge_desk365.simulator.records.records import SurveyAnswer, Ticket
from helpdesk_bridge_desk365.simulator.records.surveys import CLOSING_SURVEY, RANGES, Survey
from helpdesk_bridge_desk365.simulator.refusals import invalid, missing
from helpdesk_bridge_desk365.simulator.service import RouteGroup


class ControlRoutes(RouteGroup):
    """Show what the account would have mailed, and answer its surveys."""

    @route("GET", "/_sim/outbox", provenance=ASSUMED, admin=True)
    def sim_outbox(self, _call: Call) -> Reply:
        """Show the outbox: how many e-mails to contacts, and each one."""
        mails = self.account.mails
        to_contacts = sum(mail.audience == "contact" for mail in mails)
        return Reply.json({"count": len(mails), "to_contacts": to_contacts, "mails": [asdict(mail) for mail in mails]})

    @route("POST", "/_sim/surveys", admin=True)
    def sim_survey(self, call: Call) -> Reply:
        """Send a survey for a ticket, and answer it if `rating` is given; no e-mail is recorded.

        `{"ticket_number", "survey_name"?, "rating"?, "rating_2"?, "rating_3"?, "comment"?}`
        """
        body = json_object(call)
        ticket = self.account.tickets.get(body.get("ticket_number", 0))
        survey = self.account.survey(str(body.get("survey_name", CLOSING_SURVEY)))
        if ticket is None or survey is None:
            raise missing("ticket or survey")
        self._answer_survey(ticket, survey, body)
        return self.service.answer({"surveys": len(ticket.surveys)}, HTTPStatus.CREATED)

    def _answer_survey(self, ticket: Ticket, survey: Survey, body: dict[str, Any]) -> None:
        ratings = [body.get(name) for name in ("rating", "rating_2", "rating_3")]
        if any(rating is not None and rating not in RANGES[survey.type] for rating in ratings):
            raise invalid("A rating is out of the survey's range.", "rating")
        now = self.service.now()
        answer = SurveyAnswer(survey.name, sent_on=now, comment=body.get("comment") or None)
        answer.rating, answer.rating_2, answer.rating_3 = ratings
        if answer.rating is not None:
            answer.rated_on = now + timedelta(minutes=1)
        ticket.surveys.append(answer)
        self.account.changed(ticket)
