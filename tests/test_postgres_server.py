"""The tests' PostgreSQL: one server for all processes of a run, which goes with the last of them."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import postgres_server
import psycopg
import pytest

USER = """
import sys
from pathlib import Path
import postgres_server
with postgres_server.shared(Path(sys.argv[1])) as url:
    print(url, flush=True)
    sys.stdin.readline()
"""


def test_a_server_is_shared_and_goes_with_its_last_user_however_that_ends(tmp_path):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": environment}
    users = [subprocess.Popen([sys.executable, "-c", USER, str(tmp_path)], **pipes) for _ in range(2)]
    first, second = (user.stdout.readline().strip() for user in users)
    assert first == second
    users[0].communicate("\n")
    with psycopg.connect(first) as connection:
        folder = connection.execute("SHOW data_directory").fetchone()[0]
        assert connection.execute("SELECT 1").fetchone() == (1,)
    users[1].kill()
    users[1].communicate()
    deadline = time.monotonic() + postgres_server.READY_SECONDS
    while os.path.exists(folder):  # noqa: PTH110 - it may be another user's
        assert time.monotonic() < deadline
        time.sleep(0.01)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(first)


def test_what_a_server_holds_is_there_after_it_was_killed(own_postgres):
    with psycopg.connect(own_postgres.url(), autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS kept")
        connection.execute("CREATE TABLE kept AS SELECT 17 AS value")
    own_postgres.stop(postgres_server.signal.SIGQUIT)
    own_postgres.start()
    with psycopg.connect(own_postgres.url()) as connection:
        assert connection.execute("SELECT value FROM kept").fetchone() == (17,)
