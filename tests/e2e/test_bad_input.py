"""Bad input as users, vendors and networks give it: the right exit code, nothing sent in vain, no secret and no text shown."""

from __future__ import annotations

import json
import re
import shlex
from contextlib import contextmanager

import pytest
from e2e.bench import DONE, Desks, assert_everything_once, assert_nothing_half_written, run, run_here
from e2e.tampering import Proxy, Stranger

SECRET = "c4n4ry-s3cr3t-5f2c9e7ab1d0"
WORD = "Kanarienvogel"
SLOW = pytest.mark.slow
COUNTS = "SELECT count(*) FROM record WHERE state = '{}'"


def thread(number, status="open", **also):
    """Return a line of a corpus whose every free text holds the canary."""
    who = {"name": f"{WORD} Meier", "email": f"{WORD.lower()}{number}@client.example", "role": "contact"}
    said = [(who, False), ({"email": "agent@desk.example", "role": "agent"}, True), (who, False)]
    messages = [
        {
            "author": author,
            "created_at": f"2026-01-0{n + 1}T10:00:00+00:00",
            "private": private,
            "text": f"{WORD} says {n}",
        }
        for n, (author, private) in enumerate(said)
    ]
    return {
        "id": str(number),
        "subject": f"About a {WORD}",
        "requester": who,
        "status": status,
        "messages": messages,
        **also,
    }


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus") / "canaries.jsonl"
    words = ("open", "pending", "solved", "closed", "open", "open")
    path.write_text("".join(json.dumps(thread(n, word)) + "\n" for n, word in enumerate(words, 1)), "utf-8")
    return path


class Bench:
    """Desks with canaries in them, and everything that was ever said about them."""

    def __init__(self, desks):
        self.desks = desks
        self.said = []

    def __getattr__(self, name):
        return getattr(self.desks, name)

    def command(self, *arguments, env=None, how=run_here):
        ended = how(*arguments, cwd=self.desks.folder, env={**self.desks.env, **(env or {})})
        self.said.append(ended.stdout + ended.stderr)
        return ended

    def migrate(self, step, *options, env=None, how=run):
        ends = () if self.desks.journal.exists() else ("--from", "old", "--to", "new")
        debug = ("--debug",) if how is run else ()  # logging is set up once a process
        return self.command(*debug, "migrate", step, "--journal", self.desks.journal, *ends, *options, env=env, how=how)

    def assert_nothing_told(self, *secrets):
        """No secret and no customer's words anywhere but in the desks themselves."""
        left = b"".join(
            path.read_bytes() for path in self.desks.folder.rglob("*")
            if path.is_file() and path.name != "helpdesk.toml" and not path.name.startswith(("old.db", "new.db"))
        )  # fmt: skip
        everything = left + "".join(self.said).encode()
        assert self.said
        for canary in (WORD, WORD.lower(), *secrets, *self.desks.env.values()):
            assert canary.encode() not in everything, canary
        assert not list(self.desks.folder.glob("*.spool*"))


@pytest.fixture(scope="module")
def kept(tmp_path_factory, corpus):
    """Desks by pair, for the module: their simulators are started over for each test."""
    made = {}

    def opened(source="deskie", destination="desk365"):
        pair = (source, destination)
        if pair not in made:
            made[pair] = Desks(tmp_path_factory.mktemp("-".join(pair)), *pair, ["--corpus", str(corpus)])
        made[pair].start_over()
        made[pair].write_config()
        for wire in (made[pair].old, made[pair].new):
            wire.forget()
        return Bench(made[pair])

    yield opened
    for desks in made.values():
        desks.close()


def assert_refused(ended, code, *told):
    """One line that says what is wrong, nothing on stdout, the right exit code."""
    assert ended.returncode == code, ended.stderr
    assert ended.stdout == ""
    lines = [one for one in ended.stderr.splitlines() if one.startswith(("helpdesk-bridge: ", "Error: "))]
    assert len(lines) == 1, ended.stderr
    assert "unexpected" not in lines[0]
    assert "Traceback" not in ended.stderr
    for word in told:
        assert word in lines[0], ended.stderr


# -- configuration ----------------------------------------------------------------------------------------------------

BAD_TABLES = {
    "unknown vendor": ({"vendor": "zendisk"}, "zendisk"),
    "unknown key": ({"acount": "robotsrule"}, "acount"),
    "missing secret": ({"api_key": "env:NO_SUCH_VARIABLE"}, "NO_SUCH_VARIABLE"),
    "no secret at all": ({"api_key": None}, "api_key"),
    "plain http": ({"base_url": "http://desk.example"}, "base_url"),
    "a foreign host": ({"base_url": "https://desk.example"}, "trusted_origin"),
    "credentials in the address": ({"base_url": "http://a:b@127.0.0.1"}, "base_url"),
    **{
        f"account {name!r}": ({"account": name, "base_url": None, "time_scale": None}, "account")
        for name in ("evil.com/#", "x@evil.com", "a..b", "-a", "evil.com:443/", "evil.com%2f", "")
    },
}
BAD_SUBDOMAINS = ("evil.com/#", "x@evil.com", "a..b", "apps")


@pytest.mark.parametrize("name", BAD_TABLES)
def test_a_bad_table_is_told_before_anything_is_sent(kept, name):
    bench = kept()
    changes, told = BAD_TABLES[name]
    bench.write_config(old=changes)
    for step in ("plan", "run"):
        assert_refused(bench.migrate(step, how=run_here), 4, told)
    assert_refused(bench.command("check", "old"), 4, told)
    assert bench.old.total() == bench.new.total() == 0
    assert not bench.journal.exists()
    bench.assert_nothing_told()


@pytest.mark.parametrize("subdomain", BAD_SUBDOMAINS)
def test_a_bad_subdomain_is_told_before_anything_is_sent(kept, subdomain):
    bench = kept()
    bench.write_config(new={"subdomain": subdomain, "base_url": None, "time_scale": None})
    assert_refused(bench.migrate("plan", how=run_here), 4, "subdomain")
    assert bench.old.total() == bench.new.total() == 0
    bench.assert_nothing_told()


def test_a_desk_that_is_not_in_the_file_is_told(kept):
    bench = kept()
    assert_refused(bench.command("check", "elsewhere"), 4, "elsewhere", "old")


# -- credentials ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["new", pytest.param("old", marks=SLOW)])
def test_wrong_credentials_end_with_4_and_nothing_is_written(kept, side):
    bench = kept()
    wrong = {f"{side.upper()}_KEY": SECRET}
    assert bench.command("check", side, env=wrong).returncode == 4
    assert_refused(bench.migrate("plan", env=wrong, how=run_here), 4)
    assert_refused(bench.migrate("run", "--yes", env=wrong), 4)
    assert bench.new.writes() == []
    assert bench.ask_journal(COUNTS.format("failed")) == [(0,)]
    bench.assert_nothing_told(SECRET)
    assert bench.migrate("run", "--yes").returncode == 0
    assert_everything_once(bench.desks)
    bench.assert_nothing_told(SECRET)


@pytest.mark.parametrize(("side", "after"), [("new", 9), pytest.param("old", 6, marks=SLOW)])
def test_a_key_that_is_revoked_in_mid_run_stops_it_resumable_and_fails_no_record(kept, side, after):
    bench = kept()
    (bench.old if side == "old" else bench.new).inject("token_expired", times=None, after=after)
    assert_refused(bench.migrate("run", "--yes"), 4)
    assert bench.ask_journal(DONE)[0][0] > 0
    for state in ("failed", "in_doubt"):
        assert bench.ask_journal(COUNTS.format(state)) == [(0,)]
    bench.old.heal()
    bench.new.heal()
    assert bench.migrate("run", "--yes").returncode == 0
    assert_everything_once(bench.desks)
    bench.assert_nothing_told()


# -- journals ---------------------------------------------------------------------------------------------------------


def test_a_journal_of_another_migration_is_refused_before_anything_is_sent(kept):
    bench = kept()
    assert bench.migrate("plan", how=run_here).returncode == 0
    bench.old.forget()
    bench.new.forget()
    swapped = bench.command("migrate", "run", "--yes", "--journal", bench.journal, "--from", "new", "--to", "old")
    assert_refused(swapped, 2, "deskie:robotsrule", "desk365:acme")
    assert bench.old.total() == bench.new.total() == 0


def test_a_file_that_is_no_journal_is_told_and_left_as_it_is(kept):
    bench = kept()
    bench.journal.write_text("not a journal at all, but something of the user's\n" * 200)
    before = bench.journal.read_bytes()
    ended = bench.migrate("run", "--yes", "--from", "old", "--to", "new", how=run_here)
    assert_refused(ended, 1)
    assert bench.journal.read_bytes() == before
    assert bench.new.total() == 0


def test_a_migration_to_its_own_source_is_refused(kept):
    bench = kept()
    ended = bench.command("migrate", "run", "--yes", "--journal", bench.journal, "--from", "old", "--to", "old")
    assert_refused(ended, 2, "same account")
    assert bench.old.total() == 0


# -- values that the destination lacks --------------------------------------------------------------------------------


def decided(bench, stderr):
    """Run the commands that a stopped run printed, just as they stand there; return how many there were."""
    commands = [one.strip() for one in stderr.splitlines() if one.strip().startswith("helpdesk-bridge migrate decide")]
    for command in commands:
        ended = bench.command(*shlex.split(command)[1:])
        assert ended.returncode == 0, ended.stderr
    return len(commands)


def test_a_status_that_the_destination_lacks_is_decided_before_the_first_write(kept):
    bench = kept("desk365", "deskie")
    stopped = bench.migrate("run")
    assert_refused(stopped, 7)
    assert bench.new.writes() == []
    assert "status:Resolved=" in stopped.stderr
    assert decided(bench, stopped.stderr) > 1
    assert bench.migrate("run").returncode == 0
    assert_everything_once(bench.desks)
    bench.assert_nothing_told()


@contextmanager
def custom_status(tmp_path, corpus):
    """A Desk365 whose account has a status of its own, and a ticket that stands there."""
    with Desks(
        tmp_path,
        "desk365",
        "deskie",
        ["--corpus", str(corpus)],
        switches={"old": ["custom_statuses=Waiting for parts"]},
    ) as desks:
        desks.old.ask(
            "PUT", "/apis/v3/tickets/update", params={"ticket_number": 2}, json={"status": "Waiting for parts"}
        )  # fmt: skip
        yield Bench(desks)


@pytest.mark.slow
def test_an_unknown_status_is_a_value_to_decide(tmp_path, corpus):
    with custom_status(tmp_path, corpus) as bench:
        shown = json.loads(bench.command("tickets", "show", "old", "2", "--json").stdout)["ticket"]
        assert (shown["status"], shown["status_label"]) == ("unknown", "Waiting for parts")
        bench.said.clear()  # what was asked for shows customers' words, of course
        stopped = bench.migrate("run")
        assert_refused(stopped, 7)
        assert bench.new.writes() == []
        assert "Waiting for parts" in stopped.stderr
        decided(bench, stopped.stderr.replace("status:Waiting for parts=open", "status:Waiting for parts=waiting"))
        assert bench.migrate("run").returncode == 0
        sources = assert_everything_once(bench.desks)
        assert len(sources) == 6
        assert sum(one.status == "waiting" for one in bench.new.cases()) == 1
        bench.assert_nothing_told()


LACKING = {
    "custom field": (
        {"custom_fields": {"order_number": "Order No"}},
        {"custom_fields": {"order_number": "Bestellung 7"}},
    ),
    "group": ({"groups": {"first": "Support"}}, {"groups": {"first": "No such group"}}),
}


@SLOW
@pytest.mark.parametrize("what", LACKING)
def test_what_desk365_cannot_list_stops_at_the_first_refused_create_with_nothing_half_written(tmp_path, what):
    old, new = LACKING[what]
    with Desks(
        tmp_path, "deskie", "desk365", ["--tickets", "8", "--seed", "3"], aliases={"old": old, "new": new}
    ) as desks:
        bench = Bench(desks)
        acknowledged = bench.migrate("run")
        assert_refused(acknowledged, 7)
        decided(bench, acknowledged.stderr)
        for field in re.findall(r"--later ([\w.]+)=", acknowledged.stderr):  # by any other rule no run stops
            assert bench.migrate("decide", "--later", f"{field}=ask").returncode == 0
        assert desks.new.writes() == []
        stopped = bench.migrate("run")
        assert_refused(stopped, 7)
        assert assert_nothing_half_written(desks) < 8
        assert desks.ask_journal(COUNTS.format("intent")) == [(0,)]
        assert desks.ask_journal(COUNTS.format("failed")) == [(0,)]
        refused = [one for one in desks.new.requests() if "tickets/create" in one["path"] and one["status"] == 400]
        assert 1 <= len(refused) <= 6  # those that were in flight at once
        assert decided(bench, stopped.stderr) == 1
        ended = bench.migrate("run")
        assert ended.returncode == 0, ended.stderr
        assert_everything_once(desks)
        verified = bench.migrate("verify")
        assert verified.returncode == 0, verified.stdout


@pytest.mark.slow
def test_yes_lets_a_refused_field_go_and_says_so(tmp_path):
    old, new = LACKING["custom field"]
    with Desks(
        tmp_path, "deskie", "desk365", ["--tickets", "8", "--seed", "3"], aliases={"old": old, "new": new}
    ) as desks:
        assert desks.migrate("run", "--yes").returncode == 0
        verified = json.loads(desks.migrate("verify", "--json").stdout)
        assert verified["verified"] is True
        lost = [one["field"] for one in verified["changed"] if one["change"] == "lost"]
        assert any("order" in one.lower() or "custom_field" in one for one in lost), lost
        assert_everything_once(desks)


# -- refs -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ref", ["deskie:somebody/ticket/1", "desk365:acme/ticket/1"])
def test_a_ref_of_another_account_is_refused_before_anything_is_sent(kept, ref):
    bench = kept()
    assert_refused(bench.command("tickets", "show", "old", ref), 1)
    assert_refused(bench.command("messages", "list", "old", ref), 1)
    assert bench.old.total() == 0


# -- what vendors answer ----------------------------------------------------------------------------------------------

SPOILT = {
    "html_page": {"status": 200},
    "malformed_json": {},
    "truncated": {},
    "empty": {},
    "foreign_redirect": {},
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", SPOILT)
@pytest.mark.parametrize("pair", [("deskie", "desk365"), ("desk365", "deskie")], ids="-".join)
def test_answers_that_are_none_end_in_a_typed_error_and_a_healthy_vendor_goes_on(kept, pair, kind):
    bench = kept(*pair)
    with Stranger() as stranger:
        where = {"location": f"{stranger.url}/apis/v3/tickets"} if kind == "foreign_redirect" else {}
        for wire in (bench.old, bench.new):
            wire.inject(kind, times=None, **SPOILT[kind], **where)
        for ended in (bench.command("check", "old"), bench.command("tickets", "list", "old")):
            # An empty body is one of Deskie's forms of an empty list, the oldest.
            if (pair[0], kind) != ("deskie", "empty"):
                assert_refused(ended, 1)
        ended = bench.migrate("run", "--yes", "--patience", "1")
        assert ended.returncode in (1, 5), ended.stderr
        assert ended.stdout == ""
        assert "unexpected" not in ended.stderr
        assert bench.new.writes() == []
        assert stranger.visits == []
    bench.old.heal()
    bench.new.heal()
    assert bench.migrate("run", "--yes").returncode == 0
    assert_everything_once(bench.desks)
    bench.assert_nothing_told()


@pytest.mark.parametrize(
    "kind", ["malformed_json", *(pytest.param(one, marks=SLOW) for one in SPOILT if one != "malformed_json")]
)
def test_an_answer_to_a_create_that_is_none_is_looked_up_and_not_repeated(kept, kind):
    bench = kept()
    with Stranger() as stranger:
        where = {"location": f"{stranger.url}/apis/v3/tickets/create"} if kind == "foreign_redirect" else {}
        bench.new.inject(
            kind, on="POST /apis/v3/tickets/*", times=3, every=3, **{**SPOILT[kind], "processed": True}, **where
        )
        ended = bench.migrate("run", "--yes")
        assert ended.returncode == 0, ended.stderr
        assert stranger.visits == []
    assert_everything_once(bench.desks)
    bench.assert_nothing_told()


def test_a_next_link_to_another_host_is_never_followed(kept):
    bench = kept("desk365", "deskie")
    led_astray = []
    with Stranger() as stranger:

        def spoil(method, asked, text):
            changed = re.sub(r'"next_page" : (null|"[^"]*")', f'"next_page" : "{stranger.url}/apis/v3/tickets"', text)
            led_astray.append(changed != text)
            return changed

        with Proxy(bench.old.base, spoil) as proxy:
            bench.write_config(old={"base_url": proxy.url})
            ended = bench.migrate("run", "--yes")
            assert ended.returncode == 0, ended.stderr
        assert stranger.visits == []
    assert any(led_astray)
    assert_everything_once(bench.desks)


UNREADABLE = {
    "deskie": (
        re.compile(r'"message_id": \d+'),
        '"message_id": "Kanarienvogel"',
        "/api/cases/{}/messages",
    ),
    "desk365": (
        re.compile(r'"ticket_number" : \d+'),
        '"ticket_number": "Kanarienvogel"',
        "ticket_number={}",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("pair", [("deskie", "desk365"), ("desk365", "deskie")], ids="-".join)
def test_ids_that_cannot_be_read_fail_their_ticket_alone_and_are_reported(kept, pair):
    bench = kept(*pair)
    form, spoilt, path = UNREADABLE[pair[0]]
    victim = bench.old.cases()[0].id

    def spoil(method, asked, text):
        changed = form.sub(spoilt, text) if path.format(victim) in asked else text
        spoils.append(changed != text)
        return changed

    spoils = []
    with Proxy(bench.old.base, spoil) as proxy:
        bench.write_config(old={"base_url": proxy.url})
        ended = bench.migrate("run", "--yes", "--json")
        assert ended.returncode == 3, ended.stderr
        counts = json.loads(ended.stdout)["tickets"]
        assert counts == {"planned": 6, "migrated": 5, "skipped": 0, "failed": 1, "in_doubt": 0}
        status = bench.migrate("status", how=run_here)
        assert "BadResponse" in status.stdout + status.stderr
        assert any(spoils)
        bench.assert_nothing_told()
    bench.write_config()
    assert bench.migrate("run", "--yes").returncode == 0  # a vendor that mended itself: the rest follows
    assert_everything_once(bench.desks)
    bench.assert_nothing_told()


def test_a_list_of_which_no_id_can_be_read_is_a_typed_error(kept):
    bench = kept()

    def spoil(method, asked, text):
        return re.sub(r'"case_id": \d+', '"case_id": "Kanarienvogel"', text) if "/api/cases.json" in asked else text

    with Proxy(bench.old.base, spoil) as proxy:
        bench.write_config(old={"base_url": proxy.url})
        listed = bench.command("tickets", "list", "old")
        assert (listed.returncode, "Kanarienvogel" in listed.stdout + listed.stderr) == (1, False)
        assert "case_id" in listed.stderr
        assert_refused(bench.migrate("run", "--yes"), 1, "case_id")
    assert bench.new.writes() == []
    bench.assert_nothing_told()


# -- nothing is told, the good case -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pair",
    [
        pytest.param(("deskie", "desk365"), id="deskie-desk365"),
        pytest.param(("desk365", "deskie"), id="desk365-deskie", marks=SLOW),
    ],
)
def test_no_secret_and_no_text_of_a_customer_stands_anywhere_while_and_after_it_runs(kept, pair):
    bench = kept(*pair)
    assert bench.migrate("plan", how=run_here).returncode == 0
    process = bench.start()
    bench.wait_for(process, DONE, 5)
    # Read while it runs: the journal with its write-ahead log, which closing would fold away.
    seen = b"".join(path.read_bytes() for path in bench.folder.glob("move.journal*") if path.is_file())
    assert process.wait(120) == 0
    assert bench.migrate("verify").returncode == 0
    for step in ("status", "report", "ids"):
        options = ("--report", bench.folder / "report") if step == "report" else ()
        ended = bench.migrate(step, *options, how=run_here)
        assert ended.returncode == 0, ended.stderr
    assert (bench.folder / "report" / "report.html").is_file()
    for canary in (WORD, WORD.lower(), *bench.env.values()):
        assert canary.encode() not in seen
    bench.assert_nothing_told()
