"""Drafts, changes and messages that programs write: plain dictionaries, so that a failing program can be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Final

from attrs import frozen
from hypothesis import strategies as st

from helpdesk_bridge.model.capabilities import Capabilities
from helpdesk_bridge.model.drafts import ContactChange, ContactDraft, MessageDraft, TicketChange, TicketDraft
from helpdesk_bridge.model.fields import TICKET, Kind, Write, writable
from helpdesk_bridge.model.values import Add, Body, Remove, Upload
from helpdesk_bridge.testing.conformance import Vocabulary
from helpdesk_bridge.testing.conformance.drafts import by_email
from helpdesk_bridge.testing.nasty import NASTY

Values = dict[str, Any]

EMAILS: Final = (
    "ann@customers.example", "joann@customers.example", "ann@customers.example.org", "Bob.B@customers.example",
    "o'neil+x@customers.example",
)  # fmt: skip
"""Addresses that hold each other, or that need care in a query."""
PHONES: Final = ("+493012345678", "+493012345679", "+49301234567", "+905321112233", "+447700900123")
SUBJECTS: Final = (
    "Lamp", "LAMP", "lamp post", "Straße", "STRASSE 2", "İade ﬁnal", "100% _sure_ 'quoted'", 'a\\b "c"',
    "👩‍👩‍👧 שלום", "<b>Bold</b> & more", "=1+1", "x",
)  # fmt: skip
BODIES: Final = ("Hello", "Any news?", "One\nTwo\n\nThree", "x", *NASTY.values())
HTML: Final = (
    ("<p>Dear <b>Ann</b>,</p><p>1 &lt; 2 &amp; 3 — ok?</p>", "Dear Ann, 1 < 2 & 3 — ok?"),
    ("<div>One<br>Two</div>", "One Two"),
)
"""Markup, and what its reader sees."""
NAMES: Final = ("Ann", "Ann Lee", "Ann İ. Öz", "JOANN", "Bob O'Neil & <Sons>", '李 "小" 龙 👩‍👩‍👧')
COPIES: Final = ("cc1@copies.example", "CC2@copies.example")
FILES: Final = (
    ("report.pdf", b"%PDF-1.4 first"), ("report.pdf", b"%PDF-1.4 second"), ("Rechnung März.pdf", b"\x00\r\n\xff--boundary--\r\n"),
    ("写真 😀.png", b"\x89PNG\r\n\x1a\n"), ("empty.txt", b""),
)  # fmt: skip
_TWO: Final = 2
_WORDS: Final = tuple(
    name for name in writable(TICKET, Write.KEEP) if TICKET[name].kind is Kind.WORD and name != "subcategory"
)
"""A subcategory is chosen with its category."""


def _known(words: Iterable[str]) -> list[str]:
    return [word for word in words if "@" in word]


@frozen(eq=False)
class Inputs:
    """Strategies for one desk, by its capabilities and the words that its account knows."""

    capabilities: Capabilities
    words: Vocabulary

    @property
    def addresses(self) -> st.SearchStrategy[str]:
        """E-mails, or phones where the desk knows no e-mails."""
        return st.sampled_from(EMAILS if by_email(self.capabilities) else PHONES)

    @property
    def subjects(self) -> st.SearchStrategy[str]:
        """Subjects that the desk takes."""
        return st.sampled_from(_within(SUBJECTS, self.capabilities.subject_limit))

    @property
    def plain_texts(self) -> st.SearchStrategy[str]:
        """Texts that the desk takes."""
        return st.sampled_from(_within(BODIES, self.capabilities.body_limit))

    @property
    def bodies(self) -> st.SearchStrategy[str | tuple[str, str]]:
        """Texts, or markup together with what it says."""
        return self.plain_texts | st.sampled_from(HTML)

    def files(self, declared: bool) -> st.SearchStrategy[tuple[tuple[str, bytes], ...]]:  # noqa: FBT001 - of one place
        """Files of one message: most have none."""
        if not declared:
            return st.just(())
        most = self.capabilities.files.count
        several = st.lists(st.sampled_from(FILES), min_size=1, max_size=min(_TWO, most or _TWO)).map(tuple)
        return st.one_of(st.just(()), st.just(()), several)

    @cached_property
    def _written(self) -> dict[str, st.SearchStrategy[Any]]:
        capabilities, words = self.capabilities, self.words
        two = st.lists(st.sampled_from(COPIES), max_size=_TWO, unique=True).map(tuple)
        tags = st.lists(st.sampled_from(words.tags or ("x",)), max_size=_TWO, unique=True).map(tuple)
        agents = _known(words.agents)
        watching = st.lists(st.sampled_from(agents or ("x",)), max_size=_TWO, unique=True).map(tuple)
        found: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
            "status": (capabilities.statuses, _either(capabilities.statuses)),
            "priority": (capabilities.priorities, _either(capabilities.priorities)),
            "assignee": (_known(words.agents), st.sampled_from(_known(words.agents) or ("x",))),
            "group": (words.groups, st.sampled_from(words.groups or ("x",))),
            "company": (words.companies, st.sampled_from(words.companies or ("x",))),
            **{name: (words.words_of(name), st.sampled_from(words.words_of(name) or ("x",))) for name in _WORDS},
            "tags": (words.tags, tags),
            "custom_fields": (words.custom_fields, _custom(words.custom_fields)),
            "cc": (COPIES, two),
            "watchers": (_known(words.agents), watching),
        }
        return {name: strategy for name, (there, strategy) in found.items() if there}

    @cached_property
    def drafts(self) -> st.SearchStrategy[Values]:
        """Tickets to create, without their requester."""
        allowed = self.capabilities.ticket_create
        some = {name: one for name, one in self._written.items() if name in allowed}
        if "attachments" in allowed:
            some["files"] = self.files(declared=True)
        needed: dict[Any, st.SearchStrategy[Any]] = {"subject": self.subjects, "description": self.bodies}
        return self._with_subcategory(st.fixed_dictionaries(needed, optional=some), allowed)

    @cached_property
    def changes(self) -> st.SearchStrategy[Values]:
        """Changes of a ticket; at least one field is set, and None clears."""
        allowed, clear = self.capabilities.ticket_update, self.capabilities.ticket_clear
        fields = {"subject": self.subjects, **self._written}
        some = {name: one for name, one in fields.items() if name in allowed}
        for name, words in (("tags", self.words.tags), ("cc", COPIES), ("watchers", _known(self.words.agents))):
            if name in some:
                some[name] = st.one_of(some[name], *(st.sampled_from(words).map(kind) for kind in (Add, Remove)))
        for name in clear & some.keys() - {"tags", "cc", "watchers", "custom_fields"}:
            some[name] = some[name] | st.none()
        if not some:
            return st.nothing()
        chosen = st.lists(st.sampled_from(sorted(some)), min_size=1, max_size=3, unique=True)
        made = chosen.flatmap(lambda names: st.fixed_dictionaries({name: some[name] for name in sorted(names)}))
        return self._with_subcategory(made, allowed)

    def _with_subcategory(self, drawn: st.SearchStrategy[Values], allowed: frozenset[str]) -> st.SearchStrategy[Values]:
        # Not `map`, which programs would be printed with.
        @st.composite
        def whole(draw: st.DrawFn) -> Values:
            return self._both(draw(drawn), allowed)

        return whole()

    def _both(self, values: Values, allowed: frozenset[str]) -> Values:
        """Return values with the subcategory that belongs to their category, so that no other one stays behind."""
        if "category" not in values or "subcategory" not in allowed:
            return values
        category = values["category"]
        below = self.words.categories[category] if category is not None else None
        if category is None and "subcategory" not in self.capabilities.ticket_clear:
            return values
        return {**values, "subcategory": below[0] if below else None}

    @cached_property
    def contact_drafts(self) -> st.SearchStrategy[Values]:
        """Contacts to create, without their address."""
        return st.fixed_dictionaries({}, optional=self._of_contacts(self.capabilities.contact_create))

    @cached_property
    def contact_changes(self) -> st.SearchStrategy[Values]:
        """Changes of a contact; at least one field is set."""
        allowed = self.capabilities.contact_update
        some = self._of_contacts(allowed)
        if "blocked" in allowed:
            some["blocked"] = st.booleans()
        if by_email(self.capabilities):
            if "emails" in allowed:
                some["emails"] = st.tuples(st.sampled_from(EMAILS))
            if "phones" in allowed:
                some["phones"] = st.tuples(st.sampled_from(PHONES))
        if not some:
            return st.nothing()
        chosen = st.lists(st.sampled_from(sorted(some)), min_size=1, max_size=2, unique=True)
        return chosen.flatmap(lambda names: st.fixed_dictionaries({name: some[name] for name in sorted(names)}))

    def _of_contacts(self, allowed: frozenset[str]) -> dict[str, st.SearchStrategy[Any]]:
        words = self.words
        found: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
            "name": (NAMES, st.sampled_from(NAMES)),
            "company": (words.companies, st.sampled_from(words.companies or ("x",))),
            "title": (NAMES, st.sampled_from(("Buyer", "Head of Käse"))),
            "external_id": (NAMES, st.sampled_from(("ext-1", "EXT-2"))),
            "custom_fields": (words.contact_fields, _custom(words.contact_fields)),
        }
        return {name: strategy for name, (there, strategy) in found.items() if there and name in allowed}


def _within(texts: tuple[str, ...], limit: int | None) -> tuple[str, ...]:
    return tuple(text for text in texts if limit is None or len(text) <= limit) or ("x",)


def _either(words: Mapping[Any, str]) -> st.SearchStrategy[Any]:
    """Return a strategy for the library's word or the vendor's."""
    return st.sampled_from([*words, *words.values()] or ["x"])


def _custom(fields: Mapping[str, tuple[Any, Any]]) -> st.SearchStrategy[Values]:
    if not fields:
        return st.just({})
    one = st.sampled_from(sorted(fields)).flatmap(lambda name: st.tuples(st.just(name), st.sampled_from(fields[name])))
    return st.lists(one, min_size=1, max_size=_TWO, unique_by=lambda pair: pair[0]).map(dict)


# ---- from plain values to the library's


def body_of(body: str | tuple[str, str]) -> str | Body:
    """Return a body: text, or markup."""
    return body if isinstance(body, str) else Body(html=body[0])


def uploads(files: Iterable[tuple[str, bytes]]) -> tuple[Upload, ...]:
    """Return files to be sent."""
    return tuple(Upload.from_bytes(name, content) for name, content in files)


def ticket_draft(values: Values, requester: Any) -> TicketDraft:
    """Return the draft of plain values."""
    fields = {name: value for name, value in values.items() if name not in ("description", "files")}
    files = uploads(values.get("files", ()))
    return TicketDraft(**fields, description=body_of(values["description"]), requester=requester, attachments=files)


def ticket_change(values: Values) -> TicketChange:
    """Return the change of plain values."""
    return TicketChange(**values)


def message_draft(body: str | tuple[str, str], files: Iterable[tuple[str, bytes]], cc: tuple[str, ...]) -> MessageDraft:
    """Return a message of plain values."""
    return MessageDraft(body=body_of(body), attachments=uploads(files), cc=cc)


def contact_draft(values: Values, where: str) -> ContactDraft:
    """Return a contact of plain values, known by its e-mail or phone."""
    held: Values = {"emails": (where,)} if "@" in where else {"phones": (where,)}
    return ContactDraft(**values, **held)


def contact_change(values: Values) -> ContactChange:
    """Return a contact's change of plain values."""
    return ContactChange(**values)
