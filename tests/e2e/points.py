"""Two desks with a few records of every kind, and the command in forks, to be killed and refused at every point."""

from __future__ import annotations

import json
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from importlib import import_module

import requests
from attrs import evolve
from e2e.bench import environment
from e2e.forked import CALL, JOURNAL, Forks
from e2e.judge import findings
from e2e.wire import SECONDS, WIRES, LocalFile

from helpdesk_bridge import MessageDraft, Upload, connect, open_desk
from helpdesk_bridge.datasets.dataset import Dataset, SeedFile, SeedMessage, SeedPerson, SeedTicket
from helpdesk_bridge.datasets.generator import FIELDS, GROUPS, TAGS
from helpdesk_bridge.testing.simulator.server import SimulatorServer

START = datetime(2025, 3, 1, 9, 0, tzinfo=UTC)
SCALES = {"deskie": 200.0, "desk365": 300.0, "desk360": 200.0}
"""An hour of Desk365, for which its file addresses work, must be longer here than a busy machine takes to fetch one."""
SETTINGS = {"desk365": {"subscription": "premium"}}
ANN = "905551112233"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63f8cfc0f01f0005000155"
    "a0a2b5b70000000049454e44ae426082"
)


def at(minutes):
    return START + timedelta(minutes=minutes)


def person(key, email, **values):
    return SeedPerson(key, f"{key.title()} Öz", email, created_at=START, **values)


def small():
    """An image in a body, equal messages, a note, more files than one call of Desk365 takes, a blocked customer.

    No two of its files are of one size, by which one that came for another is known.
    """
    people = (
        person("ann", "ann@kunde.example", phone=f"+{ANN}", company="Kunde"),
        person("bob", "bob@kunde.example", phone="+905551112244", blocked=True),
        person("eve", "eve@desk.example", role="agent"),
    )
    image = SeedFile("shot.png", "image/png", PIXEL, inline=True, content_id="shot@1")
    report = SeedFile("report.pdf", "application/pdf", b"%PDF-1.4 report")
    many = tuple(SeedFile(f"page{n}.txt", "text/plain", b"page %d " % n * (n + 2)) for n in range(12))
    tickets = (
        SeedTicket(
            "t1", "It broke", "ann", assignee="eve", group=GROUPS[0], status="pending", priority="high",
            tags=TAGS[:1], created_at=at(0), updated_at=at(8),
            messages=(
                SeedMessage("ann", at(0), html='<p>Look:</p><p><img src="cid:shot@1"></p>', files=(image,)),
                SeedMessage("eve", at(3), text="We look", files=(report,)),
                SeedMessage("eve", at(4), text="Odd one", private=True, kind="note"),
                SeedMessage("ann", at(8), text="Thanks!"),
                SeedMessage("ann", at(8), text="Thanks!"),
            ),
        ),
        SeedTicket(
            "t2", "Where is it?", "bob", status="closed", priority="low", created_at=at(20), updated_at=at(20),
            messages=(SeedMessage("bob", at(20), text="All pages", files=many),),
        ),
    )  # fmt: skip
    return Dataset(people=people, groups=GROUPS, tags=TAGS, companies=("Kunde",), fields=FIELDS, tickets=tickets)


def fill_inbox(settings):
    """Let the customers of a simulated Desk360 write, and an agent answer one of them and note something down."""

    def written(call, given):
        answer = requests.post(f"{settings['base_url']}/_sim/{call}", json=given, timeout=SECONDS)
        answer.raise_for_status()
        return answer.json()

    with open_desk(settings, name="old") as desk:
        for one in written("replay", {})["inbound"]:
            desk.webhooks.receive(json.dumps(one["payload"]))
        desk.webhooks.receive(json.dumps(written("inbound", {"contact": "ann", "text": "Still there?"})["payload"]))
        draft = MessageDraft(body="We look", attachments=[Upload.from_bytes("report.txt", b"It works", "text/plain")])
        desk.messages.reply(ANN, draft)
        desk.messages.note(ANN, MessageDraft(body="Odd one"))


class Desks:
    """A source, an empty destination and a journal in ``folder``; the simulators are in this process, on sockets."""

    def __init__(self, folder, source, destination, *, scales=SCALES, **settings):
        self.folder, self.pair = folder, (source, destination)
        self.journal = folder / "move.journal"
        self.env, self.simulators, self._wires, self._urls = {}, {}, {}, {}
        self._stack = ExitStack()
        self.announced = ()
        self.settings = {}
        data = small()
        agents = tuple(one for one in data.people if one.role == "agent")
        content = {"old": data, "new": evolve(data, people=agents, companies=(), tickets=())}
        for name, vendor in (("old", source), ("new", destination)):
            if vendor == "local":
                self.settings[name] = {"vendor": "local", "path": f"{name}.db"}
                continue
            create = import_module(f"helpdesk_bridge_{vendor}.simulator").create
            simulator = create(content[name], time_scale=scales[vendor], settings=SETTINGS.get(vendor, {}))
            server = self._stack.enter_context(SimulatorServer(simulator))
            self.simulators[name] = simulator
            found = {"vendor": vendor, **simulator.connection, "base_url": server.url, "time_scale": scales[vendor]}
            if vendor == "desk360":
                found |= {"inbox": str(folder / f"{name}.db")}
                fill_inbox(found)
            self.settings[name] = {**found, **settings}
            self._wires[name] = WIRES[vendor](found)
            self._stack.callback(self._wires[name].close)
        self._write_config()
        if source == "local":
            with connect("old", folder / "helpdesk.toml") as desk:
                desk.vendor_api.seed(data)
        self.forks = Forks(folder)
        self._stack.callback(self.forks.close)

    def _write_config(self):
        lines = []
        for name, table in self.settings.items():
            lines.append(f"[desks.{name}]")
            for key, value in table.items():
                if key == "api_key":
                    self.env[f"{name.upper()}_KEY"] = value
                    value = f"env:{name.upper()}_KEY"  # noqa: PLW2901 - the secret itself stays in the environment
                lines.append(f"{key} = {json.dumps(value)}")
        (self.folder / "helpdesk.toml").write_text("\n".join(lines) + "\n", "utf-8")

    @property
    def old(self):
        return self._wire("old")

    @property
    def new(self):
        return self._wire("new")

    def _wire(self, name):
        if name not in self._wires:
            self._wires[name] = LocalFile(self.folder / f"{name}.db")
        return self._wires[name]

    def start_over(self):
        """Empty the destination; no journal, no faults."""
        for path in (*self.folder.glob(f"*{self.journal.name}*"), *self.folder.glob("new.db*")):
            if path.is_dir():
                for file in path.iterdir():
                    file.unlink()
                path.rmdir()
            else:
                path.unlink()
        for name, simulator in self.simulators.items():
            simulator.faults.clear()
            if (name, self.pair[0]) != ("old", "desk360"):  # its inbox names files that customers sent it
                simulator.reset()
        if self.pair[1] == "local":
            self._wires.pop("new", None)

    def begin(self):
        """Run once to the end, unbroken, and keep what that announced; return its points."""
        self.start_over()
        code, points = self.run("--json")
        assert code == 0, self.forks.said()
        said = self.forks.said()
        self.announced = json.loads(said[said.index("\n{") if "\n{" in said else 0 :])["changed"]
        assert self.migrate("verify")[0] == 0, self.forks.said()
        wrong = wrong_at(self)
        assert not wrong, wrong
        return points

    @property
    def struck(self):
        """Whether a fault that was injected took effect."""
        return not any(simulator.faults.unhit for simulator in self.simulators.values())

    def migrate(self, step, *options, kill=None, fault=None):
        """Run a step of the migration to its end, or to its kill; return the exit code and the points (None if killed)."""
        ends = ("--from", "old", "--to", "new") if step == "run" else ()
        words = ("migrate", step, "--journal", self.journal, *ends, *options)
        env = environment({**self.env, "HELPDESK_BRIDGE_CONFIG": "helpdesk.toml"})
        return self.forks.run(*words, env=env, cwd=self.folder, kill=kill, fault=fault)

    def run(self, *options, kill=None, fault=None):
        return self.migrate("run", "--yes", "--workers", "1", *options, kill=kill, fault=fault)

    def heal(self):
        for simulator in self.simulators.values():
            simulator.faults.clear()

    def close(self):
        self._stack.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def wrong_at(desks):
    """Return what an outside judge finds wrong at the destination, and whether anybody got a mail."""
    mails = desks.new.outbox() + desks.old.outbox()
    return [*map(str, findings(desks.old, desks.new, desks.announced)), *([f"{mails} mails"] if mails else [])]


__all__ = ["CALL", "JOURNAL", "Desks"]
