"""One program, unchanged, against every vendor: what differs stands in helpdesk.toml alone."""

import pytest

from helpdesk_bridge import (
    MessageDraft,
    NotFound,
    Status,
    TicketChange,
    TicketDraft,
    TicketQuery,
    Upload,
    Visibility,
    connect,
)
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.testing.simulator import SimulatorServer
from helpdesk_bridge_desk365.simulator import create as create_desk365
from helpdesk_bridge_deskie.simulator import create as create_deskie

CREATE = {"deskie": create_deskie, "desk365": create_desk365}
ALIASES = {
    "deskie": """
        [desks.support.custom_fields]
        order_number = "Order No"
        [desks.support.groups]
        first_line = "Support"
        [desks.support.statuses]
        escalated = "waiting"
        """,
    "desk365": """
        [desks.support.custom_fields]
        order_number = "Order No"
        [desks.support.groups]
        first_line = "Support"
        [desks.support.statuses]
        escalated = "Pending"
        """,
    "local": """
        [desks.support.custom_fields]
        order_number = "Order No"
        [desks.support.groups]
        first_line = "Support"
        [desks.support.statuses]
        escalated = "pending"
        """,
}


def program():
    """What an application does, in its own words; returns what it saw."""
    with connect("support") as desk:
        created = desk.tickets.create(
            TicketDraft(
                subject="The invoice is missing",
                description="Where is it?\nThank you",
                requester="ann.lee@customers.example",
                custom_fields={"order_number": "A-77"},
                group="first_line",
                status="escalated",
                attachments=[Upload.from_bytes("photo.png", b"\x89PNG made up", "image/png")],
            )
        )
        stored = created.ref
        query = TicketQuery(statuses="escalated", groups="first_line", custom_fields={"order_number": "A-77"})
        listed = list(desk.tickets.list(query))
        desk.messages.reply(stored, MessageDraft(body="We are looking for it."))
        desk.messages.note(stored, MessageDraft(body="Ask the warehouse."))
        desk.tickets.update(stored, TicketChange(status=Status.CLOSED))
        found = desk.tickets.get(stored)
        thread = list(desk.messages.list(stored))
        file = thread[0].attachments[0]
        with desk.attachments.open(file) as stream:
            content = stream.read()
        with pytest.raises(NotFound):
            desk.tickets.get("999999999")
        return {
            "listed": [(one.ref == stored, one.status_label, one.group.name, one.requester.email) for one in listed],
            "status": found.status,
            "fields": found.custom_fields["order_number"],
            "thread": [(one.opening, one.visibility, one.body.text.split(), one.author.kind.value) for one in thread],
            "file": (file.filename, content),
        }


EXPECTED = {
    "listed": [(True, "escalated", "first_line", "ann.lee@customers.example")],
    "status": Status.CLOSED,
    "fields": "A-77",
    "thread": [
        (True, Visibility.PUBLIC, ["Where", "is", "it?", "Thank", "you"], "contact"),
        (False, Visibility.PUBLIC, ["We", "are", "looking", "for", "it."], "agent"),
        (False, Visibility.INTERNAL, ["Ask", "the", "warehouse."], "agent"),
    ],
    "file": ("photo.png", b"\x89PNG made up"),
}


def configure(folder, vendor, connection):
    lines = ["[desks.support]", f'vendor = "{vendor}"']
    lines += [
        f"{key} = {value!r}" if isinstance(value, str) else f"{key} = {value}" for key, value in connection.items()
    ]
    (folder / "helpdesk.toml").write_text("\n".join(lines) + ALIASES[vendor])


@pytest.mark.parametrize("vendor", ["deskie", "desk365", "local"])
def test_a_program_runs_unchanged_on_every_vendor(vendor, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HELPDESK_BRIDGE_CONFIG", raising=False)
    if vendor == "local":
        configure(tmp_path, vendor, {"path": "desk.db"})
        assert program() == EXPECTED
        return
    app = CREATE[vendor](generate(12), time_scale=200.0)
    with SimulatorServer(app) as server:
        configure(tmp_path, vendor, {**app.connection, "base_url": server.url, "time_scale": 200.0})
        assert program() == EXPECTED
