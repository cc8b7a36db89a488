"""A small account over plain HTTP, for the tests of the simulator."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from werkzeug.test import Client, TestResponse

from helpdesk_bridge.datasets.dataset import Dataset, SeedFile, SeedMessage, SeedPerson, SeedTicket
from helpdesk_bridge.testing.simulator import SimulatorClock
from helpdesk_bridge_desk360.simulator import API_KEY, Desk360Simulator, create

START = datetime(2026, 5, 4, 21, 15, 17, tzinfo=UTC)
SEEDED = datetime(2026, 1, 10, 10, 0, tzinfo=UTC)
TO = "+905551112233"
BASE = "https://public-api.desk360.com"
PHOTO = SeedFile("photo.png", "image/png", b"\x89PNG photo")


def person(key: str, phone: str | None, **more: Any) -> SeedPerson:
    return SeedPerson(key, key.title(), f"{key}@x.io", phone=phone, created_at=SEEDED, **more)


def message(author: str, minute: int, **more: Any) -> SeedMessage:
    return SeedMessage(author, SEEDED + timedelta(minutes=minute), **more)


def dataset() -> Dataset:
    ticket = SeedTicket(
        "t1",
        "Broken lamp",
        "ann",
        created_at=SEEDED,
        updated_at=SEEDED + timedelta(hours=1),
        messages=(
            message("ann", 0, html="<p>It is <b>broken</b></p>", files=(PHOTO,)),
            message("meg", 1, text="Sorry"),
            message("ann", 2, text="Thanks"),
        ),
    )
    people = (
        person("ann", "+90 555 111 22 33"),
        person("bob", "0049 30 1234567"),
        person("mail", None),
        person("gone", "+905550000001", deleted=True),
        person("short", "112"),
        person("meg", "+905559999999", role="agent"),
    )
    return Dataset(people=people, tickets=(ticket,))


class Desk:
    """One simulated account with a client that has its key."""

    def __init__(self, seed: Dataset | None = None, *, base_url: str = BASE, **settings: Any) -> None:
        settings.setdefault("rate_limit", 100_000)
        self.clock = SimulatorClock(wall=lambda: START, monotonic=lambda: 0.0)
        self.app: Desk360Simulator = create(seed or dataset(), clock=self.clock, settings=settings)
        self.app.base_url = base_url
        self.client = Client(self.app)
        self.token = API_KEY

    def send(self, method: str, path: str, *, token: str | None = "", address: str = "", **more: Any) -> TestResponse:
        """Send a request; ``token`` None sends no Authorization."""
        headers = dict(more.pop("headers", {}))
        if token is not None:
            headers.setdefault("Authorization", f"Bearer {token or self.token}")
        environ = {"REMOTE_ADDR": address or "127.0.0.1"}
        return self.client.open(path, method=method, headers=headers, environ_base=environ, **more)

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.send("GET", path, **more)

    def post(self, path: str, **more: Any) -> TestResponse:
        """Post to a call of integration 11, or to a whole path."""
        return self.send("POST", path if path.startswith("/") else f"/v1/integrations/11/conversations/{path}", **more)

    def accepted(self, path: str, **more: Any) -> Any:
        response = self.post(path, **more)
        assert response.status_code == 200, response.text
        return json.loads(response.data)

    def refused(self, path: str, **more: Any) -> str:
        """Post what breaks a rule and return the text of the validation error."""
        sent = len(self.outbox())
        response = self.post(path, **more)
        assert problem(response) == (400, "failed_validation"), response.text
        assert len(self.outbox()) == sent
        text: str = json.loads(response.data)["error"]["message"]
        return text

    def outbox(self, query: str = "") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.client.get(f"/_sim/outbox{query}").data)["outbox"]
        return found

    def sim(self, path: str, body: Any, status: int = 201) -> Any:
        response = self.client.post(f"/_sim/{path}", json=body)
        assert response.status_code == status, response.text
        return json.loads(response.data) if response.data else None

    def webhooks(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.client.get("/_sim/webhooks").data)["webhooks"]
        return found


def problem(response: TestResponse) -> tuple[int, str]:
    return response.status_code, json.loads(response.data)["error"]["code"]


def shape(value: Any) -> Any:
    """Names and types all the way down, in their order; of a list, the shape of its first member."""
    if isinstance(value, dict):
        return [(name, shape(one)) for name, one in value.items()]
    return [shape(one) for one in value][:1] if isinstance(value, list) else type(value)
