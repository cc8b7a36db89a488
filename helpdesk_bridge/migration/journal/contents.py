"""Contents of a message beside its words: links, images, formatting, recipients, names and types of its files, as digests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any, Final

from helpdesk_bridge.adapter.digests import text_digest
from helpdesk_bridge.model.addresses import email_key
from helpdesk_bridge.model.records import Message
from helpdesk_bridge.model.values import Attachment
from helpdesk_bridge.text.images import image_tags
from helpdesk_bridge.text.markup import tags
from helpdesk_bridge.text.plain import digest

CONTENTS: Final = ("links", "images", "format", "to", "cc")
"""What ``contents`` returns; a message that is looked for is known without it."""
DANGLING: Final = "nothing"
"""Stands for an image whose address names a file that is not there."""
_FORMAT: Final = {
    **{name: name for name in ("ul", "ol", "li", "table", "tr", "pre", "code", "blockquote", "u", "sub", "sup")},
    **{f"h{level}": f"h{level}" for level in range(1, 7)},
    "b": "strong",
    "strong": "strong",
    "i": "em",
    "em": "em",
    "s": "s",
    "strike": "s",
    "del": "s",
    "td": "cell",
    "th": "cell",
}
"""Elements that a reader sees, by what they do: vendors may write one for another."""


def contents(value: Message, files: Sequence[str]) -> dict[str, Any]:
    """Return links, images, formatting and recipients of a message; ``files`` are the digests of its files, in their order."""
    links: list[str] = []
    kinds: Counter[str] = Counter()
    for name, address in tags(value.body.html or ""):
        if target := "".join(address.split()):
            links.append(digest(target))
        if name in _FORMAT:
            kinds[_FORMAT[name]] += 1
    return {
        "links": sorted(links),
        "images": sorted(_images(value, files)),
        "format": dict(sorted(kinds.items())),
        "to": sorted(digest(email_key(address)) for address in value.to),
        "cc": sorted(digest(email_key(address)) for address in value.cc),
    }


def _images(value: Message, files: Sequence[str]) -> Iterator[str]:
    """Yield what each image shows: the digest of the file's bytes, or of its address elsewhere."""
    own = {
        file.content_id: sha for file, sha in zip(value.attachments, files, strict=False) if file.content_id is not None
    }
    for tag in image_tags(value.body.html or ""):
        if tag.content_id is None:
            if tag.source:
                yield digest(tag.source)
        else:
            yield (tag.among(own) or DANGLING)[:16]


def images_shown(value: Message) -> int:
    """Return how many of its own files a message shows inside its body."""
    own = {file.content_id: number for number, file in enumerate(value.attachments) if file.inline and file.content_id}
    if not own:
        return 0
    return len({tag.among(own) for tag in image_tags(value.body.html or "")} - {None})


def file_words(files: Sequence[Attachment], digests: Sequence[str]) -> Iterator[str]:
    """Yield a word for each file: the digests of its bytes and of its name, and its type ("-" where that is not told)."""
    for file, sha in zip(files, digests, strict=False):
        kind = (file.content_type or "-").partition(";")[0].strip().lower()
        yield f"{sha[:16]} {text_digest(file.filename) or '-'} {kind}"


def content_differences(
    expected: Mapping[str, Any], shown: Mapping[str, Any], left_out: Container[str] = ()
) -> list[tuple[str, str, str]]:
    """Return (field, expected, found) for links, images and formatting that are not as expected.

    What a vendor adds to the formatting is no difference. An expectation that an earlier version wrote has none of this.
    """
    different = [
        (name, said(expected[name]), said(shown[name]))
        for name in ("links", "images")
        if name in expected and name in shown and name not in left_out and expected[name] != shown[name]
    ]
    if "format" in expected and "format" in shown:
        there = shown["format"]
        if any(there.get(kind, 0) < count for kind, count in expected["format"].items()):
            different.append(("format", said(expected["format"]), said(there)))
    return different


def file_differences(expected: Sequence[str], shown: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return (field, expected, found) for files whose bytes are there under another name or as another type."""
    wanted, there = Counter(expected), Counter(shown)
    missing, extra = sorted((wanted - there).elements()), sorted((there - wanted).elements())
    different = []
    for word in missing:
        sha, name, kind = word.split(" ", 2)
        found = next((one for one in extra if one.startswith(f"{sha} ")), None)
        if found is None:
            continue  # the bytes are not there, which is a difference of its own
        extra.remove(found)
        _, other_name, other_kind = found.split(" ", 2)
        if name != other_name:
            different.append(("filename", name, other_name))
        if kind != other_kind and "-" not in (kind, other_kind):
            different.append(("content_type", kind, other_kind))
    return different


def said(value: Any) -> str:
    """Return a canonical value for a report: words and digests, never text of a customer."""
    if value is None:
        return "none"
    if isinstance(value, Mapping):
        return ",".join(f"{key}={one}" for key, one in sorted(value.items()) if one is not None)
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
