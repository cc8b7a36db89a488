"""Our governor and other rate limiters against one scaled server; ``benchmarks/README.md`` says how to read it.

``python benchmarks/rate_limits.py`` runs everything (about two hours); ``--quick`` takes under 150 seconds.
"""

from __future__ import annotations

import argparse
import sys

from limiters.cell import Outcome, run
from limiters.clients import Servers
from limiters.peers import CLIENTS, QUICK, preload
from limiters.report import Cell, as_json, as_text
from limiters.scenarios import SCENARIOS, Scenario
from limiters.servers import forget_all, running
from limiters.steps import Step, measure

PATIENCE, QUICK_PATIENCE = 3.0, 1.05
"""A run may take so many times what its windows take; the quick ones together have 150 seconds."""


def chosen(arguments: argparse.Namespace) -> tuple[list[Scenario], list[str]]:
    names = arguments.scenario
    scenarios = [s for s in SCENARIOS if (s.name in names if names else s.quick or not arguments.quick)]
    return scenarios, arguments.client or (list(QUICK) if arguments.quick else list(CLIENTS))


def cells(arguments: argparse.Namespace, servers: Servers) -> list[Cell]:
    scenarios, clients = chosen(arguments)
    windows = arguments.windows or (4 if arguments.quick else 10)
    repetitions = arguments.repetitions or (1 if arguments.quick else 5)
    pairs = [(s, c) for s in scenarios for c in clients if s.only is None or c in s.only]
    outcomes: dict[tuple[Scenario, str], list[Outcome]] = {pair: [] for pair in pairs}
    # Round by round, so that a noisy minute of the machine does not hit all runs of one cell.
    for _ in range(repetitions):
        for scenario, client in pairs:
            forget_all(servers)
            outcome = run(scenario, client, windows, servers, QUICK_PATIENCE if arguments.quick else PATIENCE)
            outcomes[scenario, client].append(outcome)
            print(f"{scenario.name}, {client}: {outcome}", file=sys.stderr, flush=True)
    return [Cell(scenario.name, client, tuple(found)) for (scenario, client), found in outcomes.items()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three clients, five scenarios, 4 windows, once")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--scenario", action="append", choices=[s.name for s in SCENARIOS], metavar="NAME")
    parser.add_argument("--client", action="append", choices=list(CLIENTS))
    parser.add_argument("--windows", type=int, help="whole windows a run")
    parser.add_argument("--repetitions", type=int, help="runs a cell")
    parser.add_argument("--steps", action=argparse.BooleanOptionalAction, default=True, help="time single steps too")
    arguments = parser.parse_args()
    preload()
    with running() as servers:
        found = cells(arguments, servers)
        forget_all(servers)
        steps: list[Step] = measure(servers, quick=arguments.quick) if arguments.steps else []
    print((as_json if arguments.json else as_text)(found, steps))


if __name__ == "__main__":
    main()
