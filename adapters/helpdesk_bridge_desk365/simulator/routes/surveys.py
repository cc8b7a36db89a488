"""Routes of surveys."""

from __future__ import annotations

from typing import Final

from helpdesk_bridge.testing.simulator import DOCUMENTED, Call, Reply, route
from helpdesk_bridge_desk365.simulator.refusals import missing
from helpdesk_bridge_desk365.simulator.rendering import rating_document
from helpdesk_bridge_desk365.simulator.service import ROOT, RouteGroup

_PAGE_SIZE: Final = 30
_SOURCE: Final = 'Desk365 API, "Survey data retrieval"'


class SurveyRoutes(RouteGroup):
    """Surveys are read-only through the API."""

    @route("GET", f"{ROOT}/surveys", provenance=DOCUMENTED, source=_SOURCE)
    def list_surveys(self, _call: Call) -> Reply:
        """All surveys in order of creation, deleted ones marked so."""
        surveys = self.account.surveys
        return self.service.answer({"count": len(surveys), "surveys": [survey.wire() for survey in surveys]})

    @route("GET", f"{ROOT}/surveys/details", provenance=DOCUMENTED, source=_SOURCE)
    def survey_details(self, call: Call) -> Reply:
        """One survey by `survey_name`; a deleted one is 404."""
        survey = self.account.survey(self.service.required(call, "survey_name"))
        if survey is None or survey.is_deleted:
            raise missing("survey")
        return self.service.answer(survey.wire())

    @route("GET", f"{ROOT}/surveys/ratings", provenance=DOCUMENTED, source=_SOURCE)
    def list_ratings(self, call: Call) -> Reply:
        """Give a page of 30 answers, oldest first; what was sent and not answered is no rating (assumed)."""
        answers = [
            (ticket, answer) for ticket in self.account.tickets.values() for answer in ticket.surveys if answer.answered
        ]
        answers.sort(key=lambda pair: (pair[1].sent_on, pair[0].number))
        page = [
            rating_document(self.account, ticket, answer)
            for ticket, answer in self.service.page(call, answers, _PAGE_SIZE)
        ]
        return self.service.answer({"count": len(answers), "survey_ratings": page})
