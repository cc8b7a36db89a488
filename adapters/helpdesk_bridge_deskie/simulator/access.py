"""Access: the calling agent, and the cases that the agent may see."""

from __future__ import annotations

import base64
import binascii
from itertools import islice
from typing import TYPE_CHECKING

from attrs import frozen

from helpdesk_bridge.testing.simulator.reply import Refused, Reply
from helpdesk_bridge_deskie.simulator.refusals import error_reply, no_access
from helpdesk_bridge_deskie.simulator.switches import ADMIN_EMAIL, API_KEY, STAFF_EMAIL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from helpdesk_bridge.testing.simulator.call import Call
    from helpdesk_bridge.testing.simulator.switches import Setting
    from helpdesk_bridge_deskie.simulator.records.account import Account
    from helpdesk_bridge_deskie.simulator.records.records import Case, Staff


@frozen
class Access:
    """The credentials of an account's agents and their rights."""

    account: Account
    settings: Mapping[str, Setting]

    def authenticated(self, call: Call) -> Staff | None:
        """Return the calling agent, None if the credentials are wrong.

        documented: Deskie API, "the email address registered with an active agent account (not the admin account)".
        """
        given = _basic(call.headers.get("Authorization", ""))
        if given is None or given[1] != API_KEY:
            return None
        email = given[0]
        if self.account.email_key(email) == ADMIN_EMAIL:
            email = STAFF_EMAIL if self.settings["admin_email"] else ""
        staff = self.account.staff_known_as(email)
        return staff if staff is not None and staff.active else None

    def unauthorized(self) -> Reply:
        """Refuse the credentials (assumed: the status and the code)."""
        return error_reply(int(self.settings["auth_status"]), "wrong_auth")

    def caller(self, call: Call) -> Staff:
        """Return the agent on whose behalf a call acts."""
        staff = self.authenticated(call)
        if staff is None:
            raise Refused(self.unauthorized())
        return staff

    def is_limited(self, staff: Staff) -> bool:
        """Whether an agent has limited access."""
        return self.account.email_key(staff.email) == self.account.email_key(str(self.settings["limited_agent"]))

    def sees(self, staff: Staff, case: Case) -> bool:
        """Whether an agent's rights cover a case (assumed: the cases of its groups and its own)."""
        return not self.is_limited(staff) or case.staff_id == staff.staff_id or case.group_id in self._limited_groups()

    def case_for(self, call: Call, ident: str) -> Case:
        """Return a case by id or number, within the calling agent's rights."""
        case = self.account.case_named(ident)
        if not self.sees(self.caller(call), case):
            raise no_access()
        return case

    def _limited_groups(self) -> frozenset[int]:
        listed = str(self.settings["limited_groups"]).split(",")
        titles = {title.strip().casefold() for title in listed if title.strip()}
        groups = self.account.groups.values()
        if titles:
            return frozenset(group.group_id for group in groups if group.title.casefold() in titles)
        return frozenset(group.group_id for group in islice(groups, 1))


def _basic(header: str) -> tuple[str, str] | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    name, separator, secret = text.partition(":")
    return (name, secret) if separator else None
