"""``connect``, ``open_desk`` and ``desks``: from a name or a table to an open desk."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from helpdesk_bridge.clock import Clock
from helpdesk_bridge.config.settings import desk_of, from_file, from_table, load_file
from helpdesk_bridge.desk.desk import Desk, open_config


def connect(name: str, config: str | os.PathLike[str] | None = None, **overrides: Any) -> Desk:
    """Return the desk ``name`` of ``helpdesk.toml``; use it in a ``with``, or close it.

    ``overrides`` replace keys of its table, such as ``max_wait=None``. Raises ``ConfigError``; no request is made.
    """
    return open_config(from_file(name, config, **overrides))


def open_desk(table: Mapping[str, Any], *, name: str = "desk", clock: Clock | None = None) -> Desk:
    """Return a desk from one table, as it would stand under ``[desks.NAME]``; no file is needed."""
    return open_config(from_table(table, name=name), clock=clock)


class Desks(Mapping[str, Desk]):
    """The desks of the configuration, each opened once per process: ``desks["support"]``."""

    def __init__(self, config: str | os.PathLike[str] | None = None) -> None:
        self._config = config
        self._open: dict[str, Desk] = {}
        self._lock = threading.Lock()
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
