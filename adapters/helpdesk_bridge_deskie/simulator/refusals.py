"""Refusals of the simulated account: a status and `{"error": "<snake_code>"}`.

observed: the body's form and the codes case_not_found, incorrect_user_email, staff_has_not_access, staff_not_active,
email_already_exist, phone_already_exist, wrong_email. assumed: every status, and every other code.
"""

from __future__ import annotations

from helpdesk_bridge.testing.simulator.reply import Refused, Reply


def error_reply(status: int, code: str) -> Reply:
    """Return the answer of a refusal."""
    return Reply.json({"error": code}, status, indent=4)


def invalid(code: str) -> Refused:
    """Return the refusal of a value (400; assumed)."""
    return Refused(error_reply(400, code))


def missing(kind: str) -> Refused:
    """Return the refusal of an unknown id: `case_not_found`, `user_not_found`… (404; assumed)."""
    return Refused(error_reply(404, f"{kind}_not_found"))


def no_access() -> Refused:
    """Return the refusal of a record outside the calling agent's rights (403; assumed. The code is observed)."""
    return Refused(error_reply(403, "staff_has_not_access"))
