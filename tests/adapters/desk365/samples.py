"""The payloads of the specification, copied as they stand, typographic quotes and all."""

from __future__ import annotations

import json
from typing import Any

STRAIGHT = {0x201C: '"', 0x201D: '"', 0x2018: "'", 0x2019: "'"}

# Desk365 API, "Sample response body", typographic quotes and all.
SAMPLE = """
{
“count”: 150,
“tickets”: [
{
“ticket_number”: 10,
“contact_email”: “test@gmail.com”,
“subject”: “Printer not working”,
“description”: “<div>Please fix it</div>”,
“description_text”: “Please fix it”,
“status”: “open”,
“priority”: 5,
“type”: “Question”,
“source”: “1”,
“assigned_to”: “agent@gmail.com”,
“group”: “Sales”,
“category”: “Billing”,
“sub_category”: “Disputed Charge”,
“created_on”: “2023-01-01 00:00:00”,
“updated_on”: “2023-01-02 00:00:00”,
“resolved_on”: “2023-01-03 00:00:00”,
“closed_on”: “2023-01-04 00:00:00”,
“due_date”: “2023-01-03 00:00:00”,
“first_response_time”: “2023-01-02 00:00:00”,
“first_assigned_time”: “2023-01-02 00:00:00”,
“first_assigned_duration”: 1440,
“resolved_duration”: 2880,
“first_replied_duration”: 1440,
“closed_duration”: 4320,
“custom_fields”: {
“department”: “string”,
“dob”: “string”,
“employee_id”: 0
},
“survey_rating”: {
“sv_name”: “Test survey”,
“sv_answered”: true,
“sv_type”: 1,
“sv_cs_scale”: 7,
“sv_cs_neutral_type”: 2,
“sv_question”: “How would you rate our customer service?”,
“sv_rating”: 3,
“sv_cs_question_2”: “How would you rate our expertise?”,
“sv_cs_rating_2”: 3,
“sv_cs_question_3”: “How would you rate your overall satisfaction with the help you’ve received?”,
“sv_cs_rating_3”: 3,
“sv_additional_comments_title”: “Add any additional comments you may have about the support received”,
“sv_additional_comments_response”: “Good customer service”,
“sv_sent_on”: “2023-10-01 00:01:00”,
“sv_rated_on”: “2023-10-02 00:01:30”
}
}
]
}
"""

# Desk365 API, "Here's an example of a sample filter with properly escaped attributes".
FILTER = r"""
{
“status”: [“Open”, “Pending”],
“priority”: [“1”, “10”],
“type”: [“Printer ‘Out of Ink’ Complaint”, “Customer’s Request”],
“group”: [“\”Sales\” Department”, “\”Marketing\” Department”],
“assigned_to”: [“user1@example.com”, “user2@example.com”],
“category”: [“Hardware”, “Software”],
“subcategory”: [“Printer”, “Laptop”],
“source”: [“1”, “6”],
“contact”: [“customer1@example.com”, “customer2@example.com”]
}
"""


def straight(text: str) -> str:
    """Return a payload with the quotes of JSON."""
    return text.translate(STRAIGHT).strip()


def sample() -> Any:
    """Return the sample body as a document."""
    return json.loads(straight(SAMPLE))
