"""``connect``, ``open_desk`` and ``desks``: from a name or a table to an open desk.

The desk joins an adapter to the port once for all vendors: refusal by capabilities, aliases, refs, the client-side part
of queries, repeated pages, people filled in from the directory and located errors are in this package and in no adapter.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterator, Mapping
from typing import Any, Final, overload

from attrs import evolve

from helpdesk_bridge.adapter import Adapter, DeskContext, HttpOptions, Vendor
from helpdesk_bridge.adapter.directory import Directory
from helpdesk_bridge.adapter.importing import MARKER_ALIAS
from helpdesk_bridge.clock import Clock, SystemClock
from helpdesk_bridge.config.registry import load
from helpdesk_bridge.config.settings import DeskConfig, desk_of, from_file, from_table, load_file
from helpdesk_bridge.desk.contacts import ContactsPort
from helpdesk_bridge.desk.desk import Desk
from helpdesk_bridge.desk.link import DeskLink
from helpdesk_bridge.desk.messages import MessagesPort
from helpdesk_bridge.desk.people import PeopleResolver
from helpdesk_bridge.desk.tickets import TicketsPort
from helpdesk_bridge.errors import ConfigError
from helpdesk_bridge.forks import new_lock
from helpdesk_bridge.http.events import EventBus
from helpdesk_bridge.keys import DeskKeys, api_key_of, credential_of
from helpdesk_bridge.model.capabilities import Capabilities
from helpdesk_bridge.model.values import UNSET, Unset
from helpdesk_bridge.ports import Api_co
from helpdesk_bridge.text.plain import fold

# What reads journals, and what compares desks, comes with these two keys only.
_MOVED: Final = "helpdesk_bridge.migration.journal.moved:MovedRecords"
_SHADOWED: Final = "helpdesk_bridge.shadow.desk:shadowed"
_NO_KEYS: Final[Mapping[str, Any]] = {}


@overload
def connect(
    name: str,
    config: str | os.PathLike[str] | None = None,
    *,
    vendor: Vendor[Api_co],
    max_wait: float | Unset | None = UNSET,
    **keys: object,
) -> Desk[Api_co]: ...
@overload
def connect(
    name: str,
    config: str | os.PathLike[str] | None = None,
    *,
    vendor: str | Unset = UNSET,
    max_wait: float | Unset | None = UNSET,
    **keys: object,
) -> Desk: ...
def connect(
    name: str,
    config: str | os.PathLike[str] | None = None,
    *,
    vendor: Vendor[Any] | str | Unset = UNSET,
    max_wait: float | Unset | None = UNSET,
    **keys: object,
) -> Desk[Any]:
    """Return the desk ``name`` of ``helpdesk.toml``; use it in a ``with``, or close it.

    ``max_wait`` and other keys replace those of its table. A vendor's ``VENDOR`` says which vendor the desk must be of, and
    so the type of its ``vendor_api``. Raises ``ConfigError``; no request is made.
    """
    return open_named(name, config, **_table({}, vendor, max_wait, keys))


@overload
def open_desk(
    table: Mapping[str, Any] = _NO_KEYS,
    /,
    *,
    vendor: Vendor[Api_co],
    max_wait: float | Unset | None = UNSET,
    name: str = "desk",
    clock: Clock | None = None,
    **keys: object,
) -> Desk[Api_co]: ...
@overload
def open_desk(
    table: Mapping[str, Any] = _NO_KEYS,
    /,
    *,
    vendor: str | Unset = UNSET,
    max_wait: float | Unset | None = UNSET,
    name: str = "desk",
    clock: Clock | None = None,
    **keys: object,
) -> Desk: ...
def open_desk(
    table: Mapping[str, Any] = _NO_KEYS,
    /,
    *,
    vendor: Vendor[Any] | str | Unset = UNSET,
    max_wait: float | Unset | None = UNSET,
    name: str = "desk",
    clock: Clock | None = None,
    **keys: object,
) -> Desk[Any]:
    """Return a desk from the keys of a table ``[desks.NAME]``, or from a whole table; no file is needed.

    ``open_desk(vendor="local", path=":memory:", max_wait=None)``; a vendor's ``VENDOR`` in place of its name gives
    ``vendor_api`` its type.
    """
    wanted = vendor.name if isinstance(vendor, Vendor) else vendor
    return open_desk_table(_table(table, wanted, max_wait, keys), name, clock)


def _table(
    table: Mapping[str, Any],
    vendor: Vendor[Any] | str | Unset,
    max_wait: float | Unset | None,
    keys: Mapping[str, object],
) -> dict[str, Any]:
    if not isinstance(table, Mapping):
        raise ConfigError(f"open_desk takes a table or keywords, not a value of type {type(table).__name__}")
    given = {"vendor": vendor, "max_wait": max_wait}
    return {**table, **keys, **{name: value for name, value in given.items() if value is not UNSET}}


# Programs import the functions above by name; a test's stand-in takes the place of the two below.


def open_named(
    name: str,
    config: str | os.PathLike[str] | None = None,
    *,
    vendor: Vendor[Any] | str | Unset = UNSET,
    **overrides: Any,
) -> Desk[Any]:
    """Open a desk of the configuration file."""
    if not isinstance(vendor, Vendor):
        return open_config(from_file(name, config, **_table(overrides, vendor, UNSET, {})))
    known = from_file(name, config, **overrides)
    if known.vendor.name != vendor.name:
        raise ConfigError(f"[desks.{name}] is a desk of {known.vendor.title}, not of {vendor.title}")
    return open_config(known)


def open_desk_table(table: Mapping[str, Any], name: str, clock: Clock | None) -> Desk:
    """Open a desk from one table."""
    return open_config(from_table(table, name=name), clock=clock)


def open_config(config: DeskConfig, *, clock: Clock | None = None) -> Desk:
    """Open a desk from its configuration. No I/O happens here."""
    common, vendor = config.common, config.vendor
    used_clock = clock or SystemClock(common.time_scale)
    directory = Directory(used_clock, common.directory_ttl)
    bus = EventBus()
    context = DeskContext(
        desk=config.name,
        vendor=vendor.name,
        clock=used_clock,
        events=bus,
        options=HttpOptions(
            timeout=common.timeout,
            max_wait=common.max_wait,
            reserve=common.reserve,
            priority=common.priority,
            budget=common.budget,
            simulator=common.simulator,
            time_scale=common.time_scale,
            proxies=None if common.proxy is None else {"http": common.proxy, "https": common.proxy},
            ca_bundle=common.ca_bundle,
            client_certificate=common.client_certificate,
            trust_environment=common.trust_environment,
        ),
        directory=directory,
        base_url=common.base_url,
        region=common.region,
        keep_raw=common.keep_raw,
        rate_limit=common.rate_limit,
        marker_field=config.aliases.custom_fields.entries.get(MARKER_ALIAS),
    )
    adapter = load(vendor.open)(config.settings, context)
    if not isinstance(adapter, Adapter):
        raise ConfigError(
            f"the adapter of {vendor.title} is a {type(adapter).__name__}, which does not inherit "
            "helpdesk_bridge.adapter.Adapter; its package is older than this helpdesk-bridge or unfinished"
        )
    keys = DeskKeys(adapter.own_key or (lambda: credential_of(config.settings)), common.previous_api_key)
    capabilities = _with_aliases(adapter.capabilities, config)
    if adapter.own_key is None and api_key_of(config.settings) is None:
        # People change passwords as they please: a key that is derived from one finds nothing afterwards.
        capabilities = evolve(capabilities, idempotency=frozenset())
    people = PeopleResolver(directory)
    moved = load(_MOVED)(vendor.name, adapter.account, common.previous) if common.previous else None
    link = DeskLink(config.name, vendor.name, adapter, capabilities, config.aliases, directory, people, keys, moved)
    desk = Desk(
        config.name,
        vendor.name,
        vendor.title,
        capabilities,
        used_clock,
        config.aliases,
        TicketsPort(link),
        ContactsPort(link),
        MessagesPort(link),
        adapter,
        bus,
        directory,
        keys,
        link,
        context.mending,
        context.odd,
        getattr(config.settings, "subscription", None),
    )
    if config.shadow is None or common.shadow is None:
        return desk
    shadowed: Desk = load(_SHADOWED)(desk, open_config(config.shadow, clock=clock), common.shadow.share, bus)
    return shadowed


def _with_aliases(capabilities: Capabilities, config: DeskConfig) -> Capabilities:
    statuses, aliases = dict(capabilities.statuses), config.aliases
    labels = {fold(label): label for label in statuses.values()}
    for ours, theirs in aliases.statuses.entries.items():
        if statuses and not capabilities.open_statuses and fold(theirs) not in labels:
            raise ConfigError(
                f"[desks.{config.name}.statuses]: {ours} = {theirs!r}, and {config.vendor.title} has no such status; use "
                f"one of {', '.join(labels.values())}"
            )
        meaning = aliases.status_meanings.get(theirs.casefold())
        if meaning is not None and (meaning not in statuses or meaning.value == ours):
            statuses[meaning] = labels.get(fold(theirs), theirs)  # as the vendor spells it
    return evolve(capabilities, statuses=statuses)


class Desks(Mapping[str, Desk]):
    """The desks of the configuration, each opened once per process: ``desks["support"]``."""

    def __init__(self, config: str | os.PathLike[str] | None = None) -> None:
        self._config = config
        self._open: dict[str, Desk] = {}
        self._lock = new_lock()
        atexit.register(self.close)

    def __getitem__(self, name: str) -> Desk:
        with self._lock:
            if name not in self._open:
                file = load_file(self._config)
                if name not in file.tables:
                    raise KeyError(name)
                self._open[name] = open_config(desk_of(file, name))
            return self._open[name]

    def __iter__(self) -> Iterator[str]:
        return iter(load_file(self._config).tables)

    def __len__(self) -> int:
        return len(load_file(self._config).tables)

    def close(self) -> None:
        """Close those that were opened; the next use opens them anew."""
        with self._lock:
            opened, self._open = self._open, {}
        for desk in opened.values():
            desk.close()


desks = Desks()
