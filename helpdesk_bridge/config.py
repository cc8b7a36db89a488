"""From ``helpdesk.toml`` to settings: found, read, secrets fetched, every key checked. No request is made here."""

from __future__ import annotations

import difflib
import os
import stat
import sys
import tomllib
import types
import warnings
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args, get_type_hints

import attrs
from attrs import field, frozen

from helpdesk_bridge import registry
from helpdesk_bridge.aliases import Aliases, Table
from helpdesk_bridge.errors import ConfigError
from helpdesk_bridge.model import Status
from helpdesk_bridge.secret import Secret
from helpdesk_bridge.text import fold

if TYPE_CHECKING:
    from helpdesk_bridge.adapter import Vendor

FILE_NAME: Final = "helpdesk.toml"
ENVIRONMENT: Final = "HELPDESK_BRIDGE_CONFIG"
ALIAS_TABLES: Final = ("custom_fields", "groups", "statuses", "agents", "tags")
_REFERENCES: Final = ("env:", "file:", "keyring:")


class SecretInConfigWarning(UserWarning):
    """A secret stands in a configuration file as it is; env:, file: or keyring: keep it out."""


@frozen(kw_only=True)
class CommonSettings:
    """The keys that every ``[desks.x]`` table takes. Times are in vendor's seconds."""

    base_url: str | None = None
    trusted_origin: bool = False
    rate_limit: int | None = None
    budget: str = field(default="auto", repr=False)  # a URL may hold a password
    max_wait: float | None = 10.0
    reserve: int = 0
    timeout: float = 30.0
    time_scale: float = 1.0
    region: str | None = None
    directory_ttl: float = 600.0
    keep_raw: bool = False


@frozen(kw_only=True)
class DeskConfig:
    """One desk, ready to be opened: its vendor, the vendor's own settings, the common ones and the alias tables."""

    name: str
    vendor: Vendor
    settings: Any = field(repr=False)
    common: CommonSettings
    aliases: Aliases


def user_folder() -> Path:
    """Return the user's configuration folder; it need not exist."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "helpdesk-bridge"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "helpdesk-bridge"


def find_file(given: str | os.PathLike[str] | None = None) -> Path:
    """Return the configuration file: the given one, ``$HELPDESK_BRIDGE_CONFIG``, ``./helpdesk.toml``, the user's.

    Raises ``ConfigError`` where there is none, naming the places that were looked at.
    """
    named = given or os.environ.get(ENVIRONMENT)
    if named:
        path = Path(named)
        if not path.is_file():
            raise ConfigError(f"there is no configuration file {path}")
        return path
    places = (Path(FILE_NAME), user_folder() / FILE_NAME)
    for place in places:
        if place.is_file():
            return place
    raise ConfigError(
        f"no configuration found: looked at {' and '.join(str(place) for place in places)}; write one, or name it "
        f"with config= or ${ENVIRONMENT}"
    )


def read_file(path: Path) -> dict[str, dict[str, Any]]:
    """Return the ``[desks.x]`` tables of a file. Raises ``ConfigError`` naming the file and the place."""
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {_without_values(error)}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {type(error).__name__}") from None
    desks = document.pop("desks", {})
    if document:
        raise ConfigError(f"{path}: unknown table {min(document)!r}; desks are [desks.NAME] tables")
    if not isinstance(desks, dict) or not all(isinstance(table, dict) for table in desks.values()):
        raise ConfigError(f"{path}: desks are [desks.NAME] tables")
    return desks


def _without_values(error: tomllib.TOMLDecodeError) -> str:
    # The parser's message may quote the text of the file, which may be a secret; its position is enough.
    text = str(error)
    return text[text.index("(at ") :].strip("()") if "(at " in text else "see the TOML syntax"


def from_file(name: str, config: str | os.PathLike[str] | None = None, **overrides: Any) -> DeskConfig:
    """Return the desk ``name`` of the configuration file, with ``overrides`` of common keys."""
    path = find_file(config)
    tables = read_file(path)
    if name not in tables:
        known = ", ".join(sorted(tables)) or "none"
        raise ConfigError(f"{path} has no desk {name!r} (it has: {known}); add a [desks.{name}] table")
    return from_table({**tables[name], **overrides}, name=name, folder=path.resolve().parent, file=path)


def from_table(
    table: Mapping[str, Any], *, name: str = "desk", folder: Path | None = None, file: Path | None = None
) -> DeskConfig:
    """Return a desk from one table. Raises ``ConfigError`` for whatever is wrong with it, before anything is sent.

    ``folder`` is where relative paths start; ``file`` is where the table came from, None for a program's own.
    """
    where = f"[desks.{name}]"
    vendor_name = table.get("vendor")
    if not isinstance(vendor_name, str):
        raise ConfigError(f'{where} needs vendor = "…" ({", ".join(registry.names())})')
    vendor = registry.vendor(vendor_name)
    common_keys = {one.name for one in attrs.fields(CommonSettings)}
    own_keys = {one.name for one in attrs.fields(vendor.settings)}
    _refuse_unknown(table, {*common_keys, *own_keys, *ALIAS_TABLES, "vendor"}, where, vendor_name)
    common = _common({key: table[key] for key in table if key in common_keys}, where, folder)
    referenced = _has_reference(table, own_keys)
    loopback = _check_base_url(common, vendor, where, name, referenced=referenced)
    if common.time_scale != 1.0 and not loopback:
        raise ConfigError(f"{where} time_scale: only a simulator on loopback can be sped up; remove it")
    warn = file is not None and not loopback
    values = {
        key: _value(vendor.settings, key, table[key], f"{where} {key}", folder, warn=warn)
        for key in table
        if key in own_keys
    }
    missing = [
        one.name for one in attrs.fields(vendor.settings) if one.default is attrs.NOTHING and one.name not in values
    ]
    if missing:
        raise ConfigError(f"{where} needs {missing[0]} = … for {vendor.title}")
    try:
        settings = vendor.settings(**values)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{where}: {error}") from None
    return DeskConfig(name=name, vendor=vendor, settings=settings, common=common, aliases=_aliases(table, where))


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
    "base_url": (str,), "trusted_origin": (bool,), "rate_limit": (int,), "budget": (str,),
    "max_wait": (int, float, types.NoneType), "reserve": (int,), "timeout": (int, float),
    "time_scale": (int, float), "region": (str,), "directory_ttl": (int, float), "keep_raw": (bool,),
}  # fmt: skip
_POSITIVE: Final = ("rate_limit", "timeout", "time_scale")


def _common(values: dict[str, Any], where: str, folder: Path | None) -> CommonSettings:
    for key, value in values.items():
        allowed = _COMMON_TYPES[key]
        if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
            raise ConfigError(f"{where} {key}: expected {allowed[0].__name__}, found {type(value).__name__}")
        if isinstance(value, (int, float)) and not isinstance(value, bool) and not _in_range(key, value):
            raise ConfigError(f"{where} {key}: {value} is out of range; use a number above 0")
    budget = values.get("budget", "auto")
    if budget not in ("auto", "memory") and not budget.startswith(("file:", "redis://", "rediss://")):
        raise ConfigError(f'{where} budget: use "auto", "memory", "file:PATH" or "redis://…"')
    if budget.startswith("file:"):
        values["budget"] = f"file:{_budget_file(budget.removeprefix('file:'), where, folder)}"
    return CommonSettings(**values)


def _budget_file(text: str, where: str, folder: Path | None) -> Path:
    try:
        path = (folder or Path()) / Path(text).expanduser()
    except RuntimeError:
        raise ConfigError(f"{where} budget: file: {text!r} starts with a user who has no home here") from None
    if not text or path.is_dir() or not path.parent.is_dir():
        raise ConfigError(f"{where} budget: file: takes the path of a file in a folder that exists, not {text!r}")
    return path


def _in_range(key: str, value: float) -> bool:
    finite = value == value and abs(value) != float("inf")  # noqa: PLR0124 - NaN differs from itself
    return finite and (value > 0 if key in _POSITIVE else value >= 0)


def _has_reference(table: Mapping[str, Any], keys: set[str]) -> bool:
    return any(isinstance(table[key], str) and table[key].startswith(_REFERENCES) for key in table if key in keys)


def _check_base_url(common: CommonSettings, vendor: Vendor, where: str, name: str, *, referenced: bool) -> bool:
    """Return whether the desk is on loopback; raise ``ConfigError`` where a secret would leave the vendor's domain."""
    if common.base_url is None:
        return False
    from helpdesk_bridge.http.origin import Origin, check_base_url

    try:
        origin = Origin.parse(check_base_url(common.base_url))
    except ConfigError as error:
        raise ConfigError(f"{where} base_url: {error}") from None
    if origin.is_loopback:
        return True
    inside = any(origin.host == domain or origin.host.endswith(f".{domain}") for domain in vendor.domains)
    if not inside and referenced and not _trusted_by_user(name):
        raise ConfigError(
            f"{where} base_url: {origin.host} is outside {vendor.title}'s own domain, and the secret would go there; "
            f"if that is right, write trusted_origin = true under [desks.{name}] in {user_folder() / FILE_NAME}"
        )
    return False


def _trusted_by_user(name: str) -> bool:
    path = user_folder() / FILE_NAME
    if not path.is_file():
        return False
    return read_file(path).get(name, {}).get("trusted_origin") is True


@cache
def _hints(settings: type[Any]) -> dict[str, Any]:
    return get_type_hints(settings)


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
    kinds = tuple(one for one in accepted if isinstance(one, type))
    if kinds and (not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds)):
        raise ConfigError(f"{where}: expected {kinds[0].__name__}, found {type(value).__name__}")
    return value


def read_secret(reference: str, where: str) -> str:
    """Return the secret behind ``env:NAME``, ``file:PATH`` or ``keyring:SERVICE/USER``; ``where`` is named in errors.

    A secret that stands there as it is is taken with a warning: others on this machine see the arguments of a command.
    """
    return _secret(reference, where, None, warn=True)


def _secret(value: str, where: str, folder: Path | None, *, warn: bool) -> str:
    scheme, colon, rest = value.partition(":")
    if not colon or f"{scheme}:" not in _REFERENCES:
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
        raise ConfigError(f"{where}: the secret has a control character in it")
    return found.strip()


def _secret_file(path: Path, where: str) -> str:
    try:
        mode = path.stat().st_mode
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{where}: {path} cannot be read ({type(error).__name__})") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(f"{where}: {path} can be read by others; run chmod 600 {path}")
    return text


def _from_keyring(rest: str, where: str) -> str:
    service, slash, user = rest.partition("/")
    if not slash:
        raise ConfigError(f"{where}: write keyring:SERVICE/USER")
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        raise ConfigError(f"{where}: keyring: needs pip install 'helpdesk-bridge[keyring]'") from None
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
        _refuse_double(tables[key], f"{where} {key}")
    return Aliases(status_meanings=meanings, **{key: Table(entries) for key, entries in tables.items()})


def _refuse_double(entries: Mapping[str, str], where: str) -> None:
    seen: dict[str, str] = {}
    for ours, theirs in entries.items():
        other = seen.setdefault(fold(theirs), ours)
        if other != ours and "statuses" not in where:
            raise ConfigError(f"{where}: {other} and {ours} both stand for one name of the vendor")
