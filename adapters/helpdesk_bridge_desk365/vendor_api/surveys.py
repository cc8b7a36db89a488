"""Surveys and their answers. Documented: Desk365 API, "Survey data retrieval"; they can only be read."""

from __future__ import annotations

from attrs import frozen

from helpdesk_bridge_desk365.client.client import Rows
from helpdesk_bridge_desk365.vendor_api import arguments
from helpdesk_bridge_desk365.vendor_api.calls import Calls
from helpdesk_bridge_desk365.vendor_api.documents import Survey, SurveyAnswer


@frozen(eq=False)
class SurveyCalls:
    """Surveys and customers' answers."""

    _calls: Calls

    def surveys(self) -> tuple[Survey, ...]:
        """Return every survey, oldest first, deleted ones marked so."""
        return self._calls.page(Survey, "surveys.list", "/surveys", (), "surveys").items

    def survey(self, name: str) -> Survey:
        """Return a survey by its name. Raises ``NotFound`` for a deleted survey too.

        Documented: OpenAPI, "Deleted surveys cannot be retrieved".
        """
        params = (("survey_name", arguments.text(name, "name")),)
        return self._calls.read(Survey, "surveys.get", "/surveys/details", params)

    def survey_ratings(self, offset: int = 0) -> Rows[SurveyAnswer]:
        """Return up to 30 answers from a row on, oldest first."""
        params = arguments.page(offset)
        return self._calls.page(SurveyAnswer, "surveys.ratings", "/surveys/ratings", params, "survey_ratings")
