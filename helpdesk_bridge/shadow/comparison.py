"""Comparison of two desks' answers: the names of the fields that differ, in a form in which two vendors can be compared.

Only what both desks keep is compared, as their importers declare it. Ids differ by nature and are left out; people are
compared by address, groups by the application's names, texts as readers see them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import zip_longest
from typing import Any, Final

from attrs import evolve, frozen

from helpdesk_bridge.adapter import Fidelity, FidelityTable, FieldFidelity, MessageClass
from helpdesk_bridge.adapter.digests import text_digest
from helpdesk_bridge.adapter.header_line import split_header, split_marker, unquoted
from helpdesk_bridge.config.aliases import Aliases
from helpdesk_bridge.migration.journal import expected
from helpdesk_bridge.model import fields
from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.model.values import Actor, Body

_Differences = Callable[[Mapping[str, Any], Mapping[str, Any]], Iterable[tuple[str, str, str]]]

NUMBER: Final = "number of messages"
_NATIVE: Final = FieldFidelity(Fidelity.NATIVE)
_IMAGE: Final = re.compile(r"\[image(?:: [^\]\n]*)?\]")
_KEPT: Final = (Fidelity.NATIVE, Fidelity.HEADER_LINE)


@frozen
class Comparison:
    """What two desks both keep, and so what can differ between them."""

    _tables: tuple[FidelityTable, ...]

    def tickets(self, one: Ticket, other: Ticket) -> tuple[str, ...]:
        """Return the fields in which two tickets differ."""
        fidelity = self._both(lambda table: table.ticket, fields.TICKET)
        shown = [expected.ticket(_anonymous(ticket), fidelity, Aliases()) for ticket in (one, other)]
        return _names(expected.ticket_differences, *shown)

    def contacts(self, one: Contact, other: Contact) -> tuple[str, ...]:
        """Return the fields in which two contacts differ."""
        fidelity = self._both(lambda table: table.contact, fields.CONTACT)
        shown = [expected.contact(contact, fidelity) for contact in (one, other)]
        return _names(partial(expected.contact_differences, fidelity=fidelity), *shown)

    def threads(self, one: Sequence[Message], other: Sequence[Message]) -> tuple[str, ...]:
        """Return the fields in which two threads differ, message by message."""
        different: dict[str, None] = {NUMBER: None} if len(one) != len(other) else {}
        for ours, theirs in zip_longest(one, other):
            if ours is not None and theirs is not None:
                different.update(dict.fromkeys(self._messages(ours, theirs)))
        return tuple(different)

    def _messages(self, one: Message, other: Message) -> Iterable[str]:
        ours, theirs = _shown(one), _shown(other)
        kept = self._both(lambda table: table.messages.get(MessageClass.of(one), {}), fields.MESSAGE, _KEPT)
        for name, value in ours.items():
            if name in kept and not _same(name, value, theirs[name]):
                yield name

    def _both(
        self,
        part: Callable[[FidelityTable], Mapping[str, FieldFidelity]],
        table: Iterable[str],
        how: Sequence[Fidelity] = (Fidelity.NATIVE,),
    ) -> dict[str, FieldFidelity]:
        kept = [part(fidelity) for fidelity in self._tables]
        return {name: _NATIVE for name in table if all(name in one and one[name].how in how for one in kept)}


def _anonymous(ticket: Ticket) -> Ticket:
    return evolve(ticket, requester=_without_id(ticket.requester), assignee=_without_id(ticket.assignee))


def _without_id(actor: Actor | None) -> Any:
    return None if actor is None else evolve(actor, id=None)


def _names(differences: _Differences, one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what differs whichever side is expected: a vendor's own words for no subject are no difference."""
    back = {name for name, _, _ in differences(other, one)}
    return tuple(name for name, _, _ in differences(one, other) if name in back)


def _shown(message: Message) -> dict[str, Any]:
    """Return what a message says of itself, in its header line if it has one."""
    header, body = split_header(split_marker(message.body)[1])
    told = message if header is None else header
    return {
        "author": expected.person(_without_id(told.author)),
        "created_at": expected.second(told.created_at),
        "visibility": told.visibility,
        "kind": told.kind,
        "body": _text(unquoted(body)),
        "attachments": sorted(file.filename for file in message.attachments),
    }


def _text(body: Body) -> str | None:
    """Return the digest of a text without the words that stand for an image where a vendor cannot show it."""
    seen = body.text if body.html is None else Body(html=body.html).text
    return text_digest(_IMAGE.sub(" ", seen))


def _same(name: str, ours: Any, theirs: Any) -> bool:
    return expected.same_person(ours, theirs) if name == "author" else bool(ours == theirs)
