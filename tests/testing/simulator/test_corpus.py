from __future__ import annotations

import json
import os
from collections import Counter
from datetime import UTC, datetime

import pytest

from helpdesk_bridge.datasets.corpus import CorpusError, load_corpus

CORPUS = os.environ.get("HELPDESK_BRIDGE_CORPUS")
SMALL = {
    "id": "1",
    "requester": {"name": "Ann"},
    "messages": [
        {
            "author": {"email": "Bo@desk.example", "role": "agent"},
            "created_at": "2022-01-02T11:12:51+03:00",
            "text": "hi",
        }
    ],
}


def changed(path, value):
    document = json.loads(json.dumps(SMALL))
    target = document
    for step in path[:-1]:
        target = target[step]
    if value is KeyError:
        del target[path[-1]]
    else:
        target[path[-1]] = value
    return document


def write(tmp_path, *documents):
    path = tmp_path / "corpus.jsonl"
    path.write_text("\n".join(d if isinstance(d, str) else json.dumps(d) for d in documents), encoding="utf-8")
    return path


def test_what_is_left_out_gets_its_default(tmp_path):
    dataset = load_corpus(write(tmp_path, SMALL, ""))
    (ticket,) = dataset.tickets
    assert (ticket.subject, ticket.assignee, ticket.status, ticket.priority) == ("", None, "open", "normal")
    assert ticket.created_at == ticket.messages[0].created_at == datetime(2022, 1, 2, 8, 12, 51, tzinfo=UTC)
    assert not ticket.messages[0].private
    assert dataset.person(ticket.requester).name == "Ann"
    assert dataset.person(ticket.messages[0].author).email == "Bo@desk.example"
    assert dataset.groups
    assert "Migration marker" in {field.name for field in dataset.fields}


def test_people_are_known_by_role_and_address_whatever_its_case(tmp_path):
    second = changed(["messages", 0, "author"], {"email": "bo@DESK.example", "name": "Bo", "role": "agent"}) | {"id": 2}
    third = changed(["messages", 0, "author"], {"email": "bo@desk.example", "role": "contact"}) | {
        "id": "3",
        "assignee": "bo@desk.example",
    }
    dataset = load_corpus(write(tmp_path, SMALL, second, third))
    assert [(person.name, person.email) for person in dataset.agents] == [("Bo", "Bo@desk.example")]
    assert len(dataset.contacts) == 2


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (["id"], KeyError, "id"),
        (["id"], True, "id"),
        (["requester"], {}, "requester"),
        (["requester"], "ann", "requester"),
        (["messages"], [], "messages"),
        (["messages"], KeyError, "messages"),
        (["messages", 0], 7, r"messages\[0\]"),
        (["messages", 0, "author", "email"], KeyError, r"messages\[0\].author"),
        (["messages", 0, "author", "role"], "robot", r"messages\[0\].author.role"),
        (["messages", 0, "author", "role"], KeyError, "role"),
        (["messages", 0, "created_at"], "2022-01-02T11:12:51", "offset"),
        (["messages", 0, "created_at"], "yesterday", "ISO 8601"),
        (["messages", 0, "created_at"], 7, "ISO 8601"),
        (["messages", 0, "created_at"], "0001-01-01T00:00:00+14:00", "ISO 8601"),
        (["messages", 0, "text"], KeyError, "text"),
        (["messages", 0, "private"], "no", "private"),
        (["status"], "lost", "status"),
        (["priority"], 3, "priority"),
        (["subject"], 3, "subject"),
        (["created_at"], "2022", "created_at"),
        (["assignee"], ["x"], "assignee"),
    ],
)
def test_a_bad_line_is_named_by_number_and_reason_and_shows_no_content(tmp_path, path, value, said):
    with pytest.raises(CorpusError, match=rf"\Aline 3: .*{said}") as caught:
        load_corpus(write(tmp_path, SMALL, "", changed(path, value) | ({"id": 2} if path != ["id"] else {})))
    assert "Ann" not in str(caught.value)


@pytest.mark.parametrize("line", ["{", "[]", "null", '{"id": 1} x'])
def test_a_line_that_is_no_object_is_refused(tmp_path, line):
    with pytest.raises(CorpusError, match="line 2"):
        load_corpus(write(tmp_path, SMALL, line))


def test_what_no_text_can_hold_is_replaced_counted_and_announced(tmp_path, caplog):
    line = changed(["messages", 0, "text"], "half \ud83d, NUL \x00") | {"id": 2, "subject": "\udc00 and \ud83d"}
    path = write(tmp_path, SMALL, line)
    with caplog.at_level("WARNING", "helpdesk_bridge.text.plain"):
        ticket = load_corpus(path).tickets[1]
    assert ticket.subject == "\ufffd and \ufffd"
    assert ticket.messages[0].text == "half \ufffd, NUL \ufffd"
    assert sorted(record.getMessage() for record in caplog.records) == [
        "the corpus holds NUL characters: 1 replaced by U+FFFD",
        "the corpus holds halves of characters: 3 replaced by U+FFFD",
    ]


def test_ids_that_come_twice_are_refused(tmp_path):
    with pytest.raises(CorpusError, match="line 2: id appears"):
        load_corpus(write(tmp_path, SMALL, SMALL))


@pytest.mark.skipif(
    not CORPUS, reason="HELPDESK_BRIDGE_CORPUS is not set: the real corpus is not part of the repository"
)
def test_the_real_corpus_loads_whole():
    dataset = load_corpus(CORPUS)
    messages = [message for ticket in dataset.tickets for message in ticket.messages]
    assert (len(dataset.tickets), len(messages)) == (234, 5087)
    assert sum(message.private for message in messages) == 1203
    assert (len(dataset.contacts), len(dataset.agents)) == (141, 96)
    twice = [
        ticket
        for ticket in dataset.tickets
        if max(Counter((m.author, m.created_at, m.text) for m in ticket.messages).values()) > 1
    ]
    assert len(twice) == 3
    assert sum(dataset.person(ticket.messages[0].author).role == "agent" for ticket in dataset.tickets) == 13
