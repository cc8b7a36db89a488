"""Desks to be read into archives, and what an archive must hold of them."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from attrs import evolve

from helpdesk_bridge import open_desk
from helpdesk_bridge.archive import Archive, Reading, Scope
from helpdesk_bridge.archive.file import ArchiveFile
from helpdesk_bridge.archive.reading import origin_of
from helpdesk_bridge.datasets.generator import generate


class Killed(BaseException):
    """The process is gone: nothing after it happens."""


@contextmanager
def local(tickets=8, seed=0):
    with open_desk(vendor="local", path=":memory:", name="support") as desk:
        desk.vendor_api.seed(generate(tickets, seed))
        yield desk


@contextmanager
def opened(desk, folder, scope=None):
    archive = Archive.make(Path(folder), origin_of(desk), (scope or Scope()).digest())
    try:
        yield archive
    finally:
        archive.close()


def read(desk, folder, scope=None, **options):
    """Read a desk into an archive and return the run and the ids of what is due no more."""
    with opened(desk, folder, scope) as archive:
        return Reading(desk=desk, archive=archive, scope=scope or Scope(), **options).run()


def _plain(message):
    return evolve(message, attachments=tuple(evolve(file, locator="", ref="") for file in message.attachments))


def contents(folder):
    """What an archive holds, by kind and id."""
    archive = Archive.read(Path(folder))
    try:
        tickets = [archive.ticket(one) for one in archive.ticket_ids()]
        return {
            "tickets": {ticket.id: ticket for ticket in tickets},
            "messages": {ticket.id: [*map(_plain, archive.thread(ticket.id))] for ticket in tickets},
            "contacts": {contact.id: contact for contact in archive.contacts()},
            "agents": {agent.id: agent for agent in archive.entries("agents")},
        }
    finally:
        archive.close()


def wire(desk):
    """What a desk says when it is asked directly."""
    include = {"spam", "deleted", "merged", "custom_fields", "rating"}
    tickets = desk.tickets.list(include=include, resolve=False).all()
    return {
        "tickets": {ticket.id: ticket for ticket in tickets},
        "messages": {ticket.id: [*map(_plain, desk.messages.list(ticket.id, resolve=False))] for ticket in tickets},
        "contacts": {one.id: one for one in desk.contacts.list(include={"blocked", "deleted", "custom_fields"})},
        "agents": {agent.id: agent for agent in desk.agents.list()} if desk.agents else {},
    }


@contextmanager
def killed_at_commit(number):
    """Kill the process when it is about to end its ``number``-th transaction; the result counts them."""
    seen = []
    transaction = ArchiveFile.transaction

    @contextmanager
    def counted(self):
        outermost = not self._depth
        with transaction(self) as connection:
            yield connection
            if outermost:
                seen.append(None)
                if len(seen) == number:
                    raise Killed

    with mock.patch.object(ArchiveFile, "transaction", counted):
        yield seen
