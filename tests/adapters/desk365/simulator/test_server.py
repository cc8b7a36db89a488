from __future__ import annotations

import json

import requests
from desk365_http import START, with_tickets

from helpdesk_bridge.datasets.dataset import SeedFile, SeedMessage, SeedTicket
from helpdesk_bridge.testing.simulator import SimulatorServer
from helpdesk_bridge_desk365.simulator import create

OPENING = SeedMessage("mira", START, html="<p>x</p>", files=(SeedFile("a ü.txt", "text/plain", b"bytes"),))
SEED = SeedTicket("t", "Files", "mira", created_at=START, updated_at=START, messages=(OPENING,))


def test_the_account_over_a_real_connection():
    simulator = create(with_tickets(SEED))
    with SimulatorServer(simulator) as server, requests.Session() as session:
        session.trust_env = False
        root, key = f"{server.url}/apis/v3", {"Authorization": str(simulator.connection["api_key"])}
        details = session.get(f"{root}/tickets/details", params={"ticket_number": 1}, headers=key, timeout=10)
        assert details.headers["Server"].startswith("Apache")
        url = details.json()["attachments"][0]["attachment_url"]
        assert url.startswith(f"{server.url}/files/")
        assert session.get(url, timeout=10).content == b"bytes"
        note = session.post(
            f"{root}/tickets/add_note_with_attachment",
            params={"ticket_number": 1},
            data={"note_object": json.dumps({"body": "Ünïcode 🚚"})},
            files={"file": ("Größe.txt", b"up", "text/plain")},
            headers=key,
            timeout=10,
        )
        assert note.status_code == 201
        assert note.json()["attachments"][0]["file_name"] == "Größe.txt"
        assert note.headers["X-Rate-Limit-Remaining"] == "98"
