"""Which faults this account acts out, by the port's operations, and how its lists drift, skip and lag behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from helpdesk_bridge_deskie.simulator.records.case_writes import CaseValues, new_case
from helpdesk_bridge_deskie.simulator.records.records import Message, User
from helpdesk_bridge_deskie.simulator.service import DeskieBase

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

    from helpdesk_bridge.testing.simulator.app import Call

_CASES: Final = "list_cases"
_USERS: Final = "list_users"
_THREAD: Final = "list_messages"
_REFERENCE: Final = frozenset({"list_staff", "list_groups", "list_companies", "list_labels", "list_custom_fields"})
_MOVING: Final = frozenset({_CASES, _USERS, _THREAD})


class FaultyLists(DeskieBase):
    """What the faults of lists need of this vendor."""

    OPERATIONS: ClassVar[Mapping[str, tuple[str, ...]]] = {
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
    PAGE_FAULTS: ClassVar[Mapping[str, frozenset[str]]] = {
        "duplicate_page": _MOVING | _REFERENCE,
        "skipped_page": _MOVING | _REFERENCE,
        "page_drift": _MOVING,
        "stale_search": frozenset({_CASES, _USERS}),
    }

    def turned(self, call: Call) -> Mapping[str, str]:
        """Ask for the next page number."""
        return {"page": str(self.page(self.query(call)).number + 1)}

    def newest(self) -> Mapping[str, int]:
        """Tell the last ids: they are sequential."""
        return {kind: self.account.last_id(kind) for kind in ("case", "user")}

    def drift(self, call: Call, chance: random.Random) -> None:
        """Let the account be worked in between two requests."""
        if call.operation == _CASES:
            self._drift_cases(chance)
        elif call.operation == _USERS:
            self._drift_users(chance)
        elif call.operation == _THREAD:
            self._drift_thread(self.case_for(call, call.path_args["ident"]).case_id, chance)

    def _drift_cases(self, chance: random.Random) -> None:
        account, now = self.account, self.now()
        user = self._drifting_user(now)
        case = new_case(
            account, user, CaseValues({"subject": "Came in between"}), channel="web", created_at=now, now=now
        )
        account.add_message(self._between(case.case_id, user.user_id))
        others = [each for each in account.cases.values() if each is not case]
        if others:
            account.drop_case(others.pop(chance.randrange(len(others))))
        if others:
            account.touch(chance.choice(others), now)

    def _drift_users(self, chance: random.Random) -> None:
        account, now = self.account, self.now()
        new = self._drifting_user(now)
        idle = sorted(account.users.keys() - {case.user_id for case in account.cases.values()} - {new.user_id})
        if idle:
            account.drop_user(account.users[idle.pop(chance.randrange(len(idle)))])
        changed = account.users[chance.choice(sorted(account.users))]
        changed.updated_at, changed.drawn = now, None

    def _drift_thread(self, case_id: int, chance: random.Random) -> None:
        thread = self.account.messages[case_id]
        self.account.add_message(self._between(case_id, self.account.cases[case_id].user_id))
        later = thread[1:-1]
        if later:
            thread.remove(chance.choice(later))

    def _drifting_user(self, now: int) -> User:
        user_id = self.account.next_id("user")
        return self.account.add_user(
            User(
                user_id=user_id,
                kind="email",
                identity=f"in-between-{user_id}@customer.example",
                created_at=now,
                updated_at=now,
            )
        )

    def _between(self, case_id: int, user_id: int) -> Message:
        now = self.now()
        return Message(
            message_id=self.account.next_id("message"),
            case_id=case_id,
            user_id=user_id,
            content="written in between",
            message_type="reply_user",
            created_at=now,
            sent_at=now,
        )
