"""Consent: which hosts a desk's table would send a secret to, and whether the user agreed.

A ``helpdesk.toml`` can come with a checked-out repository, an archive or a shared folder. One that names a secret by
reference takes the user's own secret; where it then goes must be the user's word and not the file's. That word is the
file's name (``config=``, ``--config``, the environment), ``trusted_origin`` in the user's own configuration, or
``helpdesk-bridge trust``, which remembers the file by its path and the digest of its bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import stat
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

from attrs import frozen

from helpdesk_bridge.config.file import ENVIRONMENT, FILE_NAME, ConfigFile, user_folder, users_file
from helpdesk_bridge.errors import ConfigError
from helpdesk_bridge.http.origin import NotAUrl, Origin
from helpdesk_bridge.private_files import OWNER_FOLDER, is_mine, make_private_folder, read_regular, write_private

if TYPE_CHECKING:
    from helpdesk_bridge.adapter import Vendor

REFERENCES: Final = ("env:", "file:", "keyring:")
_RECORDS: Final = "trusted"
_LARGEST_RECORD: Final = 64 * 1024


def _always(what: str) -> Callable[[Any], str | None]:
    return lambda value: what if value else None


def _budget(value: Any) -> str | None:
    kept_here = value in ("auto", "memory") or (isinstance(value, str) and value.startswith("file:"))
    return None if kept_here else "a budget server"


LEADS: Final[Mapping[str, Callable[[Any], str | None]]] = {
    "budget": _budget,
    "proxy": _always("a proxy"),
    "ca_bundle": _always("a certificate authority of its own"),
    "client_certificate": _always("a client certificate"),
}
"""Keys of every desk that decide where its requests go or who can read them, beside ``base_url``: what a value means."""

USERS_WORDS: Final = frozenset({"trusted_origin", "trust_environment"})
"""Keys that count in the user's own configuration only; a table of nothing else is a consent for a desk elsewhere."""

STAYS: Final = frozenset({
    *USERS_WORDS, "vendor", "simulator", "rate_limit", "max_wait", "reserve", "priority", "timeout", "time_scale",
    "region", "directory_ttl",
    "keep_raw", "previous", "shadow",
})  # fmt: skip
"""Keys of every desk that lead nowhere. A key that is in neither list counts as one that leads somewhere."""


@frozen
class Reach:
    """One key of a table and the place to which it leads."""

    key: str
    place: str

    def __str__(self) -> str:
        return f"{self.place} ({self.key})"


def is_reference(value: str) -> bool:
    """Whether a text refers to a secret that is kept elsewhere."""
    return value.startswith(REFERENCES)


def references(table: Mapping[str, Any], *, without: Collection[str] = ()) -> tuple[str, ...]:
    """Return the keys of a table that take a secret by reference, in lists and tables under them too."""
    return tuple(
        key for key, value in table.items() if key not in without and _refers(value) and not _keeps_budget(key, value)
    )


def _keeps_budget(key: str, value: Any) -> bool:
    """Whether a ``file:`` is where a budget is kept and not where a secret is."""
    return key == "budget" and isinstance(value, str) and value.startswith("file:")


def _refers(value: Any) -> bool:
    if isinstance(value, str):
        return is_reference(value)
    if isinstance(value, Mapping):
        return any(_refers(member) for member in value.values())
    return isinstance(value, (list, tuple)) and any(_refers(member) for member in value)


def reaches(
    table: Mapping[str, Any], vendor: Vendor, hints: Mapping[str, Any], common: Collection[str], folder: Path
) -> tuple[Reach, ...]:
    """Return the hosts outside the vendor's own domain that a table names, whether or not the user agreed to them.

    ``common`` are the keys that every desk takes, ``hints`` the types of the vendor's own, ``folder`` the file's.
    """
    found = []
    for key, value in table.items():
        place = None
        if key == "base_url":
            place = _address(value, vendor)
        elif key in common:
            place = _common(key, value)
        elif key in hints and isinstance(value, str) and not is_reference(value):
            place = _own(value, hints[key], folder)
        if place is not None:
            found.append(Reach(key, place))
    return tuple(found)


def _common(key: str, value: Any) -> str | None:
    if key in STAYS:
        return None
    meaning = LEADS.get(key)
    if meaning is not None:
        return meaning(value)
    leads = value and isinstance(value, (str, list, dict)) and not _refers(value)
    return "another place" if leads else None


def _own(value: str, hint: Any, folder: Path) -> str | None:
    if Path in (get_args(hint) or (hint,)):
        return None if _within(value, folder) else "a file outside its folder"
    return "another host" if "://" in value else None


def _within(value: str, folder: Path) -> bool:
    # Links are followed: a folder can hold one that leads out of it.
    try:
        return (folder / Path(value).expanduser()).resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):
        return False


def _address(value: Any, vendor: Vendor) -> str | None:
    try:
        origin = Origin.parse(value)
    except (NotAUrl, TypeError):
        return "another host"
    if origin.is_loopback:
        return f"this machine: {origin}"
    return None if is_vendors(origin, vendor) else f"another host: {origin}"


def is_vendors(origin: Origin, vendor: Vendor) -> bool:
    """Whether a host is the vendor's domain or below it."""
    return any(origin.host == domain or origin.host.endswith(f".{domain}") for domain in vendor.domains)


def is_trusted_origin(name: str, origin: Origin) -> bool:
    """Whether the user's own configuration says ``trusted_origin`` of exactly this origin under ``[desks.NAME]``.

    Raises ``ConfigError`` for a value that is no origin.
    """
    users = users_file()
    if users is None or "trusted_origin" not in users.tables.get(name, {}):
        return False
    return trusted_origin(users.tables[name]["trusted_origin"], f"{users.path}: [desks.{name}]") == origin


def trusts_environment(name: str) -> bool:
    """Whether the user's own configuration says ``trust_environment = true`` under ``[desks.NAME]``."""
    users = users_file()
    return users is not None and users.tables.get(name, {}).get("trust_environment") is True


def trusted_origin(value: Any, where: str) -> Origin:
    """Return the origin that a ``trusted_origin`` names. Raises ``ConfigError``."""
    fix = 'write the exact scheme, host and port, such as trusted_origin = "https://helpdesk.example.com"'
    if not isinstance(value, str):
        raise ConfigError(f"{where} trusted_origin: it is for one host and not for whatever a file names; {fix}")
    try:
        origin = Origin.parse(value)
    except NotAUrl as error:
        raise ConfigError(f"{where} trusted_origin: {error}; {fix}") from None
    if value.rstrip("/").count("/") > 2 or "?" in value or "#" in value:  # noqa: PLR2004 - the two of ://
        raise ConfigError(f"{where} trusted_origin: remove the path, query or fragment; {fix}")
    return origin


def is_consented(file: ConfigFile) -> bool:
    """Whether the user ran ``helpdesk-bridge trust`` for this file with these very bytes."""
    return _remembered(file.real) == file.digest


def require(file: ConfigFile, where: str, why: str) -> None:
    """Raise ``ConfigError`` that says what to run, unless the user consented to the file as it is."""
    remembered = _remembered(file.real)
    if remembered == file.digest:
        return
    changed = "; it has changed since you trusted it" if remembered else ""
    raise ConfigError(
        f"{where} {why}{changed}; read {file.path}, and if that is right, run: "
        f"helpdesk-bridge trust {shlex.quote(str(file.real))} (or name the file yourself: config=, --config or "
        f"${ENVIRONMENT})"
    )


def remember(file: ConfigFile) -> Path:
    """Remember that the user consents to a file as it is now; returns the record. Raises ``ConfigError``."""
    record = _record(file.real)
    content = {"path": str(file.real), "sha256": file.digest}
    try:
        make_private_folder(record.parent)
        record.parent.chmod(OWNER_FOLDER)
        write_private(record, json.dumps(content).encode())
    except OSError as error:
        raise ConfigError(f"your consent cannot be saved in {record.parent}: {error.strerror}") from None
    return record


def forget(path: Path) -> bool:
    """Take a consent back; returns whether there was one. Raises ``ConfigError``."""
    record = _record(path.resolve())
    try:
        record.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise ConfigError(f"your consent cannot be removed from {record.parent}: {error.strerror}") from None
    return True


def _record(real: Path) -> Path:
    return user_folder() / _RECORDS / f"{hashlib.sha256(os.fsencode(real)).hexdigest()}.json"


def _remembered(real: Path) -> str | None:
    """Return the digest that the user consented to; a record that others could have written says nothing."""
    try:
        content, status = read_regular(_record(real), _LARGEST_RECORD)
        if content is None or not is_mine(status.st_uid) or status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            return None
        record = json.loads(content)
    except (OSError, ConfigError, ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or record.get("path") != str(real):
        return None
    digest = record.get("sha256")
    return digest if isinstance(digest, str) else None


def listed(places: Iterable[Reach]) -> str:
    """Return places as one clause of a sentence."""
    return ", ".join(str(place) for place in places)


def users_name() -> str:
    """Return the path of the user's own configuration, for messages."""
    try:
        return str(user_folder() / FILE_NAME)
    except ConfigError:
        return "the user's own configuration folder"
