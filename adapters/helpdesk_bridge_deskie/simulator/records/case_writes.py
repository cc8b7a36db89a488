"""Writes to a case: values are checked first, then applied with the account's bookkeeping and changelog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import Factory, frozen

from helpdesk_bridge_deskie.simulator.records.account import case_number
from helpdesk_bridge_deskie.simulator.records.custom_fields import checked_values
from helpdesk_bridge_deskie.simulator.records.records import PRIORITIES, STATUSES, Case, Change, Mail
from helpdesk_bridge_deskie.simulator.records.vocabulary import CHANNELS
from helpdesk_bridge_deskie.simulator.refusals import invalid

if TYPE_CHECKING:
    from helpdesk_bridge_deskie.simulator.parameters import Params
    from helpdesk_bridge_deskie.simulator.records.account import Account
    from helpdesk_bridge_deskie.simulator.records.records import Message, Staff, User
    from helpdesk_bridge_deskie.simulator.records.requesters import Identity

_CREATED_CHANNELS = {"phone": "call", "wa": "wa_chat"}
"""observed: Deskie's migration guide: cases of the channels Email, Calls, WhatsApp and custom can be created."""


@frozen
class CaseValues:
    """Checked values of a create or an update; what is absent is not in `plain`."""

    plain: dict[str, Any]
    custom_fields: dict[str, Any] = Factory(dict)


def case_values(account: Account, params: Params) -> CaseValues:
    """Read and check what both a create and an update may set.

    assumed: an id that nothing has, or a word outside its enumeration, is refused with 400; a responsible agent has
    to be enabled.
    """
    plain: dict[str, Any] = {
        "subject": params.text("subject"),
        "status": params.choice("status", STATUSES),
        "priority": params.choice("priority", PRIORITIES),
        "language_id": params.integer("language_id"),
        "staff_id": params.integer("staff_id"),
        "group_id": params.integer("group_id"),
    }
    if plain["subject"] == "":
        raise invalid("empty_subject")
    if plain["staff_id"]:
        staff = account.staff.get(plain["staff_id"])
        if staff is None:
            raise invalid("staff_not_found")
        if not staff.active:
            raise invalid("staff_not_active")
    if plain["group_id"] and plain["group_id"] not in account.groups:
        raise invalid("group_not_found")
    custom_fields = checked_values(account, "case", params.mapping("custom_fields"))
    return CaseValues({name: value for name, value in plain.items() if value is not None}, custom_fields)


def label_ids(account: Account, params: Params, name: str) -> list[int]:
    """Read label ids, each once (observed: ids, not names); an unknown one is refused with 400 `label_not_found`."""
    ids = list(dict.fromkeys(params.integers(name)))
    if any(each not in account.labels for each in ids):
        raise invalid("label_not_found")
    return ids


def channel_for(account: Account, identity: Identity, params: Params, email_channel: str) -> str:
    """Return the channel of a new case. observed: an e-mail's case answered "web"; one by custom id has that channel."""
    channel = identity.channel or _CREATED_CHANNELS.get(identity.kind, email_channel)
    given = params.text("channel")
    if not given or given == channel:
        return channel
    creatable = {"email", "web", "call", "wa_chat", *(each.key for each in account.channels)}
    if given not in creatable or (given not in CHANNELS and identity.kind != "custom"):
        raise invalid("wrong_channel")
    return given


def new_case(account: Account, user: User, values: CaseValues, *, channel: str, created_at: int, now: int) -> Case:
    """Enter a new case; a blocked user's is spam (observed), `updated_at` is now whatever `created_at` says (assumed)."""
    case_id = account.next_id("case")
    case = Case(
        case_id=case_id,
        case_number=case_number(case_id),
        user_id=user.user_id,
        channel=channel,
        spam=not user.active and not user.deleted,
        created_at=created_at,
        updated_at=now,
        custom_fields=values.custom_fields,
        **values.plain,
    )
    case.closed_at = now if case.status == "closed" else None
    return account.add_case(case)


def change_case(account: Account, case: Case, values: CaseValues, labels: list[int], *, staff: Staff, now: int) -> None:
    """Apply an update and keep its changelog (observed: its events and `done_by`)."""
    before = {name: getattr(case, name) for name in values.plain}
    previous_fields, previous_labels = dict(case.custom_fields), list(case.labels)
    for name, value in values.plain.items():
        if name == "status":
            set_status(case, value, now)
        else:
            setattr(case, name, value)
    case.custom_fields.update(values.custom_fields)
    case.labels = labels
    changed = {name: (before[name], getattr(case, name)) for name in before}
    events = {name.removesuffix("_id"): pair for name, pair in changed.items()}
    for key in values.custom_fields:
        events["custom_field_" + key.removeprefix("cf_")] = (previous_fields.get(key, ""), case.custom_fields[key])
    events["labels"] = (_joined(previous_labels), _joined(labels))
    for event, (old, new) in events.items():
        if old != new:
            case.changes.append(Change(now, event, f"staff_{staff.staff_id}", str(old), str(new)))
    account.touch(case, now)


def set_status(case: Case, status: str, now: int) -> None:
    """Set the status; closing stamps `closed_at`, reopening clears it (observed: "-" while a case is not closed)."""
    if status == "closed" and case.status != "closed":
        case.closed_at = now
    elif status != "closed":
        case.closed_at = None
    case.status = status


def mail_of(account: Account, case: Case, message: Message, kind: str) -> Mail:
    """Return the e-mail that the customer gets for a message, or for its case."""
    user = account.users.get(case.user_id)
    to = user.identity if user else ""
    return Mail(kind, case.case_id, message.message_id, message.staff_id, case.user_id, to, message.sent_at)


def _joined(labels: list[int]) -> str:
    return ",".join(str(label) for label in labels)
