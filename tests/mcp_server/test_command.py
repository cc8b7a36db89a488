"""``helpdesk-bridge mcp`` as a user runs it: a process of its own, the official client, a vendor that counts."""

import asyncio
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager

import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from werkzeug.test import Client as Wire

from helpdesk_bridge import connect
from helpdesk_bridge.cli.app import run
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.testing.simulator import SimulatorServer
from helpdesk_bridge_desk365.simulator import create

LIMIT = 100
KEPT = 40


@contextmanager
def account(folder, **keys):
    """Serve a Desk365 account that allows 100 calls an hour, with a configuration that shares its budget in a file."""
    app = create(generate(30))
    with SimulatorServer(app) as server:
        table = {
            "vendor": "desk365",
            **app.connection,
            "base_url": server.url,
            "budget": f"file:{folder / 'budget'}",
            **keys,
        }
        lines = [f"{name} = {json.dumps(value)}" for name, value in table.items()]
        (folder / "helpdesk.toml").write_text("\n".join(["[desks.support]", *lines, ""]), "utf-8")
        yield app


def local(folder):
    (folder / "helpdesk.toml").write_text(
        f'[desks.support]\nvendor = "local"\npath = "{folder / "desk.db"}"\n', "utf-8"
    )


def command(folder, *arguments):
    return ["-m", "helpdesk_bridge", "--config", str(folder / "helpdesk.toml"), "mcp", "support", *arguments]


def environment(folder):
    return {**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}


def over_stdio(folder, *arguments):
    return Client(
        StdioServerParameters(command=sys.executable, args=command(folder, *arguments), env=environment(folder))
    )


@pytest.mark.slow
def test_a_chat_and_another_program_share_a_hundred_calls_and_nobody_starves(tmp_path):
    async def chat():
        async with over_stdio(tmp_path, "--reserve", str(KEPT)) as client:
            tools = {tool.name for tool in (await client.list_tools()).tools}
            told = []
            for _ in range(LIMIT):
                result = await client.call_tool("search_tickets", {"limit": 1})
                told.append((result.is_error, result.content[0].text))
            return tools, told

    def program():
        with connect("support", tmp_path / "helpdesk.toml", max_wait=0.0) as desk:
            return [desk.tickets.list(limit=1).first().id for _ in range(KEPT)]

    with account(tmp_path) as app:
        with ThreadPoolExecutor(1) as pool:
            other = pool.submit(program)
            tools, told = asyncio.run(chat())
            assert len(other.result()) == KEPT
        requests = list(app.requests)
        mails = Wire(app).get("/_sim/outbox").json["count"]
    assert not {"send_reply", "add_note"} & tools
    answered = [text for failed, text in told if not failed]
    assert [one.status for one in requests] == [200] * (KEPT + len(answered))
    assert LIMIT - KEPT - KEPT <= len(answered) <= LIMIT - KEPT
    assert all("the budget that is left for you is spent" in text for failed, text in told if failed)
    assert all(json.loads(text)["cost"]["kept_for_other_programs"] == KEPT for text in answered)
    assert mails == 0


@asynccontextmanager
async def over_http(folder, *arguments):
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command(folder, "--http", "0", *arguments), env=environment(folder), stdout=subprocess.PIPE
    )
    try:
        yield json.loads(await process.stdout.readline())
    finally:
        process.terminate()
        await process.wait()


@pytest.mark.slow
def test_over_http_only_the_token_of_this_start_opens_it_and_no_page_of_another_origin(tmp_path):
    local(tmp_path)
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    usual = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}

    async def main():
        async with over_http(tmp_path) as told:
            assert told["desk"] == "support"
            assert told["url"].startswith("http://127.0.0.1:")
            key = {"Authorization": f"Bearer {told['token']}"}
            async with httpx2.AsyncClient(headers=key) as http:
                async with Client(streamable_http_client(told["url"], http_client=http)) as client:
                    result = await client.call_tool("search_tickets", {})
                    assert json.loads(result.content[0].text)["tickets"] == "none"
            async with httpx2.AsyncClient(headers=usual) as http:

                async def status(**headers):
                    given = {name.replace("_", "-"): value for name, value in headers.items()}
                    return (await http.post(told["url"], json=ping, headers=given)).status_code

                assert await status() == 401
                assert await status(Authorization="Bearer wrong") == 401
                assert await status(Authorization=told["token"]) == 401
                assert await status(**key, Host="rebound.example") == 421
                assert await status(**key, Origin="https://evil.example") == 403
                assert await status(**key, Origin="null") == 403
                assert await status(**key) not in (401, 403, 421)
        async with over_http(tmp_path) as again:
            assert again["token"] != told["token"]

    asyncio.run(main())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--pseudonymise", "--allow", "note"], "--pseudonymise is for reading"),
        (["--allow", "everything"], "'everything' is not one of"),
        (["--reserve", "100"], "the model needs at least one of them"),
        (["--reserve", "-1"], "-1"),
    ],
)
def test_bad_input_is_one_line_before_anything_is_sent(tmp_path, capsys, arguments, said):
    with account(tmp_path) as app:
        assert run(["--config", str(tmp_path / "helpdesk.toml"), "mcp", "support", *arguments]) == 2
        assert not list(app.requests)
    assert said in capsys.readouterr().err


def test_a_port_that_is_taken_is_told(tmp_path, capsys):
    local(tmp_path)
    with SimulatorServer(create(generate(0))) as server:
        port = server.url.rpartition(":")[2]
        assert run(["--config", str(tmp_path / "helpdesk.toml"), "mcp", "support", "--http", port]) == 2
    assert f"cannot listen on port {port}" in capsys.readouterr().err


def test_without_the_sdk_one_line_names_the_extra(tmp_path, monkeypatch, capsys):
    local(tmp_path)
    monkeypatch.setitem(sys.modules, "mcp", None)
    assert run(["--config", str(tmp_path / "helpdesk.toml"), "mcp", "support"]) == 2
    assert capsys.readouterr().err == "helpdesk-bridge: mcp is not installed; install this package's extra mcp\n"
