"""The command in processes of their own, at a tenth of a new interpreter's time: forks of one that has imported everything.

As a program it reads, from the socket that is its standard input, an order of a command and the files that are its
standard streams, forks, and answers with the child's pid; when a child ends it says so. Each child is a whole process,
which real signals reach. ``Prestarted`` is the other end of one child, with the words of ``subprocess.Popen``.
"""

from __future__ import annotations

import atexit
import functools
import gc
import importlib
import itertools
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import threading
import traceback
import warnings
from pathlib import Path

PACKAGES = "helpdesk_bridge", "helpdesk_bridge_desk360", "helpdesk_bridge_desk365", "helpdesk_bridge_deskie"
ELSEWHERE = ("aio", "conformance", "mcp_server", "pytest_plugin", "export", "telemetry", "fleet")
"""What no migration needs: other commands import it on use."""
LONGEST_ORDER = 1 << 20


class Prestarted:
    """One command at work. ``stdout`` and ``stderr`` are files, ``subprocess.PIPE`` or ``subprocess.DEVNULL``."""

    def __init__(self, arguments, *, cwd, env, stdout, stderr, start_new_session=False):
        self.args = [str(one) for one in arguments]
        self.stdout = self.stderr = self.returncode = None
        given, own = [os.open(os.devnull, os.O_RDONLY)], []
        for name, stream in (("stdout", stdout), ("stderr", stderr)):
            if stream == subprocess.PIPE:
                read, write = os.pipe()
                setattr(self, name, os.fdopen(read, encoding="utf-8", errors="replace"))
                own.append(write)
            elif stream == subprocess.DEVNULL:
                own.append(os.open(os.devnull, os.O_WRONLY))
            else:
                own.append(os.dup(stream.fileno()))
        order = {"argv": self.args, "cwd": os.fspath(cwd or Path.cwd()), "env": env, "session": start_new_session}
        try:
            self.pid, self._ended = _server().start(order, [*given, *own])
        finally:
            for number in (*given, *own):
                os.close(number)

    def poll(self):
        """Return the exit code, or None while it runs."""
        return self._code() if self._ended.done.is_set() else None

    def wait(self, timeout=None):
        """Wait until it has ended and return its exit code, which is minus the signal's number if one ended it."""
        if not self._ended.done.wait(timeout):
            raise subprocess.TimeoutExpired(self.args, timeout)
        return self._code()

    def _code(self):
        self.returncode = self._ended.code
        return self.returncode

    def send_signal(self, number):
        """Send a signal, if it has not ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self):
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self):
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout=None):
        """Wait until it has ended, and return what it said on each stream that is a pipe."""
        said = {}
        readers = [
            threading.Thread(target=lambda name=name, stream=stream: said.update({name: stream.read()}), daemon=True)
            for name, stream in (("stdout", self.stdout), ("stderr", self.stderr))
            if stream is not None
        ]
        for reader in readers:
            reader.start()
        self.wait(timeout)
        for reader, stream in zip(readers, filter(None, (self.stdout, self.stderr)), strict=True):
            reader.join()
            stream.close()
        return said.get("stdout"), said.get("stderr")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.wait()
        for stream in filter(None, (self.stdout, self.stderr)):
            stream.close()


def run(arguments, *, cwd, env, timeout):
    """Run a command to its end, and return it as ``subprocess.run`` does."""
    process = Prestarted(arguments, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        told = process.communicate(timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return subprocess.CompletedProcess(process.args, process.returncode, *told)


class _Ended:
    def __init__(self):
        self.done, self.code = threading.Event(), None


class _Server:
    """The process whose forks the commands are; one for each process of a test run."""

    def __init__(self):
        self._ours, theirs = socket.socketpair()
        self._process = subprocess.Popen([sys.executable, "-W", "default", __file__], stdin=theirs)
        theirs.close()
        self._lock, self._numbers, self._children = threading.Lock(), itertools.count(), {}
        self._started = {}
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        atexit.register(self.close)

    def start(self, order, streams):
        number = next(self._numbers)
        message = json.dumps({**order, "number": number}).encode()
        if len(message) > LONGEST_ORDER:
            raise ValueError("this command is too long")
        ended, started = _Ended(), _Ended()
        self._children[number], self._started[number] = ended, started
        with self._lock:
            socket.send_fds(self._ours, [len(message).to_bytes(4, "big")], streams)
            self._ours.sendall(message)
        if not started.done.wait(120):
            raise RuntimeError("the process that has imported everything does not answer")
        return started.code, ended

    def _listen(self):
        with self._ours.makefile("r") as answers:
            for line in answers:
                number, what, value = json.loads(line)
                known = (self._started if what == "pid" else self._children).pop(number)
                known.code = value
                known.done.set()

    def close(self):
        self._ours.shutdown(socket.SHUT_RDWR)
        self._process.wait(30)
        self._listener.join()
        self._ours.close()


@functools.cache
def _server():
    return _Server()


def _modules():
    for package in PACKAGES:
        found = importlib.import_module(package)
        yield from (one.name for one in pkgutil.walk_packages(found.__path__, f"{package}.") if _wanted(one.name))


def _wanted(name):
    parts = name.split(".")
    return "__main__" not in parts and not any(part in ELSEWHERE for part in parts)


def main():
    """Serve orders until the other end closes the socket, then end what still runs."""
    warnings.simplefilter("ignore")
    for name in _modules():
        try:
            importlib.import_module(name)
        except ImportError:
            traceback.print_exc()
    warnings.resetwarnings()
    gc.collect()
    gc.freeze()
    orders = socket.socket(fileno=os.dup(0))
    waking, wakes = socket.socketpair()
    for end in (waking, wakes):
        end.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C is for who runs the tests, and for children that they send it to
    signal.set_wakeup_fd(wakes.fileno())
    children = {}
    while True:
        ready, _, _ = select.select([orders, waking], [], [])
        if waking in ready:
            waking.recv(4096)
        while children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            _tell(orders, children.pop(pid), "ended", os.waitstatus_to_exitcode(status))
        if orders in ready:
            head, streams, _, _ = socket.recv_fds(orders, 4, 3)
            if not head:
                break
            order = json.loads(_exactly(orders, int.from_bytes(head, "big")))
            pid = os.fork()
            if pid == 0:
                _become(order, streams, (orders, waking, wakes))
            for number in streams:
                os.close(number)
            children[pid] = order["number"]
            _tell(orders, order["number"], "pid", pid)
    for pid in children:
        os.kill(pid, signal.SIGKILL)


def _exactly(orders, size):
    data = b""
    while len(data) < size:
        data += orders.recv(size - len(data))
    return data


def _tell(orders, *values):
    orders.sendall(json.dumps(values).encode() + b"\n")


def _become(order, streams, server):
    """Be the command, as a new interpreter would, and end."""
    code = 70
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        for end in server:
            end.close()
        sys.stdin = sys.__stdin__ = os.fdopen(0, encoding="utf-8")
        sys.stdout = sys.__stdout__ = os.fdopen(1, "w", encoding="utf-8")
        sys.stderr = sys.__stderr__ = os.fdopen(2, "w", buffering=1, encoding="utf-8", errors="backslashreplace")
        if order["session"]:
            os.setsid()
        os.chdir(order["cwd"])
        os.environ.clear()
        os.environ.update(order["env"])
        sys.argv = ["helpdesk-bridge", *order["argv"]]
        from helpdesk_bridge.cli import main as command

        try:
            command()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        threading._shutdown()
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001 - a child never goes on as the server
        traceback.print_exc()
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
