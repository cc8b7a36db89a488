"""Hypothesis strategies for a helpdesk's values: records of vendors, drafts of applications, and queries.

.. code-block:: python

    from helpdesk_bridge.testing.strategies import nasty_text, ticket_drafts

    @given(ticket_drafts(desk.capabilities))
    def test_my_form_survives(draft): ...

``tickets()``, ``contacts()`` and ``messages()`` are values as a desk may return them. Drafts and changes hold only what
the given capabilities take. Queries take their values from given records, so that they often match.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, TypeVar

try:
    from hypothesis import strategies as st
except ImportError as error:
    raise ImportError(
        "the strategies need hypothesis: install this package's extra testing", name="hypothesis"
    ) from error

from helpdesk_bridge.model.addresses import email_key
from helpdesk_bridge.model.capabilities import Capabilities
from helpdesk_bridge.model.drafts import ContactChange, ContactDraft, MessageDraft, TicketChange, TicketDraft
from helpdesk_bridge.model.fields import CONTACT, TICKET, Field, Kind
from helpdesk_bridge.model.queries import ContactQuery, TicketQuery
from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.model.refs import format_ref
from helpdesk_bridge.model.values import (
    SYSTEM,
    Actor,
    Attachment,
    Body,
    CustomValue,
    Identity,
    MessageKind,
    Phone,
    Priority,
    Rating,
    Ref,
    Status,
    Upload,
    Visibility,
)
from helpdesk_bridge.testing.nasty import FILE_NAMES, NASTY, START, SURROGATE, UNFIT
from helpdesk_bridge.testing.query_strategies import contact_queries, ticket_queries

T = TypeVar("T")

_WORDS: Final = ("billing", "Billing", "ßtraße", "STRASSE", "ﬁrst", "İade", "x", "a, b", "é", "Ops")
_IDS: Final = st.integers(1, 10**9).map(str)


def nasty_text(*, min_size: int = 0, max_size: int | None = None, surrogates: bool = False) -> st.SearchStrategy[str]:
    """Return texts that break programs: emoji, right-to-left, long, HTML, CSV triggers, dotted I, lone combining.

    Sizes are characters. ``surrogates`` adds characters that vendors send and no draft takes: unpaired surrogates, and NUL.
    """
    most = max(min_size, 4000 if max_size is None else max_size)
    listed = st.sampled_from([*NASTY.values(), *(UNFIT.values() if surrogates else ())])
    letters = (
        st.characters(codec="utf-8", exclude_characters="\x00")
        if not surrogates
        else st.characters(codec=None, exclude_categories=())
    )
    composed = st.lists(st.sampled_from(sorted(NASTY)), min_size=1, max_size=3).map(
        lambda names: " ".join(NASTY[name][:20] for name in names)
    )
    free = st.text(letters, max_size=min(most, 20))
    # What is too short is repeated: a text of its own kind, only longer.
    return st.one_of(listed, composed, free).map(
        lambda text: text[:most] if len(text) >= min_size else ((text or "-") * min_size)[:min_size]
    )


def emails() -> st.SearchStrategy[str]:
    """Return e-mail addresses, some of which differ in case or in an ending only."""
    local = st.sampled_from(["ann", "Ann", "joann", "bob.b", "o'neil", "müller", "ann+x"])
    host = st.sampled_from(["x.example", "X.example", "x.example.org", "y.example"])
    return st.builds(lambda one, other: f"{one}@{other}", local, host)


def phones() -> st.SearchStrategy[Phone]:
    """Return phone numbers, with their E.164 form where it is certain."""
    certain = st.integers(10**8, 10**10).map(lambda number: Phone(f"+49 {number}", f"+49{number}"))
    return certain | st.sampled_from([Phone("0170 1234"), Phone("ext. 12"), Phone("0049 30 1234567", "+49301234567")])


def times() -> st.SearchStrategy[datetime]:
    """Return aware times, many of them in the same second or beside a change of the clocks."""
    return st.integers(-3, 3).map(lambda seconds: START + timedelta(seconds=seconds)) | st.datetimes(
        datetime(2001, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
        datetime(2035, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
        timezones=st.just(UTC),
    )


def custom_values() -> st.SearchStrategy[CustomValue]:
    """Return values of custom fields, of every type there is."""
    return st.one_of(
        nasty_text(max_size=60),
        st.integers(-(10**9), 10**9),
        st.decimals(-(10**6), 10**6, places=2),
        st.booleans(),
        st.dates(date(2000, 1, 1), date(2040, 1, 1)),
        times(),
        st.lists(st.sampled_from(_WORDS), max_size=3, unique=True).map(tuple),
    )


def _maybe(values: st.SearchStrategy[T]) -> st.SearchStrategy[T | None]:
    return st.none() | values


def _words() -> st.SearchStrategy[str]:
    return st.sampled_from(_WORDS)


def _refs() -> st.SearchStrategy[Ref]:
    return st.builds(Ref, _IDS, _words())


def _fields() -> st.SearchStrategy[dict[str, CustomValue]]:
    return st.dictionaries(st.sampled_from(["Order No", "Größe", "Paid"]), custom_values(), max_size=3)


def people() -> st.SearchStrategy[Actor]:
    """Return contacts, agents and the system, as records name them: some by id, some by e-mail, some by both."""
    who = {"id": _maybe(_IDS), "name": _maybe(nasty_text(max_size=40)), "email": _maybe(emails())}
    return st.builds(Actor.contact, **who) | st.builds(Actor.agent, **who) | st.just(SYSTEM)


def bodies() -> st.SearchStrategy[Body]:
    """Return plain and HTML bodies."""
    return nasty_text().map(lambda text: Body(text=text)) | nasty_text(max_size=200).map(
        lambda text: Body(html=f"<p>{text}</p>")
    )


def attachments() -> st.SearchStrategy[Attachment]:
    """Return files as messages name them."""
    return st.builds(
        Attachment, st.sampled_from(FILE_NAMES), _maybe(st.just("image/png")), _maybe(st.integers(0, 10**7))
    )


def _of_kind(kind: Kind) -> st.SearchStrategy[Any]:
    """Return what a field of this kind may hold, nothing included."""
    strategies: dict[Kind, Callable[[], st.SearchStrategy[Any]]] = {
        Kind.ID: lambda: _maybe(_IDS),
        Kind.TEXT: nasty_text,
        Kind.WORD: lambda: _maybe(_words()),
        Kind.PERSON: lambda: _maybe(people()),
        Kind.REFERENCE: lambda: _maybe(_refs()),
        Kind.TIME: lambda: _maybe(times()),
        Kind.FLAG: st.booleans,
        Kind.NUMBER: lambda: _maybe(st.integers(1, 200)),
        Kind.WORDS: lambda: st.lists(_words(), max_size=3, unique=True).map(tuple),
        Kind.ADDRESSES: lambda: st.lists(emails(), max_size=2).map(tuple),
        Kind.PHONES: lambda: st.lists(phones(), max_size=2).map(tuple),
        Kind.IDENTITIES: lambda: st.lists(st.builds(Identity, _words(), _words()), max_size=2).map(tuple),
        Kind.CUSTOM_FIELDS: _fields,
        Kind.BODY: lambda: _maybe(bodies()),
        Kind.FILES: lambda: st.lists(attachments(), max_size=2).map(tuple),
        Kind.RATING: lambda: _maybe(
            st.builds(Rating, st.integers(-1, 5), _maybe(_words()), _maybe(nasty_text(max_size=60)))
        ),
    }
    return strategies[kind]()


def _drawn(draw: st.DrawFn, table: Mapping[str, Field]) -> dict[str, Any]:
    left_out = (Kind.CHOICE, Kind.ANSWER)
    return {name: draw(_of_kind(field.kind)) for name, field in table.items() if field.kind not in left_out}


@st.composite
def tickets(draw: st.DrawFn, vendor: str = "made-up", account: str = "acme") -> Ticket:
    """Return tickets as a desk may give them, everything loaded."""
    ticket_id = draw(_IDS)
    created, changed = sorted((draw(times()), draw(times())))
    status, priority = draw(st.sampled_from(list(Status))), draw(st.sampled_from(list(Priority)))
    return Ticket(
        **{
            **_drawn(draw, TICKET),
            "id": ticket_id,
            "ref": format_ref(vendor, account, "ticket", ticket_id),
            "status": status,
            "status_label": draw(_maybe(st.just(status.value.title()) | _words())),
            "priority": priority,
            "priority_label": draw(_maybe(st.just(priority.value.title()))),
            "assignee": draw(_maybe(st.builds(Actor.agent, id=_IDS, name=_words(), email=emails()))),
            "channel": draw(_maybe(st.sampled_from(["email", "phone", "api", "smoke signal"]))),
            "created_at": created,
            "updated_at": changed,
            "closed_at": changed if status is Status.CLOSED else None,
        }
    )


@st.composite
def contacts(draw: st.DrawFn, vendor: str = "made-up", account: str = "acme") -> Contact:
    """Return contacts as a desk may give them; each has an e-mail or a phone."""
    contact_id = draw(_IDS)
    addresses = tuple(draw(st.lists(emails(), max_size=2, unique_by=email_key)))
    numbers = tuple(draw(st.lists(phones(), min_size=0 if addresses else 1, max_size=2)))
    created, changed = sorted((draw(times()), draw(times())))
    return Contact(
        **{
            **_drawn(draw, CONTACT),
            "id": contact_id,
            "ref": format_ref(vendor, account, "contact", contact_id),
            "name": draw(_maybe(nasty_text(max_size=80))),
            "emails": addresses,
            "phones": numbers,
            "title": draw(_maybe(_words())),
            "created_at": created,
            "updated_at": changed,
        }
    )


@st.composite
def messages(draw: st.DrawFn, *, ticket_id: str = "1", opening: bool = False) -> Message:
    """Return messages of one ticket; an opening is a public reply."""
    visibility = Visibility.PUBLIC if opening else draw(st.sampled_from(list(Visibility)))
    kinds = [MessageKind.REPLY] if opening else list(MessageKind)
    return Message(
        id=draw(_IDS),
        ticket_id=ticket_id,
        author=draw(people()),
        visibility=visibility,
        kind=draw(st.sampled_from(kinds)),
        body=draw(bodies()),
        opening=opening,
        cc=tuple(draw(st.lists(emails(), max_size=2))),
        created_at=draw(times()),
        sequence=0 if opening else draw(st.integers(1, 100)),
        attachments=tuple(draw(st.lists(attachments(), max_size=2))),
    )


# ---- what applications write


def uploads() -> st.SearchStrategy[Upload]:
    """Return small files with names that are hard to carry."""
    return st.builds(Upload.from_bytes, st.sampled_from(FILE_NAMES), st.binary(max_size=200))


def _chosen(draw: st.DrawFn, allowed: Iterable[str], values: Mapping[str, st.SearchStrategy[Any]]) -> dict[str, Any]:
    names = [name for name in values if name in frozenset(allowed)]
    picked = draw(st.lists(st.sampled_from(names), max_size=len(names), unique=True)) if names else []
    return {name: draw(values[name]) for name in picked}


def _written(capabilities: Capabilities) -> dict[str, st.SearchStrategy[Any]]:
    found: dict[str, st.SearchStrategy[Any]] = {"cc": st.lists(emails(), max_size=2).map(tuple)}
    if capabilities.statuses:
        found["status"] = st.sampled_from([*capabilities.statuses, *capabilities.statuses.values()])
    if capabilities.priorities:
        found["priority"] = st.sampled_from([*capabilities.priorities, *capabilities.priorities.values()])
    return found


@st.composite
def ticket_drafts(
    draw: st.DrawFn,
    capabilities: Capabilities,
    *,
    requester: st.SearchStrategy[str] | None = None,
    fields: Mapping[str, st.SearchStrategy[Any]] | None = None,
) -> TicketDraft:
    """Return drafts that a desk with these capabilities takes. ``fields`` adds what an account knows: groups, tags, custom fields."""
    chosen = _chosen(draw, capabilities.ticket_create, {**_written(capabilities), **(fields or {})})
    text = nasty_text(max_size=capabilities.body_limit).filter(str.strip)
    return TicketDraft(
        subject=draw(nasty_text(max_size=capabilities.subject_limit).filter(str.strip)),
        description=draw(text),
        requester=draw(requester or emails()),
        **chosen,
    )


def ticket_changes(
    capabilities: Capabilities, *, fields: Mapping[str, st.SearchStrategy[Any]] | None = None
) -> st.SearchStrategy[TicketChange]:
    """Return changes that a desk with these capabilities takes; at least one field is set, if it takes any."""
    subject = {"subject": nasty_text(max_size=capabilities.subject_limit).filter(str.strip)}
    values = {**_written(capabilities), **subject, **(fields or {})}
    names = sorted(set(values) & capabilities.ticket_update)
    return _changes(names, values) if names else st.nothing()


@st.composite
def _changes(draw: st.DrawFn, names: Sequence[str], values: Mapping[str, st.SearchStrategy[Any]]) -> TicketChange:
    first = draw(st.sampled_from(names))
    return TicketChange(**{first: draw(values[first]), **_chosen(draw, set(names) - {first}, values)})


@st.composite
def message_drafts(draw: st.DrawFn, capabilities: Capabilities | None = None) -> MessageDraft:
    """Return replies and notes that a desk with these capabilities takes."""
    limit = capabilities.body_limit if capabilities is not None else None
    return MessageDraft(
        body=draw(nasty_text(max_size=limit).filter(str.strip)), attachments=draw(st.lists(uploads(), max_size=2))
    )


@st.composite
def contact_drafts(draw: st.DrawFn, capabilities: Capabilities) -> ContactDraft:
    """Return contacts that a desk with these capabilities takes."""
    allowed = capabilities.contact_create
    chosen = _chosen(draw, allowed, {"name": nasty_text(max_size=60).filter(str.strip)})
    if "emails" in allowed:
        chosen["emails"] = (draw(emails()),)
    else:
        chosen["phones"] = (f"+49{draw(st.integers(10**8, 10**10))}",)
    return ContactDraft(**chosen)


def contact_changes(capabilities: Capabilities) -> st.SearchStrategy[ContactChange]:
    """Return changes of a contact's name and of ``blocked``, as far as a desk with these capabilities takes them."""
    changes: list[st.SearchStrategy[ContactChange]] = []
    if "name" in capabilities.contact_update:
        changes.append(st.builds(ContactChange, name=nasty_text(max_size=60).filter(str.strip)))
    if "blocked" in capabilities.contact_update:
        changes.append(st.builds(ContactChange, blocked=st.booleans()))
    return st.one_of(changes)


# ---- what they ask for


def queries(
    tickets: Sequence[Ticket] = (), contacts: Sequence[Contact] = ()
) -> st.SearchStrategy[TicketQuery | ContactQuery]:
    """Return queries for tickets and for contacts."""
    return ticket_queries(tickets) | contact_queries(contacts)


__all__ = [
    "FILE_NAMES", "NASTY", "START", "SURROGATE", "UNFIT", "attachments", "bodies", "contact_changes", "contact_drafts",
    "contact_queries", "contacts", "custom_values", "emails", "message_drafts", "messages", "nasty_text", "people",
    "phones", "queries", "ticket_changes", "ticket_drafts", "ticket_queries", "tickets", "times", "uploads",
]  # fmt: skip
