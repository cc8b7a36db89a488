"""Rules for threads: reply, note, record a customer's message, read messages and files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from hypothesis.stateful import precondition, rule

from helpdesk_bridge.errors import InDoubt
from helpdesk_bridge.model.drafts import Sent
from helpdesk_bridge.model.values import Attachment, MessageKind, Visibility
from helpdesk_bridge.testing.machine import inputs, snapshots
from helpdesk_bridge.testing.machine.compared_desk import ComparedDesk
from helpdesk_bridge.testing.machine.errors import Disagreement
from helpdesk_bridge.testing.machine.inputs import Values
from helpdesk_bridge.testing.machine.lockstep import CONTACTS, READ_FAULT, TICKETS, WRITE_FAULT, Lockstep, of_machine
from helpdesk_bridge.testing.machine.model import Row, fields_moved_by_a_message

_BODIES = of_machine(lambda machine: machine.inputs.bodies)
_FILES = of_machine(lambda machine: machine.inputs.files(machine.can("message:attachments")))
_ANY_BYTES: Final = ("wire empty", "wire malformed_json", "wire gzip_bomb")
"""A file is any bytes: one that the vendor answers so is a file."""


class MessageRules(Lockstep):
    """``desk.messages`` and ``desk.attachments``."""

    @precondition(lambda self: self.can("messages.reply", "messages.list") and bool(self.model.tickets))
    @rule(ticket=TICKETS, body=_BODIES, files=_FILES, fault=WRITE_FAULT)
    def reply(self, ticket: str, body: Any, files: Any, fault: str | None) -> None:
        """Answer the customer."""
        draft = inputs.message_draft(body, files, ())
        message = self.model.new_message(body, Visibility.PUBLIC, author=None, now=self.now(), files=files)
        self._say(
            ticket, message, "reply", lambda compared: compared.chaos.messages.reply(compared.ids[ticket], draft), fault
        )

    @precondition(lambda self: self.can("messages.note", "messages.list") and bool(self.model.tickets))
    @rule(ticket=TICKETS, body=_BODIES, files=_FILES, fault=WRITE_FAULT)
    def note(self, ticket: str, body: Any, files: Any, fault: str | None) -> None:
        """Add an internal note."""
        draft = inputs.message_draft(body, files, ())
        message = self.model.new_message(body, Visibility.INTERNAL, author=None, now=self.now(), files=files)
        self._say(
            ticket, message, "note", lambda compared: compared.chaos.messages.note(compared.ids[ticket], draft), fault
        )

    @precondition(
        lambda self: (
            self.can("messages.add_from_contact", "messages.list")
            and bool(self.model.tickets)
            and bool(self.model.contacts)
        )
    )
    @rule(ticket=TICKETS, author=CONTACTS, body=_BODIES, files=_FILES, fault=WRITE_FAULT)
    def add_from_contact(self, ticket: str, author: str, body: Any, files: Any, fault: str | None) -> None:
        """Record what a customer, the requester or another, wrote elsewhere."""
        draft = inputs.message_draft(body, files, ())
        message = self.model.new_message(body, Visibility.PUBLIC, author=author, now=self.now(), files=files)
        self._say(
            ticket,
            message,
            "add_from_contact",
            lambda compared: compared.chaos.messages.add_from_contact(
                compared.ids[ticket], draft, compared.ids[author]
            ),
            fault,
        )

    def _say(
        self, ticket: str, message: Row, verb: str, call: Callable[[ComparedDesk], Sent], fault: str | None
    ) -> None:
        self.settle()
        operation = f"messages.{verb}"
        message["since"] = self.now()
        ended = self.act(operation, call, fault)
        row = self.model.tickets[ticket]
        for compared in self.compared_desks:
            outcome = ended[compared.name]
            sent: Sent | None = outcome.value
            if outcome.error is not None:
                if isinstance(outcome.error, InDoubt):
                    self.clock.sleep(outcome.error.settle_seconds)
                if not self._is_there(compared, ticket, row):
                    sent = self.calmly(compared, operation, call)
            if sent is not None:
                message["ids"][compared.name] = sent.ids
            compared.release(ticket, fields_moved_by_a_message())
        self.model.add_message(ticket, message)

    def _is_there(self, compared: ComparedDesk, ticket: str, row: Row) -> bool:
        """Whether a message in doubt is in the thread: at most once."""
        more = len(self._thread(compared, ticket)) - len(row["thread"])
        with self.judging():
            if more not in (0, 1):
                raise Disagreement(
                    f"{compared.name}: after one message in doubt, {more} more are in the thread of {ticket}"
                )
        return more == 1

    def _thread(self, compared: ComparedDesk, ticket: str) -> list[Values]:
        found = self.calmly(
            compared, "messages.list", lambda compared: list(compared.chaos.messages.list(compared.ids[ticket]))
        )
        return snapshots.thread(found)

    # ---- reading

    @precondition(lambda self: self.can("messages.list") and bool(self.model.tickets))
    @rule(ticket=TICKETS, fault=READ_FAULT)
    def read_thread(self, ticket: str, fault: str | None) -> None:
        """Read a thread: the opening first, every message once, in the order in which it was written."""
        self.settle()
        ended = self.act(
            "messages.list", lambda compared: list(compared.chaos.messages.list(compared.ids[ticket])), fault
        )
        for compared in self.compared_desks:
            if ended[compared.name].error is None:
                self.check_thread(compared, ticket, snapshots.thread(ended[compared.name].value))

    @precondition(lambda self: self.can("messages.list", "attachments.open") and self._some_files())
    @rule(ticket=TICKETS, fault=READ_FAULT)
    def read_files(self, ticket: str, fault: str | None) -> None:
        """Read the files of a thread: each has its own bytes."""
        self.settle()
        threads = {compared.name: self._thread(compared, ticket) for compared in self.compared_desks}
        for compared in self.compared_desks:
            self.check_thread(compared, ticket, threads[compared.name])
        for number, message in enumerate(self.model.tickets[ticket]["thread"]):
            for place, (name, content) in enumerate(message["files"]):
                files = {compared: thread[number]["files"][place] for compared, thread in threads.items()}
                ended = self.act("attachments.open", partial(_read_of, files), fault)
                for compared in self.compared_desks:
                    if compared is self.local or not (fault or "").startswith(_ANY_BYTES):
                        self._same_bytes(compared, f"{name} of {ticket}", ended[compared.name].value, content)

    def check_files(self, compared: ComparedDesk, ticket: str, thread: list[Values]) -> None:
        """Compare the bytes of a thread's files with the model."""
        for found, message in zip(thread, self.model.tickets[ticket]["thread"], strict=True):
            for file, (name, content) in zip(found["files"], message["files"], strict=True):
                there = self.calmly(compared, "attachments.open", partial(_read, attachment=file))
                self._same_bytes(compared, f"{name} of {ticket}", there, content)

    def _some_files(self) -> bool:
        return any(message["files"] for row in self.model.tickets.values() for message in row["thread"])

    def _same_bytes(self, compared: ComparedDesk, what: str, found: bytes | None, content: bytes) -> None:
        with self.judging():
            if found not in (None, content):
                raise Disagreement(f"{compared.name}: {what} has other bytes: {found!r} instead of {content!r}")

    def check_thread(self, compared: ComparedDesk, ticket: str, found: list[Values]) -> None:
        """Compare a thread with the model."""
        row = self.model.tickets[ticket]
        with self.judging():
            texts = [one["text"] for one in found]
            if texts != [one["text"] for one in row["thread"]]:
                expected = [one["text"] for one in row["thread"]]
                raise Disagreement(f"{compared.name}: the thread of {ticket} is {texts}, and should be {expected}")
            for number, (message, expected) in enumerate(zip(found, row["thread"], strict=True)):
                self._compare_message(compared, f"message {number} of {ticket}", number, message, expected)
            self._compare_ids(compared, ticket, [one for message in found for one in message["ids"]])

    def _compare_message(self, compared: ComparedDesk, what: str, number: int, found: Values, expected: Row) -> None:
        kind = MessageKind.NOTE if expected["visibility"] is Visibility.INTERNAL else MessageKind.REPLY
        wanted: Values = {
            "opening": number == 0,
            "visibility": expected["visibility"],
            "kind": kind,
            "customer": expected["author"] is not None,
            "author": self._author(found, expected["author"]),
        }
        if number == 0 and not found["customer"]:
            # A conversation that we began is opened by an agent at some vendors.
            wanted |= {"customer": False, "author": found["author"]}
        if self.can("message:cc"):
            wanted["cc"] = expected["cc"]
        for name, value in wanted.items():
            if found[name] != value:
                raise Disagreement(f"{compared.name}: {name} of {what} is {found[name]!r}, and should be {value!r}")
        names = [file.filename for file in found["files"]]
        if names != [name for name, _ in expected["files"]]:
            raise Disagreement(
                f"{compared.name}: the files of {what} are {names}; they should be {expected['files']!r}"
            )
        if self.can("message:created_at") and found["created_at"] is not None:
            compared.timely(f"created_at of {what}", found["created_at"], expected["since"])
        sent = expected["ids"].get(compared.name)
        if sent and found["native"] and not set(found["ids"]) <= set(sent):
            raise Disagreement(f"{compared.name}: {what} has the ids {found['ids']}; its writer was told {sent}")

    def _author(self, found: Values, author: str | None) -> str | None:
        """Return who has to have written it: an agent of the desk's choice, or a contact by an address of then or now."""
        if author is None or found["author"] in self.model.contacts[author]["past"]:
            wrote: str | None = found["author"]
            return wrote
        return self.model.address_of(author)

    @staticmethod
    def _compare_ids(compared: ComparedDesk, ticket: str, ids: list[str]) -> None:
        before = compared.message_ids.get(ticket, [])
        if len(set(ids)) != len(ids):
            raise Disagreement(f"{compared.name}: messages of {ticket} share an id: {ids}")
        if ids[: len(before)] != before:
            raise Disagreement(f"{compared.name}: the ids of the thread of {ticket} were {before}, and are {ids}")
        compared.message_ids[ticket] = ids


def _read(compared: ComparedDesk, attachment: Attachment) -> bytes:
    files = compared.chaos.attachments
    if not files:
        raise Disagreement(f"{compared.name}: attachments are declared and missing")
    with files.open(attachment) as stream:
        content: bytes = stream.read()
    return content


def _read_of(files: Mapping[str, Attachment], compared: ComparedDesk) -> bytes:
    return _read(compared, files[compared.name])
