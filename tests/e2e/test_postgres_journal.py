"""The command with its journal in PostgreSQL: from plan to report, killed and stopped, taken over by other hosts."""

from __future__ import annotations

import itertools
import json
import random
import re
import signal

import psycopg
import pytest
from e2e.bench import BEGUN, DONE, assert_everything_once, canonical, run, run_here
from e2e.bench import Desks as FileDesks
from tiers import sampled

_numbers = itertools.count()


class Desks(FileDesks):
    """Two desks whose journal is a migration of a database; each run may be another host's, with a scratch of its own."""

    def __init__(self, folder, url, *arguments):
        super().__init__(folder, *arguments)
        self.url, self.name = url, f"bench-{next(_numbers)}"
        self.journal = f"env:JOURNAL_URL#{self.name}"
        self.env["JOURNAL_URL"] = url
        self.database = psycopg.connect(url, autocommit=True)

    def close(self):
        super().close()
        self.database.close()

    def on(self, host):
        scratch = self.folder / f"scratch-{host}"
        scratch.mkdir(exist_ok=True)
        return {"TMPDIR": str(scratch)}

    def ask_journal(self, query):
        mine = query.replace("FROM record", "FROM helpdesk_bridge.record JOIN helpdesk_bridge.meta USING (migration)")
        mine = mine.replace("WHERE", "WHERE name = 'name' AND value = %s AND")
        if self.database.execute("SELECT to_regclass('helpdesk_bridge.record')").fetchone()[0] is None:
            return [(0,)]
        return self.database.execute(mine, [self.name]).fetchall()

    def migrate(self, step, *options, env=None):
        return run(
            "migrate", step, "--journal", self.journal, *options, cwd=self.folder, env={**self.env, **(env or {})}
        )

    def here(self, step, *options, env=None):
        return run_here(
            "migrate", step, "--journal", self.journal, *options, cwd=self.folder,
            env={**self.env, **self.on("here"), **(env or {})},
        )  # fmt: skip


@pytest.mark.slow
def test_every_command_takes_a_database_in_place_of_a_file(tmp_path, postgres_url):
    with Desks(tmp_path, postgres_url, "local", "local", ["--tickets", "4", "--seed", "7"]) as desks:
        sides = ("--from", "old", "--to", "new")
        assert "needed" in desks.here("plan").stderr
        assert desks.here("plan", *sides).returncode in (0, 7)
        ran = desks.here("run", "--yes")
        assert ran.returncode == 0, ran.stderr
        assert f"--journal '{desks.journal}'" in ran.stderr
        assert desks.here("verify").returncode == 0
        assert_everything_once(desks)
        status = desks.here("status", "--json")
        assert json.loads(status.stdout)["tickets"]["migrated"] >= 1
        assert len(desks.here("ids", "--jsonl").stdout.splitlines()) == json.loads(status.stdout)["tickets"]["planned"]
        assert desks.here("report", "--report", tmp_path / "report").returncode == 0
        page = (tmp_path / "report" / "report.html").read_text()
        told = f"{page}{ran.stdout}{ran.stderr}{status.stdout}{status.stderr}"
        assert "made-up" not in told
        by_desks = desks.here("run", "--yes", *sides, env={"JOURNAL_URL": f"{postgres_url}#{desks.name}"})
        assert by_desks.returncode == 0
        assert not list(tmp_path.glob("*.spool"))


def test_a_journal_that_cannot_be_is_told_before_anything_is_sent(tmp_path, postgres_url):
    with Desks(tmp_path, postgres_url, "local", "local", ["--tickets", "1", "--seed", "7"]) as desks:

        def told(journal, step="status", *options, **env):
            desks.journal = journal
            ended = desks.here(step, *options, env=env)
            assert "made-up" not in ended.stdout + ended.stderr
            assert "Traceback" not in ended.stderr
            return ended.returncode, ended.stderr

        sides = ("--from", "old", "--to", "new")
        assert told(postgres_url)[0] == 2
        assert "can be seen by everybody" in told(postgres_url)[1]
        code, said = told("env:JOURNAL_URL#none")
        assert (code, "does not exist" in said) == (2, True)
        assert told("env:NONE", "run", "--yes", *sides)[0] == 4
        assert told("env:OTHER", OTHER="https://made-up.example")[0] == 4
        away = re.sub(r":\d+/", ":1/", postgres_url)
        code, said = told("env:JOURNAL_URL", "run", "--yes", *sides, JOURNAL_URL=away)
        assert (code, "cannot be reached" in said) == (5, True)
        wrong = postgres_url.replace("made-up", "other")
        assert told("env:JOURNAL_URL", "run", "--yes", *sides, JOURNAL_URL=wrong)[0] == 4


@pytest.mark.parametrize("number", sampled([signal.SIGKILL, signal.SIGSTOP], 2))
def test_what_hosts_leave_when_they_are_killed_or_stopped_others_take_over(tmp_path, postgres_url, number):
    with Desks(tmp_path, postgres_url, "deskie", "desk365", ["--tickets", "12", "--seed", "7"]) as desks:
        moments, stopped = sorted(random.Random(int(number)).sample(range(30), 4)), []
        for host, moment in enumerate(moments):
            process = desks.start(env=desks.on(host))
            assert desks.wait_for(process, BEGUN if moment == moments[0] else DONE, moment + 1)
            process.send_signal(number)
            if number == signal.SIGSTOP:
                stopped.append(process)
            else:
                process.wait(60)
        process = desks.start(env=desks.on("last"))
        assert process.wait(120) == 0, (tmp_path / "stderr").read_text()
        before = canonical(desks.new)
        for one in stopped:
            one.send_signal(signal.SIGCONT)
        ends = {one.wait(60) for one in stopped}
        assert ends <= {0, 6}  # 0: stopped before it owned the journal, and found nothing left to do
        assert not stopped or 6 in ends
        verified = desks.migrate("verify", env=desks.on("last"))
        assert verified.returncode == 0, verified.stdout
        assert_everything_once(desks)
        assert canonical(desks.new) == before
