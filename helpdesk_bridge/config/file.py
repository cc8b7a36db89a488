"""The configuration file: its place, its owner and its tables, all from one reading."""

from __future__ import annotations

import hashlib
import os
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from attrs import field, frozen

from helpdesk_bridge.errors import ConfigError
from helpdesk_bridge.private_files import is_mine, read_regular

FILE_NAME: Final = "helpdesk.toml"
ENVIRONMENT: Final = "HELPDESK_BRIDGE_CONFIG"
LARGEST: Final = 4 * 1024 * 1024
"""Bytes of a configuration; a larger file is something else."""


@frozen(kw_only=True)
class ConfigFile:
    """One reading of a configuration file.

    ``path`` is how it was reached and ``real`` where it is, links resolved; ``digest`` is of the bytes that ``tables``
    were parsed from. ``chosen`` is True for a file that the user named and for the one in the user's own folder: what
    it says is the user's word. ``foreign`` is True for one that was merely found and belongs, itself or by a link to
    it, to another user of the machine.
    """

    path: Path
    real: Path
    digest: str
    chosen: bool
    foreign: bool
    tables: Mapping[str, dict[str, Any]] = field(repr=False)


def user_folder() -> Path:
    """Return the user's configuration folder; it need not exist. Raises ``ConfigError`` for a user without a home."""
    given = os.environ.get("XDG_CONFIG_HOME", "")
    try:
        if sys.platform == "darwin":
            base = Path.home() / "Library" / "Application Support"
        elif given.startswith("/"):
            base = Path(given)
        else:
            # documented: XDG base directory specification, a relative path is to be ignored. It would lead into the
            # working folder, which may be anybody's.
            base = Path.home() / ".config"
    except RuntimeError:
        base = Path()
    if not base.is_absolute():
        raise ConfigError("this user has no home folder; set HOME to an absolute path, or name the file with config=")
    return base / "helpdesk-bridge"


def find_file(given: str | os.PathLike[str] | None = None) -> Path:
    """Return the configuration file: the given one, ``$HELPDESK_BRIDGE_CONFIG``, ``./helpdesk.toml``, the user's.

    Raises ``ConfigError`` if none exists, naming the places that were searched.
    """
    return _find(given)[0]


def _find(given: str | os.PathLike[str] | None) -> tuple[Path, bool]:
    named = given or os.environ.get(ENVIRONMENT)
    if named:
        path = Path(named)
        if not os.path.isfile(path):  # noqa: PTH113 - Path.is_file raises for a folder that may not be entered
            raise ConfigError(f"the configuration file {path} does not exist")
        return path, True
    here = Path(FILE_NAME)
    if os.path.isfile(here):  # noqa: PTH113 - ditto
        return here, False
    users = user_folder() / FILE_NAME
    if os.path.isfile(users):  # noqa: PTH113 - ditto
        return users, False
    raise ConfigError(
        f"no configuration found: looked at {here} and {users}; write one, or name it with config= or ${ENVIRONMENT}"
    )


def load_file(given: str | os.PathLike[str] | None = None) -> ConfigFile:
    """Find and read the configuration file. Raises ``ConfigError`` naming the file and the place."""
    path, named = _find(given)
    return _load(path, named=named)


def users_file() -> ConfigFile | None:
    """Return the configuration in the user's own folder; None if there is no such file or it is another user's."""
    try:
        path = user_folder() / FILE_NAME
    except ConfigError:
        return None
    if not os.path.isfile(path):  # noqa: PTH113 - Path.is_file raises for a folder that may not be entered
        return None
    loaded = _load(path, named=False)
    return loaded if loaded.chosen else None


def read_file(path: Path) -> dict[str, dict[str, Any]]:
    """Return the ``[desks.x]`` tables of a file. Raises ``ConfigError`` naming the file and the place."""
    return dict(_load(path, named=True).tables)


def _load(path: Path, *, named: bool) -> ConfigFile:
    try:
        real = path.resolve(strict=True)
        content, status = read_regular(real, LARGEST)
        link_owner = path.stat(follow_symlinks=False).st_uid
    except (OSError, RuntimeError) as error:
        raise ConfigError(f"{path} cannot be read: {type(error).__name__}") from None
    if content is None:
        raise ConfigError(
            f"{path} is not a configuration file: it is not a regular file, or it is larger than {LARGEST} bytes"
        )
    owner = status.st_uid
    foreign = not (is_mine(owner) and is_mine(link_owner))
    # What the administrator put into the user's own folder is the user's as well.
    own = _is_users(real) and (is_mine(owner) or owner == 0)
    return ConfigFile(
        path=path,
        real=real,
        digest=hashlib.sha256(content).hexdigest(),
        chosen=named or own,
        foreign=foreign and not named and not own,
        tables=_tables(path, content),
    )


def _is_users(real: Path) -> bool:
    try:
        return real == (user_folder() / FILE_NAME).resolve()
    except (ConfigError, OSError, RuntimeError):
        return False


def _tables(path: Path, content: bytes) -> Mapping[str, dict[str, Any]]:
    try:
        document = tomllib.loads(content.decode("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {_without_values(error)}") from None
    except (ValueError, RecursionError) as error:  # no UTF-8, a number of 5,000 digits, tables nested too deep
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
