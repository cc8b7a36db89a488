"""Threads of the generated helpdesk: mails with quotes and pictures, notes, files, and exact duplicates."""

# The remainders below say which message in so many is odd; names would only repeat it.
# Letters of several alphabets look alike, and are meant.
# ruff: noqa: PLR2004, RUF001
from __future__ import annotations

from datetime import timedelta
from html import escape
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from helpdesk_bridge.datasets.dataset import SeedMessage
from helpdesk_bridge.datasets.files import attachment, inline_image
from helpdesk_bridge.datasets.phrases import NASTY, NASTY_HTML

if TYPE_CHECKING:
    import random
    from datetime import datetime

    from helpdesk_bridge.datasets.dataset import MessageKind, SeedFile, SeedPerson
    from helpdesk_bridge.datasets.phrases import Language

_LONG = 40
_THANKS = "Thanks!"


@frozen
class Parties:
    """Who writes a thread, in what language and through what; an agent opens every fifteenth."""

    index: int
    language: Language
    order: str
    requester: SeedPerson
    assignee: SeedPerson | None
    colleagues: tuple[SeedPerson, ...]
    channel: str

    @property
    def opened_by_agent(self) -> bool:
        """Whether an agent wrote first."""
        return self.index % 15 == 5


class ThreadWriter:
    """Writes one thread after the other; what it writes depends on nothing but the chance it is given."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._written = 0
        self._attached = 0

    def write(self, thread: Parties, opened: datetime, length: int) -> tuple[SeedMessage, ...]:
        """Write a thread of ``length`` messages that begins at ``opened``."""
        index = thread.index
        messages: list[SeedMessage] = []
        moment = opened
        while len(messages) < length:
            position = len(messages)
            messages.append(self._message(thread, position, moment, messages))
            if position and index % 19 == 6 and position == length - 2:
                messages.append(messages[-1])
            if not (index % 19 == 8 and position % 2 == 1):
                moment += self._pause(length)
        return tuple(messages)

    def _pause(self, length: int) -> timedelta:
        usual = self._chance.choice((1, 47, 600, 3600, 14_400, 90_000, 200_000))
        return timedelta(seconds=usual % 5000 + 1 if length >= _LONG else usual)

    def _message(self, thread: Parties, position: int, moment: datetime, before: list[SeedMessage]) -> SeedMessage:
        self._written += 1
        kind, author = self._turn(thread, position)
        text = self._text(thread, kind, author)
        message = SeedMessage(
            author=author.key if author else None,
            created_at=moment,
            private=kind in {"note", "forward"},
            text=text,
            kind=kind,
            files=self._files(thread, kind, position),
        )
        if thread.channel != "email" or kind in {"note", "automatic"}:
            return message
        return self._as_mail(thread, message, before)

    def _turn(self, thread: Parties, position: int) -> tuple[MessageKind, SeedPerson | None]:
        agent = thread.assignee or thread.colleagues[thread.index % len(thread.colleagues)]
        if position == 0:
            return "reply", agent if thread.opened_by_agent else thread.requester
        if position == 1 and thread.index % 5 == 3:
            return "automatic", None
        step = (position + thread.index) % 9
        if step in {2, 6}:
            return "note", thread.colleagues[(thread.index + position) % len(thread.colleagues)]
        if step == 8 and thread.index % 3 == 0:
            return "forward", agent
        return "reply", agent if step % 2 else thread.requester

    def _text(self, thread: Parties, kind: MessageKind, author: SeedPerson | None) -> str:
        language, chance = thread.language, self._chance
        if kind == "automatic":
            return f"[{thread.order}] Your request was received / Talebiniz alındı / Ваш запрос получен."
        if kind == "note":
            note = chance.choice(language.notes).format(ref=thread.order)
            return f"{note} ({self._written})"
        if self._written % 11 == 4:
            return NASTY[self._written // 11 % len(NASTY)]
        if self._written % 13 == 9:
            return _THANKS
        said = language.answers if author is not None and author.role == "agent" else language.asks
        sentences = chance.sample(said, chance.randrange(1, len(said)))
        body = " ".join(sentences).format(ref=thread.order)
        name = (author.name if author is not None else None) or "-"
        return f"{language.greeting}\n\n{body} ({self._written})\n\n{language.closing}\n{name}"

    def _files(self, thread: Parties, kind: MessageKind, position: int) -> tuple[SeedFile, ...]:
        if kind == "automatic":
            return ()
        count = 1 if self._written % 6 == 1 else 0
        if thread.index % 20 == 12 and position == 0:
            count = 3
        self._attached += count
        return tuple(attachment(self._attached - number) for number in range(count))

    def _as_mail(self, thread: Parties, message: SeedMessage, before: list[SeedMessage]) -> SeedMessage:
        html = f'<div dir="{"rtl" if thread.language.code == "ar" else "ltr"}">{_paragraphs(message.text or "")}</div>'
        files = message.files
        if self._written % 4 == 2:
            image = inline_image(self._written)
            files = (*files, image)
            html += f'<p><img src="cid:{image.content_id}" alt="image001.png" width="8"></p>'
        if self._written % 16 == 3:
            html += NASTY_HTML[self._written // 16 % len(NASTY_HTML)]
        text = message.text
        if before and self._written % 3 == 0:
            earlier = before[-1].text or ""
            html += f"<p>{escape(thread.language.quoted)}</p><blockquote>{_paragraphs(earlier)}</blockquote>"
            text = f"{text}\n\n{thread.language.quoted}\n" + "\n".join(f"> {line}" for line in earlier.split("\n"))
        only_html = self._written % 5 == 0
        return evolve(message, html=html, text=None if only_html else text, files=files)


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{escape(part).replace(chr(10), '<br>')}</p>" for part in text.split("\n\n"))
