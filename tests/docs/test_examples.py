"""Every example of README.md and docs/ runs, every configuration is one, every command line parses, every link leads somewhere."""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest
from docs_pages import PAGES, ROOT, read

from helpdesk_bridge.cli.app import cli, run
from helpdesk_bridge.config import registry
from helpdesk_bridge.config.settings import ALIAS_TABLES, from_table
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.testing.simulator import SimulatorServer

READ = [read(path) for path in PAGES]
TICKETS = 24
MADE_UP = "made-up-key"
AS_WRITTEN = "as written"
SCALES = {"desk365": 7200.0}
SCALE = 200.0


def desk_tables(page):
    own = [block for block in page.of("toml") if block.comments.get("file", "helpdesk.toml") == "helpdesk.toml"]
    return [tomllib.loads(block.text).get("desks", {}) for block in own]


LONG = (
    "archive",
    "celery-worker",
    "customer-portal",
    "export",
    "give-an-agent-a-desk",
    "test-your-application",
    "write-an-adapter",
)
"""Pages whose examples take seconds: they start servers, other frameworks, or pytest."""


def cases():
    for page in READ:
        if not page.of("python") and not any("run" in block.comments for block in page.blocks):
            continue
        default = AS_WRITTEN if page.of("toml") else "local"
        for environment in page.comments.get("runs on", default).split(", "):
            tables = desk_tables(page) or [{} if environment == AS_WRITTEN else {"support": {"vendor": environment}}]
            repeated = any(set(one) & set(other) for at, one in enumerate(tables) for other in tables[:at])
            alternatives = tables if repeated else [{name: one for table in tables for name, one in table.items()}]
            for number, alternative in enumerate(alternatives, 1):
                yield pytest.param(
                    page,
                    environment,
                    alternative,
                    id=f"{page.name}-{environment}-{number}",
                    marks=pytest.mark.slow if Path(page.name).stem in LONG else (),
                )


@contextlib.contextmanager
def configuration(page, environment, tables, folder):
    """Write helpdesk.toml: the page's own alias tables, and desks that are local or simulated."""
    pairs = (pair.strip().partition("=") for pair in page.comments.get("simulator", "").split(";") if pair.strip())
    switches = {key: value for key, _, value in pairs}
    lines, servers = [], {}
    with contextlib.ExitStack() as stack:
        for name, table in tables.items():
            vendor = table["vendor"] if environment == AS_WRITTEN else environment
            if vendor == "local":
                reached = {"path": f"{name}.db"}
            else:
                if vendor not in servers:
                    scale = SCALES.get(vendor, SCALE)
                    make = registry.load(registry.vendor(vendor).simulator)
                    known = {key: value for key, value in switches.items() if key in make(generate(0)).SWITCHES}
                    app = make(generate(TICKETS), settings=known, time_scale=scale)
                    servers[vendor] = stack.enter_context(SimulatorServer(app))
                server = servers[vendor]
                reached = {**server.app.connection, "base_url": server.url, "time_scale": server.app.clock.time_scale}
            own = {key: value for key, value in table.items() if vendor == table["vendor"] and _kept(key, value)}
            lines += [f"[desks.{name}]", f'vendor = "{vendor}"']
            lines += [f"{key} = {json.dumps(value)}" for key, value in {**own, **reached}.items()]
            for alias in ALIAS_TABLES:
                if alias in table:
                    lines += [f"[desks.{name}.{alias}]"]
                    lines += [f"{json.dumps(key)} = {_inline(value)}" for key, value in table[alias].items()]
        (folder / "helpdesk.toml").write_text("\n".join(lines), "utf-8")
        yield


def _kept(key, value):
    reference = isinstance(value, str) and value.startswith(("env:", "file:", "keyring:"))
    return key not in ("vendor", *ALIAS_TABLES) and not reference


def _inline(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {json.dumps(one)}" for key, one in value.items()) + "}"
    return json.dumps(value)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("HELPDESK_BRIDGE_CONFIG", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(("page", "environment", "tables"), list(cases()))
def test_examples_run_in_the_order_of_their_page(page, environment, tables, folder):
    namespace = {"__name__": "__example__"}
    with configuration(page, environment, tables, folder):
        for block in page.blocks:
            if "file" in block.comments:
                (folder / block.comments["file"]).write_text(block.text, "utf-8")
            elif block.language == "python":
                with contextlib.redirect_stdout(io.StringIO()):
                    exec(compile(block.text, f"{page.path}:{block.line}", "exec"), namespace)  # noqa: S102 - that is the test
            elif "run" in block.comments:
                codes = [int(code) for code in block.comments["run"].split(", ")]
                lines = block.command_lines
                wanted = codes * len(lines) if len(codes) == 1 else codes
                assert [(words, run(words)) for words in lines] == list(zip(lines, wanted, strict=True))
    if any(folder.glob("test_*.py")):
        run_tests(folder)


def run_tests(folder):
    paths = os.pathsep.join([str(ROOT), str(ROOT / "adapters")])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)],
        capture_output=True, text=True, check=False, cwd=folder, env={**os.environ, "PYTHONPATH": paths},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", [page for page in READ if page.of("toml")], ids=lambda page: page.name)
def test_every_configuration_is_one(page, folder, monkeypatch):
    for block in page.of("toml"):
        for name in re.findall(r'"env:(\w+)"', block.text):
            monkeypatch.setenv(name, MADE_UP)
        for path in re.findall(r'"file:([^"]+)"', block.text):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(MADE_UP)
            (folder / path).chmod(0o600)
        document = tomllib.loads(block.text)
        if block.comments.get("file", "helpdesk.toml") != "helpdesk.toml":
            # A file of another kind, which the page's own examples read.
            continue
        assert set(document) == {"desks"}, f"{page.name}:{block.line}"
        for name, table in document["desks"].items():
            config = from_table(table, name=name, folder=folder)
            config.vendor.capabilities(config.settings)


def command_lines():
    for page in READ:
        for block in page.of("sh"):
            for words in block.command_lines:
                yield pytest.param(words, id=f"{page.name}:{block.line} {' '.join(words)}")


@pytest.mark.parametrize("words", list(command_lines()))
def test_every_command_line_parses(words, folder):
    command, name, rest = cli, "helpdesk-bridge", list(words)
    parent = None
    while True:
        try:
            parent = command.make_context(name, rest, parent=parent)
        except click.exceptions.Exit:
            return
        except click.BadParameter as error:
            # A file of the example's own is not there.
            if "does not exist" not in str(error):
                raise
            return
        if not isinstance(command, click.Group):
            return
        name, command, rest = command.resolve_command(parent, [*parent._protected_args, *parent.args])
        assert command is not None


def links():
    for page in READ:
        for link in page.links:
            if not re.match(r"[a-z]+:", link):
                yield pytest.param(page, link, id=f"{page.name} {link}")


@pytest.mark.parametrize(("page", "link"), list(links()))
def test_every_link_leads_somewhere(page, link):
    target, _, anchor = link.partition("#")
    path = (page.path.parent / target).resolve() if target else page.path
    assert path.exists()
    assert not anchor or anchor in read(path).anchors


def test_the_readme_has_exactly_the_two_start_commands_and_that_of_the_slow_tests():
    page = next(page for page in READ if page.name == "README.md")
    marked = {block.comments["command"]: block for block in page.blocks if "command" in block.comments}
    assert list(marked) == ["demo", "tests", "slow tests"]
    install = "python3 -m venv .venv && .venv/bin/pip install -q "
    assert marked["demo"].text == f"{install}'.[cli]' && .venv/bin/helpdesk-bridge demo\n"
    assert marked["tests"].text == f"{install}'.[test]' && .venv/bin/python -m pytest -q -n 2\n"
    assert marked["slow tests"].text == ".venv/bin/python -m pytest -q -n 2 -m slow\n"
    assert {block.language for block in marked.values()} == {"sh"}
    assert sum("pip install" in block.text for block in page.blocks) == 2


def test_every_page_can_be_reached_from_the_readme():
    by_path = {page.path: page for page in READ}
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        path = waiting.pop()
        if path in reached:
            continue
        reached.add(path)
        targets = [(path.parent / link.partition("#")[0]).resolve() for link in by_path[path].links if ":" not in link]
        waiting += [target for target in targets if target in by_path]
    assert sorted(page.name for page in READ if page.path not in reached) == []
