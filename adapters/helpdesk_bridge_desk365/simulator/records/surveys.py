"""Surveys of the simulated account: one of each type in use, and a deleted survey."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

CSAT: Final = 1
FIVE_STAR: Final = 2
NET_PROMOTER: Final = 3
"""documented: Desk365 API, "Fixed numerical values", Survey Type."""

RANGES: Final[Mapping[int, range]] = MappingProxyType(
    {CSAT: range(-3, 4), FIVE_STAR: range(1, 6), NET_PROMOTER: range(11)}
)
"""documented: Desk365 API, "-3 to 3", for satisfaction; assumed: the others, dossier section 2."""

TICKET_RESOLVED: Final = 7
TICKET_CLOSED: Final = 8
"""documented: Desk365 API, "Retrieving all survey details", notify_type."""


@frozen
class Survey:
    """A survey's definition; questions 2 and 3 and the scale belong to satisfaction surveys alone."""

    name: str
    type: int
    question: str
    scale: int | None = None
    words: tuple[tuple[int, str], ...] = ()
    question_2: str | None = None
    question_3: str | None = None
    comments_title: str | None = "Add any additional comments you may have about the support received"
    neutral_type: int | None = None
    rating_order: int | None = None
    notify: int = TICKET_CLOSED
    is_active: bool = True
    is_deleted: bool = False

    def wire(self) -> dict[str, Any]:
        """Return the survey as /surveys and /surveys/details give it. documented: OpenAPI, SurveyDetailsModel."""
        return {
            "survey_name": self.name,
            "survey_type": self.type,
            "cs_survey_scale": self.scale,
            "cs_rating_order": self.rating_order,
            "cs_neutral_type": self.neutral_type,
            "cs_scale_point_map": {str(point): word for point, word in self.words} or None,
            "thankyou_text": "Thank you for your feedback.",
            "questions": {
                "survey_question": self.question,
                "cs_question_2": self.question_2,
                "cs_question_3": self.question_3,
            },
            "include_additional_comments": self.comments_title is not None,
            "additional_comments_title": self.comments_title,
            "notify_type": self.notify,
            "is_active": self.is_active,
            "is_deleted": self.is_deleted,
        }


_SEVEN_POINTS: Final = (
    (3, "Extremely satisfied"),
    (2, "Very satisfied"),
    (1, "Satisfied"),
    (0, "Neither satisfied nor dissatisfied"),
    (-1, "Dissatisfied"),
    (-2, "Very dissatisfied"),
    (-3, "Extremely dissatisfied"),
)

SURVEYS: Final = (
    Survey(
        name="First survey",
        type=CSAT,
        question="Are you satisfied?",
        scale=3,
        words=((1, "Satisfied"), (0, "Neutral"), (-1, "Dissatisfied")),
        neutral_type=1,
        rating_order=2,
        is_active=False,
        is_deleted=True,
    ),
    Survey(
        name="Customer satisfaction",
        type=CSAT,
        question="How would you rate our customer service?",
        scale=7,
        words=_SEVEN_POINTS,
        question_2="How would you rate our expertise?",
        question_3="How would you rate your overall satisfaction with the help you've received?",
        neutral_type=2,
        rating_order=1,
    ),
    Survey(name="Stars", type=FIVE_STAR, question="How many stars do we get?", notify=TICKET_RESOLVED),
    Survey(name="Recommendation", type=NET_PROMOTER, question="Would you recommend us?", is_active=False),
)
"""In order of creation."""

CLOSING_SURVEY: Final = "Customer satisfaction"
"""The survey that closing a ticket may send."""
