"""Imports point inward; a vendor is one package."""

import ast
from functools import cache
from pathlib import Path

import pytest
from attrs import frozen

ROOT = Path(__file__).resolve().parent.parent
ADAPTERS = sorted(
    path for path in (ROOT / "adapters").iterdir() if path.is_dir() and path.name.startswith("helpdesk_bridge_")
)


@frozen
class Code:
    """What a module imports, as its statements name it, and what its text holds."""

    imported: frozenset[str]
    """Modules of ``import`` statements."""
    taken: frozenset[tuple[str, str]]
    """Module and name of each ``from`` import."""
    strings: frozenset[str]
    called: frozenset[str]

    @property
    def modules(self):
        return self.imported | {module for module, _ in self.taken}


@cache
def code(path):
    """Read a module once for all tests."""
    package = path.relative_to(ROOT / "adapters" if "adapters" in path.parts else ROOT).with_suffix("").parts
    imported, taken, strings, called = set(), set(), set(), set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: -node.level] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            taken |= {(module, alias.name) for alias in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            strings.add(node.value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            called.add(node.func.id)
    return Code(*(frozenset(one) for one in (imported, taken, strings, called)))


def imports(path):
    return code(path).modules


def within(name, package):
    return name == package or name.startswith(f"{package}.")


def test_the_core_imports_no_adapter():
    for path in (ROOT / "helpdesk_bridge").rglob("*.py"):
        assert not [name for name in imports(path) if name.startswith("helpdesk_bridge_")], path


def test_no_adapter_imports_another_and_of_the_core_only_its_public_side():
    for adapter in ADAPTERS:
        for path in adapter.rglob("*.py"):
            simulator = "simulator" in path.relative_to(adapter).parts
            allowed = (
                ("helpdesk_bridge.testing", "helpdesk_bridge.datasets") if simulator else ("helpdesk_bridge.adapter",)
            )
            for name in imports(path):
                if name.startswith("helpdesk_bridge_"):
                    assert within(name, adapter.name), f"{path} imports another adapter: {name}"
                elif within(name, "helpdesk_bridge"):
                    assert any(within(name, place) for place in allowed), f"{path} imports {name}"


def test_a_simulator_and_its_adapter_know_nothing_of_each_other():
    for adapter in ADAPTERS:
        for path in adapter.rglob("*.py"):
            simulator = "simulator" in path.relative_to(adapter).parts
            for name in imports(path):
                if not within(name, adapter.name) or name == adapter.name:
                    continue
                assert within(name, f"{adapter.name}.simulator") == simulator, f"{path} imports {name}"


def test_model_and_query_do_no_io_and_only_the_clock_asks_the_time():
    core = ROOT / "helpdesk_bridge"
    for path in (*(core / "model").rglob("*.py"), core / "ports.py", core / "errors.py"):
        assert not imports(path) & {"requests", "sqlite3", "socket", "time"}, path
    for path in (ROOT / "helpdesk_bridge").rglob("*.py"):
        if "testing" not in path.parts and path.name != "clock.py":
            assert "time" not in imports(path), path


def test_each_vendor_is_named_in_its_own_places_only():
    vendors = {path.name.removeprefix("helpdesk_bridge_") for path in ADAPTERS}
    for path in (ROOT / "helpdesk_bridge").rglob("*.py"):
        if "cli" not in path.parts:
            assert not code(path).strings & vendors, f"{path} decides by a vendor's name"


def test_the_core_knows_no_field_by_a_vendors_name():
    """``Invalid.field`` is in the port's words, so nothing outside an adapter has to translate it."""
    wire = {"assign_to", "assigned_to", "staff_id", "group_id", "sub_category", "share_to", "case_id", "user_id", "cf_"}
    for path in (ROOT / "helpdesk_bridge").rglob("*.py"):
        known = code(path).strings & wire
        assert not known, f"{path} knows {known}"


def test_nothing_reads_data_that_could_be_code():
    """``ElementTree`` and the like stand here too: none of them is safe with a stranger's text."""
    refused = (
        "pickle",
        "marshal",
        "shelve",
        "dill",
        "yaml",
        "xml.etree",
        "xml.dom",
        "html.parser",
        "telnetlib",
        "ftplib",
    )
    for folder in ("helpdesk_bridge", "adapters"):
        for path in (ROOT / folder).rglob("*.py"):
            assert not [name for name in imports(path) for one in refused if within(name, one)], path
            assert not code(path).called & {"eval", "exec", "__import__"}, path


MOST_ROOMS = 16


@cache
def modules():
    """Every module of the library by its dotted name; a package is its ``__init__``."""
    found = {}
    for base, folder in ((ROOT, "helpdesk_bridge"), (ROOT / "adapters", "")):
        for path in (base / folder).rglob("*.py"):
            parts = path.relative_to(base).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imported_modules():
    """For every module, the modules of the library that it imports, those for type checkers included."""
    known = modules()
    graph = {}
    for name, path in known.items():
        wanted = {whole if (whole := f"{module}.{taken}") in known else module for module, taken in code(path).taken}
        wanted |= code(path).imported
        graph[name] = (wanted & known.keys()) - {name}
    return graph


def circles(graph):
    """The first circle that can be walked from each node, as paths."""
    done, path = set(), []

    def walk(node):
        if node in path:
            yield [*path[path.index(node) :], node]
            return
        if node in done:
            return
        path.append(node)
        for other in sorted(graph.get(node, ())):
            yield from walk(other)
        path.pop()
        done.add(node)

    for node in sorted(graph):
        yield from walk(node)


def grouped(graph, depth):
    """The same graph between packages: each module stands for the package at ``depth`` that it is in."""
    result = {}
    for name, others in graph.items():
        here = ".".join(name.split(".")[:depth])
        there = {".".join(other.split(".")[:depth]) for other in others}
        result.setdefault(here, set()).update(there - {here})
    return result


def test_no_module_imports_itself_by_way_of_others():
    # A package's own names are handed on by its ``__init__``; that a module of it imports those is no circle.
    packages = {name for name, path in modules().items() if path.name == "__init__.py"}
    graph = {name: others - packages for name, others in imported_modules().items() if name not in packages}
    assert not [" -> ".join(path) for path in circles(graph)]


@pytest.mark.parametrize("depth", [2, 3])
def test_no_package_imports_itself_by_way_of_others(depth):
    roots = {".".join(name.split(".")[:end]) for name in modules() for end in range(1, depth)}
    graph = {name: others - roots for name, others in grouped(imported_modules(), depth).items() if name not in roots}
    assert not [" -> ".join(path) for path in circles(graph)]


def test_no_folder_has_more_rooms_than_a_reader_can_look_over():
    crowded = {}
    for base in (ROOT / "helpdesk_bridge", *ADAPTERS):
        for folder in (base, *(path for path in base.rglob("*") if path.is_dir())):
            rooms = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
            if len(rooms) > MOST_ROOMS:
                crowded[folder.relative_to(ROOT).as_posix()] = len(rooms)
    assert not crowded
