"""From what a desk's ``budget`` says to the store that keeps it."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import sys
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Final

from helpdesk_bridge.clock import SystemClock
from helpdesk_bridge.errors import ConfigError
from helpdesk_bridge.forks import new_lock

if TYPE_CHECKING:
    from helpdesk_bridge.clock import Clock
    from helpdesk_bridge.ratelimit.policy import RateLimitPolicy
    from helpdesk_bridge.ratelimit.store import Store

logger = logging.getLogger("helpdesk_bridge.ratelimit")

SERVERS: Final = ("redis://", "rediss://", "postgresql://", "postgres://")
"""What the URL of a server that keeps budgets begins with."""

_REMOTE: Final = re.compile(
    r"nfs|cifs|smb|ncpfs|afs|ceph|gluster|lustre|gpfs|ocfs2|gfs2|9p|virtiofs|davfs|fuse(\..*)?$|beegfs|pvfs|vboxsf|prl_fs"
)
"""File systems whose locks or clock may be another machine's."""

_MNT_LOCAL: Final = 0x1000
"""documented: macOS sys/mount.h, the flag of a local file system; at byte 64 of struct statfs with 64-bit inodes."""

_stores: weakref.WeakValueDictionary[str, Store] = weakref.WeakValueDictionary()
_lock = new_lock()
_warned: set[str] = set()


def budget_key(scope: tuple[str, ...], policy: RateLimitPolicy, clock: Clock) -> str:
    """Return the name of a budget: the vendor and a digest of all that decides who shares it."""
    shape = tuple((window.seconds, window.counts) for window in policy.windows)
    digest = hashlib.sha256(repr((scope, shape, clock.time_scale)).encode()).hexdigest()
    vendor = re.sub(r"[^a-z0-9_]+", "_", scope[0].lower()) if scope else ""
    return f"{vendor or 'vendor'}-{digest[:24]}"


def choose(budget: str, key: str, memory: Store, clock: Clock, *, loopback: bool) -> Store:
    """Return the store for a budget of that key. Raises ``ConfigError`` for a place that can never be.

    ``auto`` is a file in the user's state folder where processes can share one, else memory and one warning. Desks on
    loopback are simulators, and a clock that is not the machine's own is a test's: nobody shares their budgets.
    """
    if budget == "memory":
        return memory
    if budget == "auto":
        if loopback or not isinstance(clock, SystemClock):
            return memory
        return _automatic(key) or memory
    kind, _, rest = budget.partition(":")
    if kind == "file" and rest:
        from helpdesk_bridge.ratelimit.file_store import OWNER_AND_GROUP

        return _file(Path(rest).expanduser().absolute(), OWNER_AND_GROUP)
    if budget.startswith(SERVERS):
        return _server(budget)
    raise ConfigError(
        f'budget: "{kind}…" is no place for a budget; use "auto", "memory", "file:PATH", "redis://HOST:PORT/DB" or '
        '"postgresql://USER@HOST:PORT/DB"'
    )


def state_folder() -> Path | None:
    """Return the user's folder for what programs remember; it need not exist. None if the user has no home."""
    try:
        given = os.environ.get("XDG_STATE_HOME", "")
        # documented: XDG base directory specification, a relative path is to be ignored
        if given.startswith("/"):
            base = Path(given)
        elif sys.platform == "darwin":
            base = Path.home() / "Library" / "Application Support"
        else:
            base = Path.home() / ".local" / "state"
    except RuntimeError:
        return None
    return base / "helpdesk-bridge"


def _automatic(key: str) -> Store | None:
    from helpdesk_bridge.ratelimit.file_store import OWNER_ONLY

    folder = state_folder()
    reason = "this user has no home" if folder is None else why_not(folder)
    if folder is None or reason is not None:
        _warn_once(
            f"rate-limit budgets are kept in memory and not shared between processes: {reason}; "
            'set budget = "file:PATH", "redis://…" or "postgresql://…" for a place that is shared'
        )
        return None
    return _file(folder / "budgets" / f"{key}.budget", OWNER_ONLY)


def why_not(folder: Path) -> str | None:
    """Return why a folder, which may still have to be made, cannot hold a budget; None if it can."""
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        return f"{folder} is not writable"
    if not is_local(there):
        return f"{folder} is not on a local disk"
    return None


def is_local(path: Path) -> bool:
    """Whether a path is on a file system of this machine alone; what cannot be found out counts as local."""
    if sys.platform == "darwin":
        return _is_local_darwin(path)
    try:
        mounts = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape")
    except OSError:
        return True
    return not _REMOTE.match(_type_of(path.resolve(), mounts))


def _type_of(path: Path, mounts: str) -> str:
    """Return the type of the file system, by the longest mount point above the path; later mounts lie on top."""
    best, found = -1, ""
    for line in mounts.splitlines():
        # documented: proc(5), mountinfo: the mount point is the fifth field, the type the first after a lone hyphen
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) < 5 or not after:  # noqa: PLR2004 - the fifth field
            continue
        point = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[4]))
        if path.is_relative_to(point) and len(point.parts) >= best:
            best, found = len(point.parts), after.split(" ")[0]
    return found


def _is_local_darwin(path: Path) -> bool:
    import ctypes

    libc = ctypes.CDLL(None)
    statfs = getattr(libc, "statfs$INODE64", None) or libc.statfs
    buffer = ctypes.create_string_buffer(4096)
    if statfs(os.fsencode(path), buffer):
        return True
    return bool(int.from_bytes(buffer.raw[64:68], sys.byteorder) & _MNT_LOCAL)


def _file(path: Path, mode: int) -> Store:
    from helpdesk_bridge.ratelimit.file_store import FileStore

    with _lock:
        found = _stores.get(f"file:{path}")
        if found is None:
            found = _stores[f"file:{path}"] = FileStore(path, mode=mode)
        return found


def _server(url: str) -> Store:
    with _lock:
        found = _stores.get(url)
        if found is None:
            found = _stores[url] = _opened(url)
        return found


def _opened(url: str) -> Store:
    if url.startswith("redis"):
        from helpdesk_bridge.ratelimit.redis_store import RedisStore

        return RedisStore(url)
    from helpdesk_bridge.ratelimit.postgres_store import PostgresStore

    return PostgresStore(url)


def _warn_once(message: str) -> None:
    with _lock:
        if message in _warned:
            return
        _warned.add(message)
    logger.warning("%s", message, extra={"event": "budget.place_doubtful"})
