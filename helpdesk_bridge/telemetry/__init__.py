"""OpenTelemetry: spans and metrics of every desk of this process, by its API alone. Needs this package's extra otel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpdesk_bridge.lazy import lazy_names

if TYPE_CHECKING:
    from helpdesk_bridge.telemetry.instrument import instrument

__all__ = ["instrument"]

__getattr__, __dir__ = lazy_names(__name__, {"helpdesk_bridge.telemetry.instrument": "instrument"})
