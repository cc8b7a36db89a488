"""The state machine, composed of its rules, and ``run_conformance_machine``, which runs it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Final

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from helpdesk_bridge.testing.machine.contact_rules import ContactRules
from helpdesk_bridge.testing.machine.desk_under_test import Factory, refuse_stale
from helpdesk_bridge.testing.machine.faults import FAULTS, faults_named
from helpdesk_bridge.testing.machine.maintenance_rules import MaintenanceRules
from helpdesk_bridge.testing.machine.refusal_rules import RefusalRules
from helpdesk_bridge.testing.machine.ticket_rules import TicketRules

EXAMPLES: Final = "HELPDESK_BRIDGE_EXAMPLES"
"""The environment variable that says how many programs are tried; 25 if it is not set."""


class HelpdeskStateMachine(TicketRules, ContactRules, RefusalRules, MaintenanceRules):
    """Drives a model, the local desk and the desk under test in lock-step.

    Run by ``run_conformance_machine``; or give a subclass a ``factory`` and collect its ``TestCase``.
    """


def usual() -> settings:
    """Return the settings for a run that gives none."""
    return settings(
        max_examples=int(os.environ.get(EXAMPLES, "25")),
        stateful_step_count=25,
        deadline=None,
        print_blob=True,
        report_multiple_bugs=False,
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large),
    )


def run_conformance_machine(
    factory: Factory,
    *,
    settings: settings | None = None,
    faults: Iterable[str] = FAULTS,
) -> None:
    """Try programs on the desk that ``factory`` opens until one fails, and raise ``Disagreement`` with the shortest.

    ``factory`` is called once for each program. It returns a fresh, empty, writable desk or a context manager that
    yields one, or a ``DeskUnderTest`` of one with its fault switch and clock. ``faults`` are names of
    ``helpdesk_bridge.testing.faults``; with an empty list no call fails. Raises ``FactoryError`` if the
    factory gives no such desk, ``FaultError`` for an unknown fault.
    """
    names = tuple(fault.kind for fault in faults_named(faults))
    refuse_stale(factory)
    parts = {"factory": staticmethod(factory), "faults": names, "__doc__": HelpdeskStateMachine.__doc__}
    machine = type("HelpdeskStateMachine", (HelpdeskStateMachine,), parts)
    run_state_machine_as_test(machine, settings=settings or usual())
