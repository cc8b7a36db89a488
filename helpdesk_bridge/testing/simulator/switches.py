"""Switches of a simulator: a vendor's behaviours that are uncertain or differ between accounts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from attrs import frozen

from helpdesk_bridge.model.addresses import email_key, phone_key
from helpdesk_bridge.testing.simulator.routing import ASSUMED, Provenance

Setting = str | bool | int
_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})


class SettingError(ValueError):
    """A switch or setting of a simulator is unknown or has an impossible value; the message lists the known ones."""


@frozen
class Switch:
    """One switch. The default's type is the switch's type; ``choices`` are all its values, if they are few."""

    default: Setting
    help: str
    provenance: Provenance = ASSUMED
    choices: tuple[Setting, ...] = ()


def resolve(switches: Mapping[str, Switch], given: Mapping[str, Setting]) -> dict[str, Setting]:
    """Return all switches with their values, text of a command line turned into the default's type."""
    unknown = sorted(set(given) - set(switches))
    if unknown:
        known = ", ".join(sorted(switches)) or "none"
        raise SettingError(f"unknown setting {unknown[0]!r}; this simulator knows: {known}")
    return {
        name: _coerce(name, switch, given[name]) if name in given else switch.default
        for name, switch in switches.items()
    }


def _coerce(name: str, switch: Switch, value: Setting) -> Setting:
    coerced = _typed(name, switch.default, value)
    if switch.choices and coerced not in switch.choices:
        choices = ", ".join(str(choice) for choice in switch.choices)
        raise SettingError(f"setting {name!r} takes one of: {choices}")
    return coerced


def _typed(name: str, default: Setting, value: Setting) -> Setting:
    text = str(value).strip()
    if isinstance(default, bool):
        if text.lower() in _TRUE:
            return True
        if text.lower() in _FALSE:
            return False
        raise SettingError(f"setting {name!r} takes true or false")
    if isinstance(default, int):
        try:
            return int(text)
        except ValueError:
            raise SettingError(f"setting {name!r} takes a whole number") from None
    return text


KeyOf = Callable[[str], str]

ADDRESSES: Final = Switch(
    "exact",
    "how addresses are compared: exact (as mail systems and phone networks do) or folded (more spellings are one person's)",
    ASSUMED,
    ("exact", "folded"),
)
"""The switch ``addresses``. assumed: no vendor documents how it compares them."""


def email_keys(how: str) -> KeyOf:
    """Return the key function under which e-mails of one person are equal."""
    return _folded if how == "folded" else lambda email: email_key(email.strip())


def phone_keys(how: str) -> KeyOf:
    """Return the key function under which phone numbers of one person are equal; a leading plus never matters."""
    return _digits if how == "folded" else lambda phone: phone_key(phone).removeprefix("+") or phone


def _folded(email: str) -> str:
    return email.strip().casefold()


def _digits(phone: str) -> str:
    return "".join(filter(str.isdecimal, phone)) or phone
