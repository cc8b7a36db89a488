"""The how-to's application in the servers that it names: each in its own processes, over real HTTP."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager

import docs_pages
import pytest
import requests

from helpdesk_bridge import connect

SECRET = "canary-path-secret-0123456789abcdef"
PAGE = docs_pages.read(docs_pages.ROOT / "docs" / "how-to" / "receive-webhooks.md")
COMMANDS = {line.split()[0]: line for block in PAGE.of("sh") for line in block.text.splitlines() if line.startswith(("gunicorn", "uvicorn"))}  # fmt: skip


@contextmanager
def running(name, folder):
    for block in PAGE.of("python"):
        if "file" in block.comments:
            (folder / block.comments["file"]).write_text(block.text)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    words = COMMANDS[name].replace("8360", port).split()
    environment = {**os.environ, "WHATSAPP_HOOK": SECRET, "HELPDESK_BRIDGE_CONFIG": str(folder / "helpdesk.toml")}
    with (folder / "log").open("w+") as log:
        process = subprocess.Popen([sys.executable, "-m", *words], cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            while "startup complete" not in (said := (folder / "log").read_text()) and "Booting worker" not in said:
                assert process.poll() is None, said
            yield f"http://127.0.0.1:{port}/", folder / "log"
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) in (0, -signal.SIGTERM)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


def message(number):
    fields = {"id": f"ABEG{number}", "from": "905551112233", "timestamp": "1630913975", "name": "Ann", "type": "text"}
    return {"messages": {**fields, "text": f"Hello {number}"}}


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_the_application_of_the_how_to_runs_in_a_real_server(tmp_path, monkeypatch, name):
    monkeypatch.setenv("DESK_KEY", "made-up")
    assert sorted(COMMANDS) == ["gunicorn", "uvicorn"]
    table = {"vendor": "desk360", "integration": 11, "api_key": "env:DESK_KEY", "inbox": "inbox.db"}
    (tmp_path / "helpdesk.toml").write_text("[desks.whatsapp]\n" + "\n".join(f"{key} = {json.dumps(one)}" for key, one in table.items()))  # fmt: skip
    answers = []
    with running(name, tmp_path) as (url, log):
        while True:
            try:
                requests.get(url, timeout=20)
                break
            except requests.ConnectionError:
                continue  # the workers may not have opened their desks yet

        def post(number):
            answers.append(requests.post(url + SECRET, json=message(number % 10), timeout=20).status_code)

        threads = [threading.Thread(target=post, args=(number,)) for number in range(20)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert requests.post(url + "guessed", json=message(1), timeout=20).status_code == 404
        assert requests.post(url + SECRET, data=b" " * 2_000_000, timeout=20).status_code == 413
        assert SECRET not in log.read_text()
    assert answers == [200] * 20
    with connect("whatsapp", tmp_path / "helpdesk.toml") as desk:
        (ticket,) = desk.tickets.list()
        assert len(list(desk.messages.list(ticket.id))) == 10
