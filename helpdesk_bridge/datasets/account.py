"""The account file: what one account has besides tickets and contacts, in TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, get_args

from attrs import evolve, frozen

from helpdesk_bridge.datasets.dataset import (
    Dataset,
    FieldLevel,
    FieldType,
    SeedField,
    SeedIntegration,
    SeedPerson,
    SeedStatus,
    SeedTemplate,
    SeedTicket,
    TemplateStatus,
)
from helpdesk_bridge.model.addresses import email_key

if TYPE_CHECKING:
    import os

_OPENED: Final = datetime(2020, 1, 1, tzinfo=UTC)
"""When the agents of an account file were made: before every ticket."""
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class AccountError(ValueError):
    """An account file is wrong, or tickets name what the account lacks; the message is one line."""


@frozen
class Account:
    """What an account file says. ``dataset`` has no tickets; ``plan`` and ``limits`` are switches of the simulator."""

    dataset: Dataset
    given: frozenset[str] = frozenset()
    plan: str | None = None
    limits: Mapping[str, int | float] = _NOTHING

    def with_tickets(self, tickets: Dataset) -> Dataset:
        """Return this account with the people and tickets of a corpus.

        Raises `AccountError` for the first ticket that names a group, category, type, label, custom field or agent that
        the account does not have; of what the file leaves out, the corpus decides.
        """
        agents = {email_key(agent.email or ""): agent for agent in self.dataset.agents}
        people = [*self.dataset.people]
        renamed: dict[str, str] = {}
        for person in tickets.people:
            known = agents.get(email_key(person.email)) if person.role == "agent" and person.email else None
            if known is not None:
                renamed[person.key] = known.key
            elif person.role == "agent" and "agents" in self.given:
                raise AccountError(f"{_first_with(tickets, person.key)}: an agent whom the account does not have")
            else:
                people.append(person)
        for ticket in tickets.tickets:
            self._check(ticket)
        has = {name: getattr(self.dataset if key in self.given else tickets, name) for key, name in _LISTS.items()}
        moved = tuple(_renamed(ticket, renamed) for ticket in tickets.tickets)
        return evolve(self.dataset, **has, people=tuple(people), tickets=moved)

    def _check(self, ticket: SeedTicket) -> None:
        data, where = self.dataset, f"ticket {ticket.key}"
        subcategories = data.categories.get(ticket.category or "", ())
        fields = {each.name: each for each in data.fields if each.level == "ticket"}
        named: tuple[tuple[str, str, Iterable[str | None], Iterable[str]], ...] = (
            ("groups", "group", [ticket.group], data.groups),
            ("types", "type", [ticket.type], data.ticket_types),
            ("categories", "category", [ticket.category], data.categories),
            ("categories", "subcategory", [ticket.subcategory], subcategories),
            ("labels", "tag", ticket.tags, data.tags),
            ("custom_fields", "custom field", ticket.custom_fields, fields),
        )
        for key, word, wanted, known in named:
            for value in wanted if key in self.given else ():
                if value is not None and value not in known:
                    raise AccountError(
                        f"{where}: the account has no {word} {value!r}; it has {', '.join(map(repr, known)) or 'none'}"
                    )
        if "custom_fields" in self.given:
            for name, value in ticket.custom_fields.items():
                if not _fits(value, fields[name]):
                    raise AccountError(f"{where}: the value of {name!r} is none of a {fields[name].type} field")

    def fitted(self, made: Dataset) -> Dataset:
        """Return this account with generated tickets, whose groups, categories, fields and agents become its own."""
        given, data = self.given, self.dataset
        agents = {
            person.key: data.agents[place % len(data.agents)].key
            for place, person in enumerate(made.agents)
            if "agents" in given and data.agents
        }
        people = [*data.people, *(person for person in made.people if person.key not in agents)]
        if "agents" in given and not data.agents:
            people = [person for person in people if person.role != "agent"]
        dressed = _Dressed(given, data, made, agents)
        people = [evolve(each, custom_fields=dressed.values(each.custom_fields, "contact")) for each in people]
        has = {name: getattr(data if key in given else made, name) for key, name in _LISTS.items()}
        tickets = tuple(dressed.ticket(place, ticket) for place, ticket in enumerate(made.tickets))
        return evolve(data, **has, people=tuple(people), tickets=tickets)


_LISTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "groups": "groups",
        "categories": "categories",
        "types": "ticket_types",
        "labels": "tags",
        "custom_fields": "fields",
        "companies": "companies",
    }
)
"""Keys of the file, and the lists of a dataset that tickets decide about if the file leaves them out."""


@frozen
class _Dressed:
    given: frozenset[str]
    data: Dataset
    made: Dataset
    agents: Mapping[str, str]

    def ticket(self, place: int, ticket: SeedTicket) -> SeedTicket:
        data, agents = self.data, dict(self.agents)
        if "agents" in self.given and not data.agents:
            agents = {person.key: "" for person in self.made.agents}
        moved = _renamed(ticket, agents)
        changes: dict[str, Any] = {"custom_fields": self.values(ticket.custom_fields, "ticket")}
        if "groups" in self.given:
            changes["group"] = _alike(ticket.group, self.made.groups, data.groups)
        if "types" in self.given:
            changes["type"] = _alike(ticket.type, self.made.ticket_types, data.ticket_types)
        if "labels" in self.given:
            own = [_alike(tag, self.made.tags, data.tags) for tag in ticket.tags]
            changes["tags"] = tuple(dict.fromkeys(tag for tag in own if tag is not None))
        if "categories" in self.given:
            category = _alike(ticket.category, tuple(self.made.categories), tuple(data.categories))
            below = data.categories.get(category or "", ())
            known = self.made.categories.get(ticket.category or "", ())
            changes |= {"category": category, "subcategory": _alike(ticket.subcategory, known, below)}
        if data.statuses:
            words = [word for word, meaning in data.statuses.items() if meaning == ticket.status]
            changes["status_label"] = words[place % len(words)] if words else None
        return evolve(moved, **changes)

    def values(self, values: Mapping[str, Any], level: str) -> Mapping[str, Any]:
        """Return the values of generated fields under the account's fields of the same type."""
        if "custom_fields" not in self.given:
            return values
        types = {each.name: each.type for each in self.made.fields if each.level == level}
        free = [each for each in self.data.fields if each.level == level]
        own: dict[str, Any] = {}
        for name, value in values.items():
            fitting = next((each for each in free if each.type == types.get(name)), None)
            if fitting is not None:
                free.remove(fitting)
                options = fitting.options
                own[fitting.name] = options[len(str(value)) % len(options)] if options else value
        return own


def _alike(value: str | None, before: tuple[str, ...], now: tuple[str, ...]) -> str | None:
    return now[before.index(value) % len(now)] if value in before and now else None


def _renamed(ticket: SeedTicket, keys: Mapping[str, str]) -> SeedTicket:
    """Return a ticket with other keys for some people; an empty one is nobody."""

    def key(given: str | None) -> str | None:
        return given if given is None else (keys.get(given, given) or None)

    def listed(given: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(each for each in map(key, given) if each is not None))

    return evolve(
        ticket,
        requester=key(ticket.requester) or ticket.requester,
        assignee=key(ticket.assignee),
        cc=listed(ticket.cc),
        watchers=listed(ticket.watchers),
        messages=tuple(evolve(message, author=key(message.author)) for message in ticket.messages),
    )


def _first_with(tickets: Dataset, person: str) -> str:
    for ticket in tickets.tickets:
        authors = {message.author for message in ticket.messages}
        if person in {ticket.assignee, *ticket.watchers, *authors}:
            return f"ticket {ticket.key}"
    return "the corpus"


def _fits(value: Any, seed: SeedField) -> bool:
    if seed.type == "select":
        return value in seed.options
    kinds: Mapping[str, tuple[type, ...]] = {
        "checkbox": (bool,), "integer": (int,), "decimal": (int, float), "date": (str,), "text": (str, int, float),
    }  # fmt: skip
    return isinstance(value, kinds[seed.type]) and (seed.type == "checkbox" or not isinstance(value, bool))


# ---- reading the file


def load_account(path: str | os.PathLike[str], keys: Iterable[str], title: str) -> Account:
    """Read an account file of a vendor that has these keys. Raises `AccountError`, or `OSError` if it cannot be read."""
    name = Path(path).name
    try:
        document = tomllib.loads(Path(path).read_bytes().decode())
    except UnicodeDecodeError:
        raise AccountError(f"{name}: it is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise AccountError(f"{name}: it is not TOML: {error}") from None
    known = frozenset(keys)
    for key in document:
        if key not in _KEYS:
            raise AccountError(f"{name}: unknown key {key!r}; an account of {title} has {', '.join(sorted(known))}")
        if key not in known:
            raise AccountError(f"{name}: {title} has no {key}; remove that key")
    try:
        return _read(document)
    except _BadValueError as error:
        raise AccountError(f"{name}: {error}") from None


class _BadValueError(ValueError):
    """What is wrong with one value, and where."""


def _read(document: Mapping[str, Any]) -> Account:
    read = {key: _KEYS[key](document[key], key) for key in document}
    agents: tuple[SeedPerson, ...] = read.get("agents", ())
    roles: tuple[str, ...] = read.get("roles", ())
    for place, agent in enumerate(agents):
        if agent.rights is not None and agent.rights not in roles:
            raise _BadValueError(f"agents[{place}].role: roles does not have {agent.rights!r}")
    integrations: tuple[SeedIntegration, ...] = read.get("integrations", ())
    ids = [each.id for each in integrations]
    templates: tuple[SeedTemplate, ...] = read.get("templates", ())
    for place, template in enumerate(templates):
        if template.integration is not None and template.integration not in ids:
            raise _BadValueError(f"templates[{place}].integration: integrations does not have {template.integration}")
    for what, values in (("integrations", ids), ("agents", [email_key(agent.email or "") for agent in agents])):
        if len(set(values)) != len(values):
            raise _BadValueError(f"{what}: two of them are the same")
    dataset = Dataset(
        people=agents,
        groups=read.get("groups", ()),
        companies=read.get("companies", ()),
        tags=read.get("labels", ()),
        fields=read.get("custom_fields", ()),
        ticket_types=read.get("types", ()),
        categories=read.get("categories", {}),
        statuses=read.get("statuses", {}),
        slas=read.get("slas", ()),
        forms=read.get("forms", ()),
        roles=roles,
        integrations=integrations,
        templates=templates,
    )
    return Account(dataset, frozenset(document), read.get("plan"), read.get("limits", {}))


def _text(value: Any, at: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _BadValueError(f"{at}: expected a text that is not empty")
    return value


def _texts(value: Any, at: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _BadValueError(f"{at}: expected a list of texts")
    listed = tuple(_text(each, f"{at}[{place}]") for place, each in enumerate(value))
    if len(set(listed)) != len(listed):
        raise _BadValueError(f"{at}: one of them is there twice")
    return listed


def _number(value: Any, at: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise _BadValueError(f"{at}: expected a whole number above 0")
    return value


def _flag(value: Any, at: str) -> bool:
    if not isinstance(value, bool):
        raise _BadValueError(f"{at}: expected true or false")
    return value


def _word(words: tuple[str, ...]) -> Callable[[Any, str], Any]:
    def read(value: Any, at: str) -> str:
        if value not in words:
            raise _BadValueError(f"{at}: expected one of {', '.join(words)}")
        return str(value)

    return read


def _mapping(value: Any, at: str, read: Callable[[Any, str], Any]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _BadValueError(f"{at}: expected a table")
    return {key: read(each, f"{at}.{key}") for key, each in value.items()}


def _limit(value: Any, at: str) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise _BadValueError(f"{at}: expected a number")
    return value


def _tables(
    members: Mapping[str, Callable[[Any, str], Any]], needed: tuple[str, ...], make: Callable[[dict[str, Any]], Any]
) -> Callable[[Any, str], Any]:
    """Return the reader of ``[[at]]``: tables with these members."""

    def read(value: Any, at: str) -> Any:
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise _BadValueError(f"{at}: expected tables, each headed [[{at}]]")
        made = []
        for place, table in enumerate(value):
            unknown = [key for key in table if key not in members]
            if unknown:
                raise _BadValueError(f"{at}[{place}]: unknown key {unknown[0]!r}; it has {', '.join(sorted(members))}")
            missing = [key for key in needed if key not in table]
            if missing:
                raise _BadValueError(f"{at}[{place}]: {missing[0]} is missing")
            made.append(make({key: members[key](each, f"{at}[{place}].{key}") for key, each in table.items()}))
        return tuple(made)

    return read


def _email(value: Any, at: str) -> str:
    text = _text(value, at)
    if "@" not in text:
        raise _BadValueError(f"{at}: expected an e-mail address")
    return text


def _phone(value: Any, at: str) -> str:
    text = _text(value, at)
    if not text.startswith("+") or not text[1:].isdecimal():
        raise _BadValueError(f"{at}: expected a number such as +905551112233")
    return text


def _agent(read: dict[str, Any]) -> SeedPerson:
    return SeedPerson(
        key=f"agent:{email_key(read['email'])}",
        name=read.get("name"),
        email=read["email"],
        role="agent",
        created_at=_OPENED,
        blocked=not read.get("active", True),
        rights=read.get("role"),
    )


def _custom_field(read: dict[str, Any]) -> SeedField:
    made = SeedField(read["name"], read["type"], read.get("options", ()), read.get("level", "ticket"))
    if (made.type == "select") != bool(made.options):
        raise _BadValueError(f"custom_fields: {made.name!r} needs options if it is a select, and has none otherwise")
    return made


_KEYS: Final[Mapping[str, Callable[[Any, str], Any]]] = MappingProxyType(
    {
        "groups": _texts,
        "companies": _texts,
        "labels": _texts,
        "types": _texts,
        "slas": _texts,
        "forms": _texts,
        "roles": _texts,
        "categories": lambda value, at: _mapping(value, at, _texts),
        "statuses": lambda value, at: _mapping(value, at, _word(get_args(SeedStatus))),
        "agents": _tables({"name": _text, "email": _email, "role": _text, "active": _flag}, ("email",), _agent),
        "custom_fields": _tables(
            {
                "name": _text,
                "type": _word(get_args(FieldType)),
                "options": _texts,
                "level": _word(get_args(FieldLevel)),
            },
            ("name", "type"),
            _custom_field,
        ),
        "integrations": _tables(
            {"id": _number, "name": _text, "phone": _phone},
            ("id", "name", "phone"),
            lambda read: SeedIntegration(**read),
        ),
        "templates": _tables(
            {
                "id": _number,
                "name": _text,
                "body": _text,
                "language": _text,
                "header": _text,
                "footer": _text,
                "buttons": _texts,
                "status": _word(get_args(TemplateStatus)),
                "integration": _number,
            },
            ("id", "name", "body"),
            lambda read: SeedTemplate(**read),
        ),
        "plan": _text,
        "limits": lambda value, at: _mapping(value, at, _limit),
    }
)
"""Every key of an account file, at any vendor, and its reader."""
