"""Who may read a message: only known words make it public."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk_bridge.model.values import MessageKind, Visibility
from helpdesk_bridge_deskie.port.events import events_in
from helpdesk_bridge_deskie.wire.documents import WIRE, MessageDocument

FALSE = (False, 0, "0", "false", "False", "")
WORDS = [None, "", "reply_user", "reply_staff", "note_regular", "note_fwd_message", "note_call", "call", "whisper"]
FLAGS = [*FALSE, True, 1, "1", "true", "yes", "internal", 2, [], {}, None]
"""What `note` may hold; observed are booleans, 0 and 1, and both as text."""


def read(document, *, first=False):
    from helpdesk_bridge_deskie.wire.reading import Reader

    reader = Reader("acme", None, None)
    return reader.message(WIRE.read(MessageDocument, document, at="$"), "7", 0 if first else 1)


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("flag", FLAGS, ids=repr)
@pytest.mark.parametrize("first", [False, True])
def test_a_message_is_public_only_where_known_words_say_so(word, flag, first):
    message = read({"message_id": 1, "staff_id": 2, "note": flag, "message_type": word, "content": "x"}, first=first)
    known = word in (None, "", "reply_user", "reply_staff")
    said = flag in FALSE and not isinstance(flag, list | dict)
    only_hint = flag is None and bool(word)
    assert (message.visibility is Visibility.PUBLIC) is (known and (said or only_hint))
    if message.visibility is Visibility.INTERNAL and not first:
        assert message.kind in (MessageKind.NOTE, MessageKind.FORWARD)


def test_a_message_that_says_nothing_of_it_is_internal():
    assert read({"message_id": 1, "user_id": 2, "content": "x"}).visibility is Visibility.INTERNAL


@given(st.text(), st.none() | st.booleans() | st.integers() | st.text())
def test_a_type_that_nobody_knows_is_internal(word, flag):
    message = read({"message_id": 1, "staff_id": 2, "note": flag, "message_type": f"{word}!", "content": "x"})
    assert message.visibility is Visibility.INTERNAL


@pytest.mark.parametrize("flag", [*FLAGS, "absent"], ids=repr)
def test_an_answer_in_a_custom_channel_is_to_be_delivered_only_where_known_words_say_so(flag):
    answer = {"message_id": 1, "case_id": 2, "content": "x"} | ({} if flag == "absent" else {"note": flag})
    (event,) = events_in({"type": "message_new", "object": answer}, "acme")
    known = flag in FALSE and not isinstance(flag, list | dict)
    assert event.internal is not known
