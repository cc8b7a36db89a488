"""A knowledge base is moved once, whatever ends a run, and nothing of it becomes public that was not."""

from __future__ import annotations

import json
from collections import Counter
from itertools import count

import pytest
from attrs import evolve
from migration.knowledge.bases import IMAGE, NEW_URL, OLD_URL, emptied, filled, folder_of, written
from tiers import quick_first

from helpdesk_bridge.errors import InDoubt
from helpdesk_bridge.migration import Migration, Options
from helpdesk_bridge.migration.knowledge.entries import State
from helpdesk_bridge.migration.outcome import DecisionNeeded, ExitCode, NeverPossible
from helpdesk_bridge.model.knowledge import Readers

VENDORS = ("local", "deskie", "desk365")
PAIRS = [(one, other) for one in VENDORS for other in VENDORS if one != other or one == "local"]


@pytest.fixture(params=quick_first(PAIRS), ids="-".join)
def pair(request, tmp_path):
    with emptied(request.param[0]) as old, emptied(request.param[1]) as new:
        yield old.desk, new.desk, tmp_path / "journal"


def step(pair, name, *, yes=True, urls=True):
    old, new, path = pair
    with Migration(old, new, path, options=Options(yes=yes)) as migration, migration.knowledge_base() as knowledge:
        if urls:
            knowledge.addresses(OLD_URL, NEW_URL)
        return getattr(knowledge, name)()


def titles(desk):
    return Counter(one.title for one in desk.knowledge_base.articles())


def test_everything_comes_along_once_and_is_verified(pair):
    old, new, _ = pair
    ids = filled(old, tags=old.vendor != "desk365")
    summary = step(pair, "run")
    assert summary.exit_code is ExitCode.OK, summary.left
    assert titles(new) == Counter(dict.fromkeys(ids, 1))
    there = {one.title: one for one in new.knowledge_base.articles()}
    assert IMAGE in there["How to 1-1"].html
    target = there["How to 0-0"].id
    assert f"{NEW_URL.replace('{id}', target)}#top" in there["With a link"].html
    assert [one.name for one in new.knowledge_base.categories()] == ["Start", "Billing"]
    verified = step(pair, "verify")
    assert (verified.exit_code, verified.differences) == (ExitCode.OK, ())
    again = step(pair, "run")
    assert again.counts == summary.counts
    assert titles(new) == Counter(dict.fromkeys(ids, 1))
    assert step(pair, "verify").exit_code is ExitCode.OK


def test_what_was_there_before_is_used_and_what_is_alike_is_not(pair):
    old, new, _ = pair
    filled(old, tags=False)
    before = filled(new, tags=False)
    written(new.knowledge_base, "Mine", "<p>Mine</p>", folder_of(new))
    written(old.knowledge_base, "Mine", "<p>Other words</p>", folder_of(old))
    summary = step(pair, "run", urls=False)
    assert summary.counts["category"] == {"present": 2}
    assert summary.counts["folder"] == {"present": 4}
    there = titles(new)
    # An article whose link holds another id is another one.
    assert all(there[title] == 1 for title in before if title != "With a link")
    second = "Mine (2)" if new.knowledge_base.traits.own_titles else "Mine"
    assert there[second] == (1 if new.knowledge_base.traits.own_titles else 2)
    assert step(pair, "verify", urls=False).exit_code is ExitCode.OK


@pytest.mark.parametrize("destination", VENDORS)
@pytest.mark.parametrize("readers", [Readers.AGENTS, Readers.NOBODY])
def test_nothing_becomes_public(tmp_path, destination, readers):
    with emptied("local") as old, emptied(destination) as new:
        filled(old.desk)
        written(old.desk.knowledge_base, "Secret", "<p>Secret</p>", folder_of(old.desk), readers=readers)
        pair = (old.desk, new.desk, tmp_path / "journal")
        assert step(pair, "run").exit_code is ExitCode.OK
        (there,) = new.desk.knowledge_base.articles_named("Secret")
        kept = readers if readers in new.desk.knowledge_base.traits.readers else Readers.NOBODY
        assert there.readers is kept
        assert step(pair, "verify").exit_code is ExitCode.OK


class Dies(BaseException):
    """The process ends here."""


class Failing:
    """A knowledge base whose nth create dies or loses its answer, before or after it is done."""

    def __init__(self, base, at, *, after, error):
        self.base, self.at, self.after, self.error = base, at, after, error
        self.number = count(1)

    def __getattr__(self, name):
        real = getattr(self.base, name)
        if not name.startswith(("create_", "rewrite", "finish")):
            return real

        def call(*arguments):
            fails = next(self.number) == self.at
            if fails and not self.after:
                raise self.error
            answer = real(*arguments)
            if fails:
                raise self.error
            return answer

        return call


class Behind:
    """A desk with another knowledge base."""

    def __init__(self, desk, base):
        self.desk, self.knowledge_base = desk, base

    def __getattr__(self, name):
        return getattr(self.desk, name)


@pytest.mark.parametrize("destination", quick_first(VENDORS))
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("how", ["kill", "lost"])
def test_each_is_written_once_wherever_a_run_ends(tmp_path, destination, after, how):
    for at in range(1, 18, 3):
        with emptied("local") as old, emptied(destination) as new:
            ids = filled(old.desk)
            error = Dies() if how == "kill" else InDoubt("no answer", operation="kb")
            failing = Behind(new.desk, Failing(new.desk.knowledge_base, at, after=after, error=error))
            path = tmp_path / f"journal {at}"
            if how == "kill":
                with pytest.raises(Dies):
                    step((old.desk, failing, path), "run")
            else:
                step((old.desk, failing, path), "run")
            pair = (old.desk, new.desk, path)
            assert step(pair, "run").exit_code is ExitCode.OK
            assert titles(new.desk) == Counter(dict.fromkeys(ids, 1)), at
            assert len(new.desk.knowledge_base.categories()) == 2
            assert step(pair, "verify").exit_code is ExitCode.OK


def test_a_later_run_carries_texts_and_leaves_what_somebody_changed_there(pair):
    old, new, _ = pair
    ids = filled(old, tags=False)
    step(pair, "run")
    old.knowledge_base.rewrite(ids["How to 0-0"], "<p>New words</p>")
    assert [one.what for one in step(pair, "verify").differences] == ["changed at the source since: run again"]
    assert step(pair, "run").exit_code is ExitCode.OK
    assert "New words" in new.knowledge_base.articles_named("How to 0-0")[0].html
    assert step(pair, "verify").exit_code is ExitCode.OK
    new.knowledge_base.rewrite(new.knowledge_base.articles_named("How to 0-1")[0].id, "<p>Ours</p>")
    old.knowledge_base.rewrite(ids["How to 0-1"], "<p>Theirs</p>")
    summary = step(pair, "run")
    assert [one.state for one in summary.left] == [State.DONE]
    assert "Ours" in new.knowledge_base.articles_named("How to 0-1")[0].html
    assert step(pair, "verify").exit_code is ExitCode.INCOMPLETE


def test_what_is_not_kept_is_announced_and_accepted_first(tmp_path):
    with emptied("local") as old, emptied("desk365") as new:
        filled(old.desk)
        own = '<p><img src="data:image/png;base64,AA==" alt="x"></p>'
        written(old.desk.knowledge_base, "Pictured", own, folder_of(old.desk), readers=Readers.AGENTS)
        pair = (old.desk, new.desk, tmp_path / "journal")
        changes = {one.what: (one.records, one.becomes) for one in step(pair, "plan").changes}
        assert changes["tags"] == (4, "lost")
        assert changes["articles for agents"] == (1, "kept as drafts")
        assert changes["images without an address of their own"][0] == 1
        assert changes["images"][0] == 4
        with pytest.raises(DecisionNeeded):
            step(pair, "run", yes=False)
        assert titles(new.desk) == Counter()
        step(pair, "run")
        assert "[image: x]" in new.desk.knowledge_base.articles_named("Pictured")[0].html


def test_verification_tells_what_is_missing_altered_or_twice(pair):
    old, new, _ = pair
    filled(old, tags=False)
    step(pair, "run")
    base = new.knowledge_base
    base.rewrite(base.articles_named("How to 0-0")[0].id, "<p>Ours</p>")
    one = base.articles_named("How to 1-0")[0]
    base.rewrite(one.id, one.html.replace("https://example.org/x", "https://example.org/y"))
    if not base.traits.own_titles:
        base.create_article(evolve(base.articles_named("How to 0-1")[0], id=""))
    told = [row.what for row in step(pair, "verify").differences]
    assert "its text differs" in told
    assert "its links differs" in told
    assert base.traits.own_titles or "is there 2 times" in told


def test_a_desk_without_one_is_refused_before_anything_is_read(tmp_path):
    with emptied("local") as old, emptied("local") as new:
        lacking = Behind(new.desk, ())
        with pytest.raises(NeverPossible):
            step((old.desk, lacking, tmp_path / "journal"), "plan")


@pytest.mark.parametrize("pattern", ["https://new.example/help", "ftp://x/{id}", "{id}"])
def test_a_pattern_that_is_no_address_is_refused(tmp_path, pattern):
    with emptied("local") as old, emptied("local") as new:
        with (
            Migration(old.desk, new.desk, tmp_path / "journal") as migration,
            migration.knowledge_base() as knowledge,
            pytest.raises(ValueError, match="write an address"),
        ):
            knowledge.addresses(None, pattern)


def test_summaries_are_json(tmp_path):
    with emptied("local") as old, emptied("local") as new:
        filled(old.desk)
        pair = (old.desk, new.desk, tmp_path / "journal")
        assert json.loads(json.dumps(step(pair, "plan").as_json()))["articles"] == 5
        assert json.loads(json.dumps(step(pair, "run").as_json()))["counts"]["article"] == {"done": 5}
