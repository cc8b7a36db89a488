"""Faults that the account acts out: the handlers of the port's operations, and the drift of lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from helpdesk_bridge_deskie.simulator.records.case_writes import CaseValues, new_case
from helpdesk_bridge_deskie.simulator.records.records import Message, User

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

    from helpdesk_bridge.testing.simulator.app import Call
    from helpdesk_bridge_deskie.simulator.records.account import Account
    from helpdesk_bridge_deskie.simulator.records.records import Case
    from helpdesk_bridge_deskie.simulator.service import Service

_CASES: Final = "list_cases"
_USERS: Final = "list_users"
_THREAD: Final = "list_messages"
_REFERENCE: Final = frozenset({"list_staff", "list_groups", "list_companies", "list_labels", "list_custom_fields"})
_MOVING: Final = frozenset({_CASES, _USERS, _THREAD})


OPERATIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "tickets.list": (_CASES,),
    "tickets.get": ("show_case",),
    "tickets.create": ("create_case",),
    "tickets.update": ("update_case",),
    "contacts.list": (_USERS,),
    "contacts.get": ("show_user",),
    "contacts.find": (_USERS,),
    "contacts.create": ("create_user",),
    "contacts.update": ("update_user", "block_user", "restore_user"),
    "messages.list": (_THREAD,),
    "messages.reply": ("create_message",),
    "messages.note": ("create_note",),
    "messages.add_from_contact": ("create_message",),
    "agents.list": ("list_staff",),
    "groups.list": ("list_groups",),
    "companies.list": ("list_companies",),
    "tags.list": ("list_labels",),
    "custom_fields.list": ("list_custom_fields",),
    "attachments.open": ("download_file",),
    "importer.contact": ("create_user",),
    "importer.ticket": ("create_case",),
    "importer.message": ("create_message", "create_note"),
    "importer.finish": ("update_case",),
    "importer.find": (_CASES, _USERS),
    "importer.tail": (_THREAD,),
    "removal.ticket": ("trash_case", "delete_case"),
    "removal.contact": ("delete_user",),
    "check": (_CASES, "list_staff"),
}
PAGE_FAULTS: Final[Mapping[str, frozenset[str]]] = {
    "duplicate_page": _MOVING | _REFERENCE,
    "skipped_page": _MOVING | _REFERENCE,
    "page_drift": _MOVING,
    "stale_search": frozenset({_CASES, _USERS}),
    "empty_list": _MOVING | _REFERENCE,
}
REFUSALS: Final[Mapping[int, str]] = {403: "staff_has_not_access", 404: "case_not_found", 409: "email_already_exist"}
"""The codes of refusals by their status; observed, their statuses are assumed."""


def drift(service: Service, call: Call, chance: random.Random) -> None:
    """Add a record to the list that ``call`` asks for, change one and delete one: work between two requests."""
    account, now = service.account, service.now()
    if call.operation == _CASES:
        _drift_cases(account, now, chance)
    elif call.operation == _USERS:
        _drift_users(account, now, chance)
    elif call.operation == _THREAD:
        _drift_thread(account, service.access.case_for(call, call.path_args["ident"]), now, chance)


def _drift_cases(account: Account, now: int, chance: random.Random) -> None:
    user = _drifting_user(account, now)
    case = new_case(account, user, CaseValues({"subject": "Came in between"}), channel="web", created_at=now, now=now)
    account.add_message(_between(account, case, now))
    others = [each for each in account.cases.values() if each is not case]
    if others:
        account.drop_case(others.pop(chance.randrange(len(others))))
    if others:
        account.touch(chance.choice(others), now)


def _drift_users(account: Account, now: int, chance: random.Random) -> None:
    new = _drifting_user(account, now)
    idle = sorted(account.users.keys() - {case.user_id for case in account.cases.values()} - {new.user_id})
    if idle:
        account.drop_user(account.users[idle.pop(chance.randrange(len(idle)))])
    changed = account.users[chance.choice(sorted(account.users))]
    changed.updated_at, changed.rendered = now, None


def _drift_thread(account: Account, case: Case, now: int, chance: random.Random) -> None:
    thread = account.messages[case.case_id]
    account.add_message(_between(account, case, now))
    later = thread[1:-1]
    if later:
        thread.remove(chance.choice(later))


def _drifting_user(account: Account, now: int) -> User:
    user_id = account.next_id("user")
    return account.add_user(
        User(
            user_id=user_id,
            kind="email",
            identity=f"in-between-{user_id}@customer.example",
            created_at=now,
            updated_at=now,
        )
    )


def _between(account: Account, case: Case, now: int) -> Message:
    return Message(
        message_id=account.next_id("message"),
        case_id=case.case_id,
        user_id=case.user_id,
        content="written in between",
        message_type="reply_user",
        created_at=now,
        sent_at=now,
    )
