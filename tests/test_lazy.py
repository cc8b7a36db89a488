"""Packages hand on names of their modules, and import those on first use."""

import ast
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = sorted(
    ".".join(path.parent.relative_to(ROOT).parts)
    for path in (ROOT / "helpdesk_bridge").rglob("__init__.py")
    if "lazy_names(" in path.read_text("utf-8")
)


def source(package):
    return ast.parse(Path(import_module(package).__file__).read_text("utf-8"))


def names_that_resolve(package):
    """The table that ``lazy_names`` was given: each name with its module."""
    call = next(
        node
        for node in ast.walk(source(package))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "lazy_names"
    )
    return {name: module for module, names in ast.literal_eval(call.args[1]).items() for name in names.split()}


def names_for_checkers(package):
    """What a type checker reads under ``if TYPE_CHECKING``: each name with its module."""
    tree = source(package)
    block = next(
        node
        for node in tree.body
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    )
    return {alias.name: node.module for node in block.body for alias in node.names}


def test_the_packages_that_resolve_names_on_use_are_looked_at():
    assert {"helpdesk_bridge", "helpdesk_bridge.adapter", "helpdesk_bridge.http"} <= set(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_what_a_checker_reads_is_what_resolves(package):
    module = import_module(package)
    assert names_that_resolve(package) == names_for_checkers(package)
    for name, home in names_that_resolve(package).items():
        assert getattr(module, name) is getattr(import_module(home), name)
        assert name in dir(module)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_resolves_and_is_listed(package):
    module = import_module(package)
    for name in getattr(module, "__all__", ()):
        assert getattr(module, name) is not None
        assert name in dir(module)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_name_that_a_package_lacks_is_an_attribute_error_that_names_both(package):
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'no_such_name'"):
        import_module(package).no_such_name  # noqa: B018 - the access is what is tested
