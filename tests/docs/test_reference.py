"""The reference pages tell what the code has: no key, error, operation or command more or less."""

import inspect
import itertools
import re
import tomllib
from importlib import import_module

import attrs
import pytest
from docs_pages import ROOT, read

import helpdesk_bridge
from docs import typed_examples
from helpdesk_bridge import errors
from helpdesk_bridge.cli.exit_codes import ExitCode
from helpdesk_bridge.cli.reference import capabilities, endpoints, synopsis
from helpdesk_bridge.config import registry
from helpdesk_bridge.config.settings import ALIAS_TABLES, CommonSettings, example
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.desk.connection import open_config

REFERENCE = ROOT / "docs" / "reference"


def text(name):
    return (REFERENCE / name).read_text("utf-8")


def section(page, title):
    found = re.search(rf"^## {title}\n(?P<body>.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert found, f"no section {title}"
    return found["body"]


def first_cells(body):
    return {cell for row in re.findall(r"^\| (`.*?) \|", body, re.MULTILINE) for cell in re.findall(r"`([^`]+)`", row)}


def test_the_capabilities_page_is_what_the_code_says():
    assert text("capabilities.md") == capabilities.page(), (
        "run python -m helpdesk_bridge.cli.reference.capabilities docs/reference/capabilities.md"
    )


def test_the_page_of_endpoints_is_what_the_code_says():
    assert text("endpoints.md") == endpoints.page(), (
        "run python -m helpdesk_bridge.cli.reference.endpoints docs/reference/endpoints.md"
    )


@pytest.mark.parametrize("name", [name for name in registry.names() if registry.vendor(name).simulator])
def test_every_endpoint_has_its_call_or_is_out_of_scope(name):
    rows = endpoints.endpoints(name)
    assert rows, "no table of endpoints"
    assert not [f"{one.method} {one.path}" for one in rows if one.call is None]
    calls = registry.load(registry.vendor(name).endpoints)
    assert not calls.keys() - {f"{one.method} {one.path}" for one in rows}, "calls of routes that no simulator has"
    with open_config(example(name)) as desk:
        for call in {part for one in rows for part in one.call.split(", ") if not one.call.startswith("out of scope")}:
            reached = desk
            for attribute in call.removeprefix("desk.").split("."):
                reached = getattr(reached, attribute)
            assert callable(reached), call


def test_the_matrix_tells_every_operation_of_every_vendor():
    page = capabilities.page()
    for name in registry.names():
        assert registry.vendor(name).title in page
    rows = section(page, "Operations")
    for operation in capabilities.OPERATIONS:
        assert f"`{operation}`" in rows


def test_type_checkers_see_the_code_of_the_readme_and_the_tutorial():
    assert typed_examples.MODULE.read_text("utf-8") == typed_examples.module(), (
        "run python tests/docs/typed_examples.py"
    )


def test_the_command_page_is_what_the_command_says():
    page = text("command.md")
    assert page == synopsis.renewed(page), (
        "run python -m helpdesk_bridge.cli.reference.synopsis docs/reference/command.md"
    )


def test_the_exit_codes_are_those_of_the_command():
    rows = re.findall(r"^\| (\d+) \|", section(text("command.md"), "Exit codes"), re.MULTILINE)
    assert {int(row) for row in rows} == set(ExitCode)


def test_the_keys_of_every_desk_are_those_of_the_code():
    told = first_cells(section(text("configuration.md"), "Keys of every desk"))
    assert told == {"vendor"} | {one.name for one in attrs.fields(CommonSettings)}


def test_every_place_for_a_budget_that_is_told_is_one(monkeypatch):
    monkeypatch.setenv("NAME", "postgresql://me@127.0.0.1/budgets")
    row = re.search(r"^\| `budget` .*$", text("configuration.md"), re.MULTILINE)
    assert row
    for place in set(re.findall(r'`"([^"]+)"`', row[0])) - {"keyring:SERVICE/USER"}:
        with open_config(example("deskie", budget=place)) as desk:
            assert desk.budget is not None


@pytest.mark.parametrize("name", registry.names())
def test_the_keys_of_each_vendor_are_those_of_the_code(name):
    titles = {"local": "Local"}
    body = section(text("configuration.md"), titles.get(name, registry.vendor(name).title))
    keys = attrs.fields(registry.vendor(name).settings)
    assert first_cells(body) == {one.name for one in keys}
    needed = set(re.findall(r"^\| `(\w+)` \| needed \|", body, re.MULTILINE))
    assert needed == {one.name for one in keys if one.default is attrs.NOTHING}


def test_the_alias_tables_are_all_shown():
    example = next(block for block in reversed(read(REFERENCE / "configuration.md").of("toml")))
    assert set(ALIAS_TABLES) <= set(tomllib.loads(example.text)["desks"]["support"])


def test_the_errors_are_those_of_the_code():
    classes = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)}
    told = set(re.findall(r"^\| `(\w+)` \|", text("errors.md").partition("## What every")[0], re.MULTILINE))
    assert told == classes


def test_the_attributes_of_an_error_are_those_of_the_code():
    body = section(text("errors.md"), "What every `HelpdeskError` tells")
    assert first_cells(body) == {*vars(errors.HelpdeskError("x")), "temporary"}


def test_the_page_of_admin_routes_has_those_of_every_simulator():
    page = text("simulator-control.md")

    def told(title):
        return re.findall(r"^\| `([A-Z]+ /_sim/\S*)` \|", section(page, title), re.MULTILINE)

    everywhere = told("Every simulator")
    for name in [name for name in registry.names() if registry.vendor(name).simulator]:
        app = registry.load(registry.vendor(name).simulator)(generate(0))
        routes = [f"{one.method} {one.rule}" for one in app.admin_routes()]
        assert sorted(everywhere + told(registry.vendor(name).title)) == sorted(routes)


def test_the_tutorial_reaches_the_simulator_that_it_starts():
    from helpdesk_bridge_deskie.simulator import create

    page = read(ROOT / "docs" / "tutorial" / "first-desk.md")
    table = tomllib.loads(page.of("toml")[0].text)["desks"]["support"]
    port = next(words[words.index("--port") + 1] for words in page.of("sh")[1].command_lines)
    assert table.pop("base_url") == f"http://127.0.0.1:{port}"
    assert table.pop("vendor") == "deskie"
    assert table.items() <= create(generate(0)).connection.items()


def test_every_test_that_the_security_page_names_is_there():
    page = (ROOT / "docs" / "explanation" / "security.md").read_text("utf-8")
    rows = [row for row in page.splitlines() if row.startswith("| ")][1:]
    named = [re.findall(r"`([\w/]+\.py)::(\w+)`", row) for row in rows]
    assert all(named), "a row without a test"
    for path, name in itertools.chain.from_iterable(named):
        assert re.search(rf"^\s*def {name}\(", (ROOT / path).read_text("utf-8"), re.MULTILINE), f"{path}::{name}"


@pytest.mark.parametrize("name", ["inside-a-migration", "inside-rate-limits"])
def test_every_file_that_an_architecture_page_names_is_there(name):
    page = (ROOT / "docs" / "explanation" / f"{name}.md").read_text("utf-8")
    named = set(re.findall(r"\b[a-z_]+(?:/[a-z_0-9]+)+\.py", page))
    assert len(named) > 10
    # An adapter has its importer where the local desk has its own; tests are named by their whole path.
    folders = (ROOT / "helpdesk_bridge", ROOT / "helpdesk_bridge" / "local", ROOT)
    assert [one for one in sorted(named) if not any((folder / one).is_file() for folder in folders)] == []


def documented():
    """The names that the Python reference documents, as ``package.module.Name``."""
    pages = (REFERENCE / "python").glob("*.md")
    return [name for page in pages for name in re.findall(r"^::: (\S+)$", page.read_text("utf-8"), re.MULTILINE)]


def test_every_public_name_is_in_the_python_reference():
    assert set(helpdesk_bridge.__all__) <= {name.rpartition(".")[2] for name in documented()}


@pytest.mark.parametrize("name", documented())
def test_what_the_python_reference_documents_exists_and_says_what_it_promises(name):
    module, _, attribute = name.rpartition(".")
    value = getattr(import_module(module), attribute)
    # An instance, such as a sentinel, has its docstring in the source, below the assignment.
    assert not callable(value) or inspect.getdoc(value)


def test_the_site_has_every_page_and_no_other():
    listed = re.findall(r"^ +- (\S+\.md)$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE)
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert sorted(listed) == sorted(pages)
