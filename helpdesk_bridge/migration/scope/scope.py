"""Scope of a migration: which tickets of the source it takes, kept in the journal and only ever widened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from attrs import asdict, evolve, field, fields, frozen

from helpdesk_bridge.archive.scope import Scope
from helpdesk_bridge.migration.outcome import WrongScope
from helpdesk_bridge.model.matching import ticket_matches
from helpdesk_bridge.model.queries import TicketQuery
from helpdesk_bridge.model.records import Contact, Ticket
from helpdesk_bridge.model.values import Status
from helpdesk_bridge.text.plain import fold

SCOPE: Final = "scope"
"""The name under which the journal keeps it."""
LISTED: Final = "listed"
"""The name under which it keeps how many tickets the source listed, in the scope or not."""


def _words(values: Iterable[str]) -> frozenset[str]:
    return frozenset(values)


def _limit(_: Any, __: Any, value: int | None) -> None:
    if value is not None and value < 1:
        raise WrongScope("--limit: write a number from 1")


@frozen(kw_only=True)
class MigrationScope:
    """Which tickets. Fields together mean all of them, a set any of its values; an empty set and None leave a field open.

    ``since`` and ``until`` are about the last change of a ticket, ``companies`` about its company or its customer's;
    ``only`` and ``exclude`` are ids of the source. ``limit`` takes the newest. Contacts are those that the tickets name,
    with ``all_contacts`` all of the source. A ticket that a run has begun stays in whatever scope.
    """

    since: datetime | None = None
    until: datetime | None = None
    created_since: datetime | None = None
    created_until: datetime | None = None
    statuses: frozenset[str] = field(factory=frozenset, converter=_words)
    groups: frozenset[str] = field(factory=frozenset, converter=_words)
    tags: frozenset[str] = field(factory=frozenset, converter=_words)
    companies: frozenset[str] = field(factory=frozenset, converter=_words)
    only: frozenset[str] = field(factory=frozenset, converter=_words)
    exclude: frozenset[str] = field(factory=frozenset, converter=_words)
    limit: int | None = field(default=None, validator=_limit)
    all_contacts: bool = False

    @property
    def everything(self) -> bool:
        """Whether all tickets and contacts of the source are meant."""
        return evolve(self, all_contacts=False) == MigrationScope()

    @property
    def query(self) -> TicketQuery:
        """What of the scope a list of tickets can be asked for."""
        updated, created = (self.since, self.until), (self.created_since, self.created_until)
        return Scope(
            TicketQuery(
                statuses={_status(one) for one in self.statuses} or None,
                groups=self.groups or None,
                tags=self.tags or None,
                updated=updated if any(updated) else None,
                created=created if any(created) else None,
                limit=self.limit,
            )
        ).query

    def takes(self, ticket: Ticket, customer: Contact | None) -> bool:
        """Whether a ticket, which tells its group by name, is in the scope, the limit aside."""
        if ticket.id in self.exclude or (self.only and ticket.id not in self.only):
            return False
        return ticket_matches(self.query, ticket) and (not self.companies or self._is_of(ticket, customer))

    def _is_of(self, ticket: Ticket, customer: Contact | None) -> bool:
        refs = (ticket.company, None if customer is None else customer.company)
        known = {fold(word) for ref in refs if ref is not None for word in (ref.name, ref.id) if word}
        return any(fold(company) in known for company in self.companies)

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values, without what is left open."""
        values = {name: _plain(value) for name, value in asdict(self, recurse=False).items()}
        return {name: value for name, value in values.items() if value}

    @classmethod
    def of_json(cls, values: Mapping[str, Any] | None) -> MigrationScope:
        """Return what ``as_json`` wrote; None is everything."""
        named: dict[str, Any] = dict(values or {})
        for name in _TIMES:
            if name in named:
                named[name] = datetime.fromisoformat(named[name])
        return cls(**named)

    @property
    def words(self) -> str:
        """The scope in words."""
        if self.everything:
            return "all tickets and contacts"
        said = [f"{word} {_or(values)}" for word, values in self._sets() if values]
        said += [f"{word} {moment:%Y-%m-%d %H:%M} UTC" for word, moment in self._times() if moment is not None]
        if self.only:
            said.append(_ids("only", self.only))
        if self.exclude:
            said.append(_ids("without", self.exclude))
        if self.limit is not None:
            said.append("the newest ticket" if self.limit == 1 else f"the newest {self.limit}")
        contacts = "and all contacts" if self.all_contacts else "and the contacts that they name"
        return f"tickets: {', '.join(said)}; {contacts}"

    def _sets(self) -> tuple[tuple[str, frozenset[str]], ...]:
        return ("status", self.statuses), ("group", self.groups), ("tag", self.tags), ("company", self.companies)

    def _times(self) -> tuple[tuple[str, datetime | None], ...]:
        return (
            ("changed since", self.since),
            ("changed before", self.until),
            ("created since", self.created_since),
            ("created before", self.created_until),
        )

    def narrowed_by(self, wanted: MigrationScope) -> str | None:
        """Return the option by which ``wanted`` leaves out what this scope takes; None if it takes all of it."""
        for name in ("since", "created_since"):
            if _later(getattr(wanted, name), getattr(self, name)):
                return _option(name)
        for name in ("until", "created_until"):
            if _earlier(getattr(wanted, name), getattr(self, name)):
                return _option(name)
        for name in ("statuses", "groups", "tags", "companies", "only"):
            here, there = getattr(self, name), getattr(wanted, name)
            if there and (not here or not here <= there):
                return _option(name)
        if not wanted.exclude <= self.exclude:
            return "--exclude"
        if wanted.limit is not None and (self.limit is None or wanted.limit < self.limit):
            return "--limit"
        return "--all-contacts" if (self.all_contacts or self.everything) and not wanted._takes_all_contacts else None

    @property
    def _takes_all_contacts(self) -> bool:
        return self.all_contacts or self.everything


_TIMES: Final = ("since", "until", "created_since", "created_until")
_OPTIONS: Final = {"statuses": "--status", "groups": "--group", "tags": "--tag", "companies": "--company"}
_TOLD: Final = 5


def _option(name: str) -> str:
    return _OPTIONS.get(name, f"--{name.replace('_', '-')}")


def _later(wanted: datetime | None, kept: datetime | None) -> bool:
    return wanted is not None and (kept is None or wanted > kept)


def _earlier(wanted: datetime | None, kept: datetime | None) -> bool:
    return wanted is not None and (kept is None or wanted < kept)


def _status(word: str) -> Status | str:
    return next((one for one in Status if one.value == word.lower()), word)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return sorted(value) if isinstance(value, frozenset) else value


def _or(values: Iterable[str]) -> str:
    return " or ".join(sorted(values))


def _ids(word: str, ids: frozenset[str]) -> str:
    named = ", ".join(sorted(ids)[:_TOLD])
    more = f" and {len(ids) - _TOLD} more" if len(ids) > _TOLD else ""
    return f"{word} {named}{more}"


@frozen(kw_only=True)
class ScopeChoice:
    """What a user chose of a scope: ``given`` are fields of it; the others stay as the journal has them.

    ``everything`` begins with all tickets instead of with what the journal has.
    """

    everything: bool = False
    given: Mapping[str, Any] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        unknown = set(self.given) - {one.name for one in fields(MigrationScope)}
        if unknown:
            raise WrongScope(f"a scope has no {', '.join(sorted(unknown))}")

    def over(self, kept: MigrationScope) -> MigrationScope:
        """Return the scope that is wanted, where the journal has ``kept``."""
        wanted = evolve(MigrationScope() if self.everything else kept, **self.given)
        for start, end in (("since", "until"), ("created_since", "created_until")):
            began, ended = getattr(wanted, start), getattr(wanted, end)
            if began is not None and ended is not None and began >= ended:
                raise WrongScope(f"{_option(start)} is not before {_option(end)}: no ticket can be in this scope")
        if both := wanted.only & wanted.exclude:
            raise WrongScope(f"--only and --exclude both name {_or(both)}")
        return wanted
