"""Budgets in Redis, for the processes of several hosts: one script and one round trip a step, by Redis' own clock."""

from __future__ import annotations

import json
import logging
import math
import secrets
import socket
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, TypeVar, cast
from urllib.parse import urlsplit

from helpdesk_bridge.errors import ConfigError
from helpdesk_bridge.ratelimit import identity
from helpdesk_bridge.ratelimit.state import Amounts, Answer, BudgetState, Left, Spent, Told
from helpdesk_bridge.ratelimit.store import StoreLost

if TYPE_CHECKING:
    from helpdesk_bridge.http.clock import Clock
    from helpdesk_bridge.ratelimit.policy import RateLimitPolicy

P = ParamSpec("P")
T = TypeVar("T")

logger = logging.getLogger("helpdesk_bridge.ratelimit")

_host: Final = socket.gethostname()[:64].replace("/", "_") or "host"

PREFIX: Final = "helpdesk-bridge:budget:"
CONNECT_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 2.0
_FOREVER: Final = 1e300
"""Infinity, which JSON has not."""

_NOTHING: Final = (None, None, None, None)


class RedisStore:
    """Budgets in one Redis database. ``time`` replaces its clock, for tests."""

    def __init__(self, url: str, *, time: Callable[[], float] | None = None) -> None:
        try:
            import redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        except ImportError:
            raise ConfigError("budget: redis:// needs pip install 'helpdesk-bridge[redis]'") from None
        try:
            parts = urlsplit(url)
            self.place = f"redis {parts.hostname or 'localhost'}:{parts.port or 6379}/{parts.path.strip('/') or 0}"
            # A connection that has been idle may be closed by now: once again is worth it, and every step may be
            # repeated. More often is not, since the share of the limit in memory is there at once.
            self.client = redis.Redis.from_url(
                url,
                socket_connect_timeout=CONNECT_SECONDS,
                socket_timeout=ANSWER_SECONDS,
                retry=Retry(NoBackoff(), 1),
            )
        except (ValueError, TypeError):
            raise ConfigError('budget: this is no URL of a Redis database; use "redis://HOST:PORT/DB"') from None
        self._script = self.client.register_script(
            files("helpdesk_bridge.ratelimit").joinpath("budget.lua").read_text("utf-8")
        )
        self.errors: tuple[type[Exception], ...] = (redis.RedisError, OSError)
        self.time = time
        self._cells: weakref.WeakValueDictionary[tuple[str, Clock], RedisCell] = weakref.WeakValueDictionary()
        weakref.finalize(self, self.client.connection_pool.disconnect)

    def run(self, key: str, texts: Sequence[str]) -> Any:
        """Return what the script answers. Raises one of ``errors``."""
        return self._script(keys=[key], args=texts)

    def cell(self, key: str, policy: RateLimitPolicy, clock: Clock) -> RedisCell:
        """Return the cell of that key. The connection is made with its first use."""
        found = self._cells.get((key, clock))
        if found is None:
            found = self._cells[key, clock] = RedisCell(self, key, policy, clock)
        return found


class RedisCell:
    """One budget in Redis; what was last seen of it is kept here, for the day it is lost."""

    shared: bool = True

    def __init__(self, store: RedisStore, key: str, policy: RateLimitPolicy, clock: Clock) -> None:
        self._store = store
        self._key = PREFIX + key
        self._clock = clock
        self._headers = policy.headers
        self._windows = [[window.limit, window.seconds] for window in policy.windows]
        self._lock = threading.Lock()
        self._policy = self._policy_text()
        self._birth = 0
        self._seen = self._asked_at = self._told_at = 0.0
        self._spent: tuple[Spent, ...] | None = None
        self.sharers = 1

    @property
    def place(self) -> str:
        """The server, without any secret."""
        return self._store.place

    def update(self, change: Callable[Concatenate[BudgetState, float, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do one step in the script of the same name."""
        write, read = _STEPS[change.__name__]
        result = self._run(change.__name__, write(self, *args, **kwargs))
        return cast("T", read(result))

    def tighten(self, limits: Amounts) -> None:
        """Lower the limits that hold for this process until the server has told its own."""
        self._windows = [[min(old, new), seconds] for (old, seconds), new in zip(self._windows, limits, strict=True)]
        self._policy = self._policy_text()

    def known(self) -> tuple[Spent, ...] | None:
        """Return what was spent as far as was seen last."""
        with self._lock:
            if self._spent is None:
                return None
            passed = self._clock.now() - self._told_at
            return tuple(one._replace(ends_in=max(one.ends_in - passed, 0.0)) for one in self._spent)

    def holders(self) -> tuple[str, ...]:
        """Return the hosts and ids of the other processes that spend it."""
        own = _who()
        return tuple(_told(who) for who in self._run("processes", []) if who != own)

    def reopen(self) -> None:
        """Do nothing: the client makes connections of its own in a child process."""
        self._lock = threading.Lock()

    def ident(self, number: int) -> str:
        """Return a request's ident that no other host gives, always as long, so that texts sort as numbers do."""
        return f"{_who()}/{number & ((1 << identity.COUNT_BITS) - 1):07x}"

    def _policy_text(self) -> str:
        headers = self._headers
        return json.dumps(
            {
                "windows": self._windows,
                "speaks": headers.window,
                "step": headers.step,
                "resolution": headers.resolution,
                "exact": not headers.remaining_is_hint,
                "awaits_limit": headers.limit is not None,
                "scale": self._clock.time_scale,
            }
        )

    def _run(self, step: str, arguments: Sequence[Any]) -> list[str]:
        asked_at, time = self._clock.now(), self._store.time
        with self._lock:
            birth, seen, elapsed = self._birth, self._seen, max(asked_at - self._asked_at, 0.0)
        caller = {
            "now": None if time is None else time(),
            "who": _who(),
            "birth": birth,
            "fresh": secrets.randbits(52) | 1,
            "seen": seen,
            "elapsed": elapsed,
            "known": self.known(),
        }
        texts = [step, self._policy, json.dumps(caller), json.dumps(arguments)]
        try:
            birth_text, at, sharers, spent, result = self._store.run(self._key, texts)
        except self._store.errors as error:
            raise StoreLost(_reason(error)) from None
        self._note(int(float(birth_text)), float(at), asked_at, int(sharers), spent.decode().split(" "))
        return [one.decode() for one in result]

    def _note(self, birth: int, at: float, asked_at: float, sharers: int, spent: list[str]) -> None:
        with self._lock:
            if self._birth not in (0, birth):
                logger.warning("the rate-limit budget in %s was lost; it is written anew from memory", self.place)
            elif at < self._seen:
                return  # another thread's step was later and its answer faster
            self._birth, self.sharers = birth, sharers
            self._seen, self._asked_at, self._told_at = at, asked_at, self._clock.now()
            self._spent = tuple(
                Spent(int(float(units)), float(ends_in), int(float(limit)), told == "1")
                for units, ends_in, limit, told in zip(*[iter(spent)] * 4, strict=True)
            )


def _plain(_: RedisCell, *arguments: Any) -> Sequence[Any]:
    return arguments


def _named(cell: RedisCell, ident: int, *arguments: Any) -> Sequence[Any]:
    return [cell.ident(ident), *arguments]


def _taken(
    cell: RedisCell,
    ident: int,
    amounts: Amounts,
    spares: Amounts,
    lease: float,
    arrived: float | None = None,
    priority: int = 0,
    patience: float = -1.0,
    presence: float = math.inf,
) -> Sequence[Any]:
    patience, presence = min(patience, _FOREVER), min(presence, _FOREVER)
    return [cell.ident(ident), amounts, spares, lease, arrived, priority, patience, presence]


def _settled(
    cell: RedisCell, ident: int, amounts: Amounts, told: Told | None = None, *, lost: bool = False
) -> Sequence[Any]:
    return [cell.ident(ident), amounts, told or _NOTHING, lost]


def _answer(result: list[str]) -> Answer:
    wait, at, expected = map(float, result)
    return Answer(wait, at, expected)


def _left(result: list[str]) -> Left:
    limit, units, ends_in = map(float, result)
    return Left(int(limit), int(units), None if ends_in < 0 else ends_in)


def _number(result: list[str]) -> float:
    return float(result[0])


def _nothing(_: list[str]) -> None:
    return None


_STEPS: Final[Mapping[str, tuple[Callable[..., Sequence[Any]], Callable[[list[str]], Any]]]] = {
    "take": (_taken, _answer),
    "drop": (_named, _nothing),
    "leave": (_named, _nothing),
    "refuse": (_named, _nothing),
    "settle": (_settled, _nothing),
    "forecast": (_plain, _number),
    "left": (_plain, _left),
    "add": (_plain, _nothing),
}
"""What the script offers of a state's steps: how its arguments are written and its answer is read."""


def _who() -> str:
    return f"{_host}/{identity.this_process():09x}"


def _told(who: str) -> str:
    host, _, process = who.rpartition("/")
    return f"process {identity.pid_of(int(process, 16))} on {host}"


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
    if code in {"FOREIGN", "WRONGTYPE"}:
        return "the key holds something else, and is left alone"
    if code == "NEWER":
        return "a later version wrote it"
    return f"Redis refuses the step ({code})" if code.isalpha() and code.isupper() else "Redis refuses the step"
