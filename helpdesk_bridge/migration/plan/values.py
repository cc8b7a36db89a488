"""Value mapping: statuses, priorities, groups, agents, tags and custom fields in the destination's words.

The two sides are matched by the application's own alias first, then by name, agents by e-mail. What has no
counterpart is a decision; if a destination cannot list what it has, a value passes until it is refused.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from attrs import field, frozen

from helpdesk_bridge.migration.desk import MigrationDesk
from helpdesk_bridge.migration.plan.field_maps import End, EndKind, FieldMap, defined, fitted, words_of
from helpdesk_bridge.model.addresses import email_key
from helpdesk_bridge.model.fields import RECORDS, TICKET, Kind
from helpdesk_bridge.model.records import Contact, FieldDefinition, FieldType, Ticket
from helpdesk_bridge.model.values import Actor, CustomValue, Priority, Ref, Status
from helpdesk_bridge.text.plain import digest, fold

AUTHOR: Final = "author"
"""The name of a decision who is the author of an agent's messages."""
PEOPLE: Final = frozenset(
    field.decision for field in TICKET.values() if field.decision and field.kind in (Kind.PERSON, Kind.ADDRESSES)
) | {AUTHOR}
PASSING: Final = tuple(field.name for field in TICKET.values() if field.decision and field.kind is Kind.WORD)


@frozen
class Answer:
    """What becomes of one value: ``value`` at the destination (None: it is dropped).

    ``open`` says that it is not decided yet, and ``value`` is then the proposal. ``announced`` is the destination's
    word for it if it differs, for the fidelity. ``mapped`` says that a field map carries it instead.
    """

    value: Any = None
    open: bool = False
    announced: str | None = None
    mapped: bool = False


def old_key(name: str, old: str) -> tuple[str, str]:
    """Return the key of a decision: the field, and a digest of the old value (it may be an e-mail).

    Words are one as people compare them; people only where their address is one box, or their id one id.
    """
    if name in PEOPLE:
        return name, digest(name, email_key(old) if "@" in old else old)
    return name, digest(name, fold(old))


@frozen(eq=False)
class Values:
    """The table of both sides' words. Decisions can be added while a load runs."""

    source: MigrationDesk
    destination: MigrationDesk
    _decided: dict[tuple[str, str], str | None] = field(factory=dict)
    _maps: list[FieldMap] = field(factory=list)
    _definitions: dict[End, FieldDefinition | None] = field(factory=dict, repr=False)
    rules: dict[str, str] = field(factory=dict)
    """What becomes of values that come later, by their field."""
    _lock: threading.Lock = field(factory=threading.Lock, repr=False)

    def decide(self, name: str, old: str, new: str | None) -> None:
        """Record that ``old`` becomes ``new``, or is dropped."""
        with self._lock:
            self._decided[old_key(name, old)] = new

    def load(self, decisions: Mapping[tuple[str, str], str | None]) -> None:
        """Take over the decisions of a journal."""
        with self._lock:
            self._decided.update(decisions)

    def map_field(self, one: FieldMap) -> None:
        """Fill a field of the destination from another of the source."""
        with self._lock:
            if one not in self._maps:
                self._maps.append(one)

    def drop_map(self, one: FieldMap) -> None:
        """Fill a field of the destination no longer."""
        with self._lock:
            self._maps[:] = [known for known in self._maps if known != one]

    @property
    def maps(self) -> tuple[FieldMap, ...]:
        """The field maps in the order in which they were decided."""
        return tuple(self._maps)

    def carries(self, one: FieldMap, value: Any) -> Any:
        """Return a value as the target of a map takes it; None for nothing, and for what does not fit there."""
        if one.target.kind is EndKind.FIELD:
            words = words_of(value)
            listed = RECORDS[one.area][one.target.name].kind is Kind.WORDS
            return (words if listed else ", ".join(words)) or None
        definition = self._defined(one.target)
        if definition is not None and definition.type is FieldType.SELECT:
            word = ", ".join(words_of(value))
            chosen = self._chosen("option", f"{one.target.name}={word}", lambda new: new) if word else None
            value = value if chosen is None else chosen.value
        return fitted(value, definition)

    def target_name(self, one: FieldMap) -> str:
        """Return the destination's own name of the custom field that a map fills."""
        definition = self._defined(one.target)
        return self.destination.aliases.custom_fields.out(one.target.name) if definition is None else definition.name

    def _defined(self, end: End) -> FieldDefinition | None:
        if end not in self._definitions:
            self._definitions[end] = defined(self.destination, end)
        return self._definitions[end]

    def _mapped_custom(self, area: str, name: str) -> bool:
        wanted = fold(name)
        return any(
            one.source.kind is EndKind.CUSTOM and one.area == area and fold(one.source.name) == wanted
            for one in self._maps
        )

    def decided(self, name: str, old: str) -> bool:
        """Whether this value has been decided."""
        return old_key(name, old) in self._decided

    def decided_word(self, name: str, old: str) -> str | None:
        """Return the word at the destination that was decided for a value; None for none, and for one that is dropped."""
        return self._decided.get(old_key(name, old))

    def _chosen(self, name: str, old: str, build: Callable[[str], Any]) -> Answer | None:
        if not self.decided(name, old):
            return None
        new = self._decided[old_key(name, old)]
        return Answer(None if new is None else build(new), announced=new)

    def status(self, status: Status, label: str | None) -> Answer:
        """Return ``(Status, label)`` at the destination."""
        old = label or status.value
        chosen = self._chosen("status", old, self._status_named)
        if chosen:
            return chosen
        if self.destination.defines:
            return Answer((status, label))
        offered = self.destination.desk.capabilities.statuses
        aliases = self.destination.aliases
        if label is not None:
            named = aliases.statuses.out(label)
            for meaning, word in offered.items():
                if fold(word) == fold(named):
                    return Answer((meaning, word))
            if label in aliases.statuses.entries:
                return Answer((aliases.status_meanings.get(fold(named), status), named))
        if status in offered:
            return Answer((status, offered[status]))
        nearest = status.nearest(frozenset(offered))
        if nearest is Status.UNKNOWN:
            nearest = Status.OPEN if Status.OPEN in offered else next(iter(offered), Status.UNKNOWN)
        nearest_word = offered.get(nearest)
        return Answer((nearest, nearest_word), open=True, announced=nearest_word or nearest.value)

    def _status_named(self, new: str) -> tuple[Status, str | None]:
        named = self.destination.aliases.statuses.out(new)
        for meaning, word in self.destination.desk.capabilities.statuses.items():
            if fold(named) in (fold(word), meaning.value):
                return meaning, word
        return self.destination.aliases.status_meanings.get(fold(named), Status.UNKNOWN), named

    def priority(self, priority: Priority, label: str | None) -> Answer:
        """Return ``(Priority, label)`` at the destination."""
        old = label or priority.value
        offered = self.destination.desk.capabilities.priorities
        chosen = self._chosen("priority", old, lambda new: _named_priority(offered, new))
        if chosen:
            return chosen
        if self.destination.defines:
            return Answer((priority, label))
        if priority in offered:
            return Answer((priority, offered[priority]))
        if not offered or (priority is Priority.UNKNOWN and label is None):
            return Answer((Priority.UNKNOWN, None))
        nearest = Priority.NORMAL if Priority.NORMAL in offered else next(iter(offered))
        return Answer((nearest, offered[nearest]), open=True, announced=offered[nearest])

    def group(self, name: str) -> Answer:
        """Return a ``Ref`` of the destination's group."""
        chosen = self._chosen("group", name, self._group_named)
        if chosen:
            return chosen
        ref = self._group_named(name)
        unknown = ref.id is None and self.destination.knows_all("groups")
        return Answer(None, open=True) if unknown else Answer(ref)

    def _group_named(self, name: str) -> Ref:
        named = self.destination.aliases.groups.out(name)
        desk = self.destination
        known = desk.found("groups", lambda: next((one for one in desk.groups if fold(one.name) == fold(named)), None))
        return Ref(None, named) if known is None else Ref(known.id, known.name)

    def agent(self, email: str) -> Answer:
        """Return an ``Actor`` of the destination's agent; ``email`` is the source's, its id if it has none."""
        chosen = self._chosen("assignee", email, self._agent_named)
        if chosen:
            return chosen
        actor = self._agent_of(email)
        known = self.destination.agent(actor)
        unknown = known is None and self.destination.knows_all("agents")
        disabled = known is not None and not known.active and not self.destination.defines
        return Answer(None, open=True) if unknown or disabled else Answer(actor)

    def watcher(self, email: str) -> Answer:
        """Return an ``Actor`` of the destination's agent who watches; whoever is decided about as an assignee is it here."""
        return self._chosen("watcher", email, self._agent_named) or self.agent(email)

    def _agent_named(self, email: str) -> Actor:
        named = self.destination.aliases.agents.out(self.source.aliases.agents.into(email))
        return self._agent_there(named, Actor.agent(id=named, email=named))

    def _agent_of(self, email: str) -> Actor:
        named = self.destination.aliases.agents.out(self.source.aliases.agents.into(email))
        # An id of the source that no alias translates says nothing about who has it at the destination.
        return self._agent_there(named, Actor.agent(id=None if named == email else named, email=named))

    def _agent_there(self, named: str, wanted: Actor) -> Actor:
        known = self.destination.agent(wanted)
        return (
            Actor.agent(email=named) if known is None else Actor.agent(id=known.id, name=known.name, email=known.email)
        )

    def author(self, actor: Actor) -> Actor:
        """Return the author of a message as the destination knows the agent, else as the source does."""
        decided = self._chosen(AUTHOR, email_key(actor.email), self._agent_named) if actor.email else None
        if decided is not None and decided.value is not None:
            known: Actor = decided.value
            return known
        if not actor.email:
            return Actor(actor.kind, name=actor.name)
        agent = self._agent_of(actor.email)
        if agent.id is None:
            return Actor(actor.kind, name=actor.name, email=actor.email)
        return Actor(actor.kind, id=agent.id, name=actor.name or agent.name, email=agent.email or actor.email)

    def tag(self, name: str) -> Answer:
        """Return the destination's word for a tag."""
        chosen = self._chosen("tag", name, self.destination.aliases.tags.out)
        if chosen:
            return chosen
        named = self.destination.aliases.tags.out(name)
        desk = self.destination
        known = desk.found("tags", lambda: next((tag.name for tag in desk.tags if fold(tag.name) == fold(named)), None))
        if known is None and self.destination.knows_all("tags"):
            return Answer(None, open=True)
        return Answer(known or named)

    def custom_field(self, name: str) -> Answer:
        """Return the destination's name of a custom field."""
        chosen = self._chosen("custom_field", name, self.destination.aliases.custom_fields.out)
        if chosen:
            return chosen
        if self._mapped_custom("ticket", name):
            return Answer(None, mapped=True)
        named = self.destination.aliases.custom_fields.out(name)
        known = self.definition(named)
        if known is None and self.destination.knows_all("custom_fields"):
            return Answer(None, open=True)
        return Answer(known.name if known else named)

    def contact_field(self, name: str) -> Answer:
        """Return the destination's name of a contact's custom field."""
        chosen = self._chosen("contact_field", name, self.destination.aliases.custom_fields.out)
        if chosen:
            return chosen
        if self._mapped_custom("contact", name):
            return Answer(None, mapped=True)
        named = self.destination.aliases.custom_fields.out(name)
        known = self.definition(named, "contact")
        if known is None and self.destination.knows_all("custom_fields"):
            return Answer(None, open=True)
        return Answer(known.name if known else named)

    def definition(self, name: str, applies_to: str = "ticket") -> FieldDefinition | None:
        """Return the destination's definition of a custom field."""
        return self.destination.found("custom_fields", lambda: self._definition(name, applies_to))

    def _definition(self, name: str, applies_to: str) -> FieldDefinition | None:
        fields = [
            custom_field
            for custom_field in self.destination.custom_fields
            if (custom_field.applies_to == "ticket") == (applies_to == "ticket")
        ]
        return next(
            (definition for definition in fields if fold(name) in (fold(definition.name), fold(definition.key))), None
        )

    def option(self, name: str, value: CustomValue) -> Answer:
        """Return a custom field's value as the destination's field takes it; ``name`` is the destination's."""
        definition = None if self.destination.defines else self.definition(name)
        numeric = definition is not None and definition.type in (FieldType.INTEGER, FieldType.DECIMAL)
        if isinstance(value, str) and (numeric or self.decided("as_number", name)):
            return Answer(as_number(value))
        if definition is None or definition.type is not FieldType.SELECT or not isinstance(value, str):
            return Answer(value)
        chosen = self._chosen("option", f"{name}={value}", lambda new: new)
        if chosen:
            return chosen
        known = next((option for option in definition.options if fold(option) == fold(value)), None)
        return Answer(known, open=known is None and bool(definition.options))

    def word(self, name: str, value: str) -> Answer:
        """Return a word such as a type or category: it passes, since no vendor lists what it takes."""
        return self._chosen(name, value, lambda new: new) or Answer(value)


def _named_priority(offered: Mapping[Priority, str], new: str) -> tuple[Priority, str | None]:
    for meaning, word in offered.items():
        if fold(new) in (fold(word), meaning.value):
            return meaning, word
    return Priority.UNKNOWN, new


def as_number(text: str) -> int | Decimal | str:
    """Return the number that a text is, or the text: some vendors keep numbers as text, others refuse that."""
    try:
        number = Decimal(text.strip())
    except ArithmeticError:
        return text
    if not number.is_finite():
        return text
    return int(number) if number == number.to_integral_value() else number


def requester_key(ticket: Ticket) -> str:
    """Return what a decision about a ticket's customer goes by: the id, else the e-mail."""
    requester = ticket.requester
    return "" if requester is None else requester.id or requester.email or ""


def contact_key(contact: Contact) -> str:
    """Return what a decision about the address of a contact goes by: the id, as in that of its tickets."""
    return contact.id or contact.email or ""


def agent_email(side: MigrationDesk, actor: Actor | None) -> str | None:
    """Return the e-mail of an agent, or its id if it has none."""
    filled = side.filled(actor)
    if filled is None:
        return None
    return email_key(filled.email) if filled.email else filled.id
