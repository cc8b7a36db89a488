"""Budgets in Redis, for the processes of several hosts: two round trips a step, if no other process is at its own."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from helpdesk_bridge.errors import ConfigError
from helpdesk_bridge.ratelimit.store import SharedCell, StoreLost

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpdesk_bridge.clock import Clock
    from helpdesk_bridge.ratelimit.policy import RateLimitPolicy

PREFIX: Final = "helpdesk-bridge:budget:"
CONNECT_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 2.0
KEPT_MILLISECONDS: Final = 7 * 86_400_000
_NEVER_WRITTEN: Final = b"?"

_COMPARE_AND_SET: Final = """
local value = redis.call('GET', KEYS[1])
if (value or '') ~= ARGV[1] then
  local time = redis.call('TIME')
  return {value, time[1], time[2]}
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
"""


class RedisStore:
    """Budgets in one Redis database. ``time`` replaces its clock, for tests."""

    def __init__(self, url: str, *, time: Callable[[], float] | None = None) -> None:
        try:
            import redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        except ImportError:
            raise ConfigError("budget: redis:// needs its client; install this package's extra redis") from None
        try:
            parts = urlsplit(url)
            self.place = f"redis {parts.hostname or 'localhost'}:{parts.port or 6379}/{parts.path.strip('/') or 0}"
            # A connection that has been idle may be closed by now: once again is worth it. More often is not, since
            # the share of the limit in memory is there at once.
            self.client = redis.Redis.from_url(
                url,
                socket_connect_timeout=CONNECT_SECONDS,
                socket_timeout=ANSWER_SECONDS,
                retry=Retry(NoBackoff(), 1),
            )
        except (ValueError, TypeError):
            raise ConfigError('budget: this is no URL of a Redis database; use "redis://HOST:PORT/DB"') from None
        self.swap = self.client.register_script(_COMPARE_AND_SET)
        self.errors: tuple[type[Exception], ...] = (redis.RedisError, OSError)
        self.time = time
        self._cells: weakref.WeakValueDictionary[tuple[str, Clock], SharedCell] = weakref.WeakValueDictionary()
        weakref.finalize(self, self.client.connection_pool.disconnect)

    def cell(self, key: str, policy: RateLimitPolicy, clock: Clock) -> SharedCell:
        """Return the cell of that key. The connection is made with its first use."""
        found = self._cells.get((key, clock))
        if found is None:
            found = self._cells[key, clock] = SharedCell(RedisPlace(self, key, clock), policy, clock)
        return found


class RedisPlace:
    """One key in Redis, by Redis' own clock. Nobody is kept out: who was too late does its step again."""

    far: bool = True
    doubtful: bool = False
    restarted: bool = False
    remains: bytes | None = None

    def __init__(self, store: RedisStore, key: str, clock: Clock) -> None:
        self.name = store.place
        self._store = store
        self._key = PREFIX + key
        self._clock = clock
        self._read: bytes | None = None
        self._newer: tuple[bytes | None, float] | None = None
        """What another process wrote while this one was at its step."""

    def lock(self) -> None:
        """Do nothing."""
        self._newer = None

    def read(self) -> tuple[bytes | None, float]:
        """Return the key's value and Redis' time."""
        found = self._newer or self._swap(_NEVER_WRITTEN, b"")
        if found is None:
            raise StoreLost("Redis refuses the step")
        self._read = found[0]
        return found

    def write(self, data: bytes) -> bool:
        """Replace the value that was read, unless it is another one by now."""
        self._newer = self._swap(self._read or b"", data)
        # The client asks again if the connection broke before the answer came: then ours may be there already.
        return self._newer is None or self._newer[0] == data

    def unlock(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing: the client makes connections of its own in a child process."""

    def _swap(self, old: bytes, new: bytes) -> tuple[bytes | None, float] | None:
        """Replace a value and return None; if it is another one, return that and the time, and replace nothing."""
        try:
            found = self._store.swap(keys=[self._key], args=[old, new, KEPT_MILLISECONDS])
        except self._store.errors as error:
            raise StoreLost(_reason(error)) from None
        if found is None:
            return None
        value, seconds, microseconds = found
        time = self._store.time
        told = (int(seconds) + int(microseconds) / 1e6) * self._clock.time_scale if time is None else time()
        return value, told


def _reason(error: Exception) -> str:
    """Return what is wrong, without anything that the client or the server said word for word."""
    import redis
    from redis.exceptions import NoPermissionError

    if isinstance(error, (redis.AuthenticationError, NoPermissionError)):
        return "Redis refuses the credentials"
    if isinstance(error, redis.TimeoutError):
        return "Redis does not answer"
    if isinstance(error, redis.ConnectionError):
        return "Redis cannot be reached"
    code = str(error).partition(" ")[0]
    if code == "WRONGTYPE":
        return "it holds something else, and is left alone"
    return f"Redis refuses the step ({code})" if code.isalpha() and code.isupper() else "Redis refuses the step"
