"""Seeding the account from a dataset: reference lists and people here, tickets in `cases`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpdesk_bridge_deskie.simulator.records.records import (
    Company,
    CustomChannel,
    FieldDefinition,
    Group,
    Label,
    Staff,
    User,
)
from helpdesk_bridge_deskie.simulator.records.vocabulary import FIELD_TYPE_OF, NETWORKS
from helpdesk_bridge_deskie.simulator.seeding.cases import load_cases
from helpdesk_bridge_deskie.simulator.seeding.seeded import Seeded
from helpdesk_bridge_deskie.simulator.switches import STAFF_EMAIL

if TYPE_CHECKING:
    from helpdesk_bridge.datasets.dataset import Dataset, SeedPerson
    from helpdesk_bridge.testing.simulator.files import FileStore
    from helpdesk_bridge_deskie.simulator.records.account import Account

MARKER_TITLE = "Migration marker"


def load(account: Account, dataset: Dataset, files: FileStore, now: int, *, marker_field: bool) -> Seeded:
    """Fill an empty account and return the ids by the seed's keys.

    The agent whose credentials the simulator hands out is an agent of its own; it has full access (documented: Deskie API,
    "registered with the agent account that has a full access level").
    """
    account.add_staff(_api_agent(account, now))
    seeded = Seeded({}, {}, {}, {}, {}, {})
    _load_reference(account, dataset, seeded, now, marker_field=marker_field)
    for person in dataset.people:
        if person.role == "agent":
            _load_agent(account, person, seeded)
        else:
            _load_user(account, person, seeded)
    for ticket in dataset.tickets:
        if ticket.requester not in seeded.users:
            _load_user(account, dataset.person(ticket.requester), seeded)
    load_cases(account, dataset, files, seeded)
    return seeded


def _api_agent(account: Account, now: int) -> Staff:
    return Staff(
        staff_id=account.next_id("staff"), email=STAFF_EMAIL, full_name="API agent", created_at=now, updated_at=now
    )


def _load_reference(account: Account, dataset: Dataset, seeded: Seeded, now: int, *, marker_field: bool) -> None:
    began = min((int(ticket.created_at.timestamp()) for ticket in dataset.tickets), default=now)
    account.roles = dataset.roles
    account.channels.append(CustomChannel(channel_id=1, key="cch1", title="Teams"))
    for title in dataset.groups:
        group = Group(group_id=account.next_id("group"), title=title, created_at=began, updated_at=began)
        account.groups[group.group_id] = group
        seeded.groups[title] = group.group_id
    titles = [*dataset.tags, *(tag for ticket in dataset.tickets for tag in ticket.tags)]
    for title in dict.fromkeys(titles):
        label = Label(label_id=account.next_id("label"), title=title)
        account.labels[label.label_id] = label
        seeded.labels[title] = label.label_id
    for seed in dataset.fields:
        level = "case" if seed.level == "ticket" else "user"
        options = {str(position): option for position, option in enumerate(seed.options, start=1)}
        number = account.next_id("field")
        _define(account, seeded, FieldDefinition(number, seed.name, FIELD_TYPE_OF[seed.type], level, options))
    for level in ("case", "user") if marker_field else ():
        if (level, MARKER_TITLE) not in seeded.fields:
            _define(account, seeded, FieldDefinition(account.next_id("field"), MARKER_TITLE, "text", level))
    names = [*dataset.companies, *(person.company for person in dataset.people if person.company)]
    for name in dict.fromkeys(names):
        company = Company(company_id=account.next_id("company"), name=name, created_at=began, updated_at=began)
        account.companies[company.company_id] = company


def _define(account: Account, seeded: Seeded, definition: FieldDefinition) -> None:
    account.fields[definition.field_id] = definition
    seeded.fields[definition.level, definition.title] = definition


def _load_agent(account: Account, person: SeedPerson, seeded: Seeded) -> None:
    created = int(person.created_at.timestamp())
    staff = Staff(
        staff_id=account.next_id("staff"),
        email=person.email or f"{person.key}@robotsrule.example",
        full_name=person.name or "",
        active=not (person.blocked or person.deleted),
        created_at=created,
        updated_at=created,
    )
    seeded.staff[person.key] = account.add_staff(staff).staff_id


def _load_user(account: Account, person: SeedPerson, seeded: Seeded) -> None:
    created = int(person.created_at.timestamp())
    kind, identity, channel = _identity(person)
    user = User(
        user_id=account.next_id("user"),
        kind=kind,
        identity=identity,
        custom_channel=channel,
        full_name=person.name or "",
        screen_name=(person.name or "") if kind in NETWORKS else "",
        company_name=person.company or "",
        active=person.deleted or not person.blocked,
        deleted=person.deleted,
        created_at=created,
        updated_at=created,
        custom_fields=seeded.values("user", person.custom_fields),
    )
    seeded.users[person.key] = account.add_user(user).user_id


def _identity(person: SeedPerson) -> tuple[str, str, str]:
    if person.email:
        return "email", person.email, ""
    if person.phone:
        return "phone", person.phone, ""
    for network, value in person.identities:
        if network in NETWORKS:
            return network, value, ""
    return "custom", person.key, "cch1"
