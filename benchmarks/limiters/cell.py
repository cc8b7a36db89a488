"""One run of one client in one scenario: start everybody, wait for the server's report, end everybody."""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from itertools import pairwise
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

from limiters.accounting import Report
from limiters.clients import Place, Servers
from limiters.scenarios import LIMIT, SECONDS, Scenario
from limiters.server import serve
from limiters.worker import LEAVING, READY, intrude, work

OUTSIDER = "outsider"
START_SECONDS = 20.0

_fork = multiprocessing.get_context("fork")


@frozen(kw_only=True)
class Outcome:
    """What one run gave; ``note`` says why there is nothing, or what went wrong."""

    goodput: float | None = None
    refused: int | None = None
    windows: int = 0
    share_min_max: float | None = None
    unspent: float | None = None
    """Units a window that nobody spent, on average."""
    gap_ms: float | None = None
    """Real milliseconds from the end of a window to the first request of the next, on average."""
    worst_gap_ms: float | None = None
    spend_ms: float | None = None
    """Real milliseconds from the first to the last accepted request of a window; near 2000 the machine was too slow."""
    outsider_units: int = 0
    outsider_refused: int = 0
    server_cpu: float | None = None
    note: str | None = None


class Broken(Exception):
    """A process could not do its work."""


@define
class Child:
    """A process of this run, with the pipe to it."""

    process: Any
    pipe: Connection

    @classmethod
    def start(cls, target: Any, *arguments: Any) -> Child:
        ours, theirs = _fork.Pipe()
        process = _fork.Process(target=target, args=(*arguments, theirs), daemon=True)
        process.start()
        theirs.close()
        return cls(process, ours)

    def ready(self) -> None:
        told = self.pipe.recv() if self.pipe.poll(START_SECONDS) else f"did not start within {START_SECONDS:g} s"
        if told != READY:
            raise Broken(told)

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.process.close()
        self.pipe.close()


@define
class Run:
    """The processes of one cell."""

    scenario: Scenario
    client: str
    windows: int
    url: str
    folder: Path
    servers: Servers
    patience: float
    children: list[Child] = field(factory=list)

    @property
    def longest(self) -> float:
        return self.patience * self.windows * SECONDS + 1

    def place(self, worker: str) -> Place:
        return Place(
            url=self.url,
            worker=worker,
            scale=self.scenario.server.scale,
            store=self.scenario.store,
            folder=self.folder,
            servers=self.servers,
            reset_header=self.scenario.server.reset_header,
            reserve=self.scenario.reserve,
        )

    def worker(self, number: int) -> Child:
        child = Child.start(work, self.scenario, self.client, self.place(str(number)), self.longest + START_SECONDS)
        self.children.append(child)
        return child

    def report(self, server: Child) -> Report:
        """Let everybody spend until the server's books are full or time is up."""
        running = [self.worker(number) for number in range(self.scenario.processes)]
        if self.scenario.outsider:
            stranger = Child.start(intrude, self.place(OUTSIDER), self.scenario.outsider, self.longest + START_SECONDS)
            self.children.append(stranger)
            running.append(stranger)
        for child in running:
            child.ready()
        for child in running:
            child.pipe.send(None)
        deadline = time.monotonic() + self.longest
        standby = self.worker(0) if self.scenario.life else None
        while (left := deadline - time.monotonic()) > 0:
            found = wait([server.pipe, *(child.pipe for child in running)], left)
            if server.pipe in found:
                break
            for child in running:
                if child.pipe in found:
                    standby = self._next(child, standby, running)
        else:
            server.pipe.send(None)
        report: Report = server.pipe.recv()
        return report

    def _next(self, child: Child, standby: Child | None, running: list[Child]) -> Child | None:
        try:
            told = child.pipe.recv()
        except (EOFError, ConnectionResetError):
            told = LEAVING if self.scenario.crash else "a process ended"
        if told != LEAVING or standby is None:
            raise Broken(told)
        # The next process has started and waits: it replaces the one that ends, as after a restart.
        standby.ready()
        standby.pipe.send(None)
        running[running.index(child)] = standby
        return self.worker(0)


def run(scenario: Scenario, client: str, windows: int, servers: Servers, patience: float = 3.0) -> Outcome:
    """Return what one run gave; everything it started has ended.

    It is cut off after ``patience`` times the time that so many windows take, the part before the first included.
    """
    with tempfile.TemporaryDirectory() as folder:
        server = Child.start(serve, scenario.server, windows)
        started = None
        try:
            url = f"http://127.0.0.1:{server.pipe.recv()}"
            started = Run(scenario, client, windows, url, Path(folder), servers, patience)
            return judge(started.report(server), scenario.processes)
        except Broken as reason:
            return Outcome(note=str(reason))
        finally:
            for child in [*(started.children if started else ()), server]:
                child.end()


def judge(report: Report, processes: int) -> Outcome:
    """Turn the server's books into figures.

    Goodput: units accepted from the opening of the first whole window to the opening of the one after the last,
    over the units that the limit allows in that time. So waiting too long after a window's end costs as much as
    leaving units unspent. Refused: every 429 to the client under test, from its first request on.
    """
    periods = report.periods if report.complete else report.periods[:-1]
    whole = periods[1:-1] if report.complete else periods[1:]
    if not whole:
        return Outcome(note="not one whole window: too slow, or stuck")
    starts = [period.start for period in whole]
    ends = report.periods[-1].start
    elapsed = ends - starts[0]
    spent = sum((period.spent.total() for period in whole), 0)
    refused = sum(sum(n for who, n in period.refused.items() if who != OUTSIDER) for period in report.periods)
    shares = [sum(period.spent[str(number)] for period in whole) for number in range(processes)]
    return Outcome(
        goodput=spent / (LIMIT * elapsed / SECONDS),
        refused=refused,
        windows=len(whole),
        share_min_max=min(shares) / max(shares) if processes > 1 and max(shares) else None,
        unspent=LIMIT - spent / len(whole),
        gap_ms=1000 * (elapsed / len(whole) - SECONDS),
        worst_gap_ms=1000 * (max(after - start for start, after in pairwise([*starts, ends])) - SECONDS),
        spend_ms=1000 * sum(period.last - period.start for period in whole) / len(whole),
        outsider_units=sum(period.spent[OUTSIDER] for period in whole),
        outsider_refused=sum(period.refused[OUTSIDER] for period in whole),
        server_cpu=report.server_cpu,
        note=None if report.complete else "cut off: too slow",
    )
