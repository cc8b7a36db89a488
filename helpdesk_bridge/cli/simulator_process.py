"""Simulators in processes of their own, for as long as a command needs them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from attrs import define, field

STOP_SECONDS = 10


class SimulatorFailed(RuntimeError):
    """A simulator did not start; the message is what it said."""

    exit_code = 1


@define
class SimulatedVendor:
    """One vendor's simulator as a child process, reached over HTTP like the real thing.

    ``arguments`` are those of ``helpdesk-bridge simulate VENDOR``. A context manager; ``settings`` is the table that
    reaches it once it listens.
    """

    vendor: str
    arguments: Sequence[str] = ()
    settings: dict[str, Any] = field(factory=dict, init=False, repr=False)
    _process: subprocess.Popen[str] | None = field(default=None, init=False, repr=False)

    def start(self) -> None:
        """Start the child; returns at once, ``listening`` waits for it."""
        command = [sys.executable, "-m", "helpdesk_bridge.cli", "simulate", self.vendor, *self.arguments]
        # A session of its own: Ctrl-C must reach the migration, which drains, and not cut the wire under it.
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )

    def listening(self) -> dict[str, Any]:
        """Wait until the simulator listens and return its settings. Raises ``SimulatorFailed``."""
        process = self._process
        if process is None or process.stdout is None or process.stderr is None:
            raise SimulatorFailed(f"the simulator of {self.vendor} was not started")
        line = process.stdout.readline()
        if not line:
            process.wait()
            said = process.stderr.read().strip().splitlines()
            raise SimulatorFailed(f"the simulator of {self.vendor} did not start: {said[-1] if said else 'no reason'}")
        self.settings = {"vendor": self.vendor, **json.loads(line)["settings"]}
        return self.settings

    def stop(self) -> None:
        """End the child; harmless if it has ended."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.communicate(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
