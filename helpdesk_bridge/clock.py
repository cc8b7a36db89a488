"""Clocks: everything that needs the time takes an injected clock, so that tests never wait."""

from __future__ import annotations

import math
import sys
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from attrs import field, frozen, validators

if TYPE_CHECKING:
    import threading


class Clock(Protocol):
    """What the bridge needs to know about time.

    ``now``, ``sleep`` and ``wait`` speak **vendor seconds**: real seconds times ``time_scale``. Rate windows, waits
    after a refusal and settle times run on them; socket timeouts stay real.
    """

    @property
    def time_scale(self) -> float:
        """How many vendor seconds pass in one real second; 1 except against a simulator."""
        ...

    def now(self) -> float:
        """Return monotonic vendor seconds; only differences mean anything."""
        ...

    def sleep(self, seconds: float) -> None:
        """Return after that many vendor seconds."""
        ...

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Return when the event is set (True) or that many vendor seconds have passed (False)."""
        ...

    def wall(self) -> datetime:
        """Return the time of day, aware and in UTC; never scaled."""
        ...


@frozen
class SystemClock:
    """The machine's own clock. Two with the same scale are equal: their readings can be compared."""

    time_scale: float = field(default=1.0, validator=validators.gt(0.0))

    def now(self) -> float:
        """Return ``time.monotonic()`` in vendor seconds."""
        return time.monotonic() * self.time_scale

    def sleep(self, seconds: float) -> None:
        """Sleep for vendor seconds."""
        if seconds > 0:
            time.sleep(seconds / self.time_scale)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait for the event, at most for vendor seconds; infinity waits for the event alone."""
        # threading refuses timeouts above about 292 years, and infinity with them
        return event.wait(None if math.isinf(seconds) else max(seconds, 0.0) / self.time_scale)

    def wall(self) -> datetime:
        """Return the current time in UTC."""
        return datetime.now(UTC)


def real_seconds() -> float:
    """Return monotonic real seconds, for deadlines on sockets and for measuring: those are never scaled."""
    return time.monotonic()


def boot_seconds() -> float:
    """Return monotonic real seconds that every process of this machine shares and that include its sleep."""
    # macOS has no such clock; what its monotonic one counts is left out while the lid is closed
    return time.clock_gettime(time.CLOCK_BOOTTIME) if sys.platform == "linux" else time.monotonic()


def pause(seconds: float) -> None:
    """Let real seconds pass: for the short waits between attempts to get a lock, which are never scaled."""
    time.sleep(seconds)


def boot_id() -> bytes:
    """Return 16 bytes that differ from boot to boot, as the zero of ``time.monotonic()`` does; zeros if unknown."""
    try:
        if sys.platform == "darwin":
            text = _sysctl_text(b"kern.bootsessionuuid")
        else:
            text = Path("/proc/sys/kernel/random/boot_id").read_text("ascii")
        return uuid.UUID(text.strip()).bytes
    except (OSError, ValueError, AttributeError):
        return bytes(16)


def _sysctl_text(name: bytes) -> str:
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    size = ctypes.c_size_t(64)
    buffer = ctypes.create_string_buffer(size.value)
    if libc.sysctlbyname(name, buffer, ctypes.byref(size), None, ctypes.c_size_t(0)):
        raise OSError(ctypes.get_errno(), "sysctl")
    return buffer.value.decode("ascii")
