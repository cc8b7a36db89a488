"""A state machine that drives a model, the local desk and a desk under test in lock-step and reports where they differ.

.. code-block:: python

    from helpdesk_bridge.testing.machine import run_conformance_machine

    def test_our_desk_is_a_helpdesk():
        run_conformance_machine(lambda: open_desk({"vendor": "ours", ...}))     # an empty, writable desk each time

Hypothesis makes up programs: tickets are created, changed, answered and queried, calls meet faults, the desk is
closed and opened again. Each step runs on a model of dictionaries, on the local desk, narrowed to what the
desk under test can do, and on the desk itself. After each step the answers and the errors must agree, and in the end all
records. A failure is printed as the shortest program that fails.

The conformance suite says in the name of a test what is wrong; the machine finds what nobody thought of naming.
"""

from __future__ import annotations

try:
    import hypothesis  # noqa: F401 - only whether it is there
except ImportError as error:
    raise ImportError(
        "the state machine needs hypothesis: install this package's extra testing", name="hypothesis"
    ) from error

from helpdesk_bridge.testing.machine.desk_under_test import DeskUnderTest
from helpdesk_bridge.testing.machine.errors import Disagreement, FactoryError
from helpdesk_bridge.testing.machine.faults import FAULTS
from helpdesk_bridge.testing.machine.run import HelpdeskStateMachine, run_conformance_machine

__all__ = [
    "FAULTS",
    "DeskUnderTest",
    "Disagreement",
    "FactoryError",
    "HelpdeskStateMachine",
    "run_conformance_machine",
]
