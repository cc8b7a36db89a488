"""Lazily resolved names (PEP 562): a package hands on names of its modules and imports each module on first use."""

from __future__ import annotations

# Type checkers take the name as it is; importing typing would cost more than all the rest.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def lazy_names(package: str, modules: Mapping[str, str]) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` for the package ``package``.

    ``modules`` has, by the full name of a module, the names that come from it, separated by white space. A name that
    was resolved becomes an attribute of the package, so that its next use costs nothing.
    """
    home = {name: module for module, names in modules.items() for name in names.split()}

    def resolve(name: str) -> object:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        import sys
        from importlib import import_module

        value: object = getattr(import_module(home[name]), name)
        setattr(sys.modules[package], name, value)
        return value

    def listed() -> list[str]:
        import sys

        return sorted({*vars(sys.modules[package]), *home})

    return resolve, listed
