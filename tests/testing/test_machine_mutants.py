"""A machine that cannot fail is worth nothing: it finds adapters that are broken on purpose, and says what is wrong."""

import pytest
from conformance.accounts import IN_PROCESS
from conformance.mutants import IN_FILE, MUTANTS, opener
from testing.machines import first_failure, in_files, over_simulators

from helpdesk_bridge.testing.machine import Disagreement, run_conformance_machine

FOUND = {
    "a_note_goes_out_as_a_reply": "the adapter: visibility of message",
    "a_requester_is_looked_up_by_substring": "the adapter: requester of ticket",
    "the_second_page_is_lost": "the adapter: pages of",
    "times_are_read_in_the_wrong_zone": "the adapter: created_at of ticket",
    "a_status_is_lost_on_the_way_back": "the adapter: status of ticket",
    "a_create_is_sent_again": "that nobody created, or that was created twice",
    "the_opening_comes_twice": "the adapter: the thread of ticket",
    "the_bytes_of_files_are_swapped": "has other bytes",
    "a_group_is_refused_after_sending": "the adapter: ",
    "a_filter_minds_case": "'subject'",
    "ids_of_messages_change": "the ids",
    "tags_are_declared_and_dropped": "the adapter: tags of ticket",
    "a_key_error_escapes": "raised KeyError, which is no HelpdeskError",
}
"""What the machine says of each."""
FAULTS = {"a_create_is_sent_again": ["RESPONSE_LOST"], "a_key_error_escapes": ["MALFORMED_JSON"]}
"""Those that break under a fault only, with the fault."""
LATE = {
    "a_requester_is_looked_up_by_substring",
    "a_status_is_lost_on_the_way_back",
    "a_create_is_sent_again",
    "a_key_error_escapes",
    "tags_are_declared_and_dropped",
    "the_bytes_of_files_are_swapped",
    "the_second_page_is_lost",
}
"""Those that need many programs, or long ones."""
ENOUGH = 400
"""Programs until it is found; most need fewer than ten."""


def factory(name, folder):
    mutant = MUTANTS[name]
    opening = opener(mutant.mutation)
    if mutant.on == IN_FILE:
        return in_files(folder, opening)
    return over_simulators("deskie", IN_PROCESS, folder, opening)


@pytest.mark.parametrize("name", [pytest.param(one, marks=[pytest.mark.slow] if one in LATE else []) for one in FOUND])
def test_a_broken_adapter_is_found(name, tmp_path):
    with pytest.raises(Disagreement) as caught:
        run_conformance_machine(factory(name, tmp_path), settings=first_failure(ENOUGH), faults=FAULTS.get(name, ()))
    assert FOUND[name] in str(caught.value)


def test_what_fails_is_printed_as_a_program(tmp_path):
    with pytest.raises(Disagreement) as caught:
        run_conformance_machine(
            factory("times_are_read_in_the_wrong_zone", tmp_path), settings=first_failure(5, 3), faults=()
        )
    program = "\n".join(caught.value.__notes__)
    first, begun, *_, last = [line for line in program.splitlines() if line.startswith(("state", "tickets"))]
    assert first == "state = HelpdeskStateMachine()"
    assert begun.startswith(("tickets_0 = state.begin_with", "state.begin_with"))
    assert "'subject': '" in program, "drafts are shown with their texts"
    assert last == "state.teardown()"
