"""Whoever calls the library can import every type that its calls name."""

import ast
import inspect
import typing
from functools import cache
from importlib import import_module
from types import ModuleType

import attrs
import pytest

import helpdesk_bridge

PUBLIC = (
    "helpdesk_bridge",
    "helpdesk_bridge.adapter",
    "helpdesk_bridge.aio",
    "helpdesk_bridge.http",
    "helpdesk_bridge.ratelimit",
)
"""What is imported from; the others are for the importer, asyncio, the transport and rate limits, with all that belongs to them."""


@cache
def namespace(name):
    """The names of a module, those that it imports for type checkers included."""
    module = import_module(name)
    names = dict(vars(module))
    for block in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING":
            for node in block.body:
                if isinstance(node, ast.Import):
                    names |= {alias.name: import_module(alias.name) for alias in node.names}
                if isinstance(node, ast.ImportFrom):
                    names |= {alias.name: getattr(import_module(node.module), alias.name) for alias in node.names}
    return names


def functions(cls):
    for name, member in inspect.getmembers_static(cls):
        function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
        if inspect.isfunction(function) and (not name.startswith("_") or name in ("__enter__", "__iter__")):
            yield function


def hints(public):
    """The annotations of a public function, or of what a public class has."""
    for function in [public] if inspect.isfunction(public) else functions(public):
        if function.__module__.startswith("helpdesk_bridge"):
            names = namespace(function.__module__)
            yield from typing.get_type_hints(function, names, include_extras=True).values()
    if inspect.isclass(public):
        fields = typing.get_type_hints(public, namespace(public.__module__), include_extras=True)
        hidden = (
            {attribute.name for attribute in attrs.fields(public) if attribute.name.startswith("_")}
            if attrs.has(public)
            else set()
        )
        yield from (hint for name, hint in fields.items() if name not in hidden and not name.startswith("_"))


def classes(hint):
    if inspect.isclass(hint) and not typing.get_args(hint):
        yield hint
    elif isinstance(hint, list):
        for part in hint:
            yield from classes(part)
    else:
        if inspect.isclass(origin := typing.get_origin(hint)):
            yield origin
        for part in typing.get_args(hint):
            yield from classes(part)


EXPORTED = {id(getattr(import_module(package), name)) for package in PUBLIC for name in import_module(package).__all__}


@pytest.mark.parametrize("name", helpdesk_bridge.__all__)
def test_every_type_of_a_public_signature_can_be_imported(name):
    public = getattr(helpdesk_bridge, name)
    if isinstance(public, ModuleType) or not (inspect.isclass(public) or inspect.isfunction(public)):
        return
    named = {cls for hint in hints(public) for cls in classes(hint)}
    missing = {
        f"{cls.__module__}.{cls.__qualname__}"
        for cls in named
        if cls.__module__.startswith("helpdesk_bridge") and id(cls) not in EXPORTED
    }
    assert not missing, f"{name} names types that no public package exports: {missing}"
