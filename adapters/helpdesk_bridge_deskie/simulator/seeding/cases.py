"""Seeding of cases from tickets: threads, files, ratings, and merged cases hidden behind their parent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpdesk_bridge_deskie.simulator.records.account import case_number
from helpdesk_bridge_deskie.simulator.records.records import Case, FileEntry, Message
from helpdesk_bridge_deskie.simulator.records.vocabulary import (
    MESSAGE_TYPE_OF,
    PRIORITY_OF,
    RATING_OF,
    STATUS_OF,
    TEXT_CHANNELS,
    channel_of,
    html_of,
    with_urls,
)
from helpdesk_bridge_deskie.simulator.rendering import ORIGIN, file_path

if TYPE_CHECKING:
    from helpdesk_bridge.datasets.dataset import Dataset, SeedFile, SeedMessage, SeedTicket
    from helpdesk_bridge.testing.simulator.files import FileStore
    from helpdesk_bridge_deskie.simulator.records.account import Account
    from helpdesk_bridge_deskie.simulator.seeding.seeded import Seeded

MAILBOX = "support@robotsrule.example"


def load_cases(account: Account, dataset: Dataset, files: FileStore, seeded: Seeded) -> None:
    """Load all tickets, the oldest first, so that ids grow with time as in a real account."""
    tickets = sorted(dataset.tickets, key=lambda ticket: ticket.created_at)
    for ticket in tickets:
        seeded.cases[ticket.key] = account.next_id("case")
    for ticket in tickets:
        case = account.add_case(_case(ticket, dataset, seeded))
        for message in ticket.messages:
            _load_message(account, case, message, files, seeded)
        _finish(account, case, ticket)


def store(files: FileStore, seed: SeedFile) -> FileEntry:
    """Keep a file's bytes and return how messages refer to it."""
    kept = files.put(seed.filename, seed.content_type, seed.content)
    return FileEntry(kept.id, kept.filename, len(kept.content), kept.content_type)


def _case(ticket: SeedTicket, dataset: Dataset, seeded: Seeded) -> Case:
    case_id = seeded.cases[ticket.key]
    channel = channel_of(ticket.channel)
    updated = int(ticket.updated_at.timestamp())
    status = STATUS_OF[ticket.status]
    labels = [seeded.labels[tag] for tag in ticket.tags]
    copies = [dataset.person(key).email for key in ticket.cc]
    return Case(
        case_id=case_id,
        case_number=case_number(case_id),
        subject=ticket.subject,
        user_id=seeded.users.get(ticket.requester, 0),
        staff_id=seeded.staff.get(ticket.assignee or "", 0),
        group_id=seeded.groups.get(ticket.group or "", 0),
        status=status,
        priority=PRIORITY_OF[ticket.priority],
        channel=channel,
        recipient=MAILBOX if channel == "email" else "",
        cc=",".join(email for email in copies if email),
        deleted=ticket.deleted,
        spam=ticket.spam,
        created_at=int(ticket.created_at.timestamp()),
        updated_at=updated,
        closed_at=updated if status == "closed" else None,
        parent_case_id=seeded.cases.get(ticket.merged_into or "", 0),
        custom_fields=seeded.values("case", ticket.custom_fields),
        labels=labels,
        # As a rule for urgent cases would.
        locked_labels=labels[:1] if ticket.priority == "urgent" else [],
    )


def _load_message(account: Account, case: Case, seed: SeedMessage, files: FileStore, seeded: Seeded) -> None:
    entries = [(file, store(files, file)) for file in seed.files]
    urls = {
        file.content_id: ORIGIN + file_path(entry.file_id, entry.name)
        for file, entry in entries
        if file.inline and file.content_id and seed.html is not None
    }
    content, html = seed.text or "", ""
    if seed.html is not None:
        content, html = "", with_urls(seed.html, urls)
    elif case.channel not in TEXT_CHANNELS:
        content, html = "", html_of(seed.text or "")
    created = int(seed.created_at.timestamp())
    staff_id = seeded.staff.get(seed.author or "", 0)
    note = seed.private or seed.kind in ("note", "forward")
    account.add_message(
        Message(
            message_id=account.next_id("message"),
            case_id=case.case_id,
            user_id=seeded.users.get(seed.author or "", 0),
            staff_id=staff_id,
            content=content,
            content_html=html,
            files=[entry for file, entry in entries if not (file.inline and file.content_id in urls)],
            note=note,
            message_type=_message_type(seed, note=note, by_staff=bool(staff_id)),
            sent_via_rule=seed.kind == "automatic",
            is_viewed=True,
            created_at=created,
            sent_at=created,
        )
    )


def _message_type(seed: SeedMessage, *, note: bool, by_staff: bool) -> str:
    if seed.kind in MESSAGE_TYPE_OF:
        return MESSAGE_TYPE_OF[seed.kind]
    if note:
        return MESSAGE_TYPE_OF["note"]
    return "reply_staff" if by_staff else "reply_user"


def _finish(account: Account, case: Case, ticket: SeedTicket) -> None:
    answers = [each.created_at for each in account.messages[case.case_id] if each.staff_id and not each.note]
    case.last_response_at = answers[-1] if answers else None
    if case.channel == "idea" and (thread := account.messages[case.case_id]):
        case.idea.content = thread[0].content or thread[0].content_html
    if ticket.rating is not None:
        score, comment = ticket.rating
        case.rating, case.rating_comment = RATING_OF[score], comment or ""
    if user := account.users.get(case.user_id):
        written = [each.created_at for each in account.messages[case.case_id] if each.user_id == case.user_id]
        user.last_contact_at = max([*written, user.last_contact_at or 0]) or None
