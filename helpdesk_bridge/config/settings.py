"""Settings of a desk: read from ``helpdesk.toml``, secrets fetched, every key checked. No request is made here."""

from __future__ import annotations

import difflib
import math
import os
import shlex
import stat
import types
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args, get_type_hints

import attrs
from attrs import field, frozen

from helpdesk_bridge.config import consent, network, registry
from helpdesk_bridge.config.aliases import Aliases, AliasTable
from helpdesk_bridge.config.cutover import ShadowSettings, previous_journals, shadow_settings
from helpdesk_bridge.config.file import ConfigFile, find_file, load_file, read_file, user_folder
from helpdesk_bridge.errors import ConfigError
from helpdesk_bridge.model.addresses import email_key
from helpdesk_bridge.model.secret import Secret
from helpdesk_bridge.model.values import Status
from helpdesk_bridge.ratelimit.place import SERVERS
from helpdesk_bridge.text.plain import fold

if TYPE_CHECKING:
    from helpdesk_bridge.adapter import Vendor
    from helpdesk_bridge.http.origin import Origin

_LARGEST_SECRET: Final = 64 * 1024
ALIAS_TABLES: Final = ("custom_fields", "groups", "statuses", "agents", "tags")
NO_SECRETS: Final = frozenset(ALIAS_TABLES)
"""Keys whose values are never taken for a secret's reference."""


class SecretInConfigWarning(UserWarning):
    """A secret is written out in a configuration file; env:, file: or keyring: keep it out."""


@frozen(kw_only=True)
class CommonSettings:
    """The keys that every ``[desks.x]`` table takes. Times are in vendor's seconds."""

    base_url: str | None = None
    simulator: bool = False
    trusted_origin: str | None = None
    previous_api_key: Secret | None = field(default=None, repr=False)
    proxy: str | None = field(default=None, repr=False)  # it may hold a password
    ca_bundle: str | None = None
    client_certificate: str | None = None
    trust_environment: bool = False
    rate_limit: int | None = None
    budget: str = field(default="auto", repr=False)  # a URL may hold a password
    max_wait: float | None = 10.0
    reserve: float = 0
    priority: int = 0
    timeout: float = 30.0
    time_scale: float = 1.0
    region: str | None = None
    directory_ttl: float = 600.0
    keep_raw: bool = False
    previous: tuple[Path, ...] = ()
    shadow: ShadowSettings | None = None


@frozen(kw_only=True)
class DeskConfig:
    """One desk, ready to be opened: its vendor, the vendor's own settings, the common ones and the alias tables."""

    name: str
    vendor: Vendor
    settings: Any = field(repr=False)
    common: CommonSettings
    aliases: Aliases
    shadow: DeskConfig | None = None
    """The desk that ``common.shadow`` names, held to its share of the budget."""


def from_file(name: str, config: str | os.PathLike[str] | None = None, **overrides: Any) -> DeskConfig:
    """Return the desk ``name`` of the configuration file, with ``overrides`` of common keys.

    Raises ``ConfigError``, also for a file that was merely found and asks for what only the user may say (``consent``).
    """
    return desk_of(load_file(config), name, **overrides)


def desk_of(file: ConfigFile, name: str, **overrides: Any) -> DeskConfig:
    """Return a desk of a file that was read, as ``from_file`` does."""
    if name not in file.tables:
        known = ", ".join(sorted(file.tables)) or "none"
        raise ConfigError(f"{file.path} has no desk {name!r} (it has: {known}); add a [desks.{name}] table")
    if file.foreign:
        consent.require(file, f"[desks.{name}]", "is in a file that belongs to another user of this machine")
    table = {**file.tables[name], **overrides}
    desk = from_table(table, name=name, folder=file.real.parent, file=file, own_words=overrides.keys())
    return desk if desk.common.shadow is None else attrs.evolve(desk, shadow=_shadow(file, desk, desk.common.shadow))


def _shadow(file: ConfigFile, desk: DeskConfig, settings: ShadowSettings) -> DeskConfig:
    """Return the desk that another is compared with: it never waits, and leaves all but its share of each window."""
    where = f"[desks.{desk.name}] shadow"
    if settings.desk == desk.name:
        raise ConfigError(f"{where}: a desk cannot be compared with itself; name the other desk")
    if settings.desk not in file.tables:
        near = difflib.get_close_matches(settings.desk, file.tables, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ConfigError(f"{where}: {file.path} has no desk {settings.desk!r}{hint}")
    table = {key: value for key, value in file.tables[settings.desk].items() if key != "shadow"}
    other = from_table(table, name=settings.desk, folder=file.real.parent, file=file)
    policy = other.vendor.policy(other.settings)
    if policy is None:
        return other
    limit = other.common.rate_limit or min(window.limit for window in policy.windows if window.charges is None)
    left = limit - max(1, math.floor(limit * settings.budget))
    return attrs.evolve(other, common=attrs.evolve(other.common, max_wait=0.0, reserve=max(other.common.reserve, left)))


def from_table(
    table: Mapping[str, Any],
    *,
    name: str = "desk",
    folder: Path | None = None,
    file: ConfigFile | None = None,
    own_words: Collection[str] = (),
) -> DeskConfig:
    """Return a desk from one table. Raises ``ConfigError`` for whatever is wrong with it, before anything is sent.

    ``folder`` is where relative paths start; ``file`` is where the table came from, None for a program's own, and
    ``own_words`` are the keys that the program set in the file's place.
    """
    where = f"[desks.{name}]"
    vendor = _vendor(table, where)
    if "shadow" in table and file is None:
        raise ConfigError(f"{where} shadow: names another desk of a configuration file; write both into helpdesk.toml")
    common_keys = {field.name for field in attrs.fields(CommonSettings)}
    own_keys = {field.name for field in attrs.fields(vendor.settings)}
    _refuse_unknown(table, {*common_keys, *own_keys, *ALIAS_TABLES, "vendor"}, where, vendor.name)
    common = _common({key: table[key] for key in table if key in common_keys - {_PREVIOUS}}, where, folder)
    common, origin = _located(common, where)
    simulated = common.simulator or (origin is not None and origin.is_loopback)
    if common.simulator:
        _check_simulator(table, vendor, origin, where)
    if common.trusted_origin is not None:
        consent.trusted_origin(common.trusted_origin, where)
    common = _environment(common, where, name)
    _check_consent(table, vendor, origin, name, file, own_words)
    if common.time_scale != 1.0 and not simulated:
        raise ConfigError(
            f"{where} time_scale: only a simulator on loopback can be sped up; remove it, or set simulator = true for one "
            "elsewhere"
        )
    warn = file is not None and not simulated
    common = _network(common, where, folder, warn=warn)
    if _PREVIOUS in table:
        previous = _value(CommonSettings, _PREVIOUS, table[_PREVIOUS], f"{where} {_PREVIOUS}", folder, warn=warn)
        common = attrs.evolve(common, previous_api_key=previous)
    values = {
        key: _value(vendor.settings, key, table[key], f"{where} {key}", folder, warn=warn)
        for key in table
        if key in own_keys
    }
    missing = [
        field.name
        for field in attrs.fields(vendor.settings)
        if field.default is attrs.NOTHING and field.name not in values
    ]
    if missing:
        raise ConfigError(f"{where} needs {missing[0]} = … for {vendor.title}")
    try:
        settings = vendor.settings(**values)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{where}: {error}") from None
    return DeskConfig(name=name, vendor=vendor, settings=settings, common=common, aliases=_aliases(table, where))


def needs_consent(file: ConfigFile) -> Iterator[tuple[str, tuple[str, ...], tuple[consent.Reach, ...]]]:
    """Yield the desks of a file that take secrets by reference to places of the file's own: name, keys, places.

    No secret is fetched. Raises ``ConfigError`` for a table without a known vendor.
    """
    for name, table in file.tables.items():
        if table.keys() <= consent.USERS_WORDS:
            continue
        vendor = _vendor(table, f"[desks.{name}]")
        places = consent.reaches(table, vendor, _types(vendor), _COMMON_TYPES, file.real.parent)
        secrets = consent.references(table, without=NO_SECRETS)
        if secrets and places:
            yield name, secrets, places


def _vendor(table: Mapping[str, Any], where: str) -> Vendor:
    name = table.get("vendor")
    if not isinstance(name, str):
        raise ConfigError(f'{where} needs vendor = "…" ({", ".join(registry.names())})')
    return registry.vendor(name)


def example(name: str, **changes: Any) -> DeskConfig:
    """Return a desk of a vendor with made-up settings: what it can do is computed from them, nothing is reached."""
    vendor = registry.vendor(name)
    return from_table({"vendor": name, **vendor.example, **changes}, name=name)


def _refuse_unknown(table: Mapping[str, Any], known: Iterable[str], where: str, vendor: str) -> None:
    names = sorted(known)
    for key in table:
        if key not in names:
            near = difflib.get_close_matches(key, names, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"{vendor} takes: {', '.join(names)}"
            raise ConfigError(f"{where} has an unknown key {key!r}; {hint}")


_COMMON_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "base_url": (str,), "simulator": (bool,), "trusted_origin": (str,), "proxy": (str,), "ca_bundle": (str,),
    "client_certificate": (str,), "trust_environment": (bool,), "rate_limit": (int,), "budget": (str,),
    "max_wait": (int, float, types.NoneType), "reserve": (int, float), "priority": (int,), "timeout": (int, float),
    "time_scale": (int, float), "region": (str,), "directory_ttl": (int, float), "keep_raw": (bool,),
    "previous": (str, list), "shadow": (str, dict),
}  # fmt: skip
_PREVIOUS: Final = "previous_api_key"
_BUDGETS: Final = 'use "auto", "memory", "file:PATH", "redis://…", "postgresql://…", or one of these URLs as "env:NAME"'
_POSITIVE: Final = ("rate_limit", "timeout", "time_scale")
_MOST_STEPS: Final = 1000
"""Of ``priority``, both ways: each lets others pass for one window."""


def _common(values: dict[str, Any], where: str, folder: Path | None) -> CommonSettings:
    for key, value in values.items():
        allowed = _COMMON_TYPES[key]
        if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
            raise ConfigError(f"{where} {key}: expected {allowed[0].__name__}, found {type(value).__name__}")
        if isinstance(value, (int, float)) and not isinstance(value, bool) and not _in_range(key, value):
            range_ = f"a whole number from -{_MOST_STEPS} to {_MOST_STEPS}" if key == "priority" else "a number above 0"
            raise ConfigError(f"{where} {key}: {value} is out of range; use {range_}")
    budget = values.get("budget", "auto")
    if budget not in ("auto", "memory") and not budget.startswith(("file:", "env:", "keyring:", *SERVERS)):
        raise ConfigError(f"{where} budget: {_BUDGETS}")
    if budget.startswith("file:"):
        values["budget"] = f"file:{_budget_file(budget.removeprefix('file:'), where, folder)}"
    if "previous" in values:
        values["previous"] = previous_journals(
            values["previous"], where, lambda text: _path(text, f"{where} previous", folder)
        )
    if "shadow" in values:
        values["shadow"] = shadow_settings(values["shadow"], where)
    return CommonSettings(**values)


def _budget_file(text: str, where: str, folder: Path | None) -> Path:
    path = _path(text, f"{where} budget: file: {text!r}", folder)
    if not text or path.is_dir() or not path.parent.is_dir():
        raise ConfigError(f"{where} budget: file: takes the path of a file in a folder that exists, not {text!r}")
    return path


def _budget_server(text: str, where: str, folder: Path | None, *, warn: bool) -> str:
    """Return the URL of a budget's server, which may be kept elsewhere because it holds a password."""
    url = _secret(text, where, folder, warn=warn and "@" in text and ":" in text.partition("://")[2].rpartition("@")[0])
    if not url.startswith(SERVERS):
        raise ConfigError(f"{where}: what it refers to is no URL of a server; {_BUDGETS}")
    return url


def _in_range(key: str, value: float) -> bool:
    finite = value == value and abs(value) != float("inf")  # noqa: PLR0124 - NaN differs from itself
    if key == "priority":
        return abs(value) <= _MOST_STEPS
    return finite and (value > 0 if key in _POSITIVE else value >= 0)


def _located(common: CommonSettings, where: str) -> tuple[CommonSettings, Origin | None]:
    """Return the settings with ``base_url`` in the one spelling that was judged, and its origin."""
    if common.base_url is None:
        return common, None
    from helpdesk_bridge.http.origin import Origin, check_base_url

    try:
        base_url = check_base_url(common.base_url, plain=common.simulator)
    except ConfigError as error:
        raise ConfigError(f"{where} {error}") from None
    return attrs.evolve(common, base_url=base_url), Origin.parse(base_url)


def _check_simulator(table: Mapping[str, Any], vendor: Vendor, origin: Origin | None, where: str) -> None:
    """Raise ``ConfigError`` if what the table calls a simulator could be the vendor, or would get a secret of the user."""
    if origin is None:
        raise ConfigError(f"{where} simulator: needs base_url, the simulator's address")
    if consent.is_vendors(origin, vendor):
        raise ConfigError(f"{where} simulator: {origin.host} is {vendor.title}'s own host; remove simulator = true")
    secrets = consent.references(table, without={*NO_SECRETS, "budget"})  # a budget's server gets its own password
    if secrets:
        raise ConfigError(
            f"{where} simulator: a simulator takes made-up secrets, written as they are, and {', '.join(sorted(secrets))} "
            "refers to one that is kept elsewhere; write the simulator's own, or remove simulator = true"
        )


def _environment(common: CommonSettings, where: str, name: str) -> CommonSettings:
    trusted = consent.trusts_environment(name)
    if common.trust_environment and not trusted:
        raise ConfigError(
            f"{where} trust_environment: only your own configuration can set it; write it under [desks.{name}] in "
            f"{consent.users_name()}"
        )
    return attrs.evolve(common, trust_environment=trusted)


def _network(common: CommonSettings, where: str, folder: Path | None, *, warn: bool) -> CommonSettings:
    """Return the settings with what lies between the desk and its vendor read and checked."""
    values: dict[str, Any] = {}
    if common.proxy is not None:
        secret = consent.is_reference(common.proxy) or "@" in common.proxy
        key = f"{where} proxy"
        values["proxy"] = network.proxy_url(_secret(common.proxy, key, folder, warn=warn and secret), key)
    if common.budget.startswith(("env:", "keyring:", *SERVERS)):
        values["budget"] = _budget_server(common.budget, f"{where} budget", folder, warn=warn)
    for key, check in (("ca_bundle", network.ca_bundle), ("client_certificate", network.client_certificate)):
        text = getattr(common, key)
        if text is not None:
            values[key] = check(_path(text, f"{where} {key}", folder), f"{where} {key}")
    return attrs.evolve(common, **values)


def _path(text: str, where: str, folder: Path | None) -> Path:
    try:
        return (folder or Path()) / Path(text).expanduser()
    except RuntimeError:
        raise ConfigError(f"{where}: the path starts with ~ and a user who has no home folder") from None


def _check_consent(
    table: Mapping[str, Any],
    vendor: Vendor,
    origin: Origin | None,
    name: str,
    file: ConfigFile | None,
    own_words: Collection[str],
) -> None:
    """Raise ``ConfigError`` if a secret of the user would go to a host that neither the vendor owns nor the user named."""
    hints = _types(vendor)
    both = {**_hints(CommonSettings), **hints}
    secrets = {key for key in own_words if key in both and Secret in (get_args(both[key]) or (both[key],))}
    secrets |= {*consent.references(table, without=NO_SECRETS)}
    if not secrets:
        return
    where, which = f"[desks.{name}]", ", ".join(sorted(secrets))
    trusted = origin is not None and (consent.is_vendors(origin, vendor) or consent.is_trusted_origin(name, origin))
    if origin is not None and not origin.is_loopback and not trusted:
        by_file = file is not None and "base_url" not in own_words
        if not (by_file and file is not None and consent.is_consented(file)):
            run = f", or run: helpdesk-bridge trust {shlex.quote(str(file.real))}" if by_file and file else ""
            raise ConfigError(
                f"{where} base_url: {origin.host} is outside {vendor.title}'s own domain, and the secret ({which}) would "
                f'go there; if that is right, write trusted_origin = "{origin}" under [desks.{name}] in '
                f"{consent.users_name()}{run}"
            )
    if file is None or file.chosen:
        return
    said = {key: value for key, value in table.items() if key not in own_words and not (key == "base_url" and trusted)}
    places = consent.reaches(said, vendor, hints, _COMMON_TYPES, file.real.parent)
    if places:
        consent.require(
            file,
            where,
            f"is in a file that was merely found here, and would take your secret ({which}) to {consent.listed(places)}",
        )


@cache
def _hints(settings: type[Any]) -> dict[str, Any]:
    return get_type_hints(settings)


def _types(vendor: Vendor) -> dict[str, Any]:
    return _hints(vendor.settings)  # type: ignore[arg-type]  # a class is hashable


def _value(settings: type[Any], key: str, value: Any, where: str, folder: Path | None, *, warn: bool) -> Any:
    hint = _hints(settings)[key]  # type: ignore[arg-type]  # a class is hashable
    accepted = get_args(hint) or (hint,)
    if Secret in accepted:
        if isinstance(value, Secret):
            return value
        if not isinstance(value, str):
            raise ConfigError(f"{where}: expected text, found {type(value).__name__}")
        return Secret(_secret(value, where, folder, warn=warn))
    if Path in accepted and isinstance(value, str):
        path = Path(value).expanduser()
        return path if folder is None else folder / path
    kinds = tuple(kind for kind in accepted if isinstance(kind, type))
    if kinds and (not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds)):
        raise ConfigError(f"{where}: expected {kinds[0].__name__}, found {type(value).__name__}")
    return value


def read_secret(reference: str, where: str) -> str:
    """Return the secret behind ``env:NAME``, ``file:PATH`` or ``keyring:SERVICE/USER``; ``where`` is named in errors.

    A secret that is written out there works and gives a warning: others on this machine see the arguments of a command.
    """
    return _secret(reference, where, None, warn=True)


def _secret(value: str, where: str, folder: Path | None, *, warn: bool) -> str:
    scheme, _, rest = value.partition(":")
    if not consent.is_reference(value):
        if warn:
            warnings.warn(
                f"{where} holds a secret as it is; use env:NAME, file:PATH or keyring:SERVICE/USER",
                SecretInConfigWarning,
                stacklevel=2,
            )
        found = value
    elif scheme == "env":
        found = os.environ.get(rest, "")
    elif scheme == "file":
        found = _secret_file((folder or Path()) / rest, where)
    else:
        found = _from_keyring(rest, where)
    if not found.strip():
        what = f"the environment variable {rest} is not set" if scheme == "env" else "the secret is empty"
        raise ConfigError(f"{where}: {what}")
    if any(ord(character) < 32 for character in found.strip()):  # noqa: PLR2004 - control characters
        raise ConfigError(f"{where}: the secret contains a control character")
    return found.strip()


def _secret_file(path: Path, where: str) -> str:
    try:
        # Mode and text through one descriptor: the file could be exchanged in between.
        with open(path, encoding="utf-8", opener=_without_waiting) as stream:
            mode = os.fstat(stream.fileno()).st_mode
            text = stream.read(_LARGEST_SECRET + 1)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{where}: {path} cannot be read ({type(error).__name__})") from None
    if len(text) > _LARGEST_SECRET:
        raise ConfigError(f"{where}: {path} is too large for a secret; name a file that contains the secret alone")
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(f"{where}: {path} can be read by others; run chmod 600 {path}")
    return text


def _without_waiting(path: str, flags: int) -> int:
    # A named pipe that nobody writes into would wait for ever.
    descriptor = os.open(path, flags | os.O_NONBLOCK)
    os.set_blocking(descriptor, True)
    return descriptor


def _from_keyring(rest: str, where: str) -> str:
    service, slash, user = rest.partition("/")
    if not slash:
        raise ConfigError(f"{where}: write keyring:SERVICE/USER")
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        raise ConfigError(f"{where}: keyring: needs its library; install this package's extra keyring") from None
    try:
        found = keyring.get_password(service, user)
    except KeyringError as error:
        raise ConfigError(f"{where}: the keyring refused ({type(error).__name__})") from None
    if found is None:
        raise ConfigError(f"{where}: the keyring has no entry {service}/{user}")
    return str(found)


def _aliases(table: Mapping[str, Any], where: str) -> Aliases:
    tables: dict[str, dict[str, str]] = {}
    meanings: dict[str, Status] = {}
    words = {status.value: status for status in Status}
    for key in ALIAS_TABLES:
        entries = table.get(key, {})
        if not isinstance(entries, dict):
            raise ConfigError(f'{where} {key}: expected a table of name = "the vendor\'s name"')
        tables[key] = {}
        for ours, theirs in entries.items():
            label = theirs.get("name") if isinstance(theirs, dict) and key == "statuses" else theirs
            if not isinstance(label, str) or not label:
                raise ConfigError(f"{where} {key}.{ours}: expected the vendor's name as text")
            tables[key][ours] = label
            if key == "statuses":
                word = theirs.get("status") if isinstance(theirs, dict) else ours
                if word in words:
                    meanings[fold(label)] = words[word]
                elif isinstance(theirs, dict):
                    raise ConfigError(f"{where} statuses.{ours}: status is one of {', '.join(words)}")
        _refuse_double(tables[key], f"{where} {key}", _SAME.get(key, fold))
    made = {key: AliasTable(entries, _SAME.get(key, fold)) for key, entries in tables.items()}
    return Aliases(status_meanings=meanings, **made)


_SAME: Final[Mapping[str, Callable[[str], str]]] = {"agents": email_key}
"""Where two names of a vendor are not one as words are."""


def _refuse_double(entries: Mapping[str, str], where: str, same: Callable[[str], str]) -> None:
    seen: dict[str, str] = {}
    for ours, theirs in entries.items():
        other = seen.setdefault(same(theirs), ours)
        if other != ours and "statuses" not in where:
            raise ConfigError(f"{where}: {other} and {ours} are aliases of the same name at the vendor")


__all__ = [
    "ALIAS_TABLES", "NO_SECRETS", "CommonSettings", "DeskConfig", "SecretInConfigWarning", "desk_of", "example",
    "find_file", "from_file", "from_table", "load_file", "needs_consent", "read_file", "read_secret", "user_folder",
]  # fmt: skip
