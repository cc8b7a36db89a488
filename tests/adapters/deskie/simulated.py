"""A small account over plain HTTP, for the tests of the simulator."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from werkzeug.test import Client, TestResponse

from helpdesk_bridge.datasets.dataset import Dataset, SeedField, SeedFile, SeedMessage, SeedPerson, SeedTicket
from helpdesk_bridge.testing.simulator import SimulatorClock
from helpdesk_bridge_deskie.simulator import DeskieSimulator, create

START = datetime(2026, 5, 4, 21, 15, 17, tzinfo=UTC)
"""00:15:17 on the next day at +0300."""
SEEDED = datetime(2026, 1, 10, 10, 0, tzinfo=UTC)
PIXEL = SeedFile("pixel.png", "image/png", b"\x89PNG pixel", inline=True, content_id="pixel@x")
REPORT = SeedFile("Rechnung März.pdf", "application/pdf", b"%PDF report")


def person(key: str, email: str | None, **more: Any) -> SeedPerson:
    return SeedPerson(key, key.title(), email, created_at=SEEDED, **more)


def ticket(key: str, *, minutes: int = 0, messages: tuple[SeedMessage, ...] = (), **more: Any) -> SeedTicket:
    created = SEEDED + timedelta(minutes=minutes)
    more.setdefault("subject", f"Subject {key}")
    more.setdefault("requester", "ann")
    more.setdefault("updated_at", created + timedelta(hours=1))
    opening = SeedMessage(more["requester"], created, html=f"<p>Opening of {key}</p>")
    return SeedTicket(key, created_at=created, messages=messages or (opening,), **more)


def people() -> tuple[SeedPerson, ...]:
    return (
        person("ann", "ann@x.io", company="Acme", custom_fields={"Tier": "gold"}),
        person("joann", "joann@x.io"),
        person("turk", "ann@x.io.tr"),
        person("loud", "ANN@X.io"),
        person("caller", None, phone="+49 170 1234567"),
        person("nobody", None),
        person("blocked", "blocked@x.io", blocked=True),
        person("gone", "gone@x.io", deleted=True),
        person("meg", "meg@robotsrule.example", role="agent"),
        person("rob", "rob@robotsrule.example", role="agent"),
        person("old", "old@robotsrule.example", role="agent", blocked=True),
    )


FIELDS = (
    SeedField("Order No", "text"),
    SeedField("Urgent", "checkbox"),
    SeedField("Product", "select", ("Lamp", "Chair")),
    SeedField("Due", "date"),
    SeedField("Tier", "text", level="contact"),
)


def thread() -> tuple[SeedMessage, ...]:
    at = SEEDED
    return (
        SeedMessage("ann", at, html='<p>Broken <img src="cid:pixel@x"></p>', files=(PIXEL, REPORT, REPORT)),
        SeedMessage("meg", at + timedelta(minutes=5), html="<p>Sorry</p>"),
        SeedMessage("rob", at + timedelta(minutes=6), private=True, text="check < stock\nsoon", kind="note"),
        SeedMessage("meg", at + timedelta(minutes=7), private=True, text="fwd", kind="forward"),
        SeedMessage(None, at + timedelta(minutes=8), text="We got it", kind="automatic"),
    )


def dataset(*extra: SeedTicket) -> Dataset:
    return Dataset(
        people=people(),
        groups=("Support", "Sales"),
        companies=("Acme", "Globex"),
        tags=("vip", "bug"),
        fields=FIELDS,
        tickets=(
            ticket(
                "main",
                messages=thread(),
                assignee="meg",
                group="Support",
                status="pending",
                priority="urgent",
                tags=("vip", "bug"),
                cc=("joann", "turk"),
                custom_fields={"Order No": "PO-7", "Urgent": True, "Product": "Chair", "Due": "2026-03-01"},
                rating=(1, "Great"),
            ),
            ticket("sales", minutes=10, requester="joann", group="Sales", status="new", tags=("bug",)),
            ticket("done", minutes=20, requester="turk", assignee="rob", group="Sales", status="solved"),
            ticket("junk", minutes=30, requester="joann", spam=True),
            ticket("bin", minutes=40, deleted=True, status="on_hold", priority="low"),
            ticket("twin", minutes=50, merged_into="main"),
            ticket("call", minutes=60, requester="caller", channel="phone"),
            ticket("chat", minutes=70, requester="nobody", channel="chat"),
            *extra,
        ),
    )


class Desk:
    """One simulated account and a client with the credentials of one of its agents."""

    def __init__(self, seed: Dataset | None = None, *, clock: SimulatorClock | None = None, **settings: Any) -> None:
        settings.setdefault("rate_limit", 100_000)
        self.clock = clock or SimulatorClock(wall=lambda: START, monotonic=lambda: 0.0)
        self.app: DeskieSimulator = create(seed or dataset(), clock=self.clock, settings=settings)
        self.app.base_url = "https://robotsrule.deskie.io"
        self.email = str(self.app.connection["staff_email"])
        self.key = str(self.app.connection["api_key"])
        self.client = Client(self.app)

    def ids(self, *keys: str) -> list[int]:
        return [self.app.seeded.cases[key] for key in keys]

    def case(self, key: str) -> int:
        return self.app.seeded.cases[key]

    def user(self, key: str) -> int:
        return self.app.seeded.users[key]

    def staff(self, key: str) -> int:
        return self.app.seeded.staff[key]

    def send(self, method: str, path: str, query: Any = None, **more: Any) -> TestResponse:
        headers = {"Authorization": basic(self.email, self.key), **more.pop("headers", {})}
        return self.client.open(path, method=method, query_string=query, headers=headers, **more)

    def get(self, path: str, query: Any = None, **more: Any) -> Any:
        response = self.send("GET", f"/api/{path}", query, **more)
        assert response.status_code == 200, response.text
        return json.loads(response.data)

    def write(self, method: str, path: str, body: Any = None, *, status: int | None = None) -> Any:
        response = self.send(method, f"/api/{path}", json=body)
        expected = status or (201 if method == "POST" else 200)
        assert response.status_code == expected, (response.status_code, response.text)
        return json.loads(response.data) if response.data else None

    def refused(self, method: str, path: str, body: Any = None, *, query: Any = None) -> tuple[int, str]:
        response = self.send(method, f"/api/{path}", query, **({} if body is None else {"json": body}))
        return response.status_code, json.loads(response.data)["error"]

    def list(self, path: str, kind: str, query: Any = None) -> list[dict[str, Any]]:
        return rows(self.get(path, query), kind)

    def found(self, query: Any = None) -> list[int]:
        return sorted(case["case_id"] for case in self.list("cases.json", "case", query))

    def outbox(self) -> list[Mapping[str, Any]]:
        outbox: list[Mapping[str, Any]] = self.client.get("/_sim/outbox").json["outbox"]  # type: ignore[index]
        return outbox


def rows(document: Any, kind: str) -> list[dict[str, Any]]:
    """Unwrap a list in Deskie's form, checking its keys."""
    numbered = [key for key in document if key not in ("total_count", "count")]
    assert numbered == [str(position) for position in range(len(numbered))]
    return [document[key][kind] for key in numbered]


def basic(email: str, key: str) -> str:
    return "Basic " + base64.b64encode(f"{email}:{key}".encode()).decode()
