"""Plain HTTP to a Desk365 simulator, for tests that must not go through the adapter."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

from attrs import evolve
from werkzeug.test import Client

from helpdesk_bridge.datasets.dataset import Dataset, SeedField, SeedMessage, SeedPerson, SeedTicket
from helpdesk_bridge.testing.simulator import SimulatorClock
from helpdesk_bridge_desk365.simulator import API_KEY, create

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from werkzeug.test import TestResponse

NOW = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
START = datetime(2025, 1, 1, 8, 0, tzinfo=UTC)

REQUIRED = {"email": "new@client.example", "subject": "VPN", "description": "<div>Every hour</div>", "status": "Open"}

PEOPLE = (
    SeedPerson("ada", "Ada Agent", "ada@desk.example", role="agent", created_at=START),
    SeedPerson("bob", "Bob Agent", "Bob@desk.example", role="agent", created_at=START),
    SeedPerson("mira", "Mira", "Mira@client.example", phone="+49 30 1", company="Client Ltd", created_at=START),
    SeedPerson("tom", "Tom", "tom@mail.example", created_at=START),
)
FIELDS = (
    SeedField("Order No", "text"),
    SeedField("Escalated", "checkbox"),
    SeedField("Region", "select", ("EU", "US")),
    SeedField("Amount", "decimal"),
    SeedField("Due", "date"),
    SeedField("Boxes", "integer"),
    SeedField("Customer No", "text", level="contact"),
)
ACCOUNT = Dataset(
    people=PEOPLE,
    groups=("Network", '"Sales" Department', "a\\b"),
    companies=("Client Ltd", "Other Ltd"),
    fields=FIELDS,
    ticket_types=("Question", "Customer's Request"),
    categories={"Billing": ("Refund",), "Müşteri 🚚": ("İade",)},
)


def message(author: str | None, text: str = "Hello", minutes: int = 0, **facts: Any) -> SeedMessage:
    """A message some minutes after the start."""
    return SeedMessage(author, START + timedelta(minutes=minutes), html=f"<div>{text}</div>", **facts)


def ticket(number: int = 1, requester: str = "mira", messages: Iterable[SeedMessage] = (), **facts: Any) -> SeedTicket:
    """A ticket that is the `number`-th by time; one minute lies between two."""
    created = START + timedelta(minutes=number)
    opening = message(requester, f"Opening {number}", number)
    facts.setdefault("updated_at", created)
    return SeedTicket(
        f"t{number}", f"Subject {number}", requester, created_at=created, messages=(opening, *messages), **facts
    )


def with_tickets(*tickets: SeedTicket) -> Dataset:
    """The account with these tickets."""
    return evolve(ACCOUNT, tickets=tickets)


class Desk365Http:
    """A simulator behind a test client, under a clock that only moves by hand."""

    def __init__(self, dataset: Dataset = ACCOUNT, **settings: str | bool | int) -> None:
        self.clock = SimulatorClock(wall=lambda: NOW, monotonic=lambda: 0.0)
        self.simulator = create(
            dataset, clock=self.clock, settings={"rate_limit": 100_000, "bearer": False, **settings}
        )
        self.client = Client(self.simulator)

    def send(
        self, method: str, path: str, body: Any = None, *, key: str | None = API_KEY, **query: Any
    ) -> TestResponse:
        """Send a request below /apis/v3 with a JSON body."""
        headers = {} if key is None else {"Authorization": key}
        sent: dict[str, Any] = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        return self.client.open(f"/apis/v3{path}", method=method, headers=headers, query_string=query, **sent)

    def get(self, path: str, **query: Any) -> Any:
        """The JSON of a GET that must succeed."""
        response = self.send("GET", path, **query)
        assert response.status_code == 200, response.text
        return response.json

    def post(self, path: str, body: Any, **query: Any) -> Any:
        """The JSON of a POST that must succeed."""
        response = self.send("POST", path, body, **query)
        assert response.status_code in (200, 201), response.text
        return response.json

    def put(self, path: str, body: Any, **query: Any) -> Any:
        """The JSON of a PUT that must succeed."""
        response = self.send("PUT", path, body, **query)
        assert response.status_code == 200, response.text
        return response.json

    def multipart(
        self, path: str, fields: Mapping[str, str], files: Iterable[tuple[str, str, bytes]], **query: Any
    ) -> TestResponse:
        """Send a form with files: (part name, file name, bytes)."""
        parts: dict[str, Any] = dict(fields)
        for name, filename, content in files:
            parts.setdefault(name, []).append((BytesIO(content), filename, "text/plain"))
        return self.client.post(f"/apis/v3{path}", headers={"Authorization": API_KEY}, query_string=query, data=parts)

    def numbers(self, **query: Any) -> list[int]:
        """The ticket numbers of one page."""
        return [row["ticket_number"] for row in self.get("/tickets", **query)["tickets"]]

    def create(self, **body: Any) -> Any:
        """Create a ticket from what is required and more."""
        return self.post("/tickets/create", {**REQUIRED, **body})
