"""``fake_desks``: ``connect``, ``open_desk`` and ``desks[…]`` of the code under test, answered by fakes.

.. code-block:: python

    with fake_desks() as fakes:
        application.remind_everybody()                     # calls connect("support") or desks["support"] itself
        assert [message.to for message in fakes["support"].outbox] == [("ann@example.com",)]

Nothing has to be passed into the application, and nothing that it opens can reach an account.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, Final
from unittest import mock

from helpdesk_bridge.clock import Clock
from helpdesk_bridge.config import consent
from helpdesk_bridge.config.aliases import Aliases
from helpdesk_bridge.config.settings import DeskConfig, from_table, load_file
from helpdesk_bridge.datasets.dataset import Dataset
from helpdesk_bridge.desk import connection
from helpdesk_bridge.errors import ConfigError
from helpdesk_bridge.forks import new_rlock
from helpdesk_bridge.model.capabilities import Capabilities
from helpdesk_bridge.store.file import MEMORY
from helpdesk_bridge.testing.fake import FakeHelpdesk

_MADE_UP: Final = "made-up"
_OF_THE_NETWORK: Final = frozenset(
    {"proxy", "ca_bundle", "client_certificate", "trusted_origin", "trust_environment", "budget"}
)
"""Keys that name files and hosts of the machine that the application runs on one day."""
_WAITS: Final = "max_wait"


class FakeDesks(Mapping[str, FakeHelpdesk]):
    """The fakes by the names of the desks that they stand in for; one that nobody opened yet is made when it is asked for.

    A fake stays open until the block ends, however often the code under test closes it.
    """

    def __init__(
        self,
        given: Mapping[str, FakeHelpdesk | str],
        like: str | Capabilities | None,
        clock: Clock | None,
        dataset: Dataset | None = None,
    ) -> None:
        self._like = {name: one for name, one in given.items() if not isinstance(one, FakeHelpdesk)}
        self._given = {name: one for name, one in given.items() if isinstance(one, FakeHelpdesk)}
        self._fakes = dict(self._given)
        self._default = like
        self._clock = clock
        self._dataset = dataset
        self._tables: dict[str, Mapping[str, Any]] = {}
        self._lock = new_rlock()
        for fake in self._fakes.values():
            fake.keep_open(kept=True)

    def __getitem__(self, name: str) -> FakeHelpdesk:
        return self.named(name)

    def __iter__(self) -> Iterator[str]:
        return iter({*self._fakes, *self._like, *self._tables_of_file(None)})

    def __len__(self) -> int:
        return len(set(self))

    def __contains__(self, name: object) -> bool:
        return name in set(self)

    def __repr__(self) -> str:
        return f"<fake desks: {', '.join(self._fakes) or 'none opened yet'}>"

    def named(self, name: str, config: Any = None, **overrides: Any) -> FakeHelpdesk:
        """Return the fake for a desk of the configuration; without one, it can do everything that a desk can."""
        overrides = {key: getattr(value, "name", value) for key, value in overrides.items()}  # a vendor by its name
        with self._lock:
            if name not in self._fakes:
                table = self._tables_of_file(config).get(name)
                self._fakes[name] = self._made(name, None if table is None else {**table, **overrides}, overrides)
            return self._fakes[name]

    def of_table(self, table: Mapping[str, Any], name: str) -> FakeHelpdesk:
        """Return the fake for a table; another table under the same name has a fake of its own, ``desk-2``."""
        with self._lock:
            number, own = 1, name
            while own in self._fakes and self._tables.get(own, table) != table:
                number += 1
                own = f"{name}-{number}"
            if own not in self._fakes:
                self._fakes[own] = self._made(own, table, {})
            self._tables[own] = dict(table)
            return self._fakes[own]

    def _made(self, name: str, table: Mapping[str, Any] | None, overrides: Mapping[str, Any]) -> FakeHelpdesk:
        like, aliases = self._like.get(name, self._default), Aliases()
        if like is None and table is None and overrides.get("vendor") not in (None, "local"):
            like = overrides["vendor"]
        waits = overrides.get(_WAITS, 10.0) if table is None else table.get(_WAITS, 10.0)
        if table is not None:
            config = _without_secrets(table, name)
            aliases = config.aliases
            if like is None:
                like = _abilities(config)
        fake = FakeHelpdesk(capabilities=like, clock=self._clock, name=name, max_wait=waits, aliases=aliases)
        fake.keep_open(kept=True)
        if self._dataset is not None:
            fake.seed(self._dataset)
        return fake

    def _tables_of_file(self, config: Any) -> Mapping[str, Mapping[str, Any]]:
        try:
            return load_file(config).tables
        except ConfigError:
            if config is not None:
                raise
            return {}

    def close(self) -> None:
        """Close all fakes but those that were given."""
        with self._lock:
            for fake in self._fakes.values():
                fake.keep_open(kept=False)
                if fake not in self._given.values():
                    fake.close()
            self._fakes.clear()


def _without_secrets(table: Mapping[str, Any], name: str) -> DeskConfig:
    """Return the configuration that a table gives, checked as ever, with made-up secrets for those kept elsewhere."""
    secrets = consent.references(table, without=_OF_THE_NETWORK)
    kept = {key: value for key, value in table.items() if key not in _OF_THE_NETWORK}
    return from_table({**kept, **dict.fromkeys(secrets, _MADE_UP)}, name=name)


def _abilities(config: DeskConfig) -> Capabilities | None:
    like = getattr(config.settings, "like", None)
    if config.vendor.name == "local":
        from helpdesk_bridge.local.capabilities import local_capabilities

        return None if like is None else local_capabilities(config.settings)
    return config.vendor.capabilities(config.settings)


@contextmanager
def fake_desks(
    given: Mapping[str, FakeHelpdesk | str] | None = None,
    *,
    like: str | Capabilities | None = None,
    clock: Clock | None = None,
    dataset: Dataset | None = None,
    **named: FakeHelpdesk | str,
) -> Iterator[FakeDesks]:
    """Answer ``connect(name)``, ``desks[name]`` and ``open_desk(table)`` by fakes while the block runs, in all threads.

    A desk of ``helpdesk.toml`` has the abilities and aliases of its table there; no secret is fetched for it. Other names
    have those of ``like``, a vendor's name, or all. ``given`` and keywords name vendors, or ready fakes, for single desks:
    ``fake_desks(support="deskie")``. ``dataset`` is what each fake that is made here begins with. Tables that lead to a simulator, and local desks in memory, are
    opened as ever.
    """
    fakes = FakeDesks({**(given or {}), **named}, like, clock, dataset)
    real = connection.open_desk_table

    def of_table(table: Mapping[str, Any], name: str, clock: Clock | None) -> Any:
        return real(table, name, clock) if _is_harmless(table) else fakes.of_table(table, name)

    with ExitStack() as stack:
        stack.callback(fakes.close)
        stack.enter_context(mock.patch.object(connection, "open_named", fakes.named))
        stack.enter_context(mock.patch.object(connection, "open_desk_table", of_table))
        for method in ("__getitem__", "__iter__", "__len__"):
            stack.enter_context(mock.patch.object(connection.Desks, method, _asking(fakes, method)))
        yield fakes


def _asking(fakes: FakeDesks, method: str) -> Any:
    """Return a method for the class of ``desks`` that asks the fakes instead."""
    return lambda _, *arguments: getattr(fakes, method)(*arguments)


def _is_harmless(table: Mapping[str, Any]) -> bool:
    from helpdesk_bridge.http.origin import NotAUrl, Origin

    if table.get("vendor") == "local":
        return str(table.get("path")) == MEMORY
    try:
        return table.get("simulator") is True or Origin.parse(str(table["base_url"])).is_loopback
    except (KeyError, NotAUrl):
        return False
