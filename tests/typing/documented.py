"""Checked by mypy strict and pyright, never run: the code of README.md and of the tutorial.

Made by tests/docs/typed_examples.py.
"""

from __future__ import annotations


def readme_md() -> None:
    from helpdesk_bridge import connect

    with connect("support") as desk:
        desk.tickets.create(
            subject="No invoice",
            description="Where is it?",
            requester="ann@example.com",
            custom_fields={"order_number": "A-77"},
        )
        for ticket in desk.tickets.list(status="open", order="-updated"):
            print(ticket.ref, ticket.subject, ticket.status_label)

        if missing := desk.capabilities.missing("messages.reply", "tickets.create:custom_fields"):
            print(f"{desk} cannot do: {', '.join(missing)}")  # known before any call; using it raises Unsupported

    from helpdesk_bridge import open_desk

    with open_desk(vendor="local", path=":memory:") as desk:  # a complete helpdesk in memory
        ticket = desk.tickets.create(subject="Broken", description="It does not start.", requester="ann@example.com")
        desk.messages.note(ticket, "Looks like the fuse.")
        assert [message.visibility.value for message in desk.messages.list(ticket)] == ["public", "internal"]


def docs_tutorial_first_desk_md() -> None:
    from helpdesk_bridge import Status, connect

    desk = connect("support")
    for ticket in desk.tickets.list(status=Status.OPEN, limit=5):
        print(ticket.ref, ticket.status_label, ticket.subject)

    ticket = desk.tickets.create(subject="No invoice", description="Where is it?", requester="ann@example.com")
    print(ticket.ref, ticket.status)

    desk.messages.reply(ticket, "We are looking for it.")
    desk.messages.note(ticket, "Ask the warehouse.")

    for message in desk.messages.list(ticket):
        print(message.visibility.value, message.author.email, message.body.text)

    changed = desk.tickets.update(ticket, status=Status.CLOSED)
    assert changed.status is Status.CLOSED

    thread = [message.visibility.value for message in desk.messages.list(ticket)]
    assert thread == ["public", "public", "internal"]
    desk.close()
