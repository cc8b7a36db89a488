"""Cost formula: the least that a migration can spend, to compare with what it spent.

The formula and its reasons are in ``docs/explanation/calls.md``.
"""

from __future__ import annotations

import math
from typing import Final

from attrs import define, frozen

from helpdesk_bridge.adapter import ImportCost
from helpdesk_bridge.model.capabilities import Capabilities

PAGE: Final = 100


def pages(records: int, size: int) -> int:
    """Return how many pages so many records fill; an empty list is one page."""
    return max(1, math.ceil(records / size))


@frozen
class Thread:
    """What of a thread decides what reading it costs."""

    messages: int
    opening_files: bool = False


@frozen(kw_only=True)
class ReadCost:
    """What reading costs at a desk, in units.

    ``apart``: the opening is part of the ticket and comes with the list, its files with the ticket's details, the
    later messages with one call of their own; otherwise a thread is read page by page. ``file`` is one download.
    """

    tickets_page: int = PAGE
    contacts_page: int = PAGE
    thread_page: int = PAGE
    apart: bool = False
    file: int = 0

    @classmethod
    def of(cls, capabilities: Capabilities, *, apart: bool = False, file: int = 0) -> ReadCost:
        """Return what is known of a desk offline, and of its threads and files from using it."""
        size = capabilities.page_size or PAGE
        return cls(tickets_page=size, contacts_page=size, apart=apart, file=file)

    def source_thread(self, thread: Thread) -> int:
        """Return what reading a thread for the first time costs: whether its opening has files is not known yet."""
        if self.apart:
            return 1 + (thread.messages > 1)
        return pages(thread.messages, self.thread_page)

    def verified_thread(self, thread: Thread) -> int:
        """Return what reading a thread back costs: it is known what must be there."""
        if self.apart:
            return int(thread.opening_files) + (thread.messages > 1)
        return pages(thread.messages, self.thread_page)


@define(slots=False)
class Work:
    """What a migration had to read and write, summed over its tickets."""

    source_tickets: int = 0
    source_contacts: int = 0
    source_threads: int = 0
    source_files: int = 0
    contacts_written: int = 0
    tickets_written: int = 0
    messages_written: int = 0
    tickets_finished: int = 0
    inline_written: int = 0
    destination_tickets: int = 0
    destination_contacts: int = 0
    destination_threads: int = 0
    destination_files: int = 0


def list_minimum(work: Work, cost: ReadCost) -> int:
    """Return the fewest units of listing the source once, which a verification does again."""
    return pages(work.source_tickets, cost.tickets_page) + pages(work.source_contacts, cost.contacts_page)


def source_minimum(work: Work, cost: ReadCost) -> int:
    """Return the fewest units at the source: each list once, each thread once, each file once."""
    return list_minimum(work, cost) + work.source_threads + work.source_files * cost.file


def write_minimum(work: Work, cost: ImportCost) -> int:
    """Return the fewest units of writing: each record once, each final state once."""
    return (
        work.contacts_written * cost.contact
        + work.tickets_written * cost.ticket
        + work.messages_written * cost.message
        + work.tickets_finished * cost.finish
        + work.inline_written * cost.inline
    )


def verify_minimum(work: Work, cost: ReadCost) -> int:
    """Return the fewest units of reading everything back."""
    return (
        pages(work.destination_tickets, cost.tickets_page)
        + pages(work.destination_contacts, cost.contacts_page)
        + work.destination_threads
        + work.destination_files * cost.file
    )
