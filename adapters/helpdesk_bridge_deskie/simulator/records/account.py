"""The simulated account: its records, their indexes, and the bookkeeping that every write needs."""

from __future__ import annotations

from bisect import insort
from collections import Counter
from typing import TYPE_CHECKING, TypeVar

from helpdesk_bridge.testing.simulator import email_keys, phone_keys
from helpdesk_bridge_deskie.simulator.records.indexes import CaseTimes
from helpdesk_bridge_deskie.simulator.records.knowledge_base import IdeaCategory, Knowledge
from helpdesk_bridge_deskie.simulator.refusals import missing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from helpdesk_bridge.testing.simulator import KeyOf
    from helpdesk_bridge_deskie.simulator.records.records import (
        Case,
        Company,
        CustomChannel,
        FieldDefinition,
        Group,
        Label,
        Mail,
        Message,
        Staff,
        User,
    )

RecordT = TypeVar("RecordT")


class Account:
    """The records of one Deskie account, by id. Ids are sequential from 1 in each kind (assumed)."""

    def __init__(self, email_key: KeyOf | None = None, phone_key: KeyOf | None = None) -> None:
        self.email_key = email_key or email_keys("exact")
        self._phone_key = phone_key or phone_keys("exact")
        self.cases: dict[int, Case] = {}
        self.listed = CaseTimes()
        self.every = CaseTimes()
        self.messages: dict[int, list[Message]] = {}
        self.users: dict[int, User] = {}
        self.staff: dict[int, Staff] = {}
        self.groups: dict[int, Group] = {}
        self.companies: dict[int, Company] = {}
        self.labels: dict[int, Label] = {}
        self.fields: dict[int, FieldDefinition] = {}
        self.channels: list[CustomChannel] = []
        self.knowledge = Knowledge()
        self.idea_categories: dict[int, IdeaCategory] = {}
        self.roles: tuple[str, ...] = ()
        self.outbox: list[Mail] = []
        self._numbers: dict[str, int] = {}
        self._identities: dict[tuple[str, str], list[int]] = {}
        self._searched: dict[str, list[int]] = {}
        self._staff_emails: dict[str, int] = {}
        self._last: Counter[str] = Counter()

    def next_id(self, kind: str) -> int:
        """Return the next id of a kind of record."""
        self._last[kind] += 1
        return self._last[kind]

    def last_id(self, kind: str) -> int:
        """Return the last id that was given, 0 for none."""
        return self._last[kind]

    # cases

    def add_case(self, case: Case) -> Case:
        """Enter a case; merged cases and running chats stay out of lists that do not ask for them."""
        self.cases[case.case_id] = case
        self.messages[case.case_id] = []
        self._numbers[case.case_number] = case.case_id
        for times in self._times_of(case):
            times.add(case)
        return case

    def touch(self, case: Case, now: int) -> None:
        """Record a write to a case: `updated_at` moves (assumed: on every write)."""
        for times in self._times_of(case):
            times.updated.discard(case.updated_at, case.case_id)
            times.updated.add(now, case.case_id)
        case.updated_at, case.rendered = now, None

    def drop_case(self, case: Case) -> None:
        """Delete a case and its messages for good."""
        del self.cases[case.case_id], self.messages[case.case_id], self._numbers[case.case_number]
        for times in self._times_of(case):
            times.discard(case)

    def _times_of(self, case: Case) -> tuple[CaseTimes, ...]:
        return (self.every,) if case.parent_case_id or case.active_chat else (self.listed, self.every)

    def case_named(self, ident: str) -> Case:
        """Return the case with an id or a number (observed: the path takes both); 404 if there is no such case."""
        number = self._numbers.get(ident) or (int(ident) if ident.isascii() and ident.isdecimal() else 0)
        case = self.cases.get(number)
        if case is None:
            raise missing("case")
        return case

    def add_message(self, message: Message) -> Message:
        """Enter a message in its case's thread, which is in the order of `created_at` (assumed; then of the id)."""
        insort(self.messages[message.case_id], message, key=lambda each: (each.created_at, each.message_id))
        return message

    # people

    def add_user(self, user: User) -> User:
        """Enter a user. Seed data may hold two users whose e-mails differ in case only."""
        self.users[user.user_id] = user
        self._identities.setdefault((user.kind, self.identity_key(user.kind, user.identity)), []).append(user.user_id)
        if user.kind == "email":
            self._searched.setdefault(user.identity.casefold(), []).append(user.user_id)
        return user

    def drop_user(self, user: User) -> None:
        """Delete a user for good; the cases stay and keep the id (assumed)."""
        del self.users[user.user_id]
        self._identities[user.kind, self.identity_key(user.kind, user.identity)].remove(user.user_id)
        if user.kind == "email":
            self._searched[user.identity.casefold()].remove(user.user_id)

    def rename_user(self, user: User, identity: str) -> None:
        """Give a user another e-mail or phone."""
        self.drop_user(user)
        user.identity = identity
        self.add_user(user)

    def users_known_as(self, kind: str, identity: str) -> list[User]:
        """Return the users with an identity, the same spelling first (assumed: the case of an e-mail does not count)."""
        ids = self._identities.get((kind, self.identity_key(kind, identity)), [])
        return sorted((self.users[each] for each in ids), key=lambda user: (user.identity != identity, user.user_id))

    def users_with_email(self, folded: str) -> list[User]:
        """Return the users whom a search without case finds by a whole e-mail, which `folded` is casefolded."""
        return [self.users[each] for each in sorted(self._searched.get(folded, ()))]

    def identity_key(self, kind: str, identity: str) -> str:
        """Return what two spellings of one identity share; see the switch `addresses`."""
        return (self._phone_key if kind in ("phone", "wa") else self.email_key)(identity)

    def add_staff(self, staff: Staff) -> Staff:
        """Enter an agent."""
        self.staff[staff.staff_id] = staff
        self._staff_emails[self.email_key(staff.email)] = staff.staff_id
        return staff

    def drop_staff(self, staff: Staff) -> None:
        """Delete an agent; messages keep the id."""
        del self.staff[staff.staff_id]
        self._staff_emails.pop(self.email_key(staff.email), None)

    def staff_known_as(self, email: str) -> Staff | None:
        """Return the agent with an e-mail, in any case, or None."""
        return self.staff.get(self._staff_emails.get(self.email_key(email), 0))

    def readdress_staff(self, staff: Staff, email: str) -> None:
        """Give an agent another e-mail."""
        self.drop_staff(staff)
        staff.email = email
        self.add_staff(staff)

    @property
    def enabled_agents(self) -> int:
        """Return the number of agents that the rate limit counts."""
        return sum(staff.active for staff in self.staff.values())

    # the rest

    def field_named(self, key: str) -> FieldDefinition | None:
        """Return the custom field whose values stand under a key such as `cf_20`, or None."""
        number = key.removeprefix("cf_")
        return self.fields.get(int(number)) if number.isdecimal() else None

    def cases_of_staff(self, staff_id: int) -> Iterator[Case]:
        """Yield the cases that an agent is responsible for."""
        return (case for case in list(self.cases.values()) if case.staff_id == staff_id)

    def cases_of_group(self, group_id: int) -> Iterator[Case]:
        """Yield the cases of a group."""
        return (case for case in list(self.cases.values()) if case.group_id == group_id)

    def company_named(self, name: str) -> Company | None:
        """Return the company with a name, in any case, or None."""
        folded = name.casefold()
        return next((each for each in self.companies.values() if each.name.casefold() == folded), None)


def require(records: Mapping[int, RecordT], record_id: int, kind: str) -> RecordT:
    """Return a record by its id, or refuse with 404 `<kind>_not_found`."""
    record = records.get(record_id)
    if record is None:
        raise missing(kind)
    return record


def case_number(case_id: int) -> str:
    """Return the number of a case, `NNN-NNNNNN` (observed form; assumed: how the parts are made)."""
    return f"{case_id * 389 % 900 + 100:03d}-{case_id:06d}"
