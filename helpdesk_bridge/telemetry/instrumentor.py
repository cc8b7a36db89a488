"""For ``opentelemetry-instrument``: what its entry point loads to watch a program that does not call ``instrument``."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, ClassVar

from helpdesk_bridge.telemetry.instrument import instrument


class Instrumentor:
    """Turns telemetry on and off, as OpenTelemetry's own instrumentors do."""

    _ends: ClassVar[list[Callable[[], None]]] = []

    def instrumentation_dependencies(self) -> Collection[str]:
        """Return what has to be installed besides: nothing."""
        return ()

    def instrument(self, *, tracer_provider: Any = None, meter_provider: Any = None, **_: object) -> None:
        """Watch every desk of this process; a second call changes nothing."""
        if not self._ends:
            self._ends.append(instrument(tracer_provider=tracer_provider, meter_provider=meter_provider))

    def uninstrument(self, **_: object) -> None:
        """Watch no more."""
        while self._ends:
            self._ends.pop()()
