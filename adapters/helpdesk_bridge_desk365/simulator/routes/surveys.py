"""The operations on surveys, and the simulator's own way to record an answer."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final

from helpdesk_bridge.testing.simulator import DOCUMENTED, Call, Reply, route
from helpdesk_bridge_desk365.simulator.parameters import json_object
from helpdesk_bridge_desk365.simulator.records.records import SurveyAnswer, Ticket
from helpdesk_bridge_desk365.simulator.records.surveys import CLOSING_SURVEY, RANGES, Survey
from helpdesk_bridge_desk365.simulator.refusals import invalid, missing
from helpdesk_bridge_desk365.simulator.rendering import rating_document
from helpdesk_bridge_desk365.simulator.service import ROOT, Desk365Service
from helpdesk_bridge_desk365.simulator.text import whole_second

_PAGE_SIZE: Final = 30
_SOURCE: Final = 'Desk365 API, "Survey data retrieval"'


class Surveys(Desk365Service):
    """Surveys are read-only through the API."""

    @route("GET", f"{ROOT}/surveys", provenance=DOCUMENTED, source=_SOURCE)
    def list_surveys(self, _call: Call) -> Reply:
        """All surveys in order of creation, deleted ones marked so."""
        surveys = self.tenant.surveys
        return self.answer({"count": len(surveys), "surveys": [survey.wire() for survey in surveys]})

    @route("GET", f"{ROOT}/surveys/details", provenance=DOCUMENTED, source=_SOURCE)
    def survey_details(self, call: Call) -> Reply:
        """One survey by `survey_name`; a deleted one is 404."""
        survey = self.tenant.survey(self.required(call, "survey_name"))
        if survey is None or survey.is_deleted:
            raise missing("survey")
        return self.answer(survey.wire())

    @route("GET", f"{ROOT}/surveys/ratings", provenance=DOCUMENTED, source=_SOURCE)
    def list_ratings(self, call: Call) -> Reply:
        """Give a page of 30 answers, oldest first; what was sent and not answered is no rating (assumed)."""
        answers = [
            (ticket, answer) for ticket in self.tenant.tickets.values() for answer in ticket.surveys if answer.answered
        ]
        answers.sort(key=lambda pair: (pair[1].sent_on, pair[0].number))
        page = [rating_document(self.tenant, ticket, answer) for ticket, answer in self.page(call, answers, _PAGE_SIZE)]
        return self.answer({"count": len(answers), "survey_ratings": page})

    @route("POST", "/_sim/surveys", admin=True)
    def sim_survey(self, call: Call) -> Reply:
        """Send a survey for a ticket, and answer it if `rating` is given; no e-mail is recorded.

        `{"ticket_number", "survey_name"?, "rating"?, "rating_2"?, "rating_3"?, "comment"?}`
        """
        body = json_object(call)
        ticket = self.tenant.tickets.get(body.get("ticket_number", 0))
        survey = self.tenant.survey(str(body.get("survey_name", CLOSING_SURVEY)))
        if ticket is None or survey is None:
            raise missing("ticket or survey")
        self._answer_survey(ticket, survey, body)
        return self.answer({"surveys": len(ticket.surveys)}, HTTPStatus.CREATED)

    def _answer_survey(self, ticket: Ticket, survey: Survey, body: dict[str, Any]) -> None:
        ratings = [body.get(name) for name in ("rating", "rating_2", "rating_3")]
        if any(rating is not None and rating not in RANGES[survey.type] for rating in ratings):
            raise invalid("A rating is out of the survey's range.", "rating")
        now = whole_second(self.clock.now())
        answer = SurveyAnswer(survey.name, sent_on=now, comment=body.get("comment") or None)
        answer.rating, answer.rating_2, answer.rating_3 = ratings
        if answer.rating is not None:
            answer.rated_on = now + timedelta(minutes=1)
        ticket.surveys.append(answer)
        self.tenant.changed(ticket)
