import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from helpdesk_bridge.adapter.wire import Wire
from helpdesk_bridge.errors import BadResponse


@frozen
class Person:
    name: str | None = None


@frozen
class Case:
    number: int
    subject: str | None = None
    closed: bool = False
    labels: tuple[int, ...] = ()
    people: tuple[Person, ...] = ()


WIRE = Wire()
CANARY = "customer-text-canary"


def test_a_document_is_read_and_unknown_keys_are_ignored():
    document = {"number": 7, "labels": [1, 2], "people": [{"name": None, "new": 1}], "surprise": {}}
    assert WIRE.read(Case, document) == Case(number=7, labels=(1, 2), people=(Person(),))


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"number": CANARY}, "$.number"),
        ({"number": True}, "$.number"),
        ({"number": 1, "subject": 5}, "$.subject"),
        ({"number": 1, "closed": "false"}, "$.closed"),
        ({"number": 1, "labels": CANARY}, "$.labels"),
        ({"number": 1, "people": [{"name": CANARY}, {"name": [CANARY]}]}, "$.people[1].name"),
        ({"subject": CANARY}, "$"),
        ([CANARY], "$"),
        (CANARY, "$"),
        (None, "$"),
    ],
)
def test_what_does_not_fit_is_named_by_its_path_and_never_shown(document, path):
    with pytest.raises(BadResponse) as caught:
        WIRE.read(Case, document)
    assert caught.value.path.startswith(path)
    error = caught.value
    while error is not None:
        assert CANARY not in f"{error} {error!r}"
        error = error.__cause__


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries({"number": json_values, "subject": json_values, "labels": json_values, "people": json_values})
)
def test_any_json_is_read_or_refused_with_a_typed_error(document):
    try:
        case = WIRE.read(Case, document)
    except BadResponse:
        return
    assert (case.number, case.subject) == (document["number"], document["subject"])
    assert list(case.labels) == document["labels"]
