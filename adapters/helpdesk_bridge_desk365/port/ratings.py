"""Labels of customer-satisfaction ratings, which only the survey's definition has."""

from __future__ import annotations

from typing import Final

from helpdesk_bridge.adapter import NotFound, new_lock
from helpdesk_bridge_desk365.client.client import Desk365Client
from helpdesk_bridge_desk365.vendor_api.documents import Survey
from helpdesk_bridge_desk365.vendor_api.reading import read
from helpdesk_bridge_desk365.wire.documents import SurveyDocument

CUSTOMER_SATISFACTION: Final = 1
"""Documented: Desk365 API, "Fixed numerical values": survey type 1."""


class RatingLabels:
    """Looks up a rating's label through ``sv_name``; each survey is read once.

    Documented: Desk365 API, "Survey Rating": -3 to 3, mapped to text in the survey details endpoint; deleted surveys
    cannot be retrieved, and their ratings have no label.
    """

    def __init__(self, client: Desk365Client) -> None:
        self._client = client
        self._known: dict[str, Survey | None] = {}
        self._lock = new_lock()

    def label(self, survey: SurveyDocument | None) -> str | None:
        """Return the label of a rating, or None."""
        if survey is None or survey.sv_rating is None or not survey.sv_name or survey.sv_type != CUSTOMER_SATISFACTION:
            return None
        definition = self._definition(survey.sv_name)
        words = definition.cs_scale_point_map if definition is not None else None
        word = (words or {}).get(str(survey.sv_rating))
        return word if isinstance(word, str) else None

    def _definition(self, name: str) -> Survey | None:
        with self._lock:
            if name not in self._known:
                try:
                    answer = self._client.read("surveys.get", "/surveys/details", (("survey_name", name),))
                    self._known[name] = read(Survey, answer.json(), odd=self._client.odd)
                except NotFound:
                    self._known[name] = None
            return self._known[name]
