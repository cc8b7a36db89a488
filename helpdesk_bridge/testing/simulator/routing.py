"""Routes: which handler answers which request, and how well the route is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, TypeVar

from attrs import frozen
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import IntegerConverter, Map, RequestRedirect, Rule

Handler = TypeVar("Handler", bound=Callable[..., Any])
_ROUTES = "_simulator_routes"


class Provenance(StrEnum):
    """How a behaviour is known: from the vendor's documents, from a client's traffic, or by reasoning."""

    DOCUMENTED = "documented"
    OBSERVED = "observed"
    ASSUMED = "assumed"


DOCUMENTED: Final = Provenance.DOCUMENTED
OBSERVED: Final = Provenance.OBSERVED
ASSUMED: Final = Provenance.ASSUMED


@frozen
class RouteInfo:
    """One method and rule of a simulator. ``operation`` is the handler's name, which faults and the log use."""

    method: str
    rule: str
    provenance: Provenance
    source: str
    operation: str
    admin: bool = False


@frozen
class Match:
    """The result of routing: a route with its path arguments, or the methods that the path allows."""

    route: RouteInfo | None
    arguments: Mapping[str, Any]
    allowed_methods: tuple[str, ...]


def route(
    method: str, rule: str, *, provenance: Provenance = ASSUMED, source: str = "", admin: bool = False
) -> Callable[[Handler], Handler]:
    """Make a method of a ``SimulatorApp`` or of one of its route groups answer ``method rule`` (werkzeug's rule syntax); may be stacked.

    ``source`` names the document behind it, such as ``Deskie API, "Cases"``. Admin routes are under ``/_sim`` and are
    not checked, limited, finished or recorded.
    """

    def register(handler: Handler) -> Handler:
        info = RouteInfo(method.upper(), rule, provenance, source, handler.__name__, admin)
        setattr(handler, _ROUTES, (info, *getattr(handler, _ROUTES, ())))
        return handler

    return register


class _Integer(IntegerConverter):
    """A number in the digits 0 to 9; werkzeug's own converter also takes digits of other scripts."""

    regex = "[0-9]+"


class RouteTable:
    """All routes of one simulator: those of its class and of its route groups."""

    def __init__(self, owners: tuple[type, ...], *, strict_slashes: bool, head_as_get: bool) -> None:
        handlers = Counter(name for owner in owners for name in {info.operation for info in routes_of(owner)})
        if twice := sorted(name for name, count in handlers.items() if count > 1):
            raise TypeError(f"two route groups of one simulator have a handler of the name {', '.join(twice)}")
        self.routes: tuple[RouteInfo, ...] = tuple(info for owner in owners for info in routes_of(owner))
        self._head_as_get = head_as_get
        rules = [Rule(info.rule, methods=[info.method], endpoint=info) for info in self.routes]
        table = Map(
            rules,
            strict_slashes=strict_slashes,
            merge_slashes=False,
            redirect_defaults=False,
            converters={"int": _Integer},
        )
        self._adapter = table.bind("simulator.invalid")

    def match(self, method: str, path: str) -> Match:
        """Find the route of a request; never raises and never redirects."""
        if method == "HEAD" and not self._head_as_get:
            return Match(None, {}, tuple(name for name in self._allowed(path) if name != "HEAD"))
        try:
            matched: tuple[Any, Mapping[str, Any]] = self._adapter.match(path, method)
        except MethodNotAllowed as error:
            allowed = sorted(set(error.valid_methods or ()))
            return Match(None, {}, tuple(name for name in allowed if name != "HEAD" or self._head_as_get))
        except (NotFound, RequestRedirect, ValueError):
            # A path of thousands of digits is a ValueError of int(), which werkzeug lets through.
            return Match(None, {}, ())
        info: RouteInfo = matched[0]
        return Match(info, matched[1], (info.method,))

    def _allowed(self, path: str) -> list[str]:
        return sorted(self._adapter.allowed_methods(path))


def routes_of(owner: type) -> tuple[RouteInfo, ...]:
    """Return the routes of one class, those of its base classes last, in the order of definition."""
    names: dict[str, None] = {}
    for cls in owner.__mro__:
        names.update(dict.fromkeys(vars(cls)))
    return tuple(info for name in names for info in getattr(getattr(owner, name, None), _ROUTES, ()))


@lru_cache(maxsize=64)
def route_table(owners: tuple[type, ...], *, strict_slashes: bool, head_as_get: bool) -> RouteTable:
    """Return the routes of classes. They are built once, because that takes longer than most tests."""
    return RouteTable(owners, strict_slashes=strict_slashes, head_as_get=head_as_get)
