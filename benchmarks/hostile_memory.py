"""Peak memory of `tickets show`, `migrate run` and `migrate verify` on hostile content, each in a process of its own.

Run it with ``python benchmarks/hostile_memory.py [NAME …]``; it prints JSON: the peak resident memory of each command in
MB, from a simulator of Deskie into a local desk, and that of the same command on an ordinary ticket.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from attrs import evolve

from helpdesk_bridge.datasets.dataset import Dataset, SeedFile
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.testing.simulator.server import SimulatorServer
from helpdesk_bridge_deskie.simulator import create

SCALE = 200.0
MB = 1_000_000


def bomb() -> tuple[str, ...]:
    """Return the 3 kB that once became a text of 998 million characters."""
    return ("<div style='padding-left:99999em'>a" * 90,)


def wide_table() -> tuple[str, ...]:
    """Return a table of 1 MB with one wide cell and very many rows."""
    return ("<table><tr><td>" + "x" * (MB // 2) + "</td></tr>" + "<tr><td>a" * (MB // 18) + "</table>",)


def large_bodies(number: int) -> Callable[[], tuple[str, ...]]:
    """Return what makes so many bodies of 5 MB."""
    return lambda: tuple(f"<p>{place}</p>" + "<p>word word</p>" * (5 * MB // 16) for place in range(number))


def ordinary() -> tuple[str, ...]:
    """Return an ordinary body."""
    return ("<p>Where is my order?</p>",)


CONTENT: dict[str, tuple[Callable[[], tuple[str, ...]], int]] = {
    "ordinary": (ordinary, 10),
    "HTML bomb": (bomb, 10),
    "wide table": (wide_table, 10),
    "a body of 5 MB": (large_bodies(1), 10),
    "four bodies of 5 MB in one thread": (large_bodies(4), 10),
    "a file of 50 MB": (ordinary, 50 * MB),
}
"""Bodies of one thread, and the size of the file of its opening."""


def dataset(bodies: tuple[str, ...], size: int) -> Dataset:
    """Return an account of one ticket that says this, with a file of this size."""
    data = generate(1, 5)
    ticket = data.tickets[0]
    model = evolve(ticket.messages[0], files=())
    messages = [evolve(model, html=body, text=None) for body in bodies]
    file = SeedFile("large.bin", "application/octet-stream", b"x" * size)
    messages[0] = evolve(messages[0], files=(file,))
    return evolve(data, tickets=(evolve(ticket, messages=tuple(messages)),))


def peak(arguments: list[str], folder: Path) -> float:
    """Return the peak resident memory of a command in MB. Raises ``RuntimeError`` if it fails."""
    environment = {**os.environ, "HELPDESK_BRIDGE_CONFIG": str(folder / "helpdesk.toml")}
    program = [sys.executable, "-c", _MEASURE, sys.executable, "-m", "helpdesk_bridge", *arguments]
    done = subprocess.run(program, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{arguments}: {done.stderr[-2000:]}")
    return round(int(done.stdout) * (1 if sys.platform == "darwin" else 1024) / MB, 1)


# A process of its own starts the command: on Linux the peak of a child begins with that of its parent, which holds the
# simulator and the content.
_MEASURE: Final = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


def measured(bodies: tuple[str, ...], size: int) -> dict[str, float]:
    """Return the peaks of the three commands."""
    simulator = create(dataset(bodies, size), time_scale=SCALE)
    with tempfile.TemporaryDirectory() as name, SimulatorServer(simulator) as server:
        folder = Path(name)
        table = {**simulator.connection, "vendor": "deskie", "base_url": server.url, "time_scale": SCALE}
        lines = ["[desks.old]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
        lines += ["[desks.new]", 'vendor = "local"', f"path = {json.dumps(str(folder / 'new.db'))}"]
        (folder / "helpdesk.toml").write_text("\n".join(lines))
        journal = ["--from", "old", "--to", "new", "--journal", str(folder / "journal")]
        return {
            "tickets show": peak(["tickets", "show", "old", "1"], folder),
            "migrate run": peak(["migrate", "run", *journal, "--yes"], folder),
            "migrate verify": peak(["migrate", "verify", *journal], folder),
        }


def main() -> None:
    """Print the peaks of each content."""
    wanted = sys.argv[1:] or list(CONTENT)
    print(json.dumps({name: measured(CONTENT[name][0](), CONTENT[name][1]) for name in wanted}, indent=2))


if __name__ == "__main__":
    main()
