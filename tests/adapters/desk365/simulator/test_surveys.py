from __future__ import annotations

from datetime import timedelta

import pytest
from desk365_http import START, Desk365Http, ticket, with_tickets

SURVEY_KEYS = {
    *("sv_name", "sv_answered", "sv_type", "sv_cs_scale", "sv_cs_neutral_type", "sv_question", "sv_rating"),
    *("sv_cs_question_2", "sv_cs_rating_2", "sv_cs_question_3", "sv_cs_rating_3", "sv_additional_comments_title"),
    *("sv_additional_comments_response", "sv_sent_on", "sv_rated_on"),
}


@pytest.fixture
def desk() -> Desk365Http:
    return Desk365Http(with_tickets(*(ticket(number) for number in range(1, 4))))


def send_survey(desk: Desk365Http, number: int, **answer) -> None:
    response = desk.client.post("/_sim/surveys", json={"ticket_number": number, **answer})
    assert response.status_code == 201, response.text
    desk.clock.advance(3600)


def ratings(desk: Desk365Http) -> dict[int, dict | None]:
    rows = desk.get("/tickets", include_survey_details=1)["tickets"]
    return {row["ticket_number"]: row["survey_rating"] for row in rows}


def test_null_if_none_was_sent_null_ratings_if_unanswered_and_only_the_latest_answered(desk):
    send_survey(desk, 2)
    send_survey(desk, 3, rating=-3)
    send_survey(desk, 3, rating=2, rating_2=1, comment="Better")
    send_survey(desk, 3)
    found = ratings(desk)
    assert found[1] is None
    assert set(found[2]) == SURVEY_KEYS
    assert found[2]["sv_answered"] is False
    assert found[2]["sv_name"] == "Customer satisfaction"
    assert found[2]["sv_rating"] is found[2]["sv_rated_on"] is None
    latest = found[3]
    assert (latest["sv_rating"], latest["sv_cs_rating_2"], latest["sv_cs_rating_3"]) == (2, 1, None)
    assert latest["sv_additional_comments_response"] == "Better"
    assert (latest["sv_type"], latest["sv_cs_scale"], latest["sv_cs_neutral_type"]) == (1, 7, 2)


def test_cs_keys_are_null_for_other_types_of_surveys(desk):
    send_survey(desk, 1, survey_name="Stars", rating=5)
    found = ratings(desk)[1]
    assert (found["sv_type"], found["sv_rating"], found["sv_cs_scale"], found["sv_cs_question_2"]) == (2, 5, None, None)
    out_of_range = desk.client.post("/_sim/surveys", json={"ticket_number": 1, "survey_name": "Stars", "rating": 6})
    assert out_of_range.status_code == 400


@pytest.mark.parametrize(("score", "rating"), [(-1, -3), (0, 0), (1, 3)])
def test_a_seeds_rating_is_a_satisfaction_survey_whose_words_are_in_its_details(score, rating):
    seed = ticket(1, rating=(score, "So it was"), status="closed", updated_at=START + timedelta(days=1))
    desk = Desk365Http(with_tickets(seed))
    found = ratings(desk)[1]
    assert (found["sv_rating"], found["sv_additional_comments_response"]) == (rating, "So it was")
    survey = desk.get("/surveys/details", survey_name=found["sv_name"])
    assert survey["cs_scale_point_map"][str(rating)]
    assert sorted(map(int, survey["cs_scale_point_map"])) == list(range(-3, 4))


def test_surveys_in_order_of_creation_and_details_but_for_deleted_ones(desk):
    listed = desk.get("/surveys")
    names = [survey["survey_name"] for survey in listed["surveys"]]
    assert names == ["First survey", "Customer satisfaction", "Stars", "Recommendation"]
    assert listed["count"] == 4
    for survey in listed["surveys"]:
        assert survey["survey_type"] in (1, 2, 3)
        assert survey["notify_type"] in (7, 8)
        assert survey["cs_neutral_type"] in (None, 1, 2, 3)
        assert survey["cs_rating_order"] in (None, 1, 2)
        answer = desk.send("GET", "/surveys/details", survey_name=survey["survey_name"])
        assert answer.status_code == (404 if survey["is_deleted"] else 200)
        assert survey["is_deleted"] or answer.json == survey
    assert desk.send("GET", "/surveys/details", survey_name="Nothing").status_code == 404
    assert desk.send("GET", "/surveys/details").status_code == 405


def test_ratings_ascend_in_pages_of_30_and_hold_only_answers(desk):
    send_survey(desk, 3, rating=1)
    send_survey(desk, 1)
    for index in range(31):
        send_survey(desk, 1 + index % 3, rating=index % 4)
    first, second = desk.get("/surveys/ratings"), desk.get("/surveys/ratings", offset=30)
    assert (first["count"], len(first["survey_ratings"]), len(second["survey_ratings"])) == (32, 30, 2)
    stamps = [row["sent_on"] for row in first["survey_ratings"] + second["survey_ratings"]]
    assert stamps == sorted(stamps)
    row = first["survey_ratings"][0]
    assert (row["ticket_number"], row["contact_email"], row["ratings"]["rating"]) == (3, "Mira@client.example", 1)
    assert row["survey_type"] == 1
