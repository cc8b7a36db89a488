"""Refusals before anything is sent: what a desk cannot take, by its capabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from helpdesk_bridge.errors import Invalid, Unsupported
from helpdesk_bridge.model.capabilities import Capabilities
from helpdesk_bridge.model.drafts import (
    ContactChange,
    ContactDraft,
    MessageDraft,
    TicketChange,
    TicketDraft,
    set_fields,
)
from helpdesk_bridge.model.labels import in_vendor_words
from helpdesk_bridge.model.values import Body, Upload, body_of

_NEEDED = {"subject", "description", "requester"}


def check_ticket_draft(draft: TicketDraft, capabilities: Capabilities) -> TicketDraft:
    """Return ``draft`` with its status and priority in the vendor's words, or raise ``Unsupported`` or ``Invalid``."""
    fields = set_fields(draft)
    _refuse_fields(
        "tickets.create", {name: value for name, value in fields.items() if name not in _NEEDED}, capabilities
    )
    if not draft.requester:
        raise Invalid("a ticket needs a requester", field="requester")
    _check_text("description", body_of(draft.description), capabilities)
    _check_length("subject", draft.subject, capabilities.subject_limit)
    check_files(draft.attachments, capabilities)
    return in_vendor_words(draft, capabilities)


def check_ticket_change(change: TicketChange, capabilities: Capabilities) -> TicketChange:
    """Return ``change`` with its status and priority in the vendor's words, or raise ``Unsupported`` or ``Invalid``."""
    fields = set_fields(change)
    if not fields:
        raise Invalid("the change is empty: every field is UNSET", field="change")
    _refuse_fields("tickets.update", fields, capabilities)
    for name, value in fields.items():
        if value is None and name not in capabilities.ticket_clear:
            raise Unsupported(
                f"{capabilities.vendor} cannot clear {name} of a ticket", capability=f"tickets.update:{name}"
            )
    if isinstance(change.subject, str):
        _check_length("subject", change.subject, capabilities.subject_limit)
    return in_vendor_words(change, capabilities)


def check_contact(value: ContactDraft | ContactChange, capabilities: Capabilities, operation: str) -> None:
    """Raise ``Unsupported`` for a field that the vendor lacks, ``Invalid`` for one that it needs and did not get."""
    fields = set_fields(value)
    _refuse_fields(operation, fields, capabilities)
    if isinstance(value, ContactDraft):
        if "email" in capabilities.contact_needs and not value.emails:
            raise Invalid(f"{capabilities.vendor} needs an e-mail for a contact", field="emails")
        if not value.emails and not value.phones:
            raise Invalid("a contact needs an e-mail or a phone", field="emails")
    elif not fields:
        raise Invalid("the change is empty: every field is UNSET", field="change")


def check_message(draft: MessageDraft, capabilities: Capabilities) -> MessageDraft:
    """Return ``draft``, or raise ``Invalid`` if it is empty, too long or has too many or too large files.

    Files and copies that the vendor's messages cannot have are ``Unsupported``: dropping them would not be noticed.
    """
    body = body_of(draft.body)
    for name in ("attachments", "cc"):
        if getattr(draft, name):
            capabilities.require(f"message:{name}")
    if not (body.html or body.text).strip() and not draft.attachments:
        raise Invalid("the message is empty", field="body")
    _check_text("body", body, capabilities)
    check_files(draft.attachments, capabilities)
    return draft


def check_files(files: Sequence[Upload], capabilities: Capabilities) -> None:
    """Raise ``Invalid`` if files are too many or too large for one message of this desk."""
    limits = capabilities.files
    if limits.count is not None and len(files) > limits.count:
        raise Invalid(
            f"{len(files)} files are too many; at most {limits.count}", field="attachments", limit=limits.count
        )
    sizes = [file.size for file in files if file.size is not None]
    if limits.bytes_each is not None and sizes and max(sizes) > limits.bytes_each:
        raise Invalid(f"a file is larger than {limits.bytes_each} bytes", field="attachments", limit=limits.bytes_each)
    if limits.bytes_together is not None and sum(sizes) > limits.bytes_together:
        raise Invalid(
            f"the files together are larger than {limits.bytes_together} bytes",
            field="attachments",
            limit=limits.bytes_together,
        )


def _refuse_fields(operation: str, fields: Mapping[str, Any], capabilities: Capabilities) -> None:
    for name in fields:
        capabilities.require(f"{operation}:{name}")


def _check_text(name: str, body: Body, capabilities: Capabilities) -> None:
    if capabilities.body_limit is not None:
        _check_length(name, body.text, capabilities.body_limit)


def _check_length(name: str, text: str, limit: int | None) -> None:
    if limit is not None and len(text) > limit:
        raise Invalid(f"{name} has {len(text)} characters; at most {limit}", field=name, limit=limit)
