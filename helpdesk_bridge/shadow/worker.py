"""The worker of shadow reads: one thread behind a short queue, so that no caller waits for the other desk."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable
from queue import Empty, Full, Queue
from typing import Final

from helpdesk_bridge.errors import (
    ConfigError,
    HelpdeskError,
    Invalid,
    NotFound,
    RateLimited,
    Unsupported,
    WrongDesk,
)
from helpdesk_bridge.forks import new_lock
from helpdesk_bridge.model.shadow import ShadowOutcome
from helpdesk_bridge.shadow.counts import Compared

logger = logging.getLogger("helpdesk_bridge.shadow")

WAITING: Final = 20
"""So many reads may wait to be compared; more are dropped and counted."""
_IDLE: Final = 1.0

Job = Callable[[], Compared]


class ShadowWorker:
    """Does the comparisons, one after another; the thread starts with the first and ends when nothing is left to do."""

    def __init__(self, told: Callable[[Compared], None]) -> None:
        self._told = told
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._jobs: Queue[tuple[str, Job]] = Queue(WAITING)
        self._lock = new_lock()
        self._thread: threading.Thread | None = None
        self._closed = False

    def submit(self, operation: str, job: Job) -> None:
        """Compare later. Never waits: a job that finds the queue full is dropped, and counted as such."""
        if self._pid != os.getpid():
            self._begin()  # a forked child has no thread of its parent's
        if self._closed:
            return
        try:
            self._jobs.put_nowait((operation, job))
        except Full:
            self._tell(Compared(operation, ShadowOutcome.DROPPED))
            return
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="helpdesk-bridge shadow reads", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while True:
            try:
                operation, job = self._jobs.get(timeout=_IDLE)
            except Empty:
                with self._lock:
                    if self._jobs.empty():
                        self._thread = None
                        return
                continue
            if not self._closed:
                self._tell(_done(operation, job))
            self._jobs.task_done()

    def _tell(self, compared: Compared) -> None:
        try:
            self._told(compared)
        except Exception as error:  # noqa: BLE001 - nothing of this may reach the caller
            logger.warning(
                "a shadow read could not be counted: %s",
                type(error).__name__,
                extra={"event": "shadow.not_counted", "error": type(error).__name__},
            )

    def settle(self) -> None:
        """Wait until everything that was submitted is compared."""
        if self._pid == os.getpid():
            self._jobs.join()

    def close(self) -> None:
        """Give up what still waits; a comparison that is under way ends by itself."""
        self._closed = True
        with contextlib.suppress(Empty):
            while True:
                self._jobs.get_nowait()
                self._jobs.task_done()


def _done(operation: str, job: Job) -> Compared:
    try:
        return job()
    except NotFound as error:
        return Compared(operation, ShadowOutcome.MISSING, reason=error.message)
    except RateLimited:
        return Compared(operation, ShadowOutcome.SKIPPED)
    except (WrongDesk, Unsupported, Invalid, ConfigError) as error:
        return Compared(operation, ShadowOutcome.UNCOMPARABLE, reason=getattr(error, "message", str(error)))
    except HelpdeskError as error:
        return Compared(operation, ShadowOutcome.FAILED, reason=type(error).__name__)
    except Exception as error:  # noqa: BLE001 - a comparison never ends a thread of the application
        logger.warning(
            "a shadow read failed: %s",
            type(error).__name__,
            extra={"event": "shadow.failed", "operation": operation, "error": type(error).__name__},
        )
        return Compared(operation, ShadowOutcome.FAILED, reason=type(error).__name__)
