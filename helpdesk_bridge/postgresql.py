"""Connections to PostgreSQL that wait for so long and not for ever, whatever has become of the server."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from helpdesk_bridge.clock import real_seconds

if TYPE_CHECKING:
    from collections.abc import Generator

    from psycopg import Connection


def connect(url: str, *, answer_seconds: float, **options: Any) -> Connection[Any]:
    """Return a connection on which an answer that takes longer raises ``psycopg.errors.ConnectionTimeout``.

    ``options`` are the client's own. Raises what the client raises.
    """
    connection: Any = _bounded().connect(url, **options)
    connection.answer_seconds = answer_seconds
    found: Connection[Any] = connection
    return found


@cache
def _bounded() -> Any:
    import psycopg

    class Bounded(psycopg.Connection[Any]):
        answer_seconds = 60.0

        def wait(self, gen: Generator[Any, Any, Any], *args: Any, **kwargs: Any) -> Any:
            return super().wait(_in_time(gen, self.answer_seconds), *args, **kwargs)

    return Bounded


def _in_time(steps: Generator[Any, Any, Any], seconds: float) -> Generator[Any, Any, Any]:
    """Hand a client's steps on until they end or the time is over; between them the client wakes ten times a second."""
    from psycopg import errors

    deadline = real_seconds() + seconds
    try:
        wanted = next(steps)
        while True:
            ready = yield wanted
            if not ready and real_seconds() >= deadline:
                raise errors.ConnectionTimeout("no answer")
            wanted = steps.send(ready)
    except StopIteration as end:
        return end.value


def refusal(error: Exception) -> str | None:
    """Return why a server refused a connection: ``credentials``, ``unknown``, ``full`` or None for anything else.

    The client gives no code there, only the server's text, and never all of it to people: it names users.
    """
    code, said = getattr(error, "sqlstate", None), str(error)
    refused = ("authentication failed", "no password supplied", "no pg_hba.conf entry")
    if code in ("28P01", "28000") or any(text in said for text in refused):
        return "credentials"
    if code == "3D000" or "does not exist" in said:
        return "unknown"
    if code == "53300" or "too many clients" in said or "remaining connection slots" in said:
        return "full"
    return None


__all__ = ["connect", "refusal"]
