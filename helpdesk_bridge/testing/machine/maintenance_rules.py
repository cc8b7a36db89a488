"""Rules for maintenance: time passes, caches are dropped, desks are closed and opened; and the comparison at the end."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from helpdesk_bridge.testing.chaos import ChaosHelpdesk
from helpdesk_bridge.testing.fake import FakeHelpdesk
from helpdesk_bridge.testing.machine import snapshots
from helpdesk_bridge.testing.machine.errors import Disagreement
from helpdesk_bridge.testing.machine.lockstep import ALL_CONTACTS
from helpdesk_bridge.testing.machine.message_rules import MessageRules

_FACETS: Final = ("agents", "groups", "tags")


class MaintenanceRules(MessageRules):
    """What happens between writes and reads, and the final comparison."""

    @precondition(lambda self: hasattr(self.clock, "advance"))
    @rule(seconds=st.sampled_from((1, 30, 3600, 100_000)))
    def let_time_pass(self, seconds: int) -> None:
        """Let time pass for both desks."""
        self.clock.advance(seconds)

    @rule()
    def refresh(self) -> None:
        """Drop the directories' caches."""
        for compared in self.compared_desks:
            compared.chaos.refresh()

    @precondition(lambda self: self.under.reopen is not None)
    @rule()
    def close_and_open_again(self) -> None:
        """Close both desks and open the same accounts again: all records are still there."""
        self.settle()
        reopen = self.under.reopen
        if reopen is None:
            return
        self.adapter.desk.close()
        self.adapter.desk = reopen()
        self.adapter.chaos = ChaosHelpdesk(self.adapter.desk, clock=self.clock, retries=False)
        local = self.local.desk
        if isinstance(local, FakeHelpdesk):
            state = local.snapshot()
            local.reset()
            local.restore(state)

    @precondition(lambda self: any(self.can(f"{name}.list") for name in _FACETS))
    @rule(facet=st.sampled_from(_FACETS))
    def read_words(self, facet: str) -> None:
        """Read the agents, groups or tags: a list that is declared complete holds what the account knows."""
        if not self.can(f"{facet}.list") or facet not in self.capabilities.complete_lists:
            return
        wanted = {word.casefold() for word in getattr(self.words, facet)}
        for compared in self.compared_desks:
            listed = self.calmly(compared, f"{facet}.list", lambda compared: getattr(compared.chaos, facet).list())
            known = {
                word.casefold()
                for entry in listed
                for word in (entry.id, entry.name, getattr(entry, "email", None))
                if word
            }
            with self.judging():
                if not wanted <= known:
                    raise Disagreement(f"{compared.name}: {facet} lack {sorted(wanted - known)}")

    def teardown(self) -> None:
        """Compare everything that is there in the end, and close."""
        try:
            if not self._broken:
                self._compare_the_end()
        finally:
            self.stop()

    def _compare_the_end(self) -> None:
        self.settle()
        for compared in self.compared_desks:
            listed = {self.known(compared, one): one for one in self.look(compared)}
            with self.judging():
                if lost := self.model.tickets.keys() - listed.keys():
                    raise Disagreement(f"{compared.name}: in the end {sorted(lost)} are not listed")
            for name, ticket in listed.items():
                self.check_ticket(compared, name, ticket)
                self._compare_whole(compared.name, name)
            if self.can("contacts.list"):
                self._compare_contacts(compared.name)

    def _compare_whole(self, desk_name: str, name: str) -> None:
        compared = next(one for one in self.compared_desks if one.name == desk_name)
        whole = self.calmly(compared, "tickets.get", lambda compared: compared.chaos.tickets.get(compared.ids[name]))
        self.check_ticket(compared, name, whole)
        if self.can("messages.list"):
            thread = self.calmly(
                compared, "messages.list", lambda compared: list(compared.chaos.messages.list(compared.ids[name]))
            )
            seen = snapshots.thread(thread)
            self.check_thread(compared, name, seen)
            if self.can("attachments.open"):
                self.check_files(compared, name, seen)
            with self.judging():
                counted = whole.message_count
                if self.can("ticket:message_count") and counted not in (None, len(thread)):
                    raise Disagreement(
                        f"{compared.name}: {name} counts {counted} messages; its thread has {len(thread)}"
                    )

    def _compare_contacts(self, desk_name: str) -> None:
        compared = next(one for one in self.compared_desks if one.name == desk_name)
        listed = self.calmly(
            compared, "contacts.list", lambda compared: list(compared.chaos.contacts.list(ALL_CONTACTS))
        )
        names = [self.contact_seen(compared, contact) for contact in listed]
        for name, contact in zip(names, listed, strict=True):
            self.check_contact(compared, name, contact)
        with self.judging():
            if sorted(names) != sorted(self.model.contacts):
                raise Disagreement(
                    f"{compared.name}: in the end the contacts are {sorted(names)}, and should be "
                    f"{sorted(self.model.contacts)}"
                )
