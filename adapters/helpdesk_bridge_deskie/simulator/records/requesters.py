"""Requesters: the identity in a call that creates a case or a user, and the user with that identity."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import frozen

from helpdesk_bridge_deskie.simulator.records.records import User
from helpdesk_bridge_deskie.simulator.records.vocabulary import NETWORKS
from helpdesk_bridge_deskie.simulator.refusals import invalid

if TYPE_CHECKING:
    from helpdesk_bridge_deskie.simulator.parameters import Params
    from helpdesk_bridge_deskie.simulator.records.account import Account

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_FIELDS = {
    "user_email": "email",
    "user_phone": "phone",
    "user_whatsapp_phone": "wa",
    "user_custom_id": "custom",
}
"""observed: Deskie's migration guide: cases and users of these kinds can be created."""
NETWORK_FIELDS = {field: network for network, field in NETWORKS.items()}


@frozen
class Identity:
    """One way of naming a user; `channel` is the custom channel's key for a custom id."""

    kind: str
    value: str
    channel: str = ""


def identity_of(
    account: Account, params: Params, *, wrong_email: str, channel_name: str, networks: bool = False
) -> Identity:
    """Read the identity; one that is missing or malformed is refused with 400 and the code `wrong_email` says.

    ``networks`` takes users of messengers and social networks, too. observed: Deskie's guide
    says that cases cannot be created for them; recorded: users can.
    """
    for name, kind in {**_FIELDS, **(NETWORK_FIELDS if networks else {})}.items():
        value = (params.text(name) or "").strip()
        if not value:
            continue
        if kind == "email" and not _EMAIL.fullmatch(value):
            raise invalid(wrong_email)
        if kind in ("phone", "wa") and not any(map(str.isdecimal, value)):
            raise invalid("wrong_phone")
        if kind == "custom":
            return Identity(kind, value, _custom_channel(account, params, channel_name))
        return Identity(kind, value)
    raise invalid(wrong_email)


def _custom_channel(account: Account, params: Params, name: str) -> str:
    key = params.text(name) or ""
    if key not in {channel.key for channel in account.channels}:
        raise invalid(f"wrong_{name}")
    return key


def find_user(account: Account, identity: Identity) -> User | None:
    """Return the user with an identity; for a custom id, in the same channel."""
    known = account.users_known_as(identity.kind, identity.value)
    return next((user for user in known if user.custom_channel == identity.channel), None)


def add_user(account: Account, identity: Identity, params: Params, now: int) -> User:
    """Create a user; an API-made one has not confirmed its e-mail (assumed)."""
    return account.add_user(
        User(
            user_id=account.next_id("user"),
            kind=identity.kind,
            identity=identity.value,
            custom_channel=identity.channel,
            full_name=params.text("user_full_name") or "",
            confirmed=False,
            created_at=now,
            updated_at=now,
        )
    )
