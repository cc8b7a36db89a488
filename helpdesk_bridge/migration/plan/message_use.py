"""Message use: which fields a message uses and what it leaves behind, as one word that a journal can keep and count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from helpdesk_bridge.adapter import MessageClass
from helpdesk_bridge.adapter.header_line import looks_like_ours
from helpdesk_bridge.model import fields
from helpdesk_bridge.model.records import Message

MESSAGE_FIELDS: Final = fields.travelling(fields.MESSAGE)
AUTHOR: Final = "author"
STRANGER: Final = "author elsewhere"
"""Stands in the place of ``AUTHOR`` for one whom the destination does not have, or who did not open their own ticket."""
LOOK_ALIKE: Final = "look-alike"
"""Stands among the fields of a message whose text looks like a line of an import."""
SHORTENED: Final = "the HTML is too long for the text that is compared and searched; the HTML itself is whole"
"""Why a message's text is not all that it says."""
_PART: Final = "\x1f"
"""Between the parts of what ``uses`` says; no key of a document has it, since keys are shown as one line."""


def left_by(message: Message) -> dict[str, str]:
    """Return what a message leaves behind, by key: what its document holds besides, and what its text does."""
    return {**message.left_behind, **({"text": SHORTENED} if message.body.shortened else {})}


def used_fields(message: Message) -> list[str]:
    """Return the fields of a message that hold something, and ``LOOK_ALIKE`` for a text that has to be quoted."""
    inline = any(attachment.inline for attachment in message.attachments)
    plain = any(not attachment.inline for attachment in message.attachments)
    present = {"attachments": plain, "inline": inline, "created_at": message.created_at is not None}
    present |= {"cc": bool(message.cc), "to": bool(message.to)}
    names = [name for name in MESSAGE_FIELDS if present.get(name, True)]
    return [*names, LOOK_ALIKE] if looks_like_ours(message.body) else names


def uses(message: Message) -> str:
    """Return a message's class and the fields it uses as one word, such as ``NOTE:author,body,inline``.

    What it leaves behind follows, by key and reason.
    """
    left = (part for pair in left_by(message).items() for part in pair)
    return _PART.join([f"{MessageClass.of(message).name}:{','.join(used_fields(message))}", *left])


def with_author(word: str, *, known: bool) -> str:
    """Return what ``uses`` says, with the author marked as one whom the destination knows or does not."""
    if known:
        return word
    head, part, rest = word.partition(_PART)
    class_name, _, named = head.partition(":")
    names = [STRANGER if name == AUTHOR else name for name in named.split(",")]
    return f"{class_name}:{','.join(names)}{part}{rest}"


def used_in(word: str) -> Iterable[tuple[str, str]]:
    """Yield class name and field for each field of a message of which ``uses`` said ``word``."""
    class_name, _, named = word.partition(_PART)[0].partition(":")
    return ((class_name, name) for name in (named.split(",") if named else ()))


def left_in(word: str) -> Iterable[tuple[str, str]]:
    """Yield key and reason for what a message leaves behind of which ``uses`` said ``word``."""
    _, *parts = word.split(_PART)
    return zip(parts[::2], parts[1::2], strict=True)


def counted(words: Mapping[str, int]) -> dict[tuple[str, str], int]:
    """Return how many messages of each class and field there are; ``words`` counts what ``uses`` says."""
    counts: Counter[tuple[str, str]] = Counter()
    for word, records in words.items():
        for key in used_in(word):
            counts[key] += records
    return dict(counts)


def counted_left(words: Mapping[str, int]) -> Counter[tuple[str, str]]:
    """Return how many messages leave something behind, by key and reason; ``words`` counts what ``uses`` says."""
    counts: Counter[tuple[str, str]] = Counter()
    for word, records in words.items():
        for key in left_in(word):
            counts[key] += records
    return counts
