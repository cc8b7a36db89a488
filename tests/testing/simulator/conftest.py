from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from helpdesk_bridge.datasets.dataset import Dataset
from helpdesk_bridge.testing.simulator import ASSUMED, DOCUMENTED, SimulatorClock, Switch
from helpdesk_bridge.testing.simulator.app import Refused, Reply, SimulatorApp, route

if TYPE_CHECKING:
    from collections.abc import Iterator


class NoteSimulator(SimulatorApp):
    """The smallest vendor: notes that can be written, listed and shown."""

    vendor = "notes"
    SWITCHES = {  # noqa: RUF012 - a ClassVar of the base class
        "loud": Switch(False, "answers in capitals"),
        "most": Switch(3, "notes a page"),
        "style": Switch("plain", "how notes look", choices=("plain", "fancy")),
    }
    FAULTS = frozenset({"stale_search"})
    MAX_BODY = 1 << 20

    def load(self, dataset):
        self.notes = [ticket.subject for ticket in dataset.tickets]
        self.refuse_with = None

    def state(self):
        return {"notes": len(self.notes)}

    def before(self, call):
        return Reply.json({"refused": call.path}, self.refuse_with) if self.refuse_with else None

    def finish(self, call, reply):
        return reply.with_headers({"api_calls_left": "7"})

    @route("GET", "/notes.json", provenance=DOCUMENTED, source='Notes API, "List"')
    @route("GET", "/old/notes.json", provenance=ASSUMED)
    def list_notes(self, call):
        shown = [] if call.fault else self.notes
        return Reply.json(shown, headers={"Link": "<http://localhost/notes.json?page=2>; rel=next"})

    @route("POST", "/notes.json")
    def create_note(self, call):
        note = call.body_tree.get("note")
        if note is None:
            raise Refused(Reply.json({"error": "no note"}, 422))
        self.notes.append(note)
        return Reply.json({"id": len(self.notes), "files": [file.filename for file in call.files]}, 201)

    @route("GET", "/notes/<int:number>.json")
    def show_note(self, call, number):
        return Reply.json(self.notes[number - 1])

    @route("DELETE", "/notes/<int:number>.json")
    def delete_note(self, call, number):
        del self.notes[number - 1]
        return Reply(204)


@pytest.fixture
def clock() -> SimulatorClock:
    return SimulatorClock(monotonic=lambda: 0.0)


@pytest.fixture
def app(clock) -> NoteSimulator:
    return NoteSimulator(Dataset(), clock=clock)


@pytest.fixture
def simulator_class() -> type[NoteSimulator]:
    return NoteSimulator


@pytest.fixture
def http() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session
