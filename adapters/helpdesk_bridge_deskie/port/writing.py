"""Writing: the fields of Deskie's requests for drafts and changes, with inline images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import field, frozen

from helpdesk_bridge.adapter import (
    UNSET,
    Add,
    Body,
    Directory,
    Invalid,
    Priority,
    Remove,
    Status,
    TicketChange,
    TicketDraft,
    Unset,
    Upload,
    fold,
)
from helpdesk_bridge_deskie.client.client import DeskieClient
from helpdesk_bridge_deskie.port.names import Names
from helpdesk_bridge_deskie.port.people import People
from helpdesk_bridge_deskie.wire.documents import FileDocument
from helpdesk_bridge_deskie.wire.images import with_urls
from helpdesk_bridge_deskie.wire.reading import PRIORITIES, STATUSES

NO_SUBJECT: Final = "    "
"""observed: a client sends four blanks for a ticket without a subject, because Deskie requires one."""
NO_BODY: Final = "\u200b"
"""Deskie requires a body (observed); this one shows nothing, and comparisons ignore it."""


def body_fields(body: Body, *, always_html: bool = False) -> dict[str, str]:
    """Return the body as Deskie's fields; plain text stays plain unless ``always_html``."""
    if body.html:
        return {"content_html": body.html}
    text = body.text if body.text.strip() else NO_BODY
    return {"content_html": Body(text=text).as_html()} if always_html else {"content": text}


def status_word(status: Status | str) -> str:
    """Return Deskie's word for a status. Raises ``Invalid`` for one that it lacks."""
    return _word(status, STATUSES, "status")


def priority_word(priority: Priority | str) -> str:
    """Return Deskie's word for a priority. Raises ``Invalid`` for one that it lacks."""
    return _word(priority, PRIORITIES, "priority")


def _word(value: Any, words: Mapping[str, Any], field: str) -> str:
    for word, meaning in words.items():
        if value is meaning or (isinstance(value, str) and fold(value) == word):
            return word
    raise Invalid(f"Deskie has no such {field}; use one of {', '.join(words)}", field=field)


@frozen
class TicketWriter:
    """Makes the fields of a case; names become ids through the directory."""

    names: Names
    people: People
    directory: Directory = field(repr=False)

    def draft(self, draft: TicketDraft, body: Body) -> dict[str, Any]:
        """Return the fields of a new case. The status is always sent: Deskie's own default is not known."""
        fields: dict[str, Any] = {
            **self.people.identity(draft.requester),
            "subject": draft.subject if draft.subject.strip() else NO_SUBJECT,
            **body_fields(body),
            "status": "open" if isinstance(draft.status, Unset) else status_word(draft.status),
            **self._common(draft),
        }
        if not isinstance(draft.tags, Unset) and draft.tags:
            fields["labels"] = self.names.labels(draft.tags)
        return fields

    def change(self, change: TicketChange, current_labels: Sequence[int]) -> dict[str, Any]:
        """Return the fields to change; ``current_labels`` matter only if the tags are given as a whole."""
        fields = self._common(change)
        if not isinstance(change.subject, Unset):
            fields["subject"] = change.subject if change.subject.strip() else NO_SUBJECT
        if not isinstance(change.status, Unset):
            fields["status"] = status_word(change.status)
        if isinstance(change.tags, Unset):
            return fields
        added, removed = self._labels(change.tags, current_labels)
        # observed: an update takes `add_labels` and `delete_labels`, not `labels`.
        if added:
            fields["add_labels"] = added
        if removed:
            fields["delete_labels"] = removed
        return fields

    def _labels(self, tags: Any, current: Sequence[int]) -> tuple[list[int], list[int]]:
        if isinstance(tags, Add):
            return self.names.labels(tags.values), []
        if isinstance(tags, Remove):
            return [], self.names.known_labels(tags.values)
        wanted = self.names.labels(tags)
        return [label for label in wanted if label not in current], [label for label in current if label not in wanted]

    def _common(self, value: TicketDraft | TicketChange) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        if not isinstance(value.assignee, Unset):
            fields["staff_id"] = (
                0 if value.assignee is None else self._id(self.directory.agent(value.assignee).id, "assignee")
            )
        if not isinstance(value.group, Unset):
            fields["group_id"] = 0 if value.group is None else self._id(self.directory.group(value.group).id, "group")
        if not isinstance(value.priority, Unset):
            fields["priority"] = priority_word(value.priority)
        if value.custom_fields is not UNSET and value.custom_fields:
            fields["custom_fields"] = self.names.written(value.custom_fields)
        return fields

    @staticmethod
    def _id(record_id: str | None, field: str) -> int:
        if record_id is None or not record_id.isdecimal():
            raise Invalid(f"this desk has no such {field}", field=field)
        return int(record_id)


@frozen
class InlineImageWriter:
    """Puts the URLs of inline images into a body: Deskie gives them only after the upload, so the body is edited."""

    client: DeskieClient = field(repr=False)

    def needed(self, body: Body, files: Sequence[Upload]) -> bool:
        """Whether the body shows one of the files."""
        return bool(body.html) and any(file.inline and file.content_id for file in files)

    def write_urls(
        self,
        ticket_id: str,
        message_id: str,
        body: Body,
        files: Sequence[Upload],
        stored: Sequence[FileDocument],
        *,
        note: bool,
    ) -> None:
        """Write the body again with the URLs that Deskie gave its images."""
        changed = with_urls(body.html or "", _addresses(files, stored))
        if changed != body.html:
            self.client.edit_message(ticket_id, message_id, {"content_html": changed}, note=note)

    def write_opening_urls(self, ticket_id: str, body: Body, files: Sequence[Upload]) -> tuple[str, ...]:
        """Do the same for the opening message of a new case; return its id."""
        documents = self.client.messages(ticket_id, 1, limit=1)
        for first in documents.items:
            self.write_urls(ticket_id, str(first.message_id), body, files, first.attachments or (), note=False)
        return tuple(str(first.message_id) for first in documents.items)


def _addresses(files: Sequence[Upload], stored: Sequence[FileDocument]) -> dict[str, str]:
    """Return the URL of each inline file by its content id: by place if the names agree, else by name."""
    by_name = {file.file_name: file.url for file in reversed(stored)}
    in_place = len(files) == len(stored)
    urls: dict[str, str] = {}
    for index, file in enumerate(files):
        same = stored[index] if in_place and stored[index].file_name == file.filename else None
        url = same.url if same is not None else by_name.get(file.filename)
        if file.inline and file.content_id and url:
            urls[file.content_id] = url
    return urls
